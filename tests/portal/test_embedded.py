"""The embedded servers, attacked: killed, orphaned, crowded out, copied, given to somebody else."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
import redis as redis_client

from portal.embedded import postgres, process, redis
from portal.embedded.servers import Urls, servers

ROOT = Path(__file__).resolve().parent.parent.parent
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose servers are stopped between tests and keep their data."""
    return tmp_path_factory.mktemp("embedded") / "data"


@pytest.fixture(autouse=True)
def _nothing_is_left_running(data_dir: Path) -> Iterator[None]:
    yield
    assert running(data_dir) == (None, None)


def running(data_dir: Path) -> tuple[int | None, int | None]:
    return postgres.postmaster(data_dir / "postgres"), redis.server(data_dir / "redis")


def one(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


def remember(urls: Urls, value: str) -> None:
    with psycopg.connect(urls.database_owner) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS memory (value text)")
        connection.execute("INSERT INTO memory VALUES (%s)", [value])
    with redis_client.Redis.from_url(urls.redis) as client:
        client.set("memory", value)


def remembered(urls: Urls) -> tuple[object, object]:
    with redis_client.Redis.from_url(urls.redis, decode_responses=True) as client:
        return one(urls.database_owner, "SELECT value FROM memory ORDER BY ctid DESC LIMIT 1"), client.get("memory")


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in 20 seconds"
        os.sched_yield()


@contextmanager
def another_command(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the servers of this folder until its standard input closes."""
    code = (
        "import sys; from pathlib import Path; from portal.embedded.servers import servers\n"
        "with servers(Path(sys.argv[1])): print('up', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(data_dir)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "up\n"
        yield other


def test_they_start_as_promised_and_stop(data_dir: Path) -> None:
    with servers(data_dir) as urls:
        assert one(urls.database, "SELECT current_user::text") == "garak_app"
        assert one(urls.database_owner, "SELECT current_user::text") == "garak_owner"
        assert one(urls.database, "SELECT datctype FROM pg_database WHERE datname = current_database()") == "C.UTF-8"
        shown = {name: one(urls.database, f"SHOW {name}") for name in ("fsync", "data_checksums", "listen_addresses")}
        assert shown == {"fsync": "on", "data_checksums": "on", "listen_addresses": "127.0.0.1"}
        assert one(urls.database, "SHOW password_encryption") == "scram-sha-256"
        assert one(urls.database_owner, "SELECT bool_and(auth_method = 'scram-sha-256') FROM pg_hba_file_rules") is True
        with redis_client.Redis.from_url(urls.redis, decode_responses=True) as client:
            assert client.config_get("appendonly") == {"appendonly": "yes"}
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            assert client.config_get("bind") == {"bind": "127.0.0.1"}
        remember(urls, "first")
    assert running(data_dir) == (None, None)
    secrets = [data_dir / "postgres" / "server.json", data_dir / "redis" / "redis.conf"]
    assert [file.stat().st_mode & 0o777 for file in secrets] == [0o600, 0o600]


def test_a_wrong_password_opens_nothing(data_dir: Path) -> None:
    with servers(data_dir) as urls:
        port = urls.database.rpartition(":")[2]
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(f"postgresql://garak_owner:wrong@127.0.0.1:{port}")
        with (
            redis_client.Redis.from_url("redis://127.0.0.1:" + urls.redis.rpartition(":")[2]) as client,
            pytest.raises(redis_client.AuthenticationError),
        ):
            client.ping()


def test_the_next_start_finds_the_data_and_the_port_of_last_time(data_dir: Path) -> None:
    with servers(data_dir) as urls:
        remember(urls, "kept")
    with servers(data_dir) as again:
        assert again == urls
        assert remembered(again) == ("kept", "kept")


def test_the_last_one_out_stops_them(data_dir: Path) -> None:
    with another_command(data_dir) as other:
        before = running(data_dir)
        with servers(data_dir) as urls:
            assert running(data_dir) == before
        assert running(data_dir) == before, "the other command still works"
        with servers(data_dir):
            other.communicate()
            assert running(data_dir) == before, "we still work"
            assert one(urls.database, "SELECT 1") == 1


def test_only_what_is_asked_for_is_started(data_dir: Path) -> None:
    with servers(data_dir, with_postgres=False) as urls:
        assert urls.database == urls.database_owner == ""
        assert postgres.postmaster(data_dir / "postgres") is None


def test_a_killed_command_leaves_servers_that_the_next_one_uses_and_stops(data_dir: Path) -> None:
    with another_command(data_dir) as other:
        before = running(data_dir)
        other.kill()
    assert running(data_dir) == before
    with servers(data_dir) as urls:
        assert running(data_dir) == before
        remember(urls, "adopted")


def test_servers_that_were_killed_start_again_with_their_data(data_dir: Path) -> None:
    with servers(data_dir) as urls:
        remember(urls, "before the kill")
        for pid in running(data_dir):
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            process.wait_until_gone(pid, seconds=20)
    assert (data_dir / "postgres" / "data" / "postmaster.pid").exists()
    with servers(data_dir) as again:
        assert remembered(again) == ("before the kill", "before the kill")
        assert again == urls, "who holds the old address can go on"


def test_command_and_servers_killed_together(data_dir: Path) -> None:
    with another_command(data_dir) as other:
        for pid in (*running(data_dir), other.pid):
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
    with servers(data_dir) as urls:
        remember(urls, "recovered")


def test_a_pid_file_that_names_another_living_program(data_dir: Path) -> None:
    with servers(data_dir):
        pid_file = data_dir / "postgres" / "data" / "postmaster.pid"
        stale = pid_file.read_text().splitlines()
    stale[0] = str(os.getppid())
    pid_file.write_text("\n".join(stale))
    process.give(pid_file)
    (data_dir / "redis" / "data" / "redis.pid").write_text(f"{os.getppid()}\n")
    process.give(data_dir / "redis" / "data" / "redis.pid")
    assert running(data_dir) == (None, None)
    with servers(data_dir) as urls:
        assert one(urls.database, "SELECT 1") == 1
    assert psutil.pid_exists(os.getppid())


def test_ports_that_another_program_took(data_dir: Path) -> None:
    with servers(data_dir) as before:
        pass
    with ExitStack() as others:
        for url in (before.database.rpartition("/")[0], before.redis.rpartition("/")[0]):
            other = others.enter_context(socket.socket())
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", int(url.rpartition(":")[2])))
            other.listen()
        with servers(data_dir) as urls:
            assert urls.database != before.database
            assert urls.redis != before.redis
            remember(urls, "moved")


def test_another_folder_runs_beside_it_even_a_copy(data_dir: Path, tmp_path: Path) -> None:
    with servers(data_dir) as urls:
        remember(urls, "the original")
    copy = tmp_path / "copy"
    subprocess.run([shutil.which("cp") or "cp", "-a", data_dir, copy], check=True)
    with servers(data_dir) as urls, servers(copy) as others:
        assert urls.database != others.database
        assert urls.redis != others.redis
        remember(others, "the copy")
        assert remembered(urls) == ("the original", "the original")
    assert running(copy) == (None, None)


def test_what_a_killed_first_start_left_is_made_anew(tmp_path: Path) -> None:
    for name in ("postgres.new", "redis.new"):
        (tmp_path / "data" / name / "data").mkdir(parents=True)
        (tmp_path / "data" / name / "data" / "PG_VERSION").write_text("18\n")
    with servers(tmp_path / "data") as urls:
        assert one(urls.database, "SELECT 1") == 1
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == [
        "postgres",
        "redis",
        "servers.lock",
        "servers.users",
    ]


def test_a_data_folder_that_a_copy_has_opened_to_others_is_closed_again(data_dir: Path) -> None:
    with servers(data_dir):
        pass
    (data_dir / "postgres" / "data").chmod(0o755)
    with servers(data_dir) as urls:
        assert one(urls.database, "SELECT 1") == 1
    assert (data_dir / "postgres" / "data").stat().st_mode & 0o777 == 0o700


def test_no_folder_on_the_way_changes_its_mode(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    before = {folder: folder.stat().st_mode for folder in closed.parents}
    with servers(closed / "data") as urls:
        assert one(urls.database, "SELECT 1") == 1
    assert closed.stat().st_mode & 0o777 == 0o700
    assert {folder: folder.stat().st_mode for folder in closed.parents} == before


@as_root
def test_a_checkout_that_is_closed_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below /root the wheel's programs, which run as nobody, cannot be reached: a copy in the temporary folder serves."""
    closed, temporary = tmp_path / "closed", Path(tempfile.mkdtemp())
    closed.mkdir(mode=0o700)
    for folder in (postgres.PACKAGE, postgres.PACKAGE.with_name(f"{postgres.PACKAGE.name}.libs")):
        shutil.copytree(folder, closed / folder.name, symlinks=True)
    temporary.chmod(0o755)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr(postgres, "PACKAGE", closed / postgres.PACKAGE.name)
    postgres.programs.cache_clear()
    try:
        assert postgres.programs().is_relative_to(temporary)
        with servers(closed / "data") as urls:
            assert one(urls.database, "SELECT 1") == 1
        (copy,) = temporary.iterdir()
        postgres.programs.cache_clear()
        assert postgres.programs().is_relative_to(copy)  # made once
        copy.chmod(0o777)
        postgres.programs.cache_clear()
        assert not postgres.programs().is_relative_to(copy)  # somebody may have changed it: not trusted
    finally:
        monkeypatch.undo()
        postgres.programs.cache_clear()
        shutil.rmtree(temporary)


@as_root
def test_root_does_not_run_servers_as_root(data_dir: Path) -> None:
    with servers(data_dir):
        pids = [pid for pid in running(data_dir) if pid is not None]
        assert len(pids) == 2
        assert {psutil.Process(pid).username() for pid in pids} == {"nobody"}


def test_a_folder_of_another_user_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(process.FolderOfAnotherUser) as caught, servers(folder):
        pytest.fail("it started")
    assert str(folder) in str(caught.value)
    assert "54321" in str(caught.value)
    assert "PORTAL_DATA_DIR" in str(caught.value)
    assert list(folder.iterdir()) == []


@as_root
def test_root_leaves_the_folder_of_a_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, 54321, 54321)
    shown = manage("shell", "-c", "pass", PORTAL_DATA_DIR=str(folder))
    assert shown.returncode == 1
    assert "belongs to the user 54321, and this command runs as root" in shown.stderr
    assert "Traceback" not in shown.stderr
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(process.ServerDidNotStart, match="cannot be made"), servers(tmp_path / "file" / "data"):
        pytest.fail("it started")


def manage(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py as on a machine where no server is named."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"}
    }
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(
        command, cwd=ROOT, env={**environment, **variables}, capture_output=True, text=True, check=False
    )


def test_production_never_starts_servers(tmp_path: Path) -> None:
    production = {"DEBUG": "False", "SECRET_KEY": "k" * 50, "ALLOWED_HOSTS": "garak"}
    for command in ("migrate", "showmigrations", "run", "check"):
        shown = manage(command, **production, PORTAL_DATA_DIR=str(tmp_path / "data"))
        assert shown.returncode == 1
        assert shown.stderr.strip() == "DATABASE_URL must be set (see .env.example)."
    assert not (tmp_path / "data").exists()


def test_commands_that_need_no_database_start_none(tmp_path: Path) -> None:
    assert manage("check", PORTAL_DATA_DIR=str(tmp_path / "data")).returncode == 0
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_a_command_finds_a_migrated_database_and_works_as_the_role_of_the_application(tmp_path: Path) -> None:
    code = "from django.db import connection as c; k = c.cursor(); k.execute('SELECT current_user'); print(k.fetchone()[0])"
    shown = manage("shell", "--no-imports", "-c", code, PORTAL_DATA_DIR=str(tmp_path / "data"))
    assert (shown.stdout, shown.stderr) == ("garak_app\n", "")
    checked = manage(
        "check", "--database", "default", "--fail-level", "WARNING", PORTAL_DATA_DIR=str(tmp_path / "data")
    )
    assert checked.returncode == 0, checked.stderr
    pending = manage("migrate", "--check", PORTAL_DATA_DIR=str(tmp_path / "data"))
    assert pending.returncode == 0
    assert running(tmp_path / "data") == (None, None)


def test_a_database_that_does_not_answer_is_named() -> None:
    shown = manage(
        "shell", "-c", "pass", DATABASE_URL="postgresql://me:secret@127.0.0.1:1/none", REDIS_URL="redis://127.0.0.1:1"
    )
    assert shown.returncode == 1
    assert "does not answer" in shown.stderr
    assert "secret" not in shown.stderr
    assert "Traceback" not in shown.stderr
