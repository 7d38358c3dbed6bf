"""What should have come in, for programs: months of sources, and the totals declared of a report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.access import signed_in
from portal.rest.api import ApiView, checked
from portal.rest.fields import Input, Text, Whole
from royalties import access
from royalties.api.fields import SOCIETY, STAFF, Month, SourceCode, source_named
from royalties.api.reports import ReportOut, report_shown
from royalties.declared import SAID_BY_PEOPLE
from royalties.grid import SPAN, Grid, files_of_no_month, grid_of
from royalties.models import Report
from royalties.reporting import Arrived, Cell, State
from royalties.services import declare_total


class DeclaredIn(Input):
    origin = serializers.ChoiceField(choices=SAID_BY_PEOPLE, help_text=_("Where it is said."))
    lines = Whole(required=False, min_value=0, help_text=_("Left out: it says none."))
    micros = Whole(
        required=False,
        help_text=_(
            "In millionths of the report's currency; without lines and money nothing is declared there any more."
        ),
    )
    note = Text(max_length=300, required=False, allow_blank=True, default="", help_text=_("Why, when it is corrected."))


class MonthsQuery(Input):
    source = SourceCode(required=False)  # type: ignore[assignment]
    until = Month(required=False, help_text=_("The last month; this one by default."))
    months = Whole(required=False, min_value=1, max_value=36, default=SPAN, help_text=_("How many, back from there."))


class ArrivedOut(serializers.Serializer[Any]):
    report = serializers.CharField(help_text=_("The ref of the report."))
    state = serializers.ChoiceField(choices=[(one.value, one.value) for one in Arrived])
    held_reason = serializers.ChoiceField(choices=Report.HeldReason.choices, allow_null=True)
    received_on = serializers.DateField(help_text=_("In Seoul."))


class CellOut(serializers.Serializer[Any]):
    month = Month()
    state = serializers.ChoiceField(
        choices=[(one.value, one.value) for one in State],
        help_text=_("Of a report that counts the most urgent, else what is owed."),
    )
    due = serializers.DateField(allow_null=True, help_text=_("The last day in time, in Seoul; null: nobody said."))
    days_late = serializers.IntegerField()
    reports = ArrivedOut(many=True)


class MonthsOfSource(serializers.Serializer[Any]):
    source = serializers.CharField(help_text=_("The code of the source."))  # type: ignore[assignment]
    family = serializers.CharField(allow_blank=True, help_text=_("Empty: all its files."))
    has_calendar = serializers.BooleanField()
    months = CellOut(many=True, help_text=_("Newest first."))


class MonthsOut(serializers.Serializer[Any]):
    sources = MonthsOfSource(many=True)
    reports_without_month = serializers.ListField(
        child=serializers.CharField(), help_text=_("Refs of files that were refused before their month was known.")
    )


class Months(ApiView):
    needs = {"GET": SOCIETY}
    query_input = MonthsQuery

    @extend_schema(
        operation_id="list_months",
        summary=_("Which months of each source came in, are late, missing or held"),
        responses=MonthsOut,
    )
    def get(self, request: Request) -> Response:
        asked = self.asked(request)
        source = source_named(asked["source"]) if "source" in asked else None
        grid = grid_of(request.user, until=asked.get("until"), span=asked["months"], source=source)
        shown = {
            "sources": [
                {
                    "source": row.source.code,
                    "family": row.family,
                    "has_calendar": bool(row.rules),
                    "months": [_cell(grid, month, cell) for month, cell in row.cells],
                }
                for row in grid.rows
            ],
            "reports_without_month": [report.ref for report in files_of_no_month(request.user, source)],
        }
        return Response(MonthsOut(shown).data)


def _cell(grid: Grid, month: dt.date, cell: Cell) -> Mapping[str, Any]:
    return {
        "month": month,
        "state": cell.state.value,
        "due": cell.due,
        "days_late": cell.days_late,
        "reports": [
            {
                "report": arrival.ref,
                "state": arrival.what.value,
                "held_reason": grid.reports[arrival.ref].held_reason or None,
                "received_on": arrival.on,
            }
            for arrival in cell.arrivals
        ],
    }


class DeclareTotal(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="declare_total",
        summary=_("Say what a report should hold, or correct it; a difference holds it, and no difference lets it go"),
        request=DeclaredIn,
        responses=ReportOut,
    )
    def post(self, request: Request, ref: str) -> Response:
        report = access.get_report(request.user, ref)
        given = checked(DeclaredIn(data=request.data))
        declare_total(
            report=report,
            origin=given["origin"],
            lines=given.get("lines"),
            micros=given.get("micros"),
            note=given["note"],
            actor=signed_in(request),
        )
        return Response(report_shown(request.user, access.get_report(request.user, ref)))


urlpatterns: list[URLPattern] = [
    path("months/", Months.as_view(), name="months"),
    path("reports/<str:ref>/declared/", DeclareTotal.as_view(), name="declare_total"),
]
