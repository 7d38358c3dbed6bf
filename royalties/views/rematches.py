"""Matching songs again: what would move is seen first, then applied, and can be taken back."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.access import is_staff, only
from portal.lib.keyset import page_of, whole
from royalties import access, rematch as rematching
from royalties.models import Rematch
from works.models import Work

WORKS_SHOWN: Final = 3  # of a song
UNDER_WAY = (Rematch.State.LOOKING, Rematch.State.APPLYING, Rematch.State.UNDOING)


@require_http_methods(["GET", "HEAD", "POST"])
@only(*access.SOCIETY)
def rematches(request: HttpRequest) -> HttpResponse:
    """The times that songs were matched again, newest first; a POST begins another."""
    if request.method == "POST":
        made = rematching.start_rematch(actor=access.staff_only(request))
        return redirect("royalties:rematch", made.ref)
    rows = access.rematches_of(request.user)
    page = page_of(rows, keys=(whole("id", descending=True),), after=request.GET.get("after", ""))
    context = {"page": page, "waiting": rematching.undecided_matches().count(), "may_start": is_staff(request.user)}
    return render(request, "royalties/rematches.html", context)


@require_GET
@only(*access.SOCIETY)
def rematch(request: HttpRequest, ref: str) -> HttpResponse:
    """One of them: songs, lines and money that would move or have moved, by outcome, and the songs with most money."""
    found = access.get_rematch(request.user, ref)
    under_way = found.state in UNDER_WAY
    songs = rematching.songs_of(found) if not under_way else found.songs.none()
    page = (
        page_of(songs, keys=(whole("money", descending=True), whole("id")), after=request.GET.get("after", ""))
        if not under_way
        else None
    )
    rows = page.rows if page else []
    works = Work.objects.in_bulk({part[0] for row in rows for part in row.works[:WORKS_SHOWN]})
    context = {
        "rematch": found,
        "under_way": under_way,
        "movements": [] if under_way else rematching.movements_of(found),
        "rows": [
            {
                "row": row,
                "works": [works[part[0]] for part in row.works[:WORKS_SHOWN] if part[0] in works],
                "more": max(0, len(row.works) - WORKS_SHOWN),
            }
            for row in rows
        ],
        "cursor": page.more if page else "",
        "may_decide": is_staff(request.user),
    }
    response = render(request, "royalties/rematch.html", context)
    if under_way:
        response.headers["Refresh"] = "3"
    return response


@require_POST
def apply_rematch(request: HttpRequest, ref: str) -> HttpResponse:
    user = access.staff_only(request)
    rematching.apply_rematch(rematch=access.get_rematch(user, ref), actor=user)
    messages.success(request, _("The songs become what you saw. Songs decided meanwhile stay as they are."))
    return redirect("royalties:rematch", ref)


@require_POST
def undo_rematch(request: HttpRequest, ref: str) -> HttpResponse:
    user = access.staff_only(request)
    rematching.undo_rematch(rematch=access.get_rematch(user, ref), actor=user)
    messages.success(request, _("The songs get back what they had before."))
    return redirect("royalties:rematch", ref)
