from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from portal.notices.access import notices_of

PAGE = 50


@require_GET
def list_notices(request: HttpRequest) -> HttpResponse:
    """One's own notices, newest first, in the language of today."""
    own = notices_of(request.user).order_by("-id")
    after = request.GET.get("after", "")
    if after.isascii() and after.isdigit() and len(after) < 19:
        own = own.filter(id__lt=int(after))
    page = list(own[: PAGE + 1])
    cursor = page[PAGE - 1].pk if len(page) > PAGE else ""
    return render(request, "portal/notices.html", {"notices": page[:PAGE], "cursor": cursor})


@require_POST
def mark_read(request: HttpRequest) -> HttpResponse:
    """All one's notices are read now."""
    notices_of(request.user).filter(read_at__isnull=True).update(read_at=timezone.now())
    return redirect("notices:list")
