"""Pages of the cases: access → form → one service call → redirect. A refusal keeps what was typed."""

from __future__ import annotations

from collections.abc import Callable
from math import lcm
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.forms import BaseForm
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from claims import access, forms, rules, services
from claims.models import Case, CaseEvent
from claims.querysets import released_micros
from claims.rules import Action, Seat, State
from claims.shares import numbered_shares, pieces_today
from portal.accounts.access import may_claim, only, sees_everything, signed_in
from portal.accounts.models import ACTING_ROLES, User
from portal.files.services import as_download
from portal.lib import svg, wording
from portal.lib.errors import DomainError
from portal.lib.http import as_refusal
from portal.lib.keyset import page_of, whole
from works.models import Party, Share, Work

# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@require_GET
@only(*access.READERS)
def list_cases(request: HttpRequest) -> HttpResponse:
    """One's own cases, or all of them for the society; newest first, by state if asked."""
    user = signed_in(request)
    cases = Case.objects.visible_to(user).select_related(
        "work", "share__party", "recording", "claimant", "claimant_party"
    )
    state = request.GET.get("state", "")
    if state in Case.State.values:
        cases = cases.filter(state=state)
    page = page_of(cases, keys=(whole("id", descending=True),), after=request.GET.get("after", ""))
    held = access.held_of(user, page.rows)
    context = {
        "rows": [_row(case, held.get(case.ref)) for case in page.rows],
        "cursor": page.more,
        "states": Case.State.choices,
        "state": state,
        "may_file": may_claim(user),
        "sees_everything": sees_everything(user),
    }
    return render(request, "claims/list.html", context)


@require_GET
@only(*access.READERS)
def show_case(request: HttpRequest, ref: str) -> HttpResponse:
    user = signed_in(request)
    return _case_page(request, user, access.get_case(user, ref))


@require_GET
def download_paper(request: HttpRequest, ref: str, uuid: UUID) -> FileResponse:
    """A paper as it was filed."""
    return as_download(access.get_paper(signed_in(request), ref, uuid).file)


# ── filing ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "POST"])
@only(*ACTING_ROLES)
def file_share(request: HttpRequest, ref: str) -> HttpResponse:
    """The shares of a work with a way to dispute each, and the form for the one chosen (?share=2, as numbered there)."""
    user = signed_in(request)
    work = access.get_work_to_dispute(user, ref)
    own = access.own_parties(user)
    chosen = _chosen(request.GET.get("share", ""), access.disputable_shares(work, own))
    context: dict[str, Any] = {
        "work": work,
        "shares": [_share_row(number, share, own) for number, share in numbered_shares(work).items()],
    }
    if chosen is None:
        if request.method == "POST":
            raise Http404
        return render(request, "claims/file_share.html", context)
    form = forms.ShareCaseForm(*_posted(request), parties=own)
    context |= {"chosen": chosen, "form": form}
    if request.method == "GET" or not form.is_valid():
        return render(request, "claims/file_share.html", context, status=_status(form))
    try:
        case = services.file_share_case(
            share=chosen,
            party=form.cleaned_data["party"],
            fraction=form.cleaned_data["part"],
            from_date=form.cleaned_data["from_date"],
            reason=form.cleaned_data["reason"],
            paper=form.cleaned_data["paper"],
            actor=user,
        )
    except DomainError as error:
        form.add_error(None, str(error))
        return as_refusal(render(request, "claims/file_share.html", context), error)
    messages.success(request, _("Your case is filed. Nothing is held until the society has checked your papers."))
    return redirect("claims:detail", case.ref)


@require_http_methods(["GET", "POST"])
@only(*ACTING_ROLES)
def file_song(request: HttpRequest, ref: str) -> HttpResponse:
    """Say that an unmatched song is one of one's works: candidates and a search (?q=) to choose from."""
    user = signed_in(request)
    song = access.get_song_to_claim(user, ref)
    asked = request.GET.get("q", "").strip()[:100]
    works = access.own_works_for(user, song, search=asked)
    form = forms.SongCaseForm(*_posted(request), works=[(work.ref, _work_label(work)) for work, _party in works])
    context = {"song": song, "form": form, "asked": asked, "works": works}
    if request.method == "GET" or not form.is_valid():
        return render(request, "claims/file_song.html", context, status=_status(form))
    work, party = next(pair for pair in works if pair[0].ref == form.cleaned_data["work"])
    try:
        case = services.file_unmatched_case(
            recording=song,
            work=work,
            party=party,
            reason=form.cleaned_data["reason"],
            paper=form.cleaned_data["paper"],
            actor=user,
        )
    except DomainError as error:
        form.add_error(None, str(error))
        return as_refusal(render(request, "claims/file_song.html", context), error)
    messages.success(request, _("Your case is filed. Nothing is held until the society has checked your papers."))
    return redirect("claims:detail", case.ref)


# ── steps ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@require_POST
@only(*access.READERS)
def add_paper(request: HttpRequest, ref: str) -> HttpResponse:
    def step(case: Case, form: BaseForm, user: User) -> None:
        services.add_paper(case=case, paper=form.cleaned_data["paper"], text=form.cleaned_data["text"], actor=user)

    return _take(request, ref, Action.ADD_PAPER, step, _("The paper is in the case."))


@require_POST
@only(*access.READERS)
def add_message(request: HttpRequest, ref: str) -> HttpResponse:
    def step(case: Case, form: BaseForm, user: User) -> None:
        services.add_message(case=case, text=form.cleaned_data["text"], actor=user)

    return _take(request, ref, Action.MESSAGE, step, _("Your message is in the case."))


@require_POST
@only(*access.READERS)
def return_papers(request: HttpRequest, ref: str) -> HttpResponse:
    def step(case: Case, form: BaseForm, user: User) -> None:
        services.return_papers(case=case, text=form.cleaned_data["text"], actor=user)

    return _take(request, ref, Action.RETURN_PAPERS, step, _("The papers are returned. The claimant is told."))


@require_POST
@only(*access.READERS)
def accept_papers(request: HttpRequest, ref: str) -> HttpResponse:
    def step(case: Case, form: BaseForm, user: User) -> None:
        services.accept_papers(case=case, checks=form.cleaned_data["checks"], actor=user)

    said = _("The papers are accepted. The disputed part is held from the next distribution on.")
    return _take(request, ref, Action.ACCEPT_PAPERS, step, said)


@require_POST
@only(*access.READERS)
def close_case(request: HttpRequest, ref: str) -> HttpResponse:
    def step(case: Case, form: BaseForm, user: User) -> None:
        services.close_case(
            case=case,
            outcome=form.cleaned_data["outcome"],
            granted=form.cleaned_data["granted"],
            part=form.cleaned_data.get("part"),
            note=form.cleaned_data["note"],
            actor=user,
        )

    return _take(request, ref, Action.CLOSE, step, _("The case is closed. Everybody in it is told."))


@require_POST
@only(*access.READERS)
def withdraw_case(request: HttpRequest, ref: str) -> HttpResponse:
    def step(case: Case, form: BaseForm, user: User) -> None:
        services.withdraw_case(case=case, note=form.cleaned_data["note"], actor=user)

    return _take(request, ref, Action.WITHDRAW, step, _("Your claim is withdrawn."))


def _take(
    request: HttpRequest, ref: str, action: Action, step: Callable[[Case, BaseForm, User], None], said: str
) -> HttpResponse:
    """One step of a case. Whoever may never take it does not find it; a refusal shows the page with what was typed."""
    user = signed_in(request)
    case = access.get_case_to_act_in(user, ref, action)
    form = _form_of(action, case, request.POST, request.FILES)
    if form is None:
        return _case_page(request, user, case, refused=str(services.moved_on(case)), status=409)
    if not form.is_valid():
        return _case_page(request, user, case, bound={action: form}, status=400)
    try:
        step(case, form, user)
    except DomainError as error:
        fresh = access.get_case(user, ref)
        return as_refusal(_case_page(request, user, fresh, bound={action: form}, refused=str(error)), error)
    messages.success(request, said)
    return redirect("claims:detail", ref)


# ── what the pages show ─────────────────────────────────────────────────────────────────────────────────────────────────

FORMS: Final[dict[Action, Callable[..., BaseForm]]] = {
    Action.MESSAGE: forms.MessageForm,
    Action.ADD_PAPER: forms.PaperForm,
    Action.RETURN_PAPERS: forms.ReturnForm,
    Action.ACCEPT_PAPERS: forms.AcceptForm,
    Action.CLOSE: forms.CloseForm,
    Action.WITHDRAW: forms.WithdrawForm,
}


def _form_of(action: Action, case: Case, *posted: Any) -> BaseForm | None:
    """The form of a step, each with ids of its own because several stand on one page; None when there is no such step."""
    options: dict[str, Any] = {"auto_id": f"{action.value}_%s"}
    if action is Action.CLOSE:
        state = State(case.state)
        if not rules.ENDINGS[state]:
            return None
        options |= {"state": state, "with_part": case.share is not None and state == State.DISPUTED}
    return FORMS[action](*posted, **options)


NEWEST: Final = (whole("id", descending=True),)


def _case_page(
    request: HttpRequest,
    user: User,
    case: Case,
    *,
    bound: dict[Action, BaseForm] | None = None,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    seats = access.seats_of(user, case)
    bound = bound or {}
    steps = {
        action.value: bound.get(action) or _form_of(action, case) for action in rules.actions(State(case.state), seats)
    }
    held = access.held_of(user, [case]).get(case.ref)
    papers = case.attachments.select_related("file", "added_by", "on_behalf_of")
    events = page_of(case.events.select_related("actor"), keys=NEWEST, after=request.GET.get("after", ""))
    context = {
        **_row(case, held),
        "released": [] if held is None else released_micros(case),
        "refused": refused,
        "form": next((form for form in bound.values() if form.errors), None),
        "steps": steps,
        "seats": {seat.value for seat in seats},
        "parties": case.parties.select_related("organisation").order_by("pk"),
        "papers": page_of(papers, keys=NEWEST, after=request.GET.get("papers", "")),
        "events": [_event(event) for event in events],
        "earlier": events.more,
        "bar": _share_bar(case),
    }
    return render(request, "claims/detail.html", context, status=status)


def _row(case: Case, held: list[tuple[str, int]] | None) -> dict[str, Any]:
    """What list and page both say of a case. `held` is None for readers who may not see it."""
    return {
        "case": case,
        "turn": [_seat_name(seat) for seat in rules.TURN[State(case.state)]],
        "held": held,
    }


def _seat_name(seat: Seat) -> str:
    names = {
        Seat.CLAIMANT: _("the claimant"),
        Seat.HOLDER: _("the present holder"),
        Seat.CONCERNED: _("concerned"),
        Seat.STAFF: _("the society"),
        Seat.AUDITOR: _("the auditor"),
    }
    return names[seat]


def _event(event: CaseEvent) -> dict[str, Any]:
    return {
        "event": event,
        "seat": _seat_name(event.seat) if event.seat else "",
        "checks": [forms.CHECK_LABELS[check] for check in event.checks],
    }


def _share_bar(case: Case) -> list[svg.Part]:
    """Who owns the right of the disputed share today, with the disputed part as a piece of its own."""
    pieces = pieces_today(case)
    unit = lcm(*(piece.part.denominator for piece in pieces))
    return [
        svg.Part(
            label=_("%(party)s, disputed") % {"party": piece.party.name} if piece.is_disputed else piece.party.name,
            value=int(piece.part * unit),
            text=wording.share(piece.part),
            kind="wait" if piece.is_disputed else "good" if piece.is_of_disputed_share else "off",
        )
        for piece in pieces
    ]


def _chosen(text: str, numbered: dict[int, Share]) -> Share | None:
    return numbered.get(int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _share_row(number: int, share: Share, own: list[Party]) -> dict[str, Any]:
    return {"number": number, "share": share, "own": share.party in own}


def _work_label(work: Work) -> str:
    return f"{work.title} · {work.ref}"


def _posted(request: HttpRequest) -> list[QueryDict | MultiValueDict[str, Any]]:
    return [request.POST, request.FILES] if request.method == "POST" else []


def _status(form: BaseForm) -> int:
    return 400 if form.errors else 200
