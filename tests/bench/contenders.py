"""What Garak is measured against, in the same run: COPY, calamine, and the open peer."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import Final, NamedTuple

import psycopg
from psycopg import sql

from portal.demo.statements import HEADERS

BLOCK: Final = 1 << 17
PEER_PACKAGE: Final = "django-music-publisher==26.9"
PEER_SAYS: Final = re.compile(r"rows_per_s=(\d+) maxrss_MB=(\d+)")
CALAMINE: Final = """
import resource, sys, time
from python_calamine import CalamineWorkbook
began = time.perf_counter()
rows = sum(1 for _row in CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).iter_rows())
print(rows, time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


class Measured(NamedTuple):
    seconds: float
    peak_bytes: int = 0


def copy_csv(owner_url: str, file: Path, lines: int) -> float:
    """Seconds of a bare COPY of the file into an unlogged table of text columns."""
    columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(f"c{at}")) for at in range(len(HEADERS)))
    with psycopg.connect(owner_url, autocommit=True) as server:
        server.execute("DROP TABLE IF EXISTS bench_copy")
        server.execute(sql.SQL("CREATE UNLOGGED TABLE bench_copy ({})").format(columns))
        began = time.perf_counter()
        statement = "COPY bench_copy FROM STDIN (FORMAT csv, HEADER, ENCODING 'GB18030')"
        with file.open("rb") as stream, server.cursor().copy(statement) as copy:
            while block := stream.read(BLOCK):
                copy.write(block)
        seconds = time.perf_counter() - began
        found = server.execute("SELECT count(*) FROM bench_copy").fetchone()
        server.execute("DROP TABLE bench_copy")
    if found != (lines,):
        raise AssertionError(f"COPY found {found} of {lines} lines")
    return seconds


def read_with_calamine(file: Path, lines: int) -> Measured:
    """A bare read of every row of the first sheet, in a process of its own."""
    done = subprocess.run([sys.executable, "-I", "-c", CALAMINE, str(file)], check=True, capture_output=True, text=True)
    rows, seconds, peak = done.stdout.split()
    if int(rows) != lines + 1:
        raise AssertionError(f"calamine found {rows} rows of {lines + 1}")
    return Measured(float(seconds), int(peak))


class Peer:
    """django-music-publisher's royalty calculation: one exact id, nothing stored. `why_not` says why it is left out."""

    def __init__(self, folder: Path) -> None:
        self.why_not = ""
        self.script = Path(os.environ.get("GARAK_SHARED", "/nowhere")) / "bench/peer_dmp.py"
        self.python = folder / "bin/python"
        if not self.script.exists():
            self.why_not = "GARAK_SHARED does not name a folder with bench/peer_dmp.py"
        elif not (folder / "installed").exists():
            self._install(folder)

    def _install(self, folder: Path) -> None:
        venv.create(folder, with_pip=True, clear=True)
        done = subprocess.run(
            [self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PEER_PACKAGE],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            self.why_not = f"{PEER_PACKAGE} could not be installed: {done.stderr.strip().splitlines()[-1:]}"
        else:
            (folder / "installed").touch()

    def calculate(self, lines: int, works: int) -> Measured:
        """Seconds for so many lines of a statement over so many works."""
        done = subprocess.run(
            [self.python, str(self.script), str(lines), str(works)], check=True, capture_output=True, text=True
        )
        said = PEER_SAYS.search(done.stdout)
        if said is None:
            raise AssertionError(f"the peer said {done.stdout!r}")
        return Measured(lines / int(said[1]), int(said[2]) * 1024 * 1024)
