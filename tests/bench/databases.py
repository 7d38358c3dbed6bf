"""Databases of the measurement: one with the register, and a copy of it for every import, so that each is the first."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

from portal import env
from portal.lib.scratch import create_database, drop_database, url_of_database

ROOT = Path(__file__).resolve().parent.parent.parent
NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Database:
    """`url` is what the portal connects with, `owner_url` what migrations connect with."""

    url: str
    owner_url: str

    @property
    def name(self) -> str:
        return env.postgres(self.url)["NAME"]

    def named(self, name: str) -> Database:
        return Database(url_of_database(self.url, name), url_of_database(self.owner_url, name))


@contextmanager
def migrated_database(server: Database, template: str = "") -> Iterator[Database]:
    """An empty portal; a copy of a migrated database where one is named."""
    with _dropped_later(server.named(f"garak_bench_{os.getpid()}_{next(NUMBERS)}")) as database:
        create_database(server.owner_url, database.name, template=template or "template1")
        if template:
            yield database
            return
        command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity=0"]
        urls = {"DATABASE_URL": database.url, "DATABASE_OWNER_URL": database.owner_url}
        subprocess.run(command, env={**os.environ, **urls}, check=True)
        yield database


@contextmanager
def copied_database(original: Database) -> Iterator[Database]:
    """A copy for one measurement; nobody may be connected to the original."""
    connection.close()
    with _dropped_later(original.named(f"garak_bench_{os.getpid()}_{next(NUMBERS)}")) as database:
        create_database(original.owner_url, database.name, template=original.name)
        yield database


@contextmanager
def _dropped_later(database: Database) -> Iterator[Database]:
    try:
        yield database
    finally:
        drop_database(database.named("postgres").owner_url, database.name)


@contextmanager
def portal_on(database: Database) -> Iterator[None]:
    """Django's connection, and the environment of processes started meanwhile, point to this database."""
    parts = env.postgres(database.url)
    before = {key: connection.settings_dict[key] for key in parts}
    urls = {"DATABASE_URL": database.url, "DATABASE_OWNER_URL": database.owner_url}
    given = {name: os.environ.get(name) for name in urls}
    connection.close()
    connection.settings_dict.update(parts)
    os.environ.update(urls)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)
        for name, value in given.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
