from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, no_translations

from works.matching.derive import rebuild_keys


class Command(BaseCommand):
    help = "Make the keys of all names and titles anew, where they differ: needed after a change of works.names.keys."

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        parties, works = rebuild_keys()
        self.stdout.write(f"Keys of {parties:,} parties and {works:,} works are in step with their names.")
