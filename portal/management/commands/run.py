"""The whole portal on this machine, with the demo society: what `make run` calls."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import supervisor
from portal.lib.errors import DomainError


class Command(BaseCommand):
    help = "Serves the portal with a worker and beat beside it, loads the demo society and runs the main job."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop after the main job has printed its result")
        parser.add_argument("--port", type=int, default=8000, help="the first port to try (default: 8000)")

    def handle(self, *, once: bool, port: int, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError(
                "`run` is for one machine and its demo. In production web, worker and beat are started apart: see docker-compose.yml."
            )
        try:
            status = supervisor.run(once=once, port=port, data_dir=settings.PORTAL_DATA_DIR, say=self._say)
        except DomainError as error:
            raise CommandError(str(error)) from error
        sys.exit(status)

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
