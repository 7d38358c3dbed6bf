"""Hangul in Latin letters: every usual spelling is the name, a near homonym is not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, strategies as st

from works.names.folded import folded
from works.names.roman import is_romanised

SYLLABLES = st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3)


@pytest.mark.parametrize(
    ("hangul", "roman"),
    [
        ("이지은", "Lee Ji-eun"),
        ("이지은", "Yi Ji Eun"),
        ("이지은", "RHEE Jieun"),
        ("이지은", "Ji-eun Lee"),
        ("이", "I"),
        ("김태우", "Kim Tae-woo"),
        ("김태우", "Gim Taeu"),
        ("최준영", "Choi Joon-young"),
        ("최준영", "Ch'oe Chun-yŏng"),
        ("최준영", "Choe Junyeong"),
        ("박서연", "Park Seo-yeon"),
        ("박서연", "Bak Suh Yeon"),
        ("임영웅", "Lim Young Woong"),
        ("임영웅", "Im Yeong-ung"),
        ("노회찬", "Roh Hoe-chan"),
        ("유인나", "Yoo In-na"),
        ("류현진", "Ryu Hyun-jin"),
        ("황환희", "Hwang Whan-hee"),
        ("석우", "Seogu"),
        ("석우", "Seok-woo"),
        ("좋은 날", "Joheun Nal"),
        ("좋은 날", "Joeun nal"),
        ("진나", "Jina"),
        ("신라", "Silla"),
        ("신라", "Sinra"),
        ("종로", "Jongno"),
        ("종로", "Jong-ro"),
        ("박명수", "Bangmyeongsu"),
        ("같이", "Gachi"),
        ("백화", "Baekhwa"),
        ("백화", "Baekwa"),
        ("낙하", "Nakha"),
        ("하루하루", "Haru Haru"),
        ("뚜두뚜두", "Ddu-du Ddu-du"),
        ("LOVE 사랑 2", "love sarang 2"),
        ("있잖아", "Itjana"),
    ],
)
def test_usual_spellings_are_the_name(hangul: str, roman: str) -> None:
    assert is_romanised(hangul, roman)
    assert is_romanised(unicodedata.normalize("NFD", hangul), unicodedata.normalize("NFD", roman))


@pytest.mark.parametrize(
    ("hangul", "roman"),
    [
        ("이지안", "Lee Ji-eun"),
        ("김지은", "Lee Ji-eun"),
        ("이지윤", "Lee Ji-eun"),
        ("김소정", "Kim Su-jung"),
        ("박승연", "Park Seong-won"),
        ("강민아", "Kang Mi-na"),
        ("미선", "Sun-mi"),
        ("하루", "Haru Haru"),
        ("하루하루", "Haru"),
        ("사랑 2", "Sarang 3"),
        ("가", ""),
        ("", "Ga"),
        ("Love", "Love"),
        ("愛", "Ae"),
    ],
)
def test_other_names_are_not(hangul: str, roman: str) -> None:
    assert not is_romanised(hangul, roman)


def test_one_rare_spelling_is_believed_and_two_are_not() -> None:
    assert is_romanised("박근", "Park Gewn")
    assert not is_romanised("막근", "Mmark Gewn")


@pytest.mark.parametrize(
    ("hangul", "roman"),
    [
        ("이지은", "Lee Ji-eun"),
        ("김태우", "Gim Taewoo"),
        ("최준영", "Choe Chun-yŏng"),
        ("박서연", "Park Suh-yun"),
        ("임영웅", "Im Young-woong"),
        ("노회찬", "Roh Hoe-chan"),
        ("류현진", "Ryu Hyeon-jin"),
        ("신라", "Silla"),
        ("박명수", "Bangmyeongsu"),
        ("옷이", "Osi"),
        ("같이", "Gachi"),
        ("한가인", "Han Ga-in"),
        ("성규", "Seonggyu"),
    ],
)
def test_the_folded_key_is_that_of_the_romanisation(hangul: str, roman: str) -> None:
    assert folded(hangul) == folded(roman) != ""


def test_the_folded_key_keeps_names_apart_that_sound_different() -> None:
    assert len({folded(name) for name in ("이지은", "김지은", "이미자", "최백호", "나훈아")}) == 5


@given(st.text(alphabet=SYLLABLES, min_size=1, max_size=6))
def test_every_hangul_text_has_a_key_of_plain_letters(text: str) -> None:
    key = folded(text)
    assert key
    assert key.isascii()
    assert folded(unicodedata.normalize("NFD", text)) == key


@given(st.text(max_size=20))
def test_any_text_can_be_asked_about(text: str) -> None:
    assert isinstance(folded(text), str)
    assert not is_romanised(text, "")
