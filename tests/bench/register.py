"""A register of a million invented works, with everything that songs are looked up by.

Rows go in by COPY and by the statements of works.matching.derive, from two processes, before the tables have their indexes. The keys
are made by the product. For so many works there are: one performer for every 17 and one writer for every 25; a second title
on a fifth of the works; two performers on one in twelve; two writers with half the performing right each on all; a recording
with the performers' names on all, and no ISRC, for songs with one are decided before anything is compared.
"""

from __future__ import annotations

import hashlib
import inspect
import random
from bisect import bisect
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from multiprocessing import get_context
from time import perf_counter
from typing import Any, Final

import django
import psycopg
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from portal.lib.refs import new_ref
from portal.lib.scratch import drop_database
from tests.bench import names
from tests.bench.databases import Database, migrated_database, portal_on

PROCESSES: Final = 2
WORKS_A_PERFORMER, WORKS_A_WRITER = 17, 25
WITH_ALIAS, WITH_TWO_PERFORMERS = 0.2, 1 / 12
BLOCK: Final = 10_000  # works or parties that are made at once
SAMPLE: Final = 300  # works and parties whose keys are looked at
TABLES: Final = (
    "works_party", "works_partyname", "works_partykey", "works_work", "works_worktitle", "works_workkey", "works_recording",
    "works_recordingwork", "works_workperformer", "works_share",
)  # fmt: skip
SEARCHED: Final = (
    "title_by_two_letters"  # people search by it; songs are not looked up in it, and it takes minutes to build
)


@contextmanager
def register_of(
    server: Database, works: int, *, keep: bool, template: str, say: Callable[[str], None]
) -> Iterator[tuple[Database, float]]:
    """A filled register and the seconds it took. With `keep` it stays for the next time, and is found there (then it took 0)."""
    makers: tuple[Any, ...] = (names, performers, writers, add_parties, add_works)
    digest = hashlib.sha256("".join(map(inspect.getsource, makers)).encode()).hexdigest()[:8]
    kept = server.named(f"garak_bench_works_{works}_{digest}")
    if keep and _exists(kept):
        if _has_keys_of_today(kept):
            say(f"The register is the kept one, {kept.name}")
            yield kept, 0.0
            return
        say("The kept register has other keys than the product makes today: making it anew")
        drop_database(kept.named("postgres").owner_url, kept.name)
    with migrated_database(server, template) as database:
        seconds = fill_register(database, works, say)
        if keep:
            with psycopg.connect(server.named("postgres").owner_url, autocommit=True) as owner:
                _run(owner, f"ALTER DATABASE {database.name} RENAME TO {kept.name}")
            say(f"The register stays as {kept.name}")
        yield (kept if keep else database), seconds


def _exists(database: Database) -> bool:
    with psycopg.connect(database.named("postgres").owner_url) as owner:
        return bool(owner.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database.name]).fetchone())


def _has_keys_of_today(database: Database) -> bool:
    """Whether all migrations have run there, and making the keys of some works and parties anew changes nothing."""
    from works.matching.derive import refresh_party_keys, refresh_title_keys

    some = list(range(1, SAMPLE + 1))
    with portal_on(database), transaction.atomic():
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return False
        before = _keys_of(some)
        refresh_party_keys(some)
        refresh_title_keys(some)
        now = _keys_of(some)
        transaction.set_rollback(True)
        return now == before


def _keys_of(some: list[int]) -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (SELECT md5(string_agg(concat_ws('|', party_id, key, text), ',' ORDER BY party_id, key)) FROM works_partykey
                    WHERE party_id = ANY(%(some)s)),
                (SELECT md5(string_agg(concat_ws('|', work_id, key, text), ',' ORDER BY work_id, key)) FROM works_workkey
                    WHERE work_id = ANY(%(some)s))""",
            {"some": some},
        )
        parties, works = cursor.fetchone()
    return parties, works


def fill_register(database: Database, works: int, say: Callable[[str], None]) -> float:
    """Fill the tables of an empty portal; returns seconds."""
    began = perf_counter()
    parties = works // WORKS_A_PERFORMER + works // WORKS_A_WRITER
    with portal_on(database), _without_indexes(database):
        with ProcessPoolExecutor(PROCESSES, get_context("spawn"), django.setup) as pool:
            jobs = [pool.submit(add_parties, works, start) for start in range(0, parties, BLOCK)]
            jobs += [pool.submit(add_works, works, start) for start in range(0, works, BLOCK)]
            for job in jobs:
                job.result()
        say(f"{works:,} works and {parties:,} people written in {perf_counter() - began:.0f} s; indexes now")
    with portal_on(database), ProcessPoolExecutor(PROCESSES, get_context("spawn"), django.setup) as pool:
        say("Keys beside performers now")
        for job in [pool.submit(add_keys_of_performers, works, start) for start in range(0, works, BLOCK)]:
            job.result()
        people = works // WORKS_A_PERFORMER
        for job in [pool.submit(add_repertoires, people, start) for start in range(0, people, BLOCK)]:
            job.result()
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("VACUUM (ANALYZE) works_performedkey, works_repertoire")
    return perf_counter() - began


def add_keys_of_performers(works: int, start: int) -> None:
    """Of works from this place on, once there are indexes to find their keys by."""
    from works.matching.derive import add_keys_beside_performers

    add_keys_beside_performers(list(range(start + 1, min(start + BLOCK, works) + 1)))


def add_repertoires(people: int, start: int) -> None:
    """Of performers from this place on: once, though each new work would make those of its performers anew."""
    from works.matching.derive import refresh_repertoires

    refresh_repertoires(range(start + 1, min(start + BLOCK, people) + 1))


@lru_cache(maxsize=1)
def performers(works: int) -> list[names.Performer]:
    """Each name once, for two artists of one name would be one party. The place in the list, from 1 on, is the party's number."""
    rnd = random.Random("performers")  # noqa: S311  # nothing secret here and below
    found: dict[str, names.Performer] = {}
    while len(found) < works // WORKS_A_PERFORMER:
        performer = names.draw_performer(rnd)
        found.setdefault(performer.name.casefold(), performer)
    return list(found.values())


@lru_cache(maxsize=1)
def writers(works: int) -> list[names.Performer]:
    rnd = random.Random("writers")  # noqa: S311
    return [names.Performer(names.draw_person(rnd), "") for _writer in range(works // WORKS_A_WRITER)]


def add_parties(works: int, start: int) -> None:
    """Performers and then writers, from this place on, with their names and keys."""
    from works.catalogue.bulk import copy_rows
    from works.matching.derive import add_party_keys
    from works.models import Party, PartyName
    from works.names.script import detect_script

    everybody = [(Party.Kind.PERFORMER, each) for each in performers(works)]
    everybody += [(Party.Kind.WRITER, each) for each in writers(works)]
    some = list(enumerate(everybody, 1))[start : start + BLOCK]
    called = [(number, name) for number, (_, both) in some for name in both if name]
    with transaction.atomic():
        now = timezone.now()
        copy_rows(
            Party,
            ["id", "ref", "kind", "name", "isni", "created_at"],
            ((number, new_ref("P"), kind.value, both.name, "", now) for number, (kind, both) in some),
        )
        copy_rows(
            PartyName,
            ["party", "text", "script", "kind"],
            ((number, name, detect_script(name), "original") for number, name in called),
        )
        add_party_keys(called)


def add_works(works: int, start: int) -> None:
    """Works from this place on, with all that hangs on them."""
    from works.catalogue.bulk import copy_rows
    from works.matching.derive import add_work_keys
    from works.models import Recording, RecordingWork, Share, Work, WorkPerformer, WorkTitle
    from works.names.script import detect_script

    rnd = random.Random(f"works {start}")  # noqa: S311
    known = performers(works)
    popularity = names.popularity(len(known))
    everybody = range(len(known) + 1, len(known) + 1 + works // WORKS_A_WRITER)
    made = []
    for work_id in range(start + 1, min(start + BLOCK, works) + 1):
        title = names.draw_title(rnd)
        titles = [title, names.draw_title(rnd)] if rnd.random() < WITH_ALIAS else [title]
        count = 2 if rnd.random() < WITH_TWO_PERFORMERS else 1
        its = {bisect(popularity, rnd.random() * popularity[-1]) for _performer in range(count)}
        made.append((work_id, list(dict.fromkeys(titles)), its, rnd.sample(everybody, 2)))
    now = timezone.now()
    with transaction.atomic():
        copy_rows(
            Work,
            ["id", "ref", "title", "submitter_ref", "created_at"],
            ((work_id, new_ref("W"), titles[0], "", now) for work_id, titles, _, _ in made),
        )
        copy_rows(
            WorkTitle,
            ["work", "text", "language", "script", "kind"],
            (
                (work_id, text, "", detect_script(text), "AT" if place else "OT")
                for work_id, titles, _, _ in made
                for place, text in enumerate(titles)
            ),
        )
        copy_rows(
            Recording,
            ["id", "title", "performer", "created_at"],
            (
                (work_id, titles[0], ", ".join(known[each].text for each in sorted(its)), now)
                for work_id, titles, its, _ in made
            ),
        )
        copy_rows(
            RecordingWork,
            ["recording", "work", "numerator", "denominator"],
            ((work_id, work_id, 1, 1) for work_id, _, _, _ in made),
        )
        copy_rows(
            WorkPerformer, ["work", "party"], ((work_id, 1 + each) for work_id, _, its, _ in made for each in its)
        )
        copy_rows(
            Share,
            ["work", "party", "role", "right", "territory", "numerator", "denominator", "from_date", "reason", "end_reason",
             "created_at"],
            (
                (work_id, writer, "CA", "performing", 2136, 1, 2, date(1900, 1, 1), "", "", now)
                for work_id, _, _, both in made
                for writer in both
            ),
        )  # fmt: skip
        add_work_keys([(work_id, text) for work_id, titles, _, _ in made for text in titles])


@contextmanager
def _without_indexes(database: Database) -> Iterator[None]:
    """The tables have nothing but their primary keys meanwhile, and no row is checked against others by a trigger.

    Afterwards all indexes, rules and triggers are there again but for SEARCHED, and the tables are vacuumed and analysed, as
    those of a portal that has run for a while.
    """
    tables = list(TABLES)
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        rules = owner.execute(
            """
            SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE conrelid = ANY(%s::text[]::regclass[]) AND contype IN ('f', 'u', 'x') ORDER BY contype, conname""",
            [tables],
        ).fetchall()
        for table, name, _ in rules:
            _run(owner, f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        indexes = owner.execute(
            """
            SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            WHERE i.indrelid = ANY(%s::text[]::regclass[]) AND NOT i.indisprimary""",
            [tables],
        ).fetchall()
        for name, _ in indexes:
            _run(owner, f"DROP INDEX {name}")
        for table in tables:
            _run(owner, f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        owner.execute("SET maintenance_work_mem = '256MB'")
        for name, definition in indexes:
            if name != SEARCHED:
                _run(owner, definition)
        for table, name, definition in reversed(rules):  # unique ones before those that refer to them
            _run(owner, f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        for table in tables:
            _run(owner, f"ALTER TABLE {table} ENABLE TRIGGER USER")
        for table in ("works_party", "works_work", "works_recording"):
            _run(owner, f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
        _run(owner, f"VACUUM (ANALYZE) {', '.join(tables)}")


def _run(owner: psycopg.Connection, statement: str) -> None:
    """A statement made of names and definitions that the database itself gave."""
    owner.execute(statement.encode())
