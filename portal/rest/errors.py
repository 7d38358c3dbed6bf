"""The one shape of an error of the API, and the one place that makes it:

{"error": "a-stable-code", "message": "what is wrong", "remedy": "what to do", "fields": [{"field", "error", "message"}]}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFilesSent,
)
from django.http import Http404, HttpRequest, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response

from portal.lib.errors import DomainError

ROOT: Final = "/api/"


class NotSignedIn(DomainError):
    code = "not-signed-in"
    status = 401
    sentence = _("Nobody is signed in.")
    remedy = _("Send a personal token: “Authorization: Bearer garak_…”. You make one in the portal, under your name.")


class TokenNotValid(DomainError):
    code = "token-not-valid"
    status = 401
    sentence = _("This token is not valid: it is unknown, was revoked or has ended, or its owner's account is closed.")
    remedy = _("Make a new token in the portal, under your name.")


class CsrfFailed(DomainError):
    code = "csrf-failed"
    status = 403
    sentence = _("The request did not prove that it comes from a page of the portal.")
    remedy = _("Reload the page and try again. Programs send a personal token instead of a session.")


class ScopeMissing(DomainError):
    code = "scope-missing"
    status = 403
    sentence = _("This token does not carry the scope %(scope)s.")
    remedy = _("Make a token with this scope in the portal, under your name.")


class NotFound(DomainError):
    code = "not-found"
    status = 404
    sentence = _("There is nothing at this address, or it is not yours.")
    remedy = _("Check the address; it ends in a slash. All addresses are listed at /api/v1/docs/.")


class MethodNotAllowed(DomainError):
    code = "method-not-allowed"
    status = 405
    sentence = _("This address does not take %(method)s.")
    remedy = _("The header Allow names what it takes.")


class MediaTypeNotSupported(DomainError):
    code = "media-type-not-supported"
    status = 415
    sentence = _("This address does not take a body of the type “%(type)s”.")
    remedy = _("Send one of these: %(allowed)s.")


class BodyUnreadable(DomainError):
    code = "body-unreadable"
    sentence = _("The body of the request cannot be read.")
    remedy = _("Send JSON in UTF-8, or a file as multipart/form-data, and set the header Content-Type to match.")


class BodyTooLarge(DomainError):
    code = "body-too-large"
    status = 413
    sentence = _("The body of the request is larger than %(kilobytes)s kB.")
    remedy = _("Send less at once.")


class RequestRefused(DomainError):
    code = "request-refused"
    sentence = _("The request was refused, because it does not look like one of an honest program.")
    remedy = _("Check its headers and its address.")


class InputNotValid(DomainError):
    code = "input-not-valid"
    sentence = _("Something in the request is not right.")
    remedy = _("Correct what “fields” names and send it again.")


class TooManyRequests(DomainError):
    code = "too-many-requests"
    status = 429
    sentence = _("There were more than %(limit)s requests in this minute.")
    remedy = _("Wait %(seconds)s seconds and send it again.")


class ServerFailed(DomainError):
    code = "server-failed"
    status = 500
    sentence = _("Something went wrong on our side. It has been written down.")
    remedy = _("Send it again later, with the same Idempotency-Key if it was a write.")


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith(ROOT)


def error_body(error: DomainError, fields: Sequence[Mapping[str, str]] = ()) -> dict[str, Any]:
    """The shape, in the reader's language."""
    return {"error": error.code, "message": error.message, "remedy": error.advice, "fields": list(fields)}


def error_page(error: DomainError) -> JsonResponse:
    """For what fails outside of an endpoint."""
    return JsonResponse(
        error_body(error), status=error.status, headers=error.headers, json_dumps_params={"ensure_ascii": False}
    )


def handle_exception(exception: Exception, context: Mapping[str, Any]) -> Response | None:
    """What an endpoint raised, as a response; None for a bug, which is then logged and answered by the 500 page."""
    error = _foreseen(exception, context)
    if error is None:
        return None
    fields: list[dict[str, str]] = []
    if isinstance(exception, exceptions.ValidationError):
        fields = list(_fields(exception.get_full_details()))
    headers = dict(error.headers)
    if error.status == NotSignedIn.status:
        headers["WWW-Authenticate"] = 'Bearer realm="garak"'
    return Response(error_body(error, fields), status=error.status, headers=headers)


def _foreseen(exception: Exception, context: Mapping[str, Any]) -> DomainError | None:
    match exception:
        case DomainError():
            return exception
        case Http404() | exceptions.NotFound():
            return NotFound()
        case exceptions.AuthenticationFailed():
            return TokenNotValid()
        case exceptions.PermissionDenied() | PermissionDenied():  # raised by the check of CSRF alone
            return CsrfFailed()
        case exceptions.MethodNotAllowed():
            return MethodNotAllowed(method=context["request"].method)
        case exceptions.UnsupportedMediaType():
            allowed = ", ".join(parser.media_type for parser in context["view"].parser_classes)
            return MediaTypeNotSupported(type=context["request"].content_type[:100], allowed=allowed)
        case exceptions.ValidationError():
            return InputNotValid()
        case exceptions.ParseError() | MultiPartParserError() | TooManyFilesSent():
            return BodyUnreadable()
        case RequestDataTooBig():
            return BodyTooLarge(kilobytes=settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1000)
        case SuspiciousOperation() | BadRequest():
            return RequestRefused()
    return None


def _fields(details: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Django REST framework's tree of messages as a list, each with the path of its field ("shares.0.party")."""
    if isinstance(details, Mapping) and isinstance(details.get("message"), str) and "code" in details:
        yield {"field": path, "error": str(details["code"]), "message": str(details["message"])}
    elif isinstance(details, Mapping):
        for name, inner in details.items():
            yield from _fields(inner, path if name == "non_field_errors" else f"{path}.{name}" if path else str(name))
    else:
        for place, inner in enumerate(details):
            is_message = isinstance(inner, Mapping) and isinstance(inner.get("message"), str)
            yield from _fields(inner, path if is_message else f"{path}.{place}")
