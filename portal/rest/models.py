"""What the API keeps: personal tokens, answers to keyed writes, and how often somebody asked this minute."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import ExpressionWrapper, F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.lib.refs import new_ref
from portal.rest.scopes import Scope

LONGEST_LIFE = dt.timedelta(days=366)


def token_ref() -> str:
    return new_ref("T")


class TokenQuerySet(models.QuerySet["Token"]):
    def valid(self) -> Self:
        """Those that open something today, if their owner's account is open."""
        return self.filter(revoked_at=None, until_date__gt=timezone.localdate())

    def valid_first(self) -> Self:
        """However many were made and revoked since, one that is still valid stands before them, so that it can be revoked."""
        is_valid = Q(revoked_at=None) & Q(until_date__gt=timezone.localdate())
        return self.order_by(ExpressionWrapper(is_valid, models.BooleanField()).desc(), "-pk")


class Token(models.Model):
    """A personal token: acts as its user, within its scopes, until a day. The token itself is shown once and never kept."""

    class State(models.TextChoices):
        VALID = "valid", _("valid")
        ENDED = "ended", _("ended")
        REVOKED = "revoked", _("revoked")

    ref = models.CharField(max_length=12, unique=True, default=token_ref)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=60)
    beginning = models.CharField(max_length=12)  # of the token, to recognise it by
    sha256 = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=20))  # values of Scope
    from_date = models.DateField()
    until_date = models.DateField()
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)  # to the quarter of an hour, so that reading seldom writes
    revoked_at = models.DateTimeField(null=True)
    objects = TokenQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(until_date__gt=F("from_date")) & Q(until_date__lte=F("from_date") + LONGEST_LIFE),
                name="token_lives_for_a_year_at_most",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.beginning}…)"

    @property
    def state(self) -> Token.State:
        if self.revoked_at is not None:
            return Token.State.REVOKED
        return Token.State.VALID if timezone.localdate() < self.until_date else Token.State.ENDED

    @property
    def last_date(self) -> dt.date:
        return self.until_date - dt.timedelta(days=1)

    @property
    def scopes_in_words(self) -> list[str]:
        return [str(Scope(scope).label) for scope in self.scopes]


class KeyedAnswer(models.Model):
    """The answer to a write that came with an Idempotency-Key: whoever sends it again gets the same, and nothing is done."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # sha256 of method, address and input
    status = models.SmallIntegerField(default=0)
    body = models.TextField(default="")  # JSON as it was sent
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "key"], name="key_is_used_once"),)

    def __str__(self) -> str:
        return self.key


class RequestCount(models.Model):
    """How often somebody asked in a minute. Unlogged: quick to write, and empty after a crash, which harms nobody."""

    who = models.CharField(max_length=100, primary_key=True)
    minute = models.DateTimeField()
    requests = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.who}: {self.requests}"
