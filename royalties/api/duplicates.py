"""Works that may be one, for programs: the list, two of them compared, what is said of them, and taking it back."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.access import signed_in
from portal.rest.api import ApiView, checked
from portal.rest.fields import ExactFraction, Input, Money, Text
from portal.rest.paging import PageQuery
from royalties import access, duplicates, merging
from royalties.api.fields import NEWEST_FIRST, SOCIETY, STAFF, WorkBrief, money, name_of
from royalties.models import LikelyDuplicate
from works.merging import Compared, compare_shares, seal_of
from works.models import Right, Share, WorkDifference, WorkMerge


class DuplicateOut(serializers.Serializer[Any]):
    one = WorkBrief()
    other = WorkBrief()
    title = serializers.CharField(help_text=_("The title by which they meet."))
    shared = serializers.ChoiceField(choices=LikelyDuplicate.Shared.choices)
    party = serializers.CharField(help_text=_("The performer or writer they share."))
    songs = serializers.IntegerField()
    lines = serializers.IntegerField()
    reported = Money()


class HeldShare(serializers.Serializer[Any]):
    share = ExactFraction(source="fraction")
    from_date = serializers.DateField()
    until_date = serializers.DateField(allow_null=True)


class ComparedShares(serializers.Serializer[Compared]):
    right = serializers.ChoiceField(choices=Right.choices)
    party = serializers.CharField(source="party.name")
    party_ref = serializers.CharField(source="party.ref")
    role = serializers.ChoiceField(choices=Share.Role.choices)
    territory = serializers.IntegerField(help_text=_("A TIS code; 2136 is the world."))
    one = HeldShare(many=True)
    other = HeldShare(many=True)
    differs = serializers.BooleanField()


class SideMoney(serializers.Serializer[Any]):
    lines = serializers.IntegerField()
    reported = Money()


class SideOut(serializers.Serializer[Any]):
    work = WorkBrief()
    iswc = serializers.CharField(allow_null=True)
    titles = serializers.ListField(child=serializers.CharField())
    performers = serializers.ListField(child=serializers.CharField())
    isrcs = serializers.ListField(child=serializers.CharField())
    registered_by = serializers.CharField(allow_null=True)
    merged_into = serializers.CharField(allow_null=True, help_text=_("The ref of the work it was merged into."))
    songs = serializers.IntegerField(help_text=_("Reported songs that are matched to it."))
    money = SideMoney(many=True)


class ComparedOut(serializers.Serializer[Any]):
    one = SideOut()
    other = SideOut()
    shares = ComparedShares(many=True)
    seen = serializers.CharField(help_text=_("Stands for the shares and ISWCs compared; to be sent with a merge."))


class WorkMergeIn(Input):
    survivor = Text(max_length=12, help_text=_("The ref of the work that stays: one of the two."))
    reason = Text(max_length=300, required=False, allow_blank=True, default="")
    seen = Text(max_length=64, help_text=_("As the comparison says it."))


class WorkDifferenceIn(Input):
    reason = Text(max_length=300, required=False, allow_blank=True, default="")


class WorkMergeOut(serializers.Serializer[Any]):
    ref = serializers.CharField()
    survivor = WorkBrief()
    merged = WorkBrief()
    songs = serializers.IntegerField(help_text=_("How many songs followed."))
    reason = serializers.CharField(allow_blank=True)
    merged_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    undone_by = serializers.CharField(allow_null=True)
    undone_at = serializers.DateTimeField(allow_null=True)


class WorkDifferenceOut(serializers.Serializer[Any]):
    ref = serializers.CharField()
    one = WorkBrief()
    other = WorkBrief()
    reason = serializers.CharField(allow_blank=True)
    said_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    undone_by = serializers.CharField(allow_null=True)
    undone_at = serializers.DateTimeField(allow_null=True)


class Duplicates(ApiView):
    needs = {"GET": SOCIETY}
    query_input = PageQuery
    keys = duplicates.MOST_MONEY_FIRST

    @extend_schema(
        operation_id="list_likely_duplicates",
        summary=_("Works that may be one, those first on which most money rests"),
        responses=DuplicateOut(many=True),
    )
    def get(self, request: Request) -> Response:
        page = self.page_of(request, duplicates.likely_duplicates(request.user))
        rows = [
            {
                "one": pair.one,
                "other": pair.other,
                "title": pair.title,
                "shared": pair.shared,
                "party": pair.party.name,
                "songs": pair.songs,
                "lines": pair.lines,
                "reported": money(pair.money, pair.currency),
            }
            for pair in page.rows
        ]
        return self.answer_page(request, page, DuplicateOut(rows, many=True).data)


class CompareWorks(ApiView):
    needs = {"GET": SOCIETY}

    @extend_schema(
        operation_id="compare_works", summary=_("Two works side by side, with their shares"), responses=ComparedOut
    )
    def get(self, request: Request, one: str, other: str) -> Response:
        works = access.get_two_works(request.user, one, other)
        first, second = (_side_shown(duplicates.side_of(work)) for work in works)
        found = {"one": first, "other": second, "shares": compare_shares(*works), "seen": seal_of(*works)}
        return Response(ComparedOut(found).data)


class MergeTwo(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="merge_works",
        summary=_("Say that two works are one: the other’s names, recordings, ISWC and songs go to the one that stays"),
        request=WorkMergeIn,
        responses=WorkMergeOut,
    )
    def post(self, request: Request, one: str, other: str) -> Response:
        works = access.get_two_works(request.user, one, other)
        given = checked(WorkMergeIn(data=request.data))
        by_ref = {work.ref: work for work in works}
        survivor = by_ref.get(given["survivor"].upper())
        if survivor is None:
            raise merging.NeitherOfThem
        merged = next(work for work in works if work != survivor)
        made = merging.merge_works(
            survivor=survivor, merged=merged, actor=signed_in(request), reason=given["reason"], seen=given["seen"]
        )
        return Response(_merge_shown(made))


class TellApart(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="tell_works_apart",
        summary=_("Say that two works are not the same: they are not offered again"),
        request=WorkDifferenceIn,
        responses=WorkDifferenceOut,
    )
    def post(self, request: Request, one: str, other: str) -> Response:
        works = access.get_two_works(request.user, one, other)
        given = checked(WorkDifferenceIn(data=request.data))
        said = merging.tell_apart(one=works[0], other=works[1], actor=signed_in(request), reason=given["reason"])
        return Response(_difference_shown(said))


class Merges(ApiView):
    needs = {"GET": SOCIETY}
    query_input = PageQuery
    keys = NEWEST_FIRST

    @extend_schema(
        operation_id="list_merges",
        summary=_("The works that were found to be one, newest first"),
        responses=WorkMergeOut(many=True),
    )
    def get(self, request: Request) -> Response:
        page = self.page_of(request, access.merges_of(request.user))
        return self.answer_page(request, page, [_merge_shown(row) for row in page.rows])


class UndoMerge(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="undo_merge",
        summary=_("Take a merge back: names, recordings, ISWC and songs return to the work that had them"),
        request=Input,
        responses=WorkMergeOut,
    )
    def post(self, request: Request, ref: str) -> Response:
        made = access.get_merge(request.user, ref)
        checked(Input(data=request.data))
        merging.undo_merge(merge=made, actor=signed_in(request))
        return Response(_merge_shown(access.get_merge(request.user, ref)))


class Differences(ApiView):
    needs = {"GET": SOCIETY}
    query_input = PageQuery
    keys = NEWEST_FIRST

    @extend_schema(
        operation_id="list_differences",
        summary=_("The works that look alike and were found not to be the same, newest first"),
        responses=WorkDifferenceOut(many=True),
    )
    def get(self, request: Request) -> Response:
        page = self.page_of(request, access.differences_of(request.user))
        return self.answer_page(request, page, [_difference_shown(row) for row in page.rows])


class UndoDifference(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="undo_difference",
        summary=_("Take back that two works are not the same"),
        request=Input,
        responses=WorkDifferenceOut,
    )
    def post(self, request: Request, ref: str) -> Response:
        said = access.get_difference(request.user, ref)
        checked(Input(data=request.data))
        merging.undo_difference(difference=said, actor=signed_in(request))
        return Response(_difference_shown(access.get_difference(request.user, ref)))


def _side_shown(side: duplicates.Side) -> dict[str, Any]:
    work = side.work
    return {
        "work": work,
        "iswc": work.iswc,
        "titles": [title.text for title in side.titles],
        "performers": [party.name for party in side.performers],
        "isrcs": [recording.isrc for recording in side.recordings if recording.isrc],
        "registered_by": work.registered_by.name if work.registered_by else None,
        "merged_into": work.merged_into.ref if work.merged_into else None,
        "songs": side.songs,
        "money": [{"lines": lines, "reported": money(micros, currency)} for currency, lines, micros in side.money],
    }


def _merge_shown(merge: WorkMerge) -> Any:
    return WorkMergeOut(
        {
            "ref": merge.ref,
            "survivor": merge.survivor,
            "merged": merge.merged,
            "songs": merge.repointed.songs,
            "reason": merge.reason,
            "merged_by": name_of(merge.actor),
            "created_at": merge.created_at,
            "undone_by": name_of(merge.undone_by),
            "undone_at": merge.undone_at,
        }
    ).data


def _difference_shown(difference: WorkDifference) -> Any:
    return WorkDifferenceOut(
        {
            "ref": difference.ref,
            "one": difference.one,
            "other": difference.other,
            "reason": difference.reason,
            "said_by": name_of(difference.actor),
            "created_at": difference.created_at,
            "undone_by": name_of(difference.undone_by),
            "undone_at": difference.undone_at,
        }
    ).data


urlpatterns: list[URLPattern] = [
    path("duplicates/", Duplicates.as_view(), name="duplicates"),
    path("duplicates/<str:one>/<str:other>/", CompareWorks.as_view(), name="compare_works"),
    path("duplicates/<str:one>/<str:other>/merge/", MergeTwo.as_view(), name="merge_works"),
    path("duplicates/<str:one>/<str:other>/different/", TellApart.as_view(), name="tell_works_apart"),
    path("merges/", Merges.as_view(), name="merges"),
    path("merges/<str:ref>/undo/", UndoMerge.as_view(), name="undo_merge"),
    path("differences/", Differences.as_view(), name="differences"),
    path("differences/<str:ref>/undo/", UndoDifference.as_view(), name="undo_difference"),
]
