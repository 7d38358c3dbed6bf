"""A further file of a month, and files that are withdrawn: nobody gets more or less than the files that stand say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from fractions import Fraction

import pytest

from portal.accounts.models import User
from royalties.checks import check_ledger
from royalties.distribution import RunResult, distribute
from royalties.holds import open_hold, release_hold
from royalties.ledger import account, balance
from royalties.models import Earning, LedgerAccount, Pool, Report, ReportDecision, Statement
from royalties.money_in import accept_difference
from royalties.services import NoReason
from royalties.standing import (
    AlreadyWithdrawn,
    NoEarlierReport,
    NotAnEarlierReport,
    NotASecondFile,
    NothingToWithdraw,
    StaysACorrection,
    at_stake,
    settle_second_file,
    withdraw_report,
)
from tests.royalties.build import (
    DISTRIBUTION_MONTH,
    JASRAC,
    MONTH,
    UNMATCHED,
    WON,
    YUAN,
    Line,
    Reported,
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
from works.models import Party, Work

NEXT = dt.date(2026, 4, 1)
WHY = "the service said so"
HALF = Fraction(1, 2)


def further(
    lines: Sequence[Line],
    songs: Mapping[str, Reported],
    *,
    choice: str,
    earlier: Sequence[Report] = (),
    rejected: Sequence[int] = (),
) -> Report:
    """A further file of the month, as staff settle it. A correction has been read as one already."""
    made = report(lines, songs, rejected=rejected)
    made.state, made.held_reason = Report.State.HELD, Report.HeldReason.SECOND_FILE
    if choice == "correction":
        made.kind = Report.Kind.CORRECTION
    made.save()
    return settle_second_file(report=made, choice=choice, actor=staff(), reason=WHY, earlier=earlier)


def withdraw(what: Report) -> Report:
    return withdraw_report(report=what, actor=staff(), reason=WHY)


def run(period: dt.date = NEXT) -> RunResult:
    result = distribute(period=period)
    require_all_holds()
    return result


def require_all_holds() -> None:
    check_now()
    assert check_ledger().differences == ()


def on(kind: LedgerAccount.Kind, owner_key: str = "-") -> int:
    return balance(account(kind=kind, currency="KRW", owner_key=owner_key))


def paid(to: Party) -> int:
    return on(LedgerAccount.Kind.PAYEE, f"party:{to.pk}")


def rests(pool: Pool) -> int:
    return on(LedgerAccount.Kind.POOL, f"pool:{pool.pk}")


def difference_of(pool: Pool) -> int:
    """What was received less what is reported."""
    return int(pool.source_micros - pool.reported_micros)


def state_of(what: Pool | Report) -> str:
    what.refresh_from_db()
    return str(what.state)


def two_songs() -> tuple[Party, Party, dict[str, Reported]]:
    """Kim's song and Lee's, all of it theirs."""
    one_right(tme())
    kim, lee = party("kim"), party("lee")
    songs = {"1": matched(work("one", {kim: Fraction(1)})), "2": matched(work("two", {lee: Fraction(1)}))}
    return kim, lee, songs


# ── withdrawal ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_a_report_withdrawn_before_it_was_distributed_gives_its_money_back_at_once() -> None:
    kim, lee, songs = two_songs()
    first = report([Line("1", 60 * YUAN), Line("2", 40 * YUAN)], songs)
    pool = money(100 * YUAN, "100")
    assert state_of(pool) == "released"
    withdraw(first)
    assert (state_of(first), first.held_reason, state_of(pool)) == ("held", "withdrawn", "waiting")
    assert run().state == "nothing_new"
    assert (paid(kim), paid(lee), rests(pool)) == (0, 0, 10_000 * WON)
    said = ReportDecision.objects.get(report=first)
    assert (said.choice, said.actor, said.reason) == ("withdrawal", staff(), WHY)


@pytest.mark.django_db
def test_what_a_withdrawn_report_had_earned_is_reversed_once_and_nothing_is_deleted() -> None:
    kim, lee, songs = two_songs()
    first = report([Line("1", 60 * YUAN), Line("2", 40 * YUAN)], songs)
    pool = money(100 * YUAN, "100.0005")
    run(DISTRIBUTION_MONTH)
    before = list(Earning.objects.order_by("pk").values())
    withdraw(first)
    assert state_of(pool) == "waiting"
    require_all_holds()
    result = run()
    assert result.gross == {"CNY": -100 * YUAN, "KRW": -10_000_050_000}
    assert list(Earning.objects.filter(reverses=None).order_by("pk").values()) == before
    reversed_ = Earning.objects.filter(reverses__isnull=False)
    assert sorted(e.won_micros for e in reversed_) == [-6_000_030_000, -4_000_020_000]
    assert (paid(kim), paid(lee), rests(pool)) == (0, 0, pool.won_micros)
    assert [s.payable_micros for s in Statement.objects.filter(run=result.run)] == [0, 0]
    assert run().state == "nothing_new"


@pytest.mark.django_db
def test_only_the_withdrawn_one_of_two_reports_is_taken_back_and_the_pool_shows_what_is_missing() -> None:
    kim, lee, songs = two_songs()
    first = report([Line("1", 60 * YUAN)], songs)
    second = report([Line("2", 40 * YUAN)], songs)
    pool = money(100 * YUAN, "100")
    run(DISTRIBUTION_MONTH)
    withdraw(second)
    assert (state_of(pool), difference_of(pool)) == ("held", 40 * YUAN)
    run()
    assert (paid(kim), paid(lee), rests(pool)) == (6_000 * WON, 0, 4_000 * WON)
    accept_difference(pool=pool, actor=staff(), reason="the service gave more for the others")
    run()
    assert (paid(kim), paid(lee), rests(pool)) == (10_000 * WON, 0, 0)
    assert state_of(first) == "ready"


@pytest.mark.django_db
def test_a_difference_accepted_before_is_to_be_accepted_again() -> None:
    _kim, _lee, songs = two_songs()
    report([Line("1", 60 * YUAN)], songs)
    second = report([Line("2", 40 * YUAN)], songs)
    pool = money(101 * YUAN)
    accept_difference(pool=pool, actor=staff(), reason="a yuan too much")
    withdraw(second)
    assert (state_of(pool), pool.accepted_difference_by, pool.accepted_difference_reason) == ("held", None, "")


@pytest.mark.django_db
def test_the_same_withdrawal_again_changes_nothing_and_somebody_elses_is_refused() -> None:
    _kim, _lee, songs = two_songs()
    first = report([Line("1", YUAN)], songs)
    at = withdraw(first).withdrawn_at
    assert withdraw(first).withdrawn_at == at
    assert ReportDecision.objects.count() == 1
    other = User.objects.create_user("other@example.org", name="Other")
    with pytest.raises(AlreadyWithdrawn) as refused:
        withdraw_report(report=first, actor=other, reason="me too")
    assert (refused.value.status, ReportDecision.objects.count()) == (409, 1)
    with pytest.raises(NoReason):
        withdraw_report(report=report([Line("1", YUAN)], songs), actor=other, reason=" ")


@pytest.mark.django_db
def test_a_file_that_could_not_be_read_is_not_withdrawn() -> None:
    _kim, _lee, songs = two_songs()
    refused = report([], songs)
    Report.objects.update(state="refused")
    with pytest.raises(NothingToWithdraw):
        withdraw(refused)


@pytest.mark.django_db
def test_a_month_whose_only_report_was_withdrawn_is_paid_by_the_next_one_for_the_difference() -> None:
    kim, lee, songs = two_songs()
    first = report([Line("1", 60 * YUAN), Line("2", 40 * YUAN)], songs)
    pool = money(100 * YUAN, "100")
    run(DISTRIBUTION_MONTH)
    withdraw(first)
    report([Line("1", 70 * YUAN), Line("2", 30 * YUAN)], songs)
    result = run()
    assert (state_of(pool), result.gross) == ("released", {"CNY": 0, "KRW": 0})
    assert {s.party: s.gross_micros for s in Statement.objects.filter(run=result.run)} == {
        kim: 1_000 * WON,
        lee: -1_000 * WON,
    }
    assert (paid(kim), paid(lee), rests(pool)) == (7_000 * WON, 3_000 * WON, 0)


@pytest.mark.django_db
def test_the_songs_of_a_withdrawn_report_may_be_decided_again_once_its_money_is_back() -> None:
    _kim, _lee, songs = two_songs()
    first = report([Line("1", YUAN)], songs)
    money(YUAN)
    run(DISTRIBUTION_MONTH)
    withdraw(first)
    assert Earning.objects.standing().exists()
    assert at_stake(first).won == {"payable": 200 * WON}
    run()
    assert not Earning.objects.standing().exists()
    assert at_stake(first).won == {}


# ── replacement ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_of_a_replacement_each_payee_gets_the_difference_alone_in_one_run() -> None:
    kim, lee, songs = two_songs()
    park = party("park")
    songs["3"] = matched(work("three", {park: Fraction(1)}))
    first = report([Line("1", 50 * YUAN), Line("2", 30 * YUAN), Line("3", 20 * YUAN)], songs)
    pool = money(100 * YUAN, "100")
    run(DISTRIBUTION_MONTH)
    lines = [Line("1", 45 * YUAN), Line("2", 35 * YUAN), Line("3", 20 * YUAN)]
    second = further(lines, songs, choice="replacement", earlier=[first])
    assert (state_of(first), first.held_reason, first.replaced_by) == ("held", "replaced", second)
    assert (state_of(second), second.kind, list(second.concerns.all())) == ("ready", "replacement", [first])
    assert (state_of(pool), list(pool.reports.all())) == ("released", [second])
    result = run()
    posted = {s.party: s.gross_micros for s in Statement.objects.filter(run=result.run)}
    assert posted == {kim: -500 * WON, lee: 500 * WON}  # nothing moves for Park, so she gets no statement
    assert (paid(kim), paid(lee), paid(park), rests(pool)) == (4_500 * WON, 3_500 * WON, 2_000 * WON, 0)


@pytest.mark.django_db
def test_a_replacement_of_another_sum_waits_with_its_difference_and_takes_nothing_back_meanwhile() -> None:
    kim, lee, songs = two_songs()
    first = report([Line("1", 60 * YUAN), Line("2", 40 * YUAN)], songs)
    pool = money(100 * YUAN, "100")
    run(DISTRIBUTION_MONTH)
    further([Line("1", 60 * YUAN), Line("2", 40 * YUAN + 10_000)], songs, choice="replacement", earlier=[first])
    assert (state_of(pool), difference_of(pool)) == ("held", -10_000)  # one fen
    assert run().state == "nothing_new"
    assert (paid(kim), paid(lee)) == (6_000 * WON, 4_000 * WON)
    accept_difference(pool=pool, actor=staff(), reason="a fen is not asked for")
    run()
    assert (paid(kim), paid(lee), rests(pool)) == (5_999_400_060, 4_000_599_940, 0)


@pytest.mark.django_db
def test_money_of_its_own_pays_a_supplement_that_another_pool_was_short_of() -> None:
    kim, lee, songs = two_songs()
    first = report([Line("1", 60 * YUAN)], songs)
    further([Line("2", 40 * YUAN)], songs, choice="supplement")
    pool = money(60 * YUAN, "100")
    assert (state_of(pool), difference_of(pool)) == ("held", -40 * YUAN)
    other = money(40 * YUAN, "100", reference="its own")
    assert (state_of(pool), list(pool.reports.all()), state_of(other)) == ("released", [first], "released")
    run(DISTRIBUTION_MONTH)
    assert (paid(kim), paid(lee)) == (6_000 * WON, 4_000 * WON)


@pytest.mark.django_db
def test_a_supplement_that_waits_for_its_money_does_not_stand_in_the_way_of_a_replacement() -> None:
    kim, lee, songs = two_songs()
    first = report([Line("1", 60 * YUAN)], songs)
    pool = money(60 * YUAN, "100")
    run(DISTRIBUTION_MONTH)
    supplement = further([Line("2", 5 * YUAN)], songs, choice="supplement")
    second = further([Line("1", 20 * YUAN), Line("2", 40 * YUAN)], songs, choice="replacement", earlier=[first])
    assert (state_of(pool), list(pool.reports.all())) == ("released", [second])
    run()
    assert (paid(kim), paid(lee), state_of(supplement)) == (2_000 * WON, 4_000 * WON, "ready")


@pytest.mark.django_db
def test_a_withdrawn_replacement_takes_back_what_it_replaced() -> None:
    kim, lee, songs = two_songs()
    first = report([Line("1", 60 * YUAN)], songs)
    pool = money(60 * YUAN, "100")
    run(DISTRIBUTION_MONTH)
    second = further([Line("2", 50 * YUAN)], songs, choice="replacement", earlier=[first])
    withdraw(second)
    run()
    assert (paid(kim), paid(lee), rests(pool), state_of(pool)) == (0, 0, 6_000 * WON, "waiting")


@pytest.mark.django_db
def test_a_replacement_of_a_replacement_stands_alone() -> None:
    kim, lee, songs = two_songs()
    first = report([Line("1", 60 * YUAN)], songs)
    pool = money(60 * YUAN, "100")
    run(DISTRIBUTION_MONTH)
    second = further([Line("1", 50 * YUAN)], songs, choice="replacement", earlier=[first])
    third = further([Line("2", 60 * YUAN)], songs, choice="replacement", earlier=[second])
    first.refresh_from_db()
    assert (first.replaced_by, list(pool.reports.all())) == (third, [third])
    run()
    assert (paid(kim), paid(lee), rests(pool)) == (0, 6_000 * WON, 0)


@pytest.mark.django_db
def test_a_replacement_names_what_it_replaces() -> None:
    _kim, _lee, songs = two_songs()
    first = report([Line("1", YUAN)], songs)
    elsewhere = report([Line("1", YUAN)], songs, period=dt.date(2026, 2, 1))
    with pytest.raises(NoEarlierReport):
        further([Line("1", YUAN)], songs, choice="replacement")
    with pytest.raises(NotAnEarlierReport) as refused:
        further([Line("1", YUAN)], songs, choice="replacement", earlier=[elsewhere])
    assert refused.value.status == 409
    assert (state_of(first), state_of(elsewhere), ReportDecision.objects.count()) == ("ready", "ready", 0)


@pytest.mark.django_db
def test_the_same_decision_again_changes_nothing_and_another_one_is_refused() -> None:
    _kim, _lee, songs = two_songs()
    first = report([Line("1", YUAN)], songs)
    second = further([Line("1", YUAN)], songs, choice="replacement", earlier=[first])
    again = settle_second_file(report=second, choice="replacement", actor=staff(), reason=WHY, earlier=[first])
    assert (again, ReportDecision.objects.count()) == (second, 1)
    other = User.objects.create_user("other@example.org", name="Other")
    for choice, actor in [("supplement", staff()), ("replacement", other)]:
        with pytest.raises(NotASecondFile):
            settle_second_file(report=second, choice=choice, actor=actor, reason=WHY, earlier=[first])
    assert (state_of(second), second.kind, ReportDecision.objects.count()) == ("ready", "replacement", 1)


# ── correction ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_a_correction_moves_money_from_one_song_to_another() -> None:
    kim, lee, songs = two_songs()
    first = report([Line("1", 60 * YUAN), Line("2", 40 * YUAN)], songs)
    pool = money(100 * YUAN, "100")
    run(DISTRIBUTION_MONTH)
    correction = further([Line("1", -25 * YUAN), Line("2", 25 * YUAN)], songs, choice="correction", earlier=[first])
    assert (state_of(pool), set(pool.reports.all())) == ("released", {first, correction})
    result = run()
    assert {s.party: s.gross_micros for s in Statement.objects.filter(run=result.run)} == {
        kim: -2_500 * WON,
        lee: 2_500 * WON,
    }
    assert (paid(kim), paid(lee), rests(pool)) == (3_500 * WON, 6_500 * WON, 0)


@pytest.mark.django_db
def test_who_owes_is_paid_nothing_until_the_debt_is_made_up() -> None:
    kim, lee, songs = two_songs()
    first = report([Line("1", 60 * YUAN), Line("2", 40 * YUAN)], songs)
    money(100 * YUAN, "100")
    run(DISTRIBUTION_MONTH)
    lines = [Line("1", -59 * YUAN), Line("2", 59 * YUAN)]
    further(lines, songs, choice="correction", earlier=[first])
    run()
    owed = Statement.objects.filter(party=kim).latest("pk")
    assert (owed.gross_micros, owed.payable_micros, owed.carried_micros) == (-5_900 * WON, 0, -5_900 * WON)
    assert (paid(kim), paid(lee)) == (100 * WON, 9_900 * WON)
    for month, expected in [(2, 0), (3, 0), (4, 2_600 * WON), (5, 3_000 * WON)]:
        report([Line("1", 30 * YUAN if month > 2 else 25 * YUAN + 5)], songs, period=dt.date(2026, month, 1))
        money(30 * YUAN if month > 2 else 25 * YUAN + 5, "100", period=dt.date(2026, month, 1))
        run(dt.date(2026, month + 3, 1))
        assert Statement.objects.filter(party=kim).latest("pk").payable_micros == expected
    total = sum(s.payable_micros for s in Statement.objects.filter(party=kim))
    assert total == paid(kim) // WON * WON == 11_600 * WON


@pytest.mark.django_db
def test_deductions_of_what_is_taken_back_are_the_mirror_of_those_of_what_was_given() -> None:
    kim, _lee, songs = two_songs()
    deduction("commission", Fraction(23, 100))
    deduction("withholding", Fraction(33, 1000), base="remaining", position=2)
    first = report([Line("1", 7_777_777)], songs)
    money(7_777_777, "187.3331")
    given = run(DISTRIBUTION_MONTH)
    withdraw(first)
    taken = run()
    for name in ("gross", "deducted"):
        assert getattr(taken, name)["KRW"] == -getattr(given, name)["KRW"]
    assert paid(kim) == 0
    assert on(LedgerAccount.Kind.DEDUCTION, "commission") == on(LedgerAccount.Kind.DEDUCTION, "withholding") == 0


@pytest.mark.django_db
def test_a_correction_of_songs_nobody_was_paid_for_never_makes_a_pool_pay_more_than_it_holds() -> None:
    kim, _lee, songs = two_songs()
    songs["3"] = UNMATCHED
    first = report([Line("1", 60 * YUAN)], songs)
    pool = money(60 * YUAN, "100")
    run(DISTRIBUTION_MONTH)
    lines = [Line("3", -20 * YUAN), Line("2", 20 * YUAN)]
    further(lines, songs, choice="correction", earlier=[first])
    result = run()
    assert (result.state, [problem.code for problem in result.problems]) == ("nothing_new", ["pool-would-overpay"])
    assert (paid(kim), rests(pool)) == (6_000 * WON, 0)


@pytest.mark.django_db
def test_a_correction_of_a_withdrawn_report_corrects_nothing() -> None:
    kim, lee, songs = two_songs()
    first = report([Line("1", 60 * YUAN), Line("2", 40 * YUAN)], songs)
    pool = money(100 * YUAN, "100")
    correction = further([Line("1", -YUAN), Line("2", YUAN)], songs, choice="correction", earlier=[first])
    run(DISTRIBUTION_MONTH)
    withdraw(first)
    assert (state_of(correction), correction.held_reason) == ("held", "corrects_nothing")
    run()
    assert (paid(kim), paid(lee), rests(pool)) == (0, 0, 10_000 * WON)
    with pytest.raises(StaysACorrection):
        settle_second_file(report=correction, choice="supplement", actor=staff(), reason=WHY)


# ── where the money rests now ───────────────────────────────────────────────────────────────────────────────────────────


def shared() -> tuple[Party, Party, Work]:
    """A song of Kim and Lee, a quarter of it another society's, a quarter nobody's known."""
    one_right(tme())
    kim, lee = party("kim"), party("lee")
    quarter = Fraction(1, 4)
    song = work("shared", {kim: quarter, lee: quarter, party("sato", JASRAC): quarter, party("nobody", None): quarter})
    return kim, lee, song


@pytest.mark.django_db
def test_held_money_suspense_and_what_is_not_ours_are_taken_back_where_they_rest() -> None:
    kim, lee, song = shared()
    hold = open_hold(case_ref="K-1", share=share_of(song, lee), fraction=Fraction(1, 8), from_date=MONTH)
    first = report([Line("1", 100 * YUAN + 3)], {"1": matched(song)})
    pool = money(100 * YUAN + 3, "100")
    run(DISTRIBUTION_MONTH)
    assert on(LedgerAccount.Kind.HOLD, f"hold:{hold.pk}") > 0
    withdraw(first)
    result = run()
    for kind, owner in [("hold", f"hold:{hold.pk}"), ("suspense", "-"), ("not_ours", "society:038")]:
        assert on(LedgerAccount.Kind(kind), owner) == 0
    assert (paid(kim), paid(lee), rests(pool)) == (0, 0, pool.won_micros)
    assert result.held["KRW"] == -1_250_000_037
    assert release_hold(hold=hold, parts=[(lee, Fraction(1))], period=NEXT, actor=None, outcome="agreement") == []
    require_all_holds()


@pytest.mark.django_db
@pytest.mark.parametrize("rate", ["100", "33.3331"])
def test_held_money_that_was_released_is_taken_back_from_whoever_got_it(rate: str) -> None:
    kim, lee, song = shared()
    sato, nobody = Party.objects.get(name="sato"), None
    hold = open_hold(case_ref="K-1", share=share_of(song, lee), from_date=MONTH, fraction=Fraction(1, 4))
    first = report([Line("1", 100 * YUAN)], {"1": matched(song)})
    second = report([Line("1", 50 * YUAN + 7, "kugou")], {"1": matched(song)})
    pool = money(150 * YUAN + 7, rate)
    run(DISTRIBUTION_MONTH)
    parts = [(kim, HALF), (sato, Fraction(1, 3)), (nobody, Fraction(1, 6))]
    release_hold(hold=hold, parts=parts, period=DISTRIBUTION_MONTH, actor=None, outcome="agreement")
    given = {"kim": paid(kim), "suspense": on(LedgerAccount.Kind.SUSPENSE)}
    withdraw(first)
    result = run()
    assert result.gross["KRW"] == sum(
        part["KRW"] for part in (result.posted, result.held, result.suspense, result.not_ours, result.deducted)
    )
    assert on(LedgerAccount.Kind.HOLD, f"hold:{hold.pk}") == 0
    assert abs(paid(kim) - given["kim"] * Fraction(50 * YUAN + 7, 150 * YUAN + 7)) < 3
    assert 0 < on(LedgerAccount.Kind.SUSPENSE) < given["suspense"]
    withdraw(second)
    run()
    assert (paid(kim), paid(lee), on(LedgerAccount.Kind.SUSPENSE), rests(pool)) == (0, 0, 0, pool.won_micros)
    assert on(LedgerAccount.Kind.NOT_OURS, "society:038") == 0


# ── a trial ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_a_trial_shows_who_gains_and_who_loses_and_leaves_no_trace() -> None:
    kim, lee, songs = two_songs()
    first = report([Line("1", 60 * YUAN), Line("2", 40 * YUAN)], songs)
    pool = money(100 * YUAN, "100")
    run(DISTRIBUTION_MONTH)
    further([Line("1", 50 * YUAN), Line("2", 50 * YUAN)], songs, choice="replacement", earlier=[first])
    tried = distribute(period=NEXT, dry_run=True)
    assert [(moved.name, moved.taken_back_micros, moved.new_micros) for moved in tried.moves] == [
        ("kim", -6_000 * WON, 5_000 * WON),
        ("lee", -4_000 * WON, 5_000 * WON),
    ]
    assert (paid(kim), paid(lee)) == (6_000 * WON, 4_000 * WON)
    assert Pool.objects.get(pk=pool.pk).to_divide_again
    assert run().moves == tried.moves
