"""Disputed money waits, alone, and is released once."""

from __future__ import annotations

import datetime as dt
import threading
from fractions import Fraction

import pytest
from django.db import connections

from royalties.checks import check_ledger
from royalties.distribution import distribute
from royalties.holds import AlreadyHeld, AlreadyReleased, HoldTooLarge, PartsDoNotMakeWhole, open_hold, release_hold
from royalties.ledger import PayeesBusy, account, balance
from royalties.models import Earning, Hold, LedgerAccount, LedgerTransaction, Statement
from tests.conftest import Database
from tests.royalties.build import (
    DISTRIBUTION_MONTH,
    JASRAC,
    MONTH,
    WON,
    YUAN,
    Line,
    check_now,
    deduction,
    matched,
    money,
    one_right,
    party,
    report,
    share_of,
    staff,
    tme,
    work,
)
from works.models import Party

APRIL = dt.date(2026, 4, 1)
HALF = Fraction(1, 2)


def resting(kind: LedgerAccount.Kind, owner_key: str) -> int:
    return balance(account(kind=kind, currency="KRW", owner_key=owner_key))


def paid(to: Party) -> int:
    return resting(LedgerAccount.Kind.PAYEE, f"party:{to.pk}")


@pytest.fixture
def disputed(db: None) -> tuple[Party, Party, Hold]:
    return dispute()


def dispute() -> tuple[Party, Party, Hold]:
    """Kim and Lee own half each; half of Kim's share (1/4 of the work) is held; ¥100 at 200 won are distributed."""
    one_right(tme())
    kim, lee = party("kim"), party("lee")
    song = work("song", {kim: HALF, lee: HALF})
    report([Line("1", 100 * YUAN)], {"1": matched(song)})
    money(100 * YUAN)
    hold = open_hold(case_ref="K-1", share=share_of(song, kim), fraction=Fraction(1, 4), from_date=MONTH)
    distribute(period=DISTRIBUTION_MONTH)
    return kim, lee, hold


def test_only_the_disputed_part_is_held(disputed: tuple[Party, Party, Hold]) -> None:
    kim, lee, hold = disputed
    check_now()
    assert (paid(kim), paid(lee)) == (5_000 * WON, 10_000 * WON)
    assert resting(LedgerAccount.Kind.HOLD, f"hold:{hold.pk}") == 5_000 * WON
    assert Earning.objects.get(state=Earning.State.HELD).hold == hold
    assert check_ledger().ok


def test_release_pays_exactly_what_was_held_with_deductions(disputed: tuple[Party, Party, Hold]) -> None:
    kim, lee, hold = disputed
    deduction("commission", Fraction(1, 10))
    parts = [(kim, Fraction(1, 3)), (lee, Fraction(2, 3))]
    statements = release_hold(hold=hold, parts=parts, period=APRIL, actor=staff(), outcome="agreement")
    check_now()
    grosses = {statement.party_id: statement.gross_micros for statement in statements}
    assert grosses == {kim.pk: 1_666_666_667, lee.pk: 3_333_333_333}
    assert resting(LedgerAccount.Kind.HOLD, f"hold:{hold.pk}") == 0
    by_party = {statement.party_id: statement for statement in statements}
    assert by_party[kim.pk].deducted_micros == 166_666_666  # rounded down: the fraction of a micro stays with her
    assert paid(kim) == 5_000 * WON + 1_500_000_001
    assert (by_party[kim.pk].payable_micros, by_party[kim.pk].carried_micros) == (1_500 * WON, 1)
    assert hold.state == Hold.State.RELEASED
    assert hold.decision["outcome"] == "agreement"
    assert hold.decision["won_micros"] == "5000000000"
    assert Earning.objects.filter(state=Earning.State.HELD).count() == 1  # as it was written
    assert check_ledger().differences == ()


def test_a_second_release_is_refused_and_pays_nothing(disputed: tuple[Party, Party, Hold]) -> None:
    kim, lee, hold = disputed
    release_hold(hold=hold, parts=[(kim, Fraction(1))], period=APRIL, actor=None, outcome="withdrawal")
    before = LedgerTransaction.objects.count()
    with pytest.raises(AlreadyReleased) as raised:
        release_hold(hold=hold, parts=[(lee, Fraction(1))], period=APRIL, actor=None, outcome="court")
    assert raised.value.status == 409
    assert LedgerTransaction.objects.count() == before
    assert paid(kim) == 10_000 * WON


@pytest.mark.parametrize("part", [HALF, Fraction(2)])
def test_parts_must_make_the_whole(disputed: tuple[Party, Party, Hold], part: Fraction) -> None:
    kim, _, hold = disputed
    with pytest.raises(PartsDoNotMakeWhole):
        release_hold(hold=hold, parts=[(kim, part)], period=APRIL, actor=None, outcome="court")
    hold.refresh_from_db()
    assert hold.state == Hold.State.OPEN
    assert resting(LedgerAccount.Kind.HOLD, f"hold:{hold.pk}") == 5_000 * WON


def test_what_goes_to_another_societys_member_becomes_not_ours(disputed: tuple[Party, Party, Hold]) -> None:
    kim, _, hold = disputed
    sato, unknown = party("sato", JASRAC), party("unknown", None)
    parts = [(sato, HALF), (unknown, Fraction(1, 4)), (kim, Fraction(1, 4))]
    statements = release_hold(hold=hold, parts=parts, period=APRIL, actor=None, outcome="court")
    assert [statement.party_id for statement in statements] == [kim.pk]
    assert resting(LedgerAccount.Kind.NOT_OURS, f"society:{JASRAC}") == 2_500 * WON
    assert resting(LedgerAccount.Kind.SUSPENSE, "-") == 1_250 * WON
    assert check_ledger().differences == ()


@pytest.mark.django_db
def test_a_hold_without_money_is_released_without_a_statement() -> None:
    kim = party("kim")
    song = work("song", {kim: Fraction(1)})
    hold = open_hold(case_ref="K-1", share=share_of(song, kim), fraction=Fraction(1), from_date=MONTH)
    assert release_hold(hold=hold, parts=[(kim, Fraction(1))], period=APRIL, actor=None, outcome="silence") == []
    assert hold.state == Hold.State.RELEASED
    assert not Statement.objects.exists()
    assert check_ledger().ok


@pytest.mark.django_db
def test_opening_the_same_hold_again_changes_nothing() -> None:
    kim = party("kim")
    share = share_of(work("song", {kim: HALF}), kim)
    first = open_hold(case_ref="K-1", share=share, fraction=HALF, from_date=MONTH)
    assert open_hold(case_ref="K-1", share=share, fraction=HALF, from_date=MONTH).pk == first.pk
    with pytest.raises(AlreadyHeld):
        open_hold(case_ref="K-1", share=share, fraction=Fraction(1, 4), from_date=MONTH)
    with pytest.raises(HoldTooLarge):
        open_hold(case_ref="K-2", share=share, fraction=Fraction(2, 3), from_date=MONTH)
    assert Hold.objects.count() == 1


@pytest.mark.django_db
def test_two_cases_on_one_share_never_hold_more_than_the_share() -> None:
    one_right(tme())
    kim, lee = party("kim"), party("lee")
    song = work("song", {kim: HALF, lee: HALF})
    for case in ("K-1", "K-2"):
        open_hold(case_ref=case, share=share_of(song, kim), fraction=Fraction(1, 3), from_date=MONTH)
    report([Line("1", 60 * YUAN)], {"1": matched(song)})
    money(60 * YUAN, "100")
    result = distribute(period=DISTRIBUTION_MONTH)
    assert result.held == {"CNY": 30 * YUAN, "KRW": 3_000 * WON}
    assert [e.won_micros for e in Earning.objects.filter(state="held").order_by("hold_id")] == [
        2_000 * WON,
        1_000 * WON,
    ]
    assert paid(lee) == 3_000 * WON


@pytest.mark.django_db
def test_a_song_on_hold_keeps_everything_but_what_is_not_ours() -> None:
    one_right(tme())
    kim, sato, unknown = party("kim"), party("sato", JASRAC), party("unknown", None)
    quarter = Fraction(1, 4)
    song = work("song", {kim: HALF, sato: quarter, unknown: quarter})
    made = report([Line("1", 60 * YUAN), Line("2", 60 * YUAN)], {"1": matched(song), "2": matched(song)})
    money(120 * YUAN, "100")
    recording = made.song_usages.get(recording__song_id="1").recording
    hold = open_hold(case_ref="K-1", recording=recording, from_date=MONTH)
    result = distribute(period=DISTRIBUTION_MONTH)
    assert result.held == {"CNY": 45 * YUAN, "KRW": 4_500 * WON}
    assert result.not_ours == {"CNY": 30 * YUAN, "KRW": 3_000 * WON}
    assert paid(kim) == 3_000 * WON
    release_hold(hold=hold, parts=[(kim, Fraction(1))], period=APRIL, actor=None, outcome="withdrawal")
    assert paid(kim) == 7_500 * WON
    assert check_ledger().differences == ()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("begins", "held"),
    [(MONTH, 2), (dt.date(2026, 1, 15), 2), (dt.date(2026, 2, 1), 1), (dt.date(2026, 3, 1), 0)],
)
def test_usage_is_held_from_the_month_of_the_first_day_on(begins: dt.date, held: int) -> None:
    one_right(tme())
    kim = party("kim")
    song = work("song", {kim: Fraction(1)})
    report([Line("1", YUAN), Line("1", YUAN, month=dt.date(2026, 2, 1))], {"1": matched(song)})
    money(2 * YUAN)
    open_hold(case_ref="K-1", share=share_of(song, kim), fraction=Fraction(1), from_date=begins)
    distribute(period=DISTRIBUTION_MONTH)
    assert Earning.objects.filter(state=Earning.State.HELD).count() == held


def test_of_two_releases_at_once_one_wins(fresh_database: Database) -> None:
    kim, lee, hold = dispute()
    start = threading.Barrier(2)
    outcomes: list[object] = []

    def release(to: Party) -> None:
        start.wait(timeout=30)
        try:
            outcomes.append(
                release_hold(hold=hold, parts=[(to, Fraction(1))], period=APRIL, actor=None, outcome="court")
            )
        except (AlreadyReleased, PayeesBusy) as error:
            outcomes.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=release, args=[to]) for to in (kim, lee)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(isinstance(outcome, list) for outcome in outcomes) == [False, True]
    assert paid(kim) + paid(lee) == 20_000 * WON
    assert resting(LedgerAccount.Kind.HOLD, f"hold:{hold.pk}") == 0
    assert Statement.objects.filter(hold=hold).count() == 1
    assert check_ledger().ok
