"""Imports by real workers while they, Redis and PostgreSQL fail; what happened, and what is left of the lines."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import kombu
import psycopg

from portal.celery import app as celery
from tests.chaos import logs
from tests.chaos.disk import SmallDisk
from tests.chaos.processes import ROOT, PostgresOfTest, Process, RedisOfTest, start_worker, wait_for
from tests.chaos.proxy import Proxy
from tests.chaos.state import State, read_state
from tests.chaos.worker import hold_of

MAX_KILLS: Final = 4  # of one chunk, so that being cut in pieces is a test of its own
LEASE_SECONDS: Final = 2
SWEEP_SECONDS: Final = 1
CLOCKS: Final = (3600, -3600)  # workers run with a clock on the wall that is an hour ahead, or behind

IN_HAND: Final = """
    SELECT c.id, c.attempt, c.stage, substr(a.application_name, 7)::int, a.xact_start IS NULL
    FROM jobs_chunk c JOIN pg_stat_activity a ON a.pid = c.held_by
    WHERE c.state = 'todo' AND c.lease_until > clock_timestamp() AND a.application_name LIKE 'child %%'
    ORDER BY c.id"""
# Reliability J1: at every moment, the lines of the files are accepted, or rejected, or of a chunk that is not done.
EVERY_LINE: Final = """
    SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM jobs_chunk WHERE stage = 'plan' AND state = 'todo') THEN
        (SELECT coalesce(sum(accepted), 0) FROM royalties_lineblock) + (SELECT count(*) FROM royalties_rejectedline)
        + (SELECT count(*) FROM royalties_lumpsum) + (SELECT sum(units) FROM jobs_chunk WHERE stage = 'parse' AND state = 'todo')
    END"""


# A chunk of lines may not be taken yet, and nobody has one in hand.
PACE_IS_REACHED: Final = """
    SELECT EXISTS (SELECT 1 FROM jobs_chunk, chaos_pace WHERE stage = 'parse' AND state = 'todo' AND ordinal >= upto)
        AND NOT EXISTS (SELECT 1 FROM jobs_chunk, chaos_pace WHERE stage = 'parse' AND state = 'todo' AND ordinal < upto)"""
AHEAD: Final = 6  # chunks that workers may be ahead of the next fault
PLANNED: Final = """
    SELECT count(*) FILTER (WHERE stage = 'parse') FROM jobs_chunk HAVING count(*) FILTER (WHERE stage = 'plan' AND state = 'todo') = 0"""


class Over(Exception):
    """The job has come to its end."""


@dataclass(frozen=True)
class Held:
    """A chunk in the hands of a pool child; while `preparing`, the child is in no transaction."""

    chunk: int
    attempt: int
    stage: str
    pid: int
    preparing: bool


@dataclass(frozen=True)
class Step:
    """A fault, and when: as soon as that share of the chunks of lines is done and a chunk of the stage is in hand."""

    at: float
    fault: str
    stage: str = "parse"


@dataclass
class Outcome:
    """What a run came to."""

    state: State
    ended: str  # the state of the job, and its error code
    seconds: float
    chunks: int
    attempts: int
    faults: Counter[str]
    missed: list[str]  # steps that found the job at its end
    ended_by_themselves: int  # workers that nobody killed
    late: int  # attempts that came back late and were rolled back
    unlike_j1: list[str]
    complaints: Counter[str]
    unknown: list[str]  # complaints of no known class


class Eyes:
    """What the supervisor sees of the database: as its owner, by no wire that is cut, and again after every restart."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection: psycopg.Connection[Any] | None = None

    def ask(self, query: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        def answer() -> list[list[tuple[Any, ...]]]:
            try:
                if self.connection is None:
                    self.connection = psycopg.connect(self.url, autocommit=True)
                cursor = self.connection.execute(query, params)
                return [cursor.fetchall() if cursor.description else []]
            except psycopg.OperationalError:
                self.close()
                return []

        found: list[list[tuple[Any, ...]]] = wait_for(answer, "PostgreSQL answers")
        return found[0]

    def one(self, query: str, params: Sequence[Any] = ()) -> Any:
        return self.ask(query, params)[0][0]

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


@dataclass
class Run:
    """One database, one Redis, two workers with a beat each, and files that are read at once, with as many chunks each."""

    postgres: PostgresOfTest
    folder: Path
    name: str
    lines: int
    chunk_lines: int
    seed: int = 0
    mutant: str = ""
    poison: str = ""
    clocks: tuple[int, ...] = (0,)
    disk: SmallDisk | None = None
    is_paced: bool = False
    files: int = 1
    silence_seconds: int = 60  # longer than a worker takes to start on a busy machine
    workers: dict[str, Process] = field(default_factory=dict)
    gone: list[Process] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    unlike_j1: list[str] = field(default_factory=list)
    starts: int = 0
    ended_by_themselves: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(mode=0o711)
        self.postgres.create(self.name)
        self.dice = random.Random(self.seed)  # noqa: S311 it chooses a victim, not a secret
        self.eyes = Eyes(self.postgres.owner_url(self.name))
        self.redis = RedisOfTest(self.folder)
        self.proxy = Proxy(self.postgres.record.port)
        self.environment = {
            "DATABASE_URL": self.postgres.url(self.name, port=self.proxy.port),
            "DATABASE_OWNER_URL": self.postgres.owner_url(self.name),
            "REDIS_URL": self.redis.url,
            "PORTAL_DATA_DIR": str(self.folder),
            "JOB_LEASE_SECONDS": str(LEASE_SECONDS),
            "JOB_SWEEP_SECONDS": str(SWEEP_SECONDS),
            "JOB_SILENCE_SECONDS": str(self.silence_seconds),
            "LOG_LEVEL": "INFO",
            "GARAK_CHAOS_FOLDER": str(self.folder),
            "GARAK_CHAOS_CHUNK": str(self.chunk_lines),
            "GARAK_CHAOS_PACED": "1" if self.is_paced else "",
            "GARAK_CHAOS_MUTANT": self.mutant,
            "GARAK_CHAOS_POISON": self.poison,
        }
        if self.mutant:  # a key would turn a doubled line into an error
            self.eyes.ask("ALTER TABLE royalties_lineblock DROP CONSTRAINT royalties_lineblock_pkey")
            self.eyes.ask("ALTER TABLE royalties_lineblock DROP CONSTRAINT no_line_in_two_blocks")
            self.eyes.ask("ALTER TABLE royalties_tiletotal DROP CONSTRAINT royalties_tiletotal_pkey")
            self.eyes.ask("ALTER TABLE royalties_rejectedline DROP CONSTRAINT line_is_rejected_once")
        if self.is_paced:
            self.eyes.ask("CREATE TABLE chaos_pace AS SELECT %s::integer AS upto", [self.each(AHEAD)])
            self.eyes.ask("GRANT SELECT ON chaos_pace TO garak_app")
        if self.disk:
            self.disk.take_tables_of(self.name, self.eyes.ask)

    # ── what is there ──

    def each(self, chunks: int) -> int:
        """So many chunks, shared out over the files."""
        return -(-chunks // self.files)

    def receive(self, *paths: Path, dies: str = "") -> None:
        """Bring the files, in a process of its own, which may die with the first one at a point of worker.py."""
        if dies:
            (self.folder / dies).touch()
            self._receive(paths[:1], status=-signal.SIGKILL)
            self.faults[dies] += 1
        if rest := paths[bool(dies) :]:
            self._receive(rest, status=0)

    def _receive(self, paths: Sequence[Path], *, status: int) -> None:
        command = [sys.executable, "-m", "tests.chaos.receive", *map(str, paths)]
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **self.environment}, check=False)
        assert done.returncode == status, f"receive ended with {done.returncode}"

    def start(self, name: str) -> None:
        """Start a worker, in the place of one that is gone; every start has another clock."""
        clock = self.clocks[self.starts % len(self.clocks)]
        self.starts += 1
        if name in self.workers:
            self.gone.append(self.workers[name])
        environment = {**self.environment, "GARAK_CHAOS_CLOCK": str(clock)}
        self.workers[name] = start_worker(name, environment, self.folder / f"{name}.log")

    def restart_ended(self) -> None:
        """Start workers again that ended by themselves, as `restart: unless-stopped` does."""
        for name, process in list(self.workers.items()):
            if process.child.poll() is not None:
                self.ended_by_themselves += 1
                self.start(name)

    def start_all(self) -> None:
        for name in ("first", "second"):
            self.start(name)

    def is_over(self) -> bool:
        ended = "SELECT count(*) > 0 AND bool_and(state IN ('done', 'stopped')) FROM jobs_job"
        return bool(self.eyes.one(ended))

    def done(self) -> int:
        return int(self.eyes.one("SELECT count(*) FROM jobs_chunk WHERE stage = 'parse' AND state = 'done'"))

    def in_hand(self) -> list[Held]:
        return [Held(*row) for row in self.eyes.ask(IN_HAND)]

    def refusals(self) -> int:
        return int(self.eyes.one("SELECT coalesce(sum(refusals), 0) FROM jobs_chunk"))

    # ── waiting for progress ──

    def until(self, what: Callable[[], Any], describe: str) -> Any:
        """Poll until it is true, and return it; where the pace leaves workers idle, allow them more. Raises Over at the end."""

        def answer() -> Any:
            if found := what():
                return found
            if self.is_over():
                raise Over
            self.restart_ended()
            if self.is_paced and self.eyes.ask(PACE_IS_REACHED) == [(True,)]:
                self.allow(1)
            return None

        return self.wait(answer, describe, 0.002)

    def wait(self, what: Callable[[], Any], describe: str, poll_seconds: float) -> Any:
        """As wait_for, but a failure says how things stand."""
        try:
            return wait_for(what, f"{self.name}: {describe}", poll_seconds)
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.picture()}") from None

    def picture(self) -> str:
        """How things stand, for whoever has to find out why nothing goes on."""
        queries = [
            "SELECT state, stage, error_code, clock_timestamp() - heartbeat_at FROM jobs_job",
            "SELECT stage, state, count(*), min(ordinal), max(ordinal) FROM jobs_chunk GROUP BY 1, 2 ORDER BY 1, 2",
            """SELECT id, ordinal, attempt, failures, refusals, held_by, lease_until - clock_timestamp(), right(error, 300)
            FROM jobs_chunk WHERE state = 'todo' AND attempt > 0""",
            """SELECT pid, application_name, state, wait_event, xact_start, left(query, 80) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()""",
            *(["SELECT upto FROM chaos_pace"] if self.is_paced else []),
        ]
        seen = [str(row) for query in queries for row in self.eyes.ask(query)]
        for name, process in self.workers.items():
            below = [f"{child.pid} {child.status()}" for child in process.below()]
            seen.append(f"{name}: {process.child.pid} ended with {process.child.poll()}, below it {below}")
        for log in sorted(self.folder.glob("*.log")):
            lines = [line for line in log.read_text(errors="backslashreplace").splitlines() if "INFO/Beat" not in line]
            seen += [f"── {log.name}", *lines[-60:]]
        return "\n".join([f"faults so far: {dict(self.faults)}", *seen])

    def allow(self, chunks: int) -> None:
        """Let workers read so many chunks further, and call them."""
        self.eyes.ask("UPDATE chaos_pace SET upto = upto + %s", [self.each(chunks)])
        self.ring()

    def victim(self, stage: str) -> Held:
        """A chunk in hand that was not killed too often yet, once there is one."""

        def candidates() -> list[Held]:
            return [held for held in self.in_hand() if held.stage == stage and held.attempt <= MAX_KILLS]

        found: list[Held] = self.until(candidates, f"a chunk of {stage} is in hand")
        return self.dice.choice(found)

    def reach(self, step: Step) -> None:
        """Wait until it is the step's turn."""
        if not step.at:
            return
        ((chunks,),) = self.until(lambda: self.eyes.ask(PLANNED), "every file is planned")
        due = int(step.at * chunks)
        if self.is_paced:
            self.eyes.ask("UPDATE chaos_pace SET upto = greatest(upto, %s)", [self.each(due + AHEAD)])
        self.until(lambda: self.done() >= due, f"{step.at:.0%} of the chunks are done")

    # ── the whole ──

    def hold(self, steps: Sequence[Step]) -> None:
        """Let each stage but the reading of lines wait for the faults that are to befall it."""
        for stage in {step.stage for step in steps} - {"parse"}:
            hold_of(self.folder, stage).touch()

    def go(self, steps: Sequence[Step], faults: dict[str, Callable[[Run, str], None]]) -> Outcome:
        """Let the job run to its end through these faults, in their order."""
        began = time.monotonic()
        missed: list[str] = []
        for number, step in enumerate(steps, 1):
            try:
                self.reach(step)
                faults[step.fault](self, step.stage)
            except Over:
                missed.append(f"{step.fault} at {step.stage} {step.at:.0%}")
                continue
            self.faults[step.fault] += 1
            self.look_at_every_line(f"after {step.fault}")
            if step.stage not in {later.stage for later in steps[number:]}:
                hold_of(self.folder, step.stage).unlink(missing_ok=True)
        if self.is_paced:
            self.allow(self.lines)
        self.wait_until_over()
        seconds = time.monotonic() - began
        self.stop()
        return self.outcome(seconds, missed)

    def wait_until_over(self) -> None:
        """Wait as long as something happens: the deadline is one without any progress."""
        progress = "SELECT sum(attempt), count(*) FILTER (WHERE state <> 'todo') FROM jobs_chunk"
        while not self.is_over():
            self.wait(partial(self._goes_on, progress, self.eyes.ask(progress)), "the job goes on", 0.02)

    def _goes_on(self, progress: str, before: list[tuple[Any, ...]]) -> bool:
        self.restart_ended()
        return self.is_over() or self.eyes.ask(progress) != before

    def look_at_every_line(self, when: str) -> None:
        found = self.eyes.one(EVERY_LINE)
        if found not in {None, self.lines}:
            self.unlike_j1.append(f"{when}: {found} lines")

    def stop(self) -> None:
        for process in (*self.workers.values(), *self.gone):
            process.kill()
        self.redis.stop()
        self.proxy.close()
        self.eyes.close()

    def outcome(self, seconds: float, missed: list[str]) -> Outcome:
        chunks, attempts = self.eyes.ask("SELECT count(*), sum(attempt) FROM jobs_chunk")[0]
        ended = self.eyes.ask("SELECT DISTINCT state, error_code FROM jobs_job ORDER BY 1, 2")
        found: Counter[str] = Counter()
        unknown: list[str] = []
        late = 0
        for log in sorted(self.folder.glob("*.log")):
            if log.stem in {"first", "second"}:
                known, strange = logs.complaints(log)
                found += known
                unknown += strange
                late += log.read_text(errors="backslashreplace").count("came late: rolled back")
        self.eyes.close()
        return Outcome(
            state=read_state(self.postgres.owner_url(self.name), lines=self.lines),
            ended=", ".join(f"{state} {code}".strip() for state, code in ended),
            seconds=seconds,
            chunks=chunks,
            attempts=attempts,
            faults=self.faults,
            missed=missed,
            ended_by_themselves=self.ended_by_themselves,
            late=late,
            unlike_j1=self.unlike_j1,
            complaints=found,
            unknown=unknown,
        )

    def ring(self) -> None:
        """Put a message for each job into Redis, as anybody might once too often."""
        under_way = "SELECT kind, id FROM jobs_job WHERE state IN ('waiting', 'running') ORDER BY id"
        with kombu.Connection(self.redis.url) as connection, suppress(kombu.exceptions.OperationalError):
            for kind, job in self.eyes.ask(under_way):
                celery.send_task(kind, kwargs={"job_id": job}, connection=connection, retry=False)
