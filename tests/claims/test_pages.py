from __future__ import annotations

import re
from fractions import Fraction

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from claims import services
from claims.models import Case
from royalties.models import Hold, Match
from tests.claims.conftest import Cast, accept, add_song, everything_written, file_share, file_song, paper
from tests.claims.test_visibility import signed_in


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, response.content.decode()[-2000:]
    return response.content.decode()


def share_form(cast: Cast, **changes: object) -> dict[str, object]:
    given = {
        "party": cast.claim_party.ref,
        "part": "1/12",
        "from_date": "2026-03",
        "reason": "The contract says so.",
        "paper": paper(),
    }
    return {**given, **changes}


def test_it_offers_each_share_that_is_not_ones_own(cast: Cast) -> None:
    body = page(signed_in(cast.claim), f"/cases/work/{cast.work.ref}/")
    assert 'href="?share=1"' in body
    assert 'href="?share=2"' not in body
    assert 'href="?share=3"' in body
    assert "도해온" in body


def test_it_files_a_share_case_from_the_form(cast: Cast) -> None:
    client = signed_in(cast.claim)
    response = client.post(f"/cases/work/{cast.work.ref}/?share=1", share_form(cast, part="8 1/3"))
    assert response.status_code == 400
    response = client.post(f"/cases/work/{cast.work.ref}/?share=1", share_form(cast))
    case = Case.objects.get()
    assert response.status_code == 302
    assert response["Location"] == f"/cases/{case.ref}/"
    assert (case.share, case.fraction, case.from_date.isoformat()) == (cast.share, Fraction(1, 12), "2026-03-01")


def test_it_keeps_what_was_typed_when_a_claim_is_refused(cast: Cast) -> None:
    before = everything_written()
    response = signed_in(cast.claim).post(f"/cases/work/{cast.work.ref}/?share=1", share_form(cast, part="4/12"))
    assert response.status_code == 400
    body = response.content.decode()
    assert "but the share is only 1/4" in body
    assert "The contract says so." in body
    assert everything_written() == before


@pytest.mark.parametrize("query", ["?share=2", "?share=9", "?share=x", "?share=²", ""])
def test_it_takes_no_claim_on_a_share_that_cannot_be_chosen(cast: Cast, query: str) -> None:
    before = everything_written()
    response = signed_in(cast.claim).post(f"/cases/work/{cast.work.ref}/{query}", share_form(cast))
    assert response.status_code == 404
    assert everything_written() == before


def test_it_takes_no_party_of_somebody_else_from_the_form(cast: Cast) -> None:
    before = everything_written()
    form = share_form(cast, party=cast.stranger_party.ref)
    assert signed_in(cast.claim).post(f"/cases/work/{cast.work.ref}/?share=1", form).status_code == 400
    assert everything_written() == before


def test_it_files_a_song_case_from_the_form(cast: Cast) -> None:
    song = add_song("아리랑", outcome=Match.Outcome.REVIEW, work=cast.work)
    client = signed_in(cast.claim)
    body = page(client, f"/cases/song/{song.ref}/")
    assert cast.work.ref in body
    response = client.post(
        f"/cases/song/{song.ref}/", {"work": cast.work.ref, "reason": "Our recording.", "paper": paper()}
    )
    case = Case.objects.get()
    assert response["Location"] == f"/cases/{case.ref}/"
    assert (case.recording, case.claimant_party) == (song, cast.claim_party)


def test_it_says_what_to_do_when_no_work_of_ones_own_could_be_the_song(cast: Cast) -> None:
    body = page(signed_in(cast.claim), f"/cases/song/{cast.song.ref}/")
    assert "None of your works has this title" in body


def test_it_does_not_offer_a_song_that_has_an_owner(cast: Cast) -> None:
    song = add_song("아리랑", outcome=Match.Outcome.ACCEPTED, work=cast.work)
    assert signed_in(cast.claim).get(f"/cases/song/{song.ref}/").status_code == 404


def test_it_shows_the_society_all_cases_and_the_parties_theirs_by_state(cast: Cast) -> None:
    share_case, song_case = file_share(cast), accept(file_song(cast), cast.staff)
    for user in (cast.staff, cast.auditor, cast.claim, cast.haeon):
        body = page(signed_in(user), "/cases/")
        assert share_case.ref in body
        assert song_case.ref in body
    body = page(signed_in(cast.staff), "/cases/?state=disputed")
    assert song_case.ref in body
    assert share_case.ref not in body
    assert page(signed_in(cast.stranger), "/cases/")


def test_it_says_on_the_case_page_what_is_disputed_and_who_must_act(cast: Cast) -> None:
    case = file_share(cast)
    body = page(signed_in(cast.haeon), f"/cases/{case.ref}/")
    assert "1/12 (8.33%)" in body
    assert "the society" in body
    assert "contract.pdf" in body
    assert "도해온, disputed" in body


def test_it_offers_only_the_steps_allowed_now(cast: Cast) -> None:
    case = file_share(cast)
    steps = ("accept/", "return/", "close/", "withdraw/", "messages/", "papers/")

    def offered(who: str) -> set[str]:
        body = page(signed_in(cast.everybody()[who]), f"/cases/{case.ref}/")
        return {step for step in steps if f'action="/cases/{case.ref}/{step}"' in body}

    assert offered("staff") == {"accept/", "return/", "close/", "messages/", "papers/"}
    assert offered("claim") == {"withdraw/", "messages/", "papers/"}
    assert offered("haeon") == {"messages/", "papers/"}
    accept(case, cast.staff)
    assert offered("staff") == {"close/", "messages/", "papers/"}
    services.withdraw_case(case=case, note="A mistake.", actor=cast.claim)
    assert offered("staff") == offered("claim") == set()


def test_it_goes_through_a_whole_case_by_its_forms(cast: Cast) -> None:
    case = file_share(cast)
    staff, claim, haeon = signed_in(cast.staff), signed_in(cast.claim), signed_in(cast.haeon)
    here = f"/cases/{case.ref}/"
    checks = ["dates", "territory", "works", "signatures"]
    steps = [
        (staff, "return/", {"text": "The signature is missing."}),
        (claim, "papers/", {"paper": paper("signed.pdf"), "text": "Signed."}),
        (staff, "accept/", {"checks": checks}),
        (haeon, "messages/", {"text": "We agree on half of it."}),
        (staff, "close/", {"outcome": "agreement", "granted": "yes", "part": "1/24", "note": "Their letter."}),
    ]
    for client, step, data in steps:
        response = client.post(here + step, data)
        assert (response.status_code, response.headers.get("Location")) == (302, here), response.content.decode()[
            -3000:
        ]
    case.refresh_from_db()
    assert (case.state, case.outcome, case.granted) == ("closed", "agreement", True)
    body = page(haeon, here)
    for text in ("The signature is missing.", "signed.pdf", "We agree on half of it.", "Their letter.", "1/4 before"):
        assert text in body
    assert Hold.objects.get().state == Hold.State.RELEASED


def test_it_tells_the_second_of_two_staff_what_changed(cast: Cast) -> None:
    case = accept(file_share(cast), cast.staff)
    services.close_case(case=case, outcome="court", granted=False, note="Judgment.", actor=cast.staff)
    before = everything_written()
    response = signed_in(cast.staff_two).post(f"/cases/{case.ref}/withdraw/", {"note": "No."})
    assert response.status_code == 404
    response = signed_in(cast.staff_two).post(f"/cases/{case.ref}/messages/", {"text": "Late."})
    assert response.status_code == 409
    assert "staff did this" in response.content.decode()
    response = signed_in(cast.staff_two).post(
        f"/cases/{case.ref}/close/", {"outcome": "court", "granted": "yes", "note": "Judgment."}
    )
    assert response.status_code == 409
    assert "staff did this" in response.content.decode()
    assert everything_written() == before


def test_it_asks_for_all_four_checks(cast: Cast) -> None:
    case = file_share(cast)
    before = everything_written()
    response = signed_in(cast.staff).post(f"/cases/{case.ref}/accept/", {"checks": ["dates", "works"]})
    assert response.status_code == 400
    assert "all four checks" in response.content.decode()
    assert everything_written() == before


def test_it_asks_the_database_no_more_for_many_cases_than_for_one(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = signed_in(cast.claim)
    accept(file_share(cast), cast.staff)
    page(client, "/cases/")
    with CaptureQueriesContext(connection) as first:
        page(client, "/cases/")
    for _again in range(3):
        file_share(cast, fraction=Fraction(1, 100))
    with django_assert_num_queries(len(first)):
        page(client, "/cases/")


@pytest.mark.parametrize("language", ["ko", "en", "zh-hans"])
def test_it_reads_in_each_language(cast: Cast, language: str) -> None:
    case = accept(file_share(cast), cast.staff)
    client = signed_in(cast.staff)
    client.cookies["django_language"] = language
    for url in ("/cases/", f"/cases/{case.ref}/"):
        assert case.ref in page(client, url)


def test_papers_and_history_come_a_page_at_a_time_the_newest_first(cast: Cast) -> None:
    """However much was said in a case, its page does not grow; what was said last is seen first."""
    case = file_share(cast)
    for number in range(60):
        services.add_message(case=case, text=f"message {number:02}.", actor=cast.claim)
        services.add_paper(case=case, paper=paper(f"paper-{number:02}.pdf"), text="x", actor=cast.claim)
    client = signed_in(cast.haeon)
    url = f"/cases/{case.ref}/"
    for name, pattern in (("after", r"message \d\d"), ("papers", r"paper-\d\d\.pdf</a>")):
        following, pages = url, []
        while following:
            body = page(client, following)
            pages.append(re.findall(pattern, body))
            link = re.search(rf'href="({re.escape(url)}\?{name}=[^"]+)"', body)
            following = link[1] if link else ""
        assert len(pages) > 1
        assert max(map(len, pages)) <= 50
        assert [word[-2:] if name == "after" else word[6:8] for words in pages for word in words] == [
            f"{number:02}" for number in reversed(range(60))
        ]
    refused = client.post(f"{url}messages/", {"text": ""})
    assert refused.status_code == 400
    assert f'href="{url}?after=' in refused.content.decode()
