"""Lines into rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from django.db import connection
from psycopg import sql

from portal.jobs.models import Job
from portal.jobs.services import NewChunk, Work, add_chunks
from royalties.ingest.cycles import without_looking_for_cycles
from royalties.ingest.plan import layout_of, period_of
from royalties.ingest.reading import Reading, reading_of
from royalties.ingest.songs import resolve_songs
from royalties.models import Report
from royalties.reports import csv_lines, tme
from royalties.reports.base import LinesDoNotAddUp
from royalties.reports.columns import LineReader, PlainLines
from royalties.reports.csv_lines import Tile
from royalties.reports.lines import Lines, Rejected, Rules, Song, read_line

SONGS_A_CHUNK: Final = 1_000


@dataclass
class Remembered:
    """What a worker knows from the chunks of a report it has read: what lines say on their left, and the songs' numbers."""

    songs: dict[Song, int] = field(default_factory=dict)
    read: tuple[Rules, Reading, LineReader] | None = None

    def reader(self, rules: Rules, reading: Reading) -> LineReader:
        """One that has read such lines before, if there is one. Whoever takes it puts it back when all went well."""
        before, self.read = self.read, None
        if before is not None and before[:2] == (rules, reading):
            return before[2]
        return LineReader(rules, encoding=reading.encoding, delimiter=reading.delimiter)


@dataclass
class ReadLines:
    """The lines of a chunk, and its songs' numbers: plain lines by column, the others one by one."""

    plain: list[PlainLines]
    others: Lines
    songs: dict[Song, int]

    @property
    def accepted(self) -> int:
        return sum(len(run.line_nos) for run in self.plain) + len(self.others.accepted)


def prepare_parse(remembered: Remembered, work: Work) -> tuple[Report, ReadLines]:
    """Read the lines of a chunk, and give every song they name a number, which is committed at once.

    So no worker waits for another's lines to be written. A song whose lines are then not written, because this worker
    was too late, is found by whoever writes them.
    """
    report = Report.objects.select_related("file", "source").get(pk=work.job.subject_id)
    payload = dict(work.payload)
    reading = reading_of(report, payload["spool"])
    tile = Tile(**{name: payload[name] for name in ("offset", "size", "first_line", "lines", "sha256")})
    rules = Rules(layout_of(report, reading), tme.PLATFORMS, tme.NOT_CHINA)
    reader = remembered.reader(rules, reading)
    plain, others, line_no = [], Lines(), tile.first_line
    with without_looking_for_cycles():
        for run in csv_lines.runs(csv_lines.read_tile(reading.path, tile)):
            found, left = reader.read(run, line_no)
            plain.append(found)
            for number, (raw, cells) in zip(left.line_nos, left.rows, strict=True):
                read_line(number, raw, cells, rules, others)
            line_no += len(found.line_nos) + len(left.line_nos)
        named = {usage.song for usage in reader.fresh} | {line.song for line in others.accepted}
        songs = resolve_songs(report, named, remembered.songs)
        for usage in reader.fresh:
            usage.columns = f"{songs[usage.song]}\t{usage.service}\t{usage.usage_month}"
        reader.fresh.clear()
    remembered.read = rules, reading, reader
    return report, ReadLines(plain, others, songs)


def work_parse(work: Work, prepared: tuple[Report, ReadLines]) -> dict[str, Any]:
    report, read = prepared
    others = read.others
    if read.accepted + len(others.rejected) != work.units:
        raise LinesDoNotAddUp(lines=work.units, accepted=read.accepted, rejected=len(others.rejected))
    copy_accepted(report, read)
    copy_rejected(report, others.rejected)
    return {"rounded": others.rounded, "remainder": str(_exact_decimal(others.remainder))}


def copy_accepted(report: Report, read: ReadLines) -> None:
    """COPY straight into the month's partition. Every value is a number, a date or a word of ours: nothing to escape."""
    period = period_of(report)
    statement = sql.SQL(
        "COPY {} (line_no, recording_id, service, usage_month, uses, amount_micros, period, report_id) FROM STDIN"
    ).format(sql.Identifier(f"royalties_usageline_{period:%Y_%m}"))
    end = f"\t{period.isoformat()}\t{report.pk}\n"
    rows: list[str] = []
    for run in read.plain:
        columns = zip(run.line_nos, run.usages, run.uses, run.micros, strict=True)
        rows += [f"{line_no}\t{usage.columns}\t{uses}\t{micros}{end}" for line_no, usage, uses, micros in columns]
    rows += [
        f"{line_no}\t{read.songs[song]}\t{service}\t{month}\t{uses}\t{micros}{end}"
        for line_no, song, service, month, uses, micros in read.others.accepted
    ]
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write("".join(rows))  # at once: to wake each other for every few lines takes longer than to write them


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
    """Sum the lines up, now that all are there, and cut the songs that no match stands for into runs of numbers."""
    Report.objects.filter(pk=job.subject_id).update(state=Report.State.MATCHING)
    report = Report.objects.get(pk=job.subject_id)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'")  # sums of hundreds of thousands of songs without a file for them
        cursor.execute(SUM_UP, [report.period, report.pk])
        cursor.execute(SONGS_WITHOUT_MATCH, [report.pk])
        songs = [song for (song,) in cursor.fetchall()]
    runs = [songs[at : at + SONGS_A_CHUNK] for at in range(0, len(songs), SONGS_A_CHUNK)]
    add_chunks(job, "match", [NewChunk({"songs": run}, len(run)) for run in runs])
    return "match"


SUM_UP: Final = """
    INSERT INTO royalties_songusage (report_id, recording_id, service, usage_month, lines, uses, amount_micros)
    SELECT report_id, recording_id, service, usage_month, count(*), sum(uses), sum(amount_micros)
    FROM royalties_usageline WHERE period = %s AND report_id = %s
    GROUP BY report_id, recording_id, service, usage_month
    ORDER BY recording_id, service, usage_month"""

SONGS_WITHOUT_MATCH: Final = """
    SELECT DISTINCT u.recording_id FROM royalties_songusage u WHERE u.report_id = %s AND NOT EXISTS (
        SELECT 1 FROM royalties_match m WHERE m.recording_id = u.recording_id AND m.superseded_at IS NULL)
    ORDER BY u.recording_id"""
