"""Databases of the tests.

Servers are embedded ones in a folder of their own, unless DATABASE_URL and REDIS_URL name others. The real migrations run
once, as the owner, into a template. Each session works on a copy of it, as the role garak_app like the portal itself:

* `db` (or `pytest.mark.django_db`): the session's database, each test in a transaction that is rolled back.
* `fresh_database`: a database of its own for one test, really committing: for workers, kills, races, other processes.
* `redis_url`: a Redis for Celery. Tests run in several processes, and each has a database of its own in it.
* `transactional_db`, `live_server` and `pytest.mark.django_db(transaction=True)` do not work: they empty tables with
  TRUNCATE, which garak_app may not do. Use `fresh_database`.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest
from django.conf import settings
from django.db import connection
from psycopg import sql
from pytest_django import DjangoDbBlocker

from portal import env
from portal.celery import app as celery
from portal.embedded.servers import Urls, servers
from portal.lib.scratch import create_database, drop_database, url_of_database

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE_LOCK = 0x6741_7261_6C
NUMBERS = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class Database:
    """`url` is what the portal connects with, `owner_url` what migrations connect with."""

    url: str
    owner_url: str

    def named(self, name: str) -> Database:
        return Database(url=url_of_database(self.url, name), owner_url=url_of_database(self.owner_url, name))


@pytest.fixture(scope="session")
def embedded_urls() -> Iterator[Urls]:
    """The servers of this session."""
    given, given_redis = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
    if given and given_redis:
        yield Urls(database=given, database_owner=os.environ.get("DATABASE_OWNER_URL", given), redis=given_redis)
        return
    settings.PORTAL_DATA_DIR.mkdir(mode=0o711, exist_ok=True)
    with servers(settings.PORTAL_DATA_DIR / "tests", with_postgres=not given, with_redis=not given_redis) as urls:
        yield Urls(
            database=given or urls.database,
            database_owner=os.environ.get("DATABASE_OWNER_URL", given) if given else urls.database_owner,
            redis=given_redis or urls.redis,
        )


@pytest.fixture(scope="session")
def template_database(embedded_urls: Urls) -> Iterator[Database]:
    """A migrated database to which nobody connects; copied by every fixture below."""
    server = Database(url=embedded_urls.database, owner_url=embedded_urls.database_owner)
    _drop_databases_of_dead_sessions(server)
    name = f"garak_test_{os.getpid()}_template"
    _copy_migrated_template(server, name)
    yield server.named(name)
    drop_database(server.owner_url, name)


@pytest.fixture(scope="session")
def django_db_setup(
    template_database: Database, django_test_environment: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Takes the place of pytest-django's fixture: its own would migrate as garak_app."""
    name = f"garak_test_{os.getpid()}"
    create_database(template_database.owner_url, name, template=_name(template_database))
    with _django_connected_to(template_database.named(name), django_db_blocker):
        yield
    drop_database(template_database.owner_url, name)


@pytest.fixture
def fresh_database(
    request: pytest.FixtureRequest, template_database: Database, django_db_blocker: DjangoDbBlocker
) -> Iterator[Database]:
    """A database of its own, really committing. DATABASE_URL names it, so that child processes work on it too."""
    if "db" in request.fixturenames or request.node.get_closest_marker("django_db"):
        pytest.fail("A test uses either fresh_database or db, not both.")
    database = template_database.named(f"garak_test_{os.getpid()}_{next(NUMBERS)}")
    create_database(template_database.owner_url, _name(database), template=_name(template_database))
    with _django_connected_to(database, django_db_blocker), django_db_blocker.unblock():
        yield database
    drop_database(template_database.owner_url, _name(database))


@pytest.fixture
def redis_url(embedded_urls: Urls, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A Redis that Celery in this process, and child processes, publish to. Without it, the doorbell rings nowhere."""
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    url = f"{embedded_urls.redis.rpartition('/')[0]}/{number}"
    monkeypatch.setenv("REDIS_URL", url)
    before = celery.conf.broker_url
    _celery_publishes_to(url)
    yield url
    _celery_publishes_to(before)


def _celery_publishes_to(url: str) -> None:
    celery.conf.update(broker_url=url)
    # Celery keeps its first broker otherwise, and has no public way to let it go.
    celery.amqp._producer_pool = None  # type: ignore[attr-defined]


@contextmanager
def _django_connected_to(database: Database, blocker: DjangoDbBlocker) -> Iterator[None]:
    """Django's default connection, and the environment of child processes, point to this database for a while."""
    parts = env.postgres(database.url)
    parts_before = {key: connection.settings_dict[key] for key in parts}
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATABASE_URL", database.url)
        environment.setenv("DATABASE_OWNER_URL", database.owner_url)
        connection.close()
        connection.settings_dict.update(parts)
        try:
            yield
        finally:
            with blocker.unblock():
                connection.close()
            connection.settings_dict.update(parts_before)


def _name(database: Database) -> str:
    return env.postgres(database.url)["NAME"]


def _copy_migrated_template(server: Database, copy: str) -> None:
    """Copy the database in which exactly the migrations of this checkout have run; it is made when there is none yet."""
    digest = hashlib.sha256()
    for file in sorted(
        [
            *ROOT.glob("*/migrations/*.py"),
            *ROOT.glob("portal/*/migrations/*.py"),
            ROOT / "requirements.txt",
            ROOT / "portal/settings.py",
            Path(__file__),
        ]
    ):
        digest.update(file.read_bytes())
    name = f"garak_template_{digest.hexdigest()[:16]}"
    with psycopg.connect(server.owner_url, autocommit=True) as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", [TEMPLATE_LOCK])
        templates = {
            row[0]
            for row in admin.execute("SELECT datname FROM pg_database WHERE datname LIKE 'garak\\_template\\_%%'", [])
        }
        for old in templates - {name}:
            drop_database(server.owner_url, old)
        if name not in templates:
            making = f"{name}_making"
            drop_database(server.owner_url, making)
            create_database(server.owner_url, making)
            database = server.named(making)
            environment = {**os.environ, "DATABASE_URL": database.url, "DATABASE_OWNER_URL": database.owner_url}
            subprocess.run(
                [sys.executable, ROOT / "manage.py", "migrate", "--verbosity=0"], env=environment, check=True
            )
            _leave_statistics_alone(database)
            admin.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(making), sql.Identifier(name))
            )
        create_database(server.owner_url, copy, template=name)


def _leave_statistics_alone(database: Database) -> None:
    """Autovacuum takes rows that tests roll back for churn and notes that the tables are empty, which misleads the planner."""
    with psycopg.connect(database.owner_url) as owner:
        tables = owner.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        )
        for (table,) in tables.fetchall():
            owner.execute(sql.SQL("ALTER TABLE {} SET (autovacuum_enabled = false)").format(sql.Identifier(table)))


def _drop_databases_of_dead_sessions(server: Database) -> None:
    ours = "SELECT datname FROM pg_database WHERE datname ~ '^garak_test_[0-9]+(_|$)'"
    with psycopg.connect(server.owner_url) as admin:
        names = [row[0] for row in admin.execute(ours)]
    for name in names:
        if not psutil.pid_exists(int(name.split("_")[2])):
            drop_database(server.owner_url, name)
