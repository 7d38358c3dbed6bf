"""Plain lines read by columns, without making a row of any of them. Nearly all lines are plain.

A statement says on the left where, when and which song was used, and on the right how often and for how much. So the last
delimiters of a line part its numbers, and the first ones part where and when (its kind) from what names the song. Kinds and
songs, the same on many lines, are read once per different one, by the rules of csv_lines.py and lines.py; numbers are checked
and turned by column.
Bytes are not decoded to find them: in no encoding of ours is a byte of a longer character a comma, a tab, a semicolon, a
quotation mark or a line end, and numbers are ASCII.

A line that is not plain in every respect is left to read_line, which finds the same and says what is wrong.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
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
from royalties.reports.placed import Kind, PlacedLines

PLAIN_DELIMITERS: Final = frozenset(",\t;") | {""}  # a bar may be the second byte of a Chinese character
BETWEEN: Final = b'", "'  # the cells of a row of a sheet, which begins with [" and ends with "]
APART: Final = b"\x1f"  # stands for it: a single byte, and one that no such row has
SONGS_AT_MOST: Final = 300_000  # remembered as they are written, two hundred bytes each
KINDS_AT_MOST: Final = 50_000  # there are few, unless every line has a number of its own
AMOUNT: Final = r"^[0-9]{1,12}(\.[0-9]{1,6})?$"
COUNT_DIGITS: Final = 15
MICROS: Final = pl.Decimal(18, 6)
AMONG_NUMBERS: Final = frozenset(range(ord(" "), 0x7F)) - frozenset(b'"+')  # beside delimiters and line ends
ONLY_ASCII: Final = bytes(byte if byte < 0x80 else ord("?") for byte in range(0x100))

NOT_PLAIN: Final = -1  # in place of the number of a kind or a recording

Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PlainLines:
    """Accepted lines: a frame of line_no, kind (its place in `said`), song (its number in the reader), uses and micros.

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
    """Where each line of a block begins and ends, where its kind ends and its song begins, and where its numbers are parted
    from the rest: -1 for too few cells.
    """

    begin: Offsets
    kind_end: Offsets
    song_begin: Offsets
    parting: Offsets
    end: Offsets

    def at(self, lines: Offsets) -> Places:
        """Those of some lines."""
        each = (self.begin, self.kind_end, self.song_begin, self.parting, self.end)
        return Places(*(offsets[lines] for offsets in each))


class Parts:
    """Different parts of lines, as they are written, numbered from 0 on as they come."""

    def __init__(self) -> None:
        self.numbers: defaultdict[bytes, int] = defaultdict()
        self.numbers.default_factory = self.numbers.__len__

    def number(self, flat: bytes, begin: Offsets, end: Offsets) -> tuple[Offsets, list[bytes]]:
        """The numbers of the parts that stand there, and those that are new."""
        numbers, before = self.numbers, len(self.numbers)
        found = [numbers[flat[start:stop]] for start, stop in zip(begin.tolist(), end.tolist(), strict=True)]
        return np.array(found, np.int64), list(islice(numbers, before, None))


class LineReader:
    """Reads tiles of one file, and remembers what the kinds and songs of their lines say."""

    def __init__(self, rules: Rules, *, encoding: str, delimiter: str) -> None:
        """Without a delimiter each line is a JSON list of texts."""
        layout = rules.layout
        self.layout = layout
        self.encoding, self.delimiter = encoding, delimiter
        self.mark = delimiter.encode() or APART
        self.rules = rules
        self.left = left_columns(layout) if delimiter in PLAIN_DELIMITERS else 0
        self.songs_from = columns_before_songs(layout)
        self.counts = {"uses": layout.uses}  # name in a frame → the columns it is the sum of
        if layout.apart:
            self.counts |= {"words": layout.words, "music": layout.music}
        self.counts |= {f"b{at}": (at,) for at in layout.beside}
        self.no_lines = pl.DataFrame(
            schema=dict.fromkeys(("line_no", "kind", "song", *self.counts, "micros"), pl.Int64)
        )
        self.right = [f"c{at}" for at in range(self.left, len(layout.headers))]
        self.is_odd = bytes(byte not in {*AMONG_NUMBERS, *self.mark, *b"\n"} for byte in range(0x100))
        self.in_quotes = re.compile(_in_quotes(self.mark.decode(), len(self.right)))
        self.as_numbers: set[str] = set()  # titles and artists that a spreadsheet turned into numbers, as written
        self.said: list[Kind] = []  # services and months that lines name
        self.place_of_kind: dict[Kind, int] = {}  # in `said`
        self._forget_kinds()
        self._forget_songs()

    def _forget_kinds(self) -> None:
        """Begin anew. `said` stays, for lines are placed by it."""
        self.kinds_written = Parts()
        self.kinds = np.zeros(0, np.int64)  # of each kind as written its place in `said`, or NOT_PLAIN

    def _forget_songs(self) -> None:
        self.songs_written = Parts()
        self.recordings = np.zeros(0, np.int64)  # of the first songs as written: see give_numbers
        self.fresh: list[Song | None] = []  # what the others say, as was learned since; None: not plain
        self.with_numbers: dict[int, list[str]] = {}  # songs with names that became numbers, and these

    def read(self, block: bytes, first_line: int) -> tuple[PlainLines, LeftLines]:
        """All lines of a block, numbered from `first_line` on: the plain ones, and those that are left."""
        if len(self.kinds_written.numbers) > KINDS_AT_MOST:
            self._forget_kinds()
        if len(self.songs_written.numbers) > SONGS_AT_MOST:
            self._forget_songs()
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

    def give_numbers(self, recordings: Sequence[int]) -> None:
        """Say which recordings the fresh songs are that are plain, so that lines can be placed."""
        following = iter(recordings)
        given = [NOT_PLAIN if song is None else next(following) for song in self.fresh]
        self.recordings = np.concatenate((self.recordings, np.array(given, np.int64)))
        self.fresh = []

    def kind(self, service: str, usage_month: str) -> int:
        """The place of a service and month in `said`."""
        kind = (service, usage_month)
        if kind not in self.place_of_kind:
            self.place_of_kind[kind] = len(self.said)
            self.said.append(kind)
        return self.place_of_kind[kind]

    def place(self, plain: PlainLines, placed: PlacedLines, first_line: int) -> None:
        """Put plain lines of this reader where they belong among all lines of a tile."""
        lines = {name: column.to_numpy() for name, column in plain.frame.to_dict().items()}
        at = lines["line_no"] - first_line
        placed.recordings[at], placed.kinds[at] = self.recordings[lines["song"]], lines["kind"]
        placed.uses[at], placed.micros[at] = lines["uses"], lines["micros"]
        if placed.words is not None and placed.music is not None:
            placed.words[at], placed.music[at] = lines["words"], lines["music"]

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
        cells = np.diff(ends, prepend=-1)
        parting = np.where(cells >= len(self.layout.headers), marks[np.maximum(ends - len(self.right), 0)], -1)
        begin = np.concatenate(([0], marks[ends[:-1]] + 1))
        if not self.songs_from:  # the whole left part is read as both
            return Places(begin, parting, begin, parting, marks[ends])
        kind_end = marks[np.minimum(ends - cells + self.songs_from, ends)]
        return Places(begin, kind_end, kind_end + 1, parting, marks[ends])

    def _plain(self, flat: bytes, places: Places) -> pl.DataFrame:
        """The plain lines, with line_no counted from 0."""
        data = np.frombuffer(flat, np.uint8)
        at = np.flatnonzero((places.parting >= 0) & (places.end - places.begin <= LONGEST_LINE))
        if not self.delimiter:
            around = zip((places.begin, places.begin + 1, places.end - 2, places.end - 1), b'[""]', strict=True)
            at = at[np.logical_and.reduce([data[offsets[at]] == byte for offsets, byte in around])]
        if not len(at):
            return self.no_lines
        end = places.end[at]
        end -= (data[end - 1] == ord("\r")) if self.delimiter else 2
        numbers = self._numbers(_parts(flat, places.parting[at] + 1, end))
        at = at[numbers["is_plain"].to_numpy()]
        its = places.at(at)
        kinds, songs = self._kinds(flat, its), self._songs(flat, its)
        plain = numbers.filter("is_plain").select(
            pl.Series("line_no", at), pl.Series("kind", kinds), pl.Series("song", songs), *self.counts, "micros"
        )
        is_plain = (kinds != NOT_PLAIN) & self._are_plain()[songs]
        if self.with_numbers:
            taken = self.with_numbers.keys() & set(songs[is_plain].tolist())
            self.as_numbers.update(name for song in taken for name in self.with_numbers[song])
        return plain if is_plain.all() else plain.filter(is_plain)

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

    def _kinds(self, flat: bytes, places: Places) -> Offsets:
        """Where and when, of each line: places in `said`."""
        if not self.songs_from and self.layout.period is None and self.layout.platform is None:
            return np.full(len(places.begin), self.kind(self.layout.service, self.layout.month))
        numbers, new = self.kinds_written.number(flat, places.begin, places.kind_end)
        if new:
            found = [self._kind_of(cells) for cells in self._rows(new, 0, self.songs_from or self.left)]
            self.kinds = np.concatenate((self.kinds, np.array(found, np.int64)))
        return self.kinds[numbers]

    def _kind_of(self, cells: Row) -> int:
        layout = self.layout
        if isinstance(cells, BadLine):
            return NOT_PLAIN
        try:
            month = layout.month if layout.period is None else month_of(cells[layout.period], layout)
            service = layout.service if layout.platform is None else service_of(cells[layout.platform], self.rules)
        except BadLine:
            return NOT_PLAIN
        return self.kind(service, month)

    def _songs(self, flat: bytes, places: Places) -> Offsets:
        """The song of each line, by its number."""
        numbers, new = self.songs_written.number(flat, places.song_begin, places.parting)
        rows = self._rows(new, self.songs_from, self.left)
        first = len(self.recordings) + len(self.fresh)
        self.fresh += map(self._song_of, rows)
        for song, cells in enumerate(rows, first):
            if isinstance(cells, list) and (names := names_as_numbers(cells, self.layout)):
                self.with_numbers[song] = names
        return numbers

    def _song_of(self, cells: Row) -> Song | None:
        layout = self.layout
        if isinstance(cells, BadLine) or (layout.written is not None and not self._is_plain_of_mapping(cells)):
            return None
        try:
            song = song_of("" if layout.song_id is None else id_of(cells[layout.song_id], layout), cells, layout)
        except BadLine:
            return None
        return song if song.title or song.song_id else None

    def _are_plain(self) -> npt.NDArray[np.bool_]:
        """Of each song, by its number."""
        return np.concatenate(
            (self.recordings != NOT_PLAIN, np.array([song is not None for song in self.fresh], np.bool_))
        )

    def _rows(self, parts: list[bytes], first: int, end: int) -> list[Row]:
        """The cells of parts of lines from column `first` up to `end`, by the rule for whole lines; blank ones stand for those before."""
        if not parts:
            return []
        if self.delimiter:
            rows = csv_rows(b"".join(part + b"\n" for part in parts), self.encoding, self.delimiter)
        else:
            rows = sheet_rows(b"".join(map(_as_row, parts)))
        before = [""] * first
        return [
            BadLine("columns") if isinstance(row, BadLine) or len(row) != end - first or b"\r" in part else before + row
            for part, (_raw, row) in zip(parts, rows, strict=True)
        ]

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


def columns_before_songs(layout: Layout) -> int:
    """How many columns stand before those that name the song; 0 where one of them says where or when.

    And 0 of a file that a mapping reads: whether a line of it is plain is asked of all its columns at once.
    """
    if layout.written is not None:
        return 0
    named = layout.named()
    kinds = [named.pop(meaning) for meaning in ("period", "platform") if meaning in named]
    before = min(named.values())
    return before if max(kinds, default=-1) < before else 0


def _parts(flat: bytes, begin: Offsets, end: Offsets) -> list[bytes]:
    return [flat[start:stop] for start, stop in zip(begin.tolist(), end.tolist(), strict=True)]


def _in_quotes(mark: str, columns: int) -> bytes:
    """So many cells with quotation marks around some of them and nowhere else."""
    cell = f'(?:"[^"{mark}\r\n]*"|[^"{mark}\r\n]*)'
    return f"{cell}(?:{mark}{cell}){{{columns - 1}}}".encode()


def _as_row(part: bytes) -> bytes:
    """Cells of a row of a sheet as a row of their own; none if a look at their quotation marks and backslashes is needed."""
    cells = part.removeprefix(b'["')
    return b"[]\n" if b'"' in cells or b"\\" in cells else b'["' + cells.replace(APART, BETWEEN) + b'"]\n'
