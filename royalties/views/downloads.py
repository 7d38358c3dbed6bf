"""What a payee takes away as a file."""

from __future__ import annotations

from django.http import HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_GET

from portal.accounts.access import only
from royalties.access import PAID, get_statement
from royalties.export import file_of_earnings


@require_GET
@only(*PAID)
def earnings(request: HttpRequest, ref: str) -> StreamingHttpResponse:
    """The earnings a statement accounts for."""
    return file_of_earnings(get_statement(request.user, ref))
