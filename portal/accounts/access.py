"""What somebody is: the roles and organisations in force today. Every room's access.py builds on these functions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from portal.accounts.models import PUBLISHER_ROLES, Membership, Role, User

Reader = User | AnonymousUser


def memberships_in_force(user: Reader, on_date: dt.date | None = None) -> QuerySet[Membership]:
    """The user's memberships on a day (today in Seoul): none for a stranger or a disabled account."""
    day = on_date or timezone.localdate()
    if not user.is_authenticated or not user.is_active:
        return Membership.objects.none()
    return Membership.objects.filter(user=user, from_date__lte=day).filter(
        Q(until_date__isnull=True) | Q(until_date__gt=day)
    )


def roles_of(user: Reader) -> frozenset[str]:
    """The roles in force, read once per user object (a request has one)."""
    cached: frozenset[str] | None = getattr(user, "_roles_in_force", None)
    if cached is None:
        cached = frozenset(memberships_in_force(user).values_list("role", flat=True))
        user._roles_in_force = cached  # type: ignore[union-attr]  # a memo on the request's user object
    return cached


def organisation_ids(user: Reader, *roles: str) -> list[int]:
    """The organisations the user acts for, in any role or only in the named ones."""
    memberships = memberships_in_force(user)
    if roles:
        memberships = memberships.filter(role__in=roles)
    return list(memberships.values_list("organisation_id", flat=True))


def signed_in(request: HttpRequest) -> User:
    """The person behind the request; LoginRequiredMiddleware has sent everybody else to the sign-in."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def is_staff(user: Reader) -> bool:
    return Role.STAFF in roles_of(user)


def sees_everything(user: Reader) -> bool:
    """Society staff and auditors read every row; only staff change any."""
    return bool(roles_of(user) & {Role.STAFF, Role.AUDITOR})


def is_publisher(user: Reader) -> bool:
    return bool(roles_of(user) & PUBLISHER_ROLES)


def is_songwriter(user: Reader) -> bool:
    return Role.SONGWRITER in roles_of(user)


def is_service_contact(user: Reader) -> bool:
    return Role.SERVICE_CONTACT in roles_of(user)


def society_staff() -> QuerySet[User]:
    """The society's staff of today: who is told when something needs a decision."""
    today = timezone.localdate()
    in_force = Membership.objects.filter(role=Role.STAFF, from_date__lte=today).filter(
        Q(until_date__isnull=True) | Q(until_date__gt=today)
    )
    return User.objects.filter(pk__in=in_force.values("user"))


View = Callable[..., HttpResponse]


def only(*roles: str) -> Callable[[View], View]:
    """A page for these roles; for everybody else it does not exist (404, never 403: house rule)."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not roles_of(request.user) & set(roles):
                raise Http404
            return view(request, *args, **kwargs)

        return guarded

    return decorate
