"""What people and programs see of a DDEX report: its records, its parts, what is irregular, and where its lines stand in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from portal.rest.scopes import Scope
from royalties.models import Report
from tests.portal.api import program, rows_of
from tests.royalties.dsr_files import FORMS, DsrFile, Fact
from tests.royalties.scene import Scene, make_scene, signed_in
from tests.royalties.test_ingest import import_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(db: None, tmp_path: Path, settings: Settings) -> Scene:
    settings.PORTAL_DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"
    return make_scene()


def irregular() -> Report:
    """Part 1 of 3, with a summary too many, a line that is not China and a footer that says otherwise."""
    file = DsrFile(form=FORMS["royalty-1.0.1"], part=1, parts=3)
    file.head()
    file.summary()
    file.summary("S2", territory="JP")
    file.block([Fact(shares=(("GARAK", "1.5"),)), Fact(summary="S2", shares=(("GARAK", "2"),))])
    file.foot(NumberOfSummaryRecords="9")
    return import_bytes(file.content(), file.name, source="generic")


def seen(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["DDEX report", "1 of 3", "Missing: part 2, part 3", "The footer says 9 under NumberOfSummaryRecords, but there are 2.", "Summary records"]),
        ("ko", ["DDEX 보고서", "3개 중 1번째", "빠진 것: 2번째 부분, 3번째 부분", "실제 개수: 2", "요약 레코드"]),
        ("zh-hans", ["DDEX 报告", "共 3 份，第 1 份", "缺少：第 2 份, 第 3 份", "实际为 2", "汇总记录"]),
    ],
)  # fmt: skip
def test_the_page_says_what_the_file_is_made_of(scene: Scene, language: str, words: list[str]) -> None:
    report = irregular()
    staff = signed_in(scene.staff)
    scene.staff.language = language
    scene.staff.save()
    page = seen(staff, f"/reports/{report.ref}/")
    for word in words:
        assert word in page
    assert "SU03.01 2" in page
    assert "JP" in page


def test_no_other_report_says_anything_of_records(scene: Scene) -> None:
    assert "DDEX" not in seen(signed_in(scene.staff), f"/reports/{scene.report.ref}/")


def test_lines_are_shown_by_their_numbers_in_the_file(scene: Scene) -> None:
    report = irregular()  # HEAD, SY07, SY07, AS02.01, SU03.01, LI01.01, SU03.01 …
    staff = signed_in(scene.staff)
    assert '<th scope="row" class="num" data-label="' in seen(staff, f"/reports/{report.ref}/lines/")
    assert ">5</th>" in seen(staff, f"/reports/{report.ref}/lines/")
    assert ">7</th>" in seen(staff, f"/reports/{report.ref}/rejected/")


def test_programs_get_the_same(scene: Scene) -> None:
    report = irregular()
    client = program(scene.staff, Scope.ROYALTIES_READ)
    about: Any = client.get(f"/api/v1/reports/{report.ref}/").json()["about_file"]["records"]
    assert (about["profile"], about["part"], about["parts"], about["missing_parts"]) == (
        "RoyaltyReportingProfile",
        1,
        3,
        [2, 3],
    )
    assert (about["lines_of_file"], about["described"], about["has_money"]) == (9, 7, True)
    assert {"record": "SY07", "count": 2} in about["records"]
    assert [found["code"] for found in about["findings"]][-1] == "foot-differs"
    assert about["footer_differs"][0] == {"what": "NumberOfSummaryRecords", "declared": "9", "found": "2"}
    assert [(row["territory"], row["lines"], row["money"]) for row in about["summaries"]] == [
        ("CN", 1, "1.5"),
        ("JP", 1, "2"),
    ]
    assert [row["line_no"] for row in rows_of(client, f"/api/v1/reports/{report.ref}/lines/")] == [5]
    assert [row["line_no"] for row in rows_of(client, f"/api/v1/reports/{report.ref}/rejected/")] == [7]
    other = client.get(f"/api/v1/reports/{scene.report.ref}/").json()["about_file"]
    assert other["records"] is None
