"""A dispute through the money: only the disputed part is held, and it goes to whom the ending says."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from django.db.models import Sum
from django.utils import translation

from claims import services
from claims.models import Case
from claims.querysets import held_micros, released_micros
from portal.accounts.models import User
from royalties.checks import check_ledger
from royalties.distribution import RunResult, distribute
from royalties.ledger import account, balance
from royalties.models import LedgerAccount, Match, Statement
from royalties.services import AlreadyDistributed, decide_match
from tests.claims.conftest import Cast, accept, add_share, everything_written, file_share, file_song
from tests.claims.test_visibility import signed_in
from tests.royalties.build import (
    UNMATCHED,
    WON,
    YUAN,
    Line,
    check_now,
    deduction,
    matched,
    money,
    one_right,
    report,
    tme,
)
from works.models import Party

FEBRUARY, MARCH, APRIL = (dt.date(2026, month, 1) for month in (2, 3, 4))
PERIOD = dt.date(2026, 6, 1)


def distribute_usage(cast: Cast, month: dt.date, *, yuan: int = 1200) -> RunResult:
    """A month of usage of the work, ¥1,200 at 200 won: ₩240,000, so that a twelfth is ₩20,000."""
    one_right(tme())
    report([Line("song", yuan * YUAN, month=month)], {"song": matched(cast.work)}, period=month)
    money(yuan * YUAN, period=month)
    return distribute(period=PERIOD, actor=cast.staff)


def paid(party: Party) -> int:
    """Won, gross, on all statements of a party."""
    sums = Statement.objects.filter(party=party).aggregate(micros=Sum("gross_micros"))
    return int(sums["micros"] or 0) // WON


def held(case: Case) -> int:
    return held_micros([case.ref]).get(case.ref, {}).get("KRW", 0) // WON


def nothing_differs() -> bool:
    check_now()
    result = check_ledger()
    assert result.differences == ()
    return result.ok


def close(case: Case, actor: User, **changes: object) -> Case:
    given = {"outcome": "agreement", "granted": True, "note": "Letter.", "actor": actor, "period": PERIOD}
    return services.close_case(case=case, **{**given, **changes})  # type: ignore[arg-type]


def test_it_holds_the_disputed_twelfth_pays_the_rest_and_releases_it_to_the_claimant(cast: Cast) -> None:
    case = file_share(cast)
    distribute_usage(cast, FEBRUARY)
    assert (paid(cast.haeon_party), paid(cast.claim_party), paid(cast.other_party)) == (60_000, 80_000, 100_000)
    case = accept(case, cast.staff)
    run = distribute_usage(cast, MARCH)
    assert run.held["KRW"] == 20_000 * WON
    assert (paid(cast.haeon_party), paid(cast.claim_party), paid(cast.other_party)) == (100_000, 160_000, 200_000)
    assert held(case) == 20_000
    assert "₩20,000" in signed_in(cast.haeon).get(f"/cases/{case.ref}/").content.decode()
    assert "₩20,000" in signed_in(cast.haeon).get("/cases/").content.decode()
    assert "₩20,000" not in signed_in(cast.claim_copyright).get("/cases/").content.decode()
    assert nothing_differs()

    case = close(case, cast.staff)
    assert held(case) == 0
    assert "달빛출판: ₩20,000" in signed_in(cast.haeon).get(f"/cases/{case.ref}/").content.decode()
    assert (paid(cast.haeon_party), paid(cast.claim_party), paid(cast.other_party)) == (100_000, 180_000, 200_000)
    assert nothing_differs()

    distribute_usage(cast, APRIL)
    assert (paid(cast.haeon_party), paid(cast.claim_party), paid(cast.other_party)) == (140_000, 280_000, 300_000)
    assert nothing_differs()


def test_it_holds_nothing_of_a_case_whose_papers_are_not_accepted(cast: Cast) -> None:
    file_share(cast)
    assert distribute_usage(cast, MARCH).held.get("KRW", 0) == 0
    assert paid(cast.haeon_party) == 60_000


@pytest.mark.parametrize(
    ("changes", "to_haeon", "to_claim"),
    [
        ({"granted": False, "outcome": "court"}, 20_000, 0),
        ({"granted": False, "outcome": "withdrawal"}, 20_000, 0),
        ({"granted": True, "outcome": "silence"}, 0, 20_000),
        ({"part": Fraction(1, 24)}, 10_000, 10_000),
        ({"part": Fraction(1, 48)}, 15_000, 5_000),
    ],
)
def test_it_releases_what_was_held_as_the_ending_says(
    cast: Cast, changes: dict[str, object], to_haeon: int, to_claim: int
) -> None:
    case = accept(file_share(cast), cast.staff)
    distribute_usage(cast, MARCH)
    before = (paid(cast.haeon_party), paid(cast.claim_party))
    close(case, cast.staff, **changes)
    assert (paid(cast.haeon_party) - before[0], paid(cast.claim_party) - before[1]) == (to_haeon, to_claim)
    assert nothing_differs()


def test_it_deducts_from_released_money_as_from_any_other(cast: Cast) -> None:
    deduction("commission", Fraction(9, 100))
    case = accept(file_share(cast), cast.staff)
    distribute_usage(cast, MARCH)
    close(case, cast.staff)
    statement = Statement.objects.get(hold__case_ref=case.ref)
    assert (statement.party, statement.gross_micros, statement.deducted_micros) == (
        cast.claim_party,
        20_000 * WON,
        1_800 * WON,
    )
    assert nothing_differs()


def test_it_gives_back_to_the_holder_when_the_claimant_withdraws(cast: Cast) -> None:
    case = accept(file_share(cast), cast.staff)
    distribute_usage(cast, MARCH)
    services.withdraw_case(case=case, note="A mistake.", actor=cast.claim, period=PERIOD)
    assert paid(cast.haeon_party) == 60_000
    assert nothing_differs()


def test_it_keeps_holding_what_another_case_disputes_after_the_first_is_granted(cast: Cast) -> None:
    first = accept(file_share(cast), cast.staff)
    second = accept(file_share(cast, fraction=Fraction(2, 12)), cast.staff)
    distribute_usage(cast, MARCH)
    assert (held(first), held(second), paid(cast.haeon_party)) == (20_000, 40_000, 0)
    close(first, cast.staff)
    distribute_usage(cast, APRIL)
    assert (held(first), held(second), paid(cast.haeon_party)) == (0, 80_000, 0)
    close(second, cast.staff, granted=False)
    assert (held(second), paid(cast.haeon_party)) == (0, 80_000)
    assert nothing_differs()


def test_it_distributes_a_song_to_the_claimants_work_once_it_is_granted(cast: Cast) -> None:
    one_right(tme())
    made = report([Line("lost", 1200 * YUAN, month=MARCH)], {"lost": UNMATCHED}, period=MARCH)
    money(1200 * YUAN, period=MARCH)
    song = made.song_usages.get().recording
    case = accept(file_song(cast, recording=song), cast.staff)
    distribute(period=PERIOD, actor=cast.staff)
    assert (held(case), paid(cast.claim_party)) == (0, 0)
    close(case, cast.staff, outcome="silence")
    distribute(period=PERIOD, actor=cast.staff)
    assert (paid(cast.claim_party), paid(cast.haeon_party)) == (80_000, 60_000)
    assert nothing_differs()


def test_it_holds_a_song_that_is_matched_while_the_case_is_open_and_gives_it_to_its_owners(cast: Cast) -> None:
    one_right(tme())
    made = report([Line("lost", 1200 * YUAN, month=MARCH)], {"lost": UNMATCHED}, period=MARCH)
    money(1200 * YUAN, period=MARCH)
    song = made.song_usages.get().recording
    case = accept(file_song(cast, recording=song), cast.staff)
    decide_match(recording=song, works=[(cast.work, Fraction(1))], actor=cast.staff, reason="Heard it.")
    distribute(period=PERIOD, actor=cast.staff)
    assert (held(case), paid(cast.claim_party)) == (240_000, 0)
    close(case, cast.staff)
    assert (paid(cast.haeon_party), paid(cast.claim_party), paid(cast.other_party)) == (60_000, 80_000, 100_000)
    assert nothing_differs()


def test_it_never_gives_money_of_a_song_that_is_another_work_to_the_claimant(cast: Cast) -> None:
    one_right(tme())
    made = report([Line("lost", 1200 * YUAN, month=MARCH)], {"lost": UNMATCHED}, period=MARCH)
    money(1200 * YUAN, period=MARCH)
    song = made.song_usages.get().recording
    case = accept(file_song(cast, recording=song), cast.staff)
    other = type(cast.work).objects.create(title="다른 곡")
    decide_match(recording=song, works=[(other, Fraction(1))], actor=cast.staff, reason="Heard it.")
    distribute(period=PERIOD, actor=cast.staff)
    before = everything_written()
    with pytest.raises(AlreadyDistributed):
        close(case, cast.staff)
    assert everything_written() == before
    close(case, cast.staff, granted=False)
    assert Match.objects.get(recording=song, superseded_at=None).works.get().work == other
    assert (held(case), paid(cast.claim_party)) == (0, 0)
    assert nothing_differs()


def test_it_closes_the_case_of_a_song_whose_work_is_registered_only_in_part(cast: Cast) -> None:
    """Matched while the case was open: the owners get theirs, and what nobody has registered rests in suspense."""
    one_right(tme())
    made = report([Line("lost", 1200 * YUAN, month=MARCH)], {"lost": UNMATCHED}, period=MARCH)
    money(1200 * YUAN, period=MARCH)
    song = made.song_usages.get().recording
    case = accept(file_song(cast, recording=song), cast.staff)
    other = type(cast.work).objects.create(title="다른 곡")
    add_share(other, cast.stranger_party, Fraction(7, 12), role="CA")
    decide_match(recording=song, works=[(other, Fraction(1))], actor=cast.staff, reason="Heard it.")
    distribute(period=PERIOD, actor=cast.staff)
    assert held(case) == 240_000
    close(case, cast.staff, granted=False)
    suspense = account(kind=LedgerAccount.Kind.SUSPENSE, currency="KRW")
    assert (held(case), paid(cast.stranger_party), balance(suspense)) == (0, 140_000, 100_000 * YUAN)
    with translation.override("en"):
        assert released_micros(Case.objects.get(pk=case.pk)) == [
            ("in suspense", 100_000 * YUAN),
            ("낯선출판", 140_000 * YUAN),
        ]
    assert nothing_differs()
