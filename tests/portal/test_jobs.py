"""Chunks are done exactly once, whoever dies, comes late or fails; the broker carries no truth."""

from __future__ import annotations

import ast
import datetime as dt
import errno
import threading
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import psycopg
import pytest
from celery.fixups.django import DjangoWorkerFixup  # type: ignore[attr-defined]  # its types leave it out
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from pytest_django import Settings

from portal.accounts.models import Membership, Organisation, Role, User
from portal.celery import app as celery, keep_good_connections
from portal.files.copies import StorageIsAway
from portal.files.services import store_upload
from portal.jobs import beat, keeper, services
from portal.jobs.beat import Metronome
from portal.jobs.keeper import Keeper
from portal.jobs.models import Chunk, Job
from portal.jobs.services import (
    MAX_ATTEMPTS,
    QUARANTINED,
    NewChunk,
    Stage,
    Stopped,
    Work,
    add_chunks,
    create_job,
    drain,
)
from portal.lib.errors import DomainError
from portal.notices.models import Notice
from portal.rest.models import RequestCount
from royalties.duplicates import start_finding
from royalties.ingest import receive_report
from royalties.models import Source
from royalties.rematch import start_rematch
from tests.chaos.processes import wait_for
from tests.conftest import Database
from works import models as register
from works.name_imports import receive_names
from works.services import receive_catalogue

Stages = dict[str, Stage]


class CannotBeDone(DomainError):
    code = "cannot-be-done"
    sentence = _("It cannot be done with %(what)s.")


def write(work: Work, _prepared: Any) -> dict[str, Any]:
    """The data of these tests: one organisation per chunk."""
    Organisation.objects.create(kind=Organisation.Kind.DESK, name=f"{work.payload['stage']} {work.ordinal}")
    return {"written": work.ordinal}


def then_second(job: Job) -> str:
    add_chunks(job, "second", [NewChunk({"stage": "second"}, units=10) for _ordinal in range(3)])
    return "second"


def stages(**changes: Any) -> Stages:
    first: dict[str, Any] = {"work": write, "then": then_second, **changes}
    return {"first": Stage(**first), "second": Stage(work=write, then=lambda _job: None)}


def new_job(chunks: int = 2) -> Job:
    plan = [NewChunk({"stage": "first"}, units=5) for _ordinal in range(chunks)]
    return create_job(kind="test", subject_id=1, owner=None, stage="first", chunks=plan, bell=False)


def written() -> list[str]:
    return sorted(Organisation.objects.values_list("name", flat=True))


ALL = ["first 0", "first 1", "second 0", "second 1", "second 2"]


@pytest.mark.django_db
def test_does_every_chunk_of_every_stage_once() -> None:
    job = new_job()
    drain(job_id=job.pk, stages=stages())
    job.refresh_from_db()
    assert written() == ALL
    assert (job.state, job.stage, job.units_done, job.units_total) == ("done", "second", 30, 30)
    assert job.finished_at is not None
    assert list(job.chunks.order_by("pk").values_list("state", "attempt", "lease_until")) == [("done", 1, None)] * 5
    assert job.chunks.get(stage="second", ordinal=1).payload == {"stage": "second", "written": 1}
    drain(job_id=job.pk, stages=stages())
    assert written() == ALL


@pytest.mark.django_db
def test_a_stage_without_chunks_is_passed_through() -> None:
    job = new_job(chunks=0)
    Job.objects.filter(pk=job.pk).update(stage="first")
    drain(job_id=job.pk, stages=stages())
    assert written() == []  # nothing was claimed, so nothing went on: plans begin with a chunk
    job = new_job()
    skipping = stages(then=lambda _job: "second")
    drain(job_id=job.pk, stages=skipping)
    job.refresh_from_db()
    assert (written(), job.state) == (["first 0", "first 1"], "done")


@pytest.mark.django_db
def test_a_bug_leaves_nothing_and_the_next_attempt_succeeds() -> None:
    def write_and_fail(work: Work, prepared: Any) -> None:
        write(work, prepared)
        if work.attempt == 1:
            raise KeyError("a bug")

    job = new_job()
    for _chunk in range(2):
        with pytest.raises(KeyError):
            drain(job_id=job.pk, stages=stages(work=write_and_fail))
    chunk = job.chunks.get(ordinal=0)
    assert (chunk.state, chunk.attempt, chunk.lease_until) in {("done", 2, None), ("todo", 1, None)}
    drain(job_id=job.pk, stages=stages(work=write_and_fail))
    job.refresh_from_db()
    assert written() == ALL
    assert job.state == "done"


@pytest.mark.django_db
def test_what_went_wrong_is_kept_and_the_lease_is_free() -> None:
    def fail(_work: Work, _prepared: Any) -> None:
        raise KeyError("a bug\0")

    job = new_job()
    with pytest.raises(KeyError):
        drain(job_id=job.pk, stages=stages(work=fail))
    chunk = job.chunks.get(ordinal=0)
    assert (chunk.state, chunk.attempt, chunk.lease_until) == ("todo", 1, None)
    assert "KeyError" in chunk.error


@pytest.mark.django_db
def test_a_late_attempt_commits_nothing() -> None:
    """The first worker is taken for dead while it prepares; a second one does the chunk; then the first comes back."""
    taken_over: list[Work] = []

    def prepare(work: Work) -> None:
        if work.ordinal == 0 and not taken_over:
            taken_over.append(work)
            Chunk.objects.filter(pk=work.chunk_id).update(lease_until="2000-01-01T00:00Z")
            drain(job_id=work.job.pk, stages=stages())
            assert written() == ALL

    job = new_job()
    drain(job_id=job.pk, stages=stages(prepare=prepare))
    assert written() == ALL
    assert job.chunks.get(stage="first", ordinal=0).attempt == 2
    with pytest.raises(services.LostLease):
        taken_over[0].keep()


@pytest.mark.django_db
def test_a_held_lease_is_respected_until_it_ends() -> None:
    job = new_job(chunks=1)
    assert services._claim(job.pk, ["first"]) is not None  # a worker that will never be heard of again
    drain(job_id=job.pk, stages=stages())
    assert written() == []
    Chunk.objects.update(lease_until="2000-01-01T00:00Z")
    drain(job_id=job.pk, stages=stages())
    assert len(written()) == 4
    assert job.chunks.get(stage="first").attempt == 2


@pytest.mark.django_db
def test_a_lost_connection_is_tried_again_and_a_poisoned_chunk_is_quarantined() -> None:
    told: list[tuple[str, Stopped]] = []

    def fail(work: Work, prepared: Any) -> None:
        write(work, prepared)
        if work.ordinal == 0:
            raise OperationalError("deadlock detected")

    job = new_job()
    drain(job_id=job.pk, stages=stages(work=fail, stopped=lambda job, why: told.append((job.state, why))))
    job.refresh_from_db()
    chunk = job.chunks.get(ordinal=0)
    assert (chunk.state, chunk.attempt) == ("quarantined", MAX_ATTEMPTS + 1)
    assert "deadlock detected" in chunk.error
    assert (job.state, job.error_code, job.error_text) == ("stopped", QUARANTINED, chunk.error)
    assert told == [("waiting", Stopped(QUARANTINED, {}))]
    assert written() == []
    drain(job_id=job.pk, stages=stages())
    assert written() == []  # a stopped job is not worked on


@pytest.mark.django_db
def test_a_chunk_that_kills_its_workers_is_quarantined() -> None:
    job = new_job(chunks=1)
    for _death in range(MAX_ATTEMPTS):
        assert services._claim(job.pk, ["first"]) is not None
        Chunk.objects.update(lease_until="2000-01-01T00:00Z")
    drain(job_id=job.pk, stages=stages())
    assert job.chunks.get().state == "quarantined"
    job.refresh_from_db()
    assert (job.error_code, job.error_text) == (QUARANTINED, services.NOBODY_CAME_BACK)  # staff read why
    assert written() == []


# ── a chunk of many units, one of which ends every worker ───────────────────────────────────────────────────────────────


def in_threes(work: Work) -> list[NewChunk]:
    """Cut the numbers of a chunk in three; a single one not at all."""
    numbers = work.payload["numbers"]
    size = -(-len(numbers) // 3)
    pieces = [numbers[at : at + size] for at in range(0, len(numbers), size)] if len(numbers) > 1 else []
    return [NewChunk({"numbers": piece}, len(piece)) for piece in pieces]


def name_numbers(work: Work, word: str) -> None:
    for number in work.payload["numbers"]:
        Organisation.objects.create(kind=Organisation.Kind.DESK, name=f"{number:02} {word}")


def number_stages(bad: set[int], failure: Exception, **changes: Any) -> Stages:
    """A stage that writes the numbers of its chunks, and fails half way where a bad one is among them."""

    def work(work: Work, _prepared: Any) -> None:
        name_numbers(work, "done")
        if bad & set(work.payload["numbers"]):
            raise failure

    def then(job: Job) -> None:
        assert not job.chunks.filter(state="todo").exists()

    found: dict[str, Any] = {
        "work": work,
        "then": then,
        "cut": in_threes,
        "give_up": lambda work: name_numbers(work, "given up"),
    }
    return {"numbers": Stage(**{**found, **changes})}


def number_job(*chunks: int) -> Job:
    numbers = iter(range(sum(chunks)))
    plan = [NewChunk({"numbers": [next(numbers) for _ in range(size)]}, size) for size in chunks]
    return create_job(kind="test", subject_id=1, owner=None, stage="numbers", chunks=plan, bell=False)


def drain_through_bugs(job: Job, stages: Stages, bugs: int) -> None:
    """Drain until the job is at its end; it fails exactly so often on the way."""
    for _bug in range(bugs):
        with pytest.raises(KeyError):
            drain(job_id=job.pk, stages=stages)
    drain(job_id=job.pk, stages=stages)
    job.refresh_from_db()


@pytest.mark.django_db
def test_a_chunk_that_always_fails_is_cut_to_the_unit_at_fault() -> None:
    """Of 20 numbers, 13 fails: its chunk of ten is cut to four, to two, to one; 13 alone is given up, the others are done."""
    job = number_job(10, 10)
    drain_through_bugs(job, number_stages({13}, KeyError("13")), bugs=5 + 3 * 2)
    assert (job.state, job.units_done, job.units_total) == ("done", 20, 20)
    assert written() == [f"{number:02} {'given up' if number == 13 else 'done'}" for number in range(20)]
    given_up = job.chunks.get(state="given_up")
    assert (given_up.payload, given_up.units) == ({"numbers": [13]}, 1)
    assert "KeyError: '13'" in given_up.error
    assert list(job.chunks.filter(state="split").order_by("ordinal").values_list("units", flat=True)) == [10, 4, 2]
    assert given_up.piece_of is not None
    assert given_up.piece_of.piece_of is not None
    ordinals = list(job.chunks.order_by("ordinal").values_list("ordinal", flat=True))
    assert ordinals == list(range(2 + 3 + 2 + 2))


@pytest.mark.django_db
def test_a_unit_that_kills_its_workers_without_a_word_is_found_the_same_way() -> None:
    class Killed(BaseException):
        """As kill -9: nothing more is done for the chunk."""

    job, stages = number_job(4), number_stages({2}, KeyError("never raised"))

    def prepare(work: Work) -> None:
        if 2 in work.payload["numbers"]:
            raise Killed

    stages["numbers"] = Stage(
        **{**vars(stages["numbers"]), "prepare": prepare, "work": lambda w, _p: name_numbers(w, "done")}
    )
    deaths = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "_give_back", lambda _work, refused=None: None)
        while job.state != "done":
            try:
                drain(job_id=job.pk, stages=stages)
            except Killed:
                deaths += 1
            Chunk.objects.filter(state="todo").update(lease_until="2000-01-01T00:00Z")
            job.refresh_from_db()
    assert deaths == 5 + 2 + 2
    assert written() == ["00 done", "01 done", "02 given up", "03 done"]
    assert job.chunks.get(state="given_up").error == services.NOBODY_CAME_BACK


@pytest.mark.django_db
def test_a_database_that_refuses_never_costs_a_unit() -> None:
    job = number_job(10)
    drain(job_id=job.pk, stages=number_stages({3}, OperationalError("deadlock detected")))
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("stopped", QUARANTINED)
    assert list(job.chunks.values_list("state", "failures", "refusals")) == [("quarantined", 0, MAX_ATTEMPTS)]
    assert written() == []


def full_disk() -> OperationalError:
    """As Django says it of a statement."""
    refused = OperationalError("could not extend file")
    refused.__cause__ = psycopg.errors.DiskFull("could not extend file")
    return refused


@pytest.mark.django_db
@pytest.mark.parametrize(
    "refused",
    [
        full_disk(),
        psycopg.errors.DiskFull("COPY says it without Django"),
        OSError(errno.ENOSPC, "the disk of this machine, not of PostgreSQL"),
        StorageIsAway(),
    ],
)
def test_a_full_disk_is_tried_again_a_lease_later(refused: Exception) -> None:
    job = number_job(10)
    drain(job_id=job.pk, stages=number_stages({3}, refused))
    chunk = job.chunks.get()
    assert (chunk.state, chunk.attempt, chunk.failures, chunk.refusals, chunk.held_by) == ("todo", 1, 0, 1, None)
    assert chunk.lease_until is not None
    drain(job_id=job.pk, stages=number_stages(set(), refused))
    assert written() == []  # not yet
    Chunk.objects.update(lease_until="2000-01-01T00:00Z")
    drain(job_id=job.pk, stages=number_stages(set(), refused))
    assert len(written()) == 10


@pytest.mark.django_db
def test_a_file_that_cannot_be_opened_is_a_bug_and_not_a_full_disk() -> None:
    job = number_job(10)
    with pytest.raises(OSError, match="no such thing"):
        drain(job_id=job.pk, stages=number_stages({3}, OSError(errno.ENOENT, "no such thing")))
    chunk = job.chunks.get()
    assert (chunk.failures, chunk.refusals) == (1, 0)


@pytest.mark.django_db
def test_too_many_cuts_stop_the_job_for_then_the_units_are_not_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MAX_CUTS", 2)
    job = number_job(9, 9)
    drain_through_bugs(job, number_stages(set(range(18)), KeyError("each")), bugs=5 + 5 + 2)
    assert (job.state, job.error_code) == ("stopped", QUARANTINED)
    assert written() == []


@pytest.mark.django_db
def test_cutting_that_fails_stops_the_job_too() -> None:
    def cut(_work: Work) -> list[NewChunk]:
        raise KeyError("cannot even count")

    job = number_job(9)
    drain_through_bugs(job, number_stages({1}, KeyError("1"), cut=cut), bugs=5 + services.CUT_ATTEMPTS)
    assert (job.state, job.error_code) == ("stopped", QUARANTINED)
    assert "cannot even count" in job.error_text


@pytest.mark.django_db
def test_giving_up_may_refuse_with_a_reason() -> None:
    def give_up(_work: Work) -> None:
        raise CannotBeDone(what="so many")

    job = number_job(1)
    drain_through_bugs(job, number_stages({0}, KeyError("0"), give_up=give_up), bugs=5)
    assert (job.state, job.error_code) == ("stopped", "cannot-be-done")


@pytest.mark.django_db
def test_a_chunk_taken_over_while_it_is_cut_is_not_cut_twice() -> None:
    cuts: list[int] = []

    def cut(work: Work) -> list[NewChunk]:
        cuts.append(work.attempt)
        if len(cuts) == 1:  # while this worker counts, it is taken for dead, and another cuts
            Chunk.objects.filter(pk=work.chunk_id).update(lease_until="2000-01-01T00:00Z")
            drain(job_id=work.job.pk, stages=number_stages(set(), KeyError(), cut=cut))
        return in_threes(work)

    job = number_job(9)
    job.chunks.update(failures=MAX_ATTEMPTS)
    drain(job_id=job.pk, stages=number_stages(set(), KeyError(), cut=cut))
    job.refresh_from_db()
    assert cuts == [1, 2]
    assert (job.state, sorted(job.chunks.values_list("state", "units"))) == ("done", [("done", 3)] * 3 + [("split", 9)])
    assert len(written()) == 9


@pytest.mark.django_db
def test_a_worker_leaves_stages_alone_that_it_does_not_know() -> None:
    """F19: while a new version is installed, its chunks wait for its own workers."""
    job = number_job(3)
    drain(job_id=job.pk, stages=stages())
    chunk = job.chunks.get()
    assert (chunk.state, chunk.attempt) == ("todo", 0)
    drain(job_id=job.pk, stages=number_stages(set(), KeyError()))
    assert len(written()) == 3


@pytest.mark.django_db
def test_a_job_left_in_a_stage_of_an_old_version_stops_and_is_told_once() -> None:
    job = number_job(3)
    told: list[tuple[int, str, str]] = []
    known = stages(stopped=lambda job, reason: told.append((job.pk, job.state, reason.code)))

    def later(seconds: int) -> None:
        ago = Now() - dt.timedelta(seconds=seconds)
        Job.objects.filter(pk=job.pk).update(created_at=ago, heartbeat_at=ago)

    later(services.UNKNOWN_SECONDS - 60)  # it may still be a version that is just being installed
    drain(job_id=job.pk, stages=known)
    assert (told, job in services._due_jobs()) == ([], True)
    later(services.UNKNOWN_SECONDS + 60)
    for _bell in range(3):
        drain(job_id=job.pk, stages=known)
    assert told == [(job.pk, "stopped", services.STAGE_UNKNOWN)]
    assert job not in services._due_jobs()
    services.resume_job(job=job)  # when there is a version again that knows it
    drain(job_id=job.pk, stages=number_stages(set(), KeyError()))
    assert len(written()) == 3


@pytest.mark.django_db
def test_a_job_is_not_left_while_a_worker_of_another_version_has_it() -> None:
    job = number_job(3)
    services._claim(job.pk, ["numbers"])
    Job.objects.filter(pk=job.pk).update(created_at=Now() - dt.timedelta(days=1))
    drain(job_id=job.pk, stages=stages())
    job.refresh_from_db()
    assert job.state == "waiting"


@pytest.mark.parametrize("receive", [lambda: a_report(), lambda: a_catalogue()], ids=["report", "catalogue"])
@pytest.mark.django_db
def test_of_a_job_left_in_an_old_stage_staff_are_told_by_its_room(
    receive: Callable[[], dict[str, Any]], tmp_path: Path, settings: Settings
) -> None:
    settings.MEDIA_ROOT = tmp_path
    staff = User.objects.create_user("staff@garak.example", name="staff")
    society = Organisation.objects.create(kind=Organisation.Kind.SOCIETY, name="society")
    Membership.objects.create(user=staff, organisation=society, role=Role.STAFF, from_date=dt.date(2026, 1, 1))
    celery.loader.import_default_modules()
    job = Job.objects.get(pk=receive()["job_id"])
    Job.objects.update(stage="register", created_at=Now() - dt.timedelta(days=1))
    job.chunks.update(stage="register")
    for _bell in range(2):
        celery.tasks[job.kind](job_id=job.pk)
    assert Notice.objects.filter(user=staff).count() == 1
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("stopped", services.STAGE_UNKNOWN)


def test_a_task_goes_on_with_the_connection_of_the_task_before_unless_it_is_broken(fresh_database: Database) -> None:
    worker = DjangoWorkerFixup(celery)

    def process_of_the_server() -> int:
        worker.close_database()  # what Celery does after a task, and again before the next
        keep_good_connections()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return int(cursor.fetchone()[0])

    first = process_of_the_server()
    assert process_of_the_server() == first
    with psycopg.connect(fresh_database.owner_url, autocommit=True) as owner:
        owner.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
    second = process_of_the_server()
    assert second not in {0, first}
    with psycopg.connect(fresh_database.owner_url, autocommit=True) as owner:
        owner.execute("SELECT pg_terminate_backend(%s, 5000)", [second])
    with pytest.raises(OperationalError):
        Job.objects.count()  # a task that had begun meanwhile
    assert process_of_the_server() not in {first, second}


def test_a_chunk_is_free_at_once_when_the_connection_of_its_worker_is_gone(fresh_database: Database) -> None:
    """Whoever lost the connection on which he claimed cannot commit any more: nobody need wait for his lease."""
    job = number_job(3)
    in_threads(1, lambda: services._claim(job.pk, ["numbers"]))  # its connection is closed at the end
    backends = "SELECT count(*) FROM pg_stat_get_activity(%s)"
    held_by = job.chunks.get().held_by

    def is_gone() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(backends, [held_by])
            return bool(cursor.fetchone() == (0,))

    wait_for(is_gone, "the server process has ended")
    drain(job_id=job.pk, stages=number_stages(set(), KeyError()))
    chunk = job.chunks.get()
    assert (chunk.state, chunk.attempt, chunk.failures) == ("done", 2, 1)


@pytest.mark.django_db
def test_a_stopped_job_is_tried_again_as_if_nothing_had_failed() -> None:
    job = number_job(4, 4)
    drain(job_id=job.pk, stages=number_stages({2}, OperationalError("disk full")))
    late = Work(job, job.chunks.get(ordinal=0).pk, 0, {}, 4, attempt=1)
    job.refresh_from_db()
    assert job.state == "stopped"
    assert services.resume_job(job=job)
    job.refresh_from_db()
    assert (job.state, job.error_code, job.error_text, job.finished_at) == ("waiting", "", "", None)
    assert sorted(job.chunks.values_list("state", "failures", "refusals")) == [("todo", 0, 0)] * 2
    with pytest.raises(services.LostLease):
        late.keep()
    drain(job_id=job.pk, stages=number_stages(set(), KeyError()))
    assert len(written()) == 8
    assert not services.resume_job(job=job)
    job.refresh_from_db()
    assert job.state == "done"


@pytest.mark.django_db
def test_a_foreseen_failure_stops_the_job_at_once() -> None:
    told: list[Stopped] = []

    def refuse(work: Work, prepared: Any) -> None:
        write(work, prepared)
        raise CannotBeDone(what="this")

    job = new_job()
    drain(job_id=job.pk, stages=stages(work=refuse, stopped=lambda _job, why: told.append(why)))
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("stopped", "cannot-be-done")
    assert told == [Stopped("cannot-be-done", {"what": "this"})]
    assert written() == []
    assert sorted(job.chunks.values_list("state", "attempt")) == [("quarantined", 1), ("todo", 0)]


@pytest.mark.django_db
def test_a_chunk_done_beside_the_stop_does_not_wake_the_job() -> None:
    def stop_meanwhile(work: Work) -> None:
        Job.objects.filter(pk=work.job.pk).update(state=Job.State.STOPPED)

    job = new_job(chunks=1)
    drain(job_id=job.pk, stages=stages(prepare=stop_meanwhile))
    job.refresh_from_db()
    assert (job.state, written()) == ("stopped", ["first 0"])


@pytest.mark.django_db
def test_rings_when_committed_and_a_silent_broker_fails_nothing(
    django_capture_on_commit_callbacks: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        job = create_job(kind="test", subject_id=1, owner=None, stage="first", chunks=[NewChunk({})])
    assert len(callbacks) == 1
    assert "the sweep will ring" in caplog.text
    assert Job.objects.get(pk=job.pk).state == "waiting"
    assert not services.ring(job)


@pytest.mark.django_db
def test_the_sweep_rings_for_work_that_nobody_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []

    def ring(job: Job) -> bool:
        rung.append(job.pk)
        return True

    monkeypatch.setattr(services, "ring", ring)
    due, dead, held, stopped, done = (new_job(chunks=1) for _kind in range(5))
    for job in (dead, held):
        assert services._claim(job.pk, ["first"]) is not None
    Chunk.objects.filter(job=dead).update(lease_until="2000-01-01T00:00Z")
    Job.objects.filter(pk=stopped.pk).update(state=Job.State.STOPPED)
    drain(job_id=done.pk, stages=stages())
    assert services.sweep() == 2
    assert sorted(rung) == sorted([due.pk, dead.pk])


@pytest.mark.django_db
def test_what_is_due_is_done_here_while_there_is_no_broker(settings: Settings, tmp_path: Path) -> None:
    """F08: a file is received, read and matched although no worker can be rung for."""
    settings.MEDIA_ROOT, settings.PORTAL_DATA_DIR = tmp_path, tmp_path
    job = Job.objects.get(pk=a_report()["job_id"])
    call_command("work")
    job.refresh_from_db()
    assert job.state == "done"
    assert services.work_here() == 0


@pytest.mark.django_db
def test_work_that_nobody_does_is_noticed(settings: Settings) -> None:
    """F09: due for longer than the silence, nobody holds a chunk, nobody has finished one."""
    settings.JOB_SILENCE_SECONDS = 80
    assert not services.nobody_works()
    job = new_job(chunks=2)
    assert not services.nobody_works()  # it was made just now
    Job.objects.update(created_at="2000-01-01T00:00Z")
    assert services.nobody_works()
    with pytest.raises(CommandError, match="nobody was heard of for 80 seconds"):
        call_command("work", check=True)
    assert services._claim(job.pk, ["first"]) is not None
    assert not services.nobody_works()  # somebody holds a chunk, however long
    Chunk.objects.update(lease_until=None, held_by=None)
    Job.objects.update(heartbeat_at=Now())
    assert not services.nobody_works()  # somebody was heard of
    Job.objects.update(heartbeat_at="2000-01-01T00:00Z")
    assert services.nobody_works()
    Job.objects.update(state=Job.State.STOPPED)
    assert not services.nobody_works()
    call_command("work", check=True)


def test_the_keeper_has_it_done_once_by_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Any] = [OperationalError("away"), False, True, True]
    started: list[list[str]] = []

    class Helper:
        def __init__(self, command: list[str], cwd: Path) -> None:
            started.append(command[1:])

        def poll(self) -> None:
            return None

        def terminate(self) -> None:
            started.append(["terminate"])

    def nobody_works() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(keeper, "nobody_works", nobody_works)
    monkeypatch.setattr("portal.jobs.keeper.subprocess.Popen", Helper)
    found = Keeper()
    for expected in ([], [], [["manage.py", "work"]], [["manage.py", "work"]]):
        found.look()
        assert started == expected
    found.stop()
    assert started[-1] == ["terminate"]


def test_beat_counts_seconds_and_looks_at_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """F20: the wall's clock goes back an hour and forth two; the sweep is called once per interval, and first after one."""
    ticking = Clock(1000.0)
    monkeypatch.setattr(beat, "monotonic", ticking)
    called: list[str] = []
    monkeypatch.setattr(Metronome, "apply_entry", lambda _self, entry, producer=None: called.append(entry.task))
    monkeypatch.setattr(Metronome, "producer", None)
    monkeypatch.setattr(beat, "Keeper", Mock())
    metronome = Metronome(app=celery)
    every = float(celery.conf.beat_schedule["sweep"]["schedule"])
    for wall in (0.0, -3600.0, 3600.0):
        monkeypatch.setattr("time.time", Clock(1_800_000_000.0 + wall))
        assert metronome.tick() == pytest.approx(every)
        ticking.now += every - 1
        assert metronome.tick() == pytest.approx(1)
        ticking.now += 1
        metronome.tick()
    assert called == ["portal.jobs.tasks.sweep"] * 3


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_jobs_ask_the_database_what_time_it_is() -> None:
    """F20: a worker whose own clock is wrong neither steals nor loses a lease, for it is never asked."""
    for path in sorted(Path(services.__file__).parent.glob("*.py")):
        names = {
            getattr(node, "id", getattr(node, "attr", getattr(node, "name", "")))
            for node in ast.walk(ast.parse(path.read_text()))
        }
        assert not names & {"datetime", "timezone", "time", "now", "utcnow", "today"}, path


@pytest.mark.django_db
def test_a_worker_gives_others_their_turn_but_not_without_a_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([True, False])
    monkeypatch.setattr(services, "ring", lambda _job, _times=1: next(answers))
    first, second = new_job(), new_job()
    drain(job_id=first.pk, stages=stages(), seconds=0)
    assert written() == ["first 0"]
    monkeypatch.setattr(services, "ring", lambda _job, _times=1: False)
    drain(job_id=second.pk, stages=stages(), seconds=0)
    assert Job.objects.get(pk=second.pk).state == "done"


def in_threads(count: int, do: Callable[[], object]) -> None:
    """Do it in threads with connections of their own, at once; what fails there fails here."""
    errors: list[BaseException] = []
    start = threading.Barrier(count)

    def body() -> None:
        try:
            start.wait()
            do()
        except BaseException as error:
            errors.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=body) for _number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


def test_workers_at_once_share_the_chunks(fresh_database: Database) -> None:
    job = new_job(chunks=40)
    in_threads(4, lambda: drain(job_id=job.pk, stages=stages()))
    job.refresh_from_db()
    assert job.state == "done"
    assert written() == sorted([f"first {n}" for n in range(40)] + ["second 0", "second 1", "second 2"])
    assert set(job.chunks.values_list("attempt", flat=True)) == {1}
    assert job.units_done == job.units_total == 30


# ── every task that is registered, so that a new one cannot be forgotten ────────────────────────────────────────────────


def a_report() -> dict[str, Any]:
    text = "结算期间,平台,中央曲库ID,歌曲名,歌手名,高级包月收入分成-使用量,CP分成收入\n" + "".join(
        f"20260901,QQ音乐,{n},가{n},나,1,0.5\n" for n in range(1, 200)
    )
    stored = store_upload(stream=BytesIO(text.encode()), label="song_1.csv", user=None)
    report, _new = receive_report(source=Source.objects.get(code="tme"), stored=stored, period=None, user=None)
    return {"job_id": report.job_id}


def a_look_for_duplicates() -> dict[str, Any]:
    return {"job_id": start_finding(actor=None, bell=False).pk}


def a_rematch() -> dict[str, Any]:
    rematch = start_rematch(actor=None)
    return {"job_id": Job.objects.get(subject_id=rematch.pk).pk}


def a_catalogue() -> dict[str, Any]:
    text = "work_ref,title,performer,party,role,society,performing_share,mechanical_share\n" + "".join(
        f"W{n},제목{n},가수,작가,CA,118,1/1,1/1\n" for n in range(1, 50)
    )
    publisher = Organisation.objects.create(kind=Organisation.Kind.PUBLISHER, name="출판")
    _upload, job = receive_catalogue(
        stream=BytesIO(text.encode()), label="a.csv", organisation=publisher, user=None, bell=False
    )
    return {"job_id": job.pk}


def a_file_of_names() -> dict[str, Any]:
    publisher = Organisation.objects.create(kind=Organisation.Kind.PUBLISHER, name="출판")
    user = User.objects.create_user("names@garak.example", name="names")
    Membership.objects.create(
        user=user, organisation=publisher, role=Role.PUBLISHER_SUPER, from_date=dt.date(2026, 1, 1)
    )
    work = register.Work.objects.create(title="달빛", registered_by=publisher)
    text = "of,ref,text,kind\n" + "".join(f"work,{work.ref},Moon {n % 900},translated\n" for n in range(1_200))
    stream = BytesIO(f"{text}work,W-NONE,x,translated\n".encode())
    _upload, job = receive_names(stream=stream, label="names.csv", user=user, bell=False)
    return {"job_id": job.pk}


def nothing() -> dict[str, Any]:
    return {}


def an_old_count() -> dict[str, Any]:
    for who, minute in (("long ago", "2020-01-01T00:00Z"), ("to come", "2999-01-01T00:00Z")):
        RequestCount.objects.create(who=who, minute=minute, requests=1)
    return {}


TASKS = {  # name → makes what it works on, and returns its arguments
    "portal.files.tasks.sweep": nothing,
    "portal.jobs.tasks.sweep": nothing,
    "portal.rest.tasks.sweep": an_old_count,
    "royalties.tasks.import_report": a_report,
    "royalties.tasks.rematch": a_rematch,
    "royalties.tasks.find_duplicates": a_look_for_duplicates,
    "royalties.tasks.look_for_duplicates": nothing,
    "works.tasks.keep_vectors": nothing,
    "royalties.tasks.keep_words": nothing,
    "royalties.tasks.sweep": nothing,
    "works.tasks.import_catalogue": a_catalogue,
    "works.tasks.import_names": a_file_of_names,
}


def registered_tasks() -> set[str]:
    celery.loader.import_default_modules()
    return {name for name in celery.tasks if not name.startswith("celery.")}


def every_row() -> dict[str, list[Any]]:
    """What the database holds, but for the moments at which it was written."""
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f'SELECT to_jsonb(t) - %s::text[] FROM "{table}" t ORDER BY 1', [["heartbeat_at"]])
            found[table] = cursor.fetchall()
    return found


def test_every_task_is_known_here() -> None:
    assert registered_tasks() == TASKS.keys()


@pytest.mark.parametrize("name", sorted(TASKS))
def test_every_task_is_harmless_when_it_runs_again_and_at_once(
    name: str, fresh_database: Database, settings: Settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT, settings.PORTAL_DATA_DIR = tmp_path, tmp_path
    arguments = TASKS[name]()
    task = celery.tasks[name]
    in_threads(3, lambda: task(**arguments))
    before = every_row()
    assert set(Job.objects.values_list("state", "error_code")) <= {("done", "")}
    task(**arguments)
    in_threads(3, lambda: task(**arguments))
    assert every_row() == before
