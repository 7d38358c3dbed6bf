"""Songs as a service would report them: half of them of the register, in eight ways of writing, half of them not.

The mix is WAYS, as far as there are works that a way can write otherwise (a Hangul title has no Traditional form); the table of
figures says the shares that came of it. No song has an ISRC: those are decided before names count.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from django.db import connection

from tests.bench import names

REGISTERED: Final = 0.5
WAYS: Final = {  # of the registered ones, how many are written how
    "as registered": 0.30,
    "a second script in brackets": 0.15,
    "a remark on the version": 0.15,
    "Traditional for Simplified": 0.10,
    "title romanised": 0.08,
    "title misspelt": 0.07,
    "artist romanised": 0.08,
    "artist in two scripts": 0.07,
}
OF_ARTISTS: Final = {"artist romanised", "artist in two scripts"}
NEW_OF_KNOWN, NEW_OF_UNKNOWN = "not registered, artist known", "not registered, artist unknown"
REMARKS: Final = (
    " (Live)",
    " (Inst.)",
    " (伴奏)",
    "(现场)",
    " - Remastered 2026",
    " (Acoustic Ver.)",
    " [DJ版]",
    " (片段)",
    " (OST)",
)
MISSPELT_FROM: Final = 3  # letters; of shorter titles another letter makes another title


@dataclass(frozen=True)
class Asked:
    """work_id: the right one, 0 where the register has none."""

    title: str
    artists: str
    work_id: int
    way: str


@dataclass(frozen=True)
class Registered:
    work_id: int
    title: str
    artists: str


def songs_to_ask(count: int, seed: str) -> list[Asked]:
    """So many songs of the register that Django is connected to, and of others. The same seed asks for the same.

    In the order in which an import asks (royalties.ingest.sums), an artist's songs together.
    """
    rnd = random.Random(seed)  # noqa: S311  # nothing secret
    of_register = _some_works(rnd, round(count * REGISTERED))
    found = list(_as_reported(rnd, of_register))
    new = count - len(found)
    known = _some_works(rnd, new // 2)
    found += _new_of_known(rnd, known)
    found += _new_of_unknown(rnd, new - len(known))
    return sorted(found, key=lambda song: (song.artists, song.title))


def _some_works(rnd: random.Random, count: int) -> list[Registered]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM works_work")
        numbers = rnd.sample(range(1, cursor.fetchone()[0] + 1), count)
        cursor.execute(
            """
            SELECT w.id, w.title, r.performer FROM works_work w
            JOIN works_recordingwork p ON p.work_id = w.id JOIN works_recording r ON r.id = p.recording_id
            WHERE w.id = ANY(%s) ORDER BY w.id""",
            [numbers],
        )
        found = [Registered(*row) for row in cursor.fetchall()]
    rnd.shuffle(found)
    return found


def _as_reported(rnd: random.Random, works: list[Registered]) -> Iterator[Asked]:
    """Each work in one way that fits it: of those, the one that most is left of."""
    left = {way: share * len(works) for way, share in WAYS.items()}
    for work in works:
        for way in sorted(WAYS, key=lambda way: -left[way] / WAYS[way]):
            title, artists = _write(rnd, way, work)
            changed = artists != work.artists if way in OF_ARTISTS else title != work.title
            if changed or way == "as registered":
                left[way] -= 1
                yield Asked(title, artists, work.work_id, way)
                break


def _write(rnd: random.Random, way: str, work: Registered) -> tuple[str, str]:
    """Title and artists, unchanged where the way does not fit them. Artists in two scripts are named by one of them mostly."""
    title, artists = work.title, _one_name_each(rnd, work.artists)
    if way == "a second script in brackets" and "(" not in title:
        other = rnd.choice([script for script in ("Hang", "Latn", "Hani") if script != _script(title)])
        second = (
            names.romanise(title) if other == "Latn" and _script(title) == "Hang" else names.draw_title_in(rnd, other)
        )
        both = (title, second) if rnd.random() < 0.7 else (second, title)
        return f"{both[0]} ({both[1]})", artists
    if way == "a remark on the version":
        return title + rnd.choice(REMARKS), artists
    if way == "Traditional for Simplified":
        return names.other_chinese(title), artists
    if way == "title romanised":
        return names.romanise(title), artists
    if way == "title misspelt" and sum(map(str.isalpha, title)) >= MISSPELT_FROM:
        return names.misspell(rnd, title), artists
    if way == "artist romanised":
        return title, names.romanise(work.artists.split(" (")[0])
    if way == "artist in two scripts":
        roman = names.romanise(work.artists)
        return title, f"{work.artists} ({roman})" if roman != work.artists and "(" not in work.artists else work.artists
    return work.title, work.artists


def _one_name_each(rnd: random.Random, artists: str) -> str:
    if "(" not in artists or "," in artists:
        return artists
    return rnd.choice([artists, *artists.rstrip(")").split(" (")])


def _script(title: str) -> str:
    if any("가" <= letter <= "힣" for letter in title):
        return "Hang"
    return "Latn" if title.isascii() else "Hani"


def _new_of_known(rnd: random.Random, works: list[Registered]) -> list[Asked]:
    """Songs of registered artists with a title that none of theirs has."""
    drawn = [names.draw_title(rnd) for _song in works]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT asked.place FROM unnest(%s::int[], %s::bigint[], %s::text[]) AS asked (place, work_id, title)
            JOIN works_workperformer mine ON mine.work_id = asked.work_id
            JOIN works_workperformer theirs ON theirs.party_id = mine.party_id
            JOIN works_worktitle t ON t.work_id = theirs.work_id AND lower(t.text) = lower(asked.title)""",
            [list(range(len(works))), [work.work_id for work in works], drawn],
        )
        taken = {row[0] for row in cursor.fetchall()}
    return [
        Asked(f"{title} {names.draw_title(rnd)}" if place in taken else title, work.artists, 0, NEW_OF_KNOWN)
        for place, (title, work) in enumerate(zip(drawn, works, strict=True))
    ]


def _new_of_unknown(rnd: random.Random, count: int) -> list[Asked]:
    """Songs of artists of whose name the register has none; their titles are like any others."""
    known = _known_names()
    found: list[Asked] = []
    while len(found) < count:
        performer = names.draw_performer(rnd)
        if not {performer.name.casefold(), performer.alias.casefold()} & known:
            found.append(Asked(names.draw_title(rnd), performer.text, 0, NEW_OF_UNKNOWN))
    return found


@lru_cache(maxsize=1)
def _known_names() -> frozenset[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.text FROM works_partyname n JOIN works_party p ON p.id = n.party_id WHERE p.kind = 'performer'"
        )
        return frozenset(row[0].casefold() for row in cursor.fetchall())
