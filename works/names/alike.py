"""How alike two single titles or names are, in whatever scripts they stand, and why.

The parts of a title come apart before (works.names.titles, works.names.performers); here one part meets one part. The
first way of comparing that the two scripts allow and that agrees says the score; a score is no probability, it orders.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from rapidfuzz.distance import Levenshtein

from works.names import clean, han, hangul, hanja, latin, loans, pinyin, roman
from works.names.folded import folded
from works.names.script import KANA


class Alike(NamedTuple):
    """score: 0 (nothing in common) to 1 (the same text).

    why: same (but for case, accents and signs) · simplified (Traditional and Simplified) · reading (Han read in Hangul) ·
    romanised (Hangul, or Han read in Korean, in Latin letters) · pinyin (Han, or a Hangul reading of it, as the Chinese
    romanise it) · loan (a foreign word in Hangul) · order (the words of a name in another order) · spelling (some letters
    differ) · none.
    """

    score: float
    why: str


class Text(NamedTuple):
    """A part made ready: as written; its letters and digits (Simplified); its ways in Hangul; its words."""

    written: str
    letters: str
    traditional: bool
    in_hangul: frozenset[str]
    words: frozenset[str]
    is_latin: bool
    has_hangul: bool
    has_han: bool


NONE: Final = Alike(0.0, "none")
SAME: Final = Alike(1.0, "same")
SIMPLIFIED: Final = Alike(0.99, "simplified")
READING: Final = Alike(0.97, "reading")
ROMANISED: Final = (Alike(0.96, "romanised"), Alike(0.93, "romanised"))  # with usual spellings, with a rare one
ROUGHLY_ROMANISED: Final = Alike(0.8, "romanised")  # with more rare ones than may be
HANJA_ROMANISED: Final = Alike(0.92, "romanised")
PINYIN: Final = Alike(0.94, "pinyin")
BOTH_READINGS: Final = Alike(0.85, "pinyin")  # a Hangul and a Chinese reading of characters that stand nowhere
ORDER: Final = Alike(0.97, "order")
SURE_LOAN: Final = 0.95
EVEN_LOAN: Final = 0.6  # where a loan cost of 0.5 lies
NAMESAKE: Final = Alike(0.6, "loan")  # at most, for two names of people with one surname whose given names differ
SURNAMES: Final = frozenset("김이박최정강조윤장임한서신권황안송류전홍문양손배백허남심곽성차")
SPELLING: Final = 0.95  # at most
SAME_SOUND: Final = Alike(0.88, "spelling")
LONGEST: Final = 600  # characters of both; hostile texts of 60,000 would be compared for minutes
PERSON: Final = 3  # syllables, and words at most
SHORTEST: Final = 4  # letters; in a shorter text one letter more or less makes another word
DIGITS: Final = re.compile(r"\d+")
ROMAN: Final = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}


def alike(one: str, other: str) -> Alike:
    """Compare two parts; symmetric, and alike(x, x) is 1.

    >>> alike("이지은", "Lee Ji-eun")
    Alike(score=0.96, why='romanised')
    """
    if len(one) + len(other) > LONGEST:
        return SAME if one == other else NONE
    return _compare(one, other) if one <= other else _compare(other, one)


@lru_cache(maxsize=200_000)
def _compare(one: str, other: str) -> Alike:
    if one == other:
        return SAME
    a, b = _ready(one), _ready(other)
    if not a.letters or not b.letters:
        return SAME if a.written == b.written else NONE
    if a.letters == b.letters:
        return SIMPLIFIED if a.traditional != b.traditional else SAME
    if not a.in_hangul.isdisjoint(b.in_hangul):
        return READING
    if a.is_latin and b.is_latin:
        return _compare_latin(a, b)
    if a.is_latin:
        return _compare_with_latin(b, a)
    if b.is_latin:
        return _compare_with_latin(a, b)
    return _compare_spelling(a, b)


@lru_cache(maxsize=100_000)
def _ready(written: str) -> Text:
    tidied = clean.tidy(written)
    letters = clean.letters(tidied)
    if letters.isascii():
        words = [ROMAN.get(word, word) for word in re.findall("[a-z0-9]+", latin.fold(tidied).replace("'", ""))]
        is_latin = any(letter.isalpha() for letter in letters)
        # a title may begin with a numeral (IV by itself is a name), but counts with it behind a word
        plain = letters if len(words) < 2 else "".join(words)
        return Text(tidied, plain, False, frozenset(), frozenset(words), is_latin, False, False)
    has_hangul, has_han = hangul.has_hangul(letters), han.has_han(letters)
    simplified = han.simplified_key(letters) if has_han else letters
    has_kana = KANA.search(letters) is not None
    is_latin = not (has_hangul or has_han or has_kana)
    if has_kana or is_latin:
        ways: tuple[str, ...] = ()
    else:
        ways = hanja.readings(letters) if has_han else (letters,)  # Hangul is its own reading
    return Text(tidied, simplified, simplified != letters, frozenset(ways), frozenset(), is_latin, has_hangul, has_han)


def _compare_with_latin(text: Text, other: Text) -> Alike:
    """Hangul or Han with Latin letters."""
    if text.has_han:
        if not set(pinyin.pinyin_keys(text.written)).isdisjoint(pinyin.pinyin_keys(other.written)):
            return PINYIN
        return HANJA_ROMANISED if any(roman.is_romanised(way, other.written) for way in text.in_hangul) else NONE
    if not text.has_hangul:
        return NONE
    rare = roman.rare_spellings(text.letters, other.written)
    if rare is not None and roman.is_romanised(text.letters, other.written):
        return ROMANISED[min(rare, 1)]
    loan = _loan(loans.loan_cost(other.written, text.written))
    if loan.score < BOTH_READINGS.score and pinyin.is_read_so(text.written, other.written):
        return BOTH_READINGS
    if rare is not None and loan.score < ROUGHLY_ROMANISED.score:
        return ROUGHLY_ROMANISED
    return NAMESAKE if loan.score > NAMESAKE.score and _are_namesakes(text.letters, other.written) else loan


def _are_namesakes(korean: str, roman_name: str) -> bool:
    """Whether both are names of people with one surname. Then the given name must be romanised too: 김종대 is no Kim Jong-tae."""
    words = roman_name.replace("-", " ").replace(",", " ").split()
    if len(korean) != PERSON or korean[0] not in SURNAMES or not 1 < len(words) <= PERSON:
        return False
    return any(roman.is_romanised(korean[0], word) for word in (words[0], words[-1]))


def _loan(cost: float) -> Alike:
    if cost >= 1:
        return NONE
    return Alike(round(SURE_LOAN - 2 * (SURE_LOAN - EVEN_LOAN) * cost, 3), "loan")


def _compare_latin(a: Text, b: Text) -> Alike:
    if a.words == b.words and len(a.letters) == len(b.letters):
        return ORDER
    spelling = _compare_spelling(a, b)
    if spelling.score >= SAME_SOUND.score or min(len(a.letters), len(b.letters)) <= SHORTEST:
        return spelling
    alike_in_sound = folded(a.letters) == folded(b.letters) and DIGITS.findall(a.letters) == DIGITS.findall(b.letters)
    return SAME_SOUND if alike_in_sound else spelling


def _compare_spelling(a: Text, b: Text) -> Alike:
    """How few letters differ. A number that differs makes another title: Part 1 is not Part 2."""
    if DIGITS.findall(a.letters) != DIGITS.findall(b.letters):
        return NONE
    if a.has_hangul and b.has_hangul and not (a.has_han or b.has_han):
        here, there = loans.to_jamo(a.written), loans.to_jamo(b.written)
        if here == there:  # 쏘리 and 소리
            return SAME_SOUND
        if min(len(a.letters), len(b.letters)) < SHORTEST:  # 이지은 and 이지윤 are two people
            return NONE
    else:
        here, there = a.letters, b.letters
    shorter, longer = sorted((len(here), len(there)))
    if shorter < SHORTEST or 2 * shorter < longer:
        return NONE
    similarity = Levenshtein.normalized_similarity(here, there, score_cutoff=0.5)
    return Alike(round(SPELLING * similarity, 3), "spelling") if similarity else NONE
