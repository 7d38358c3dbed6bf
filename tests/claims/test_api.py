"""Cases for programs: who sees what as on the pages, every step done once, and refusals that change nothing."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from claims import services
from claims.models import Case, CaseEvent
from portal.accounts.models import Membership, Organisation, Role, User
from portal.accounts.services import appoint_delegate
from portal.rest.scopes import Scope
from royalties.models import Hold, Match
from tests.claims.conftest import (
    FROM,
    Cast,
    accept,
    add_share,
    add_song,
    everything_written,
    file_share,
    file_song,
    paper,
)
from tests.claims.test_end_to_end import close, distribute_usage
from tests.claims.test_visibility import DO_NOT_SEE, SEE, signed_in
from tests.portal.api import error_of, program, rows_of
from tests.royalties.build import WON
from works.models import Work

CASES = "/api/v1/cases/"
CHECKS = ["dates", "territory", "works", "signatures"]
KEY = {"idempotency-key": "2b1f7a0e-6f59-4a0e-9d1b-6a4f3c1d0b77"}
CANARY = "비밀-정본-카나리아"


def share_url(cast: Cast) -> str:
    return f"/api/v1/works/{cast.work.ref}/cases/"


def song_url(cast: Cast) -> str:
    return f"/api/v1/songs/{cast.song.ref}/cases/"


def share_form(cast: Cast, **changes: object) -> dict[str, object]:
    """Claim disputes 1/12 of the first share of the work, Haeon's."""
    given: dict[str, object] = {
        "share": "1",
        "party": cast.claim_party.ref,
        "numerator": "1",
        "denominator": "12",
        "from_date": FROM.isoformat(),
        "reason": "The contract says so.",
        "paper": paper(),
    }
    return {name: value for name, value in (given | changes).items() if value is not None}


def song_form(cast: Cast, **changes: object) -> dict[str, object]:
    given: dict[str, object] = {"work": cast.work.ref, "reason": "Our recording.", "paper": paper()}
    return {name: value for name, value in (given | changes).items() if value is not None}


def send(client: Client, case: Case, step: str, body: dict[str, object], **headers: Any) -> Any:
    return client.post(f"{CASES}{case.ref}/{step}/", body, content_type="application/json", **headers)


def add_paper(client: Client, case: Case, **changes: object) -> Any:
    return client.post(f"{CASES}{case.ref}/papers/", {"paper": paper("signed.pdf"), "text": "Signed.", **changes})


def read(user: User, case: Case) -> dict[str, Any]:
    response = program(user, Scope.CLAIMS_READ).get(f"{CASES}{case.ref}/")
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


def papers_of(user: User, case: Case) -> list[dict[str, Any]]:
    return rows_of(program(user, Scope.CLAIMS_READ), f"{CASES}{case.ref}/papers/")


def history_of(user: User, case: Case) -> list[dict[str, Any]]:
    return rows_of(program(user, Scope.CLAIMS_READ), f"{CASES}{case.ref}/history/")


def steps(case: Case) -> dict[str, dict[str, object]]:
    return {
        "messages": {"text": "Hello."},
        "return": {"text": "No."},
        "accept": {"checks": CHECKS},
        "close": {"outcome": "withdrawal", "granted": False, "note": "No."},
        "withdraw": {"note": "No."},
    }


def delegate_of_haeon(cast: Cast) -> User:
    person = User.objects.create_user("delegate@garak.example", name="Delegate", language="en")
    desk = cast.haeon_party.organisation
    assert desk is not None
    appoint_delegate(
        desk=desk, email=person.email, last_date=timezone.localdate() + dt.timedelta(days=30), actor=cast.haeon
    )
    return person


def let_act_for_claim(cast: Cast, person: User) -> None:
    organisation = cast.claim_party.organisation
    assert organisation is not None
    Membership.objects.create(
        user=person, organisation=organisation, role=Role.PUBLISHER_SUPER, from_date=dt.date(2026, 1, 1)
    )


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_case_says_who_disputes_what(cast: Cast) -> None:
    case = file_share(cast)
    found = read(cast.haeon, case)
    assert {name: found[name] for name in ("ref", "kind", "state", "work", "disputed", "claimant", "turn")} == {
        "ref": case.ref,
        "kind": "share",
        "state": "filed",
        "work": {"ref": cast.work.ref, "title": "아리랑 연가"},
        "disputed": {"numerator": 1, "denominator": 12},
        "claimant": "달빛출판",
        "turn": ["staff"],
    }
    quarter = {"numerator": 1, "denominator": 4}
    assert found["share"] == {"holder": "도해온", "role": "CA", "right": "performing", "share": quarter}
    assert (found["song"], found["outcome"], found["granted"], found["closed_at"]) == (None, None, None, None)
    assert found["from_date"] == "2026-03-01"
    assert found["parties"] == [{"name": "달빛출판", "side": "claimant"}, {"name": "도해온", "side": "holder"}]
    assert [(piece["owner"], piece["is_disputed"]) for piece in found["owners_today"]] == [
        ("도해온", False),
        ("도해온", True),
        ("달빛출판", False),
        ("다른 작가", False),
    ]
    assert sum(Fraction(**piece["part"]) for piece in found["owners_today"]) == 1
    assert [(each["file_name"], each["added_by"], each["on_behalf_of"]) for each in papers_of(cast.haeon, case)] == [
        ("contract.pdf", "claim", "")
    ]
    (event,) = history_of(cast.haeon, case)
    assert (event["action"], event["by"], event["organisation"], event["seat"]) == (
        "filed",
        "claim",
        "달빛출판",
        "claimant",
    )
    assert (event["text"], event["paper"]) == ("The contract of 2026 gives us one twelfth.", "contract.pdf")


def test_a_case_about_a_song_says_which_song_and_names_no_share(cast: Cast) -> None:
    found = read(cast.claim, file_song(cast))
    assert found["kind"] == "unmatched"
    assert found["song"] == {"ref": cast.song.ref, "title": "月光下的约定", "artists": "歌手"}
    assert found["disputed"] == {"numerator": 1, "denominator": 1}
    assert (found["share"], found["from_date"], found["owners_today"]) == (None, None, [])


@pytest.mark.parametrize(
    ("who", "seats", "actions"),
    [
        ("haeon", ["holder"], ["message", "add_paper"]),
        ("claim", ["claimant"], ["message", "add_paper", "withdraw"]),
        ("claim_copyright", ["claimant"], ["message", "add_paper", "withdraw"]),
        ("claim_finance", [], []),
        ("staff", ["staff"], ["message", "add_paper", "return_papers", "accept_papers", "close"]),
        ("auditor", ["auditor"], []),
    ],
)
def test_it_says_what_the_reader_can_do_now(cast: Cast, who: str, seats: list[str], actions: list[str]) -> None:
    case = file_share(cast)
    found = read(cast.everybody()[who], case)
    assert (found["your_seats"], found["your_actions"]) == (seats, actions)
    services.withdraw_case(case=case, note="A mistake.", actor=cast.claim)
    assert read(cast.everybody()[who], case)["your_actions"] == []


def test_the_list_holds_ones_own_cases_and_all_for_the_society(cast: Cast) -> None:
    case = file_share(cast)
    listed = {
        name: [row["ref"] for row in response.json()["results"]] if response.status_code == 200 else None
        for name, user in cast.everybody().items()
        for response in [program(user).get(CASES)]
    }
    assert listed == {name: [case.ref] for name in SEE} | {"stranger": [], "contact": None}


def test_the_list_is_filtered_by_state_as_on_the_page(cast: Cast) -> None:
    filed, disputed = file_share(cast), accept(file_song(cast), cast.staff)
    client = program(cast.staff)
    assert [row["ref"] for row in client.get(CASES).json()["results"]] == [disputed.ref, filed.ref]
    assert [row["ref"] for row in client.get(f"{CASES}?state=disputed").json()["results"]] == [disputed.ref]
    assert error_of(client.get(f"{CASES}?state=lost"), 400)["fields"][0]["field"] == "state"


def test_the_list_comes_in_pages(cast: Cast) -> None:
    cases = [file_share(cast, fraction=Fraction(1, 100)) for _ in range(5)]
    client, url, seen = program(cast.claim), f"{CASES}?limit=2&state=filed", []
    while url:
        body = client.get(url).json()
        assert len(body["results"]) <= 2
        seen += [row["ref"] for row in body["results"]]
        url = body["next"]
    assert seen == [case.ref for case in reversed(cases)]


def test_the_list_asks_the_database_no_more_for_many_cases_than_for_one(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = program(cast.claim)
    accept(file_share(cast), cast.staff)
    client.get(CASES)
    with CaptureQueriesContext(connection) as first:
        client.get(CASES)
    for _again in range(3):
        file_share(cast, fraction=Fraction(1, 100))
    with django_assert_num_queries(len(first)):
        client.get(CASES)


def test_held_money_is_shown_to_those_who_see_it_on_the_page_and_null_to_others(cast: Cast) -> None:
    """Of a share to whoever reads the payments of a side, of a song to the society."""
    society = {"staff", "staff_two", "auditor"}
    expected = {
        accept(file_share(cast), cast.staff): set(SEE) - {"claim_copyright"},
        accept(file_song(cast), cast.staff): society,
    }
    for case, see_it in expected.items():
        for name in SEE:
            user = cast.everybody()[name]
            rows = {row["ref"]: row["held"] for row in program(user).get(CASES).json()["results"]}
            held: list[object] | None = [] if name in see_it else None
            assert (read(user, case)["held"], rows[case.ref]) == (held, held), (name, case.kind)


def test_what_is_held_and_released_is_told_to_the_millionth(cast: Cast) -> None:
    case = accept(file_share(cast), cast.staff)
    distribute_usage(cast, FROM)
    twelfth = {"amount_micros": 20_000 * WON, "currency": "KRW"}
    for user in (cast.haeon, cast.claim_finance, cast.staff, cast.auditor):
        assert (read(user, case)["held"], read(user, case)["released"]) == ([twelfth], [])
        assert program(user).get(CASES).json()["results"][0]["held"] == [twelfth]
    close(case, cast.staff, part=Fraction(1, 24))
    half = {"amount_micros": 10_000 * WON, "currency": "KRW"}
    to_whom = [{"party": "달빛출판", "money": half}, {"party": "도해온", "money": half}]
    for user in (cast.haeon, cast.claim_finance, cast.staff, cast.auditor):
        found = read(user, case)
        assert (found["held"], sorted(found["released"], key=str)) == ([], sorted(to_whom, key=str))
    hidden = read(cast.claim_copyright, case)
    assert (hidden["held"], hidden["released"]) == (None, [])


def test_the_end_of_a_case_is_told(cast: Cast) -> None:
    case = accept(file_share(cast), cast.staff)
    services.close_case(case=case, outcome="agreement", granted=True, note="Their letter.", actor=cast.staff)
    found = read(cast.haeon, case)
    assert (found["state"], found["outcome"], found["granted"]) == ("closed", "agreement", True)
    assert (found["outcome_note"], found["turn"], found["owners_today"]) == ("Their letter.", [], [])
    last = history_of(cast.haeon, case)[-1]
    assert (Fraction(**last["share_before"]), Fraction(**last["share_after"])) == (Fraction(1, 4), Fraction(1, 6))


def test_other_cases_on_the_share_tell_that_it_was_followed(cast: Cast) -> None:
    case, other = accept(file_share(cast), cast.staff), file_share(cast)
    services.close_case(case=case, outcome="court", granted=True, note="Judgment.", actor=cast.staff)
    last = history_of(cast.claim, other)[-1]
    assert (last["share_followed"], last["seat"], last["organisation"]) == (True, "staff", "")
    assert (Fraction(**last["share_before"]), Fraction(**last["share_after"])) == (Fraction(1, 4), Fraction(1, 6))


@pytest.mark.parametrize("who", DO_NOT_SEE)
def test_a_stranger_finds_nothing_and_can_do_nothing(cast: Cast, who: str) -> None:
    case = file_share(cast, reason=CANARY, paper=paper(f"{CANARY}.pdf"))
    client = program(cast.everybody()[who])
    uuid = case.attachments.get().file.uuid
    before = everything_written()
    theirs = [
        client.get(f"{CASES}{case.ref}/"),
        client.get(f"{CASES}{case.ref}/papers/{uuid}/"),
        add_paper(client, case),
    ]
    theirs += [send(client, case, step, body) for step, body in steps(case).items()]
    theirs += [client.get(f"/api/v1/works/{cast.work.ref}/disputable-shares/"), client.post(share_url(cast), {})]
    nobodys = error_of(client.get(f"{CASES}K-NONE/"), 404)
    for response in theirs:
        assert error_of(response, 404) == nobodys
    assert CANARY not in client.get(CASES).content.decode()
    assert everything_written() == before


@pytest.mark.parametrize("who", ["claim_finance", "auditor"])
def test_finance_and_auditors_read_only(cast: Cast, who: str) -> None:
    case = file_share(cast)
    client = program(cast.everybody()[who])
    before = everything_written()
    for step, body in steps(case).items():
        error_of(send(client, case, step, body), 404)
    error_of(add_paper(client, case), 404)
    error_of(client.post(share_url(cast), share_form(cast)), 404)
    error_of(client.post(song_url(cast), song_form(cast)), 404)
    assert everything_written() == before


@pytest.mark.parametrize(
    ("who", "not_theirs"),
    [
        ("haeon", {"return", "accept", "close", "withdraw"}),
        ("claim", {"return", "accept", "close"}),
        ("staff", {"withdraw"}),
    ],
)
def test_the_steps_of_others_are_not_there(cast: Cast, who: str, not_theirs: set[str]) -> None:
    case = file_share(cast)
    client = program(cast.everybody()[who])
    before = everything_written()
    for step in not_theirs:
        error_of(send(client, case, step, steps(case)[step]), 404)
    assert everything_written() == before


def test_a_token_that_may_read_writes_nothing(cast: Cast) -> None:
    case = file_share(cast)
    client = program(cast.claim, Scope.CLAIMS_READ, Scope.WORKS_WRITE)
    before = everything_written()
    assert "claims:write" in error_of(send(client, case, "withdraw", {"note": "No."}), 403)["message"]
    error_of(client.post(share_url(cast), share_form(cast)), 403)
    error_of(add_paper(client, case), 403)
    assert everything_written() == before


def test_papers_and_history_come_in_pages_and_an_answer_never_grows_with_them(cast: Cast) -> None:
    case = file_share(cast)
    client = program(cast.claim)
    sizes = {
        len(send(client, case, "messages", {"text": f"{number} " + "long " * 900}).content) for number in range(10, 15)
    }
    assert len(sizes) == 1
    assert len(client.get(f"{CASES}{case.ref}/history/?limit=2").json()["results"]) == 2
    texts = [event["text"].split()[0] for event in rows_of(client, f"{CASES}{case.ref}/history/?limit=2")]
    assert texts == ["The", "10", "11", "12", "13", "14"]
    for number in range(3):
        add_paper(client, case, paper=paper(f"{number}.pdf"))
    assert [each["file_name"] for each in rows_of(client, f"{CASES}{case.ref}/papers/?limit=1")] == [
        "contract.pdf", "0.pdf", "1.pdf", "2.pdf",
    ]  # fmt: skip


# ── papers ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("who", ["haeon", "claim_finance", "staff", "auditor"])
def test_a_paper_is_handed_out_as_a_download(cast: Cast, who: str) -> None:
    case = file_share(cast, paper=paper("계약서.pdf"))
    (one,) = papers_of(cast.everybody()[who], case)
    response = program(cast.everybody()[who]).get(f"{CASES}{case.ref}/papers/{one['uuid']}/")
    assert response.status_code == 200
    assert b"".join(response.streaming_content) == b"%PDF-1.7 a contract"  # type: ignore[attr-defined]
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"


def test_a_paper_is_not_handed_out_through_another_case(cast: Cast) -> None:
    first, second = file_share(cast), file_song(cast)
    client = program(cast.claim)
    uuid = first.attachments.get().file.uuid
    error_of(client.get(f"{CASES}{second.ref}/papers/{uuid}/"), 404)
    error_of(client.get(f"{CASES}{first.ref}/papers/{uuid4()}/"), 404)
    error_of(client.get(f"{CASES}{first.ref}/papers/no-uuid/"), 404)


def test_the_claimants_paper_puts_the_case_back_before_the_society(cast: Cast) -> None:
    case = services.return_papers(case=file_share(cast), text="Signature.", actor=cast.staff)
    response = add_paper(program(cast.claim), case)
    assert response.status_code == 201
    assert response.json()["state"] == "filed"
    assert [each["file_name"] for each in papers_of(cast.claim, case)] == ["contract.pdf", "signed.pdf"]
    last = history_of(cast.claim, case)[-1]
    assert (last["action"], last["text"], last["paper"]) == ("papers_added", "Signed.", "signed.pdf")


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"paper": SimpleUploadedFile("run.exe", b"MZ")}, 400, "file-kind-not-allowed"),
        ({"paper": SimpleUploadedFile("not.pdf", b"plain words")}, 400, "file-is-not-what-it-says"),
        ({"paper": SimpleUploadedFile("empty.pdf", b"")}, 400, "input-not-valid"),
        ({"paper": "a name of a file"}, 400, "input-not-valid"),
        ({"text": "x" * 5001}, 400, "input-not-valid"),
        ({"text": "a\0b"}, 400, "input-not-valid"),
        ({"on_behalf_of": "DESK"}, 400, "input-not-valid"),
    ],
)
def test_a_paper_that_is_none_is_refused(cast: Cast, changes: dict[str, object], status: int, error: str) -> None:
    case = file_share(cast)
    client = program(cast.claim)
    before = everything_written()
    assert error_of(add_paper(client, case, **changes), status)["error"] == error
    assert everything_written() == before


# ── filing ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_can_be_disputed_is_what_the_page_offers(cast: Cast) -> None:
    case = accept(file_share(cast), cast.staff)
    services.close_case(case=case, outcome="court", granted=True, note="Judgment.", actor=cast.staff)
    body = program(cast.claim, Scope.CLAIMS_READ).get(f"/api/v1/works/{cast.work.ref}/disputable-shares/").json()
    assert body["parties"] == [{"ref": cast.claim_party.ref, "name": "달빛출판"}]
    assert [(row["number"], row["holder"]) for row in body["shares"]] == [(3, "다른 작가"), (4, "도해온")]
    assert body["shares"][1] == {
        "number": 4,
        "holder": "도해온",
        "role": "CA",
        "right": "performing",
        "share": {"numerator": 1, "denominator": 6},
        "from_date": "2026-03-01",
    }
    page = signed_in(cast.claim).get(f"/cases/work/{cast.work.ref}/").content.decode()
    assert {number for number in range(1, 6) if f'href="?share={number}"' in page} == {3, 4}


def test_it_files_a_case_about_a_share(cast: Cast) -> None:
    response = program(cast.claim).post(share_url(cast), share_form(cast))
    case = Case.objects.get()
    assert (response.status_code, response.json()) == (201, read(cast.claim, case))
    assert (case.share, case.fraction, case.from_date) == (cast.share, Fraction(1, 12), FROM)
    assert (case.claimant_party, case.reason) == (cast.claim_party, "The contract says so.")
    assert not Hold.objects.exists()


@pytest.mark.parametrize(
    ("changes", "status", "error", "field"),
    [
        ({"share": "2"}, 404, "no-such-share", None),  # one's own
        ({"share": "9"}, 404, "no-such-share", None),
        ({"share": "0"}, 400, "input-not-valid", "share"),
        ({"share": "x"}, 400, "input-not-valid", "share"),
        ({"share": None}, 400, "input-not-valid", "share"),
        ({"party": "P-NONE"}, 404, "not-among-yours", None),
        ({"numerator": "0"}, 400, "input-not-valid", "numerator"),
        ({"numerator": "-1"}, 400, "input-not-valid", "numerator"),
        ({"denominator": "0"}, 400, "input-not-valid", "denominator"),
        ({"denominator": "1" * 19}, 400, "input-not-valid", "denominator"),
        ({"denominator": "999999999999999989"}, 400, "part-too-fine", None),
        ({"numerator": "4"}, 400, "more-than-share", None),
        ({"from_date": "2026-03-15"}, 400, "mid-month", None),
        ({"from_date": "1899-12-01"}, 400, "before-share", None),
        ({"from_date": "2026-02-30"}, 400, "input-not-valid", "from_date"),
        ({"from_date": "0000-01-01"}, 400, "input-not-valid", "from_date"),
        ({"reason": " \n"}, 400, "input-not-valid", "reason"),
        ({"reason": "a\0b"}, 400, "input-not-valid", "reason"),
        ({"reason": "x" * 5001}, 400, "input-not-valid", "reason"),
        ({"paper": None}, 400, "input-not-valid", "paper"),
        ({"paper": SimpleUploadedFile("run.exe", b"MZ")}, 400, "file-kind-not-allowed", None),
        ({"claimant": "DESK"}, 400, "input-not-valid", "claimant"),
    ],
)
def test_a_filing_that_cannot_stand_is_refused(
    cast: Cast, changes: dict[str, object], status: int, error: str, field: str | None
) -> None:
    client = program(cast.claim)
    before = everything_written()
    body = error_of(client.post(share_url(cast), share_form(cast, **changes)), status)
    assert body["error"] == error
    assert [wrong["field"] for wrong in body["fields"]] == ([] if field is None else [field])
    assert everything_written() == before


def test_a_party_of_somebody_else_is_as_unknown_as_nobodys(cast: Cast) -> None:
    client = program(cast.claim)
    refs = (cast.stranger_party.ref, "P-NONE")
    theirs, nobodys = (error_of(client.post(share_url(cast), share_form(cast, party=ref)), 404) for ref in refs)
    assert theirs["error"] == "not-among-yours"
    assert theirs | {"message": theirs["message"].replace(*refs)} == nobodys
    assert not Case.objects.exists()


def test_who_acts_for_two_does_not_set_one_against_the_other(cast: Cast) -> None:
    """As on the page, which offers no such share."""
    person = delegate_of_haeon(cast)
    let_act_for_claim(cast, person)
    client = program(person)
    assert error_of(client.post(share_url(cast), share_form(cast)), 404)["error"] == "no-such-share"
    assert not Case.objects.exists()


def test_what_open_cases_left_is_said(cast: Cast) -> None:
    file_share(cast, fraction=Fraction(3, 12))
    client = program(cast.claim)
    before = everything_written()
    body = error_of(client.post(share_url(cast), share_form(cast)), 409)
    assert (body["error"], "1/4" in body["message"]) == ("more-than-left", True)
    assert everything_written() == before


def test_works_that_a_song_could_be_are_those_of_the_page(cast: Cast) -> None:
    song = add_song("아리랑", outcome=Match.Outcome.REVIEW, work=cast.work)
    other = Work.objects.create(title="먼 곡")
    add_share(other, cast.claim_party, Fraction(1), role="E")
    client = program(cast.claim, Scope.CLAIMS_READ)
    body = client.get(f"/api/v1/songs/{song.ref}/own-works/").json()
    assert body["song"] == {"ref": song.ref, "title": "아리랑", "artists": "歌手"}
    own = {"ref": cast.claim_party.ref, "name": "달빛출판"}
    assert body["works"] == [{"work": {"ref": cast.work.ref, "title": "아리랑 연가"}, "party": own}]
    body = client.get(f"/api/v1/songs/{song.ref}/own-works/?q={other.ref}").json()
    assert [row["work"]["ref"] for row in body["works"]] == [cast.work.ref, other.ref]


def test_it_files_a_case_about_a_song(cast: Cast) -> None:
    response = program(cast.haeon).post(song_url(cast), song_form(cast))
    case = Case.objects.get()
    assert (response.status_code, response.json()) == (201, read(cast.haeon, case))
    assert (case.recording, case.work, case.claimant_party) == (cast.song, cast.work, cast.haeon_party)


def test_who_acts_for_two_in_a_work_says_for_whom(cast: Cast) -> None:
    person = delegate_of_haeon(cast)
    let_act_for_claim(cast, person)
    form = song_form(cast, party=cast.claim_party.ref)
    assert program(person).post(song_url(cast), form).json()["claimant"] == "달빛출판"


@pytest.mark.parametrize(
    ("changes", "status", "fields"),
    [
        ({"work": "W-NONE"}, 404, []),
        ({"party": "P-NONE"}, 404, []),
        ({"work": None}, 400, ["work"]),
        ({"reason": ""}, 400, ["reason"]),
        ({"paper": None}, 400, ["paper"]),
    ],
)
def test_a_claim_on_a_song_that_cannot_stand_is_refused(
    cast: Cast, changes: dict[str, object], status: int, fields: list[str]
) -> None:
    client = program(cast.claim)
    before = everything_written()
    body = error_of(client.post(song_url(cast), song_form(cast, **changes)), status)
    assert [wrong["field"] for wrong in body["fields"]] == fields
    assert everything_written() == before


def test_a_work_of_somebody_else_is_as_unknown_as_nobodys(cast: Cast) -> None:
    other = Work.objects.create(title="남의 곡")
    add_share(other, cast.stranger_party, Fraction(1), role="E")
    client = program(cast.claim)
    refs = (other.ref, "W-NONE")
    theirs, nobodys = (error_of(client.post(song_url(cast), song_form(cast, work=ref)), 404) for ref in refs)
    assert theirs["error"] == "not-among-yours"
    assert theirs | {"message": theirs["message"].replace(*refs)} == nobodys


def test_a_song_with_an_owner_cannot_be_claimed(cast: Cast) -> None:
    song = add_song("아리랑", outcome=Match.Outcome.ACCEPTED, work=cast.work)
    client = program(cast.claim)
    error_of(client.get(f"/api/v1/songs/{song.ref}/own-works/"), 404)
    error_of(client.post(f"/api/v1/songs/{song.ref}/cases/", song_form(cast)), 404)
    assert not Case.objects.exists()


def test_a_second_claim_on_a_song_is_told_of_the_first(cast: Cast) -> None:
    case = file_song(cast)
    client = program(cast.claim)
    before = everything_written()
    body = error_of(client.post(song_url(cast), song_form(cast)), 409)
    assert (body["error"], case.ref in body["message"]) == ("song-already-claimed", True)
    assert everything_written() == before


# ── steps ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_whole_case_goes_through_programs(cast: Cast) -> None:
    staff, claim, haeon = (program(user) for user in (cast.staff, cast.claim, cast.haeon))
    case = Case.objects.get(ref=claim.post(share_url(cast), share_form(cast)).json()["ref"])
    took = [
        send(staff, case, "return", {"text": "The signature is missing."}),
        add_paper(claim, case),
        send(staff, case, "accept", {"checks": CHECKS}),
        send(haeon, case, "messages", {"text": "We agree on half of it."}),
        send(
            staff,
            case,
            "close",
            {
                "outcome": "agreement",
                "granted": True,
                "part": {"numerator": 1, "denominator": 24},
                "note": "Their letter.",
            },
        ),
    ]
    assert [(step.status_code, step.json()["state"]) for step in took] == [
        (200, "papers_missing"),
        (201, "filed"),
        (200, "disputed"),
        (201, "disputed"),
        (200, "closed"),
    ]
    assert [event["action"] for event in history_of(cast.haeon, case)] == [
        "filed",
        "papers_returned",
        "papers_added",
        "papers_accepted",
        "message",
        "closed",
    ]
    assert Hold.objects.get().state == Hold.State.RELEASED
    standing = cast.work.shares.in_force(FROM).filter(role="CA").order_by("pk")
    assert [(share.party, share.fraction) for share in standing] == [
        (cast.haeon_party, Fraction(5, 24)),
        (cast.claim_party, Fraction(1, 24)),
    ]


def test_the_claimant_withdraws(cast: Cast) -> None:
    case = file_share(cast)
    body = send(program(cast.claim_copyright), case, "withdraw", {"note": "A mistake."}).json()
    assert (body["state"], body["outcome"], body["granted"]) == ("closed", "withdrawal", False)


@pytest.mark.parametrize(
    ("step", "body", "field"),
    [
        ("messages", {}, "text"),
        ("messages", {"text": " "}, "text"),
        ("messages", {"text": 5}, "text"),
        ("messages", {"text": "a\0b"}, "text"),
        ("messages", {"text": "Hello.", "seat": "staff"}, "seat"),
        ("return", {"text": "x" * 5001}, "text"),
        ("accept", {"checks": "dates"}, "checks"),
        ("accept", {"checks": ["dates", "money"]}, "checks.1"),
        ("accept", {"checks": ["dates", ["works"]]}, "checks.1"),
        ("close", {"outcome": "luck", "granted": False, "note": "x"}, "outcome"),
        ("close", {"outcome": "withdrawal", "granted": "no", "note": "x"}, "granted"),
        ("close", {"outcome": "withdrawal", "granted": None, "note": "x"}, "granted"),
        ("close", {"outcome": "withdrawal", "granted": False}, "note"),
        ("close", {"outcome": "withdrawal", "granted": False, "note": "x", "part": "1/12"}, "part"),
        (
            "close",
            {"outcome": "withdrawal", "granted": False, "note": "x", "part": {"numerator": 1}},
            "part.denominator",
        ),
        (
            "close",
            {"outcome": "withdrawal", "granted": False, "note": "x", "part": {"numerator": 2, "denominator": 1}},
            "part",
        ),
    ],
)
def test_input_that_cannot_be_read_is_refused_by_its_field(
    cast: Cast, step: str, body: dict[str, object], field: str
) -> None:
    case = file_share(cast)
    client = program(cast.staff)
    before = everything_written()
    answer = error_of(send(client, case, step, body), 400)
    assert [wrong["field"] for wrong in answer["fields"]] == [field]
    assert everything_written() == before


@pytest.mark.parametrize(
    ("step", "body", "status", "error"),
    [
        ("accept", {"checks": ["dates", "works"]}, 400, "checks-missing"),
        ("accept", {"checks": []}, 400, "checks-missing"),
        ("close", {"outcome": "court", "granted": True, "note": "Judgment."}, 409, "outcome-not-now"),
        ("close", {"outcome": "withdrawal", "granted": True, "note": "x"}, 400, "withdrawn-and-granted"),
        (
            "close",
            {"outcome": "withdrawal", "granted": False, "note": "x", "part": {"numerator": 1, "denominator": 24}},
            400,
            "part-without-agreement",
        ),
    ],
)
def test_a_step_that_cannot_stand_is_refused(
    cast: Cast, step: str, body: dict[str, object], status: int, error: str
) -> None:
    case = file_share(cast)
    client = program(cast.staff)
    before = everything_written()
    assert error_of(send(client, case, step, body), status)["error"] == error
    assert everything_written() == before


@pytest.mark.parametrize(
    ("part", "error"),
    [((1, 6), "part-out-of-range"), ((0, 1), "part-out-of-range"), ((1, 999999999999999989), "part-too-fine")],
)
def test_an_agreed_part_that_cannot_be_is_refused(cast: Cast, part: tuple[int, int], error: str) -> None:
    case = accept(file_share(cast), cast.staff)
    client = program(cast.staff)
    before = everything_written()
    numerator, denominator = part
    body: dict[str, object] = {"outcome": "agreement", "granted": True, "note": "Their letter."}
    body |= {"part": {"numerator": numerator, "denominator": denominator}}
    assert error_of(send(client, case, "close", body), 400)["error"] == error
    assert everything_written() == before


def test_a_song_is_given_as_a_whole(cast: Cast) -> None:
    case = accept(file_song(cast), cast.staff)
    client = program(cast.staff)
    before = everything_written()
    body: dict[str, object] = {"outcome": "agreement", "granted": True, "note": "x"}
    body |= {"part": {"numerator": 1, "denominator": 2}}
    assert error_of(send(client, case, "close", body), 400)["error"] == "part-of-song"
    assert everything_written() == before


def test_the_second_of_two_staff_is_told_what_changed(cast: Cast) -> None:
    case = accept(file_share(cast), cast.staff)
    services.close_case(case=case, outcome="court", granted=False, note="Judgment.", actor=cast.staff)
    client = program(cast.staff_two)
    before = everything_written()
    for step in ("messages", "return", "accept", "close"):
        body = error_of(send(client, case, step, steps(case)[step]), 409)
        assert (body["error"], "staff did this" in body["message"]) == ("case-moved-on", True)
    assert error_of(add_paper(client, case), 409)["error"] == "case-moved-on"
    assert everything_written() == before


# ── once ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_filing_sent_again_is_one_case(cast: Cast) -> None:
    client = program(cast.claim)
    first, again = (client.post(share_url(cast), share_form(cast), headers=KEY) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Case.objects.count() == 1
    assert error_of(client.post(share_url(cast), share_form(cast, reason="Other."), headers=KEY), 422)


def test_a_step_sent_again_is_one_step(cast: Cast) -> None:
    case = file_share(cast)
    client = program(cast.staff)
    first, again = (send(client, case, "accept", {"checks": CHECKS}, headers=KEY) for _ in range(2))
    assert first.json() == again.json()
    assert error_of(send(client, case, "accept", {"checks": CHECKS}), 409)["error"] == "case-moved-on"
    assert case.events.filter(action=CaseEvent.Action.PAPERS_ACCEPTED).count() == 1


def test_after_a_refusal_the_key_can_be_used_with_better_input(cast: Cast) -> None:
    client = program(cast.claim)
    error_of(client.post(share_url(cast), share_form(cast, numerator="4"), headers=KEY), 400)
    assert client.post(share_url(cast), share_form(cast), headers=KEY).status_code == 201


# ── delegates ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_delegate_does_carries_both_names(cast: Cast) -> None:
    person = delegate_of_haeon(cast)
    case = file_share(cast)
    client = program(person)
    body = add_paper(client, case).json()
    paper_of_hers = papers_of(cast.claim, case)[-1]
    assert (paper_of_hers["added_by"], paper_of_hers["on_behalf_of"]) == ("Delegate", "도해온")
    last = history_of(cast.claim, case)[-1]
    assert (last["by"], last["on_behalf_of"], last["organisation"], last["seat"]) == (
        "Delegate",
        "도해온",
        "",
        "holder",
    )
    assert body["your_seats"] == ["holder"]
    assert client.post(song_url(cast), song_form(cast)).json()["claimant"] == "도해온"


def test_a_delegate_whose_day_has_passed_finds_nothing(cast: Cast) -> None:
    person = delegate_of_haeon(cast)
    case = file_share(cast)
    client = program(person)
    assert client.get(f"{CASES}{case.ref}/").status_code == 200
    Membership.objects.filter(user=person).update(until_date=timezone.localdate())
    before = everything_written()
    error_of(client.get(f"{CASES}{case.ref}/"), 404)
    error_of(send(client, case, "messages", {"text": "Hello."}), 404)
    assert everything_written() == before


def test_an_answer_is_not_given_again_to_who_may_no_longer_see_what_it_shows(cast: Cast) -> None:
    """The role is still there, at another desk: the case is not."""
    delegate = delegate_of_haeon(cast)
    appoint_delegate(
        desk=new_desk(), email=delegate.email, last_date=timezone.localdate(), mandate="Paper", actor=cast.staff
    )
    case = file_share(cast)
    client = program(delegate)
    first = send(client, case, "messages", {"text": "Hello."}, headers=KEY)
    assert first.status_code == 201, first.content
    assert send(client, case, "messages", {"text": "Hello."}, headers=KEY).json() == first.json()
    Membership.objects.filter(user=delegate, organisation=cast.haeon_party.organisation).update(
        until_date=timezone.localdate()
    )
    assert error_of(send(client, case, "messages", {"text": "Hello."}, headers=KEY), 404)["error"] == "not-found"


def new_desk() -> Organisation:
    return Organisation.objects.create(ref="DESK-2", kind=Organisation.Kind.DESK, name="Another desk")
