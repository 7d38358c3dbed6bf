"""U24: titles of different works that look alike, or are one title in another form, are never matched without a person."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils.translation import override
from pytest_django import Settings

from tests.works.build import row, send
from works.matching import Decision, SongQuery, match
from works.models import Work

pytestmark = pytest.mark.django_db
PERFORMER = "은하역"
ONE_TITLE = {  # the same title, written otherwise
    "NFC and NFD": ("좋은 날", unicodedata.normalize("NFD", "좋은 날")),
    "NFC and NFD, Latin": ("Café", unicodedata.normalize("NFD", "Café")),
    "Simplified and Traditional": ("红楼之梦", "紅樓之夢"),
    "one Simplified letter for two Traditional": ("皇后", "皇後"),
    "full and half width": ("MOON RIVER", "ＭＯＯＮ ＲＩＶＥＲ"),
    "compatibility letters": ("ﬁre", "fire"),
    "a letter that is not seen": ("달빛", "달\u200b빛"),
}
LOOK_ALIKES = {  # other letters, which a person can hardly tell from these
    "Latin and Cyrillic": ("MOCHA", "МОСНА"),
    "Latin and Greek": ("AIR", "ΑΙR"),
    "letters of both": ("Aurora", "Аurоrа"),
    "Chinese": ("末日", "未日"),
}


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, settings: Settings) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    with override("en"):
        yield


def ask(title: str, artists: str = PERFORMER) -> Decision:
    return match([SongQuery("q", title, artists)], {})[0]


def register(*titles: str) -> dict[str, int]:
    send([row(str(at), title, performer=PERFORMER, party=f"작가 {at}") for at, title in enumerate(titles)])
    return dict(Work.objects.order_by("pk").values_list("submitter_ref", "pk"))


@pytest.mark.parametrize("pair", ONE_TITLE)
def test_of_two_works_whose_titles_are_one_in_another_form_neither_is_taken(pair: str) -> None:
    works = register(*ONE_TITLE[pair])
    for title in ONE_TITLE[pair]:
        decision = ask(title)
        assert decision.outcome == "review"
        assert {candidate.work_id for candidate in decision.candidates} == set(works.values())


@pytest.mark.parametrize("pair", ONE_TITLE)
def test_the_other_form_of_a_title_needs_its_performer_too(pair: str) -> None:
    registered, other = ONE_TITLE[pair]
    (work,) = register(registered).values()
    assert [work_id for work_id, _part in ask(other).works] == [work]
    assert ask(other, "다른 사람").outcome == "none"


@pytest.mark.parametrize("pair", LOOK_ALIKES)
def test_a_title_that_only_looks_like_that_of_a_work_is_never_taken_for_it(pair: str) -> None:
    registered, other = LOOK_ALIKES[pair]
    register(registered)
    assert ask(registered).outcome == "accepted"
    assert ask(other).outcome in {"review", "none"}


@pytest.mark.parametrize("pair", LOOK_ALIKES)
def test_of_two_works_whose_titles_look_alike_only_the_one_with_these_letters_is_taken(pair: str) -> None:
    works = list(register(*LOOK_ALIKES[pair]).values())
    for title, work in zip(LOOK_ALIKES[pair], works, strict=True):
        assert [work_id for work_id, _part in ask(title).works] == [work]
