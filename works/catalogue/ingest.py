"""From a file to the register: read → parties → works, works, … Each step is a chunk of portal.jobs.

Reading stores every row of the file with the number of its work; then a chunk after the other registers some works and
ends their rows, in one transaction. A chunk adds the one that follows it, so that the second sees the works and parties
of the first, as if the whole file were registered at once: how many works a chunk has changes nothing but the speed.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.db.models import Count, Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_noop

from portal.accounts.access import society_staff
from portal.accounts.models import Organisation
from portal.files.guards import extension_of
from portal.files.models import StoredFile
from portal.files.services import path_of
from portal.files.sheets import SheetIsMissing, SheetsAreSeveral, SpooledSheet, spool_sheet
from portal.jobs.models import Job
from portal.jobs.services import NewChunk, Stage, Stopped, Work as JobWork, add_chunks
from portal.notices.services import notify
from works.catalogue.additions import Source
from works.catalogue.base import (
    POISON,
    PUBLISHER_ROLES,
    REFUSALS,
    SHEET,
    CatalogueSheetIsFull,
    CatalogueSheetsAreSeveral,
    ParsedCatalogue,
    ParsedRow,
    ParseProblem,
)
from works.catalogue.bulk import copy_rows
from works.catalogue.register import CatalogueRegistration
from works.catalogue.rows import ENCODINGS, RawRow, csv_rows, detect_encoding, sheet_rows
from works.catalogue.spreadsheet import read_heading, read_rows, read_works
from works.identifiers import parse_ipi_name
from works.models import CatalogueRow, CatalogueUpload, Party

WORKS_AT_ONCE: Final = 1000
PIECES: Final = 16  # into which the works of a chunk that ends its workers are cut, so that a thousand take three cuts
MANY_WORKS: Final = 2000  # from here on the planner must be told of the new sizes
LOCK_TIMEOUT: Final = "10min"  # uploads of one publisher wait for each other

REFUSED: Final = gettext_noop("The catalogue “%(file)s” cannot be read. Nothing of it was registered.")
POISONED: Final = gettext_noop("Our program failed on a work of the catalogue “%(file)s” and left it out.")
STOPPED: Final = gettext_noop("The work on the catalogue “%(file)s” has stopped before all of it was registered.")


# ── read: every row of the file is stored ───────────────────────────────────────────────────────────────────────────────


def look_at(stored: StoredFile, encoding: str = "") -> str:
    """Whether a CSV file is a catalogue at all; the name of its encoding (the given one, if any), nothing for a spreadsheet.

    Raises CatalogueUnreadable, CatalogueEncodingWrong, CatalogueHeadingWrong, CatalogueColumnTwice.
    """
    if extension_of(stored.label) != "csv":
        return ""
    codec, encoding = detect_encoding(path_of(stored), encoding)
    read_heading(next(csv_rows(path_of(stored), codec), None))
    return encoding


def prepare_reading(work: JobWork) -> tuple[str, Path]:
    """The codec of the lines, or nothing for a spreadsheet, and where they lie."""
    upload = CatalogueUpload.objects.select_related("file").get(pk=work.job.subject_id)
    path = path_of(upload.file, keep=work.keep)
    if extension_of(upload.file.label) == "csv":
        return ENCODINGS[upload.encoding], path
    spool = Path(settings.PORTAL_DATA_DIR) / "spool" / f"{work.job.pk}-{work.attempt}.jsonl"
    try:
        sheet = spool_sheet(path, spool, keep=work.keep, sheet=SHEET, with_dates=True)
    except SheetIsMissing:
        sheet = _spool_only_sheet(path, spool, work)
    if sheet.is_full:
        spool.unlink()
        raise CatalogueSheetIsFull
    return "", spool


def _spool_only_sheet(path: Path, spool: Path, work: JobWork) -> SpooledSheet:
    """A workbook that was not made from our template may call its sheet as it likes, but then it has only one."""
    try:
        return spool_sheet(path, spool, keep=work.keep, with_dates=True)
    except SheetsAreSeveral as error:
        raise CatalogueSheetsAreSeveral(sheet=SHEET, **error.params) from error


def work_reading(work: JobWork, prepared: tuple[str, Path]) -> None:
    codec, path = prepared
    upload = CatalogueUpload.objects.get(pk=work.job.subject_id)
    if codec:
        _store_rows(upload, csv_rows(path, codec))
        return
    try:
        with path.open(encoding="utf-8") as lines:
            _store_rows(upload, sheet_rows(lines))
    finally:
        path.unlink()  # another attempt makes its own


def _store_rows(upload: CatalogueUpload, lines: Iterator[RawRow]) -> None:
    columns = read_heading(next(lines, None))
    works = _WorkNumbers()
    copy_rows(
        CatalogueRow,
        ["upload", "row_no", "work_no", "values", "outcome", "problems"],
        (
            (upload.pk, row.row_no, works.number_of(row), _json(dict(row.values)), CatalogueRow.Outcome.WAITING,
             _json([problem.as_json() for problem in problems]))
            for row, problems in read_rows(lines, columns)
        ),
    )  # fmt: skip
    upload.rows, upload.works = works.rows, works.works
    upload.ipis = _names_with_and_without_ipi(upload)
    upload.save(update_fields=["rows", "works", "ipis"])


class _WorkNumbers:
    """Works counted from 1 in the order of their first rows. A row without a reference is a work of its own."""

    def __init__(self) -> None:
        self.rows = self.works = 0
        self._numbers: dict[str, int] = {}

    def number_of(self, row: ParsedRow) -> int:
        self.rows += 1
        number = self._numbers.get(row.work_ref) if row.work_ref else None
        if number is None:
            self.works += 1
            number = self.works
            if row.work_ref:
                self._numbers[row.work_ref] = number
        return number


NAMES: Final = """
    SELECT kind, name, array_agg(DISTINCT ipi) FILTER (WHERE ipi IS NOT NULL) FROM (
        SELECT CASE WHEN upper("values" ->> 'role') = ANY(%s) THEN %s ELSE %s END AS kind,
            "values" ->> 'party' AS name, "values" ->> 'ipi' AS ipi
        FROM works_cataloguerow WHERE upload_id = %s AND "values" ? 'party') AS party
    GROUP BY kind, name HAVING bool_or(ipi IS NULL) AND bool_or(ipi IS NOT NULL)"""


def _names_with_and_without_ipi(upload: CatalogueUpload) -> dict[str, dict[str, list[str]]]:
    """Kind → name → IPIs, for names that stand in rows with an IPI and in others without."""
    found: dict[str, dict[str, list[str]]] = {Party.Kind.WRITER: {}, Party.Kind.PUBLISHER: {}}
    with connection.cursor() as cursor:
        cursor.execute(NAMES, [list(PUBLISHER_ROLES), Party.Kind.PUBLISHER, Party.Kind.WRITER, upload.pk])
        for kind, name, texts in cursor.fetchall():
            numbers = [parse_ipi_name(text) for text in texts]
            ipis = sorted({number.value for number in numbers if number.well_formed})
            if ipis:
                found[kind][name] = ipis
    return found


def then_parties(job: Job) -> str:
    upload = CatalogueUpload.objects.get(pk=job.subject_id)
    if any(upload.ipis.values()):
        add_chunks(job, "parties", [NewChunk({})])
        return "parties"
    return then_register(job)


# ── parties: IPIs of the file reach the parties they belong to, before a name alone is looked up ────────────────────────


def work_parties(work: JobWork, _prepared: None) -> None:
    """A name without an IPI may mean a party that gets its IPI in a later chunk; so those are dealt with first."""
    upload, registration = _begin(work.job)
    names = [name for named in upload.ipis.values() for name in named]
    rows = CatalogueRow.objects.filter(upload=upload, values__has_key="ipi", values__party__in=names)
    numbers = iter(rows.order_by("work_no").values_list("work_no", flat=True).distinct())
    while some := list(islice(numbers, WORKS_AT_ONCE)):
        registration.find_parties(_read(upload, Q(work_no__in=some)).works)


# ── works: some of them, and how each of their rows ended ──────────────────────────────────────────────────────────────


def then_register(job: Job) -> str:
    _add_next(job, CatalogueUpload.objects.get(pk=job.subject_id), after=0)
    return "works"


def prepare_registering(work: JobWork) -> ParsedCatalogue:
    return _read(CatalogueUpload.objects.get(pk=work.job.subject_id), _works_of(work))


def work_registering(work: JobWork, catalogue: ParsedCatalogue) -> None:
    upload, registration = _begin(work.job)
    registration.register(catalogue)
    _end_rows(upload, catalogue.rows, registration)
    _settle_earlier_rows(upload, {row.work_ref for row in catalogue.rows if row.work_ref})
    upload.registered += registration.works[CatalogueRow.Outcome.REGISTERED]
    upload.save(update_fields=["registered"])
    _go_on(work, upload)


def cut_works(work: JobWork) -> list[NewChunk]:
    """The works of a chunk in sixteen shares, or nothing when it is one. The last share goes on to the works that follow."""
    after, upto = work.payload["after"], work.payload["upto"]
    if upto - after <= 1:
        return []
    rows = CatalogueRow.objects.filter(_works_of(work), upload_id=work.job.subject_id).order_by()
    rows_of = dict(rows.values_list("work_no").annotate(Count("pk")))
    size = -(-(upto - after) // PIECES)
    pieces = []
    for start in range(after, upto, size):
        end = min(start + size, upto)
        payload = {"after": start, "upto": end, "goes_on": work.payload["goes_on"] and end == upto}
        pieces.append(NewChunk(payload, units=sum(rows_of.get(number, 0) for number in range(start + 1, end + 1))))
    return pieces


def leave_work_out(work: JobWork) -> None:
    """The only work of a chunk ends its workers: its rows say so, and the file goes on."""
    upload, _registration = _begin(work.job)
    rows = CatalogueRow.objects.filter(_works_of(work), upload=upload, outcome=CatalogueRow.Outcome.WAITING)
    problem = ParseProblem(row_no=0, column="", value="", code=POISON)
    rows.update(outcome=CatalogueRow.Outcome.TO_MEND, problems=[problem.as_json()])
    notify(
        users=society_staff(),
        sentence=POISONED,
        params={"file": upload.file.label},
        url=reverse("works:upload", args=[upload.ref]),
    )
    _go_on(work, upload)


def then_done(job: Job) -> None:
    upload = CatalogueUpload.objects.get(pk=job.subject_id)
    upload.finished_at = timezone.now()
    upload.save(update_fields=["finished_at"])
    if upload.works >= MANY_WORKS:
        with connection.cursor() as cursor:
            cursor.execute("SELECT works_analyze()")


def _begin(job: Job) -> tuple[CatalogueUpload, CatalogueRegistration]:
    """The upload, and its registration while no other upload of this publisher registers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
    upload = CatalogueUpload.objects.get(pk=job.subject_id)
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=upload.organisation_id)
    source = Source(
        organisation_id=organisation.pk,
        actor_id=upload.uploaded_by_id,
        reason=upload.ref,
        at=timezone.now(),
        data={"upload": upload.ref},
    )
    return upload, CatalogueRegistration(organisation=organisation, source=source, ipis=upload.ipis)


def _works_of(work: JobWork) -> Q:
    """The works of a chunk."""
    return _numbered(work.payload["after"], work.payload["upto"])


def _numbered(after: int, upto: int) -> Q:
    return Q(work_no__gt=after, work_no__lte=upto)


def _go_on(work: JobWork, upload: CatalogueUpload) -> None:
    """To the works that follow those of a chunk, if it is the one to do so and there are any."""
    if work.payload["goes_on"] and work.payload["upto"] < upload.works:
        _add_next(work.job, upload, after=work.payload["upto"])


def _add_next(job: Job, upload: CatalogueUpload, *, after: int) -> None:
    upto = after + WORKS_AT_ONCE
    rows = CatalogueRow.objects.filter(_numbered(after, upto), upload=upload).count()
    Job.objects.select_for_update().get(pk=job.pk)  # a chunk may be cut meanwhile, and its pieces are numbered too
    last = job.chunks.filter(stage="works").aggregate(last=Max("ordinal"))["last"]
    chunk = NewChunk({"after": after, "upto": min(upto, upload.works), "goes_on": True}, units=rows)
    add_chunks(job, "works", [chunk], first=0 if last is None else last + 1)


def _read(upload: CatalogueUpload, which: Q) -> ParsedCatalogue:
    """Rows of the upload, taken from the database, as works."""
    rows: list[ParsedRow] = []
    problems: dict[int, list[ParseProblem]] = defaultdict(list)
    stored = CatalogueRow.objects.filter(which, upload=upload).order_by("row_no")
    for row_no, values, found in stored.values_list("row_no", "values", "problems"):
        rows.append(ParsedRow(row_no=row_no, work_ref=values.get("work_ref", "")[:40], values=values))
        if found:
            problems[row_no] = [ParseProblem.from_json(row_no, each) for each in found]
    return read_works(rows, problems)


END: Final = """
    UPDATE works_cataloguerow r SET outcome = e.outcome, problems = e.problems::jsonb, work_id = e.work_id
    FROM unnest(%s::int[], %s::text[], %s::text[], %s::bigint[]) AS e (row_no, outcome, problems, work_id)
    WHERE r.upload_id = %s AND r.row_no = e.row_no AND r.outcome = 'waiting'"""


def _end_rows(upload: CatalogueUpload, rows: Sequence[ParsedRow], registration: CatalogueRegistration) -> None:
    ended = [registration.ended[row.row_no] for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(
            END,
            [
                [row.row_no for row in rows],
                [each.outcome for each in ended],
                [_json([problem.as_json() for problem in registration.problems.get(row.row_no, ())]) for row in rows],
                [each.work_id for each in ended],
                upload.pk,
            ],
        )


SETTLE: Final = """
    UPDATE works_cataloguerow r SET outcome = 'sent_again', sent_again_in_id = %s
    FROM works_catalogueupload u
    WHERE u.id = r.upload_id AND u.organisation_id = %s AND u.id < %s
        AND r.outcome = 'to_mend' AND r."values" ->> 'work_ref' = ANY(%s)"""


def _settle_earlier_rows(upload: CatalogueUpload, work_refs: set[str]) -> None:
    """What this publisher had to mend in earlier files and sends again: from now on this upload tells how it ended."""
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, [upload.pk, upload.organisation_id, upload.pk, sorted(work_refs)])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


# ── the job ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def work_stopped(job: Job, reason: Stopped) -> None:
    """A file that cannot be read concerns whoever sent it; work that stopped concerns staff too."""
    upload = CatalogueUpload.objects.select_related("file", "uploaded_by").get(pk=job.subject_id)
    refused = reason.code in REFUSALS
    if refused:
        upload.error_code, upload.error_params = reason.code, reason.params
        upload.save(update_fields=["error_code", "error_params"])
    notify(
        users=[*([] if refused else society_staff()), *([upload.uploaded_by] if upload.uploaded_by else [])],
        sentence=REFUSED if refused else STOPPED,
        params={"file": upload.file.label},
        url=reverse("works:upload", args=[upload.ref]),
    )


STAGES: Final = {
    "read": Stage(prepare=prepare_reading, work=work_reading, then=then_parties, stopped=work_stopped),
    "parties": Stage(work=work_parties, then=then_register, stopped=work_stopped),
    "works": Stage(
        prepare=prepare_registering,
        work=work_registering,
        then=then_done,
        stopped=work_stopped,
        cut=cut_works,
        give_up=leave_work_out,
    ),
}
