"""Who asks: a program with a personal token, or a page of the portal with its session."""

from __future__ import annotations

from typing import Final

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from portal.accounts.models import User
from portal.rest.models import Token
from portal.rest.tokens import find_token

SCHEME: Final = "bearer"


class TokenAuthentication(BaseAuthentication):
    """“Authorization: Bearer garak_…”. A token that is not valid is refused, even beside a session that is."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        scheme, _blank, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME:
            return None
        token = find_token(text.strip())
        if token is None:
            raise AuthenticationFailed
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="garak"'
