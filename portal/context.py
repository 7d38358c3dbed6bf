from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from portal.accounts.access import roles_of
from portal.notices.models import Notice


def shell(request: HttpRequest) -> dict[str, Any]:
    """What the frame of every page needs: the roles for its menu and the number of unread notices."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"roles": frozenset(), "unread_notices": 0}
    return {
        "roles": roles_of(user),
        "unread_notices": Notice.objects.filter(user=user, read_at__isnull=True).count(),
    }
