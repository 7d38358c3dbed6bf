"""How long pages take, through the web server as `make run` starts it, signed in by the form."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from django.urls import reverse

from portal.accounts.models import Role
from portal.demo import society
from portal.demo.browser import Visitor
from portal.embedded.process import free_port
from royalties.models import DistributionRun, Match, Report, Statement
from tests.bench.databases import ROOT, Database, portal_on

START_SECONDS: Final = 60


def time_pages(database: Database, requests: int) -> dict[str, list[float]]:
    """Page → seconds of each request, after one that is not counted. The database holds an import and a distribution."""
    with portal_on(database):
        asked = _pages()
    found: dict[str, list[float]] = {}
    with portal_on(database), _web() as address:
        visitors: dict[str, Visitor] = {}
        for name, (role, path) in asked.items():
            if role not in visitors:
                visitors[role] = Visitor(address)
                visitors[role].sign_in(society.user(role).email, society.PASSWORD)
            visitors[role].get(path)
            found[name] = [_seconds(visitors[role], path) for _request in range(requests)]
    return found


def _pages() -> dict[str, tuple[str, str]]:
    report = Report.objects.filter(source__code="tme").latest("pk")
    song = Match.objects.filter(outcome=Match.Outcome.NONE, superseded_at=None).order_by("pk")[0].recording
    statement = Statement.objects.visible_to(society.user(Role.SONGWRITER)).latest("pk")
    run = DistributionRun.objects.latest("pk")
    homes = {
        f"home, {role.value.replace('_', ' ')}": (role, reverse("home"))
        for role in (Role.SONGWRITER, Role.PUBLISHER_SUPER, Role.STAFF, Role.AUDITOR, Role.SERVICE_CONTACT)
    }
    return {
        **homes,
        "reports": (Role.STAFF, reverse("royalties:reports")),
        "report": (Role.STAFF, reverse("royalties:report", args=[report.ref])),
        "lines of the report": (Role.STAFF, reverse("royalties:report_lines", args=[report.ref])),
        "rejected lines": (Role.STAFF, reverse("royalties:report_rejected", args=[report.ref])),
        "unmatched songs": (Role.PUBLISHER_SUPER, reverse("royalties:unmatched")),
        "unmatched song": (Role.PUBLISHER_SUPER, reverse("royalties:song", args=[song.ref])),
        "works": (Role.PUBLISHER_SUPER, reverse("works:list")),
        "usage, songwriter": (Role.SONGWRITER, reverse("royalties:usage")),
        "usage, staff": (Role.STAFF, reverse("royalties:usage")),
        "statements": (Role.SONGWRITER, reverse("royalties:statements")),
        "statement": (Role.SONGWRITER, reverse("royalties:statement", args=[statement.ref])),
        "run": (Role.STAFF, reverse("royalties:run", args=[run.ref])),
    }


def _seconds(visitor: Visitor, path: str) -> float:
    began = time.perf_counter()
    visitor.get(path)
    return time.perf_counter() - began


@contextmanager
def _web() -> Iterator[str]:
    """gunicorn with two workers of four threads; yields its address."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "portal.wsgi:application", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", "2", "--threads", "4", "--no-control-socket"]
    log = Path(os.environ["PORTAL_DATA_DIR"]) / "web.log"
    with log.open("ab") as output:
        web = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + START_SECONDS
        while not _answers(f"{address}{reverse('account_login')}"):
            if time.monotonic() > until or web.poll() is not None:
                raise RuntimeError(f"the web server did not start: see {log}")
            time.sleep(0.05)
        yield address
    finally:
        web.terminate()
        web.wait(timeout=START_SECONDS)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False
