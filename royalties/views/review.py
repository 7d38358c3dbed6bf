"""The review of songs: the queue by money, one song beside its candidates, a decision for it and its equals, and undoing.

Every page works without JavaScript: the list leads to songs, a decision leads to the next one. With it, portal/static/review.js
adds the keys, and htmx replaces the song alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from django.contrib import messages
from django.db.models import Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.access import only
from portal.accounts.models import Role, User
from portal.lib.errors import DomainError
from portal.lib.keyset import page_of, whole
from royalties import access, review
from royalties.forms import ReviewForm
from royalties.models import Match, MatchWork, ReportedRecording, StaffDecision
from royalties.queue import (
    MOST_MONEY_FIRST,
    SHOWN,
    last_decision_of,
    next_of,
    progress_of,
    review_of,
    songs_to_review,
)
from royalties.songs import rest_of, work_named

FREE_ROWS: Final = 3  # for works that nobody proposed
NAMED: Final = 3  # songs that a decision in the list names


@require_GET
@only(Role.STAFF)
def queue(request: HttpRequest) -> HttpResponse:
    """The songs to review, most money first, and the first of them opened."""
    return _queue_page(request, access.staff_only(request), None)


@require_http_methods(["GET", "HEAD", "POST"])
def song(request: HttpRequest, ref: str) -> HttpResponse:
    """One song of the review, alone for htmx; a POST decides it."""
    user = access.staff_only(request)
    shown = access.get_song(user, ref)
    if request.method == "POST":
        return _decide(request, user, shown)
    if request.headers.get("HX-Request"):
        return _panel(request, user, shown)
    return _queue_page(request, user, shown)


@require_GET
@only(Role.STAFF)
def decisions(request: HttpRequest) -> HttpResponse:
    """What staff decided in the review, newest first, each to be taken back while it stands."""
    user = access.staff_only(request)
    page = page_of(access.decisions_of(user), keys=(whole("id", descending=True),), after=request.GET.get("after", ""))
    matches: dict[int, list[Match]] = {}
    its = Match.objects.filter(decision__in=[row.pk for row in page.rows])
    first = its.annotate(number=Window(RowNumber(), partition_by="decision", order_by="pk")).filter(number__lte=NAMED)
    for match in first.select_related("recording").order_by("pk"):
        matches.setdefault(match.decision_id or 0, []).append(match)
    divided = [
        matches[row.pk][0] for row in page.rows if row.action == StaffDecision.Action.DIVIDE and row.pk in matches
    ]
    parts: dict[int, list[MatchWork]] = {}
    for part in MatchWork.objects.filter(match__in=divided).select_related("match", "work").order_by("rank"):
        parts.setdefault(part.match.decision_id or 0, []).append(part)
    context = {
        "rows": [
            {
                "decision": row,
                "songs": [match.recording for match in matches.get(row.pk, [])],
                "parts": [
                    {"work": part.work, "fraction": Fraction(part.numerator, part.denominator)}
                    for part in parts.get(row.pk, [])
                ],
                "unregistered": rest_of(parts.get(row.pk, [])),
            }
            for row in page.rows
        ],
        "cursor": page.more,
    }
    return render(request, "royalties/decisions.html", context)


@require_POST
def undo(request: HttpRequest, ref: str) -> HttpResponse:
    """Take a decision back, and show its song again."""
    user = access.staff_only(request)
    decision = access.get_decision(user, ref)
    first = Match.objects.filter(decision=decision).select_related("recording").order_by("pk").first()
    try:
        review.undo_decision(decision=decision, actor=user)
    except DomainError as error:
        if not request.headers.get("HX-Request") or first is None:
            raise
        return _panel(request, user, first.recording, error=error)
    said = _("The decision was taken back.")
    if first is None:
        messages.success(request, said)
        return redirect("royalties:decisions")
    if request.headers.get("HX-Request"):
        return _panel(request, user, first.recording, said=said, changed=_songs_of(decision))
    messages.success(request, said)
    return redirect("royalties:review_song", first.recording.ref)


def _decide(request: HttpRequest, user: User, shown: ReportedRecording) -> HttpResponse:
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _refused(request, user, shown, form=form, status=400)
    seen = form.seen()
    equal = set(seen) if form.cleaned_data["equal"] else set()
    songs = list(ReportedRecording.objects.filter(ref__in={*equal, shown.ref}).order_by("pk"))
    try:
        decision = _carry_out(form, songs, user, {each.pk: seen[each.ref] for each in songs if each.ref in seen})
    except DomainError as error:
        return _refused(request, user, shown, error=error, form=form, status=error.status)
    said = _said(form.cleaned_data["action"], shown, len(songs))
    following = next_of(shown, form.cleaned_data["next"])
    if request.headers.get("HX-Request"):
        if following is None:
            return render(request, "royalties/_review_done.html", _after(user, said, decision, songs))
        return _panel(request, user, following, said=said, decision=decision, changed=songs)
    messages.success(request, said)
    return redirect("royalties:review_song", following.ref) if following else redirect("royalties:review")


def _carry_out(form: ReviewForm, songs: list[ReportedRecording], user: User, seen: review.Seen) -> StaffDecision | None:
    action, reason = form.cleaned_data["action"], form.cleaned_data["reason"]
    if action == "leave_out":
        return review.leave_out_songs(songs=songs, actor=user, reason=reason, seen=seen)
    if action == "divide":
        works = [(work_named(named), part) for named, part in form.cleaned_data["parts"]]
        unregistered = form.cleaned_data["unregistered"]
        return review.divide_songs(
            songs=songs, works=works, unregistered=unregistered, actor=user, reason=reason, seen=seen
        )
    work = work_named(form.cleaned_data["work"])
    if action == "reject":
        reason = reason or _("Compared in the review.")
        return review.reject_pairs(songs=songs, work=work, actor=user, reason=reason, seen=seen)
    take = review.accept_music if action == "music" else review.accept_songs
    return take(songs=songs, work=work, actor=user, reason=reason, seen=seen)


def _said(action: str, shown: ReportedRecording, songs: int) -> str:
    sentences = {
        "accept": ngettext(
            "“%(title)s” is matched: %(count)s song.", "“%(title)s” and its equals are matched: %(count)s songs.", songs
        ),
        "music": ngettext(
            "“%(title)s” is matched to the music of the work alone: %(count)s song.",
            "“%(title)s” and its equals are matched to the music of the work alone: %(count)s songs.",
            songs,
        ),
        "divide": ngettext(
            "“%(title)s” is matched to several works: %(count)s song.",
            "“%(title)s” and its equals are matched to several works: %(count)s songs.",
            songs,
        ),
        "reject": ngettext(
            "“%(title)s” is not this work: %(count)s song.",
            "“%(title)s” and its equals are not this work: %(count)s songs.",
            songs,
        ),
        "leave_out": ngettext(
            "“%(title)s” is not in our repertoire: %(count)s song.",
            "“%(title)s” and its equals are not in our repertoire: %(count)s songs.",
            songs,
        ),
    }
    return sentences[action] % {"title": shown.title, "count": songs}


def _refused(
    request: HttpRequest,
    user: User,
    shown: ReportedRecording,
    *,
    status: int,
    error: DomainError | None = None,
    form: ReviewForm | None = None,
) -> HttpResponse:
    if request.headers.get("HX-Request"):
        # While DEBUG is on, django-htmx takes a 400 for the page of an exception and shows nothing else.
        return _panel(request, user, shown, error=error, form=form, status=422 if status == 400 else status)
    return _queue_page(request, user, shown, error=error, form=form, status=status)


def _queue_page(
    request: HttpRequest,
    user: User,
    shown: ReportedRecording | None,
    *,
    error: DomainError | None = None,
    form: ReviewForm | None = None,
    status: int = 200,
) -> HttpResponse:
    page = page_of(songs_to_review(), keys=MOST_MONEY_FIRST, after=request.GET.get("after", ""), size=SHOWN)
    opened = shown or (page.rows[0] if page.rows else None)
    refs = [each.ref for each in page.rows]
    at = refs.index(opened.ref) + 1 if opened is not None and opened.ref in refs else 0
    context = {
        "page": page,
        "opened": opened,
        "progress": progress_of(user),
        "last": last_decision_of(user),
        "next_ref": refs[at] if at < len(refs) else "",
        "error": error,
        "form": form or ReviewForm(),
        **(review_of(user, opened) if opened is not None else {}),
    }
    context["divide"] = _division(context.get("candidates", ()), form)
    return render(request, "royalties/review.html", context, status=status)


def _division(candidates: Sequence[Mapping[str, Any]], form: ReviewForm | None) -> dict[str, Any]:
    """The rows of the form for several works: the candidates, then empty ones; as they were typed when it is shown again."""
    titles = {found["work"].ref: found["work"].title for found in candidates}
    typed = form.rows() if form is not None else []
    rows = typed or [(ref, "") for ref in titles]
    rows += [("", "")] * (FREE_ROWS - sum(ref not in titles for ref, _part in rows))
    return {
        "rows": [{"ref": ref, "title": titles.get(ref, ""), "part": part} for ref, part in rows],
        "unregistered": form.unregistered() if form is not None else "",
        "open": bool(typed),
        "reason": str(form.data.get("reason", "")) if form is not None and typed else "",
    }


def _panel(
    request: HttpRequest,
    user: User,
    shown: ReportedRecording,
    *,
    said: str = "",
    decision: StaffDecision | None = None,
    changed: list[ReportedRecording] | None = None,
    error: DomainError | None = None,
    form: ReviewForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The song alone; after a decision also the figures and the entries of the list that it settled."""
    context: dict[str, Any] = {**review_of(user, shown), "error": error, "form": form, "next_ref": ""}
    context["divide"] = _division(context["candidates"], form)
    if changed is not None:
        context |= _after(user, said, decision, changed)
    response = render(request, "royalties/_review_panel.html", context, status=status)
    if changed is not None:
        response.headers["HX-Push-Url"] = reverse("royalties:review_song", args=[shown.ref])
    return response


def _after(user: User, said: str, decision: StaffDecision | None, changed: list[ReportedRecording]) -> dict[str, Any]:
    standing = Match.objects.filter(recording__in=changed, superseded_at__isnull=True).select_related("recording")
    return {
        "after": True,
        "said": said,
        "decision": decision,
        "progress": progress_of(user),
        "last": last_decision_of(user),
        "changed": list(standing),
    }


def _songs_of(decision: StaffDecision) -> list[ReportedRecording]:
    return list(ReportedRecording.objects.filter(matches__decision=decision).order_by("pk"))
