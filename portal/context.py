from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from portal.accounts.access import delegations_of, rights_holders_of, roles_of
from portal.notices.models import Notice


def shell(request: HttpRequest) -> dict[str, Any]:
    """What the frame of every page needs: the roles for its menu, for whom one acts, and the number of unread notices."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"roles": frozenset(), "acting_for": [], "together": [], "unread_notices": 0}
    return {
        "roles": roles_of(user),
        "acting_for": delegations_of(user),
        "together": [holder.name for holder in rights_holders_of(user, paid=True)],
        "unread_notices": Notice.objects.filter(user=user, read_at__isnull=True).count(),
    }
