"""Lines into rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from portal.jobs.services import Work
from royalties.ingest.blocks import copy_blocks
from royalties.ingest.cycles import without_looking_for_cycles
from royalties.ingest.plan import layout_of, period_of
from royalties.ingest.reading import Reading, reading_of
from royalties.ingest.societies import copy_society_lines
from royalties.ingest.songs import resolve_songs
from royalties.models import LumpSum, Report
from royalties.reports import formats, version
from royalties.reports.base import LinesDoNotAddUp, RulesHaveChanged
from royalties.reports.csv_lines import Tile
from royalties.reports.lines import Line, Lines, Lumps, Rejected, Rules, Song, read_line
from royalties.reports.placed import PlacedLines, no_lines
from royalties.reports.tme.guarantee import read_lump

if TYPE_CHECKING:
    from royalties.reports.columns import LineReader, PlainLines

EXAMPLES: Final = 5
REMEMBERED_AT_MOST: Final = 100_000  # songs of lines that are not plain, some hundred bytes each


@dataclass
class Remembered:
    """What a worker knows from the chunks of a report it has read: what plain lines say on their left, the songs of others."""

    songs: dict[Song, int] = field(default_factory=dict)
    read: tuple[Rules, Reading, LineReader] | None = None

    def new_songs(self, lines: Sequence[Line]) -> list[Song]:
        """Songs of these lines whose numbers are not remembered."""
        if len(self.songs) > REMEMBERED_AT_MOST:
            self.songs.clear()
        return list({line.song for line in lines if line.song not in self.songs})

    def reader(self, rules: Rules, reading: Reading) -> LineReader:
        """One that has read such lines before, if there is one. Whoever takes it puts it back when all went well."""
        # Imported here: polars has threads, and hangs in a child that was forked after it began to work.
        from royalties.reports.columns import LineReader

        before, self.read = self.read, None
        if before is not None and before[:2] == (rules, reading):
            return before[2]
        return LineReader(rules, encoding=reading.encoding, delimiter=reading.delimiter)


@dataclass
class ReadLines:
    """The lines of a chunk: plain ones by column, the others one by one with the numbers of their songs."""

    reader: LineReader
    plain: PlainLines
    others: Lines
    songs: dict[Song, int]
    file_lines: list[int]  # see file_lines_of; none where a line of the report is a line of the file

    @property
    def accepted(self) -> int:
        return len(self.plain) + len(self.others.accepted)


def prepare_parse(remembered: Remembered, work: Work) -> tuple[Report, ReadLines | Lumps]:
    """Read the lines of a chunk, and give every song they name a number, which is committed at once.

    So no worker waits for another's lines to be written. A song whose lines are then not written, because this worker
    was too late, is found by whoever writes them. Raises RulesHaveChanged.
    """
    report = Report.objects.select_related("file", "source").get(pk=work.job.subject_id)
    if report.reading["rules"] != version.RULES_VERSION:
        raise RulesHaveChanged
    payload = dict(work.payload)
    reading = reading_of(report, payload["spool"], keep=work.keep)
    tile = Tile(**{name: payload[name] for name in ("offset", "size", "first_line", "lines", "sha256")})
    rules = formats.rules_of(layout_of(report), signed=report.kind == Report.Kind.CORRECTION)
    of_family = formats.format_of(rules.layout.family)
    if of_family is not None and of_family.is_lump:
        return report, _read_lumps(rules, reading, tile)
    reader = remembered.reader(rules, reading)
    others = Lines()
    with without_looking_for_cycles():
        block = reading.block(tile)
        plain, left = reader.read(block, tile.first_line)
        for number, (raw, cells) in zip(left.line_nos, left.rows, strict=True):
            read_line(number, raw, cells, rules, others)
        fresh = [song for song in reader.fresh if song is not None]
        named = remembered.new_songs(others.accepted)
        recordings = resolve_songs(report, fresh + named, turn=work.ordinal)
        reader.give_numbers(recordings[: len(fresh)])
        remembered.songs.update(zip(named, recordings[len(fresh) :], strict=True))
    remembered.read = rules, reading, reader
    file_lines = [] if rules.layout.file_line is None else file_lines_of(block)
    return report, ReadLines(reader, plain, others, remembered.songs, file_lines)


def _read_lumps(rules: Rules, reading: Reading, tile: Tile) -> Lumps:
    """The lines of a chunk of a file without songs."""
    read = Lumps()
    rows = reading.rows(reading.block(tile))
    for number, (raw, cells) in enumerate(rows, tile.first_line):
        read_lump(number, raw, cells, rules.layout, read)
    return read


def work_parse(work: Work, prepared: tuple[Report, ReadLines | Lumps]) -> dict[str, Any]:
    from royalties.ingest.totals import copy_totals  # here for the same reason as above

    report, read = prepared
    if isinstance(read, Lumps):
        return _write_lumps(work, report, read)
    others = read.others
    if read.accepted + len(others.rejected) != work.units:
        raise LinesDoNotAddUp(lines=work.units, accepted=read.accepted, rejected=len(others.rejected))
    first_line = work.payload["first_line"]
    placed = place_lines(read, first_line, work.units)
    copy_blocks(placed, period=period_of(report), report_id=report.pk, first_line=first_line)
    copy_totals(placed, report_id=report.pk, first_line=first_line)
    copy_rejected(report, others.rejected)
    copy_society_lines(report, others.society)
    copy_file_lines(report, first_line, read.file_lines)
    beside = others.beside + Counter(read.reader.beside(read.plain))
    as_numbers = others.as_numbers | read.reader.as_numbers  # of all chunks it has read: they are the same report's
    return {
        **_rounding(others),
        **_footer(others),
        "beside": {str(at): uses for at, uses in sorted(beside.items())},
        "as_numbers": sorted(as_numbers)[:EXAMPLES],
    }


def _footer(lines: Lines) -> dict[str, Any]:
    """The last row of a chunk that sums up all of the file, for finish.py to compare."""
    if not lines.totals:
        return {}
    line_no, micros = max(lines.totals)
    return {"footer": {"line_no": line_no, "micros": micros}}


def _write_lumps(work: Work, report: Report, read: Lumps) -> dict[str, Any]:
    if len(read.accepted) + len(read.rejected) != work.units:
        raise LinesDoNotAddUp(lines=work.units, accepted=len(read.accepted), rejected=len(read.rejected))
    LumpSum.objects.bulk_create(LumpSum(report=report, **line._asdict()) for line in read.accepted)
    copy_rejected(report, read.rejected)
    return _rounding(read)


def _rounding(read: Lines | Lumps) -> dict[str, Any]:
    return {"rounded": read.rounded, "remainder": str(_exact_decimal(read.remainder))}


def place_lines(read: ReadLines, first_line: int, lines: int) -> PlacedLines:
    """The accepted lines of a chunk among all its lines."""
    reader = read.reader
    placed = no_lines(lines, reader.said, apart=reader.layout.apart)
    reader.place(read.plain, placed, first_line)
    for line in read.others.accepted:
        at = line.line_no - first_line
        placed.recordings[at], placed.kinds[at] = read.songs[line.song], reader.kind(line.service, line.usage_month)
        placed.uses[at], placed.micros[at] = line.uses, line.amount_micros
        if placed.words is not None and placed.music is not None:
            placed.words[at], placed.music[at] = line.words_uses or 0, line.music_uses or 0
    return placed


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


def file_lines_of(block: bytes) -> list[int]:
    """Which line of the file each row of a run of spooled rows is: the last text of every row."""
    return [int(row[row.rindex(b' "') + 2 : row.rindex(b'"')]) for row in block.split(b"\n") if row]


def copy_file_lines(report: Report, first_line: int, lines: list[int]) -> None:
    if not lines:
        return
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY royalties_filelines (report_id, first_line, lines) FROM STDIN") as copy,
    ):
        copy.write_row((report.pk, first_line, lines))


def _exact_decimal(value: Fraction) -> Decimal:
    """A fraction over a power of ten as a decimal, exactly: what an amount loses at six decimals has nine more at most."""
    return Decimal(int(value * 10**12)).scaleb(-12)
