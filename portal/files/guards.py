"""What is let in: an extension on the list, the bytes that belong to it, and no zip that harms whoever opens it.

Every refusal says what was found, why it is refused and what to do. Nothing here reads the content of a table.
"""

from __future__ import annotations

import codecs
import os
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.lib.errors import DomainError

TEXTS: Final = frozenset({"csv", "tsv", "txt"})
PACKED_TEXTS: Final = frozenset(f"{kind}.gz" for kind in TEXTS)
OLD_EXCEL: Final = "xls"  # what many Korean programs call a table in text, so that a double click opens it
TABLES: Final = TEXTS | PACKED_TEXTS | {"zip", "xlsx", OLD_EXCEL}
DOCUMENTS: Final = frozenset({"pdf", "png", "jpg", "jpeg", "docx", "xlsx", "csv"})

LABEL_LENGTH: Final = 200
HEAD_BYTES: Final = 8192
GZIP: Final = b"\x1f\x8b"
ZIP: Final = b"PK\x03\x04"
MAGIC: Final = {
    "pdf": b"%PDF-",
    "png": b"\x89PNG\r\n\x1a\n",
    "jpg": b"\xff\xd8\xff",
    "jpeg": b"\xff\xd8\xff",
    "docx": ZIP,
    "xlsx": ZIP,
    "zip": ZIP,
    **dict.fromkeys(PACKED_TEXTS, GZIP),
}
PART_OF_OFFICE: Final = {"xlsx": "xl/", "docx": "word/"}  # every document of the kind has parts in this folder
NOT_TEXT: Final = (ZIP, b"%PDF-", b"MZ", b"\x7fELF", b"\xd0\xcf\x11\xe0", GZIP, b"\x89PNG", b"\xff\xd8\xff")
MARKUP: Final = (
    b"<!doctype", b"<html", b"<?xml", b"<script", b"<table", b"<head", b"<meta", b"<style", b"<body", b"<!--",
)  # fmt: skip
UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
NO_LETTERS: Final = frozenset({"Cc", "Cn", "Co", "Cs"})
MACROS: Final = ("xl/vbaproject.bin", "xl/macrosheets/", "word/vbaproject.bin", "xl/activex/", "word/activex/")
LINKS: Final = ("xl/externallinks/", "xl/connections.xml", "xl/querytables/")
PACKED: Final = (".zip", ".gz", ".7z", ".rar", ".tar", ".tgz", ".bz2", ".xz")
LOCK: Final = "~$"  # how names of files begin that say “somebody has this document open”
OF_A_MAC: Final = "__MACOSX/"  # what a Mac adds to the zips it makes

ZIP_ENTRIES: Final = 256
ZIP_DIRECTORY_BYTES: Final = 1_000_000  # of 256 entries with long names; a directory of more is not even read
ZIP_UNPACKED_BYTES: Final = 4_000_000_000
ZIP_RATIO: Final = 100
ZIP_RATIO_FROM_BYTES: Final = 10_000_000  # below this size a high ratio does no harm
LOCAL_HEADER_BYTES: Final = 30
END_BYTES: Final = 22 + 65_535  # the end of a zip's directory, and a comment at its longest


class FileKindNotAllowed(DomainError):
    code = "file-kind-not-allowed"
    sentence = _("“%(label)s” is not a kind of file that can be uploaded here.")
    remedy = _("Upload one of these: %(allowed)s.")


class FileIsALock(DomainError):
    code = "file-is-a-lock"
    sentence = _(
        "“%(label)s” is not the document itself: a spreadsheet program puts such a file beside one that is open."
    )
    remedy = _("Close the document, and upload the file of the same name without “~$” before it.")


class FileIsNotWhatItSays(DomainError):
    code = "file-is-not-what-it-says"
    sentence = _("The content of “%(label)s” is not that of a .%(extension)s file.")
    remedy = _("Open it in the program it comes from, save it as .%(extension)s and upload it again.")


class OldExcelIsNoText(DomainError):
    code = "old-excel-is-no-text"
    sentence = _("“%(label)s” ends in .xls, which is read only where it holds a table in text, and it does not.")
    remedy = _("Open it in a spreadsheet program, save it as .xlsx and upload that.")


class TextHoldsNul(DomainError):
    code = "text-holds-nul"
    sentence = _("“%(label)s” is no table in text: its first line holds NUL bytes, and it is not in UTF-16 either.")
    remedy = _("Open it in the program it comes from, save it as “CSV UTF-8” and upload it again.")


class FileIsEmpty(DomainError):
    code = "file-is-empty"
    sentence = _("“%(label)s” is empty.")
    remedy = _("Check that the file was saved or downloaded completely, then upload it again.")


class FileIsTooLarge(DomainError):
    code = "file-is-too-large"
    status = 413
    sentence = _("“%(label)s” is larger than %(megabytes)s MB, the most that can be uploaded.")
    remedy = _("Split it into several files, or ask the society to raise the limit.")


class QuotaIsUsedUp(DomainError):
    code = "quota-is-used-up"
    status = 429
    sentence = _(
        "With this file you would have uploaded more than %(megabytes)s MB in 24 hours, the most for one person."
    )
    remedy = _("There is room for it in %(hours)s hours. Upload it then, or ask the society to raise the limit.")


class FileIsNotAsSent(DomainError):
    code = "file-is-not-as-sent"
    sentence = _(
        "“%(label)s” is not the file its sender means: its fingerprint (SHA-256) is %(found)s, stated is %(stated)s."
    )
    remedy = _("Download it again; it may have been cut off or changed on the way. Nothing was stored.")


class ArchiveIsUnsafe(DomainError):
    code = "archive-is-unsafe"
    sentence = _("“%(label)s” is not opened, because its packing is not that of an ordinary document: %(reason)s.")
    remedy = _("Open it in the program it comes from, save a fresh copy without a password and upload that.")


class ArchiveIsNoTable(DomainError):
    code = "archive-is-no-table"
    sentence = _("“%(label)s” must hold one table (.csv, .tsv or .txt) and nothing else. It holds: %(found)s.")
    remedy = _("Unpack it and upload the tables one by one.")


class WorkbookHasMacros(DomainError):
    code = "workbook-has-macros"
    sentence = _("“%(label)s” holds a program (macros), which no table needs.")
    remedy = _("Do not run it. Save it as .xlsx without macros, or ask whoever sent it for a fresh copy.")


class WorkbookHasLinks(DomainError):
    code = "workbook-has-links"
    sentence = _("“%(label)s” takes values from other files or from the network, so what it shows may change.")
    remedy = _("Copy everything, paste it as values only into a new workbook and upload that.")


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
    """The extension in lower case without its dot, "csv.gz" for a packed one; or nothing."""
    *_stem, before, last = ["", "", *PurePosixPath(label).suffixes]
    packed = f"{before}{last}".lower().removeprefix(".")
    return packed if packed in PACKED_TEXTS else last.lower().removeprefix(".")


def require_extension(label: str, allowed: frozenset[str]) -> None:
    """Raise FileKindNotAllowed unless the label ends in an allowed extension, and FileIsALock for what is none."""
    if label.startswith(LOCK):
        raise FileIsALock(label=label)
    if extension_of(label) not in allowed:
        raise FileKindNotAllowed(label=label, allowed=", ".join(f".{kind}" for kind in sorted(allowed)))


def check_content(path: Path, *, label: str) -> None:
    """Raise a DomainError unless the bytes are those of the label's extension and safe to open."""
    extension = extension_of(label)
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise FileIsEmpty(label=label)
    if extension in TEXTS:
        _check_text(head, label)
    elif extension == OLD_EXCEL:
        _check_old_excel(head, label)
    elif not head.startswith(MAGIC[extension]):
        raise FileIsNotWhatItSays(label=label, extension=extension)
    elif extension in PACKED_TEXTS:
        _check_text(_unpacked_head(head, label), label)
    elif extension == "zip":
        check_packed_table(path, label=label)
    elif extension in PART_OF_OFFICE:
        check_office(path, label=label, folder=PART_OF_OFFICE[extension])


def check_office(path: Path, *, label: str, folder: str) -> None:
    """Raise a DomainError for an archive no office program writes, for macros and for links to elsewhere."""
    with open_zip(path, label=label) as archive:
        names = [name.lower() for name in archive.namelist()]
    if "[content_types].xml" not in names or not any(name.startswith(folder) for name in names):
        raise FileIsNotWhatItSays(label=label, extension=extension_of(label))
    if any(name.startswith(MACROS) for name in names):
        raise WorkbookHasMacros(label=label)
    if any(name.startswith(LINKS) for name in names):
        raise WorkbookHasLinks(label=label)


def check_packed_table(path: Path, *, label: str) -> None:
    """Raise a DomainError unless a zip holds one table in text, and nothing else."""
    with open_zip(path, label=label) as archive:
        table = only_table(archive)
        if table is None:
            found = ", ".join(clean_label(name) for name in archive.namelist()[:3]) or "–"
            raise ArchiveIsNoTable(label=label, found=found)
        try:
            with archive.open(table) as file:
                head = file.read(HEAD_BYTES)
        except (zipfile.BadZipFile, NotImplementedError, zlib.error, EOFError) as error:
            raise FileIsNotWhatItSays(label=label, extension="zip") from error
    _check_text(head, label)


def only_table(archive: zipfile.ZipFile) -> zipfile.ZipInfo | None:
    """The one file of an archive, if it is a table in text. What a Mac adds does not count."""
    files = [entry for entry in archive.infolist() if not entry.is_dir() and not entry.filename.startswith(OF_A_MAC)]
    return files[0] if len(files) == 1 and extension_of(files[0].filename) in TEXTS else None


@contextmanager
def open_zip(path: Path, *, label: str) -> Iterator[zipfile.ZipFile]:
    """An archive whose directory is that of an ordinary one. Raises FileIsNotWhatItSays or ArchiveIsUnsafe.

    Python's zipfile unpacks entries that overlap (19 KB into 2 GB) without a word, so their ranges are checked here.
    """
    try:
        if _directory_bytes(path) > ZIP_DIRECTORY_BYTES:
            raise ArchiveIsUnsafe(label=label, reason=_("it has too many parts"))
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, struct.error) as error:
        raise FileIsNotWhatItSays(label=label, extension=extension_of(label)) from error
    with archive, path.open("rb") as file:
        reason = _what_is_unsafe(archive, file)
        if reason is not None:
            raise ArchiveIsUnsafe(label=label, reason=reason)
        yield archive


def _directory_bytes(path: Path) -> int:
    """How many bytes a zip says its directory has: zipfile would read them all, however many entries they are."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - END_BYTES))
        tail = file.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0:
            raise zipfile.BadZipFile
        locator = tail[max(0, at - 20) : at]
        if locator.startswith(b"PK\x06\x07"):  # the longer form, for archives beyond 4 GB, which some always write
            file.seek(struct.unpack_from("<Q", locator, 8)[0])
            return int(struct.unpack_from("<Q", file.read(56), 40)[0])
        return int(struct.unpack_from("<L", tail, at + 12)[0])


def _unpacked_head(head: bytes, label: str) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(head, HEAD_BYTES)
    except zlib.error as error:
        raise FileIsNotWhatItSays(label=label, extension=extension_of(label)) from error


def _check_old_excel(head: bytes, label: str) -> None:
    """Text passes; a workbook of any kind does not, nor the HTML or XML that some programs call .xls."""
    try:
        _check_text(head, label)
    except (FileIsNotWhatItSays, TextHoldsNul) as error:
        raise OldExcelIsNoText(label=label) from error


def _check_text(head: bytes, label: str) -> None:
    """A NUL in the first line is no text, unless it is UTF-16; one further down costs its line, not the file."""
    codec = "utf-16" if head.startswith(UTF16) else utf16_without_mark(head)
    if codec:
        if head.decode(codec, "ignore").lstrip().lower().encode(errors="ignore").startswith(MARKUP):
            raise FileIsNotWhatItSays(label=label, extension=extension_of(label))
        return
    begins = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    first_line, _newline, _rest = begins.partition(b"\n")
    if head.startswith(NOT_TEXT) or begins.startswith(MARKUP):
        raise FileIsNotWhatItSays(label=label, extension=extension_of(label))
    if b"\0" in first_line:
        raise TextHoldsNul(label=label)


def utf16_without_mark(head: bytes) -> str:
    """“utf-16-le” or “utf-16-be” for the beginning of a text in UTF-16 that does not say so by a mark; nothing for any other.

    Digits, commas and line ends of such a text have a NUL beside them, always on the same side, and they are a quarter of it at
    least. On the other side NULs are rare (一 has one), and what it all says are letters.
    """
    whole = len(head) // 2 * 2
    sides = head[0:whole:2].count(0), head[1:whole:2].count(0)
    if max(sides) * 8 < whole or min(sides) * 4 > max(sides):
        return ""
    codec = "utf-16-le" if sides[1] > sides[0] else "utf-16-be"
    try:
        text = codecs.getincrementaldecoder(codec)().decode(head[:whole])
    except UnicodeDecodeError:
        return ""
    wrong = sum(letter not in "\t\r\n" and unicodedata.category(letter) in NO_LETTERS for letter in text)
    return codec if "\n" in text and wrong * 100 <= len(text) else ""


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
        if name.lower().endswith(PACKED):
            return _("a part is packed itself")
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
