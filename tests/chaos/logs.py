"""Every complaint in the logs of workers must be of a class we know; another one fails the run (as Formance does)."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Final

RECORD: Final = re.compile(r"^\[\d{4}-\d\d-\d\d [\d:,]+: (\w+)/(\w+[^\]]*)\] ", re.MULTILINE)
COMPLAINTS: Final = {"WARNING", "ERROR", "CRITICAL"}
# What PostgreSQL or the wire to it says when it is stopped, cut, locked, or has no room.
REFUSES: Final = (
    r"(could not extend file|deadlock detected|canceling statement due to lock timeout|consuming input failed|"
    r"server closed the connection|terminating connection|the connection is (closed|lost)|connection failed|"
    r"connection (to server )?.* failed|the database system is|sending (query|prepared query|COPY data) failed|"
    r"could not (receive|send) data)"
)
KNOWN: Final[dict[str, re.Pattern[str]]] = {
    name: re.compile(pattern, re.DOTALL)
    for name, pattern in {
        "a child was killed": r"WorkerLostError|exited with 'signal 9 \(SIGKILL\)'",
        "an attempt is repeated": rf"^attempt \d+ of .* will be repeated: .*{REFUSES}",
        "no chunk could be claimed": rf"^Task \S+ raised unexpected: (Operational|Interface)Error\(.*{REFUSES}",
        "a lease ends with its connection": r"is free when this connection is gone: the database does not answer$",
        "the keeper will look again": rf"^the keeper will look again: .*{REFUSES}",
        "no bell could be rung": r"^no bell for .*, the sweep will ring: ",
        "the broker is away": (
            r"^consumer: (Connection to broker lost|Cannot connect to redis)|^beat: (Connection error|Cannot connect)|"
            r"^Message Error: .*(Connection|Redis)|redis\.exceptions\.(Connection|Timeout)Error"
        ),
        "a child is slow to start": r"^Timed out waiting for UP message",
        # Celery's main process, when the socket of the broker it is about to listen to has just gone. It ends, and whoever
        # keeps workers (compose, the servers of `make run`, the supervisor here) starts it again.
        "a worker ended with the broker": r"^Unrecoverable error: ValueError\('file descriptor is None'\)",
        "Celery speaks of its next version": r"CPendingDeprecationWarning",
    }.items()
}


def complaints(log: Path) -> tuple[Counter[str], list[str]]:
    """How many complaints of each known class a log holds, and those that are of none."""
    text = log.read_text(errors="backslashreplace")
    starts = [*RECORD.finditer(text)]
    known: Counter[str] = Counter()
    unknown: list[str] = []
    for start, end in zip(starts, [*(found.start() for found in starts[1:]), len(text)], strict=True):
        if start[1] not in COMPLAINTS:
            continue
        record = text[start.end() : end]
        for name, pattern in KNOWN.items():
            if pattern.search(record):
                known[name] += 1
                break
        else:
            unknown.append(f"{start[1]} {record.strip()}")
    return known, unknown
