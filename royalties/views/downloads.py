"""What people take away as files."""

from __future__ import annotations

from django.http import HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_GET

from portal.accounts.access import only
from royalties.access import PAID, SOCIETY, get_statement, get_two_reports
from royalties.export import file_of_earnings
from royalties.forms import OverlapForm
from royalties.overlap import overlap_csv


@require_GET
@only(*PAID)
def earnings(request: HttpRequest, ref: str) -> StreamingHttpResponse:
    """The earnings a statement accounts for."""
    return file_of_earnings(get_statement(request.user, ref))


@require_GET
@only(*SOCIETY)
def overlap(request: HttpRequest, ref: str, other: str) -> StreamingHttpResponse:
    """Two files of a source song by song, as the page shows them."""
    this, that = get_two_reports(request.user, ref, other)
    form = OverlapForm(request.GET)
    form.is_valid()
    chosen = {name: form.cleaned_data.get(name) or "" for name in ("kind", "service")}
    response = StreamingHttpResponse(overlap_csv(this, that, **chosen), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="garak-{this.ref}-{that.ref}.csv"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
