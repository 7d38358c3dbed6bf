"""Taking a file in and finding it again. The bytes never change; the same bytes may be brought twice."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import os
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import connection, models, transaction
from django.db.models import Sum, Window
from django.http import FileResponse
from django.utils import timezone

from portal.files import copies, guards, scanner
from portal.files.copies import FILES, PART
from portal.files.models import StoredFile
from portal.lib import disk

READ_BYTES: Final = 1 << 20
QUOTA_LOCK: Final = 0x67_61_72_03  # advisory, with the number of the person
A_DAY: Final = 86_400
LEFT_SECONDS: Final = A_DAY
BATCH: Final = 1000
UUID_NAME: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def store_upload(
    *,
    stream: BinaryIO | UploadedFile[bytes],
    label: str,
    user: models.Model | None,
    allowed: frozenset[str] = guards.TABLES,
    sha256: str = "",
) -> StoredFile:
    """Write the bytes under a fresh uuid, fingerprint them on the way, check them, and only then make the row.

    `label` is what the person calls the file: kept to show, never used as a path. `sha256`, if given, is what its sender
    says the fingerprint is. Raises the refusals of guards.py and scanner.py, DiskIsFull and StorageIsAway; a refused or
    interrupted upload leaves no row, and no file but perhaps a .part that nothing refers to, which sweep_leftovers takes away.
    """
    label = guards.clean_label(label)
    guards.require_extension(label, allowed)
    name = uuid.uuid4()
    folder = Path(settings.MEDIA_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    part, final = folder / f"{name}{PART}", folder / str(name)
    try:
        found, size_bytes = _write(stream, part, label)
        if sha256 and sha256.strip().lower() != found:
            raise guards.FileIsNotAsSent(label=label, stated=sha256.strip().lower()[:64], found=found)
        guards.check_content(part, label=label)
        scanner.scan_file(part, label=label)
        part.replace(final)
        _sync_folder(folder)
        if copies.are_shared():
            copies.share(FILES, str(name))
        with transaction.atomic():
            _require_room(user, size_bytes)
            return StoredFile.objects.create(
                uuid=name,
                label=label,
                sha256=found,
                size_bytes=size_bytes,
                uploaded_by_id=user.pk if user is not None else None,
            )
    except BaseException as error:
        part.unlink(missing_ok=True)
        _remove_bytes(final)
        if disk.is_full(error):
            raise copies.DiskIsFull from error
        raise


def discard_upload(*, stored: StoredFile) -> None:
    """Take back a file that nothing refers to, such as bytes that are here already. Bytes go when the row is gone."""
    path = Path(settings.MEDIA_ROOT) / str(stored.uuid)
    stored.delete()
    transaction.on_commit(partial(_remove_bytes, path))


def sweep_leftovers() -> int:
    """Take away files that no row refers to, a day after they were last written: of uploads that were interrupted, and of
    processes that were killed between the file and its row. Returns how many. Of a shared storage each machine's own folder
    holds copies, which copies.make_room sees to.
    """
    before = timezone.now() - dt.timedelta(seconds=LEFT_SECONDS)
    old = [path for path, written_at in _stored_bytes() if written_at < before]
    swept = 0
    for batch in _batched(old):
        names = [path.name for path in batch if UUID_NAME.fullmatch(path.name)]
        kept = {str(name) for name in StoredFile.objects.filter(uuid__in=names).values_list("uuid", flat=True)}
        for path in batch:
            if path.name.endswith(PART) or (path.name in names and path.name not in kept):
                _remove_bytes(path)
                swept += 1
    return swept


def _stored_bytes() -> Iterator[tuple[Path, dt.datetime]]:
    """Where each file lies, or would lie on this machine, and when it was written."""
    folder = Path(settings.MEDIA_ROOT)
    if copies.are_shared():
        from portal.files import bucket

        yield from ((folder / name.removeprefix(f"{FILES}/"), at) for name, at in bucket.names(f"{FILES}/"))
        return
    for path in folder.glob("*"):
        if path.is_file():
            yield path, dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)


def _remove_bytes(path: Path) -> None:
    path.unlink(missing_ok=True)
    if copies.are_shared():
        from portal.files import bucket

        bucket.remove(f"{FILES}/{path.name}")


def _batched(paths: Sequence[Path]) -> Iterator[Sequence[Path]]:
    return (paths[at : at + BATCH] for at in range(0, len(paths), BATCH))


def path_of(stored: StoredFile, *, keep: Callable[[], None] = copies.nothing, prove: bool = False) -> Path:
    """Where the bytes lie on this machine; from a shared storage they are brought first, and `keep` is called on the way.

    `prove`: a copy that was brought before is compared with the fingerprint again. Raises what copies.bring raises.
    """
    if copies.are_shared():
        return copies.bring(FILES, str(stored.uuid), sha256=stored.sha256, keep=keep, prove=prove)
    return Path(settings.MEDIA_ROOT) / str(stored.uuid)


def as_download(stored: StoredFile) -> FileResponse:
    """The file as it was uploaded, under the name it had. Always a download, never shown by the browser."""
    response = FileResponse(
        path_of(stored).open("rb"), as_attachment=True, filename=stored.label, content_type="application/octet-stream"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _require_room(user: models.Model | None, size_bytes: int) -> None:
    """Raise QuotaIsUsedUp beyond what one person may bring in a day, however many uploads of hers end at once."""
    if user is None:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [QUOTA_LOCK, user.pk])
    since = timezone.now() - dt.timedelta(days=1)
    brought = StoredFile.objects.filter(uploaded_by_id=user.pk, created_at__gt=since)
    too_many = (brought.aggregate(sum=Sum("size_bytes"))["sum"] or 0) + size_bytes - settings.UPLOAD_DAILY_BYTES
    if too_many > 0:
        so_far = Window(Sum("size_bytes"), order_by=["created_at", "pk"])
        gone_with = brought.annotate(so_far=so_far).filter(so_far__gte=too_many).order_by("created_at", "pk").first()
        seconds = math.ceil((gone_with.created_at - since).total_seconds()) if gone_with else A_DAY
        raise guards.QuotaIsUsedUp(
            megabytes=settings.UPLOAD_DAILY_BYTES // 1_000_000, seconds=seconds, hours=math.ceil(seconds / 3600)
        )


def _write(stream: BinaryIO | UploadedFile[bytes], part: Path, label: str) -> tuple[str, int]:
    """Fingerprint and size of what was written; stops at the limit instead of filling the disk."""
    digest, size = hashlib.sha256(), 0
    with part.open("xb") as file:
        while block := stream.read(READ_BYTES):
            size += len(block)
            if size > settings.UPLOAD_MAX_BYTES:
                raise guards.FileIsTooLarge(label=label, megabytes=settings.UPLOAD_MAX_BYTES // 1_000_000)
            digest.update(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest(), size


def _sync_folder(folder: Path) -> None:
    """A renamed file survives a power cut only when its folder is on disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
