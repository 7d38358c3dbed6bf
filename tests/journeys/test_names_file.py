"""A file of names is sent, watched, and its rows to mend are taken away again."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from portal.jobs.models import Job
from portal.jobs.services import drain
from tests.journeys.conftest import look, sign_in
from works.models import Work
from works.name_imports import STAGES

STAFF = "staff@garak.example"


@pytest.mark.parametrize(("language", "width"), [("ko", 390), ("zh-hans", 1280)])
def test_a_file_of_names_is_sent_and_watched(site: str, page: Page, tmp_path: Path, language: str, width: int) -> None:
    work = Work.objects.standing().order_by("pk")[0]
    file = tmp_path / "이름.csv"
    rows = [f"work,{work.ref},Moonlit Walk {number},translated" for number in range(40)]
    wrong = ["work,W-NONE,没有,translated", "song,W-1,x,translated", f"work,{work.ref},,nickname"]
    file.write_text("\n".join(["of,ref,text,kind", *rows, *wrong]) + "\n", encoding="utf-8")
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, site, STAFF, language)
    page.goto(f"{site}{reverse('works:names_import')}")
    page.set_input_files("input[type=file]", file)
    page.locator("main form button[type=submit]").click()
    expect(page.locator("#upload-state")).to_contain_text("0 / 43")
    look(page, f"names-file-1-waiting-{language}-{width}")
    drain(job_id=Job.objects.filter(kind="works.tasks.import_names").latest("pk").pk, stages=STAGES)
    expect(page.locator("#upload-state")).to_contain_text("40")  # it asks for itself
    expect(page.locator("main tbody tr")).to_have_count(4)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    look(page, f"names-file-2-done-{language}-{width}")
    with page.expect_download() as download:
        page.locator("a[href$='to-mend.csv']").click()
    assert Path(download.value.path()).read_text(encoding="utf-8-sig").count("\n") == 4
    page.goto(f"{site}{reverse('works:names_import')}")
    look(page, f"names-file-3-list-{language}-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
