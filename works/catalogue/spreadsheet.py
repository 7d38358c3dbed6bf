"""The columns of our own template, and the rules by which its rows are read: one row per party of a work.

Forgiving about the order of columns and about further ones, exact about values. CSV files and spreadsheets are read by
the same rules: works.catalogue.rows makes both into rows of texts.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

from portal.lib.inert import read_inert
from works.catalogue.base import (
    PUBLISHER_ROLES,
    WRITER_ROLES,
    CatalogueColumnTwice,
    CatalogueHeadingWrong,
    ParsedCatalogue,
    ParsedRecording,
    ParsedRow,
    ParsedShare,
    ParsedTitle,
    ParsedWork,
    ParseProblem,
)
from works.catalogue.rows import RawRow
from works.durations import read_duration
from works.identifiers import Identifier, parse_ipi_name, parse_isrc, parse_iswc
from works.names.script import detect_script
from works.shares import WORLD, ShareFact, find_excess

COLUMNS: Final = (
    "work_ref", "title", "title_hanja", "title_zh", "title_latin", "iswc", "isrc", "performer", "album", "duration", "party",
    "party_latin", "party_hanja", "ipi", "role", "society", "performing_share", "mechanical_share", "publisher_of", "territory", "from_date",
)  # fmt: skip
SHARE_COLUMNS: Final = {"performing": "performing_share", "mechanical": "mechanical_share"}
TEXT_COLUMNS: Final = frozenset(COLUMNS) - {*SHARE_COLUMNS.values(), "from_date", "duration"}
REQUIRED: Final = ("work_ref", "title", "party", "role")
OF_THE_WORK: Final = ("title", "title_hanja", "title_zh", "title_latin", "iswc")  # must agree in all rows of a work
LIMITS: Final = {
    "work_ref": 40, "title": 300, "title_hanja": 300, "title_zh": 300, "title_latin": 300, "performer": 300, "album": 300,
    "party": 200, "party_latin": 200, "party_hanja": 200, "publisher_of": 200,
}  # fmt: skip
LONGEST: Final = 1000  # of any other cell
FRACTION: Final = re.compile(r"(\d{1,9})\s*/\s*(\d{1,9})")
PERCENT: Final = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s*%")
BARE_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)?", re.ASCII)
# What spreadsheet programs make of 5/12: a day, a month of a year (7/32), a time, in the way of writing of their country.
A_DAY: Final = re.compile(
    r"\d{4}[-./]\s?\d{1,2}[-./]\s?\d{1,2}\.?(?:[T ].*)?|\d{1,2}-[A-Za-z]{3}|[A-Za-z]{3}-\d{2}|(?:\d{4}[년年]\s?)?\d{1,2}[월月](?:\s?\d{1,2}[일日])?",
    re.ASCII,
)
# 1.23457E+11 in a saved CSV, 1234567890123450.0 from a sheet: the digits that are missing are gone.
LOST_DIGITS: Final = re.compile(r"\d(?:\.\d+)?[eE]\+\d{2,}|\d{15,}\.0", re.ASCII)
DATE: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?: 00:00:00)?", re.ASCII)
SINCE_EVER: Final = dt.date(1900, 1, 1)

NOT_TAKEN_APART: Final = frozenset({"row-unreadable", "row-too-long", "too-many-cells"})

Problems = dict[int, list[ParseProblem]]


def read_heading(row: RawRow | None) -> list[str]:
    """The names of the columns, in the file's order. Raises CatalogueHeadingWrong or CatalogueColumnTwice."""
    columns = [] if row is None or row.code else [_clean(cell).casefold() for cell in row.cells]
    missing = [column for column in REQUIRED if column not in columns]
    if not set(SHARE_COLUMNS.values()) & set(columns):
        missing.append(SHARE_COLUMNS["performing"])
    if missing:
        raise CatalogueHeadingWrong(missing=", ".join(missing))
    for column in COLUMNS:
        if columns.count(column) > 1:
            raise CatalogueColumnTwice(column=column)
    return columns


def read_rows(rows: Iterable[RawRow], columns: Sequence[str]) -> Iterable[tuple[ParsedRow, list[ParseProblem]]]:
    """Each row that is not blank by its columns, with what is wrong with its texts as such."""
    for row in rows:
        if any(cell.strip() for cell in row.cells):
            parsed, problems = _read_row(row, columns)
            if parsed.values or problems:  # else only columns that are not ours are filled
                yield parsed, problems


def read_works(rows: Iterable[ParsedRow], problems: Problems) -> ParsedCatalogue:
    """The works of these rows, which must be all rows of each of them. Adds to `problems`, by row."""
    kept = tuple(rows)
    by_work: dict[str | int, list[ParsedRow]] = defaultdict(list)
    for row in kept:
        by_work[row.work_ref or row.row_no].append(row)  # a row without a number belongs to no other
    works = [work for its_rows in by_work.values() if (work := _read_work(its_rows, problems))]
    return ParsedCatalogue(
        rows=kept, works=tuple(works), problems={row_no: tuple(found) for row_no, found in problems.items() if found}
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


def _read_row(row: RawRow, columns: Sequence[str]) -> tuple[ParsedRow, list[ParseProblem]]:
    problems: list[ParseProblem] = []

    def note(code: str, *, column: str = "", value: str = "", **params: str | int) -> None:
        problems.append(ParseProblem(row_no=row.row_no, column=column, value=value, code=code, params=params))

    surplus = [cell for cell in row.cells[len(columns) :] if cell.strip()]
    if row.code:
        note(row.code, value=printable(",".join(row.cells)[:LONGEST]))
    elif surplus:
        note(
            "too-many-cells", value=printable(", ".join(surplus)[:LONGEST]), cells=len(row.cells), columns=len(columns)
        )
    values = {}
    for place, (column, cell) in enumerate(zip(columns, row.cells, strict=False)):
        if column not in COLUMNS or not (value := read_inert(_clean(cell))):
            continue
        shown = printable(value)
        if shown != value:
            note("unprintable", column=column, value=shown[:LONGEST])
        limit = LIMITS.get(column, LONGEST)
        if len(value) > limit:
            note("too-long", column=column, value=shown[:limit], limit=limit)
        if column in TEXT_COLUMNS and LOST_DIGITS.fullmatch(value):
            note("digits-lost", column=column, value=shown)
        if column in TEXT_COLUMNS and place in row.dates:
            note("text-is-a-date", column=column, value=shown)
        values[column] = shown[:LONGEST]
    work_ref = values.get("work_ref", "")[: LIMITS["work_ref"]]
    return ParsedRow(row_no=row.row_no, work_ref=work_ref, values=values), problems


def _read_work(rows: Sequence[ParsedRow], problems: Problems) -> ParsedWork | None:
    """The work, or None when any of its rows has an error; then every row says so."""
    slipped = any(problem.code in NOT_TAKEN_APART for row in rows for problem in problems.get(row.row_no, ()))
    work = (
        None if slipped else _WorkReader(rows, problems).read()
    )  # cells that slipped out of their columns are not read
    wrong = _wrong_rows(rows, problems)
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
        """Only the first thing that is wrong with a cell: the others follow from it."""
        found = self.problems[row.row_no]
        if all(problem.column != column or problem.is_warning for problem in found):
            value = row.values.get(column, "")
            found.append(ParseProblem(row_no=row.row_no, column=column, value=value, code=code, params=params))

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
        """Each ISRC once, and each performer without an ISRC once; a row may leave the performer to an earlier one. Album and
        duration are those of the recording of their row, or of the last above it; of several the first counts.
        """
        found: dict[tuple[str, str], ParsedRecording] = {}
        performer = ""
        key: tuple[str, str] | None = None
        for row in self.rows:
            performer = row.values.get("performer", performer)
            isrc = self._read_identifier(row, "isrc", parse_isrc)
            if isrc or "performer" in row.values:
                key = (isrc, "") if isrc else ("", performer)
                found.setdefault(key, ParsedRecording(row_no=row.row_no, isrc=isrc, performer=performer))
            album, duration = row.values.get("album", ""), self._read_duration(row)
            if not (album or duration):
                continue
            if key is None:
                self._note(row, "album" if album else "duration", "recording-missing")
                continue
            so_far = found[key]
            found[key] = replace(
                so_far, album=so_far.album or album, duration_seconds=so_far.duration_seconds or duration
            )
        named = {recording.performer for recording in found.values() if recording.isrc}
        return tuple(recording for recording in found.values() if recording.isrc or recording.performer not in named)

    def _read_duration(self, row: ParsedRow) -> int | None:
        text = row.values.get("duration", "")
        seconds = read_duration(text) if text else None
        if text and not seconds:
            self._note(row, "duration", "duration-malformed")
        return seconds

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
            self._note(row, column, _why_no_share(text))
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
            if found := DATE.fullmatch(text):  # the midnight is that of a cell which holds a date
                return dt.date.fromisoformat(found[1])
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


def _why_no_share(text: str) -> str:
    """The problem's code: what spreadsheet programs do to shares has a sentence of its own, with the way back."""
    if A_DAY.fullmatch(text):
        return "share-is-a-date"
    return "share-is-a-number" if BARE_NUMBER.fullmatch(text) else "share-unreadable"


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


def printable(text: str) -> str:
    """The text with a mark in place of each control character, which the database would refuse."""
    if text.isprintable():
        return text
    return "".join("\ufffd" if unicodedata.category(letter) in {"Cc", "Cs"} else letter for letter in text)
