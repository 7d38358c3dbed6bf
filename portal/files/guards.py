"""What is let in: an extension on the list, the bytes that belong to it, and no zip that harms whoever opens it.

Every refusal says what was found, why it is refused and what to do. Nothing here reads the content of a table.
"""

from __future__ import annotations

import os
import stat
import unicodedata
import zipfile
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.lib.errors import DomainError

TABLES: Final = frozenset({"csv", "xlsx"})
DOCUMENTS: Final = frozenset({"pdf", "png", "jpg", "jpeg", "docx", "xlsx", "csv"})

LABEL_LENGTH: Final = 200
HEAD_BYTES: Final = 8192
MAGIC: Final = {
    "pdf": b"%PDF-",
    "png": b"\x89PNG\r\n\x1a\n",
    "jpg": b"\xff\xd8\xff",
    "jpeg": b"\xff\xd8\xff",
    "docx": b"PK\x03\x04",
    "xlsx": b"PK\x03\x04",
}
PART_OF_OFFICE: Final = {"xlsx": "xl/", "docx": "word/"}  # every document of the kind has parts in this folder
NOT_TEXT: Final = (
    b"PK\x03\x04",
    b"%PDF-",
    b"MZ",
    b"\x7fELF",
    b"\xd0\xcf\x11\xe0",
    b"\x1f\x8b",
    b"\x89PNG",
    b"\xff\xd8\xff",
)
MARKUP: Final = (b"<!doctype", b"<html", b"<?xml", b"<script", b"<table")
UTF16: Final = (b"\xff\xfe", b"\xfe\xff")

ZIP_ENTRIES: Final = 256
ZIP_UNPACKED_BYTES: Final = 4_000_000_000
ZIP_RATIO: Final = 100
ZIP_RATIO_FROM_BYTES: Final = 10_000_000  # below this size a high ratio does no harm
LOCAL_HEADER_BYTES: Final = 30


class FileKindNotAllowed(DomainError):
    code = "file-kind-not-allowed"
    sentence = _("“%(label)s” is not a kind of file that can be uploaded here.")
    remedy = _("Upload one of these: %(allowed)s.")


class FileIsNotWhatItSays(DomainError):
    code = "file-is-not-what-it-says"
    sentence = _("The content of “%(label)s” is not that of a .%(extension)s file.")
    remedy = _("Open it in the program it comes from, save it as .%(extension)s and upload it again.")


class FileIsUtf16(DomainError):
    code = "file-is-utf-16"
    sentence = _("“%(label)s” is written in UTF-16, which cannot be read yet.")
    remedy = _("Save it as “CSV UTF-8” and upload it again.")


class FileIsEmpty(DomainError):
    code = "file-is-empty"
    sentence = _("“%(label)s” is empty.")
    remedy = _("Check that the file was saved or downloaded completely, then upload it again.")


class FileIsTooLarge(DomainError):
    code = "file-is-too-large"
    status = 413
    sentence = _("“%(label)s” is larger than %(megabytes)s MB, the most that can be uploaded.")
    remedy = _("Split it into several files, or ask the society to raise the limit.")


class ArchiveIsUnsafe(DomainError):
    code = "archive-is-unsafe"
    sentence = _("“%(label)s” is not opened, because its packing is not that of an ordinary document: %(reason)s.")
    remedy = _("Open it in the program it comes from, save a fresh copy without a password and upload that.")


def clean_label(name: str) -> str:
    """A file name as a label: the last part of a path, NFC, without control and direction characters, 200 at most."""
    last = PurePosixPath(name.replace("\\", "/")).name
    kept = "".join(
        letter
        for letter in unicodedata.normalize("NFC", last)
        if unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    ).strip()
    if len(kept) > LABEL_LENGTH:
        stem, dot, extension = kept.rpartition(".")
        tail = f"{dot}{extension}" if dot and len(extension) <= 8 else ""
        kept = (stem if tail else kept)[: LABEL_LENGTH - len(tail)] + tail
    return kept or "-"


def extension_of(label: str) -> str:
    """The extension in lower case without its dot, or nothing."""
    return PurePosixPath(label).suffix.removeprefix(".").lower()


def require_extension(label: str, allowed: frozenset[str]) -> None:
    """Raise FileKindNotAllowed unless the label ends in an allowed extension."""
    if extension_of(label) not in allowed:
        raise FileKindNotAllowed(label=label, allowed=", ".join(sorted(allowed)))


def check_content(path: Path, *, label: str) -> None:
    """Raise a DomainError unless the bytes are those of the label's extension and safe to open."""
    extension = extension_of(label)
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise FileIsEmpty(label=label)
    if extension == "csv":
        _check_text(head, label)
    elif not head.startswith(MAGIC[extension]):
        raise FileIsNotWhatItSays(label=label, extension=extension)
    if extension in PART_OF_OFFICE:
        check_zip(path, label=label, folder=PART_OF_OFFICE[extension])


def check_zip(path: Path, *, label: str, folder: str) -> None:
    """Raise ArchiveIsUnsafe for an archive no office program writes; FileIsNotWhatItSays without parts in `folder`.

    Python's zipfile unpacks entries that overlap (19 KB into 2 GB) without a word, so their ranges are checked here.
    """
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            reason = _what_is_unsafe(archive, file)
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError) as error:
        raise FileIsNotWhatItSays(label=label, extension=extension_of(label)) from error
    if reason is not None:
        raise ArchiveIsUnsafe(label=label, reason=reason)
    if "[Content_Types].xml" not in names or not any(name.startswith(folder) for name in names):
        raise FileIsNotWhatItSays(label=label, extension=extension_of(label))


def _check_text(head: bytes, label: str) -> None:
    """A NUL in the first line is no text (or UTF-16 without its mark); one further down costs its line, not the file."""
    if head.startswith(UTF16):
        raise FileIsUtf16(label=label)
    begins = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    first_line, _newline, _rest = begins.partition(b"\n")
    if b"\0" in first_line or head.startswith(NOT_TEXT) or begins.startswith(MARKUP):
        raise FileIsNotWhatItSays(label=label, extension="csv")


def _what_is_unsafe(archive: zipfile.ZipFile, file: BinaryIO) -> Promise | None:
    """The reason in a few words, still to be translated, or nothing."""
    entries = archive.infolist()
    if len(entries) > ZIP_ENTRIES:
        return _("it has too many parts")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > ZIP_UNPACKED_BYTES:
        return _("it would unpack to too much")
    for entry in entries:
        if entry.flag_bits & 0x1:
            return _("it is protected by a password")
        name = entry.filename.replace("\\", "/")
        if name.startswith("/") or ".." in name.split("/") or ":" in name:
            return _("a part names a place outside of it")
        if stat.S_ISLNK(entry.external_attr >> 16):
            return _("a part is a link")
        if entry.file_size > ZIP_RATIO_FROM_BYTES and entry.file_size > ZIP_RATIO * max(entry.compress_size, 1):
            return _("it would unpack to too much")
    return None if _entries_lie_apart(archive, file) else _("its parts overlap")


def _entries_lie_apart(archive: zipfile.ZipFile, file: BinaryIO) -> bool:
    """Each entry's bytes begin after the one before has ended, and all end before the directory."""
    directory_at: int = archive.start_dir
    free_from = 0
    for entry in sorted(archive.infolist(), key=lambda entry: entry.header_offset):
        if entry.header_offset < free_from:
            return False
        file.seek(entry.header_offset)
        header = file.read(LOCAL_HEADER_BYTES)
        if len(header) < LOCAL_HEADER_BYTES or not header.startswith(b"PK\x03\x04"):
            return False
        names = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        free_from = entry.header_offset + LOCAL_HEADER_BYTES + names + entry.compress_size
    return free_from <= min(directory_at, os.fstat(file.fileno()).st_size)
