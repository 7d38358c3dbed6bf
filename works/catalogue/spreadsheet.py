"""Our own CSV template: one row per party of a work. Forgiving about the order of columns, exact about values.

Every physical line is one row: no cell of a catalogue holds a line break, and a reader that allows them would let one
stray quotation mark swallow the rest of the file in silence.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

from works.catalogue.base import (
    PUBLISHER_ROLES,
    WRITER_ROLES,
    CatalogueColumnTwice,
    CatalogueHeadingWrong,
    CatalogueUnreadable,
    ParsedCatalogue,
    ParsedRecording,
    ParsedRow,
    ParsedShare,
    ParsedTitle,
    ParsedWork,
    ParseProblem,
)
from works.identifiers import Identifier, parse_ipi_name, parse_isrc, parse_iswc
from works.names.script import detect_script
from works.shares import WORLD, ShareFact, find_excess

COLUMNS: Final = (
    "work_ref", "title", "title_hanja", "title_zh", "title_latin", "iswc", "isrc", "performer", "party", "party_latin", "party_hanja",
    "ipi", "role", "society", "performing_share", "mechanical_share", "publisher_of", "territory", "from_date",
)  # fmt: skip
REQUIRED: Final = ("work_ref", "title", "party", "role")
SHARE_COLUMNS: Final = {"performing": "performing_share", "mechanical": "mechanical_share"}
OF_THE_WORK: Final = ("title", "title_hanja", "title_zh", "title_latin", "iswc")  # must agree in all rows of a work
LIMITS: Final = {
    "work_ref": 40, "title": 300, "title_hanja": 300, "title_zh": 300, "title_latin": 300, "performer": 300,
    "party": 200, "party_latin": 200, "party_hanja": 200, "publisher_of": 200,
}  # fmt: skip
LONGEST: Final = 1000  # of any other cell
FRACTION: Final = re.compile(r"(\d{1,9})\s*/\s*(\d{1,9})")
PERCENT: Final = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s*%")
LINE_END: Final = re.compile(r"\r\n|\r|\n")
DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
SINCE_EVER: Final = dt.date(1900, 1, 1)
ENCODINGS: Final = (("utf-8", "UTF-8"), ("cp949", "CP949"))

Problems = dict[int, list[ParseProblem]]


def template() -> bytes:
    """The empty template, with the mark that makes spreadsheet programs read it as UTF-8."""
    return ("\ufeff" + ",".join(COLUMNS) + "\r\n").encode()


def decode(data: bytes) -> tuple[str, str]:
    """The text and the name of its encoding: UTF-8 (with or without a mark), else Korean CP949, both strictly."""
    for codec, name in ENCODINGS:
        try:
            return data.decode(codec).removeprefix("\ufeff"), name
        except UnicodeDecodeError:
            continue
    raise CatalogueUnreadable


def look_at(data: bytes) -> tuple[str, int]:
    """Whether it is a catalogue at all: its encoding and the number of its lines. Raises what read_catalogue raises."""
    text, encoding = decode(data)
    _read_heading(LINE_END.split(text, 1)[0])
    return encoding, text.count("\n") or text.count("\r")


def read_catalogue(data: bytes) -> ParsedCatalogue:
    """Read a whole file. Raises CatalogueUnreadable, CatalogueHeadingWrong or CatalogueColumnTwice for what is no catalogue."""
    text, encoding = decode(data)
    lines = LINE_END.split(text)
    columns = _read_heading(lines[0])
    problems: Problems = defaultdict(list)
    rows = [
        row
        for row_no, line in enumerate(lines[1:], 2)
        if line.strip(", \t") and (row := _read_line(row_no, line, columns, problems))
    ]
    by_work: dict[str | int, list[ParsedRow]] = defaultdict(list)
    for row in rows:
        by_work[row.work_ref or row.row_no].append(row)  # a row without a number belongs to no other
    works = [work for its_rows in by_work.values() if (work := _read_work(its_rows, problems))]
    return ParsedCatalogue(
        encoding=encoding,
        rows=tuple(rows),
        works=tuple(works),
        problems={row_no: tuple(found) for row_no, found in problems.items()},
    )


def read_share(text: str) -> Fraction | None:
    """5/12, 50 % or 33.34%, exactly, from 0 to the whole; None for anything else (also for a number without its sign).

    >>> read_share("41.5 %")
    Fraction(83, 200)
    """
    if not text.isascii():
        return None
    if found := FRACTION.fullmatch(text):
        if not int(found[2]):
            return None
        share = Fraction(int(found[1]), int(found[2]))
    elif found := PERCENT.fullmatch(text):
        share = Fraction(Decimal(found[1])) / 100
    elif text == "0":
        return Fraction(0)
    else:
        return None
    return share if share <= 1 else None


def _read_heading(line: str) -> list[str]:
    try:
        columns = [_clean(cell).casefold() for cell in next(csv.reader([line], strict=True), [])]
    except csv.Error:
        columns = []
    missing = [column for column in REQUIRED if column not in columns]
    if not set(SHARE_COLUMNS.values()) & set(columns):
        missing.append(SHARE_COLUMNS["performing"])
    if missing:
        raise CatalogueHeadingWrong(missing=", ".join(missing))
    for column in COLUMNS:
        if columns.count(column) > 1:
            raise CatalogueColumnTwice(column=column)
    return columns


def _read_line(row_no: int, line: str, columns: list[str], problems: Problems) -> ParsedRow | None:
    try:
        cells = next(csv.reader([line], strict=True), [])
    except csv.Error:
        cells = line.split(",")  # only to show it, and to find the work it belongs to
        problems[row_no].append(
            ParseProblem(row_no=row_no, column="", value=_printable(line[:LONGEST]), code="row-unreadable")
        )
    else:
        if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
            params = {"cells": len(cells), "columns": len(columns)}
            problems[row_no].append(
                ParseProblem(row_no=row_no, column="", value="", code="too-many-cells", params=params)
            )
    values = {}
    for column, cell in zip(columns, cells, strict=False):
        if column not in COLUMNS:
            continue
        value = _clean(cell)
        if not value:
            continue
        shown = _printable(value)
        if shown != value:
            problems[row_no].append(
                ParseProblem(row_no=row_no, column=column, value=shown[:LONGEST], code="unprintable")
            )
        limit = LIMITS.get(column, LONGEST)
        if len(value) > limit:
            problem = ParseProblem(
                row_no=row_no, column=column, value=shown[:limit], code="too-long", params={"limit": limit}
            )
            problems[row_no].append(problem)
        values[column] = shown[:LONGEST]
    return (
        ParsedRow(row_no=row_no, work_ref=values.get("work_ref", "")[: LIMITS["work_ref"]], values=values)
        if values
        else None
    )


def _read_work(rows: Sequence[ParsedRow], problems: Problems) -> ParsedWork | None:
    """The work, or None when any of its rows has an error; then every row says so."""
    wrong = _wrong_rows(rows, problems)
    work = None if wrong else _WorkReader(rows, problems).read()  # cells that slipped out of their columns are not read
    wrong = wrong or _wrong_rows(rows, problems)
    if not wrong:
        return work
    numbers = ", ".join(map(str, wrong[:20]))
    for row in rows:
        if row.row_no not in wrong:
            problem = ParseProblem(
                row_no=row.row_no,
                column="work_ref",
                value=row.work_ref,
                code="work-has-errors",
                params={"rows": numbers},
            )
            problems[row.row_no].append(problem)
    return None


def _wrong_rows(rows: Sequence[ParsedRow], problems: Problems) -> list[int]:
    return [row.row_no for row in rows if any(not problem.is_warning for problem in problems.get(row.row_no, ()))]


class _WorkReader:
    """Reads the rows of one work and notes what is wrong with them."""

    def __init__(self, rows: Sequence[ParsedRow], problems: Problems) -> None:
        self.rows = rows
        self.problems = problems

    def read(self) -> ParsedWork:
        of_work = self._read_columns_of_the_work()
        shares = [self._read_share_row(row) for row in self.rows]
        self._check_links(shares)
        self._check_sums(shares)
        return ParsedWork(
            work_ref=self.rows[0].work_ref,
            row_nos=tuple(row.row_no for row in self.rows),
            titles=_titles(of_work),
            iswc=of_work.get("iswc", ""),
            recordings=self._read_recordings(),
            shares=tuple(shares),
        )

    def _note(self, row: ParsedRow, column: str, code: str, **params: str | int) -> None:
        value = row.values.get(column, "")
        self.problems[row.row_no].append(
            ParseProblem(row_no=row.row_no, column=column, value=value, code=code, params=params)
        )

    def _read_columns_of_the_work(self) -> dict[str, str]:
        found: dict[str, str] = {}
        first: dict[str, ParsedRow] = {}
        for row in self.rows:
            for column in OF_THE_WORK:
                value = row.values.get(column, "")
                if value and column == "iswc":
                    value = self._read_identifier(row, column, parse_iswc)
                if not value:
                    continue
                if column not in found:
                    found[column], first[column] = value, row
                elif found[column] != value:
                    shown = first[column].values[column]
                    self._note(row, column, "differs-within-work", first=shown, first_row=first[column].row_no)
        for column in ("work_ref", "title"):
            if not (found.get(column) or self.rows[0].values.get(column)):
                self._note(self.rows[0], column, "value-missing")
        return found

    def _read_identifier(self, row: ParsedRow, column: str, parse: Callable[[str], Identifier]) -> str:
        """The stored form, or "" with a problem noted."""
        text = row.values.get(column, "")
        if not text:
            return ""
        identifier = parse(text)
        if not identifier.well_formed:
            self._note(row, column, f"{column}-malformed")
            return ""
        if not identifier.check_ok:
            self._note(row, column, f"{column}-check-digit")
        return identifier.value

    def _read_recordings(self) -> tuple[ParsedRecording, ...]:
        """Each ISRC once, and each performer without an ISRC once; a row may leave the performer to an earlier one."""
        found: dict[tuple[str, str], ParsedRecording] = {}
        performer = ""
        for row in self.rows:
            performer = row.values.get("performer", performer)
            isrc = self._read_identifier(row, "isrc", parse_isrc)
            if not isrc and "performer" not in row.values:
                continue
            key = (isrc, "") if isrc else ("", performer)
            found.setdefault(key, ParsedRecording(row_no=row.row_no, isrc=isrc, performer=performer))
        named = {recording.performer for recording in found.values() if recording.isrc}
        return tuple(recording for recording in found.values() if recording.isrc or recording.performer not in named)

    def _read_share_row(self, row: ParsedRow) -> ParsedShare:
        values = row.values
        role = values.get("role", "").upper()
        if not values.get("party"):
            self._note(row, "party", "value-missing")
        if not role:
            self._note(row, "role", "value-missing")
        elif role not in WRITER_ROLES | PUBLISHER_ROLES:
            self._note(row, "role", "role-unknown", roles=", ".join(sorted(WRITER_ROLES | PUBLISHER_ROLES)))
        shares = {right: self._read_fraction(row, column) for right, column in SHARE_COLUMNS.items()}
        if not any(values.get(column) for column in SHARE_COLUMNS.values()):
            self._note(row, "performing_share", "share-missing")
        return ParsedShare(
            row_no=row.row_no,
            party=values.get("party", ""),
            party_latin=values.get("party_latin", ""),
            party_hanja=values.get("party_hanja", ""),
            ipi=self._read_identifier(row, "ipi", parse_ipi_name),
            role=role,
            society=values.get("society", ""),
            performing=shares["performing"],
            mechanical=shares["mechanical"],
            publisher_of=values.get("publisher_of", ""),
            territory=self._read_territory(row),
            from_date=self._read_date(row),
        )

    def _read_fraction(self, row: ParsedRow, column: str) -> Fraction:
        text = row.values.get(column, "")
        share = read_share(text) if text else Fraction(0)
        if share is None:
            self._note(row, column, "share-unreadable")
            return Fraction(0)
        return share

    def _read_territory(self, row: ParsedRow) -> int:
        text = row.values.get("territory", "")
        if not text:
            return WORLD
        code = int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0
        if not (4 <= code <= 894 or 2100 <= code <= WORLD):  # countries by their ISO number; groups of them
            self._note(row, "territory", "territory-unknown")
            return WORLD
        return code

    def _read_date(self, row: ParsedRow) -> dt.date:
        text = row.values.get("from_date", "")
        if not text:
            return SINCE_EVER
        try:
            if DATE.fullmatch(text):
                return dt.date.fromisoformat(text)
        except ValueError:
            pass  # a thirteenth month: said below like any other text that is no date
        self._note(row, "from_date", "date-malformed")
        return SINCE_EVER

    def _check_links(self, shares: Sequence[ParsedShare]) -> None:
        writers = {share.party for share in shares if share.role in WRITER_ROLES}
        first: dict[tuple[object, ...], int] = {}
        for row, share in zip(self.rows, shares, strict=True):
            if share.publisher_of and share.role in WRITER_ROLES:
                self._note(row, "publisher_of", "publisher-of-by-writer")
            elif share.publisher_of and share.publisher_of not in writers:
                self._note(row, "publisher_of", "publisher-of-nobody")
            key = (share.party, share.ipi, share.role, share.publisher_of, share.territory, share.from_date)
            if share.party and first.setdefault(key, row.row_no) != row.row_no:
                self._note(row, "party", "party-twice", first_row=first[key])

    def _check_sums(self, shares: Sequence[ParsedShare]) -> None:
        """The first right, territory and day above the whole, said in the last row that adds to it."""
        for right, column in SHARE_COLUMNS.items():
            facts = [_fact(share, right) for share in shares if getattr(share, right)]
            excess = find_excess(facts)
            if excess:
                row = next(row for row in reversed(self.rows) if row.values.get(column))
                self._note(row, column, "sum-over-whole", total=str(excess.total))


def _fact(share: ParsedShare, right: str) -> ShareFact:
    return ShareFact(share.row_no, 0, right, share.territory, getattr(share, right), share.from_date, None, share.role)


def _titles(values: Mapping[str, str]) -> tuple[ParsedTitle, ...]:
    """The titles of a work, each text once, the original one first."""
    found: dict[str, ParsedTitle] = {}
    for column, kind in (("title", "OT"), ("title_hanja", "AT"), ("title_zh", "TT"), ("title_latin", "AT")):
        text = values.get(column, "")
        if text and text not in found:
            found[text] = read_title(text, kind=kind, column=column)
    return tuple(found.values())


def read_title(text: str, *, kind: str, column: str = "title") -> ParsedTitle:
    """A title with its script and language, as far as script and column tell them."""
    script = detect_script(text)
    if column == "title_hanja" and script in {"Hans", "Hant"}:
        script = "Hani"
    if column == "title_zh" and script == "Hani":  # the same characters in both forms
        script = "Hans"
    if column == "title_hanja" or script == "Hang":
        language = "ko"
    elif column == "title_zh" or script in {"Hans", "Hant"}:
        language = "zh"
    elif script == "Jpan":
        language = "ja"
    else:
        language = ""
    return ParsedTitle(text=text, kind=kind, script=script, language=language)


def _clean(cell: str) -> str:
    """One way of writing the same text: composed letters (files from a Mac are not), blanks squeezed."""
    return " ".join(unicodedata.normalize("NFC", cell).split())


def _printable(text: str) -> str:
    """The text with a mark in place of each control character, which the database would refuse."""
    if text.isprintable():
        return text
    return "".join("\ufffd" if unicodedata.category(letter) in {"Cc", "Cs"} else letter for letter in text)
