"""Songs without a match: the queue by money, one song with its candidates side by side, and the two decisions."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from portal.accounts.access import is_staff, may_claim, only, sees_everything
from portal.lib.keyset import Key, page_of, whole
from royalties import review
from royalties.access import RIGHTS_HOLDERS, SOCIETY, get_song, staff_only
from royalties.forms import DecisionForm, RejectForm, SongFilterForm
from royalties.models import Match, ReportedRecording, Service
from royalties.resting import resting_money
from royalties.songs import (
    METHODS,
    WorkIsUnknown,
    candidates_of,
    decisions_on,
    is_distributed,
    unregistered_part,
    usages_of,
    work_named,
)
from works.models import Work

TABS: Final = ("none", "review")


@require_GET
@only(*RIGHTS_HOLDERS, *SOCIETY)
def unmatched(request: HttpRequest) -> HttpResponse:
    """Songs that wait for their owner: the society sees them by money, rights-holders the newest first and without it."""
    form = SongFilterForm(request.GET)
    society = sees_everything(request.user)
    tab = request.GET.get("tab", TABS[0]) if society else ""
    songs = ReportedRecording.objects.without_owner(*([tab] if tab in TABS else []))
    if form.is_valid() and form.cleaned_data["q"]:
        songs = songs.named(form.cleaned_data["q"])
    songs = songs.with_use()
    keys: tuple[Key, ...] = (whole("id", descending=True),)
    if society:
        songs = songs.with_money()
        keys = (whole("money", descending=True), whole("id"))
    page = page_of(songs, keys=keys, after=request.GET.get("after", ""))
    context = {
        "form": form,
        "page": page,
        "rows": [
            {"song": song, "services": [Service(code).label for code in getattr(song, "services", [])]}
            for song in page.rows
        ],
        "society": society,
        "tab": tab if tab in TABS else TABS[0],
        "resting": resting_money() if society else None,
    }
    return render(request, "royalties/unmatched.html", context)


@require_GET
@only(*RIGHTS_HOLDERS, *SOCIETY)
def song(request: HttpRequest, ref: str) -> HttpResponse:
    """One reported song. Its money, its candidates and its history are the society's; owners see theirs once matched."""
    return _song_page(request, get_song(request.user, ref))


def _song_page(
    request: HttpRequest,
    shown: ReportedRecording,
    *,
    decision: DecisionForm | None = None,
    status: int = 200,
) -> HttpResponse:
    society = sees_everything(request.user)
    history = decisions_on(shown)
    standing = next((match for match in history if match.superseded_at is None), None)
    distributed = society and is_distributed(shown)
    matched = standing is not None and standing.outcome == Match.Outcome.ACCEPTED
    context = {
        "song": shown,
        "standing": standing,
        "matched": matched,
        "method": METHODS.get(standing.method, "") if standing else "",
        "society": society,
        "unregistered": unregistered_part(standing),
        "sees_money": society or matched,
        "distributed": distributed,
        "may_decide": is_staff(request.user) and not distributed,
        "may_claim": may_claim(request.user),
        "usages": [{**row, "name": Service(row["service"]).label} for row in usages_of(shown, with_reports=society)],
        "candidates": candidates_of(request.user, standing) if society or matched else [],
        "rejected": shown.rejected_pairs.standing().select_related("work", "decided_by").order_by("-id")
        if society
        else [],
        "history": [{"match": match, "method": METHODS.get(match.method, "")} for match in history] if society else [],
        "decision": decision or DecisionForm(initial={"seen": standing.pk if standing else None}),
        "rejecting": decision.data.get("work", "") if isinstance(decision, RejectForm) else "",
    }
    return render(request, "royalties/song.html", context, status=status)


@require_POST
def accept_match(request: HttpRequest, ref: str) -> HttpResponse:
    """Take the song for this work, or for its music alone. Staff may name any work; one that was not proposed needs a reason."""
    actor = staff_only(request)
    shown = get_song(actor, ref)
    form = DecisionForm(request.POST)
    work = _named_work(form)
    if work is None:
        return _song_page(request, shown, decision=form, status=400)
    music_alone = form.cleaned_data["music_alone"]
    take = review.accept_music if music_alone else review.accept_songs
    take(songs=[shown], work=work, actor=actor, reason=form.cleaned_data["reason"], seen=_seen(shown, form))
    whole, music = _("“%(title)s” is matched to %(work)s."), _("“%(title)s” is matched to the music of %(work)s alone.")
    said = music if music_alone else whole
    messages.success(request, said % {"title": shown.title, "work": work.title})
    return redirect("royalties:song", shown.ref)


@require_POST
def reject_match(request: HttpRequest, ref: str) -> HttpResponse:
    """The song is not this work; the pair is never proposed again."""
    actor = staff_only(request)
    shown = get_song(actor, ref)
    form = RejectForm(request.POST)
    work = _named_work(form)
    if work is None:
        return _song_page(request, shown, decision=form, status=400)
    review.reject_pairs(
        songs=[shown], work=work, actor=actor, reason=form.cleaned_data["reason"], seen=_seen(shown, form)
    )
    messages.success(
        request,
        _("“%(title)s” is not %(work)s. The pair will not be proposed again.")
        % {"title": shown.title, "work": work.title},
    )
    return redirect("royalties:song", shown.ref)


def _seen(song: ReportedRecording, form: DecisionForm) -> review.Seen:
    seen = form.cleaned_data["seen"]
    return {} if seen is None else {song.pk: seen}


def _named_work(form: DecisionForm) -> Work | None:
    """The work a valid form names; a reference that leads nowhere becomes an error of its field."""
    if not form.is_valid():
        return None
    try:
        return work_named(form.cleaned_data["work"])
    except WorkIsUnknown as error:
        form.add_error("work", str(error))
        return None
