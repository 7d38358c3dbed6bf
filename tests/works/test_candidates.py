"""Which works a song is compared with at all: every one of them costs time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.works.build import row, send
from works.matching import SongQuery
from works.matching.candidates import NEAREST, find_candidates
from works.matching.compare import may_be_one_name
from works.matching.rows import rows_of
from works.models import Work


@pytest.fixture
def register(db: None, tmp_path: Path, settings: Any) -> dict[int, str]:
    """Works of three artists, by number: the reference in the file."""
    settings.MEDIA_ROOT = tmp_path
    send([
        row("river", "강물 위의 노래", performer="소라별", party="작가 1"),
        row("river-2", "강물 위의 노동", performer="소라별", party="작가 2"),
        row("river-3", "강물 위의 노트", performer="소라별", party="작가 3"),
        row("river-4", "강물 위의 노선", performer="소라별", party="작가 4"),
        row("sora", "강물 위의 노래", performer="해온달", party="작가 5"),
    ])  # fmt: skip
    return dict(Work.objects.values_list("pk", "submitter_ref"))


def found(register: dict[int, str], title: str, artists: str) -> set[str]:
    return {register[work_id] for work_id in find_candidates([SongQuery("q", title, artists)], {})[0].hits}


def test_a_title_by_another_artist_is_no_candidate(register: dict[int, str]) -> None:
    assert found(register, "강물 위의 노래", "해온달") == {"sora"}
    assert found(register, "강물 위의 노래", "박아무개") == set()


def test_near_titles_are_compared_where_none_is_the_song_s_letter_by_letter(register: dict[int, str]) -> None:
    assert found(register, "강물 위의 노래", "소라별") == {"river"}
    assert len(found(register, "강물 위의 노란", "소라별")) == NEAREST
    assert len(found(register, "강물 위의 나팔", "소라별")) == 1  # the nearest of those that are hardly near
    assert found(register, "아주 다른 이야기", "소라별") == set()


def artists(name: str) -> set[str]:
    return {text for _key, text in find_candidates([SongQuery("q", "강물 위의 노래", name)], {})[0].artists.values()}


def test_an_artist_may_be_called_so_in_other_letters(register: dict[int, str]) -> None:
    send([
        row("one", "하나", performer="Sora Byeol", party="작가 6"),
        row("two", "둘", performer="Sora Byol", party="작가 7"),
        row("three", "셋", performer="소라뱔", party="작가 8"),
        row("four", "넷", performer="러브레터", party="작가 9"),
        row("five", "다섯", performer="Mirae Dalin", party="작가 10"),
        row("six", "여섯", performer="Mirae Dallin", party="작가 11"),
    ])  # fmt: skip
    assert artists("소라별") == {"소라별", "Sora Byeol", "Sora Byol"}
    # who is called so as written is not sought among those who sound alike in the same letters
    assert artists("Sora Byeol") == {"Sora Byeol", "소라별"}
    assert artists("Mirae Dalin") == {"Mirae Dalin"}
    # who is not is, but only where nobody is called so in other letters
    assert artists("Sorah Byeol") == {"소라별"}
    # a foreign word is asked for where no spelling is the name's
    assert artists("Love Letter") == {"러브레터"}


@pytest.mark.parametrize(
    ("one", "other", "may_be"),
    [
        ("아이유", "IU", True),
        ("소라별", "Sora Byeol", True),
        ("소라별", "서러벌", False),
        ("李英學", "이연하", False),
        ("소라별", "Haeondal", False),
    ],
)
def test_names_are_compared_by_sound_where_one_of_them_is_in_latin_letters(one: str, other: str, may_be: bool) -> None:
    assert may_be_one_name(one, other) is may_be


def test_arrays_reach_the_database_as_they_are(db: None) -> None:
    texts = ['"', "\\", "{a,b}", "NULL", "", " ", "it's", "좋은 날", "%s", "a\nb"]
    numbers = list(range(-3, len(texts) - 3))
    rows = rows_of("SELECT * FROM unnest(%s::int[], %s::text[]) AS asked (number, text)", [numbers, texts])
    assert rows == list(zip(numbers, texts, strict=True))
