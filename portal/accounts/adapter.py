from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth publishes no types
    """Accounts are made by the society, never by a passer-by."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
