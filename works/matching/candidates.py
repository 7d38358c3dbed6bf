"""Which works a song may be: everything the register says about them, in a constant number of statements per call.

A work is found by an identifier, by an exact key of a title, or through an artist: names lead to parties, parties to the
works they perform. How good a hit is, is for score.py to say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from django.db import connection

from works.identifiers import parse_ipi_name, parse_isrc, parse_iswc
from works.matching.base import SongQuery
from works.matching.keys import keys_of_name, keys_of_title

Met = tuple[str, str]  # a key both sides share, and the title or name of the register that gave it

WORKS_OF_A_TITLE: Final = (
    60  # looked at for one key of a title; one that more works share says little without the artist
)
WORKS_OF_AN_ARTIST: Final = 1000  # all looked at; of an artist with more only those that share a key of the title
ARTISTS_OF_A_NAME: Final = 40
UNKNOWN_NAMES: Final = 3  # works of a title whose performers' names are compared one by one


@dataclass
class Hit:
    """A work with its titles, and what it shares with the song exactly: keys of titles and of names."""

    work_id: int
    titles: list[str] = field(default_factory=list)
    met: list[Met] = field(default_factory=list)  # keys of titles
    performers: list[Met] = field(default_factory=list)  # keys of names, where the artist led to the work
    names: list[str] = field(default_factory=list)  # of its performers, where the artist did not
    writers: list[Met] = field(default_factory=list)
    ipis: list[str] = field(default_factory=list)
    performer_known: bool = True  # whether the register knows any performer of the work


@dataclass
class Found:
    """All there is for one song. by_isrc: the parts of the registered recording.

    artists: the parties its artists may be, each with the best key they share. common: for a key of the title how many
    works share it, at most WORKS_OF_A_TITLE + 1. works: how many works those artists have, as far as looked at.
    """

    isrc: str = ""
    iswc: str = ""
    by_isrc: list[tuple[int, Fraction]] = field(default_factory=list)
    by_iswc: int | None = None
    artists: dict[int, Met] = field(default_factory=dict)
    works: int = 0
    common: dict[str, int] = field(default_factory=dict)
    hits: dict[int, Hit] = field(default_factory=dict)


def find_candidates(queries: Sequence[SongQuery], excluded: Mapping[str, frozenset[int]]) -> list[Found]:
    """What the register holds for each song, in the same order; pairs that somebody rejected are left out."""
    found = [Found(isrc=_stored(parse_isrc, query.isrc), iswc=_stored(parse_iswc, query.iswc)) for query in queries]
    rejected = [excluded.get(query.key, frozenset()) for query in queries]
    _find_by_isrc(found, rejected)
    _find_by_iswc(found, rejected)
    _find_artists(queries, found)
    _find_by_title(queries, found, rejected)
    _find_by_artist(queries, found, rejected)
    _add_titles(found)
    _add_names(found)
    _compare_writers(queries, found)
    _compare_ipis(queries, found)
    return found


def _stored(parse: Any, text: str) -> str:
    """The stored form of an identifier; one with a wrong check digit finds nothing."""
    if not text:
        return ""
    identifier = parse(text)
    return identifier.value if identifier.well_formed and identifier.check_ok else ""


# ── by a number ─────────────────────────────────────────────────────────────────────────────────────────────────────────


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


# ── by artist and title ─────────────────────────────────────────────────────────────────────────────────────────────────


def _find_artists(queries: Sequence[SongQuery], found: Sequence[Found]) -> None:
    """The performers whose names share a key with the song's artists. Of several shared keys the first is the best."""
    keys = [[key.key for key in keys_of_name(query.artists)] for query in queries]
    parties: dict[str, list[tuple[int, str]]] = defaultdict(list)
    rows = _rows(
        """
        SELECT asked.key, k.party_id, k.text FROM unnest(%s::text[]) AS asked (key) CROSS JOIN LATERAL (
            SELECT k.party_id, k.text FROM works_partykey k JOIN works_party p ON p.id = k.party_id
            WHERE k.key = asked.key AND p.kind = 'performer' ORDER BY k.party_id LIMIT %s) AS k""",
        [_distinct(key for its in keys for key in its)],
        ARTISTS_OF_A_NAME,
    )
    for key, party_id, text in rows:
        parties[key].append((party_id, text))
    for song, its in zip(found, keys, strict=True):
        for key in its:
            for party_id, text in parties.get(key, ()):
                song.artists.setdefault(party_id, (key, text))


def _find_by_title(queries: Sequence[SongQuery], found: Sequence[Found], rejected: Sequence[frozenset[int]]) -> None:
    keys = [[key.key for key in keys_of_title(query.title)] for query in queries]
    works: dict[str, list[tuple[int, str]]] = defaultdict(list)
    rows = _rows(
        """
        SELECT asked.key, k.work_id, k.text FROM unnest(%s::text[]) AS asked (key) CROSS JOIN LATERAL (
            SELECT work_id, text FROM works_workkey k WHERE k.key = asked.key ORDER BY work_id LIMIT %s) AS k""",
        [_distinct(key for its in keys for key in its)],
        WORKS_OF_A_TITLE + 1,
    )
    for key, work_id, text in rows:
        works[key].append((work_id, text))
    for song, its, not_these in zip(found, keys, rejected, strict=True):
        for key in its:
            its_works = works.get(key, ())
            song.common[key] = len(its_works)
            for work_id, text in its_works[:WORKS_OF_A_TITLE]:
                if work_id not in not_these:
                    song.hits.setdefault(work_id, Hit(work_id)).met.append((key, text))


def _find_by_artist(queries: Sequence[SongQuery], found: Sequence[Found], rejected: Sequence[frozenset[int]]) -> None:
    """All works of the artists; of an artist with very many those alone that share a key of the title."""
    works: dict[int, list[int]] = defaultdict(list)
    rows = _rows(
        """
        SELECT asked.party_id, p.work_id FROM unnest(%s::bigint[]) AS asked (party_id) CROSS JOIN LATERAL (
            SELECT work_id FROM works_workperformer p WHERE p.party_id = asked.party_id ORDER BY work_id LIMIT %s) AS p""",
        [list({party_id for song in found for party_id in song.artists})],
        WORKS_OF_AN_ARTIST + 1,
    )
    for party_id, work_id in rows:
        works[party_id].append(work_id)
    busy = {party_id for party_id, its in works.items() if len(its) > WORKS_OF_AN_ARTIST}
    by_title = _find_by_both(queries, found, busy)
    for number, (song, not_these) in enumerate(zip(found, rejected, strict=True)):
        its_works: set[int] = set()
        for party_id, met in song.artists.items():
            its_works.update(works[party_id])
            by_key = by_title.get((number, party_id), {})
            for work_id in by_key if party_id in busy else works[party_id]:
                if work_id in not_these:
                    continue
                hit = song.hits.setdefault(work_id, Hit(work_id))
                hit.performers.append(met)
                hit.met += [each for each in by_key.get(work_id, ()) if each not in hit.met]
        song.works = len(its_works)


def _find_by_both(
    queries: Sequence[SongQuery], found: Sequence[Found], busy: set[int]
) -> dict[tuple[int, int], dict[int, list[Met]]]:
    """Works that share a key of the title, by song and busy artist."""
    songs: list[int] = []
    parties: list[int] = []
    keys: list[str] = []
    for number, (query, song) in enumerate(zip(queries, found, strict=True)):
        for party_id in busy.intersection(song.artists):
            its = keys_of_title(query.title)
            songs += [number] * len(its)
            parties += [party_id] * len(its)
            keys += [key.key for key in its]
    by_title: dict[tuple[int, int], dict[int, list[Met]]] = defaultdict(lambda: defaultdict(list))
    rows = _rows(
        """
        SELECT asked.song, asked.party_id, k.work_id, k.key, k.text
        FROM unnest(%s::int[], %s::bigint[], %s::text[]) AS asked (song, party_id, key)
        JOIN works_workkey k ON k.key = asked.key
        JOIN works_workperformer p ON p.party_id = asked.party_id AND p.work_id = k.work_id""",
        [songs, parties, keys],
    )
    for number, party_id, work_id, key, text in rows:
        by_title[number, party_id][work_id].append((key, text))
    return by_title


# ── what else the register says about the works found ───────────────────────────────────────────────────────────────────


def _add_titles(found: Sequence[Found]) -> None:
    titles: dict[int, list[str]] = defaultdict(list)
    rows = _rows(
        """
        SELECT work_id, text FROM (
            SELECT work_id, text, 0 AS place, id FROM works_worktitle WHERE ended_at IS NULL
            UNION ALL SELECT p.work_id, t.text, 1, t.id FROM works_recordingtitle t JOIN works_recordingwork p USING (recording_id)
            WHERE p.numerator = p.denominator AND t.ended_at IS NULL) AS titles
        WHERE work_id = ANY(%s) ORDER BY place, id""",
        [list({work_id for song in found for work_id in song.hits})],
    )
    for work_id, text in rows:
        titles[work_id].append(text)
    for song in found:
        for hit in song.hits.values():
            hit.titles = titles[hit.work_id]


def _add_names(found: Sequence[Found]) -> None:
    """Who performs the works that no artist led to."""
    names: dict[int, list[str]] = defaultdict(list)
    rows = _rows(
        """
        SELECT p.work_id, n.text FROM works_workperformer p JOIN works_partyname n ON n.party_id = p.party_id
        WHERE p.work_id = ANY(%s) AND n.ended_at IS NULL ORDER BY p.work_id, n.id""",
        [list({hit.work_id for song in found for hit in song.hits.values() if not hit.performers})],
    )
    for work_id, text in rows:
        names[work_id].append(text)
    for song in found:
        for hit in song.hits.values():
            if not hit.performers:
                hit.names = names.get(hit.work_id, [])
                hit.performer_known = bool(hit.names)


def _compare_writers(queries: Sequence[SongQuery], found: Sequence[Found]) -> None:
    """Writers called like the song's artists, among the works that share a title but not the performer."""
    song_numbers: list[int] = []
    work_ids: list[int] = []
    key_numbers: list[int] = []
    keys: list[str] = []
    for number, (query, song) in enumerate(zip(queries, found, strict=True)):
        works = [hit.work_id for hit in song.hits.values() if not hit.performers]
        if works:
            song_numbers += [number] * len(works)
            work_ids += works
            its = [key.key for key in keys_of_name(query.artists) if not key.key.startswith("r:")]
            key_numbers += [number] * len(its)
            keys += its
    rows = _rows(
        """
        SELECT DISTINCT c.song, c.work_id, k.key, k.text
        FROM unnest(%s::int[], %s::bigint[]) AS c (song, work_id)
        JOIN works_share s ON s.work_id = c.work_id
        JOIN works_partykey k ON k.party_id = s.party_id
        JOIN unnest(%s::int[], %s::text[]) AS q (song, key) ON q.song = c.song AND q.key = k.key
        JOIN works_party p ON p.id = s.party_id AND p.kind = 'writer'
        ORDER BY 1, 2, 3, 4""",
        [song_numbers, work_ids, key_numbers, keys],
    )
    for number, work_id, key, text in rows:
        found[number].hits[work_id].writers.append((key, text))


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


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))


def _rows(statement: str, params: Sequence[list[Any]], *numbers: int) -> list[tuple[Any, ...]]:
    """The rows of a statement, which is not asked when there is nothing to ask for."""
    if not all(params):
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, [*params, *numbers])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
