from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from time import perf_counter, sleep
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, no_translations
from django.db import transaction

from portal.accounts.models import Organisation
from portal.files.services import discard_upload
from portal.jobs.models import Job
from portal.jobs.services import drain
from portal.lib.errors import DomainError
from portal.lib.terminal import fail, open_file
from works.catalogue.ingest import STAGES
from works.models import CatalogueUpload
from works.services import catalogue_figures, receive_catalogue

POLL_SECONDS: Final = 0.2
LONGEST_REF: Final = 40  # characters of Organisation.ref


class NotAPublisher(DomainError):
    """Read on a terminal, so not translated."""

    code = "not-a-publisher"
    sentence = "%(ref)s is not a publisher but a %(kind)s."
    remedy = "Name the publisher whose catalogue it is."


class PublisherRefTooLong(DomainError):
    """Read on a terminal, so not translated."""

    code = "publisher-ref-too-long"
    sentence = "The reference of a publisher has at most %(longest)s characters; this one has %(length)s."
    remedy = "Name the publisher by its reference, for example PUB-NARU, and not by its name."


class Command(BaseCommand):
    help = (
        "Register a publisher's catalogue (our template, as CSV or XLSX) in the foreground. With --json the last line is one object: "
        "upload and state (or error and message); rows and to_mend count rows of the file; registered, duplicates and conflicts count works."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--publisher", required=True, metavar="REF", help="reference of the publisher; an unknown one is created"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        started = perf_counter()
        try:
            upload, job, is_new = receive(options["file"], options["publisher"])
        except DomainError as error:
            fail(self, error.code, str(error), as_json=options["json"])
        work_until_finished(job)
        seconds = perf_counter() - started
        upload.refresh_from_db()
        if refusal := upload.refusal:
            if is_new:
                forget_publisher(upload, job)
            fail(self, refusal.code, str(refusal), as_json=options["json"])
        figures = catalogue_figures(upload)
        works = figures.registered + figures.duplicates + figures.conflicts
        answer = {
            "upload": upload.ref,
            "state": job.state,
            **vars(figures),
            "works_per_second": round(works / seconds),
            "encoding": upload.encoding,
            "publisher": upload.organisation.ref,
            "publisher_created": is_new,
        }
        if is_new and options["verbosity"]:
            self.stdout.write(f"The publisher {upload.organisation.ref} was not known and has been created.")
        if options["json"]:
            self.stdout.write(json.dumps(answer))
        elif options["verbosity"]:
            self.stdout.write(
                f"{upload.ref} ({upload.encoding}): {figures.rows} rows, {figures.to_mend} to mend. Works: "
                f"{figures.registered} registered, {figures.duplicates} already registered, {figures.conflicts} in conflict."
            )
        if job.state != Job.State.DONE:
            raise CommandError(f"The import stopped: {job.error_code}")


def work_until_finished(job: Job) -> None:
    """Do the work here. Where a worker has taken a chunk, wait for it, or for its lease to end."""
    while True:
        drain(job_id=job.pk, stages=STAGES)
        job.refresh_from_db()
        if job.state in {Job.State.DONE, Job.State.STOPPED}:
            return
        sleep(POLL_SECONDS)


def forget_publisher(upload: CatalogueUpload, job: Job) -> None:
    """What was refused while it was read leaves no new publisher behind either, unless something else has come from it."""
    organisation, stored = upload.organisation, upload.file
    with transaction.atomic():
        job.delete()
        upload.delete()
        discard_upload(stored=stored)
        if not CatalogueUpload.objects.filter(organisation=organisation).exists():
            organisation.delete()


def receive(path: Path, ref: str) -> tuple[CatalogueUpload, Job, bool]:
    """Take the file as a catalogue of the publisher; True where it is a new one. A file refused leaves no publisher behind."""
    if len(ref) > LONGEST_REF:
        raise PublisherRefTooLong(longest=LONGEST_REF, length=len(ref))
    with open_file(path) as stream:
        organisation, is_new = Organisation.objects.get_or_create(
            ref=ref, defaults={"kind": Organisation.Kind.PUBLISHER, "name": ref}
        )
        if organisation.kind != Organisation.Kind.PUBLISHER:
            raise NotAPublisher(ref=organisation.ref, kind=organisation.get_kind_display())
        try:
            upload, job = receive_catalogue(
                stream=stream, label=path.name, organisation=organisation, user=None, bell=False
            )
        except DomainError:
            if is_new:
                organisation.delete()
            raise
    return upload, job, is_new
