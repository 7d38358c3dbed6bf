"""Money that rests because nobody is known to own its song, or a part of it: counted each time it is shown, never stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db import connection
from django.db.models import Count, Q, Sum

from royalties.models import LedgerAccount, LedgerEntry, Report, SongUsage
from royalties.querysets import FINISHED, NOT_COUNTED


@dataclass(frozen=True, kw_only=True)
class Resting:
    """What waits in one currency of the reports, in micros."""

    currency: str
    review_micros: int = 0
    unmatched_micros: int = 0
    rejected_micros: int = 0
    unregistered_micros: int = 0  # of parts of matched songs
    review_songs: int = 0
    unmatched_songs: int = 0
    rejected_lines: int = 0
    unregistered_songs: int = 0

    @property
    def total_micros(self) -> int:
        return self.review_micros + self.unmatched_micros + self.rejected_micros + self.unregistered_micros


def resting_money() -> Sequence[Resting]:
    """Per currency: the reported money of songs to review, of songs without a match, of rejected lines, and of parts that
    nobody registered of a matched song, each song's rounded down to a millionth. Three queries."""
    found: dict[str, Resting] = {}
    standing = SongUsage.objects.counted().filter(
        recording__matches__superseded_at__isnull=True, recording__matches__outcome__in=("review", "none")
    )
    review, unmatched = Q(recording__matches__outcome="review"), Q(recording__matches__outcome="none")
    for currency, review_micros, unmatched_micros, review_songs, unmatched_songs in (
        standing.order_by()
        .values("report__currency")
        .annotate(
            review_micros=Sum("amount_micros", filter=review, default=0),
            unmatched_micros=Sum("amount_micros", filter=unmatched, default=0),
            review_songs=Count("recording", filter=review, distinct=True),
            unmatched_songs=Count("recording", filter=unmatched, distinct=True),
        )
        .values_list("report__currency", "review_micros", "unmatched_micros", "review_songs", "unmatched_songs")
    ):
        found[currency] = Resting(
            currency=currency,
            review_micros=int(review_micros),
            unmatched_micros=int(unmatched_micros),
            review_songs=review_songs,
            unmatched_songs=unmatched_songs,
        )
    reports = Report.objects.exclude(held_reason__in=NOT_COUNTED).order_by().values("currency")
    rejected = reports.annotate(micros=Sum("rejected_micros"), lines_rejected=Sum("rejected"))
    for currency, micros, lines in rejected.values_list("currency", "micros", "lines_rejected"):
        known = found.get(currency, Resting(currency=currency))
        found[currency] = replace(known, rejected_micros=int(micros), rejected_lines=int(lines))
    for currency, songs, micros in _unregistered():
        known = found.get(currency, Resting(currency=currency))
        found[currency] = replace(known, unregistered_songs=songs, unregistered_micros=int(micros))
    return [found[currency] for currency in sorted(found)]


# Only a song that is several works can have a part that is none: the rows with a part of a song have an index of their own.
UNREGISTERED = """
WITH whole AS (
    SELECT m.id, m.recording_id, garak_lcm(w.denominator::numeric) AS parts
    FROM royalties_match m JOIN royalties_matchwork w ON w.match_id = m.id
    WHERE m.id IN (SELECT match_id FROM royalties_matchwork WHERE denominator > 1)
        AND m.superseded_at IS NULL AND m.outcome = 'accepted'
    GROUP BY m.id
), rest AS (
    SELECT whole.recording_id, whole.parts, whole.parts - sum(w.numerator * div(whole.parts, w.denominator)) AS rest
    FROM whole JOIN royalties_matchwork w ON w.match_id = whole.id GROUP BY whole.id, whole.recording_id, whole.parts
)
SELECT r.currency, count(DISTINCT u.recording_id), sum(div(u.amount_micros * rest.rest, rest.parts))
FROM rest
JOIN royalties_songusage u ON u.recording_id = rest.recording_id
JOIN royalties_report r ON r.id = u.report_id AND r.state = ANY (%s) AND r.held_reason <> ALL (%s)
WHERE rest.rest > 0 GROUP BY 1 ORDER BY 1
"""


def _unregistered() -> list[tuple[str, int, Decimal]]:
    with connection.cursor() as cursor:
        cursor.execute(UNREGISTERED, [list(FINISHED), list(NOT_COUNTED)])
        return list(cursor.fetchall())


def money_to_review() -> Sequence[Resting]:
    """Per currency the songs to review and their reported money alone. One query."""
    waiting = SongUsage.objects.counted().filter(
        recording__matches__superseded_at__isnull=True, recording__matches__outcome="review"
    )
    rows = waiting.order_by().values("report__currency")
    sums = rows.annotate(money=Sum("amount_micros"), songs=Count("recording", distinct=True))
    return [
        Resting(currency=row["report__currency"], review_micros=int(row["money"]), review_songs=row["songs"])
        for row in sums.order_by("report__currency")
    ]


def resting_won() -> int:
    """The won of all pools that no distribution has divided yet, in micros, from the ledger."""
    entries = LedgerEntry.objects.filter(account__kind=LedgerAccount.Kind.POOL, currency="KRW")
    return int(entries.aggregate(sum=Sum("amount_micros"))["sum"] or 0)
