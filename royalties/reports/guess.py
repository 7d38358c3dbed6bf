"""What the columns of an unknown table probably mean, from what they are called and from what stands in them.

A guess is sure or it is asked. Sure ones are proposed; for the others people must say it themselves, because a wrong one
would move money: which of several amounts is the society's, whether 分成 is a share or an amount.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from royalties.reports.base import header_key
from royalties.reports.lines import DAY
from royalties.reports.mapped import HEAD_LINES, SEVERAL
from royalties.reports.styles import (
    BLANK,
    DASHES,
    FULL_WIDTH,
    FULL_WIDTH_TABLE,
    GROUPED,
    GROUPS,
    IN_PARENTHESES,
    NUMBER_STYLES,
    PARENTHESES,
    SIGNED,
    SIGNS,
    as_plain,
    month_in,
)  # fmt: skip
from royalties.reports.synonyms import ASKED, MEANS, ORDINARY, SECOND, SEEN
from works.durations import read_duration
from works.identifiers import parse_ipi_name, parse_isrc, parse_iswc

NEARLY_ALL: Final = 0.9  # of the filled cells
EVERY_STYLE: Final = frozenset(NUMBER_STYLES)
WHOLE: Final = re.compile(r"-?\d{1,15}(\.0+)?", re.ASCII)
NUMBER: Final = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)
LATEST: Final = "2099-12-01"
MONEY: Final = frozenset({"money"})
NUMERIC: Final = frozenset({"uses", "money", "gross", "fee", "tax"})
ENOUGH_KNOWN: Final = 2  # headers that make a line the header

CANONICAL_OF: Final = {
    header_key(header): canonical
    for table in (ORDINARY, SEEN)
    for canonical, headers in table.items()
    for header in headers
}
ASKED_KEYS: Final = frozenset(map(header_key, ASKED))
SHARE_OR_AMOUNT: Final = frozenset(map(header_key, ("分成", "정산금", "정산")))
SECOND_KEYS: Final = frozenset(map(header_key, SECOND))


@dataclass(frozen=True)
class Guess:
    """What a column means, "" for nothing. `is_asked`: not proposed; `may_be` then says what speaks for what."""

    meaning: str
    is_asked: bool = False
    may_be: tuple[str, ...] = ()


NOTHING: Final = Guess("")


def guess_header_line(rows: Sequence[Sequence[str]]) -> int:
    """Which of the first rows is the header: the one with most headers that are known, else the first of the widest."""
    head = list(rows[:HEAD_LINES])
    known = [sum(header_key(cell) in CANONICAL_OF for cell in row) for row in head]
    if max(known, default=0) >= ENOUGH_KNOWN:
        return known.index(max(known)) + 1
    filled = [len({cell.strip() for cell in row if cell.strip()}) for row in head]
    return filled.index(max(filled)) + 1 if head else 1


def is_table(rows: Sequence[Sequence[str]]) -> bool:
    """Whether there is anything to map: two rows with more than one filled cell."""
    return sum(sum(bool(cell.strip()) for cell in row) > 1 for row in rows) > 1


def guess_columns(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Guess]:
    """A guess for each column; `rows` are those below the header that are as wide as it."""
    columns = [[row[at].strip() for row in rows if row[at].strip()] for at in range(len(headers))]
    keys = [header_key(header) for header in headers]
    guesses = [_guess_column(key, cells) for key, cells in zip(keys, columns, strict=True)]
    guesses = _leave_second(keys, guesses)
    guesses = _ask_of_several(guesses)
    return _ask_of_numbers(guesses, columns)


def _guess_column(key: str, cells: Sequence[str]) -> Guess:
    looks = _looks_like(cells)
    if key not in CANONICAL_OF:
        return Guess(looks) if looks in {"isrc", "iswc", "period"} else NOTHING
    meaning = MEANS[CANONICAL_OF[key]]
    if key in ASKED_KEYS:
        alone = (meaning or "money",)
        return Guess("", is_asked=True, may_be=(*alone, "share") if key in SHARE_OR_AMOUNT else alone)
    fits = not cells or not meaning or _fits(meaning, cells)
    return Guess(meaning) if fits else Guess("", is_asked=True, may_be=(meaning,))


def _leave_second(keys: Sequence[str], guesses: list[Guess]) -> list[Guess]:
    firsts = {guess.meaning for key, guess in zip(keys, guesses, strict=True) if key not in SECOND_KEYS}
    seconds = [guess.meaning for key, guess in zip(keys, guesses, strict=True) if key in SECOND_KEYS]
    found = []
    for key, guess in zip(keys, guesses, strict=True):
        if key not in SECOND_KEYS or not guess.meaning:
            found.append(guess)
        elif guess.meaning in firsts:
            found.append(NOTHING)
        else:  # 서비스명 may be the platform, or what kind of service it is
            asked = guess.meaning == "platform" or seconds.count(guess.meaning) > 1
            found.append(Guess("", is_asked=True, may_be=(guess.meaning,)) if asked else guess)
    return found


def _ask_of_several(guesses: list[Guess]) -> list[Guess]:
    """A meaning that only one column can have, and several seem to: which one it is, is asked."""
    meanings = [guess.may_be[0] if guess.is_asked else guess.meaning for guess in guesses]
    several = {meaning for meaning in meanings if meaning and meaning not in SEVERAL and meanings.count(meaning) > 1}
    return [
        Guess("", is_asked=True, may_be=(guess.meaning,)) if guess.meaning in several else guess for guess in guesses
    ]


def _ask_of_numbers(guesses: list[Guess], columns: Sequence[Sequence[str]]) -> list[Guess]:
    """Where no header speaks of money or of uses, any column of numbers may be them."""
    said = {guess.meaning for guess in guesses} | {may for guess in guesses for may in guess.may_be}
    wanted = {meaning for meaning in ("money", "uses") if meaning not in said}
    if not wanted:
        return guesses
    return [
        Guess("", is_asked=True, may_be=tuple(meaning for meaning in ("money", "uses") if meaning in wanted))
        if guess == NOTHING and cells and _most(cells, _is_number)
        else guess
        for guess, cells in zip(guesses, columns, strict=True)
    ]


# ── what stands in a column ─────────────────────────────────────────────────────────────────────────────────────────────


def _looks_like(cells: Sequence[str]) -> str:
    if not cells:
        return ""
    for meaning in ("isrc", "iswc", "period"):
        if _fits(meaning, cells):
            return meaning
    return ""


def _fits(meaning: str, cells: Sequence[str]) -> bool:
    look = LOOKS.get(meaning)
    return look is None or _most(cells, look)


def _most(cells: Sequence[str], look: Callable[[str], bool]) -> bool:
    return sum(map(look, cells)) >= NEARLY_ALL * len(cells)


def _is_month(text: str) -> bool:
    return bool(month_in(text, LATEST) or DAY.match(text))


def _is_number(text: str) -> bool:
    return bool(NUMBER.fullmatch(as_plain(text, EVERY_STYLE)))


def _is_count(text: str) -> bool:
    return bool(WHOLE.fullmatch(as_plain(text, EVERY_STYLE)))


LOOKS: Final[dict[str, Callable[[str], bool]]] = {
    "period": _is_month,
    "isrc": lambda text: parse_isrc(text).well_formed,
    "iswc": lambda text: parse_iswc(text).well_formed,
    "party_ipi": lambda text: parse_ipi_name(text).well_formed,
    "uses": _is_count,
    "money": _is_number,
    "gross": _is_number,
    "fee": _is_number,
    "tax": _is_number,
    "title": lambda text: not _is_number(text),
    "artist": lambda text: not _is_number(text),
    "duration": lambda text: read_duration(text) is not None or text.startswith("PT"),
}


def guess_styles(cells: Sequence[str]) -> list[str]:
    """How the numbers of these cells are written beyond the strict rule; less than nothing is never guessed from a minus."""
    signs: dict[str, Callable[[str], bool]] = {
        GROUPED: lambda text: bool(GROUPS.fullmatch(as_plain(text, EVERY_STYLE - {GROUPED}))),
        SIGNS: lambda text: bool(SIGNED.fullmatch(text)),
        PARENTHESES: lambda text: bool(IN_PARENTHESES.fullmatch(text)) and _is_number(text),
        BLANK: lambda text: text in DASHES,
        FULL_WIDTH: lambda text: text != text.translate(FULL_WIDTH_TABLE) and _is_number(text),
    }
    return [style for style, looks in signs.items() if any(map(looks, cells))]
