"""What machines share, and the copies of it on this one.

Without a bucket there is nothing of the kind: a stored or spooled file lies in its folder under PORTAL_DATA_DIR, and every worker
sees that folder. With one (STORAGE_BUCKET) the file lies in the bucket under the same name, and the folder holds copies: each
was fetched whole and its fingerprint compared before it got its name, and is thrown away when room is needed.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from portal.lib.errors import Passing

PART: Final = ".part"  # how a file on its way is called
FILES, SPOOL = "files", "spool"
IN_USE_SECONDS: Final = 3600  # a copy that was asked for since may be open


class DiskIsFull(Passing):
    code = "disk-is-full"
    sentence = _("There is no room left for the file on the portal's disk. Nothing was stored.")
    remedy = _("Tell the society, and upload the file again when there is room.")


class StorageIsAway(Passing):
    code = "storage-is-away"
    sentence = _("The storage of files does not answer just now.")
    remedy = _("Nothing is lost. Try again in a few minutes; if that does not help, tell the society.")


class CopyIsDamaged(Passing):
    code = "copy-is-damaged"
    sentence = _("The storage gave other bytes of a file than were stored, so they were not used.")
    remedy = _("Try again in a few minutes; if that does not help, the society must look at its storage.")


def are_shared() -> bool:
    """Do machines share a bucket?"""
    return bool(settings.STORAGE_BUCKET)


def nothing() -> None:
    """For callers who hold no chunk."""


def folder_of(kind: str) -> Path:
    """The folder of stored files, or of spooled ones."""
    return Path(settings.MEDIA_ROOT) if kind == FILES else Path(settings.PORTAL_DATA_DIR) / SPOOL


def share(kind: str, name: str, *, keep: Callable[[], None] = nothing) -> None:
    """Put a file of this machine where all find it. Raises StorageIsAway."""
    from portal.files import bucket  # here, because boto3 takes 50 MB

    bucket.send(folder_of(kind) / name, f"{kind}/{name}", keep=keep)
    make_room()


def bring(kind: str, name: str, *, sha256: str, keep: Callable[[], None] = nothing, prove: bool = False) -> Path:
    """A copy of a shared file on this machine, and its place. `prove`: one that is here already is read again first.

    Two processes may fetch the same at once: each writes a file of its own, and the last one to end gives its name.
    Raises StorageIsAway, CopyIsDamaged, and OSError where the disk is full; then nothing is left.
    """
    from portal.files import bucket

    path = folder_of(kind) / name
    if path.exists() and (not prove or fingerprint(path, keep=keep) == sha256):
        os.utime(path)
        return path
    make_room()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{uuid.uuid4()}{PART}")
    try:
        bucket.fetch(f"{kind}/{name}", part, sha256=sha256, keep=keep)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def fingerprint(path: Path, *, keep: Callable[[], None] = nothing) -> str:
    """SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            keep()
    return digest.hexdigest()


def make_room() -> int:
    """Throw away the copies that nobody has asked for longest, as many as are too many; returns how many.

    What was asked for within the hour stays, even where that is more than STORAGE_CACHE_BYTES.
    """
    found = []
    for kind in (FILES, SPOOL):
        for path in folder_of(kind).glob("*"):
            try:
                found.append((path.stat(), path))
            except FileNotFoundError:
                continue  # another process makes room too
    found.sort(key=lambda entry: entry[0].st_mtime)
    unused_since = time.time() - IN_USE_SECONDS
    too_many, thrown = sum(stat.st_size for stat, _path in found) - settings.STORAGE_CACHE_BYTES, 0
    for stat, path in found:
        if stat.st_mtime > unused_since:
            break
        if too_many > 0 or path.name.endswith(PART):  # whoever wrote that was killed
            path.unlink(missing_ok=True)
            too_many, thrown = too_many - stat.st_size, thrown + 1
    return thrown
