"""Whatever comes in whatever order, payees have what a fresh world would have paid them by the files that stand.

Each example takes steps in any order, and after each of them everything that check_ledger knows must hold. At its end all
differences are accepted and distributed; then the files that stand, and the money, are taken to a world where nothing else ever
was, and what every payee earned of every pool is compared, to the millionth.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings, strategies as st

from royalties.checks import check_ledger
from royalties.distribution import distribute
from royalties.models import Earning, LedgerEntry, Pool, Report, Statement
from royalties.money_in import NothingReported, accept_difference
from royalties.standing import files_of_month, settle_second_file, withdraw_report
from tests.royalties.build import (
    JASRAC,
    UNMATCHED,
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
    staff,
    tme,
    work,
)

Lines = tuple[tuple[str, int], ...]  # song, micros
THIRD: Final = Fraction(1, 3)
RATE: Final = "187.3331"
STATEMENT_ROUNDING: Final = 2  # micros a statement, one for each rule of deduction

amounts = st.integers(1, 5 * YUAN)
positive = st.lists(st.tuples(st.sampled_from("1234"), amounts), min_size=1, max_size=5).map(tuple)
signed = st.lists(
    st.tuples(st.sampled_from("123"), st.integers(-2 * YUAN, 2 * YUAN).filter(bool)), min_size=1, max_size=3
).map(tuple)
steps = st.one_of(
    st.tuples(st.just("original"), positive),
    st.tuples(st.sampled_from(["supplement", "replacement"]), positive),
    st.tuples(st.just("correction"), signed),
    st.tuples(st.just("withdrawal"), st.integers(0, 5)),
    st.tuples(st.just("money"), st.sampled_from([0, 0, 0, 7, -YUAN])),
    st.tuples(st.just("accept"), st.none()),
    st.tuples(st.just("distribute"), st.none()),
    st.tuples(st.just("distribute"), st.none()),
)


@dataclass
class World:
    songs: dict[str, Reported] = field(default_factory=dict)
    files: list[Report] = field(default_factory=list)
    lines: dict[int, Lines] = field(default_factory=dict)
    pools: list[Pool] = field(default_factory=list)
    month: int = 0

    def __post_init__(self) -> None:
        one_right(tme())
        deduction("commission", Fraction(23, 100))
        deduction("withholding", Fraction(33, 1000), base="remaining", position=2)
        kim, lee, sato, nobody = party("kim"), party("lee"), party("sato", JASRAC), party("nobody", None)
        self.songs = {
            "1": matched(work("one", {kim: THIRD, lee: THIRD, sato: THIRD})),
            "2": matched(work("two", {lee: Fraction(5, 12), nobody: Fraction(7, 12)})),
            "3": matched(work("three", {kim: Fraction(1)})),
            "4": UNMATCHED,
        }

    def bring(self, lines: Lines, choice: str = "original", of: Report | None = None) -> Report:
        """A file of the month that says what another one said, if it is that one in another world."""
        made = report([Line(song, micros) for song, micros in lines], self.songs)
        made.sha256 = of.sha256 if of else hashlib.sha256(f"{len(self.files)}".encode()).hexdigest()
        made.kind = choice if choice == "correction" or of else "original"
        made.save()
        self.files.append(made)
        self.lines[made.pk] = lines
        return made

    def further(self, choice: str, lines: Lines) -> None:
        made = self.bring(lines, choice)
        earlier = files_of_month(made)
        if choice != "supplement" and not [one for one in earlier if one.withdrawn_at is None]:
            choice = "aside"
        made.state, made.held_reason = Report.State.HELD, Report.HeldReason.SECOND_FILE
        made.save()
        named = [one for one in earlier if one.withdrawn_at is None][-1:]
        settle_second_file(report=made, choice=choice, actor=staff(), reason="so they wrote", earlier=named)

    def receive(self, more: int) -> None:
        waits = Report.objects.filter(state=Report.State.READY, pools=None).values_list(
            "accepted_micros", "rejected_micros"
        )
        micros = sum(int(accepted + rejected) for accepted, rejected in waits) + more
        if micros > 0:
            self.pools.append(money(micros, RATE, reference=f"money {len(self.pools)}"))

    def accept(self) -> None:
        for pool in Pool.objects.filter(state=Pool.State.HELD).order_by("pk"):
            with suppress(NothingReported):  # corrections may take all of it off
                accept_difference(pool=pool, actor=staff(), reason="agreed")

    def distribute(self) -> None:
        self.month += 1
        distribute(period=dt.date(2027 + self.month // 12, self.month % 12 + 1, 1))

    def take(self, step: tuple[str, object]) -> None:
        name, what = step
        if name == "original" and not self.files:
            self.bring(what)  # type: ignore[arg-type]
        elif name in {"supplement", "replacement", "correction"} and self.files:
            self.further(name, what)  # type: ignore[arg-type]
        elif name == "withdrawal":
            standing = [one for one in self.files if Report.objects.get(pk=one.pk).withdrawn_at is None]
            if standing:
                withdraw_report(report=standing[int(what) % len(standing)], actor=staff(), reason="wrong")  # type: ignore[call-overload]
        elif name == "money":
            self.receive(int(what))  # type: ignore[call-overload]
        elif name == "accept":
            self.accept()
        elif name == "distribute":
            self.distribute()


def earned() -> dict[tuple[str, str, str], tuple[int, int]]:
    """What stands of every released pool: (pool, who, state) → micros received and of won."""
    rows = (
        Earning.objects.filter(pool__state=Pool.State.RELEASED, pool__to_divide_again=False)
        .order_by()
        .values_list("pool__remittance__reference", "party__name", "state")
        .annotate(source=Sum("source_micros"), won=Sum("won_micros"))
    )
    return {(ref, name or "", state): (int(n), int(k)) for ref, name, state, n, k in rows if n or k}


def net() -> dict[str, int]:
    rows = Statement.objects.order_by().values_list("party__name").annotate(net=Sum("net_micros"))
    return {name: int(micros) for name, micros in rows}


def require_all_holds() -> None:
    check_now()
    assert check_ledger().differences == ()
    sums = LedgerEntry.objects.order_by().values_list("currency").annotate(sum=Sum("amount_micros"))
    assert not any(micros for _currency, micros in sums)
    assert not Statement.objects.filter(payable_micros__lt=0).exists()


def in_a_fresh_world(old: World) -> tuple[dict[tuple[str, str, str], tuple[int, int]], dict[str, int]]:
    """Only the files that stand, each paid by the same pool, and distributed once."""
    standing = [Report.objects.get(pk=one.pk) for one in old.files]
    standing = [one for one in standing if one.state == Report.State.READY]
    released = list(Pool.objects.filter(state=Pool.State.RELEASED, to_divide_again=False).select_related("remittance"))
    paid = {pool.remittance.reference: [one for one in standing if pool in one.pools.all()] for pool in released}
    sums = {pool.remittance.reference: pool.source_micros for pool in released}
    lines = {one.pk: old.lines[one.pk] for one in standing}
    wipe()
    new = World()
    for reference, files in paid.items():
        made = [new.bring(lines[one.pk], one.kind, of=one) for one in files]
        Report.objects.update(state=Report.State.HELD)
        pool = money(sums[reference], RATE, reference=reference)
        pool.reports.set(made)
        pool.reported_micros = sum(one.accepted_micros for one in made)
        pool.state, pool.accepted_difference_by, pool.accepted_difference_reason = "released", staff(), "as before"
        pool.save()
        Report.objects.update(state=Report.State.READY)
    new.distribute()
    require_all_holds()
    return earned(), net()


def wipe() -> None:
    """Nothing of the old world is left; the database sees to it that nobody does this outside a test."""
    transaction.savepoint_rollback(BEGINNING[-1])


BEGINNING: Final[list[str]] = []


@pytest.mark.django_db
@given(st.lists(steps, min_size=3, max_size=9))
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_payees_have_what_the_standing_files_alone_would_have_paid(taken: list[tuple[str, object]]) -> None:
    with transaction.atomic():
        BEGINNING.append(transaction.savepoint())
        world = World()
        world.take(("original", (("1", 3 * YUAN + 1), ("3", 2 * YUAN), ("4", YUAN))))
        for step in taken:
            world.take(step)
            require_all_holds()
        for _again in range(2):  # what is accepted may be distributed, and then nothing is left to do
            world.accept()
            world.distribute()
            require_all_holds()
        assert distribute(period=dt.date(2030, 1, 1)).state == "nothing_new"
        found, paid, statements = earned(), net(), Statement.objects.count()
        waits = Pool.objects.exclude(state=Pool.State.RELEASED).exists()
        expected, paid_afresh = in_a_fresh_world(world)
        assert found == expected
        if not waits:
            for name in paid.keys() | paid_afresh.keys():
                assert abs(paid.get(name, 0) - paid_afresh.get(name, 0)) <= STATEMENT_ROUNDING * (statements + 2)
        transaction.set_rollback(True)
