"""The numbers of a spreadsheet are those of its XML: a reader that lies costs the file."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import python_calamine
import xlsxwriter
from hypothesis import given, settings, strategies as st

from portal.files import numbers, scan, sheet_reader
from portal.files.scan import Refused
from tests.portal.workbooks import sheet_xml, workbook

Rows = list[list[Any]]


def statement(rows: int = 200) -> bytes:
    """Songs with uses and money, a note here and there, and a date in each row."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["song", "uses", "money", "note", "day"])
        for row in range(1, rows + 1):
            sheet.write_string(row, 0, f"노래 {row}")
            sheet.write_number(row, 1, row)
            sheet.write_number(row, 2, row / 7)
            if row % 3 == 0:
                sheet.write_number(row, 3, -0.5)
            sheet.write_datetime(row, 4, dt.datetime(2026, 9, 1 + row % 30))  # noqa: DTZ001 as a sheet has it
    return out.getvalue()


def spool(content: bytes, folder: Path) -> Rows:
    (folder / "a.xlsx").write_bytes(content)
    sheet_reader.spool(folder / "a.xlsx", folder / "a.jsonl", "")
    return [json.loads(line) for line in (folder / "a.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def lie(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Rows], object]], None]:
    """Make the reader change the rows it gives."""

    def begin(change: Callable[[Rows], object]) -> None:
        class Sheet:
            def __init__(self, sheet: Any) -> None:
                self.start, self.end, self.sheet = sheet.start, sheet.end, sheet

            def to_python(self) -> Rows:
                rows: Rows = self.sheet.to_python()
                change(rows)
                return rows

        class Liar:
            def __init__(self, path: Path) -> None:
                self.book = right.from_path(path)

            def __enter__(self) -> Liar:
                return self

            def __exit__(self, *_error: object) -> None:
                self.book.close()

            def get_sheet_by_index(self, index: int) -> Sheet:
                return Sheet(self.book.get_sheet_by_index(index))

            from_path = classmethod(lambda cls, path: cls(path))

        right = python_calamine.CalamineWorkbook
        monkeypatch.setattr(python_calamine, "CalamineWorkbook", Liar)

    return begin


def put(row: int, column: int, value: object) -> Callable[[Rows], object]:
    return lambda rows: rows[row].__setitem__(column, value)


def swap(rows: Rows) -> None:
    rows[5][2], rows[6][2] = rows[6][2], rows[5][2]


def shift(rows: Rows) -> None:
    """Everything a row further down, over a row of which nothing is left."""
    rows[50:] = [[""] * 5, *rows[50:-1]]


LIES = {
    "another amount": (put(9, 2, 1.0), "C"),
    "the last digit": (put(9, 2, 9 / 7 + 4e-16), "C"),
    "no amount": (put(9, 2, ""), "C"),
    "a text": (put(9, 2, "9"), "C"),
    "one amount too many": (put(0, 2, 1.0), "C"),
    "two amounts in each other's place": (swap, "C"),
    "a row less": (lambda rows: rows.pop(9), "B"),
    "a row twice": (lambda rows: rows.insert(9, rows[9]), "B"),
    "rows out of their place": (shift, "B"),
    "a date less": (put(9, 4, ""), "E"),
    "a number in an empty column": (put(1, 3, 1.0), "D"),
}


@pytest.mark.parametrize("kind", LIES)
def test_a_reader_that_lies_is_caught(
    kind: str, lie: Callable[[Callable[[Rows], object]], None], tmp_path: Path
) -> None:
    change, column = LIES[kind]
    content = statement()
    spool(content, tmp_path)  # it tells the truth so far
    lie(change)
    with pytest.raises(Refused) as refused:
        spool(content, tmp_path)
    assert refused.value.code == "readers-disagree"
    assert refused.value.params["column"] == column
    assert refused.value.params["in_file"] != refused.value.params["as_read"]


def test_a_lie_about_one_slice_of_many_is_caught(
    lie: Callable[[Callable[[Rows], object]], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "SLICE_BYTES", 2_000)
    monkeypatch.setattr(scan, "BLOCK_BYTES", 500)
    whole = spool(statement(), tmp_path)
    lie(lambda rows: [row.__setitem__(2, 1.0) for row in rows if row[0] == "노래 150"])
    with pytest.raises(Refused, match="readers-disagree"):
        spool(statement(), tmp_path)
    assert len(whole) == 201


def test_what_is_said_is_how_many_and_their_exact_sum(
    lie: Callable[[Callable[[Rows], object]], None], tmp_path: Path
) -> None:
    content = workbook(sheet_xml(f'<row r="{row}"><c r="A{row}"><v>0.1</v></c></row>' for row in range(1, 4)))
    lie(put(1, 0, 0.2))
    with pytest.raises(Refused) as refused:
        spool(content, tmp_path)
    assert refused.value.params == {"column": "A", "in_file": "n = 3, Σ = 0.3", "as_read": "n = 3, Σ = 0.4"}


ODD = [
    "<row><c><v>1</v></c><c t='n'><v>2.5</v></c></row><row><c><v>3</v></c></row>",  # nothing says where it stands
    '<row r="1"><c t="n" r="A1"><v>1</v></c></row>',
    '<row r="1"><c r="A1"><v xml:space="preserve">1</v></c></row>',
    '<row r="1"><c r="A1">\n <v>1</v> </c></row>',
    '<row r="1"><c r="A1"><v>1e3</v></c><c r="B1"><v>-.5E-2</v></c></row>',
    '<row r="1"><c r="A1"/><c r="B1"><v/></c><c r="C1"><v></v></c></row>',
    '<row r="1"><c r="A1" t="b"><v>1</v></c><c r="B1" t="str"><v>7</v></c></row>',
    '<row r="1"><c r="A1" t="d"><v>2026-09-01T00:00:00</v></c><c r="B1"><v>5</v></c></row>',
]


@pytest.mark.parametrize("rows", ODD)
def test_numbers_that_are_written_otherwise_are_no_lie(rows: str, tmp_path: Path) -> None:
    assert spool(workbook(sheet_xml([rows])), tmp_path) is not None


def test_a_lie_about_numbers_that_are_written_otherwise_is_caught_too(
    lie: Callable[[Callable[[Rows], object]], None], tmp_path: Path
) -> None:
    lie(put(1, 0, 4.0))
    with pytest.raises(Refused, match="readers-disagree"):
        spool(workbook(sheet_xml([ODD[0]])), tmp_path)


def test_a_way_of_writing_numbers_that_the_reader_does_not_know_is_caught(tmp_path: Path) -> None:
    """calamine takes the digit 1, written as a reference to its letter, for a text."""
    with pytest.raises(Refused, match="readers-disagree"):
        spool(workbook(sheet_xml(['<row r="1"><c r="A1"><v>&#49;2</v></c></row>'])), tmp_path)


def test_rows_that_hold_numbers_are_counted() -> None:
    file = numbers.by_parser(sheet_xml([f'<row r="{row}"><c r="A{row}"><v>1</v></c></row>' for row in (1, 2)]).encode())
    assert numbers.difference(file, (1, file[1])) == numbers.Differs("A–A", "n = 2", "n = 1")


NUMBER = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**20), 10**20).map(float)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.none() | NUMBER, min_size=1, max_size=30), min_size=1, max_size=20))
def test_both_ways_of_finding_numbers_find_the_same(rows: list[list[float | None]]) -> None:
    cells = "".join(
        f'<row r="{row}">'
        + "".join(
            f'<c r="{numbers.column_name(place)}{row}"><v>{number!r}</v></c>'
            for place, number in enumerate(line)
            if number is not None
        )
        + "</row>"
        for row, line in enumerate(rows, 1)
    )
    xml = sheet_xml([cells]).encode()
    by_expression, by_parser = numbers.in_xml(xml, numbers.expression(b"")), numbers.by_parser(xml)
    assert by_expression is not None
    assert numbers.difference(by_expression, by_parser) is None
    assert by_expression[0] == sum(any(number is not None for number in line) for line in rows)
