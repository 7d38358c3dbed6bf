"""What titles mean: vectors are made once, of names that stand, and bring the works of an artist nearest first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.works.build import row, send
from works.matching import meaning
from works.models import Party, Work, WorkTitle
from works.tasks import keep_vectors

pytestmark = pytest.mark.skipif(not meaning.is_available(), reason="the sentence encoder is not installed")


@pytest.fixture
def register(db: None, tmp_path: Path, settings: Any) -> dict[str, int]:
    settings.MEDIA_ROOT = tmp_path
    send([
        row("day", "좋은 날", performer="루미엘", party="작가 1"),
        row("lie", "거짓말", performer="루미엘", party="작가 2"),
        row("other", "좋은 날", performer="하늘바라기", party="작가 3"),
    ])  # fmt: skip
    return dict(Work.objects.values_list("submitter_ref", "pk"))


def stored() -> list[tuple[int, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT title_id, vector::text FROM works_titlevector ORDER BY title_id")
        return list(cursor.fetchall())


def test_registered_titles_get_vectors_once(register: dict[str, int]) -> None:
    ended = WorkTitle.objects.get(work_id=register["lie"])
    WorkTitle.objects.filter(pk=ended.pk).update(ended_at="2026-11-01T00:00:00Z")
    keep_vectors()
    first = stored()
    assert [pk for pk, _ in first] == list(
        WorkTitle.objects.exclude(pk=ended.pk).order_by("pk").values_list("pk", flat=True)
    )
    assert first[0][1] == first[1][1]  # of one title
    keep_vectors()
    assert stored() == first
    assert meaning.store_missing_vectors(10) == 0


def test_an_artists_works_come_nearest_first_and_nobody_elses(register: dict[str, int]) -> None:
    artist = Party.objects.get(name="루미엘")
    nearest = meaning.nearest_works({7: ("Good Day", [artist.pk])})
    assert [(each.place, each.work_id) for each in nearest] == [(7, register["day"]), (7, register["lie"])]
    assert nearest[0].cosine > nearest[1].cosine
    assert nearest[0].party_ids == (artist.pk,)


def test_a_title_in_the_script_of_the_song_means_nothing(register: dict[str, int]) -> None:
    """Its letters would have to agree."""
    artist = Party.objects.get(name="루미엘")
    assert meaning.nearest_works({0: ("기쁜 날", [artist.pk])}) == []
