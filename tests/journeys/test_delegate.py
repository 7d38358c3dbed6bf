"""A songwriter lets a colleague act for her, the colleague finds her songs beside his own, and she ends it at once."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from portal.demo.society import SEATS
from tests.journeys.conftest import look, sign_in

HAEON, GAON = SEATS[0], SEATS[1]


def test_a_songwriter_appoints_and_ends_a_delegate(site: str, page: Page) -> None:
    last = timezone.localdate() + dt.timedelta(days=40)
    said = f"{last.year}. {last.month}. {last.day}.까지 {HAEON.name} 님을 대신해요."
    page.set_viewport_size({"width": 390, "height": 844})

    sign_in(page, site, GAON.email)
    expect(page.locator(".acting")).to_have_count(0)

    sign_in(page, site, HAEON.email)
    page.click(f"main a[href='{reverse('delegates')}']")
    page.fill("input[name=email]", "nobody-at-all@garak.example")
    page.fill("input[name=last_date]", f"{last:%Y-%m-%d}")
    page.click("main button.button:not(.button-second)")
    expect(page.locator("[role=alert]")).to_contain_text("nobody-at-all@garak.example")
    page.fill("input[name=email]", GAON.email)
    page.click("main button.button:not(.button-second)")
    expect(page.locator("[role=status]")).to_be_visible()
    expect(page.locator("main")).to_contain_text(GAON.email)
    look(page, "delegates-ko-390")

    sign_in(page, site, GAON.email)
    expect(page.locator(".acting")).to_have_text(said)
    expect(page.locator(".desk-name")).to_have_count(2)
    look(page, "songwriter-and-delegate-ko-390")

    sign_in(page, site, HAEON.email)
    page.goto(f"{site}{reverse('delegates')}")
    page.locator("li", has_text=GAON.email).get_by_role("button").click()
    expect(page.locator("[role=status]")).to_be_visible()

    sign_in(page, site, GAON.email)
    expect(page.locator(".acting")).to_have_count(0)
    expect(page.locator(".desk-name")).to_have_count(0)  # her own page again, with nothing of the other
