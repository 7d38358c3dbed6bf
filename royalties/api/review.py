"""The review for programs: decisions and taking them back, songs left out, equal songs, and matching again."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.access import signed_in
from portal.lib.keyset import whole
from portal.rest.api import ApiView, checked
from portal.rest.fields import Input, Money, Text
from portal.rest.paging import PageQuery
from royalties import access, rematch as rematching, review
from royalties.api.fields import NEWEST_FIRST, SOCIETY, STAFF, SongBrief, WorkBrief, money, name_of
from royalties.api.songs import DecidesSongs, SongOut, song_shown, songs_meant
from royalties.models import Match, Rematch, RematchSong, StaffDecision


class ReviewDecisionOut(serializers.Serializer[Any]):
    ref = serializers.CharField()
    action = serializers.ChoiceField(choices=StaffDecision.Action.choices)
    work = WorkBrief(allow_null=True)
    songs = serializers.IntegerField(help_text=_("How many songs it settled."))
    decided_by = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    decided_at = serializers.DateTimeField(source="created_at")
    undone_by = serializers.CharField(
        allow_null=True, help_text=_("The ref of the decision that took it back; null while it stands.")
    )


class EqualSong(SongBrief):
    seen = serializers.IntegerField(help_text=_("The decision that stands on it."))


class LeaveOutIn(DecidesSongs):
    reason = Text(max_length=300, required=False, allow_blank=True, default="")


class RematchMovement(serializers.Serializer[Any]):
    before = serializers.ChoiceField(choices=Match.Outcome.choices)
    after = serializers.ChoiceField(choices=Match.Outcome.choices)
    songs = serializers.IntegerField()
    lines = serializers.IntegerField()
    reported = Money()


class RematchOut(serializers.Serializer[Any]):
    ref = serializers.CharField()
    state = serializers.ChoiceField(choices=Rematch.State.choices)
    looked_at = serializers.IntegerField(help_text=_("Songs without an owner that were matched again."))
    skipped = serializers.IntegerField(help_text=_("Songs that somebody decided before it was applied."))
    kept = serializers.IntegerField(help_text=_("Songs that could not be taken back."))
    created_at = serializers.DateTimeField()
    applied_at = serializers.DateTimeField(allow_null=True)
    undone_at = serializers.DateTimeField(allow_null=True)


class RematchDetailOut(RematchOut):
    movements = RematchMovement(
        many=True, help_text=_("What would move or has moved; empty while songs are being matched.")
    )


class RematchSongOut(serializers.Serializer[Any]):
    song = SongBrief(source="recording")
    before = serializers.ChoiceField(source="before.outcome", choices=Match.Outcome.choices)
    after = serializers.ChoiceField(source="outcome", choices=Match.Outcome.choices)


class Decisions(ApiView):
    needs = {"GET": STAFF}
    query_input = PageQuery
    keys = NEWEST_FIRST

    @extend_schema(
        operation_id="list_review_decisions",
        summary=_("What staff decided in the review, newest first"),
        responses=ReviewDecisionOut(many=True),
    )
    def get(self, request: Request) -> Response:
        page = self.page_of(request, access.decisions_of(request.user))
        return self.answer_page(request, page, [decision_shown(row) for row in page.rows])


class UndoDecision(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="undo_review_decision",
        summary=_("Take a decision of the review back: its songs get what they had before"),
        request=Input,
        responses=ReviewDecisionOut,
    )
    def post(self, request: Request, ref: str) -> Response:
        decision = access.get_decision(request.user, ref)
        checked(Input(data=request.data))
        undo = review.undo_decision(decision=decision, actor=signed_in(request))
        return Response(decision_shown(undo))


class LeaveOut(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="leave_song_out",
        summary=_("Say that a reported song is not in our repertoire"),
        request=LeaveOutIn,
        responses=SongOut,
    )
    def post(self, request: Request, ref: str) -> Response:
        song = access.get_song(request.user, ref)
        given = checked(LeaveOutIn(data=request.data))
        songs, seen = songs_meant(song, given)
        review.leave_out_songs(songs=songs, actor=signed_in(request), reason=given["reason"], seen=seen)
        return Response(song_shown(request.user, song))


class EqualSongs(ApiView):
    needs = {"GET": STAFF}
    query_input = PageQuery
    keys = NEWEST_FIRST

    @extend_schema(
        operation_id="list_equal_songs",
        summary=_("Songs to review with the same title, artists and candidates"),
        responses=EqualSong(many=True),
    )
    def get(self, request: Request, ref: str) -> Response:
        song = access.get_song(request.user, ref)
        standing = Match.objects.filter(recording=song, superseded_at__isnull=True).prefetch_related("works").first()
        equal = review.equal_songs(song, standing) if standing else []
        found = Match.objects.filter(pk__in=[match.pk for match in equal]).select_related("recording")
        page = self.page_of(request, found)
        rows = [
            {
                "ref": each.recording.ref,
                "title": each.recording.title,
                "artists": each.recording.artists,
                "seen": each.pk,
            }
            for each in page.rows
        ]
        return self.answer_page(request, page, EqualSong(rows, many=True).data)


class Rematches(ApiView):
    needs = {"GET": SOCIETY, "POST": STAFF}
    query_input = PageQuery
    keys = NEWEST_FIRST

    @extend_schema(
        operation_id="list_rematches",
        summary=_("The times that songs without an owner were matched again, newest first"),
        responses=RematchOut(many=True),
    )
    def get(self, request: Request) -> Response:
        page = self.page_of(request, access.rematches_of(request.user))
        return self.answer_page(request, page, RematchOut(page.rows, many=True).data)

    @extend_schema(
        operation_id="start_rematch",
        summary=_("Match songs without an owner again; nothing changes before it is applied"),
        request=Input,
        responses=RematchDetailOut,
    )
    def post(self, request: Request) -> Response:
        checked(Input(data=request.data))
        return Response(rematch_shown(rematching.start_rematch(actor=signed_in(request))))


class RematchDetail(ApiView):
    needs = {"GET": SOCIETY}

    @extend_schema(
        operation_id="read_rematch",
        summary=_("What would move, or has moved, when songs were matched again"),
        responses=RematchDetailOut,
    )
    def get(self, request: Request, ref: str) -> Response:
        return Response(rematch_shown(access.get_rematch(request.user, ref)))


class RematchSongs(ApiView):
    needs = {"GET": SOCIETY}
    query_input = PageQuery
    keys = (whole("id"),)

    @extend_schema(
        operation_id="list_rematch_songs",
        summary=_("The songs that would move, or have moved"),
        responses=RematchSongOut(many=True),
    )
    def get(self, request: Request, ref: str) -> Response:
        songs = RematchSong.objects.filter(rematch=access.get_rematch(request.user, ref))
        page = self.page_of(request, songs.select_related("recording", "before"))
        return self.answer_page(request, page, RematchSongOut(page.rows, many=True).data)


class ApplyRematch(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="apply_rematch",
        summary=_("Let the songs become what the matcher says now"),
        request=Input,
        responses=RematchDetailOut,
    )
    def post(self, request: Request, ref: str) -> Response:
        found = access.get_rematch(request.user, ref)
        checked(Input(data=request.data))
        rematching.apply_rematch(rematch=found, actor=signed_in(request))
        return Response(rematch_shown(access.get_rematch(request.user, ref)))


class UndoRematch(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="undo_rematch",
        summary=_("Give back to the songs what they had before they were matched again"),
        request=Input,
        responses=RematchDetailOut,
    )
    def post(self, request: Request, ref: str) -> Response:
        found = access.get_rematch(request.user, ref)
        checked(Input(data=request.data))
        rematching.undo_rematch(rematch=found, actor=signed_in(request))
        return Response(rematch_shown(access.get_rematch(request.user, ref)))


def decision_shown(decision: StaffDecision) -> Any:
    undone = getattr(decision, "undone_by", None)
    return ReviewDecisionOut(
        {
            "ref": decision.ref,
            "action": decision.action,
            "work": decision.work,
            "songs": decision.songs,
            "decided_by": name_of(decision.actor),
            "reason": decision.reason,
            "created_at": decision.created_at,
            "undone_by": undone.ref if undone else None,
        }
    ).data


def rematch_shown(rematch: Rematch) -> Any:
    busy = rematch.state in {Rematch.State.LOOKING, Rematch.State.APPLYING, Rematch.State.UNDOING}
    rows = [] if busy else rematching.movements_of(rematch)
    movements = [
        {
            "before": row["before"].value,
            "after": row["after"].value,
            "songs": row["songs"],
            "lines": row["lines"],
            "reported": money(row["money"], row["currency"]),
        }
        for row in rows
    ]
    fields = ("ref", "state", "looked_at", "skipped", "kept", "created_at", "applied_at", "undone_at")
    return RematchDetailOut({**{name: getattr(rematch, name) for name in fields}, "movements": movements}).data


urlpatterns: list[URLPattern] = [
    path("decisions/", Decisions.as_view(), name="decisions"),
    path("decisions/<str:ref>/undo/", UndoDecision.as_view(), name="undo_decision"),
    path("songs/<str:ref>/equal/", EqualSongs.as_view(), name="equal_songs"),
    path("songs/<str:ref>/leave-out/", LeaveOut.as_view(), name="leave_out"),
    path("rematches/", Rematches.as_view(), name="rematches"),
    path("rematches/<str:ref>/", RematchDetail.as_view(), name="rematch"),
    path("rematches/<str:ref>/songs/", RematchSongs.as_view(), name="rematch_songs"),
    path("rematches/<str:ref>/apply/", ApplyRematch.as_view(), name="apply_rematch"),
    path("rematches/<str:ref>/undo/", UndoRematch.as_view(), name="undo_rematch"),
]
