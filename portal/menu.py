"""What stands in the menu of each role. A person with several roles gets each entry once, in this order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import PUBLISHER_ROLES, WRITER_ROLES, Role

BACK_OFFICE: Final = frozenset({Role.STAFF, Role.AUDITOR})
RAIL: Final = BACK_OFFICE | PUBLISHER_ROLES  # who gets the rail of a desk instead of the songwriter's bottom bar
MEMBERS: Final = PUBLISHER_ROLES | WRITER_ROLES


@dataclass(frozen=True)
class Entry:
    label: str | Promise
    url_name: str
    icon: str
    roles: frozenset[str]


ENTRIES: Final = (
    Entry(_("Home"), "home", "home", frozenset(Role)),
    Entry(_("Reports"), "royalties:reports", "report", BACK_OFFICE),
    Entry(_("Match review"), "royalties:review", "look", frozenset({Role.STAFF})),
    Entry(_("Unmatched songs"), "royalties:unmatched", "search", BACK_OFFICE | PUBLISHER_ROLES),
    Entry(_("Usage"), "royalties:usage", "usage", BACK_OFFICE | PUBLISHER_ROLES),
    Entry(_("Works"), "works:list", "song", BACK_OFFICE | PUBLISHER_ROLES),
    Entry(_("Songs"), "works:list", "song", WRITER_ROLES),
    Entry(_("Name bank"), "works:names", "names", BACK_OFFICE | PUBLISHER_ROLES),
    Entry(_("Catalogue uploads"), "works:uploads", "upload", BACK_OFFICE | PUBLISHER_ROLES),
    Entry(_("Payments"), "royalties:statements", "payment", BACK_OFFICE | MEMBERS - {Role.PUBLISHER_COPYRIGHT}),
    Entry(_("Cases"), "claims:list", "case", BACK_OFFICE | MEMBERS),
    Entry(_("Money received"), "royalties:remittances", "money", BACK_OFFICE),
    Entry(_("Distribution runs"), "royalties:runs", "run", BACK_OFFICE),
    Entry(_("Sources"), "royalties:sources", "source", BACK_OFFICE),
    Entry(_("Ledger"), "royalties:ledger", "ledger", BACK_OFFICE),
    Entry(_("What changed"), "changes", "history", BACK_OFFICE),
    Entry(_("People"), "people", "person", BACK_OFFICE | {Role.PUBLISHER_SUPER}),
)


def entries_for(roles: frozenset[str]) -> list[Entry]:
    found: dict[str, Entry] = {}
    for entry in ENTRIES:
        if roles & entry.roles:
            found.setdefault(entry.url_name, entry)
    return list(found.values())


def frame_for(roles: frozenset[str]) -> str:
    """Which frame a page has: rail (publishers, society), bar (songwriters and their delegates) or bare (service contacts, strangers)."""
    if roles & RAIL:
        return "rail"
    return "bar" if roles & WRITER_ROLES else "bare"
