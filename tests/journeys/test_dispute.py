"""A publisher disputes a share, staff accept its papers and record the agreement; the songwriter sees her won held, then released."""

from __future__ import annotations

import re

from django.db.models import Sum
from django.urls import reverse
from playwright.sync_api import Page

from claims.models import Case
from portal.demo import story
from royalties.checks import check_ledger
from royalties.models import Earning, Hold, Statement
from tests.journeys.conftest import look, sign_in
from works.models import Share

WRITER, PUBLISHER, STAFF = "writer@garak.example", "publisher@garak.example", "staff@garak.example"
MICROS = 1_000_000


def won(micros: int) -> str:
    """As the pages write whole won."""
    return f"{micros // MICROS:,}"


def test_it_holds_the_disputed_part_and_releases_it(site: str, page: Page) -> None:
    share = story.disputable_shares()[0]
    paid_before = Statement.objects.filter(party=share.party).aggregate(sum=Sum("payable_micros"))["sum"]

    # the publisher finds the work among its usage and disputes 1/12 of the songwriter's share from September on
    page.set_viewport_size({"width": 1280, "height": 900})
    sign_in(page, site, PUBLISHER)
    page.goto(f"{site}{reverse('royalties:work', args=[share.work.ref])}")
    page.click(f"a[href='{reverse('claims:file_share', args=[share.work.ref])}']")
    row = page.locator("tr", has_text=share.party.name).filter(has_text="공연권")
    row.get_by_role("link").last.click()
    page.fill("[name=part]", "1/12")
    page.fill("[name=from_date]", "2026-09")
    page.fill("[name=reason]", "2026년 8월 20일 계약으로 12분의 1을 넘겨받았어요.")
    page.set_input_files(
        "[name=paper]", {"name": "양도계약서.pdf", "mimeType": "application/pdf", "buffer": story.PAPER}
    )
    look(page, "dispute-1-file-ko-1280")
    page.click("main form button[type=submit]")
    case = Case.objects.get()
    page.wait_for_url(f"**{reverse('claims:detail', args=[case.ref])}")
    assert not Hold.objects.exists()  # filing costs nobody anything

    # staff accept the form of the papers; now the part is held
    sign_in(page, site, STAFF)
    page.goto(f"{site}{reverse('claims:detail', args=[case.ref])}")
    accept = page.locator(f"form[action='{reverse('claims:accept_papers', args=[case.ref])}']")
    page.locator("details", has=accept).locator("summary").click()
    for box in accept.locator("input[type=checkbox]").all():
        box.check()
    accept.locator("button").click()
    page.wait_for_load_state()
    assert Hold.objects.get().state == Hold.State.OPEN

    # staff distribute September's money: only the disputed part waits
    page.goto(f"{site}{reverse('royalties:runs')}")
    page.fill("[name=period]", "2026-11")
    page.locator("main form button").last.click()
    page.wait_for_url(re.compile(r".*/runs/D-.*"))
    look(page, "dispute-2-run-ko-1280")
    held = Earning.objects.filter(state="held")
    held_micros = held.aggregate(sum=Sum("won_micros"))["sum"]
    assert set(held.values_list("work_id", "right")) == {(share.work_id, "performing")}
    paid = Earning.objects.filter(state="payable", run_share__share=share, run=held[0].run)
    assert (
        2 * held_micros < 3 * paid.aggregate(sum=Sum("won_micros"))["sum"]
    )  # 1/12 is held, at least 2/12 of the share is paid

    # the songwriter sees on her phone what is held, and why
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, site, WRITER)
    assert won(held_micros) in page.locator("main").inner_text()
    look(page, "dispute-3-writer-held-ko-390")
    page.get_by_role("link", name="왜 이 금액인가요?").click()
    assert won(held_micros) in page.locator("main").inner_text()
    look(page, "dispute-4-writer-why-ko-390")
    page.goto(f"{site}{reverse('claims:detail', args=[case.ref])}")
    assert won(held_micros) in page.locator("main").inner_text()
    look(page, "dispute-5-writer-case-ko-390")

    # staff record the agreement: the part stays with the songwriter
    page.set_viewport_size({"width": 1280, "height": 900})
    sign_in(page, site, STAFF)
    page.goto(f"{site}{reverse('claims:detail', args=[case.ref])}")
    close = page.locator(f"form[action='{reverse('claims:close', args=[case.ref])}']")
    page.locator("details", has=close).locator("summary").click()
    close.locator("[name$=outcome][value=agreement]").check()
    close.locator("[name$=granted][value=no]").check()
    close.locator("[name$=note]").fill("양쪽이 서명한 합의서: 지분은 그대로예요.")
    look(page, "dispute-6-staff-close-ko-1280")
    close.locator("button").click()
    page.wait_for_load_state()
    case.refresh_from_db()
    assert case.state == Case.State.CLOSED
    assert Share.objects.get(pk=share.pk).until_date is None

    # she sees the released won: a statement of its own, and the sum on her page
    released = Statement.objects.get(hold__case_ref=case.ref)
    assert (released.party, released.gross_micros) == (share.party, held_micros)
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, site, WRITER)
    look(page, "dispute-7-writer-released-ko-390")
    page.goto(f"{site}{reverse('royalties:statements')}")
    assert won(released.payable_micros) in page.locator("main").inner_text()
    page.goto(f"{site}{reverse('royalties:statement', args=[released.ref])}")
    assert won(held_micros) in page.locator("main").inner_text()
    look(page, "dispute-8-writer-statement-ko-390")
    page.goto(f"{site}{reverse('notices:list')}")
    assert case.ref in page.locator("main").inner_text()
    assert Statement.objects.filter(party=share.party).aggregate(sum=Sum("payable_micros"))["sum"] > paid_before
    assert check_ledger().ok


def test_it_goes_from_the_amount_to_the_rows_of_the_file(site: str, page: Page) -> None:
    """Home → why this amount → the song → the rows of the service's file, by taps alone."""
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, site, WRITER)
    page.get_by_role("link", name="왜 이 금액인가요?").click()
    look(page, "drill-1-why-ko-390")
    page.locator("main a[href*='/songs/']").first.click()
    look(page, "drill-2-song-ko-390")
    page.locator("main a[href*='/earnings/']").first.click()
    look(page, "drill-3-rows-ko-390")
    text = page.locator("main").inner_text()
    assert "song_202608.xlsx" in text
    earning = Earning.objects.get(pk=int(page.url.rstrip("/").rpartition("/")[2]))
    assert f"{earning.song_usage.uses:,}" in text or f"{earning.song_usage.lines:,}" in text
