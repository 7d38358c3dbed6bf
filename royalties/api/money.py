"""Money received, the reports it pays for, and what rests."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.access import signed_in
from portal.lib.money import MAX_MICROS
from portal.rest.api import ApiView, checked
from portal.rest.fields import Day, Input, Money, Text, Whole
from portal.rest.paging import PageQuery
from royalties import access, money_in
from royalties.api.fields import (
    NEWEST_FIRST,
    SOCIETY,
    STAFF,
    Month,
    Rate,
    ReasonIn,
    SourceCode,
    money,
    name_of,
    source_named,
    won,
)
from royalties.forms import CURRENCIES
from royalties.models import Pool, Remittance
from royalties.resting import resting_money, resting_won


class AcceptedDifference(serializers.Serializer[Any]):
    by = serializers.CharField()
    reason = serializers.CharField()


class RemittanceOut(serializers.Serializer[Any]):
    ref = serializers.CharField()
    source = serializers.CharField(help_text=_("The code of the source."))  # type: ignore[assignment]
    period = Month(help_text=_("Of the reports it pays for."))
    reference = serializers.CharField(help_text=_("As the bank names it."))
    amount = Money()
    received_date = serializers.DateField()
    rate = Rate(help_text=_("Won for one unit of the currency."))
    rate_date = serializers.DateField()
    rate_source = serializers.CharField(allow_blank=True, help_text=_("Who stated the rate."))
    won = Money(help_text=_("The amount at this rate."))
    state = serializers.ChoiceField(choices=Pool.State.choices)
    reports = serializers.ListField(child=serializers.CharField(), help_text=_("The refs of the reports it pays for."))
    reported = Money(help_text=_("What these reports add up to."))
    difference = Money(help_text=_("Amount less reported."))
    accepted_difference = AcceptedDifference(allow_null=True)
    recorded_by = serializers.CharField(allow_null=True)


class AmountIn(Input):
    amount_micros = Whole(min_value=1, max_value=MAX_MICROS - 1)
    currency = serializers.ChoiceField(choices=CURRENCIES)


class RemittanceIn(Input):
    source = SourceCode()  # type: ignore[assignment]
    period = Month(help_text=_("Of the reports it pays for."))
    amount = AmountIn()
    rate = Rate(help_text=_("Won for one unit of the currency, as the bank states it."))
    rate_date = Day()
    rate_source = Text(
        max_length=100, required=False, allow_blank=True, default="", help_text=_("Who stated the rate.")
    )
    reference = Text(
        max_length=80,
        required=False,
        allow_blank=True,
        default="",
        help_text=_("The bank's reference: money with the same one is recorded once, however often it is sent."),
    )


class RestingOut(serializers.Serializer[Any]):
    review = Money(help_text=_("Of songs to review."))
    review_songs = serializers.IntegerField()
    unmatched = Money(help_text=_("Of songs without a match."))
    unmatched_songs = serializers.IntegerField()
    rejected = Money(help_text=_("Of lines that could not be taken."))
    rejected_lines = serializers.IntegerField()
    unregistered = Money(help_text=_("Of parts of matched songs that nobody registered."))
    unregistered_songs = serializers.IntegerField()


class AllResting(serializers.Serializer[Any]):
    reported = RestingOut(many=True, help_text=_("Money of reports that waits, one for each currency."))
    undistributed = Money(help_text=_("Won of money received that no distribution has divided yet."))
    waiting = serializers.IntegerField(help_text=_("How many receipts of money wait or are held."))


class RemittanceList(ApiView):
    needs = {"GET": SOCIETY, "POST": STAFF}
    query_input = PageQuery
    keys = NEWEST_FIRST

    @extend_schema(
        operation_id="list_remittances", summary=_("Money received, newest first"), responses=RemittanceOut(many=True)
    )
    def get(self, request: Request) -> Response:
        page = self.page_of(request, access.remittances_of(request.user))
        return self.answer_page(request, page, [remittance_shown(remittance) for remittance in page.rows])

    @extend_schema(
        operation_id="record_remittance",
        summary=_("Record money received and exchange it into won; the same again gives what is there"),
        request=RemittanceIn,
        responses={201: RemittanceOut},
    )
    def post(self, request: Request) -> Response:
        given = checked(RemittanceIn(data=request.data))
        recorded = money_in.record_remittance(
            source=source_named(given["source"]),
            period=given["period"],
            amount_micros=given["amount"]["amount_micros"],
            currency=given["amount"]["currency"],
            rate=given["rate"],
            rate_date=given["rate_date"],
            rate_source=given["rate_source"],
            reference=given["reference"] or None,
            actor=signed_in(request),
        )
        return Response(remittance_shown(access.get_remittance(request.user, recorded.ref)), status=201)


class RemittanceDetail(ApiView):
    needs = {"GET": SOCIETY}

    @extend_schema(
        operation_id="read_remittance",
        summary=_("One receipt of money, and the reports it pays for"),
        responses=RemittanceOut,
    )
    def get(self, request: Request, ref: str) -> Response:
        return Response(remittance_shown(access.get_remittance(request.user, ref)))


class AcceptDifference(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="accept_difference",
        summary=_("Release money although it is not what its reports add up to"),
        request=ReasonIn,
        responses=RemittanceOut,
    )
    def post(self, request: Request, ref: str) -> Response:
        remittance = access.get_remittance(request.user, ref)
        reason = checked(ReasonIn(data=request.data))["reason"]
        money_in.accept_difference(pool=remittance.pool, actor=signed_in(request), reason=reason)
        return Response(remittance_shown(access.get_remittance(request.user, ref)))


class Resting(ApiView):
    needs = {"GET": SOCIETY}

    @extend_schema(
        operation_id="read_resting_money",
        summary=_("Money that rests: nobody is known to own its song, or no distribution has taken it"),
        responses=AllResting,
    )
    def get(self, request: Request) -> Response:
        reported = [
            {
                "review": money(row.review_micros, row.currency),
                "review_songs": row.review_songs,
                "unmatched": money(row.unmatched_micros, row.currency),
                "unmatched_songs": row.unmatched_songs,
                "rejected": money(row.rejected_micros, row.currency),
                "rejected_lines": row.rejected_lines,
                "unregistered": money(row.unregistered_micros, row.currency),
                "unregistered_songs": row.unregistered_songs,
            }
            for row in resting_money()
        ]
        waiting = Pool.objects.exclude(state=Pool.State.RELEASED).count()
        found = {"reported": reported, "undistributed": won(resting_won()), "waiting": waiting}
        return Response(AllResting(found).data)


def remittance_shown(remittance: Remittance) -> Any:
    """With its pool and reports, already read by `remittances_of`."""
    pool = remittance.pool
    accepted = pool.accepted_difference_by
    found = {
        "ref": remittance.ref,
        "source": remittance.source.code,
        "period": remittance.period,
        "reference": remittance.reference,
        "amount": money(remittance.amount_micros, remittance.currency),
        "received_date": remittance.received_date,
        "rate": remittance.rate,
        "rate_date": remittance.rate_date,
        "rate_source": remittance.rate_source,
        "won": won(pool.won_micros),
        "state": pool.state,
        "reports": [report.ref for report in pool.reports.all()],
        "reported": money(pool.reported_micros, pool.currency),
        "difference": money(pool.source_micros - pool.reported_micros, pool.currency),
        "accepted_difference": {"by": accepted.name, "reason": pool.accepted_difference_reason} if accepted else None,
        "recorded_by": name_of(remittance.recorded_by),
    }
    return RemittanceOut(found).data


urlpatterns: list[URLPattern] = [
    path("remittances/", RemittanceList.as_view(), name="remittances"),
    path("remittances/<str:ref>/", RemittanceDetail.as_view(), name="remittance"),
    path("remittances/<str:ref>/accept/", AcceptDifference.as_view(), name="accept_difference"),
    path("resting/", Resting.as_view(), name="resting"),
]
