"""Works that may be one: the list by money, two of them side by side, what was said of them, and taking it back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.access import is_staff, only
from portal.accounts.models import User
from portal.lib.errors import DomainError
from portal.lib.keyset import page_of, whole
from royalties import access, duplicates as finding, merging
from royalties.forms import MergeForm, TwoWorksForm
from works.marks import mark_names, mark_title
from works.merging import compare_shares, seal_of
from works.models import Work, WorkDifference


@require_http_methods(["GET", "HEAD", "POST"])
@only(*access.SOCIETY)
def duplicates(request: HttpRequest) -> HttpResponse:
    """The pairs on which most money rests; ?one=&other= leads to any two works. A POST lets a worker look again."""
    if request.method == "POST":
        finding.start_finding(actor=access.staff_only(request))
        messages.success(request, _("The register is being looked through."))
        return redirect("royalties:duplicates")
    form = TwoWorksForm(request.GET if "one" in request.GET else None)
    if form.is_valid():
        return redirect("royalties:compare_works", form.cleaned_data["one"], form.cleaned_data["other"])
    page = page_of(
        finding.likely_duplicates(request.user), keys=finding.MOST_MONEY_FIRST, after=request.GET.get("after", "")
    )
    looked_at, busy = finding.looked_at()
    context = {
        "page": page,
        "cursor": page.more,
        "form": form,
        "looked_at": looked_at,
        "busy": busy,
        "may_decide": is_staff(request.user),
    }
    return render(request, "royalties/duplicates.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@only(*access.SOCIETY)
def compare(request: HttpRequest, one: str, other: str) -> HttpResponse:
    """Two works side by side; a POST says that they are one, or that they are not."""
    user = access.staff_only(request) if request.method == "POST" else None
    works = access.get_two_works(request.user, one, other)
    if user is None:
        return _compare_page(request, *works, form=MergeForm())
    form = MergeForm(request.POST)
    if not form.is_valid():
        return _compare_page(request, *works, form=form, status=400)
    try:
        said = _carry_out(form, works, user)
    except DomainError as error:
        return _compare_page(request, *works, form=form, error=error, status=error.status)
    messages.success(request, said)
    return redirect("royalties:duplicates")


def _carry_out(form: MergeForm, works: tuple[Work, Work], user: User) -> str:
    reason = form.cleaned_data["reason"]
    if form.cleaned_data["action"] == "different":
        merging.tell_apart(one=works[0], other=works[1], actor=user, reason=reason)
        return _("“%(one)s” and “%(other)s” are not the same, and will not be offered again.") % {
            "one": works[0].title,
            "other": works[1].title,
        }
    if form.cleaned_data["survivor"] not in {work.ref for work in works}:
        raise merging.NeitherOfThem
    survivor, merged = works if form.cleaned_data["survivor"] == works[0].ref else (works[1], works[0])
    merging.merge_works(survivor=survivor, merged=merged, actor=user, reason=reason, seen=form.cleaned_data["seen"])
    return _("“%(merged)s” was merged into “%(survivor)s”.") % {"merged": merged.title, "survivor": survivor.title}


def _compare_page(
    request: HttpRequest,
    one: Work,
    other: Work,
    *,
    form: MergeForm,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    sides = [finding.side_of(work) for work in (one, other)]
    shares = compare_shares(one, other)
    proposed = max(sides, key=lambda side: side.weight).work.ref
    first, second = sorted((one.pk, other.pk))
    context: dict[str, Any] = {
        "one": one,
        "other": other,
        "sides": [_shown(sides[0], sides[1]), _shown(sides[1], sides[0])],
        "shares": shares,
        "differs": any(row.differs for row in shares),
        "iswcs_differ": bool(one.iswc and other.iswc),
        "survivor": form.data.get("survivor") or proposed,
        "seal": seal_of(one, other),
        "form": form,
        "error": error,
        "gone": [work for work in (one, other) if work.merged_into],
        "told_apart": WorkDifference.objects.standing().filter(one=first, other=second).select_related("actor").first(),
        "may_decide": is_staff(request.user),
    }
    return render(request, "royalties/compare_works.html", context, status=status)


def _shown(side: finding.Side, beside: finding.Side) -> dict[str, Any]:
    """One work, with the letters marked that agree with the other's names."""
    titles, performers = ([title.text for title in beside.titles], [party.name for party in beside.performers])
    return {
        "work": side.work,
        "marked_titles": [mark_title(title.text, titles) for title in side.titles],
        "marked_performers": [mark_names(party.name, performers) for party in side.performers],
        "recordings": side.recordings,
        "songs": side.songs,
        "money": side.money,
    }


@require_GET
@only(*access.SOCIETY)
def merges(request: HttpRequest) -> HttpResponse:
    """The works that were found to be one, newest first."""
    page = page_of(
        access.merges_of(request.user), keys=(whole("id", descending=True),), after=request.GET.get("after", "")
    )
    context = {"page": page, "cursor": page.more, "may_decide": is_staff(request.user)}
    return render(request, "royalties/merges.html", context)


@require_GET
@only(*access.SOCIETY)
def differences(request: HttpRequest) -> HttpResponse:
    """The works that look alike and were found not to be the same, newest first."""
    page = page_of(
        access.differences_of(request.user), keys=(whole("id", descending=True),), after=request.GET.get("after", "")
    )
    context = {"page": page, "cursor": page.more, "may_decide": is_staff(request.user)}
    return render(request, "royalties/differences.html", context)


@require_POST
def undo_merge(request: HttpRequest, ref: str) -> HttpResponse:
    user = access.staff_only(request)
    made = access.get_merge(user, ref)
    merging.undo_merge(merge=made, actor=user)
    messages.success(
        request,
        _("“%(one)s” and “%(other)s” are two works again.") % {"one": made.merged.title, "other": made.survivor.title},
    )
    return redirect("royalties:compare_works", made.survivor.ref, made.merged.ref)


@require_POST
def undo_difference(request: HttpRequest, ref: str) -> HttpResponse:
    user = access.staff_only(request)
    said = access.get_difference(user, ref)
    merging.undo_difference(difference=said, actor=user)
    messages.success(
        request,
        _("“%(one)s” and “%(other)s” may be offered again.") % {"one": said.one.title, "other": said.other.title},
    )
    return redirect("royalties:compare_works", said.one.ref, said.other.ref)
