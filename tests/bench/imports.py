"""Garak itself: from a received file to matched lines, through Redis and two Celery workers."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import psutil
from django.conf import settings
from django.db import connection
from django.db.models import Max

from portal.files.services import store_upload
from portal.jobs.models import Chunk, Job
from royalties import ingest
from royalties.models import Report, Source
from tests.bench.databases import ROOT, Database, portal_on
from tests.bench.memory import Peaks

POLL_SECONDS: Final = 0.02  # looking at the job costs the workers some of their two cores
STOP_SECONDS: Final = 60
DEADLINE_SECONDS: Final = 900
POOL: Final = int(os.environ.get("P", "2"))
EARLIER: Final = dt.date(2026, 8, 1)  # the month of the file that warms the workers up


class Imported(NamedTuple):
    seconds: float
    deciding: float  # of these, what new songs are


class ImportFailed(RuntimeError):
    """A measured import did not end well, so there is nothing to measure."""


def import_file(
    database: Database, file: Path, warm_up: Path, peaks: dict[str, int] | None = None, *, workers: int = POOL
) -> Imported:
    """Seconds from the received file until its report is ready, by workers that have read another file before.

    With `peaks` the size of every process is watched as well, which costs time: such a run is not a measurement of it.
    """
    with portal_on(database), celery_workers(workers) as worker:
        _import(warm_up, worker, source="mcsc", period=EARLIER)  # modules, connections: a worker is seldom new
        if peaks is None:
            return _import(file, worker, source="tme")
        with Peaks(worker.pid, database.name) as watched:
            imported = _import(file, worker, source="tme")
        peaks.update({name: max(size, peaks.get(name, 0)) for name, size in watched.found.items()})
        return imported


def import_month(database: Database, file: Path, period: dt.date) -> None:
    """Import a file as that of an earlier month of the same service, unmeasured."""
    with portal_on(database), celery_workers() as worker:
        _import(file, worker, source="tme", period=period)


def forget_uploads() -> None:
    """The stored files of databases that are gone."""
    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)


def _import(file: Path, worker: subprocess.Popen[bytes], *, source: str, period: dt.date | None = None) -> Imported:
    with file.open("rb") as stream:
        stored = store_upload(stream=stream, label=file.name, user=None)
    began = time.perf_counter()
    report, _new = ingest.receive_report(
        source=Source.objects.get(code=source), stored=stored, period=period, user=None
    )
    while True:
        state, text = _state_of(report)
        seconds = time.perf_counter() - began
        if state == Job.State.DONE:
            break
        if state == Job.State.STOPPED or seconds > DEADLINE_SECONDS:
            raise ImportFailed(f"{file.name}: {state} after {seconds:.0f} s. {text}")
        if worker.poll() is not None:
            raise ImportFailed(f"The worker ended: see {_log()}")
        time.sleep(POLL_SECONDS)
    report.refresh_from_db()
    if report.state not in {Report.State.READY, Report.State.HELD}:
        raise ImportFailed(f"{file.name}: {report.state} {report.error_code}")
    return Imported(seconds, _deciding(report))


def _deciding(report: Report) -> float:
    """From the end of the last chunk of lines to the end of the last chunk of songs."""
    ends = dict(
        Chunk.objects.filter(job=report.job_id, stage__in=["parse", "match"])
        .values_list("stage")
        .annotate(end=Max("done_at"))
    )
    return (ends["match"] - ends["parse"]).total_seconds() if len(ends) > 1 else 0.0


def _state_of(report: Report) -> tuple[str, str]:
    with (
        connection.cursor() as cursor
    ):  # not through a model, which takes three times as long of the workers' processors
        cursor.execute("SELECT state, error_text FROM jobs_job WHERE id = %s", [report.job_id])
        found: tuple[str, str] = cursor.fetchone()
    return found


@contextmanager
def celery_workers(children: int = POOL) -> Iterator[subprocess.Popen[bytes]]:
    """A worker with two pool children, as `make run` starts it, or as many as are asked for; yields the worker, still starting.

    It answers no ping (CELERY_WORKER_ENABLE_REMOTE_CONTROL is off): the warm-up's import shows that it works.
    """
    command = [sys.executable, "-m", "celery", "-A", "portal.celery", "worker", "--pool", "prefork"]
    command += ["--concurrency", str(children), "--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
    with _log().open("ab") as output:
        worker = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
    try:
        yield worker
    finally:
        processes = psutil.Process(worker.pid).children(recursive=True) if worker.poll() is None else []
        worker.terminate()
        worker.wait(timeout=STOP_SECONDS)
        psutil.wait_procs(processes, timeout=10)


def _log() -> Path:
    return Path(os.environ["PORTAL_DATA_DIR"]) / "worker.log"
