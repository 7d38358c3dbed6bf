"""The portal's own Celery worker, with what a chaos run asks of it. `python -m tests.chaos.worker NAME`

It runs the product unchanged but for sizes, a clock on the wall that is wrong, and points at which it dies when told to. A
token is a file in the folder of the run: whoever reaches the point first takes it and kills itself. The mutants of
mutants.py are wrong on purpose, to see that the supervisor sees them. Everything is said by the environment:

    GARAK_CHAOS_FOLDER  tokens, and where beat and the logs are
    GARAK_CHAOS_CHUNK   lines of a chunk; songs of a chunk are a quarter of it
    GARAK_CHAOS_CLOCK   seconds by which the clock on the wall is wrong
    GARAK_CHAOS_PACED   anything: chunks of lines are taken only as far as the table chaos_pace says
    GARAK_CHAOS_MUTANT  a name of mutants.MUTANTS
    GARAK_CHAOS_POISON  a text in ASCII; the reader kills its process on a line that holds it
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

WRONG_BY: Final = float(os.environ.get("GARAK_CHAOS_CLOCK", "0"))
if WRONG_BY:  # before anybody imports time.time by name
    right_time = time.time
    time.time = lambda: right_time() + WRONG_BY

import celery.signals  # noqa: E402
import django  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db.backends.base.base import BaseDatabaseWrapper  # noqa: E402

FOLDER: Final = Path(os.environ.get("GARAK_CHAOS_FOLDER", "."))
AFTER_COMMIT, BEFORE_ACK, BEFORE_BELL = "after-commit", "before-ack", "before-bell"
POINTS: Final = (AFTER_COMMIT, BEFORE_ACK, BEFORE_BELL)
DRAIN_SECONDS: Final = 2.0  # so that messages are acknowledged, and bells rung, all the time
LOCK_SECONDS: Final = 2
RANK: Final = "coalesce(array_position(ARRAY['plan', 'parse', 'match', 'finish'], {0}.stage), 3)"  # a stage not named goes with matching


def die_if_told(point: str) -> None:
    """Take the token of this point, if one lies there, and die as by kill -9."""
    try:
        (FOLDER / point).rename(FOLDER / f"{point}.{os.getpid()}")
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def hold_of(folder: Path, stage: str) -> Path:
    """While this file is there, chunks of the stage stay in hand: a short stage would be over before a fault befalls it."""
    return folder / f"hold-{stage}"


def wait_while_held(stage: str) -> None:
    while hold_of(FOLDER, stage).exists():
        time.sleep(0.002)


def install_points() -> None:
    """Name the database sessions of each child after it, and let it die where it is told to."""
    from portal.jobs import services

    commits = -1  # since the chunk under work is prepared; the right worker makes one, the mutants two
    commit, do, ring = BaseDatabaseWrapper._commit, services._do, services.ring  # type: ignore[attr-defined]

    def commit_and_die(self: BaseDatabaseWrapper) -> Any:
        nonlocal commits
        result = commit(self)
        if commits == 0:
            die_if_told(AFTER_COMMIT)
        commits += commits >= 0
        return result

    def do_and_count(work: Any, stage: Any, stages: Any, **kwargs: Any) -> None:
        def prepare(work: Any) -> Any:
            nonlocal commits
            prepared = stage.prepare(work)
            wait_while_held(name)
            commits = 0
            return prepared

        nonlocal commits
        (name,) = (name for name, known in stages.items() if known is stage)
        try:
            do(work, replace(stage, prepare=prepare), stages, **kwargs)
        finally:
            commits = -1

    def ring_unless_dead(*args: Any, **kwargs: Any) -> bool:
        die_if_told(BEFORE_BELL)
        return ring(*args, **kwargs)

    def name_sessions(**_: Any) -> None:
        os.environ["PGAPPNAME"] = f"child {os.getpid()}"

    def before_ack(**_: Any) -> None:
        die_if_told(BEFORE_ACK)

    BaseDatabaseWrapper._commit = commit_and_die  # type: ignore[attr-defined]
    services._do, services.ring = do_and_count, ring_unless_dead
    celery.signals.worker_process_init.connect(name_sessions, weak=False)
    celery.signals.task_postrun.connect(before_ack, weak=False)


def install_sizes() -> None:
    from royalties import ingest
    from royalties.ingest import sums
    from royalties.reports import csv_lines

    lines = int(os.environ.get("GARAK_CHAOS_CHUNK", "5000"))
    for module, name, value in (
        (csv_lines, "LINES_A_CHUNK", lines),
        (sums, "SONGS_A_CHUNK", max(lines // 4, 10)),
        (ingest, "DRAIN_SECONDS", DRAIN_SECONDS),
    ):
        assert hasattr(module, name)
        setattr(module, name, value)
    options = settings.DATABASES["default"]["OPTIONS"]
    options["options"] = options["options"].replace("lock_timeout=15s", f"lock_timeout={LOCK_SECONDS}s")
    assert f"lock_timeout={LOCK_SECONDS}s" in options["options"]


def install_pace() -> None:
    """Let the supervisor say how far the files may be read, so that they are not at their end before the faults are.

    And let no file be in a later stage than another, so that a stage that is held in hand holds up none before it.
    """
    from portal.jobs import services

    order = "ORDER BY c.ordinal"
    assert order in services.CLAIM
    pace = f"""AND (c.stage <> 'parse' OR c.ordinal < (SELECT upto FROM chaos_pace)) AND NOT EXISTS (
        SELECT 1 FROM jobs_chunk o WHERE o.state = 'todo' AND {RANK.format("o")} < {RANK.format("c")}) """
    setattr(services, "CLAIM", services.CLAIM.replace(order, pace + order))  # noqa: B010 it is Final for everybody else


def install_poison(text: str) -> None:
    """The reader dies on a line with this text, and so does every process that reads it."""
    from royalties.ingest.parse import Remembered
    from royalties.reports import csv_lines

    def deadly(read: Callable[..., Any]) -> Callable[..., Any]:
        def read_or_die(block: bytes, *args: Any) -> Any:
            if text.encode() in block:
                os.kill(os.getpid(), signal.SIGKILL)
            return read(block, *args)

        return read_or_die

    def deadly_reader(self: Remembered, *args: Any) -> Any:
        reader = find_reader(self, *args)
        setattr(reader, "read", deadly(reader.read))  # noqa: B010 a method of this one reader
        return reader

    find_reader = Remembered.reader
    setattr(Remembered, "reader", deadly_reader)  # noqa: B010 a method
    for name in ("csv_rows", "sheet_rows"):  # by which planning comes to a line
        setattr(csv_lines, name, deadly(getattr(csv_lines, name)))


def prepare() -> None:
    """Make of this process what the environment asks for; also used by the process that receives the file."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    install_sizes()
    if os.environ.get("GARAK_CHAOS_PACED"):
        install_pace()
    if mutant := os.environ.get("GARAK_CHAOS_MUTANT"):
        from tests.chaos.mutants import MUTANTS

        MUTANTS[mutant]()
    if text := os.environ.get("GARAK_CHAOS_POISON"):
        install_poison(text)
    install_points()


def main(name: str) -> None:
    prepare()
    from portal.celery import app

    app.worker_main(
        [
            "worker",
            "--beat",
            "--pool",
            "prefork",
            "--concurrency",
            "2",
            "--loglevel",
            "INFO",
            "--hostname",
            f"{name}@chaos",
            "--without-gossip",
            "--without-mingle",
        ]
    )


if __name__ == "__main__":
    main(sys.argv[1])
