from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.accounts.models import Organisation
from portal.jobs.models import Job
from portal.lib.errors import DomainError
from works.services import catalogue_figures, receive_catalogue
from works.tasks import import_catalogue


class Command(BaseCommand):
    help = (
        "Register a publisher's catalogue (our CSV template) in the foreground. With --json the last line is one object: "
        "upload and state; rows and to_mend count rows of the file; registered, duplicates and conflicts count works."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--publisher", required=True, metavar="REF", help="reference of the publisher; an unknown one is created"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        organisation, is_new = Organisation.objects.get_or_create(
            ref=options["publisher"], defaults={"kind": Organisation.Kind.PUBLISHER, "name": options["publisher"]}
        )
        if organisation.kind != Organisation.Kind.PUBLISHER:
            raise CommandError(f"{organisation.ref} is not a publisher but a {organisation.get_kind_display()}.")
        started = perf_counter()
        try:
            with file.open("rb") as stream:
                upload, job = receive_catalogue(
                    stream=stream, label=file.name, organisation=organisation, user=None, bell=False
                )
        except (OSError, DomainError) as error:
            raise CommandError(str(error)) from error
        import_catalogue(job_id=job.pk)
        seconds = perf_counter() - started
        job.refresh_from_db()
        upload.refresh_from_db()
        figures = catalogue_figures(upload)
        works = figures.registered + figures.duplicates + figures.conflicts
        answer = {
            "upload": upload.ref,
            "state": job.state,
            **vars(figures),
            "works_per_second": round(works / seconds),
            "encoding": upload.encoding,
            "publisher": organisation.ref,
            "publisher_created": is_new,
        }
        if is_new and options["verbosity"]:
            self.stdout.write(f"The publisher {organisation.ref} was not known and has been created.")
        if options["json"]:
            self.stdout.write(json.dumps(answer))
        elif options["verbosity"]:
            self.stdout.write(
                f"{upload.ref} ({upload.encoding}): {figures.rows} rows, {figures.to_mend} to mend. Works: "
                f"{figures.registered} registered, {figures.duplicates} already registered, {figures.conflicts} in conflict."
            )
        if job.state != Job.State.DONE:
            raise CommandError(f"The import stopped: {job.error_code}")
