"""Two names in whatever scripts: how alike, and why."""

from __future__ import annotations

import pytest
from hypothesis import example, given, strategies as st

from works.names.alike import alike
from works.names.keys import performer_keys, title_keys

LETTERS = "aZé ()/;,&-'♡!１Ａ　가한글좋은날리이김金李柳樂無限我ナß\u0301\u1112\u1161\u11ab12"
TEXTS = st.text(max_size=20) | st.text(alphabet=LETTERS, max_size=12)


@pytest.mark.parametrize(
    ("one", "other", "why", "least"),
    [
        ("EXO", "exo", "same", 1),
        ("Beyoncé", "BEYONCE", "same", 1),
        ("벚꽃 엔딩", "벚꽃엔딩", "same", 1),
        ("Part II", "Part 2", "same", 1),
        ("無限的我", "无限的我", "simplified", 0.99),
        ("李知恩", "이지은", "reading", 0.97),
        ("李知恩", "리지은", "reading", 0.97),
        ("少女时代", "소녀시대", "reading", 0.97),
        ("이지은", "Lee Ji-eun", "romanised", 0.95),
        ("李知恩", "Lee Ji-eun", "romanised", 0.9),
        ("周杰倫", "Zhou Jielun", "pinyin", 0.9),
        ("왕중영", "Wang Chongying", "pinyin", 0.8),
        ("러브 레터", "Love Letter", "loan", 0.75),
        ("투피엠", "2PM", "loan", 0.75),
        ("Lee Ji-eun", "Ji-eun Lee", "order", 0.97),
        ("쏘리", "소리", "spelling", 0.85),
        ("楽園", "乐园", "simplified", 0.99),
        ("Taeyeon", "Tae-yun", "spelling", 0.85),
        ("Wonderland", "Wonderlnd", "spelling", 0.85),
    ],
)
def test_the_same_name_in_two_ways_of_writing(one: str, other: str, why: str, least: float) -> None:
    found = alike(one, other)
    assert found.why == why
    assert found.score >= least


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Part 1", "Part 2"),
        ("Part II", "Part III"),
        ("이지은", "이지윤"),
        ("이지은", "Lee Mi-ja"),
        ("김종태", "Kim Jong-dae"),
        ("김채연", "Kim Cha-Youn"),
        ("으르렁", "Growl"),
        ("좋은 날", "好日子"),
        ("김", "Lee"),
        ("사랑", "Sarangi"),
        ("EXO", "EXID"),
        ("привет", "солнце"),
        ("♡", "!!!"),
        ("", "EXO"),
    ],
)
def test_other_names_are_little_alike(one: str, other: str) -> None:
    assert alike(one, other).score < 0.72


def test_what_shows_only_signs_is_like_itself_only() -> None:
    assert alike("♡", " ♡ ").score == 1
    assert alike("♡", "♥").score == 0


@given(TEXTS, TEXTS)
@example("이", "I")
@example("가1", "가2")
def test_the_order_of_the_two_changes_nothing(one: str, other: str) -> None:
    found = alike(one, other)
    assert found == alike(other, one)
    assert 0 <= found.score <= 1
    assert (found.score == 0) == (found.why == "none")


@given(TEXTS)
def test_a_text_is_wholly_like_itself(text: str) -> None:
    assert alike(text, text).score == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("좋은 날", "Joheun Nal"),
        ("러브레터", "Love Letter"),
        ("전야 (前夜)", "Jeonya"),
        ("다이너마이트", "Dynamite"),
    ],
)
def test_titles_that_sound_alike_share_a_key(one: str, other: str) -> None:
    assert {key.key for key in title_keys(one)} & {key.key for key in title_keys(other)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("이지은", "Ji Eun Lee"),
        ("李知恩", "Lee Jieun"),
        ("투피엠", "2PM"),
        ("비티에스", "BTS"),
        ("몬스타엑스", "MONSTA X"),
        ("周杰倫", "Zhou Jielun"),
    ],
)
def test_performers_that_sound_alike_share_a_key(one: str, other: str) -> None:
    assert {key.key for key in performer_keys(one)} & {key.key for key in performer_keys(other)}


@given(
    st.lists(st.sampled_from(["EXO", "아이유", "周杰倫", "2PM", "Kim Bum Soo"]), min_size=2, max_size=4, unique=True)
)
def test_the_order_of_artists_does_not_matter(names: list[str]) -> None:
    """But for the key of the whole text as it stands."""
    forth, back = ({key.key for key in performer_keys(text)} for text in ("/".join(names), "/".join(reversed(names))))
    assert len(forth ^ back) <= 2
    assert len(forth & back) >= len(names)


@given(st.permutations(["(顺其自然)", "(Been Through)", "(Live)"]))
def test_the_order_of_brackets_does_not_matter(brackets: list[str]) -> None:
    keys = {key.key for key in title_keys(f"지나갈 테니 {' '.join(brackets)}")}
    assert {"k:지나갈테니", "k:顺其自然", "k:beenthrough"} <= keys
    names = {key for key in keys if not key.startswith("k:지나갈테니")}
    assert names == {
        key.key
        for key in title_keys("지나갈 테니 (Been Through) (顺其自然) (Live)")
        if not key.key.startswith("k:지나갈테니")
    }
