"""The rows to mend as a file: with what is wrong, mended and sent again, and in the end as if it had been right at once."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from portal.accounts.models import Membership, Role, User
from portal.demo.catalogue import ipi
from portal.home.catalogue import tasks_of_publisher
from portal.lib.inert import write_inert
from tests.works.build import outcomes, publisher, row, send
from tests.works.test_catalogue_ingest import register
from works.catalogue import mending
from works.catalogue.mending import HEADING, write_csv, write_xlsx
from works.catalogue.spreadsheet import COLUMNS
from works.models import CatalogueRow, CatalogueUpload, Party, Share, Work
from works.services import catalogue_figures

WRONG = [
    row("A-1", "봄밤", party="도해온", share="4/12"),
    row("A-2", "여름", party="류가온"),  # right
    row("A-1", "", party="류가온", share="여덟"),  # no share, and its work is named again further down
    row("A-3", "=HYPERLINK(\"x\")", party="'=정다솔", share="1/1", ipi="12"),
    row("A-1", "", party="남빛솔", share="4/12"),
    row("A-4", "", party="한도담"),  # no title
]  # fmt: skip
RIGHT = [
    {**WRONG[0]}, {**WRONG[1]}, {**WRONG[2], "performing_share": "4/12", "mechanical_share": "4/12"},
    {**WRONG[3], "ipi": ipi(3)}, {**WRONG[4]}, {**WRONG[5], "title": "겨울"},
]  # fmt: skip


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.MEDIA_ROOT = settings.PORTAL_DATA_DIR = tmp_path
    with override("en"):
        yield


@pytest.fixture
def person(db: None) -> User:
    user = User.objects.create_user("copyright@example.org", name="copyright", language="ko")
    Membership.objects.create(
        user=user, organisation=publisher(), role=Role.PUBLISHER_COPYRIGHT, from_date="2026-01-01"
    )
    return user


def written(write: Callable[[CatalogueUpload, Any], None], upload: CatalogueUpload) -> bytes:
    out = io.BytesIO()
    write(upload, out)
    return out.getvalue()


def mend_xlsx(data: bytes, mended: dict[tuple[int, str], str]) -> bytes:
    """As a person does it in a spreadsheet program: cells are overwritten, the rest stays."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    for (row_no, column), text in mended.items():
        book["catalogue"].cell(row_no, HEADING.index(column) + 1).value = text
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def mend_csv(data: bytes, mended: dict[tuple[int, str], str]) -> bytes:
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    for (row_no, column), text in mended.items():
        lines[row_no - 1][HEADING.index(column)] = text
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    return out.getvalue().encode("utf-8-sig")


MENDED = {
    (3, "performing_share"): "4/12", (3, "mechanical_share"): "4/12", (5, "ipi"): ipi(3), (6, "title"): "겨울",
}  # fmt: skip


@pytest.mark.parametrize(
    ("write", "mend", "label"), [(write_xlsx, mend_xlsx, "U.xlsx"), (write_csv, mend_csv, "U.csv")]
)
def test_mended_and_sent_again_it_is_as_if_it_had_been_right_at_once(
    person: User,
    write: Callable[[CatalogueUpload, Any], None],
    mend: Callable[[bytes, dict[tuple[int, str], str]], bytes],
    label: str,
) -> None:
    before = transaction.savepoint()
    send(RIGHT)
    right = register()
    transaction.savepoint_rollback(before)
    first, figures = send(WRONG)
    assert (figures.registered, figures.to_mend) == (1, 5)
    assert [task.number for task in tasks_of_publisher(person)] == [5]
    mended = mend(written(write, first), MENDED)
    again, figures = send(mended, label=label)
    assert outcomes(again) == ["registered"] * 5
    assert (catalogue_figures(first).to_mend, catalogue_figures(first).sent_again) == (0, 5)
    assert tasks_of_publisher(person) == []
    assert {**register(), "rows": None} == {**right, "rows": None}
    assert Work.objects.get(submitter_ref="A-3").title == '=HYPERLINK("x")'
    assert Party.objects.filter(name="=정다솔").exists()
    shares = Share.objects.count()
    assert send(mended, label=label)[1].duplicates == 3
    assert Share.objects.count() == shares
    assert send(written(write, first), label=label)[1].rows == 0  # nothing is left to mend


def test_each_row_says_what_is_wrong_where_and_what_to_do(db: None) -> None:
    upload, _ = send(WRONG)
    book = openpyxl.load_workbook(io.BytesIO(written(write_xlsx, upload)))
    sheet = book["catalogue"]
    assert [cell.value for cell in sheet[1]] == ["error", *COLUMNS]
    errors = [cell.value for (cell,) in sheet.iter_rows(min_row=2, max_col=1)]
    assert errors == [
        "work_ref “A-1”: Nothing is wrong with this row itself, but the work is not registered until all its rows are right. Mend row 3.",
        *(" · ".join(f"{column}: “여덟” is not a share. Write a fraction such as 5/12, or an exact percentage with its sign, such as 41.5%."
                     for column in ("performing_share", "mechanical_share")),),
        "work_ref “A-1”: Nothing is wrong with this row itself, but the work is not registered until all its rows are right. Mend row 3.",
        "ipi: “12” is not an IPI name number. It has eleven digits. Correct it, or leave it empty.",
        "title: The column title is empty, but every work needs it. Fill it in.",
    ]  # fmt: skip
    assert [cell.value for cell in sheet["B"][1:]] == ["A-1", "A-1", "A-1", "A-3", "A-4"]  # work by work
    coloured = {
        cell.coordinate for line in sheet.iter_rows(min_row=2) for cell in line if cell.fill.bgColor.rgb != "00000000"
    }
    assert coloured == {"R3", "S3", "O5", "C6"}
    assert {place: sheet[place].comment.text.split(".")[0] for place in coloured} == {
        "R3": "“여덟” is not a share", "S3": "“여덟” is not a share", "O5": "“12” is not an IPI name number",
        "C6": "The column title is empty, but every work needs it",
    }  # fmt: skip
    assert {cell.data_type for line in sheet.iter_rows() for cell in line if cell.value is not None} == {
        "s"
    }  # no formula
    assert {cell.number_format for cell in sheet[5] if cell.value} == {"@"}
    assert book.sheetnames[1:] == ["Explanations"]


def test_a_csv_of_rows_to_mend_holds_no_formula(db: None) -> None:
    texts = ["=1+1", "+1", "-1", "@x", "＝x", "＋x", "－x", "＠x", "'=x"]
    upload, _ = send([row(f"A-{place}", write_inert(text), share="x") for place, text in enumerate(texts)])
    data = written(write_csv, upload)
    assert data.startswith(b"\xef\xbb\xbferror,work_ref,")
    cells = [cell for line in csv.reader(io.StringIO(data.decode("utf-8-sig"))) for cell in line]
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@＝＋－＠\t\r"))]
    titles = (
        CatalogueRow.objects.filter(upload=send(data)[0]).order_by("row_no").values_list("values__title", flat=True)
    )
    assert list(titles) == texts


def test_a_row_that_could_not_be_taken_apart_comes_back_with_all_its_cells(db: None) -> None:
    broken = 'A-2,"봄,봄밤,x'
    upload, _ = send(f"work_ref,title,party,role,performing_share\r\nA-1,봄,여름,가,C,1/1,둘\r\n{broken}\r\n".encode())
    lines = list(csv.DictReader(io.StringIO(written(write_csv, upload).decode("utf-8-sig"))))
    assert "“1/1, 둘”: This row has 7 cells, but the heading names 5." in lines[0]["error"]
    assert f"“{broken}”: This row cannot be taken apart" in lines[1]["error"]
    book = openpyxl.load_workbook(io.BytesIO(written(write_xlsx, upload)))
    assert all(cell.fill.bgColor.rgb != "00000000" for cell in book["catalogue"][2][1:] if cell.value)


def test_it_speaks_the_language_of_whoever_downloads_it(person: User) -> None:
    upload, _ = send(WRONG)
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    for extension, kind in (("csv", "text/csv"), ("xlsx", "officedocument.spreadsheetml")):
        response = client.get(reverse(f"works:to_mend_{extension}", args=[upload.ref]))
        assert f'filename="{upload.ref}-to-mend.{extension}"' in response.headers["Content-Disposition"]
        assert kind in response.headers["Content-Type"]
        data = b"".join(response.streaming_content)  # type: ignore[attr-defined]
        if extension == "csv":
            assert "제목" not in data.decode()
            assert "지분이 아니에요: “여덟”" in data.decode()
        else:
            assert openpyxl.load_workbook(io.BytesIO(data)).sheetnames == ["catalogue", "설명"]
    page = client.get(reverse("works:upload", args=[upload.ref])).content.decode()
    assert reverse("works:to_mend_xlsx", args=[upload.ref]) in page


def test_the_page_leads_to_the_upload_that_mended_it(person: User) -> None:
    first, _ = send([row(share="둘")])
    second, _ = send([row()])
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(reverse("works:upload", args=[first.ref])).content.decode()
    assert reverse("works:upload", args=[second.ref]) in page
    assert reverse("works:to_mend_xlsx", args=[first.ref]) not in page


def test_the_file_takes_two_statements_however_many_rows_it_has(db: None) -> None:
    few, _ = send([row(f"A-{place}", share="둘") for place in range(3)])
    many, _ = send([row(f"B-{place}", share="둘") for place in range(60)])
    for upload in (few, many):
        with CaptureQueriesContext(connection) as queries:
            written(write_xlsx, upload)
        assert len([query for query in queries if "SELECT" in query["sql"]]) == 2


def test_a_workbook_with_many_errors_has_few_comments(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mending, "COMMENTS", 3)
    upload, _ = send([row(f"A-{place}", share="둘") for place in range(5)])
    sheet = openpyxl.load_workbook(io.BytesIO(written(write_xlsx, upload)))["catalogue"]
    assert len([cell for line in sheet.iter_rows() for cell in line if cell.comment]) == 3
    assert all(cell.value for cell in sheet["A"])
