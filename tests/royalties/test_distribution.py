"""A distribution run: who gets what, to the micro, once, whatever the order in which things came in."""

from __future__ import annotations

import datetime as dt
import json
import random
import threading
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction

from royalties.checks import check_ledger
from royalties.distribution import RunResult, distribute
from royalties.holds import open_hold
from royalties.ledger import PayeesBusy, account, balance
from royalties.models import (
    Basis,
    DistributionRun,
    Earning,
    LedgerAccount,
    LedgerEntry,
    LedgerTransaction,
    Match,
    Pool,
    RightSplit,
    RunShare,
    Source,
    Statement,
    StatementDeduction,
)
from royalties.money_in import accept_difference
from tests.conftest import Database
from tests.royalties.build import (
    DISTRIBUTION_MONTH,
    JASRAC,
    MONTH,
    REVIEW,
    UNMATCHED,
    WON,
    YUAN,
    Line,
    Reported,
    check_now,
    decide,
    deduction,
    matched,
    money,
    music_of,
    one_right,
    party,
    report,
    share_of,
    staff,
    tme,
    work,
)
from tests.royalties.twin import expected_earnings
from works.models import Party, Share, Work

HALF = Fraction(1, 2)
FEBRUARY = dt.date(2026, 2, 1)
APRIL = dt.date(2026, 4, 1)


def paid(to: Party) -> int:
    return balance(account(kind=LedgerAccount.Kind.PAYEE, currency="KRW", owner_key=f"party:{to.pk}"))


def require_all_holds() -> None:
    check_now()
    assert check_ledger().differences == ()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM royalties_ledgerentry GROUP BY transaction_id, currency HAVING sum(amount_micros) <> 0"
        )
        assert cursor.fetchall() == []


def require_identities(result: RunResult) -> None:
    for currency in result.gross:
        parts = [result.posted, result.held, result.suspense, result.not_ours, result.deducted]
        assert result.gross[currency] == sum(part.get(currency, 0) for part in parts)
    assert result.posted["KRW"] == result.payable["KRW"] + result.carried["KRW"]


def earned() -> dict[tuple[int, int, str, int], tuple[str, int | None, int, int]]:
    return {
        (e.song_usage_id, e.work_id, e.run_share.part + e.right, e.run_share.position): (
            e.state,
            e.party_id,
            e.source_micros,
            e.won_micros,
        )
        for e in Earning.objects.select_related("run_share")
    }


# ── what a line's money means ─────────────────────────────────────────────────────────────────────────────────────────


def half_ours() -> tuple[Party, Party, Work]:
    ours, theirs = party("kim"), party("sato", JASRAC)
    return ours, theirs, work("song", {ours: Fraction(6, 12), theirs: Fraction(6, 12)})


@pytest.mark.django_db
def test_whole_pays_our_half_and_shows_the_other_as_not_ours() -> None:
    kim, sato, song = half_ours()
    report([Line("1", 100 * YUAN)], {"1": matched(song)}, basis=Basis.WHOLE)
    money(100 * YUAN, "190")
    result = distribute(period=DISTRIBUTION_MONTH)
    assert result.gross == {"CNY": 100 * YUAN, "KRW": 19_000 * WON}
    assert result.posted == {"CNY": 50 * YUAN, "KRW": 9_500 * WON}
    assert result.not_ours == {"CNY": 50 * YUAN, "KRW": 9_500 * WON}
    assert (paid(kim), paid(sato)) == (9_500 * WON, 0)
    not_ours = account(kind=LedgerAccount.Kind.NOT_OURS, currency="KRW", owner_key="society:038")
    assert balance(not_ours) == 9_500 * WON
    require_identities(result)
    require_all_holds()


@pytest.mark.django_db
def test_claimed_pays_the_whole_to_our_half() -> None:
    kim, _, song = half_ours()
    report([Line("1", 100 * YUAN)], {"1": matched(song)}, basis=Basis.CLAIMED)
    money(100 * YUAN, "190")
    result = distribute(period=DISTRIBUTION_MONTH)
    assert result.posted == result.gross == {"CNY": 100 * YUAN, "KRW": 19_000 * WON}
    assert result.not_ours == {"CNY": 0, "KRW": 0}
    assert paid(kim) == 19_000 * WON
    require_all_holds()


@pytest.mark.django_db
def test_every_collector_goes_its_way() -> None:
    one_right(tme())
    fifth = Fraction(1, 5)
    owners = [party("ours"), party("jasrac", JASRAC), party("nm", kind="non_member"), party("pd", kind="public_domain")]
    song = work("song", {**dict.fromkeys(owners, fifth), party("unknown", None): Fraction(1, 10)})
    report([Line("1", 100 * YUAN)], {"1": matched(song)})
    money(100 * YUAN, "100")
    result = distribute(period=DISTRIBUTION_MONTH)
    assert result.posted["CNY"] == 20 * YUAN
    assert result.suspense["CNY"] == 20 * YUAN  # a party nobody knows the collector of, and a tenth nobody registered
    assert result.not_ours["CNY"] == 60 * YUAN
    names = LedgerAccount.objects.filter(kind="not_ours").order_by("owner_key").values_list("owner_key", flat=True)
    assert list(names) == ["non_member", "public_domain", "society:038"]
    require_all_holds()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rate", "expected"),
    [("1", [416_667, 416_667, 166_666]), ("0.4", [166_667, 166_667, 66_666])],
    ids=["1 won", "0.4 won"],
)
def test_twelfths_on_little_money_lose_nothing(rate: str, expected: list[int]) -> None:
    one_right(tme())
    owners = [party("a"), party("b"), party("c")]
    song = work("song", dict(zip(owners, [Fraction(5, 12), Fraction(5, 12), Fraction(2, 12)], strict=True)))
    report([Line("1", YUAN)], {"1": matched(song)})
    money(YUAN, rate)
    result = distribute(period=DISTRIBUTION_MONTH)
    assert [paid(owner) for owner in owners] == expected
    assert result.payable == {"KRW": 0}
    assert result.carried == {"KRW": sum(expected)}  # no whole won yet: the fraction waits in the account
    require_all_holds()


@pytest.mark.django_db
def test_thirds_of_a_million_won_lose_nothing() -> None:
    one_right(tme())
    owners = [party("a"), party("b"), party("c")]
    song = work("song", dict.fromkeys(owners, Fraction(1, 3)))
    report([Line("1", 10_000 * YUAN)], {"1": matched(song)})
    money(10_000 * YUAN, "100")
    distribute(period=DISTRIBUTION_MONTH)
    assert [paid(owner) for owner in owners] == [333_333_333_334, 333_333_333_333, 333_333_333_333]
    require_all_holds()


# ── what is distributed, and when ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_what_is_not_matched_rests_in_the_pool() -> None:
    kim = party("kim")
    song = work("song", {kim: Fraction(1)})
    songs = {"1": matched(song), "2": REVIEW, "3": UNMATCHED}
    report([Line("1", 60 * YUAN), Line("2", 20 * YUAN), Line("3", 15 * YUAN)], songs, rejected=[5 * YUAN])
    pool = money(100 * YUAN, "100")
    result = distribute(period=DISTRIBUTION_MONTH)
    assert result.gross == {"CNY": 60 * YUAN, "KRW": 6_000 * WON}
    assert result.resting == {"CNY": 40 * YUAN, "KRW": 4_000 * WON}
    rests = account(kind=LedgerAccount.Kind.POOL, currency="KRW", owner_key=f"pool:{pool.pk}")
    assert balance(rests) == 4_000 * WON
    require_all_holds()


@pytest.mark.django_db
def test_running_again_posts_nothing() -> None:
    _, _, song = half_ours()
    report([Line("1", 100 * YUAN)], {"1": matched(song)})
    money(100 * YUAN)
    distribute(period=DISTRIBUTION_MONTH)
    before = [model.objects.count() for model in (DistributionRun, Earning, LedgerEntry, RunShare, Statement)]
    for period in (DISTRIBUTION_MONTH, APRIL):
        again = distribute(period=period)
        assert (again.state, again.run, again.payees, again.entries) == ("nothing_new", None, 0, 0)
        assert again.gross == {"CNY": 0, "KRW": 0}
    assert [model.objects.count() for model in (DistributionRun, Earning, LedgerEntry, RunShare, Statement)] == before


@pytest.mark.django_db
def test_a_song_matched_later_gets_what_was_kept_for_it() -> None:
    kim = party("kim")
    song = work("song", {kim: Fraction(1)})
    lines = [Line("1", 10 * YUAN), Line("2", 10 * YUAN), Line("3", 10 * YUAN)]
    made = report(lines, {"1": matched(song), "2": UNMATCHED, "3": matched(song)})
    pool = money(30 * YUAN + 1, "133.37")
    accept_difference(pool=pool, actor=staff(), reason="a micro too much")
    distribute(period=DISTRIBUTION_MONTH)
    decide(made.song_usages.get(recording__song_id="2").recording, matched(song))
    later = distribute(period=APRIL)
    assert later.state == "distributed"
    assert later.earnings == 2
    assert earned() == expected_earnings(pool)  # as if all three had been distributed together
    assert paid(kim) == pool.won_micros
    assert later.resting == {"CNY": 0, "KRW": 0}
    require_all_holds()


@pytest.mark.django_db
def test_money_that_waits_or_is_held_is_not_distributed_until_released() -> None:
    kim = party("kim")
    song = work("song", {kim: Fraction(1)})
    waiting = money(50 * YUAN, "100")
    assert distribute(period=DISTRIBUTION_MONTH).state == "nothing_new"
    report([Line("1", 100 * YUAN)], {"1": matched(song)})
    assert distribute(period=DISTRIBUTION_MONTH).state == "nothing_new"
    waiting.refresh_from_db()
    assert waiting.state == Pool.State.HELD  # its report was found, and says something else
    accept_difference(pool=waiting, actor=staff(), reason="half is paid next month")
    result = distribute(period=DISTRIBUTION_MONTH)
    assert result.gross == {"CNY": 50 * YUAN, "KRW": 5_000 * WON}
    require_all_holds()


@pytest.mark.django_db
def test_a_dry_run_computes_the_same_and_leaves_no_trace() -> None:
    _, _, song = half_ours()
    report([Line("1", 100 * YUAN)], {"1": matched(song)})
    money(100 * YUAN)
    deduction("commission", Fraction(1, 10))
    dry = distribute(period=DISTRIBUTION_MONTH, dry_run=True)
    assert (dry.state, dry.run) == ("dry_run", None)
    assert not Earning.objects.exists()
    assert not Statement.objects.exists()
    assert not LedgerTransaction.objects.filter(kind="distribution").exists()
    wet = distribute(period=DISTRIBUTION_MONTH)
    for name in (
        "payees",
        "entries",
        "earnings",
        "gross",
        "posted",
        "not_ours",
        "deducted",
        "payable",
        "carried",
        "resting",
    ):
        assert getattr(dry, name) == getattr(wet, name)


@pytest.mark.django_db
def test_songs_without_money_earn_nothing_and_are_not_offered_again() -> None:
    kim = party("kim")
    song = work("song", {kim: Fraction(1)})
    report([Line("1", 0), Line("2", 5)], {"1": matched(song), "2": matched(song)})
    money(5, "1")
    assert distribute(period=DISTRIBUTION_MONTH).gross == {"CNY": 5, "KRW": 5}
    assert Earning.objects.filter(song_usage__recording__song_id="1").count() == 0
    assert distribute(period=DISTRIBUTION_MONTH).state == "nothing_new"
    require_all_holds()


@pytest.mark.django_db
def test_a_song_too_small_for_its_pool_leaves_no_run_behind() -> None:
    kim = party("kim")
    song = work("song", {kim: Fraction(1)})
    report([Line("1", 1), Line("2", 1000)], {"1": matched(song), "2": UNMATCHED})
    accept_difference(pool=money(1, "1"), actor=staff(), reason="a test")
    assert distribute(period=DISTRIBUTION_MONTH).state == "nothing_new"
    assert not DistributionRun.objects.exists()
    assert not RunShare.objects.exists()


# ── songs that wait for somebody ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_a_source_whose_rights_are_not_declared_waits_and_the_others_go_on() -> None:
    kim = party("kim")
    song = work("song", {kim: Fraction(1)})
    mcsc = Source.objects.get(code="mcsc")
    report([Line("1", 10 * YUAN)], {"1": matched(song)}, source=mcsc)
    report([Line("2", 10 * YUAN)], {"2": matched(song)})
    money(10 * YUAN, source=mcsc)
    money(10 * YUAN)
    result = distribute(period=DISTRIBUTION_MONTH)
    assert result.gross["CNY"] == 10 * YUAN
    assert [problem.code for problem in result.problems] == ["rights-not-declared"]
    assert "MCSC" in str(result.problems[0])
    assert "2026-01" in str(result.problems[0])
    RightSplit.objects.create(source=mcsc, from_date=MONTH, performing=1, mechanical=0, denominator=1)
    assert distribute(period=DISTRIBUTION_MONTH).gross["CNY"] == 10 * YUAN
    require_all_holds()


@pytest.mark.django_db
def test_a_basis_without_a_rule_waits() -> None:
    kim = party("kim")
    song = work("song", {kim: Fraction(1)})
    report([Line("1", 10 * YUAN)], {"1": matched(song)}, basis=Basis.NAMED)
    money(10 * YUAN)
    result = distribute(period=DISTRIBUTION_MONTH)
    assert result.state == "nothing_new"
    assert [problem.code for problem in result.problems] == ["basis-not-distributed"]
    assert not Earning.objects.exists()


@pytest.mark.django_db
def test_a_song_of_too_many_parts_waits_and_one_of_too_few_rests() -> None:
    kim = party("kim")
    first, second = work("first", {kim: Fraction(1)}), work("second", {kim: Fraction(1)})
    too_many = Reported(works={first: Fraction(2, 3), second: HALF})
    too_few = Reported(works={first: Fraction(1, 3), second: Fraction(1, 3)})
    report([Line("1", 9 * YUAN), Line("2", 9 * YUAN)], {"1": too_many, "2": too_few})
    pool = money(18 * YUAN, "100")
    result = distribute(period=DISTRIBUTION_MONTH)
    assert [problem.code for problem in result.problems] == ["parts-exceed-song"]
    assert result.gross == {"CNY": 6 * YUAN, "KRW": 600 * WON}
    assert result.resting == {"CNY": 12 * YUAN, "KRW": 1_200 * WON}
    assert Earning.objects.filter(pool=pool).count() == 4
    require_all_holds()


def test_a_work_above_the_whole_waits_with_its_songs(fresh_database: Database) -> None:
    kim, lee = party("kim"), party("lee")
    broken, sound = work("broken", {kim: HALF}), work("sound", {kim: Fraction(1)})
    with psycopg.connect(fresh_database.owner_url) as owner:  # the database refuses such shares; here they are
        owner.execute("ALTER TABLE works_share DISABLE TRIGGER USER")
        owner.execute(
            """
            INSERT INTO works_share (work_id, party_id, role, "right", territory, numerator, denominator, from_date, reason,
                end_reason, created_at)
            VALUES (%s, %s, 'C', 'performing', 2136, 2, 3, '1900-01-01', '', '', now())
            """,
            [broken.pk, lee.pk],
        )
    report([Line("1", YUAN), Line("2", YUAN)], {"1": matched(broken), "2": matched(sound)})
    money(2 * YUAN)
    result = distribute(period=DISTRIBUTION_MONTH)
    assert [problem.code for problem in result.problems] == ["work-exceeds-whole"]
    assert broken.ref in str(result.problems[0])
    assert result.gross["CNY"] == YUAN
    assert paid(lee) == 0
    assert check_ledger().ok


# ── deductions and statements ─────────────────────────────────────────────────────────────────────────────────────────


def one_payee(micros: int = 100 * YUAN, rate: str = "100") -> Party:
    one_right(tme())
    kim = party("kim")
    report([Line("1", micros)], {"1": matched(work("song", {kim: Fraction(1)}))})
    money(micros, rate)
    return kim


@pytest.mark.django_db
def test_from_gross_to_net_in_the_order_of_the_rules() -> None:
    kim = one_payee()
    deduction("withholding", Fraction(33, 1000), base="remaining", position=2)
    deduction("commission", Fraction(23, 100), position=1)
    result = distribute(period=DISTRIBUTION_MONTH)
    statement = Statement.objects.get(party=kim)
    steps = [
        (step.rule.kind, step.base_micros, step.amount_micros)
        for step in StatementDeduction.objects.filter(statement=statement).order_by("rule__position")
    ]
    assert steps == [
        ("commission", 10_000 * WON, 2_300 * WON),
        ("withholding", 7_700 * WON, 254_100_000),
    ]
    assert (statement.gross_micros, statement.deducted_micros) == (10_000 * WON, 2_554_100_000)
    assert (statement.net_micros, statement.payable_micros, statement.carried_micros) == (
        7_445_900_000,
        7_445 * WON,
        900_000,
    )
    assert result.deducted == {"KRW": 2_554_100_000}
    assert result.posted == {"CNY": 100 * YUAN, "KRW": 7_445_900_000}
    assert paid(kim) == 7_445_900_000
    require_identities(result)
    require_all_holds()


@pytest.mark.django_db
def test_a_fee_of_0_is_a_fee_of_0_and_no_rule_is_none() -> None:
    kim = one_payee()
    deduction("commission", Fraction(0))
    distribute(period=DISTRIBUTION_MONTH)
    statement = Statement.objects.get(party=kim)
    assert (statement.gross_micros, statement.deducted_micros, statement.net_micros) == (10_000 * WON, 0, 10_000 * WON)
    assert [step.amount_micros for step in statement.deductions.all()] == [0]
    require_all_holds()


@pytest.mark.django_db
def test_without_a_rule_in_force_there_is_no_deduction() -> None:
    kim = one_payee()
    ended = deduction("commission", HALF, begins=dt.date(2025, 1, 1))
    ended.until_date = DISTRIBUTION_MONTH
    ended.save()
    deduction("withholding", HALF, begins=APRIL)
    distribute(period=DISTRIBUTION_MONTH)
    assert not StatementDeduction.objects.exists()
    assert paid(kim) == 10_000 * WON


@pytest.mark.django_db
def test_of_one_kind_the_rule_that_began_last_is_in_force_and_nothing_is_taken_twice() -> None:
    kim = one_payee()
    deduction("commission", Fraction(1, 5), begins=dt.date(2025, 1, 1))
    deduction("commission", Fraction(1), begins=dt.date(2026, 2, 1))
    deduction("withholding", HALF, position=2)
    distribute(period=DISTRIBUTION_MONTH)
    steps = StatementDeduction.objects.order_by("rule__position").values_list("amount_micros", flat=True)
    assert list(steps) == [10_000 * WON, 0]
    assert paid(kim) == 0
    require_all_holds()


@pytest.mark.django_db
def test_fractions_of_a_won_fill_up_over_distributions() -> None:
    one_right(tme())
    kim = party("kim")
    song = work("song", {kim: Fraction(1)})
    payable = []
    for number in range(3):
        period = dt.date(2026, 1 + number, 1)
        report([Line("1", YUAN)], {"1": matched(song)}, period=period)
        money(YUAN, "0.4", period=period)
        distribute(period=dt.date(2026, 5 + number, 1))
        statement = Statement.objects.get(period=dt.date(2026, 5 + number, 1))
        payable.append((statement.payable_micros, statement.carried_micros))
    assert payable == [(0, 400_000), (0, 400_000), (WON, -600_000)]
    assert paid(kim) == 1_200_000
    require_all_holds()


@pytest.mark.django_db
def test_one_statement_over_several_pools() -> None:
    one_right(tme())
    kim = party("kim")
    song = work("song", {kim: Fraction(1)})
    for period, rate in [(MONTH, "100"), (FEBRUARY, "200")]:
        report([Line("1", YUAN, month=period)], {"1": matched(song)}, period=period)
        money(YUAN, rate, period=period)
    result = distribute(period=DISTRIBUTION_MONTH)
    statement = Statement.objects.get()
    assert (result.payees, statement.gross_micros) == (1, 300 * WON)
    assert sorted(statement.transaction.entries.values_list("amount_micros", flat=True)) == [
        -200 * WON,
        -100 * WON,
        300 * WON,
    ]
    require_all_holds()


# ── a version with other words ────────────────────────────────────────────────────────────────────────────────────────


def sung_in_chinese() -> tuple[dict[str, Party], Work]:
    """A song of a composer, a lyricist, the publisher of each, and a composer who is not ours: 4, 3, 2, 1 and 2 twelfths."""
    names = ("composer", "lyricist", "composer's", "lyricist's")
    parties = {name: party(name) for name in names} | {"sato": party("sato", JASRAC)}
    twelfths = dict(zip(parties.values(), (4, 3, 2, 1, 2), strict=True))
    roles = dict(zip(parties.values(), ("C", "A", "E", "E", "C"), strict=True))
    writers = {parties["composer's"]: parties["composer"], parties["lyricist's"]: parties["lyricist"]}
    shares = {owner: Fraction(part, 12) for owner, part in twelfths.items()}
    song = work("song", shares, roles=roles, writers=writers)
    return parties, song


@pytest.mark.django_db
def test_of_the_music_alone_the_words_are_kept_and_never_paid() -> None:
    parties, song = sung_in_chinese()
    made = report(
        [Line("其他的词", 12 * YUAN), Line("原词", 12 * YUAN)], {"其他的词": music_of(song), "原词": matched(song)}
    )
    money(int(made.accepted_micros), "100")
    result = distribute(period=DISTRIBUTION_MONTH)
    received = dict.fromkeys(parties.values(), 0)
    kept = 0
    for earning in Earning.objects.filter(song_usage__recording__title="其他的词").select_related("party", "run_share"):
        if earning.party is None:
            assert (earning.state, earning.run_share.words, earning.run_share.share) == ("suspense", True, None)
            kept += earning.won_micros
        else:
            received[earning.party] += earning.won_micros
    hundred = 100 * WON
    assert list(received.values()) == [4 * hundred, 0, 2 * hundred, 0, 2 * hundred]
    assert kept == 4 * hundred == result.suspense["KRW"]
    assert paid(parties["lyricist"]) == 3 * hundred, "of the song with his own words alone"
    assert paid(parties["composer"]) == 8 * hundred
    assert result.not_ours["KRW"] == 4 * hundred
    require_identities(result)
    require_all_holds()


@pytest.mark.django_db
def test_of_the_music_alone_a_claim_keeps_what_it_claimed_for_the_words() -> None:
    parties, song = sung_in_chinese()
    made = report([Line("1", 10 * YUAN)], {"1": music_of(song)}, basis=Basis.CLAIMED)
    money(int(made.accepted_micros), "100")
    result = distribute(period=DISTRIBUTION_MONTH)
    assert [paid(owner) // (100 * WON) for owner in parties.values()] == [4, 0, 2, 0, 0]
    assert result.suspense["KRW"] == 400 * WON
    require_all_holds()


@pytest.mark.django_db
def test_a_dispute_about_the_words_holds_nothing_of_a_song_with_other_words() -> None:
    parties, song = sung_in_chinese()
    for owner, right in [(parties["lyricist"], "performing"), (parties["composer"], "performing")]:
        share = share_of(song, owner, right)
        open_hold(case_ref=f"K-{owner.name}"[:12], share=share, fraction=share.fraction, from_date=MONTH)
    made = report([Line("1", 12 * YUAN)], {"1": music_of(song)})
    money(int(made.accepted_micros), "100")
    result = distribute(period=DISTRIBUTION_MONTH)
    assert result.held["KRW"] == 200 * WON, "the composer's of one right"
    assert result.suspense["KRW"] == 400 * WON
    require_all_holds()


# ── the twin, permutations, races ─────────────────────────────────────────────────────────────────────────────────────


def make_case(seed: int, *, order: int | None = None) -> Pool:
    """A pool of odd amounts over two reports, with every kind of song, share and hold. `order` permutes the lines only."""
    dice = random.Random(seed)  # noqa: S311 it makes a case, not a secret
    pick = [None, JASRAC, "118", "118", "118", "118"]
    owners = [party(f"party {number}", dice.choice(pick)) for number in range(12)]
    works = []
    for number in range(10):
        chosen = dice.sample(owners, dice.choice([1, 2, 3, 5]))
        denominator = dice.choice([12, 7, 1000, 24])
        left = denominator
        shares: dict[Party, Fraction] = {}
        for owner in chosen:
            part = dice.randint(1, max(1, left // 2))
            if left >= part:
                shares[owner] = Fraction(part, denominator)
                left -= part
        roles = {owner: dice.choice(["C", "A", "CA", "AR", "E"]) for owner in shares}
        works.append(work(f"work {number}", shares, roles=roles))
    for number, of in enumerate(works[:3]):
        share = Share.objects.filter(work=of).order_by("pk")[0]
        open_hold(
            case_ref=f"K-{number}",
            share=share,
            fraction=share.fraction * dice.choice([Fraction(1), HALF]),
            from_date=MONTH,
        )
    songs: dict[str, Reported] = {}
    for number in range(40):
        kind = dice.random()
        one, two = dice.sample(works, 2)
        if kind < 0.5:
            songs[f"{number:02}"] = matched(one)
        elif kind < 0.6:
            songs[f"{number:02}"] = music_of(one)
        elif kind < 0.75:
            songs[f"{number:02}"] = Reported(works={one: Fraction(1, 3), two: dice.choice([Fraction(2, 3), HALF])})
        else:
            songs[f"{number:02}"] = dice.choice([REVIEW, UNMATCHED])
    services = ["qq", "kugou", "kuwo"]
    reports = [
        (basis, [Line(dice.choice(list(songs)), dice.randint(0, 3_000_017), dice.choice(services)) for _ in range(120)])
        for basis in (Basis.WHOLE, Basis.CLAIMED)
    ]
    rejected = [dice.randint(0, 10**6) for _ in range(4)]
    if order is not None:
        shuffle = random.Random(order)  # noqa: S311 it makes a case, not a secret
        shuffle.shuffle(reports)
        for _, lines in reports:
            shuffle.shuffle(lines)
    for basis, lines in reports:
        report(lines, songs, basis=basis, rejected=rejected if basis == Basis.WHOLE else ())
    made = [line.micros for _, lines in reports for line in lines]
    pool = money(sum(made) + sum(rejected) - dice.randint(0, 1) * 12_345, f"{dice.randint(15_000, 20_000)}.{seed:03}7")
    if pool.state == Pool.State.HELD:
        accept_difference(pool=pool, actor=staff(), reason="bank charges")
    pool.refresh_from_db()
    return pool


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(6))
def test_the_set_based_run_is_its_plain_twin(seed: int) -> None:
    pool = make_case(seed)
    song = pool.reports.all()[0].song_usages.filter(recording__matches__outcome=Match.Outcome.ACCEPTED)[0]
    open_hold(case_ref="K-song", recording=song.recording, from_date=MONTH)
    expected = expected_earnings(pool)
    deduction("commission", Fraction(23, 100))
    deduction("withholding", Fraction(33, 1000), base="remaining", position=2)
    result = distribute(period=DISTRIBUTION_MONTH)
    assert earned() == expected
    assert len(expected) == result.earnings > 100
    require_identities(result)
    require_all_holds()


def figures() -> Mapping[str, object]:
    """What everybody got, without a number that the database or chance gave."""
    return {
        statement.party.name: (
            statement.gross_micros,
            statement.deducted_micros,
            statement.payable_micros,
            statement.carried_micros,
        )
        for statement in Statement.objects.select_related("party")
    }


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2])
def test_permuting_lines_and_files_changes_no_payees_figure(seed: int) -> None:
    seen = []
    for order in (None, 17, 99):
        with transaction.atomic():
            make_case(seed, order=order)
            result = distribute(period=DISTRIBUTION_MONTH)
            assert result.state == "distributed"
            seen.append((figures(), result.gross, result.posted, result.held, result.suspense, result.not_ours))
            transaction.set_rollback(True)
    assert seen[0] == seen[1] == seen[2]
    assert len(seen[0][0]) > 3


def test_of_many_runs_at_once_one_distributes(fresh_database: Database) -> None:
    _, _, song = half_ours()
    report([Line("1", 100 * YUAN)], {"1": matched(song)})
    money(100 * YUAN)
    start = threading.Barrier(4)
    states: list[str] = []

    def run() -> None:
        start.wait(timeout=30)
        try:
            states.append(distribute(period=DISTRIBUTION_MONTH).state)
        except PayeesBusy:
            states.append("busy")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(states) == 4
    assert states.count("distributed") == 1
    assert set(states) <= {"distributed", "nothing_new", "busy"}
    assert Statement.objects.count() == 1
    assert Earning.objects.count() == 4
    assert check_ledger().ok


@pytest.mark.django_db
def test_shares_of_the_usage_month_are_used_and_frozen() -> None:
    one_right(tme())
    kim, lee = party("kim"), party("lee")
    song = work("song", {kim: Fraction(1)})
    Share.objects.filter(work=song, right="performing").update(until_date=FEBRUARY)
    Share.objects.create(
        work=song, party=lee, role="C", right="performing", numerator=1, denominator=1, from_date=FEBRUARY
    )
    report([Line("1", YUAN), Line("1", 2 * YUAN, month=FEBRUARY)], {"1": matched(song)})
    money(3 * YUAN, "100")
    distribute(period=DISTRIBUTION_MONTH)
    assert (paid(kim), paid(lee)) == (100 * WON, 200 * WON)
    frozen = RunShare.objects.order_by("usage_month").values_list("party__name", "numerator", "denominator", "state")
    assert list(frozen) == [
        ("kim", Decimal(1), Decimal(1), "payable"),
        ("lee", Decimal(1), Decimal(1), "payable"),
    ]
    assert share_of(song, lee).party == lee


@pytest.mark.django_db
def test_the_command_prints_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    _, _, song = half_ours()
    report([Line("1", 100 * YUAN)], {"1": matched(song)})
    money(100 * YUAN, "190")
    call_command("distribute", "--period=2026-03", "--dry-run", "--json")
    dry = json.loads(capsys.readouterr().out.splitlines()[-1])
    call_command("distribute", "--period=2026-03", "--json")
    wet = json.loads(capsys.readouterr().out.splitlines()[-1])
    call_command("distribute", "--period=2026-03", "--json")
    again = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert wet["run"] == DistributionRun.objects.get().ref
    assert wet | {"run": None, "state": "dry_run"} == dry
    assert (again["state"], again["run"], again["entries"], again["payees"]) == ("nothing_new", None, 0, 0)
    assert wet["posted_micros"] == {"CNY": 50 * YUAN, "KRW": 9_500 * WON}
    assert wet["not_ours_micros"] == {"CNY": 50 * YUAN, "KRW": 9_500 * WON}
    assert again["posted_micros"] == {"CNY": 0, "KRW": 0}
    assert (wet["payees"], wet["entries"]) == (1, 4)
