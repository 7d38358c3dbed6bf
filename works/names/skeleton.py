"""The consonants of a text, by which an English word and its Hangul find each other: 러브레터 and Love Letter are lplt.

Vowels say little there (ㅓ is o, u, e or a) and ㅡ stands for none. Like a folded key it finds, and decides nothing.
"""

from __future__ import annotations

import re
from typing import Final

from works.names import clean, hangul

SHORTEST: Final = 3  # consonants of a skeleton that is worth looking for
# ㅅ ㅈ ㅊ and s z j ch sh are one: boys is 보이즈, sunshine 선샤인; a coda ㅅ is a t (굿)
INITIALS: Final = dict(
    zip(
        hangul.INITIALS,
        ("k", "k", "n", "t", "t", "l", "m", "p", "p", "s", "s", "", "s", "s", "s", "k", "t", "p", ""),
        strict=True,
    )
)
CODAS: Final = {
    **dict.fromkeys("ㄱㄲㄳㄺㅋ", "k"),
    **dict.fromkeys("ㄴㄵㄶㅇ", "n"),
    **dict.fromkeys("ㄹㄼㄽㄾㅀ", "l"),
    **dict.fromkeys("ㅁㄻ", "m"),
    **dict.fromkeys("ㅂㅄㄿㅍ", "p"),
    **dict.fromkeys("ㄷㅅㅆㅈㅊㅌ", "t"),
    **dict.fromkeys(("", "ㅎ"), ""),
}
VOWELS: Final = "aeiouwyh"
# each begins with a letter, so that the engine skips all others quickly
GROUPS: Final = re.compile(
    "sch|sh|ght|g(?<=[aeiou]g)h|ck|ch|c(?=[eiy])|tch|th|ti(?=on)|tu(?=r)|ph|x|mb$|kn|w(?<![aeiouwyh]w)r|r(?![aeiou]|y(?![aeou]))"
)
GROUP: Final = {
    "sch": "sk", "ght": "t", "gh": "", "ck": "k", "ch": "s", "tch": "s", "sh": "s", "th": "t", "ph": "p", "ti": "s", "tu": "s",
    "c": "s", "x": "ks", "mb": "m", "kn": "n", "wr": "l", "r": "",
}  # fmt: skip
CONSONANTS: Final = str.maketrans("gcqdbvfrjz", "kkktppplss", VOWELS)
LOST: Final = re.compile(r"([a-z])(?=\1)|(?<=n)k")  # one of two equal letters, and what sounds in n already


class _Syllables(dict[int, str | int | None]):
    """What becomes of each character; learns a syllable when it first meets it."""

    def __missing__(self, code: int) -> str | int | None:
        parts = hangul.take_apart(chr(code))
        self[code] = INITIALS[parts[0]] + CODAS[parts[2]] if parts else chr(code)
        return self[code]


_SYLLABLES: Final = _Syllables(CONSONANTS)


def skeleton(text: str) -> str:
    """The consonants of a text in Latin letters or Hangul, digits left as they are.

    >>> skeleton("러브레터"), skeleton("Love Letter"), skeleton("굿나잇"), skeleton("Good Night")
    ('lplt', 'lplt', 'ktnt', 'ktnt')
    """
    return strip(clean.letters(clean.tidy(text)))


def strip(letters: str) -> str:
    """The same for a text of which works.names.clean.letters has left letters and digits only."""
    sounds = GROUPS.sub(_group, letters).translate(CONSONANTS if letters.isascii() else _SYLLABLES)
    return LOST.sub("", sounds)


def _group(found: re.Match[str]) -> str:
    return GROUP[found[0]]
