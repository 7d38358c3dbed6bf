"""The list of minimum guarantees: sums for a time and a contract, without songs; each line in one place, no money moved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import translation
from pytest_django import Settings

from royalties.checks import check_ledger
from royalties.ingest import rejected_by_reason, report_figures
from royalties.models import LumpSum, Report, ReportedRecording, Source, SourceProfile, UsageLine
from royalties.reports import formats
from royalties.reports.base import HeaderIsAmbiguous, HeaderNotRecognised
from royalties.services import BasisIsNotItsOwn, FamilyIsUnknown, declare_basis
from tests.royalties.scene import make_scene, signed_in
from tests.royalties.test_ingest import import_bytes

HEADERS = ["结算开始时间", "结算结束时间", "结算平台", "版权公司", "保底金"]
ROWS = [
    ["20260101", "20260630", "QQ音乐", "가락음악", "1000000.5"],
    ["2026-07-01", "2026-12-31", "", "가락음악", "500000"],
    ["20260101", "20251231", "QQ音乐", "가락음악", "1"],  # ends before it begins
    ["", "", "", "", ""],
    ["20260101", "20260131", "QQ音乐", "가락음악", "1,000"],
    ["20260101", "20260131", "", "", "7"],
    ["20260101", "20260131", "QQ音乐", "가락음악", "-3.5"],
]


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.PORTAL_DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"
    with translation.override("en"):
        yield


def content(rows: list[list[str]], headers: list[str] | None = None) -> bytes:
    return "\n".join(
        [
            ",".join(headers or HEADERS),
            *(",".join(f'"{cell}"' if "," in cell else cell for cell in row) for row in rows),
            "",
        ]
    ).encode()


def test_it_is_known_by_its_headers_or_its_name() -> None:
    assert formats.recognise(HEADERS, "x.csv").family == "guarantee"
    assert formats.recognise(["结算期间", "平台", "预付款"], "x.csv").family == "guarantee"
    assert formats.recognise(["日期", "平台", "保底金明细"], "tme.xlsx", "保底金明细").family == "guarantee"
    with pytest.raises(HeaderNotRecognised) as refusal:
        formats.recognise(["日期", "平台", "x"], "保底金明细_2026.xlsx")
    assert refusal.value.params == {"missing": "保底金"}
    with pytest.raises(HeaderNotRecognised):
        formats.recognise(["平台", "保底金"], "x.csv")
    with pytest.raises(HeaderNotRecognised):
        formats.recognise(["日期", "保底金"], "x.csv")
    with pytest.raises(HeaderIsAmbiguous):
        formats.recognise([*HEADERS, "预付款"], "x.csv")


@pytest.mark.django_db
def test_every_line_is_a_sum_or_rejected_and_none_is_a_song() -> None:
    report = import_bytes(content(ROWS), "保底金明细_2026.csv")
    assert (report.family, report.state, report.held_reason, report.basis) == (
        "guarantee",
        "held",
        "basis_not_yet",
        "lump",
    )
    sums = LumpSum.objects.filter(report=report).order_by("line_no")
    assert [(s.line_no, s.from_date, s.last_date, s.platform, s.contract, s.amount_micros) for s in sums] == [
        (2, dt.date(2026, 1, 1), dt.date(2026, 6, 30), "QQ音乐", "가락음악", 1_000_000_500_000),
        (3, dt.date(2026, 7, 1), dt.date(2026, 12, 31), "", "가락음악", 500_000_000_000),
    ]
    rejected = report.rejected_lines.order_by("line_no").values_list("line_no", "reason", "amount_micros")
    assert list(rejected) == [
        (4, "period", 1_000_000), (5, "blank", 0), (6, "amount", 0), (7, "title", 7_000_000), (8, "negative_amount", -3_500_000),
    ]  # fmt: skip
    assert not ReportedRecording.objects.exists()
    assert not UsageLine.objects.exists()
    figures = report_figures(report)
    assert (report.lines, report.accepted, report.rejected, figures.lump_lines) == (7, 2, 5, 2)
    assert figures.money_micros == figures.lump_micros + figures.rejected_micros == 1_500_004_500_000 + 500_000
    assert figures.unmatched_micros == figures.lump_micros
    assert {row["reason"] for row in rejected_by_reason(report)} == {
        "period",
        "blank",
        "amount",
        "title",
        "negative_amount",
    }
    assert check_ledger().ok


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("20260101-20260630", dt.date(2026, 1, 1), dt.date(2026, 6, 30)),
        ("2026-02", dt.date(2026, 2, 1), dt.date(2026, 2, 28)),
        ("2026年2月", dt.date(2026, 2, 1), dt.date(2026, 2, 28)),
        ("202612", dt.date(2026, 12, 1), dt.date(2026, 12, 31)),
    ],
)
def test_times_in_one_cell(text: str, first: dt.date, last: dt.date) -> None:
    rows = [["20260101-20260131", "QQ音乐", "1"], [text, "QQ音乐", "2"]]
    report = import_bytes(content(rows, ["结算期间", "平台", "预付款"]), "x.csv", period=dt.date(2026, 1, 1))
    found = report.lump_sums.get(line_no=3)
    assert (found.from_date, found.last_date, found.contract) == (first, last, "")


@pytest.mark.django_db
def test_its_money_can_be_nothing_but_a_lump() -> None:
    source = Source.objects.get(code="tme")
    given: dict[str, Any] = {"source": source, "from_date": dt.date(2026, 1, 1), "note": "x", "actor": None}
    with pytest.raises(BasisIsNotItsOwn):
        declare_basis(**given, family="guarantee", basis="whole")
    with pytest.raises(FamilyIsUnknown):
        declare_basis(**given, family="nonsense", basis="whole")
    declare_basis(**given, family="", basis="whole")
    assert import_bytes(content(ROWS[:2]), "x.csv").basis == "lump"
    assert SourceProfile.objects.filter(from_date=dt.date(2026, 1, 1)).count() == 1


@pytest.mark.django_db
def test_a_sum_that_was_read_stays() -> None:
    import_bytes(content(ROWS[:2]), "x.csv")
    for change in ("UPDATE royalties_lumpsum SET amount_micros = 1", "DELETE FROM royalties_lumpsum"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)


@pytest.mark.django_db
def test_its_page_shows_the_sums_and_says_what_is_not_known() -> None:
    scene = make_scene()
    report = import_bytes(content(ROWS), "x.csv")
    page = signed_in(scene.staff).get(f"/reports/{report.ref}/").content.decode()
    assert "1,000,000.50" in page
    assert "seen in no real file" in page
    assert "minimum guarantees" in page
    shown = signed_in(scene.contact).get(f"/reports/{report.ref}/")
    assert shown.status_code == 200
    assert Report.objects.get(pk=report.pk).held_reason == "basis_not_yet"
