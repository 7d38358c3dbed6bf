"""Lines into rows."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from django.db import connection
from psycopg import sql

from portal.jobs.models import Job
from portal.jobs.services import NewChunk, Work, add_chunks
from royalties.ingest.plan import layout_of, period_of
from royalties.ingest.reading import reading_of
from royalties.ingest.songs import resolve_songs
from royalties.models import Report
from royalties.reports import csv_lines, tme
from royalties.reports.base import LinesDoNotAddUp
from royalties.reports.csv_lines import Tile
from royalties.reports.lines import (
    Line,
    Lines,
    Rejected,
    Rules,
    Song,
    read_lines,
)

SONGS_A_CHUNK: Final = 2_000


def prepare_parse(work: Work) -> tuple[Report, Lines]:
    report = Report.objects.select_related("file", "source").get(pk=work.job.subject_id)
    payload = dict(work.payload)
    reading = reading_of(report, payload["spool"])
    tile = Tile(**{name: payload[name] for name in ("offset", "size", "first_line", "lines", "sha256")})
    rules = Rules(layout_of(report, reading), tme.PLATFORMS, tme.NOT_CHINA)
    block = csv_lines.read_tile(reading.path, tile)
    lines, line_no = Lines(), tile.first_line
    with _without_looking_for_cycles():
        for run in csv_lines.runs(block):
            rows = reading.rows(run)
            lines.add(read_lines(rows, first_line=line_no, rules=rules))
            line_no += len(rows)
    return report, lines


@contextmanager
def _without_looking_for_cycles() -> Iterator[None]:
    """Cells and lines hold no reference in a circle, and looking for some takes as long as reading the lines."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def work_parse(remembered: dict[Song, int], work: Work, prepared: tuple[Report, Lines]) -> dict[str, Any]:
    report, lines = prepared
    if len(lines.accepted) + len(lines.rejected) != work.units:
        raise LinesDoNotAddUp(lines=work.units, accepted=len(lines.accepted), rejected=len(lines.rejected))
    songs = resolve_songs(report, {line.song for line in lines.accepted}, remembered)
    copy_accepted(report, lines.accepted, songs)
    copy_rejected(report, lines.rejected)
    return {"rounded": lines.rounded, "remainder": str(_exact_decimal(lines.remainder))}


def copy_accepted(report: Report, lines: Sequence[Line], songs: Mapping[Song, int]) -> None:
    """COPY straight into the month's partition. Every value is a number, a date or a word of ours: nothing to escape."""
    period = period_of(report)
    statement = sql.SQL(
        "COPY {} (period, report_id, line_no, recording_id, service, usage_month, uses, amount_micros) FROM STDIN"
    ).format(sql.Identifier(f"royalties_usageline_{period:%Y_%m}"))
    head = f"{period.isoformat()}\t{report.pk}\t"
    rows = [
        f"{head}{line_no}\t{songs[song]}\t{service}\t{month}\t{uses}\t{micros}\n"
        for line_no, song, service, month, uses, micros in lines
    ]
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write("".join(rows))


def copy_rejected(report: Report, lines: Sequence[Rejected]) -> None:
    if not lines:
        return
    statement = (
        'COPY royalties_rejectedline (report_id, line_no, raw, "column", value, reason, amount_micros) FROM STDIN'
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for line in lines:
            copy.write_row(
                (report.pk, line.line_no, line.raw, line.column[:100], line.value, line.reason, line.amount_micros)
            )


def _exact_decimal(value: Fraction) -> Decimal:
    """A fraction over a power of ten as a decimal, exactly: what an amount loses at six decimals has nine more at most."""
    return Decimal(int(value * 10**12)).scaleb(-12)


def then_match(job: Job) -> str:
    """Cut the songs of the report that no match stands for into runs of ids."""
    Report.objects.filter(pk=job.subject_id).update(state=Report.State.MATCHING)
    report = Report.objects.get(pk=job.subject_id)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT min(id), max(id), count(*) FROM (
                SELECT recording_id AS id, (row_number() OVER (ORDER BY recording_id) - 1) / %s AS run
                FROM (SELECT DISTINCT recording_id FROM royalties_usageline WHERE period = %s AND report_id = %s) AS songs
                WHERE NOT EXISTS (
                    SELECT 1 FROM royalties_match m WHERE m.recording_id = songs.recording_id AND m.superseded_at IS NULL)
            ) AS runs GROUP BY run ORDER BY run""",
            [SONGS_A_CHUNK, report.period, report.pk],
        )
        runs = cursor.fetchall()
    add_chunks(job, "match", [NewChunk({"from": first, "to": last}, songs) for first, last, songs in runs])
    return "match"
