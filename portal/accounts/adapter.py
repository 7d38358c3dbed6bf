from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from portal.accounts.access import Reader
from portal.accounts.models import User
from portal.rest.tokens import revoke_tokens_of


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth publishes no types
    """Accounts are made by the society, never by a passer-by."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_reauthentication_methods(self, user: Reader) -> list[dict[str, Any]]:
        """With the password: nobody signs in otherwise. Whoever has none yet finds the page, and no password that fits."""
        return [{"id": "reauthenticate", "url": reverse("account_reauthenticate")}] if user.is_authenticated else []

    def set_password(self, user: User, password: str) -> None:
        """Changed, set or reset: what was opened with the old password closes. Django ends the other sessions, we the tokens."""
        with transaction.atomic():
            super().set_password(user, password)
            revoke_tokens_of(user=user)
