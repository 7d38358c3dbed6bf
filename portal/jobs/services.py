"""Doing work exactly once although workers die: the rows are the queue, a broker message is only a doorbell.

A worker claims a chunk (committed at once: a lease and a higher attempt number), then writes its data and the chunk's
state in one transaction. That commits only while the attempt number is still its own, so whoever was taken for dead and
comes back late writes nothing. Whatever is unclear, such as a connection lost during COMMIT, is simply done again.

A chunk is free for the next worker when its lease has ended, or when the connection it was claimed on is gone: such an
attempt cannot commit any more. A chunk that has ended its workers too often is cut into pieces, and the pieces again,
until the one unit is found that cannot be done: that one is given up with its reason, and the job goes on.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, Final

import psycopg
from celery import current_app
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, models, transaction
from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import Now
from kombu.exceptions import OperationalError as BrokerIsDown

from portal.jobs.models import Chunk, Job
from portal.lib import disk
from portal.lib.errors import DomainError, Passing

MAX_ATTEMPTS: Final = 5  # that end in failure, before the chunk is taken for the cause
PIECE_ATTEMPTS: Final = 2  # the same of a piece: its whole has failed often enough
MAX_CUTS: Final = 100  # in one job, about twenty bad lines; beyond, the lines are not the cause
CUT_ATTEMPTS: Final = 3  # cutting and giving up may fail too
MAX_BELLS: Final = 4  # workers called to one job at a time
MAX_SWEPT: Final = 200  # jobs rung for in one sweep
ERROR_CHARACTERS: Final = 20_000
UNKNOWN_SECONDS: Final = (
    3600  # after which a stage that a worker does not know is no longer that of a version being installed
)
STAGE_UNKNOWN: Final = "stage-unknown"  # the error code of a job that was left in such a stage
QUARANTINED: Final = "quarantined"  # the error code of a job whose chunk failed too often
# Lost connections, deadlocks, locks not got, full disks. COPY raises them as psycopg does: Django wraps only statements.
DATABASE_REFUSES: Final = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
NO_RESOURCES: Final = (
    "53"  # the class of the errors of PostgreSQL that pass when somebody makes room: disk full, no memory
)
NOBODY_CAME_BACK: Final = "No attempt left a word: each worker was killed, or lost its connection, before it could."

log = logging.getLogger(__name__)


class LostLease(Exception):  # not an error: somebody else has taken over, and everything is rolled back
    """The chunk is no longer this worker's."""


@dataclass(frozen=True)
class NewChunk:
    """A unit of work: what its stage needs to know, and its weight on the progress bar."""

    payload: dict[str, Any]
    units: int = 1


@dataclass(frozen=True)
class Work:
    """A claimed chunk in the hands of a worker."""

    job: Job
    chunk_id: int
    ordinal: int
    payload: dict[str, Any]
    units: int
    attempt: int
    failures: int = 0
    refusals: int = 0
    is_piece: bool = False

    @property
    def is_spent(self) -> bool:
        """It failed so often that it is itself the cause."""
        return self.failures >= (PIECE_ATTEMPTS if self.is_piece else MAX_ATTEMPTS)

    def keep(self) -> None:
        """Extend the lease from a long `prepare`. Raises LostLease when somebody else has taken over."""
        if not _run(KEEP, [settings.JOB_LEASE_SECONDS, self.chunk_id, self.attempt]):
            raise LostLease


@dataclass(frozen=True)
class Stopped:
    """Why a job cannot go on: the code and params of a foreseen failure, QUARANTINED or STAGE_UNKNOWN."""

    code: str
    params: dict[str, Any]


def _nothing(_work: Work) -> None:
    return None


def _tell_nobody(_job: Job, _reason: Stopped) -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One kind of chunk of a job. Every function must be able to run again from the start.

    `prepare` reads what takes long, before and outside the transaction; `work` gets its result and writes, inside it, and
    may return figures to keep in the chunk's payload; `then` runs once, in the transaction of the stage's last chunk: it
    adds the next stage's chunks and names it, or returns None when the job is done (it may add chunks of a later stage too,
    if they need not wait: workers take any chunk, the lowest number first); `stopped` hears, in one transaction
    with the job's new state, that the job can go no further: there the room above tells its staff.

    A stage whose chunks are many units may say how to find the one that ends its workers: `cut` gives smaller chunks for
    one, or none when it is a single unit, and does not do what `prepare` does; `give_up` writes that unit as one that
    could not be done, inside the transaction, and may return figures as `work` does.
    """

    work: Callable[[Work, Any], dict[str, Any] | None]
    then: Callable[[Job], str | None]
    prepare: Callable[[Work], Any] = _nothing
    stopped: Callable[[Job, Stopped], None] = _tell_nobody
    cut: Callable[[Work], Sequence[NewChunk]] | None = None
    give_up: Callable[[Work], dict[str, Any] | None] = _nothing


# The clock is the database's, so that a worker with a wrong one neither steals nor loses a lease.
FREE: Final = """c.state = 'todo' AND (c.lease_until IS NULL OR c.lease_until < clock_timestamp()
    OR c.held_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pg_stat_get_activity(c.held_by)))"""
CLAIM: Final = f"""
    UPDATE jobs_chunk SET attempt = attempt + 1, lease_until = clock_timestamp() + %s * interval '1 second',
        held_by = pg_backend_pid(), failures = failures + (held_by IS NOT NULL)::int
    WHERE id = (
        SELECT c.id FROM jobs_chunk c JOIN jobs_job j ON j.id = c.job_id
        WHERE c.job_id = %s AND c.stage = ANY(%s) AND j.state IN ('waiting', 'running') AND {FREE}
        ORDER BY c.ordinal LIMIT 1 FOR UPDATE OF c SKIP LOCKED)
    RETURNING id, stage, ordinal, payload::text, units, attempt, failures, refusals, piece_of_id IS NOT NULL"""  # noqa: S608 FREE is a constant
KEEP: Final = """
    UPDATE jobs_chunk SET lease_until = clock_timestamp() + %s * interval '1 second', held_by = pg_backend_pid()
    WHERE id = %s AND state = 'todo' AND attempt = %s"""
SETTLE: Final = """
    UPDATE jobs_chunk SET state = %s, lease_until = NULL, held_by = NULL, done_at = now(),
        payload = payload || %s::jsonb, error = coalesce(%s, nullif(error, ''), %s)
    WHERE id = %s AND state = 'todo' AND attempt = %s"""
GIVE_BACK: Final = """
    UPDATE jobs_chunk SET lease_until = clock_timestamp() + nullif(%s, 0) * interval '1 second', held_by = NULL,
        error = %s, failures = failures + %s, refusals = refusals + %s
    WHERE id = %s AND state = 'todo' AND attempt = %s"""
QUARANTINE: Final = """
    UPDATE jobs_chunk SET state = 'quarantined', lease_until = NULL, held_by = NULL,
        error = coalesce(%s, nullif(error, ''), %s)
    WHERE id = %s AND state = 'todo' AND attempt = %s"""
COUNT: Final = """
    UPDATE jobs_job SET state = 'running', heartbeat_at = now(), units_done = (
        SELECT coalesce(sum(units), 0) FROM jobs_chunk c
        WHERE c.job_id = jobs_job.id AND c.stage = jobs_job.stage AND c.state IN ('done', 'given_up'))
    WHERE id = %s AND state IN ('waiting', 'running')"""
LEAVE: Final = f"""
    UPDATE jobs_job j SET state = 'stopped', error_code = %s, error_text = %s, finished_at = now()
    WHERE id = %s AND state IN ('waiting', 'running')
        AND greatest(created_at, heartbeat_at) < clock_timestamp() - %s * interval '1 second'
        AND EXISTS (SELECT 1 FROM jobs_chunk c WHERE c.job_id = j.id AND c.state = 'todo')
        AND NOT EXISTS (
            SELECT 1 FROM jobs_chunk c WHERE c.job_id = j.id AND c.state = 'todo' AND (c.stage = ANY(%s) OR NOT ({FREE})))"""  # noqa: S608 FREE is a constant
CLOSED: Final = (Chunk.State.DONE, Chunk.State.SPLIT, Chunk.State.GIVEN_UP)


def create_job(
    *, kind: str, subject_id: int, owner: models.Model | None, stage: str, chunks: Sequence[NewChunk], bell: bool = True
) -> Job:
    """Make a job with the chunks of its first stage, and ring for a worker once it is committed.

    `kind` is the name of the Celery task that drains it. Without `bell` the caller drains it itself; should it die, the
    sweep finds the job all the same.
    """
    with transaction.atomic():
        job = Job.objects.create(
            kind=kind, subject_id=subject_id, owner_id=owner.pk if owner is not None else None, stage=stage,
            units_total=sum(chunk.units for chunk in chunks),
        )  # fmt: skip
        add_chunks(job, stage, chunks)
        if bell:
            transaction.on_commit(partial(ring, job))
    return job


def add_chunks(
    job: Job, stage: str, chunks: Sequence[NewChunk], *, first: int = 0, piece_of: int | None = None
) -> None:
    """Add chunks to a stage. A second planner of the same stage hits the unique constraint and writes nothing."""
    Chunk.objects.bulk_create(
        [
            Chunk(job=job, stage=stage, ordinal=ordinal, payload=chunk.payload, units=chunk.units, piece_of_id=piece_of)
            for ordinal, chunk in enumerate(chunks, first)
        ],
        batch_size=1000,
    )


def resume_job(*, job: Job) -> bool:
    """Have a stopped job tried again, as if nothing had failed yet; False when it is not stopped.

    Attempts keep their numbers, so that whoever comes back late from before is still fenced off.
    """
    with transaction.atomic():
        stopped = Job.objects.select_for_update().filter(pk=job.pk, state=Job.State.STOPPED).first()
        if stopped is None:
            return False
        stopped.chunks.filter(state=Chunk.State.QUARANTINED).update(state=Chunk.State.TODO)
        stopped.chunks.filter(state=Chunk.State.TODO).update(failures=0, refusals=0)
        stopped.state, stopped.finished_at, stopped.error_code, stopped.error_text = Job.State.WAITING, None, "", ""
        stopped.heartbeat_at = Now()
        stopped.save(update_fields=["state", "finished_at", "error_code", "error_text", "heartbeat_at"])
        transaction.on_commit(partial(ring, stopped))
    return True


def ring(job: Job, times: int = 1) -> bool:
    """Call workers to a job; False when the broker does not answer. That is no failure: the sweep rings again."""
    try:
        for _bell in range(times):
            current_app.send_task(job.kind, kwargs={"job_id": job.pk}, retry=False)
    except BrokerIsDown as error:
        log.warning("no bell for %s, the sweep will ring: %s", job, error)
        return False
    return True


def sweep() -> int:
    """Ring for every unfinished job that has a chunk nobody holds; returns how many. Beat calls this all the time."""
    rung = 0
    for job in _due_jobs():
        if not ring(job):
            break
        rung += 1
    return rung


def nobody_works() -> bool:
    """Is a job due, and has nobody done a chunk of any job, nor holds one, for longer than JOB_SILENCE_SECONDS?"""
    with connection.cursor() as cursor:
        cursor.execute(NOBODY_WORKS, [settings.JOB_SILENCE_SECONDS] * 2)
        return bool(cursor.fetchone()[0])


NOBODY_WORKS: Final = f"""
    SELECT EXISTS (
        SELECT 1 FROM jobs_job j JOIN jobs_chunk c ON c.job_id = j.id
        WHERE j.state IN ('waiting', 'running') AND {FREE}
            AND j.created_at < clock_timestamp() - %s * interval '1 second')
    AND NOT EXISTS (
        SELECT 1 FROM jobs_job WHERE heartbeat_at > clock_timestamp() - %s * interval '1 second')
    AND NOT EXISTS (
        SELECT 1 FROM jobs_job j JOIN jobs_chunk c ON c.job_id = j.id
        WHERE j.state IN ('waiting', 'running') AND c.lease_until IS NOT NULL AND NOT ({FREE}))"""  # noqa: S608 a constant


def work_here() -> int:
    """Do in this process whatever is due, for while there is no broker to ring for workers; returns how many jobs it took up.

    It calls the very tasks that workers run. A bug is raised, as it is for a worker.
    """
    current_app.loader.import_default_modules()
    due = list(_due_jobs())
    for job in due:
        current_app.tasks[job.kind](job_id=job.pk)
    return len(due)


def _due_jobs() -> models.query.RawQuerySet[Job]:
    return Job.objects.raw(
        f"""
        SELECT * FROM jobs_job j WHERE j.state IN ('waiting', 'running') AND EXISTS (
            SELECT 1 FROM jobs_chunk c WHERE c.job_id = j.id AND {FREE})
        ORDER BY j.heartbeat_at NULLS FIRST, j.id LIMIT %s""",  # noqa: S608 FREE is a constant
        [MAX_SWEPT],
    )


def drain(*, job_id: int, stages: Mapping[str, Stage], seconds: float | None = None) -> None:
    """Do chunks of a job until none is left that nobody else holds.

    A worker says for how many `seconds`: it then rings for the rest, and others have their turn; it also calls others to
    help where a stage has several chunks. Without `seconds` the caller does it all and rings for nobody.

    A lost connection, a deadlock, a lock not got in time or a disk without room cost an attempt and are tried again. A foreseen failure
    (DomainError) stops the job. Anything else is a bug: it costs an attempt, and is raised for the log. A chunk whose
    attempts are used up is cut into pieces where its stage can do that, and stops the job where it cannot. So does a job
    stop that was left in a stage of another version: staff are told once, and the sweep does not ring for it for ever.
    """
    found = False
    until = None if seconds is None else monotonic() + seconds
    while (claimed := _claim(job_id, list(stages))) is not None:
        found = True
        stage_name, work = claimed
        stage = stages[stage_name]
        if _is_hopeless(work, stage):
            _stop(work, stage, Stopped(QUARANTINED, {}))
            continue
        _do(work, stage, stages, helpers=seconds is not None)
        if until is not None and monotonic() > until and ring(work.job):
            return
    if not found:
        _stop_if_nobody_knows_it(job_id, stages)


def _claim(job_id: int, stages: list[str]) -> tuple[str, Work] | None:
    """Take the next chunk nobody holds: its stage and the work. No two workers ever get the same attempt of a chunk.

    Only of the stages this worker knows: while a new version is being installed, one of the old workers leaves the
    others alone.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(CLAIM, [settings.JOB_LEASE_SECONDS, job_id, stages])
        row = cursor.fetchone()
    if row is None:
        return None
    chunk_id, stage, ordinal, payload, *numbers = row
    job = Job.objects.get(pk=job_id)
    return stage, Work(job, chunk_id, ordinal, json.loads(payload), *numbers)


def _is_hopeless(work: Work, stage: Stage) -> bool:
    """Nothing more can be tried: the database keeps refusing, or the chunk ends its workers and cannot be cut."""
    if work.refusals >= MAX_ATTEMPTS:  # a disk that is full is no fault of any line
        return True
    if not work.is_spent:
        return False
    return (
        stage.cut is None
        or work.failures >= MAX_ATTEMPTS + CUT_ATTEMPTS
        or work.job.chunks.filter(state=Chunk.State.SPLIT).count() >= MAX_CUTS
    )


def _do(work: Work, stage: Stage, stages: Mapping[str, Stage], *, helpers: bool) -> None:
    settled = False
    try:
        if work.is_spent and stage.cut is not None:
            _cut(work, stage.cut(work), stage, stages, helpers=helpers)
        else:
            prepared = stage.prepare(work)
            with transaction.atomic(durable=True):
                work.keep()  # and nobody else can take the chunk until this transaction has ended
                figures = stage.work(work, prepared)
                _settle(work, Chunk.State.DONE, figures, error="")
                _advance(work.job, stages, helpers=helpers)
        settled = True
    except LostLease:
        log.info("attempt %s of %s/%s came late: rolled back", work.attempt, work.job, work.ordinal)
        settled = True
    except (*DATABASE_REFUSES, Passing, OSError) as error:
        if isinstance(error, OSError) and not disk.is_full(error):
            raise
        log.warning("attempt %s of %s/%s will be repeated: %s", work.attempt, work.job, work.ordinal, error)
        _give_back(work, refused=error)
        settled = True
    except DomainError as error:
        _stop(work, stage, Stopped(error.code, error.params), traceback.format_exc())
        settled = True
    finally:
        if not settled:
            _give_back(work)
            if helpers:
                ring(work.job)


def _cut(work: Work, pieces: Sequence[NewChunk], stage: Stage, stages: Mapping[str, Stage], *, helpers: bool) -> None:
    """Put pieces in the place of a chunk that ends its workers, or give up the single unit that does."""
    with transaction.atomic(durable=True):
        if pieces:
            _settle(work, Chunk.State.SPLIT, None)
            name = Chunk.objects.get(pk=work.chunk_id).stage
            Job.objects.select_for_update().get(pk=work.job.pk)  # others may be cutting: one after the other
            last = work.job.chunks.filter(stage=name).aggregate(last=Max("ordinal"))["last"]
            add_chunks(work.job, name, pieces, first=last + 1, piece_of=work.chunk_id)
        else:
            figures = stage.give_up(work)
            _settle(work, Chunk.State.GIVEN_UP, figures)
            _advance(work.job, stages, helpers=helpers)
    done = f"cut in {len(pieces)}" if pieces else "given up"
    log.error("%s: a chunk of %s units ended its workers %s times: %s", work.job, work.units, work.failures, done)


def _settle(work: Work, state: Chunk.State, figures: dict[str, Any] | None, *, error: str | None = None) -> None:
    """Close a chunk, in the transaction that wrote its data. Raises LostLease when somebody else has taken over."""
    params = [state, json.dumps(figures or {}), error, NOBODY_CAME_BACK, work.chunk_id, work.attempt]
    if not _run(SETTLE, params):
        raise LostLease


def _advance(job: Job, stages: Mapping[str, Stage], *, helpers: bool) -> None:
    """Count, and if the stage has no open chunk left go on to the next. The lock on the job's row lets one worker do so.

    A chunk finished beside one that stopped the job stays done, but nothing goes on from there.
    """
    if not _run(COUNT, [job.pk]):
        return
    job = Job.objects.get(pk=job.pk)
    while not job.chunks.filter(stage=job.stage).exclude(state__in=CLOSED).exists():
        following = stages[job.stage].then(job)
        if following is None:
            Job.objects.filter(pk=job.pk).update(state=Job.State.DONE, finished_at=Now())
            return
        # some of them may be done: a stage can be planned before its turn
        planned = (
            job.chunks.filter(stage=following)
            .exclude(state=Chunk.State.SPLIT)
            .aggregate(chunks=Count("pk"), total=Sum("units"), done=Sum("units", filter=Q(state__in=CLOSED)))
        )
        job.stage, job.units_total, job.units_done = following, planned["total"] or 0, planned["done"] or 0
        job.save(update_fields=["stage", "units_total", "units_done"])
        if helpers and planned["chunks"] > 1:
            transaction.on_commit(partial(ring, job, min(planned["chunks"], MAX_BELLS) - 1))


def _stop(work: Work, stage: Stage, reason: Stopped, text: str | None = None) -> None:
    """End a job that cannot go on; fenced like any other work, so a late attempt stops nothing."""
    text = None if text is None else _storable(text)
    with transaction.atomic(durable=True):
        if not _run(QUARANTINE, [text, NOBODY_CAME_BACK, work.chunk_id, work.attempt]):
            return
        chunk = Chunk.objects.get(pk=work.chunk_id)
        job = Job.objects.select_for_update().get(pk=work.job.pk)
        Job.objects.filter(pk=job.pk).update(
            state=Job.State.STOPPED, error_code=reason.code, error_text=chunk.error, finished_at=Now()
        )
        stage.stopped(job, reason)
    level = logging.ERROR if reason.code == QUARANTINED else logging.INFO
    log.log(level, "%s stopped in chunk %s: %s", job, work.ordinal, reason.code)


def _stop_if_nobody_knows_it(job_id: int, stages: Mapping[str, Stage]) -> None:
    """Stop a job that has nothing left to do but chunks of stages unknown here, for longer than an installation takes.

    Whichever stage of the job is asked whom to tell: they all tell the same people.
    """
    with transaction.atomic(durable=True):
        text = f"Its stage is none of those that this version knows: {', '.join(sorted(stages))}."
        if not _run(LEAVE, [STAGE_UNKNOWN, text, job_id, UNKNOWN_SECONDS, list(stages)]):
            return
        job = Job.objects.get(pk=job_id)
        next(iter(stages.values())).stopped(job, Stopped(STAGE_UNKNOWN, {"stage": job.stage}))
    log.error("%s was left in a stage that nobody knows", job)


def _give_back(work: Work, *, refused: Exception | None = None) -> None:
    """Free the lease, so that the next attempt need not wait for its end, and keep what went wrong.

    Where a disk has no room left, or a storage does not answer, the next attempt comes a lease later. Should the transaction have been committed
    after all, the chunk is done and this changes nothing.
    """
    text = _storable(traceback.format_exc())
    waits = isinstance(refused, Passing | OSError) or _sqlstate(refused).startswith(NO_RESOURCES)
    wait = settings.JOB_LEASE_SECONDS if waits else 0
    failures, refusals = (1, 0) if refused is None else (0, 1)
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
    try:
        _run(GIVE_BACK, [wait, text, failures, refusals, work.chunk_id, work.attempt])
    except DATABASE_REFUSES:
        log.warning("%s/%s is free when this connection is gone: the database does not answer", work.job, work.ordinal)
        if not connection.in_atomic_block:
            connection.close()


def _sqlstate(error: BaseException | None) -> str:
    """The five letters by which PostgreSQL says what was wrong; nothing where it could not even say so."""
    said = error if isinstance(error, psycopg.Error) else getattr(error, "__cause__", None)
    return getattr(said, "sqlstate", None) or ""


def _storable(text: str) -> str:
    """The end of a traceback, which says most, as PostgreSQL can hold it."""
    return text[-ERROR_CHARACTERS:].replace("\0", "\N{SYMBOL FOR NULL}").encode(errors="backslashreplace").decode()


def _run(statement: str, params: Sequence[Any]) -> int:
    """Rows hit by one of the statements above."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)
