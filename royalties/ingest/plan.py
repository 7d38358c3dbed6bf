"""What kind of file it is, and where its lines begin and end."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection

from portal.files.services import path_of
from portal.files.sheets import spool_sheet
from portal.jobs.services import NewChunk, Work, add_chunks
from royalties.models import Report
from royalties.reports import csv_lines, tme
from royalties.reports.base import BadLine, Layout, PeriodIsUnknown
from royalties.reports.csv_lines import Tile
from royalties.reports.lines import (
    first_of_month,
)

SPOOL_ENCODING: Final = "utf-8"


@dataclass(frozen=True)
class Plan:
    container: str
    encoding: str
    spool: str  # the name of the spooled file, nothing for CSV
    layout: Layout
    period: dt.date
    tiles: list[Tile]


def prepare_plan(work: Work) -> Plan:
    report = Report.objects.select_related("file").get(pk=work.job.subject_id)
    path = path_of(report.file)
    with path.open("rb") as file:
        is_sheet = file.read(2) == b"PK"
    if is_sheet:
        spool = f"{work.job.pk}-{work.attempt}.jsonl"
        spool_sheet(path, spool_path(spool), keep=work.keep)
        path, encoding = spool_path(spool), SPOOL_ENCODING
    else:
        spool, encoding = "", ""
    survey = csv_lines.survey(path, encoding=encoding, on_tile=work.keep)
    layout = tme.recognise(headers_of(survey.header, spool), report.file.label)
    period = report.period or _first_period(path, survey, layout, spool)
    container = "xlsx" if is_sheet else "csv"
    return Plan(container, "" if is_sheet else survey.encoding, spool, layout, period, survey.tiles)


def work_plan(work: Work, plan: Plan) -> None:
    Report.objects.filter(pk=work.job.subject_id).update(
        container=plan.container,
        encoding=plan.encoding,
        family=plan.layout.family,
        period=plan.period,
        state=Report.State.READING,
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT royalties_make_partition(%s)", [plan.period])
    add_chunks(work.job, "parse", [NewChunk({"spool": plan.spool, **asdict(tile)}, tile.lines) for tile in plan.tiles])


def _first_period(path: Path, survey: csv_lines.Survey, layout: Layout, spool: str) -> dt.date:
    """The month of the first line that names one, among the first lines of the file."""
    for tile in survey.tiles[:1]:
        for _raw, cells in rows_of(csv_lines.read_tile(path, tile), survey.encoding, spool):
            if not isinstance(cells, BadLine) and len(cells) == len(layout.headers):
                try:
                    return dt.date.fromisoformat(first_of_month(cells[layout.period]))
                except BadLine:
                    continue
    raise PeriodIsUnknown


def headers_of(header: str, spool: str) -> list[str]:
    if not spool:
        return csv_lines.split_header(header)
    return [str(cell) for cell in json.loads(header or "[]")]


def rows_of(block: bytes, encoding: str, spool: str) -> list[tuple[str, csv_lines.Row]]:
    return csv_lines.sheet_rows(block) if spool else csv_lines.csv_rows(block, encoding)


def spool_path(name: str) -> Path:
    return Path(settings.PORTAL_DATA_DIR) / "spool" / name


def period_of(report: Report) -> dt.date:
    """The month, which every report has from its plan on."""
    if report.period is None:
        raise PeriodIsUnknown
    return report.period
