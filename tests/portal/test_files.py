"""Uploads: stored under a uuid by their bytes, refused with a reason, and nothing left behind by a refused one."""

from __future__ import annotations

import hashlib
import io
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import given, strategies as st
from pytest_django import Settings

from portal.files import guards
from portal.files.models import StoredFile
from portal.files.services import discard_upload, path_of, store_upload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.MEDIA_ROOT = tmp_path / "files"
    with translation.override("en"):
        yield tmp_path / "files"


def store(content: bytes, label: str, allowed: frozenset[str] = guards.TABLES) -> StoredFile:
    return store_upload(stream=io.BytesIO(content), label=label, user=None, allowed=allowed)


def office(parts: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>", **parts}.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_stores_the_bytes_under_a_uuid_with_their_fingerprint(media: Path) -> None:
    stored = store("가,나\n".encode(), "../../etc/보고서\u202e.csv")
    assert path_of(stored) == media / str(stored.uuid)
    assert path_of(stored).read_bytes() == "가,나\n".encode()
    assert stored.sha256 == hashlib.sha256("가,나\n".encode()).hexdigest()
    assert (stored.label, stored.size_bytes) == ("보고서.csv", 8)
    assert [path.name for path in media.iterdir()] == [str(stored.uuid)]


def test_the_same_bytes_twice_are_two_files() -> None:
    assert path_of(store(b"a", "a.csv")) != path_of(store(b"a", "a.csv"))


def test_a_discarded_file_is_gone(django_capture_on_commit_callbacks: Callable[..., object]) -> None:
    stored = store(b"a", "a.csv")
    path = path_of(stored)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]  # a context manager
        discard_upload(stored=stored)
        assert path.exists()  # as long as the row may come back
    assert not path.exists()
    assert not StoredFile.objects.exists()


@pytest.mark.parametrize(
    ("content", "label", "error"),
    [
        (b"", "a.csv", guards.FileIsEmpty),
        (b"a,b", "a.exe", guards.FileKindNotAllowed),
        (b"a,b", "a", guards.FileKindNotAllowed),
        (b"\x05", "~$song_202609.xlsx", guards.FileIsALock),
        (b"%PDF-1.7", "a.pdf", guards.FileKindNotAllowed),  # a document is no table
        (b"MZ\x90\x00", "a.csv", guards.FileIsNotWhatItSays),
        (b"PK\x03\x04rest", "a.csv", guards.FileIsNotWhatItSays),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.csv", guards.FileIsNotWhatItSays),  # an old .xls under a new name
        (b" \r\n<!DOCTYPE html><table>", "a.csv", guards.FileIsNotWhatItSays),
        (b"a,b\0c", "a.csv", guards.TextHoldsNul),
        (b"a\0,\0b\0", "a.csv", guards.TextHoldsNul),  # like UTF-16, but without a line
        ("日月火水木金土日月,火\n".encode("utf-16-le"), "a.csv", guards.TextHoldsNul),  # too little of it has a NUL
        (b"a\0\n\0" + b"\x05\0" * 50, "a.csv", guards.TextHoldsNul),  # controls are no letters
        (b"a,b\n", "a.xlsx", guards.FileIsNotWhatItSays),
        (b"PK\x03\x04 and no more", "a.xlsx", guards.FileIsNotWhatItSays),
        (office({}).replace(b"xl/workbook.xml", b"yl/workbook.xml"), "a.xlsx", guards.FileIsNotWhatItSays),
        (office({"xl/a.bin": b"\0" * 20_000_000}), "a.xlsx", guards.ArchiveIsUnsafe),  # 1 : 1000
        (office({f"xl/{n}.xml": b"" for n in range(300)}), "a.xlsx", guards.ArchiveIsUnsafe),
        (office({"xl/../../x": b""}), "a.xlsx", guards.ArchiveIsUnsafe),
        (office({"/etc/passwd": b""}), "a.xlsx", guards.ArchiveIsUnsafe),
    ],
)  # fmt: skip
def test_refuses_and_leaves_nothing(content: bytes, label: str, error: type[Exception], media: Path) -> None:
    with pytest.raises(error) as refusal:
        store(content, label)
    assert label in str(refusal.value)
    assert not StoredFile.objects.exists()
    assert not list(media.glob("*"))


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text", ["日,a\n", "一,二,三,12,2026-09-01\r\n最,一,丁,34,x\r\n", "기간,곡명,0.25\n𠮷,밤편지,1\n"]
)
def test_utf16_is_known_without_its_mark(text: str, codec: str) -> None:
    assert guards.utf16_without_mark(text.encode(codec)) == codec
    assert guards.utf16_without_mark((text * 2000).encode(codec)[: guards.HEAD_BYTES - 3]) == codec
    assert store(text.encode(codec), "a.csv").label == "a.csv"


@given(st.binary(max_size=300) | st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=100).map(str.encode))
def test_text_without_nul_is_never_taken_for_utf16(head: bytes) -> None:
    assert not guards.utf16_without_mark(head.replace(b"\0", b"0"))


def test_refuses_overlapping_parts() -> None:
    """Two entries of the directory over one local header: Python unpacks such bombs (19 KB to 2 GB) without a word."""
    content = office({"xl/a.xml": b"1" * 100, "xl/b.xml": b"1" * 100}, zipfile.ZIP_STORED)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        a, b = (archive.getinfo(f"xl/{name}.xml").header_offset for name in "ab")
    at = content.rindex(b"xl/b.xml") - 46
    assert struct.unpack_from("<I", content, at + 42) == (b,)
    bomb = content[: at + 42] + struct.pack("<I", a) + content[at + 46 :]
    with pytest.raises(guards.ArchiveIsUnsafe, match="overlap"):
        store(bomb, "a.xlsx")


def test_refuses_a_password_and_a_link() -> None:
    content = bytearray(office({"xl/a.xml": b"1"}))
    at = content.rindex(b"xl/a.xml") - 46
    content[at + 8] |= 1
    with pytest.raises(guards.ArchiveIsUnsafe, match="password"):
        store(bytes(content), "a.xlsx")
    link = zipfile.ZipInfo("xl/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    out = io.BytesIO(office({}))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(guards.ArchiveIsUnsafe, match="link"):
        store(out.getvalue(), "a.xlsx")


def test_stops_writing_at_the_limit(settings: Settings, media: Path) -> None:
    settings.UPLOAD_MAX_BYTES = 10
    with pytest.raises(guards.FileIsTooLarge):
        store(b"a" * 11, "a.csv")
    assert not list(media.glob("*"))
    assert store(b"a" * 10, "a.csv").size_bytes == 10


@pytest.mark.parametrize(
    ("content", "label"),
    [(b"%PDF-1.4\n", "a.pdf"), (b"\x89PNG\r\n\x1a\n", "a.PNG"), (b"\xff\xd8\xff\xe0", "a.jpeg"), (b"a", "a.csv")],
)
def test_documents_of_a_case(content: bytes, label: str) -> None:
    assert store(content, label, guards.DOCUMENTS).label == label


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("C:\\Users\\김\\보고서.xlsx", "보고서.xlsx"),
        ("a\0b\u200b.csv", "ab.csv"),
        ("가.csv", "가.csv"),  # decomposed becomes composed
        ("", "-"),
        ("x" * 4000 + ".csv", "x" * 196 + ".csv"),
        ("CON", "CON"),
    ],
)
def test_labels_are_cleaned(name: str, label: str) -> None:
    assert guards.clean_label(name) == label
