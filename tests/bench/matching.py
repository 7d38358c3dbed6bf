"""Songs decided per second against a register of a million works, and whether the right works are found.

As an import does it: two processes take runs of songs as they get free, each asks `works.matching.match`, and PostgreSQL runs on the same
two cores. Each round asks for songs that no round asked for before, of processes that have only decided others. Beside it, by the same
processes, the least that can be asked of the database: works whose title is that of the song, letter for letter.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from statistics import mean, median
from typing import Any, Final, NamedTuple

import django
import psutil
from django.db import connection, transaction

from royalties.ingest.cycles import without_looking_for_cycles
from royalties.ingest.sums import songs_a_chunk
from tests.bench.asking import NEW_OF_KNOWN, NEW_OF_UNKNOWN, REGISTERED, WAYS, Asked, songs_to_ask
from tests.bench.databases import Database, portal_on
from tests.bench.register import PROCESSES
from tests.bench.tables import spread, table
from works.matching.meaning import is_available

WARM_UP: Final = 2_000  # songs that are asked first, of each round's new processes together
SONGS_A_SECOND, COMPLETE = 10_000, 0.99  # goals
TITLES_ENCODED: Final = 8_000


class Answer(NamedTuple):
    """What was decided of a song: the best work (0: none) and whether it was accepted, to review or none."""

    work_id: int
    outcome: str


class Cost(NamedTuple):
    """Seconds of processors: of Python, and of PostgreSQL for it (0 where it runs elsewhere)."""

    python: float
    database: float


@dataclass
class Counts:
    """Of songs of one way of writing. shown: not none; candidates, among: of the first round, how many, and whose right work is one."""

    songs: int = 0
    candidates: list[int] = field(default_factory=list)
    among: int = 0
    shown: int = 0
    shown_right: int = 0
    accepted: int = 0
    accepted_right: int = 0


@dataclass
class Matched:
    """All that was measured of matching. seconds, bare: of each round; a song's cost is in seconds of a processor."""

    works: int
    songs: int
    register_seconds: float = 0.0
    seconds: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    ways: dict[str, Counts] = field(default_factory=dict)
    encoded: float = 0.0  # titles a second
    stored: float = 0.0

    @property
    def rates(self) -> list[float]:
        return [self.songs / seconds for seconds in self.seconds]

    @property
    def completeness(self) -> float:
        """Share of the registered songs whose right work is among the candidates."""
        of_register = [self.ways[way] for way in WAYS if way in self.ways]
        return _share(sum(its.among for its in of_register), sum(len(its.candidates) for its in of_register))

    @property
    def candidates(self) -> list[int]:
        return [number for its in self.ways.values() for number in its.candidates]

    @property
    def per_processor(self) -> float:
        """Songs per second of one core, Python and PostgreSQL together: what a busy machine says about an idle one."""
        used = sum(cost.python + cost.database for cost in self.costs)
        return self.songs * len(self.costs) / used if used else 0.0

    def goals(self) -> list[tuple[str, str, bool]]:
        if not self.seconds:
            return []
        return [
            (
                f"≥ {SONGS_A_SECOND:,} songs decided per second, {self.works:,} works",
                spread(self.rates, 0),
                median(self.rates) >= SONGS_A_SECOND,
            ),
            (
                f"≥ {COMPLETE:.0%} of registered songs have their work among the candidates",
                f"{self.completeness:.2%}",
                self.completeness >= COMPLETE,
            ),
        ]

    def text(self) -> str:
        """The tables as Markdown."""
        seconds, cost = median(self.seconds), median(map(sum, self.costs))
        rows = [
            ("songs decided", spread(self.seconds, 2), f"{self.songs / seconds:,.0f}",
             spread([mine / bare for mine, bare in zip(self.seconds, self.bare, strict=True)])),
            ("bare look-up of their titles, letter for letter", spread(self.bare, 2),
             f"{self.songs / median(self.bare):,.0f}", "1.0"),
        ]  # fmt: skip
        encoder = (
            f"The sentence encoder apart: {self.encoded:,.0f} titles encoded per second, {self.stored:,.0f} encoded and stored."
            if self.encoded
            else ""
        )
        numbers = self.candidates
        parts = [
            f"Matching: {self.songs:,} new songs a round, in runs of {songs_a_chunk(self.songs):,} by {PROCESSES} processes, without the encoder, against a "
            f"register of {self.works:,} invented works (written in {self.register_seconds:.0f} s). A song took {1e6 * cost / self.songs:.0f} µs of "
            f"processors, PostgreSQL's included ({self.per_processor:,.0f} songs a second and core). Candidates of a song: mean {mean(numbers):.1f}, "
            f"median {median(numbers):.0f}, most {max(numbers):,}.",
            table(("", "seconds", "songs per second", "× look-up"), rows),
            self._by_way(),
            encoder,
        ]
        return "\n\n".join(part for part in parts if part)

    def _by_way(self) -> str:
        rows = []
        all_songs = sum(its.songs for its in self.ways.values())
        for way in (*WAYS, NEW_OF_KNOWN, NEW_OF_UNKNOWN):
            if its := self.ways.get(way):
                among = f"{_share(its.among, len(its.candidates)):.1%}" if way in WAYS else ""
                rows.append((way, f"{its.songs / all_songs:.1%}", among, *_shares([its])))
        of_register = [its for way, its in self.ways.items() if way in WAYS]
        others = [its for way, its in self.ways.items() if way not in WAYS]
        rows.append(("all registered", f"{REGISTERED:.0%}", f"{self.completeness:.1%}", *_shares(of_register)))
        rows.append(("all not registered", f"{1 - REGISTERED:.0%}", "", *_shares(others)))
        shown, accepted = (_precision(self.ways.values(), name) for name in ("shown", "accepted"))
        rows.append(("precision", "", "", "", shown, "", accepted))
        return table(("songs asked", "share", "among candidates", "shown", "right", "accepted", "right"), rows)


def _shares(ways: Sequence[Counts]) -> tuple[str, ...]:
    """Of the songs: shown to a person or accepted, and rightly; accepted, and rightly."""
    songs = sum(its.songs for its in ways)
    return tuple(
        f"{_share(sum(getattr(its, name) for its in ways), songs):.1%}"
        for name in ("shown", "shown_right", "accepted", "accepted_right")
    )


def _precision(ways: Iterable[Counts], name: str) -> str:
    ways = list(ways)
    right = sum(getattr(its, f"{name}_right") for its in ways)
    return f"{_share(right, sum(getattr(its, name) for its in ways)):.2%}"


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


# ── in the processes that decide ────────────────────────────────────────────────────────────────────────────────────────


def decide(asked: Sequence[Asked]) -> tuple[list[Answer], Cost]:
    """One run of songs, as the import decides it."""
    from works.matching import SongQuery, match

    queries = [SongQuery(str(place), song.title, song.artists) for place, song in enumerate(asked)]
    with _counted() as cost, without_looking_for_cycles(), transaction.atomic():
        decisions = match(queries, {}, with_meaning=False)
    answers = [Answer(each.candidates[0].work_id if each.candidates else 0, each.outcome) for each in decisions]
    return answers, cost[0]


def find(asked: Sequence[Asked]) -> list[tuple[int, bool]]:
    """The number of candidates of each song, and whether the right work is one of them."""
    from works.matching import SongQuery
    from works.matching.candidates import find_candidates

    queries = [SongQuery(str(place), song.title, song.artists) for place, song in enumerate(asked)]
    found = find_candidates(queries, {})
    return [(len(its.hits), song.work_id in its.hits) for song, its in zip(asked, found, strict=True)]


def look_up(asked: Sequence[Asked]) -> int:
    """The bare look-up."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, title FROM works_work WHERE title = ANY(%s)", [[song.title for song in asked]])
        return len(cursor.fetchall())


def encode(count: int) -> tuple[float, float]:
    """Titles encoded per second, and encoded and stored per second, for so many works without vectors."""
    from works.matching import meaning

    with connection.cursor() as cursor:
        cursor.execute("SELECT title FROM works_work ORDER BY id DESC LIMIT %s", [count])
        titles = [row[0] for row in cursor.fetchall()]
        cursor.execute("DELETE FROM works_titlevector")
    meaning.encode(titles[:100])  # reads the weights
    began = time.perf_counter()
    meaning.encode(titles)
    encoded = time.perf_counter() - began
    began = time.perf_counter()
    stored = meaning.store_missing_vectors(count)
    return len(titles) / encoded, stored / (time.perf_counter() - began)


@contextmanager
def _counted() -> Iterator[list[Cost]]:
    """What the block costs in seconds of processors, once it has ended."""
    found: list[Cost] = []
    database = _database_process()
    python, server = time.process_time(), _used(database)
    yield found
    found.append(Cost(time.process_time() - python, _used(database) - server))


def _database_process() -> psutil.Process | None:
    """PostgreSQL's process for this one's connection, where both run on one machine."""
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    try:
        process = psutil.Process(pid)
        return process if process.name() == "postgres" else None
    except psutil.NoSuchProcess:
        return None


def _used(process: psutil.Process | None) -> float:
    return sum(process.cpu_times()[:2]) if process is not None else 0.0


# ── the measurement ─────────────────────────────────────────────────────────────────────────────────────────────────────


def measure_matching(database: Database, *, works: int, songs: int, rounds: int, say: Callable[[str], None]) -> Matched:
    """Measure against a filled register; so many songs a round, for so many rounds."""
    found = Matched(works, songs)
    for number in range(1, rounds + 1):
        with portal_on(database):
            first = songs_to_ask(WARM_UP, f"warm-up {number}")
            asked = songs_to_ask(songs, f"round {number}")
            connection.close()
            with processes() as pool:
                list(pool.map(decide, runs(first, WARM_UP // 8)))
                list(pool.map(look_up, runs(first, WARM_UP // 8)))
                seconds, answered = timed(pool, decide, asked)
                found.seconds.append(seconds)
                found.costs.append(Cost(*map(sum, zip(*(cost for _, cost in answered), strict=True))))
                seconds, _ = timed(pool, look_up, asked)
                found.bare.append(seconds)
                _count(found.ways, asked, [answer for answers, _ in answered for answer in answers])
                if number == 1:
                    blocked = pool.map(find, runs(asked, songs_a_chunk(len(asked))))
                    _count_candidates(found.ways, asked, [each for its in blocked for each in its])
        cost = found.costs[-1]
        say(
            f"Round {number}: {songs:,} songs decided in {found.seconds[-1]:.2f} s, {found.rates[-1]:,.0f} a second; processors: Python "
            f"{cost.python:.2f} s, PostgreSQL {cost.database:.2f} s; bare look-up {found.bare[-1]:.2f} s"
        )
    if is_available():
        with portal_on(database), processes(1) as pool:
            found.encoded, found.stored = pool.submit(encode, min(TITLES_ENCODED, works)).result()
    return found


@contextmanager
def processes(count: int = PROCESSES) -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(count, get_context("spawn"), django.setup) as pool:
        yield pool


def runs(asked: Sequence[Asked], size: int) -> list[Sequence[Asked]]:
    return [asked[at : at + size] for at in range(0, len(asked), size)]


def timed(
    pool: ProcessPoolExecutor, work: Callable[[Sequence[Asked]], Any], asked: Sequence[Asked]
) -> tuple[float, list[Any]]:
    began = time.perf_counter()
    found = list(pool.map(work, runs(asked, songs_a_chunk(len(asked)))))
    return time.perf_counter() - began, found


def _count(ways: dict[str, Counts], asked: Sequence[Asked], answers: Iterable[Answer]) -> None:
    for song, answer in zip(asked, answers, strict=True):
        its = ways.setdefault(song.way, Counts())
        its.songs += 1
        right = answer.work_id == song.work_id
        its.shown += answer.outcome != "none"
        its.shown_right += answer.outcome != "none" and right
        its.accepted += answer.outcome == "accepted"
        its.accepted_right += answer.outcome == "accepted" and right


def _count_candidates(ways: dict[str, Counts], asked: Sequence[Asked], found: Iterable[tuple[int, bool]]) -> None:
    for song, (number, among) in zip(asked, found, strict=True):
        its = ways[song.way]
        its.among += among
        its.candidates.append(number)
