"""U21 of reliability.md section 8 over a real connection: an upload that trickles in and is then given up leaves no file."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import reverse

from portal.embedded.process import free_port
from portal.files.models import StoredFile
from royalties.models import Report
from tests.chaos.processes import Process, wait_for
from tests.conftest import Database
from tests.royalties.scene import make_scene, signed_in

CONTENT = b"a,b\n1,2\n" * 500_000


@contextmanager
def served(database: Database, folder: Path) -> Iterator[int]:
    """The portal behind gunicorn, its files in `folder`; gives the port."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "portal.wsgi:application",
        "--bind",
        f"127.0.0.1:{port}",
        "--threads",
        "4",
    ]
    environment = {"DATABASE_URL": database.url, "PORTAL_DATA_DIR": str(folder)}
    web = Process([*command, "--no-control-socket"], environment, folder / "web.log")
    try:
        wait_for(lambda: answers(port), f"the portal answers; see {folder / 'web.log'}")
        yield port
    finally:
        web.kill()


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def begin_upload(client: Client, port: int) -> tuple[socket.socket, bytes]:
    """A connection on which the head of an upload was sent, and the body that is to follow."""
    client.get(reverse("royalties:upload"))  # sets the cookie that the form repeats
    token = client.cookies["csrftoken"].value
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    form = {"csrfmiddlewaretoken": token, "source": "tme"}
    fields = encode_multipart(BOUNDARY, form).removesuffix(f"--{BOUNDARY}--\r\n".encode())
    file = b'--%s\r\nContent-Disposition: form-data; name="file"; filename="song.csv"\r\n\r\n' % BOUNDARY.encode()
    body = fields + file + CONTENT + f"\r\n--{BOUNDARY}--\r\n".encode()
    head = (
        f"POST {reverse('royalties:upload')} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookies}\r\n"
        f"Content-Type: {MULTIPART_CONTENT}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(head.encode())
    return connection, body


def holds_more_than(size: int, folder: Path) -> bool:
    return any(path.stat().st_size > size for path in folder.glob("*"))


@pytest.mark.slow
def test_u21_an_upload_that_trickles_in_and_is_given_up_leaves_no_file(
    fresh_database: Database, tmp_path: Path
) -> None:
    client = signed_in(make_scene().staff)
    files, reports = StoredFile.objects.count(), Report.objects.count()
    media = tmp_path / "files"
    with served(fresh_database, tmp_path) as port:
        connection, body = begin_upload(client, port)
        for sent in (0, 1_000_000, 2_000_000):
            connection.sendall(body[sent : sent + 1_000_000])
            wait_for(partial(holds_more_than, sent, media), "the piece is on disk")
        connection.close()
        wait_for(lambda: not list(media.glob("*")), "nothing of it is left")
        assert (StoredFile.objects.count(), Report.objects.count()) == (files, reports)

        connection, body = begin_upload(client, port)  # cut off behind the file, so that it looks whole
        with connection, connection.makefile("rb") as answer:
            connection.sendall(body.removesuffix(f"\r\n--{BOUNDARY}--\r\n".encode()))
            connection.shutdown(socket.SHUT_WR)
            assert b" 400 " in answer.readline()
        assert (StoredFile.objects.count(), Report.objects.count()) == (files, reports)
        wait_for(lambda: not list(media.glob("*")), "nothing of it is left")

        connection, body = begin_upload(client, port)  # and the portal still takes a whole one
        with connection, connection.makefile("rb") as answer:
            connection.sendall(body)
            assert b" 302 " in answer.readline()
        assert (StoredFile.objects.count(), Report.objects.count()) == (files + 1, reports + 1)
        wait_for(lambda: [path.stat().st_size for path in media.glob("*")] == [len(CONTENT)], "one file, whole")
