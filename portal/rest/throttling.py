"""How much somebody may ask in a minute: counted per person, whatever the number of tokens, or per address.

The count is one row of an unlogged table of PostgreSQL, so that all processes share it and nothing hangs on Redis. Minutes
begin at the full minute: at its turn, twice the limit may come at once.
"""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from django.conf import settings
from django.db import connection
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from portal.accounts.models import User
from portal.rest.errors import TooManyRequests

COUNT: Final = """
    INSERT INTO rest_requestcount AS counted (who, minute, requests)
    VALUES (%s, date_trunc('minute', clock_timestamp()), 1)
    ON CONFLICT (who) DO UPDATE SET
        requests = CASE WHEN counted.minute = EXCLUDED.minute THEN counted.requests + 1 ELSE 1 END,
        minute = EXCLUDED.minute
    RETURNING requests, 60 - floor(extract(second FROM clock_timestamp()))::int"""


def count_request(request: Request, *, is_write: bool) -> None:
    """Count one request. Raises TooManyRequests above API_REQUESTS_PER_MINUTE, refused ones counting too."""
    if isinstance(request.user, User):
        kind = "write" if is_write else "read"
        who = f"{kind}:{request.user.pk}"
    else:
        kind = "stranger"
        who = f"{kind}:{address_of(request)}"
    limit = settings.API_REQUESTS_PER_MINUTE[kind]
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [who])
        requests, seconds = cursor.fetchone()
    if requests > limit:
        raise TooManyRequests(limit=limit, seconds=seconds)


def address_of(request: Request) -> str:
    """Where a stranger asks from: an IPv4 address, or the /64 that one customer has of IPv6."""
    text = BaseThrottle().get_ident(request)  # by NUM_PROXIES: X-Forwarded-For counts only behind a proxy of ours
    try:
        address: IPv4Address | IPv6Address = ip_address(text)
    except (ValueError, AddressValueError):
        return "unknown"
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address.packed, 64), strict=False))
    return str(address)
