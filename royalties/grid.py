"""Sources × months: what came in of each month of each source and family, and what is owed. Two queries, however many cells."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from portal.accounts.access import Reader
from royalties.calendars import rule_from
from royalties.ingest.plan import period_of
from royalties.models import Report, ReportingCalendar, Source
from royalties.reporting import OWED, Arrival, Arrived, Cell, Rule, State, judge, month_after, rule_of
from royalties.services import STAND_NO_MORE

LISTED: Final = 20  # files whose month nobody knows
SPAN: Final = 12  # months that are looked at together
ATTENTION: Final = (*OWED, State.HELD, State.STOPPED)
UNKNOWN_FAMILY: Final = ""
WHAT: Final = {
    Report.State.RECEIVED: Arrived.UNDER_WAY,
    Report.State.READING: Arrived.UNDER_WAY,
    Report.State.MATCHING: Arrived.UNDER_WAY,
    Report.State.MAPPING: Arrived.HELD,  # until staff say what its columns mean
    Report.State.READY: Arrived.RECEIVED,
    Report.State.HELD: Arrived.HELD,
    Report.State.REFUSED: Arrived.REFUSED,
    Report.State.STOPPED: Arrived.STOPPED,
}


@dataclass
class Row:
    """A source and a family of it, or all its files together; without rules nobody has said when its reports are due."""

    source: Source
    family: str
    rules: list[Rule] = field(default_factory=list)
    arrivals: dict[dt.date, list[Arrival]] = field(default_factory=lambda: defaultdict(list))
    cells: list[tuple[dt.date, Cell]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Grid:
    """`months` and the cells of each row, newest first; `reports` by their refs."""

    months: Sequence[dt.date]
    rows: Sequence[Row]
    reports: dict[str, Report]

    def count(self, *states: State) -> int:
        return sum(cell.state in states for row in self.rows for _month, cell in row.cells)


def grid_of(
    user: Reader,
    *,
    until: dt.date | None = None,
    span: int = SPAN,
    source: Source | None = None,
    only: Sequence[State] = (),
) -> Grid:
    """The months up to `until` (this month, in Seoul) as this person may see them; with `only`, the rows that have such a cell."""
    today = timezone.localdate()
    last = (until or today).replace(day=1)
    months = [month_after(last, -back) for back in range(span)]
    sources = Source.objects.visible_to(user)
    sources = sources.filter(pk=source.pk) if source else sources
    rows = _rows(sources)
    standing = Report.objects.visible_to(user).filter(source__in=sources, superseded_at__isnull=True)
    standing = standing.filter(period__gte=months[-1], period__lte=months[0])
    reports = list(standing.select_related("source").order_by("pk"))
    for report in reports:
        _row_of(report, rows).arrivals[period_of(report)].append(
            Arrival(ref=report.ref, what=what_became_of(report), on=timezone.localdate(report.created_at))
        )
    for row in rows.values():
        row.cells = [(month, judge(month, rule_of(row.rules, month), row.arrivals[month], today)) for month in months]
    wanted = [row for row in rows.values() if not only or any(cell.state in only for _month, cell in row.cells)]
    wanted = [row for row in wanted if row.rules or any(cell.arrivals for _month, cell in row.cells)]
    return Grid(
        months=months,
        rows=sorted(wanted, key=lambda row: (row.source.name, row.family)),
        reports={report.ref: report for report in reports},
    )


def files_of_no_month(user: Reader, source: Source | None = None) -> list[Report]:
    """The latest files of which no line was read and nobody said the month: they stand in no cell."""
    files = Report.objects.visible_to(user).filter(period__isnull=True, superseded_at__isnull=True)
    files = files.filter(source=source) if source else files
    return list(files.select_related("source", "file").order_by("-pk")[:LISTED])


def what_became_of(report: Report) -> Arrived:
    """What a report means for its month today."""
    if report.held_reason in STAND_NO_MORE:
        return Arrived.ASIDE
    return WHAT[Report.State(report.state)]


def _rows(sources: QuerySet[Source]) -> dict[tuple[int, str], Row]:
    """A row for each source and family of which a calendar says something."""
    rows: dict[tuple[int, str], Row] = {}
    calendars = ReportingCalendar.objects.filter(source__in=sources).select_related("source").order_by("from_date")
    for one in calendars:
        row = rows.setdefault((one.source_id, one.family), Row(one.source, one.family))
        row.rules.append(rule_from(one))
    return rows


def _row_of(report: Report, rows: dict[tuple[int, str], Row]) -> Row:
    """Where a report stands: with its family, with all files of its source, or in a row that no calendar made.

    A file whose family nobody knows, because it was refused, stands with the only family of its source.
    """
    known = [key for key in rows if key[0] == report.source_id]
    if (report.source_id, report.family) in rows:
        return rows[report.source_id, report.family]
    if (report.source_id, UNKNOWN_FAMILY) in rows:
        return rows[report.source_id, UNKNOWN_FAMILY]
    if not report.family and len(known) == 1:
        return rows[known[0]]
    return rows.setdefault((report.source_id, report.family), Row(report.source, report.family))
