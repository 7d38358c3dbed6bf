"""What the names of a work, or of a person or group, have matched: lines and money for each name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from portal.accounts.access import only
from royalties.access import RIGHTS_HOLDERS, SOCIETY
from royalties.names import NameFigures, figures_of_names, figures_of_party, figures_of_work
from works.access import get_party, get_work, names_numbered

NAMES_SHOWN: Final = 100
LONGEST_PLACE: Final = 9  # digits


@require_GET
@only(*RIGHTS_HOLDERS, *SOCIETY)
def names_matched(request: HttpRequest) -> HttpResponse:
    """What the names of a page have matched (?n=T12&n=P3), for htmx, which puts each beside its name."""
    names = names_numbered(request.user, request.GET.getlist("n")[:NAMES_SHOWN])
    return render(request, "royalties/_names_matched.html", {"figures": figures_of_names(names, request.user)})


def _page(request: HttpRequest, rows: Sequence[NameFigures]) -> dict[str, Any]:
    """Some of the names, the most lines first. The cursor is a place, for all of them have been counted anyway."""
    after = request.GET.get("after", "")
    start = int(after) if after.isascii() and after.isdigit() and len(after) < LONGEST_PLACE else 0
    end = start + NAMES_SHOWN
    return {"rows": rows[start:end], "cursor": str(end) if end < len(rows) else ""}


@require_GET
@only(*RIGHTS_HOLDERS, *SOCIETY)
def work_names(request: HttpRequest, ref: str) -> HttpResponse:
    work = get_work(request.user, ref)
    context = {
        "called": work.title,
        "back": reverse("works:detail", args=[work.ref]),
        **_page(request, figures_of_work(work)),
        "of_work": True,
    }
    return render(request, "royalties/names.html", context)


@require_GET
@only(*RIGHTS_HOLDERS, *SOCIETY)
def party_names(request: HttpRequest, ref: str) -> HttpResponse:
    """Only of works that the reader sees."""
    party = get_party(request.user, ref)
    context = {
        "called": party.name,
        "back": reverse("works:party", args=[party.ref]),
        **_page(request, figures_of_party(party, request.user)),
        "of_work": False,
    }
    return render(request, "royalties/names.html", context)
