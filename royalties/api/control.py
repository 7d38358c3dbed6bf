"""What should have come in, for programs: the totals declared of a report."""

from __future__ import annotations

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
from royalties.api.fields import STAFF
from royalties.api.reports import ReportOut, report_shown
from royalties.declared import SAID_BY_PEOPLE
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
    path("reports/<str:ref>/declared/", DeclareTotal.as_view(), name="declare_total"),
]
