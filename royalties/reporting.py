"""Which month a source owes a report of, when it is due, and what a month of it has come to. Plain: days and months, no rows.

A day is a day in Seoul. A month is its first day. A rule holds from its month on until the next rule of the same source and family.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    DAYS_AFTER = "days_after"  # due so many days after the month's end
    DAY_OF_NEXT = "day_of_next"  # due on this day of the following month, or on its last day where it is shorter
    ENDED = "ended"  # nothing is owed any more


class Arrived(StrEnum):
    """What a file that came in is today."""

    STOPPED = "stopped"
    HELD = "held"
    UNDER_WAY = "under_way"
    RECEIVED = "received"  # read, and its money counts
    REFUSED = "refused"
    ASIDE = "aside"  # withdrawn, replaced or set aside: it counts for nothing


class State(StrEnum):
    """What a month has come to: of a file that counts the most urgent, else what is owed."""

    STOPPED = "stopped"
    HELD = "held"
    UNDER_WAY = "under_way"
    RECEIVED = "received"
    MISSING = "missing"
    LATE = "late"
    NOT_YET = "not_yet"
    NOT_EXPECTED = "not_expected"


COUNTING: Final = (Arrived.STOPPED, Arrived.HELD, Arrived.UNDER_WAY, Arrived.RECEIVED)  # the most urgent first
OWED: Final = (State.MISSING, State.LATE)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`number`: of days, or the day of the month. After `missing_after` further days nobody calls it late any more."""

    from_month: dt.date
    kind: Kind
    number: int = 0
    missing_after: int = 0


@dataclass(frozen=True, kw_only=True)
class Arrival:
    ref: str
    what: Arrived
    on: dt.date


@dataclass(frozen=True, kw_only=True)
class Cell:
    """`days_late`: of the first file that counts, or of the month that waits for one; 0 in time."""

    state: State
    due: dt.date | None
    days_late: int
    arrivals: tuple[Arrival, ...]


def month_after(month: dt.date, months: int = 1) -> dt.date:
    at = month.year * 12 + month.month - 1 + months
    return dt.date(at // 12, at % 12 + 1, 1)


def rule_of(rules: Sequence[Rule], month: dt.date) -> Rule | None:
    """The rule in force for a month, or nothing where none has begun or the last one ends it."""
    begun = [rule for rule in rules if rule.from_month <= month]
    latest = max(begun, key=lambda rule: rule.from_month, default=None)
    return None if latest is None or latest.kind == Kind.ENDED else latest


def due_day(rule: Rule, month: dt.date) -> dt.date:
    """The last day on which the report of a month is in time.

    >>> due_day(Rule(from_month=dt.date(2026, 1, 1), kind=Kind.DAYS_AFTER, number=45), dt.date(2026, 9, 1))
    datetime.date(2026, 11, 14)
    >>> due_day(Rule(from_month=dt.date(2026, 1, 1), kind=Kind.DAY_OF_NEXT, number=31), dt.date(2027, 1, 1))
    datetime.date(2027, 2, 28)
    """
    following = month_after(month)
    if rule.kind == Kind.DAYS_AFTER:
        return following + dt.timedelta(days=rule.number - 1)
    last = calendar.monthrange(following.year, following.month)[1]
    return following.replace(day=min(rule.number, last))


def judge(month: dt.date, rule: Rule | None, arrivals: Sequence[Arrival], today: dt.date) -> Cell:
    """What a month of a source has come to today."""
    due = None if rule is None else due_day(rule, month)
    counting = [arrival for arrival in arrivals if arrival.what in COUNTING]
    if counting:
        urgent = min(counting, key=lambda arrival: COUNTING.index(arrival.what))
        first = min(arrival.on for arrival in counting)
        return _cell(State(urgent.what.value), due, first, arrivals)
    if rule is None or due is None:
        return _cell(State.NOT_EXPECTED, None, today, arrivals)
    if today <= due:
        return _cell(State.NOT_YET, due, today, arrivals)
    late = (today - due).days <= rule.missing_after
    return _cell(State.LATE if late else State.MISSING, due, today, arrivals)


def _cell(state: State, due: dt.date | None, day: dt.date, arrivals: Sequence[Arrival]) -> Cell:
    days_late = 0 if due is None else max((day - due).days, 0)
    return Cell(state=state, due=due, days_late=days_late, arrivals=tuple(sorted(arrivals, key=lambda one: one.on)))
