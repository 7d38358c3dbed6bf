"""Distributions: what one made of the money received, a trial without consequences, and the real one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.access import signed_in
from portal.lib.keyset import day, whole
from portal.rest.api import ApiView, checked
from portal.rest.fields import Flag, Input, Money
from portal.rest.paging import PageQuery
from royalties import access
from royalties.api.fields import SOCIETY, STAFF, Month, money, name_of, won
from royalties.api.statements import StatementRow, row_of as statement_row_of
from royalties.distribution import RunResult, distribute, totals_as_text
from royalties.models import DistributionRun, Statement
from royalties.runs import STATES, Totals, identities, in_won, not_ours, won_of_words

PARTS = list(STATES.items())
OUTCOMES = [
    ("distributed", _("distributed")),
    ("nothing_new", _("There was nothing new to distribute")),
    ("dry_run", _("Trial: nothing has been posted")),
]


class RunRow(serializers.Serializer[Any]):
    ref = serializers.CharField()
    period = Month(help_text=_("The distribution month."))
    payees = serializers.IntegerField()
    distributed = Money()
    paid = Money()
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField(allow_null=True)


class IdentityPart(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=PARTS)
    amount = Money()


class IdentityOut(serializers.Serializer[Any]):
    distributed = Money()
    parts = IdentityPart(many=True, help_text=_("They add up to what was distributed, to the millionth."))
    holds = serializers.BooleanField(help_text=_("Whether they do."))


class NotOurs(serializers.Serializer[Any]):
    collector = serializers.CharField(source="run_share__collector", help_text=_("A code: who collects it."))
    society_code = serializers.CharField(
        source="run_share__society_code", allow_blank=True, help_text=_("Its CISAC code.")
    )
    collected_by = serializers.CharField(help_text=_("The same in words."))
    works = serializers.IntegerField()
    amount = Money(help_text=_("In the currency received."))
    won = Money()


class RunOut(RunRow):
    code_version = serializers.CharField(help_text=_("A fingerprint of the rules by which it was divided."))
    currencies = IdentityOut(many=True, help_text=_("Where all of it went, in every currency."))
    words = Money(help_text=_("Of what is in suspense: for the words of songs that are only the music of a work."))
    not_ours = NotOurs(many=True, help_text=_("What belongs to others, by who collects it."))


class WaitingBecause(serializers.Serializer[Any]):
    error = serializers.CharField(source="code", help_text=_("A code that is the same in every language."))
    message = serializers.CharField(help_text=_("What is wrong."))
    remedy = serializers.CharField(source="advice", allow_blank=True, help_text=_("What to do next."))


class MoveOut(serializers.Serializer[Any]):
    payee = serializers.CharField()
    taken_back = Money(help_text=_("Of what had been distributed: less than nothing."))
    new = Money()
    difference = Money()


class RunResultOut(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=OUTCOMES)
    run = serializers.CharField(allow_null=True, help_text=_("The ref of the distribution, if there is one now."))
    payees = serializers.IntegerField()
    entries = serializers.IntegerField(help_text=_("Of the ledger."))
    earnings = serializers.IntegerField()
    currencies = IdentityOut(many=True, help_text=_("Where all of it goes, in every currency."))
    moves = MoveOut(
        many=True,
        help_text=_(
            "From whom something is taken back, and what they get anew, before deductions; who loses most first."
        ),
    )
    waiting = WaitingBecause(many=True, help_text=_("Why songs of money received were left out."))


class RunIn(Input):
    period = Month(help_text=_("The distribution month."))
    dry_run = Flag(required=False, default=False, help_text=_("Compute everything and write nothing."))


class RunList(ApiView):
    needs = {"GET": SOCIETY, "POST": STAFF}
    query_input = PageQuery
    keys = (day("period", descending=True), whole("id", descending=True))

    @extend_schema(
        operation_id="list_runs", summary=_("The distributions, newest month first"), responses=RunRow(many=True)
    )
    def get(self, request: Request) -> Response:
        runs = DistributionRun.objects.visible_to(request.user).select_related("created_by")
        page = self.page_of(request, runs)
        return self.answer_page(request, page, RunRow([row_of(run) for run in page.rows], many=True).data)

    @extend_schema(
        operation_id="distribute",
        summary=_(
            "Distribute what is new, once (201), or try it without posting; without anything new nothing is written"
        ),
        request=RunIn,
        responses={201: RunResultOut, 200: RunResultOut},
    )
    def post(self, request: Request) -> Response:
        given = checked(RunIn(data=request.data))
        result = distribute(period=given["period"], actor=signed_in(request), dry_run=given["dry_run"])
        return Response(result_shown(result), status=201 if result.run is not None else 200)


class RunDetail(ApiView):
    needs = {"GET": SOCIETY}

    @extend_schema(
        operation_id="read_run", summary=_("One distribution: where every yuan and won of it went"), responses=RunOut
    )
    def get(self, request: Request, ref: str) -> Response:
        run = access.get_run(request.user, ref)
        found = {
            **row_of(run),
            "code_version": run.code_version,
            "currencies": identities_shown(run.totals),
            "words": won(won_of_words(run)),
            "not_ours": [
                {**row, "amount": money(row["source"], row["currency"]), "won": won(row["won"])}
                for row in not_ours(run)
            ],
        }
        return Response(RunOut(found).data)


class RunStatements(ApiView):
    needs = {"GET": SOCIETY}
    query_input = PageQuery
    keys = (whole("payable_micros", descending=True), whole("id"))

    @extend_schema(
        operation_id="list_run_statements",
        summary=_("The payments of a distribution, the largest first"),
        responses=StatementRow(many=True),
    )
    def get(self, request: Request, ref: str) -> Response:
        statements = Statement.objects.filter(run=access.get_run(request.user, ref)).select_related("party")
        page = self.page_of(request, statements)
        rows = [statement_row_of(statement) for statement in page.rows]
        return self.answer_page(request, page, StatementRow(rows, many=True).data)


def row_of(run: DistributionRun) -> dict[str, Any]:
    return {
        "ref": run.ref,
        "period": run.period,
        "payees": run.payees,
        "distributed": won(in_won(run, "gross")),
        "paid": won(in_won(run, "payable")),
        "created_at": run.created_at,
        "created_by": name_of(run.created_by),
    }


def identities_shown(totals: Totals) -> Sequence[dict[str, Any]]:
    return [
        {
            "distributed": money(identity.distributed_micros, identity.currency),
            "parts": [
                {"state": state, "amount": money(micros, identity.currency)} for state, micros in identity.parts.items()
            ],
            "holds": identity.holds,
        }
        for identity in identities(totals)
    ]


def result_shown(result: RunResult) -> Any:
    found = {
        "state": result.state,
        "run": result.run.ref if result.run else None,
        "payees": result.payees,
        "entries": result.entries,
        "earnings": result.earnings,
        "currencies": identities_shown(totals_as_text(result)),
        "moves": [
            {
                "payee": moved.name,
                "taken_back": won(moved.taken_back_micros),
                "new": won(moved.new_micros),
                "difference": won(moved.difference_micros),
            }
            for moved in result.moves
        ],
        "waiting": result.problems,
    }
    return RunResultOut(found).data


urlpatterns: list[URLPattern] = [
    path("runs/", RunList.as_view(), name="runs"),
    path("runs/<str:ref>/", RunDetail.as_view(), name="run"),
    path("runs/<str:ref>/statements/", RunStatements.as_view(), name="run_statements"),
]
