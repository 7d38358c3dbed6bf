"""What each name has matched, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.rest.api import ApiView
from portal.rest.fields import Money
from royalties.api.fields import HOLDERS, money
from royalties.names import NameFigures, figures_of_party, figures_of_work
from works.access import get_party, get_work
from works.provenance import NameState


class MatchedOut(serializers.Serializer[Any]):
    songs = serializers.IntegerField(help_text=_("Reported songs."))
    lines = serializers.IntegerField()
    reported = Money(help_text=_("For the whole songs."))


class NameFiguresOut(serializers.Serializer[Any]):
    number = serializers.CharField(
        allow_null=True, help_text=_("Of the name; null for what was matched by a number or by a person.")
    )
    text = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(choices=NameState.choices, allow_null=True)
    matched = MatchedOut(many=True, help_text=_("One for each currency; empty if it has matched nothing."))


class NamesMatchedOut(serializers.Serializer[Any]):
    names = NameFiguresOut(many=True, help_text=_("The most lines first."))


class WorkNameFigures(ApiView):
    needs = {"GET": HOLDERS}

    @extend_schema(
        operation_id="read_names_of_work_matched",
        summary=_("What each name of a work has matched"),
        responses=NamesMatchedOut,
    )
    def get(self, request: Request, ref: str) -> Response:
        return Response(figures_shown(figures_of_work(get_work(request.user, ref))))


class PartyNameFigures(ApiView):
    needs = {"GET": HOLDERS}

    @extend_schema(
        operation_id="read_names_of_party_matched",
        summary=_("What each name of a writer or performer has matched, in the works you see"),
        responses=NamesMatchedOut,
    )
    def get(self, request: Request, ref: str) -> Response:
        return Response(figures_shown(figures_of_party(get_party(request.user, ref), request.user)))


def figures_shown(rows: Sequence[NameFigures]) -> Any:
    found = [
        {
            "number": row.name.number if row.name else None,
            "text": row.name.text if row.name else None,
            "state": row.name.state if row.name else None,
            "matched": [
                {"songs": met.songs, "lines": met.lines, "reported": money(met.amount_micros, met.currency)}
                for met in row.matched
            ],
        }
        for row in rows
    ]
    return NamesMatchedOut({"names": found}).data


urlpatterns: list[URLPattern] = [
    path("usage/<str:ref>/names/", WorkNameFigures.as_view(), name="work_names"),
    path("parties/<str:ref>/names/matched/", PartyNameFigures.as_view(), name="party_names"),
]
