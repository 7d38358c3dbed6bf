"""Background work of the register. Ids in, one service call; may run twice, harmlessly."""

from __future__ import annotations

from typing import Final

from celery import shared_task
from django.urls import reverse
from django.utils.translation import gettext_noop

from portal.accounts.access import society_staff
from portal.files.services import path_of
from portal.jobs.models import Job
from portal.jobs.services import Stage, Stopped, Work as JobWork, drain
from portal.notices.services import notify
from works.catalogue.base import ParsedCatalogue
from works.catalogue.spreadsheet import read_catalogue
from works.models import CatalogueUpload
from works.services import IMPORT_TASK, import_catalogue as register_catalogue


def _read(work: JobWork) -> ParsedCatalogue:
    upload = CatalogueUpload.objects.select_related("file").get(pk=work.job.subject_id)
    return read_catalogue(path_of(upload.file).read_bytes())


def _register(work: JobWork, catalogue: ParsedCatalogue) -> None:
    work.keep()  # locks the chunk until the commit, so that nobody else takes it however long the catalogue is
    register_catalogue(upload=CatalogueUpload.objects.get(pk=work.job.subject_id), catalogue=catalogue)


def _nothing_follows(_job: Job) -> None:
    return None


def _tell_staff(job: Job, _reason: Stopped) -> None:
    """Nothing of the upload is registered; staff, and whoever sent it, hear of it."""
    upload = CatalogueUpload.objects.select_related("file", "uploaded_by").get(pk=job.subject_id)
    notify(
        users=[*society_staff(), *([upload.uploaded_by] if upload.uploaded_by else [])],
        sentence=gettext_noop("The catalogue “%(file)s” could not be registered: the work on it has stopped."),
        params={"file": upload.file.label},
        url=reverse("works:upload", args=[upload.ref]),
    )


STAGES: Final = {"register": Stage(prepare=_read, work=_register, then=_nothing_follows, stopped=_tell_staff)}


@shared_task(name=IMPORT_TASK)
def import_catalogue(job_id: int) -> None:
    """One chunk per upload: a catalogue is registered whole or not at all."""
    drain(job_id=job_id, stages=STAGES)
