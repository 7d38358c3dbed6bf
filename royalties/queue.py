"""What the page of the review shows: the songs by money, one of them beside its candidates, and how much is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet, Sum
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.lib.keyset import Key, whole
from royalties.models import Match, ReportedRecording, Service, SongUsage, StaffDecision
from royalties.resting import Resting, money_to_review
from royalties.review import equal_songs
from royalties.songs import candidates_of, is_distributed
from works.marks import mark_names, mark_title
from works.names.titles import parse_title

MOST_MONEY_FIRST: Final[tuple[Key, ...]] = (whole("money", descending=True), whole("id"))
SHOWN: Final = 25  # songs of the list at a time
SETTLING: Final = [
    action.value
    for action in StaffDecision.Action
    if action not in {StaffDecision.Action.REJECT, StaffDecision.Action.REPOINT, StaffDecision.Action.UNDO}
]
LIKELIHOODS: Final[Sequence[tuple[int, Promise]]] = (
    (900, _("almost certain")),
    (600, _("likely")),
    (300, _("possible")),
    (0, _("doubtful")),
)


def songs_to_review() -> QuerySet[ReportedRecording]:
    """Songs in a file that counts, with their `money`, `currency` and `uses`."""
    return ReportedRecording.objects.without_owner("review").with_money()


def review_of(user: User, song: ReportedRecording) -> dict[str, Any]:
    """A song with the match that stands, its candidates side by side with what is reported, and the songs equal to it."""
    standing = (
        Match.objects.filter(recording=song, superseded_at__isnull=True)
        .select_related("decided_by")
        .prefetch_related("works")
        .first()
    )
    equal = equal_songs(song, standing) if standing else []
    candidates = _candidates(user, standing)
    shown = ReportedRecording.objects.filter(pk=song.pk).with_use().with_money().first()
    return {
        "song": song,
        "use": shown,
        "services": [Service(code).label for code in getattr(shown, "services", [])],
        "standing": standing,
        "candidates": [_side_by_side(song, number, found) for number, found in enumerate(candidates, start=1)],
        "other_words": any(found["other_words"] for found in candidates),
        "medley": "medley" in parse_title(song.title).versions,
        "may_divide": not is_distributed(song),
        "equal": equal,
        "equal_money": money_of([match.recording_id for match in equal]),
    }


def _candidates(user: User, standing: Match | None) -> list[dict[str, Any]]:
    if standing is None or standing.outcome != Match.Outcome.REVIEW:
        return []
    return candidates_of(user, standing)


def _side_by_side(song: ReportedRecording, number: int, found: Mapping[str, Any]) -> dict[str, Any]:
    titles, performers = found["titles"], found["performers"]
    return {
        **found,
        "number": number,
        "likelihood": next(words for least, words in LIKELIHOODS if found["permille"] >= least),
        "reported_title": mark_title(song.title, titles),
        "reported_artists": mark_names(song.artists, performers),
        "marked_titles": [mark_title(title, [song.title]) for title in titles],
        "marked_performers": [mark_names(name, [song.artists]) for name in performers],
    }


def money_of(songs: Sequence[int]) -> list[tuple[str, int]]:
    """The reported money of these songs, per currency in micros."""
    rows = SongUsage.objects.counted().filter(recording__in=songs).order_by().values("report__currency")
    return [
        (row["report__currency"], int(row["money"]))
        for row in rows.annotate(money=Sum("amount_micros")).order_by("report__currency")
    ]


def progress_of(user: User) -> dict[str, Any]:
    """What is left to review, and what this person has settled today, without what was taken back."""
    left: Sequence[Resting] = money_to_review()
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    mine = StaffDecision.objects.filter(actor=user, created_at__gte=today, undone_by__isnull=True)
    settled = mine.filter(action__in=SETTLING)
    decided = Match.objects.filter(recording=OuterRef("recording"), decision__in=settled)
    usages = SongUsage.objects.counted().filter(Exists(decided)).order_by().values("report__currency")
    money = usages.annotate(money=Sum("amount_micros")).order_by("report__currency")
    return {
        "left": sum(resting.review_songs for resting in left),
        "left_money": [(each.currency, each.review_micros) for each in left],
        "settled": settled.aggregate(songs=Sum("songs"))["songs"] or 0,
        "settled_money": [(row["report__currency"], int(row["money"])) for row in money],
    }


def last_decision_of(user: User) -> StaffDecision | None:
    """What the key u takes back: this person's last decision that still stands."""
    return (
        StaffDecision.objects.filter(actor=user, undone_by__isnull=True)
        .exclude(action__in=(StaffDecision.Action.UNDO, StaffDecision.Action.REPOINT))
        .select_related("work")
        .order_by("-pk")
        .first()
    )


def next_of(song: ReportedRecording | None, wanted: str) -> ReportedRecording | None:
    """The song to show next: the one that was asked for while it waits, else the one with most money but `song`."""
    waiting = songs_to_review()
    asked = waiting.filter(ref=wanted).first() if wanted else None
    if asked is not None:
        return asked
    rest = waiting.exclude(pk=song.pk) if song is not None else waiting
    return rest.order_by(*(key.order for key in MOST_MONEY_FIRST)).first()
