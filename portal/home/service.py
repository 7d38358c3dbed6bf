"""What a service's contact finds: what the society needs of him, and what became of his reports."""

from __future__ import annotations

import datetime as dt
from itertools import groupby
from typing import Any, Final

from django.db.models import Count, F
from django.utils.translation import gettext as _

from portal.accounts.access import Reader
from portal.home.tasks import Task, waiting
from royalties.models import RejectedLine, Report
from royalties.reports.base import REASONS, refusal_of

REPORTS_SHOWN: Final = 100
REASONS_SHOWN: Final = 6


def service_figures(user: Reader) -> dict[str, Any]:
    """Files that could not be read, why lines of the newest period were not taken, and all reports by period."""
    reports = Report.objects.visible_to(user)
    refused = list(reports.filter(state=Report.State.REFUSED).order_by("-id")[:REPORTS_SHOWN])
    periods = reports_by_period(user)
    newest = next((period for period, _reports in periods if period is not None), None)
    reasons = (
        RejectedLine.objects.filter(report__in=reports.filter(period=newest))
        .order_by()
        .values("reason")
        .annotate(lines=Count("id"))
        .order_by("-lines", "reason")
    )
    rejected = [{"reason": REASONS.get(row["reason"], row["reason"]), "lines": row["lines"]} for row in reasons]
    lines = sum(row["lines"] for row in rejected)
    return {
        "tasks": waiting(
            Task(len(refused), _("files that could not be read: please send them again"), "home", "#refused"),
            Task(
                lines, _("lines of the newest reports that could not be taken: please check them"), "home", "#rejected"
            ),
        ),
        "refused": [{"report": each, "why": refusal_of(each.error_code, each.error_params)} for each in refused],
        "newest": newest,
        "rejected": rejected[:REASONS_SHOWN],
        "periods": periods,
    }


def reports_by_period(user: Reader) -> list[tuple[dt.date | None, list[Report]]]:
    """A service's own reports, newest period first."""
    rows = (
        Report.objects.visible_to(user)
        .select_related("source")
        .order_by(F("period").desc(nulls_first=True), "-id")[:REPORTS_SHOWN]
    )
    return [(period, list(reports)) for period, reports in groupby(rows, key=lambda report: report.period)]
