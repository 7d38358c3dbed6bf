"""Songs whose number, or whose title and artist letter by letter, stand in the register: most of a report, decided without weighing.

Each step asks the register in one statement for all songs. What is left open here is for candidates.py, score.py and rivals.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from works.identifiers import parse_isrc, parse_iswc
from works.matching.base import SongQuery
from works.matching.compare import Agreement, compare_names, compare_titles
from works.matching.keys import written_keys_of_name, written_keys_of_title
from works.matching.rows import distinct, rows_of
from works.names.titles import parse_title

OWN_WORKS: Final = ("cover", "adaptation", "medley", "language:")  # versions that may be works of their own


@dataclass(frozen=True)
class Same:
    """A work whose title and performer are the song's. doubts: remarks on one side only that may make another work of it."""

    work_id: int
    title: Agreement
    performer: Agreement
    doubts: tuple[str, ...]


@dataclass
class Exact:
    """What stands in the register as the song's report has it. by_isrc: the parts of the registered recording.

    titles: where a number led to works, how their titles agree with the song's.
    """

    isrc: str = ""
    iswc: str = ""
    by_isrc: list[tuple[int, Fraction]] = field(default_factory=list)
    by_iswc: int | None = None
    same: list[Same] = field(default_factory=list)
    titles: dict[int, Agreement] = field(default_factory=dict)


def find_exact(queries: Sequence[SongQuery], excluded: Mapping[str, frozenset[int]]) -> list[Exact]:
    """What the register holds of each song word by word, in the same order; pairs that somebody rejected are left out."""
    found = [Exact(stored_form(parse_isrc, query.isrc), stored_form(parse_iswc, query.iswc)) for query in queries]
    rejected = [excluded.get(query.key, frozenset()) for query in queries]
    _find_by_isrc(found, rejected)
    _find_by_iswc(found, rejected)
    _find_by_names(queries, found, rejected)
    _compare_numbered(queries, found)
    return found


def stored_form(parse: Any, text: str) -> str:
    """The stored form of an identifier; one with a wrong check digit finds nothing."""
    if not text:
        return ""
    identifier = parse(text)
    return identifier.value if identifier.well_formed and identifier.check_ok else ""


def own_versions(reported: str, registered: str) -> tuple[str, ...]:
    """The remarks on one side only that may make another work of it."""
    here, there = parse_title(reported).versions, parse_title(registered).versions
    if here == there:
        return ()
    return tuple(sorted(tag for tag in set(here) ^ set(there) if tag.startswith(OWN_WORKS)))


def _find_by_isrc(found: Sequence[Exact], rejected: Sequence[frozenset[int]]) -> None:
    parts: dict[str, list[tuple[int, Fraction]]] = defaultdict(list)
    rows = rows_of(
        """
        SELECT r.isrc, p.work_id, p.numerator, p.denominator FROM works_recording r
        JOIN works_recordingwork p ON p.recording_id = r.id
        WHERE r.isrc = ANY(%s) ORDER BY p.work_id""",
        [distinct(song.isrc for song in found)],
    )
    for isrc, work_id, numerator, denominator in rows:
        parts[isrc].append((work_id, Fraction(numerator, denominator)))
    for song, not_these in zip(found, rejected, strict=True):
        its = parts.get(song.isrc, [])
        if not any(work_id in not_these for work_id, _ in its):  # a medley without one of its songs is no medley
            song.by_isrc = its


def _find_by_iswc(found: Sequence[Exact], rejected: Sequence[frozenset[int]]) -> None:
    rows = rows_of("SELECT iswc, id FROM works_work WHERE iswc = ANY(%s)", [distinct(song.iswc for song in found)])
    works = dict(rows)
    for song, not_these in zip(found, rejected, strict=True):
        work_id = works.get(song.iswc)
        song.by_iswc = None if work_id in not_these else work_id


def _find_by_names(queries: Sequence[SongQuery], found: Sequence[Exact], rejected: Sequence[frozenset[int]]) -> None:
    """Works that share the letters of a title and of a performer with the song."""
    performers = [written_keys_of_name(query.artists) for query in queries]
    parties: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for key, party_id, text in rows_of(
        "SELECT key, party_id, text FROM works_partykey WHERE key = ANY(%s) AND kind = 'performer'",
        [distinct(key for its in performers for key in its)],
    ):
        parties[key].append((party_id, text))
    asked: tuple[list[int], list[int], list[str]] = ([], [], [])
    names: list[dict[int, str]] = []  # of each song: the parties its artists may be, with the name they share
    for place, (query, keys) in enumerate(zip(queries, performers, strict=True)):
        its: dict[int, str] = {}
        for key in keys:
            for party_id, text in parties.get(key, ()):
                its.setdefault(party_id, text)
        names.append(its)
        if its:
            for key in written_keys_of_title(query.title):
                for party_id in its:
                    asked[0].append(place)
                    asked[1].append(party_id)
                    asked[2].append(key)
    titles: dict[tuple[int, int], set[str]] = defaultdict(set)
    artists: dict[tuple[int, int], set[str]] = defaultdict(set)
    for place, work_id, title, party_id in rows_of(
        """
        SELECT asked.song, k.work_id, k.text, asked.party_id
        FROM unnest(%s::int[], %s::bigint[], %s::text[]) AS asked (song, party_id, key)
        JOIN works_performedkey p ON p.party_id = asked.party_id AND p.key = asked.key
        JOIN works_workkey k ON k.work_id = p.work_id AND k.key = p.key""",
        list(asked),
    ):
        if work_id not in rejected[place]:
            titles[place, work_id].add(title)
            artists[place, work_id].add(names[place][party_id])
    for place, work_id in sorted(titles):
        query = queries[place]
        title = compare_titles(query.title, sorted(titles[place, work_id]))
        performer = compare_names(query.artists, sorted(artists[place, work_id]))
        if title.exact and performer.exact:
            found[place].same.append(Same(work_id, title, performer, own_versions(query.title, title.registered)))


def _compare_numbered(queries: Sequence[SongQuery], found: Sequence[Exact]) -> None:
    """How the titles of works that a number led to agree: for the eyes of whoever checks."""
    numbered = [(query, song, _numbered(song)) for query, song in zip(queries, found, strict=True)]
    titles: dict[int, list[str]] = defaultdict(list)
    for work_id, text in rows_of(
        "SELECT work_id, text FROM works_worktitle WHERE work_id = ANY(%s) AND ended_at IS NULL ORDER BY id",
        [list({work_id for _, _, works in numbered for work_id in works})],
    ):
        titles[work_id].append(text)
    for query, song, works in numbered:
        song.titles = {work_id: compare_titles(query.title, titles[work_id]) for work_id in works}


def _numbered(song: Exact) -> list[int]:
    if song.by_isrc:
        return [work_id for work_id, _ in song.by_isrc]
    return [] if song.by_iswc is None else [song.by_iswc]
