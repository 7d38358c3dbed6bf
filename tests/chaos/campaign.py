"""Several runs on one cluster: an untouched one, the same among faults, and the mutants; and whether all is as it must be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from tests.chaos import choices, statement
from tests.chaos.disk import SmallDisk
from tests.chaos.faults import FAULTS
from tests.chaos.mutants import MUTANTS
from tests.chaos.processes import ROOT, PostgresOfTest
from tests.chaos.schedules import FOR_MUTANTS, schedule
from tests.chaos.supervisor import CLOCKS, Outcome, Run, Step

DISK_MEGABYTES: Final = 512
# The families that are read at once, each in a container of its own.
STATEMENTS: Final = (
    ("song", ".csv"),
    ("k", ".xlsx"),
    ("single", ".tsv"),
    ("aiting", ".zip"),
    ("mv", ".csv.gz"),
    ("guarantee", ".csv"),
    ("dsr", ".tsv"),
)
assert {family for family, _container in STATEMENTS} == {*statement.FAMILIES, *statement.OTHERS}
KILLS: Final = ("child_killed", "worker_killed", "main_process_killed", "killed_after_commit", "killed_before_ack", "killed_before_bell")  # fmt: skip


@dataclass(frozen=True)
class Decided:
    """How often each deed of choices.py was killed, and what its tables hold in the end."""

    kills: Counter[str]
    tables: dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Campaign:
    postgres: PostgresOfTest
    folder: Path
    disk: SmallDisk
    seed: int

    def write(self, statements: Sequence[tuple[str, str]], lines: int) -> list[Path]:
        """A file of so many lines for each family and container."""
        return [
            statement.write(self.folder / f"{family}_202609{container}", lines, self.seed, family=family)
            for family, container in statements
        ]

    def untouched(self, name: str, paths: Sequence[Path], *, lines: int, chunk: int) -> Outcome:
        run = Run(self.postgres, self.folder / name, name, lines, chunk, files=len(paths))
        return self._run(run, paths, [])

    def among_faults(
        self, name: str, paths: Sequence[Path], counts: Mapping[str, int], *, lines: int, chunk: int
    ) -> Outcome:
        """Clocks that are wrong, two beats, and these faults. The process that takes the file dies before it rings (F04)."""
        disk = None if self.disk.problem else self.disk
        run = Run(
            self.postgres, self.folder / name, name, lines, chunk, seed=self.seed, clocks=CLOCKS, disk=disk, is_paced=True,
            files=len(paths),
        )  # fmt: skip
        steps = schedule(counts, self.seed, disk=disk is not None)
        return self._run(run, paths, steps, dies="before-bell")

    def mutant(self, mutant: str, path: Path, *, lines: int, chunk: int) -> Outcome:
        name = mutant.replace("-", "_")
        run = Run(self.postgres, self.folder / name, name, lines, chunk, seed=self.seed, mutant=mutant, is_paced=True)
        return self._run(run, [path], schedule(FOR_MUTANTS, self.seed, disk=False, other_stages=False))

    def decided(self, name: str, *, kill: Sequence[str] = ()) -> Decided:
        """What choices.py comes to; deeds whose names hold one of these words are killed at every commit."""
        self.postgres.create(name)
        folder = self.folder / name
        folder.mkdir()
        environment = {
            "DATABASE_URL": self.postgres.url(name),
            "DATABASE_OWNER_URL": self.postgres.owner_url(name),
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "PORTAL_DATA_DIR": str(folder),
        }
        command = [sys.executable, "-m", "tests.chaos.choices", str(self.seed), *kill]
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        with psycopg.connect(self.postgres.owner_url(name)) as connection:
            tables = {table: connection.execute(query).fetchall() for table, query in choices.TABLES.items()}
        return Decided(Counter(json.loads(done.stdout)), tables)

    def _run(self, run: Run, paths: Sequence[Path], steps: Sequence[Step], *, dies: str = "") -> Outcome:
        try:
            run.redis.start()
            run.hold(steps)
            run.start_all()
            run.receive(*paths, dies=dies)
            return run.go(steps, FAULTS)
        finally:
            run.stop()


@contextmanager
def campaign(seed: int) -> Iterator[Campaign]:
    """A cluster in a folder for a while; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="garak-chaos-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        postgres = PostgresOfTest(folder)
        disk = SmallDisk(folder / "small", DISK_MEGABYTES)
        try:
            yield Campaign(postgres, folder, disk, seed)
        finally:
            postgres.stop()
            disk.close()


def faults_of(outcome: Outcome, untouched: Outcome) -> list[str]:
    """What is not as it must be after faults; nothing when the run has passed."""
    state = outcome.state
    wrong = {
        f"the job ended as {outcome.ended}": outcome.ended != "done",
        f"{state.lost} lines are lost": state.lost,
        f"{state.doubled} lines are doubled": state.doubled,
        f"the sum is wrong by {state.money - untouched.state.money} micros": state.money != untouched.state.money,
        f"other rows than untouched: {unlike(outcome, untouched)}": unlike(outcome, untouched),
        f"no attempt was lost: {outcome.attempts} for {outcome.chunks} chunks": outcome.faults
        and outcome.attempts <= outcome.chunks,
        f"faults that found no moment: {outcome.missed}": outcome.missed,
        f"lines were missing or doubled meanwhile: {outcome.unlike_j1}": outcome.unlike_j1,
        "complaints of no known class:\n" + "\n".join(outcome.unknown): outcome.unknown,
        f"only {outcome.late} late attempts were heard of": outcome.late < outcome.faults["paused_past_the_lease"],
    }
    return [sentence for sentence, is_so in wrong.items() if is_so]


def unlike(outcome: Outcome, untouched: Outcome) -> list[str]:
    """The tables whose rows are not those of the untouched run."""
    return [table for table, dump in untouched.state.dumps.items() if outcome.state.dumps[table] != dump]


CAUGHT: Final[dict[str, Callable[[Outcome], Any]]] = {
    "two-transactions": lambda outcome: outcome.state.doubled,
    "done-first": lambda outcome: outcome.state.lost,
}
assert CAUGHT.keys() == MUTANTS.keys()


def is_caught(mutant: str, outcome: Outcome, untouched: Outcome) -> bool:
    """Did the supervisor see the very thing this mutant does wrong?"""
    return bool(CAUGHT[mutant](outcome)) and bool(unlike(outcome, untouched))


# ── the table ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def table(rows: Sequence[tuple[str, Outcome, Outcome, str]]) -> str:
    """Name, outcome, the untouched one, and the verdict of each run, as columns."""
    head = (
        "run",
        "lines",
        "chunks",
        "attempts",
        "kills",
        "other faults",
        "lost",
        "doubled",
        "sum error",
        "same",
        "s",
        "verdict",
    )
    cells = [head, *(_row(*row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place in {0, len(head) - 1} else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def _row(name: str, outcome: Outcome, untouched: Outcome, verdict: str) -> tuple[str, ...]:
    state = outcome.state
    kills = sum(outcome.faults[fault] for fault in KILLS)
    numbers = (
        state.lines, outcome.chunks, outcome.attempts, kills, sum(outcome.faults.values()) - kills,
        state.lost, state.doubled, state.money - untouched.state.money,
    )  # fmt: skip
    same = "–" if outcome is untouched else "no" if unlike(outcome, untouched) else "yes"
    return (name, *(f"{number:,}" for number in numbers), same, f"{outcome.seconds:.0f}", verdict)
