"""Reports: what came in, how far it is, where each of its lines and yuan went, and what staff decide about it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.access import is_staff, only, sees_everything
from portal.accounts.models import Role
from portal.files.services import store_upload
from portal.lib import svg, wording
from portal.lib.errors import DomainError
from portal.lib.http import as_refusal
from portal.lib.keyset import page_of, whole
from royalties.access import SOCIETY, get_report, get_report_with_lines, staff_only
from royalties.file_lines import file_lines
from royalties.forms import UploadForm, WithdrawForm
from royalties.held import why_held
from royalties.ingest import receive_report, rejected_by_reason, report_figures, resume_report as resume
from royalties.ingest.societies import society_sums
from royalties.models import DeclaredTotal, RejectedLine, Report, ReportedRecording, UsageLine
from royalties.overlap import other_files
from royalties.progress import STAGES, UNDER_WAY, done_in_words, left_in_words, progress_of
from royalties.querysets import LINE_KEYS
from royalties.reports.base import POISON, REASONS, refusal_of
from royalties.reports.formats import format_of
from royalties.resting import resting_money
from royalties.standing import TO_SETTLE, files_of_month, settle_second_file, withdraw_report
from royalties.views.control import declared_context
from royalties.views.readings import reading_context
from royalties.views.records import records_context
from royalties.views.standing import settle_form, standing_context

LUMPS_SHOWN = 100


@require_GET
@only(*SOCIETY, Role.SERVICE_CONTACT)
def report_list(request: HttpRequest) -> HttpResponse:
    rows = Report.objects.visible_to(request.user)
    page = page_of(
        rows.select_related("source", "file").with_money(),
        keys=(whole("id", descending=True),),
        after=request.GET.get("after", ""),
    )
    society = sees_everything(request.user)
    context = {
        "page": page,
        "society": society,
        "may_upload": is_staff(request.user),
        "resting": resting_money() if society else None,
    }
    return render(request, "royalties/reports.html", context)


@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Bring a report. It is stored and waits in the database; workers take it up whether or not the broker hears of it."""
    actor = staff_only(request)
    named = {name: request.GET[name] for name in ("source", "period") if name in request.GET}
    form = UploadForm(request.POST or None, request.FILES or None, initial=named)
    shown = {"form": form}
    if request.method == "POST" and form.is_valid():
        try:
            report, is_new = _receive(form, actor)
        except DomainError as error:
            form.add_error("file", str(error))
            return as_refusal(render(request, "royalties/upload.html", shown), error)
        else:
            if is_new:
                messages.success(request, _("The file is here. You may leave this page while it is read."))
            else:
                messages.info(request, _("This file is already here, byte for byte. Nothing has changed."))
            return redirect("royalties:report", report.ref)
    return render(request, "royalties/upload.html", shown, status=400 if form.errors else 200)


def _receive(form: UploadForm, actor: Any) -> tuple[Report, bool]:
    source = form.cleaned_data["source"]
    file = form.cleaned_data["file"]
    said = form.cleaned_data
    stored = store_upload(stream=file, label=file.name, user=actor, sha256=said["sha256"])
    return receive_report(
        source=source,
        stored=stored,
        period=said["period"],
        user=actor,
        encoding=said["encoding"],
        correction_because=said["correction_because"],
        declared_lines=said["declared_lines"],
        declared_micros=said["declared_micros"],
        declared_origin=said["declared_origin"] or DeclaredTotal.Origin.STAFF,
    )


@require_GET
@only(*SOCIETY, Role.SERVICE_CONTACT)
def report(request: HttpRequest, ref: str) -> HttpResponse:
    shown = get_report(request.user, ref)
    return render(request, "royalties/report.html", report_context(request, shown))


@require_GET
@only(*SOCIETY, Role.SERVICE_CONTACT)
def report_progress(request: HttpRequest, ref: str) -> HttpResponse:
    """The part of the page that moves. It asks for itself again only while the report is under way."""
    shown = get_report(request.user, ref)
    return render(request, "royalties/_report_state.html", report_context(request, shown))


def report_context(request: HttpRequest, shown: Report) -> dict[str, Any]:
    under_way = shown.state in UNDER_WAY
    staff = is_staff(request.user)
    nothing_taken = shown.state in {Report.State.REFUSED, Report.State.MAPPING}
    figures = None if under_way or nothing_taken else report_figures(shown)
    pools = list(shown.pools.select_related("remittance")) if sees_everything(request.user) else []
    return {
        "report": shown,
        "society": sees_everything(request.user),
        "under_way": under_way,
        "refusal": refusal_of(shown.error_code, shown.error_params) if shown.error_code else "",
        "held": why_held(shown) if sees_everything(request.user) and shown.superseded_at is None else None,
        "staff": staff,
        "progress": _progress(shown) if under_way else None,
        "figures": figures,
        "poisoned": RejectedLine.objects.filter(report=shown, reason=POISON).count() if figures else 0,
        "may_resume": staff and shown.state == Report.State.STOPPED,
        "parts": _parts(shown, figures) if figures else [],
        "reasons": rejected_by_reason(shown) if figures and sees_everything(request.user) else [],
        "lumps": list(shown.lump_sums.order_by("line_no")[:LUMPS_SHOWN]) if figures else [],
        "shape": of_family.shape if (of_family := format_of(shown.family)) else "",
        "earlier": other_files(shown) if shown.held_reason in TO_SETTLE and sees_everything(request.user) else [],
        "standing": standing_context(request.user, shown, pools)
        if sees_everything(request.user) and not under_way
        else None,
        "records": records_context(shown) if sees_everything(request.user) and not under_way else None,
        "reading": reading_context(request.user, shown) if sees_everything(request.user) and not under_way else None,
        "declared": declared_context(request.user, shown) if figures and sees_everything(request.user) else None,
        "sums": society_sums(shown) if figures and sees_everything(request.user) else None,
        "pools": pools,
    }


def _progress(shown: Report) -> dict[str, Any]:
    """How far the work on a report is, in words and as a bar."""
    progress = progress_of(shown)
    if progress is None:
        return {"stages": []}
    at = list(STAGES).index(progress.stage)
    stages = [
        {"words": words, "state": "done" if place < at else "running" if place == at else "todo"}
        for place, words in enumerate(STAGES.values())
    ]
    return {
        "stages": stages,
        "done": progress.done,
        "total": progress.total,
        "done_in_words": done_in_words(progress),
        "left_in_words": left_in_words(progress.seconds_left),
        "silent_since": progress.silent_since,
    }


def _parts(shown: Report, figures: Any) -> list[svg.Part]:
    """Identity 1: what was reported is matched, to review, unmatched or rejected, to the millionth."""
    named = (
        (_("matched"), figures.matched_micros, "good"),
        (_("to review"), figures.review_micros, "wait"),
        (_("unmatched"), figures.without_owner_micros, "off"),
        (_("rejected"), figures.not_taken_micros, "bad"),
        (_("held without a mandate"), figures.no_mandate_micros, "more"),
        (_("sums without songs, to be spread"), figures.lump_micros, "rest"),
    )
    return [
        svg.Part(label=label, value=int(value), text=wording.exact_money(value, shown.currency), kind=kind)
        for label, value, kind in named
        if value or kind not in {"more", "rest"}
    ]


@require_GET
@only(*SOCIETY)
def report_rejected(request: HttpRequest, ref: str) -> HttpResponse:
    """The lines that could not be taken: number, text, column, value and why."""
    shown = get_report_with_lines(request.user, ref)
    page = page_of(
        RejectedLine.objects.filter(report=shown), keys=(whole("line_no"),), after=request.GET.get("after", "")
    )
    numbers = file_lines(shown.pk, [line.line_no for line in page.rows])
    context = {
        "report": shown,
        "page": page,
        "rows": [
            {"line": line, "number": numbers[line.line_no], "reason": REASONS.get(line.reason, line.reason)}
            for line in page.rows
        ],
    }
    return render(request, "royalties/report_rejected.html", context)


@require_GET
@only(*SOCIETY)
def report_lines(request: HttpRequest, ref: str) -> HttpResponse:
    """The lines that were taken, as they stand in the file."""
    shown = get_report_with_lines(request.user, ref)
    lines = UsageLine.objects.of_report(shown)
    page = page_of(lines, keys=LINE_KEYS, after=request.GET.get("after", ""))
    songs = ReportedRecording.objects.in_bulk({line.recording_id for line in page.rows})
    numbers = file_lines(shown.pk, [line.line_no for line in page.rows])
    context = {
        "report": shown,
        "page": page,
        "rows": [
            {"line": line, "number": numbers[line.line_no], "song": songs.get(line.recording_id)} for line in page.rows
        ],
    }
    return render(request, "royalties/report_lines.html", context)


@require_POST
def settle_report(request: HttpRequest, ref: str) -> HttpResponse:
    """Staff have seen the overlap and say what a further file is, which earlier ones it concerns, and why."""
    actor = staff_only(request)
    shown = get_report(actor, ref)
    files = files_of_month(shown)
    form = settle_form(shown, files, request.POST)
    if not form.is_valid() and shown.held_reason in TO_SETTLE:
        context = report_context(request, shown)
        context["standing"]["settle"] = form
        return render(request, "royalties/report.html", {**context, "form": form}, status=400)
    counts = settle_second_file(
        report=shown,
        choice=form.cleaned_data.get("choice", ""),
        actor=actor,
        reason=form.cleaned_data.get("reason", "") or request.POST.get("reason", ""),
        earlier=[one for one in files if one.ref in form.cleaned_data.get("earlier", ())],
    )
    if counts.pk != shown.pk:
        messages.success(request, _("The decision is recorded. The file is being read again, with negative amounts."))
    else:
        messages.success(request, _("The decision is recorded."))
    return redirect("royalties:report", counts.ref)


@require_POST
def withdraw(request: HttpRequest, ref: str) -> HttpResponse:
    """Staff say that a report counts for nothing from now on, and why."""
    actor = staff_only(request)
    shown = get_report(actor, ref)
    form = WithdrawForm(request.POST)
    if not form.is_valid():
        context = report_context(request, shown)
        if context["standing"] is not None:
            context["standing"]["withdraw"] = form
        return render(request, "royalties/report.html", {**context, "form": form}, status=400)
    withdraw_report(report=shown, actor=actor, reason=form.cleaned_data["reason"])
    messages.success(
        request, _("The report is withdrawn. What was distributed by it, the next distribution takes back.")
    )
    return redirect("royalties:report", shown.ref)


@require_POST
def resume_report(request: HttpRequest, ref: str) -> HttpResponse:
    """Staff have what stopped the work mended, and let it go on."""
    shown = get_report(staff_only(request), ref)
    if resume(report=shown):
        messages.success(request, _("The work on this file goes on from where it stopped."))
    else:
        messages.info(request, _("The work on this file is not stopped. Nothing has changed."))
    return redirect("royalties:report", shown.ref)
