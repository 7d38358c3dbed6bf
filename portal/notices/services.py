"""Telling people something inside the portal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from portal.notices.models import Notice


def notify(*, users: Iterable[AbstractBaseUser], sentence: str, params: dict[str, Any], url: str = "") -> None:
    """Send one message to each of these people, once each; those who cannot sign in any more get none.

    `sentence` is English marked with gettext_noop, with named placeholders that `params` fills: it is translated when read.
    """
    readers = {user.pk for user in users if user.is_active}
    Notice.objects.bulk_create(Notice(user_id=pk, sentence=sentence, params=params, url=url) for pk in sorted(readers))
