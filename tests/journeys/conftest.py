"""A running portal with the demo society, and a real Chromium in front of it."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect
from pytest_django import DjangoDbBlocker

from portal.demo import society, story
from portal.embedded.process import free_port
from portal.files.services import store_upload
from portal.lib.scratch import create_database, drop_database
from royalties import ingest
from royalties.distribution import distribute
from royalties.models import Report, Source
from tests.chaos.processes import Process, wait_for
from tests.conftest import Database, _django_connected_to, _name

# Playwright's synchronous interface keeps an event loop in this thread, which Django takes for an asynchronous caller.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
PATIENCE_MS = 10_000  # a page on a busy machine; nothing is waited for that has come
expect.set_options(timeout=PATIENCE_MS)
CHROMIUM = shutil.which("chromium")
SCREENSHOTS = settings.PORTAL_DATA_DIR / "screens"
LOGIN = "/account/login/"
LINES = 400  # of each month's statement: enough for every page


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.journey)
            if CHROMIUM is None:
                item.add_marker(
                    pytest.mark.skip(
                        reason="there is no chromium on this machine: apt-get install chromium fonts-noto-cjk"
                    )
                )


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    return {"executable_path": CHROMIUM, "args": [*quiet, "--disable-component-update", "--disable-sync"]}


def send_in_foreground(path: Path, period: dt.date) -> Report:
    """A statement as import_report takes it."""
    with path.open("rb") as stream:
        stored = store_upload(stream=stream, label=path.name, user=None)
    report, _ = ingest.receive_report(source=Source.objects.get(code="tme"), stored=stored, period=period, user=None)
    assert report.job is not None
    ingest.work_on(report.job.pk)
    report.refresh_from_db()
    return report


@pytest.fixture(scope="session")
def demo_database(
    template_database: Database,
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Database]:
    """The demo before its dispute: the first month is distributed, the second received and paid. Copied, never changed."""
    folder = tmp_path_factory.mktemp("demo")
    database = template_database.named(f"garak_test_{os.getpid()}_demo")
    create_database(template_database.owner_url, _name(database), template=_name(template_database))
    with _django_connected_to(database, django_db_blocker), django_db_blocker.unblock():
        society.make_society(folder)
        story.receive(story.MONTHS[0], folder, LINES, send_in_foreground)
        distribute(period=story.MONTHS[0].distributed, actor=None)
        story.receive(story.MONTHS[1], folder, LINES, send_in_foreground)
    yield database
    drop_database(template_database.owner_url, _name(database))


@pytest.fixture
def site(demo_database: Database, django_db_blocker: DjangoDbBlocker, tmp_path: Path) -> Iterator[str]:
    """The address of a portal serving a copy of the demo, to which Django here is connected too."""
    copy = demo_database.named(f"{_name(demo_database)}_site")
    create_database(demo_database.owner_url, _name(copy), template=_name(demo_database))
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with _django_connected_to(copy, django_db_blocker), django_db_blocker.unblock():
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "portal.wsgi:application",
            "--bind",
            f"127.0.0.1:{port}",
            "--threads",
            "4",
        ]
        web = Process([*command, "--no-control-socket"], {"DATABASE_URL": copy.url}, tmp_path / "web.log")
        try:
            wait_for(lambda: answers(address), f"{address} answers; see {tmp_path / 'web.log'}", poll_seconds=0.1)
            yield address
        finally:
            web.kill()
    drop_database(demo_database.owner_url, _name(copy))


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}{LOGIN}", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def sign_in(page: Page, site: str, email: str, language: str = "ko") -> None:
    """As a person does it: e-mail and password, then the language at the top of the page."""
    page.set_default_timeout(PATIENCE_MS)
    page.context.clear_cookies()
    page.goto(f"{site}{LOGIN}")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", society.PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(lambda url: LOGIN not in url)
    if (page.locator("html").get_attribute("lang") or "").lower() != language:
        page.locator(f"button[name=language][value={language}]").first.click()
        page.wait_for_function("language => document.documentElement?.lang.toLowerCase() === language", arg=language)


def look(page: Page, name: str) -> None:
    """Keep a picture of the page for people to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(SCREENSHOTS / f"{name}.png"), full_page=True)


__all__ = ["look", "sign_in"]
