"""Staff watch a report being read, see why one is held and what to do, look at the months, and compare two files song by song."""

from __future__ import annotations

import csv
import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection
from django.urls import reverse
from playwright.sync_api import Page, expect

from portal.demo import statements
from portal.demo.story import MONTHS
from portal.jobs.models import Chunk, Job
from royalties.ingest import work_on
from royalties.models import Report, Source
from tests.journeys.conftest import LINES, look, send_in_foreground, sign_in

STAFF = "staff@garak.example"
JULY = dt.date(2026, 7, 1)


def write_csv(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([statements.HEADERS, *rows])
    return path


def now() -> dt.datetime:
    """By the clock of the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        found: dt.datetime = cursor.fetchone()[0]
    return found


def under_way(sha256: str) -> Report:
    """Of 100,000,000 lines a tenth is read, the last 200,000 in ten seconds: 75 minutes are left."""
    like, last = Report.objects.order_by("pk")[0], now()
    report = Report.objects.create(
        source=like.source, file=like.file, sha256=sha256, period=JULY, family="song", state=Report.State.READING
    )
    job = Job.objects.create(
        kind="royalties.tasks.import_report", subject_id=report.pk, stage="parse", state=Job.State.RUNNING,
        units_total=100_000_000, units_done=10_000_000, heartbeat_at=last,
    )  # fmt: skip
    for number, (stage, units, ago) in enumerate([("plan", 1, 10), ("parse", 100_000, 5), ("parse", 100_000, 0)]):
        Chunk.objects.create(
            job=job,
            stage=stage,
            ordinal=number,
            units=units,
            state=Chunk.State.DONE,
            done_at=last - dt.timedelta(seconds=ago),
        )
    Report.objects.filter(pk=report.pk).update(job=job)
    return report


def test_the_progress_page_shows_stages_rate_and_time_left(site: str, page: Page) -> None:
    for width, language, pace, left in (
        (1280, "ko", "100,000,000줄 중 10,000,000줄, 1초에 약 20,000줄", "이 단계가 끝나기까지 약 75분"),
        (390, "zh-hans", "共 100,000,000 行，已处理 10,000,000 行，每秒约 20,000 行", "本步骤大约还需 75 分钟"),
    ):
        page.set_viewport_size({"width": width, "height": 900})
        sign_in(page, site, STAFF, language)
        report = under_way(f"{width:064}")
        page.goto(f"{site}{reverse('royalties:report', args=[report.ref])}")
        state = page.locator("#report-state")
        stages = state.locator("li")
        expect(stages).to_have_count(5)
        assert [stages.nth(at).locator(".status-good").count() for at in range(5)] == [1, 0, 0, 0, 0]
        expect(state.locator("svg.picture-progress .done")).to_have_attribute("width", "36")  # a tenth of 360
        expect(state.locator("#pace")).to_contain_text(pace)
        expect(state.locator("#pace")).to_contain_text(left)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        look(page, f"control-1-progress-{language}-{width}")

    # the page asks for itself again: of the next stage nobody can say yet how long it takes
    Job.objects.filter(subject_id=report.pk, units_total=100_000_000).update(
        stage="match", units_total=5000, units_done=0
    )
    expect(page.locator("#pace")).to_have_text("共 5,000 首，已处理 0 首")
    Report.objects.filter(pk=report.pk).update(state=Report.State.HELD, held_reason="no_basis")
    expect(page.locator("#held")).to_be_visible()


def test_a_held_report_shows_why_and_what_to_do(site: str, page: Page, tmp_path: Path) -> None:
    """It is uploaded with a total that is not in it, read, looked at, corrected by its sender, and goes on."""
    path = write_csv(tmp_path / "song_202607.csv", statements.lines(JULY, 60))
    page.set_viewport_size({"width": 1280, "height": 900})
    sign_in(page, site, STAFF)
    page.goto(f"{site}{reverse('royalties:upload')}?source=tme&period=2026-07")
    expect(page.locator("select[name=source]")).to_have_value("tme")
    expect(page.locator("input[name=period]")).to_have_value("2026-07")
    page.set_input_files("input[name=file]", path)
    page.locator("main form details summary").click()
    page.fill("input[name=declared_lines]", "61")
    page.select_option("select[name=declared_origin]", "mail")
    page.click("main form[enctype] .buttons button")
    expect(page.locator("#report-state li")).to_have_count(5)  # it waits for a worker
    report = Report.objects.latest("pk")
    work_on(report.job_id or 0)

    held = page.locator("#held")  # the page asked for itself again
    expect(held).to_contain_text("금액이 기다리는 이유")
    expect(held).to_contain_text("알려 온 합계가 파일의 내용과 달라요.")
    expect(held).to_contain_text("할 일")
    expect(page.locator("#declared tbody tr")).to_contain_text("함께 온 메일")
    look(page, "control-2-held-ko-1280")
    held.locator('a[href$="#declared"]').click()
    page.locator("#declared summary").last.click()
    page.select_option("#declared select[name=declared-origin]", "mail")
    page.fill("#declared input[name=declared-lines]", "60")
    page.fill("#declared input[name=declared-note]", "머리글까지 셌다고 답이 왔어요")
    page.locator("#declared form button").click()
    expect(page.locator("#held")).to_have_count(0)
    expect(page.locator("#declared .status-good")).to_be_visible()
    report.refresh_from_db()
    assert (report.state, report.held_reason) == ("ready", "")


def test_the_months_lead_to_what_is_late_and_missing(site: str, page: Page) -> None:
    for width, language, late, missing in ((1280, "ko", "늦음", "누락"), (390, "zh-hans", "迟交", "缺失")):
        page.set_viewport_size({"width": width, "height": 900})
        sign_in(page, site, STAFF, language)
        page.goto(f"{site}{reverse('royalties:reports')}")
        page.locator(f'main a[href="{reverse("royalties:reporting")}"]').click()
        rows = page.locator("table.months tbody tr")
        expect(rows).to_have_count(3)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        look(page, f"control-3-months-{language}-{width}")
        words = rows.first.inner_text()
        assert late in words or missing in words  # which of them, the day of the month decides
    expect(rows.last.locator("a.came")).to_have_count(2)
    owed = rows.first.locator('a[href*="/reports/new/"]').first
    month = (owed.get_attribute("href") or "").rpartition("=")[2]
    owed.click()
    expect(page.locator("select[name=source]")).to_have_value("mcsc")
    expect(page.locator("input[name=period]")).to_have_value(month)
    assert Source.objects.get(code="mcsc").calendars.count() == 1


@pytest.mark.parametrize("changed", [False, True])
def test_another_file_is_compared_song_by_song_before_it_is_settled(
    site: str, page: Page, tmp_path: Path, changed: bool
) -> None:
    month = MONTHS[1].usage
    rows = statements.lines(month, LINES)
    more = Decimal("99.000001") - Decimal(rows[0][-1])
    if changed:
        rows[0][-1] = "99.000001"
    report = send_in_foreground(write_csv(tmp_path / "song_again.csv", rows), month)
    assert report.held_reason == "second_file"
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, site, STAFF)
    page.goto(f"{site}{reverse('royalties:report', args=[report.ref])}")
    resend = page.get_by_text("다시 보낸 파일 같아요")
    expect(resend).to_have_count(0 if changed else 1)
    page.locator("#second-file a", has_text="곡별로 비교하기").click()
    expect(page.get_by_text("다시 보낸 파일 같아요")).to_have_count(0 if changed else 1)
    page.select_option("select[name=kind]", "different")
    page.locator("form.filters button").click()
    page.wait_for_url("**kind=different**")
    expect(page.locator("table").last.locator("tbody tr")).to_have_count(1 if changed else 4)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    look(page, f"control-4-overlap-{'changed' if changed else 'resend'}-ko-390")
    with page.expect_download() as download:
        page.locator("a[download]").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == (2 if changed else 1)
    if changed:
        assert f",{more}," in lines[1]
