"""What each role finds on its home page, read through the rooms' own querysets: nobody sees here what is not hers elsewhere.

A person with several roles gets the page of the first that applies, in the order of `home_of`; writers for whom she acts
stand below it.
"""

from __future__ import annotations

from typing import Any, Final

from portal.accounts.access import Reader, rights_holders_of, roles_of
from portal.accounts.models import PUBLISHER_ROLES, WRITER_ROLES, Role
from portal.home.audit import audit_figures
from portal.home.catalogue import (
    cases_of,
    conflicts_of,
    songs_that_could_be_of,
    tasks_of_publisher,
    uploads_of,
    usage_of,
)
from portal.home.payments import earned_of, held_of, payments_of, statements_of
from portal.home.people import desks_of, former_delegations_of, people_of
from portal.home.service import service_figures
from portal.home.society import society_figures
from portal.notices.access import notices_of

NEWS: Final = 3


def home_of(user: Reader) -> dict[str, Any]:
    """The name of the page (`section`) and what stands on it."""
    roles = roles_of(user)
    context: dict[str, Any] = {"unread": list(notices_of(user).filter(read_at__isnull=True)[:NEWS])}
    if roles & WRITER_ROLES:
        context["desks"] = desks_of(user)
    if Role.STAFF in roles:
        return {**context, "section": "staff", **society_figures(user)}
    if Role.AUDITOR in roles:
        return {**context, "section": "auditor", **society_figures(user), **audit_figures(user)}
    if roles & PUBLISHER_ROLES:
        return {**context, **_publisher(user, roles)}
    if roles & WRITER_ROLES:
        return {**context, "section": "songwriter" if Role.SONGWRITER in roles else "delegate"}
    if Role.SERVICE_CONTACT in roles:
        return {**context, "section": "contact", **service_figures(user)}
    return {**context, "section": "nobody", "former": former_delegations_of(user)}


def _publisher(user: Reader, roles: frozenset[str]) -> dict[str, Any]:
    """Finance reads the money, copyright mends the catalogue, the super role does both and sees who acts for the publisher."""
    everything = Role.PUBLISHER_SUPER in roles
    finance, rights = Role.PUBLISHER_FINANCE in roles, Role.PUBLISHER_COPYRIGHT in roles
    context: dict[str, Any] = {"section": "publisher" if everything or (finance and rights) else "finance"}
    context["publishers"] = [each for each in rights_holders_of(user) if each.kind == "publisher"]
    if everything or finance:
        paid = [each.pk for each in rights_holders_of(user, paid=True) if each.kind == "publisher"]
        context |= {"payments": payments_of(user, paid), "held": held_of(user, paid)}
        context["statements"] = statements_of(user, paid)
        if not everything:
            context["earned"] = earned_of(user, paid)
    if everything or rights:
        own = [each.pk for each in context["publishers"]]
        context |= {"tasks": tasks_of_publisher(user), "uploads": uploads_of(user), "usage": usage_of(user)}
        context |= {"could_be": songs_that_could_be_of(user, own), "conflicts": conflicts_of(user)}
        context["cases"] = cases_of(user, own)
        if not (everything or finance):
            context["section"] = "copyright"
    if everything:
        context["people"] = people_of(user)
    return context
