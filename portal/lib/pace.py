"""How fast work goes on and when it will be done, from the pieces that are done and the time it is. Looks at no clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

NONE: Final = Fraction(0)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Whole units a second, and whole seconds until the stage is done. None: nobody can know yet."""

    per_second: int | None
    seconds_left: int | None


UNKNOWN: Final = Pace(per_second=None, seconds_left=None)


def pace(
    *,
    left: int,
    done: Sequence[tuple[int, dt.datetime]],
    began_at: dt.datetime,
    at: dt.datetime,
    patience_seconds: int,
) -> Pace:
    """`done`: units of the latest chunks and when each was done, in this order; they were begun after `began_at`.

    A stage of which nothing is done has no pace, and neither has one of which nothing was heard for longer than the
    patience, or for longer than the chunks before give reason to expect: then no time is promised.

    >>> at = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
    >>> pace(left=9_000, done=[(500, at + dt.timedelta(seconds=5)), (500, at + dt.timedelta(seconds=10))], began_at=at,
    ...     at=at + dt.timedelta(seconds=20), patience_seconds=120)
    Pace(per_second=100, seconds_left=80)
    """
    units = sum(chunk_units for chunk_units, _at in done)
    if not units or left <= 0:
        return UNKNOWN
    last = done[-1][1]
    took, silent = _seconds(last - began_at), _seconds(at - last)
    if took <= 0:
        return UNKNOWN
    per_second = Fraction(units) / took
    expected = left / per_second - max(silent, NONE)
    if silent > patience_seconds or expected <= 0:
        return Pace(per_second=_whole(per_second), seconds_left=None)
    return Pace(per_second=_whole(per_second), seconds_left=-(-expected.numerator // expected.denominator))


def _seconds(span: dt.timedelta) -> Fraction:
    return Fraction(span // dt.timedelta(microseconds=1), 1_000_000)


def _whole(number: Fraction) -> int:
    return max(round(number), 1)
