"""What pages of all rooms do with a request or a response."""

from __future__ import annotations

from django.http import HttpResponse

from portal.lib.errors import DomainError


def as_refusal(page: HttpResponse, error: DomainError) -> HttpResponse:
    """The page that says what was refused, answered as the error has it."""
    page.status_code = error.status
    for name, value in error.headers.items():
        page.headers[name] = value
    return page
