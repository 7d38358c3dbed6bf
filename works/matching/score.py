"""How well a title and a performer agree, in levels and not in decimals: an exact key is all this matcher compares.

A level says what had to be done to the two texts until they were equal. The probability follows from the two levels;
it orders candidates for people and will be calibrated on their decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from works.matching.base import SongQuery
from works.matching.candidates import Hit, Met
from works.matching.keys import keys_of_name, keys_of_title
from works.names.clean import tidy
from works.names.keys import Key


class Level(IntEnum):
    """NONE: no key in common. READING: equal only as read in Hangul. PART: a part of one text is the other, or a part of it.
    WHOLE: the two texts are equal but for case, signs, and Traditional or Simplified characters.
    """

    NONE = 0
    READING = 1
    PART = 2
    WHOLE = 3


@dataclass(frozen=True)
class Agreement:
    """The best key two texts share: its level, and both texts with the part that gave it."""

    level: Level
    reported: str = ""
    registered: str = ""
    part: str = ""
    why: str = ""

    def as_json(self) -> dict[str, str]:
        return {"reported": self.reported, "registered": self.registered, "part": self.part, "why": self.why}


@dataclass(frozen=True)
class Scored:
    """A candidate with its agreements. ipis: writers of the work whom the report names."""

    work_id: int
    title: Agreement
    performer: Agreement
    writer: Agreement
    performer_known: bool
    ipis: tuple[str, ...]
    permille: int


# (title, performer) to how often such a pair is the same song, in thousandths
PERMILLE: Final = {
    (Level.WHOLE, Level.WHOLE): 990,
    (Level.WHOLE, Level.PART): 970,
    (Level.WHOLE, Level.READING): 950,
    (Level.PART, Level.WHOLE): 950,
    (Level.PART, Level.PART): 900,
    (Level.PART, Level.READING): 800,
    (Level.READING, Level.WHOLE): 940,
    (Level.READING, Level.PART): 850,
    (Level.READING, Level.READING): 700,
    (Level.WHOLE, Level.NONE): 300,
    (Level.PART, Level.NONE): 200,
    (Level.READING, Level.NONE): 100,
}
WRITER_ADDS: Final = 200
IPI: Final = 980


def score(query: SongQuery, hit: Hit) -> Scored:
    """How well a candidate agrees with a song."""
    title = _best(query.title, hit.titles, keys_of_title)
    performer = _best(query.artists, hit.performers, keys_of_name)
    writer = _best(query.artists, hit.writers, keys_of_name)
    permille = PERMILLE[title.level, performer.level]
    if performer.level is Level.NONE and writer.level:
        permille += WRITER_ADDS
    if hit.ipis and title.level is not Level.READING:
        permille = max(permille, IPI)
    return Scored(hit.work_id, title, performer, writer, hit.performer_known, tuple(hit.ipis), permille)


def _best(reported: str, met: Sequence[Met], keys: Callable[[str], tuple[Key, ...]]) -> Agreement:
    """The best of the shared keys; the first of equally good ones in the order in which the title makes its keys."""
    best = Agreement(Level.NONE)
    if not met:
        return best
    asked = {key.key: key for key in keys(reported)}
    for shared, registered in met:
        here = asked[shared]
        there = next((key for key in keys(registered) if key.key == shared), here)
        if "reading" in (here.why, there.why):
            level, why = Level.READING, "reading"
        elif _is_whole(here, reported) and _is_whole(there, registered):
            level, why = Level.WHOLE, "simplified" if "simplified" in (here.why, there.why) else "same"
        else:
            level, why = Level.PART, "joined" if "joined" in (here.why, there.why) else "bracket"
        if level > best.level:
            best = Agreement(
                level, reported, registered, here.text if not _is_whole(here, reported) else there.text, why
            )
    return best


def _is_whole(key: Key, text: str) -> bool:
    return key.text == tidy(text)[: len(key.text)] and len(key.text) >= min(len(tidy(text)), 300)


def evidence_of(scored: Scored) -> dict[str, Any]:
    """The facts for and against, as data that works.matching.explain puts in words."""
    facts: dict[str, Any] = {"title": scored.title.as_json()}
    if scored.performer.level:
        facts["performer"] = scored.performer.as_json()
    elif not scored.performer_known:
        facts["performer_unknown"] = True
    else:
        facts["performer_differs"] = True
    if scored.writer.level:
        facts["writer"] = scored.writer.as_json()
    if scored.ipis:
        facts["ipis"] = list(scored.ipis)
    return facts
