"""A bucket for tests: moto's server, which speaks S3 over HTTP, in a thread of this process."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
from moto.server import ThreadedMotoServer
from pytest_django import Settings

NAME: Final = "garak"
KEYS: Final = {"region": "ap-northeast-2", "access_key": "anybody", "secret_key": "whatever"}


@dataclass(frozen=True)
class ABucket:
    """`bucket`: as boto3 has it, without the portal's own ways."""

    endpoint: str
    bucket: Any
    server: ThreadedMotoServer

    def names(self) -> set[str]:
        return {found.key for found in self.bucket.objects.all()}

    def read(self, name: str) -> bytes:
        found: bytes = self.bucket.Object(name).get()["Body"].read()
        return found

    def write(self, name: str, content: bytes) -> None:
        self.bucket.Object(name).put(Body=content)

    @property
    def environment(self) -> dict[str, str]:
        """What a process is told that is to share it."""
        said = {"endpoint": self.endpoint, **KEYS}
        return {"STORAGE_BUCKET": NAME, **{f"STORAGE_{name.upper()}": value for name, value in said.items()}}

    def use(self, settings: Settings, machine: Path, *, endpoint: str = "") -> None:
        """Make of this process a machine whose own folder this is."""
        settings.PORTAL_DATA_DIR, settings.MEDIA_ROOT = machine, machine / "files"
        settings.STORAGE_BUCKET = NAME
        options = {"bucket": NAME, "endpoint": endpoint or self.endpoint, **KEYS}
        settings.STORAGES = {
            **settings.STORAGES,
            "default": {"BACKEND": "portal.files.bucket.Bucket", "OPTIONS": options},
        }


@contextmanager
def a_bucket() -> Iterator[ABucket]:
    """One for a while, empty."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    found = boto3.resource(
        "s3",
        endpoint_url=endpoint,
        region_name=KEYS["region"],
        aws_access_key_id=KEYS["access_key"],
        aws_secret_access_key=KEYS["secret_key"],
    ).Bucket(NAME)
    found.create(CreateBucketConfiguration={"LocationConstraint": KEYS["region"]})
    try:
        yield ABucket(endpoint, found, server)
    finally:
        for left in found.objects.all():
            left.delete()
        found.delete()
        server.stop()
