"""What should have come in, for people: the totals declared of a report."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.accounts.access import Reader, is_staff
from royalties.access import get_report, staff_only
from royalties.declared import compared_totals
from royalties.forms import DeclareForm
from royalties.models import DeclaredTotal, Report
from royalties.services import declare_total, may_declare


def declared_context(user: Reader, shown: Report) -> dict[str, Any]:
    """What is declared of a report beside what was read, what was declared before, and the form for staff."""
    may = is_staff(user) and may_declare(shown)
    rows = compared_totals(shown)
    return {
        "rows": rows,
        "differs": any(not row.agrees for row in rows),
        "earlier": list(
            DeclaredTotal.objects.filter(report=shown, superseded_at__isnull=False)
            .select_related("declared_by")
            .order_by("-pk")
        ),
        "form": DeclareForm() if may else None,
        "ours": int(shown.accepted_micros + shown.rejected_micros),
    }


@require_POST
def declare(request: HttpRequest, ref: str) -> HttpResponse:
    """Staff say what a report should hold, or say it otherwise."""
    actor = staff_only(request)
    shown = get_report(actor, ref)
    form = DeclareForm(request.POST)
    if not form.is_valid():
        for wrong in form.errors.values():
            messages.error(request, " ".join(str(one) for one in wrong))
        return redirect("royalties:report", shown.ref)
    report = declare_total(report=shown, actor=actor, **form.cleaned_data)
    if report.held_reason == Report.HeldReason.DECLARED:
        messages.warning(request, _("It is noted. The file does not say the same, so its money waits."))
    else:
        messages.success(request, _("It is noted, and compared with the file."))
    return redirect("royalties:report", shown.ref)
