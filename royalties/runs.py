"""What a distribution left behind: where every yuan and won of it went, and what belongs to others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, Sum
from django.utils.translation import gettext_lazy as _

from royalties.ledger import WON
from royalties.models import DistributionRun, Earning
from works.models import Society

Totals = Mapping[str, Mapping[str, str]]  # state → currency → micros as text, as a run keeps it
STATES: Final = {
    "payable": _("payable"),
    "carried": _("carried on: fractions of a won, and debts"),
    "deducted": _("deducted"),
    "posted": _("to payees, before deductions"),
    "held": _("held"),
    "suspense": _("in suspense"),
    "not_ours": _("not ours"),
}
IN_WON: Final = tuple(state for state in STATES if state != "posted")  # in the order in which it is read
ABROAD: Final = ("posted", "held", "suspense", "not_ours")  # as received: nothing is deducted and nothing carried
NOBODY: Final = {
    "non_member": _("nobody: not a member of any society"),
    "public_domain": _("nobody: public domain"),
    "unknown": _("nobody known"),
}


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Identity 2 in one currency: what was distributed is the sum of its parts (state → micros)."""

    currency: str
    distributed_micros: int
    parts: Mapping[str, int]

    @property
    def holds(self) -> bool:
        return self.distributed_micros == sum(self.parts.values())


def identities(totals: Totals) -> list[Identity]:
    """One per currency, won last."""
    gross = totals.get("gross", {})
    return [
        Identity(
            currency=currency,
            distributed_micros=int(gross[currency]),
            parts={
                state: int(totals.get(state, {}).get(currency, 0)) for state in (IN_WON if currency == WON else ABROAD)
            },
        )
        for currency in sorted(gross, key=lambda currency: (currency == WON, currency))
    ]


def in_won(run: DistributionRun, state: str) -> int:
    """Micros of won of one state of a run's totals."""
    return int(run.totals.get(state, {}).get(WON, 0))


def won_of_words(run: DistributionRun) -> int:
    """Micros of won in suspense because a song has other words than the work whose music it is. One query."""
    kept = Earning.objects.filter(run=run, state=Earning.State.SUSPENSE, run_share__words=True)
    return int(kept.aggregate(won=Sum("won_micros"))["won"] or 0)


def not_ours(run: DistributionRun) -> list[dict[str, Any]]:
    """What belongs to nobody of ours, by who collects it. Two queries."""
    rows = list(
        Earning.objects.filter(run=run, state=Earning.State.NOT_OURS)
        .order_by()
        .values("run_share__collector", "run_share__society_code", "currency")
        .annotate(source=Sum("source_micros"), won=Sum("won_micros"), works=Count("work", distinct=True))
        .order_by("-won")
    )
    societies = Society.objects.filter(code__in={row["run_share__society_code"] for row in rows})
    names = dict(societies.values_list("code", "name"))
    return [
        {**row, "collected_by": _collected_by(row["run_share__collector"], row["run_share__society_code"], names)}
        for row in rows
    ]


def _collected_by(collector: str, code: str, names: Mapping[str, str]) -> str:
    if code:
        return names.get(code, code)
    return str(NOBODY.get(collector, collector))
