"""The rules of a case as tables: who may do what in which state, and what an ending does to the disputed part.

Plain Python. The society checks papers for form only and never judges (CISAC's recommendation on counterclaims, steps 5
and 6): staff record how the parties ended it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import lcm
from typing import Final


class State(StrEnum):
    """The values of models.Case.State."""

    FILED = "filed"
    PAPERS_MISSING = "papers_missing"
    DISPUTED = "disputed"
    CLOSED = "closed"


class Kind(StrEnum):
    """The values of models.Case.Kind."""

    SHARE = "share"
    UNMATCHED = "unmatched"


class Outcome(StrEnum):
    """The values of models.Case.Outcome."""

    AGREEMENT = "agreement"
    WITHDRAWAL = "withdrawal"
    SILENCE = "silence"
    COURT = "court"


class Seat(StrEnum):
    """From where somebody looks at a case."""

    CLAIMANT = "claimant"
    HOLDER = "holder"
    CONCERNED = "concerned"
    STAFF = "staff"
    AUDITOR = "auditor"


class Action(StrEnum):
    MESSAGE = "message"
    ADD_PAPER = "add_paper"
    RETURN_PAPERS = "return_papers"
    ACCEPT_PAPERS = "accept_papers"
    CLOSE = "close"
    WITHDRAW = "withdraw"


class Check(StrEnum):
    """What is asked of papers: their form, never their weight."""

    DATES = "dates"
    TERRITORY = "territory"
    WORKS = "works"
    SIGNATURES = "signatures"


S, A, PARTIES = State, Action, (Seat.CLAIMANT, Seat.HOLDER, Seat.CONCERNED)


def _stay(state: State, *seats: Seat) -> dict[Seat, State]:
    return dict.fromkeys(seats, state)


# (state, action) → who may do it, and the state it leads to. What is not in the table cannot be done.
STEPS: Final[Mapping[tuple[State, Action], Mapping[Seat, State]]] = {
    (S.FILED, A.MESSAGE): _stay(S.FILED, *PARTIES, Seat.STAFF),
    (S.FILED, A.ADD_PAPER): _stay(S.FILED, *PARTIES, Seat.STAFF),
    (S.FILED, A.RETURN_PAPERS): {Seat.STAFF: S.PAPERS_MISSING},
    (S.FILED, A.ACCEPT_PAPERS): {Seat.STAFF: S.DISPUTED},
    (S.FILED, A.CLOSE): {Seat.STAFF: S.CLOSED},  # as a withdrawal only: see ENDINGS
    (S.FILED, A.WITHDRAW): {Seat.CLAIMANT: S.CLOSED},
    (S.PAPERS_MISSING, A.MESSAGE): _stay(S.PAPERS_MISSING, *PARTIES, Seat.STAFF),
    # the claimant's paper (or one that staff file for it) puts the case back before staff; anybody else's does not
    (S.PAPERS_MISSING, A.ADD_PAPER): {
        Seat.CLAIMANT: S.FILED,
        Seat.STAFF: S.FILED,
        **_stay(S.PAPERS_MISSING, Seat.HOLDER, Seat.CONCERNED),
    },
    (S.PAPERS_MISSING, A.CLOSE): {Seat.STAFF: S.CLOSED},
    (S.PAPERS_MISSING, A.WITHDRAW): {Seat.CLAIMANT: S.CLOSED},
    (S.DISPUTED, A.MESSAGE): _stay(S.DISPUTED, *PARTIES, Seat.STAFF),
    (S.DISPUTED, A.ADD_PAPER): _stay(S.DISPUTED, *PARTIES, Seat.STAFF),
    (S.DISPUTED, A.CLOSE): {Seat.STAFF: S.CLOSED},
    (S.DISPUTED, A.WITHDRAW): {Seat.CLAIMANT: S.CLOSED},
}

# How staff may record an end. Before the papers are complete nothing is disputed, so only a withdrawal can end it.
ENDINGS: Final[Mapping[State, tuple[Outcome, ...]]] = {
    S.FILED: (Outcome.WITHDRAWAL,),
    S.PAPERS_MISSING: (Outcome.WITHDRAWAL,),
    S.DISPUTED: (Outcome.AGREEMENT, Outcome.COURT, Outcome.SILENCE, Outcome.WITHDRAWAL),
    S.CLOSED: (),
}

# Whose turn it is, for the line "who must act now".
TURN: Final[Mapping[State, tuple[Seat, ...]]] = {
    S.FILED: (Seat.STAFF,),
    S.PAPERS_MISSING: (Seat.CLAIMANT,),
    S.DISPUTED: (Seat.CLAIMANT, Seat.HOLDER),
    S.CLOSED: (),
}


def next_state(state: State, action: Action, seats: Collection[Seat]) -> State | None:
    """Where the action leads for somebody in these seats; None if it cannot be done, now or by them."""
    steps = STEPS.get((state, action), {})
    reached = [steps[seat] for seat in Seat if seat in seats and seat in steps]
    return reached[0] if reached else None


def may_ever(action: Action, seats: Collection[Seat]) -> bool:
    """Whether somebody in these seats may do it in any state at all: tells "not yours" from "not now"."""
    return any(step == action and set(who) & set(seats) for (_, step), who in STEPS.items())


def actions(state: State, seats: Collection[Seat]) -> list[Action]:
    """What somebody in these seats can do now, in the order of the page."""
    return [action for action in Action if next_state(state, action, seats) is not None]


def sees_money(kind: Kind, seats: Collection[Seat]) -> bool:
    """Held money of a share is the claimant's and the holder's business; that of an unmatched song staff's only."""
    if set(seats) & {Seat.STAFF, Seat.AUDITOR}:
        return True
    return kind == Kind.SHARE and bool(set(seats) & {Seat.CLAIMANT, Seat.HOLDER})


class Wrong(StrEnum):
    """Why a filing or an ending cannot stand. services.py says each to people."""

    MORE_THAN_SHARE = "more_than_share"
    MORE_THAN_LEFT = "more_than_left"
    BEFORE_SHARE = "before_share"
    MID_MONTH = "mid_month"
    TOO_FINE = "too_fine"
    OUTCOME_NOT_NOW = "outcome_not_now"
    WITHDRAWN_AND_GRANTED = "withdrawn_and_granted"
    PART_WITHOUT_AGREEMENT = "part_without_agreement"
    PART_OUT_OF_RANGE = "part_out_of_range"
    PART_OF_A_SONG = "part_of_a_song"


# The largest common denominator of a share and what is disputed of it. Registered percentages need 10**8 and twelfths 12;
# what is left after several cases must still fit the database's integers.
FINEST: Final = 10**12


def check_filing(
    *,
    share: Fraction,
    share_from: dt.date,
    disputed: Fraction,
    from_date: dt.date,
    open_parts: Iterable[Fraction],
) -> Wrong | None:
    """Whether a part of a share can be disputed: within the share, within what other open cases left, not before it began.

    Services report by the month, so a claim begins with one: then hold, share and money change on the same day.
    """
    if not 0 < disputed <= share:
        return Wrong.MORE_THAN_SHARE
    taken = list(open_parts)
    if disputed + sum(taken, Fraction(0)) > share:
        return Wrong.MORE_THAN_LEFT
    if too_fine(share, disputed, *taken):
        return Wrong.TOO_FINE
    if from_date < share_from:
        return Wrong.BEFORE_SHARE
    return Wrong.MID_MONTH if from_date.day != 1 else None


def too_fine(*parts: Fraction) -> bool:
    """Whether what these parts leave of each other could not be written down, in whatever order they are taken."""
    return lcm(*(part.denominator for part in parts)) > FINEST


def check_ending(
    *,
    kind: Kind,
    state: State,
    outcome: Outcome,
    granted: bool,
    disputed: Fraction,
    part: Fraction | None,
) -> Wrong | None:
    """Whether a case can end so. Only an agreement may grant another part than the one disputed, never a larger one.

    A song is given to a work as a whole.
    """
    if outcome not in ENDINGS[state]:
        return Wrong.OUTCOME_NOT_NOW
    if outcome == Outcome.WITHDRAWAL and granted:
        return Wrong.WITHDRAWN_AND_GRANTED
    if part is None:
        return None
    if kind == Kind.UNMATCHED:
        return Wrong.PART_OF_A_SONG
    if outcome != Outcome.AGREEMENT or not granted:
        return Wrong.PART_WITHOUT_AGREEMENT
    if not 0 < part <= disputed:
        return Wrong.PART_OUT_OF_RANGE
    return None


@dataclass(frozen=True)
class Settlement:
    """What an ending does: parts of the work for the register, parts of the held money (they sum to 1) for the release."""

    to_claimant: Fraction
    to_holder: Fraction
    held_to_claimant: Fraction
    held_to_holder: Fraction


def settle(*, share: Fraction, disputed: Fraction, granted: Fraction) -> Settlement:
    """Divide a share and the money held on its disputed part. `granted` (of the work) is 0 when nothing goes over.

    >>> settle(share=Fraction(3, 12), disputed=Fraction(1, 12), granted=Fraction(1, 24))
    Settlement(to_claimant=Fraction(1, 24), to_holder=Fraction(5, 24), held_to_claimant=Fraction(1, 2), held_to_holder=Fraction(1, 2))
    """
    moved = granted / disputed
    return Settlement(granted, share - granted, moved, 1 - moved)
