"""The mapping screen: what the columns of an unknown table mean, seen on its first lines before it is saved."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.accounts.access import is_staff, only
from portal.lib.errors import DomainError
from portal.lib.http import as_refusal
from royalties.access import SOCIETY, get_report, staff_only
from royalties.ingest.mappings import ColumnsAreNotKept, mapping_of, save_mapping
from royalties.mapping_form import ColumnsForm
from royalties.models import Report
from royalties.reports import encodings
from royalties.reports.base import refusal_of
from royalties.tables import table_of, try_lines

SAVE = "save"
LONG = 4  # digits that no line of a header has


@require_http_methods(["GET", "POST"])
@only(*SOCIETY)
def columns(request: HttpRequest, ref: str) -> HttpResponse:
    """The first lines of a report under a guess of what its columns mean. POST: look again, or save and read it."""
    shown = get_report(request.user, ref)
    actor = staff_only(request) if request.method == "POST" else None
    try:
        form = form_of(shown, request.POST if actor else None, request.GET.get("header_line", ""))
    except ColumnsAreNotKept as error:
        context = {"report": shown, "error": error}
        page = render(request, "royalties/columns.html", context)
        return as_refusal(page, error) if actor else page
    if actor is None or request.POST.get("action") != SAVE:
        return render(request, "royalties/columns.html", _context(request, shown, form))
    said = form.said() if form.is_valid() else None
    if said is None:
        return render(request, "royalties/columns.html", _context(request, shown, form), status=400)
    try:
        mapping, now = save_mapping(
            report=shown,
            said=said,
            actor=actor,
            seen=form.cleaned_data["seen"] if said.name == request.POST.get("before") else None,
            replaces=form.cleaned_data["replaces"],
        )
    except DomainError as error:
        form.add_error(None, str(error))
        return as_refusal(render(request, "royalties/columns.html", _context(request, shown, form)), error)
    words = _("Version %(version)s of “%(name)s” is saved.") % {"version": mapping.version, "name": mapping.name}
    messages.success(request, words)
    return redirect("royalties:report", now.ref)


def form_of(report: Report, data: QueryDict | None, header_line: str = "") -> ColumnsForm:
    """The form with what was sent, or with a guess below the line that is the header. Raises ColumnsAreNotKept."""
    line = header_line if data is None else data.get("header_line", "")
    chosen = int(line) if line.isascii() and line.isdigit() and len(line) < LONG else None
    return ColumnsForm(table_of(report, mapping_of(report), chosen), data)


def _context(request: HttpRequest, shown: Report, form: ColumnsForm) -> dict[str, Any]:
    said = form.said()
    staff = is_staff(request.user)
    if not staff:
        for field in form.fields.values():
            field.disabled = True
    return {
        "report": shown,
        "staff": staff,
        "encoding": encodings.NAMES.get(shown.encoding, ""),
        "why_encoding": encodings.WHY.get(shown.reading.get("why", ""), ""),
        "form": form,
        "table": form.table,
        "why": refusal_of(shown.error_code, shown.error_params) if shown.state == Report.State.MAPPING else "",
        "tried": try_lines(form.table, said) if said else None,
        "asked": sum(row["column"].guess.is_asked for row in form.column_rows()),
    }
