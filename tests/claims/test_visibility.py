"""A case exists for its parties and the society; for everybody else its pages are not there."""

from __future__ import annotations

import pytest
from django.test import Client

from claims.models import Case
from portal.accounts.models import User
from tests.claims.conftest import Cast, accept, everything_written, file_share, file_song, paper

CANARY = "비밀-정본-카나리아"
SEE = ("haeon", "claim", "claim_finance", "claim_copyright", "staff", "staff_two", "auditor")
DO_NOT_SEE = ("stranger", "contact")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def posts(case: Case) -> dict[str, dict[str, object]]:
    return {
        f"/cases/{case.ref}/papers/": {"paper": paper(), "text": ""},
        f"/cases/{case.ref}/messages/": {"text": "Hello."},
        f"/cases/{case.ref}/return/": {"text": "No."},
        f"/cases/{case.ref}/accept/": {"checks": ["dates", "territory", "works", "signatures"]},
        f"/cases/{case.ref}/close/": {"outcome": "withdrawal", "granted": "no", "note": "No."},
        f"/cases/{case.ref}/withdraw/": {"note": "No."},
    }


def test_it_is_seen_by_its_parties_and_the_society(cast: Cast) -> None:
    case = file_share(cast, reason=CANARY)
    people = cast.everybody()
    assert [name for name, user in people.items() if Case.objects.visible_to(user).contains(case)] == [
        name for name in people if name in SEE
    ]


@pytest.mark.parametrize("who", DO_NOT_SEE)
def test_it_shows_a_stranger_nothing_on_any_page(cast: Cast, who: str) -> None:
    case = file_share(cast, reason=CANARY, paper=paper(f"{CANARY}.pdf"))
    client = signed_in(cast.everybody()[who])
    attachment = case.attachments.get()
    pages = [
        "/cases/",
        f"/cases/{case.ref}/",
        f"/cases/{case.ref}/papers/{attachment.file.uuid}/",
        f"/cases/work/{cast.work.ref}/",
        f"/cases/work/{cast.work.ref}/?share=1",
    ]
    for page in pages:
        response = client.get(page)
        assert response.status_code == (200 if page == "/cases/" and who == "stranger" else 404), page
        body = response.content.decode()
        assert CANARY not in body, page
        assert case.ref not in body or case.ref in page, page  # the address itself is repeated by the language switch


@pytest.mark.parametrize("who", DO_NOT_SEE)
def test_it_lets_a_stranger_do_nothing(cast: Cast, who: str) -> None:
    case = file_share(cast)
    client = signed_in(cast.everybody()[who])
    before = everything_written()
    for url, data in posts(case).items():
        assert client.post(url, data).status_code == 404, url
    assert everything_written() == before


@pytest.mark.parametrize("who", ["claim_finance", "auditor"])
def test_it_lets_finance_and_auditors_read_only(cast: Cast, who: str) -> None:
    case = file_share(cast)
    client = signed_in(cast.everybody()[who])
    page = client.get(f"/cases/{case.ref}/")
    assert page.status_code == 200
    assert "What you can do now" not in page.content.decode()
    before = everything_written()
    for url, data in posts(case).items():
        assert client.post(url, data).status_code == 404, url
    assert client.get(f"/cases/work/{cast.work.ref}/").status_code == 404
    assert client.get(f"/cases/song/{cast.song.ref}/").status_code == 404
    assert everything_written() == before


@pytest.mark.parametrize("who", ["haeon", "claim", "claim_finance", "staff", "auditor"])
def test_it_hands_its_papers_to_those_who_see_it_as_a_download(cast: Cast, who: str) -> None:
    case = file_share(cast, paper=paper("계약서.pdf"))
    attachment = case.attachments.get()
    response = signed_in(cast.everybody()[who]).get(f"/cases/{case.ref}/papers/{attachment.file.uuid}/")
    assert response.status_code == 200
    assert b"".join(response.streaming_content) == b"%PDF-1.7 a contract"  # type: ignore[attr-defined]
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"


def test_it_does_not_hand_out_a_paper_through_another_case(cast: Cast) -> None:
    first, second = file_share(cast), file_song(cast)
    attachment = first.attachments.get()
    response = signed_in(cast.claim).get(f"/cases/{second.ref}/papers/{attachment.file.uuid}/")
    assert response.status_code == 404


def test_it_shows_a_songs_held_money_to_the_society_only(cast: Cast) -> None:
    case = accept(file_song(cast), cast.staff)
    for who in ("staff", "auditor"):
        assert "Held now" in signed_in(cast.everybody()[who]).get(f"/cases/{case.ref}/").content.decode()
    for who in ("haeon", "claim"):
        assert "Held now" not in signed_in(cast.everybody()[who]).get(f"/cases/{case.ref}/").content.decode()


def test_it_shows_a_shares_held_money_to_whoever_sees_payments(cast: Cast) -> None:
    case = accept(file_share(cast), cast.staff)
    seen = {
        name
        for name in SEE
        if "Held now" in signed_in(cast.everybody()[name]).get(f"/cases/{case.ref}/").content.decode()
    }
    assert seen == set(SEE) - {"claim_copyright"}


def test_it_asks_a_passer_by_to_sign_in(cast: Cast) -> None:
    case = file_share(cast)
    response = Client().get(f"/cases/{case.ref}/")
    assert response.status_code == 302
    assert response["Location"].startswith("/account/login/")
