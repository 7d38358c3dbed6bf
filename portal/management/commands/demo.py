"""Loads the demo society into a running portal and does its main job: statements in, won out."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from portal.accounts.models import Role
from portal.demo import society, story, summary
from portal.demo.browser import Visitor
from portal.jobs.models import Job
from royalties.models import Report

WAIT_SECONDS = 300


class Command(BaseCommand):
    help = "Loads the demo society and sends its statements through the upload form of a running portal."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--base-url", required=True, help="where the portal serves, e.g. http://127.0.0.1:8000")
        parser.add_argument("--lines", type=int, default=1500, help="lines of each month's statement")

    def handle(self, *, base_url: str, lines: int, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo makes accounts with a known password: it runs in development only.")
        folder = Path(settings.PORTAL_DATA_DIR) / "demo"
        folder.mkdir(parents=True, exist_ok=True)
        with translation.override(language_of_terminal()):
            story.play(folder, lines, lambda path, period: self._send(base_url, path, period))
            for line in summary.lines_of_result():
                self.stdout.write(line)
            self.stdout.write("")
            call_command("check_ledger", stdout=self.stdout)
            self.stdout.write("\n" + _("Sign in with the password %(password)s as") % {"password": society.PASSWORD})
            for line in summary.sign_ins():
                self.stdout.write(line)

    def _send(self, base_url: str, path: Path, period: dt.date) -> Report:
        """Upload as staff do, then watch the job row until the worker has finished."""
        visitor = Visitor(base_url)
        visitor.sign_in(society.user(Role.STAFF).email, society.PASSWORD)
        visitor.send_form(reverse("royalties:upload"), {"source": "tme", "period": f"{period:%Y-%m}"}, "file", path)
        report = Report.objects.get(source__code="tme", sha256=hashlib.sha256(path.read_bytes()).hexdigest())
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            report.refresh_from_db()
            if report.job is not None and report.job.state == Job.State.DONE:
                return report
            if report.job is not None and report.job.state == Job.State.STOPPED:
                raise CommandError(f"{path.name}: {report.job.error_code} {report.job.error_text}")
            connection.close()  # the next look is a new one, on a connection that did not wait idle
            time.sleep(0.2)
        raise CommandError(f"{path.name} was not read within {WAIT_SECONDS} s: is a worker running?")


def language_of_terminal() -> str:
    """Korean or Chinese where the terminal says so, else English."""
    tongue = (os.environ.get("LC_ALL") or os.environ.get("LANG") or "").lower()
    if tongue.startswith("ko"):
        return "ko"
    return "zh-hans" if tongue.startswith("zh") else "en"
