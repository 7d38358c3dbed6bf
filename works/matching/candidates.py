"""Which works a song may be: everything the register says about them, in a constant number of statements per call.

A work is found by an identifier, or by sharing an exact key of a title. How good a hit is, is for score.py to say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from django.db import connection

from works.identifiers import parse_ipi_name, parse_isrc, parse_iswc
from works.matching.base import SongQuery
from works.matching.keys import keys_of_name, keys_of_title

Met = tuple[str, str]  # a key both sides share, and the title or name of the register that gave it


@dataclass
class Hit:
    """A work that shares a title with the song, and which names it shares with the song's artists."""

    work_id: int
    titles: list[Met] = field(default_factory=list)
    performers: list[Met] = field(default_factory=list)
    writers: list[Met] = field(default_factory=list)
    performer_known: bool = False  # whether the register knows any performer of the work
    ipis: list[str] = field(default_factory=list)


@dataclass
class Found:
    """All there is for one song. by_isrc: the parts of the registered recording."""

    isrc: str = ""
    iswc: str = ""
    by_isrc: list[tuple[int, Fraction]] = field(default_factory=list)
    by_iswc: int | None = None
    hits: dict[int, Hit] = field(default_factory=dict)


def find_candidates(queries: Sequence[SongQuery], excluded: Mapping[str, frozenset[int]]) -> list[Found]:
    """What the register holds for each song, in the same order; pairs that somebody rejected are left out."""
    found = [Found(isrc=_stored(parse_isrc, query.isrc), iswc=_stored(parse_iswc, query.iswc)) for query in queries]
    rejected = [excluded.get(query.key, frozenset()) for query in queries]
    _find_by_isrc(found, rejected)
    _find_by_iswc(found, rejected)
    _find_by_title(queries, found, rejected)
    _compare_names(queries, found)
    _compare_ipis(queries, found)
    return found


def _stored(parse: Any, text: str) -> str:
    """The stored form of an identifier; one with a wrong check digit finds nothing."""
    if not text:
        return ""
    identifier = parse(text)
    return identifier.value if identifier.well_formed and identifier.check_ok else ""


def _find_by_isrc(found: Sequence[Found], rejected: Sequence[frozenset[int]]) -> None:
    parts: dict[str, list[tuple[int, Fraction]]] = defaultdict(list)
    rows = _rows(
        """
        SELECT r.isrc, p.work_id, p.numerator, p.denominator FROM works_recording r
        JOIN works_recordingwork p ON p.recording_id = r.id
        WHERE r.isrc = ANY(%s) ORDER BY p.work_id""",
        [_distinct(song.isrc for song in found)],
    )
    for isrc, work_id, numerator, denominator in rows:
        parts[isrc].append((work_id, Fraction(numerator, denominator)))
    for song, not_these in zip(found, rejected, strict=True):
        its = parts.get(song.isrc, [])
        if not any(work_id in not_these for work_id, _ in its):  # a medley without one of its songs is no medley
            song.by_isrc = its


def _find_by_iswc(found: Sequence[Found], rejected: Sequence[frozenset[int]]) -> None:
    works = dict(
        _rows("SELECT iswc, id FROM works_work WHERE iswc = ANY(%s)", [_distinct(song.iswc for song in found)])
    )
    for song, not_these in zip(found, rejected, strict=True):
        work_id = works.get(song.iswc)
        song.by_iswc = None if work_id in not_these else work_id


def _find_by_title(queries: Sequence[SongQuery], found: Sequence[Found], rejected: Sequence[frozenset[int]]) -> None:
    keys = [[key.key for key in keys_of_title(query.title)] for query in queries]
    works: dict[str, list[tuple[int, str]]] = defaultdict(list)
    rows = _rows(
        "SELECT key, work_id, text FROM works_workkey WHERE kind = 'title' AND key = ANY(%s) ORDER BY work_id",
        [_distinct(key for its in keys for key in its)],
    )
    for key, work_id, text in rows:
        works[key].append((work_id, text))
    for song, its, not_these in zip(found, keys, rejected, strict=True):
        for key in its:
            for work_id, text in works.get(key, ()):
                if work_id not in not_these:
                    song.hits.setdefault(work_id, Hit(work_id)).titles.append((key, text))


def _compare_names(queries: Sequence[SongQuery], found: Sequence[Found]) -> None:
    """Which names of the candidates meet those of the artists, and which candidates have no performer at all."""
    song_numbers: list[int] = []
    work_ids: list[int] = []
    key_numbers: list[int] = []
    keys: list[str] = []
    for number, (query, song) in enumerate(zip(queries, found, strict=True)):
        if song.hits:
            song_numbers += [number] * len(song.hits)
            work_ids += song.hits
            its = [key.key for key in keys_of_name(query.artists)]
            key_numbers += [number] * len(its)
            keys += its
    rows = _rows(
        """
        SELECT c.song, c.work_id, k.kind, k.key, k.text
        FROM unnest(%s::int[], %s::bigint[]) AS c (song, work_id)
        JOIN unnest(%s::int[], %s::text[]) AS q (song, key) ON q.song = c.song
        JOIN works_workkey k ON k.work_id = c.work_id AND k.kind IN ('performer', 'writer') AND k.key = q.key""",
        [song_numbers, work_ids, key_numbers, keys],
    )
    for number, work_id, kind, key, text in rows:
        hit = found[number].hits[work_id]
        (hit.performers if kind == "performer" else hit.writers).append((key, text))
    rows = _rows(
        """
        SELECT w.id FROM unnest(%s::bigint[]) AS w (id)
        WHERE EXISTS (SELECT 1 FROM works_workkey k WHERE k.work_id = w.id AND k.kind = 'performer')""",
        [list(set(work_ids))],
    )
    known = {work_id for (work_id,) in rows}
    for song in found:
        for hit in song.hits.values():
            hit.performer_known = hit.work_id in known


def _compare_ipis(queries: Sequence[SongQuery], found: Sequence[Found]) -> None:
    asked = [frozenset(_stored(parse_ipi_name, ipi) for ipi in query.ipis) - {""} for query in queries]
    works = {work_id for song, ipis in zip(found, asked, strict=True) if ipis for work_id in song.hits}
    rows = _rows(
        """
        SELECT DISTINCT s.work_id, p.ipi_name_number FROM works_share s JOIN works_party p ON p.id = s.party_id
        WHERE s.work_id = ANY(%s) AND p.ipi_name_number = ANY(%s) AND p.kind = 'writer' ORDER BY 1, 2""",
        [list(works), _distinct(ipi for ipis in asked for ipi in ipis)],
    )
    owners: dict[int, list[str]] = defaultdict(list)
    for work_id, ipi in rows:
        owners[work_id].append(ipi)
    for song, ipis in zip(found, asked, strict=True):
        for hit in song.hits.values():
            hit.ipis = [ipi for ipi in owners.get(hit.work_id, ()) if ipi in ipis]


def _distinct(texts: Any) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))


def _rows(statement: str, params: Sequence[list[Any]]) -> list[tuple[Any, ...]]:
    """The rows of a statement, which is not asked when there is nothing to ask for."""
    if not all(params):
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
