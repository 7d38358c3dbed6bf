"""What every endpoint stands on. CONTRIBUTING.md, section API, says how to write one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Final, TypeVar

from django.db.models import Model, QuerySet
from django.utils import translation
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts.access import roles_of
from portal.accounts.models import User
from portal.lib import keyset
from portal.rest.errors import MethodNotAllowed, NotFound, NotSignedIn, ScopeMissing
from portal.rest.fields import Input
from portal.rest.idempotency import HEADER, Shows, answer_once
from portal.rest.models import Token
from portal.rest.paging import KeysetPages
from portal.rest.scopes import Needs, carries
from portal.rest.throttling import count_request

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

M = TypeVar("M", bound=Model)
R = TypeVar("R")


class ApiView(APIView):
    """One address. Before a method runs, whoever asks is known, within the limit, and has the scope and the role.

    `needs` names scope and roles for each method there is; `query_input` what may stand behind the question mark of a GET
    (a PageQuery for a list); `keys` the order of a list; `shows` the function of access.py that finds what the answer to a
    write shows by its field `shown_by`, where that is not for everybody in the role: whoever sends the write again must still be
    let in there.
    """

    needs: ClassVar[Mapping[str, Needs]]
    query_input: ClassVar[type[serializers.Serializer[Any]]] = Input
    keys: ClassVar[Sequence[keyset.Key]] = ()
    shows: ClassVar[Shows | None] = None
    shown_by: ClassVar[str] = "ref"
    pagination_class = KeysetPages
    http_method_names = ("get", "head", "post", "put", "patch", "delete")
    permission_classes = ()  # `require` asks, in the order that the errors should come in

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuses in this order: 401 for a bad token, 429, 401, 405, 403 for the scope, 404 for the role, then the body."""
        is_write = request.method not in SAFE
        try:
            super().initial(request, *args, **kwargs)  # authenticates
        except APIException:
            count_request(request, is_write=is_write)
            raise
        count_request(request, is_write=is_write)
        if isinstance(request.auth, Token) and "Accept-Language" not in request.headers:
            translation.activate(request.auth.user.language)
        self.require(request)
        if is_write:
            _ = request.data  # 400, 413 and 415 come before anything is done, also where the method reads no body
        if is_write and HEADER in request.headers:
            method = str(request.method).lower()
            setattr(
                self, method, partial(answer_once, getattr(self, method), type(self).shows, self.shown_by)
            )  # dispatch() looks for it here next

    def require(self, request: Request) -> None:
        """Raises NotSignedIn, MethodNotAllowed, ScopeMissing, NotFound."""
        if not isinstance(request.user, User):
            raise NotSignedIn
        needs = self.needs.get("GET" if request.method == "HEAD" else str(request.method))
        if needs is None:
            raise MethodNotAllowed(method=request.method)
        if needs.scope and isinstance(request.auth, Token) and not carries(request.auth.scopes, needs.scope):
            raise ScopeMissing(scope=needs.scope.value)
        if needs.roles is not None and not roles_of(request.user) & set(needs.roles):
            raise NotFound

    def asked(self, request: Request) -> dict[str, Any]:
        """What stands behind the question mark, checked by `query_input`. Raises ValidationError."""
        return checked(self.query_input(data=request.query_params))

    def page_of(self, request: Request, rows: QuerySet[M, R]) -> keyset.Page[R]:
        """The page of these rows that was asked for, in the order of `keys`. Raises ValidationError and DamagedCursor."""
        asked = self.asked(request)
        return keyset.page_of(rows, keys=self.keys, after=asked.get("after", ""), size=asked["limit"])

    def answer_page(self, request: Request, page: keyset.Page[Any], results: Any) -> Response:
        """The page with its rows as they are to be sent, and the address of the next."""
        following = None
        if page.more:
            query = request.query_params.copy()
            query["after"] = page.more
            following = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
        return Response({"results": results, "next": following})


def checked(serializer: serializers.Serializer[Any]) -> dict[str, Any]:
    """The input as the serializer reads it. Raises ValidationError."""
    serializer.is_valid(raise_exception=True)
    found: dict[str, Any] = serializer.validated_data
    return found
