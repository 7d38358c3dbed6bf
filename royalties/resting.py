"""Money that rests because nobody is known to own its song: counted from the rows each time it is shown, never stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from royalties.models import LedgerAccount, LedgerEntry, Report, SongUsage
from royalties.querysets import NOT_COUNTED


@dataclass(frozen=True, kw_only=True)
class Resting:
    """What waits in one currency of the reports, in micros."""

    currency: str
    review_micros: int = 0
    unmatched_micros: int = 0
    rejected_micros: int = 0
    review_songs: int = 0
    unmatched_songs: int = 0
    rejected_lines: int = 0

    @property
    def total_micros(self) -> int:
        return self.review_micros + self.unmatched_micros + self.rejected_micros


def resting_money() -> Sequence[Resting]:
    """Per currency: the reported money of songs to review, of songs without a match, and of rejected lines. Two queries."""
    standing = SongUsage.objects.counted().filter(recording__matches__superseded_at__isnull=True)
    songs = (
        standing.order_by()
        .values("report__currency")
        .annotate(
            review=Sum("amount_micros", filter=Q(recording__matches__outcome="review"), default=0),
            unmatched=Sum("amount_micros", filter=Q(recording__matches__outcome="none"), default=0),
            review_songs=Count("recording", filter=Q(recording__matches__outcome="review"), distinct=True),
            unmatched_songs=Count("recording", filter=Q(recording__matches__outcome="none"), distinct=True),
        )
    )
    by_currency = {row["report__currency"]: row for row in songs}
    reports = Report.objects.exclude(held_reason__in=NOT_COUNTED)
    rejected = {
        row["currency"]: row
        for row in reports.order_by().values("currency").annotate(money=Sum("rejected_micros"), lines=Sum("rejected"))
    }
    return [
        Resting(
            currency=currency,
            review_micros=int(by_currency.get(currency, {}).get("review", 0)),
            unmatched_micros=int(by_currency.get(currency, {}).get("unmatched", 0)),
            rejected_micros=int(rejected.get(currency, {}).get("money", 0)),
            review_songs=by_currency.get(currency, {}).get("review_songs", 0),
            unmatched_songs=by_currency.get(currency, {}).get("unmatched_songs", 0),
            rejected_lines=int(rejected.get(currency, {}).get("lines", 0)),
        )
        for currency in sorted(by_currency.keys() | rejected.keys())
    ]


def resting_won() -> int:
    """The won of all pools that no distribution has divided yet, in micros, from the ledger."""
    entries = LedgerEntry.objects.filter(account__kind=LedgerAccount.Kind.POOL, currency="KRW")
    return int(entries.aggregate(sum=Sum("amount_micros"))["sum"] or 0)
