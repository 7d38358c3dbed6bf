"""Songs without a match: the queue by money, one song with its candidates side by side, and the two decisions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

from django.contrib import messages
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Max, Min, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from portal.accounts.access import is_staff, may_claim, only, sees_everything
from portal.lib.keyset import Key, page_of, whole
from royalties import services
from royalties.access import RIGHTS_HOLDERS, SOCIETY, get_song, staff_only
from royalties.forms import DecisionForm, RejectForm, SongFilterForm
from royalties.models import Earning, Match, ReportedRecording, Service, SongUsage
from royalties.querysets import NOT_COUNTED
from royalties.resting import resting_money
from works.matching.explain import explain
from works.models import Share, Work

WRITERS: Final = tuple(
    role.value
    for role in Share.Role
    if role not in {Share.Role.ORIGINAL_PUBLISHER, Share.Role.SUB_PUBLISHER, Share.Role.ADMINISTRATOR}
)
METHODS: Final[dict[str, Promise]] = {
    "isrc": gettext_lazy("by ISRC"),
    "iswc": gettext_lazy("by ISWC"),
    "ipi": gettext_lazy("by a writer’s IPI and the title"),
    "name": gettext_lazy("by title and performer"),
    "title": gettext_lazy("by title alone"),
    "staff": gettext_lazy("by staff"),
    "case": gettext_lazy("by the end of a case"),
    "failed": gettext_lazy("our matcher failed on this song"),
}
TABS: Final = ("none", "review")
COUNTED: Final = ~Q(usages__report__held_reason__in=NOT_COUNTED)


@require_GET
@only(*RIGHTS_HOLDERS, *SOCIETY)
def unmatched(request: HttpRequest) -> HttpResponse:
    """Songs that wait for their owner: the society sees them by money, rights-holders the newest first and without it."""
    form = SongFilterForm(request.GET)
    society = sees_everything(request.user)
    tab = request.GET.get("tab", TABS[0]) if society else ""
    songs = ReportedRecording.objects.without_owner(*([tab] if tab in TABS else []))
    if form.is_valid() and form.cleaned_data["q"]:
        words = form.cleaned_data["q"]
        songs = songs.filter(Q(title__icontains=words) | Q(artists__icontains=words))
    songs = songs.annotate(
        services=ArrayAgg("usages__service", distinct=True, filter=COUNTED, default=[]),
        first_month=Min("usages__usage_month", filter=COUNTED),
        last_month=Max("usages__usage_month", filter=COUNTED),
    ).filter(last_month__isnull=False)
    keys: tuple[Key, ...] = (whole("id", descending=True),)
    if society:
        songs = songs.annotate(
            money=Sum("usages__amount_micros", filter=COUNTED),
            uses=Sum("usages__uses", filter=COUNTED),
            currency=Min("usages__report__currency", filter=COUNTED),
        )
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
    history = Match.objects.filter(recording=shown).select_related("decided_by").order_by("-id")
    standing = history.filter(superseded_at__isnull=True).first()
    distributed = society and Earning.objects.filter(song_usage__recording=shown).exists()
    matched = standing is not None and standing.outcome == Match.Outcome.ACCEPTED
    context = {
        "song": shown,
        "standing": standing,
        "matched": matched,
        "society": society,
        "sees_money": society or matched,
        "distributed": distributed,
        "may_decide": is_staff(request.user) and not distributed,
        "may_claim": may_claim(request.user),
        "usages": _usages(shown, with_reports=society),
        "candidates": _candidates(request, standing) if society or matched else [],
        "rejected": shown.rejected_pairs.select_related("work", "decided_by").order_by("-id") if society else [],
        "history": [{"match": match, "method": METHODS.get(match.method, "")} for match in history] if society else [],
        "decision": decision or DecisionForm(initial={"seen": standing.pk if standing else None}),
        "rejecting": decision.data.get("work", "") if isinstance(decision, RejectForm) else "",
    }
    return render(request, "royalties/song.html", context, status=status)


def _usages(shown: ReportedRecording, *, with_reports: bool) -> list[dict[str, Any]]:
    fields = ["usage_month", "service", "report__currency", *(["report__ref"] if with_reports else [])]
    rows = (
        SongUsage.objects.filter(recording=shown)
        .counted()
        .order_by()
        .values(*fields)
        .annotate(lines=Sum("lines"), uses=Sum("uses"), amount=Sum("amount_micros"))
        .order_by("-usage_month", "service", *fields[2:])
    )
    return [{**row, "name": Service(row["service"]).label} for row in rows]


def _candidates(request: HttpRequest, standing: Match | None) -> list[dict[str, Any]]:
    """The works of the standing match with what speaks for each, as far as the reader sees the works."""
    if standing is None:
        return []
    visible: QuerySet[Work] = Work.objects.visible_to(request.user)
    parts = list(standing.works.filter(work__in=visible).select_related("work").order_by("rank"))
    facts = _facts_of([part.work_id for part in parts])
    return [
        {
            "part": part,
            "work": part.work,
            "fraction": Fraction(part.numerator, part.denominator),
            "evidence": explain(part.evidence or standing.evidence),
            **facts[part.work_id],
        }
        for part in parts
    ]


def _facts_of(works: list[int]) -> dict[int, dict[str, list[str]]]:
    """Work id → its titles, performers and writers, to stand beside what the service reported. Three queries."""
    facts: dict[int, dict[str, list[str]]] = {pk: {"titles": [], "performers": [], "writers": []} for pk in works}
    columns = {
        "titles": Work.objects.values_list("id", "titles__text"),
        "performers": Work.objects.values_list("id", "parts__recording__performer"),
        "writers": Work.objects.filter(shares__until_date__isnull=True, shares__role__in=WRITERS).values_list(
            "id", "shares__party__name"
        ),
    }
    for name, rows in columns.items():
        for pk, text in rows.filter(id__in=works).distinct():
            if text:
                facts[pk][name].append(text)
    return facts


@require_POST
def accept_match(request: HttpRequest, ref: str) -> HttpResponse:
    """Take the song for this work, whole. Staff may name any work; one that was not proposed needs a reason."""
    actor = staff_only(request)
    shown = get_song(actor, ref)
    form = DecisionForm(request.POST)
    work = _named_work(form)
    if work is None:
        return _song_page(request, shown, decision=form, status=400)
    services.decide_match(
        recording=shown,
        works=[(work, Fraction(1))],
        actor=actor,
        reason=form.cleaned_data["reason"],
        seen=form.cleaned_data["seen"],
    )
    messages.success(request, _("“%(title)s” is matched to %(work)s.") % {"title": shown.title, "work": work.title})
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
    services.reject_match(
        recording=shown,
        work=work,
        actor=actor,
        reason=form.cleaned_data["reason"],
        seen=form.cleaned_data["seen"],
    )
    messages.success(
        request,
        _("“%(title)s” is not %(work)s. The pair will not be proposed again.")
        % {"title": shown.title, "work": work.title},
    )
    return redirect("royalties:song", shown.ref)


def _named_work(form: DecisionForm) -> Work | None:
    """The work a valid form names; a reference that leads nowhere becomes an error of its field."""
    if not form.is_valid():
        return None
    work = Work.objects.filter(ref=form.cleaned_data["work"]).first()
    if work is None:
        form.add_error("work", _("No work has this reference. Copy it from the page of the work."))
    return work
