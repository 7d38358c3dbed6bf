"""A worker killed with -9 at five stages, and a Redis that stops, leave the same rows as an untouched import."""

from __future__ import annotations

import datetime as dt
import hashlib
from functools import partial
from pathlib import Path

from django.db import connection
from django.utils import timezone

from portal.demo import statements
from portal.files.services import store_upload
from portal.jobs.models import Chunk, Job
from royalties import ingest
from royalties.models import Report, Source
from tests.chaos.processes import RedisOfTest, start_worker, wait_for
from tests.conftest import Database

State = dict[str, tuple[int, str]]
MONTH = dt.date(2026, 9, 1)
LINES = 60_000

# What an import leaves, without the numbers the database gives out in the order of arrival.
FINAL_STATE = {
    "lines": """
        SELECT l.line_no, s.key, l.service, l.usage_month, l.uses, l.amount_micros
        FROM royalties_usageline l JOIN royalties_reportedrecording s ON s.id = l.recording_id ORDER BY l.line_no""",
    "rejected": 'SELECT line_no, raw, "column", value, reason, amount_micros FROM royalties_rejectedline ORDER BY line_no',
    "songs": "SELECT key, title, artists, isrc FROM royalties_reportedrecording ORDER BY key",
    "matches": """
        SELECT s.key, m.outcome, m.method, m.probability_permille FROM royalties_match m
        JOIN royalties_reportedrecording s ON s.id = m.recording_id ORDER BY s.key, m.id""",
    "summed": """
        SELECT s.key, u.service, u.usage_month, u.lines, u.uses, u.amount_micros FROM royalties_songusage u
        JOIN royalties_reportedrecording s ON s.id = u.recording_id ORDER BY 1, 2, 3""",
    "report": "SELECT state, lines, accepted, rejected, songs, accepted_micros, rejected_micros FROM royalties_report",
}


def final_state() -> State:
    """Number of rows and a hash of them, in order, for every table an import writes."""
    found = {}
    with connection.cursor() as cursor:
        for name, query in FINAL_STATE.items():
            cursor.execute(query)
            rows = cursor.fetchall()
            found[name] = (len(rows), hashlib.sha256(repr(rows).encode()).hexdigest())
    return found


def receive(folder: Path) -> Report:
    path = statements.write_csv(MONTH, LINES, folder)
    with path.open("rb") as stream:
        stored = store_upload(stream=stream, label=path.name, user=None)
    report, new = ingest.receive_report(source=Source.objects.get(code="tme"), stored=stored, period=MONTH, user=None)
    assert new
    return report


def job_of(report: Report) -> Job:
    report.refresh_from_db()
    assert report.job is not None
    return Job.objects.get(pk=report.job.pk)


def test_it_leaves_the_same_rows_after_five_kills_and_a_stopped_redis(
    untouched_state: State, fresh_database: Database, tmp_path: Path
) -> None:
    """Kills are triggered by progress seen in the database, each at another stage or point of the parsing."""
    redis = RedisOfTest(tmp_path)
    environment = {
        "REDIS_URL": redis.url,
        "DATABASE_URL": fresh_database.url,
        "JOB_LEASE_SECONDS": "3",
        "JOB_SWEEP_SECONDS": "1",
    }
    redis.start()
    worker = start_worker(environment, tmp_path / "worker.log")
    stages_killed: list[str] = []
    try:
        report = receive(tmp_path)
        job = job_of(report)

        def claimed(stage: str, *, done: int = 0) -> bool:
            """A chunk of the stage is in somebody's hands, and at least `done` of its chunks are finished."""
            chunks = Chunk.objects.filter(job=job, stage=stage)
            return (
                chunks.filter(state=Chunk.State.DONE).count() >= done
                and chunks.filter(state=Chunk.State.TODO, lease_until__gt=timezone.now()).exists()
            )

        for stage, done in [("plan", 0), ("parse", 1), ("parse", 2), ("match", 0), ("finish", 0)]:
            wait_for(partial(claimed, stage, done=done), f"{stage} under way, {done} done")
            worker.kill()
            stages_killed.append(stage)
            if stage == "parse" and done == 1:
                redis.stop()  # the worker that comes next finds no broker; what it has to do stands in the database
                wait_for(lambda: not redis.answers(), "Redis is gone")
                redis.start()
            worker = start_worker(environment, tmp_path / "worker.log")
        wait_for(lambda: job_of(report).state == Job.State.DONE, "the import is done")
    finally:
        worker.kill()
        redis.stop()
    attempts = sum(Chunk.objects.filter(job=job).values_list("attempt", flat=True))
    print(f"kills at {stages_killed}; chunks {Chunk.objects.filter(job=job).count()}, attempts {attempts}")
    assert attempts >= Chunk.objects.filter(job=job).count() + len(
        stages_killed
    )  # every kill cost an attempt: it hit work
    assert final_state() == untouched_state


def test_it_finishes_while_redis_is_stopped(untouched_state: State, fresh_database: Database, tmp_path: Path) -> None:
    """Redis dies while lines are being read and stays away: what was begun is finished, for the rows are the queue."""
    redis = RedisOfTest(tmp_path)
    environment = {
        "REDIS_URL": redis.url,
        "DATABASE_URL": fresh_database.url,
        "JOB_LEASE_SECONDS": "3",
        "JOB_SWEEP_SECONDS": "1",
    }
    redis.start()
    worker = start_worker(environment, tmp_path / "worker.log")
    try:
        report = receive(tmp_path)
        job = job_of(report)
        wait_for(
            lambda: Chunk.objects.filter(job=job, stage="parse", state=Chunk.State.DONE).exists(),
            "lines are being read",
        )
        redis.stop()
        wait_for(
            lambda: job_of(report).state == Job.State.DONE,
            "the import is done without Redis",
        )
    finally:
        worker.kill()
        redis.stop()
    assert final_state() == untouched_state


def test_it_waits_for_redis_that_is_absent_at_upload(
    untouched_state: State, fresh_database: Database, tmp_path: Path
) -> None:
    """The upload succeeds without a broker; the sweep rings when it is back."""
    redis = RedisOfTest(tmp_path)
    report = receive(tmp_path)
    assert job_of(report).state == Job.State.WAITING
    redis.start()
    environment = {
        "REDIS_URL": redis.url,
        "DATABASE_URL": fresh_database.url,
        "JOB_SWEEP_SECONDS": "1",
    }
    worker = start_worker(environment, tmp_path / "worker.log")
    try:
        wait_for(lambda: job_of(report).state == Job.State.DONE, "the sweep found the job")
    finally:
        worker.kill()
        redis.stop()
    assert final_state() == untouched_state
