"""Who signs in, and for whom they act. Nothing about music lives here."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.lib.refs import new_ref


def organisation_ref() -> str:
    return new_ref("O")


def membership_ref() -> str:
    return new_ref("A")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person who signs in by e-mail. What they may do follows from their memberships alone."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=100)
    language = models.CharField(max_length=10, default="ko")
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        return self.name


class Organisation(models.Model):
    """The tenant: the society, a publisher, one writer's desk, or a service."""

    class Kind(models.TextChoices):
        SOCIETY = "society", _("society")
        PUBLISHER = "publisher", _("publisher")
        DESK = "desk", _("writer's desk")
        SERVICE = "service", _("service")

    ref = models.CharField(max_length=40, unique=True, default=organisation_ref)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    SONGWRITER = "songwriter", _("songwriter")
    DELEGATE = "delegate", _("delegate of a songwriter")
    PUBLISHER_SUPER = "publisher_super", _("publisher, everything")
    PUBLISHER_FINANCE = "publisher_finance", _("publisher, finance")
    PUBLISHER_COPYRIGHT = "publisher_copyright", _("publisher, copyright")
    STAFF = "staff", _("society staff")
    AUDITOR = "auditor", _("auditor")
    SERVICE_CONTACT = "service_contact", _("service contact")


WRITER_ROLES = frozenset({Role.SONGWRITER, Role.DELEGATE})  # who reads and acts at a writer's desk
PUBLISHER_ROLES = frozenset({Role.PUBLISHER_SUPER, Role.PUBLISHER_FINANCE, Role.PUBLISHER_COPYRIGHT})
ACTING_ROLES = WRITER_ROLES | {
    Role.PUBLISHER_SUPER,
    Role.PUBLISHER_COPYRIGHT,
}  # who files and answers for a rights-holder
PAID_ROLES = WRITER_ROLES | {Role.PUBLISHER_SUPER, Role.PUBLISHER_FINANCE}  # who reads a rights-holder's money
ROLES_OF_KIND = {
    Organisation.Kind.SOCIETY: frozenset({Role.STAFF, Role.AUDITOR}),
    Organisation.Kind.PUBLISHER: PUBLISHER_ROLES,
    Organisation.Kind.DESK: WRITER_ROLES,
    Organisation.Kind.SERVICE: frozenset({Role.SERVICE_CONTACT}),
}


class MembershipQuerySet(models.QuerySet["Membership"]):
    def in_force(self, on_date: dt.date | None = None) -> Self:
        """Those of a day, today in Seoul unless said."""
        day = on_date or timezone.localdate()
        return self.filter(from_date__lte=day).filter(Q(until_date__isnull=True) | Q(until_date__gt=day))

    def search(self, text: str) -> Self:
        """By a piece of the person's name or address, of the organisation's name, or by its reference."""
        person = Q(user__name__icontains=text) | Q(user__email__icontains=text)
        return self.filter(person | Q(organisation__name__icontains=text) | Q(organisation__ref=text.upper()))


class Membership(models.Model):
    """A user acts for an organisation in one role, from a day until (not including) another.

    Ended on the day it began, it stays as a row that is never in force. Only a delegate must have an end.
    """

    ref = models.CharField(max_length=12, unique=True, default=membership_ref)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    from_date = models.DateField()
    until_date = models.DateField(null=True, blank=True)
    # who gave the role, on which paper, and who took it back before its time; empty where the society set it up
    appointed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    mandate = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["user", "organisation", "role", "from_date"],
                condition=Q(until_date__isnull=True) | Q(until_date__gt=F("from_date")),
                name="membership_is_unique",
            ),
            models.CheckConstraint(
                condition=Q(until_date__isnull=True) | Q(until_date__gte=F("from_date")),
                name="membership_never_ends_before_it_begins",
            ),
            models.CheckConstraint(
                condition=~Q(role=Role.DELEGATE) | Q(until_date__isnull=False),
                name="delegate_has_an_end",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.organisation} · {self.role}"

    @property
    def is_in_force(self) -> bool:
        """Today in Seoul."""
        today = timezone.localdate()
        return self.from_date <= today and (self.until_date is None or self.until_date > today)

    @property
    def last_date(self) -> dt.date | None:
        """The last day on which it is in force, as people say "until"; None without an end."""
        return self.until_date - dt.timedelta(days=1) if self.until_date else None
