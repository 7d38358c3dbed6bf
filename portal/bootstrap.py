"""What `manage.py` does around a command: servers when none are named, the owner's role for migrations, pending migrations first.

Production (DEBUG=False) gets neither servers nor migrations from here: its servers are named by the environment, and
`manage.py migrate` is a step of the deployment.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType

import psycopg
from django.core.exceptions import ImproperlyConfigured

from portal import env
from portal.embedded.servers import servers
from portal.lib.errors import DomainError

BASE_DIR = Path(__file__).resolve().parent.parent
WITHOUT_DATABASE = frozenset(
    {
        "", "--help", "--version", "-h", "check", "collectstatic", "compilemessages", "diffsettings", "findstatic", "help", "makemessages",
        "makemigrations", "messages", "spectacular", "startapp", "test", "version",
    }
)  # fmt: skip
AS_OWNER = frozenset(
    {
        "flush",
        "migrate",
        "optimizemigration",
        "showmigrations",
        "sqlflush",
        "sqlmigrate",
        "sqlsequencereset",
        "squashmigrations",
    }
)
MIGRATION_LOCK = 0x6741_7261_6B  # any number, the same in every copy


class DatabaseIsNotThere(DomainError):
    """Read on a terminal before the settings are loaded, so not translated."""

    code = "database-is-not-there"
    sentence = "The database that DATABASE_URL names does not answer: %(reason)s"
    remedy = "Start it, correct DATABASE_URL, or unset it: then this command starts a PostgreSQL of its own."


class MigrationFailed(DomainError):
    code = "migration-failed"
    sentence = "The database could not be migrated; the reason stands above."
    remedy = "Run `manage.py migrate` to see it again."


def run(argv: list[str]) -> int:
    """Run one management command; returns the exit status."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    command = argv[1] if len(argv) > 1 else ""
    signal.signal(signal.SIGTERM, _leave)
    try:
        needs_database = command not in WITHOUT_DATABASE or "--database" in argv
        with embedded_servers() if needs_database else nullcontext():
            if command in AS_OWNER:
                os.environ["GARAK_AS_OWNER"] = "True"
            elif needs_database and env.boolean("DEBUG", default=True):
                apply_pending_migrations()
            return _execute(argv)
    except (DomainError, ImproperlyConfigured) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


@contextmanager
def embedded_servers() -> Iterator[None]:
    """Start or attach to servers for those of DATABASE_URL and REDIS_URL that are not set, and set them. Never in production."""
    wants_postgres, wants_redis = _is_missing("DATABASE_URL"), _is_missing("REDIS_URL")
    if not env.boolean("DEBUG", default=True) or not (wants_postgres or wants_redis):
        yield
        return
    data_dir = Path(env.text("PORTAL_DATA_DIR", str(BASE_DIR / ".portal"))).resolve()
    with servers(data_dir, with_postgres=wants_postgres, with_redis=wants_redis) as urls:
        if wants_postgres:
            os.environ["DATABASE_URL"], os.environ["DATABASE_OWNER_URL"] = urls.database, urls.database_owner
        if wants_redis:
            os.environ["REDIS_URL"] = urls.redis
        yield


def apply_pending_migrations() -> None:
    """Migrate as the owner if anything is pending. Commands that start together wait for the first one."""
    owner_url = env.text("DATABASE_OWNER_URL", env.text("DATABASE_URL"))
    try:
        connection = psycopg.connect(owner_url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise DatabaseIsNotThere(reason=str(error)) from error
    with connection:
        if not _is_pending(connection):
            return
        connection.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        if _is_pending(connection):
            migrate()


def migrate() -> None:
    """Run `manage.py migrate` as the owner, in a process of its own: this one is about to become another role."""
    command = [sys.executable, str(BASE_DIR / "manage.py"), "migrate", "--verbosity=0"]
    done = subprocess.run(command, env={**os.environ, "GARAK_AS_OWNER": "True"}, check=False)
    if done.returncode:
        raise MigrationFailed


def _is_pending(connection: psycopg.Connection) -> bool:
    import django
    from django.db.migrations.loader import MigrationLoader

    django.setup()
    wanted = set(MigrationLoader(None).disk_migrations)
    if connection.execute("SELECT to_regclass('public.django_migrations')").fetchone() == (None,):
        return True
    applied = set(connection.execute("SELECT app, name FROM public.django_migrations").fetchall())
    return not wanted <= applied


def _execute(argv: list[str]) -> int:
    from django.core.management import execute_from_command_line

    execute_from_command_line(argv)
    return 0


def _is_missing(variable: str) -> bool:
    return not os.environ.get(variable) and not os.environ.get(f"{variable}_FILE")


def _leave(signum: int, _frame: FrameType | None) -> None:
    """End through the normal way out, so that the servers are stopped."""
    sys.exit(128 + signum)
