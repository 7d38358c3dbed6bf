"""Two files for one month: what each says, and how much of one the other already says."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F, Q, Sum

from royalties.models import Report, SongUsage


def other_files(report: Report) -> list[dict[str, Any]]:
    """The other files of the same source, family and month, each with how much of this one it already says. Two queries.

    `overlap` is None where they have no row (song, service, month) in common; `same` counts those with the same amount.
    """
    others = (
        Report.objects.filter(source=report.source_id, family=report.family, period=report.period)
        .exclude(pk=report.pk)
        .select_related("file")
        .with_money()
        .order_by("id")
    )
    overlaps = (
        SongUsage.objects.filter(
            report=report,
            recording__usages__report__in=others,
            recording__usages__service=F("service"),
            recording__usages__usage_month=F("usage_month"),
        )
        .order_by()
        .values("recording__usages__report")
        .annotate(
            both=Count("id"),
            same=Count("id", filter=Q(recording__usages__amount_micros=F("amount_micros"))),
            money=Sum("amount_micros"),
        )
    )
    by_report = {row["recording__usages__report"]: row for row in overlaps}
    return [{"report": other, "overlap": by_report.get(other.pk)} for other in others]
