"""Taking a file in and finding it again. The bytes never change; the same bytes may be brought twice."""

from __future__ import annotations

import hashlib
import os
import uuid
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.http import FileResponse

from portal.files import guards
from portal.files.models import StoredFile

READ_BYTES = 1 << 20


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
    says the fingerprint is. Raises the refusals of guards.py; a refused or interrupted upload leaves no row, and no file
    but perhaps a .part that nothing refers to, which sweep_leftovers takes away.
    """
    label = guards.clean_label(label)
    guards.require_extension(label, allowed)
    name = uuid.uuid4()
    folder = Path(settings.MEDIA_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    part, final = folder / f"{name}.part", folder / str(name)
    try:
        found, size_bytes = _write(stream, part, label)
        if sha256 and sha256.strip().lower() != found:
            raise guards.FileIsNotAsSent(label=label, stated=sha256.strip().lower()[:64], found=found)
        guards.check_content(part, label=label)
        part.replace(final)
        _sync_folder(folder)
        with transaction.atomic():
            return StoredFile.objects.create(
                uuid=name,
                label=label,
                sha256=found,
                size_bytes=size_bytes,
                uploaded_by_id=user.pk if user is not None else None,
            )
    except BaseException:
        part.unlink(missing_ok=True)
        final.unlink(missing_ok=True)
        raise


def discard_upload(*, stored: StoredFile) -> None:
    """Take back a file that nothing refers to, such as bytes that are here already. Bytes go when the row is gone."""
    path = path_of(stored)
    stored.delete()
    transaction.on_commit(lambda: path.unlink(missing_ok=True))


def path_of(stored: StoredFile) -> Path:
    """Where the bytes lie."""
    return Path(settings.MEDIA_ROOT) / str(stored.uuid)


def as_download(stored: StoredFile) -> FileResponse:
    """The file as it was uploaded, under the name it had. Always a download, never shown by the browser."""
    response = FileResponse(
        path_of(stored).open("rb"), as_attachment=True, filename=stored.label, content_type="application/octet-stream"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


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
