"""The file of a Korean distributor that nobody knows: brought, mapped, saved; and next month's is read without asking."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from royalties.ingest import work_on
from royalties.models import Mapping, Report
from tests.journeys.conftest import look, sign_in
from tests.royalties.test_mapped_reports import HEADERS, SONGS, TITLE_BLOCK, TOTAL, as_csv

STAFF = "staff@garak.example"


def bring(page: Page, site: str, path: Path) -> Report:
    """Send a file with the form, and have it read as a worker does."""
    page.goto(f"{site}{reverse('royalties:upload')}")
    page.select_option("select[name=source]", "generic")
    page.set_input_files("input[type=file]", path)
    page.locator("main form[enctype] button.button").click()
    page.wait_for_url("**/reports/R-*/")
    report = Report.objects.latest("pk")
    work_on(report.job_id or 0)
    page.reload()
    report.refresh_from_db()
    return report


@pytest.mark.parametrize(("language", "width"), [("ko", 390), ("zh-hans", 1280)])
def test_an_unknown_file_is_mapped_and_known_next_month(
    site: str, page: Page, tmp_path: Path, language: str, width: int
) -> None:
    september = tmp_path / "2026-09_가락유통.csv"
    september.write_bytes(as_csv([*TITLE_BLOCK, HEADERS, *SONGS, TOTAL]))  # CP949, the header in line 4
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, site, STAFF, language)
    report = bring(page, site, september)
    assert report.state == "mapping"
    look(page, f"mapping-1-waits-{language}-{width}")
    page.locator(f"a[href='{reverse('royalties:columns', args=[report.ref])}']").first.click()
    expect(page.locator("select[name=c2]")).to_have_value("title")  # 곡명: guessed
    expect(page.locator("select[name=c8]")).to_have_value("?")  # 권리사정산금액, beside 정산금: asked
    look(page, f"mapping-2-guess-{language}-{width}")
    page.select_option("select[name=c7]", "-")
    page.select_option("select[name=c8]", "money")
    page.select_option("select[name=currency]", "KRW")
    expect(page.locator("#tried")).to_contain_text("1,281,500.5")  # read anew while the form is filled
    page.fill("input[name=name]", "가락유통")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("button[value=save]").click()
    page.wait_for_url(f"**/reports/{report.ref}/")
    report.refresh_from_db()
    work_on(report.job_id or 0)
    page.reload()
    expect(page.locator("#report-state")).to_contain_text("1,281,500.5")
    look(page, f"mapping-3-read-{language}-{width}")
    october = tmp_path / "10월.csv"
    order = [8, 2, 3, 1, 0, 5, 6, 4, 7]
    rows = [[row[at] for at in order] for row in [HEADERS, *([("2026.10"), *song[1:]] for song in SONGS)]]
    october.write_bytes(as_csv(rows, "utf-8"))
    known = bring(page, site, october)
    assert (known.accepted, known.rejected, known.family, f"{known.period}") == (3, 0, "가락유통", "2026-10-01")
    expect(page.locator("#report-state")).to_contain_text("가락유통")
    look(page, f"mapping-4-known-{language}-{width}")
    assert Mapping.objects.get().version == 1
