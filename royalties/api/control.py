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
from portal.rest.fields import Input, Money, Text, Whole
from portal.rest.paging import PageQuery
from royalties import access
from royalties.api.fields import SOCIETY, STAFF, Month, ServiceField, SongBrief, SourceCode, money, source_named
from royalties.api.reports import ReportOut, report_shown
from royalties.declared import SAID_BY_PEOPLE
from royalties.forms import KIND_CHOICES
from royalties.grid import SPAN, Grid, files_of_no_month, grid_of
from royalties.models import Report
from royalties.overlap import overlap_page, says_the_same, sums_of
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
        child=serializers.CharField(), help_text=_("Refs of files of which no line was read and nobody said the month.")
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


class Both(serializers.Serializer[Any]):
    this_file = Money(allow_null=True, help_text=_("Null where this file does not have it."))
    other_file = Money(allow_null=True, help_text=_("Null where the other file does not have it."))
    difference = Money(help_text=_("This file less the other."))


class OverlapSums(Both):
    kind = serializers.ChoiceField(choices=KIND_CHOICES)
    rows = serializers.IntegerField(help_text=_("A row is one song, service and month."))
    otherwise_differing = serializers.IntegerField(help_text=_("Rows in both whose lines or uses differ."))


class OverlapOut(serializers.Serializer[Any]):
    looks_like_a_resend = serializers.BooleanField(
        help_text=_("Both say the same of every song, and their rejected lines too.")
    )
    kinds = OverlapSums(many=True)


class OverlapSong(Both):
    kind = serializers.ChoiceField(choices=KIND_CHOICES)
    song = SongBrief()
    service = ServiceField()
    usage_month = Month()


class OverlapQuery(PageQuery):
    kind = serializers.ChoiceField(choices=KIND_CHOICES, required=False)
    service = ServiceField(required=False)


class Overlap(ApiView):
    needs = {"GET": SOCIETY}

    @extend_schema(
        operation_id="compare_reports",
        summary=_("Two reports of a source: what is in both, and what in one alone"),
        responses=OverlapOut,
    )
    def get(self, request: Request, ref: str, other: str) -> Response:
        this, that = access.get_two_reports(request.user, ref, other)
        sums = sums_of(this, that)
        shown = {
            "looks_like_a_resend": says_the_same(this, that, sums),
            "kinds": [
                {
                    "kind": found.kind.value,
                    "rows": found.rows,
                    "otherwise_differing": found.apart,
                    **_both(this, found.this_micros, found.other_micros, found.difference),
                }
                for found in sums
            ],
        }
        return Response(OverlapOut(shown).data)


class OverlapSongs(ApiView):
    needs = {"GET": SOCIETY}
    query_input = OverlapQuery

    @extend_schema(
        operation_id="list_overlap",
        summary=_("Two reports of a source song by song, the largest difference of money first"),
        responses=OverlapSong(many=True),
    )
    def get(self, request: Request, ref: str, other: str) -> Response:
        this, that = access.get_two_reports(request.user, ref, other)
        asked = self.asked(request)
        chosen = {"kind": asked.get("kind", ""), "service": asked.get("service", "")}
        page = overlap_page(this, that, **chosen, after=asked.get("after", ""), size=asked["limit"])
        found = [
            {
                "kind": row.kind.value,
                "song": row,
                "service": row.service,
                "usage_month": row.usage_month,
                **_both(this, row.this_micros, row.other_micros, row.difference),
            }
            for row in page.rows
        ]
        return self.answer_page(request, page, OverlapSong(found, many=True).data)


def _both(report: Report, this: int | None, other: int | None, difference: int) -> Mapping[str, Any]:
    return {
        "this_file": None if this is None else money(this, report.currency),
        "other_file": None if other is None else money(other, report.currency),
        "difference": money(difference, report.currency),
    }


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
    path("reports/<str:ref>/overlap/<str:other>/", Overlap.as_view(), name="overlap"),
    path("reports/<str:ref>/overlap/<str:other>/songs/", OverlapSongs.as_view(), name="overlap_songs"),
    path("reports/<str:ref>/declared/", DeclareTotal.as_view(), name="declare_total"),
]
