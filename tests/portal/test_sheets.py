"""A workbook becomes lines, exactly, or is refused with a reason; whatever it does to its reader, a child dies of it."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from django.utils import translation
from hypothesis import given, settings, strategies as st

from portal.files import scan, sheet_reader
from portal.files.copies import DiskIsFull
from portal.files.sheets import (
    REFUSALS,
    SheetCannotBeRead,
    SheetIsMissing,
    SheetsAreSeveral,
    SheetTookTooMuch,
    SpooledSheet,
    spool_sheet,
)
from portal.lib.errors import DomainError
from tests.portal.workbooks import MAIN, WORKBOOK, sheet_xml, text_row, workbook

WORDS = ["结算期间", "平台", "노래"]


def spool(content: bytes, folder: Path, sheet: str = "") -> tuple[SpooledSheet, list[list[str]]]:
    source, target = folder / "a.xlsx", folder / "a.jsonl"
    source.write_bytes(content)
    spooled = spool_sheet(source, target, keep=lambda: None, sheet=sheet)
    return spooled, [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]


def rows_of(content: bytes, folder: Path) -> list[list[str]]:
    return spool(content, folder)[1]


def refusal(content: bytes, folder: Path) -> DomainError:
    """The refusal of a workbook, which leaves nothing behind."""
    with pytest.raises(tuple(REFUSALS.values())) as refused:
        spool(content, folder)
    assert [path.name for path in folder.iterdir()] == ["a.xlsx"]
    assert isinstance(refused.value, DomainError)
    return refused.value


# ── what is read ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_sheet_is_spooled_row_by_row_with_exact_numbers(tmp_path: Path) -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["a", "b", "c"])
        numbers = [42.22445, 58011, 1e-7, 7_000_000_000_005_614_571, 10**15 - 1, 0.1 + 0.2, 10**15]
        for row, number in enumerate(numbers, 1):
            sheet.write_number(row, 0, number)
        sheet.write_string(3, 2, "7000000000005614571")
        sheet.write_string(9, 1, 'x\n"')
        sheet.write_boolean(10, 0, True)
        sheet.write_string(11, 4, "beyond the header")
        sheet.write_datetime(12, 0, dt.datetime(2026, 9, 1), book.add_format({"num_format": "yyyy-mm-dd"}))  # noqa: DTZ001
        sheet.write_string(14, 0, "")
    spooled, rows = spool(out.getvalue(), tmp_path)
    assert rows[0] == ["a", "b", "c"]
    assert [row[0] for row in rows[1:8]] == [
        "42.22445", "58011", "0.0000001", "7.000000000005615e+18", "999999999999999", "0.3", "1000000000000000.0"
    ]  # fmt: skip
    assert rows[3][2] == "7000000000005614571"
    assert rows[8] == []  # a blank row in the middle is a row
    assert rows[9][1] == 'x\n"'
    assert rows[10] == ["TRUE", "", ""]
    assert rows[11] == ["", "", "", "", "beyond the header"]
    assert rows[12][0] == "2026-09-01"
    assert spooled == SpooledSheet("Sheet1", len(rows)) == SpooledSheet("Sheet1", 13)  # blank rows at the end are none


def test_dates_are_told_apart_from_texts_where_it_is_asked(tmp_path: Path) -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        day, hour = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "hh:mm:ss"})
        sheet.write_row(2, 1, ["a", "b", "c"])
        sheet.write_row(3, 1, ["2026-10-04", "10:04:00"])
        sheet.write_datetime(4, 1, dt.datetime(2026, 10, 4), day)  # noqa: DTZ001
        sheet.write_datetime(4, 3, dt.time(10, 4), hour)
    (tmp_path / "a.xlsx").write_bytes(out.getvalue())
    spool_sheet(tmp_path / "a.xlsx", tmp_path / "a.jsonl", keep=lambda: None, with_dates=True)
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert rows[3:] == [
        ["", "2026-10-04", "10:04:00", ""],
        {"cells": ["", "2026-10-04", "", "10:04:00"], "dates": [1, 3]},
    ]


def test_a_sheet_that_begins_lower_has_no_header_in_its_first_row(tmp_path: Path) -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet().write_row(2, 1, WORDS)
    rows = rows_of(out.getvalue(), tmp_path)
    assert not any(rows[0])
    assert rows[2] == ["", *WORDS]


def two_sheets() -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet("九月").write_row(0, 0, WORDS)
        book.add_worksheet("汇总").write_row(0, 0, ["sum"])
        book.add_worksheet("空")
    return out.getvalue()


def test_what_stands_on_another_sheet_is_not_left_out_silently(tmp_path: Path) -> None:
    found = refusal(two_sheets(), tmp_path)
    assert (type(found), found.params) == (SheetsAreSeveral, {"sheets": "汇总"})


def test_a_sheet_may_be_asked_for_by_its_name(tmp_path: Path) -> None:
    assert spool(two_sheets(), tmp_path, "汇总") == (SpooledSheet("汇总", 1), [["sum"]])
    with pytest.raises(SheetIsMissing) as missing:
        spool(two_sheets(), tmp_path, "十月")
    assert missing.value.params == {"sheet": "十月", "sheets": "九月, 汇总, 空"}


def test_sheets_that_are_empty_or_hidden_do_no_harm(tmp_path: Path) -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet("九月").write_row(0, 0, WORDS)
        book.add_worksheet("空")
        hidden = book.add_worksheet("内部")
        hidden.write_row(0, 0, WORDS)
        hidden.hide()
        book.add_chartsheet()
    assert rows_of(out.getvalue(), tmp_path) == [WORDS]


IN_QUOTES = """<row  r='1' ><c t='inlineStr' r='A1'><is><t>a&amp;b</t></is></c></row>"""
PREFIXED = """<x:row r="1"><x:c r="A1" t="inlineStr"><x:is><x:t>a&#38;b</x:t></x:is></x:c></x:row>"""
SHORT = '<row><c t="str"><v>a&amp;b</v></c></row>'


@pytest.mark.parametrize(
    "xml",
    [
        sheet_xml([IN_QUOTES]).replace('"', "'"),
        f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>{PREFIXED}</x:sheetData></x:worksheet>',
        sheet_xml([text_row(1, ["a&amp;b"])]).replace(MAIN, scan.STRICT),
        sheet_xml([SHORT], before='<dimension ref="A1:XFD9"/>', after="<f>no formula</f>"),
        '\ufeff<?xml version="1.0" encoding="UTF-8"?>\n' + sheet_xml([text_row(1, ["a&amp;b"])]),
    ],
)
def test_sheets_are_written_in_many_ways(xml: str, tmp_path: Path) -> None:
    assert rows_of(workbook(xml), tmp_path) == [["a&b"]]


def test_a_sheet_without_rows(tmp_path: Path) -> None:
    assert spool(workbook(f'<worksheet xmlns="{MAIN}"><sheetData/></worksheet>'), tmp_path) == (
        SpooledSheet("s", 0),
        [],
    )
    assert rows_of(workbook(sheet_xml([])), tmp_path) == []


def test_shared_texts_styles_and_the_days_of_1904(tmp_path: Path) -> None:
    rows = ['<row r="1"><c r="A1" t="s"><v>1</v></c><c r="B1" s="1"><v>1</v></c></row>']
    parts = {
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>no</t></si><si><r><t>ye</t></r><r><t>s</t></r></si></sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
        "xl/workbook.xml": WORKBOOK.replace("<sheets>", '<workbookPr date1904="1"/><sheets>'),
    }
    assert rows_of(workbook(sheet_xml(rows), parts), tmp_path) == [["yes", "1904-01-02"]]


@pytest.mark.parametrize("places", ["rows and cells", "cells", "none"])
def test_slices_make_no_difference(places: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows with gaps, wide and narrow, read whole and in slices of a few rows: the same lines under the same numbers."""
    numbers = [1, 2, 3, 7, 8, 30_000, 30_001] if places == "rows and cells" else list(range(1, 50))
    rows = [text_row(number, [str(number), "", "x" * (number % 5)]) for number in numbers]
    if places == "rows and cells":
        rows.insert(3, '<row r="4"/>')
    else:
        rows = ["<row>" + row.partition(">")[2] for row in rows]
    if places == "none":
        rows = [re.sub(' r="[A-Z0-9]+"', "", row) for row in rows]
    (tmp_path / "a.xlsx").write_bytes(workbook(sheet_xml(rows)))

    def spooled() -> list[list[str]]:
        sheet_reader.spool(tmp_path / "a.xlsx", tmp_path / "a.jsonl", "")
        return [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]

    whole = spooled()
    assert [number for number, row in enumerate(whole, 1) if row] == numbers
    assert all(row[0] == str(number) for number, row in enumerate(whole, 1) if row)
    monkeypatch.setattr(scan, "SLICE_BYTES", 300)
    monkeypatch.setattr(scan, "BLOCK_BYTES", 100)
    monkeypatch.setattr(scan, "SLICE_CELLS", 26 * 100)
    assert spooled() == whole


CELL = st.one_of(
    st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="_\ufffe\uffff"), max_size=20),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e14, max_value=1e14),
    st.integers(-(10**14), 10**14),
    st.booleans(),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(CELL, min_size=1, max_size=8), min_size=1, max_size=20), st.integers(60, 4000))
def test_two_readers_agree(tmp_path_factory: pytest.TempPathFactory, rows: list[list[Any]], slice_bytes: int) -> None:
    """The other reader is openpyxl, which shares no code with ours: the same rows, and the same sums to the digit."""
    folder = tmp_path_factory.mktemp("two")
    with xlsxwriter.Workbook(folder / "a.xlsx", {"strings_to_numbers": False, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                write = (
                    sheet.write_boolean
                    if type(cell) is bool
                    else sheet.write_string
                    if type(cell) is str
                    else sheet.write_number
                )
                write(row, column, cell)
    with pytest.MonkeyPatch.context() as smaller:
        smaller.setattr(scan, "SLICE_BYTES", slice_bytes)
        smaller.setattr(scan, "BLOCK_BYTES", 128)
        sheet_reader.spool(folder / "a.xlsx", folder / "a.jsonl", "")
    ours = [json.loads(line) for line in (folder / "a.jsonl").read_text(encoding="utf-8").splitlines()]
    book = openpyxl.load_workbook(folder / "a.xlsx")
    theirs = [
        ["" if cell is None else sheet_reader.cell_text(cell) for cell in cells]
        for cells in book.worksheets[0].iter_rows(values_only=True)
    ]

    def plain(table: list[list[str]]) -> list[list[str]]:
        """Without the blank cells and rows at the ends, which both give or leave out as they like."""
        cut = [list(row) for row in table]
        for row in cut:
            while row and not row[-1]:
                row.pop()
        while cut and not cut[-1]:
            cut.pop()
        return cut

    assert plain(ours) == plain(theirs)


# ── what is refused ─────────────────────────────────────────────────────────────────────────────────────────────────────

ROW = text_row(1, ["a"])
FORMULA = '<row r="2"><c r="C2"><f>SUM(A1:B1)</f><v>3</v></c></row>'


@pytest.mark.parametrize(
    ("content", "code", "params"),
    [
        (workbook(sheet_xml([ROW, FORMULA])), "sheet-has-formulas", {"cells": "C2"}),
        (workbook(sheet_xml([ROW, FORMULA]).replace("<f>", "<f >")), "sheet-has-formulas", {"cells": "C2"}),
        (workbook(sheet_xml([ROW, '<row r="2"><c r="B2" t="e"><v>#N/A</v></c></row>'])), "sheet-has-errors", {"cells": "B2"}),
        (workbook(sheet_xml([text_row(1_048_577, ["a"])])), "sheet-goes-too-far", {"cell": "A1048577", "row": 1_048_576, "column": "ZZ"}),
        (workbook(sheet_xml(['<row r="1048577"><c><v>1</v></c></row>'])), "sheet-goes-too-far", {"cell": "A1048577", "row": 1_048_576, "column": "ZZ"}),
        (workbook(sheet_xml(['<row r="1"><c r="AAA1"><v>1</v></c></row>'])), "sheet-goes-too-far", {"cell": "AAA1", "row": 1_048_576, "column": "ZZ"}),
        (workbook(sheet_xml([ROW, ROW])), "sheet-cannot-be-read", {}),  # a row twice
        (workbook(sheet_xml([ROW, "<row/>"])), "sheet-cannot-be-read", {}),  # some rows numbered, some not
        (workbook(sheet_xml(['<row r="1"><c r="A9"><v>1</v></c></row>'])), "sheet-cannot-be-read", {}),  # a cell in another row
        (workbook(sheet_xml(["<!-- <f> -->", ROW])), "sheet-cannot-be-read", {}),
        (workbook(sheet_xml([ROW])[:-5]), "sheet-cannot-be-read", {}),  # cut off
        (workbook(sheet_xml([ROW]).encode("utf-16")), "sheet-cannot-be-read", {}),
        (workbook(f"<html xmlns='{MAIN}'/>"), "sheet-cannot-be-read", {}),
        (workbook(sheet_xml([ROW]), {"xl/sharedStrings.xml": "<!DOCTYPE x><sst/>"}), "sheet-declares-entities", {}),
        (workbook(sheet_xml([ROW]), {"xl/workbook.xml": "<workbook/>"}), "sheet-cannot-be-read", {}),
        (b"PK\x03\x04 no archive", "sheet-cannot-be-read", {}),
    ],
)  # fmt: skip
def test_a_workbook_that_is_refused(content: bytes, code: str, params: dict[str, Any], tmp_path: Path) -> None:
    found = refusal(content, tmp_path)
    assert (found.code, found.params) == (code, params)


def test_a_row_that_never_ends_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "SLICE_BYTES", 1000)
    monkeypatch.setattr(scan, "ROW_BYTES", 1000)
    monkeypatch.setattr(scan, "BLOCK_BYTES", 100)
    (tmp_path / "a.xlsx").write_bytes(workbook(sheet_xml([text_row(1, ["a" * 50] * 26)])))
    with pytest.raises(scan.Refused, match="too-much"):
        sheet_reader.spool(tmp_path / "a.xlsx", tmp_path / "a.jsonl", "")


def test_a_part_that_unpacks_to_more_than_the_limit_is_not_read_further(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(workbook("<a/>" * 300_000))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        blocks = scan.blocks_of(archive, "xl/worksheets/sheet1.xml", 1_000_000)
        assert [len(next(blocks)) for _block in range(3)] == [scan.BLOCK_BYTES] * 3
        with pytest.raises(scan.Refused, match="too-much"):
            next(blocks)


def test_a_child_that_dies_is_a_refused_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_reader, "__name__", "portal.files.no_such_program")
    assert isinstance(refusal(workbook(sheet_xml([ROW])), tmp_path), SheetTookTooMuch)


def test_a_reader_that_dies_beside_the_scan_is_no_damaged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scanner ends without a word too, as after the death of a process that did both."""
    monkeypatch.setattr(sheet_reader, "read_slice", lambda *_given: os._exit(1))
    monkeypatch.setattr(scan, "SLICE_BYTES", 300)
    monkeypatch.setattr(scan, "BLOCK_BYTES", 100)
    (tmp_path / "a.xlsx").write_bytes(workbook(sheet_xml([text_row(row, ["x" * 50]) for row in range(1, 50)])))
    with pytest.raises(sheet_reader.ReaderDied):
        sheet_reader.spool(tmp_path / "a.xlsx", tmp_path / "a.jsonl", "")


def test_nothing_is_read_of_a_slice_that_does_not_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "SLICE_BYTES", 300)
    monkeypatch.setattr(scan, "BLOCK_BYTES", 100)
    rows = [*(text_row(row, ["x" * 50]) for row in range(1, 50)), '<row r="50"><c r="A50"><f>1</f></c></row>']
    (tmp_path / "a.xlsx").write_bytes(workbook(sheet_xml(rows)))
    with pytest.raises(scan.Refused, match="formulas"):
        sheet_reader.spool(tmp_path / "a.xlsx", tmp_path / "a.jsonl", "")
    assert "50" not in (tmp_path / "a.jsonl").read_text()


def test_what_is_read_beside_is_left_nowhere(tmp_path: Path) -> None:
    rows_of(workbook(sheet_xml([ROW])), tmp_path)
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} <= {".xlsx", ".jsonl"}
    assert not list(tmp_path.rglob("*slice*"))


def test_a_slice_is_as_large_as_what_is_read_with_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "SLICE_BYTES", 300)
    xml = sheet_xml([text_row(row, ["x" * 50]) for row in range(1, 500)]).encode()

    def number(beside: int) -> int:
        blocks = (xml[at : at + 100] for at in range(0, len(xml), 100))
        return len(list(scan.slices(blocks, beside=beside)))

    assert number(0) > 5 * number(3000) > 5 * number(10**9) == 5


def test_a_child_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.files.sheets.WALL_SECONDS", -1)
    monkeypatch.setattr("portal.files.sheets.POLL_SECONDS", 0)
    assert isinstance(refusal(workbook(sheet_xml([ROW])), tmp_path), SheetTookTooMuch)


def test_a_disk_without_room_is_no_fault_of_the_workbook(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.jsonl").symlink_to("/dev/full")
    (tmp_path / "a.xlsx").write_bytes(workbook(sheet_xml([ROW])))
    with pytest.raises(DiskIsFull):
        spool_sheet(tmp_path / "a.xlsx", tmp_path / "out" / "a.jsonl", keep=lambda: None)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("language", ["en", "ko", "zh-hans"])
@pytest.mark.parametrize("error", list(REFUSALS.values()), ids=list(REFUSALS))
def test_every_refusal_speaks_every_language(error: type[DomainError], language: str) -> None:
    params = dict.fromkeys(
        ("sheet", "sheets", "cell", "row", "column", "part", "cells", "most", "in_file", "as_read"), "七"
    )
    with translation.override("en"):
        english = str(error(**params))
    with translation.override(language):
        said = str(error(**params))
    assert "%(" not in said
    assert (said == english) == (language == "en")


def test_what_cannot_be_read_is_one_of_the_refusals() -> None:
    assert REFUSALS["sheet-cannot-be-read"] is SheetCannotBeRead
