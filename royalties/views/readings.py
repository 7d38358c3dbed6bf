"""How the file of a report was read, for people to look at, and having it read otherwise or accepted as it is."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_POST

from portal.accounts.access import Reader, is_staff
from portal.files.guards import extension_of
from royalties.access import get_report, staff_only
from royalties.forms import ReadAgainForm, ReasonForm
from royalties.ingest.again import SETTLED, read_report_again
from royalties.models import Pool, Report
from royalties.reports import encodings
from royalties.reports.base import RulesHaveChanged
from royalties.services import DOUBTS, accept_as_is

DELIMITERS: Final = {
    ",": gettext_lazy("commas"),
    "\t": gettext_lazy("tabs"),
    ";": gettext_lazy("semicolons"),
    "|": gettext_lazy("vertical bars"),
}


def reading_context(user: Reader, shown: Report) -> dict[str, Any]:
    """What a report's page says about the reading of its file, and which decisions it offers to this person."""
    said = shown.reading
    staff = is_staff(user)
    may_differ = extension_of(shown.file.label) != "xlsx" or shown.error_code == RulesHaveChanged.code
    movable = shown.state in SETTLED and not shown.pools.filter(state=Pool.State.RELEASED).exists()
    return {
        **said,
        "encoding": encodings.NAMES.get(shown.encoding, ""),
        "why": encodings.WHY.get(said.get("why", ""), ""),
        "looks_like": encodings.NAMES.get(said.get("looks_like", ""), ""),
        "parted_by": DELIMITERS.get(said.get("delimiter", ""), ""),
        "preview": [list(zip(said["columns"], cells, strict=True)) for cells in said.get("preview", [])],
        "is_mapped": "mapping" in said,
        "again": ReadAgainForm(initial={"encoding": said.get("looks_like")})
        if staff and may_differ and movable and shown.superseded_at is None
        else None,
        "in_doubt": shown.held_reason in DOUBTS,
        "accept": ReasonForm() if staff and shown.held_reason in DOUBTS else None,
        "later": getattr(shown, "read_again_as", None),
        "before": shown.reads_again,
    }


@require_POST
def read_again(request: HttpRequest, ref: str) -> HttpResponse:
    """Staff have looked at the first lines and say in which encoding the file is written."""
    actor = staff_only(request)
    shown = get_report(actor, ref)
    encoding = request.POST.get("encoding", "").removeprefix(ReadAgainForm.AS_DECIDED)
    report = read_report_again(report=shown, encoding=encoding, actor=actor)
    if report.state == Report.State.RECEIVED:
        messages.success(request, _("The file is being read again. You may leave this page."))
    else:
        messages.info(request, _("The file was read in this encoding already. Nothing has changed."))
    return redirect("royalties:report", report.ref)


@require_POST
def accept_report(request: HttpRequest, ref: str) -> HttpResponse:
    """Staff take responsibility for a file that is in doubt. Without a reason nothing happens, and they are asked for one."""
    actor = staff_only(request)
    shown = get_report(actor, ref)
    form = ReasonForm(request.POST)
    form.is_valid()
    accept_as_is(report=shown, actor=actor, reason=form.cleaned_data.get("reason", ""))
    messages.success(request, _("The decision is recorded."))
    return redirect("royalties:report", shown.ref)
