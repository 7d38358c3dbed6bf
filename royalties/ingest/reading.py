"""Where the lines of a report lie and how they are written: the stored file itself, or what it was unpacked to."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from portal.files import copies
from portal.files.copies import CopyIsDamaged
from portal.files.guards import PACKED_TEXTS, extension_of
from portal.files.services import path_of
from portal.files.sheets import SpooledSheet, spool_sheet
from portal.files.unpack import unpack_table
from royalties.ingest.spool import spool_copy, spool_path
from royalties.models import Report
from royalties.reports import csv_lines, encodings
from royalties.reports.base import EncodingDoesNotFit, FileHasChanged
from royalties.reports.csv_lines import Tile
from royalties.reports.dsr.spool import is_dsr, spool_dsr

SHEET, TABLE, AS_UTF8 = ".jsonl", ".table", ".utf8"  # how names of spooled files end
SPOOL_ENCODING: Final = "utf-8"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How to get at lines. `delimiter` is nothing for a sheet, of which each line is a JSON list of texts."""

    path: Path
    encoding: str
    delimiter: str
    label: str  # what the table is called: its name may tell its family

    def block(self, tile: Tile) -> bytes:
        """The bytes of a tile. Raises FileHasChanged, and CopyIsDamaged where it was but a copy: the next attempt gets another."""
        try:
            return csv_lines.read_tile(self.path, tile)
        except FileHasChanged as error:
            if copies.are_shared():
                self.path.unlink(missing_ok=True)
                raise CopyIsDamaged from error
            raise

    def split(self, header: str) -> list[str]:
        if self.delimiter:
            return csv_lines.split_header(header, self.delimiter)
        return [str(cell) for cell in json.loads(header or "[]")]

    def rows(self, block: bytes) -> list[tuple[str, csv_lines.Row]]:
        if self.delimiter:
            return csv_lines.csv_rows(block, self.encoding, self.delimiter)
        return csv_lines.sheet_rows(block)

    def text(self, line: bytes) -> str:
        """A line as a person can read it. Whatever is no text in it stays visible as what it is."""
        text = line.decode(csv_lines.codec_of(self.encoding), "backslashreplace").rstrip("\r\n")
        if self.delimiter:
            return text
        row = json.loads(text)
        return str(row["raw"]) if isinstance(row, dict) else "\t".join(row)


def reading_of(report: Report, spool: str, *, keep: Callable[[], None]) -> Reading:
    """How a report that was planned is read; `spool` as its chunks name it, nothing for the stored file itself.

    `keep` is called while either is brought to this machine. Raises what path_of and spool_copy raise.
    """
    return Reading(
        path=spool_copy(spool, keep=keep) if spool else path_of(report.file, keep=keep),
        encoding=SPOOL_ENCODING if spool.endswith((SHEET, AS_UTF8)) else report.encoding,
        delimiter="" if spool.endswith(SHEET) else report.reading.get("delimiter", ","),
        label=report.reading.get("member") or report.file.label,
    )


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A report's file, made readable line by line. `known`: its encoding where no look at the lines is needed for it."""

    container: str
    spool: str
    known: str = ""
    member: str = ""  # what a zip calls its table
    sheet: SpooledSheet | None = None
    utf16: str = ""  # why it was taken for that, a key of encodings.WHY
    dsr: dict[str, Any] = field(default_factory=dict)  # what the reader of DDEX reports says of it

    @property
    def has_rows(self) -> bool:
        """Its spooled lines are rows: JSON lists of texts."""
        return self.spool.endswith(SHEET)


def open_report(report: Report, *, name: str, keep: Callable[[], None]) -> Opened:
    """As open_file; a DDEX report becomes rows besides, a row for each usage. Raises also what spool_dsr raises."""
    opened = open_file(report, name=name, keep=keep)
    source = spool_path(opened.spool) if opened.spool else path_of(report.file, keep=keep)
    label = opened.member or report.file.label
    if opened.has_rows or not is_dsr(source, label):
        return opened
    said = spool_dsr(
        source,
        spool_path(name + SHEET),
        label=label,
        period=report.period.isoformat() if report.period else "",
        codec=SPOOL_ENCODING if opened.known else csv_lines.codec_of(report.encoding_asked or SPOOL_ENCODING),
        keep=keep,
    )
    if opened.spool:
        source.unlink(missing_ok=True)
    return replace(opened, spool=name + SHEET, known=SPOOL_ENCODING, dsr=said)


def open_file(report: Report, *, name: str, keep: Callable[[], None]) -> Opened:
    """Unpack and rewrite a file where that is needed to cut it into lines; spooled files are called `name` and an end.

    Raises what spool_sheet and unpack_table raise, and EncodingDoesNotFit.
    """
    source = path_of(report.file, keep=keep, prove=True)
    container = extension_of(report.file.label)
    if container == "xlsx":
        sheet = spool_sheet(source, spool_path(name + SHEET), keep=keep)
        return Opened(container=container, spool=name + SHEET, known=SPOOL_ENCODING, sheet=sheet)
    spool, member = "", ""
    if container == "zip" or container in PACKED_TEXTS:
        spool = name + TABLE
        member = unpack_table(source, spool_path(spool), keep=keep)
        source = spool_path(spool)
    codec, why = encodings.utf16_of(source)
    if why == "nuls" and report.encoding_asked not in {"", encodings.UTF16}:
        codec = ""  # it does not say so itself, so a person is believed
    if not codec:
        if report.encoding_asked == encodings.UTF16:
            raise EncodingDoesNotFit(encoding=encodings.NAMES[encodings.UTF16], suggestion=_suggest(source))
        return Opened(container=container, spool=spool, member=member)
    if report.encoding_asked not in {"", encodings.UTF16}:
        raise EncodingDoesNotFit(
            encoding=encodings.NAMES[report.encoding_asked], suggestion=encodings.NAMES[encodings.UTF16]
        )
    target = spool_path(name + AS_UTF8)
    target.parent.mkdir(parents=True, exist_ok=True)
    encodings.write_utf8(source, target, codec, keep=keep)
    return Opened(container=container, spool=name + AS_UTF8, known=SPOOL_ENCODING, member=member, utf16=why)


def _suggest(path: Path) -> str:
    """What the portal itself would take the file for."""
    return encodings.NAMES[csv_lines.survey(path).encoding]
