"""Performers of recordings as parties of the register: "孝敏 (효민)/Loco (로꼬)" is two, with two names each.

A performer owns nothing: the party is what a name in another script is added to once for all of an artist's works. Two
artists of one name are one party until somebody parts them; that a name is shared is for the matcher to doubt.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.utils import timezone

from portal.lib.refs import new_ref
from works.matching.derive import add_party_keys, add_performed_keys, without_ended
from works.matching.keys import keys_of_name
from works.names.performers import Performer, parse_performers
from works.names.script import detect_script
from works.provenance import NameSource

LONGEST: Final = 200  # characters of a name
PERFORMER: Final = "performer"


@dataclass(frozen=True, kw_only=True)
class Said:
    """Who named the performers, for whom, and when (None: now). Without any of it the register itself, before names said so."""

    source: str = NameSource.REGISTER.value
    user_id: int | None = None
    organisation_id: int | None = None
    at: dt.datetime | None = None


OF_OLD: Final = Said()


def link_performers(performed: Sequence[tuple[int, str]], said: Said = OF_OLD) -> None:
    """Note who performs works: pairs of a work and the performers' text of one of its recordings, and who said so.

    Performers not known yet become parties. A constant number of statements, however many works.
    """
    parsed = {text: parse_performers(text) for text in dict.fromkeys(text for _, text in performed)}
    performers = list(dict.fromkeys(performer for found in parsed.values() for performer in found))
    known = _find(performers)
    names: dict[int, dict[str, None]] = {}
    made: dict[str, int] = {}
    new = dict.fromkeys(key for key in map(identity, performers) if key not in known)
    first = {key: performer for performer in reversed(performers) if (key := identity(performer)) in new}
    ids = _make([first[key].name[:LONGEST] for key in new])
    made = dict(zip(new, ids, strict=True))
    for performer in performers:
        party_id = known.get(identity(performer)) or made[identity(performer)]
        names.setdefault(party_id, {}).update((name[:LONGEST], None) for name in (performer.name, *performer.aliases))
    add_performer_names([(party_id, name) for party_id, its in names.items() for name in its], said)
    numbers = {performer: known.get(identity(performer)) or made[identity(performer)] for performer in performers}
    _link({(numbers[performer], work_id) for work_id, text in performed for performer in parsed[text]})


def identity(performer: Performer) -> str:
    """The key that tells one performer from another: of the name, not of what stands in brackets behind it."""
    return keys_of_name(performer.name)[0].key


def add_performer_names(names: Sequence[tuple[int, str]], said: Said = OF_OLD) -> None:
    """Further names of parties, with their keys: pairs of a party and a name. What is there already stays."""
    fresh = without_ended(names)
    rows = sorted({(party_id, name): detect_script(name) for party_id, name in fresh}.items())
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO works_partyname (party_id, text, script, kind, source, said_by_id, said_for_id, said_at)
            SELECT new.*, 'original', %s, %s, %s, coalesce(%s, now())
            FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS new (party_id, text, script)
            ON CONFLICT (party_id, text) WHERE ended_at IS NULL DO NOTHING""",
            [
                *(said.source, said.user_id, said.organisation_id, said.at),
                *([each for (each, _), _ in rows], [name for (_, name), _ in rows], [script for _, script in rows]),
            ],
        )
    add_party_keys(fresh)


def find_performers(names: Iterable[str]) -> dict[str, list[int]]:
    """Parties of performers by their exact names (case, signs, Traditional and Simplified aside), lowest number first."""
    keys = {name: keys_of_name(name)[0].key for name in names if keys_of_name(name)}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT key, array_agg(party_id ORDER BY party_id) FROM works_partykey
            WHERE key = ANY(%s) AND kind = %s GROUP BY key""",
            [list(set(keys.values())), PERFORMER],
        )
        found = dict(cursor.fetchall())
    return {name: found[key] for name, key in keys.items() if key in found}


def _find(performers: Sequence[Performer]) -> dict[str, int]:
    """Parties by the identity of a performer; of several the one that came first."""
    found = find_performers(performer.name for performer in performers)
    return {identity(each): found[each.name][0] for each in performers if each.name in found}


def _make(names: Sequence[str]) -> list[int]:
    if not names:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO works_party (ref, kind, name, isni, created_at)
            SELECT new.ref, %s, new.name, '', %s FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS new (ref, name, place)
            ORDER BY new.place RETURNING id""",
            [PERFORMER, timezone.now(), [new_ref("P") for _ in names], list(names)],
        )
        return [row[0] for row in cursor.fetchall()]


def _link(pairs: Iterable[tuple[int, int]]) -> None:
    rows = sorted(pairs)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO works_workperformer (party_id, work_id)
            SELECT * FROM unnest(%s::bigint[], %s::bigint[]) ON CONFLICT DO NOTHING""",
            [[party_id for party_id, _ in rows], [work_id for _, work_id in rows]],
        )
    add_performed_keys(list({work_id for _, work_id in rows}))
