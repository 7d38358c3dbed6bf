"""Which letters of a reported title or name agree with the registered ones: what a reviewer's eye would look for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

from works.names import clean, han, hangul
from works.names.alike import alike
from works.names.performers import parse_performers
from works.names.titles import parse_title

Mark = Literal["same", "sound", "differs"]
SAME: Final = frozenset({"same", "simplified"})
SOUND: Final = frozenset({"reading", "romanised", "loan"})
SURE: Final = 0.8  # a loan word below it only resembles
SHORTEST: Final = 2  # Latin letters in a row that mean anything; a syllable or a character means something alone


@dataclass(frozen=True)
class Run:
    """A piece of the text: the same letters on both sides, the same sound in other letters, or different ones.

    Signs and blanks belong to the piece they stand in.
    """

    text: str
    mark: Mark


def mark_title(text: str, registered: Sequence[str]) -> tuple[Run, ...]:
    """The pieces of a title, in order and together the whole text, compared with all of the other side's titles.

    >>> [(run.text, run.mark) for run in mark_title("전야 (前夜)", ["전야"])]
    [('전야 (', 'same'), ('前夜)', 'sound')]
    """
    return _mark(text, _title_parts(text), [part for title in registered for part in _title_parts(title)])


def mark_names(text: str, registered: Sequence[str]) -> tuple[Run, ...]:
    """The same for performers."""
    return _mark(text, _name_parts(text), [part for name in registered for part in _name_parts(name)])


def _title_parts(text: str) -> list[str]:
    title = parse_title(text)
    return [text, title.main, *title.aliases]


def _name_parts(text: str) -> list[str]:
    names = [name for performer in parse_performers(text) for name in (performer.name, *performer.aliases)]
    return [text, *names]


def _mark(text: str, parts: Iterable[str], others: Sequence[str]) -> tuple[Run, ...]:
    marks: list[Mark] = ["differs"] * len(text)
    for part in parts:
        start = text.find(part)
        if start < 0:  # written otherwise than it is compared: full-width letters, decomposed Hangul
            continue
        sounds = any(found.why in SOUND and found.score >= SURE for found in (alike(part, other) for other in others))
        for at, mark in enumerate(_letter_marks(part, others), start=start):
            if marks[at] != "same" and (mark == "same" or sounds):
                marks[at] = mark if mark == "same" else "sound"
    return tuple(_runs(text, marks))


def _letter_marks(part: str, others: Sequence[str]) -> list[Mark]:
    """Letter by letter, against the one of the others that has most letters in common with it."""
    mine = [_folded(letter) for letter in part]
    letters = [(place, letter) for place, letter in enumerate(mine) if letter]
    best: set[int] = set()
    for other in others:
        theirs = [letter for letter in map(_folded, other) if letter]
        matcher = SequenceMatcher(None, [letter for _place, letter in letters], theirs, autojunk=False)
        agreeing = {
            letters[at][0]
            for block in matcher.get_matching_blocks()
            for at in range(block.a, block.a + block.size)
            if block.size >= SHORTEST or _means_something(letters[at][1]) or len(letters) == len(theirs) == 1
        }
        if len(agreeing) > len(best):
            best = agreeing
    return ["same" if place in best else "differs" for place in range(len(part))]


def _folded(letter: str) -> str:
    """A letter as it is compared; "" for a sign or a blank."""
    written = clean.letters(clean.tidy(letter))
    return han.simplified_key(written) if han.has_han(written) else written


def _means_something(letter: str) -> bool:
    return han.has_han(letter) or hangul.has_hangul(letter) or letter.isdigit()


def _runs(text: str, marks: Sequence[Mark]) -> Iterator[Run]:
    """Pieces of one mark; what is no letter takes the mark of what stands before it."""
    piece, mark = "", None
    for letter, its in zip(text, marks, strict=True):
        now = its if _folded(letter) or mark is None else mark
        if mark is not None and now != mark:
            yield Run(piece, mark)
            piece = ""
        piece, mark = piece + letter, now
    if mark is not None:
        yield Run(piece, mark)
