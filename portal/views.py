"""Home, by role, and the choice of language."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import defaults
from django.views.decorators.http import require_GET, require_POST

from portal.accounts.access import only
from portal.accounts.models import Role, User
from portal.changes import KINDS, page_of_changes
from portal.home import home_of
from portal.rest.errors import RequestRefused, ServerFailed, error_page, is_api


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    shown = home_of(request.user)
    return render(request, f"portal/home_{shown['section']}.html", shown)


@require_GET
@only(Role.STAFF, Role.AUDITOR)
def changes(request: HttpRequest) -> HttpResponse:
    """What people changed, newest first; ?kind= shows one of the rooms' records."""
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else ""
    shown, cursor = page_of_changes(request.user, kind=kind, after=request.GET.get("after", ""))
    context = {"changes": shown, "cursor": cursor, "kind": kind, "kinds": KINDS}
    return render(request, "portal/changes.html", context)


@login_not_required
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Read in another language from now on: kept with a signed-in person, in a cookie for a passer-by."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        return response
    translation.activate(language)
    if request.user.is_authenticated:
        User.objects.filter(pk=request.user.pk).update(language=language)
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
    else:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response


def refuse_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What Django itself refuses before any page, such as a host it does not know."""
    return error_page(RequestRefused()) if is_api(request) else defaults.bad_request(request, exception)


def say_that_we_failed(request: HttpRequest) -> HttpResponse:
    return error_page(ServerFailed()) if is_api(request) else defaults.server_error(request)
