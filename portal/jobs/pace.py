"""How fast a job is, and when its stage will be done: from the chunks that are done, and by the database's clock alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from django.db import connection

from portal.jobs.models import Job

LATEST: Final = 20  # chunks of which the pace is taken, so that a pause long ago does not count
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
    patience: dt.timedelta,
) -> Pace:
    """`done`: units of the latest chunks and when each was done, in this order; they were begun after `began_at`.

    A stage of which nothing is done has no pace, and neither has one of which nothing was heard for longer than `patience`
    or for longer than the chunks before give reason to expect: then no time is promised.

    >>> at = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
    >>> pace(left=9_000, done=[(500, at + dt.timedelta(seconds=5)), (500, at + dt.timedelta(seconds=10))], began_at=at,
    ...     at=at + dt.timedelta(seconds=20), patience=dt.timedelta(minutes=2))
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
    if silent > _seconds(patience) or expected <= 0:
        return Pace(per_second=_whole(per_second), seconds_left=None)
    return Pace(per_second=_whole(per_second), seconds_left=-(-expected.numerator // expected.denominator))


# The latest chunks of the stage under way; those before them, or the last of the stage before, say when they were begun.
CHUNKS: Final = """
    WITH latest AS (
        SELECT units, done_at, stage = %(stage)s AS counts FROM jobs_chunk
        WHERE job_id = %(job)s AND done_at IS NOT NULL AND state IN ('done', 'given_up')
        ORDER BY done_at DESC, id DESC LIMIT %(latest)s + 1)
    SELECT units, done_at, counts, now() FROM latest ORDER BY done_at, counts"""


def pace_of(job: Job, *, patience: dt.timedelta) -> Pace:
    """Of the stage under way. One query. A stage of a single chunk has none, for it is done at once."""
    left = job.units_total - job.units_done
    if job.state != Job.State.RUNNING or left <= 0:
        return UNKNOWN
    with connection.cursor() as cursor:
        cursor.execute(CHUNKS, {"job": job.pk, "stage": job.stage, "latest": LATEST})
        rows = cursor.fetchall()
    if not rows:
        return UNKNOWN
    at = rows[0][3]
    began_at, counted = rows[0][1], []  # the oldest of them says only when the next ones were begun
    for units, done_at, counts, _at in rows[1:]:
        if counts:
            counted.append((units, done_at))
        else:
            began_at, counted = done_at, []
    return pace(left=left, done=counted, began_at=began_at, at=at, patience=patience)


def _seconds(span: dt.timedelta) -> Fraction:
    return Fraction(span // dt.timedelta(microseconds=1), 1_000_000)


def _whole(number: Fraction) -> int:
    return max(round(number), 1)
