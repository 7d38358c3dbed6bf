"""Staff go through the songs to review with the keyboard alone, and without JavaScript."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from portal.demo import society
from royalties.models import Match, ReportedRecording, StaffDecision
from royalties.queue import MOST_MONEY_FIRST, songs_to_review
from tests.journeys.conftest import look, sign_in

STAFF = "staff@garak.example"


def waiting() -> list[ReportedRecording]:
    return list(songs_to_review().order_by(*(key.order for key in MOST_MONEY_FIRST)))


def standing(song: ReportedRecording) -> Match:
    return Match.objects.get(recording=song, superseded_at__isnull=True)


def make_equal(song: ReportedRecording) -> ReportedRecording:
    """The same song under another number of the service."""
    match = standing(song)
    works = list(match.works.order_by("rank"))
    twin = ReportedRecording.objects.create(
        key="tme:id:twin", id_space="tme", song_id="twin", title=song.title, artists=song.artists,
        first_report=song.first_report,
    )  # fmt: skip
    copy = Match.objects.create(recording=twin, outcome="review", method=match.method, probability_permille=500)
    for work in works:
        copy.works.create(work=work.work, rank=work.rank, probability_permille=work.probability_permille)
    return twin


def test_the_keys_do_all_of_it(site: str, page: Page) -> None:
    first, second, third = waiting()[:3]
    twin = make_equal(first)
    before = StaffDecision.objects.count()
    candidates = [item.work for item in standing(first).works.order_by("rank")]
    page.set_viewport_size({"width": 1280, "height": 900})
    sign_in(page, site, STAFF)
    page.goto(f"{site}{reverse('royalties:review')}")
    expect(page.locator("#review-title")).to_have_text(first.title)
    look(page, "review-1-ko-1280")

    page.keyboard.press("j")
    expect(page.locator("#review-title")).to_have_text(second.title)
    page.keyboard.press("k")
    expect(page.locator("#review-title")).to_have_text(first.title)

    page.keyboard.press("1")
    page.keyboard.press("a")
    expect(page.locator("#review-title")).to_have_text(second.title)
    assert standing(first).works.get().work == candidates[0]
    assert standing(twin).decision == standing(first).decision, "its equal goes with it"
    expect(page.locator(f"#entry-{first.ref} .status")).to_be_visible()
    look(page, "review-2-decided-ko-1280")

    page.keyboard.press("u")
    expect(page.locator("#review-title")).to_have_text(first.title)
    assert {standing(song).outcome for song in (first, twin)} == {"review"}
    page.keyboard.press("e")
    page.keyboard.press("n")
    expect(page.locator("#review-title")).to_have_text(second.title)
    assert (standing(first).method, standing(twin).outcome) == ("repertoire", "review")

    rejected = standing(second).works.order_by("rank")[0].work
    page.keyboard.press("r")
    expect(page.locator("#review-title")).to_have_text(third.title)
    assert rejected not in [item.work for item in standing(second).works.all()]

    # in a field a letter is a letter; and the keys can be switched off
    page.locator("#review-reason").press_sequentially("an")
    assert StaffDecision.objects.count() == before + 4
    page.locator("#review-keys summary").click()
    page.locator("#review-keys-on").uncheck()
    page.locator("#review-title").focus()
    page.keyboard.press("a")
    page.keyboard.press("j")
    expect(page.locator("#review-title")).to_have_text(third.title)
    assert StaffDecision.objects.count() == before + 4

    page.goto(f"{site}{reverse('royalties:decisions')}")
    look(page, "review-3-decisions-ko-1280")
    page.locator("main form button").first.click()
    expect(page.locator("#review-title")).to_have_text(second.title)
    assert rejected in [item.work for item in standing(second).works.all()]


def test_a_medley_is_divided_beside_its_candidates(site: str, page: Page) -> None:
    first, second = waiting()[:2]
    works = [item.work_id for item in standing(first).works.order_by("rank")[:2]]
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, site, STAFF)
    page.goto(f"{site}{reverse('royalties:review')}")
    page.keyboard.press("m")
    parts = page.locator("#review-divide input[name=part]")
    expect(parts.nth(0)).to_be_focused()
    parts.nth(0).fill("1/2")
    parts.nth(1).fill("1/3")
    page.keyboard.press("Enter")
    expect(page.locator("#review-panel [role=alert]")).to_be_visible()
    expect(parts.nth(1)).to_have_value("1/3")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    look(page, "review-7-medley-ko-390")
    parts.nth(1).fill("50%")
    page.locator("#review-divide button").click()
    expect(page.locator("#review-title")).to_have_text(second.title)
    match = standing(first)
    assert (match.outcome, match.decision and match.decision.action) == ("accepted", "divide")
    assert sorted(match.works.values_list("work", "numerator", "denominator")) == sorted((pk, 1, 2) for pk in works)
    page.locator("#review-undo").click()
    expect(page.locator("#review-title")).to_have_text(first.title)
    assert standing(first).outcome == "review"


def test_a_song_with_other_words_is_the_music_alone_by_one_key(site: str, page: Page) -> None:
    first, second = waiting()[:2]
    other_words = {**standing(first).works.get(rank=1).evidence, "versions": ["language:zh"]}
    standing(first).works.filter(rank=1).update(evidence=other_words)
    for width, language in ((1280, "ko"), (390, "zh-hans")):
        page.set_viewport_size({"width": width, "height": 900})
        sign_in(page, site, STAFF, language)
        page.goto(f"{site}{reverse('royalties:review')}")
        expect(page.locator("button[value=music]")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        look(page, f"review-8-music-{language}-{width}")
    page.keyboard.press("w")
    expect(page.locator("#review-title")).to_have_text(second.title)
    assert standing(first).works.get().music_alone
    page.goto(f"{site}{reverse('royalties:song', args=[first.ref])}")
    expect(page.locator("main")).to_contain_text("仅曲相同")
    look(page, "review-9-music-of-a-song-zh-hans-390")


def test_a_korean_keyboard_works_too(site: str, page: Page) -> None:
    """With Hangul on, the key j says ㅓ; while a syllable is composed, no key means anything."""
    second = waiting()[1]
    sign_in(page, site, STAFF)
    page.goto(f"{site}{reverse('royalties:review')}")
    press = "init => document.body.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, ...init}))"
    page.evaluate(press, {"code": "KeyJ", "key": "ㅓ", "isComposing": True})
    page.evaluate(press, {"code": "KeyJ", "key": "ㅓ"})
    expect(page.locator("#review-title")).to_have_text(second.title)


def test_it_says_what_somebody_else_decided_meanwhile(site: str, page: Page) -> None:
    first = waiting()[0]
    sign_in(page, site, STAFF)
    page.goto(f"{site}{reverse('royalties:review')}")
    match = standing(first)
    Match.objects.filter(pk=match.pk).update(superseded_at=match.created_at)
    Match.objects.create(recording=first, outcome="none", method="staff", probability_permille=0)
    page.keyboard.press("a")
    expect(page.locator("#review-panel [role=alert]")).to_be_visible()
    assert standing(first).outcome == "none"


@pytest.mark.parametrize("language", ["ko", "zh-hans"])
def test_it_works_without_javascript(site: str, browser: Browser, language: str) -> None:
    _first, second, third = waiting()[:3]
    page = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844}).new_page()
    page.set_default_timeout(10_000)
    page.goto(f"{site}/account/login/")
    page.fill("input[name=login]", STAFF)
    page.fill("input[name=password]", society.PASSWORD)
    page.click("main button[type=submit]")
    page.locator(f"button[name=language][value={language}]").first.click()
    page.goto(f"{site}{reverse('royalties:review')}")
    look(page, f"review-4-{language}-390")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator(f"#entry-{second.ref} a").click()
    page.locator("button[value=leave_out]").click()
    assert standing(second).method == "repertoire"
    expect(page.locator("#review-title")).to_have_text(third.title)
    page.locator("#review-undo").click()
    assert standing(second).outcome == "review"
    expect(page.locator("#review-title")).to_have_text(second.title)
    page.set_viewport_size({"width": 1280, "height": 900})
    look(page, f"review-5-{language}-1280")
    page.goto(f"{site}{reverse('royalties:decisions')}")
    page.set_viewport_size({"width": 390, "height": 844})
    look(page, f"review-6-decisions-{language}-390")
    page.context.close()
