"""What the columns of an unknown table mean, for programs: the guess, and a mapping that is saved and read by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.access import signed_in
from portal.lib.errors import DomainError
from portal.rest.api import ApiView, checked
from portal.rest.fields import Input, Money, Text, Whole
from royalties import access
from royalties.api.fields import SOCIETY, STAFF, Month, money
from royalties.api.reports import ReportOut, report_shown
from royalties.forms import CURRENCIES
from royalties.ingest.mappings import NAME_LETTERS, mapping_of, save_mapping
from royalties.mapping_form import NOTHING, ColumnsForm, column_field, platform_field
from royalties.models import Basis, Report, Service
from royalties.reports.base import REASONS
from royalties.reports.mapped import ABROAD, HEAD_LINES
from royalties.reports.styles import NUMBER_STYLES
from royalties.tables import MEANING_CHOICES, Table, table_of, try_lines

PLATFORM_CHOICES = [*Service.choices, (ABROAD, _("not in China: no mandate"))]


class ColumnsDoNotFit(DomainError):
    code = "columns-do-not-fit"
    sentence = _("What is said of the columns does not fit together: %(problems)s")
    remedy = _("Read the columns of the report, and say of each what it is.")


class Meaning(serializers.ChoiceField):
    def __init__(self, **options: Any) -> None:
        super().__init__(choices=MEANING_CHOICES, **options)


class ColumnOut(serializers.Serializer[Any]):
    header = serializers.CharField(allow_blank=True)
    samples = serializers.ListField(child=serializers.CharField(), help_text=_("The first different values."))
    meaning = Meaning(allow_null=True, help_text=_("What is proposed; null: it is not needed, or it is asked."))
    asked = serializers.BooleanField(help_text=_("The header does not say enough: people must say it."))
    may_be = serializers.ListField(child=Meaning(), help_text=_("What an asked column may be."))
    withheld = serializers.BooleanField(help_text=_("It is about listeners: nothing of it is kept."))


class PlatformOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    service = serializers.ChoiceField(choices=PLATFORM_CHOICES, allow_null=True)


class WhyRejected(serializers.Serializer[Any]):
    reason = serializers.CharField(help_text=_("A code that is the same in every language."))
    message = serializers.CharField()
    lines = serializers.IntegerField()
    first_line = serializers.IntegerField()


class TriedOut(serializers.Serializer[Any]):
    accepted = serializers.IntegerField()
    rejected = serializers.IntegerField()
    money = Money(help_text=_("Of the lines that would be taken."))
    reasons = WhyRejected(many=True)


class ColumnsOut(serializers.Serializer[Any]):
    header_line = serializers.IntegerField()
    columns = ColumnOut(many=True)
    platforms = PlatformOut(many=True)
    mapping = serializers.CharField(allow_null=True, help_text=_("The name of the mapping that this starts from."))
    version = serializers.IntegerField(allow_null=True)
    tried = TriedOut(allow_null=True, help_text=_("What would become of the first thousand lines."))


class PlatformIn(Input):
    name = Text(max_length=200)
    service = serializers.ChoiceField(choices=PLATFORM_CHOICES)


class ColumnsIn(Input):
    name = Text(max_length=NAME_LETTERS, help_text=_("Next month’s file with these columns is known by it."))
    header_line = Whole(required=False, min_value=1, max_value=HEAD_LINES)
    columns = serializers.ListField(
        child=Meaning(allow_null=True),
        max_length=2_000,
        help_text=_("The meaning of each column from the left; null: it is not needed."),
    )
    month = Month(required=False, help_text=_("Of this file, where no column says it."))
    service = serializers.ChoiceField(choices=Service.choices, required=False)
    not_in_china = serializers.BooleanField(required=False, default=False)
    currency = serializers.ChoiceField(choices=CURRENCIES)
    numbers = serializers.ListField(
        child=serializers.ChoiceField(choices=list(NUMBER_STYLES.items())),
        required=False,
        max_length=len(NUMBER_STYLES),
    )
    totals = serializers.ListField(child=Text(max_length=30), required=False, max_length=20)
    platforms = PlatformIn(many=True, required=False)
    basis = serializers.ChoiceField(choices=Basis.choices, required=False)
    replaces = serializers.BooleanField(required=False, default=False)
    seen = Whole(required=False, min_value=1, help_text=_("The version that you looked at; another one by now is 409."))


class ReportColumns(ApiView):
    needs = {"GET": SOCIETY, "POST": STAFF}

    @extend_schema(
        operation_id="read_columns",
        summary=_("The columns of an unknown table, and what they probably mean"),
        responses=ColumnsOut,
    )
    def get(self, request: Request, ref: str) -> Response:
        report = access.get_report(request.user, ref)
        return Response(ColumnsOut(_shown(ColumnsForm(table_of(report, mapping_of(report))))).data)

    @extend_schema(
        operation_id="map_columns",
        summary=_("Say what the columns of a table mean: the report that is read by it from now on"),
        request=ColumnsIn,
        responses=ReportOut,
    )
    def post(self, request: Request, ref: str) -> Response:
        report, actor = access.get_report(request.user, ref), signed_in(request)
        given = checked(ColumnsIn(data=request.data))
        table = table_of(report, mapping_of(report), given.get("header_line"))
        form = ColumnsForm(table, _as_form(table, given, report))
        said = form.said() if form.is_valid() else None
        if said is None:
            wrong = {f"{_named(form, name)}: {error}" for name, errors in form.errors.items() for error in errors}
            raise ColumnsDoNotFit(problems="; ".join(sorted(wrong)))
        _mapping, now = save_mapping(
            report=report, said=said, actor=actor, seen=given.get("seen"), replaces=given["replaces"]
        )
        return Response(report_shown(actor, access.get_report(actor, now.ref)))


def _shown(form: ColumnsForm) -> Mapping[str, Any]:
    table, said = form.table, form.said()
    tried = try_lines(table, said) if said else None
    return {
        "header_line": table.header_line,
        "columns": [
            {
                "header": column.header,
                "samples": [] if column.is_withheld else column.samples,
                "meaning": meaning if (meaning := form.meaning_of(column.at)) != NOTHING else None,
                "asked": column.guess.is_asked,
                "may_be": list(column.guess.may_be),
                "withheld": column.is_withheld,
            }
            for column in table.columns
        ],
        "platforms": [{"name": name, "service": said.services.get(name) if said else None} for name in form.platforms],
        "mapping": table.before.name if table.before else None,
        "version": table.before.version if table.before else None,
        "tried": tried
        and {
            "accepted": tried.accepted,
            "rejected": tried.rejected,
            "money": money(tried.money_micros, tried.currency),
            "reasons": [
                {
                    "reason": row["first"].reason,
                    "message": str(REASONS[row["first"].reason]),
                    "lines": row["count"],
                    "first_line": row["first"].line_no,
                }
                for row in tried.reasons
            ],
        },
    }


def _as_form(table: Table, given: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """What a program says, as the form of the page takes it."""
    columns = {column_field(at): meaning or NOTHING for at, meaning in enumerate(given["columns"])}
    return {
        **columns,
        **{platform_field(each["name"]): each["service"] for each in given.get("platforms", [])},
        "name": given["name"],
        "header_line": table.header_line,
        "month": f"{given['month']:%Y-%m}" if "month" in given else "",
        "service": given.get("service", ""),
        "territory": ABROAD if given["not_in_china"] else "",
        "currency": given["currency"],
        "numbers": given.get("numbers", []),
        "totals": ", ".join(given.get("totals", [])),
        "basis": given.get("basis", ""),
        "replaces": given["replaces"],
    }


def _named(form: ColumnsForm, name: str) -> str:
    """A field of the form as a program called it."""
    if name in {column_field(column.at) for column in form.table.columns}:
        return "columns"
    if name in {platform_field(platform) for platform in form.platforms}:
        return "platforms"
    return name if name in ColumnsIn().fields else "columns"


urlpatterns: list[URLPattern] = [
    path("reports/<str:ref>/columns/", ReportColumns.as_view(), name="report_columns"),
]
