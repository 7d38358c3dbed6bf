"""A storage that machines share: bytes under their uuid in S3, proven copies on each machine, and what happens when it fails."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.utils import translation
from pytest_django import Settings

from portal.files import copies, services
from portal.files.copies import FILES, CopyIsDamaged, DiskIsFull, StorageIsAway
from portal.files.models import StoredFile
from portal.files.services import as_download, discard_upload, path_of, store_upload, sweep_leftovers
from tests.buckets import ABucket, a_bucket

pytestmark = pytest.mark.django_db
CONTENT = "가,나\n".encode() * 300_000


@pytest.fixture
def bucket(settings: Settings, tmp_path: Path) -> Iterator[ABucket]:
    with a_bucket() as found, translation.override("en"):
        found.use(settings, tmp_path / "first")
        yield found


@pytest.fixture
def move(bucket: ABucket, settings: Settings, tmp_path: Path) -> Callable[[], Path]:
    """Go on as another machine, on which nothing is yet; its folder of stored files."""

    def go() -> Path:
        bucket.use(settings, tmp_path / "second")
        return tmp_path / "second" / FILES

    return go


def store(content: bytes = CONTENT, label: str = "song.csv") -> StoredFile:
    return store_upload(stream=io.BytesIO(content), label=label, user=None)


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*")}


def test_bytes_lie_in_the_bucket_under_their_uuid_and_come_from_there(
    bucket: ABucket, move: Callable[[], Path]
) -> None:
    stored = store()
    assert bucket.names() == {f"files/{stored.uuid}"}
    assert bucket.read(f"files/{stored.uuid}") == CONTENT
    folder = move()
    kept = []
    path = path_of(stored, keep=lambda: kept.append(1))
    assert path == folder / str(stored.uuid)
    assert path.read_bytes() == CONTENT
    assert len(kept) > 1  # a chunk is kept meanwhile
    assert files_in(folder) == {str(stored.uuid)}


def test_a_download_streams_through_the_portal(move: Callable[[], Path]) -> None:
    stored = store(label="달빛.csv")
    move()
    response = as_download(stored)
    assert b"".join(response.streaming_content) == CONTENT  # type: ignore[arg-type]  # bytes of a file
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    response.close()


def test_a_copy_is_brought_once(bucket: ABucket, move: Callable[[], Path]) -> None:
    stored = store()
    move()
    path_of(stored)
    bucket.bucket.Object(f"files/{stored.uuid}").delete()
    assert path_of(stored).read_bytes() == CONTENT


def test_other_bytes_than_were_stored_are_never_used(bucket: ABucket, move: Callable[[], Path]) -> None:
    stored = store()
    bucket.write(f"files/{stored.uuid}", CONTENT[:-1] + b"!")
    folder = move()
    with pytest.raises(CopyIsDamaged, match="other bytes"):
        path_of(stored)
    assert not files_in(folder)
    bucket.write(f"files/{stored.uuid}", CONTENT[:-1])  # cut off
    with pytest.raises(CopyIsDamaged):
        path_of(stored)
    assert not files_in(folder)


def test_a_copy_that_was_spoilt_here_is_found_out_and_brought_anew(move: Callable[[], Path]) -> None:
    stored = store()
    move()
    path = path_of(stored)
    path.write_bytes(CONTENT[:-1] + b"!")
    assert path_of(stored, prove=True).read_bytes() == CONTENT


def test_two_processes_that_bring_one_file_at_once_both_have_it(move: Callable[[], Path]) -> None:
    stored = store()
    folder = move()
    both, found = threading.Barrier(2, timeout=60), []

    def bring() -> None:
        first = True

        def keep() -> None:
            nonlocal first
            if first:
                first = False
                both.wait()  # neither has the whole file yet

        found.append(copies.bring(FILES, str(stored.uuid), sha256=stored.sha256, keep=keep).read_bytes())

    threads = [threading.Thread(target=bring) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [CONTENT, CONTENT]
    assert files_in(folder) == {str(stored.uuid)}


def test_a_full_disk_leaves_no_half_copy(move: Callable[[], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    stored = store()
    folder = move()

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("portal.files.bucket.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        path_of(stored)
    assert not files_in(folder)


def test_an_upload_for_which_there_is_no_room_is_refused_and_leaves_nothing(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MEDIA_ROOT = tmp_path

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("portal.files.services.os.fsync", full)
    with pytest.raises(DiskIsFull), translation.override("en"):
        store()
    assert not files_in(tmp_path)
    assert not StoredFile.objects.exists()


def test_an_upload_while_the_storage_is_away_is_refused_and_leaves_nothing(
    bucket: ABucket, settings: Settings, tmp_path: Path
) -> None:
    bucket.use(settings, tmp_path / "first", endpoint="http://127.0.0.1:1")
    with pytest.raises(StorageIsAway):
        store()
    assert not StoredFile.objects.exists()
    assert not files_in(tmp_path / "first" / FILES)


def test_a_discarded_file_is_gone_from_the_bucket(
    bucket: ABucket, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    stored, other = store(b"a"), store(b"b")
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]  # a context manager
        discard_upload(stored=stored)
    assert bucket.names() == {f"files/{other.uuid}"}
    assert path_of(other).exists()


def test_what_killed_uploads_left_in_the_bucket_is_swept(bucket: ABucket, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = store(b"a")
    bucket.write("files/0c2f8f8e-7c1e-4e0e-9d57-000000000000", b"a")
    assert sweep_leftovers() == 0  # too young
    monkeypatch.setattr(services, "LEFT_SECONDS", -60)
    assert sweep_leftovers() == 1
    assert bucket.names() == {f"files/{stored.uuid}"}


def test_copies_nobody_asked_for_longest_make_room(settings: Settings, tmp_path: Path) -> None:
    settings.PORTAL_DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / FILES
    settings.STORAGE_CACHE_BYTES = 250
    for kind, name, hours in (
        (FILES, "oldest", 9), (copies.SPOOL, "older", 8), (FILES, "old", 7), (FILES, "killed.part", 2), (FILES, "in use", 0),
    ):  # fmt: skip
        copies.folder_of(kind).mkdir(exist_ok=True)
        path = copies.folder_of(kind) / name
        path.write_bytes(b"a" * 100)
        at = time.time() - hours * 3600
        os.utime(path, (at, at))
    assert copies.make_room() == 4  # 500 bytes are 250 too many, and nobody goes on writing the .part
    assert files_in(tmp_path / FILES) | files_in(tmp_path / copies.SPOOL) == {"in use"}
    assert copies.make_room() == 0


def test_a_fingerprint_is_that_of_the_whole_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(CONTENT)
    assert copies.fingerprint(tmp_path / "a") == hashlib.sha256(CONTENT).hexdigest()
