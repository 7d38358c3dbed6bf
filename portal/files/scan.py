"""What a workbook holds, found out before the reader (calamine) sees any of it. Plain Python: it runs in a child process.

calamine asks for memory by the place of the last cell, so a legal file of 1 KB makes it ask for half a terabyte and abort.
So the XML of a sheet passes here first, as a stream and in slices of whole rows: expat proves that it is well-formed
and declares nothing (no DTD, no entities); then expressions look at its bytes. That is exact: in well-formed XML without
declarations, comments and CDATA an element stands as "<", its prefix and its name, and as nothing else. A handler of expat
for each element would find the same in three times the time (measured on 500,000 lines: 7.3 s against 2.6 s).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, Final
from xml.parsers import expat

from portal.files import numbers
from portal.files.numbers import Found

LAST_ROW: Final = 1_048_576  # what a spreadsheet program can hold
LAST_COLUMN: Final = "ZZ"  # the 702nd
BLOCK_BYTES: Final = 262_144
CELL_BYTES: Final = 262_144  # twice what a spreadsheet program lets in, 32,767 characters
SLICE_BYTES: Final = (
    16_000_000  # small, so that one is read while the next is scanned; a sheet with many shared texts has larger ones
)
ROW_BYTES: Final = 64_000_000
SLICE_CELLS: Final = 8_000_000  # places, filled or not: the reader asks for memory for each
SHEET_BYTES: Final = 3_000_000_000  # unpacked
STRINGS_BYTES: Final = 300_000_000
STRINGS: Final = 4_000_000
PART_BYTES: Final = 16_000_000  # of any other part
CELLS_NAMED: Final = 3  # in a refusal

MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT: Final = "http://purl.oclc.org/ooxml/spreadsheetml/main"  # the same elements
WORKSHEETS: Final = ("/worksheet",)  # how the type of a relation to a sheet of cells ends
ATTRIBUTE: Final = re.compile(rb"""([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
USUAL_ROW: Final = re.compile(rb' r="([0-9]{1,9})"')
PLACE: Final = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
COLUMN: Final = rb"[A-Z]{1,2}"
ROW: Final = rb"(?:[1-9][0-9]{0,5}|10[0-3][0-9]{4}|104[0-7][0-9]{3}|1048[0-4][0-9]{2}|10485[0-6][0-9]|104857[0-6])"  # to LAST_ROW


class Refused(Exception):  # the child tells the parent, which has the sentence
    """A workbook that is not read: a code of portal.files.sheets, and what its sentence names."""

    def __init__(self, code: str, **params: Any) -> None:
        self.code, self.params = code, params
        super().__init__(code, params)


@dataclass(frozen=True)
class Sheet:
    """A sheet of cells as the workbook lists it; `part` is its place in the archive."""

    name: str
    part: str
    visible: bool


@dataclass(frozen=True)
class Slice:
    """Whole rows of a sheet, as the XML of a sheet of their own. Rows count from 1.

    `placed`: they say themselves where they stand, as nearly all do; otherwise the reader takes the first one for row 1.
    `found`: their numbers, if all cells are written as nearly all are.
    """

    xml: bytes
    first_row: int
    last_row: int
    placed: bool
    found: Found | None


# ── the parts of the archive ────────────────────────────────────────────────────────────────────────────────────────────


def blocks_of(archive: zipfile.ZipFile, part: str, most: int) -> Iterator[bytes]:
    """A part, block by block, never more than `most` bytes of it. Raises Refused."""
    unpacked = in_cell = 0
    with archive.open(part) as file:
        while block := file.read(BLOCK_BYTES):
            unpacked += len(block)
            if unpacked > most:
                raise Refused("sheet-holds-too-much", part=part)
            in_cell = 0 if b"<" in block else in_cell + len(block)
            if in_cell >= CELL_BYTES:
                raise Refused("cell-is-too-long")
            yield block


def parser() -> expat.XMLParserType:
    """A parser that takes UTF-8 alone and no declaration of a document type, which alone can declare entities."""
    made = expat.ParserCreate()
    made.StartDoctypeDeclHandler = _refuse_declarations
    made.XmlDeclHandler = _require_utf8
    return made


def _refuse_declarations(*_said: Any) -> None:
    raise Refused("sheet-declares-entities")


def _require_utf8(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding is not None and encoding.upper() not in {"UTF-8", "US-ASCII"}:
        raise Refused("sheet-cannot-be-read")


def small_part(archive: zipfile.ZipFile, part: str) -> list[tuple[str, dict[str, str]]]:
    """The elements of a small part in their order: local name and attributes, prefixes cut off."""
    found: list[tuple[str, dict[str, str]]] = []
    reader = parser()
    reader.StartElementHandler = lambda name, attributes: found.append(
        (_local(name), {_local(key): value for key, value in attributes.items()})
    )
    for block in blocks_of(archive, part, PART_BYTES):
        reader.Parse(block, False)
    reader.Parse(b"", True)
    return found


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def sheets_of(archive: zipfile.ZipFile) -> tuple[list[Sheet], bool]:
    """The sheets of cells in the order of the workbook, and whether its days count from 1904."""
    relations = {
        said["Id"]: said
        for name, said in small_part(archive, "xl/_rels/workbook.xml.rels")
        if name == "Relationship" and said.get("Type", "").endswith(WORKSHEETS)
    }
    elements = small_part(archive, "xl/workbook.xml")
    sheets = [
        Sheet(said.get("name", ""), _part_of(relations[said["id"]]), said.get("state", "visible") == "visible")
        for name, said in elements
        if name == "sheet" and said.get("id") in relations
    ]
    from_1904 = any(name == "workbookPr" and said.get("date1904") in {"1", "true"} for name, said in elements)
    return sheets, from_1904


def _part_of(relation: dict[str, str]) -> str:
    target = relation.get("Target", "")
    return target[1:] if target.startswith("/") else str(PurePosixPath("xl", target))


def check_strings(archive: zipfile.ZipFile, part: str) -> int:
    """Raise Refused where the texts that cells share are too many or too much. Returns their bytes."""
    reader = parser()
    strings, before, size = 0, b"", 0
    for block in blocks_of(archive, part, STRINGS_BYTES):
        size += len(block)
        reader.Parse(block, False)
        joined = before + block
        strings += joined.count(b"<si>") + joined.count(b"<si ") + joined.count(b":si>")
        before = block[-3:]  # shorter than what is counted
        if strings > STRINGS:
            raise Refused("strings-are-too-many", most=STRINGS)
    reader.Parse(b"", True)
    return size


def check_part(archive: zipfile.ZipFile, part: str) -> None:
    """Raise Refused or ExpatError for a part that is not well-formed, or too large."""
    reader = parser()
    for block in blocks_of(archive, part, PART_BYTES):
        reader.Parse(block, False)
    reader.Parse(b"", True)


def stands_something(archive: zipfile.ZipFile, sheet: Sheet) -> bool:
    """Whether a cell of the sheet has a value; reads no further than the first one."""
    values = {"v", "is", "f"}
    found = False

    def see(name: str, _attributes: dict[str, str]) -> None:
        nonlocal found
        found = found or _local(name) in values

    reader = parser()
    reader.StartElementHandler = see
    for block in blocks_of(archive, sheet.part, SHEET_BYTES):
        reader.Parse(block, False)
        if found:
            return True
    return False


# ── the rows of a sheet ─────────────────────────────────────────────────────────────────────────────────────────────────


class _Words:
    """How this sheet writes what is looked for: its elements may have a prefix, such as "x:"."""

    def __init__(self, prefix: bytes) -> None:
        start = rb"<" + re.escape(prefix)
        self.row_ends = b"</" + prefix + b"row>"
        self.rows_end = b"</" + prefix + b"sheetData"
        self.row = re.compile(start + rb"row(?=[\s/>])([^>]*)>")
        self.formula = re.compile(start + rb"f[\s/>]")
        self.cell = re.compile(start + rb"c(?=[\s/>])([^>]*)>")
        # A cell that is not written as nearly all are: `<c r="B7" s="1" t="s">` and no more.
        self.odd_cell = re.compile(
            start + rb"c(?=[\s/>])(?! r=\"" + COLUMN + ROW + rb"\"(?: s=\"[0-9]+\")?"
            rb"(?: t=\"(?:s|n|b|d|str|inlineStr)\")?\s*/?>)([^>]*)>"
        )
        self.number = numbers.expression(prefix)
        self.wide = re.compile(start + rb"c r=\"[A-Z]{2}")


def slices(blocks: Iterator[bytes], *, beside: int = 0) -> Iterator[Slice]:
    """The rows of a sheet, proved to hold nothing that harms the reader, in slices. Raises Refused or ExpatError.

    `beside`: bytes that are read again with each slice, such as the shared texts: a slice is as large, within limits.
    """
    reader = parser()
    head = _Head(reader)
    buffer = bytearray()
    rows: _Rows | None = None
    for block in blocks:
        reader.Parse(block, False)
        if rows is None:
            buffer += block
            if head.prefix is not None:
                begins = buffer.index(b">", head.at) + 1
                rows = _Rows(
                    head.prefix, ended=buffer[begins - 2] == ord("/"), size=min(max(SLICE_BYTES, beside), ROW_BYTES)
                )
                yield from rows.take(buffer[begins:])
                buffer.clear()
        else:
            yield from rows.take(block)
    reader.Parse(b"", True)
    if rows is None or not rows.ended:
        raise Refused("sheet-cannot-be-read")


class _Head:
    """What stands before the rows: read element by element, and then no more."""

    def __init__(self, reader: expat.XMLParserType) -> None:
        self.reader = reader
        self.root = ""
        self.at = 0
        self.prefix: bytes | None = None
        reader.StartElementHandler = self._see

    def _see(self, name: str, attributes: dict[str, str]) -> None:
        if not self.root:
            spaces = {key: value for key, value in attributes.items() if key.startswith("xmlns")}
            prefixes = [key[6:] for key, value in spaces.items() if value in (MAIN, STRICT)]
            self.root = name
            if _local(name) != "worksheet" or prefixes != [name.rpartition(":")[0]]:
                raise Refused("sheet-cannot-be-read")
        elif _local(name) == "sheetData":
            self.prefix = name.removesuffix("sheetData").encode()
            self.at = self.reader.CurrentByteIndex
            self.reader.StartElementHandler = None


class _Rows:
    """Takes the XML of rows as it comes and gives it away in slices that were looked through."""

    def __init__(self, prefix: bytes, *, ended: bool, size: int) -> None:
        self.words = _Words(prefix)
        self.size = size  # of a slice, about
        space = b"xmlns:" + prefix[:-1] if prefix else b"xmlns"
        self.before = b'<%bworksheet %b="%b"><%bsheetData>' % (prefix, space, MAIN.encode(), prefix)
        self.after = b"</%bsheetData></%bworksheet>" % (prefix, prefix)
        self.ended = ended
        self.buffer = bytearray()
        self.searched = 0
        self.row = 0  # the last one seen
        self.numbered: bool | None = None

    def take(self, block: bytes | bytearray) -> Iterator[Slice]:
        if self.ended:
            return
        self.buffer += block
        end = self.buffer.find(self.words.rows_end, self.searched)
        self.searched = max(0, len(self.buffer) - len(self.words.rows_end))
        if end >= 0:
            self.ended = True
            yield from self._give(end)
        elif len(self.buffer) >= self.size:
            cut = self.buffer.rfind(self.words.row_ends)
            if cut >= 0:
                yield from self._give(cut + len(self.words.row_ends))
            elif len(self.buffer) >= ROW_BYTES:
                raise Refused("sheet-holds-too-much", part=f"{self.row + 1}:{self.row + 1}")

    def _give(self, end: int) -> Iterator[Slice]:
        xml = bytes(self.buffer[:end])
        del self.buffer[:end]
        self.searched = 0
        if b"<!" in xml:  # a comment or CDATA, which could hide what the expressions look for
            raise Refused("sheet-cannot-be-read")
        usual = self._look_at_cells(xml)
        places = [(found.start(), self._number_of(found[1])) for found in self.words.row.finditer(xml)]
        cell = self.words.cell.search(xml)
        placed = bool(self.numbered) or (cell is not None and b"r" in _attributes(cell[1]))
        most = SLICE_CELLS // (702 if self.words.wide.search(xml) else 26)
        first = 0
        for place in range(1, len(places) + 1):
            if place == len(places) or places[place][1] - places[first][1] >= most:
                until = len(xml) if place == len(places) else places[place][0]
                piece = self.before + xml[places[first][0] : until] + self.after
                found = numbers.in_xml(piece, self.words.number) if usual else None
                yield Slice(piece, places[first][1], places[place - 1][1], placed, found)
                first = place

    def _number_of(self, attributes: bytes) -> int:
        """The number of a row. Rows follow each other; either all say their number or none does."""
        usual = USUAL_ROW.match(attributes)
        said = usual[1] if usual else _attributes(attributes).get(b"r")
        if self.numbered is None:
            self.numbered = said is not None
        if self.numbered != (said is not None):
            raise Refused("sheet-cannot-be-read")
        number = self.row + 1 if said is None else int(said) if said.isdigit() and len(said) < 10 else 0
        if number <= self.row:
            raise Refused("sheet-cannot-be-read")
        if number > LAST_ROW:
            raise Refused("sheet-goes-too-far", cell=f"A{number}", row=LAST_ROW, column=LAST_COLUMN)
        self.row = number
        return number

    def _look_at_cells(self, xml: bytes) -> bool:
        """Raise Refused for what may not stand there; True where every cell is written as nearly all are."""
        formulas = islice(self.words.formula.finditer(xml), CELLS_NAMED)
        if found := [self._cell_before(xml, formula.start()) for formula in formulas]:
            raise Refused("sheet-has-formulas", cells=", ".join(found))
        wrong: list[str] = []
        usual = True
        for odd in self.words.odd_cell.finditer(xml):
            usual, attributes = False, _attributes(odd[1])
            said = attributes.get(b"r", b"A1").decode(errors="backslashreplace")
            place = PLACE.fullmatch(said)
            if place is None:
                raise Refused("sheet-cannot-be-read")
            if len(place[1]) > len(LAST_COLUMN) or not 0 < int(place[2]) <= LAST_ROW:
                raise Refused("sheet-goes-too-far", cell=said, row=LAST_ROW, column=LAST_COLUMN)
            if attributes.get(b"t") == b"e":
                wrong.append(said)
        if wrong:
            raise Refused("sheet-has-errors", cells=", ".join(wrong[:CELLS_NAMED]))
        return usual

    def _cell_before(self, xml: bytes, at: int) -> str:
        """The name of the cell that a formula stands in, for people."""
        before = self.words.cell.findall(xml, max(0, at - CELL_BYTES), at)
        return _attributes(before[-1]).get(b"r", b"").decode(errors="backslashreplace") if before else ""


def _attributes(text: bytes) -> dict[bytes, bytes]:
    return {name: one or two for name, one, two in ATTRIBUTE.findall(text)}
