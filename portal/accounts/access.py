"""What somebody is: the roles and organisations in force today. Every room's access.py builds on these functions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404

from portal.accounts.models import (
    ACTING_ROLES,
    PAID_ROLES,
    PUBLISHER_ROLES,
    WRITER_ROLES,
    Membership,
    MembershipQuerySet,
    Organisation,
    Role,
    User,
)

Reader = User | AnonymousUser


def memberships_in_force(user: Reader, on_date: dt.date | None = None) -> MembershipQuerySet:
    """The user's memberships on a day (today in Seoul): none for a stranger or a disabled account."""
    if not user.is_authenticated or not user.is_active:
        return Membership.objects.none()
    return Membership.objects.filter(user=user).in_force(on_date)


def _seats_of(user: Reader) -> list[Membership]:
    """The memberships in force, read once per user object (a request has one)."""
    cached: list[Membership] | None = getattr(user, "_memberships_in_force", None)
    if cached is None:
        cached = list(memberships_in_force(user).select_related("organisation").order_by("pk"))
        user._memberships_in_force = cached  # type: ignore[union-attr]  # a memo on the request's user object
    return cached


def roles_of(user: Reader) -> frozenset[str]:
    """The roles in force today."""
    return frozenset(seat.role for seat in _seats_of(user))


def delegations_of(user: Reader) -> list[Membership]:
    """For whom the user acts as a delegate today, each with its organisation and its end."""
    return [seat for seat in _seats_of(user) if seat.role == Role.DELEGATE]


def rights_holders_of(user: Reader, *, paid: bool = False) -> list[Organisation]:
    """The writers and publishers the user acts for, or only those whose money she reads; each once.

    A page that shows several says whose each row is.
    """
    roles = PAID_ROLES if paid else WRITER_ROLES | PUBLISHER_ROLES
    return list({seat.organisation_id: seat.organisation for seat in _seats_of(user) if seat.role in roles}.values())


def organisation_ids(user: Reader, *roles: str) -> list[int]:
    """The organisations the user acts for, in any role or only in the named ones."""
    return [seat.organisation_id for seat in _seats_of(user) if not roles or seat.role in roles]


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


def acts_for_writer(user: Reader) -> bool:
    """A songwriter, or a delegate who acts for one today."""
    return bool(roles_of(user) & WRITER_ROLES)


def acts_as_delegate(user: Reader, organisation: Organisation) -> bool:
    """Does the user act there for somebody else, and not for herself?"""
    roles = set(memberships_in_force(user).filter(organisation=organisation).values_list("role", flat=True))
    return roles == {Role.DELEGATE}


def may_claim(user: Reader) -> bool:
    """Whoever files and answers for a rights-holder. The society files nothing: it never takes a side."""
    return bool(roles_of(user) & ACTING_ROLES)


def is_service_contact(user: Reader) -> bool:
    return Role.SERVICE_CONTACT in roles_of(user)


def memberships_visible_to(user: Reader) -> MembershipQuerySet:
    """Who acts for whom: the society reads all of it, a publisher's super role and a songwriter what is theirs, anybody her own."""
    if sees_everything(user):
        return Membership.objects.all()
    if not user.is_authenticated:
        return Membership.objects.none()
    theirs = organisation_ids(user, Role.SONGWRITER, Role.PUBLISHER_SUPER)
    return Membership.objects.filter(Q(organisation__in=theirs) | Q(pk__in=memberships_in_force(user)))


def get_delegation(user: Reader, ref: str) -> Membership:
    """Somebody who acts for the user, for whom the user acts, or, for the society, anybody's."""
    return get_object_or_404(memberships_visible_to(user).filter(role=Role.DELEGATE), ref=ref)


def own_desks(user: Reader) -> list[Organisation]:
    """The desks whose songwriter the user is herself."""
    return list(Organisation.objects.filter(pk__in=organisation_ids(user, Role.SONGWRITER)).order_by("name", "pk"))


def society_staff() -> QuerySet[User]:
    """The society's staff of today: who is told when something needs a decision."""
    return User.objects.filter(pk__in=Membership.objects.filter(role=Role.STAFF).in_force().values("user"))


View = Callable[..., HttpResponseBase]


def only(*roles: str) -> Callable[[View], View]:
    """A page for these roles; for everybody else it does not exist (404, never 403: house rule)."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not roles_of(request.user) & set(roles):
                raise Http404
            return view(request, *args, **kwargs)

        return guarded

    return decorate
