"""How fast a job is and how long it still takes: a table and properties of the rule, and the rule on rows, by the database's clock."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from hypothesis import given, strategies as st

from portal.jobs.models import Chunk, Job
from portal.jobs.pace import LATEST, pace_of
from portal.lib.pace import UNKNOWN, Pace, pace

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
PATIENCE = 120  # seconds


def after(seconds: float) -> dt.datetime:
    return NOON + dt.timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("left", "done", "now", "found"),
    [
        (1000, [], 30, UNKNOWN),  # nothing is done: nobody can know
        (1000, [(100, 10)], 10, Pace(per_second=10, seconds_left=100)),
        (1000, [(100, 10)], 25, Pace(per_second=10, seconds_left=85)),
        (1000, [(100, 5), (100, 10)], 10, Pace(per_second=20, seconds_left=50)),  # two workers
        (1001, [(100, 10)], 10, Pace(per_second=10, seconds_left=101)),  # never too little
        (1000, [(100, 10)], 131, Pace(per_second=10, seconds_left=None)),  # silent for longer than patience
        (100, [(100, 10)], 21, Pace(per_second=10, seconds_left=None)),  # it should be done, and is not
        (0, [(100, 10)], 10, UNKNOWN),
        (1000, [(100, 0)], 10, UNKNOWN),  # in no time at all
        (10, [(1, 100)], 100, Pace(per_second=1, seconds_left=1000)),
    ],
)
def test_what_is_said_of_a_stage(left: int, done: list[tuple[int, float]], now: float, found: Pace) -> None:
    chunks = [(units, after(seconds)) for units, seconds in done]
    assert pace(left=left, done=chunks, began_at=NOON, at=after(now), patience_seconds=PATIENCE) == found


@given(
    units=st.integers(1, 100_000),
    each=st.integers(1, 60),
    chunks=st.integers(1, 20),
    left=st.integers(1, 10**8),
)
def test_an_even_pace_is_told_exactly(units: int, each: int, chunks: int, left: int) -> None:
    done = [(units, after(each * (number + 1))) for number in range(chunks)]
    found = pace(left=left, done=done, began_at=NOON, at=done[-1][1], patience_seconds=PATIENCE)
    assert found.seconds_left == -(-left * each // units)
    assert found.per_second == max(round(units / each), 1)


def seconds_ago(seconds: float) -> dt.datetime:
    """By the clock of the database, which stands still in a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now() - %s * interval '1 second'", [seconds])
        found: dt.datetime = cursor.fetchone()[0]
    return found


def a_job(*, total: int, chunks: list[tuple[str, int, float | None]], state: str = "running") -> Job:
    """`chunks`: stage, units, and how many seconds ago each was done."""
    done = sum(units for stage, units, ago in chunks if stage == "parse" and ago is not None)
    job = Job.objects.create(
        kind="royalties.tasks.import_report",
        subject_id=1,
        stage="parse",
        state=state,
        units_total=total,
        units_done=done,
    )
    for number, (stage, units, ago) in enumerate(chunks):
        at = None if ago is None else seconds_ago(ago)
        Chunk.objects.create(
            job=job, stage=stage, ordinal=number, units=units, state="todo" if at is None else "done", done_at=at
        )
    return job


@pytest.mark.django_db
def test_a_stage_begins_when_the_one_before_ended() -> None:
    job = a_job(total=1000, chunks=[("plan", 1, 20), ("parse", 100, 15), ("parse", 100, 10), ("parse", 800, None)])
    assert pace_of(job, patience_seconds=PATIENCE) == Pace(per_second=20, seconds_left=30)


@pytest.mark.django_db
def test_only_the_latest_chunks_count_so_that_an_old_pause_is_forgotten() -> None:
    slow = [("parse", 100, 900.0), ("parse", 100, 50.0)]
    quick = [("parse", 100, float(LATEST - number)) for number in range(LATEST)]
    job = a_job(total=100_000, chunks=[("plan", 1, 950), *slow, *quick])
    found = pace_of(job, patience_seconds=PATIENCE)
    assert found.per_second == round(100 * LATEST / 49)  # from the last slow one on


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["waiting", "stopped", "done"])
def test_what_does_not_run_has_no_pace(state: str) -> None:
    assert pace_of(a_job(total=1000, chunks=[("parse", 100, 10)], state=state), patience_seconds=PATIENCE) == UNKNOWN


@pytest.mark.django_db
def test_a_stage_just_begun_has_no_pace() -> None:
    assert (
        pace_of(a_job(total=1000, chunks=[("plan", 1, 2), ("parse", 1000, None)]), patience_seconds=PATIENCE) == UNKNOWN
    )
