"""The numbers of a sheet are found twice, and must be the same: in its XML, and by the reader (calamine).

So a fault of the reader costs a file, and moves no money. In the usual way of writing cells an expression finds the numbers; where a
sheet writes them otherwise, or the two do not agree, expat reads the slice and decides. Texts and dates are not compared: of
a cell with a date only that there is one. Plain Python: it runs in a child process.
"""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from xml.parsers import expat

NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
PLACE: Final = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
ISO_DATE: Final = "d"  # the type of a cell whose date is written out

Column = Sequence[float | None]  # None: a date
Found = tuple[int, dict[int, Column]]  # rows that hold a number, and by column from 0 the numbers from above to below


@dataclass(frozen=True)
class Differs:
    """The first column in which the two found other numbers: how many and their sum, or where these agree one that differs."""

    column: str
    in_file: str
    as_read: str


def expression(prefix: bytes) -> re.Pattern[bytes]:
    """What finds a number that is written as nearly all are, in a sheet whose elements have this prefix."""
    start = rb"<" + re.escape(prefix)
    return re.compile(start + rb'c r="([A-Z]{1,2})([0-9]{1,7})"(?: s="[0-9]+")?(?: t="n")?>' + start + rb"v>([^<]+)</")


def in_xml(xml: bytes, usual: re.Pattern[bytes]) -> Found | None:
    """The numbers of a slice; None where one is not what it looks like."""
    texts: defaultdict[bytes, list[bytes]] = defaultdict(list)
    found = usual.findall(xml)
    for column, _row, text in found:
        texts[column].append(text)
    rows = {row for _column, row, _text in found}
    try:
        return len(rows), {
            column_index(column.decode()): array("d", map(float, said)) for column, said in texts.items()
        }
    except ValueError:
        return None


def by_parser(xml: bytes) -> Found:
    """The same, read element by element: the slower way, which knows every way of writing a cell."""
    reader = expat.ParserCreate()
    reader.buffer_text = True
    found: dict[int, list[float | None]] = {}
    rows: set[int] = set()
    row, column, kind, text, in_value = 0, -1, "n", "", False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal row, column, kind, text, in_value
        match name.rpartition(":")[2]:
            case "row":
                row, column = int(attributes.get("r", row + 1)), -1
            case "c":
                place = PLACE.fullmatch(attributes.get("r", ""))
                column = column_index(place[1].upper()) if place else column + 1
                kind, text = attributes.get("t", "n"), ""
            case "v":
                in_value = True

    def say(words: str) -> None:
        nonlocal text
        if in_value:
            text += words

    def end(name: str) -> None:
        nonlocal in_value
        match name.rpartition(":")[2]:
            case "v":
                in_value = False
            case "c" if kind == ISO_DATE and text:
                found.setdefault(column, []).append(None)
            case "c" if kind == "n" and NUMBER.fullmatch(text):
                found.setdefault(column, []).append(float(text))
                rows.add(row)

    reader.StartElementHandler, reader.EndElementHandler, reader.CharacterDataHandler = start, end, say
    reader.Parse(xml, True)
    return len(rows), dict(found)


def as_read(values: Sequence[Sequence[Any]], *, left: int, dates: tuple[type, ...]) -> Found:
    """The numbers among the cells that the reader gave, of which the first stands in column `left`."""
    columns: dict[int, Column] = {}
    with_dates = False
    for place, cells in enumerate(zip(*values, strict=True), left):
        numbers: list[float | None] = [cell for cell in cells if type(cell) is float]
        if len(numbers) < len(cells) and any(isinstance(cell, dates) for cell in cells):
            with_dates = True
            numbers = [cell if type(cell) is float else None for cell in cells if isinstance(cell, (float, *dates))]
        if numbers:
            columns[place] = numbers
    if with_dates:
        return sum(any(isinstance(cell, (float, *dates)) for cell in row) for row in values), columns
    return sum(float in map(type, row) for row in values), columns


def difference(file: Found, read: Found) -> Differs | None:
    """Nothing, if each number of the file was read as it stands there."""
    for column in sorted(file[1].keys() | read[1].keys()):
        ours, theirs = file[1].get(column, ()), read[1].get(column, ())
        if len(ours) != len(theirs):
            return Differs(column_name(column), _sum(ours), _sum(theirs))
        for one, other in zip(ours, theirs, strict=True):
            if one != other and one is not None and other is not None:
                sums = _sum(ours), _sum(theirs)
                return Differs(column_name(column), *(sums if sums[0] != sums[1] else (repr(one), repr(other))))
    return None if file[0] == read[0] else Differs(f"A–{column_name(max(file[1]))}", f"n = {file[0]}", f"n = {read[0]}")


def _sum(column: Column) -> str:
    """How many numbers stand in a column, and what they add up to, exactly."""
    return (
        f"n = {len(column)}, Σ = {sum((Decimal(repr(number)) for number in column if number is not None), Decimal(0))}"
    )


def column_index(name: str) -> int:
    """
    >>> column_index("A"), column_index("Z"), column_index("AA"), column_index("ZZ")
    (0, 25, 26, 701)
    """
    index = 0
    for letter in name:
        index = index * 26 + ord(letter) - 64
    return index - 1


def column_name(index: int) -> str:
    """
    >>> column_name(0), column_name(25), column_name(26), column_name(701)
    ('A', 'Z', 'AA', 'ZZ')
    """
    name, index = "", index + 1
    while index:
        index, letter = divmod(index - 1, 26)
        name = chr(65 + letter) + name
    return name
