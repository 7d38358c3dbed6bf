"""A DSR file becomes a file of lines: reader.py works on it as a child process with limits, as the reader of sheets does."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any, Final

from django.conf import settings

from portal.files.copies import DiskIsFull
from royalties.reports.base import DsrWithoutRecords, FamilyNotYet, RecordsTookTooMuch
from royalties.reports.dsr import reader

WALL_SECONDS: Final = 3_600
POLL_SECONDS: Final = 0.5  # far below the shortest lease
HEAD_BYTES: Final = 65_536
REFUSALS: Final = {error.code: error for error in (FamilyNotYet, DsrWithoutRecords, DiskIsFull)}
NAMED_SO: Final = re.compile(r"DSR_.*\.(tsv|txt)(\.gz)?", re.IGNORECASE | re.DOTALL)

log = logging.getLogger(__name__)


def is_dsr(path: Path, label: str) -> bool:
    """Whether a text is a DSR file: by its name, or because its first record is a head.

    Comments may stand before that. The old name FHEA is nobody else's; a line that begins with HEAD may be, so it must go on with dsrf/.
    """
    if NAMED_SO.fullmatch(label):
        return True
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    for line in head.removeprefix(reader.MARK).split(b"\n"):
        if line.strip() and not line.startswith(b"#"):
            return line.startswith((b"FHEA\t", b"HEAD\tdsrf/"))
    return False


def spool_dsr(
    source: Path, target: Path, *, label: str, period: str, codec: str, keep: Callable[[], None]
) -> dict[str, Any]:
    """Write the usages of a DSR file to `target`, a JSON list of texts on each line; returns what reader.py says of the file.

    `period`: a day of the month that a person stated, for usages that say none. `keep` is called while the child works. Raises
    FamilyNotYet for a profile that is known and not read, DsrWithoutRecords, RecordsTookTooMuch and DiskIsFull; then no file is left.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-E", "-s", "-m", reader.__name__, str(source), str(target), label, period, codec]
    until = monotonic() + WALL_SECONDS
    try:
        with subprocess.Popen(
            command, cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as child:
            try:
                said, complaint = _wait_for(child, until, keep)
            finally:
                child.kill()
        if child.returncode not in {0, reader.REFUSED}:
            log.warning("the reader of %s ended with %s: %s", source.name, child.returncode, complaint[-500:])
            raise RecordsTookTooMuch
        answer: dict[str, Any] = json.loads(said)
        if child.returncode == reader.REFUSED:
            raise REFUSALS[answer["code"]](**answer["params"])
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return answer


def _wait_for(child: subprocess.Popen[bytes], until: float, keep: Callable[[], None]) -> tuple[bytes, bytes]:
    """What the child wrote on stdout and stderr. Raises RecordsTookTooMuch when it takes too long."""
    while True:
        try:
            return child.communicate(timeout=POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if monotonic() > until:
                raise RecordsTookTooMuch from None
            keep()
