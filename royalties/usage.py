"""What a work was used, and what became of its money: by service and month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from django.db.models import QuerySet, Sum

from portal.lib.keyset import Key, day
from royalties.models import Earning, MatchWork
from works.models import Work

MONTH_KEYS: Final = (
    day("usage_month", descending=True),
    Key(name="service", read=str),
    Key(name="report__currency", read=str),
)


def won_of_cells(earnings: QuerySet[Earning], months: Sequence[dt.date]) -> dict[tuple[Any, str], dict[str, int]]:
    """(usage month, service) → won by state, in micros, of these earnings in these months."""
    rows = (
        earnings.filter(song_usage__usage_month__in=set(months))
        .order_by()
        .values("song_usage__usage_month", "song_usage__service", "state")
        .annotate(won=Sum("won_micros"))
    )
    found: dict[tuple[Any, str], dict[str, int]] = {}
    for row in rows:
        cell = found.setdefault((row["song_usage__usage_month"], row["song_usage__service"]), {})
        cell[row["state"]] = int(row["won"])
    return found


def songs_of(work: Work) -> QuerySet[MatchWork]:
    """The reported songs that are this work, newest decision first."""
    parts = MatchWork.objects.filter(work=work, match__superseded_at__isnull=True, match__outcome="accepted")
    return parts.select_related("match__recording").order_by("-match_id")
