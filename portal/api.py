"""The site map of the API, and what belongs to no room: who am I, the document, its page, and the answer for nothing there."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, path, re_path
from django.utils.translation import get_language, gettext_lazy as _, override
from django.views.decorators.http import require_GET
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims import api as claims
from portal.accounts.access import memberships_in_force, signed_in
from portal.accounts.models import Organisation, Role
from portal.notices import api as notices
from portal.rest.api import ApiView
from portal.rest.errors import NotFound
from portal.rest.models import Token
from portal.rest.scopes import Needs, Scope
from royalties import api as royalties
from works import api as works


class Seat(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=Role.choices)
    organisation_ref = serializers.CharField(source="organisation.ref")
    organisation_name = serializers.CharField(source="organisation.name")
    organisation_kind = serializers.ChoiceField(source="organisation.kind", choices=Organisation.Kind.choices)
    from_date = serializers.DateField()
    until_date = serializers.DateField(allow_null=True)


class TokenInUse(serializers.Serializer[Any]):
    ref = serializers.CharField()
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices))
    until_date = serializers.DateField()


class Person(serializers.Serializer[Any]):
    name = serializers.CharField()
    email = serializers.EmailField()
    language = serializers.CharField()
    memberships = Seat(many=True, help_text=_("For whom you act today, and as what."))
    token = TokenInUse(allow_null=True, help_text=_("The token you sent; null when a page of the portal asks."))


class Me(ApiView):
    """Who asks. Any valid token will do, so that a program can see what it was given."""

    needs = {"GET": Needs(None)}

    @extend_schema(operation_id="read_me", summary=_("Who am I, and what may this token do?"), responses=Person)
    def get(self, request: Request) -> Response:
        user = signed_in(request)
        memberships = memberships_in_force(user).select_related("organisation").order_by("role", "organisation__ref")
        token = request.auth if isinstance(request.auth, Token) else None
        shown = {
            "name": user.name,
            "email": user.email,
            "language": user.language,
            "memberships": memberships,
            "token": token,
        }
        return Response(Person(shown).data)


class NothingHere(ApiView):
    """Every other address below /api/: the same for all, signed in or not, so that nobody needs a token to see a typing error."""

    needs = {}

    def require(self, request: Request) -> None:
        raise NotFound


@login_not_required
@require_GET
def show_document(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document, in the reader's language. It is the same for everybody: it says what there is, not whose."""
    return HttpResponse(_document(get_language()), content_type="application/vnd.oai.openapi+json")


@lru_cache
def _document(language: str) -> bytes:
    with override(language):
        document = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return JsonResponse(document).content


@login_not_required
@require_GET
def show_documentation(request: HttpRequest) -> HttpResponse:
    """The document as a page to read and try."""
    return render(request, "portal/api.html")


urlpatterns: list[URLPattern] = [
    path("me/", Me.as_view(), name="me"),
    *notices.urlpatterns,
    *works.urlpatterns,
    *royalties.urlpatterns,
    *claims.urlpatterns,
    path("schema/", show_document, name="schema"),
    path("docs/", show_documentation, name="docs"),
]
nothing_here = re_path(r"", NothingHere.as_view(), name="nothing_here")
