"""What kind of file it is, and where its lines begin and end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import Any, Final

from django.db import connection

from portal.jobs.models import Job
from portal.jobs.services import NewChunk, Work, add_chunks
from royalties.ingest.columns import Known, Waiting, first_lines, keep_first_lines, look_for_mapping, work_wait
from royalties.ingest.reading import Opened, Reading, open_report, reading_of
from royalties.ingest.spool import share_spool
from royalties.models import Report
from royalties.reports import csv_lines, encodings, first_look, formats, mapped, version
from royalties.reports.base import (
    BadLine,
    HeaderIsAmbiguous,
    HeaderNotRecognised,
    IdsLostPrecision,
    Layout,
    PeriodIsUnknown,
    Written,
)
from royalties.reports.csv_lines import Row, Survey, Tile
from royalties.reports.dsr.layout import layout_of_dsr
from royalties.reports.lines import month_of

FIRST_LINES: Final = 1_000  # about so many are looked at before any is read


@dataclass(frozen=True, kw_only=True)
class Plan:
    opened: Opened
    encoding: str
    shown: dict[str, Any]  # how the file was read, for people: Report.reading
    layout: Layout
    period: dt.date
    currency: str
    tiles: list[Tile]
    known: Known | None = None  # the mapping by which it is read
    first_lines: list[Any] = field(default_factory=list)  # of such a file


def prepare_plan(work: Work) -> Plan | Waiting:
    report = Report.objects.select_related("file").get(pk=work.job.subject_id)
    opened = open_report(report, name=f"{work.job.pk}-{work.attempt}", keep=work.keep)
    report.reading = {"member": opened.member}
    reading = reading_of(report, opened.spool, keep=work.keep)
    survey = csv_lines.survey(reading.path, known=opened.known, asked=report.encoding_asked, on_tile=work.keep)
    if opened.dsr:
        return _plan_of_dsr(work, report, opened, reading, survey)
    delimiter = "" if opened.sheet else csv_lines.choose_delimiter(survey.header)
    reading = replace(reading, encoding=survey.encoding, delimiter=delimiter)
    known = None
    try:
        layout = formats.recognise(reading.split(survey.header), *_names(reading, opened))
    except (HeaderNotRecognised, HeaderIsAmbiguous) as unknown:
        found = look_for_mapping(report, opened, reading, survey, unknown, keep=work.keep)
        if isinstance(found, Waiting):
            return found
        known, reading, survey, layout = found, found.reading, found.survey, found.layout
        delimiter = reading.delimiter
    rows = _first_rows(reading, survey, work.failures)
    rows = [(raw, mapped.as_wide(cells, layout) if isinstance(cells, list) else cells) for raw, cells in rows]
    whole = [cells for _raw, cells in rows if isinstance(cells, list) and len(cells) == len(layout.headers)]
    _require_exact_ids(layout, rows)
    layout = replace(layout, withheld=first_look.columns_of_listeners(layout, whole))
    first = first_lines(known.reading, layout.withheld, layout.header_line) if known else []
    return Plan(
        opened=replace(opened, spool=share_spool(opened.spool, keep=work.keep)),
        encoding="" if opened.sheet else encodings.UTF16 if opened.utf16 else survey.encoding,
        shown=_how_it_was_read(opened, survey, delimiter, layout, rows) | (known.shown() if known else {}),
        layout=layout,
        period=report.period or _first_period(layout, whole),
        currency=layout.written.currency_code if layout.written else report.currency,
        tiles=survey.tiles,
        known=known,
        first_lines=first,
    )


def _plan_of_dsr(work: Work, report: Report, opened: Opened, reading: Reading, survey: Survey) -> Plan:
    """A DDEX report says itself what its lines are; its usages may lie in other months than the report."""
    said = opened.dsr
    layout = layout_of_dsr(said["family"])
    rows = _first_rows(replace(reading, encoding=survey.encoding, delimiter=""), survey, work.failures)
    whole = [cells for _raw, cells in rows if isinstance(cells, list)]
    month = dt.date.fromisoformat(f"{said['month']}-01") if said["month"] else None
    shown = _how_it_was_read(opened, survey, "", layout, rows)
    return Plan(
        opened=replace(opened, spool=share_spool(opened.spool, keep=work.keep)),
        encoding=report.encoding_asked or encodings.UTF8,
        shown=shown | {"why": "asked" if report.encoding_asked else "standard", "not_taken": [], "dsr": said},
        layout=layout,
        period=report.period or month or _first_period(layout, whole),
        tiles=survey.tiles,
        currency=said["currency"] if said["has_money"] and said["currency"] else report.currency,
    )


def _names(reading: Reading, opened: Opened) -> list[str]:
    """What the table is called: its file, and its sheet."""
    return [reading.label, *([opened.sheet.sheet] if opened.sheet else [])]


def work_plan(work: Work, plan: Plan | Waiting) -> None:
    if isinstance(plan, Waiting):
        work_wait(work, plan)
        return
    if plan.known is not None:
        keep_first_lines(work.job.subject_id, plan.first_lines)
    layout = asdict(plan.layout)
    Report.objects.filter(pk=work.job.subject_id).update(
        container=plan.opened.container,
        encoding=plan.encoding,
        reading=plan.shown | {"layout": layout, "rules": version.RULES_VERSION},
        family=plan.layout.family,
        period=plan.period,
        currency=plan.currency,
        state=Report.State.READING,
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT royalties_make_partition(%s)", [plan.period])
    chunks = [NewChunk({"spool": plan.opened.spool, **asdict(tile)}, tile.lines) for tile in plan.tiles]
    add_chunks(work.job, "parse", chunks)


def then_parse(job: Job) -> str | None:
    """A file whose columns are not known yet has nothing to be read: its job is done, and a later one reads it."""
    waits = Report.objects.filter(pk=job.subject_id, state=Report.State.MAPPING).exists()
    return None if waits else "parse"


def layout_of(report: Report) -> Layout:
    """Where things stand in a report that was planned: as was found then, whatever version reads its lines."""
    facts = {name: _as_tuples(fact) for name, fact in report.reading["layout"].items()}
    written = facts.pop("written", None)
    if written is not None:
        facts["written"] = Written(**{name: _as_tuples(fact) for name, fact in written.items()})
    return Layout(**facts)


def _as_tuples(fact: Any) -> Any:
    """A fact as it was before it was stored as JSON, which has no tuples."""
    return tuple(map(_as_tuples, fact)) if isinstance(fact, list) else fact


def _first_rows(reading: Reading, survey: Survey, failures: int) -> list[tuple[str, Row]]:
    """The first lines; after each attempt that failed a sixteenth of them, for one of them may have ended it."""
    enough = max(FIRST_LINES >> 4 * failures, 1)
    if not survey.tiles:
        return []
    first = survey.tiles[0]
    with reading.path.open("rb") as file:
        file.seek(first.offset)
        return reading.rows(b"".join(islice(file, min(enough, first.lines))))


def _first_period(layout: Layout, rows: Sequence[Sequence[str]]) -> dt.date:
    """The month of the first line that names one, among the first lines of the file. Raises PeriodIsUnknown."""
    if layout.month:
        return dt.date.fromisoformat(layout.month)
    for cells in rows:
        try:
            if layout.period is not None:
                return dt.date.fromisoformat(month_of(cells[layout.period], layout))
        except BadLine:
            continue
    raise PeriodIsUnknown


def _require_exact_ids(layout: Layout, rows: Sequence[tuple[str, Row]]) -> None:
    """Raise IdsLostPrecision where the column of ids as a whole is rounded."""
    numbered = [
        (line_no, cells)
        for line_no, (_raw, cells) in enumerate(rows, layout.first_line)
        if isinstance(cells, list) and len(cells) == len(layout.headers)
    ]
    at = first_look.rounded_id(layout, [cells for _line_no, cells in numbered])
    if at is not None and layout.song_id is not None:
        line_no, cells = numbered[at]
        column = layout.headers[layout.song_id]
        raise IdsLostPrecision(column=column, line=line_no, value=csv_lines.showable(cells[layout.song_id]))


def _how_it_was_read(
    opened: Opened, survey: Survey, delimiter: str, layout: Layout, rows: Sequence[tuple[str, Row]]
) -> dict[str, Any]:
    """Report.reading: everything about the reading that a person may want to see, or to have done otherwise."""
    known = first_look.columns_used(layout) | {*layout.withheld, *layout.described}
    shown = first_look.columns_shown(layout)
    headers = [csv_lines.showable(header) for header in layout.headers]
    return {
        "member": opened.member,
        "sheet": opened.sheet.sheet if opened.sheet else "",
        "is_full": bool(opened.sheet and opened.sheet.is_full),
        "delimiter": delimiter,
        "why": opened.utf16 or survey.why,
        "looks_like": "" if opened.known else encodings.better_than(csv_lines.codec_of(survey.encoding), survey.sample),
        "not_taken": [header for at, header in enumerate(headers) if at not in known and header.strip()],
        "described": [headers[at] for at in layout.described if at not in layout.withheld],
        "withheld": [headers[at] for at in layout.withheld],
        "columns": [headers[at] for at in shown],
        "preview": first_look.preview(rows, shown, len(headers)),
    }


def period_of(report: Report) -> dt.date:
    """The month, which every report has from its plan on."""
    if report.period is None:
        raise PeriodIsUnknown
    return report.period
