"""People: a writer's desk as she and her delegates find it, and who signs in for a publisher."""

from __future__ import annotations

from typing import Any, Final

from django.utils import timezone

from portal.accounts.access import Reader, memberships_in_force, memberships_visible_to, rights_holders_of
from portal.accounts.models import Membership, Organisation, Role
from portal.home.catalogue import cases_of, songs_that_could_be_of
from portal.home.payments import held_of, payments_of

SHOWN: Final = 8


def desks_of(user: Reader) -> list[dict[str, Any]]:
    """The writers the user acts for, herself first, each with her own money, cases and songs."""
    seats = {seat.organisation_id: seat for seat in memberships_in_force(user).order_by("-role")}
    desks = [each for each in rights_holders_of(user) if each.kind == Organisation.Kind.DESK]
    found = [{"desk": desk, "seat": seats[desk.pk], **_desk(user, desk)} for desk in desks]
    return sorted(found, key=lambda each: each["seat"].role == Role.DELEGATE)


def _desk(user: Reader, desk: Organisation) -> dict[str, Any]:
    holders = [desk.pk]
    delegates = Membership.objects.in_force().filter(organisation=desk, role=Role.DELEGATE).select_related("user")
    return {
        "payments": payments_of(user, holders),
        "held": held_of(user, holders),
        "cases": cases_of(user, holders),
        "could_be": songs_that_could_be_of(user, holders),
        "delegates": list(delegates.order_by("until_date", "pk")),
    }


def former_delegations_of(user: Reader) -> list[Membership]:
    """For whom somebody without any role acted until lately: why the pages of yesterday are gone."""
    if not user.is_authenticated:
        return []
    ended = Membership.objects.filter(user=user, role=Role.DELEGATE, until_date__lte=timezone.localdate())
    return list(ended.select_related("organisation").order_by("-until_date", "-pk")[:SHOWN])


def people_of(user: Reader) -> dict[str, Any]:
    """Who signs in for the publishers whose super role the user has, those with an end first."""
    seats = (
        memberships_visible_to(user)
        .in_force()
        .filter(organisation__kind=Organisation.Kind.PUBLISHER, user__is_active=True)
    )
    rows = seats.select_related("user", "organisation").order_by("until_date", "role", "pk")
    return {"rows": list(rows[:SHOWN]), "count": seats.count()}
