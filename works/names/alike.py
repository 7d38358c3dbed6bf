"""How alike two single titles or names are, in whatever scripts they stand, and why.

The parts come apart before (works.names.titles, works.names.performers); here one part meets one part.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from rapidfuzz.distance import Levenshtein

from works.names import clean, han, hangul, hanja, loans, roman


class Alike(NamedTuple):
    """score: 0 (nothing in common) to 1 (the same text).

    why: same (but for case, accents and signs) · simplified (Traditional and Simplified) · reading (Han read in Hangul) ·
    romanised (Hangul in Latin letters) · loan (a foreign word in Hangul) · spelling (a few letters differ) · none.
    """

    score: float
    why: str


NONE: Final = Alike(0.0, "none")
SHORTEST: Final = 4  # letters; below it one letter more or less makes another word


def alike(one: str, other: str) -> Alike:
    """Compare two parts; symmetric, and alike(x, x) is 1.

    >>> alike("이지은", "Lee Ji-eun")
    Alike(score=0.95, why='romanised')
    """
    return _compare(one, other) if one <= other else _compare(other, one)


@lru_cache(maxsize=200_000)
def _compare(one: str, other: str) -> Alike:
    if one == other:
        return Alike(1.0, "same")
    a, b = clean.letters(clean.tidy(one)), clean.letters(clean.tidy(other))
    if not a or not b:
        return NONE
    if a == b:
        return Alike(1.0, "same")
    if han.has_han(a) and han.has_han(b) and han.simplified_key(a) == han.simplified_key(b):
        return Alike(0.99, "simplified")
    if set(_in_hangul(a)) & set(_in_hangul(b)):
        return Alike(0.97, "reading")
    for here, there, latin_text in ((a, b, other), (b, a, one)):
        if there.isascii() and not here.isascii():
            if any(roman.is_romanised(reading, latin_text) for reading in _in_hangul(here)):
                return Alike(0.95 if hangul.has_hangul(here) else 0.93, "romanised")
            if hangul.has_hangul(here):
                cost = loans.loan_cost(latin_text, here)
                return Alike(round(0.93 * (1 - cost), 3), "loan") if cost < 1 else NONE
            return NONE
    if min(len(a), len(b)) >= SHORTEST:
        return Alike(round(0.95 * Levenshtein.normalized_similarity(a, b), 3), "spelling")
    return NONE


def _in_hangul(letters: str) -> tuple[str, ...]:
    if han.has_han(letters):
        return hanja.readings(letters)
    return (letters,) if hangul.has_hangul(letters) else ()
