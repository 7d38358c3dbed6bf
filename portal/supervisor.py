"""`make run`: web, worker and beat as children of one process that stops them all, whatever ends it.

Terminal tools speak English, as Django's own do; pages are translated.
"""

from __future__ import annotations

import ctypes
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from portal.bootstrap import BASE_DIR
from portal.embedded.process import last_lines
from portal.lib.errors import DomainError

HOST = "127.0.0.1"
PORTS_TRIED = 100
WEB_SECONDS = 60
STOP_SECONDS = 30
LOG_BYTES = 10_000_000
PR_SET_PDEATHSIG = 1


class NoFreePort(DomainError):
    code = "no-free-port"
    sentence = "None of the ports %(first)s to %(last)s is free."
    remedy = "Stop a program that uses one, or say --port."


class ChildEnded(DomainError):
    code = "child-ended"
    sentence = "%(name)s ended by itself (status %(status)s). The last lines of %(log)s:\n%(lines)s"


@dataclass(frozen=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise when it has ended."""
        if (status := self.process.poll()) is not None:
            raise ChildEnded(name=self.name, status=status, log=self.log, lines=last_lines(self.log, 20))


def run(*, once: bool, port: int, data_dir: Path, say: Callable[[str], None]) -> int:
    """Start everything, let the demo do the main job through web and worker, then serve until told to stop (or stop at once).

    Returns the exit status: that of the main job with `once`, else 0 for an orderly end.
    """
    signal.signal(signal.SIGHUP, _leave)
    listener = listen(port)
    port_found = listener.getsockname()[1]
    if port_found != port:
        say(f"Port {port} is in use by another program, perhaps another copy: this one serves on port {port_found}.")
    address = f"http://{HOST}:{port_found}"
    children: list[Child] = []
    try:
        with listener:
            children.append(_start_web(listener, data_dir))
        children.extend((_start_worker(data_dir), _start_beat(data_dir)))
        _wait_for_web(port_found, children)
        status = _run_demo(address)
        if status:
            say(f"The main job failed (status {status}).")
            for child in children:
                say(f"The last lines of {child.log}:\n{last_lines(child.log, 20)}")
        if once:
            return status
        say(f"Garak serves on {address}. Ctrl-C stops it; logs are in {data_dir / 'logs'}.")
        while True:
            for child in children:
                child.check()
            time.sleep(0.5)
    except KeyboardInterrupt:
        say("Stopping.")
        return 0
    finally:
        stop(children)


def listen(port: int) -> socket.socket:
    """A listening socket on this port or the next free one. Web inherits it, so nobody can take the port in between."""
    for candidate in range(port, port + PORTS_TRIED):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, candidate))
            listener.listen(128)
        except OSError:
            listener.close()
        else:
            return listener
    raise NoFreePort(first=port, last=port + PORTS_TRIED - 1)


def start(name: str, command: Sequence[str], *, data_dir: Path, pass_fds: Sequence[int] = ()) -> Child:
    """Start a child whose output goes to its log, which does not hear the terminal's Ctrl-C, and which dies with us."""
    log = data_dir / "logs" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.unlink()
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=BASE_DIR, stdin=subprocess.DEVNULL, stdout=output, stderr=output, pass_fds=pass_fds,
            start_new_session=True, env={**os.environ, "PYTHONUNBUFFERED": "1", "REMAP_SIGTERM": "SIGQUIT"},
            preexec_fn=_dies_with(os.getpid()),
        )  # fmt: skip
    return Child(name, process, log)


def stop(children: Sequence[Child]) -> None:
    """Ask all to end, give them time together, then end what is left with its own children."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for child in children:
        child.process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()


def _start_web(listener: socket.socket, data_dir: Path) -> Child:
    command = [sys.executable, "-m", "gunicorn", "portal.wsgi:application", "--bind", f"fd://{listener.fileno()}"]
    command += [
        "--workers",
        "2",
        "--threads",
        "4",
        "--timeout",
        "120",
        "--graceful-timeout",
        "10",
        "--no-control-socket",
    ]
    return start("web", command, data_dir=data_dir, pass_fds=[listener.fileno()])


def _start_worker(data_dir: Path) -> Child:
    # With REMAP_SIGTERM a stopping worker gives its tasks CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT, not all the time they want.
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "portal.celery",
        "worker",
        "--pool",
        "prefork",
        "--concurrency",
        "2",
    ]
    command += ["--loglevel", "INFO", "--hostname", f"garak-{os.getpid()}@%h"]
    return start("worker", command, data_dir=data_dir)


def _start_beat(data_dir: Path) -> Child:
    command = [sys.executable, "-m", "celery", "-A", "portal.celery", "beat", "--pidfile="]
    return start("beat", command, data_dir=data_dir)


def _wait_for_web(port: int, children: Sequence[Child]) -> None:
    """Until a page is answered with anything but an error of the server. The socket listens already, so requests wait."""
    deadline = time.monotonic() + WEB_SECONDS
    while True:
        for child in children:
            child.check()
        web = http.client.HTTPConnection(HOST, port, timeout=5)
        try:
            web.request("GET", "/")
            status = web.getresponse().status
            if status < 500:
                return
            reason = f"answers {status}"
        except OSError as error:
            reason = str(error)
        finally:
            web.close()
        if time.monotonic() > deadline:
            log = children[0].log
            raise ChildEnded(name="web", status=reason, log=log, lines=last_lines(log, 20))
        time.sleep(0.2)


def _run_demo(address: str) -> int:
    """Load the demo society and send its report files through the upload form; it prints its own result."""
    command = [sys.executable, str(BASE_DIR / "manage.py"), "demo", "--base-url", address]
    with subprocess.Popen(command, cwd=BASE_DIR, preexec_fn=_dies_with(os.getpid())) as demo:
        try:
            return demo.wait()
        except BaseException:
            demo.terminate()
            raise


def _dies_with(parent: int) -> Callable[[], None]:
    """What a child does before it becomes its program: ask Linux for a SIGTERM when its parent dies, even by kill -9."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def ask() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)

    return ask


def _leave(signum: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signum)
