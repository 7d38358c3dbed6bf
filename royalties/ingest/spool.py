"""Spooled files: what a report's file was unpacked to or rewritten as, so that it can be cut into lines.

Whoever plans a file writes it into the spool of that machine. Where machines share a bucket it is then put there, under a name that
ends in its fingerprint, and the others bring themselves copies: so all read the very bytes that were surveyed.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from django.utils import timezone

from portal.files import copies
from portal.files.copies import SPOOL
from royalties.models import Report

OF_JOB: Final = re.compile(r"(\d{1,18})-")  # the job that wrote it
SHARED: Final = re.compile(r"\d+-\d+-([0-9a-f]{64})\.")
LEFT_SECONDS: Final = 3600
NEEDING: Final = (Report.State.RECEIVED, Report.State.READING, Report.State.MATCHING, Report.State.STOPPED)


def spool_path(name: str) -> Path:
    return copies.folder_of(SPOOL) / name


def share_spool(name: str, *, keep: Callable[[], None]) -> str:
    """Let other machines have a spooled file; returns the name it has from now on. `keep` is called on the way.

    Raises StorageIsAway.
    """
    if not name or not copies.are_shared():
        return name
    stem, dot, end = name.partition(".")
    shared = f"{stem}-{copies.fingerprint(spool_path(name), keep=keep)}{dot}{end}"
    spool_path(name).replace(spool_path(shared))
    copies.share(SPOOL, shared, keep=keep)
    return shared


def spool_copy(name: str, *, keep: Callable[[], None]) -> Path:
    """Where a spooled file lies on this machine. Raises what copies.bring raises."""
    shared = SHARED.match(name)
    return copies.bring(SPOOL, name, sha256=shared[1], keep=keep) if shared else spool_path(name)


def remove_spool(job_id: int) -> None:
    """Take away what a job has spooled; copies on other machines go when these make room."""
    for path in spool_path("").glob(f"{job_id}-*"):
        path.unlink(missing_ok=True)
    if copies.are_shared():
        from portal.files import bucket

        for name, _written_at in bucket.names(f"{SPOOL}/{job_id}-"):
            bucket.remove(name)


def sweep_spool() -> int:
    """Take away spooled files that no report under way or stopped needs, an hour after they were written; returns how many.

    They are removed when a report is finished; this is for processes that were killed just before that.
    """
    before = timezone.now() - dt.timedelta(seconds=LEFT_SECONDS)
    spooled = [(path, OF_JOB.match(path.name), written_at) for path, written_at in _spooled()]
    old = [(path, int(name[1])) for path, name, written_at in spooled if name and written_at < before]
    needing = Report.objects.filter(state__in=NEEDING, job__in={job_id for _path, job_id in old})
    needed = set(needing.values_list("job_id", flat=True))
    left = [path for path, job_id in old if job_id not in needed]
    for path in left:
        path.unlink(missing_ok=True)
        if copies.are_shared():
            from portal.files import bucket

            bucket.remove(f"{SPOOL}/{path.name}")
    return len(left)


def _spooled() -> Iterator[tuple[Path, dt.datetime]]:
    """Where each spooled file lies, or would lie on this machine, and when it was written."""
    if copies.are_shared():
        from portal.files import bucket

        yield from ((spool_path(name.removeprefix(f"{SPOOL}/")), at) for name, at in bucket.names(f"{SPOOL}/"))
        return
    for path in spool_path("").glob("*"):
        yield path, dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
