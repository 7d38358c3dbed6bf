"""A request whose connection broke is refused as a whole, even where what arrived looks complete."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import reverse
from hypothesis import given, strategies as st

from portal.files.models import StoredFile
from portal.lib.whole_body import BodyCutOff, WholeBody
from portal.notices.models import Notice
from royalties.models import Report
from tests.portal.api import error_of, program
from tests.royalties.scene import Scene, make_scene, signed_in
from tests.works.build import as_csv, row
from works.models import CatalogueUpload

READ, CATALOGUES = "/api/v1/notices/read/", "/api/v1/catalogues/"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def scene(db: None, tmp_path: Path, settings: Any) -> Scene:
    settings.MEDIA_ROOT = tmp_path
    return make_scene()


def send(client: Client, path: str, arrived: bytes, content_type: str, *, promised: int, **headers: str) -> Any:
    """A POST of which only `arrived` came through."""
    there: dict[str, Any] = {
        "wsgi.input": BytesIO(arrived),
        "CONTENT_LENGTH": str(promised),
        "CONTENT_TYPE": content_type,
    }
    return client.generic("POST", path, headers=headers, **there)


def form_with_a_file(fields: dict[str, str]) -> bytes:
    return encode_multipart(BOUNDARY, fields | {"file": SimpleUploadedFile("a.csv", as_csv([row()]).encode())})


def after_the_file(form: bytes) -> bytes:
    """All of the form but its last boundary: the file's part looks complete."""
    return form.removesuffix(f"--{BOUNDARY}--\r\n".encode())


def test_a_form_cut_after_its_file_is_refused_and_leaves_no_file(scene: Scene, tmp_path: Path) -> None:
    whole = form_with_a_file({})
    client = program(scene.dalbit)
    cut = after_the_file(whole)
    body = error_of(send(client, CATALOGUES, cut, MULTIPART_CONTENT, promised=len(whole)), 400)
    assert body["error"] == "body-cut-off"
    assert f"{len(whole)}" in body["message"]
    assert not CatalogueUpload.objects.exists()
    assert list(tmp_path.iterdir()) == []
    assert send(client, CATALOGUES, whole, MULTIPART_CONTENT, promised=len(whole)).status_code == 201


@pytest.mark.parametrize("arrived", [b"", b"{}"])
def test_a_beginning_of_json_that_is_valid_itself_is_refused(scene: Scene, arrived: bytes) -> None:
    Notice.objects.create(user=scene.dalbit, sentence="x")
    body = error_of(send(program(scene.dalbit), READ, arrived, "application/json", promised=len(arrived) + 1), 400)
    assert body["error"] == "body-cut-off"
    assert Notice.objects.filter(user=scene.dalbit, sentence="x", read_at=None).exists()


def test_a_key_is_free_again_after_a_body_that_was_cut_off(scene: Scene) -> None:
    client, key = program(scene.dalbit), {"idempotency-key": "k"}
    error_of(send(client, READ, b"{}", "application/json", promised=9, **key), 400)
    again = client.post(READ, json.dumps({}), content_type="application/json", headers=key)
    assert (again.status_code, "Idempotent-Replayed" in again.headers) == (200, False)


@pytest.mark.parametrize(
    ("language", "words"), [("ko", "전송이 중간에 끊겼어요"), ("zh-hans", "传输中断"), ("en", "cut off on its way")]
)
@pytest.mark.parametrize("checks", [True, False])
def test_a_page_says_so_in_the_language_of_its_reader(
    scene: Scene, tmp_path: Path, language: str, words: str, *, checks: bool
) -> None:
    """Whether or not the form proved where it came from: the check of that reads it too."""
    scene.staff.language = language
    scene.staff.save()
    client = Client(enforce_csrf_checks=checks)
    client.force_login(scene.staff)
    files, reports = StoredFile.objects.count(), Report.objects.count()
    whole = form_with_a_file({"source": "tme"})
    response = send(client, reverse("royalties:upload"), after_the_file(whole), MULTIPART_CONTENT, promised=len(whole))
    assert response.status_code == 400
    assert words in response.content.decode()
    assert (StoredFile.objects.count(), Report.objects.count()) == (files, reports)
    assert (
        list(tmp_path.iterdir()) == []
    )  # at once: the response is still here, and with it the error and its traceback


def test_a_plain_form_cut_in_mid_word_changes_nothing(scene: Scene) -> None:
    path = reverse("set_language")
    whole = b"language=zh-hans&next=/"
    response = send(signed_in(scene.staff), path, whole[:-7], FORM, promised=len(whole))
    assert response.status_code == 400
    scene.staff.refresh_from_db()
    assert scene.staff.language == "en"


def test_a_length_that_is_no_number_promises_nothing(scene: Scene) -> None:
    sent: dict[str, Any] = {"CONTENT_LENGTH": "many"}
    assert program(scene.dalbit).post(READ, content_type="application/json", **sent).status_code == 200


class Gone(BytesIO):
    def read(self, *_size: Any) -> bytes:
        raise ConnectionResetError

    readline = read


@pytest.mark.parametrize("ask", [WholeBody.read, WholeBody.readline])
def test_a_connection_that_is_reset_is_a_body_cut_off(ask: Any) -> None:
    with pytest.raises(BodyCutOff):
        ask(WholeBody(Gone(), promised=1))


@given(st.binary(max_size=40), st.integers(0, 10), st.lists(st.tuples(st.booleans(), st.integers(-1, 12)), max_size=30))
def test_however_it_is_read_a_body_is_whole_or_refused(
    sent: bytes, missing: int, calls: list[tuple[bool, int]]
) -> None:
    plain, body = BytesIO(sent), WholeBody(BytesIO(sent), promised=len(sent) + missing)
    try:
        for by_line, size in [*calls, (False, -1)]:
            ours, theirs = (
                (body.readline(size), plain.readline(size)) if by_line else (body.read(size), plain.read(size))
            )
            assert ours == theirs
    except BodyCutOff:
        assert missing
    else:
        assert not missing
