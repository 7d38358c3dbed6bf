"""How well songs are matched, measured on files of songs whose truth is known, through the very path that reports take.

`manage.py evaluate_matching` prints what is computed here; `manage.py fit_matching` learns from the same files.
"""

from __future__ import annotations

import csv
import math
import os
import subprocess
import sys
import uuid
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.utils import timezone

from portal import env
from portal.lib.scratch import create_database, drop_database, url_of_database
from works.catalogue.additions import Addition, Source, add_to_register
from works.catalogue.base import ParsedRecording, ParsedTitle
from works.catalogue.performers import add_performer_names, find_performers
from works.matching import Decision, SongQuery, match
from works.matching.compare import name_parts
from works.matching.fitted import fitted
from works.names.script import detect_script

AT_ONCE: Final = 5000  # songs asked together, as a chunk of a report asks them
WORKS_AT_ONCE: Final = 5000
FIRST: Final = 5  # candidates a person sees at a glance
Z: Final = 1.959964  # of a 95 % interval


@dataclass(frozen=True)
class Song:
    """A song of the register (work_id its number in the file) or one asked for ("" when it is not registered)."""

    title: str
    artist: str
    work_id: str = ""
    kind: str = ""


@dataclass
class Count:
    """Hits of a number of songs; `answered` counts what was named at all, right or wrong."""

    n: int = 0
    answered: int = 0
    right: int = 0

    def as_json(self) -> dict[str, Any]:
        low, high = wilson(self.right, self.n)
        return {
            "n": self.n, "answered": self.answered, "right": self.right, "recall": _share(self.right, self.n),
            "recall_low": round(low, 4), "recall_high": round(high, 4), "precision": _share(self.right, self.answered),
        }  # fmt: skip


@dataclass
class Measured:
    """review, accepted: over all songs asked, at the frozen thresholds. kinds: at the review threshold. first: of the
    registered songs whose artist is known, those whose work is among the first five.
    """

    review: Count = field(default_factory=Count)
    accepted: Count = field(default_factory=Count)
    kinds: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    first: Count = field(default_factory=Count)
    seconds: float = 0.0
    songs: int = 0


def wilson(right: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share; (0, 1) of nothing."""
    if not n:
        return 0.0, 1.0
    share = right / n
    middle = share + Z * Z / (2 * n)
    half = Z * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    whole = 1 + Z * Z / n
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)


def f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def read_tsv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {name: text or "" for name, text in row.items()}
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]


def read_songs(path: Path) -> list[Song]:
    """catalogue.tsv or queries.tsv."""
    return [
        Song(title=row["title"], artist=row["artist"], work_id=row["work_id"], kind=row.get("kind", ""))
        for row in read_tsv(path)
    ]


# ── a register of its own ───────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def scratch_register() -> Iterator[None]:
    """An empty migrated database that Django is connected to for a while, and that is dropped afterwards."""
    name = f"garak_scratch_{os.getpid()}_{uuid.uuid4().hex[:8]}"
    url = url_of_database(env.text("DATABASE_URL"), name)
    server = env.text("DATABASE_OWNER_URL", env.text("DATABASE_URL"))
    before = dict(connection.settings_dict)
    try:
        make_migrated(server, name)
        connection.close()
        connection.settings_dict.update(env.postgres(url))
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)
        drop_database(url_of_database(server, "postgres"), name)


def make_migrated(server: str, name: str) -> None:
    """An empty database of this name, in which all migrations have run. `server`: the URL of its owner."""
    create_database(url_of_database(server, "postgres"), name)
    url = url_of_database(env.text("DATABASE_URL"), name)
    subprocess.run(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "migrate", "--verbosity=0"],
        env={**os.environ, "DATABASE_URL": url, "DATABASE_OWNER_URL": url_of_database(server, name)},
        check=True,
    )


def register(songs: Sequence[Song]) -> dict[str, int]:
    """Works of these titles by these performers, through the one writer of catalogues; their numbers by those of the file."""
    source = Source(organisation_id=None, actor_id=None, reason="evaluation", at=timezone.now())
    numbers: dict[str, int] = {}
    for start in range(0, len(songs), WORKS_AT_ONCE):
        some = songs[start : start + WORKS_AT_ONCE]
        ids = add_to_register([_addition(song) for song in some], source)
        numbers.update((song.work_id, pk) for song, pk in zip(some, ids, strict=True))
    _analyze()
    return numbers


def _addition(song: Song) -> Addition:
    title = ParsedTitle(text=song.title, kind="OT", language="", script=detect_script(song.title))
    recording = ParsedRecording(isrc="", performer=song.artist, row_no=0)
    return Addition(
        work_id=None, title=song.title, titles=[title], iswc="", submitter_ref="", recordings=[recording], shares=[]
    )


def import_aliases(path: Path) -> int:
    """Names of artists: each name of a group becomes a name of every registered performer that bears one of the group."""
    groups: dict[str, list[str]] = defaultdict(list)
    for row in read_tsv(path):
        groups[row["artist_id"]].append(row["name"])
    parties = find_performers(name for names in groups.values() for name in names)
    added = [
        (party_id, name)
        for names in groups.values()
        for party_id in {party_id for name in names for party_id in parties.get(name, ())}
        for name in names
    ]
    add_performer_names(added)
    _analyze()
    return len(added)


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT works_analyze()")


# ── measuring ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def in_reports(songs: Sequence[Song], count: int) -> list[list[int]]:
    """The places of songs in so many reports: in small ones few songs of an artist stand together that could help each other."""
    reports: list[list[int]] = [[] for _ in range(count)]
    for place, song in enumerate(songs):
        reports[zlib.crc32(f"{song.title}\n{song.artist}".encode()) % count].append(place)
    return reports


def ask(songs: Sequence[Song], *, with_meaning: bool, reports: int = 1) -> list[Decision]:
    queries = [SongQuery(str(number), song.title, song.artist) for number, song in enumerate(songs)]
    decisions: dict[str, Decision] = {}
    for places in in_reports(songs, reports):
        for start in range(0, len(places), AT_ONCE):
            some = [queries[place] for place in places[start : start + AT_ONCE]]
            decisions.update((decision.key, decision) for decision in match(some, {}, with_meaning=with_meaning))
    return [decisions[query.key] for query in queries]


def measure(songs: Sequence[Song], numbers: Mapping[str, int], *, with_meaning: bool, reports: int = 1) -> Measured:
    """Ask for every song and count. A song is answered when its outcome is not none: by its best candidate."""
    started = perf_counter()
    decisions = ask(songs, with_meaning=with_meaning, reports=reports)
    found = Measured(seconds=perf_counter() - started, songs=len(songs))
    known = find_performers({name.text for song in songs for name in name_parts(song.artist)})
    for song, decision in zip(songs, decisions, strict=True):
        right = numbers.get(song.work_id)
        best = decision.candidates[0].work_id if decision.candidates else None
        shown = best if decision.outcome != "none" else None
        accepted = best if decision.outcome == "accepted" else None
        _count(found.review, right, shown)
        _count(found.accepted, right, accepted)
        if right is not None:
            _count(found.kinds[song.kind], right, shown)
            if any(name.text in known for name in name_parts(song.artist)):
                first = [candidate.work_id for candidate in decision.candidates[:FIRST]]
                _count(found.first, right, right if right in first else None)
    return found


def _count(count: Count, right: int | None, answer: int | None) -> None:
    count.n += right is not None
    count.answered += answer is not None
    count.right += answer is not None and answer == right


def measure_hard_negatives(rows: Sequence[Mapping[str, str]], *, with_meaning: bool) -> dict[str, Any]:
    """Songs that resemble a registered one and are not it: all first songs are registered, all second ones asked."""
    firsts, seconds = resembling_songs(rows)
    numbers = register(firsts)
    accepted, shown = 0, 0
    for song, decision in zip(seconds, ask(seconds, with_meaning=with_meaning), strict=True):
        wrong = bool(decision.candidates) and decision.candidates[0].work_id == numbers[song.work_id]
        accepted += wrong and decision.outcome == "accepted"
        shown += wrong and decision.outcome == "review"
    n = len(seconds)
    return {"n": n, "accepted": accepted, "rate": _share(accepted, n), "shown_for_review": shown}


def resembling_songs(rows: Sequence[Mapping[str, str]]) -> tuple[list[Song], list[Song]]:
    """The songs to register, and for each pair the song to ask, with the number of the song that it resembles and is not.

    Pairs without titles, of names alone, are left out.
    """
    pairs = [row for row in rows if row["title_a"].strip() and row["title_b"].strip()]
    places = {
        song: str(place) for place, song in enumerate(dict.fromkeys((row["title_a"], row["artist_a"]) for row in pairs))
    }
    firsts = [Song(title, artist, place) for (title, artist), place in places.items()]
    seconds = [
        Song(row["title_b"], row["artist_b"], places[row["title_a"], row["artist_a"]], row["kind"]) for row in pairs
    ]
    return firsts, seconds


def summary(found: Measured) -> dict[str, Any]:
    precision, recall = _share(found.review.right, found.review.answered), _share(found.review.right, found.review.n)
    return {
        "queries": found.songs,
        "registered": found.review.n,
        "f1": round(f1(precision, recall), 4),
        "precision": precision,
        "recall": recall,
        "auto_precision": _share(found.accepted.right, found.accepted.answered),
        "auto_recall": _share(found.accepted.right, found.accepted.n),
        "auto_accepted": found.accepted.answered,
        "top5": _share(found.first.right, found.first.n),
        "top5_of": found.first.n,
        "queries_per_second": round(found.songs / found.seconds) if found.seconds else 0,
        "review_threshold": fitted().review,
        "accept_threshold": fitted().accept,
        "kinds": {kind: count.as_json() for kind, count in sorted(found.kinds.items())},
    }
