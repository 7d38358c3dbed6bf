"""Every role signs in and reaches its pages in three languages, on a phone and on a desktop."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from portal.accounts.models import Role
from portal.demo.society import SEATS
from tests.journeys.conftest import LOGIN, look, sign_in

# What each role must be able to reach from its menu: its home and its own work.
PAGES = {
    Role.SONGWRITER: ["home", "works:list", "royalties:statements", "claims:list", "delegates"],
    Role.DELEGATE: ["home", "works:list", "royalties:statements", "claims:list", "delegates"],
    Role.PUBLISHER_SUPER: [
        "home",
        "works:list",
        "royalties:usage",
        "works:uploads",
        "claims:list",
        "royalties:statements",
        "people",
    ],
    Role.PUBLISHER_FINANCE: ["home", "works:list", "royalties:usage", "royalties:statements", "claims:list"],
    Role.PUBLISHER_COPYRIGHT: ["home", "works:list", "royalties:usage", "works:uploads", "claims:list"],
    Role.STAFF: [
        *["home", "royalties:reports", "royalties:unmatched", "claims:list", "royalties:runs"],
        *["royalties:remittances", "royalties:sources", "works:list", "people"],
    ],
    Role.AUDITOR: [
        *["home", "royalties:reports", "royalties:unmatched", "claims:list", "royalties:runs"],
        *["royalties:remittances", "royalties:sources", "works:list", "people"],
        *["royalties:ledger", "royalties:ledger_check", "changes"],
    ],
    Role.SERVICE_CONTACT: ["home"],
}
LANGUAGES = ["ko", "en", "zh-hans"]
HANGUL = re.compile(r"[\uac00-\ud7a3]")


@pytest.mark.parametrize("role", list(PAGES))
def test_it_reaches_its_pages_in_three_languages(role: Role, site: str, page: Page) -> None:
    seat = next(seat for seat in SEATS if seat.role == role)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "request",
        lambda request: None if request.url.startswith((site, "data:")) else problems.append(f"outside: {request.url}"),
    )
    headings: dict[str, set[str]] = {}
    offered = [language for language in LANGUAGES if language != "ko"] if role == Role.SERVICE_CONTACT else LANGUAGES
    for language in offered:
        sign_in(page, site, seat.email, language)
        links = {link.get_attribute("href") for link in page.locator("a").all()}
        paths = [reverse(name) for name in PAGES[role]]
        assert set(paths) <= links, links
        for path in [*paths, reverse("notices:list")]:
            for width in (390, 1280):
                page.set_viewport_size({"width": width, "height": 844})
                response = page.goto(f"{site}{path}")
                assert response is not None
                assert response.status == 200, path
                overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
                assert overflow <= 0, f"{path} is {overflow} px wider than a window of {width} px"
                look(page, f"{role}{path.replace('/', '-')}{language}-{width}")
            assert (page.locator("html").get_attribute("lang") or "").lower() == language
            heading = page.locator("h1").first.inner_text()
            assert heading.strip()
            headings.setdefault(path, set()).add(heading)
    for path, seen in headings.items():
        assert len(seen) >= 2, (
            f"{path} has the same heading in every language: {seen}"
        )  # a heading may be a name in one or two
    assert not problems, problems


def test_it_shows_the_service_no_korean(site: str, page: Page) -> None:
    """The contact at the service reads Chinese only (the language menu names 한국어 in its own name)."""
    sign_in(page, site, "service@garak.example", "zh-hans")
    for name in PAGES[Role.SERVICE_CONTACT]:
        page.goto(f"{site}{reverse(name)}")
        assert not HANGUL.search(page.locator("main").inner_text()), name


def test_it_turns_away_a_wrong_password(site: str, page: Page) -> None:
    page.goto(f"{site}{LOGIN}")
    page.fill("input[name=login]", SEATS[0].email)
    page.fill("input[name=password]", "wrong-password-of-a-stranger")
    page.click("main button[type=submit]")
    assert LOGIN in page.url
    assert page.goto(f"{site}{reverse('works:list')}") is not None
    assert LOGIN in page.url
