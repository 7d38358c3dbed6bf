"""How alike two single titles or names are, in whatever scripts they stand, and why.

The parts of a title come apart before (works.names.titles, works.names.performers); here one part meets one part. The
first way of comparing that the two scripts allow and that agrees says the score; a score is no probability, it orders.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, Generic, NamedTuple, TypeVar

from rapidfuzz.distance import Levenshtein

from works.names import clean, han, hangul, hanja, latin, loans, pinyin, roman, skeleton
from works.names.folded import fold_letters
from works.names.remembered import OBJECTS, remembered
from works.names.script import KANA, has_latin

Value = TypeVar("Value")


class Alike(NamedTuple):
    """score: 0 (nothing in common) to 1 (the same text).

    why: same (but for case, accents and signs) · simplified (Traditional and Simplified) · reading (Han read in Hangul) ·
    romanised (Hangul, or Han read in Korean, in Latin letters) · pinyin (Han, or a Hangul reading of it, as the Chinese
    romanise it) · loan (a foreign word in Hangul) · order (the words of a name in another order) · spelling (some letters
    differ) · none.
    """

    score: float
    why: str


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
WORD: Final = re.compile("[a-z0-9]+")
DIGITS: Final = re.compile(r"\d+")
ROMAN: Final = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
NUMERAL: Final = re.compile("(?<![a-z0-9])(?:ii|iii|iv|vi|vii|viii|ix)(?![a-z0-9])")


def alike(one: str, other: str) -> Alike:
    """Compare two parts; symmetric, and alike(x, x) is 1.

    >>> alike("이지은", "Lee Ji-eun")
    Alike(score=0.96, why='romanised')
    """
    if len(one) + len(other) > LONGEST:
        return SAME if one == other else NONE
    return _compare(one, other) if one <= other else _compare(other, one)


def is_spelt_out(one: str, other: str) -> bool:
    """Whether one of two names is the other in Latin letters, by its sounds: not only as a foreign word is said.

    >>> is_spelt_out("이지은", "Lee Ji-eun"), is_spelt_out("러브", "Love")
    (True, False)
    """
    if has_latin(one) == has_latin(other) or len(one) + len(other) > LONGEST:
        return False
    text, roman_name = _ready(one), _ready(other)
    if text.is_latin:
        text, roman_name = roman_name, text
    if not roman_name.is_latin:
        return False
    if text.has_han or not text.has_hangul:
        return alike(one, other).score > 0
    return roman.rare_spellings(text.plain, roman_name.orders) is not None or pinyin.is_read_so(
        text.plain, roman_name.pinyin_orders
    )


class Lazily(Generic[Value]):
    """An attribute worked out when it is first asked for; functools.cached_property takes a lock, which is slower than the work here."""

    def __init__(self, work_out: Callable[[Any], Value]) -> None:
        self.work_out = work_out
        self.name = work_out.__name__

    def __get__(self, one: object, owner: type[object]) -> Value:
        found = one.__dict__[self.name] = self.work_out(one)
        return found


class Text:
    """A part made ready: what it is made of, and each way of reading it, worked out when it is first asked for.

    letters: its letters and digits as they are compared: in Simplified characters, Roman numerals in digits.
    """

    def __init__(self, text: str) -> None:
        self.written = clean.tidy(text)
        self.plain = self.letters = clean.letters(self.written)
        if self.plain.isascii():
            self.has_hangul = self.has_han = self.is_traditional = False
            self.is_latin = self.plain != "" and not self.plain.isdigit()
            self.folded = latin.fold(self.written)
            # a title may begin with a numeral (IV by itself is a name), but counts with it behind a word
            if NUMERAL.search(self.folded) and len(self.words) > 1:
                self.letters = "".join(self.words)
            return
        self.has_hangul, self.has_han = hangul.has_hangul(self.plain), han.has_han(self.plain)
        self.is_latin = not (self.has_hangul or self.has_han or self.has_kana)
        self.folded = latin.fold(self.written) if self.is_latin else ""
        if self.has_han:
            self.letters = han.simplified_key(self.plain)
        self.is_traditional = self.letters != self.plain

    @Lazily
    def has_kana(self) -> bool:
        return KANA.search(self.plain) is not None

    @Lazily
    def words(self) -> list[str]:
        """Of Latin letters and digits."""
        return [ROMAN.get(word, word) for word in WORD.findall(self.folded.replace("'", ""))]

    @Lazily
    def numbers(self) -> list[str]:
        return [] if self.letters.isalpha() else DIGITS.findall(self.letters)

    @Lazily
    def in_hangul(self) -> frozenset[str]:
        """The ways to read Han in Hangul; Hangul is its own reading."""
        if self.has_kana or self.is_latin:
            return frozenset()
        return frozenset(hanja.readings(self.plain) if self.has_han else (self.plain,))

    @Lazily
    def jamo(self) -> str:
        return loans.to_jamo(self.plain)

    @Lazily
    def consonants(self) -> str:
        return skeleton.strip(self.plain)

    @Lazily
    def sound(self) -> str:
        return fold_letters(self.letters)

    @Lazily
    def in_latin(self) -> str:
        """Latin letters and digits as a foreign word is read."""
        return loans.to_letters(self.folded)

    @Lazily
    def orders(self) -> tuple[str, ...]:
        """Latin letters as a Korean name is read."""
        return roman.orders(self.folded)

    @Lazily
    def pinyin_orders(self) -> tuple[str, ...]:
        """Latin letters as a Chinese name is read."""
        return pinyin.orders(self.folded)


@lru_cache(maxsize=50_000)
def _compare(one: str, other: str) -> Alike:
    if one == other:
        return SAME
    a, b = _ready(one), _ready(other)
    if not a.letters or not b.letters:
        return SAME if a.written == b.written else NONE
    if a.letters == b.letters:
        return SIMPLIFIED if a.is_traditional != b.is_traditional else SAME
    if a.is_latin and b.is_latin:
        return _compare_latin(a, b)
    if a.is_latin:
        return _compare_with_latin(b, a)
    if b.is_latin:
        return _compare_with_latin(a, b)
    if (a.has_han or b.has_han) and not a.in_hangul.isdisjoint(b.in_hangul):
        return READING
    return _compare_spelling(a, b)


@remembered(OBJECTS)
def _ready(text: str) -> Text:
    return Text(text)


def _compare_with_latin(text: Text, other: Text) -> Alike:
    """Hangul or Han with Latin letters."""
    if text.has_han:
        if pinyin.is_spelt_so(text.plain, other.pinyin_orders):
            return PINYIN
        return HANJA_ROMANISED if any(roman.is_usual(way, other.orders) for way in text.in_hangul) else NONE
    if not text.has_hangul:
        return NONE
    rare = roman.rare_spellings(text.plain, other.orders)
    if rare is not None and rare <= roman.rare_allowed(text.plain):
        return ROMANISED[min(rare, 1)]
    loan = _loan(text, other)
    if loan.score < BOTH_READINGS.score and pinyin.is_read_so(text.plain, other.pinyin_orders):
        return BOTH_READINGS
    if rare is not None and loan.score < ROUGHLY_ROMANISED.score:
        return ROUGHLY_ROMANISED
    return NAMESAKE if loan.score > NAMESAKE.score and _are_namesakes(text.plain, other.written) else loan


def _are_namesakes(korean: str, roman_name: str) -> bool:
    """Whether both are names of people with one surname. Then the given name must be romanised too: 김종대 is no Kim Jong-tae."""
    words = roman_name.replace("-", " ").replace(",", " ").split()
    if len(korean) != PERSON or korean[0] not in SURNAMES or not 1 < len(words) <= PERSON:
        return False
    return any(roman.is_romanised(korean[0], word) for word in (words[0], words[-1]))


def _loan(text: Text, other: Text) -> Alike:
    if loans.are_far(other.consonants, text.consonants):
        return NONE
    cost = loans.cost_between(other.in_latin, text.jamo)
    if cost >= 1:
        return NONE
    return Alike(round(SURE_LOAN - 2 * (SURE_LOAN - EVEN_LOAN) * cost, 3), "loan")


def _compare_latin(a: Text, b: Text) -> Alike:
    if not (a.plain.isascii() and b.plain.isascii()):  # Cyrillic, Greek: their sounds are not known here
        return _compare_spelling(a, b)
    if len(a.letters) == len(b.letters) and set(a.words) == set(b.words):
        return ORDER
    spelling = _compare_spelling(a, b)
    if spelling.score >= SAME_SOUND.score or min(len(a.letters), len(b.letters)) <= SHORTEST:
        return spelling
    return SAME_SOUND if a.sound == b.sound and a.numbers == b.numbers else spelling


def _compare_spelling(a: Text, b: Text) -> Alike:
    """How few letters differ. A number that differs makes another title: Part 1 is not Part 2."""
    if a.numbers != b.numbers:
        return NONE
    if a.has_hangul and b.has_hangul and not (a.has_han or b.has_han):
        here, there = a.jamo, b.jamo
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
