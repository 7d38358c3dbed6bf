"""Which files of a month stand, for programs: what a further file is, and withdrawal."""

from __future__ import annotations

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.access import signed_in
from portal.rest.api import ApiView, checked
from portal.rest.fields import Input, Text
from royalties import access
from royalties.api.fields import STAFF, ReasonIn
from royalties.api.reports import ReportOut, report_shown
from royalties.standing import settle_second_file, withdraw_report


class SettleIn(Input):
    choice = serializers.ChoiceField(
        choices=[
            ("supplement", _("A supplement: count its lines beside the earlier file’s")),
            ("replacement", _("A replacement: count it in the place of the earlier files that are named")),
            (
                "correction",
                _("A correction: its lines are differences to the files that are named, and may be negative"),
            ),
            ("aside", _("None of these: set this file aside")),
        ]
    )
    earlier = serializers.ListField(
        child=serializers.CharField(max_length=12),
        required=False,
        default=list,
        max_length=100,
        help_text=_("The refs of the reports that it replaces or corrects."),
    )
    reason = Text(max_length=300, allow_blank=True, help_text=_("Nothing is decided without one."))


class SettleReport(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="settle_report",
        summary=_("Say what a further file for a known month is: the report that counts from now on"),
        request=SettleIn,
        responses=ReportOut,
    )
    def post(self, request: Request, ref: str) -> Response:
        report, actor = access.get_report(request.user, ref), signed_in(request)
        given = checked(SettleIn(data=request.data))
        earlier = [access.get_report(actor, named) for named in dict.fromkeys(given["earlier"])]
        counts = settle_second_file(
            report=report, choice=given["choice"], actor=actor, reason=given["reason"], earlier=earlier
        )
        return Response(report_shown(actor, access.get_report(actor, counts.ref)))


class WithdrawReport(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="withdraw_report",
        summary=_(
            "Let a report count for nothing from now on; what was distributed by it, the next distribution takes back"
        ),
        request=ReasonIn,
        responses=ReportOut,
    )
    def post(self, request: Request, ref: str) -> Response:
        report, actor = access.get_report(request.user, ref), signed_in(request)
        withdraw_report(report=report, actor=actor, reason=checked(ReasonIn(data=request.data))["reason"])
        return Response(report_shown(actor, access.get_report(actor, ref)))


urlpatterns: list[URLPattern] = [
    path("reports/<str:ref>/settle/", SettleReport.as_view(), name="settle_report"),
    path("reports/<str:ref>/withdraw/", WithdrawReport.as_view(), name="withdraw_report"),
]
