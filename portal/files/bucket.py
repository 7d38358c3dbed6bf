"""A bucket of S3, or of a server that speaks like it, in which several machines keep what they share.

django-storages connects and writes; reading is a stream of ours, because its files are fetched whole into memory first.
Everything runs in the thread that asks: it keeps its chunk meanwhile, by the database connection it claimed it on.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any, Final, cast

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from django.core.files.storage import default_storage
from storages.backends.s3 import S3Storage

from portal.files.copies import CopyIsDamaged, StorageIsAway

READ_BYTES: Final = 1 << 20
NO_SUCH_KEY: Final = frozenset({"404", "NoSuchKey"})

log = logging.getLogger(__name__)


class Bucket(S3Storage):  # type: ignore[misc]  # django-storages publishes no types
    """As settings.STORAGES names it. `endpoint` is nothing for Amazon's own."""

    def __init__(self, *, bucket: str, endpoint: str, region: str, access_key: str, secret_key: str) -> None:
        super().__init__(
            bucket_name=bucket,
            endpoint_url=endpoint or None,
            region_name=region or None,
            access_key=access_key or None,
            secret_key=secret_key or None,
            file_overwrite=True,
            transfer_config=TransferConfig(use_threads=False),
            client_config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path" if endpoint else "auto"},
                connect_timeout=5,
                read_timeout=30,
                retries={"mode": "standard", "max_attempts": 3},
                # Checksums of their own kind are asked of Amazon alone: not every server knows them, and ours are compared.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )


class _Kept(FileIO):
    """A file that says it is being read."""

    def __init__(self, path: Path, keep: Callable[[], None]) -> None:
        super().__init__(path)
        self.keep = keep

    def read(self, size: int | None = -1, /) -> bytes:
        self.keep()
        return super().read(-1 if size is None else size)


def send(path: Path, name: str, *, keep: Callable[[], None]) -> None:
    """Put a file there under a name. Raises StorageIsAway."""
    with _answers(), _Kept(path, keep) as file:
        default_storage.save(name, File(file))


def fetch(name: str, path: Path, *, sha256: str, keep: Callable[[], None]) -> None:
    """Write a file to `path` block by block and on to the disk.

    Raises StorageIsAway, and CopyIsDamaged for another fingerprint; FileNotFoundError for a name that is not there.
    """
    digest = hashlib.sha256()
    with path.open("xb") as file, _answers():
        for block in _bucket().Object(name).get()["Body"].iter_chunks(READ_BYTES):
            digest.update(block)
            file.write(block)
            keep()
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != sha256:
        log.error("%s came from the storage with the fingerprint %s, stored was %s", name, digest.hexdigest(), sha256)
        raise CopyIsDamaged


def remove(name: str) -> None:
    """Take a file away, if it is there. Where that fails just now, a sweep does it later."""
    try:
        with _answers():
            default_storage.delete(name)
    except StorageIsAway as error:
        log.warning("%s stays in the storage until a sweep: %s", name, error.__cause__)


def names(beginning: str) -> Iterator[tuple[str, dt.datetime]]:
    """The names that begin so, and when they were written. Raises StorageIsAway."""
    with _answers():
        for found in _bucket().objects.filter(Prefix=beginning):
            yield found.key, found.last_modified


def _bucket() -> Any:
    return cast(Bucket, default_storage).bucket


@contextmanager
def _answers() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in NO_SUCH_KEY:
            raise FileNotFoundError(str(error)) from error
        raise StorageIsAway from error
    except BotoCoreError as error:
        raise StorageIsAway from error
