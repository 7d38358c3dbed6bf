"""Exact fractions of a work: which shares stand, who collects them, and how one amount divides over them.

A share is ownership; who collects it is another question, asked per party, right, territory and day. Only what our
society collects is paid. All fractions are exact (`Fraction`), because the society's rules are in twelfths; days are
half-open: a share stands from its `from_date` and no longer on its `until_date`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Final

WORLD: Final = 2136  # TIS code; a share or an affiliation in the world stands in every territory
NOTHING: Final = Fraction(0)
WHOLE: Final = Fraction(1)
# CWR designations of writers → the part of their shares that is for the music. Composer and author have equal parts in the
# society's tables, so whoever is both has half for each. An adaptor changed the one or the other, the register does not say
# which: all of it counts as words, which are kept and not paid.
MUSIC_OF_ROLES: Final = {
    "C": WHOLE, "AR": WHOLE, "SR": WHOLE, "CA": Fraction(1, 2),
    "A": NOTHING, "SA": NOTHING, "TR": NOTHING, "AD": NOTHING,
}  # fmt: skip


class Basis(StrEnum):
    """What the money of a line is for, as declared for its source."""

    WHOLE = "WHOLE"  # all of the work
    CLAIMED = "CLAIMED"  # already cut down to our claim


class CollectorKind(StrEnum):
    OURS = "ours"
    OTHER_SOCIETY = "other_society"
    NON_MEMBER = "non_member"
    PUBLIC_DOMAIN = "public_domain"
    UNKNOWN = "unknown"


class CellState(StrEnum):
    PAYABLE = "payable"
    HELD = "held"
    SUSPENSE = "suspense"
    NOT_OURS = "not_ours"


class SharesExceedWhole(ValueError):
    """The shares of a work add up to more than the whole: the register is wrong, and dividing by it would pay too much."""


@dataclass(frozen=True)
class ShareFact:
    """A share as the register holds it; `until_date` None means it still stands."""

    share_id: int
    party_id: int
    right: str
    territory: int
    fraction: Fraction
    from_date: dt.date
    until_date: dt.date | None
    role: str
    follows: int | None = None  # the writer's share that a publisher's share comes from

    def stands_on(self, day: dt.date) -> bool:
        return self.from_date <= day and (self.until_date is None or day < self.until_date)


@dataclass(frozen=True)
class AffiliationFact:
    """Who collects for a party. kind: society, non_member or public_domain; right "" means every right."""

    party_id: int
    kind: str
    society: str
    right: str
    territory: int
    from_date: dt.date
    until_date: dt.date | None

    def stands_on(self, day: dt.date) -> bool:
        return self.from_date <= day and (self.until_date is None or day < self.until_date)


@dataclass(frozen=True)
class Collector:
    """Who collects a share; `society` is its code, "" when no society does."""

    kind: CollectorKind
    society: str = ""


@dataclass(frozen=True)
class Excess:
    """A right, a territory and the first day on which its shares exceed the whole."""

    right: str
    territory: int
    day: dt.date
    total: Fraction


@dataclass(frozen=True)
class Cell:
    """One part of the money of a work.

    fraction: of the amount divided; the cells of a work sum to 1. of_work: of the work, which is the same in basis WHOLE and
    smaller in CLAIMED, where the amount is for our claim only. share_id None: what nobody registered, or (words) what is
    kept because only the music of the work was used.
    """

    share_id: int | None
    party_id: int | None
    kind: CollectorKind
    society: str
    fraction: Fraction
    of_work: Fraction
    state: CellState
    hold_id: int | None = None
    words: bool = False


@dataclass(frozen=True)
class HoldFact:
    """A disputed fraction of the work: of one share, or (share_id None) of the whole song."""

    hold_id: int
    share_id: int | None
    fraction: Fraction


def in_force(shares: Iterable[ShareFact], right: str, territory: int, day: dt.date) -> list[ShareFact]:
    """The shares that stand for a right on a day in a territory: those named for it and those in the world, by share id."""
    standing = (
        share
        for share in shares
        if share.right == right and share.territory in {territory, WORLD} and share.stands_on(day)
    )
    return sorted(standing, key=lambda share: share.share_id)


def total(shares: Iterable[ShareFact]) -> Fraction:
    """The exact sum of shares."""
    return sum((share.fraction for share in shares), NOTHING)


def find_excess(shares: Sequence[ShareFact]) -> Excess | None:
    """The first right, territory and day on which the shares of one work exceed the whole, or None.

    The sum can rise only on a day on which a share begins, and only the territories that shares name differ from the
    rest of the world, so those are all there is to look at. The database checks the same by itself; this is the
    friendly check in front of it.
    """
    for right in sorted({share.right for share in shares}):
        named = [share for share in shares if share.right == right]
        for territory in sorted({share.territory for share in named}):
            for day in sorted({share.from_date for share in named}):
                found = total(in_force(named, right, territory, day))
                if found > WHOLE:
                    return Excess(right, territory, day, found)
    return None


def collector(
    party_id: int,
    right: str,
    territory: int,
    day: dt.date,
    affiliations: Iterable[AffiliationFact],
    ours: str,
) -> Collector:
    """Who collects for a party. The narrower row wins: a named right over every right, then a territory over the world.

    `ours` is the code of our society. A party without a row in force is unknown, which is not a non-member.
    """
    standing = [
        row
        for row in affiliations
        if row.party_id == party_id
        and row.right in {right, ""}
        and row.territory in {territory, WORLD}
        and row.stands_on(day)
    ]
    if not standing:
        return Collector(CollectorKind.UNKNOWN)
    row = max(
        standing,
        key=lambda row: (
            row.right != "",
            row.territory != WORLD,
            row.from_date,
            row.kind,
            row.society,
        ),
    )
    if row.kind != "society":
        return Collector(CollectorKind(row.kind))
    return Collector(CollectorKind.OURS if row.society == ours else CollectorKind.OTHER_SOCIETY, row.society)


def divide_work(
    shares: Iterable[ShareFact],
    affiliations: Sequence[AffiliationFact],
    *,
    right: str,
    territory: int,
    day: dt.date,
    basis: Basis,
    ours: str,
) -> list[Cell]:
    """Divide one amount over the shares of one work; the fractions of the cells sum to exactly 1.

    WHOLE: what we collect is payable, what others or nobody collects is not ours, and what has no known collector or
    no owner at all (the remainder, last) is suspense. CLAIMED: the shares we collect are the whole, in proportion, and
    the rest is left out; if none is ours, one cell of suspense. Order: by share id. Raises SharesExceedWhole.
    Rule: "The money model" in the architecture, whose example is 6/12 ours beside 6/12 of another society.
    """
    standing = in_force(shares, right, territory, day)
    registered = total(standing)
    if registered > WHOLE:
        raise SharesExceedWhole(f"{registered} of {right} in {territory} on {day}")
    cells = [
        _whole_cell(share, collector(share.party_id, right, territory, day, affiliations, ours)) for share in standing
    ]
    if basis is Basis.WHOLE:
        return cells if registered == WHOLE else [*cells, _nobody(WHOLE - registered)]
    payable = [cell for cell in cells if cell.state is CellState.PAYABLE]
    claim = sum((cell.of_work for cell in payable), NOTHING)
    return [replace(cell, fraction=cell.of_work / claim) for cell in payable] or [_nobody(WHOLE)]


def music_parts(shares: Iterable[ShareFact], right: str, territory: int, day: dt.date) -> dict[int, Fraction]:
    """Share id → the part of the share that is for the music, 0 to 1, for the shares that stand.

    A writer's by his role. A publisher's as his writer's; where the register does not say whose, as all writers' shares
    that stand divide together, and nothing where none stands, or none holds anything.
    """
    known = {share.share_id: share for share in shares}
    standing = in_force(known.values(), right, territory, day)
    writers = [share for share in standing if share.role in MUSIC_OF_ROLES]
    music = sum((share.fraction * MUSIC_OF_ROLES[share.role] for share in writers), NOTHING)
    held = total(writers)
    of_all = music / held if held else NOTHING
    parts = {}
    for share in standing:
        writer = share if share.role in MUSIC_OF_ROLES else known.get(share.follows or 0, share)
        parts[share.share_id] = MUSIC_OF_ROLES.get(writer.role, of_all)
    return parts


def keep_words(cells: Iterable[Cell], music: Mapping[int, Fraction]) -> list[Cell]:
    """The cells of a work of which only the music was used: a version with other words. The sum of the fractions stays.

    Each share keeps its part for the music (music_parts). What is for the words belongs to whoever wrote the other words,
    and nobody has registered those: it is one more cell in suspense, behind the others, whoever collects the shares it
    comes from. What nobody registered of the work stays as it is. In CLAIMED, too, the words keep the part that our claim
    gives them, for the claim was for words and music.
    """
    kept = [(cell, WHOLE if cell.share_id is None else music.get(cell.share_id, NOTHING)) for cell in cells]
    parts = [replace(cell, fraction=cell.fraction * part, of_work=cell.of_work * part) for cell, part in kept if part]
    words = sum((cell.fraction * (WHOLE - part) for cell, part in kept), NOTHING)
    of_work = sum((cell.of_work * (WHOLE - part) for cell, part in kept), NOTHING)
    return [*parts, replace(_nobody(words), of_work=of_work, words=True)] if words else parts


def side_parts(
    shares: Iterable[ShareFact], right: str, territory: int, day: dt.date
) -> dict[int, tuple[Fraction, Fraction]]:
    """Share id → the part of the share that is for the words, and the part that is for the music, for the shares that stand.

    By music_parts(), whose two parts make the share. But where no writer is registered at all nobody knows what anybody's
    share is for: then each counts whole on both sides, so that they divide the one as they divide the other.
    """
    facts = list(shares)
    writers = [share for share in in_force(facts, right, territory, day) if share.role in MUSIC_OF_ROLES]
    music = music_parts(facts, right, territory, day)
    if not total(writers):
        return dict.fromkeys(music, (WHOLE, WHOLE))
    return {share: (WHOLE - part, part) for share, part in music.items()}


def pay_side(cells: Iterable[Cell], parts: Mapping[int, Fraction]) -> list[Cell]:
    """The cells of one side of a work, its words or its music, which has money of its own; their fractions sum to exactly 1.

    Each share weighs with its part for this side. What nobody registered may be for either, so it weighs whole on both: nobody
    is paid more than his part. Where no share is for this side its money is in suspense. `of_work` stays, so that a hold takes
    of each side the same part of a disputed share.
    """
    weighed = [
        (cell, cell.fraction * (WHOLE if cell.share_id is None else parts.get(cell.share_id, NOTHING)))
        for cell in cells
    ]
    whole = sum((weight for _cell, weight in weighed), NOTHING)
    return [replace(cell, fraction=weight / whole) for cell, weight in weighed if weight] or [_nobody(WHOLE)]


def unknown_words() -> list[Cell]:
    """The cells of the words of a song that is the music of a work with other words: whose they are nobody has registered."""
    return [replace(_nobody(WHOLE), words=True)]


def apply_holds(cells: Iterable[Cell], holds: Iterable[HoldFact]) -> list[Cell]:
    """Split off what is disputed; the sum of the fractions stays what it was.

    A hold on a share takes its fraction of the work from that share's payable part; a hold on the whole song takes
    that fraction of every payable and every suspense cell, for it does not say whose. Holds act in the order of their
    ids on what the earlier ones left and never take more. In CLAIMED the held part grows with the cell. A held part
    stands behind what is left of its cell.
    """
    in_order = sorted(holds, key=lambda hold: hold.hold_id)
    return [part for cell in cells for part in _split_cell(cell, in_order)]


def _split_cell(cell: Cell, holds: Sequence[HoldFact]) -> list[Cell]:
    if cell.state not in {CellState.PAYABLE, CellState.SUSPENSE} or not cell.of_work:
        return [cell]
    left = cell.of_work
    held: list[Cell] = []
    for hold in holds:
        if hold.share_id is None:
            wanted = hold.fraction * cell.of_work
        elif cell.state is CellState.PAYABLE and hold.share_id == cell.share_id:
            wanted = hold.fraction
        else:
            continue
        taken = max(NOTHING, min(wanted, left))
        if taken:
            held.append(_part(cell, taken, state=CellState.HELD, hold_id=hold.hold_id))
            left -= taken
    if not held:
        return [cell]
    return [_part(cell, left, state=cell.state, hold_id=None), *held] if left else held


def _part(cell: Cell, of_work: Fraction, *, state: CellState, hold_id: int | None) -> Cell:
    fraction = cell.fraction * of_work / cell.of_work
    return replace(cell, fraction=fraction, of_work=of_work, state=state, hold_id=hold_id)


def _whole_cell(share: ShareFact, found: Collector) -> Cell:
    if found.kind is CollectorKind.OURS:
        state = CellState.PAYABLE
    elif found.kind is CollectorKind.UNKNOWN:
        state = CellState.SUSPENSE
    else:
        state = CellState.NOT_OURS
    return Cell(share.share_id, share.party_id, found.kind, found.society, share.fraction, share.fraction, state)


def _nobody(fraction: Fraction) -> Cell:
    return Cell(None, None, CollectorKind.UNKNOWN, "", fraction, fraction, CellState.SUSPENSE)
