"""Plain lines read by columns, without making a row of any of them. Nearly all lines are plain.

A statement says on the left which song was used where and when, and on the right how often and for how much. So the last
delimiters of a line part its numbers, and what stands before these is its left part. Left parts, the same on many lines,
are read once per different one, by the rules of csv_lines.py and lines.py; numbers are checked and turned by column.
Bytes are not decoded to find them: in no encoding of ours is a byte of a longer character a comma, a tab, a semicolon, a
quotation mark or a line end, and numbers are ASCII.

A line that is not plain in every respect is left to read_line, which finds the same and says what is wrong.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from royalties.reports.base import BadLine, Layout
from royalties.reports.csv_lines import LONGEST_LINE, Row, csv_rows, sheet_rows
from royalties.reports.lines import (
    Rules,
    Song,
    id_of,
    month_of,
    names_as_numbers,
    service_of,
    song_of,
)
from royalties.reports.mapped import is_total, require_usable
from royalties.reports.placed import NOT_HERE, Kind, PlacedLines

PLAIN_DELIMITERS: Final = frozenset(",\t;") | {""}  # a bar may be the second byte of a Chinese character
BETWEEN: Final = b'", "'  # the cells of a row of a sheet, which begins with [" and ends with "]
APART: Final = b"\x1f"  # stands for it: a single byte, and one that no such row has
KNOWN_AT_MOST: Final = 50_000  # left parts remembered, some hundred bytes each
AMOUNT: Final = r"^[0-9]{1,12}(\.[0-9]{1,6})?$"
COUNT_DIGITS: Final = 15
MICROS: Final = pl.Decimal(18, 6)
AMONG_NUMBERS: Final = frozenset(range(ord(" "), 0x7F)) - frozenset(b'"+')  # beside delimiters and line ends
ONLY_ASCII: Final = bytes(byte if byte < 0x80 else ord("?") for byte in range(0x100))

Offsets = npt.NDArray[np.int64]


@dataclass(eq=False, slots=True)
class Usage:
    """What the left part of a line says; lines with the same left part share one."""

    song: Song
    service: str
    usage_month: str  # 2026-09-01


@dataclass(frozen=True, slots=True)
class PlainLines:
    """Accepted lines: a frame of line_no, usage (its place among the reader's usages), uses and micros.

    Where words and music are counted apart, of words and music too; and of a column b7 for each column of uses beside them.
    """

    frame: pl.DataFrame

    def __len__(self) -> int:
        return self.frame.height


@dataclass(frozen=True, slots=True)
class LeftLines:
    """Lines for read_line, as they stand in the file."""

    line_nos: Sequence[int]
    rows: Sequence[tuple[str, Row]]


@dataclass(frozen=True, slots=True)
class Places:
    """Where each line of a block begins and ends, and where its numbers are parted from the rest: -1 for too few cells."""

    begin: Offsets
    parting: Offsets
    end: Offsets


class LineReader:
    """Reads tiles of one file, and remembers what the left parts of their lines say."""

    def __init__(self, rules: Rules, *, encoding: str, delimiter: str) -> None:
        """Without a delimiter each line is a JSON list of texts."""
        layout = rules.layout
        self.layout = layout
        self.encoding, self.delimiter = encoding, delimiter
        self.mark = delimiter.encode() or APART
        self.left = left_columns(layout) if delimiter in PLAIN_DELIMITERS else 0
        self.counts = {"uses": layout.uses}  # name in a frame → the columns it is the sum of
        if layout.apart:
            self.counts |= {"words": layout.words, "music": layout.music}
        self.counts |= {f"b{at}": (at,) for at in layout.beside}
        self.no_lines = pl.DataFrame(schema=dict.fromkeys(("line_no", "usage", *self.counts, "micros"), pl.Int64))
        self.right = [f"c{at}" for at in range(self.left, len(layout.headers))]
        self.is_odd = bytes(byte not in {*AMONG_NUMBERS, *self.mark, *b"\n"} for byte in range(0x100))
        self.in_quotes = re.compile(_in_quotes(self.mark.decode(), len(self.right)))
        self.known: defaultdict[bytes, int] = defaultdict()  # left parts as they are written; their places in `usages`
        self.known.default_factory = self.known.__len__
        self.usages: list[Usage | None] = []  # what they say; None: not plain
        self.refused: list[int] = []  # the places of those
        self.as_numbers: set[str] = set()  # titles and artists that a spreadsheet turned into numbers, as written
        self.said: list[Kind] = []  # services and months they name
        self.place_of_kind: dict[Kind, int] = {}  # in `said`
        self.recordings = np.zeros(0, np.int64)  # of the first of them, and their kinds: see give_numbers
        self.kinds = np.zeros(0, np.int64)
        self._month = lru_cache(1000)(_or_none(lambda text: month_of(text, layout)))
        self._service = lru_cache(1000)(_or_none(lambda text: service_of(text, rules)))
        self._song_id = _or_none(lambda text: id_of(text, layout))

    def read(self, block: bytes, first_line: int) -> tuple[PlainLines, LeftLines]:
        """All lines of a block, numbered from `first_line` on: the plain ones, and those that are left."""
        if len(self.usages) > KNOWN_AT_MOST:
            self.known.clear()
            self.usages, self.refused, self.recordings, self.kinds = [], [], self.recordings[:0], self.kinds[:0]
        if not block.endswith(b"\n"):
            block += b"\n"
        if not self.left or (not self.delimiter and APART in block):
            return PlainLines(self.no_lines), self._left(block, range(first_line, first_line + block.count(b"\n")))
        flat = block if self.delimiter else block.replace(BETWEEN, APART)
        places = self._places(flat)
        plain = self._plain(flat, places)
        is_left = np.ones(len(places.end), np.bool_)
        is_left[plain["line_no"].to_numpy()] = False
        left = np.flatnonzero(is_left)
        written = b"".join(_parts(flat, places.begin[left], places.end[left] + 1))
        if not self.delimiter:
            written = written.replace(APART, BETWEEN)
        plain = plain.with_columns(pl.col("line_no") + first_line)
        return PlainLines(plain), self._left(written, (left + first_line).tolist())

    def fresh(self) -> list[Usage | None]:
        """What was learned since numbers were given."""
        return self.usages[len(self.recordings) :]

    def give_numbers(self, songs: Mapping[Song, int]) -> None:
        """Say which recordings the fresh ones are, so that lines can be placed."""
        fresh = self.fresh()
        recordings = [songs[usage.song] if usage else NOT_HERE for usage in fresh]
        kinds = [self.kind(usage.service, usage.usage_month) if usage else 0 for usage in fresh]
        self.recordings = np.concatenate((self.recordings, np.array(recordings, np.int64)))
        self.kinds = np.concatenate((self.kinds, np.array(kinds, np.int64)))

    def kind(self, service: str, usage_month: str) -> int:
        """The place of a service and month in `said`."""
        kind = (service, usage_month)
        if kind not in self.place_of_kind:
            self.place_of_kind[kind] = len(self.said)
            self.said.append(kind)
        return self.place_of_kind[kind]

    def place(self, plain: PlainLines, placed: PlacedLines, first_line: int) -> None:
        """Put plain lines of this reader where they belong among all lines of a tile."""
        at = plain.frame["line_no"].to_numpy() - first_line
        usage = plain.frame["usage"].to_numpy()
        placed.recordings[at], placed.kinds[at] = self.recordings[usage], self.kinds[usage]
        placed.uses[at], placed.micros[at] = plain.frame["uses"].to_numpy(), plain.frame["micros"].to_numpy()
        if placed.words is not None and placed.music is not None:
            placed.words[at], placed.music[at] = plain.frame["words"].to_numpy(), plain.frame["music"].to_numpy()

    def beside(self, plain: PlainLines) -> dict[int, int]:
        """Column → the sum of its uses, of those that are shown and never paid."""
        return {at: int(plain.frame[f"b{at}"].cast(pl.Decimal(38, 0)).sum() or 0) for at in self.layout.beside}

    def _left(self, written: bytes, line_nos: Sequence[int]) -> LeftLines:
        if not written:
            return LeftLines([], [])
        return LeftLines(
            line_nos, csv_rows(written, self.encoding, self.delimiter) if self.delimiter else sheet_rows(written)
        )

    def _places(self, flat: bytes) -> Places:
        data = np.frombuffer(flat, np.uint8)
        marks = np.flatnonzero((data == ord(self.mark)) | (data == ord("\n")))
        ends = np.flatnonzero(data[marks] == ord("\n"))  # which of the marks end a line
        parting = np.where(
            np.diff(ends, prepend=-1) > len(self.right), marks[np.maximum(ends - len(self.right), 0)], -1
        )
        return Places(np.concatenate(([0], marks[ends[:-1]] + 1)), parting, marks[ends])

    def _plain(self, flat: bytes, places: Places) -> pl.DataFrame:
        """The plain lines, with line_no counted from 0."""
        data = np.frombuffer(flat, np.uint8)
        at = np.flatnonzero((places.parting >= 0) & (places.end - places.begin <= LONGEST_LINE))
        if not self.delimiter:
            at = at[(data[places.end[at] - 2] == ord('"')) & (data[places.end[at] - 1] == ord("]"))]
        if not len(at):
            return self.no_lines
        end = places.end[at]
        end -= (data[end - 1] == ord("\r")) if self.delimiter else 2
        numbers = self._numbers(_parts(flat, places.parting[at] + 1, end))
        at = at[numbers["is_plain"].to_numpy()]
        usages = self._usages(flat, places.begin[at], places.parting[at])
        plain = numbers.filter("is_plain").select(pl.Series("line_no", at, pl.Int64), usages, *self.counts, "micros")
        return plain.filter(~pl.col("usage").is_in(self.refused)) if self.refused else plain

    def _numbers(self, written: list[bytes]) -> pl.DataFrame:
        """The counts, micros and is_plain of the right parts of lines.

        Plain are those whose numbers, and what nobody reads beside them, are written as they mostly are; of the others
        whatever comes out.
        """
        text = b"\n".join(written)
        odd = self._odd_lines(text)
        quoted = [at for at in odd.tolist() if b'"' in written[at] and self.in_quotes.fullmatch(written[at])]
        if quoted:
            for at in quoted:
                written[at] = written[at].replace(b'"', b"")
            text = b"\n".join(written)
            odd = self._odd_lines(text)
        is_odd = np.zeros(len(written), np.bool_)
        is_odd[odd] = True
        cells = pl.read_csv(
            text if text.isascii() else text.translate(ONLY_ASCII), has_header=False, separator=self.mark.decode(),
            quote_char=None, schema=dict.fromkeys(self.right, pl.String), empty_string_is_null=False,
        )  # fmt: skip
        layout = self.layout
        counted = {at: pl.col(f"c{at}") for at in (*layout.uses, *layout.beside)}
        counts = {at: cell.cast(pl.UInt64, strict=False) for at, cell in counted.items()}
        blank_or_whole = [
            (cell == "") | (counts[at].is_not_null() & (cell.str.len_bytes() <= COUNT_DIGITS))
            for at, cell in counted.items()
        ]
        sums = {
            name: pl.sum_horizontal(pl.lit(0), *(counts[at].cast(pl.Int64) for at in columns))
            for name, columns in self.counts.items()
        }
        micros, is_amount = pl.lit(0, pl.Int64), pl.lit(True)
        if self.layout.money is not None:
            amount = pl.col(f"c{self.layout.money}")
            micros, is_amount = (
                amount.cast(MICROS, strict=False).to_physical().cast(pl.Int64),
                amount.str.contains(AMOUNT),
            )
        has_uses = [(micros == 0) | (sums["uses"] > 0)] if layout.apart else []
        return cells.select(
            *(total.alias(name) for name, total in sums.items()),
            micros.alias("micros"),
            pl.all_horizontal(pl.lit(pl.Series(~is_odd)), is_amount, *blank_or_whole, *has_uses).alias("is_plain"),
        )

    def _odd_lines(self, text: bytes) -> Offsets:
        """Which lines hold something that is not found among numbers."""
        odd = np.flatnonzero(np.frombuffer(text.translate(self.is_odd), np.bool_))
        return np.unique(np.searchsorted(np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n")), odd))

    def _usages(self, flat: bytes, begin: Offsets, parting: Offsets) -> pl.Series:
        """What the left part of each line says: places in `usages`."""
        known = self.known
        before = len(known)
        usages = [known[flat[start:stop]] for start, stop in zip(begin.tolist(), parting.tolist(), strict=True)]
        new = list(islice(known, before, None))
        self.usages += map(self._usage_of, new, self._rows(new))
        self.refused += [number for number, usage in enumerate(self.usages[before:], before) if usage is None]
        return pl.Series("usage", usages, pl.Int64)

    def _rows(self, lefts: list[bytes]) -> list[Row]:
        """The cells of left parts, by the rule for whole lines."""
        if not lefts:
            return []
        if self.delimiter:
            rows = csv_rows(b"".join(left + b"\n" for left in lefts), self.encoding, self.delimiter)
        else:
            rows = sheet_rows(
                b"".join((left.replace(APART, BETWEEN) if _is_plain_row(left) else b'["') + b'"]\n' for left in lefts)
            )
        return [row for _raw, row in rows]

    def _usage_of(self, left: bytes, cells: Row) -> Usage | None:
        layout = self.layout
        if isinstance(cells, BadLine) or len(cells) != self.left or b"\r" in left:
            return None
        if layout.written is not None and not self._is_plain_of_mapping(cells):
            return None
        month = layout.month if layout.period is None else self._month(cells[layout.period])
        service = layout.service if layout.platform is None else self._service(cells[layout.platform])
        song_id = "" if layout.song_id is None else self._song_id(cells[layout.song_id])
        if month is None or service is None or song_id is None:
            return None
        song = song_of(song_id, cells, layout)
        self.as_numbers.update(names_as_numbers(cells, layout))
        return Usage(song, service, month) if song.title or song_id else None

    def _is_plain_of_mapping(self, cells: list[str]) -> bool:
        try:
            require_usable(cells, self.layout)
        except BadLine:
            return False
        return not is_total(cells, self.layout)


def left_columns(layout: Layout) -> int:
    """How many columns stand left of the numbers; 0 where a number stands among them, or a line says more than a song's."""
    if layout.written is not None and layout.written.society:
        return 0
    further = layout.written.columns() if layout.written else ()
    left = 1 + max((*layout.named().values(), *further))
    return left if min(layout.counted(), default=0) >= left else 0


def _parts(flat: bytes, begin: Offsets, end: Offsets) -> list[bytes]:
    return [flat[start:stop] for start, stop in zip(begin.tolist(), end.tolist(), strict=True)]


def _in_quotes(mark: str, columns: int) -> bytes:
    """So many cells with quotation marks around some of them and nowhere else."""
    cell = f'(?:"[^"{mark}\r\n]*"|[^"{mark}\r\n]*)'
    return f"{cell}(?:{mark}{cell}){{{columns - 1}}}".encode()


def _is_plain_row(left: bytes) -> bool:
    """Whether the beginning of a row of a sheet needs no look at its quotation marks and backslashes to be parted."""
    return left.startswith(b'["') and b'"' not in left[2:] and b"\\" not in left


def _or_none(read: Callable[[str], str]) -> Callable[[str], str | None]:
    """The reading of a cell, and None where it is refused."""

    def read_or_none(text: str) -> str | None:
        try:
            return read(text)
        except BadLine:
            return None

    return read_or_none
