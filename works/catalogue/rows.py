"""A catalogue as rows of texts, whichever container it came in: the lines of a CSV file, or the rows of a spooled sheet.

Every physical line of a CSV file is one row: no cell of a catalogue holds a line break, and a reader that allows them
would let one stray quotation mark swallow the rest of the file in silence. Nothing here holds more than one row.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from portal.files.guards import HEAD_BYTES, utf16_without_mark
from works.catalogue.base import CatalogueEncodingWrong, CatalogueUnreadable

BLOCK: Final = 1 << 20
LONGEST_LINE: Final = 1 << 16  # characters; the longest row of a catalogue is a few thousand
ENCODINGS: Final = {"UTF-8": "utf-8-sig", "CP949": "cp949", "GB18030": "gb18030"}  # the name people know, and the codec
TRIED: Final = ("UTF-8", "CP949")  # nearly every file passes for GB18030, so that one only where a person says so


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row before its columns are known. `row_no` counts as a person does: the heading is 1.

    `code` is a problem of the row as a whole (a key of base.ERRORS); `cells` are then only good to be shown.
    `dates`: the places, from 0, of cells of a sheet that hold a date or a time and no text.
    """

    row_no: int
    cells: list[str]
    code: str = ""
    dates: frozenset[int] = frozenset()


def detect_encoding(path: Path, asked: str = "") -> tuple[str, str]:
    """The codec and its name: the one that was asked for, else UTF-8 (with or without a mark), else Korean CP949.

    Strictly, and of the whole file.

    Raises CatalogueUnreadable, CatalogueEncodingWrong.
    """
    with path.open("rb") as start:
        if utf16_without_mark(start.read(HEAD_BYTES)):  # which would pass for UTF-8 with NULs in it
            raise CatalogueUnreadable
    for name in (asked,) if asked else TRIED:
        codec = ENCODINGS[name]
        try:
            with path.open(encoding=codec, newline="") as file:
                while file.read(BLOCK):
                    pass
        except UnicodeDecodeError:
            continue
        return codec, name
    if asked:
        raise CatalogueEncodingWrong(encoding=asked)
    raise CatalogueUnreadable


def csv_rows(path: Path, codec: str) -> Iterator[RawRow]:
    """The lines of a CSV file. Raises CatalogueUnreadable where a byte is not of this encoding."""
    try:
        with path.open(encoding=codec) as file:  # takes \n, \r\n and \r for the end of a line, and nothing else
            row_no = 0
            while line := file.readline(LONGEST_LINE):
                row_no += 1
                code = ""
                if not line.endswith("\n") and len(line) == LONGEST_LINE:
                    code = "row-too-long"
                    while (rest := file.readline(BLOCK)) and not rest.endswith("\n"):
                        pass
                yield _csv_row(row_no, line.removesuffix("\n"), code)
    except UnicodeDecodeError as error:
        raise CatalogueUnreadable from error


def sheet_rows(lines: Iterable[str]) -> Iterator[RawRow]:
    """The rows of a sheet that was spooled with its dates (portal.files.sheets)."""
    for row_no, line in enumerate(lines, 1):
        row = json.loads(line)
        if isinstance(row, dict):
            yield RawRow(row_no, row["cells"], dates=frozenset(row["dates"]))
        else:
            yield RawRow(row_no, row)


def _csv_row(row_no: int, line: str, code: str) -> RawRow:
    if not code:
        try:
            return RawRow(row_no, next(csv.reader([line], strict=True), []))
        except csv.Error:
            code = "row-unreadable"
    return RawRow(row_no, line.split(","), code)
