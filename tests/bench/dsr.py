"""A DDEX block file read by Garak's reader and by the open one, on the same file: CPU seconds, for both work in one process.

Garak checks every cell, joins each usage with its recording, work and release, and writes a line for it; the open reader checks cells and
makes blocks of them, which are counted and not written.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

from portal.bootstrap import BASE_DIR
from tests.bench.machine import MEGABYTE
from tests.bench.tables import spread, table
from tests.royalties.dsr_files import FORMS, DsrFile, many_blocks

LINES: Final = 1_000_000
SONGS: Final = 100_000
OURS, OPEN = "Garak’s reader", "dsrf, the open reader of DDEX"
PROGRAM: Final = """
import re, time
from royalties.reports.dsr import reader
status = reader.main()
print()
print(time.process_time())
print(1024 * int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]))
raise SystemExit(status)
"""  # the kernel's own peak: what getrusage() tells is never less than the peak of whoever started the process
SCRIPT, LOCK = Path(__file__).with_name("dsrf_read.py"), Path(__file__).with_name("dsrf.txt")


class OpenReader:
    """github.com/ddexnet/dsrf. `why_not` says why it is left out."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.python, self.why_not = folder, folder / "bin/python", ""
        self.checkout = Path(os.environ.get("GARAK_DSRF", "/nowhere"))
        if not (self.checkout / "parsers/dsrf_report_manager.py").exists():
            self.why_not = (
                "it is no package of the Python registry (its setup.py was never published there), "
                "and GARAK_DSRF does not name a checkout of github.com/ddexnet/dsrf"
            )
        elif not (folder / "installed").exists():
            venv.create(folder, with_pip=True, clear=True)
            done = subprocess.run(
                [self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", LOCK],
                check=False, capture_output=True, text=True,
            )  # fmt: skip
            if done.returncode:
                self.why_not = f"what it needs cannot be installed: {done.stderr.strip()[-200:]}"
            else:
                (folder / "installed").touch()

    def read(self, file: Path) -> tuple[int, float, int]:
        """Blocks, CPU seconds, peak in bytes."""
        command = [str(part) for part in (self.python, "-W", "ignore", SCRIPT, self.checkout, self.folder, file)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        blocks, seconds, peak = done.stdout.split()
        return int(blocks), float(seconds), int(peak)


@dataclass
class DsrRead:
    """CPU seconds of each round by reader, and the greatest peaks."""

    lines: int
    usages: int = 0
    megabytes: float = 0.0
    why_not: str = ""
    seconds: dict[str, list[float]] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, seconds: float, peak: int) -> None:
        self.seconds.setdefault(name, []).append(seconds)
        self.peaks[name] = max(self.peaks.get(name, 0), peak)

    def text(self) -> str:
        rows = [
            [name, spread(seconds, 2), f"{self.lines / median(seconds):,.0f}", f"{self.peaks[name] / MEGABYTE:.0f}"]
            for name, seconds in self.seconds.items()
        ]
        said = f"A DDEX block file of {self.lines:,} lines ({self.usages:,} usages, {self.megabytes:.0f} MB), read in one process."
        compared = f"The open reader of DDEX was not measured: {self.why_not}."
        if OPEN in self.seconds:
            times = [theirs / ours for ours, theirs in zip(self.seconds[OURS], self.seconds[OPEN], strict=True)]
            compared = f"Garak’s is {spread(times)} × as fast, and joins and writes what the other counts."
        head = ["reader", "CPU seconds", "lines a second", "peak, MB"]
        return "\n\n".join((said, table(head, rows), compared))


def measure_dsr(data_dir: Path, rounds: int, say: Callable[[str], None]) -> DsrRead:
    folder = data_dir / "dsr"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / DsrFile(form=FORMS["audio-1.1"]).name
    with file.open("wb") as out:
        out.writelines(many_blocks(LINES, SONGS))
    other = OpenReader(folder / "dsrf")
    found = DsrRead(lines=LINES, megabytes=file.stat().st_size / MEGABYTE, why_not=other.why_not)
    for number in range(1, rounds + 1):
        said, seconds, peak = run_reader(file, folder / "spool")
        found.lines, found.usages = said["lines"], said["taken"]
        found.add(OURS, seconds, peak)
        if not other.why_not:
            blocks, seconds, peak = other.read(file)
            if blocks != said["blocks"] + 1:  # and its head
                raise AssertionError(f"the open reader found {blocks} blocks, and ours {said['blocks']}")
            found.add(OPEN, seconds, peak)
        say(
            f"Round {number} of DDEX: "
            + ", ".join(f"{name} {all_of[-1]:.2f} s" for name, all_of in found.seconds.items())
        )
    return found


def run_reader(file: Path, target: Path) -> tuple[dict[str, Any], float, int]:
    """What our reader says of a file, its CPU seconds, and its peak in bytes, in a process of its own as imports run it."""
    command = [sys.executable, "-c", PROGRAM, str(file), str(target), file.name, "", "utf-8"]
    done = subprocess.run(command, cwd=BASE_DIR, check=True, capture_output=True, text=True)
    answer, seconds, peak = done.stdout.splitlines()
    target.unlink(missing_ok=True)
    return json.loads(answer), float(seconds), int(peak)
