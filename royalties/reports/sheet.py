"""A program of its own: the first sheet of a spreadsheet → one JSON list of texts per row. `sheet.py IN.xlsx OUT.jsonl`

Run as a child process with a limit on memory and time, because a legal file of 1 KB makes the reader (calamine) ask for
half a terabyte and abort: then a child dies, not a worker. Imports nothing of the portal.

A row is written for every row of the sheet, so that line numbers are those a person sees. Numbers of a sheet are
doubles: whole ones below 10^15 are written as digits, others with fifteen significant digits, which is what a
spreadsheet keeps. A number from 10^15 on keeps its exponent or its point, so that it is not taken for exact digits.
"""

from __future__ import annotations

import json
import resource
import sys
from decimal import Decimal
from typing import Any, Final

CANNOT_BE_READ: Final = 3  # exit status
HAS_FURTHER_SHEETS: Final = 4  # exit status; their names are said on stderr, as a JSON list
MEMORY_BYTES: Final = 4_000_000_000
CPU_SECONDS: Final = 600
EXACT_BELOW: Final = 10**15  # spreadsheets keep fifteen digits and write zeros for the rest


def number_text(value: float) -> str:
    """A number of a sheet as text.

    >>> number_text(42.22445), number_text(58011.0), number_text(1e-7), number_text(1234567890123450.0)
    ('42.22445', '58011', '0.0000001', '1234567890123450.0')
    """
    if abs(value) >= EXACT_BELOW:
        return repr(value)
    if value.is_integer():
        return str(int(value))
    text = f"{value:.15g}"
    return format(Decimal(text), "f") if "e" in text else text


def cell_text(value: Any) -> str:
    """A cell as text; dates as 2026-09-01."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return number_text(float(value))
    return str(value)


class FurtherSheets(Exception):
    """Something stands on sheets beside the first one; the argument is the list of their names."""


def further_sheets(workbook: Any) -> list[str]:
    """The names of the sheets a person sees beside the first one, if something stands on them."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    return [
        sheet.name
        for place, sheet in enumerate(workbook.sheets_metadata)
        if place > 0
        and sheet.typ == SheetTypeEnum.WorkSheet
        and sheet.visible == SheetVisibleEnum.Visible
        and workbook.get_sheet_by_index(place).start is not None
    ]


def spool(source: str, target: str) -> None:
    """Write the rows of the first sheet. Rows are as wide as the header, or wider if something stands there.

    Raises FurtherSheets rather than leave out what stands on another sheet.
    """
    from python_calamine import CalamineWorkbook

    workbook = CalamineWorkbook.from_path(source)
    if further := further_sheets(workbook):
        raise FurtherSheets(further)
    sheet = workbook.get_sheet_by_index(0)
    margin = [""] * (sheet.start or (0, 0))[1]  # rows are read from the first one on, columns from the first one filled
    encode = json.JSONEncoder(ensure_ascii=False).encode
    width = 0
    blank_rows = 0  # written when a filled one follows: those at the end do not count
    with open(target, "w", encoding="utf-8", newline="\n", errors="backslashreplace") as out:
        for values in sheet.iter_rows():
            row = margin + [value if type(value) is str else cell_text(value) for value in values]
            filled = len(row)
            while filled > width and not row[filled - 1].strip():
                filled -= 1
            if not any(row):
                blank_rows += 1
                continue
            if not width:
                width = filled
            out.writelines(encode([""] * width) + "\n" for _ in range(blank_rows))
            blank_rows = 0
            out.write(encode(row[:filled]) + "\n")


def main() -> int:
    source, target = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from python_calamine import CalamineError

    try:
        spool(source, target)
    except FurtherSheets as found:
        json.dump(found.args[0], sys.stderr)
        return HAS_FURTHER_SHEETS
    except (CalamineError, IndexError, MemoryError, ValueError) as error:
        sys.stderr.write(repr(error))
        return CANNOT_BE_READ
    return 0


if __name__ == "__main__":
    sys.exit(main())
