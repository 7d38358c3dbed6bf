"""Garak beside Splink 5 on the same songs in one run: F1 and songs per second, on a size that Splink bears.

Both are asked for invented songs (tests.bench.asking) of an invented register and, where GARAK_SHARED names the folder of collected songs,
for those; nobody is told other names of artists. Splink gets the threshold of its best F1 on these very songs, which favours it; Garak answers at its
frozen review threshold. Of both the seconds count from the songs as reported to the answers: what is done once for a register, reading and
training there and keys here, does not.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import tempfile
import venv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from django.db import connection

from tests.bench.asking import Asked, songs_to_ask
from tests.bench.databases import Database, migrated_database, portal_on
from tests.bench.matching import WARM_UP, Answer, decide, processes, runs, timed
from tests.bench.tables import table
from works.matching import evaluation

LOCK: Final = Path(__file__).with_name("splink.txt")
SCRIPT: Final = Path(__file__).with_name("splink_link.py")
OURS, SPLINK = "Garak, without the encoder", "Splink 5"
Row = tuple[int, str, str]  # a number, a title, artists


class Result(NamedTuple):
    """precision, recall: of all songs answered, and of all songs that are registered. seconds: for all songs."""

    precision: float
    recall: float
    seconds: float

    @property
    def f1(self) -> float:
        return evaluation.f1(self.precision, self.recall)


@dataclass
class Compared:
    """Both on the same songs. trained: what Splink takes once for a register, in seconds."""

    name: str
    works: int
    songs: int
    results: dict[str, Result] = field(default_factory=dict)
    trained: float = 0.0

    def goals(self) -> list[tuple[str, str, bool]]:
        ours, theirs = self.results[OURS], self.results[SPLINK]
        times = theirs.seconds / ours.seconds
        return [
            (f"F1 above Splink's, {self.name}", f"{ours.f1:.3f} to {theirs.f1:.3f}", ours.f1 > theirs.f1),
            (f"faster than Splink, {self.name}", f"{times:.1f} ×", times > 1),
        ]

    def text(self) -> str:
        rows = [
            (who, f"{its.f1:.3f}", f"{its.precision:.3f}", f"{its.recall:.3f}", f"{its.seconds:.2f}", f"{self.songs / its.seconds:,.0f}")
            for who, its in self.results.items()
        ]  # fmt: skip
        whole = self.songs / (self.trained + self.results[SPLINK].seconds)
        heading = (
            f"{self.name.capitalize()}: {self.songs:,} songs, {self.works:,} works. Splink at the threshold of its best F1 on these songs; its "
            f"{self.trained:.1f} seconds of reading the register and training are not counted, as those of making keys are not "
            f"(with them it does {whole:,.0f} songs a second)."
        )
        return f"{heading}\n\n{table(('', 'F1', 'precision', 'recall', 'seconds', 'songs per second'), rows)}"


class Splink:
    """Splink in an environment of its own. `why_not` says why it is left out."""

    def __init__(self, folder: Path) -> None:
        self.why_not = ""
        self.python = folder / "bin/python"
        installed = folder / "installed"
        if not installed.exists() or installed.read_bytes() != LOCK.read_bytes():
            self._install(folder, installed)

    def _install(self, folder: Path, installed: Path) -> None:
        venv.create(folder, with_pip=True, clear=True)
        command = [
            str(self.python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
        ]
        done = subprocess.run([*command, "-r", str(LOCK)], check=False, capture_output=True, text=True)
        if done.returncode:
            self.why_not = f"it could not be installed: {done.stderr.strip().splitlines()[-1:]}"
        else:
            installed.write_bytes(LOCK.read_bytes())

    def link(self, register: Iterable[Row], asked: Sequence[Row], right: Sequence[int]) -> tuple[Result, float]:
        """What it finds at the threshold of its best F1, and the seconds it takes once for a register. right: by song, 0 for none."""
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / "register.tsv", Path(folder) / "songs.tsv"]
            for path, rows in zip(files, (register, asked), strict=True):
                with path.open("w", encoding="utf-8", newline="") as file:
                    csv.writer(file, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None).writerows(rows)
            done = subprocess.run([self.python, "-I", SCRIPT, *files], check=True, capture_output=True, text=True)
        said = json.loads(done.stdout.splitlines()[-1])
        best = sorted(((weight, int(song), int(work)) for song, work, weight in said["best"]), reverse=True)
        points = [(0.0, 0.0)]
        found, registered = 0, sum(map(bool, right))
        for answered, (_, song, work) in enumerate(best, 1):
            found += right[song] == work
            points.append((found / answered, found / registered))
        precision, recall = max(points, key=lambda point: evaluation.f1(*point))
        return Result(precision, recall, said["songs"] + said["predicted"]), said["register"] + said["trained"]


def compare_with_splink(
    server: Database, register: Database, splink: Splink, *, songs: int, template: str, say: Callable[[str], None]
) -> list[Compared]:
    """On invented songs of a filled register, and on collected ones where there are any."""
    with portal_on(register):
        compared = [_compare("invented songs", splink, songs_to_ask(songs, "beside Splink"))]
    gold = Path(os.environ.get("GARAK_SHARED", "/nowhere")) / "gold"
    if gold.exists():
        with migrated_database(server, template) as database, portal_on(database):
            numbers = evaluation.register(evaluation.read_songs(gold / "catalogue.tsv"))
            collected = evaluation.read_songs(gold / "queries.tsv")
            asked = [Asked(song.title, song.artist, numbers.get(song.work_id, 0), song.kind) for song in collected]
            compared.append(_compare("collected songs", splink, asked))
    for each in compared:
        say(
            ", ".join(
                f"{who}: F1 {its.f1:.3f}, {each.songs / its.seconds:,.0f} songs a second"
                for who, its in each.results.items()
            )
        )
    return compared


def _compare(name: str, splink: Splink, asked: Sequence[Asked]) -> Compared:
    """Django is connected to the register."""
    register = _register()
    connection.close()
    found = Compared(name, len({work_id for work_id, _, _ in register}), len(asked))
    with processes() as pool:
        list(
            pool.map(decide, runs(asked[: WARM_UP // 2], WARM_UP // 8))
        )  # modules and connections; a process is seldom new
        seconds, answered = timed(pool, decide, asked)
    answers = [answer for its, _ in answered for answer in its]
    found.results[OURS] = _result(asked, answers, seconds)
    songs = [(place, song.title, song.artists) for place, song in enumerate(asked)]
    found.results[SPLINK], found.trained = splink.link(register, songs, [song.work_id for song in asked])
    return found


def _result(asked: Sequence[Asked], answers: Sequence[Answer], seconds: float) -> Result:
    answered = sum(answer.outcome != "none" for answer in answers)
    right = sum(
        answer.outcome != "none" and answer.work_id == song.work_id for song, answer in zip(asked, answers, strict=True)
    )
    registered = sum(bool(song.work_id) for song in asked)
    return Result(right / max(1, answered), right / max(1, registered), seconds)


def _register() -> list[Row]:
    """Each title of each work with the performers' text."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.work_id, t.text, r.performer FROM works_worktitle t
            JOIN works_recordingwork p ON p.work_id = t.work_id JOIN works_recording r ON r.id = p.recording_id
            ORDER BY t.work_id, t.id"""
        )
        rows: list[Row] = cursor.fetchall()
        return rows
