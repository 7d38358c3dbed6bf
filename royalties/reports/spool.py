"""A spreadsheet becomes a file of lines, so that both containers are read in the same chunks."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Final

from royalties.reports import sheet
from royalties.reports.base import SheetCannotBeRead, SheetsAreSeveral

WALL_SECONDS: Final = 900
POLL_SECONDS: Final = 5

log = logging.getLogger(__name__)


def spool_sheet(source: Path, target: Path, *, keep: Callable[[], None]) -> None:
    """Write the rows of the first sheet to `target` in a child process; `keep` is called while it works.

    Whatever ends the child early, be it a file that makes the reader abort or one that asks for too much memory or time,
    is a file that cannot be read: raises SheetCannotBeRead. Raises SheetsAreSeveral where something stands on other sheets.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-I", str(Path(sheet.__file__)), str(source), str(target)]
    until = monotonic() + WALL_SECONDS
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
        try:
            while True:
                try:
                    _output, said = child.communicate(timeout=POLL_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    if monotonic() > until:
                        raise SheetCannotBeRead from None
                    keep()
        finally:
            child.kill()
    if child.returncode == sheet.HAS_FURTHER_SHEETS:
        target.unlink(missing_ok=True)
        raise SheetsAreSeveral(sheets=", ".join(json.loads(said)))
    if child.returncode != 0:
        log.warning("the reader of %s ended with %s: %s", source.name, child.returncode, said[-500:])
        target.unlink(missing_ok=True)
        raise SheetCannotBeRead
