"""Han characters read in Korean: a set of readings, never one, because 金 is 김 in a name and 금 elsewhere.

The table holds every reading known to Unihan and libhangul; a simplified character also has those of the traditional
ones it stands for. Measured: a dictionary's first reading finds 56 % of members of the National Assembly by their Hanja
names, any of the readings all of them.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Final

from works.names import han, hangul
from works.names.remembered import OBJECTS, remembered

MAX_READINGS: Final = 32  # of one text; a long title would otherwise have thousands


@remembered(OBJECTS)
def readings(text: str) -> tuple[str, ...]:
    """The ways a text of Han (and Hangul, Latin, digits) may be read in Hangul, likeliest first, at most MAX_READINGS.

    () when a Han character has no Korean reading. Expects the NFKC form. Deterministic: the ways are ranked by how far
    their syllables stand from the front of their lists, ties by the lists' order.

    >>> readings("李金")
    ('이김', '이금', '리김', '리금')
    """
    table = _table()
    ways: list[tuple[int, str]] = [(0, "")]
    for place, letter in enumerate(text):
        choices = table.get(letter)
        if choices is None:
            if han.has_han(letter):
                return ()
            ways = [(cost, way + letter) for cost, way in ways]
            continue
        options = choices[0] if place == 0 else choices[1]
        if len(options) == 1:
            ways = [(cost, way + options[0]) for cost, way in ways]
        else:
            ways = [(cost + rank, way + option) for cost, way in ways for rank, option in enumerate(options)]
            ways.sort(key=_cost)
            del ways[MAX_READINGS:]
    return tuple(dict.fromkeys(way for _, way in ways))


def syllables(character: str) -> tuple[str, ...]:
    """All readings of one Han character, as in the middle of a word first; () when there is none."""
    choices = _table().get(character)
    return choices[1] if choices else ()


def _cost(way: tuple[int, str]) -> int:
    return way[0]


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Character to its readings at the beginning of a text and elsewhere, each likeliest first."""
    lines = (resources.files("works.names") / "hanja_readings.tsv").read_text(encoding="utf-8").splitlines()
    listed = {character: tuple(found.split(" ")) for character, found in (line.split("\t") for line in lines[1:])}
    simplified = {
        character: tuple(reading for form in (*forms, character) for reading in listed.get(form, ()))
        for character, forms in han.traditional_forms().items()
    }
    table = {}
    for character, found in {**listed, **simplified}.items():
        if found:
            every = tuple(dict.fromkeys((*found, *map(hangul.at_beginning, found))))
            table[character] = (_beginning(every), _elsewhere(every))
    table["金"] = (("김", "금"), ("김", "금"))  # the commonest surname of the register's people comes first
    return table


def _beginning(every: tuple[str, ...]) -> tuple[str, ...]:
    """Readings that obey the initial sound law before those that break it."""
    return tuple(sorted(every, key=lambda reading: hangul.at_beginning(reading) != reading))


def _elsewhere(every: tuple[str, ...]) -> tuple[str, ...]:
    """Readings of their own before those that only the initial sound law makes."""
    made = {hangul.at_beginning(reading) for reading in every if hangul.at_beginning(reading) != reading}
    return tuple(sorted(every, key=lambda reading: reading in made))
