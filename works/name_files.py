"""The name bank as a CSV file: out, and in again with the same columns.

A row names its work, party or recording by reference and says one name. What stands already is left as it is, so the same
file twice changes nothing; so is a row whose state is `ended`. Rows with an error are told by row, column and reason, and
keep no other row back.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import StreamingHttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.accounts.access import Reader
from portal.accounts.models import User
from portal.files.models import StoredFile
from portal.files.services import discard_upload, path_of, store_upload
from portal.lib.errors import DomainError
from portal.lib.inert import read_inert, write_inert
from works import access
from works.catalogue.rows import RawRow, csv_rows, detect_encoding
from works.identifiers import parse_isrc
from works.models import (
    RECORDING_NUMBER,
    Party,
    PartyName,
    Recording,
    RecordingTitle,
    Script,
    Work,
    WorkTitle,
)
from works.naming import (
    AnyName,
    Named,
    NameIsBlank,
    NameIsTooLong,
    NewName,
    Speaker,
    add_names,
    longest_name,
    tidy_name,
)
from works.provenance import NameKind, NameQuerySet, NameSource, NameState

COLUMNS: Final = (
    *("name", "of", "ref", "called", "text", "script", "language", "kind", "state", "source", "said_by", "said_at"),
    *("note", "end_reason"),
)
REQUIRED: Final = ("of", "ref", "text", "kind")
OF: Final[Mapping[str, type[Any]]] = {"work": WorkTitle, "party": PartyName, "recording": RecordingTitle}
GOES_BY: Final = {"work": "title", "party": "name", "recording": "title"}
LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
LONGEST_LANGUAGE: Final = 10
MOST_ROWS: Final = 20_000
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


@dataclass(frozen=True, kw_only=True)
class ImportResult:
    """What became of a file: every row was added, known, ended (left out) or wrong."""

    rows: int
    added: int
    known: int
    ended: int
    problems: Sequence[NameProblem]

    @property
    def wrong(self) -> int:
        return len({problem.row_no for problem in self.problems})


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


@dataclass
class _Reading:
    """The rows of a file on their way: what each says, what is wrong, what is left out."""

    rows: int = 0
    ended: int = 0
    said: list[tuple[int, str, str, NewName]] = field(default_factory=list)  # row, of, ref, name
    problems: list[NameProblem] = field(default_factory=list)

    def note(self, row_no: int, column: str, value: str, code: str, **params: str | int) -> None:
        self.problems.append(NameProblem(row_no=row_no, column=column, value=value[:100], code=code, params=params))


def import_names(*, stream: BinaryIO | UploadedFile[Any], label: str, user: User) -> ImportResult:
    """Add the names of a file for the organisation the user speaks for. A file that adds nothing leaves nothing behind.

    Raises the refusals of portal.files.guards, NamesFileUnreadable, NamesHeadingWrong and NamesFileTooLong.
    """
    stored = store_upload(stream=stream, label=label, user=user, allowed=frozenset({"csv"}))
    try:
        reading = _read(stored)
    except DomainError:
        discard_upload(stored=stored)
        raise
    with transaction.atomic():
        named = _find(reading, user)
        speaker = access.speaker_of(user)
        added = _add(reading, named, speaker, stored)
    if not added:
        discard_upload(stored=stored)
    wrong = len({problem.row_no for problem in reading.problems})
    known = reading.rows - reading.ended - wrong - added
    problems = sorted(reading.problems, key=lambda problem: problem.row_no)
    return ImportResult(rows=reading.rows, added=added, known=known, ended=reading.ended, problems=problems)


def _read(stored: StoredFile) -> _Reading:
    path = path_of(stored)
    try:
        codec, _name = detect_encoding(path)
    except DomainError as error:
        raise NamesFileUnreadable from error
    lines = csv_rows(path, codec)
    columns = _heading(next(lines, None))
    reading = _Reading()
    for line in lines:
        if not any(cell.strip() for cell in line.cells):
            continue
        reading.rows += 1
        if reading.rows > MOST_ROWS:
            raise NamesFileTooLong(most=f"{MOST_ROWS:,}")
        _read_row(reading, line, columns)
    return reading


def _heading(row: RawRow | None) -> list[str]:
    columns = [] if row is None or row.code else [cell.strip().casefold() for cell in row.cells]
    wrong = [column for column in REQUIRED if column not in columns]
    wrong += [column for column in COLUMNS if columns.count(column) > 1]
    if wrong:
        raise NamesHeadingWrong(wrong=", ".join(wrong))
    return columns


def _read_row(reading: _Reading, line: RawRow, columns: Sequence[str]) -> None:
    row_no = line.row_no
    if line.code:
        reading.note(row_no, "", ",".join(line.cells), line.code)
        return
    cells = {column: read_inert(cell.strip()) for column, cell in zip(columns, line.cells, strict=False)}
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


def _find(reading: _Reading, user: Reader) -> dict[tuple[str, str], Named]:
    """What each reference names, as far as the user may name it; three statements. The others become problems."""
    refs: dict[str, set[str]] = {of: {ref for _, its, ref, _ in reading.said if its == of} for of in OF}
    found: dict[tuple[str, str], Named] = {}
    works: list[Work] = list(access.works_to_name(user).filter(ref__in=refs["work"]))
    parties: list[Party] = list(access.parties_to_name(user).filter(ref__in=refs["party"]))
    its_refs = refs["recording"]
    recordings: list[Recording] = list(access.recordings_to_name(user).filter(Recording.referred(its_refs)))
    by_ref = {("work", work.ref): work for work in works} | {("party", party.ref): party for party in parties}
    by_isrc = {recording.isrc: recording for recording in recordings if recording.isrc}
    by_number = {f"{RECORDING_NUMBER}{recording.pk}": recording for recording in recordings}
    kept = []
    for row_no, of, ref, name in reading.said:
        named: Named | None = by_ref.get((of, ref))
        if of == "recording":
            named = by_number.get(ref) or by_isrc.get(parse_isrc(ref).value)
        if named is None:
            reading.note(row_no, "ref", ref, "ref-unknown")
            continue
        found[of, ref] = named
        kept.append((row_no, of, ref, name))
    reading.said = kept
    return found


def _add(reading: _Reading, named: Mapping[tuple[str, str], Named], speaker: Speaker, stored: StoredFile) -> int:
    """How many were new. Names that the society took away are told as problems."""
    from_file = Speaker(source=NameSource.FILE, user=speaker.user, organisation=speaker.organisation, file=stored)
    asked = [(named[of, ref], name) for _, of, ref, name in reading.said]
    added = add_names(names=asked, speaker=from_file)
    new = {(type(name), name.named.pk, name.text) for name in added}
    _tell_taken_away(reading, named, new)
    return len(added)


def _tell_taken_away(
    reading: _Reading, named: Mapping[tuple[str, str], Named], new: set[tuple[type[AnyName], int, str]]
) -> None:
    """Rows that were neither added nor stand: somebody took the name away."""
    for of, table in OF.items():
        rows = [(row_no, named[of, ref], name) for row_no, its, ref, name in reading.said if its == of]
        ids = {subject.pk for _, subject, _ in rows}
        standing = set(
            table.objects.standing()
            .filter(**{f"{table.subject_field}__in": ids})
            .values_list(f"{table.subject_field}_id", "text")
        )
        for row_no, subject, name in rows:
            text = tidy_name(name.text, longest_name(subject))
            if (table, subject.pk, text) not in new and (subject.pk, text) not in standing:
                reading.note(row_no, "text", text, "taken-away")
