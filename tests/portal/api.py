"""Programs of the tests: a client with a token, and what one may ask of every answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from portal.rest.scopes import Scope
from portal.rest.tokens import issue_token

ERROR_KEYS = {"error", "message", "remedy", "fields"}


def in_days(number: int) -> dt.date:
    return timezone.localdate() + dt.timedelta(days=number)


def program(user: User, *scopes: Scope, **headers: str) -> Client:
    """A program that acts for this user, with every scope unless some are named."""
    return Client(headers={"authorization": f"Bearer {token_of(user, scopes or tuple(Scope))}", **headers})


def token_of(user: User, scopes: Collection[Scope]) -> str:
    _token, text = issue_token(user=user, name="a program", scopes=scopes, until_date=in_days(2))
    return text


def rows_of(client: Client, path: str) -> list[dict[str, Any]]:
    """Every row of a list, page after page."""
    found: list[dict[str, Any]] = []
    following: str | None = path
    while following:
        response = client.get(following)
        assert response.status_code == 200, (response.status_code, response.content[:500])
        page = response.json()
        found += page["results"]
        following = page["next"]
    return found


def error_of(response: Any, status: int) -> dict[str, Any]:
    """The body of a refusal, which always has the one shape."""
    assert response.status_code == status, (response.status_code, response.content[:500])
    assert response.headers["Content-Type"].startswith("application/json")
    body: dict[str, Any] = response.json()
    assert set(body) == ERROR_KEYS
    assert body["error"]
    assert body["message"]
    return body
