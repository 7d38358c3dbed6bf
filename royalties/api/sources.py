"""Who reports, and what was declared of the money of their lines."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.access import signed_in
from portal.lib.keyset import whole
from portal.rest.api import ApiView, checked
from portal.rest.fields import ExactFraction, Input, Text, Whole
from portal.rest.paging import PageQuery
from royalties.access import get_source, sources_of
from royalties.api.fields import SOCIETY, STAFF, Month, Rate, name_of
from royalties.calendars import declare_calendar
from royalties.models import Basis, ReportingCalendar, Source
from royalties.pricing import declare_price
from royalties.services import LARGEST_PART, declare_basis, declare_rights
from works.models import Right

NO_PART: Final = Fraction(0)


class BasisOut(serializers.Serializer[Any]):
    from_month = Month(help_text=_("Of the reports it holds for."))
    family = serializers.CharField(allow_blank=True, help_text=_("A family of reports; empty for all files."))
    basis = serializers.ChoiceField(choices=Basis.choices)
    note = serializers.CharField(help_text=_("On what paper."))
    declared_by = serializers.CharField(allow_null=True, help_text=_("Null: when the portal was set up."))


class DivisionOut(serializers.Serializer[Any]):
    from_month = Month(help_text=_("Of the uses it holds for."))
    performing = ExactFraction()
    mechanical = ExactFraction()
    synchronisation = ExactFraction()


class PriceOut(serializers.Serializer[Any]):
    from_month = Month(help_text=_("Of the uses it holds for."))
    words_price = Rate(help_text=_("Of one use of the words, in the currency of the source."))
    music_price = Rate()
    note = serializers.CharField(help_text=_("On what paper."))
    declared_by = serializers.CharField(allow_null=True)


class CalendarOut(serializers.Serializer[Any]):
    from_month = Month(help_text=_("Of the reports it holds for."))
    family = serializers.CharField(allow_blank=True, help_text=_("A family of reports; empty for all files."))
    kind = serializers.ChoiceField(choices=ReportingCalendar.Kind.choices)
    number = serializers.IntegerField(
        help_text=_("Of days after the end of the month, or the day of the following one.")
    )
    missing_after = serializers.IntegerField(help_text=_("Days of delay after which a report is missing."))
    note = serializers.CharField(help_text=_("On what paper."))
    declared_by = serializers.CharField(allow_null=True, help_text=_("Null: when the portal was set up."))


class SourceOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    currency = serializers.CharField()
    bases = BasisOut(many=True, help_text=_("What the money of a line is; newest first."))
    divisions = DivisionOut(many=True, help_text=_("How the money divides over the rights; newest first."))
    karaoke_prices = PriceOut(many=True, help_text=_("By which the money of karaoke is cut; newest first."))
    calendars = CalendarOut(many=True, help_text=_("Until when it reports, in days of Seoul; newest first."))


class BasisIn(Input):
    family = Text(max_length=20, required=False, allow_blank=True, default="", help_text=_("Empty for all files."))
    basis = serializers.ChoiceField(choices=Basis.choices)
    from_month = Month(help_text=_("From which month of reports on."))
    note = Text(max_length=2000, allow_blank=True, help_text=_("Name the contract or letter that says so."))


class DivisionIn(Input):
    from_month = Month(help_text=_("From which month of use on."))
    performing = Whole(min_value=0, max_value=LARGEST_PART, help_text=_("Half and half is 1 and 1."))
    mechanical = Whole(min_value=0, max_value=LARGEST_PART)
    synchronisation = Whole(min_value=0, max_value=LARGEST_PART, required=False, default=0)


class PriceIn(Input):
    from_month = Month(help_text=_("From which month of use on."))
    words_price = Rate(help_text=_("Only how the two stand to each other counts."))
    music_price = Rate()
    note = Text(max_length=2000, allow_blank=True, help_text=_("Name the contract or letter that says so."))


class CalendarIn(Input):
    family = Text(max_length=20, required=False, allow_blank=True, default="", help_text=_("Empty for all files."))
    from_month = Month(help_text=_("From which month of reports on."))
    kind = serializers.ChoiceField(choices=ReportingCalendar.Kind.choices)
    number = Whole(
        required=False,
        min_value=1,
        max_value=366,
        help_text=_("Of days after the end of the month, or the day of the following one."),
    )
    missing_after = Whole(
        min_value=0,
        max_value=366,
        required=False,
        default=30,
        help_text=_("Days of delay after which a report is missing."),
    )
    note = Text(max_length=2000, allow_blank=True, help_text=_("Name the contract or letter that says so."))


class SourceList(ApiView):
    needs = {"GET": SOCIETY}
    query_input = PageQuery
    keys = (whole("id"),)

    @extend_schema(
        operation_id="list_sources",
        summary=_("Who reports, and what is declared of their money"),
        responses=SourceOut(many=True),
    )
    def get(self, request: Request) -> Response:
        page = self.page_of(request, sources_of(request.user))
        return self.answer_page(request, page, [source_shown(source) for source in page.rows])


class SourceDetail(ApiView):
    needs = {"GET": SOCIETY}

    @extend_schema(
        operation_id="read_source", summary=_("One source, and what is declared of its money"), responses=SourceOut
    )
    def get(self, request: Request, code: str) -> Response:
        return Response(source_shown(get_source(request.user, code)))


class SourceBases(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="declare_basis",
        summary=_("Declare what the money of a source's lines is, from a month on; its reports are looked at again"),
        request=BasisIn,
        responses={201: SourceOut},
    )
    def post(self, request: Request, code: str) -> Response:
        source = get_source(request.user, code)
        given = checked(BasisIn(data=request.data))
        declare_basis(
            source=source,
            family=given["family"],
            basis=given["basis"],
            from_date=given["from_month"],
            note=given["note"],
            actor=signed_in(request),
        )
        return Response(source_shown(get_source(request.user, code)), status=201)


class SourceDivisions(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="declare_division",
        summary=_("Declare how a source's money divides over the rights, from a month of use on"),
        request=DivisionIn,
        responses={201: SourceOut},
    )
    def post(self, request: Request, code: str) -> Response:
        source = get_source(request.user, code)
        given = checked(DivisionIn(data=request.data))
        declare_rights(
            source=source,
            from_date=given["from_month"],
            performing=given["performing"],
            mechanical=given["mechanical"],
            synchronisation=given["synchronisation"],
            actor=signed_in(request),
        )
        return Response(source_shown(get_source(request.user, code)), status=201)


class SourcePrices(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="declare_karaoke_price",
        summary=_(
            "Declare what words and music cost in karaoke, from a month of use on; reports that waited are looked at again"
        ),
        request=PriceIn,
        responses={201: SourceOut},
    )
    def post(self, request: Request, code: str) -> Response:
        source = get_source(request.user, code)
        given = checked(PriceIn(data=request.data))
        declare_price(
            source=source,
            from_date=given["from_month"],
            words_price=given["words_price"],
            music_price=given["music_price"],
            note=given["note"],
            actor=signed_in(request),
        )
        return Response(source_shown(get_source(request.user, code)), status=201)


class SourceCalendars(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="declare_calendar",
        summary=_("Declare until when a source reports, from a month on whose report is not due yet"),
        request=CalendarIn,
        responses={201: SourceOut},
    )
    def post(self, request: Request, code: str) -> Response:
        source = get_source(request.user, code)
        given = checked(CalendarIn(data=request.data))
        declare_calendar(
            source=source,
            family=given["family"],
            from_date=given["from_month"],
            kind=given["kind"],
            number=given.get("number"),
            missing_after=given["missing_after"],
            note=given["note"],
            actor=signed_in(request),
        )
        return Response(source_shown(get_source(request.user, code)), status=201)


def source_shown(source: Source) -> Any:
    """With what was declared of it, already read by `sources_of`."""
    bases = [
        {
            "from_month": profile.from_date,
            "family": profile.family,
            "basis": profile.basis,
            "note": profile.note,
            "declared_by": name_of(profile.declared_by),
        }
        for profile in source.profiles.all()
    ]
    divisions = [
        {"from_month": split.from_date, **{right: split.fractions().get(right, NO_PART) for right in Right.values}}
        for split in source.right_splits.all()
    ]
    prices = [
        {
            "from_month": price.from_date,
            **{name: getattr(price, name) for name in ("words_price", "music_price", "note")},
            "declared_by": name_of(price.declared_by),
        }
        for price in source.karaoke_prices.all()
    ]
    calendars = [
        {
            "from_month": calendar.from_date,
            **{name: getattr(calendar, name) for name in ("family", "kind", "number", "missing_after", "note")},
            "declared_by": name_of(calendar.declared_by),
        }
        for calendar in source.calendars.all()
    ]
    facts = {"code": source.code, "name": source.name, "currency": source.currency}
    return SourceOut(
        {**facts, "bases": bases, "divisions": divisions, "karaoke_prices": prices, "calendars": calendars}
    ).data


urlpatterns: list[URLPattern] = [
    path("sources/", SourceList.as_view(), name="sources"),
    path("sources/<str:code>/", SourceDetail.as_view(), name="source"),
    path("sources/<str:code>/bases/", SourceBases.as_view(), name="source_bases"),
    path("sources/<str:code>/karaoke-prices/", SourcePrices.as_view(), name="source_prices"),
    path("sources/<str:code>/calendars/", SourceCalendars.as_view(), name="source_calendars"),
    path("sources/<str:code>/divisions/", SourceDivisions.as_view(), name="source_divisions"),
]
