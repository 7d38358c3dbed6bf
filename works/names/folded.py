"""A key that a Hangul text shares with all its romanisations: it finds, it decides nothing.

Consonants that any system confuses become one letter (g k kk), vowels one of three (a; e i; o u eo eu), and of vowels in a
row the last counts, so that no two ways of writing a name differ. Nor do most near homonyms: works.names.roman tells them.
"""

from __future__ import annotations

import re
from typing import Final

from works.names import clean, hangul

INITIALS: Final = dict(zip(hangul.INITIALS, "kknttlmppss-cccktph", strict=True))
VOWELS: Final = {
    **dict.fromkeys("ㅏㅑㅘ", "A"),
    **dict.fromkeys("ㅐㅒㅔㅖㅙㅚㅞㅟㅢ", "E"),
    **dict.fromkeys("ㅓㅕㅗㅛㅜㅝㅠㅡ", "O"),
    "ㅣ": "I",
}
# S, C, T: a coda that sounds like t, but before a silent initial ("-") like s, c and (before i) c
CODAS: Final = {
    **dict.fromkeys("ㄱㄲㄳㄺㅋ", "k"),
    **dict.fromkeys("ㄴㄵㄶㅇ", "n"),
    **dict.fromkeys("ㄹㄼㄽㄾㅀ", "l"),
    **dict.fromkeys("ㅁㄻ", "m"),
    **dict.fromkeys("ㅂㅄㄿㅍ", "p"),
    **dict.fromkeys("ㅅㅆ", "S"),
    **dict.fromkeys("ㅈㅊ", "C"),
    **dict.fromkeys("ㄷㅌ", "T"),
    **dict.fromkeys(("", "ㅎ"), ""),
}
SPOKEN_ON: Final = re.compile("S(?=-)|C(?=-)|T(?=-I)")
AS_SPOKEN: Final = str.maketrans("SCTI", "tttE", "-")
BEGINS_WITHOUT_R: Final = frozenset("ㅣㅑㅕㅛㅠㅖㅒㅔㅐㅢㅟ")  # 리 and 류 are also 이 and 유, 로 is 노

# an r before a consonant or at the end only colours a vowel (Park, Sur)
GROUPS: Final = re.compile("tch|th|sh|ph|ch|ck|ce|ci|cy|c|r(?![aeiouwyhr])")
GROUP: Final = {
    "ch": "j",
    "tch": "j",
    "sh": "s",
    "ph": "p",
    "th": "t",
    "ck": "k",
    "c": "k",
    "r": "",
    "ce": "se",
    "ci": "si",
    "cy": "sy",
}
# x is ks; vowels are told apart as those of Hangul
LATIN_SOUNDS: Final = str.maketrans({**dict(zip("gqdbvfrjzaeiyouw", "kktppplccAEEEOOO", strict=True)), "x": "ks"})

# of vowels in a row all but the last; consonants that the next one acts on: 신라 Silla, 박명수 Bangmyeongsu
LOST: Final = re.compile("[AEO]+(?=[AEO])|l+(?=[km])|[kptnmsc]+(?=[nm])|(?:nk*|l)+(?=l)|(?<=n)k+")
DOUBLED: Final = re.compile(r"([a-z])(?=\1)")


class _Syllables(dict[int, str]):
    """What becomes of each character of a text with Hangul; learns a syllable when it first meets it."""

    def __missing__(self, code: int) -> str:
        parts = hangul.take_apart(chr(code))
        self[code] = INITIALS[parts[0]] + VOWELS[parts[1]] + CODAS[parts[2]] if parts else chr(code)
        return self[code]


_SYLLABLES: Final = _Syllables(LATIN_SOUNDS)


def folded(text: str) -> str:
    """The key of a text in Hangul or Latin letters; "" for one that has none but other letters.

    >>> folded("좋은 날"), folded("Joheun Nal"), folded("Choeun nal")
    ('cOnAl', 'cOnAl', 'cOnAl')
    """
    return fold_letters(clean.letters(clean.tidy(text)))


def fold_letters(letters: str) -> str:
    """The same for a text of which works.names.clean.letters has left letters and digits only."""
    sounds = GROUPS.sub(_group, letters)
    if letters.isascii():
        sounds = sounds.translate(LATIN_SOUNDS)
    elif hangul.has_hangul(letters):
        sounds = SPOKEN_ON.sub(_speak_on, sounds.translate(_SYLLABLES))
    else:
        return ""
    if sounds[:1] == "l":
        sounds = _begin_without_r(letters, sounds)
    if not letters.isascii():
        sounds = sounds.translate(AS_SPOKEN)
    return DOUBLED.sub("", LOST.sub("", sounds[:1] + sounds[1:].replace("h", "")))


def _group(found: re.Match[str]) -> str:
    return GROUP[found[0]]


def _speak_on(found: re.Match[str]) -> str:
    return "s" if found[0] == "S" else "c"


def _begin_without_r(letters: str, sounds: str) -> str:
    """The initial sound law for both scripts: no r before i and y, n for it before other vowels."""
    parts = hangul.take_apart(letters[0])
    soft = parts[1] in BEGINS_WITHOUT_R if parts else letters[1:].lstrip("rhl")[:1] in {"e", "i", "y"}
    return sounds[1:].lstrip("l") if soft else "n" + sounds[1:].lstrip("l")
