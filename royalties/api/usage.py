"""What services reported of one's works, by song, service and month, and what of it became one's own."""

from __future__ import annotations

from typing import Any, Final

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.access import Reader
from portal.lib.keyset import day, whole
from portal.rest.api import ApiView
from portal.rest.fields import Input, Money, Text
from portal.rest.paging import PageQuery
from royalties.access import sees_money
from royalties.api.fields import HOLDERS, Month, ServiceField, SongBrief, WorkBrief, money, won
from royalties.models import Earning, SongUsage
from royalties.querysets import SongUsageQuerySet
from royalties.songs import works_of
from royalties.usage import MONTH_KEYS, songs_of, won_of_cells
from works.access import get_work

SONGS_SHOWN: Final = 200


class UsageRow(serializers.Serializer[Any]):
    works = WorkBrief(many=True, help_text=_("What the song is, as far as you see it."))
    song = SongBrief()
    usage_month = Month()
    service = ServiceField()
    uses = serializers.IntegerField()
    reported = Money(help_text=_("For the whole song, before it is divided."))


class ServiceSum(serializers.Serializer[Any]):
    service = ServiceField()
    uses = serializers.IntegerField()
    reported = Money()


class ServiceSums(serializers.Serializer[Any]):
    services = ServiceSum(many=True, help_text=_("Most money first."))


class WonByState(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=Earning.State.choices)
    won = Money()


class RecognisedSong(serializers.Serializer[Any]):
    song = SongBrief(source="match.recording")
    matched_at = serializers.DateTimeField(source="match.created_at")


class WorkUsageOut(serializers.Serializer[Any]):
    work = WorkBrief()
    earned = WonByState(
        many=True, allow_null=True, help_text=_("What is yours of it so far; null if your role sees no money.")
    )
    songs = RecognisedSong(many=True, help_text=_("The reported songs that are this work, the newest 200."))


class WorkMonth(serializers.Serializer[Any]):
    usage_month = Month()
    service = ServiceField()
    uses = serializers.IntegerField()
    reported = Money(help_text=_("For the whole song, before it is divided."))
    payable = Money(allow_null=True, help_text=_("Yours of it; null if nothing is, or your role sees no money."))
    held = Money(allow_null=True, help_text=_("Yours of it, but disputed."))


class UsageFilter(Input):
    service = ServiceField(required=False)
    month = Month(required=False)
    q = Text(
        required=False, allow_blank=True, max_length=100, help_text=_("A part of the title, as reported or registered.")
    )


class UsageQuery(PageQuery, UsageFilter):
    pass


class UsageList(ApiView):
    needs = {"GET": HOLDERS}
    query_input = UsageQuery
    keys = (day("usage_month", descending=True), whole("amount_micros", descending=True), whole("id"))

    @extend_schema(
        operation_id="list_usage",
        summary=_("The use of your works by song, service and month"),
        responses=UsageRow(many=True),
    )
    def get(self, request: Request) -> Response:
        rows = filtered(request.user, self.asked(request)).select_related("recording", "report")
        page = self.page_of(request, rows)
        works = works_of(request.user, [row.recording_id for row in page.rows])
        found = [
            {
                "works": works.get(row.recording_id, []),
                "song": row.recording,
                "usage_month": row.usage_month,
                "service": row.service,
                "uses": row.uses,
                "reported": money(row.amount_micros, row.report.currency),
            }
            for row in page.rows
        ]
        return self.answer_page(request, page, UsageRow(found, many=True).data)


class UsageByService(ApiView):
    needs = {"GET": HOLDERS}
    query_input = UsageFilter

    @extend_schema(
        operation_id="sum_usage", summary=_("The use of your works, summed by service"), responses=ServiceSums
    )
    def get(self, request: Request) -> Response:
        sums = filtered(request.user, self.asked(request)).by_service()
        found = [
            {
                "service": row["service"],
                "uses": row["uses"],
                "reported": money(row["amount"], row["report__currency"]),
            }
            for row in sums
        ]
        return Response(ServiceSums({"services": found}).data)


class WorkUsage(ApiView):
    needs = {"GET": HOLDERS}

    @extend_schema(
        operation_id="read_usage_of_work",
        summary=_("One work: what is yours of its money, and how it was reported"),
        responses=WorkUsageOut,
    )
    def get(self, request: Request, ref: str) -> Response:
        work = get_work(request.user, ref)
        earned = None
        if sees_money(request.user):
            sums = Earning.objects.visible_to(request.user).filter(work=work).won_by_state()
            earned = [{"state": state, "won": won(sums[state])} for state in Earning.State if state in sums]
        found = {"work": work, "earned": earned, "songs": songs_of(work)[:SONGS_SHOWN]}
        return Response(WorkUsageOut(found).data)


class WorkMonths(ApiView):
    needs = {"GET": HOLDERS}
    query_input = PageQuery
    keys = MONTH_KEYS

    @extend_schema(
        operation_id="list_usage_of_work",
        summary=_("Use and money of one work by month and service"),
        responses=WorkMonth(many=True),
    )
    def get(self, request: Request, ref: str) -> Response:
        work = get_work(request.user, ref)
        page = self.page_of(request, SongUsage.objects.of_work(work).counted().by_month())
        own = Earning.objects.visible_to(request.user).filter(work=work)
        cells = won_of_cells(own if sees_money(request.user) else own.none(), [row["usage_month"] for row in page.rows])
        found = []
        for row in page.rows:
            cell = cells.get((row["usage_month"], row["service"]), {})
            found.append(
                {
                    "usage_month": row["usage_month"],
                    "service": row["service"],
                    "uses": row["uses"],
                    "reported": money(row["amount"], row["report__currency"]),
                    "payable": won(cell["payable"]) if "payable" in cell else None,
                    "held": won(cell["held"]) if "held" in cell else None,
                }
            )
        return self.answer_page(request, page, WorkMonth(found, many=True).data)


def filtered(user: Reader, asked: dict[str, Any]) -> SongUsageQuerySet:
    """The matched use that the reader sees, of the service, month and title that were asked for."""
    rows = SongUsage.objects.visible_to(user).counted().matched()
    if "service" in asked:
        rows = rows.filter(service=asked["service"])
    if "month" in asked:
        rows = rows.filter(usage_month=asked["month"])
    return rows.titled(asked["q"]) if asked.get("q") else rows


urlpatterns: list[URLPattern] = [
    path("usage/", UsageList.as_view(), name="usage"),
    path("usage/by-service/", UsageByService.as_view(), name="usage_by_service"),
    path("usage/<str:ref>/", WorkUsage.as_view(), name="usage_of_work"),
    path("usage/<str:ref>/months/", WorkMonths.as_view(), name="usage_months"),
]
