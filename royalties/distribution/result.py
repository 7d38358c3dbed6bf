"""What a run did, in sums."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from portal.lib.errors import DomainError
from royalties.distribution.tables import fetch
from royalties.ledger import WON
from royalties.models import DistributionRun, Pool

Money = dict[str, int]  # currency → micros


@dataclass(frozen=True, kw_only=True)
class Move:
    """What a run takes back from a payee, less than nothing, and what the payee gets anew: in micros of won, before deductions."""

    name: str
    taken_back_micros: int
    new_micros: int

    @property
    def difference_micros(self) -> int:
        return self.taken_back_micros + self.new_micros


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """What a run did. Every map is currency → micros: what was received in the currency received, and won.

    In won gross = posted + held + suspense + not ours + deducted, and posted = payable + carried: posted is what went to
    payees' accounts, net of deductions. In the currency received, where nothing is deducted, posted is the gross that
    is payable. What was taken back is counted as less than nothing. resting stays in the pools of the run: unmatched, to review,
    rejected. problems name songs that wait.
    """

    state: str  # distributed, nothing_new or dry_run
    run: DistributionRun | None = None
    payees: int = 0
    entries: int = 0
    earnings: int = 0
    gross: Money = field(default_factory=dict)
    posted: Money = field(default_factory=dict)
    held: Money = field(default_factory=dict)
    suspense: Money = field(default_factory=dict)
    not_ours: Money = field(default_factory=dict)
    deducted: Money = field(default_factory=dict)
    payable: Money = field(default_factory=dict)
    carried: Money = field(default_factory=dict)
    resting: Money = field(default_factory=dict)
    problems: tuple[DomainError, ...] = ()
    moves: tuple[Move, ...] = ()  # of payees from whom something is taken back, who loses most first


def nothing_new(problems: Sequence[DomainError]) -> RunResult:
    received = Pool.objects.filter(state=Pool.State.RELEASED).values_list("currency", flat=True).distinct()
    zero = dict.fromkeys([*sorted({*received, "CNY"} - {WON}), WON], 0)
    won = {WON: 0}
    return RunResult(
        state="nothing_new",
        gross=zero,
        posted=zero,
        held=zero,
        suspense=zero,
        not_ours=zero,
        deducted=won,
        payable=won,
        carried=won,
        resting=zero,
        problems=tuple(problems),
    )


def result_of(
    run: DistributionRun,
    earnings: int,
    statements: Mapping[str, int],
    moved: Mapping[str, int],
    problems: Sequence[DomainError],
) -> RunResult:
    sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for currency, state, source_micros, won_micros in fetch(
        """
        SELECT currency, state, sum(source_micros), sum(won_micros) FROM run_earning GROUP BY 1, 2
        """
    ):
        for key in (state, "gross"):
            if currency != WON:
                sums[key][currency] += int(source_micros)
            sums[key][WON] += int(won_micros)
    for state, micros in moved.items():  # taken back from where a released hold had sent it
        sums[state][WON] += micros
    currencies = sorted(sums["gross"], key=lambda currency: (currency == WON, currency))

    def money(state: str) -> Money:
        return {currency: sums[state][currency] for currency in currencies}

    entries = fetch(
        """
        SELECT count(*) FROM royalties_ledgerentry e JOIN royalties_ledgertransaction t ON t.id = e.transaction_id
        WHERE t.run_id = %s
        """,
        [run.pk],
    )
    return RunResult(
        state="distributed",
        run=run,
        payees=statements["payees"],
        entries=entries[0][0],
        earnings=earnings,
        gross=money("gross"),
        posted=money("payable") | {WON: statements["net"]},
        held=money("held"),
        suspense=money("suspense"),
        not_ours=money("not_ours"),
        deducted={WON: statements["deducted"]},
        payable={WON: statements["payable"]},
        carried={WON: statements["carried"]},
        resting=_resting(currencies),
        problems=tuple(problems),
        moves=tuple(_moves()),
    )


MOVES = """
WITH moved AS (
    SELECT party_id, coalesce(sum(won_micros) FILTER (WHERE reverses_id IS NOT NULL), 0)::bigint AS taken,
        coalesce(sum(won_micros) FILTER (WHERE reverses_id IS NULL), 0)::bigint AS new
    FROM run_earning WHERE state = 'payable' GROUP BY 1
)
SELECT p.name, taken, new FROM moved JOIN works_party p ON p.id = moved.party_id WHERE taken <> 0 ORDER BY taken + new, p.name
"""


def _moves() -> list[Move]:
    return [Move(name=name, taken_back_micros=taken, new_micros=new) for name, taken, new in fetch(MOVES)]


def _resting(currencies: Iterable[str]) -> Money:
    """What stays in the pools of this run after it."""
    sums: Counter[str] = Counter()
    for currency, source_micros, won_micros in fetch(
        """
        SELECT p.currency, p.source_micros - coalesce(sum(e.source_micros), 0), p.won_micros - coalesce(sum(e.won_micros), 0)
        FROM royalties_pool p LEFT JOIN royalties_earning e ON e.pool_id = p.id
        WHERE p.id IN (SELECT pool_id FROM run_earning) GROUP BY p.id
        """
    ):
        if currency != WON:
            sums[currency] += int(source_micros)
        sums[WON] += int(won_micros)
    return {currency: sums[currency] for currency in currencies}


STATES: Final = ("gross", "posted", "held", "suspense", "not_ours", "deducted", "payable", "carried")


def totals_as_text(result: RunResult) -> dict[str, dict[str, str]]:
    """State → currency → micros as text, as a run keeps it: JSON readers may round big numbers."""
    return {state: {currency: str(micros) for currency, micros in getattr(result, state).items()} for state in STATES}
