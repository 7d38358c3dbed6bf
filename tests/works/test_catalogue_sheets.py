"""A catalogue as a spreadsheet: the same rules as for CSV, and what spreadsheet programs do to values is said, not guessed."""

from __future__ import annotations

import csv
import datetime as dt
import io
import tempfile
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings as effort, strategies as st

from portal.accounts.models import Organisation
from portal.files import scan
from portal.files.models import StoredFile
from portal.files.sheets import spool_sheet
from portal.jobs.models import Job
from portal.lib.inert import read_inert, write_inert
from tests.works.build import Row, as_csv, codes, outcomes, publisher, row, send
from works.catalogue.base import ParseProblem
from works.catalogue.rows import RawRow, csv_rows, sheet_rows
from works.catalogue.spreadsheet import COLUMNS, read_heading, read_rows
from works.catalogue.template import EXPLAINED, xlsx_template
from works.models import CatalogueRow, CatalogueUpload, Share, Work


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.MEDIA_ROOT = settings.PORTAL_DATA_DIR = tmp_path
    with override("en"):
        yield


def as_xlsx(
    rows: Sequence[dict[str, Any]], columns: Sequence[str] = COLUMNS, sheet: str = "Sheet1", **formats: str
) -> bytes:
    """Cells as Python has them: numbers and dates keep their types. formats: column → number format."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"default_date_format": "yyyy-mm-dd", "strings_to_formulas": False}) as book:
        page = book.add_worksheet(sheet)
        looks = {column: book.add_format({"num_format": look}) for column, look in formats.items()}
        page.write_row(0, 0, columns)
        for number, each in enumerate(rows, 1):
            for place, column in enumerate(columns):
                if column in each and each[column] != "":
                    page.write(number, place, each[column], looks.get(column))
    return out.getvalue()


def send_xlsx(data: bytes) -> CatalogueUpload:
    return send(data, label="catalogue.xlsx")[0]


def refusal(upload: CatalogueUpload) -> tuple[str, str]:
    """Code and words of a refused file, of which nothing is left."""
    assert not CatalogueRow.objects.filter(upload=upload).exists()
    assert upload.refusal is not None
    return upload.refusal.code, str(upload.refusal)


# ── the template ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("language", "name", "words"), [
    ("ko", "설명", "출판사가 쓰는 저작물 번호예요."), ("en", "Explanations", "Your own number of the work."), ("zh-hans", "说明", "贵方自己的作品编号。"),
])  # fmt: skip
def test_the_template_explains_itself_in_the_readers_language(language: str, name: str, words: str) -> None:
    with override(language):
        book = openpyxl.load_workbook(io.BytesIO(xlsx_template()))
    assert book.sheetnames == ["catalogue", name]
    sheet = book["catalogue"]
    assert [cell.value for cell in sheet[1]] == list(COLUMNS)
    assert all(cell.font.bold for cell in sheet[1])
    assert sheet.freeze_panes == "A2"
    looks = {
        place: part.number_format
        for part in sheet.column_dimensions.values()
        for place in range(part.min, part.max + 1)
    }
    assert looks == dict.fromkeys(range(1, len(COLUMNS) + 1), "@")  # every column is text, so that 5/12 stays a share
    with zipfile.ZipFile(io.BytesIO(xlsx_template())) as archive:  # no green corner on every number that is a text
        assert b'<ignoredError sqref="A1:U1048576" numberStoredAsText="1"/>' in archive.read("xl/worksheets/sheet1.xml")
    (role,) = sheet.data_validations.dataValidation
    assert (role.type, role.formula1, str(role.sqref)) == ("list", f'"{",".join(Share.Role.values)}"', "O2:O1048576")
    explained = {line[0]: line[2] for line in book[name].iter_rows(min_row=2, max_row=22, values_only=True)}
    assert list(explained) == list(COLUMNS) == list(EXPLAINED)
    assert explained["work_ref"].startswith(words)


def test_the_template_is_filled_in_and_registered(db: None) -> None:
    """The sheet of explanations beside it is passed over."""
    book = openpyxl.load_workbook(io.BytesIO(xlsx_template()))
    for each in (row("007", share="5/12"), row("007", "", party="류가온", share="41.5%")):
        book["catalogue"].append([each.get(column) for column in COLUMNS])
    out = io.BytesIO()
    book.save(out)
    assert outcomes(send_xlsx(out.getvalue())) == ["registered", "registered"]
    work = Work.objects.get(submitter_ref="007")
    assert sorted(str(share.fraction) for share in work.shares.all()) == ["5/12", "5/12", "83/200", "83/200"]


def test_the_empty_template_is_an_empty_catalogue(db: None) -> None:
    upload = send_xlsx(xlsx_template())
    assert (upload.rows, upload.error_code, upload.finished_at is not None) == (0, "", True)


def test_columns_may_stand_in_any_order_beside_others(db: None) -> None:
    columns = ["memo", *reversed(COLUMNS), "error"]
    upload = send_xlsx(as_xlsx([row() | {"memo": "ours", "error": "what was wrong"}], columns))
    assert outcomes(upload) == ["registered"]
    assert "memo" not in CatalogueRow.objects.get(upload=upload).values


def test_blank_rows_count_but_are_no_rows(db: None) -> None:
    upload = send_xlsx(as_xlsx([row("A-1"), {}, {}, row("A-2", "여름", share="둘")]))
    assert list(CatalogueRow.objects.filter(upload=upload).values_list("row_no", "outcome").order_by("row_no")) == [
        (2, "registered"), (5, "to_mend"),
    ]  # fmt: skip


# ── exact about values ──────────────────────────────────────────────────────────────────────────────────────────────────

TURNED = [
    ("a share made a date", {"performing_share": dt.date(2026, 5, 12)}, "share-is-a-date", "Excel has turned this share into a date"),
    ("a share made a month", {"performing_share": dt.date(1932, 7, 1)}, "share-is-a-date", "write the share again, such as 5/12"),
    ("half as a percentage", {"performing_share": 0.5}, "share-is-a-number", "with its sign, such as 41.5%"),
    ("the whole as a number", {"performing_share": 1}, "share-is-a-number", "“1” is a number"),
    ("a title made a date", {"title": dt.date(2026, 10, 4)}, "text-is-a-date", "Excel has turned the text in title"),
    ("a title made a time", {"title": dt.time(10, 4)}, "text-is-a-date", "10:04:00"),
    ("a number made a date", {"work_ref": dt.date(2026, 3, 1)}, "text-is-a-date", "work_ref"),
    ("a number that lost digits", {"work_ref": 1234567890123456789}, "digits-lost", "Excel has taken the number in work_ref"),
    ("a day with an hour", {"from_date": dt.datetime.combine(dt.date(2026, 3, 1), dt.time(9, 30))}, "date-malformed", "Write it as 2026-03-01"),
]  # fmt: skip


@pytest.mark.parametrize(("case", "change", "code", "words"), TURNED, ids=[case for case, *_ in TURNED])
def test_what_excel_made_of_a_value_is_said_with_the_way_back(
    db: None, case: str, change: dict[str, Any], code: str, words: str
) -> None:
    formats = {"performing_share": "0%"} if code == "share-is-a-number" else {}
    upload = send_xlsx(as_xlsx([row("A-0", "가을"), row() | change], **formats))
    assert outcomes(upload) == ["registered", "to_mend"]
    assert codes(upload) == [[], [code]]
    (problem,) = CatalogueRow.objects.get(upload=upload, row_no=3).problems
    assert problem["column"] == next(iter(change))
    assert words in ParseProblem.from_json(3, problem).sentence


@pytest.mark.parametrize("day", [dt.date(2026, 3, 1), "2026-03-01"])
def test_a_day_is_a_day_whether_it_is_a_date_or_a_text(db: None, day: Any) -> None:
    send_xlsx(as_xlsx([row() | {"from_date": day}]))
    assert set(Share.objects.values_list("from_date", flat=True)) == {dt.date(2026, 3, 1)}


@pytest.mark.parametrize("title", ["2026-10-04", "10:04:00", "2026-10-04 00:00:00"])
def test_a_title_that_reads_like_a_date_is_a_title(db: None, title: str) -> None:
    """Only a cell that holds a date is one that Excel has turned; wherever the heading stands, and beside one that does."""
    rows: list[dict[str, Any]] = [
        row("A-1", title) | {"from_date": dt.date(2026, 3, 1)},
        row("A-2", title) | {"performer": title},
    ]
    upload = send_xlsx(as_xlsx(rows, ["memo", *reversed(COLUMNS)]))
    assert codes(upload) == [[], []]
    assert set(Work.objects.values_list("title", flat=True)) == {title}


def test_whole_numbers_are_taken_as_they_are_written(db: None) -> None:
    """A number, an IPI without its zeros, no share, a territory, a society without its zero: each a number of the sheet."""
    numbers = {"work_ref": 100234, "ipi": 14107338, "mechanical_share": 0, "territory": 410, "society": 38}
    upload = send_xlsx(as_xlsx([row() | numbers]))
    assert codes(upload) == [[]]
    work = Work.objects.get(submitter_ref="100234")
    share = work.shares.select_related("party").get()
    assert (share.party.ipi_name_number, share.territory, share.right) == ("00014107338", 410, "performing")
    assert share.party.affiliations.get().society_id == "038"


# ── files that are refused as a whole ───────────────────────────────────────────────────────────────────────────────────


def with_formula() -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, COLUMNS)
        page.write_row(1, 0, list(row().values()))
        page.write_formula(1, 14, "=5/12", None, 0.4166)
    return out.getvalue()


def with_a_cell_far_away() -> bytes:
    """1 KB that makes calamine ask for half a terabyte."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, COLUMNS)
        page.write_string(1_048_575, 16_383, "x")
    return out.getvalue()


def with_two_sheets(*names: str) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        for name in names:
            page = book.add_worksheet(name)
            page.write_row(0, 0, COLUMNS)
            page.write_row(1, 0, [row(name).get(column, "") for column in COLUMNS])
    return out.getvalue()


@pytest.mark.parametrize(("make", "code", "words"), [
    (with_formula, "sheet-has-formulas", "O2"),
    (with_a_cell_far_away, "sheet-goes-too-far", "XFD1048576"),
    (lambda: with_two_sheets("2025", "2026"), "catalogue-sheets-are-several", "call it “catalogue”"),
    (lambda: as_xlsx([row()], ["title", "party", "role"]), "catalogue-heading-wrong", "work_ref, performing_share"),
    (lambda: as_xlsx([], []), "catalogue-heading-wrong", "work_ref"),
])  # fmt: skip
def test_a_workbook_that_cannot_be_trusted_is_refused(
    db: None, tmp_path: Path, make: Callable[[], bytes], code: str, words: str
) -> None:
    upload = send_xlsx(make())
    assert refusal(upload)[0] == code
    assert words in refusal(upload)[1]
    assert not Work.objects.exists()
    assert not list(tmp_path.glob("spool/*"))


def test_of_several_sheets_the_one_called_catalogue_is_read(db: None) -> None:
    send_xlsx(with_two_sheets("2025", "catalogue"))
    assert [work.submitter_ref for work in Work.objects.all()] == ["catalogue"]


def test_a_sheet_that_is_full_was_probably_cut_off(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "LAST_ROW", 2)  # the child's own limit stays
    assert refusal(send_xlsx(as_xlsx([row()])))[0] == "catalogue-sheet-is-full"


# ── what goes in comes out ──────────────────────────────────────────────────────────────────────────────────────────────

TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30),
    st.text("'=+-@＝＋－＠ab", max_size=5),
    st.sampled_from(["_x0041_", "5/12", "1e5", "2026-03-01", "007", "TRUE", "#N/A", "“,”", '"', ",", "봄\u200d밤", "葉\U000e0100"]),
)  # fmt: skip
LINES = st.lists(st.dictionaries(st.sampled_from(COLUMNS), TEXTS, min_size=1), min_size=1, max_size=20)


def kept(lines: list[Row]) -> list[Row]:
    """As the register keeps texts: letters composed, blanks squeezed, nothing where nothing stands."""
    composed = [
        {column: " ".join(unicodedata.normalize("NFC", text).split()) for column, text in line.items()}
        for line in lines
    ]
    return [{column: text for column, text in line.items() if text} for line in composed]


def values(rows: Iterator[RawRow]) -> list[Row]:
    return [dict(row.values) for row, _problems in read_rows(rows, read_heading(next(rows)))]


@given(lines=LINES)
@effort(max_examples=200, deadline=None)
def test_rows_written_as_csv_are_read_as_they_were(lines: list[Row]) -> None:
    lines = kept(lines)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.csv")
        text = as_csv([{column: write_inert(cell) for column, cell in line.items()} for line in lines])
        path.write_text(text, encoding="utf-8", newline="")
        assert values(csv_rows(path, "utf-8-sig")) == [line for line in lines if line]
        with path.open(encoding="utf-8", newline="") as cells:
            assert not [cell for line in csv.reader(cells) for cell in line if cell[:1] in tuple("=+-@＝＋－＠")]


@given(lines=LINES)
@effort(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_rows_written_as_a_spreadsheet_are_read_as_they_were(lines: list[Row]) -> None:
    lines = kept(lines)
    with tempfile.TemporaryDirectory() as folder:
        path, spool = Path(folder, "a.xlsx"), Path(folder, "a.jsonl")
        with xlsxwriter.Workbook(path) as book:
            page = book.add_worksheet()
            for number, line in enumerate([dict(zip(COLUMNS, COLUMNS, strict=True)), *lines]):
                for column, cell in line.items():
                    page.write_string(number, COLUMNS.index(column), write_inert(cell, is_text_cell=True))
        spool_sheet(path, spool, keep=lambda: None)
        with spool.open(encoding="utf-8") as rows:
            assert values(sheet_rows(rows)) == [line for line in lines if line]


@given(text=TEXTS)
def test_what_is_made_inert_is_read_back_exactly(text: str) -> None:
    assert read_inert(write_inert(text)) == read_inert(write_inert(text, is_text_cell=True)) == text
    assert not write_inert(text).startswith(tuple("=+-@\t\r\n＝＋－＠"))


@pytest.mark.parametrize("text", ["'Cause", "'39", "'", "''", "it's", "봄=밤"])
def test_a_title_with_an_apostrophe_of_its_own_is_left_alone(text: str) -> None:
    assert write_inert(text) == write_inert(text, is_text_cell=True) == read_inert(text) == text


def test_the_command_leaves_no_new_publisher_behind_when_it_refuses_a_spreadsheet(db: None, tmp_path: Path) -> None:
    """It is refused while it is read, not at the door: by then the publisher, the file and the job were there."""
    file = tmp_path / "catalogue.xlsx"
    file.write_bytes(as_xlsx([{"a": "1"}], ["a", "b"]))
    with pytest.raises(CommandError, match="columns"):
        call_command("import_catalogue", file, publisher="PUB-NEW", stdout=io.StringIO())
    assert not Organisation.objects.exists()
    assert [kept.objects.count() for kept in (CatalogueUpload, StoredFile, Job)] == [0, 0, 0]
    known = publisher()
    with pytest.raises(CommandError, match="columns"):
        call_command("import_catalogue", file, publisher=known.ref, stdout=io.StringIO())
    assert CatalogueUpload.objects.get().organisation == known
