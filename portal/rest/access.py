from __future__ import annotations

from django.shortcuts import get_object_or_404

from portal.accounts.access import Reader
from portal.rest.models import Token, TokenQuerySet


def tokens_of(user: Reader) -> TokenQuerySet:
    """One's own tokens; nobody sees another person's, staff included."""
    if not user.is_authenticated:
        return Token.objects.none()
    return Token.objects.filter(user=user)


def get_token(user: Reader, ref: str) -> Token:
    return get_object_or_404(tokens_of(user), ref=ref)
