"""The name bank as a CSV file: out, and in again with the same columns.

A row names its work, party or recording by reference and says one name. What stands already is left as it is, so the same
file twice changes nothing; so is a row whose state is `ended`. Rows with an error are told by row, column and reason, and
keep no other row back. Who does it is name_imports.py.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import StreamingHttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.files.models import StoredFile
from portal.files.services import path_of
from portal.lib.errors import DomainError
from portal.lib.inert import read_inert, write_inert
from works.catalogue.base import POISON
from works.catalogue.rows import RawRow, csv_rows, detect_encoding
from works.models import NamesRow, NamesUpload, PartyName, RecordingTitle, Script, WorkTitle
from works.naming import NameIsBlank, NameIsTooLong, NewName, tidy_name
from works.provenance import NameKind, NameQuerySet, NameState

COLUMNS: Final = (
    *("name", "of", "ref", "called", "text", "script", "language", "kind", "state", "source", "said_by", "said_at"),
    *("note", "end_reason"),
)
ERROR: Final = "error"  # the first column of a file of rows to mend; whoever reads the file again passes over it
REQUIRED: Final = ("of", "ref", "text", "kind")
OF: Final[Mapping[str, type[Any]]] = {"work": WorkTitle, "party": PartyName, "recording": RecordingTitle}
GOES_BY: Final = {"work": "title", "party": "name", "recording": "title"}
LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
LONGEST_LANGUAGE: Final = 10
MOST_ROWS: Final = 20_000
LONGEST_CELL: Final = 1000  # of what is kept of a row to mend: three times the longest name
CHUNK: Final = 2000
BOM: Final = "\ufeff"  # without it Excel in Korea reads UTF-8 as something else

ERRORS: Final[Mapping[str, str | Promise]] = {
    "row-unreadable": _("The quotation marks of this row are not closed. Correct the row and send it again."),
    "row-too-long": _("This row is longer than a name with its reference can be. Correct the row and send it again."),
    "of-unknown": _("“%(value)s” is none of these: work, party, recording."),
    "ref-missing": _("Write the reference of the work or party, or the ISRC or REC- number of the recording."),
    "ref-unknown": _("There is no “%(value)s” of this kind that you may name. Copy the reference from its page."),
    "text-missing": _("Write the name."),
    "text-too-long": _("A name here has at most %(most)s characters. Write the name alone, without remarks."),
    "script-unknown": _("“%(value)s” is none of these: %(scripts)s. Leave it empty, and it is found from the letters."),
    "kind-unknown": _("“%(value)s” is none of these: %(kinds)s."),
    "language-malformed": _("“%(value)s” is not a language code such as ko, en or zh-Hans. Leave it empty if unsure."),
    POISON: _(
        "Our program failed on this row, so nothing was added from it. Nothing has to be wrong with the row: we have been told, "
        "and you can send it again when we have mended the program."
    ),
    "taken-away": _("“%(value)s” was disputed, and the society took it away. Ask the society, which may add it again."),
}


class NamesFileUnreadable(DomainError):
    code = "names-file-unreadable"
    sentence = _("This file cannot be read: its letters are neither UTF-8 nor the Korean CP949.")
    remedy = _("Save it again as “CSV UTF-8” and send it once more.")


class NamesHeadingWrong(DomainError):
    code = "names-heading-wrong"
    sentence = _("The first line of the file must name the columns, each once; this is wrong with it: %(wrong)s.")
    remedy = _("Export names from here and use the first line of that file.")


class NamesFileTooLong(DomainError):
    code = "names-file-too-long"
    sentence = _("A file of names has at most %(most)s rows. Nothing was taken from it.")
    remedy = _("Split it into several files and send them one after the other.")


@dataclass(frozen=True, kw_only=True)
class NameProblem:
    """What is wrong with one cell. row_no counts as a person does: the heading is 1."""

    row_no: int
    column: str
    value: str
    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """In the reader's language."""
        return str(ERRORS[self.code]) % {"value": self.value, **self.params}

    def as_json(self) -> dict[str, Any]:
        return {"column": self.column, "value": self.value, "code": self.code, "params": dict(self.params)}

    @classmethod
    def from_json(cls, row_no: int, stored: Mapping[str, Any]) -> NameProblem:
        return cls(row_no=row_no, **stored)


# ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Line:
    """Where csv.writer writes: it hands back each line instead of keeping it."""

    def write(self, text: str) -> str:
        return text


def file_of_names(querysets: Iterable[NameQuerySet]) -> StreamingHttpResponse:
    """These names as CSV, one a row, in the order of their numbers. The headers are for programs: always English."""
    response = StreamingHttpResponse(_lines(querysets), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="garak-names.csv"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def file_of_rows_to_mend(upload: NamesUpload) -> StreamingHttpResponse:
    """The rows to mend of a file as a file that is mended and sent again: what is wrong stands before each row."""
    response = StreamingHttpResponse(_lines_to_mend(upload), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{upload.ref}-to-mend.csv"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def problems_of(row: NamesRow) -> list[NameProblem]:
    return [NameProblem.from_json(row.row_no, stored) for stored in row.problems]


def _lines_to_mend(upload: NamesUpload) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield BOM + writer.writerow((ERROR, *COLUMNS))
    for row in NamesRow.objects.filter(upload=upload).order_by("row_no").iterator(chunk_size=CHUNK):
        error = " · ".join(problem.sentence for problem in problems_of(row))
        yield writer.writerow([write_inert(cell) for cell in (error, *(row.values.get(name, "") for name in COLUMNS))])


def _lines(querysets: Iterable[NameQuerySet]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield BOM + writer.writerow(COLUMNS)
    for names in querysets:
        related = (names.model.subject_field, "said_for")
        for name in names.with_state().select_related(*related).order_by("pk").iterator(chunk_size=CHUNK):
            yield writer.writerow([write_inert(cell) for cell in _cells(name)])


def _cells(name: Any) -> tuple[str, ...]:
    of = name.subject_field
    called = getattr(name.named, GOES_BY[of])
    said_for = name.said_for.name if name.said_for else ""
    return (
        *(
            name.number,
            of,
            name.named.ref,
            called,
            name.text,
            name.script,
            name.language,
            name.kind_word.value,
            name.state,
        ),
        *(name.source, said_for, name.said_at.isoformat(timespec="seconds"), name.note, name.end_reason),
    )


# ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(kw_only=True)
class Reading:
    """Rows of a file on their way: what each says, what is wrong, what is left out. Of a wrong row the cells are kept."""

    columns: Sequence[str]
    rows: int = 0
    ended: int = 0
    said: list[tuple[int, str, str, NewName]] = field(default_factory=list)  # row, of, ref, name
    cells: dict[int, dict[str, str]] = field(default_factory=dict)  # row → column → text
    problems: list[NameProblem] = field(default_factory=list)

    def note(self, row_no: int, column: str, value: str, code: str, **params: str | int) -> None:
        self.problems.append(NameProblem(row_no=row_no, column=column, value=value[:100], code=code, params=params))


def look_at(stored: StoredFile) -> list[int]:
    """The numbers of the rows of a file of names, but for empty ones, as a person counts: the heading is 1.

    Raises NamesFileUnreadable, NamesHeadingWrong, NamesFileTooLong.
    """
    lines = _lines_of(stored)
    _heading(next(lines, None))
    rows = [line.row_no for line in lines if not _is_empty(line)]
    if len(rows) > MOST_ROWS:
        raise NamesFileTooLong(most=f"{MOST_ROWS:,}")
    return rows


def read_names(stored: StoredFile, first: int, last: int) -> Reading:
    """The rows from one number to another, with what is wrong with them by themselves."""
    lines = _lines_of(stored)
    reading = Reading(columns=_heading(next(lines, None)))
    for line in lines:
        if line.row_no > last:
            break
        if line.row_no >= first and not _is_empty(line):
            reading.rows += 1
            _read_row(reading, line)
    return reading


def row_as_sent(stored: StoredFile, row_no: int) -> dict[str, str]:
    """The cells of one row, by column, without a look at what they say."""
    lines = _lines_of(stored)
    columns = _heading(next(lines, None))
    return next((_cells_as_sent(line, columns) for line in lines if line.row_no == row_no), {})


def _cells_as_sent(line: RawRow, columns: Sequence[str]) -> dict[str, str]:
    return {
        column: read_inert(cell.strip())[:LONGEST_CELL]
        for column, cell in zip(columns, line.cells, strict=False)
        if column in COLUMNS
    }


def _lines_of(stored: StoredFile) -> Iterator[RawRow]:
    path = path_of(stored)
    try:
        codec, _name = detect_encoding(path)
    except DomainError as error:
        raise NamesFileUnreadable from error
    return csv_rows(path, codec)


def _is_empty(line: RawRow) -> bool:
    return not any(cell.strip() for cell in line.cells)


def _heading(row: RawRow | None) -> list[str]:
    columns = [] if row is None or row.code else [cell.strip().casefold() for cell in row.cells]
    wrong = [column for column in REQUIRED if column not in columns]
    wrong += [column for column in COLUMNS if columns.count(column) > 1]
    if wrong:
        raise NamesHeadingWrong(wrong=", ".join(wrong))
    return columns


def _read_row(reading: Reading, line: RawRow) -> None:
    row_no = line.row_no
    cells = _cells_as_sent(line, reading.columns)
    reading.cells[row_no] = cells
    if line.code:
        reading.note(row_no, "", ",".join(line.cells), line.code)
        return
    if cells.get("state") == NameState.ENDED:
        reading.ended += 1
        return
    before = len(reading.problems)
    of, ref, kind = cells.get("of", "").casefold(), cells.get("ref", "").upper(), cells.get("kind", "").casefold()
    table = OF.get(of)
    if table is None:
        reading.note(row_no, "of", cells.get("of", ""), "of-unknown")
        return
    if not ref:
        reading.note(row_no, "ref", "", "ref-missing")
    kinds = list(table.KIND_CODES) or NameKind.values
    if kind not in kinds:
        reading.note(row_no, "kind", cells.get("kind", ""), "kind-unknown", kinds=", ".join(kinds))
    most = int(table._meta.get_field("text").max_length)
    try:
        text = tidy_name(cells.get("text", ""), most)
    except NameIsBlank:
        reading.note(row_no, "text", "", "text-missing")
    except NameIsTooLong:
        reading.note(row_no, "text", cells["text"], "text-too-long", most=most)
    script = cells.get("script", "").capitalize()
    if script and script not in Script.values:
        reading.note(row_no, "script", cells["script"], "script-unknown", scripts=", ".join(Script.values))
    language = cells.get("language", "")
    if language and (len(language) > LONGEST_LANGUAGE or not LANGUAGE.fullmatch(language)):
        reading.note(row_no, "language", language, "language-malformed")
    if len(reading.problems) == before:
        name = NewName(text=text, kind=kind, script=script, language=language, note=cells.get("note", "")[:300])
        reading.said.append((row_no, of, ref, name))
