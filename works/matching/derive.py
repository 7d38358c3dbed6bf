"""The tables that songs are looked up in, kept in step with names and titles: PartyKey, WorkKey, PerformedKey and Repertoire.

They can be rebuilt at any time (`manage.py rebuild_keys`), and must be after a change of works.names.keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from django.db import connection, transaction
from psycopg import sql

from works.matching.keys import keys_of_name, keys_of_title
from works.names.keys import Key

AT_ONCE: Final = 20_000  # parties or works
KEY_TEXT: Final = 300  # characters of the title kept beside a key
NAME_TEXT: Final = 200
KEYS_OF_AN_ARTIST: Final = (
    4000  # compared by letters, and their titles by meaning; with more those works alone that share a key
)

# Names that were withdrawn are matched by no longer, and nothing finds a work that was merged into another one. A recording's
# own titles find the work it is whole.
NAMES: Final = """
    SELECT id, name FROM works_party WHERE id = ANY(%(ids)s)
    UNION ALL SELECT * FROM (
        SELECT party_id, text FROM works_partyname WHERE party_id = ANY(%(ids)s) AND ended_at IS NULL ORDER BY id) AS names"""
TITLES: Final = """
    SELECT * FROM (
        SELECT t.work_id, t.text FROM works_worktitle t JOIN works_work w ON w.id = t.work_id AND w.merged_into_id IS NULL
        WHERE t.work_id = ANY(%(ids)s) AND t.ended_at IS NULL ORDER BY t.id) AS titles
    UNION ALL SELECT * FROM (
        SELECT p.work_id, t.text FROM works_recordingwork p JOIN works_recordingtitle t USING (recording_id)
        WHERE p.work_id = ANY(%(ids)s) AND p.numerator = p.denominator AND t.ended_at IS NULL ORDER BY t.id) AS recordings"""


# In the order of their keys, so that two who add the same wait for each other but never in a circle.
ADDED: Final = {
    "works_partykey": """
        INSERT INTO works_partykey (party_id, key, text, kind)
        SELECT new.party_id, new.key, new.text, p.kind
        FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS new (party_id, key, text) JOIN works_party p ON p.id = new.party_id
        ORDER BY 1, 2 ON CONFLICT DO NOTHING""",
    "works_workkey": """
        INSERT INTO works_workkey (work_id, key, text)
        SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS new ORDER BY 1, 2 ON CONFLICT DO NOTHING""",
}


def add_party_keys(names: Iterable[tuple[int, str]]) -> None:
    """Keys of further names: pairs of a party and a name. What is there already stays."""
    _insert("works_partykey", _keys(names, keys_of_name, NAME_TEXT))


def without_ended(names: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """Pairs of a party and a name, but for names that somebody took away from the party: a catalogue does not bring them back."""
    pairs = list(dict.fromkeys(names))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT n.party_id, n.text FROM unnest(%s::bigint[], %s::text[]) AS asked (party_id, text)
            JOIN works_partyname n USING (party_id, text)
            GROUP BY n.party_id, n.text HAVING bool_and(n.ended_at IS NOT NULL)""",
            [[party_id for party_id, _ in pairs], [name for _, name in pairs]],
        )
        ended = set(cursor.fetchall())
    return [pair for pair in pairs if pair not in ended]


def add_title_keys(titles: Iterable[tuple[int, str]]) -> None:
    """Keys of further titles: pairs of a work and a title. What is there already stays."""
    titles = list(titles)
    add_work_keys(titles)
    add_performed_keys(list({work_id for work_id, _ in titles}))


def add_work_keys(titles: Iterable[tuple[int, str]]) -> None:
    """The half of add_title_keys that knows no performers."""
    _insert("works_workkey", _keys(titles, keys_of_title, KEY_TEXT))


def add_performed_keys(work_ids: Sequence[int]) -> None:
    """Keys of titles beside the performers, of works that got further titles or performers. What is there already stays."""
    refresh_repertoires(add_keys_beside_performers(work_ids))


def add_keys_beside_performers(work_ids: Sequence[int]) -> set[int]:
    """The half of add_performed_keys that leaves the repertoires as they are. Returns the performers who got keys."""
    return _parties_of(
        """
        WITH added AS (
            INSERT INTO works_performedkey (party_id, key, work_id)
            SELECT p.party_id, k.key, k.work_id FROM works_workkey k JOIN works_workperformer p USING (work_id)
            WHERE k.work_id = ANY(%s) ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING RETURNING party_id)
        SELECT DISTINCT party_id FROM added""",
        work_ids,
    )


def refresh_repertoires(party_ids: Iterable[int]) -> None:
    """Make what stands of these performers in one row what PerformedKey says of them; nothing, of those who have too many keys.

    The rows are locked by one statement (which a DO UPDATE does whatever its WHERE says) and made by the next: of two who add
    works of one performer at the same time the second waits, and sees what the first added.
    """
    asked = [sorted(party_ids)]
    if not asked[0]:
        return
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO works_repertoire (party_id, keys, works) SELECT party_id, '', '' FROM unnest(%s::bigint[]) AS asked (party_id)
            WHERE EXISTS (SELECT 1 FROM works_performedkey k WHERE k.party_id = asked.party_id)
                OR EXISTS (SELECT 1 FROM works_repertoire r WHERE r.party_id = asked.party_id)
            ORDER BY party_id ON CONFLICT (party_id) DO UPDATE SET keys = '' WHERE false""",
            asked,
        )
        cursor.execute(
            """
            UPDATE works_repertoire old SET keys = coalesce(now.keys, ''), works = coalesce(now.works, '')
            FROM unnest(%s::bigint[]) AS asked (party_id) LEFT JOIN LATERAL (
                SELECT string_agg(key, E'\\n') AS keys, string_agg(int4send(work_id::int), '') AS works FROM (
                    SELECT key, work_id FROM works_performedkey WHERE party_id = asked.party_id ORDER BY key, work_id LIMIT %s
                ) AS its HAVING count(*) <= %s) AS now ON true
            WHERE old.party_id = asked.party_id
                AND (old.keys <> coalesce(now.keys, '') OR old.works <> coalesce(now.works, ''))""",
            [*asked, KEYS_OF_AN_ARTIST + 1, KEYS_OF_AN_ARTIST],
        )


def refresh_party_keys(party_ids: Sequence[int]) -> None:
    """Make the keys of these parties those of the names they have now."""
    _refresh("works_partykey", "party_id", NAMES, party_ids, keys_of_name, NAME_TEXT)


def refresh_title_keys(work_ids: Sequence[int]) -> None:
    """Make the keys of these works those of the titles they have now."""
    _refresh("works_workkey", "work_id", TITLES, work_ids, keys_of_title, KEY_TEXT)
    gone = _parties_of(
        """
        WITH gone AS (
            DELETE FROM works_performedkey old WHERE old.work_id = ANY(%s) AND NOT EXISTS (
                SELECT 1 FROM works_workkey k JOIN works_workperformer p USING (work_id)
                WHERE k.work_id = old.work_id AND k.key = old.key AND p.party_id = old.party_id)
            RETURNING party_id)
        SELECT DISTINCT party_id FROM gone""",
        work_ids,
    )
    refresh_repertoires(gone | add_keys_beside_performers(work_ids))


def _parties_of(statement: str, work_ids: Sequence[int]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(work_ids)])
        return {party_id for (party_id,) in cursor.fetchall()}


def rebuild_keys() -> tuple[int, int]:
    """Make all keys anew where they differ; returns the number of parties and of works."""
    parties = _refresh_all("works_party", refresh_party_keys)
    works = _refresh_all("works_work", refresh_title_keys)
    _refresh_all("works_party", refresh_repertoires)
    return parties, works


def _refresh_all(table: str, refresh: Callable[[list[int]], None]) -> int:
    count, last = 0, 0
    while ids := _next_ids(table, last):
        refresh(ids)
        count, last = count + len(ids), ids[-1]
    return count


def _next_ids(table: str, last: int) -> list[int]:
    statement = sql.SQL("SELECT id FROM {} WHERE id > %s ORDER BY id LIMIT %s").format(sql.Identifier(table))
    with connection.cursor() as cursor:
        cursor.execute(statement, [last, AT_ONCE])
        return [row[0] for row in cursor.fetchall()]


def _refresh(
    table: str, owner: str, texts: str, ids: Sequence[int], keys: Callable[[str], tuple[Key, ...]], longest: int
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(texts, {"ids": list(ids)})
        rows = _keys(cursor.fetchall(), keys, longest)
        statement = sql.SQL(
            """
            DELETE FROM {table} old USING unnest(%s::bigint[]) AS asked (id)
            WHERE old.{owner} = asked.id AND NOT EXISTS (
                SELECT 1 FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS now (id, key, text)
                WHERE now.id = old.{owner} AND now.key = old.key AND now.text = old.text)"""
        ).format(table=sql.Identifier(table), owner=sql.Identifier(owner))
        cursor.execute(statement, [list(ids), *_columns(rows)])
    _insert(table, rows)


def _keys(
    texts: Iterable[tuple[int, str]], keys: Callable[[str], tuple[Key, ...]], longest: int
) -> list[tuple[int, str, str]]:
    """Owner, key and the text that gave it first; each key once."""
    found: dict[tuple[int, str], str] = {}
    for owner, text in texts:
        for key in keys(text):
            found.setdefault((owner, key.key), text[:longest])
    return [(owner, key, text) for (owner, key), text in found.items()]


def _insert(table: str, rows: Sequence[tuple[int, str, str]]) -> None:
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(ADDED[table], _columns(rows))


def _columns(rows: Sequence[tuple[int, str, str]]) -> list[list[int] | list[str]]:
    return [[row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]]
