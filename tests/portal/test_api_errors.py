"""Whatever goes wrong below /api/ is said in one shape, in the reader's language, and is never a page."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError
from django.test import Client

from portal.notices.models import Notice
from portal.rest import api
from portal.rest.parsers import JsonParser
from portal.rest.scopes import Scope
from tests.portal.api import error_of, program
from tests.royalties.scene import Scene, make_scene

WORKS, NOTICES_READ, CATALOGUES = "/api/v1/works/", "/api/v1/notices/read/", "/api/v1/catalogues/"


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


@pytest.mark.parametrize(
    "path",
    ["/api/", "/api/v1/", "/api/v2/works/", "/api/v1/works", "/api/v1/nothing/", "/api/%00/", "/api/v1/works/%00/"],
)
def test_an_unknown_address_is_json_for_everybody(scene: Scene, path: str) -> None:
    assert error_of(Client().get(path), 404)["error"] == "not-found"
    assert error_of(program(scene.dalbit).post(path), 404)["error"] == "not-found"


def test_nobody_is_sent_to_the_sign_in(scene: Scene) -> None:
    response = Client().get(WORKS)
    assert error_of(response, 401)["error"] == "not-signed-in"
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_method_that_is_not_there(scene: Scene) -> None:
    response = program(scene.dalbit).delete(WORKS)
    assert "DELETE" in error_of(response, 405)["message"]
    assert response.headers["Allow"] == "GET, HEAD"


def test_what_is_somebody_elses_is_not_there(scene: Scene) -> None:
    theirs = error_of(program(scene.dalbit).get(f"{WORKS}{scene.strange.ref}/"), 404)
    nobodys = error_of(program(scene.dalbit).get(f"{WORKS}W-NONE/"), 404)
    assert theirs == nobodys


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"), ("limit=201", "limit"), ("limit=x", "limit"), ("limit=1.0", "limit"), ("limit=%EF%BC%91", "limit"),
        ("limit=" + "9" * 5000, "limit"), ("q=%00", "q"), ("q=" + "x" * 201, "q"), ("page=2", "page"), ("after=", "after"),
        ("limit=1&limit=2", "limit"),
    ],
)  # fmt: skip
def test_a_wrong_question_names_the_field(scene: Scene, query: str, field: str) -> None:
    body = error_of(program(scene.dalbit).get(f"{WORKS}?{query}"), 400)
    assert body["error"] == "input-not-valid"
    assert [wrong["field"] for wrong in body["fields"]] == [field]
    assert body["fields"][0]["message"]


@pytest.mark.parametrize("after", ["x", "1~2", "9" * 60, "1e5", "%F0%9F%8E%B5"])
def test_a_damaged_cursor_says_so(scene: Scene, after: str) -> None:
    assert error_of(program(scene.dalbit).get(f"{WORKS}?after={after}"), 400)["error"] == "damaged-cursor"


def test_a_foreseen_failure_of_a_room_keeps_its_code(scene: Scene, tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    response = program(scene.dalbit).post(CATALOGUES, {"file": SimpleUploadedFile("a.exe", b"MZ")})
    body = error_of(response, 400)
    assert body["error"] == "file-kind-not-allowed"
    assert body["remedy"]
    assert list(tmp_path.iterdir()) == []


def test_a_body_of_another_type(scene: Scene) -> None:
    body = error_of(program(scene.dalbit).post(CATALOGUES, "{}", content_type="application/json"), 415)
    assert "multipart/form-data" in body["remedy"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"x"),
        ("multipart/form-data; boundary=" + "x" * 300, b"x"),
        ("multipart/form-data; boundary=x; charset=no-such", b"--x--"),
    ],
)
def test_a_form_that_cannot_be_read(scene: Scene, content_type: str, body: bytes) -> None:
    error_of(program(scene.dalbit).generic("POST", CATALOGUES, body, content_type), 400)


@pytest.mark.parametrize("language", ["ko", "zh-hans", "en"])
def test_it_is_said_in_the_language_asked_for(scene: Scene, language: str) -> None:
    words = {"ko": "이 주소에는", "zh-hans": "此地址没有内容", "en": "There is nothing at this address"}
    client = program(scene.dalbit)
    assert words[language] in error_of(client.get("/api/x/", headers={"accept-language": language}), 404)["message"]


def test_without_one_it_is_said_in_the_owners_language(scene: Scene) -> None:
    scene.dalbit.language = "zh-hans"
    scene.dalbit.save()
    response = program(scene.dalbit).get(f"{WORKS}W-NONE/")
    assert "此地址没有内容" in error_of(response, 404)["message"]
    assert response.headers["Content-Language"] == "zh-hans"


def test_a_bug_is_json_too_and_gives_nothing_away(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any, **_options: Any) -> None:
        raise DatabaseError("secret words of a statement")

    monkeypatch.setattr(api, "roles_of", broken)
    client = program(scene.dalbit)
    client.raise_request_exception = False
    response = client.get(WORKS)
    assert error_of(response, 500)["error"] == "server-failed"
    assert "secret" not in response.content.decode()


def test_a_host_that_is_not_ours_is_refused_in_json(db: None) -> None:
    assert error_of(Client().get(WORKS, headers={"host": "evil.example"}), 400)["error"] == "request-refused"


def test_what_is_accepted_makes_no_difference(scene: Scene) -> None:
    response = program(scene.dalbit, Scope.WORKS_READ, accept="text/html").get(WORKS)
    assert response.headers["Content-Type"] == "application/json"


def test_nothing_is_stored_on_the_way(scene: Scene) -> None:
    assert program(scene.dalbit).get(WORKS).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"\xff", b'{"a": NaN}', b'{"a": 0.5}', b'{"a": 1e400}', b'{"a": 1e-1}', b'{"a": 1e99999999999999999999}',
        b'{"a": 1.' + b"0" * 100 + b"}", b'{"a": ' + b"9" * 5000 + b"}", b"[" * 100_000,
        b'{"a": "\\ud800"}', b'{"\\udc00": 1}', b'["\\ud83d \\ude00"]',
        b'{"a": 1, "a": 2}', b"[" * 21 + b"]" * 21, b'{"a": ' * 890 + b"1" + b"}" * 890,
    ],
)  # fmt: skip
def test_a_body_that_is_no_plain_json(scene: Scene, body: bytes) -> None:
    """Half a letter (a lone surrogate) among them: no answer could repeat it, and no table keep it."""
    response = program(scene.dalbit).generic("POST", NOTICES_READ, body, "application/json")
    assert error_of(response, 400)["error"] == "body-unreadable"


@pytest.mark.parametrize("body", [b'{"all": true}', b"[]", b'["x"]', b"null", b'"x"', b"1"])
@pytest.mark.parametrize("path", [NOTICES_READ, "/api/v1/reports/{ref}/resume/"])
def test_a_write_that_takes_nothing_is_given_nothing(scene: Scene, path: str, body: bytes) -> None:
    """Whoever sends something means something by it."""
    Notice.objects.create(user=scene.staff, sentence="x")
    client, path = program(scene.staff), path.format(ref=scene.report.ref)
    refused = error_of(client.generic("POST", path, body, "application/json"), 400)
    assert refused["error"] == "input-not-valid"
    assert refused["fields"]
    assert Notice.objects.filter(user=scene.staff, sentence="x", read_at=None).exists()
    error_of(client.generic("POST", path, b"all=true", "application/x-www-form-urlencoded"), 415)
    error_of(client.generic("POST", path, b"x", "text/plain"), 415)
    for nothing in (b"", b"{}"):
        assert client.generic("POST", path, nothing, "application/json").status_code == 200


@pytest.mark.parametrize(("said", "number"), [(b"12.0", 12), (b"-1e3", -1000), (b"1E+17", 10**17), (b"-0.0", 0)])
def test_a_whole_number_may_be_written_with_a_point(said: bytes, number: int) -> None:
    read = JsonParser().parse(BytesIO(said))
    assert (read, type(read)) == (number, int)


def test_a_letter_in_two_halves_is_one() -> None:
    assert JsonParser().parse(BytesIO(b'["\\ud83d\\ude00"]')) == ["😀"]


def test_a_body_may_be_nested_as_deep_as_anything_needs() -> None:
    assert JsonParser().parse(BytesIO(b"[" * 20 + b"]" * 20))


def test_of_two_files_none_is_dropped_in_silence(scene: Scene, tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    files = [SimpleUploadedFile("a.csv", b"x"), SimpleUploadedFile("b.csv", b"x")]
    body = error_of(program(scene.dalbit).post(CATALOGUES, {"file": files}), 400)
    assert [(wrong["field"], wrong["error"]) for wrong in body["fields"]] == [("file", "repeated")]
    assert list(tmp_path.iterdir()) == []


def test_too_long_a_text_in_a_form_is_too_large(scene: Scene) -> None:
    response = program(scene.dalbit).post(CATALOGUES, {"organisation": "x" * 3_000_000})
    assert error_of(response, 413)["error"] == "body-too-large"
