"""What a personal token may be used for: a room, to read or to write. A scope never gives more than its owner's roles do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Role


class Scope(models.TextChoices):
    WORKS_READ = "works:read", _("read works, shares and catalogue uploads")
    WORKS_WRITE = "works:write", _("send catalogues, say and dispute names")
    ROYALTIES_READ = "royalties:read", _("read reports, usage, money and statements")
    ROYALTIES_WRITE = "royalties:write", _("send reports, decide matches, record money")
    CLAIMS_READ = "claims:read", _("read cases")
    CLAIMS_WRITE = "claims:write", _("file cases and act on them")
    NOTICES_READ = "notices:read", _("read notices")
    NOTICES_WRITE = "notices:write", _("mark notices as read")


# To whom a scope is of any use: only these are offered it. What a token opens is decided by Needs, request by request.
NOT_FOR: Final[Mapping[Scope, frozenset[Role]]] = {
    Scope.WORKS_READ: frozenset({Role.SERVICE_CONTACT}),
    Scope.WORKS_WRITE: frozenset({Role.SERVICE_CONTACT, Role.AUDITOR, Role.PUBLISHER_FINANCE}),
    Scope.ROYALTIES_READ: frozenset(),
    Scope.ROYALTIES_WRITE: frozenset(Role) - {Role.STAFF},
    Scope.CLAIMS_READ: frozenset({Role.SERVICE_CONTACT}),
    Scope.CLAIMS_WRITE: frozenset({Role.SERVICE_CONTACT, Role.AUDITOR, Role.PUBLISHER_FINANCE}),
}


@dataclass(frozen=True)
class Needs:
    """What one method of an endpoint asks for: a scope of the token (None: whatever token) and one of these roles.

    Without `roles` every signed-in person is let in, also one who has no role.
    """

    scope: Scope | None
    roles: Collection[str] | None = None


def carries(scopes: Iterable[str], needed: Scope) -> bool:
    """Whether these scopes hold the needed one; writing in a room includes reading there."""
    room, _colon, _action = needed.partition(":")
    return needed in scopes or f"{room}:write" in scopes


def scopes_of_use(roles: Collection[str]) -> list[Scope]:
    """What to offer to somebody with these roles; one's own notices are for everybody."""
    return [scope for scope in Scope if scope not in NOT_FOR or set(roles) - NOT_FOR[scope]]
