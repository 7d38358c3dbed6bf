"""Bytes of a table into lines and cells, by the line feed alone: what a person counts in the file is what we count.

Python's csv lets one stray quotation mark swallow half a file without a word, and str.splitlines() breaks at characters
that are no line ends. So records are split at "\\n" only, each is read for itself, and a bad one costs one line.
Encodings are decided from the bytes or stated by a person, never by replacing what does not fit (reliability.md section 4).
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

from royalties.reports import encodings
from royalties.reports.base import BadLine, BadRecord, EncodingDoesNotFit, FileHasChanged, LineIsEndless
from royalties.reports.encodings import GB18030, MARK, UTF8, UTF8_BOM

LINES_A_CHUNK: Final = 50_000
BYTES_A_CHUNK: Final = 8_000_000
BYTES_BETWEEN_CALLS: Final = 50_000_000  # of survey's on_tile: some tenths of a second
READ_BYTES: Final = 250_000  # a piece that stays in the processor's cache
LONGEST_LINE_BYTES: Final = 16_000_000  # beyond this the file is refused, to read it in steady memory
LONGEST_LINE: Final = 65_536  # characters; beyond this the line is rejected
RAW_KEPT: Final = 2_000  # characters kept of a line that is too long
LOST: Final = -1_000  # votes
SURELY: Final = 5  # votes: so many lines are UTF-8 by no chance, but a single short one may be, such as 夜 in GB18030
SAMPLE_LINES: Final = 200
SAMPLE_BYTES: Final = 4_000  # of a line that is a sample
DELIMITERS: Final = (",", "\t", ";", "|")
UNWRITABLE: Final = re.compile("[\0\ud800-\udfff]")  # PostgreSQL holds neither NUL nor half a character

Row = list[str] | BadLine


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A run of whole lines of a file. The tiles of a file leave no gap and do not overlap; the header is in none."""

    offset: int
    size: int
    first_line: int
    lines: int
    sha256: str


@dataclass(frozen=True)
class Survey:
    """What one pass over a file finds: the encoding of its text and why it is this one, its header, its tiles.

    `why`: mark, lines (they are UTF-8), fallback (they are not), asked (a person said so) or known. `sample`: some of its
    lines that hold more than ASCII.
    """

    encoding: str
    why: str
    header: str
    tiles: list[Tile]
    sample: list[bytes]


def survey(
    path: Path, *, known: str = "", asked: str = "", header_line: int = 1, on_tile: Callable[[], None] = lambda: None
) -> Survey:
    """Read a file once, and cut what stands below its header into tiles.

    Its encoding is known, or asked for by a person, or decided: byte order mark, UTF-8, GB18030.

    UTF-8 it is if most of the lines that hold more than ASCII are UTF-8: Chinese in GB18030 practically never is, whereas
    UTF-8 passes for GB18030 and turns into rubbish. A broken line of a UTF-8 file then costs itself, not the file.
    Raises LineIsEndless, and EncodingDoesNotFit where most lines are not what was asked for.
    """
    evidence = _Evidence(asked)
    told = 0
    with path.open("rb") as file:
        has_mark = file.read(len(MARK)) == MARK
        file.seek(len(MARK) if has_mark and not known else 0)
        header = b""
        for line_no in range(1, header_line + 1):
            header = _read_line(file, line_no)
            evidence.see(header)
        tiling = _Tiling(file.tell(), header_line + 1)
        for block, lines in _blocks(file, header_line + 1):
            if not known:
                evidence.see(block)
            tiling.add(block, lines)
            del block
            if tiling.offset - told >= BYTES_BETWEEN_CALLS:
                told = tiling.offset
                on_tile()
    tiles = tiling.end()
    encoding, why = (known, "known") if known else evidence.decide(has_mark=has_mark)
    return Survey(encoding, why, decode_header(header, encoding), tiles, evidence.sample)


def decode_header(line: bytes, encoding: str) -> str:
    """A first line that is no text is no header we know: it becomes an empty one."""
    try:
        return line.decode(codec_of(encoding)).rstrip("\r\n")
    except UnicodeDecodeError:
        return ""


def read_tile(path: Path, tile: Tile) -> bytes:
    """The bytes of a tile, proved to be those that were surveyed. Raises FileHasChanged."""
    with path.open("rb") as file:
        file.seek(tile.offset)
        block = file.read(tile.size)
    if hashlib.sha256(block).hexdigest() != tile.sha256:
        raise FileHasChanged
    return block


def csv_rows(block: bytes, encoding: str, delimiter: str = ",") -> list[tuple[str, Row]]:
    """Every line of a run of CSV: its text without the line end, and its cells or what is wrong with it."""
    codec = codec_of(encoding)
    try:
        text = block.decode(codec)
    except UnicodeDecodeError:
        return _rows_one_by_one(block, codec, delimiter)
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    elif lines[-1].endswith("\r"):
        lines[-1] = lines[-1][:-1]
    if "\r" in text or "\0" in text or max(map(len, lines)) > LONGEST_LINE:  # decoding makes no half characters
        return [(line, _cells_of(line, delimiter)) for line in lines]
    return [(line, _cells_of(line, delimiter) if '"' in line else line.split(delimiter)) for line in lines]


def sheet_rows(block: bytes) -> list[tuple[str, Row]]:
    """Every row of a run of spooled rows: on each line a JSON list of texts, or what a reader says of a record it cannot take."""
    rows: list[Any] = json.loads(b"[" + block.rstrip(b"\n").replace(b"\n", b",") + b"]")
    if b"\\u0000" in block or b"\\ud" in block or b'\n{"' in block or block.startswith(b"{"):
        return [_row_of_record(row) if isinstance(row, dict) else _row_of_cells(row) for row in rows]
    return [("\t".join(cells), cells) for cells in rows]


def choose_delimiter(header: str) -> str:
    """What parts the cells: of comma, tab, semicolon and bar the one that makes most of the first line."""
    return max(DELIMITERS, key=lambda delimiter: len(split_header(header, delimiter)))


def split_header(header: str, delimiter: str = ",") -> list[str]:
    """The cells of a CSV header; a header that is no CSV has none."""
    try:
        return _split(header, delimiter)
    except BadLine:
        return []


def showable(text: str) -> str:
    """A line as PostgreSQL can hold it and a person can see it; very long ones are cut with a mark."""
    if len(text) > LONGEST_LINE:
        text = text[:RAW_KEPT] + "…"
    return UNWRITABLE.sub(
        lambda found: "\N{SYMBOL FOR NULL}" if found[0] == "\0" else "\N{REPLACEMENT CHARACTER}", text
    )


class _Evidence:
    """What the lines that hold more than ASCII say: each votes for UTF-8 if it is that, against it if not.

    Far behind, the vote is over, unless somebody asked for an encoding: then it is counted how many lines are not in it.
    """

    def __init__(self, asked: str) -> None:
        self.asked = asked
        self.votes = 0
        self.telling = 0
        self.misfits = 0
        self.sample: list[bytes] = []

    def see(self, lines: bytes) -> None:
        """Whole lines, as they stand in the file."""
        if self.votes <= LOST and not self.asked:
            return
        telling = [line for line in lines.split(b"\n") if not line.isascii()]
        if len(self.sample) < SAMPLE_LINES:
            usual = (line for line in telling if len(line) <= SAMPLE_BYTES)
            self.sample += islice(usual, SAMPLE_LINES - len(self.sample))
        self.votes += len(telling) - 2 * _misfits(telling, UTF8)
        if self.asked:
            self.telling += len(telling)
            self.misfits += _misfits(telling, self.asked)

    def decide(self, *, has_mark: bool) -> tuple[str, str]:
        """The encoding and why. Raises EncodingDoesNotFit."""
        is_utf8 = has_mark or self.votes >= 0
        if not self.asked:
            return (UTF8_BOM, "mark") if has_mark else (UTF8, "lines") if is_utf8 else (GB18030, "fallback")
        looks_utf8 = self.votes > 0 and encodings.better_than(self.asked, self.sample) == UTF8
        may_be_other = not (has_mark or looks_utf8 or self.votes >= SURELY) and self.misfits * 2 <= self.telling
        if not (is_utf8 if self.asked == UTF8 else may_be_other):
            decided = UTF8 if is_utf8 else GB18030
            suggestion = (
                decided if is_utf8 else encodings.best_for(self.sample, other_than=self.asked, fallback=decided)
            )
            raise EncodingDoesNotFit(encoding=encodings.NAMES[self.asked], suggestion=encodings.NAMES[suggestion])
        return (UTF8_BOM if has_mark else self.asked), "asked"


def _misfits(lines: list[bytes], encoding: str) -> int:
    """How many of these lines are no text in an encoding."""
    if _is_text(b"".join(lines), encoding):
        return 0
    return sum(not _is_text(line, encoding) for line in lines)


def _is_text(text: bytes, encoding: str) -> bool:
    try:
        text.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def codec_of(encoding: str) -> str:
    """The codec of a line."""
    return UTF8 if encoding == UTF8_BOM else encoding  # the mark stands only at the start of a file


def _read_line(file: BinaryIO, line_no: int) -> bytes:
    line = file.readline(LONGEST_LINE_BYTES + 1)
    if len(line) > LONGEST_LINE_BYTES:
        raise LineIsEndless(line=line_no, megabytes=LONGEST_LINE_BYTES // 1_000_000)
    return line


class _Tiling:
    """Makes tiles of runs of whole lines."""

    def __init__(self, offset: int, line_no: int) -> None:
        self.offset, self.line_no = offset, line_no
        self.size = self.lines = 0  # of the tile under way
        self.digest = hashlib.sha256()
        self.tiles: list[Tile] = []

    def add(self, block: bytes, lines: int) -> None:
        """Bytes of the file that are so many whole lines."""
        start = 0
        while lines:
            part = min(lines, LINES_A_CHUNK - self.lines)
            end = len(block) if part == lines else _end_of_lines(block, start, part)
            self.digest.update(memoryview(block)[start:end])
            self.size, self.lines = self.size + end - start, self.lines + part
            lines, start = lines - part, end
            if self.lines >= LINES_A_CHUNK or self.size >= BYTES_A_CHUNK:
                self.end()

    def end(self) -> list[Tile]:
        """Close the tile under way; all tiles."""
        if self.lines:
            tile = Tile(
                offset=self.offset, size=self.size, first_line=self.line_no, lines=self.lines,
                sha256=self.digest.hexdigest(),
            )  # fmt: skip
            self.tiles.append(tile)
            self.offset, self.line_no = self.offset + self.size, self.line_no + self.lines
            self.size = self.lines = 0
            self.digest = hashlib.sha256()
        return self.tiles


def _end_of_lines(block: bytes, start: int, lines: int) -> int:
    """Where so many whole lines from `start` on end."""
    for _line in range(lines):
        start = block.index(b"\n", start) + 1
    return start


def _blocks(file: BinaryIO, line_no: int) -> Iterator[tuple[bytes, int]]:
    """Runs of whole lines, as they stand in the file, and how many. Raises LineIsEndless."""
    while block := file.read(READ_BYTES):
        if not block.endswith(b"\n"):
            block += file.readline(LONGEST_LINE_BYTES + 1)
        if len(block) > LONGEST_LINE_BYTES:
            _require_ends(block.split(b"\n"), line_no)
        lines = block.count(b"\n") + (not block.endswith(b"\n"))
        line_no += lines
        yield block, lines
        del block  # there may be a long line in it; the next is made without it


def _require_ends(lines: list[bytes], line_no: int) -> None:
    for at, line in enumerate(lines, line_no):
        if len(line) > LONGEST_LINE_BYTES:
            raise LineIsEndless(line=at, megabytes=LONGEST_LINE_BYTES // 1_000_000)


def _cells_of(line: str, delimiter: str) -> Row:
    if len(line) > LONGEST_LINE:
        return BadLine("too_long")
    if UNWRITABLE.search(line):
        return BadLine("unwritable")
    try:
        return _split(line, delimiter)
    except BadLine as problem:
        return problem


def _rows_one_by_one(block: bytes, codec: str, delimiter: str) -> list[tuple[str, Row]]:
    lines = block.split(b"\n")
    if not lines[-1]:
        lines.pop()
    rows: list[tuple[str, Row]] = []
    for line in lines:
        try:
            text = line.decode(codec).removesuffix("\r")
        except UnicodeDecodeError:
            rows.append((line.decode(codec, "backslashreplace").removesuffix("\r"), BadLine("undecodable")))
        else:
            rows.append((text, _cells_of(text, delimiter)))
    return rows


def _row_of_cells(cells: list[str]) -> tuple[str, Row]:
    raw = "\t".join(cells)
    return raw, BadLine("unwritable") if UNWRITABLE.search(raw) else cells


def _row_of_record(record: dict[str, str]) -> tuple[str, Row]:
    return record["raw"], BadRecord(record["reason"], record["column"], record["value"], record["amount"])


def _split(line: str, delimiter: str) -> list[str]:
    """The cells of one line; a line break inside a cell is not allowed, so an open quotation mark is an error here."""
    try:
        cells: list[Any] = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        raise BadLine("quotes") from None
    return cells
