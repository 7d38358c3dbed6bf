"""The register, for programs: what the pages of works show and do."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.lib.keyset import whole
from portal.rest.api import ApiView
from portal.rest.fields import ExactFraction, Text
from portal.rest.paging import PageQuery
from portal.rest.scopes import Needs, Scope
from works import access
from works.models import Recording, Right, Script, Share, Work, WorkTitle
from works.ownership import own_shares, rights_owned
from works.shares import CollectorKind

READ = Needs(Scope.WORKS_READ, access.WORK_READERS)


class OrganisationOut(serializers.Serializer[Any]):
    ref = serializers.CharField()
    name = serializers.CharField()


class PartyOut(serializers.Serializer[Any]):
    ref = serializers.CharField()
    name = serializers.CharField()


class OwnShare(serializers.Serializer[Any]):
    right = serializers.ChoiceField(choices=Right.choices)
    share = ExactFraction()


class WorkRow(serializers.Serializer[Any]):
    ref = serializers.CharField()
    title = serializers.CharField()
    iswc = serializers.CharField(allow_null=True)
    titles = serializers.ListField(child=serializers.CharField(), help_text=_("In every script it is registered in."))
    performers = serializers.ListField(child=serializers.CharField())
    own_shares = OwnShare(many=True, help_text=_("What your own parties hold of it today."))


class TitleOut(serializers.Serializer[Any]):
    text = serializers.CharField()
    kind = serializers.ChoiceField(choices=WorkTitle.Kind.choices)
    script = serializers.ChoiceField(choices=Script.choices)
    language = serializers.CharField(allow_blank=True)


class RecordingOut(serializers.Serializer[Any]):
    title = serializers.CharField()
    performer = serializers.CharField(allow_blank=True)
    isrc = serializers.CharField(allow_null=True)


class ShareOut(serializers.Serializer[Any]):
    party = PartyOut()
    role = serializers.ChoiceField(choices=Share.Role.choices)
    right = serializers.ChoiceField(choices=Right.choices)
    share = ExactFraction(source="fraction")
    territory = serializers.IntegerField(help_text=_("A TIS code; 2136 is the world."))
    from_date = serializers.DateField()
    until_date = serializers.DateField(allow_null=True)


class SharePart(serializers.Serializer[Any]):
    share = ShareOut()
    collector = serializers.ChoiceField(
        source="collector.kind", choices=[(kind.value, kind.value) for kind in CollectorKind]
    )
    collector_society = serializers.CharField(
        source="collector.society", allow_blank=True, help_text=_("Its CISAC code.")
    )


class RightOut(serializers.Serializer[Any]):
    right = serializers.ChoiceField(choices=Right.choices)
    parts = SharePart(many=True)
    missing = ExactFraction(help_text=_("What nobody has registered."))


class WorkOut(serializers.Serializer[Any]):
    ref = serializers.CharField()
    title = serializers.CharField()
    iswc = serializers.CharField(allow_null=True)
    registered_by = OrganisationOut(allow_null=True)
    submitter_ref = serializers.CharField(allow_blank=True, help_text=_("The publisher's own number for it."))
    titles = TitleOut(many=True)
    recordings = RecordingOut(many=True)
    rights = RightOut(many=True, help_text=_("Who owns it in China today, and who collects."))
    other_shares = ShareOut(many=True, help_text=_("Shares of other days and territories."))


class WorkQuery(PageQuery):
    q = Text(required=False, allow_blank=True, max_length=200, help_text=_("A title in any script, or a number."))


class WorkList(ApiView):
    needs = {"GET": READ}
    query_input = WorkQuery
    keys = (whole("id", descending=True),)

    @extend_schema(operation_id="list_works", summary=_("The works you may see"), responses=WorkRow(many=True))
    def get(self, request: Request) -> Response:
        text = self.asked(request).get("q", "")
        works = Work.objects.visible_to(request.user).search(text).prefetch_related("titles", "parts__recording")
        page = self.page_of(request, works)
        own = own_shares(request.user, page.rows)
        rows = [
            {
                "ref": work.ref,
                "title": work.title,
                "iswc": work.iswc,
                "titles": [title.text for title in work.titles.all()],
                "performers": sorted({part.recording.performer for part in work.parts.all()} - {""}),
                "own_shares": [{"right": right, "share": share} for right, share in own[work.pk].items()],
            }
            for work in page.rows
        ]
        return self.answer_page(request, page, WorkRow(rows, many=True).data)


class WorkDetail(ApiView):
    needs = {"GET": READ}

    @extend_schema(operation_id="read_work", summary=_("One work and who owns it"), responses=WorkOut)
    def get(self, request: Request, ref: str) -> Response:
        work = access.get_work(request.user, ref)
        rights = rights_owned(work, timezone.localdate())
        shown = {part.share.pk for right in rights for part in right.parts}
        other = (
            work.shares.standing().exclude(pk__in=shown).select_related("party").order_by("right", "from_date", "pk")
        )
        found = {
            "ref": work.ref,
            "title": work.title,
            "iswc": work.iswc,
            "registered_by": work.registered_by,
            "submitter_ref": work.submitter_ref,
            "titles": work.titles.order_by("pk"),
            "recordings": Recording.objects.filter(parts__work=work).order_by("pk"),
            "rights": rights,
            "other_shares": other,
        }
        return Response(WorkOut(found).data)


urlpatterns: list[URLPattern] = [
    path("works/", WorkList.as_view(), name="works"),
    path("works/<str:ref>/", WorkDetail.as_view(), name="work"),
]
