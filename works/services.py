"""Every change of the register, each with a row of history. Works, titles and parties come with a catalogue; shares are
never changed: one ends on a day and others follow it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, BinaryIO, Final

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.db.models import Count, Q
from django.db.models.fields.json import KT
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Organisation, User
from portal.files.services import discard_upload, path_of, store_upload
from portal.jobs.models import Job
from portal.jobs.services import NewChunk, create_job
from portal.lib.errors import DomainError
from works.catalogue import spreadsheet
from works.catalogue.additions import Source
from works.catalogue.base import PUBLISHER_ROLES, ParsedCatalogue
from works.catalogue.bulk import copy_rows
from works.catalogue.register import CatalogueRegistration
from works.models import (
    CatalogueRow,
    CatalogueUpload,
    ChangeLog,
    Party,
    Share,
    Work,
)
from works.shares import ShareFact, find_excess

IMPORT_TASK: Final = "works.tasks.import_catalogue"
CATALOGUE_FILES: Final = frozenset({"csv"})


class SharesExceedTheWhole(DomainError):
    code = "shares-exceed-the-whole"
    status = 409
    sentence = _("The shares would add up to %(total)s of the work, which is more than the whole.")
    remedy = _("Correct the shares, or file a case about those that are registered.")


class ShareHasEnded(DomainError):
    code = "share-has-ended"
    status = 409
    sentence = _("This share has already ended and been followed by others.")
    remedy = _("Open the work again and choose a share that stands today.")


class ShareEndsBeforeItBegins(DomainError):
    code = "share-ends-before-it-begins"
    sentence = _("The share begins on %(begins)s, so it cannot be replaced from an earlier day.")
    remedy = _("Choose %(begins)s or a later day.")


class PartsExceedTheShare(DomainError):
    code = "parts-exceed-the-share"
    sentence = _("The parts add up to %(total)s of the work, but the share they follow is %(share)s.")
    remedy = _("Correct the parts.")


@dataclass(frozen=True)
class NewPart:
    """A part that follows a share that ends. fraction: of the work."""

    party: Party
    role: str
    fraction: Fraction


@dataclass(frozen=True, kw_only=True)
class CatalogueFigures:
    """What became of an upload: works by outcome, and rows in all and to mend."""

    rows: int
    to_mend: int
    registered: int
    duplicates: int
    conflicts: int


# ── single shares ────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def replace_share(
    *, share: Share, from_date: dt.date, parts: Sequence[NewPart], actor: User | None, reason: str
) -> list[Share]:
    """End a share on a day and let others follow it from that day, for the same work, right and territory.

    The parts may add up to less than the share, never to more. A publisher's part goes on naming the writer's share.
    Raises ShareHasEnded, ShareEndsBeforeItBegins, PartsExceedTheShare, SharesExceedTheWhole.
    """
    Work.objects.select_for_update(no_key=True).get(pk=share.work_id)
    old = Share.objects.select_related("party").get(pk=share.pk)
    if old.until_date is not None:
        raise ShareHasEnded
    if from_date < old.from_date:
        raise ShareEndsBeforeItBegins(begins=old.from_date.isoformat())
    kept = [part for part in parts if part.fraction]
    total = sum((part.fraction for part in kept), Fraction(0))
    if total > old.fraction:
        raise PartsExceedTheShare(total=str(total), share=str(old.fraction))
    Share.objects.filter(pk=old.pk).update(until_date=from_date, end_reason=reason[:200])
    new = [
        Share(
            work_id=old.work_id, party=part.party, role=part.role, right=old.right, territory=old.territory,
            numerator=part.fraction.numerator, denominator=part.fraction.denominator, from_date=from_date, reason=reason[:200],
            writer_share_id=old.writer_share_id if part.role in PUBLISHER_ROLES else None,
        )
        for part in kept
    ]  # fmt: skip
    standing = [share_fact(each) for each in Share.objects.filter(work=old.work_id, right=old.right).exclude(pk=old.pk)]
    _refuse_excess([*standing, *(share_fact(each) for each in new)])
    made = Share.objects.bulk_create(new)
    ChangeLog.objects.create(
        work_id=old.work_id, action="share.replaced", actor=actor, reason=reason[:300],
        data={
            "share": old.pk, "party": old.party.ref, "right": old.right, "territory": old.territory, "fraction": str(old.fraction),
            "from_date": from_date.isoformat(),
            "parts": [{"party": part.party.ref, "role": part.role, "fraction": str(part.fraction)} for part in kept],
        },
    )  # fmt: skip
    return made


def share_fact(share: Share) -> ShareFact:
    """A row as works.shares calculates with it."""
    return ShareFact(
        share.pk or 0,
        share.party_id,
        share.right,
        share.territory,
        share.fraction,
        share.from_date,
        share.until_date,
        share.role,
    )


def _refuse_excess(shares: Sequence[ShareFact]) -> None:
    excess = find_excess([share for share in shares if share.until_date is None or share.until_date > share.from_date])
    if excess:
        raise SharesExceedTheWhole(total=str(excess.total))


# ── catalogues ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def receive_catalogue(
    *,
    stream: BinaryIO | UploadedFile[Any],
    label: str,
    organisation: Organisation,
    user: User | None,
    bell: bool = True,
) -> tuple[CatalogueUpload, Job]:
    """Store a publisher's file and make the job that registers it. A file that is no catalogue leaves nothing behind.

    Raises the refusals of portal.files.guards and of works.catalogue.base. Without `bell` the caller drains the job.
    """
    stored = store_upload(stream=stream, label=label, user=user, allowed=CATALOGUE_FILES)
    try:
        encoding, lines = spreadsheet.look_at(path_of(stored).read_bytes())
    except DomainError:
        discard_upload(stored=stored)
        raise
    with transaction.atomic():
        upload = CatalogueUpload.objects.create(
            organisation=organisation, file=stored, uploaded_by=user, encoding=encoding
        )
        job = create_job(
            kind=IMPORT_TASK,
            subject_id=upload.pk,
            owner=user,
            stage="register",
            chunks=[NewChunk({}, units=max(lines, 1))],
            bell=bell,
        )
    return upload, job


@transaction.atomic
def import_catalogue(*, upload: CatalogueUpload, catalogue: ParsedCatalogue | None = None) -> CatalogueFigures:
    """Register what an upload holds and end each of its rows. Runs once: a finished upload is left as it is.

    Uploads of one publisher wait for each other, so that the second sees the works and parties of the first.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '10min'")
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=upload.organisation_id)
    upload = CatalogueUpload.objects.select_for_update(of=("self",)).select_related("file").get(pk=upload.pk)
    if upload.finished_at is not None:
        return catalogue_figures(upload)
    parsed = catalogue or spreadsheet.read_catalogue(path_of(upload.file).read_bytes())
    source = Source(
        organisation_id=organisation.pk,
        actor_id=upload.uploaded_by_id,
        reason=upload.ref,
        at=timezone.now(),
        data={"upload": upload.ref},
    )
    registration = CatalogueRegistration(organisation=organisation, source=source)
    registration.register(parsed)
    copy_rows(
        CatalogueRow,
        ["upload", "row_no", "values", "outcome", "problems", "work"],
        (
            (upload.pk, row.row_no, json.dumps(dict(row.values), ensure_ascii=False), registration.ended[row.row_no].outcome,
             json.dumps([problem.as_json() for problem in registration.problems.get(row.row_no, ())], ensure_ascii=False),
             registration.ended[row.row_no].work_id)
            for row in parsed.rows
        ),
    )  # fmt: skip
    figures = catalogue_figures(upload)
    upload.encoding, upload.rows, upload.registered = parsed.encoding, figures.rows, figures.registered
    upload.finished_at = timezone.now()
    upload.save(update_fields=["encoding", "rows", "registered", "finished_at"])
    return figures


def catalogue_figures(upload: CatalogueUpload) -> CatalogueFigures:
    """Counted from the rows, like everything that is shown of an upload."""
    outcomes = CatalogueRow.Outcome
    works = {
        name: Count(KT("values__work_ref"), distinct=True, filter=Q(outcome=outcome))
        for name, outcome in (
            ("registered", outcomes.REGISTERED),
            ("duplicates", outcomes.DUPLICATE),
            ("conflicts", outcomes.CONFLICT),
        )
    }
    rows = CatalogueRow.objects.filter(upload=upload)
    counted = rows.aggregate(rows=Count("pk"), to_mend=Count("pk", filter=Q(outcome=outcomes.TO_MEND)), **works)
    return CatalogueFigures(**counted)


def jobs_of(uploads: Iterable[CatalogueUpload]) -> dict[int, Job]:
    """Upload → the job that registers it. One that a command registered has none."""
    jobs = Job.objects.filter(kind=IMPORT_TASK, subject_id__in=[upload.pk for upload in uploads])
    return {job.subject_id: job for job in jobs.order_by("pk")}
