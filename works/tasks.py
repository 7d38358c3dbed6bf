"""Background work of the register. Ids in, one service call; may run twice, harmlessly."""

from __future__ import annotations

from typing import Final

from celery import shared_task

from portal.files.services import path_of
from portal.jobs.models import Job
from portal.jobs.services import Stage, Work as JobWork, drain
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


STAGES: Final = {"register": Stage(prepare=_read, work=_register, then=_nothing_follows)}


@shared_task(name=IMPORT_TASK)
def import_catalogue(job_id: int) -> None:
    """One chunk per upload: a catalogue is registered whole or not at all."""
    drain(job_id=job_id, stages=STAGES)
