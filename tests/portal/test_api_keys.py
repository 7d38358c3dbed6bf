"""Idempotency-Key: a write sent again is done once, whatever happened to the first answer."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from portal.accounts.models import Organisation, Role, User
from portal.files.models import StoredFile
from portal.lib.errors import DomainError
from portal.notices import api as notices
from portal.notices.models import Notice
from portal.rest import idempotency
from portal.rest.models import KeyedAnswer
from portal.rest.scopes import Scope
from tests.chaos.processes import wait_for
from tests.conftest import Database
from tests.portal.api import error_of, program, token_of
from tests.portal.test_api_tokens import endpoints
from tests.royalties.scene import Scene, make_scene
from tests.works.build import as_csv, row
from works.models import CatalogueUpload
from works.name_api import NameImport

READ, CATALOGUES = "/api/v1/notices/read/", "/api/v1/catalogues/"
KEY = {"idempotency-key": "3f6d0f4e-5d0c-4c3f-9d7e-0d6b8a3a0c11"}
CSV = as_csv([row()]).encode()


@pytest.fixture
def scene(db: None, tmp_path: Path, settings: Any) -> Scene:
    settings.MEDIA_ROOT = tmp_path
    return make_scene()


def send(client: Client, data: bytes = CSV, *, name: str = "catalogue.csv", headers: dict[str, str] = KEY) -> Any:
    return client.post(CATALOGUES, {"file": SimpleUploadedFile(name, data)}, headers=headers)


def mark_read(client: Client) -> Any:
    return client.post(READ, content_type="application/json", headers=KEY)


def unread(user: User) -> None:
    Notice.objects.create(user=user, sentence="x")


def test_sent_again_it_is_done_once_and_answered_alike(scene: Scene) -> None:
    client = program(scene.dalbit)
    first, again = send(client), send(client)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert CatalogueUpload.objects.count() == 1
    assert StoredFile.objects.filter(label="catalogue.csv").count() == 1


def test_without_a_key_it_is_done_twice(scene: Scene) -> None:
    client = program(scene.dalbit)
    assert send(client, headers={}).json() != send(client, headers={}).json()
    assert CatalogueUpload.objects.count() == 2


@pytest.mark.parametrize("other", [{"data": CSV + b"\r\n"}, {"name": "other.csv"}])
def test_the_key_with_other_input_is_refused_and_nothing_is_done(scene: Scene, other: dict[str, Any]) -> None:
    client = program(scene.dalbit)
    first = send(client)
    assert error_of(send(client, **other), 422)["error"] == "idempotency-key-used"
    assert CatalogueUpload.objects.count() == 1
    assert send(client).json() == first.json()


def test_the_key_at_another_address_is_refused(scene: Scene) -> None:
    client = program(scene.dalbit)
    send(client)
    unread(scene.dalbit)
    error_of(mark_read(client), 422)
    assert Notice.objects.filter(user=scene.dalbit, read_at=None).exists()


def test_another_person_may_use_the_same_key(scene: Scene) -> None:
    assert send(program(scene.dalbit)).json()["ref"] != send(program(scene.stranger)).json()["ref"]


def test_a_refusal_leaves_the_key_free(scene: Scene, tmp_path: Path) -> None:
    client = program(scene.dalbit)
    error_of(send(client, b"no,catalogue\r\n"), 400)
    assert not KeyedAnswer.objects.exists()
    assert not StoredFile.objects.filter(label="catalogue.csv").exists()
    assert send(client).status_code == 201


def test_a_failure_leaves_the_key_free_and_nothing_done(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    client = program(scene.dalbit)
    client.raise_request_exception = False
    unread(scene.dalbit)
    with monkeypatch.context() as broken:
        broken.setattr(notices, "Response", None)  # after the write, before the answer
        error_of(mark_read(client), 500)
    assert Notice.objects.filter(user=scene.dalbit, read_at=None).exists()
    assert not KeyedAnswer.objects.exists()
    assert mark_read(client).json()["marked"] >= 1


def test_who_lost_the_role_does_not_get_the_old_answer(scene: Scene) -> None:
    client = program(scene.dalbit)
    send(client)
    scene.dalbit.memberships.update(until_date=timezone.localdate())
    error_of(send(client), 404)


def test_who_lost_one_of_two_publishers_does_not_get_its_old_answer(scene: Scene) -> None:
    """The role is still there, for another one."""
    seat = scene.dalbit.memberships.get()
    other = Organisation.objects.create(ref="PUB-B", kind="publisher", name="나래출판")
    scene.dalbit.memberships.create(organisation=other, role=seat.role, from_date=seat.from_date)
    client = program(scene.dalbit)

    def knock() -> Any:
        form = {"file": SimpleUploadedFile("catalogue.csv", CSV), "organisation": seat.organisation.ref}
        return client.post(CATALOGUES, form, headers=KEY)

    first = knock()
    assert (first.status_code, knock().json()) == (201, first.json())
    seat.until_date = timezone.localdate()
    seat.save()
    error_of(knock(), 404)
    assert CatalogueUpload.objects.count() == 1


def test_every_write_that_shows_what_is_somebodys_names_who_may_see_it() -> None:
    """What is for staff alone is seen by all of staff, and what asks for no role is one's own, as is a file with what is wrong in it."""
    for view in endpoints():
        if view is NameImport:
            continue
        roles = [needs.roles for method, needs in view.needs.items() if method != "GET" and needs.roles is not None]
        if any(set(each) != {Role.STAFF} for each in roles):
            assert view.shows is not None, view


@pytest.mark.parametrize("key", ["", " ", "a b", "ä", "x" * 256, "a\tb"])
def test_a_malformed_key_is_refused(scene: Scene, key: str) -> None:
    assert error_of(
        program(scene.dalbit).post(READ, content_type="application/json", headers={"idempotency-key": key}), 400
    )["error"] == ("idempotency-key-malformed")


def test_a_key_is_forgotten_after_a_day(scene: Scene) -> None:
    client = program(scene.dalbit)
    send(client)
    KeyedAnswer.objects.update(created_at=timezone.now() - dt.timedelta(hours=24, minutes=1))
    assert send(client, CSV + b"\r\n").status_code == 201
    assert CatalogueUpload.objects.count() == 2


def test_reading_takes_no_notice_of_a_key(scene: Scene) -> None:
    client = program(scene.dalbit)
    assert client.get("/api/v1/works/", headers=KEY).status_code == 200
    assert not KeyedAnswer.objects.exists()


# ── at the same time ────────────────────────────────────────────────────────────────────────────────────────────────────

TOGETHER = 8


def clients(number: int) -> list[Client]:
    organisation = Organisation.objects.create(ref="PUB-A", kind="publisher", name="가람출판")
    user = User.objects.create_user("publisher@garak.example", name="publisher")
    user.memberships.create(organisation=organisation, role="publisher_super", from_date=dt.date(2026, 1, 1))
    text = token_of(user, list(Scope))
    return [Client(headers={"authorization": f"Bearer {text}"}) for _ in range(number)]


def test_sent_by_many_at_once_it_is_done_once(fresh_database: Database, tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    barrier = Barrier(TOGETHER)

    def knock(client: Client) -> tuple[int, str]:
        barrier.wait()
        try:
            response = send(client)
            return response.status_code, response.json()["ref"]
        finally:
            connection.close()

    with ThreadPoolExecutor(TOGETHER) as pool:
        answers = set(pool.map(knock, clients(TOGETHER)))
    assert {status for status, _ref in answers} == {201}
    assert len(answers) == 1
    assert CatalogueUpload.objects.count() == 1
    assert len([file for file in tmp_path.iterdir() if file.is_file()]) == 1


def test_who_waits_too_long_is_told_to_come_again(fresh_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the first is not committed, nobody knows how it ends."""
    first, second = clients(2)
    monkeypatch.setattr(idempotency, "WAIT", "SET LOCAL lock_timeout = '50ms'")
    under_way, go_on = Event(), Event()
    real = notices.MarkedRead

    def slow(*args: Any, **options: Any) -> Any:
        under_way.set()
        assert go_on.wait(30)
        return real(*args, **options)

    monkeypatch.setattr(notices, "MarkedRead", slow)

    def knock() -> int:
        try:
            return int(mark_read(first).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(knock)
        assert under_way.wait(30)
        try:
            assert error_of(mark_read(second), 409)["error"] == "request-under-way"
        finally:
            go_on.set()
        assert answer.result() == 200
    assert mark_read(second).headers["Idempotent-Replayed"] == "true"


class NotNow(DomainError):
    code = "not-now"
    status = 409


@pytest.mark.parametrize(
    ("ends_with", "asked_again", "answers"),
    [
        (None, READ, (200, 200)),
        (None, f"{READ}?x=1", (200, 422)),  # another request
        (NotNow(), READ, (409, 200)),
        (ZeroDivisionError(), READ, (500, 200)),
    ],
)
def test_who_waits_goes_on_from_how_the_first_ended(
    fresh_database: Database,
    monkeypatch: pytest.MonkeyPatch,
    ends_with: Exception | None,
    asked_again: str,
    answers: tuple[int, int],
) -> None:
    """After a refusal or a failure of the first, the second does the work itself, once."""
    first, second = clients(2)
    unread(User.objects.get())
    under_way, go_on = Event(), Event()
    real, calls = notices.MarkedRead, []

    def slow(*args: Any, **options: Any) -> Any:
        calls.append(args)
        if len(calls) == 1:
            under_way.set()
            assert go_on.wait(30)
            if ends_with is not None:
                raise ends_with
        return real(*args, **options)

    monkeypatch.setattr(notices, "MarkedRead", slow)

    def knock(client: Client, address: str) -> Any:
        client.raise_request_exception = False
        try:
            return client.post(address, content_type="application/json", headers=KEY)
        finally:
            connection.close()

    def waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            return bool(cursor.fetchone()[0])

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(knock, first, READ)
        try:
            assert under_way.wait(30)
            other = pool.submit(knock, second, asked_again)
            wait_for(waits, "the second waits for the first")
        finally:
            go_on.set()
        assert (one.result().status_code, other.result().status_code) == answers
    assert len(calls) == (1 if ends_with is None else 2)
    assert not Notice.objects.filter(read_at=None).exists()
    assert KeyedAnswer.objects.count() == 1
