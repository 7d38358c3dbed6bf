from __future__ import annotations

from django.db.models import QuerySet

from portal.accounts.access import Reader
from portal.notices.models import Notice


def notices_of(user: Reader) -> QuerySet[Notice]:
    """One's own notices; nobody reads another person's, staff included."""
    if not user.is_authenticated:
        return Notice.objects.none()
    return Notice.objects.filter(user=user)
