"""Who starts the servers, who shares them, and who stops them: the last one out.

Every command that uses the servers of a data folder holds a shared lock on `servers.users` while it runs. The kernel drops
the lock of a command that is killed, so the lock never lies: whoever leaves and gets it exclusively is the last one and stops
the servers. A server that a killed command left behind is simply found running by the next one, used, and stopped by it.
Starting and stopping happen under the exclusive lock `servers.lock`. Child processes do not inherit either lock.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portal.embedded import postgres, process, redis


@dataclass(frozen=True, kw_only=True)
class Urls:
    """Where the servers are; empty for a server that was not asked for."""

    database: str = ""
    database_owner: str = ""
    redis: str = ""


@contextmanager
def servers(data_dir: Path, *, with_postgres: bool = True, with_redis: bool = True) -> Iterator[Urls]:
    """Start or attach to the servers of this data folder; at the end, stop them unless somebody else still uses them."""
    _prepare(data_dir)
    with (data_dir / "servers.lock").open("a") as gate, (data_dir / "servers.users").open("a") as users:
        with _locked(gate.fileno()):
            fcntl.flock(users, fcntl.LOCK_SH)
            try:
                urls = _start(data_dir, with_postgres=with_postgres, with_redis=with_redis)
            except BaseException:
                _stop_if_last(data_dir, users.fileno())
                raise
        try:
            yield urls
        finally:
            with _locked(gate.fileno()):
                _stop_if_last(data_dir, users.fileno())


def _prepare(data_dir: Path) -> None:
    process.refuse_folder_of_another_user(data_dir, owner=os.geteuid())
    try:
        data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    except OSError as error:
        raise process.ServerDidNotStart(
            server="PostgreSQL",
            folder=data_dir,
            log="PORTAL_DATA_DIR in .env.example",
            variable="DATABASE_URL",
            reason=f"the folder cannot be made ({error}).",
        ) from error


def _start(data_dir: Path, *, with_postgres: bool, with_redis: bool) -> Urls:
    database = database_owner = redis_url = ""
    if with_postgres:
        record = postgres.start(data_dir / "postgres")
        database, database_owner = postgres.url(record, user=postgres.APP), postgres.url(record, user=postgres.OWNER)
    if with_redis:
        redis_url = redis.start(data_dir / "redis")
    return Urls(database=database, database_owner=database_owner, redis=redis_url)


def _stop_if_last(data_dir: Path, users: int) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(users, fcntl.LOCK_UN)  # somebody still works; they will stop the servers
        return
    redis.stop(data_dir / "redis")
    postgres.stop(data_dir / "postgres")


@contextmanager
def _locked(gate: int) -> Iterator[None]:
    fcntl.flock(gate, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(gate, fcntl.LOCK_UN)
