"""Do the background work that is due, here."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, no_translations

from portal.jobs.services import work_here


class Command(BaseCommand):
    help = (
        "Does the background work that is due in this process, until nothing is left that nobody else does. For a machine whose "
        "Redis is down, or that has no worker; beside workers it does no harm."
    )

    @no_translations
    def handle(self, **_options: Any) -> None:
        taken = work_here()
        self.stdout.write(f"Worked on {taken} jobs." if taken else "Nothing is due.")
