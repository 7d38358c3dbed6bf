"""A program of its own: a sheet of a workbook → one JSON list of texts per row. `python -m portal.files.sheet_reader IN OUT SHEET [dates]`

Run as a child process with limits on memory, time and output, so that whatever a file does to the reader, a child dies of it
and not a worker. Imports nothing of Django. Says what it did as JSON on stdout: how many rows, or why it took none.

Two processes work at once, each with these limits: this one scans the sheet and puts each slice that has passed into a workbook of
its own; the other one opens that with calamine and writes the rows, while the next slice is scanned.

A row is written for every row of the sheet, so that line numbers are those a person sees. Numbers of a sheet are
doubles: whole ones below 10^15 are written as digits, others with fifteen significant digits, which is what a
spreadsheet keeps. A number from 10^15 on keeps its exponent or its point, so that it is not taken for exact digits. With `dates` a
row in which cells hold a date or a time is {"cells": [its texts], "dates": [their places from 0]}: as texts they tell no more.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import json
import multiprocessing
import resource
import signal
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any, Final
from xml.parsers.expat import ExpatError

from portal.files import numbers, scan
from portal.files.numbers import Found
from portal.files.scan import Refused, Sheet, Slice
from portal.lib import disk

WITH_DATES: Final = "dates"
REFUSED: Final = 3  # exit status; anything else but 0 is a death
DISK_IS_FULL: Final = "disk-is-full"
MEMORY_BYTES: Final = 1_500_000_000
CPU_SECONDS: Final = 300
OUTPUT_BYTES: Final = 2_000_000_000
PARENT_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG
UNREADABLE: Final = (  # what reading a damaged workbook raises
    zipfile.BadZipFile,
    zlib.error,
    ExpatError,
    KeyError,
    IndexError,
    ValueError,
    NotImplementedError,
    EOFError,
)
DATES: Final = (dt.date, dt.time, dt.timedelta)  # a datetime is a date
SLICE_NAMES: Final = (".slice-0.xlsx", ".slice-1.xlsx")  # one is written while the other is read
SLICE_PART: Final = "xl/worksheets/sheet.xml"
EXACT_BELOW: Final = 10**15  # spreadsheets keep fifteen digits and write zeros for the rest

PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS: Final = (
    f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r" Type="{OFFICE}/%s" Target="%s"/></Relationships>'
)
WORKBOOK: Final = (
    f'<workbook xmlns="{scan.MAIN}" xmlns:r="{OFFICE}"><workbookPr date1904="%d"/>'
    '<sheets><sheet name="s" sheetId="1" r:id="r"/></sheets></workbook>'
)


def number_text(value: float) -> str:
    """A number of a sheet as text.

    >>> number_text(42.22445), number_text(58011.0), number_text(1e-7), number_text(1234567890123450.0)
    ('42.22445', '58011', '0.0000001', '1234567890123450.0')
    """
    if not -EXACT_BELOW < value < EXACT_BELOW:
        return repr(value)
    if value.is_integer():
        return str(int(value))
    text = f"{value:.15g}"
    return format(Decimal(text), "f") if "e" in text else text


def cell_text(value: Any) -> str:
    """A cell as text; dates as 2026-09-01."""
    if isinstance(value, bool):
        return str(value).upper()
    return number_text(float(value)) if isinstance(value, int | float) else str(value)


def choose_sheet(archive: zipfile.ZipFile, sheets: list[Sheet], name: str) -> Sheet:
    """The sheet of this name, or the first one, if nothing stands on others that a person sees. Raises Refused."""
    if name:
        for sheet in sheets:
            if sheet.name == name:
                return sheet
        raise Refused("sheet-is-missing", sheet=name, sheets=", ".join(sheet.name for sheet in sheets))
    if not sheets:
        raise Refused("sheet-cannot-be-read")
    further = [sheet.name for sheet in sheets[1:] if sheet.visible and scan.stands_something(archive, sheet)]
    if further:
        raise Refused("sheets-are-several", sheets=", ".join(further))
    return sheets[0]


class _Writer:
    """Writes rows as wide as the first filled one, or wider if something stands there; blank ones at the end do not count."""

    def __init__(self, out: IO[str]) -> None:
        self.out = out
        self.encode = json.JSONEncoder(ensure_ascii=False).encode
        self.rows = 0
        self.width = 0

    def write(self, row_no: int, cells: list[str], dates: list[int]) -> None:
        """A row by its number in the sheet, from 1, and the places of cells that are dates; blank rows before it are written too."""
        if not any(cells):
            return
        filled = len(cells)
        while filled > self.width and not cells[filled - 1].strip():
            filled -= 1
        if not self.width:
            self.width = filled
        blank = "[]\n" if self.rows else self.encode([""] * self.width) + "\n"
        self.out.writelines(blank for _row in range(row_no - self.rows - 1))
        if filled < self.width:
            cells = cells + [""] * (self.width - filled)
        cells = cells[: max(filled, self.width)]
        self.out.write(self.encode({"cells": cells, "dates": dates} if dates else cells) + "\n")
        self.rows = row_no


def read_slice(workbook: Path, part: Slice, writer: _Writer, *, with_dates: bool) -> None:
    """Read the rows of a slice, which stands alone in the workbook, and write them. Raises Refused."""
    from python_calamine import CalamineWorkbook

    with CalamineWorkbook.from_path(workbook) as book:
        sheet = book.get_sheet_by_index(0)
        if sheet.start is None or sheet.end is None:
            _require_same_numbers(workbook, part, (0, {}))
            return
        (top, left), (bottom, _right) = sheet.start, sheet.end
        before = 0 if part.placed else part.first_row - 1
        if before + top + 1 < part.first_row or before + bottom + 1 > part.last_row:
            raise Refused("sheet-cannot-be-read")  # a cell that claims to stand in another row than it stands in
        margin = [""] * left
        rows = sheet.to_python()
        _require_same_numbers(workbook, part, numbers.as_read(rows, left=left, dates=DATES))
        for row_no, values in enumerate(rows, before + top + 1):
            cells = [
                value if type(value) is str else number_text(value) if type(value) is float else cell_text(value)
                for value in values
            ]
            dates = (
                [place for place, value in enumerate(values, left) if isinstance(value, DATES)] if with_dates else []
            )
            writer.write(row_no, margin + cells if margin else cells, dates)


def _require_same_numbers(workbook: Path, part: Slice, read: Found) -> None:
    """Raise Refused where the reader gave other numbers than stand in the slice; expat is asked before that is said."""
    if part.found is not None and numbers.difference(part.found, read) is None:
        return
    with zipfile.ZipFile(workbook) as archive:
        in_file = numbers.by_parser(archive.read(SLICE_PART))
    if differs := numbers.difference(in_file, read):
        raise Refused("readers-disagree", **asdict(differs))


def write_workbook(path: Path, archive: zipfile.ZipFile, sheet: bytes, *, from_1904: bool) -> None:
    """A workbook of one sheet, with the shared texts and the styles of another one, not packed."""
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("_rels/.rels", RELATIONS % ("officeDocument", "xl/workbook.xml"))
        made.writestr("xl/workbook.xml", WORKBOOK % from_1904)
        made.writestr("xl/_rels/workbook.xml.rels", RELATIONS % ("worksheet", "worksheets/sheet.xml"))
        made.writestr(SLICE_PART, sheet)
        for part in ("xl/styles.xml", "xl/sharedStrings.xml"):
            if part in archive.NameToInfo:
                with made.open(part, "w") as copy:
                    for block in scan.blocks_of(archive, part, scan.STRINGS_BYTES):
                        copy.write(block)


def spool(source: Path, target: Path, name: str, *, with_dates: bool = False) -> dict[str, Any]:
    """Write the rows of a sheet; what came of it. Raises Refused, ReaderDied and what reading a damaged workbook raises."""
    with zipfile.ZipFile(source) as archive:
        sheets, from_1904 = scan.sheets_of(archive)
        sheet = choose_sheet(archive, sheets, name)
        shared = 0
        if "xl/styles.xml" in archive.NameToInfo:
            scan.check_part(archive, "xl/styles.xml")
        if "xl/sharedStrings.xml" in archive.NameToInfo:
            shared = scan.check_strings(archive, "xl/sharedStrings.xml")
        blocks = scan.blocks_of(archive, sheet.part, scan.SHEET_BYTES)
        with _reader_beside(target, with_dates=with_dates) as reader:
            for number, part in enumerate(scan.slices(blocks, beside=shared)):
                if number >= len(SLICE_NAMES):
                    _hear(reader)  # that the slice is read whose name is taken again
                workbook = target.with_suffix(SLICE_NAMES[number % len(SLICE_NAMES)])
                write_workbook(workbook, archive, part.xml, from_1904=from_1904)
                _say(reader, (workbook, replace(part, xml=b"")))
            _say(reader, None)
            while (rows := _hear(reader)) is None:
                pass
        return {"sheet": sheet.name, "rows": rows}


class ReaderDied(RuntimeError):
    """The process that reads is gone, without a word why: too much memory or time, or an abort of the reader."""


@contextmanager
def _reader_beside(target: Path, *, with_dates: bool) -> Iterator[Connection]:
    """A process that reads the slices it is given and writes their rows; it answers None to each, and at the end their number."""
    here, there = multiprocessing.Pipe()
    what = (target, here, there, with_dates)
    process = multiprocessing.get_context("fork").Process(target=_read_slices, args=what, daemon=True)
    process.start()
    there.close()
    try:
        yield here
    finally:
        process.kill()
        process.join()
        here.close()


def _say(reader: Connection, what: tuple[Path, Slice] | None) -> None:
    try:
        reader.send(what)
    except OSError as error:
        _hear(reader)  # why it has ended
        raise ReaderDied from error


def _hear(reader: Connection) -> int | None:
    """Raises what the reader refused, and ReaderDied."""
    try:
        said, params = reader.recv()
    except (EOFError, OSError) as error:
        raise ReaderDied from error
    if isinstance(said, str):
        raise Refused(said, **params)
    rows: int | None = said
    return rows


def _read_slices(target: Path, other_end: Connection, scanner: Connection, with_dates: bool) -> None:  # noqa: FBT001
    """What the process beside does."""
    from python_calamine import CalamineError

    other_end.close()
    die_with_parent()
    try:
        with target.open("w", encoding="utf-8", newline="\n", errors="backslashreplace") as out:
            writer = _Writer(out)
            while given := scanner.recv():
                workbook, part = given
                read_slice(workbook, part, writer, with_dates=with_dates)
                workbook.unlink()
                scanner.send((None, {}))
        scanner.send((writer.rows, {}))
    except Refused as refused:
        scanner.send((refused.code, refused.params))
    except OSError as error:
        if not disk.is_full(error):
            raise
        scanner.send((DISK_IS_FULL, {}))
    except (CalamineError, *UNREADABLE) as error:
        sys.stderr.write(repr(error))
        scanner.send(("sheet-cannot-be-read", {}))


def die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)


def main() -> int:
    source, target, name, *dates = sys.argv[1:]
    die_with_parent()  # a killed worker leaves no reader behind
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, OUTPUT_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    try:
        json.dump(spool(Path(source), Path(target), name, with_dates=dates == [WITH_DATES]), sys.stdout)
    except Refused as refused:
        json.dump({"code": refused.code, "params": refused.params}, sys.stdout)
        return REFUSED
    except OSError as error:
        if not disk.is_full(error):
            raise
        json.dump({"code": DISK_IS_FULL, "params": {}}, sys.stdout)
        return REFUSED
    except UNREADABLE as error:
        sys.stderr.write(repr(error))
        json.dump({"code": "sheet-cannot-be-read", "params": {}}, sys.stdout)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
