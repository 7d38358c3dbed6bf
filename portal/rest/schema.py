"""What the OpenAPI document says of an operation beyond what its view declares: errors, scopes, the key of a write."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiParameter
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication

from portal.rest.api import SAFE, ApiView
from portal.rest.authentication import SCHEME, TokenAuthentication
from portal.rest.fields import Input
from portal.rest.idempotency import HEADER


class WrongField(serializers.Serializer[Any]):
    field = serializers.CharField(allow_blank=True, help_text=_("Its path, such as shares.0.party."))
    error = serializers.CharField()
    message = serializers.CharField()


class Error(serializers.Serializer[Any]):
    error = serializers.CharField(help_text=_("A code that is the same in every language."))
    message = serializers.CharField(help_text=_("What is wrong."))
    remedy = serializers.CharField(allow_blank=True, help_text=_("What to do next."))
    fields = WrongField(many=True, help_text=_("What is wrong with single fields."))  # type: ignore[assignment]


OF_ANYTHING: Final = {
    "401": _("Nobody is signed in, or the token is not valid."),
    "403": _("The token does not carry the scope."),
    "404": _("There is no such thing, or it is not yours."),
    "429": _("Too many requests in this minute; the header Retry-After says when to go on."),
}
OF_INPUT: Final = {"400": _("Something in the request is not right.")}
OF_WRITES: Final = {
    "409": _("It does not fit the state of things, such as something that was done already."),
    "413": _("The body or the file is too large."),
    "415": _("The body is of another type."),
    "422": _("The Idempotency-Key was used for another request."),
}
KEY_PARAMETER: Final = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    pattern="^[!-~]{1,255}$",
    description=_("Names this write, so that sending it again does it once; a random UUID does. Kept for a day."),
)


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # being declared registers it
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": SCHEME}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = SessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


class GarakSchema(AutoSchema):
    """Of an ApiView: a view declares id, summary, body and answer with extend_schema, the rest is the same for all."""

    view: ApiView  # type: ignore[override]

    def get_override_parameters(self) -> list[Any]:
        if self.method == "GET":
            return [self.view.query_input] if self.view.query_input().fields else []
        return [KEY_PARAMETER]

    def get_description(self) -> str:  # type: ignore[override]  # as the library's own
        """Docstrings speak to those who change the code; what users read is given to extend_schema, and translated."""
        return ""

    def get_serializer_name(self, serializer: Any, direction: Direction) -> str:
        """WorkOut and CatalogueIn are called Work and Catalogue (with Request behind it) by those who use them."""
        name: str = super().get_serializer_name(serializer, direction)
        return name.removesuffix("Out").removesuffix("In")

    def get_tags(self) -> list[str]:
        return [self._tokenize_path()[0]]

    def get_auth(self) -> list[Any]:
        scope = self.view.needs[self.method].scope
        return [
            {name: [str(scope)] if name == "token" and scope else scopes for name, scopes in requirement.items()}
            for requirement in super().get_auth()
        ]

    def _map_basic_serializer(self, serializer: Any, direction: Direction) -> dict[str, Any]:
        """An Input refuses what it does not know, and the document says so."""
        schema: dict[str, Any] = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        kind = serializer if isinstance(serializer, type) else type(serializer)
        if issubclass(kind, Input):
            schema["additionalProperties"] = False
        return schema

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        """The declared answers, and every error that this operation may give."""
        errors = dict(OF_ANYTHING)
        if self.method not in SAFE:
            errors |= OF_INPUT | OF_WRITES
        elif self.view.query_input().fields:
            errors |= OF_INPUT
        shape = self.resolve_serializer(Error, "response").ref
        answers: dict[str, Any] = super()._get_response_bodies(direction)
        for status, meaning in sorted(errors.items()):
            answers.setdefault(
                status, {"description": str(meaning), "content": {"application/json": {"schema": shape}}}
            )
        return answers
