"""Plain lines read by columns, without making a row of any of them. Nearly all lines are plain.

A statement says on the left which song was used where and when, and on the right how often and for how much. So each line
is cut once, where its numbers begin: the left part, the same on many lines, is read once per different one by the rules
of lines.py, and the numbers on the right are checked and turned by column. Bytes are not decoded for it: in no encoding of
ours is a byte of a longer character a comma, a tab, a semicolon, a quotation mark or a line end, and numbers are ASCII.

A line that is not plain in every respect is left to read_line, which finds the same and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress, repeat
from operator import add
from typing import Final

from royalties.reports.base import BadLine, Layout
from royalties.reports.csv_lines import LONGEST_LINE, Row, csv_rows, sheet_rows
from royalties.reports.lines import COUNT, PLAIN_AMOUNT, Rules, Song, first_of_month, service_of, song_id_of

BYTE_A_CHARACTER: Final = "latin-1"  # each byte is a character of its own, and comes back as the same byte
PLAIN_DELIMITERS: Final = frozenset(",\t;") | {""}  # a bar may be the second byte of a Chinese character
KNOWN_AT_MOST: Final = 50_000  # left parts remembered, some hundred bytes each
COUNT_DIGITS: Final = frozenset(range(1, 16))
UNIT_DIGITS: Final = frozenset(range(1, 13))
DECIMAL_DIGITS: Final = frozenset(range(1, 7))
DIGITS: Final = b"0123456789"


@dataclass(eq=False, slots=True)
class Usage:
    """What the left part of a line says; lines with the same left part share one."""

    song: Song
    service: str
    usage_month: str  # 2026-09-01
    columns: str = ""  # the same as a COPY takes it, once the song has a number


HARMLESS: Final = "\n"  # stands for an odd line among plain ones; no left part is a line feed
NO_USAGE: Final = Usage(Song("", "", "", "", ""), "", "")


@dataclass(frozen=True, slots=True)
class PlainLines:
    """Accepted lines, a column for each of their values."""

    line_nos: Sequence[int]
    usages: Sequence[Usage]
    uses: Sequence[int]
    micros: Sequence[str]  # as digits


@dataclass(frozen=True, slots=True)
class LeftLines:
    """Lines for read_line, as they stand in the file."""

    line_nos: Sequence[int]
    rows: Sequence[tuple[str, Row]]


@dataclass(frozen=True, slots=True)
class Writing:
    """How a container writes a line: between its cells, after the last one, and what no number holds."""

    between: str
    end: str
    not_in_numbers: str
    rows: Callable[[bytes], list[tuple[str, Row]]]


class LineReader:
    """Reads runs of lines of one file, and remembers what their left parts say."""

    def __init__(self, rules: Rules, *, encoding: str, delimiter: str) -> None:
        """Without a delimiter each line is a JSON list of texts."""
        layout = rules.layout
        self.layout = layout
        self.writing = (
            Writing(delimiter, "", '"', lambda block: csv_rows(block, encoding, delimiter))
            if delimiter
            else Writing('", "', '"]', '"\\', sheet_rows)
        )
        self.left = left_columns(layout) if delimiter in PLAIN_DELIMITERS else 0
        numbers = range(self.left, len(layout.headers))
        self.harmless = [HARMLESS, *("0.0" if at == layout.money else "0" for at in numbers)]
        self.known: dict[str, Usage | None] = {HARMLESS: NO_USAGE}  # None: not plain
        self.fresh: list[Usage] = []  # learned, but without a number yet; whoever gives them one empties it
        self._month = lru_cache(1000)(_or_none(first_of_month))
        self._service = lru_cache(1000)(_or_none(lambda text: service_of(text, rules)))
        self._song_id = _or_none(song_id_of)

    def read(self, run: bytes, first_line: int) -> tuple[PlainLines, LeftLines]:
        """All lines of a run, numbered from `first_line` on: the plain ones, and those that are left."""
        lines = self._lines(run)
        cut = self._cut(lines)
        odd: set[int] = set()
        while (columns := self._columns(cut, odd)) is None:  # again without the odd ones, which slow down their column
            for at in odd:
                cut[at] = self.harmless
        usages, uses, micros = columns
        line_nos = range(first_line, first_line + len(lines))
        if not odd:
            return PlainLines(line_nos, usages, uses, micros), LeftLines([], [])
        plain = [at not in odd for at in range(len(lines))]
        kept = PlainLines(
            list(compress(line_nos, plain)),
            list(compress(usages, plain)),
            list(compress(uses, plain)),
            list(compress(micros, plain)),
        )
        left, raw = sorted(odd), run.split(b"\n")
        rows = self.writing.rows(b"".join(raw[at] + b"\n" for at in left))
        return kept, LeftLines([first_line + at for at in left], rows)

    def _lines(self, run: bytes) -> list[str]:
        text = run.decode(BYTE_A_CHARACTER)
        end = self.writing.end + "\n" if self.writing.end else "\r\n" if "\r" in text else "\n"
        if not text.endswith("\n"):
            text += "\n"
        lines = text.split(end)
        if len(lines) - 1 != text.count("\n"):  # not every line ends like the others
            lines = text.replace(end, "\n").split("\n")
        return lines[:-1]

    def _cut(self, lines: list[str]) -> list[list[str]]:
        """The left part and the numbers of each line, or less."""
        if not self.left or max(map(len, lines)) > LONGEST_LINE:
            return [[] for _line in lines]
        between, numbers = self.writing.between, len(self.layout.headers) - self.left
        return [line.rsplit(between, numbers) for line in lines]

    def _columns(
        self, cut: list[list[str]], odd: set[int]
    ) -> tuple[Sequence[Usage], Sequence[int], Sequence[str]] | None:
        """What the left parts say, uses and micros; nothing as soon as a line is found to be odd that was not yet."""
        width = len(self.harmless)
        if set(map(len, cut)) != {width}:
            odd.update(at for at, parts in enumerate(cut) if len(parts) != width)
            return None
        lefts, *numbers = zip(*cut, strict=True)
        uses: list[int] = []
        micros: list[str] = []
        for at, column in enumerate(numbers, self.left):
            before = len(odd)
            if at == self.layout.money:
                micros = _micros(column, odd)
            elif at in self.layout.uses:
                counts = _counts(column, odd)
                uses = list(map(add, uses, counts)) if uses else counts
            else:
                _check_unread(column, odd, self.writing.not_in_numbers)
            if len(odd) > before:
                return None
        usages = self._usages(lefts, odd)
        return None if usages is None else (usages, uses, micros)

    def _usages(self, lefts: Sequence[str], odd: set[int]) -> list[Usage] | None:
        found = list(map(self.known.get, lefts))
        if not all(found):
            missing = set(lefts).difference(self.known)
            if len(self.known) + len(missing) > KNOWN_AT_MOST:
                missing = set(lefts) - {HARMLESS}
                self.known = {HARMLESS: NO_USAGE}
            self._learn(missing)
            found = list(map(self.known.get, lefts))
            if refused := [at for at, usage in enumerate(found) if usage is None]:
                odd.update(refused)
                return None
        return found  # type: ignore[return-value]  # all are known by now

    def _learn(self, lefts: Iterable[str]) -> None:
        self.known.update(dict.fromkeys(lefts))
        whole = [left for left in lefts if "\r" not in left]
        block = "".join(f"{left}{self.writing.end}\n" for left in whole).encode(BYTE_A_CHARACTER)
        for left, (_raw, cells) in zip(whole, self.writing.rows(block) if whole else [], strict=True):
            if not isinstance(cells, BadLine) and len(cells) == self.left:
                self.known[left] = usage = self._usage_of(cells)
                if usage is not None:
                    self.fresh.append(usage)

    def _usage_of(self, cells: Sequence[str]) -> Usage | None:
        layout = self.layout
        month, service = self._month(cells[layout.period]), self._service(cells[layout.platform])
        song_id = "" if layout.song_id is None else self._song_id(cells[layout.song_id])
        title, artists = cells[layout.title].strip(), cells[layout.artist].strip()
        isrc = "" if layout.isrc is None else cells[layout.isrc].strip()
        album = "" if layout.album is None else cells[layout.album].strip()
        if month is None or service is None or song_id is None or not (title or song_id):
            return None
        return Usage(Song(song_id, title, artists, isrc, album), service, month)


def left_columns(layout: Layout) -> int:
    """How many columns stand left of the numbers; 0 where a number stands among them."""
    texts = (layout.period, layout.platform, layout.title, layout.artist, layout.song_id, layout.isrc, layout.album)
    left = 1 + max(at for at in texts if at is not None)
    return left if min(layout.money, *layout.uses) >= left else 0


def _or_none(read: Callable[[str], str]) -> Callable[[str], str | None]:
    """The reading of a cell, and None where it is refused."""

    def read_or_none(text: str) -> str | None:
        try:
            return read(text)
        except BadLine:
            return None

    return read_or_none


def _counts(column: Sequence[str], odd: set[int]) -> list[int]:
    """Uses, or nothing where a cell is odd; a blank one counts none."""
    if COUNT_DIGITS.issuperset(map(len, column)) and "".join(column).isdecimal():
        return list(map(int, column))
    if refused := [at for at, cell in enumerate(column) if cell and not COUNT.fullmatch(cell)]:
        odd.update(refused)
        return []
    return [int(cell) if cell else 0 for cell in column]


def _micros(column: Sequence[str], odd: set[int]) -> list[str]:
    """Amounts as digits of millionths, or nothing where a cell is odd. With a point in each they are turned in one go."""
    points = ",".join(column).encode(BYTE_A_CHARACTER).translate(None, DIGITS)
    if points == b"." + b",." * (len(column) - 1):
        parts = ".".join(column).split(".")
        units, decimals = parts[::2], parts[1::2]
        sizes = set(map(len, decimals))
        if UNIT_DIGITS.issuperset(map(len, units)) and sizes <= DECIMAL_DIGITS:
            return list(map(add, units, decimals if sizes == {6} else map(str.ljust, decimals, repeat(6), repeat("0"))))
    if refused := [at for at, cell in enumerate(column) if not PLAIN_AMOUNT.fullmatch(cell)]:
        odd.update(refused)
        return []
    parts_of = (cell.partition(".") for cell in column)
    return [units + decimals.ljust(6, "0") for units, _point, decimals in parts_of]


def _check_unread(column: Sequence[str], odd: set[int], forbidden: str) -> None:
    """A column that nobody reads must still be text, and must not open a quotation mark."""
    if not _is_plain("".join(column), forbidden):
        odd.update(at for at, cell in enumerate(column) if not _is_plain(cell, forbidden))


def _is_plain(text: str, forbidden: str) -> bool:
    return text.isascii() and text.isprintable() and not any(letter in text for letter in forbidden)
