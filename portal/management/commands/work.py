"""Do the background work that is due, here, or say whether anybody does it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, no_translations

from portal.jobs.services import nobody_works, work_here


class Command(BaseCommand):
    help = (
        "Does the background work that is due in this process, until nothing is left that nobody else does. For a machine whose "
        "Redis is down, or that has no worker; beside workers it does no harm."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="do nothing; fail if work is due and nobody does it")

    @no_translations
    def handle(self, *, check: bool, **_options: Any) -> None:
        if not check:
            taken = work_here()
            self.stdout.write(f"Worked on {taken} jobs." if taken else "Nothing is due.")
        elif nobody_works():
            raise CommandError(f"Work is due, and nobody was heard of for {settings.JOB_SILENCE_SECONDS} seconds.")
