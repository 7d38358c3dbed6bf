"""Why this amount: payments, each step from royalties to whole won, and every won back to the lines of the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from django.db.models import Sum
from django.http import StreamingHttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.lib.keyset import day, whole
from portal.rest.api import ApiView
from portal.rest.fields import ExactFraction, Money, Text
from portal.rest.paging import PageQuery
from royalties import access
from royalties.api.fields import PAID, Month, Rate, ServiceField, SongBrief, WorkBrief, money, won
from royalties.export import file_of_earnings
from royalties.file_lines import file_lines
from royalties.models import DeductionRule, Earning, Hold, RunShare, Statement, UsageLine
from royalties.querysets import LINE_KEYS
from royalties.why import (
    EARNING_KEYS,
    held_by_case,
    release_of,
    right_of,
    rule_text,
    song_of,
    won_of_rights,
    won_of_songs,
)
from works.api import PartyOut
from works.models import Right, Share

KINDS = [("distribution", _("distribution")), ("release", _("money released from a hold"))]


class StatementRow(serializers.Serializer[Any]):
    ref = serializers.CharField()
    period = Month(help_text=_("The distribution month."))
    payee = PartyOut()
    kind = serializers.ChoiceField(choices=KINDS)
    gross = Money()
    deducted = Money()
    net = Money(help_text=_("Gross less deducted."))
    carried = Money(
        help_text=_(
            "Net less paid: the fraction of a won that stays; negative where it filled up a won, or where a debt is carried on."
        )
    )
    paid = Money(help_text=_("Whole won."))


class DeductionOut(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=DeductionRule.Kind.choices)
    text = serializers.CharField(help_text=_("The rule in the language you ask for."))
    base = Money(help_text=_("What it is taken of."))
    rate = ExactFraction()
    taken = Money()


class ServiceWon(serializers.Serializer[Any]):
    service = ServiceField()
    won = Money()


class ReleaseOut(serializers.Serializer[Any]):
    case_ref = serializers.CharField()
    held = Money(help_text=_("What was held until the case ended."))
    part = ExactFraction(help_text=_("The payee's part of it."))
    won = Money()


class HeldPart(serializers.Serializer[Any]):
    case_ref = serializers.CharField()
    state = serializers.ChoiceField(choices=Hold.State.choices)
    work = WorkBrief()
    won = Money()
    statement_ref = serializers.CharField(allow_null=True, help_text=_("The payment of what was released of it."))


class StatementOut(StatementRow):
    deductions = DeductionOut(many=True, help_text=_("Gross less what each has taken is net."))
    services = ServiceWon(many=True)
    release = ReleaseOut(allow_null=True, help_text=_("Of money released from a hold."))
    held = HeldPart(many=True, help_text=_("What the same distribution kept back; it is not in this payment."))


class MonthSum(serializers.Serializer[Any]):
    period = Month()
    paid = Money()


class StatementSong(serializers.Serializer[Any]):
    work = WorkBrief()
    songs = serializers.IntegerField(help_text=_("Reported songs that are this work."))
    won = Money(help_text=_("Before deductions; of a hold, what it kept of the work before it was divided."))


class EarningOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    work = WorkBrief()
    song = SongBrief(help_text=_("As the service reported it."))
    service = ServiceField()
    usage_month = Month()
    uses = serializers.IntegerField()
    words_uses = serializers.IntegerField(allow_null=True, help_text=_("Of karaoke: of its uses, those of the words."))
    music_uses = serializers.IntegerField(allow_null=True)
    part = serializers.ChoiceField(
        choices=RunShare.Part.choices,
        allow_null=True,
        help_text=_("Of karaoke: of which side of the song this is a share."),
    )
    lines = serializers.IntegerField(help_text=_("Of the file: listed by its lines."))
    reported = Money(help_text=_("For the whole song."))
    rate = Rate(help_text=_("Won for one unit of the currency reported."))
    rate_date = serializers.DateField()
    song_won = Money(help_text=_("The whole song in won, for all rights and everybody."))
    right = serializers.ChoiceField(choices=Right.choices)
    right_won = Money(help_text=_("Of it, what this work and right made, for everybody."))
    share = ExactFraction(help_text=_("Of the work and right."))
    role = serializers.ChoiceField(choices=Share.Role.choices, allow_null=True)
    music_alone = serializers.BooleanField(
        help_text=_("The song has other words: of each share only its part for the music is paid.")
    )
    owner = PartyOut(allow_null=True)
    amount = Money(help_text=_("What the share made, in the currency reported."))
    won = Money(help_text=_("What the share made: the share of right_won, to the millionth."))
    report = serializers.CharField(help_text=_("The ref of the report."))


class EarningDetailOut(EarningOut):
    file_name = serializers.CharField(help_text=_("The service's file."))


class EarningLine(serializers.Serializer[Any]):
    line_no = serializers.IntegerField(help_text=_("As the file counts; the heading is 1."))
    uses = serializers.IntegerField()
    amount = Money()


class EarningQuery(PageQuery):
    work = Text(required=False, max_length=12, help_text=_("Only of this work (its ref)."))


class StatementList(ApiView):
    needs = {"GET": PAID}
    query_input = PageQuery
    keys = (day("period", descending=True), whole("id", descending=True))

    @extend_schema(
        operation_id="list_statements",
        summary=_("The payments, newest month first"),
        responses=StatementRow(many=True),
    )
    def get(self, request: Request) -> Response:
        statements = Statement.objects.visible_to(request.user).select_related("party")
        page = self.page_of(request, statements)
        return self.answer_page(request, page, StatementRow([row_of(row) for row in page.rows], many=True).data)


class StatementMonths(ApiView):
    needs = {"GET": PAID}
    query_input = PageQuery
    keys = (day("period", descending=True),)

    @extend_schema(
        operation_id="sum_statements",
        summary=_("What was paid in each distribution month, newest first"),
        responses=MonthSum(many=True),
    )
    def get(self, request: Request) -> Response:
        months = Statement.objects.visible_to(request.user).order_by().values("period")
        page = self.page_of(request, months.annotate(paid=Sum("payable_micros")))
        rows = [{"period": row["period"], "paid": won(row["paid"])} for row in page.rows]
        return self.answer_page(request, page, MonthSum(rows, many=True).data)


class StatementDetail(ApiView):
    needs = {"GET": PAID}

    @extend_schema(
        operation_id="read_statement",
        summary=_("One payment, step by step from royalties to whole won"),
        responses=StatementOut,
    )
    def get(self, request: Request, ref: str) -> Response:
        return Response(statement_shown(access.get_statement(request.user, ref)))


class StatementSongs(ApiView):
    needs = {"GET": PAID}
    query_input = PageQuery
    keys = (whole("won", descending=True), whole("work_id"))

    @extend_schema(
        operation_id="list_statement_songs",
        summary=_("The works that gave money to a payment, most money first"),
        responses=StatementSong(many=True),
    )
    def get(self, request: Request, ref: str) -> Response:
        statement = access.get_statement(request.user, ref)
        page = self.page_of(request, Earning.objects.of_statement(statement).by_work())
        rows = [
            {
                "work": {"ref": row["work__ref"], "title": row["work__title"]},
                "songs": row["songs"],
                "won": won(row["won"]),
            }
            for row in page.rows
        ]
        return self.answer_page(request, page, StatementSong(rows, many=True).data)


class StatementEarnings(ApiView):
    needs = {"GET": PAID}
    query_input = EarningQuery
    keys = EARNING_KEYS

    @extend_schema(
        operation_id="list_statement_earnings",
        summary=_("Why this amount: what each share of each song earned, from what was reported"),
        responses=EarningOut(many=True),
    )
    def get(self, request: Request, ref: str) -> Response:
        statement = access.get_statement(request.user, ref)
        earnings = Earning.objects.of_statement(statement)
        if work_ref := self.asked(request).get("work"):
            earnings = earnings.filter(work__ref=work_ref)
        page = self.page_of(request, earnings.with_origin())
        return self.answer_page(request, page, EarningOut(earnings_shown(page.rows), many=True).data)


class StatementFile(ApiView):
    needs = {"GET": PAID}

    @extend_schema(
        operation_id="download_statement_earnings",
        summary=_("What each share of each song earned, as a file for a spreadsheet"),
        responses={(200, "text/csv"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, ref: str) -> StreamingHttpResponse:
        return file_of_earnings(access.get_statement(request.user, ref))


class StatementEarning(ApiView):
    needs = {"GET": PAID}

    @extend_schema(
        operation_id="read_statement_earning",
        summary=_("What one share of one song earned, and in which file it was reported"),
        responses=EarningDetailOut,
    )
    def get(self, request: Request, ref: str, earning_id: int) -> Response:
        earning = access.get_earning_of(access.get_statement(request.user, ref), earning_id)
        (shown,) = earnings_shown([earning])
        return Response(EarningDetailOut({**shown, "file_name": earning.song_usage.report.file.label}).data)


class StatementEarningLines(ApiView):
    needs = {"GET": PAID}
    query_input = PageQuery
    keys = LINE_KEYS

    @extend_schema(
        operation_id="list_earning_lines",
        summary=_("The lines of the service's file behind one earning"),
        responses=EarningLine(many=True),
    )
    def get(self, request: Request, ref: str, earning_id: int) -> Response:
        used = access.get_earning_of(access.get_statement(request.user, ref), earning_id).song_usage
        page = self.page_of(request, UsageLine.objects.summed_in(used))
        numbers = file_lines(used.report_id, [line.line_no for line in page.rows])
        currency = used.report.currency
        rows = [
            {"line_no": numbers[line.line_no], "uses": line.uses, "amount": money(line.amount_micros, currency)}
            for line in page.rows
        ]
        return self.answer_page(request, page, EarningLine(rows, many=True).data)


def row_of(statement: Statement) -> dict[str, Any]:
    return {
        "ref": statement.ref,
        "period": statement.period,
        "payee": statement.party,
        "kind": "release" if statement.hold_id is not None else "distribution",
        "gross": money(statement.gross_micros, statement.currency),
        "deducted": money(statement.deducted_micros, statement.currency),
        "net": money(statement.net_micros, statement.currency),
        "carried": money(statement.carried_micros, statement.currency),
        "paid": money(statement.payable_micros, statement.currency),
    }


def statement_shown(statement: Statement) -> Any:
    steps = statement.deductions.select_related("rule").order_by("rule__position", "id")
    release = release_of(statement)
    found = {
        **row_of(statement),
        "deductions": [
            {
                "kind": step.rule.kind,
                "text": rule_text(step.rule),
                "base": money(step.base_micros, statement.currency),
                "rate": Fraction(step.rule.numerator, step.rule.denominator),
                "taken": money(step.amount_micros, statement.currency),
            }
            for step in steps
        ],
        "services": [
            {"service": row["song_usage__service"], "won": won(row["won"])}
            for row in Earning.objects.of_statement(statement).by_service()
        ],
        "release": {
            "case_ref": release["case_ref"],
            "held": won(release["held"]),
            "part": release["fraction"],
            "won": won(release["won"]),
        }
        if release
        else None,
        "held": [
            {
                "case_ref": row["hold__case_ref"],
                "state": row["hold__state"],
                "work": {"ref": row["work__ref"], "title": row["work__title"]},
                "won": won(row["won"]),
                "statement_ref": row["statement_ref"] or None,
            }
            for row in held_by_case(statement)
        ],
    }
    return StatementOut(found).data


def earnings_shown(earnings: Sequence[Earning]) -> list[Mapping[str, Any]]:
    """The chain of each: what was reported, its rate, the song's won, the right's, the share, its won. Two queries."""
    of_songs, of_rights = won_of_songs(earnings), won_of_rights(earnings)
    return [
        {
            "id": earning.pk,
            "work": earning.work,
            "song": earning.song_usage.recording,
            "service": earning.song_usage.service,
            "usage_month": earning.song_usage.usage_month,
            "uses": earning.song_usage.uses,
            "lines": earning.song_usage.lines,
            "reported": money(earning.song_usage.amount_micros, earning.song_usage.report.currency),
            "rate": earning.pool.remittance.rate,
            "rate_date": earning.pool.remittance.rate_date,
            "words_uses": earning.song_usage.words_uses,
            "music_uses": earning.song_usage.music_uses,
            "part": earning.run_share.part or None,
            "song_won": won(of_songs[song_of(earning)]),
            "right": earning.right,
            "right_won": won(of_rights[right_of(earning)]),
            "share": Fraction(int(earning.run_share.numerator), int(earning.run_share.denominator)),
            "role": earning.run_share.share.role if earning.run_share.share else None,
            "music_alone": earning.run_share.music_alone,
            "owner": earning.party,
            "amount": money(earning.source_micros, earning.currency),
            "won": won(earning.won_micros),
            "report": earning.song_usage.report.ref,
        }
        for earning in earnings
    ]


urlpatterns: list[URLPattern] = [
    path("statements/", StatementList.as_view(), name="statements"),
    path("statements/months/", StatementMonths.as_view(), name="statement_months"),
    path("statements/<str:ref>/", StatementDetail.as_view(), name="statement"),
    path("statements/<str:ref>/songs/", StatementSongs.as_view(), name="statement_songs"),
    path("statements/<str:ref>/earnings/", StatementEarnings.as_view(), name="statement_earnings"),
    path("statements/<str:ref>/earnings.csv", StatementFile.as_view(), name="statement_csv"),
    path("statements/<str:ref>/earnings/<int:earning_id>/", StatementEarning.as_view(), name="statement_earning"),
    path(
        "statements/<str:ref>/earnings/<int:earning_id>/lines/", StatementEarningLines.as_view(), name="earning_lines"
    ),
]
