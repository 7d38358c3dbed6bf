"""Notices, for programs."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.access import signed_in
from portal.lib.keyset import whole
from portal.notices.access import notices_of
from portal.rest.api import ApiView, checked
from portal.rest.fields import Input
from portal.rest.paging import PageQuery
from portal.rest.scopes import Needs, Scope


class NoticeOut(serializers.Serializer[Any]):
    text = serializers.CharField(help_text=_("In the language you ask for."))
    url = serializers.CharField(allow_blank=True, help_text=_("The page it is about, as a path of the portal."))
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)


class MarkedRead(serializers.Serializer[Any]):
    marked = serializers.IntegerField(help_text=_("How many notices were unread."))


class NoticeList(ApiView):
    needs = {"GET": Needs(Scope.NOTICES_READ)}
    query_input = PageQuery
    keys = (whole("id", descending=True),)

    @extend_schema(operation_id="list_notices", summary=_("Your notices, newest first"), responses=NoticeOut(many=True))
    def get(self, request: Request) -> Response:
        page = self.page_of(request, notices_of(signed_in(request)))
        return self.answer_page(request, page, NoticeOut(page.rows, many=True).data)


class ReadNotices(ApiView):
    needs = {"POST": Needs(Scope.NOTICES_WRITE)}

    @extend_schema(
        operation_id="mark_notices_read", summary=_("Mark all your notices as read"), request=None, responses=MarkedRead
    )
    def post(self, request: Request) -> Response:
        checked(Input(data=request.data))
        unread = notices_of(signed_in(request)).filter(read_at__isnull=True)
        return Response(MarkedRead({"marked": unread.update(read_at=timezone.now())}).data)


urlpatterns: list[URLPattern] = [
    path("notices/", NoticeList.as_view(), name="notices"),
    path("notices/read/", ReadNotices.as_view(), name="notices_read"),
]
