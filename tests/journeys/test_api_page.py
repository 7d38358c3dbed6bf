"""A person makes a token for a program and tries the API on its page, which loads nothing from elsewhere."""

from __future__ import annotations

import json
import urllib.request

import pytest
from playwright.sync_api import Page, expect

from portal.demo import society
from tests.journeys.conftest import look, sign_in

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.mark.parametrize("language", ["ko", "zh-hans"])
def test_a_token_is_made_used_and_revoked(page: Page, site: str, language: str) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # playwright's TypedDict
    sign_in(page, site, "publisher@garak.example", language)
    page.click("details.person summary")
    page.click("a[href='/account/tokens/']")
    look(page, f"api-tokens-none-{language}")
    page.fill("input[name=name]", "정산 프로그램")
    page.check("input[value='works:read']")
    page.check("input[name=days][value='30']")
    page.click("main form[action='/account/tokens/'] button")
    look(page, f"api-tokens-password-{language}")
    page.fill("input[name=password]", society.PASSWORD)
    page.click("main form button")
    text = page.inner_text("code.token")
    look(page, f"api-tokens-made-{language}")
    assert me(site, text)["token"]["scopes"] == ["works:read"]
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    page.goto(f"{site}/account/tokens/")
    look(page, f"api-tokens-{language}")
    assert text not in page.content()
    page.click("main .list form button")
    expect(page.locator("main .list form")).to_have_count(0)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        me(site, text)


def me(site: str, token: str) -> dict[str, dict[str, list[str]]]:
    asked = urllib.request.Request(f"{site}/api/v1/me/", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return dict(json.load(answer))


@pytest.mark.parametrize("language", ["ko", "zh-hans"])
def test_the_page_of_the_api_is_whole_and_served_here(page: Page, site: str, language: str) -> None:
    complaints: list[str] = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    elsewhere: list[str] = []
    page.on("request", lambda asked: elsewhere.append(asked.url) if not asked.url.startswith((site, "data:")) else None)
    sign_in(page, site, "publisher@garak.example", language)
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    page.goto(f"{site}/api/v1/docs/")
    expect(page.locator("#operations-me-read_me")).to_be_visible()
    look(page, f"api-page-{language}")
    page.click("#operations-me-read_me .opblock-summary-control")
    page.click("#operations-me-read_me .try-out__btn")
    page.click("#operations-me-read_me .execute")
    expect(page.locator("#operations-me-read_me .live-responses-table")).to_contain_text("publisher@garak.example")
    page.click("#operations-notices-mark_notices_read .opblock-summary-control")
    page.click("#operations-notices-mark_notices_read .try-out__btn")
    page.click("#operations-notices-mark_notices_read .execute")
    expect(page.locator("#operations-notices-mark_notices_read .live-responses-table")).to_contain_text('"marked"')
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    look(page, f"api-page-phone-{language}")
    assert (complaints, elsewhere) == ([], [])
