"""How a reported title or artist agrees with a registered one: the best of all pairs of their parts, and how it was found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from works.matching.keys import keys_of_name
from works.names import clean, pinyin
from works.names.alike import alike
from works.names.hangul import has_hangul
from works.names.performers import parse_performers
from works.names.remembered import OBJECTS, remembered
from works.names.script import has_latin
from works.names.titles import parse_title

EXACT: Final = frozenset({"same", "simplified"})
SAME_NAME: Final = 0.5  # from here on two names may be one artist's
WITHIN: Final = 0.3  # a name that only holds the other may be another artist's
SHORTEST_WITHIN, SHORTEST_LATIN_WITHIN = 2, 4  # letters of a name that another holds
SHORTEST_RUN: Final = 2  # letters of a name in one script beside another
SHORT_LATIN: Final = 2  # letters of a Latin title that are as short as one syllable


class Agreement(NamedTuple):
    """Two texts, the parts of them that agree best, how much (0 to 1) and why (works.names.alike, or "contained").

    whole: both parts are all that their texts name.
    """

    score: float = 0.0
    why: str = "none"
    reported: str = ""
    registered: str = ""
    part: str = ""
    whole: bool = False

    @property
    def exact(self) -> bool:
        return self.why in EXACT

    def as_json(self) -> dict[str, str]:
        return {"reported": self.reported, "registered": self.registered, "part": self.part, "why": self._said}

    @property
    def _said(self) -> str:
        return "bracket" if self.exact and not self.whole else self.why


NO_AGREEMENT: Final = Agreement()


class Part(NamedTuple):
    """A name a text holds, its letters, and whether it is all that the text names."""

    text: str
    letters: str
    whole: bool


@remembered(OBJECTS)
def title_parts(text: str) -> tuple[Part, ...]:
    """The names of a title, the whole one first; remarks on version and guests are no part of them."""
    title = parse_title(text)
    if title.main == title.untagged and not title.aliases and not _runs(title.main):
        return (Part(title.main, clean.letters(title.main) or title.whole, True),)
    names = dict.fromkeys((title.untagged, title.main, *title.aliases))
    for name in list(names):
        names.update(dict.fromkeys(_runs(name)))
    mixed = bool(title.aliases)
    parts = [Part(name, clean.letters(name), not mixed and name == title.untagged) for name in names]
    if mixed and len(parts) > 1:  # the untagged form is all of its names in a row: that says nothing more than they do
        parts = parts[1:] if parts[0].text != title.main else parts
    return tuple(part for part in parts if part.letters) or (Part(title.whole, title.whole, True),)


RUN: Final = re.compile(r"[\u1100-\uffdc][^A-Za-z]*|[A-Za-z][\x00-\x7f\u00c0-\u024f]*")


def _runs(name: str) -> list[str]:
    """The two names of "回家的路 The Long Way Home", where a blank stands between two scripts and each says enough."""
    if name.isascii() or " " not in name or not has_latin(name):
        return []
    runs = [run.strip() for run in RUN.findall(name)]
    if len(runs) != 2 or any(len(clean.letters(run)) < SHORTEST_RUN for run in runs) or f"{runs[0]} {runs[1]}" != name:
        return []
    return runs


@remembered(OBJECTS)
def name_parts(text: str) -> tuple[Part, ...]:
    """The names of artists; whole where one artist is named."""
    performers = parse_performers(text)
    names = dict.fromkeys(name for each in performers for name in (each.name, *each.aliases))
    alone = len(performers) == 1
    return tuple(Part(name, clean.letters(name) or name, alone) for name in names)


def compare_titles(reported: str, registered: Iterable[str]) -> Agreement:
    """The best agreement of a title with any title of a work."""
    return _best(reported, title_parts(reported), [(text, title_parts(text)) for text in registered])


def compare_names(reported: str, registered: Iterable[str]) -> Agreement:
    """The best agreement of the artists of a song with any name of a performer or writer."""
    return _best(reported, name_parts(reported), [(text, name_parts(text)) for text in registered])


def shared_name(reported: str, key: str, registered: str) -> Agreement:
    """The agreement of a song's artists with the name of a party they share this key with."""
    part = next((each.text for each in keys_of_name(reported) if each.key == key), reported)
    found = alike(part, registered)
    whole = len(name_parts(reported)) == 1 or part == clean.tidy(reported)
    return Agreement(found.score, found.why, reported, registered, part, whole)


def compare_within(reported: str, registered: Iterable[str]) -> Agreement:
    """Whether a name of the song's artists begins or ends with a registered one, Han in pinyin, or the other way round."""
    for text in registered:
        for here in name_parts(reported):
            for there in name_parts(text):
                if _begins_or_ends(pinyin.spell(here.letters), pinyin.spell(there.letters)):
                    return Agreement(WITHIN, "contained", reported, text, here.text)
    return NO_AGREEMENT


def _begins_or_ends(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    if len(short) == len(long) or len(short) < (SHORTEST_LATIN_WITHIN if short.isascii() else SHORTEST_WITHIN):
        return False
    return long.startswith(short) or long.endswith(short)


def may_be_one_name(reported: str, registered: str) -> bool:
    """Whether a name may be the other one in other letters: not where both or neither are Latin, or where they sound alike but little.

    Names in Han and in Hangul that are one share a key for their reading.
    """
    if has_hangul(reported) and has_hangul(registered):
        return False
    if not has_latin(reported) and not has_latin(registered):
        return False
    return alike(reported, registered).score >= SAME_NAME


def _best(reported: str, parts: Sequence[Part], registered: Sequence[tuple[str, Sequence[Part]]]) -> Agreement:
    """The best agreement of any two parts, of equals the first; first of those with the same letters, which no other can beat."""
    best = NO_AGREEMENT
    for text, its in registered:
        for here in parts:
            for there in its:
                if here.letters == there.letters and not (best.exact and not (here.whole and there.whole)):
                    best = _agreement(1.0, "same", here, there, reported, text)
                    if best.whole:
                        return best
    for text, its in registered:
        for here in parts:
            for there in its:
                whole = here.whole and there.whole
                if best.score == 1 and not whole:
                    continue
                score, why = alike(here.text, there.text)
                if why in {"none", "spelling", "loan"} and is_contained(here.letters, there.letters):
                    why = "contained"
                if score > best.score or (score == best.score and whole and not best.whole):
                    best = _agreement(score, why, here, there, reported, text)
    return best


def _agreement(score: float, why: str, here: Part, there: Part, reported: str, registered: str) -> Agreement:
    part = here.text if not here.whole else there.text
    return Agreement(score, why, reported, registered, part, here.whole and there.whole)


def is_contained(one: str, other: str) -> bool:
    """Whether all of one name stands within the other, which has more."""
    if len(one) < len(other):
        return len(one) > 1 and one in other
    return len(other) > 1 and other in one and one != other


def is_short(text: str) -> bool:
    """Whether a title is so short that many songs are called so: one syllable or character, or two Latin letters."""
    return are_few(clean.letters(clean.tidy(text)))


def are_few(letters: str) -> bool:
    """The same for the letters of a title."""
    return len(letters) <= (SHORT_LATIN if letters.isascii() else 1)


def best_of(agreements: Sequence[Agreement]) -> Agreement:
    if len(agreements) == 1:
        return agreements[0]
    return max(agreements, key=lambda each: (each.score, each.whole), default=NO_AGREEMENT)
