"""The society's money pages: what was received, what a distribution made of it, and what each source's money means."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.access import is_staff, only
from portal.accounts.models import User
from portal.lib import svg, wording
from portal.lib.errors import DomainError
from portal.lib.keyset import day, page_of, whole
from royalties import money_in
from royalties.access import SOCIETY, get_remittance, get_run, remittances_of, sources_of, staff_only
from royalties.calendars import declare_calendar
from royalties.distribution import distribute, totals_as_text
from royalties.forms import BasisForm, CalendarForm, PriceForm, ReasonForm, RemittanceForm, RightsForm, RunForm
from royalties.models import DistributionRun, Pool, Statement
from royalties.pricing import declare_price
from royalties.resting import resting_money, resting_won
from royalties.runs import STATES, Totals, identities, in_won, not_ours, won_of_words
from royalties.services import declare_basis, declare_rights

REPORTS_SHOWN: Final = 3
MOVES_SHOWN: Final = 100  # of a trial, who loses most first
COLOURS: Final = {
    "payable": "good",
    "carried": "rest",
    "deducted": "more",
    "posted": "good",
    "held": "wait",
    "suspense": "bad",
    "not_ours": "off",
}

# ── money received ──────────────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "POST"])
@only(*SOCIETY)
def remittances(request: HttpRequest) -> HttpResponse:
    """What came from the bank and which reports it pays for. Staff record further money here."""
    if request.method == "GET":
        return _remittances_page(request, RemittanceForm())
    actor = staff_only(request)
    form = RemittanceForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            money_in.record_remittance(**{**given, "reference": given["reference"] or None}, actor=actor)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The money is recorded and exchanged into won."))
            return redirect("royalties:remittances")
    return _remittances_page(request, form, status=400)


def _remittances_page(request: HttpRequest, form: RemittanceForm, *, status: int = 200) -> HttpResponse:
    page = page_of(
        remittances_of(request.user),
        keys=(whole("id", descending=True),),
        after=request.GET.get("after", ""),
    )
    context = {
        "page": page,
        "rows": [
            {
                "remittance": item,
                "pool": item.pool,
                "reports": list(item.pool.reports.all())[:REPORTS_SHOWN],
                "further_reports": max(len(item.pool.reports.all()) - REPORTS_SHOWN, 0),
                "rate": f"{item.rate.normalize():f}",
                "difference": int(item.pool.source_micros - item.pool.reported_micros),
            }
            for item in page.rows
        ],
        "staff": is_staff(request.user),
        "form": form,
        "reason": ReasonForm(),
    }
    return render(request, "royalties/remittances.html", context, status=status)


@require_POST
def accept_difference(request: HttpRequest, ref: str) -> HttpResponse:
    """Staff take responsibility for money that differs from what its reports add up to."""
    actor = staff_only(request)
    remittance = get_remittance(actor, ref)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say why the difference is accepted. Nothing has changed."))
        return redirect("royalties:remittances")
    money_in.accept_difference(pool=remittance.pool, actor=actor, reason=form.cleaned_data["reason"])
    messages.success(request, _("The difference is accepted. The next distribution takes this money."))
    return redirect("royalties:remittances")


# ── distribution ────────────────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "POST"])
@only(*SOCIETY)
def runs(request: HttpRequest) -> HttpResponse:
    """The distributions so far. Staff try one without consequences, then run it."""
    form = RunForm()
    tried = None
    if request.method == "POST":
        actor = staff_only(request)
        form = RunForm(request.POST)
        if form.is_valid():
            dry_run = "dry_run" in request.POST
            try:
                result = distribute(period=form.cleaned_data["period"], actor=actor, dry_run=dry_run)
            except DomainError as error:
                form.add_error(None, str(error))
            else:
                if result.run is not None:
                    for problem in result.problems:
                        messages.warning(request, str(problem))
                    return redirect("royalties:run", result.run.ref)
                tried = result
    page = page_of(
        DistributionRun.objects.visible_to(request.user).select_related("created_by"),
        keys=(day("period", descending=True), whole("id", descending=True)),
        after=request.GET.get("after", ""),
    )
    context = {
        "page": page,
        "rows": [
            {
                "run": item,
                "gross": in_won(item, "gross"),
                "paid": in_won(item, "payable"),
            }
            for item in page.rows
        ],
        "form": form,
        "tried": tried,
        "tried_moves": tried.moves[:MOVES_SHOWN] if tried else (),
        "more_moves": max(len(tried.moves) - MOVES_SHOWN, 0) if tried else 0,
        "tried_identities": _identities(totals_as_text(tried)) if tried else [],
        "staff": is_staff(request.user),
        "resting": resting_money(),
        "resting_won": resting_won(),
        "waiting": Pool.objects.exclude(state=Pool.State.RELEASED).count(),
    }
    return render(request, "royalties/runs.html", context, status=400 if form.errors else 200)


@require_GET
@only(*SOCIETY)
def run(request: HttpRequest, ref: str) -> HttpResponse:
    """One distribution: where every yuan and won of it went, who is paid, and what belongs to other societies."""
    shown = get_run(request.user, ref)
    statements = Statement.objects.filter(run=shown)
    page = page_of(
        statements.select_related("party"),
        keys=(whole("payable_micros", descending=True), whole("id")),
        after=request.GET.get("after", ""),
    )
    context = {
        "run": shown,
        "page": page,
        "identities": _identities(shown.totals),
        "not_ours": not_ours(shown),
        "words_won": won_of_words(shown),
        "sums": statements.aggregate(
            gross=Sum("gross_micros"),
            deducted=Sum("deducted_micros"),
            carried=Sum("carried_micros"),
            paid=Sum("payable_micros"),
            payees=Count("id"),
        ),
    }
    return render(request, "royalties/run.html", context)


def _identities(totals: Totals) -> list[dict[str, Any]]:
    """Identity 2 in every currency, drawn."""
    return [
        {
            "currency": identity.currency,
            "distributed": identity.distributed_micros,
            "holds": identity.holds,
            "parts": [
                svg.Part(
                    label=str(STATES[state]),
                    value=micros,
                    text=wording.exact_money(micros, identity.currency),
                    kind=COLOURS[state],
                )
                for state, micros in identity.parts.items()
            ],
        }
        for identity in identities(totals)
    ]


# ── sources ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "POST"])
@only(*SOCIETY)
def sources(request: HttpRequest) -> HttpResponse:
    """Who reports and when, and what the money of their lines has been declared to mean and to divide into, from when on."""
    form, rights_form, calendar_form, price_form = BasisForm(), RightsForm(), CalendarForm(), PriceForm()
    if request.method == "POST":
        actor = staff_only(request)
        if request.POST.get("declare") == "rights":
            rights_form = RightsForm(request.POST)
            done = _declare_rights(rights_form, actor)
        elif request.POST.get("declare") == "calendar":
            calendar_form = CalendarForm(request.POST)
            done = _declare_calendar(calendar_form, actor)
        elif request.POST.get("declare") == "price":
            price_form = PriceForm(request.POST)
            done = _declare_price(price_form, actor)
        else:
            form = BasisForm(request.POST)
            done = _declare_basis(form, actor)
        if done:
            messages.success(request, done)
            return redirect("royalties:sources")
    shown = sources_of(request.user).order_by("name")
    context = {
        "sources": shown,
        "form": form,
        "rights_form": rights_form,
        "calendar_form": calendar_form,
        "price_form": price_form,
        "staff": is_staff(request.user),
    }
    wrong = form.errors or rights_form.errors or calendar_form.errors or price_form.errors
    return render(request, "royalties/sources.html", context, status=400 if wrong else 200)


def _declare_basis(form: BasisForm, actor: User) -> str:
    """What to tell the person, or nothing with the refusal noted on the form."""
    if not form.is_valid():
        return ""
    try:
        declare_basis(**form.cleaned_data, actor=actor)
    except DomainError as error:
        form.add_error(None, str(error))
        return ""
    return _("The basis is declared. Reports that waited for it have been looked at again.")


def _declare_rights(form: RightsForm, actor: User) -> str:
    """What to tell the person, or nothing with the refusal noted on the form."""
    if not form.is_valid():
        return ""
    try:
        declare_rights(**form.cleaned_data, actor=actor)
    except DomainError as error:
        form.add_error(None, str(error))
        return ""
    return _("The division is declared. The next distribution takes the songs that waited for it.")


def _declare_price(form: PriceForm, actor: User) -> str:
    """What to tell the person, or nothing with the refusal noted on the form."""
    if not form.is_valid():
        return ""
    try:
        declare_price(**form.cleaned_data, actor=actor)
    except DomainError as error:
        form.add_error(None, str(error))
        return ""
    return _("The prices are declared. Reports that waited for them have been looked at again.")


def _declare_calendar(form: CalendarForm, actor: User) -> str:
    """What to tell the person, or nothing with the refusal noted on the form."""
    if not form.is_valid():
        return ""
    try:
        declare_calendar(**form.cleaned_data, actor=actor)
    except DomainError as error:
        form.add_error(None, str(error))
        return ""
    return _("The calendar is declared. The months of its reports are judged by it.")
