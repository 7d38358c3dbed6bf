"""One's own notices: read in the language of today, marked as read, and nobody else's."""

from __future__ import annotations

import pytest
from django.test import Client

from portal.accounts.models import User
from portal.notices.models import Notice

pytestmark = pytest.mark.django_db
SENTENCE = "The papers in case %(case)s about “%(work)s” are not complete. The case says what is missing."


@pytest.fixture
def haeon() -> User:
    return User.objects.create_user("haeon@garak.example", name="도해온", language="ko")


@pytest.fixture
def stranger() -> User:
    return User.objects.create_user("stranger@garak.example", name="stranger", language="en")


def tell(user: User, work: str = "달빛 아래") -> Notice:
    return Notice.objects.create(user=user, sentence=SENTENCE, params={"case": "K-1", "work": work}, url="/cases/K-1/")


def notices(user: User, query: str = "") -> str:
    client = Client()
    client.force_login(user)
    response = client.get(f"/notices/{query}")
    assert response.status_code == 200
    return response.content.decode()


def test_a_notice_reads_in_the_language_of_today(haeon: User) -> None:
    tell(haeon)
    korean = notices(haeon)
    assert "달빛 아래" in korean
    assert "are not complete" not in korean
    User.objects.filter(pk=haeon.pk).update(language="en")
    haeon.refresh_from_db()
    assert "about “달빛 아래” are not complete" in notices(haeon)


def test_it_shows_nobody_else_s_notices(haeon: User, stranger: User) -> None:
    tell(stranger, work="비밀카나리아")
    assert "비밀카나리아" not in notices(haeon)


def test_it_marks_one_s_own_as_read_and_no_others(haeon: User, stranger: User) -> None:
    tell(haeon)
    theirs = tell(stranger)
    client = Client()
    client.force_login(haeon)
    assert client.post("/notices/read/").status_code == 302
    assert not Notice.objects.filter(user=haeon, read_at=None).exists()
    theirs.refresh_from_db()
    assert theirs.read_at is None


def test_reading_the_list_marks_nothing(haeon: User) -> None:
    tell(haeon)
    notices(haeon)
    assert Notice.objects.filter(user=haeon, read_at=None).exists()


def test_marking_needs_a_form_and_a_signed_in_person(haeon: User) -> None:
    tell(haeon)
    client = Client()
    assert client.post("/notices/read/").status_code == 302  # to the sign-in
    client.force_login(haeon)
    assert client.get("/notices/read/").status_code == 405
    assert Notice.objects.filter(user=haeon, read_at=None).exists()


def test_a_long_list_goes_on_without_a_gap_or_a_double(haeon: User) -> None:
    for number in range(55):
        tell(haeon, work=f"곡 {number:02d}.")
    first = notices(haeon)
    cursor = first.split("?after=")[1].split('"')[0]
    second = notices(haeon, f"?after={cursor}")
    shown = [number for number in range(55) if f"곡 {number:02d}." in first]
    later = [number for number in range(55) if f"곡 {number:02d}." in second]
    assert sorted(shown + later) == list(range(55))


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 40, "%00", "１"])
def test_a_damaged_cursor_is_no_crash(haeon: User, cursor: str) -> None:
    client = Client()
    client.force_login(haeon)
    assert client.get(f"/notices/?after={cursor}").status_code in {200, 400}
