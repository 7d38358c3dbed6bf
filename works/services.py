"""Every change of the register, each with a row of history. Works, titles and parties come with a catalogue; shares are
never changed: one ends on a day and others follow it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, BinaryIO, Final

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Organisation, User
from portal.files.services import discard_upload, store_upload
from portal.jobs.models import Job
from portal.jobs.services import NewChunk, create_job
from portal.lib.errors import DomainError
from works.catalogue.base import PUBLISHER_ROLES
from works.catalogue.ingest import look_at
from works.merging import require_standing
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
CATALOGUE_FILES: Final = frozenset({"csv", "xlsx"})


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
    """What became of an upload: `registered`, `duplicates` and `conflicts` count works, the others rows of the file.

    `sent_again`: had to be mended, and a later upload tells how they ended. `waiting`: not yet registered.
    """

    rows: int
    to_mend: int
    sent_again: int
    waiting: int
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
    Raises ShareHasEnded, ShareEndsBeforeItBegins, PartsExceedTheShare, SharesExceedTheWhole, WorkIsMerged.
    """
    require_standing(Work.objects.select_for_update(no_key=True).get(pk=share.work_id))
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
    encoding: str = "",
    bell: bool = True,
) -> tuple[CatalogueUpload, Job]:
    """Store a publisher's file and make the job that registers it. A CSV that is no catalogue leaves nothing behind.

    encoding: how its letters are written (a key of works.catalogue.rows.ENCODINGS), if somebody said so.

    A spreadsheet is opened by a worker, never here: what is wrong with it as a whole is said on the upload's page.
    Raises the refusals of portal.files.guards and of works.catalogue.base. Without `bell` the caller drains the job.
    """
    stored = store_upload(stream=stream, label=label, user=user, allowed=CATALOGUE_FILES)
    try:
        encoding = look_at(stored, encoding)
    except DomainError:
        discard_upload(stored=stored)
        raise
    with transaction.atomic():
        upload = CatalogueUpload.objects.create(
            organisation=organisation, file=stored, uploaded_by=user, encoding=encoding
        )
        job = create_job(
            kind=IMPORT_TASK, subject_id=upload.pk, owner=user, stage="read", chunks=[NewChunk({})], bell=bell
        )
    return upload, job


def catalogue_figures(upload: CatalogueUpload) -> CatalogueFigures:
    """Counted from the rows, like everything that is shown of an upload."""
    outcomes = CatalogueRow.Outcome
    rows = {
        name: Count("pk", filter=Q(outcome=outcome))
        for name, outcome in (
            ("to_mend", outcomes.TO_MEND), ("sent_again", outcomes.SENT_AGAIN), ("waiting", outcomes.WAITING)
        )
    }  # fmt: skip
    works = {
        name: Count("work_no", distinct=True, filter=Q(outcome=outcome))
        for name, outcome in (
            ("registered", outcomes.REGISTERED), ("duplicates", outcomes.DUPLICATE), ("conflicts", outcomes.CONFLICT)
        )
    }  # fmt: skip
    return CatalogueFigures(**CatalogueRow.objects.filter(upload=upload).aggregate(rows=Count("pk"), **rows, **works))


def rows_to_mend_of(uploads: Iterable[CatalogueUpload]) -> dict[int, int]:
    """Upload → how many of its rows wait to be mended, where there are any."""
    rows = CatalogueRow.objects.filter(upload__in=uploads, outcome=CatalogueRow.Outcome.TO_MEND)
    return dict(rows.values_list("upload").annotate(Count("pk")).order_by())


def jobs_of(uploads: Iterable[CatalogueUpload]) -> dict[int, Job]:
    """Upload → the job that registers it. One that a command registered has none."""
    jobs = Job.objects.filter(kind=IMPORT_TASK, subject_id__in=[upload.pk for upload in uploads])
    return {job.subject_id: job for job in jobs.order_by("pk")}
