"""Which works a song may be that is not decided word by word: all the register says about them, in a constant number of statements.

A work is found by a key of a title that few works share, or through an artist: names lead to parties, parties to their works,
and of these to those whose titles share a key with the song's, or come near one. How good a hit is, is for score.py to say.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from sys import byteorder
from typing import Any, Final

from rapidfuzz import fuzz, process

from works.identifiers import parse_ipi_name
from works.matching.base import SongQuery
from works.matching.compare import (
    NO_AGREEMENT,
    SAME_NAME,
    Agreement,
    compare_names,
    compare_within,
    may_be_one_name,
    shared_name,
)
from works.matching.exact import stored_form
from works.matching.keys import keys_of_name, keys_of_title
from works.matching.releases import Release, releases_of
from works.matching.rows import distinct, rows_of
from works.names.alike import is_spelt_out
from works.names.folded import fold_letters
from works.names.keys import SHORTEST_SOUND
from works.names.remembered import STRINGS, remembered

Met = tuple[str, str]  # a key both sides share, and the title or name of the register that gave it

WORKS_OF_A_TITLE: Final = 10  # a key of a title that more works share says little without the artist
ARTISTS_OF_A_NAME: Final = 40
BEYOND_LATIN: Final = "\u0250"  # names before it begin with a Latin letter, a digit or a sign
EXACT_KEYS: Final = ("k:", "h:", "s:")
COMPARED: Final = ("k:", "r:")  # kinds of keys in which titles may be near; c: finds no more
NEAR: Final = 60  # of 100: how like two keys of one kind are, from which on the titles of the nearest work are compared
VERY_NEAR: Final = 85  # and those of others
SHORT_SOUND: Final = 7  # letters of a key
NEAREST: Final = 3  # works of its artists whose titles are compared because they are like the song's
SHORT, SHORT_LATIN = 5, 8  # letters of a key


@dataclass(slots=True)
class Hit:
    """A work with its titles, and what it shares with the song exactly: keys of titles and of names."""

    work_id: int
    titles: list[str] = field(default_factory=list)
    met: list[str] = field(default_factory=list)  # keys of titles
    performers: list[Met] = field(default_factory=list)  # keys of names, where the artist led to the work
    names: list[str] = field(default_factory=list)  # of its performers, where the artist did not
    performer: Agreement = NO_AGREEMENT  # how these agree with the song's artists
    named_within: bool = False  # of the names one only holds the other
    writers: list[Met] = field(default_factory=list)
    ipis: list[str] = field(default_factory=list)
    releases: Sequence[Release] = ()  # where the song has an album or a duration
    performer_known: bool = True  # whether the register knows any performer of the work


@dataclass(slots=True)
class Found:
    """All there is for one song.

    artists: the performers its artists may be, each with the best key they share. writers: the writers called so.
    works: those of its artists, of whom none has too many (those: compared). common: for a key of the
    title how many works share it, at most WORKS_OF_A_TITLE + 1. rejected: works somebody said it is not.
    """

    artists: dict[int, Met] = field(default_factory=dict)
    writers: dict[int, Met] = field(default_factory=dict)
    compared: tuple[int, ...] = ()
    works: frozenset[int] = frozenset()
    rejected: frozenset[int] = frozenset()
    common: dict[str, int] = field(default_factory=dict)
    hits: dict[int, Hit] = field(default_factory=dict)


@dataclass
class Shelf:
    """The works of an artist: the keys of their titles in order, each between two line ends, and whose each is.

    Few keys are looked at one by one, so they are not taken apart before.
    """

    keys: str
    owners: Sequence[int]
    kinds: dict[str, tuple[list[str], Sequence[int]]] = field(default_factory=dict)

    @classmethod
    def read(cls, keys: str, works: bytes) -> Shelf:
        """From a row of Repertoire."""
        owners = array("i", works)
        if byteorder == "little":
            owners.byteswap()
        return cls(f"\n{keys}\n", owners)

    @cached_property
    def works(self) -> frozenset[int]:
        """Each title has a key for its letters or else for its signs."""
        letters, signs = self.of_kind("k:")[1], self.of_kind("s:")[1]
        return frozenset([*letters, *signs] if signs else letters)

    def works_with(self, key: str) -> Sequence[int]:
        return self._owners_between(self.keys.find(f"\n{key}\n"), self.keys.rfind(f"\n{key}\n"))

    def of_kind(self, kind: str) -> tuple[list[str], Sequence[int]]:
        """The keys of a kind, and their works."""
        if kind not in self.kinds:
            first, last = self.keys.find("\n" + kind), self.keys.rfind("\n" + kind)
            keys = self.keys[first + 1 : self.keys.find("\n", last + 1)].split("\n") if last >= 0 else []
            self.kinds[kind] = keys, self._owners_between(first, last)
        return self.kinds[kind]

    def _owners_between(self, first: int, last: int) -> Sequence[int]:
        """The works of the keys after the line ends at these two places, and of those between; -1 where there are none."""
        if last < 0:
            return ()
        start = self.keys.count("\n", 0, first)
        return self.owners[start : start + self.keys.count("\n", first, last) + 1]

    @cached_property
    def sounds(self) -> tuple[list[str], Sequence[int]]:
        """How short titles sound, and their works."""
        found = [
            (sound, work_id)
            for key, work_id in zip(*self.of_kind("k:"), strict=True)
            if len(key) <= SHORT_LATIN and (sound := short_sound(key))
        ]
        return [sound for sound, _ in found], [work_id for _, work_id in found]


def find_candidates(queries: Sequence[SongQuery], excluded: Mapping[str, frozenset[int]]) -> list[Found]:
    """What the register holds for each song, in the same order; pairs that somebody rejected are left out."""
    found = [Found(rejected=excluded.get(query.key, frozenset())) for query in queries]
    _find_people(queries, found)
    _find_by_title(queries, found)
    _find_by_writer(queries, found)
    _find_by_ipi(queries, found)
    _find_by_artist(queries, found)
    _add_names(found)
    _leave_out_others(queries, found)
    _add_titles(found)
    _add_releases(queries, found)
    return found


# ── by artist and title ─────────────────────────────────────────────────────────────────────────────────────────────────


def _find_people(queries: Sequence[SongQuery], found: Sequence[Found]) -> None:
    """The performers and writers whose names share a key with the song's artists. Of several shared keys the first is the best.

    Of performers that share a sound, those are taken whose names spell the artist's in other letters; where there is none, those
    whose names may be hers. Of writers none is found by sound: too many people sound alike.
    """
    keys = [keys_of_name(query.artists) for query in queries]
    people = _people_of(distinct(key.key for its in keys for key in its if key.exact), "performer", "writer")
    for song, its in zip(found, keys, strict=True):
        for key in its:
            for party_id, text, kind in people.get(key.key, ()):
                met = song.artists if kind == "performer" else song.writers
                met.setdefault(party_id, (key.key, text))
    sounds = [[(key, key.text < BEYOND_LATIN) for key in its if not key.exact] for its in keys]
    asked = [
        [(key, latin) for key, written in its for latin in _letters_to_ask(song, written=written)]
        for song, its in zip(found, sounds, strict=True)
    ]
    performers = _performers_sounding(list(dict.fromkeys((key.key, latin) for its in asked for key, latin in its)))
    for song, wanted in zip(found, asked, strict=True):
        alike = [(key, *who) for key, latin in wanted for who in performers.get((key.key, latin), ())]
        taken = [each for each in alike if is_spelt_out(each[0].text, each[2])]
        taken = taken or [each for each in alike if may_be_one_name(each[0].text, each[2])]
        for key, party_id, text in taken:
            song.artists.setdefault(party_id, (key.key, text))


def _letters_to_ask(song: Found, *, written: bool) -> Sequence[bool]:
    """In which letters names that sound like an artist's may be hers, True for Latin: in the others, and for a name in Latin
    letters also in her own, where none is called as written. Names in other letters that are one share a key that is no sound.
    """
    return (True, False) if written and not song.artists else (not written,)


def _people_of(keys: list[str], *kinds: str) -> dict[str, list[tuple[int, str, str]]]:
    """By key: party, name and kind of the people of these kinds, not more than ARTISTS_OF_A_NAME."""
    people: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    rows = rows_of(
        """
        SELECT asked.key, k.party_id, k.text, k.kind FROM unnest(%s::text[]) AS asked (key) CROSS JOIN LATERAL (
            SELECT party_id, text, kind FROM works_partykey k
            WHERE k.key = asked.key AND k.kind = ANY(%s) ORDER BY party_id LIMIT %s) AS k""",
        [keys, list(kinds)],
        ARTISTS_OF_A_NAME,
    )
    for key, party_id, text, kind in rows:
        people[key].append((party_id, text, kind))
    return people


def _performers_sounding(asked: list[tuple[str, bool]]) -> dict[tuple[str, bool], list[tuple[int, str]]]:
    """By key and whether in Latin letters: performers with their names, of the first ARTISTS_OF_A_NAME that share the key."""
    performers: dict[tuple[str, bool], list[tuple[int, str]]] = defaultdict(list)
    rows = rows_of(
        """
        SELECT asked.key, asked.latin, k.party_id, k.text FROM unnest(%s::text[], %s::bool[]) AS asked (key, latin)
        CROSS JOIN LATERAL (
            SELECT party_id, text FROM works_partykey k
            WHERE k.key = asked.key AND k.kind = 'performer' ORDER BY party_id LIMIT %s) AS k
        WHERE (k.text < %s COLLATE "C") = asked.latin""",
        [list(column) for column in zip(*asked, strict=True)] or [[]],
        ARTISTS_OF_A_NAME,
        BEYOND_LATIN,
    )
    for key, latin, party_id, text in rows:
        performers[key, latin].append((party_id, text))
    return performers


def _find_by_title(queries: Sequence[SongQuery], found: Sequence[Found]) -> None:
    """Works that share a key of a title with the song, where they are few."""
    keys = [[key.key for key in keys_of_title(query.title)] for query in queries]
    rows = rows_of(
        """
        SELECT asked.key, k.number, k.works FROM unnest(%s::text[]) AS asked (key) CROSS JOIN LATERAL (
            SELECT count(*) AS number, CASE WHEN count(*) <= %s THEN array_agg(work_id) END AS works
            FROM (SELECT work_id FROM works_workkey WHERE key = asked.key ORDER BY work_id LIMIT %s) AS its) AS k
        WHERE k.number > 0""",
        [distinct(key for its in keys for key in its)],
        WORKS_OF_A_TITLE,
        WORKS_OF_A_TITLE + 1,
    )
    works = {key: (number, its_works or ()) for key, number, its_works in rows}
    for song, its in zip(found, keys, strict=True):
        for key in its:
            song.common[key], its_works = works.get(key, (0, ()))
            for work_id in its_works:
                if work_id not in song.rejected:
                    song.hits.setdefault(work_id, Hit(work_id)).met.append(key)


# A title has many works and a writer too: the two rows of numbers are read side by side instead of one looked up in the other.
BY_SHARE: Final = """
    SELECT DISTINCT asked.song, its.work_id, asked.party_id, asked.key
    FROM unnest(%s::int[], %s::bigint[], %s::text[]) AS asked (song, party_id, key) CROSS JOIN LATERAL (
        SELECT work_id FROM works_workkey WHERE key = asked.key
        INTERSECT SELECT work_id FROM works_share WHERE party_id = asked.party_id) AS its
    ORDER BY 1, 2, 3, 4"""


def _find_by_writer(queries: Sequence[SongQuery], found: Sequence[Found]) -> None:
    """Works that share a key of the title, by writers called like the song's artists."""
    for place, work_id, party_id, key in rows_of(BY_SHARE, _pairs_of(queries, [song.writers for song in found])):
        if work_id not in found[place].rejected:
            hit = found[place].hits.setdefault(work_id, Hit(work_id))
            if key not in hit.met:
                hit.met.append(key)
            met = found[place].writers[party_id]
            if met not in hit.writers:
                hit.writers.append(met)


def _find_by_ipi(queries: Sequence[SongQuery], found: Sequence[Found]) -> None:
    """Works that share a key of the title, by writers whose IPI the report names."""
    asked = [frozenset(stored_form(parse_ipi_name, ipi) for ipi in query.ipis) - {""} for query in queries]
    people: dict[str, list[int]] = defaultdict(list)
    ipi_of: dict[int, str] = {}
    for ipi, party_id in rows_of(
        "SELECT ipi_name_number, id FROM works_party WHERE ipi_name_number = ANY(%s) AND kind = 'writer' ORDER BY id",
        [sorted({ipi for ipis in asked for ipi in ipis})],
    ):
        people[ipi].append(party_id)
        ipi_of[party_id] = ipi
    parties = [[party_id for ipi in sorted(ipis) for party_id in people[ipi]] for ipis in asked]
    for place, work_id, party_id, key in rows_of(BY_SHARE, _pairs_of(queries, parties)):
        if work_id not in found[place].rejected:
            hit = found[place].hits.setdefault(work_id, Hit(work_id))
            if key not in hit.met:
                hit.met.append(key)
            if ipi_of[party_id] not in hit.ipis:
                hit.ipis.append(ipi_of[party_id])


def _find_by_artist(queries: Sequence[SongQuery], found: Sequence[Found]) -> None:
    """The works of the artists that share a key of the title, and those whose titles come near."""
    alike = [
        [party_id for party_id, met in song.artists.items() if _is_alike(query.artists, met)]
        for query, song in zip(queries, found, strict=True)
    ]
    shelves = _shelves({party_id for its in alike for party_id in its})
    shared = rows_of(
        """
        SELECT asked.song, p.work_id, asked.party_id, asked.key
        FROM unnest(%s::int[], %s::bigint[], %s::text[]) AS asked (song, party_id, key)
        JOIN works_performedkey p ON p.party_id = asked.party_id AND p.key = asked.key""",
        _pairs_of(queries, [[party_id for party_id in song.artists if party_id not in shelves] for song in found]),
    )
    for place, (query, song) in enumerate(zip(queries, found, strict=True)):
        for shelf, party_id in [(shelves[each], each) for each in song.artists if each in shelves]:
            for key, _, _ in keys_of_title(query.title):
                shared += [(place, work_id, party_id, key) for work_id in shelf.works_with(key)]
    for place, work_id, party_id, key in sorted(shared):
        _add_hit(found[place], work_id, party_id, [key])
    for query, song, its in zip(queries, found, alike, strict=True):
        song.compared = tuple(party_id for party_id in its if party_id in shelves)
        song.works = _union([shelves[party_id].works for party_id in song.compared], song.rejected)
        for party_id in song.compared:
            for work_id in shelves[party_id].works.intersection(song.hits):  # that a title alone had led to
                _add_hit(song, work_id, party_id, [])
        if any(hit.performers and _has_letters(hit) for hit in song.hits.values()):
            continue  # by the artist, and called so: titles that are only near are none
        near: dict[int, float] = {}
        for party_id in song.compared:
            for work_id, likeness in _near(shelves[party_id], query, song.hits).items():
                near[work_id] = max(likeness, near.get(work_id, 0))
        enough = VERY_NEAR if _has_performers(song) else min(VERY_NEAR, max(near.values(), default=0))
        close = [work_id for work_id, likeness in near.items() if likeness >= enough]
        for work_id in sorted(close, key=lambda each: (-near[each], each))[:NEAREST]:
            for party_id in song.compared:
                if work_id in shelves[party_id].works:
                    _add_hit(song, work_id, party_id, [])


def _union(works: Sequence[frozenset[int]], without: frozenset[int]) -> frozenset[int]:
    """Usually there is one set, and nothing to leave out: then nothing is copied."""
    all_of_them = works[0] if len(works) == 1 else frozenset().union(*works)
    return all_of_them - without if without else all_of_them


def _has_performers(song: Found) -> bool:
    return any(hit.performers for hit in song.hits.values())


def _has_letters(hit: Hit) -> bool:
    """Whether a title of a work has the letters of a name of the song's."""
    return any(key.startswith("k:") for key in hit.met)


def _is_alike(artists: str, met: Met) -> bool:
    """Whether a performer's name agrees in more than a key for its sound: of others only works that share a key are looked at."""
    return met[0].startswith(EXACT_KEYS) or shared_name(artists, *met).score >= SAME_NAME


def _add_hit(song: Found, work_id: int, party_id: int, keys: Sequence[str]) -> None:
    if work_id in song.rejected:
        return
    hit = song.hits.setdefault(work_id, Hit(work_id))
    if song.artists[party_id] not in hit.performers:
        hit.performers.append(song.artists[party_id])
    hit.met += [key for key in keys if key not in hit.met]


def _pairs_of(queries: Sequence[SongQuery], parties: Sequence[Iterable[int]]) -> list[list[Any]]:
    """Place of a song, a party and a key of its title, as three columns."""
    rows = [
        (place, party_id, key.key)
        for place, (query, its) in enumerate(zip(queries, parties, strict=True))
        for party_id in its
        for key in keys_of_title(query.title)
    ]
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[]]


def _shelves(parties: set[int]) -> dict[int, Shelf]:
    """The works of artists; those who have too many are left out."""
    rows = rows_of("SELECT party_id, keys, works FROM works_repertoire WHERE party_id = ANY(%s)", [sorted(parties)])
    return {party_id: Shelf.read(keys, works) for party_id, keys, works in rows if keys}


def _near(shelf: Shelf, query: SongQuery, known: Mapping[int, Hit]) -> dict[int, float]:
    """The works of an artist that come near a song, and how near, but for those known to share a key with it."""
    near: dict[int, float] = {}

    def look(key: str, among: tuple[list[str], Sequence[int]]) -> None:
        keys, owners = among
        for _, likeness, place in process.extract(key, keys, scorer=fuzz.ratio, score_cutoff=NEAR, limit=NEAREST):
            if owners[place] not in known:
                near[owners[place]] = max(likeness, near.get(owners[place], 0))

    for key in keys_of_title(query.title):
        if key.key.startswith(COMPARED):
            look(key.key, shelf.of_kind(key.key[:2]))
        if sound := short_sound(key.key):
            look(sound, shelf.sounds)
            look(sound, shelf.of_kind("r:"))
        elif key.key.startswith("r:") and len(key.key) <= SHORT_SOUND:
            look(key.key, shelf.sounds)
    return near


@remembered(STRINGS)
def short_sound(key: str) -> str:
    """How the letters of a short title sound, which is too little for a key of its own, but not within the works of one artist."""
    if len(key) > (SHORT_LATIN if key.isascii() else SHORT) or not key.startswith("k:"):
        return ""
    sound = fold_letters(key[2:])
    return "r:" + sound if 0 < len(sound) < SHORTEST_SOUND else ""


# ── what else the register says about the works found ───────────────────────────────────────────────────────────────────


def _leave_out_others(queries: Sequence[SongQuery], found: Sequence[Found]) -> None:
    """Forget the works that only share a title with the song and are known to be another artist's, whose name does not hold hers."""
    for query, song in zip(queries, found, strict=True):
        song.hits = {work_id: hit for work_id, hit in song.hits.items() if not _is_anothers(query.artists, hit)}


def _is_anothers(artists: str, hit: Hit) -> bool:
    if not hit.names:
        return False
    hit.performer = compare_names(artists, hit.names)
    if hit.performer.score or hit.writers or hit.ipis:
        return False
    hit.performer, hit.named_within = compare_within(artists, hit.names), True
    return hit.performer.why != "contained"


def _add_titles(found: Sequence[Found]) -> None:
    titles = titles_of({work_id for song in found for work_id in song.hits})
    for song in found:
        for hit in song.hits.values():
            hit.titles = titles[hit.work_id]


def _add_releases(queries: Sequence[SongQuery], found: Sequence[Found]) -> None:
    hits = [
        hit
        for query, song in zip(queries, found, strict=True)
        if query.album or query.duration_seconds is not None
        for hit in song.hits.values()
    ]
    releases = releases_of({hit.work_id for hit in hits})
    for hit in hits:
        hit.releases = releases.get(hit.work_id, ())


def titles_of(work_ids: set[int]) -> dict[int, list[str]]:
    """All titles of works, and those of recordings that hold nothing else, the first the main one."""
    titles: dict[int, list[str]] = defaultdict(list)
    for work_id, text in rows_of(
        """
        SELECT work_id, text FROM (
            SELECT work_id, text, 0 AS place, id FROM works_worktitle WHERE ended_at IS NULL
            UNION ALL SELECT p.work_id, t.text, 1, t.id FROM works_recordingtitle t JOIN works_recordingwork p USING (recording_id)
            WHERE p.numerator = p.denominator AND t.ended_at IS NULL) AS titles
        WHERE work_id = ANY(%s) ORDER BY place, id""",
        [sorted(work_ids)],
    ):
        titles[work_id].append(text)
    return titles


def _add_names(found: Sequence[Found]) -> None:
    """Who performs the works that no artist led to."""
    names: dict[int, list[str]] = defaultdict(list)
    rows = rows_of(
        """
        SELECT p.work_id, n.text FROM works_workperformer p CROSS JOIN LATERAL (
            SELECT id, text FROM works_partyname WHERE party_id = p.party_id AND ended_at IS NULL OFFSET 0) AS n
        WHERE p.work_id = ANY(%s) ORDER BY p.work_id, n.id""",
        [list({hit.work_id for song in found for hit in song.hits.values() if not hit.performers})],
    )
    for work_id, text in rows:
        names[work_id].append(text)
    for song in found:
        for hit in song.hits.values():
            if not hit.performers:
                hit.names = names.get(hit.work_id, [])
                hit.performer_known = bool(hit.names)
