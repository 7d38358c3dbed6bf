"""Han names in Latin letters as the Chinese write them: 周杰伦 is Zhou Jielun, and 李知恩 Li Zhien on a Chinese service."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import Final

from works.names import clean, han, hanja, latin
from works.names.remembered import OBJECTS, STRINGS, remembered

MAX_KEYS: Final = 8  # of one name; a character with several readings multiplies them
MAX_SYLLABLES: Final = 6
SIGNS: Final = re.compile(r"[\W_]+")
UMLAUT: Final = re.compile("(?<=[ln])(?:v|yu)")  # lü is typed lv and, in passports, lyu


@remembered(OBJECTS)
def pinyin_keys(text: str) -> tuple[str, ...]:
    """The name in pinyin, without blanks and tones: of Han each of its readings, of Latin letters what they are.

    () for a Latin text that is no pinyin of two syllables or more, and for a Han text with other letters in it.

    >>> pinyin_keys("周杰倫"), pinyin_keys("Zhōu Jié-lún"), pinyin_keys("Jay Chou")
    (('zhoujielun',), ('zhoujielun', 'jielunzhou'), ())
    """
    tidied = clean.tidy(text)
    if han.has_han(tidied):
        return readings(clean.letters(tidied))
    return tuple(dict.fromkeys(spelt for spelt in orders(latin.fold(tidied)) if _syllables().fullmatch(spelt)))


@remembered(STRINGS)
def spell(letters: str) -> str:
    """Letters with each Han character in its commonest pinyin.

    >>> spell("三zstudio")
    'sanzstudio'
    """
    if not han.has_han(letters):
        return letters
    readings = _readings()
    return "".join(readings.get(letter, (letter,))[0] for letter in han.simplified_key(letters))


def is_spelt_so(letters: str, orders: Sequence[str]) -> bool:
    """Whether one of the `orders` of a Latin name is the pinyin of `letters` in Han."""
    ways = readings(letters)
    return any(spelt in ways and _syllables().fullmatch(spelt) for spelt in orders)


def is_read_so(syllables: str, orders: Sequence[str]) -> bool:
    """Whether a name in Hangul and one in pinyin may be of the same Han characters: 공현우 and Kong Xuanyou (孔炫佑).

    Each syllable must be a Korean and a Chinese reading of one character.
    """
    if not 0 < len(syllables) <= MAX_SYLLABLES:
        return False
    shared = _shared_readings()
    opening = shared.get(syllables[0], ())
    for spelt in [each for each in orders if each.startswith(opening)]:
        reached = {0}
        for syllable in syllables:
            reached = {
                at + len(reading)
                for reading in shared.get(syllable, ())
                for at in reached
                if spelt.startswith(reading, at)
            }
            if not reached:
                break
        if len(spelt) in reached and _syllables().fullmatch(spelt):
            return True
    return False


def orders(folded: str) -> tuple[str, ...]:
    """The letters of a Latin name without case and accents: as written, and with the last part first; () where it has others too."""
    words = folded.split()
    if not folded.replace(" ", "").isalpha():
        words = [word for word in (SIGNS.sub("", word) for word in words) if word]
    plain = "".join(words)
    if not (plain.isascii() and plain.isalpha()):
        return ()
    found = (plain,) if len(words) == 1 else (plain, "".join((words[-1], *words[:-1])))
    return tuple(UMLAUT.sub("u", spelt) for spelt in found) if "v" in plain or "y" in plain else found


@remembered(OBJECTS)
def readings(letters: str) -> tuple[str, ...]:
    """The ways to read Han in pinyin; () for a text with others in it, and for no letters at all."""
    ways = [""] if letters else []
    table = _readings()
    for letter in han.simplified_key(letters):
        options = table.get(letter)
        if options is None:
            return ()
        ways = [way + option for way in ways for option in options][:MAX_KEYS]
    return tuple(dict.fromkeys(ways))


@lru_cache(maxsize=1)
def _table() -> list[tuple[str, str, str]]:
    lines = (resources.files("works.names") / "pinyin.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")][1:]
    return [(syllable, first, other) for syllable, first, other in rows]


@lru_cache(maxsize=1)
def _readings() -> dict[str, tuple[str, ...]]:
    """Simplified character to its syllables, commonest first."""
    found: dict[str, tuple[str, ...]] = {}
    for syllable, first, _ in _table():
        for letter in first:
            found[letter] = (syllable,)
    for syllable, _, other in _table():
        for letter in other:
            found[letter] = (*found.get(letter, ()), syllable)
    return found


@lru_cache(maxsize=1)
def _syllables() -> re.Pattern[str]:
    usual = [
        syllable for syllable, first, _ in _table() if (first and len(syllable) > 1) or syllable in {"a", "e", "o"}
    ]
    return re.compile(f"(?:{'|'.join(sorted(usual, key=len, reverse=True))}){{2,{MAX_SYLLABLES}}}")


@lru_cache(maxsize=1)
def _shared_readings() -> dict[str, tuple[str, ...]]:
    """A syllable of Hangul to the Chinese readings of the characters that are read so in Korean."""
    found: dict[str, set[str]] = defaultdict(set)
    for letter, readings in _readings().items():
        for syllable in hanja.syllables(letter):
            found[syllable].add(readings[0])
    return {syllable: tuple(sorted(readings)) for syllable, readings in found.items()}
