"""Looks after the work when no worker hears the bell: Redis is down, or a worker has not found its way back to it.

It lives beside beat, in a thread, because beat itself stands still while there is no broker. What it finds lying it has
done by a process of its own, so that a line that kills its reader does not kill beat.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from threading import Event, Thread

from django.conf import settings
from django.db import connection

from portal.jobs.services import DATABASE_REFUSES, nobody_works

log = logging.getLogger(__name__)


class Keeper(Thread):
    """Asks the database now and then whether something is due that nobody does, and then does it."""

    def __init__(self) -> None:
        super().__init__(name="keeper", daemon=True)
        self.helper: subprocess.Popen[bytes] | None = None
        self.over = Event()

    def run(self) -> None:
        while not self.over.wait(settings.JOB_SWEEP_SECONDS):
            self.look()

    def look(self) -> None:
        """Start a process that works, if nobody else does and none was started before that still runs."""
        if self.helper is not None and self.helper.poll() is None:
            return
        try:
            nobody = nobody_works()
        except DATABASE_REFUSES as error:
            log.warning("the keeper will look again: %s", error)
            nobody = False
        connection.close()
        if nobody:
            log.error("work is due, and nobody was heard of for %s s: it is done here", settings.JOB_SILENCE_SECONDS)
            self.helper = subprocess.Popen([sys.executable, "manage.py", "work"], cwd=settings.BASE_DIR)

    def stop(self) -> None:
        self.over.set()
        if self.helper is not None:
            self.helper.terminate()
