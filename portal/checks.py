"""What Django should refuse to work with. The checks of the database run on `migrate` and on `check --database default`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning as Remark, register
from django.db import connections

KEY_LENGTH = 50


@register(Tags.security, deploy=True)
def secret_key_is_long(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    if len(settings.SECRET_KEY) >= KEY_LENGTH:
        return []
    hint = "Make one: python -c 'import secrets; print(secrets.token_urlsafe(50))'"
    return [Error(f"SECRET_KEY has fewer than {KEY_LENGTH} characters.", hint=hint, id="portal.E001")]


@register(Tags.database)
def text_is_utf8(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Korean and Chinese names are compared and searched in the database: its LC_CTYPE must know their letters."""
    messages: list[CheckMessage] = []
    for alias in databases or ():
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "SELECT datctype, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()"
            )
            ctype, encoding = cursor.fetchone()
        if encoding != "UTF8" or not ctype.upper().replace("-", "").endswith("UTF8"):
            hint = "Make the database with ENCODING 'UTF8' LC_CTYPE 'C.UTF-8' TEMPLATE template0."
            messages.append(
                Error(
                    f"The database {alias} has encoding {encoding} and LC_CTYPE {ctype}.", hint=hint, id="portal.E002"
                )
            )
    return messages


@register(Tags.database)
def runs_as_the_role_of_the_application(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Only the role garak_app is kept from changing the ledger."""
    messages: list[CheckMessage] = []
    for alias in databases or ():
        if settings.GARAK_AS_OWNER:
            continue
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT current_user, session_user, rolsuper FROM pg_roles WHERE rolname = session_user")
            current, login, is_superuser = cursor.fetchone()
        if current != settings.DATABASE_APP_ROLE:
            messages.append(
                Error(
                    f"The database {alias} is used as {current}, not as {settings.DATABASE_APP_ROLE}.", id="portal.E003"
                )
            )
        if is_superuser and not settings.DEBUG:
            hint = "Let DATABASE_URL name a login that is only a member of garak_app, and DATABASE_OWNER_URL the owner."
            messages.append(Remark(f"The login {login} is a superuser.", hint=hint, id="portal.W001"))
    return messages
