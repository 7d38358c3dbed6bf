"""Who signs in, and for whom they act. Nothing about music lives here."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.lib.refs import new_ref


def organisation_ref() -> str:
    return new_ref("O")


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
    PUBLISHER_SUPER = "publisher_super", _("publisher, everything")
    PUBLISHER_FINANCE = "publisher_finance", _("publisher, finance")
    PUBLISHER_COPYRIGHT = "publisher_copyright", _("publisher, copyright")
    STAFF = "staff", _("society staff")
    AUDITOR = "auditor", _("auditor")
    SERVICE_CONTACT = "service_contact", _("service contact")


PUBLISHER_ROLES = frozenset({Role.PUBLISHER_SUPER, Role.PUBLISHER_FINANCE, Role.PUBLISHER_COPYRIGHT})
ROLES_OF_KIND = {
    Organisation.Kind.SOCIETY: frozenset({Role.STAFF, Role.AUDITOR}),
    Organisation.Kind.PUBLISHER: PUBLISHER_ROLES,
    Organisation.Kind.DESK: frozenset({Role.SONGWRITER}),
    Organisation.Kind.SERVICE: frozenset({Role.SERVICE_CONTACT}),
}


class Membership(models.Model):
    """A user acts for an organisation in one role, from a day until (not including) another."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    from_date = models.DateField()
    until_date = models.DateField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["user", "organisation", "role", "from_date"],
                name="membership_is_unique",
            ),
            models.CheckConstraint(
                condition=Q(until_date__isnull=True) | Q(until_date__gt=F("from_date")),
                name="membership_ends_after_it_begins",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.organisation} · {self.role}"
