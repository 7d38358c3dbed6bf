"""An auditor reads everything and changes nothing: every page that staff may read, no page with a button, no request taken."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from claims.rules import Check
from royalties.models import Report
from tests import test_access
from tests.test_access import METHODS, PAGES, SAFE, World, everything
from works.merging import seal_of

world = test_access.world  # the scene of the access matrix: every table has rows to change

# What anybody signed in may send: her own language, session, password, notices and tokens; and the sign-in itself.
OWN = ("set_language", "notices:read", "tokens", "revoke_token")
OWN_PREFIXES = ("account_", "api:notices")
CRAWLED_AT_MOST = 400


def is_own(name: str) -> bool:
    return name in OWN or name.startswith(OWN_PREFIXES)


def client_of(world: World, name: str) -> Client:
    client = Client()
    client.force_login(world.users[name], backend="django.contrib.auth.backends.ModelBackend")
    return client


class Page(HTMLParser):
    """Where a page leads to, and where its forms and scripts would send something."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.sends_to: set[str] = set()
        self.form = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.add(given.get("href", ""))
        if tag == "form" and given.get("method", "get").lower() != "get":
            self.sends_to.add(given.get("action", ""))
        if given.get("formmethod", "get").lower() != "get":
            self.sends_to.add(given.get("formaction", ""))
        self.sends_to |= {
            value for name, value in given.items() if re.fullmatch(r"(data-)?hx-(post|put|patch|delete)", name)
        }


def answer(client: Client, path: str) -> tuple[int, bytes]:
    """Status and body; a file is read to its end, which closes it."""
    response = client.get(path)
    body = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
    return response.status_code, body


def page_at(client: Client, path: str) -> Page:
    """A page; of a file or a redirect nothing is found."""
    status, body = answer(client, path)
    assert status in {200, 302}, f"{path}: {status}"
    return Page(body.decode(errors="ignore") if body.lstrip()[:9] == b"<!DOCTYPE" else "")


def test_every_page_that_staff_may_read_an_auditor_may_read(world: World) -> None:
    staff, auditor = client_of(world, "staff"), client_of(world, "auditor")
    forms_of_staff = {"royalties:upload"}  # nothing but a form: there is nothing to read
    # Questions to staff and their answers: an auditor reads the songs, and what was decided under “What changed”.
    forms_of_staff |= {
        "royalties:review",
        "royalties:review_song",
        "royalties:decisions",
        "api:decisions",
        "api:equal_songs",
    }
    read = 0
    for name, page in PAGES.items():
        if name in forms_of_staff or name == "account_logout":
            continue
        url = reverse(name, kwargs=page.args(world))
        if answer(staff, url)[0] == 200:
            assert answer(auditor, url)[0] == 200, name
            read += 1
    print(f"{read} pages read")
    assert read > 40


def test_no_request_of_an_auditor_changes_a_row(world: World) -> None:
    """Every address × every unsafe method, really sent; all tables are compared, sessions and request counts apart."""
    auditor = client_of(world, "auditor")
    before = everything()
    sent = 0
    for name, page in PAGES.items():
        if is_own(name):
            continue
        url = reverse(name, kwargs=page.args(world))
        for method in set(METHODS) - SAFE:
            status = auditor.generic(method, url).status_code
            sent += 1
            assert status in {401, 404, 405}, f"{method} {name}: {status}"
    assert everything() == before
    print(f"{sent} requests refused, {len(before)} tables unchanged")


STEPS: dict[str, tuple[Callable[[World], str], Callable[[World], dict[str, Any]]]] = {
    "message": (
        lambda world: reverse("claims:add_message", args=[world.case.ref]),
        lambda world: {"text": "…"},
    ),
    "papers": (
        lambda world: reverse("claims:accept_papers", args=[world.case.ref]),
        lambda world: {"checks": [check.value for check in Check]},
    ),
    "report": (
        lambda world: reverse("royalties:upload"),
        lambda world: {"source": "tme", "period": "2026-10", "file": SimpleUploadedFile("a.csv", b"a,b\n1,2\n")},
    ),
    "money": (
        lambda world: reverse("royalties:remittances"),
        lambda world: {
            "source": "tme",
            "period": "2026-10",
            "amount_micros": "12.5",
            "currency": "CNY",
            "rate": "190",
            "rate_date": "2026-11-11",
            "rate_source": "bank",
        },
    ),
    "basis": (
        lambda world: reverse("royalties:sources"),
        lambda world: {"source": "mcsc", "basis": "whole", "from_date": "2026-01", "note": "letter"},
    ),
    "karaoke price": (
        lambda world: reverse("royalties:sources"),
        lambda world: {
            "declare": "price",
            "price-source": "tme",
            "price-from_date": "2026-09",
            "price-words_price": "0.03",
            "price-music_price": "0.02",
            "price-note": "contract",
        },
    ),
    "calendar": (
        lambda world: reverse("royalties:sources"),
        lambda world: {
            "declare": "calendar",
            "calendar-source": "mcsc",
            "calendar-from_date": "2026-09",
            "calendar-kind": "days_after",
            "calendar-number": "45",
            "calendar-missing_after": "30",
            "calendar-note": "letter",
        },
    ),
    "total": (
        lambda world: reverse("royalties:declare_total", args=[Report.objects.order_by("pk")[0].ref]),
        lambda world: {"declared-origin": "mail", "declared-lines": "7"},
    ),
    "columns": (
        lambda world: reverse("royalties:columns", args=[world.unknown_table.ref]),
        lambda world: {
            "action": "save",
            "header_line": "1",
            "name": "분배",
            "currency": "CNY",
            "c0": "title",
            "c1": "period",
            "c2": "money",
        },
    ),
    "match": (
        lambda world: reverse("royalties:reject_match", args=[world.scene.review.ref]),
        lambda world: {"work": world.scene.moon.ref, "reason": "another song"},
    ),
    "merge": (
        lambda world: reverse("royalties:compare_works", args=[world.scene.strange.ref, world.twin.ref]),
        lambda world: {
            "action": "merge",
            "survivor": world.scene.strange.ref,
            "reason": "the same",
            "seen": seal_of(world.scene.strange, world.twin),
        },
    ),
    "not the same": (
        lambda world: reverse("royalties:compare_works", args=[world.scene.strange.ref, world.twin.ref]),
        lambda world: {"action": "different"},
    ),
    "merge undone": (lambda world: reverse("royalties:undo_merge", args=[world.merge.ref]), lambda world: {}),
    "difference undone": (
        lambda world: reverse("royalties:undo_difference", args=[world.difference.ref]),
        lambda world: {},
    ),
    "delegate": (
        lambda world: reverse("delegates"),
        lambda world: {
            "desk": "DESK-HAEON",
            "email": "nobody@garak.example",
            "last_date": f"{timezone.localdate()}",
            "mandate": "letter of 1 November",
        },
    ),
    "delegate ended": (lambda world: reverse("end_delegate", args=[world.delegation.ref]), lambda world: {}),
}


@pytest.mark.parametrize("step", STEPS)
def test_what_staff_can_send_an_auditor_cannot(world: World, step: str) -> None:
    """The very same request: taken from staff (and rolled back), refused from the auditor."""
    url, given = STEPS[step]
    before = everything()
    with transaction.atomic():
        assert client_of(world, "staff").post(url(world), given(world)).status_code == 302
        assert everything() != before
        transaction.set_rollback(True)
    auditor = client_of(world, "auditor")
    before = everything()
    assert auditor.post(url(world), given(world)).status_code == 404
    assert everything() == before


def test_no_page_shows_an_auditor_a_button_that_sends(world: World) -> None:
    """Every page of the matrix, and every page that a link leads to from there."""
    auditor = client_of(world, "auditor")
    allowed = {reverse(name) for name in ("set_language", "notices:read", "account_logout", "tokens")}
    allowed |= {reverse(name) for name in ("account_change_password", "account_set_password")}
    gone_elsewhere = ("/account/", "/static/", "/api/")
    waiting = [
        reverse(name, kwargs=page.args(world))
        for name, page in PAGES.items()
        if "auditor" in page.get and not name.startswith(("account_", "api:"))
    ]
    seen: set[str] = set()
    wrong = []
    while waiting and len(seen) < CRAWLED_AT_MOST:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        page = page_at(auditor, path)
        wrong += [f"{path} sends to {where or path}" for where in page.sends_to - allowed]
        for link in sorted(page.links):
            address = link.partition("#")[0]
            if address.startswith("?"):
                address = path.partition("?")[0] + address
            if address.startswith("/") and not address.startswith(gone_elsewhere):
                waiting.append(address)
    print(f"{len(seen)} pages walked")
    assert len(seen) > 60
    assert not wrong, "\n".join(wrong)


def test_the_walk_would_see_a_button(world: World) -> None:
    """Otherwise the walk above would prove nothing: staff's pages have them."""
    staff = client_of(world, "staff")
    for name in ("royalties:runs", "royalties:sources", "delegates"):
        assert reverse(name) in page_at(staff, reverse(name)).sends_to, name
