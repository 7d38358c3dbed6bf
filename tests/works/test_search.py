"""Works are found by what people type: a piece of a title, its initials, English keys for Hangul, whatever their machine sends."""

from __future__ import annotations

import unicodedata

import pytest
from django.db import connection
from hypothesis import given, strategies as st

from tests.royalties.scene import add_work
from works.keyboard import CONSONANTS, SIMPLE_VOWELS, typed_in_english
from works.models import Work
from works.names import hangul
from works.search import rows_with, ways_to_write

TITLES = [
    "좋은 날",
    "봄날은 간다",
    "Beyoncé의 밤",
    "脸红的思春期",
    "東風破",
    "ㅋㅋㅋ",
    "썸 탈꺼야 Some",
    "100% 사랑",
    "봄",
]


@pytest.fixture
def works(db: None) -> dict[str, Work]:
    return {title: add_work(title) for title in TITLES}


def found(text: str) -> set[str]:
    return set(Work.objects.search(text).values_list("title", flat=True))


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("좋은날", "좋은 날"),
        ("은 날", "좋은 날"),
        ("ㅈㅇㄴ", "좋은 날"),
        ("ㅈㅇ ㄴ", "좋은 날"),
        ("ㄴㅇㄱ", "봄날은 간다"),
        ("whgdms skf", "좋은 날"),
        ("WHGDMS SKF", "좋은 날"),
        ("wds", "좋은 날"),
        (unicodedata.normalize("NFD", "좋은 날"), "좋은 날"),
        ("은간", "봄날은 간다"),
        ("BEYONCE", "Beyoncé의 밤"),
        ("ｂｅｙｏｎｃé", "Beyoncé의 밤"),
        ("思春", "脸红的思春期"),
        ("臉紅", "脸红的思春期"),
        ("东风", "東風破"),
        ("ㅋㅋ", "ㅋㅋㅋ"),
        ("0%사", "100% 사랑"),
        ("탈꺼야some", "썸 탈꺼야 Some"),
    ],
)
def test_it_finds(works: dict[str, Work], typed: str, title: str) -> None:
    assert title in found(typed)


def test_one_letter_is_found_anywhere(works: dict[str, Work]) -> None:
    assert found("날") == {"좋은 날", "봄날은 간다"}


@pytest.mark.parametrize("typed", ["%", "__", "!!!", "'; --", "날좋", "\0"])
def test_what_is_not_there_is_not_found(works: dict[str, Work], typed: str) -> None:
    assert found(typed) in (set(), set(TITLES) if not typed.strip("\0") else set())


def test_a_piece_is_looked_up_in_the_index(works: dict[str, Work]) -> None:
    looked_up = rows_with("works_worktitle", "id", "text", "은간")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {looked_up.sql}", looked_up.params)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "title_by_two_letters" in plan


# ── keys ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

JAMO_KEYS = {jamo: key for key, jamo in {**CONSONANTS, **SIMPLE_VOWELS}.items()}
SPLIT = {"ㅘ": "ㅗㅏ", "ㅙ": "ㅗㅐ", "ㅚ": "ㅗㅣ", "ㅝ": "ㅜㅓ", "ㅞ": "ㅜㅔ", "ㅟ": "ㅜㅣ", "ㅢ": "ㅡㅣ",
         "ㄳ": "ㄱㅅ", "ㄵ": "ㄴㅈ", "ㄶ": "ㄴㅎ", "ㄺ": "ㄹㄱ", "ㄻ": "ㄹㅁ", "ㄼ": "ㄹㅂ", "ㄽ": "ㄹㅅ", "ㄾ": "ㄹㅌ", "ㄿ": "ㄹㅍ", "ㅀ": "ㄹㅎ",
         "ㅄ": "ㅂㅅ"}  # fmt: skip
MEDIALS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = ["", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"]


def keys_of(text: str) -> str:
    """What a person presses for whole syllables."""
    pressed = ""
    for letter in text:
        if letter == " ":
            pressed += " "
            continue
        initial, rest = divmod(ord(letter) - hangul.FIRST, hangul.VOWELS * hangul.CODAS)
        for jamo in (hangul.INITIALS[initial], MEDIALS[rest // hangul.CODAS], FINALS[rest % hangul.CODAS]):
            pressed += "".join(JAMO_KEYS[part] for part in SPLIT.get(jamo, jamo))
    return pressed


@given(st.text(st.characters(min_codepoint=hangul.FIRST, max_codepoint=hangul.LAST), min_size=2, max_size=12))
def test_every_syllable_is_read_from_its_keys(text: str) -> None:
    assert typed_in_english(keys_of(text)) == text


@pytest.mark.parametrize("text", ["love", "dance", "go", "hello", "summer", "x", "", "good day", "123"])
def test_english_stays_english(text: str) -> None:
    assert typed_in_english(text) == ""


@given(st.text(max_size=30))
def test_any_text_can_be_asked_for(text: str) -> None:
    assert all(way.strip() for way in ways_to_write(text))
