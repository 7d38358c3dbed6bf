"""The largest that each process of an import has been, as the kernel counts it (VmHWM, which includes shared pages)."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

import psutil

POLL_SECONDS: Final = 0.05


class Peaks:
    """Watches the workers, what they start, and the database's processes for them; `found` is name → bytes.

    Used in a round that is not timed, because looking costs something on a machine of two cores.
    """

    def __init__(self, worker: int, database: str) -> None:
        self.worker, self.database = psutil.Process(worker), database
        self.found: dict[str, int] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peaks:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._ended.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._ended.wait(POLL_SECONDS):
            self._look()

    def _look(self) -> None:
        for process in self.worker.children(recursive=True):
            self._note("reader of the spreadsheet" if "sheet_reader" in _command(process) else "worker", process.pid)
        self._note("worker's parent", self.worker.pid)
        for process in psutil.process_iter(["name"]):
            if process.info["name"] == "postgres" and f" {self.database} " in _command(process):
                self._note("PostgreSQL, for a worker", process.pid)

    def _note(self, name: str, pid: int) -> None:
        self.found[name] = max(self.found.get(name, 0), peak_bytes(pid))


def peak_bytes(pid: int) -> int:
    """The high-water mark of a process; 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
