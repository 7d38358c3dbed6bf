"""`make run`: ports, children that end, children of a supervisor that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from portal import supervisor
from portal.embedded import process

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_next_port_is_taken_when_another_copy_has_the_first() -> None:
    with supervisor.listen(process.free_port()) as first:
        port = first.getsockname()[1]
        with supervisor.listen(port) as second:
            assert port < second.getsockname()[1] < port + supervisor.PORTS_TRIED


def test_no_port_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with supervisor.listen(process.free_port()) as first:
        monkeypatch.setattr(supervisor, "PORTS_TRIED", 1)
        with pytest.raises(supervisor.NoFreePort, match="--port"):
            supervisor.listen(first.getsockname()[1])


def test_a_child_that_ends_by_itself_is_named_with_its_last_words(tmp_path: Path) -> None:
    child = supervisor.start("web", [sys.executable, "-c", "print('안녕히'); raise SystemExit(3)"], data_dir=tmp_path)
    child.process.wait()
    with pytest.raises(supervisor.ChildEnded, match=r"(?s)web ended by itself \(status 3\).*web\.log.*안녕히"):
        child.check()


def test_stopping_ends_what_does_not_listen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.2)
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); signal.pause()"
    child = supervisor.start("worker", [sys.executable, "-c", deaf], data_dir=tmp_path)
    while "ready" not in child.log.read_text():
        os.sched_yield()
    handler = signal.getsignal(signal.SIGINT)
    supervisor.stop([child])
    signal.signal(signal.SIGINT, handler)
    assert child.process.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a child to its parent")
def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from portal import supervisor\n"
        "child = supervisor.start('web', [sys.executable, '-c', 'import signal; signal.pause()'], data_dir=Path(sys.argv[1]))\n"
        "print(child.process.pid, flush=True); child.process.wait()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert psutil.pid_exists(child)
        parent.kill()
    assert process.wait_until_gone(child, seconds=20)
