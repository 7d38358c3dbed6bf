"""What happens to every request and response: whole bodies, the user's language, no storing of pages, failures as sentences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from portal.files.copies import DiskIsFull
from portal.lib.errors import DomainError
from portal.lib.http import as_refusal
from portal.lib.whole_body import BodyCutOff, WholeBody
from portal.rest.errors import NotFound, error_page, is_api

GetResponse = Callable[[HttpRequest], HttpResponse]


class UserLanguageMiddleware:
    """A signed-in person reads her own language, whatever somebody chose in this browser before she signed in."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = translation.get_language() or settings.LANGUAGE_CODE
        return self.get_response(request)


class WholeBodyMiddleware:
    """A body that was cut off on its way is refused: what arrived may look like a whole form, or be valid JSON."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        body = WholeBody(request._stream, promised=_content_length(request))
        request._stream = body  # type: ignore[assignment]
        response = self.get_response(request)
        if body.is_cut_off:
            for handler in request.upload_handlers:  # Django leaves the file it was writing to the garbage collector
                handler.upload_interrupted()
        return response

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """Read the form of a page here, where a failure can become a page; the check of CSRF, which is next, would pass it over."""
        if request.method != "POST" or is_api(request):
            return None
        try:
            _ = request.POST
        except (BodyCutOff, DiskIsFull) as error:
            return _page_of(request, error)
        return None


def _content_length(request: HttpRequest) -> int:
    """As Django reads it, which takes no bytes where the header is missing or no number."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


class NoStoreMiddleware:
    """Pages hold people's money: neither a browser's disk nor a proxy keeps them."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.path.startswith(f"/{settings.STATIC_URL.strip('/')}/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


class NoNulMiddleware:
    """No page's address holds a NUL and PostgreSQL takes none, so such a page does not exist. Forms refuse it themselves."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path:
            if is_api(request):
                return error_page(NotFound())
            return render(request, "404.html", status=404)
        return self.get_response(request)


class DomainErrorMiddleware:
    """The one place where an anticipated failure becomes a page; what is not there is our own page in development too."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, Http404):
            return render(request, "404.html", status=404)
        if not isinstance(exception, DomainError):
            return None
        return _page_of(request, exception)


def _page_of(request: HttpRequest, error: DomainError) -> HttpResponse:
    return as_refusal(render(request, "domain_error.html", {"error": error}), error)
