"""A file of names on its way into the bank: a job of portal.jobs, whose chunks are runs of rows.

receive: the file is stored and its heading read ─▶ add, add, … : rows become names ─▶ done. What is wrong with the file as a
whole is said at once; a row that is wrong is kept with the reason, to be mended and sent again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO, Final

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_noop

from portal.accounts.access import Reader, society_staff
from portal.accounts.models import User
from portal.files.services import discard_upload, store_upload
from portal.jobs.models import Job
from portal.jobs.services import NewChunk, Stage, Stopped, Work as JobWork, create_job
from portal.lib.errors import DomainError
from portal.notices.services import notify
from works import access
from works.catalogue.base import POISON
from works.catalogue.spreadsheet import printable
from works.identifiers import parse_isrc
from works.models import RECORDING_NUMBER, NamesRow, NamesUpload, Party, Recording, Work
from works.name_files import OF, NameProblem, Reading, look_at, read_names, row_as_sent
from works.naming import AnyName, Named, Speaker, add_names, longest_name, tidy_name
from works.provenance import NameSource

TASK: Final = "works.tasks.import_names"
ROWS_AT_ONCE: Final = 500  # about a third of a second
PIECES: Final = 16  # into which a chunk is cut that ends its workers
POISONED: Final = gettext_noop("Our program failed on a row of the file of names “%(file)s” and left it out.")
STOPPED: Final = gettext_noop("The work on the file of names “%(file)s” has stopped before all of it was added.")


def receive_names(
    *, stream: BinaryIO | UploadedFile[Any], label: str, user: User, bell: bool = True
) -> tuple[NamesUpload, Job]:
    """Store a file of names for the organisation the user speaks for, and make the job that adds them.

    A file that is none leaves nothing behind. Raises the refusals of portal.files.guards, NamesFileUnreadable,
    NamesHeadingWrong and NamesFileTooLong. Without `bell` the caller drains the job.
    """
    organisation = access.speaker_of(user).organisation
    assert organisation is not None  # noqa: S101 - a person speaks for one
    stored = store_upload(stream=stream, label=label, user=user, allowed=frozenset({"csv"}))
    try:
        rows = look_at(stored)
    except DomainError:
        discard_upload(stored=stored)
        raise
    chunks = _chunks(rows, ROWS_AT_ONCE) or [NewChunk({"first": 0, "last": 0}, units=0)]
    with transaction.atomic():
        upload = NamesUpload.objects.create(organisation=organisation, file=stored, uploaded_by=user, rows=len(rows))
        job = create_job(kind=TASK, subject_id=upload.pk, owner=user, stage="add", chunks=chunks, bell=bell)
    return upload, job


def _chunks(rows: Sequence[int], size: int) -> list[NewChunk]:
    runs = [rows[start : start + size] for start in range(0, len(rows), size)]
    return [NewChunk({"first": run[0], "last": run[-1]}, units=len(run)) for run in runs]


def jobs_of(uploads: Iterable[NamesUpload]) -> dict[int, Job]:
    """Upload → the job that adds its names."""
    jobs = Job.objects.filter(kind=TASK, subject_id__in=[upload.pk for upload in uploads])
    return {job.subject_id: job for job in jobs.order_by("pk")}


# ── what workers do ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _prepare(work: JobWork) -> Reading:
    upload = NamesUpload.objects.select_related("file").get(pk=work.job.subject_id)
    return read_names(upload.file, work.payload["first"], work.payload["last"])


def _work(work: JobWork, reading: Reading) -> None:
    """What the user may name is asked now, not when the file was sent. Files for one thing wait for each other there."""
    upload = NamesUpload.objects.select_related("file", "organisation", "uploaded_by").get(pk=work.job.subject_id)
    user = upload.uploaded_by
    named = _find(reading, user)
    speaker = Speaker(source=NameSource.FILE, user=user, organisation=upload.organisation, file=upload.file)
    added = _add(reading, named, speaker)
    wrong = _keep_rows_to_mend(upload, reading)
    NamesUpload.objects.filter(pk=upload.pk).update(
        added=F("added") + added,
        ended=F("ended") + reading.ended,
        wrong=F("wrong") + wrong,
        known=F("known") + reading.rows - reading.ended - wrong - added,
    )


def _keep_rows_to_mend(upload: NamesUpload, reading: Reading) -> int:
    """How many rows are wrong."""
    problems: defaultdict[int, list[NameProblem]] = defaultdict(list)
    for problem in reading.problems:
        problems[problem.row_no].append(problem)
    NamesRow.objects.bulk_create(
        NamesRow(
            upload=upload,
            row_no=row_no,
            values=_storable(reading.cells[row_no]),
            problems=[_storable(problem.as_json()) for problem in found],
        )
        for row_no, found in sorted(problems.items())
    )
    return len(problems)


def _storable(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: printable(value) if isinstance(value, str) else value for name, value in values.items()}


def _cut(work: JobWork) -> list[NewChunk]:
    """The rows of a chunk in sixteen shares, or nothing when it is one."""
    upload = NamesUpload.objects.select_related("file").get(pk=work.job.subject_id)
    rows = [row for row in look_at(upload.file) if work.payload["first"] <= row <= work.payload["last"]]
    return [] if len(rows) <= 1 else _chunks(rows, -(-len(rows) // PIECES))


def _leave_row_out(work: JobWork) -> None:
    """The only row of a chunk ends its workers: it is to be sent again, and the file goes on."""
    upload = NamesUpload.objects.select_related("file").get(pk=work.job.subject_id)
    row_no = work.payload["first"]
    problem = NameProblem(row_no=row_no, column="", value="", code=POISON)
    NamesRow.objects.create(
        upload=upload,
        row_no=row_no,
        values=_storable(row_as_sent(upload.file, row_no)),
        problems=[problem.as_json()],
    )
    NamesUpload.objects.filter(pk=upload.pk).update(wrong=F("wrong") + 1)
    notify(users=society_staff(), sentence=POISONED, params={"file": upload.file.label}, url=_url(upload))


def _then(job: Job) -> None:
    NamesUpload.objects.filter(pk=job.subject_id).update(finished_at=timezone.now())


def _stopped(job: Job, _reason: Stopped) -> None:
    upload = NamesUpload.objects.select_related("file", "uploaded_by").get(pk=job.subject_id)
    notify(
        users=[*society_staff(), upload.uploaded_by],
        sentence=STOPPED,
        params={"file": upload.file.label},
        url=_url(upload),
    )


def _url(upload: NamesUpload) -> str:
    return reverse("works:names_upload", args=[upload.ref])


STAGES: Final = {
    "add": Stage(prepare=_prepare, work=_work, then=_then, stopped=_stopped, cut=_cut, give_up=_leave_row_out)
}


def _find(reading: Reading, user: Reader) -> dict[tuple[str, str], Named]:
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


def _add(reading: Reading, named: Mapping[tuple[str, str], Named], speaker: Speaker) -> int:
    """How many were new. Names that the society took away are told as problems."""
    asked = [(named[of, ref], name) for _, of, ref, name in reading.said]
    added = add_names(names=asked, speaker=speaker)
    new = {(type(name), name.named.pk, name.text) for name in added}
    _tell_taken_away(reading, named, new)
    return len(added)


def _tell_taken_away(
    reading: Reading, named: Mapping[tuple[str, str], Named], new: set[tuple[type[AnyName], int, str]]
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
