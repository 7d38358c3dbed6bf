"""The faults of a run, each a function that waits for its moment, does it, and waits until it has been felt.

F-numbers are those of the table in royalties/README.md.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

import psutil
import psycopg

from tests.chaos import proxy, worker
from tests.chaos.processes import wait_for
from tests.chaos.supervisor import MAX_KILLS, Held, Run


def child_killed(run: Run, stage: str) -> None:
    """F01: kill -9 of a pool child with a chunk in its hands."""
    pid = run.victim(stage).pid
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def worker_killed(run: Run, stage: str) -> None:
    """F02: kill -9 of a whole worker, children and beat included; another takes its place."""
    name = _worker_of(run, run.victim(stage))
    run.workers[name].kill()
    run.start(name)


def main_process_killed(run: Run, stage: str) -> None:
    """F02: kill -9 of the main process alone; its children find out by and by."""
    name = _worker_of(run, run.victim(stage))
    run.workers[name].kill_main()
    run.start(name)


def killed_after_commit(run: Run, _stage: str) -> None:
    """F03: a child dies between the first COMMIT after a chunk was prepared and whatever it does next."""
    _die_at(run, worker.AFTER_COMMIT)


def killed_before_ack(run: Run, _stage: str) -> None:
    """F03: a child dies with its task done and its message not acknowledged."""
    _die_at(run, worker.BEFORE_ACK)


def killed_before_bell(run: Run, _stage: str) -> None:
    """F04: a child dies between COMMIT and the message that should follow it."""
    _die_at(run, worker.BEFORE_BELL)


def redis_killed(run: Run, _stage: str) -> None:
    """F05: kill -9 of a Redis that keeps nothing."""
    run.redis.stop()
    run.redis.start()


def redis_flushed(run: Run, _stage: str) -> None:
    """F06: FLUSHALL."""
    run.redis.forget()


def redis_absent(run: Run, _stage: str) -> None:
    """F08: no Redis while five more chunks are done."""
    run.allow(20)  # nobody can be called meanwhile
    run.victim("parse")
    enough = run.done() + 5
    run.redis.stop()
    try:
        run.until(lambda: run.done() >= enough, "chunks are done without Redis")
    finally:
        run.redis.start()


def postgres_stopped(run: Run, _stage: str) -> None:
    """F14: PostgreSQL is stopped immediately, in the middle of chunks."""

    def is_fair() -> bool:
        held = run.in_hand()
        return bool(held) and max(chunk.attempt for chunk in held) <= MAX_KILLS

    run.until(is_fair, "chunks are in hand")
    run.postgres.restart_immediately()


def paused_past_the_lease(run: Run, stage: str) -> None:
    """F10, F11: a child is stopped while it reads, wakes when another has taken its chunk, and must write nothing."""
    held = run.until(lambda: _paused(run, stage), "a child is paused while it reads")
    taken_over = "SELECT 1 FROM jobs_chunk WHERE id = %s AND (attempt > %s OR state <> 'todo')"
    try:
        run.until(lambda: run.eyes.ask(taken_over, [held.chunk, held.attempt]), "another takes the chunk")
    finally:
        with suppress(ProcessLookupError):
            os.kill(held.pid, signal.SIGCONT)


def bell_tripled(run: Run, _stage: str) -> None:
    """F12: the same message three times."""
    for _time in range(3):
        run.ring()


def cut_before_commit(run: Run, _stage: str) -> None:
    """F15: the connection is lost at COMMIT, and the server never hears it."""
    _cut(run, proxy.BEFORE)


def cut_after_commit(run: Run, _stage: str) -> None:
    """F15: the connection is lost at COMMIT, and the server has done it."""
    _cut(run, proxy.AFTER)


def deadlock(run: Run, _stage: str) -> None:
    """F16: a worker waits for us and we for it; PostgreSQL ends one of the two, until it is the worker."""
    before = run.refusals()
    waiting = "SELECT id FROM jobs_chunk WHERE state = 'todo' AND %s = ANY(pg_blocking_pids(held_by))"
    while run.refusals() == before:
        with psycopg.connect(run.postgres.owner_url(run.name)) as other:
            other.execute("SELECT 1 FROM jobs_job FOR UPDATE")
            look = partial(run.eyes.ask, waiting, [other.info.backend_pid])
            rows = run.until(look, "a worker waits for the job's row")
            with suppress(psycopg.errors.DeadlockDetected):
                other.execute("SELECT 1 FROM jobs_chunk WHERE id = %s FOR UPDATE", rows[0])
            other.rollback()


def lock_not_got(run: Run, _stage: str) -> None:
    """F16: somebody holds the job's row for longer than a worker waits."""
    before = run.refusals()
    with psycopg.connect(run.postgres.owner_url(run.name)) as other:
        other.execute("SELECT 1 FROM jobs_job FOR UPDATE")
        run.until(lambda: run.refusals() > before, "a worker has waited in vain")
        other.rollback()


def disk_full(run: Run, _stage: str) -> None:
    """F17: no room for lines; some is made when a worker has felt it."""
    assert run.disk is not None
    before = run.refusals()
    run.disk.fill()
    try:
        run.until(lambda: run.refusals() > before, "a worker finds no room")
    finally:
        run.disk.make_room()


def clock_forward(run: Run, _stage: str) -> None:
    """F20: the database's clock goes an hour ahead: every lease has ended."""
    run.eyes.ask("UPDATE jobs_chunk SET lease_until = lease_until - interval '1 hour' WHERE held_by IS NOT NULL")


def clock_back(run: Run, _stage: str) -> None:
    """F20: the database's clock goes an hour back: leases last an hour longer, and whoever dies frees his all the same."""
    run.eyes.ask("UPDATE jobs_chunk SET lease_until = lease_until + interval '1 hour' WHERE held_by IS NOT NULL")


FAULTS: Final[dict[str, Callable[[Run, str], None]]] = {
    fault.__name__: fault
    for fault in (
        child_killed, worker_killed, main_process_killed, killed_after_commit, killed_before_ack, killed_before_bell,
        redis_killed, redis_flushed, redis_absent, postgres_stopped, paused_past_the_lease, bell_tripled,
        cut_before_commit, cut_after_commit, deadlock, lock_not_got, disk_full, clock_forward, clock_back,
    )
}  # fmt: skip


def _worker_of(run: Run, held: Held) -> str:
    """The worker whose child holds this chunk; one whose main process died before is none."""
    for name, process in run.workers.items():
        if held.pid in {child.pid for child in process.below()}:
            return name
    return run.dice.choice(sorted(run.workers))


def _die_at(run: Run, point: str) -> None:
    token = run.folder / point
    token.touch()
    try:
        run.until(lambda: not token.exists(), f"a child dies {point}")
    finally:
        token.unlink(missing_ok=True)


def _cut(run: Run, where: str) -> None:
    before = run.proxy.cuts
    run.proxy.arm(where)
    try:
        run.until(lambda: run.proxy.cuts > before, f"a connection is cut {where} COMMIT")
    finally:
        run.proxy.disarm()


def _paused(run: Run, stage: str) -> Held | None:
    """Stop a child that reads; let it go on if it has begun to write meanwhile."""
    held = run.victim(stage)
    lasts = "SELECT 1 FROM jobs_chunk WHERE id = %s AND lease_until > clock_timestamp() + interval '1 minute'"
    if not held.preparing or run.eyes.ask(
        lasts, [held.chunk]
    ):  # a clock went back while it was in hand: it lasts an hour
        return None
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(held.pid)
        process.suspend()
        wait_for(lambda: process.status() == psutil.STATUS_STOPPED, "the child stands still")
        if held in run.in_hand():
            return held
        process.resume()
    return None
