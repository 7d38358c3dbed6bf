"""Plain lines read by columns, without making a row of any of them. Nearly all lines are plain.

A statement says on the left which song was used where and when, and on the right how often and for how much. So polars cuts
all lines of a tile at once; the left parts, the same on many lines, are read once per different one by the rules of
lines.py, and the numbers on the right are checked and turned by column. Bytes are not decoded for it: in no encoding of
ours is a byte of a longer character a comma, a tab, a semicolon, a quotation mark or a line end, and numbers are ASCII.

A line that is not plain in every respect is left to read_line, which finds the same and says what is wrong.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import polars as pl

from royalties.reports.base import BadLine, Layout
from royalties.reports.csv_lines import LONGEST_LINE, Row, codec_of, csv_rows, sheet_rows
from royalties.reports.lines import Rules, Song, first_of_month, service_of, song_id_of

BYTE_A_CHARACTER: Final = "latin-1"  # each byte is a character of its own, and comes back as the same byte
PLAIN_DELIMITERS: Final = frozenset(",\t;") | {""}  # a bar may be the second byte of a Chinese character
APART: Final = "\x1f"  # between the cells of a left part, and those of a row of a sheet
KNOWN_AT_MOST: Final = 50_000  # left parts remembered, some hundred bytes each
LONGEST_PLAIN: Final = LONGEST_LINE // 2 - 1_000  # bytes of its cells; quotation marks may be as many
COUNT: Final = r"^[0-9]{0,15}$"
AMOUNT: Final = r"^[0-9]{1,12}(\.[0-9]{1,6})?$"
UNREAD: Final = r"^[ -~]*$"  # a cell that nobody reads must still be text
NEVER_PLAIN: Final = ("\0", APART)


@dataclass(eq=False, slots=True)
class Usage:
    """What the left part of a line says; lines with the same left part share one."""

    song: Song
    service: str
    usage_month: str  # 2026-09-01


NO_LINES: Final = pl.DataFrame(schema={"line_no": pl.Int64, "usage": pl.Int64, "uses": pl.Int64, "micros": pl.Int64})


@dataclass(frozen=True, slots=True)
class PlainLines:
    """Accepted lines: a frame of line_no, usage (its place among the reader's usages), uses and micros."""

    frame: pl.DataFrame

    def __len__(self) -> int:
        return self.frame.height


@dataclass(frozen=True, slots=True)
class LeftLines:
    """Lines for read_line, as they stand in the file."""

    line_nos: Sequence[int]
    rows: Sequence[tuple[str, Row]]


class LineReader:
    """Reads tiles of one file, and remembers what the left parts of their lines say."""

    def __init__(self, rules: Rules, *, encoding: str, delimiter: str) -> None:
        """Without a delimiter each line is a JSON list of texts."""
        layout = rules.layout
        self.layout = layout
        self.encoding, self.delimiter = encoding, delimiter
        self.left = left_columns(layout) if delimiter in PLAIN_DELIMITERS else 0
        self.names = [f"c{at}" for at in range(len(layout.headers))]
        self.by_the_book = re.compile(_by_the_book(delimiter, len(self.names)))
        self.known = pl.DataFrame(schema={"left": pl.String, "usage": pl.Int64})
        self.usages: list[Usage | None] = []  # what they say; None: not plain
        self.copied = pl.Series(dtype=pl.String)  # the first of them, as COPY takes them; see give_numbers
        self._month = lru_cache(1000)(_or_none(first_of_month))
        self._service = lru_cache(1000)(_or_none(lambda text: service_of(text, rules)))
        self._song_id = _or_none(song_id_of)

    def read(self, block: bytes, first_line: int) -> tuple[PlainLines, LeftLines]:
        """All lines of a block, numbered from `first_line` on: the plain ones, and those that are left."""
        if len(self.usages) > KNOWN_AT_MOST:
            self.known, self.usages, self.copied = self.known.clear(), [], self.copied.clear()
        text = block.decode(BYTE_A_CHARACTER)
        if not text.endswith("\n"):
            text += "\n"
        count = text.count("\n")
        cells, at = self._cut(text, count), pl.int_range(count, eager=True)
        unlike: list[int] = []  # lines that are not written by the book
        if cells is None:
            lines = text.split("\n")[:-1]
            unlike = [number for number, line in enumerate(lines) if not self.by_the_book.fullmatch(line)]
            at = at.filter(~at.is_in(unlike))
            cells = self._cut("".join(f"{lines[number]}\n" for number in at), len(at))
        if cells is None:
            return PlainLines(NO_LINES), self._left(block, range(count), first_line)
        usages = self._usages(cells)
        refused = [number for number, usage in enumerate(self.usages) if usage is None]
        columns = cells.select(at.alias("line_no") + first_line, usages, *self._numbers(), self._is_plain())
        is_plain = columns["is_plain"] & ~columns["usage"].is_in(refused)
        left = sorted([*unlike, *at.filter(~is_plain)])
        return PlainLines(columns.filter(is_plain).drop("is_plain")), self._left(block, left, first_line)

    def fresh(self) -> list[Usage | None]:
        """What was learned since numbers were given."""
        return self.usages[len(self.copied) :]

    def give_numbers(self, songs: Mapping[Song, int]) -> None:
        """Say which recordings the fresh ones are, so that lines can be written."""
        fresh = [
            f"{songs[usage.song]}\t{usage.service}\t{usage.usage_month}" if usage else "" for usage in self.fresh()
        ]
        self.copied = pl.concat([self.copied, pl.Series(fresh, dtype=pl.String)])

    def as_copied(self, plain: PlainLines, end: str) -> bytes:
        """Lines of this reader as COPY takes them: line_no, recording_id, service, usage_month, uses, amount_micros, and `end`.

        Every value is a number, a date or a word of ours: nothing to escape.
        """
        columns = plain.frame.select("line_no", self.copied.gather(plain.frame["usage"]), "uses", "micros", pl.lit(end))
        written = io.BytesIO()
        columns.write_csv(written, include_header=False, separator="\t", quote_style="never")
        return written.getvalue()

    def _left(self, block: bytes, numbers: Sequence[int], first_line: int) -> LeftLines:
        if not numbers:
            return LeftLines([], [])
        raw = block.split(b"\n")
        written = b"".join(raw[number] + b"\n" for number in numbers)
        rows = csv_rows(written, self.encoding, self.delimiter) if self.delimiter else sheet_rows(written)
        return LeftLines([first_line + number for number in numbers], rows)

    def _cut(self, text: str, count: int) -> pl.DataFrame | None:
        """The cells of so many lines; nothing unless every line is written by the book."""
        if not count or not self.left or any(character in text for character in NEVER_PLAIN):
            return None
        between = count * (len(self.names) - 1)
        if self.delimiter:
            quoted = self._delimiters_in_quotes(text)
            if quoted is None or text.count(self.delimiter) != between + quoted:
                return None
            return self._frame(text, count, separator=self.delimiter, quote='"')
        if "\\" in text or text.count('"]\n["') != count - 1 or text.count('", "') != between:
            return None
        if text.count('"') != 2 * (between + count) or not (text.startswith('["') and text.endswith('"]\n')):
            return None
        plain = text[2:-3].replace('"]\n["', "\n").replace('", "', APART)
        return self._frame(plain, count, separator=APART, quote=None)

    def _frame(self, text: str, count: int, *, separator: str, quote: str | None) -> pl.DataFrame | None:
        """Lines of which none has too few cells: polars refuses those that have too many."""
        schema = dict.fromkeys(self.names, pl.String)
        try:
            frame = pl.read_csv(
                text.encode(), has_header=False, schema=schema, separator=separator, quote_char=quote,
                empty_string_is_null=False,
            )  # fmt: skip
        except pl.exceptions.PolarsError:
            return None
        return frame if frame.height == count else None

    def _delimiters_in_quotes(self, text: str) -> int | None:
        """How many delimiters part no cells; nothing if a line with quotation marks is not written by the book."""
        found, end = 0, 0
        while (mark := text.find('"', end)) >= 0:
            start, end = text.rfind("\n", 0, mark) + 1, text.find("\n", mark)
            if not self.by_the_book.fullmatch(text, start, end):
                return None
            found += text.count(self.delimiter, start, end) - len(self.names) + 1
        return found

    def _numbers(self) -> list[pl.Expr]:
        """uses and micros; where a cell is odd, whatever comes out."""
        amount = pl.col(self.names[self.layout.money]).str.split_exact(".", 1).struct
        units = amount.field("field_0").cast(pl.Int64, strict=False)
        decimals = amount.field("field_1").fill_null("").str.pad_end(6, "0").cast(pl.Int64, strict=False)
        counts = [pl.col(self.names[at]).cast(pl.Int64, strict=False) for at in self.layout.uses]
        return [pl.sum_horizontal(pl.lit(0), *counts).alias("uses"), (units * 1_000_000 + decimals).alias("micros")]

    def _is_plain(self) -> pl.Expr:
        """Whether the numbers of a line, and what nobody reads of it, are written as they mostly are."""
        layout = self.layout
        patterns = {layout.money: AMOUNT, **dict.fromkeys(layout.uses, COUNT)}
        right = range(self.left, len(self.names))
        return pl.all_horizontal(
            pl.sum_horizontal(pl.col(self.names).str.len_bytes()) <= LONGEST_PLAIN,
            *(pl.col(self.names[at]).str.contains(patterns.get(at, UNREAD)) for at in right),
        ).alias("is_plain")

    def _usages(self, cells: pl.DataFrame) -> pl.Series:
        """What the left part of each line says: places in `usages`."""
        lefts = cells.select(pl.concat_str(self.names[: self.left], separator=APART).alias("left"))
        found = lefts.join(self.known, on="left", how="left", maintain_order="left")
        if found["usage"].null_count():
            new = found.filter(pl.col("usage").is_null()).select(pl.col("left").unique(maintain_order=True))
            before = len(self.usages)
            self.usages += map(self._usage_of, new["left"])
            new = new.with_columns(pl.int_range(before, len(self.usages)).alias("usage"))
            self.known = pl.concat([self.known, new])
            found = lefts.join(self.known, on="left", how="left", maintain_order="left")
        return found["usage"]

    def _usage_of(self, left: str) -> Usage | None:
        if "\r" in left:
            return None
        try:
            cells = left.encode(BYTE_A_CHARACTER).decode(codec_of(self.encoding)).split(APART)
        except UnicodeDecodeError:
            return None
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


def _by_the_book(delimiter: str, columns: int) -> str:
    """A line of so many cells as any program would read it. No part of it can be read in two ways, so it is found fast."""
    never = re.escape("\r".join(NEVER_PLAIN))
    if not delimiter:
        cell = rf'[^"\\{never}]*+'
        return rf'\["{cell}(?:", "{cell}){{{columns - 1}}}"\]'
    cell = rf'(?:"(?:[^"{never}]++|"")*+"|[^"{re.escape(delimiter)}{never}]*+)'
    return rf"{cell}(?:{re.escape(delimiter)}{cell}){{{columns - 1}}}\r?"


def _or_none(read: Callable[[str], str]) -> Callable[[str], str | None]:
    """The reading of a cell, and None where it is refused."""

    def read_or_none(text: str) -> str | None:
        try:
            return read(text)
        except BadLine:
            return None

    return read_or_none
