"""Songs that wait for their owner, one song with the works it could be, and the two decisions of staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from django.db.models import F
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.access import Reader, sees_everything, signed_in
from portal.lib.keyset import Key, Page, page_of, whole
from portal.rest.api import ApiView, checked
from portal.rest.fields import ExactFraction, Flag, Input, Money, Text, Whole
from portal.rest.paging import PageQuery
from royalties import access
from royalties.api.fields import (
    HOLDERS,
    NEWEST_FIRST,
    STAFF,
    Month,
    ServiceField,
    SongBrief,
    WorkBrief,
    money,
    name_of,
)
from royalties.models import Match, ReportedRecording
from royalties.review import MOST_EQUAL, Seen, accept_music, accept_songs, divide_songs, reject_pairs
from royalties.songs import (
    METHODS,
    candidates_of,
    decisions_on,
    is_distributed,
    unregistered_part,
    usages_of,
    work_named,
)

WAITING = [(outcome.value, outcome.label) for outcome in (Match.Outcome.NONE, Match.Outcome.REVIEW)]


class WaitingSong(SongBrief):
    outcome = serializers.ChoiceField(choices=WAITING)
    services = serializers.ListField(child=ServiceField())
    first_month = Month()
    last_month = Month()
    uses = serializers.IntegerField(allow_null=True, help_text=_("For the society; null for everybody else."))
    reported = Money(allow_null=True, help_text=_("For the society; null for everybody else."))


class SongUsageOut(serializers.Serializer[Any]):
    usage_month = Month()
    service = ServiceField()
    report = serializers.CharField(allow_null=True, help_text=_("For the society; null for everybody else."))
    lines = serializers.IntegerField(allow_null=True)
    uses = serializers.IntegerField(allow_null=True)
    reported = Money(allow_null=True, help_text=_("Null while nobody is known to own the song, but for the society."))


class Candidate(serializers.Serializer[Any]):
    work = WorkBrief()
    part = ExactFraction(source="fraction", help_text=_("Of the song, once it is matched."))
    music_alone = serializers.BooleanField(
        help_text=_("The song has other words: only the shares in the music of the work are paid.")
    )
    titles = serializers.ListField(child=serializers.CharField())
    performers = serializers.ListField(child=serializers.CharField())
    albums = serializers.ListField(child=serializers.CharField())
    writers = serializers.ListField(child=serializers.CharField())
    evidence = serializers.ListField(child=serializers.CharField(), help_text=_("What speaks for it, in sentences."))


class DecisionOut(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(choices=Match.Outcome.choices)
    method = serializers.CharField(help_text=_("How it was decided: a code that is the same in every language."))
    method_in_words = serializers.CharField(allow_blank=True)
    decided_by = serializers.CharField(allow_null=True, help_text=_("Null: the matcher."))
    reason = serializers.CharField(allow_blank=True)
    decided_at = serializers.DateTimeField()


class RejectedWork(serializers.Serializer[Any]):
    work = WorkBrief()
    decided_by = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    decided_at = serializers.DateTimeField()


class Decisions(serializers.Serializer[Any]):
    first_report = serializers.CharField(help_text=_("The ref of the report that named it first."))
    standing = serializers.IntegerField(
        allow_null=True, help_text=_("The number of the decision that stands, to be sent as “seen”.")
    )
    is_distributed = serializers.BooleanField(help_text=_("Its money has gone its way, so its match stays as it is."))
    history = DecisionOut(many=True, help_text=_("Newest first."))
    rejected_works = RejectedWork(many=True, help_text=_("Works it is not: they are not proposed again."))


class WhyMatched(serializers.Serializer[Any]):
    method = serializers.CharField(help_text=_("How it was decided: a code that is the same in every language."))
    method_in_words = serializers.CharField(allow_blank=True)
    by_person = serializers.BooleanField(help_text=_("A person of the society decided it, and not the matcher alone."))
    reason = serializers.CharField(allow_blank=True)
    decided_at = serializers.DateTimeField()


class SongOut(SongBrief):
    album = serializers.CharField(allow_blank=True)
    isrc = serializers.CharField(allow_blank=True)
    iswc = serializers.CharField(allow_blank=True)
    writers = serializers.CharField(allow_blank=True)
    ipis = serializers.ListField(child=serializers.CharField(), help_text=_("Name numbers of its writers."))
    duration_seconds = serializers.IntegerField(allow_null=True)
    song_id = serializers.CharField(allow_blank=True, help_text=_("The service's own number for it."))
    outcome = serializers.ChoiceField(choices=Match.Outcome.choices, allow_null=True)
    usages = SongUsageOut(many=True, help_text=_("By month and service, newest first."))
    works = Candidate(
        many=True, help_text=_("What it is matched to or, for the society, what it could be, the likeliest first.")
    )
    unregistered = ExactFraction(help_text=_("The part of a matched song that nobody registered."))
    why_matched = WhyMatched(
        allow_null=True, help_text=_("Who says so, once it is matched; the facts stand with each work.")
    )
    decisions = Decisions(allow_null=True, help_text=_("For the society; null for everybody else."))


class SongQuery(PageQuery):
    q = Text(required=False, allow_blank=True, max_length=100, help_text=_("A part of the title or of an artist."))
    outcome = serializers.ChoiceField(choices=WAITING, required=False)


class DecidesSongs(Input):
    seen = Whole(
        required=False, help_text=_("The decision you looked at: if another stands by now, nothing is changed.")
    )
    also = serializers.ListField(
        child=Text(max_length=12),
        required=False,
        max_length=MOST_EQUAL,
        help_text=_("The refs of equal songs that are decided with it, in one decision."),
    )


class AcceptMatchIn(DecidesSongs):
    work = Text(max_length=12, allow_blank=True, help_text=_("The ref of the work that the song is, whole."))
    reason = Text(
        max_length=300, required=False, allow_blank=True, default="", help_text=_("Needed if nobody proposed the work.")
    )
    music_alone = Flag(
        required=False,
        default=False,
        help_text=_("The song has other words, which nobody registered: only the shares in the music are paid."),
    )


class RejectMatchIn(DecidesSongs):
    work = Text(max_length=12, allow_blank=True, help_text=_("The ref of the work that the song is not."))
    reason = Text(max_length=300, allow_blank=True)


class PartIn(Input):
    work = Text(max_length=12, help_text=_("The ref of a work that stands in the song."))
    part = ExactFraction(help_text=_("Of the song."))


class DivideIn(DecidesSongs):
    works = PartIn(many=True, help_text=_("The works of the song; their parts make the whole."))
    unregistered = ExactFraction(
        required=False, help_text=_("The part of works that nobody registered: its money stays where it is.")
    )
    reason = Text(
        max_length=300, required=False, allow_blank=True, default="", help_text=_("Needed if nobody proposed a work.")
    )


class SongList(ApiView):
    needs = {"GET": HOLDERS}
    query_input = SongQuery

    @extend_schema(
        operation_id="list_songs",
        summary=_("Reported songs that wait for their owner: by money for the society, else the newest first"),
        responses=WaitingSong(many=True),
    )
    def get(self, request: Request) -> Response:
        asked, society = self.asked(request), sees_everything(request.user)
        outcome = asked.get("outcome")
        songs = ReportedRecording.objects.without_owner(*([outcome] if outcome else []))
        if asked.get("q"):
            songs = songs.named(asked["q"])
        songs = songs.with_use().annotate(outcome=F("matches__outcome"))
        keys: tuple[Key, ...] = NEWEST_FIRST
        if society:
            songs = songs.with_money()
            keys = (whole("money", descending=True), whole("id"))
        page: Page[Any] = page_of(songs, keys=keys, after=asked.get("after", ""), size=asked["limit"])
        rows = [
            {
                "ref": song.ref,
                "title": song.title,
                "artists": song.artists,
                "outcome": song.outcome,
                "services": song.services,
                "first_month": song.first_month,
                "last_month": song.last_month,
                "uses": song.uses if society else None,
                "reported": money(song.money, song.currency) if society else None,
            }
            for song in page.rows
        ]
        return self.answer_page(request, page, WaitingSong(rows, many=True).data)


class SongDetail(ApiView):
    needs = {"GET": HOLDERS}

    @extend_schema(
        operation_id="read_song",
        summary=_("One reported song: its use, and the works it is or could be"),
        responses=SongOut,
    )
    def get(self, request: Request, ref: str) -> Response:
        return Response(song_shown(request.user, access.get_song(request.user, ref)))


class AcceptMatch(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="accept_match",
        summary=_("Say that a reported song is this work"),
        request=AcceptMatchIn,
        responses=SongOut,
    )
    def post(self, request: Request, ref: str) -> Response:
        song = access.get_song(request.user, ref)
        given = checked(AcceptMatchIn(data=request.data))
        songs, seen = songs_meant(song, given)
        take = accept_music if given["music_alone"] else accept_songs
        take(
            songs=songs,
            work=work_named(given["work"]),
            actor=signed_in(request),
            reason=given["reason"],
            seen=seen,
        )
        return Response(song_shown(request.user, song))


class RejectMatch(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="reject_match",
        summary=_("Say that a reported song is not this work: the pair is never proposed again"),
        request=RejectMatchIn,
        responses=SongOut,
    )
    def post(self, request: Request, ref: str) -> Response:
        song = access.get_song(request.user, ref)
        given = checked(RejectMatchIn(data=request.data))
        songs, seen = songs_meant(song, given)
        reject_pairs(
            songs=songs,
            work=work_named(given["work"]),
            actor=signed_in(request),
            reason=given["reason"],
            seen=seen,
        )
        return Response(song_shown(request.user, song))


class DivideSong(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="divide_song",
        summary=_("Say that a reported song is several works, by exact parts: a medley"),
        request=DivideIn,
        responses=SongOut,
    )
    def post(self, request: Request, ref: str) -> Response:
        song = access.get_song(request.user, ref)
        given = checked(DivideIn(data=request.data))
        songs, seen = songs_meant(song, given)
        divide_songs(
            songs=songs,
            works=[(work_named(each["work"]), each["part"]) for each in given["works"]],
            unregistered=given.get("unregistered", Fraction(0)),
            actor=signed_in(request),
            reason=given["reason"],
            seen=seen,
        )
        return Response(song_shown(request.user, song))


def songs_meant(song: ReportedRecording, given: Mapping[str, Any]) -> tuple[list[ReportedRecording], Seen]:
    """The song and those decided with it, and which decision was looked at. A ref that leads nowhere is left out."""
    also = ReportedRecording.objects.filter(ref__in=given.get("also", ())).exclude(pk=song.pk).order_by("pk")
    return [song, *also], {song.pk: given["seen"]} if "seen" in given else {}


def song_shown(user: Reader, song: ReportedRecording) -> Any:
    """As its page shows it: money, candidates and history are the society's; owners see theirs once it is matched."""
    society = sees_everything(user)
    history = decisions_on(song)
    standing = next((match for match in history if match.superseded_at is None), None)
    matched = standing is not None and standing.outcome == Match.Outcome.ACCEPTED
    found = {
        "ref": song.ref,
        "title": song.title,
        "artists": song.artists,
        "album": song.album,
        "isrc": song.isrc,
        "iswc": song.iswc,
        "writers": song.writers,
        "ipis": song.ipis.split(),
        "duration_seconds": song.duration_seconds,
        "song_id": song.song_id,
        "outcome": standing.outcome if standing else None,
        "usages": _usages(song, society=society, sees_money=society or matched),
        "works": candidates_of(user, standing) if society or matched else [],
        "unregistered": unregistered_part(standing),
        "why_matched": _why(standing) if matched and standing else None,
        "decisions": _decisions(song, history, standing) if society else None,
    }
    return SongOut(found).data


def _why(standing: Match) -> Mapping[str, Any]:
    return {
        "method": standing.method,
        "method_in_words": str(METHODS.get(standing.method, "")),
        "by_person": standing.decided_by_id is not None,
        "reason": standing.reason if standing.decided_by_id else "",
        "decided_at": standing.created_at,
    }


def _usages(song: ReportedRecording, *, society: bool, sees_money: bool) -> Sequence[Mapping[str, Any]]:
    return [
        {
            "usage_month": row["usage_month"],
            "service": row["service"],
            "report": row["report__ref"] if society else None,
            "lines": row["lines"] if sees_money else None,
            "uses": row["uses"] if sees_money else None,
            "reported": money(row["amount"], row["report__currency"]) if sees_money else None,
        }
        for row in usages_of(song, with_reports=society)
    ]


def _decisions(song: ReportedRecording, history: Sequence[Match], standing: Match | None) -> Mapping[str, Any]:
    return {
        "first_report": song.first_report.ref,
        "standing": standing.pk if standing else None,
        "is_distributed": is_distributed(song),
        "history": [
            {
                "outcome": match.outcome,
                "method": match.method,
                "method_in_words": str(METHODS.get(match.method, "")),
                "decided_by": name_of(match.decided_by),
                "reason": match.reason,
                "decided_at": match.created_at,
            }
            for match in history
        ],
        "rejected_works": [
            {
                "work": pair.work,
                "decided_by": name_of(pair.decided_by),
                "reason": pair.reason,
                "decided_at": pair.created_at,
            }
            for pair in song.rejected_pairs.standing().select_related("work", "decided_by").order_by("-id")
        ],
    }


urlpatterns: list[URLPattern] = [
    path("songs/", SongList.as_view(), name="songs"),
    path("songs/<str:ref>/", SongDetail.as_view(), name="song"),
    path("songs/<str:ref>/accept/", AcceptMatch.as_view(), name="accept_match"),
    path("songs/<str:ref>/divide/", DivideSong.as_view(), name="divide_song"),
    path("songs/<str:ref>/reject/", RejectMatch.as_view(), name="reject_match"),
]
