"""Two files of one source song by song, for staff who have to say what the second one is."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from portal.accounts.access import only
from portal.lib import svg, wording
from royalties.access import SOCIETY, get_two_reports
from royalties.forms import KINDS, OverlapForm
from royalties.models import Service
from royalties.overlap import Sums, overlap_page, says_the_same, sums_of

COLOURS: Final = {"same": "good", "different": "wait", "only_this": "more", "only_other": "off"}


@require_GET
@only(*SOCIETY)
def overlap(request: HttpRequest, ref: str, other: str) -> HttpResponse:
    """What is in both and what in one alone, the largest difference of money first."""
    this, that = get_two_reports(request.user, ref, other)
    form = OverlapForm(request.GET)
    form.is_valid()
    kind, service = form.cleaned_data.get("kind") or "", form.cleaned_data.get("service") or ""
    page = overlap_page(this, that, kind=kind, service=service, after=request.GET.get("after", ""))
    sums = sums_of(this, that)
    shown = sums_of(this, that, service=service) if service else sums
    services = dict(Service.choices)
    context = {
        "report": this,
        "other": that,
        "form": form,
        "page": page,
        "rows": [{"row": row, "kind": KINDS[row.kind.value], "service": services[row.service]} for row in page.rows],
        "sums": [{"sums": found, "kind": KINDS[found.kind.value]} for found in shown],
        "whole": {
            "rows": sum(found.rows for found in shown),
            "this": sum(found.this_micros for found in shown),
            "other": sum(found.other_micros for found in shown),
            "difference": sum(found.difference for found in shown),
        },
        "parts": [_part(found, this.currency) for found in shown],
        "resend": bool(this.lines) and says_the_same(this, that, sums),
        "apart": sum(found.apart for found in sums),
        "rejected": int(this.rejected_micros - that.rejected_micros),
    }
    return render(request, "royalties/overlap.html", context)


def _part(found: Sums, currency: str) -> svg.Part:
    """Of rows with different amounts the picture shows the larger sum."""
    micros = max(abs(found.this_micros), abs(found.other_micros))
    text = _("%(rows)s rows, %(money)s") % {
        "rows": wording.count(found.rows),
        "money": wording.exact_money(micros, currency),
    }
    return svg.Part(label=str(KINDS[found.kind.value]), value=micros, text=text, kind=COLOURS[found.kind.value])
