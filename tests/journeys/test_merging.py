"""Staff find a work that is registered twice, look at both, merge them with the keyboard alone, and take it back."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from portal.accounts.models import User
from royalties.duplicates import find
from royalties.merging import merge_works, tell_apart
from royalties.models import Match
from tests.journeys.conftest import look, sign_in
from works.catalogue.performers import link_performers
from works.matching.derive import refresh_title_keys
from works.models import Party, Recording, RecordingWork, Right, Share, Work, WorkMerge, WorkTitle
from works.names.script import detect_script

STAFF = "staff@garak.example"


def registered_again() -> tuple[Work, Work]:
    """The work with the most songs once more, by nobody's catalogue: another spelling, one owner more."""
    match = Match.objects.filter(superseded_at=None, outcome="accepted", works__work__performers__isnull=False)
    first = Work.objects.filter(match_works__match__in=match).exclude(parts__recording__performer="").order_by("pk")[0]
    twin = Work.objects.create(title=f"《{first.title}》")
    for text in (twin.title, f"{first.title} (Live)"):
        WorkTitle.objects.create(work=twin, text=text, script=detect_script(text), kind="OT")
    performer = first.parts.order_by("pk")[0].recording.performer
    recording = Recording.objects.create(title=first.title, performer=performer)
    RecordingWork.objects.create(recording=recording, work=twin)
    owner = Party.objects.create(kind="writer", name="이도윤")
    for share in first.shares.filter(until_date=None).order_by("pk")[:1]:
        Share.objects.create(
            work=twin, party=share.party, role=share.role, right=share.right,
            numerator=share.numerator, denominator=share.denominator,
        )  # fmt: skip
    Share.objects.create(work=twin, party=owner, role="A", right=Right.PERFORMING, numerator=1, denominator=12)
    refresh_title_keys([first.pk, twin.pk])
    link_performers([(twin.pk, performer)])
    find()
    return first, twin


WIDTHS = (390, 1280)


@pytest.mark.parametrize("javascript", [True, False])
def test_staff_merge_two_works_and_take_it_back(browser: Browser, site: str, javascript: bool) -> None:
    first, twin = registered_again()
    before = list(first.shares.order_by("pk").values_list())
    page: Page = browser.new_context(java_script_enabled=javascript).new_page()
    sign_in(page, site, STAFF)
    page.goto(f"{site}{reverse('works:list')}")
    page.get_by_role("link", name="중복일 수 있는 저작물").click()
    page.get_by_role("row").filter(has_text=twin.ref).get_by_role("link", name="비교하기").click()
    expect(page.locator("tr.differs").first).to_be_visible()
    page.get_by_label("이유").fill("같은 노래")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the first button after the reason
    expect(page.get_by_text("합쳤어요")).to_be_visible()
    assert WorkMerge.objects.get().merged == twin
    page.goto(f"{site}{reverse('works:detail', args=[twin.ref])}")
    page.get_by_role("link", name="그 저작물로 가기").click()
    expect(page.get_by_text(twin.ref)).to_be_visible()
    page.goto(f"{site}{reverse('royalties:merges')}")
    page.get_by_role("button", name="되돌리기").click()
    expect(page.get_by_text("다시 두 저작물이 되었어요")).to_be_visible()
    twin.refresh_from_db()
    assert twin.merged_into is None
    assert list(first.shares.order_by("pk").values_list()) == before


@pytest.mark.parametrize("language", ["ko", "zh-hans"])
def test_no_page_is_wider_than_the_phone(site: str, page: Page, language: str) -> None:
    first, twin = registered_again()
    staff = User.objects.get(email=STAFF)
    another = Work.objects.exclude(pk__in=(first.pk, twin.pk)).order_by("pk")[0]
    gone = Work.objects.exclude(pk__in=(first.pk, twin.pk, another.pk)).order_by("pk")[0]
    Work.objects.filter(pk=gone.pk).update(iswc=None)
    tell_apart(one=first, other=another, actor=staff, reason="멜로디가 달라요")
    merge_works(survivor=another, merged=gone, actor=staff, reason="같은 노래예요")
    pages = {
        "list": reverse("royalties:duplicates"),
        "two": reverse("royalties:compare_works", args=[first.ref, twin.ref]),
        "apart": reverse("royalties:compare_works", args=[first.ref, another.ref]),
        "merges": reverse("royalties:merges"),
        "differences": reverse("royalties:differences"),
        "gone": reverse("works:detail", args=[gone.ref]),
        "stays": reverse("works:detail", args=[another.ref]),
    }
    sign_in(page, site, STAFF, language)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for name, url in pages.items():
            page.goto(f"{site}{url}")
            look(page, f"merge-{name}-{language}-{width}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
