"""Reported songs are found by a piece of title or artists, before and after they are indexed."""

from __future__ import annotations

import pytest

from royalties.models import ReportedRecording
from royalties.songs import keep_words
from royalties.tasks import keep_words as task
from tests.royalties.scene import add_song, make_scene

pytestmark = pytest.mark.django_db


def found(words: str) -> list[str]:
    return list(ReportedRecording.objects.named(words).order_by("pk").values_list("title", flat=True))


@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize("words", ["ㅈㅇㄴ", "whgdms", "은날", "好日", "아이유", "ㅇㅇㅇ"])
def test_it_finds_the_same_before_and_after_the_index(words: str, *, indexed: bool) -> None:
    make_scene()
    song = add_song("좋은 날 (好日子)")
    ReportedRecording.objects.filter(pk=song.pk).update(artists="IU (아이유)")
    if indexed:
        assert keep_words() == ReportedRecording.objects.count()
        assert keep_words() == 0
    assert found(words) == ["좋은 날 (好日子)"]


def test_title_and_artists_are_two_texts() -> None:
    make_scene()
    song = add_song("밤")
    ReportedRecording.objects.filter(pk=song.pk).update(artists="달빛")
    task()
    assert found("밤달") == []
    assert found("달빛") == found("밤") == ["밤"]
