"""Personal tokens: made and shown once, found by their fingerprint, revoked. Nothing that opens a door is stored."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Collection
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _, gettext_noop

from portal.accounts.models import User
from portal.lib.errors import DomainError
from portal.notices.services import notify
from portal.rest.models import Token
from portal.rest.scopes import Scope

MARK: Final = "garak_"  # so that people and secret scanners know what they see
SHOWN: Final = 12
MOST_TOKENS: Final = 20
USE_NOTED_EVERY: Final = dt.timedelta(minutes=15)


class TooManyTokens(DomainError):
    code = "too-many-tokens"
    status = 409
    sentence = _("You have %(most)s tokens that are valid, which is the most.")
    remedy = _("Revoke one that you no longer need.")


@transaction.atomic
def issue_token(*, user: User, name: str, scopes: Collection[Scope], until_date: dt.date) -> tuple[Token, str]:
    """Make a token and return it with its text, which cannot be had again. The user is told, in case it was not them.

    The form has checked name, scopes and day; the database refuses a life of more than a year. Raises TooManyTokens.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    today = timezone.localdate()
    if Token.objects.valid().filter(user=user).count() >= MOST_TOKENS:
        raise TooManyTokens(most=MOST_TOKENS)
    text = MARK + secrets.token_urlsafe(32)
    token = Token.objects.create(
        user=user,
        name=name,
        beginning=text[:SHOWN],
        sha256=fingerprint(text),
        scopes=sorted(scopes),
        from_date=today,
        until_date=until_date,
    )
    notify(
        users=[user],
        sentence=gettext_noop("The token “%(name)s” was made in your name. If it was not you, revoke it."),
        params={"name": name},
        url=reverse("tokens"),
    )
    return token, text


def revoke_token(*, token: Token) -> None:
    """End a token now; one that is revoked stays as it is."""
    Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())


def revoke_tokens_of(*, user: User) -> int:
    """End all tokens of a person whose password is a new one, and tell her if there were any. Returns how many."""
    revoked = Token.objects.valid().filter(user=user).update(revoked_at=timezone.now())
    if revoked:
        notify(
            users=[user],
            sentence=gettext_noop("Your password is a new one, so your tokens for programs were revoked: %(tokens)s."),
            params={"tokens": revoked},
            url=reverse("tokens"),
        )
    return revoked


def find_token(text: str) -> Token | None:
    """The valid token with this text, whose user may sign in; its use is noted."""
    valid = Token.objects.valid().filter(user__is_active=True)
    token = valid.select_related("user").filter(sha256=fingerprint(text)).first()
    if token is not None:
        _note_use(token)
    return token


def fingerprint(text: str) -> str:
    """A token has 256 random bits, so a plain hash cannot be guessed back."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def _note_use(token: Token) -> None:
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > USE_NOTED_EVERY:
        long_ago = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
        Token.objects.filter(long_ago, pk=token.pk).update(last_used_at=now)
