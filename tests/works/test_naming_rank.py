"""A name that is added helps its own work: songs find it at least as high as before, and the same name finds it first."""

from __future__ import annotations

from typing import Any, Final

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings as hypothesis, strategies as st

from portal.accounts.models import User
from works.catalogue.performers import link_performers
from works.matching import Decision, SongQuery, match
from works.matching.derive import refresh_title_keys
from works.matching.meaning import is_available
from works.models import Party, Recording, RecordingWork, Work, WorkTitle
from works.naming import NewName, Speaker, add_name, withdraw_name

TITLES: Final = ("좋은 날", "거짓말", "영웅", "으르렁", "봄날", "나만 봐", "Hello")
OTHERS: Final = (
    "好日子",
    "谎言",
    "英雄",
    "Growl",
    "Joheun Nal",
    "Spring Day",
    "咆哮",
    "영웅 (Kick It)",
    "Good Day",
    "拥抱",
)
ARTISTS: Final = ("하늘바라기", "Lumiel")
ABSENT: Final = 99
SAYS: Final = Speaker(source="staff")


@pytest.fixture
def works(db: None) -> list[Work]:
    made = []
    for number, title in enumerate(TITLES):
        work = Work.objects.create(title=title)
        WorkTitle.objects.create(work=work, text=title, script="Hang", kind="OT")
        recording = Recording.objects.create(title=title, performer=ARTISTS[number % 2])
        RecordingWork.objects.create(recording=recording, work=work)
        made.append(work)
    link_performers([(work.pk, ARTISTS[number % 2]) for number, work in enumerate(made)])
    refresh_title_keys([work.pk for work in made])
    return made


def asked(title: str, artist: str, *, with_meaning: bool = False) -> Decision:
    (decision,) = match([SongQuery("q", title, artist)], {}, with_meaning=with_meaning)
    return decision


def rank(decision: Decision, work: Work) -> int:
    places = [candidate.work_id for candidate in decision.candidates]
    return places.index(work.pk) if work.pk in places else ABSENT


@hypothesis(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    at=st.integers(0, len(TITLES) - 1),
    alias=st.sampled_from((*OTHERS, *TITLES)),
    title=st.sampled_from((*OTHERS, *TITLES)),
    artist=st.sampled_from(ARTISTS),
)
def test_a_name_never_lowers_the_rank_of_its_own_work(
    works: list[Work], at: int, alias: str, title: str, artist: str
) -> None:
    work = works[at]
    if alias == work.title:
        return
    with transaction.atomic():
        before = rank(asked(title, artist), work)
        add_name(named=work, name=NewName(text=alias, kind="translated"), speaker=SAYS)
        assert rank(asked(title, artist), work) <= before
        transaction.set_rollback(True)


@pytest.mark.skipif(not is_available(), reason="the sentence encoder is not installed")
@pytest.mark.parametrize(
    ("title", "alias"), [("Good Day", "Hello"), ("Good Day", "Joheun Nal"), ("好日子", "谎言"), ("拥抱", "英雄")]
)
def test_a_name_never_lowers_the_rank_of_its_own_work_by_what_it_means(
    works: list[Work], title: str, alias: str
) -> None:
    """Each song's best or second work is the first one, by its meaning."""
    before = rank(asked(title, ARTISTS[0], with_meaning=True), works[0])
    assert before < 2
    add_name(named=works[0], name=NewName(text=alias, kind="translated"), speaker=SAYS)
    assert rank(asked(title, ARTISTS[0], with_meaning=True), works[0]) <= before


@pytest.mark.parametrize("alias", ["好日子", "Beautiful Day", "제일 좋은 하루"])
def test_a_song_is_found_by_an_added_name_as_by_the_first_and_no_longer_by_a_withdrawn_one(
    works: list[Work], alias: str
) -> None:
    work, artist = works[0], ARTISTS[0]
    before = asked(alias, artist)
    assert before.outcome != "accepted"
    name = add_name(named=work, name=NewName(text=alias, kind="translated"), speaker=SAYS)
    found, by_its_title = asked(alias, artist), asked(work.title, artist)
    assert rank(found, work) == 0
    assert found.evidence["title"]["registered"] == alias
    assert found.outcome == by_its_title.outcome
    withdraw_name(name=name, reason="-", actor=User.objects.create_user("s@example.org", name="s"))
    assert asked(alias, artist) == before


def test_a_song_is_found_by_an_added_name_of_its_performer(works: list[Work]) -> None:
    before = asked("좋은 날", "看天空的人")
    performer: Any = Party.objects.get(name=ARTISTS[0])
    add_name(named=performer, name=NewName(text="看天空的人", kind="stage"), speaker=SAYS)
    found = asked("좋은 날", "看天空的人")
    assert rank(found, works[0]) == 0
    assert found.evidence["performer"]["registered"] == "看天空的人"
    assert found.probability_permille > before.probability_permille
    assert found.outcome == asked("좋은 날", ARTISTS[0]).outcome
