"""Hangul syllables: telling them, taking them apart, and the initial sound law (두음법칙)."""

from __future__ import annotations

import re
from typing import Final

HANGUL: Final = re.compile("[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]")
SYLLABLE: Final = re.compile("[가-힣]")
INITIALS: Final = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
FIRST: Final = 0xAC00
LAST: Final = 0xD7A3
VOWELS: Final = 21
CODAS: Final = 28
VOWEL_LETTERS: Final = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
CODA_LETTERS: Final = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
N, R, SILENT = INITIALS.index("ㄴ"), INITIALS.index("ㄹ"), INITIALS.index("ㅇ")
Y_OR_I: Final = frozenset({2, 3, 6, 7, 12, 17, 20})  # ㅑ ㅒ ㅕ ㅖ ㅛ ㅠ ㅣ


def is_hangul(letter: str) -> bool:
    """Whether one character is a syllable or a letter of Hangul."""
    return HANGUL.fullmatch(letter) is not None


def has_hangul(text: str) -> bool:
    return HANGUL.search(text) is not None


def initials(text: str) -> str:
    """The initial consonants of the syllables, other characters left out.

    >>> initials("좋은 날")
    'ㅈㅇㄴ'
    """
    return "".join(
        INITIALS[(ord(letter) - FIRST) // (VOWELS * CODAS)] for letter in text if FIRST <= ord(letter) <= LAST
    )


def take_apart(letter: str) -> tuple[str, str, str] | None:
    """Initial, vowel and coda ("" for none) of one syllable; None for anything else.

    >>> take_apart("날")
    ('ㄴ', 'ㅏ', 'ㄹ')
    """
    code = ord(letter) - FIRST
    if not 0 <= code <= LAST - FIRST:
        return None
    initial, rest = divmod(code, VOWELS * CODAS)
    vowel, coda = divmod(rest, CODAS)
    return INITIALS[initial], VOWEL_LETTERS[vowel], CODA_LETTERS[coda]


def initial_jamo(letter: str) -> str:
    """The conjoining jamo (U+1100 ff.) of an initial consonant."""
    return chr(0x1100 + INITIALS.index(letter))


def vowel_jamo(letter: str) -> str:
    return chr(0x1161 + VOWEL_LETTERS.index(letter))


def coda_jamo(letter: str) -> str:
    return chr(0x11A7 + CODA_LETTERS.index(letter))


def count_syllables(text: str) -> int:
    return len(SYLLABLE.findall(text))


def at_beginning(syllable: str) -> str:
    """The syllable as it is written at the beginning of a word in South Korea: 리 is 이, 로 is 노, 녀 is 여.

    Rule: ㄹ and ㄴ fall silent before i and y; ㄹ becomes ㄴ before any other vowel (한글 맞춤법, 제10-12항).
    """
    code = ord(syllable) - FIRST
    if not 0 <= code <= LAST - FIRST:
        return syllable
    initial, rest = divmod(code, VOWELS * CODAS)
    if initial not in {N, R}:
        return syllable
    if rest // CODAS in Y_OR_I:
        initial = SILENT
    elif initial == R:
        initial = N
    return chr(FIRST + initial * VOWELS * CODAS + rest)
