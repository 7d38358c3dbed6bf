"""What songs asked together say for each other; rivals.py has what they say against each other.

A service calls one song "Baby, Don't Cry (인어의 눈물)" in one line and "Baby, Don't Cry" in the next: if the first is surely a work,
the second is likely the same. And who sang one song with an artist is likelier to be named beside her for that song in another
language than for her other songs. Either is a reason for a person to look; by itself neither accepts a song.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from works.matching.base import SongQuery
from works.matching.candidates import Found, titles_of
from works.matching.compare import are_few, is_contained, name_parts, title_parts
from works.matching.score import FARTHEST, SURE, Scored, probability_of, score_by_artist
from works.names.han import has_han, simplified_key
from works.names.performers import parse_performers
from works.names.remembered import OBJECTS, remembered

NAMES_OF_A_SONG: Final = (
    6  # Korean, English, Japanese, Chinese in both scripts, and one more; who has more sings several songs
)

Taken = Mapping[int, Sequence[SongQuery]]  # work to the songs that were found to be it word by word
Artists = frozenset[str]


@dataclass
class Company:
    """Several artists named together. names: those of all their songs. works: which works these may be; by the song's name the
    log-odds, and its title.
    """

    names: set[str] = field(default_factory=set)
    works: dict[int, dict[str, tuple[float, str]]] = field(default_factory=lambda: defaultdict(dict))

    @property
    def sings_more(self) -> bool:
        """Whether they sing other songs than these works, as far as can be told."""
        return len(self.names) > NAMES_OF_A_SONG * len(self.works)


@dataclass(frozen=True)
class Witnesses:
    """names: by work, each name of the songs that surely are it, with a title that holds the name."""

    names: Mapping[int, Mapping[str, str]]
    companies: Mapping[Artists, Company]


def add_told(
    queries: Sequence[SongQuery],
    found: Sequence[Found],
    scored: Sequence[list[Scored]],
    taken: Taken,
    facts: Mapping[str, float],
) -> None:
    """Add to the candidates of open songs the works of their artists that bear the song's name in the title of another song."""
    works: dict[str, set[int]] = defaultdict(set)
    for song, work_id, log_odds in _claims(queries, scored, taken):
        if log_odds >= SURE:
            for name in _names(song.title):
                works[name].add(work_id)
    new: list[tuple[int, int]] = []
    for place, (query, its, candidates) in enumerate(zip(queries, found, scored, strict=True)):
        if its.works and all(each.base < SURE for each in candidates):
            called_so = {work_id for name in _names(query.title) for work_id in works.get(name, ())}
            new += [(place, work_id) for work_id in called_so & its.works - {each.work_id for each in candidates}]
    titles = titles_of({work_id for _, work_id in new})
    for place, work_id in sorted(new):
        query, its = queries[place], found[place]
        one = score_by_artist(query, its, work_id, titles[work_id], its.compared, facts)
        one.by_meaning_alone = False
        scored[place].append(one)


def find_witnesses(queries: Sequence[SongQuery], scored: Sequence[Sequence[Scored]], taken: Taken) -> Witnesses:
    """Of all songs of a batch: those decided word by word (taken), and the others with their candidates."""
    names: dict[int, dict[str, str]] = defaultdict(dict)
    companies: dict[Artists, Company] = defaultdict(Company)
    for query in queries:
        if artists := _company(query.artists):
            companies[artists].names.add(_name(query))
    wanted = {each.work_id for candidates in scored for each in candidates}
    for song, work_id, log_odds in _claims(queries, scored, taken):
        if log_odds >= SURE and work_id in wanted:
            for name in _names(song.title):
                names[work_id][name] = min(song.title, names[work_id].get(name, song.title))
        if company := companies.get(_company(song.artists)):
            company.names.add(_name(song))
            its = company.works[work_id]
            its[_name(song)] = max((log_odds, song.title), its.get(_name(song), (0.0, "")))
    return Witnesses(names, companies)


def _claims(
    queries: Sequence[SongQuery], scored: Sequence[Sequence[Scored]], taken: Taken
) -> Iterator[tuple[SongQuery, int, float]]:
    """Songs, a work that each is more likely than not, and the log-odds of that."""
    for work_id, songs in taken.items():
        for song in songs:
            yield song, work_id, FARTHEST
    for query, candidates in zip(queries, scored, strict=True):
        for each in candidates:
            if each.base > 0:
                yield query, each.work_id, each.base


def hear_witnesses(query: SongQuery, scored: Scored, witnesses: Witnesses) -> dict[str, float]:
    """What they say for a candidate that is not sure by itself, as features; their titles are kept as evidence.

    told: a song that surely is this work bears this song's name, which the work itself does not. company: how probable it is that
    a song by the same artists, of another name, is this work, divided by the number of works that they sing.
    """
    scored.also_called = scored.sung_with = ""
    if scored.base >= SURE:
        return {}
    facts: dict[str, float] = {}
    if scored.by_the_artist and not scored.title.exact and (known := witnesses.names.get(scored.work_id)):
        scored.also_called = next((known[name] for name in _names(query.title) if name in known), "")
        if scored.also_called:
            facts["told"] = 1.0
    company = witnesses.companies.get(_company(query.artists))
    if company and scored.work_id in company.works and not company.sings_more:
        its = company.works[scored.work_id]
        log_odds, scored.sung_with = max((its[name] for name in its if name != _name(query)), default=(0.0, ""))
        if scored.sung_with:
            facts["company"] = probability_of(log_odds) / len(company.works)
    return facts


@remembered(OBJECTS)
def _company(artists: str) -> Artists:
    """The names of several artists; none where it is one, perhaps under several names that hold each other."""
    if len(parse_performers(artists)) == 1:
        return frozenset()
    names = frozenset(_plain(part.letters) for part in name_parts(artists))
    people = [name for name in names if not any(is_contained(name, other) for other in names if len(other) > len(name))]
    return names if len(people) > 1 else frozenset()


@remembered(OBJECTS)
def _names(title: str) -> tuple[str, ...]:
    """The names a title holds, without those so short that many songs bear them."""
    return tuple(_plain(part.letters) for part in title_parts(title) if not are_few(part.letters))


def _plain(letters: str) -> str:
    return simplified_key(letters) if has_han(letters) else letters


def _name(query: SongQuery) -> str:
    return title_parts(query.title)[0].letters
