"""Works that are one: the register, the songs and what was said of them follow together, and come back together.

merge: lock payees ─▶ lock both works ─▶ works.merging.absorb_work ─▶ a REPOINT decision: standing matches name the survivor
undo:  nothing of it changed since? ─▶ works.merging.release_work ─▶ the songs get what had stood ─▶ an UNDO decision

Money that was distributed stays where it went. What a matcher writes of a merged work while it is being merged is repointed
before money is distributed (repoint_stragglers).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy, gettext_noop

from portal.accounts.models import ACTING_ROLES, Membership, User
from portal.lib.errors import DomainError
from portal.notices.services import notify
from royalties.ledger import lock_payees
from royalties.models import Earning, Hold, Match, RejectedPair, ReportedRecording, StaffDecision
from royalties.review import as_before, lock_standing, supersede
from works import merging
from works.merging import ChangedSinceMerge, SharesDiffer, SharesWereChanged, shares_differ
from works.models import Share, Work, WorkDifference, WorkMerge

MERGED: Final = gettext_noop(
    "“%(title)s” (%(merged)s) was found to be the same as “%(into)s” (%(survivor)s). Its songs now go by the shares registered there."
)
PARTED: Final = gettext_noop("“%(title)s” (%(merged)s) and “%(into)s” (%(survivor)s) are two works again.")
OPEN_CASE: Final = "open_case_keeps_its_work"  # the constraint by which the room of cases keeps a work as it is


class WorkIsInACase(DomainError):
    code = "work-is-in-a-case"
    status = 409
    sentence = gettext_lazy("“%(title)s” (%(work)s) is in an open case, so it stays as it is.")
    remedy = gettext_lazy("Close the case first, or merge the other work into this one.")


class NeitherOfThem(DomainError):
    code = "neither-of-them"
    sentence = gettext_lazy("The work that is to stay is neither of the two.")
    remedy = gettext_lazy("Choose one of the two works.")


def merge_works(*, survivor: Work, merged: Work, actor: User | None, reason: str, seen: str | None = None) -> WorkMerge:
    """Let `merged` go up in `survivor`, with its names, recordings, ISWC and songs. The survivor's shares stand.

    `seen`: the seal (works.merging.seal_of) of what the person compared. Raises SameWork, WorkIsMerged, IswcsDiffer,
    RecordingHoldsBoth, NameDisputeOpen, ToldApart, WorkIsInACase, SharesWereChanged, SharesDiffer without a reason.
    """
    try:
        with transaction.atomic():
            return _merge(survivor, merged, actor, reason, seen)
    except IntegrityError as error:
        if OPEN_CASE in str(error):
            raise WorkIsInACase(title=merged.title, work=merged.ref) from error
        raise


def _merge(survivor: Work, merged: Work, actor: User | None, reason: str, seen: str | None) -> WorkMerge:
    lock_payees()
    survivor, merged = merging.lock_two(survivor, merged)
    if Hold.objects.filter(work=merged, state=Hold.State.OPEN).exists():
        raise WorkIsInACase(title=merged.title, work=merged.ref)
    if seen is not None and seen != merging.seal_of(survivor, merged):
        raise SharesWereChanged
    if not reason.strip() and shares_differ(survivor, merged):
        raise SharesDiffer
    concerned = _owners_of(merged)
    merge = merging.absorb_work(survivor=survivor, merged=merged, actor=actor, reason=reason)
    songs = _songs_naming(merged)
    decision = StaffDecision.objects.create(
        action=StaffDecision.Action.REPOINT,
        work=survivor,
        merge=merge,
        actor=actor,
        reason=merge.reason,
        songs=len(songs),
    )
    _repoint(decision, songs)
    _reject_with_survivor(decision, merged, survivor)
    notify(users=concerned, sentence=MERGED, params=_words(merge), url=_url(merged))
    return merge


@transaction.atomic
def undo_merge(*, merge: WorkMerge, actor: User | None) -> WorkMerge:
    """Give back to the merged work, and to its songs, what they had. Distributed money stays where it went.

    Raises MergeIsUndone, and ChangedSinceMerge, which says what: nothing is given back by halves.
    """
    lock_payees()
    merge = merging.lock_merge(merge)
    decision = StaffDecision.objects.get(merge=merge)
    repointed = Match.objects.filter(decision=decision).order_by("pk").prefetch_related("works")
    matches = {match.recording_id: match for match in repointed}
    songs = list(ReportedRecording.objects.filter(pk__in=matches).order_by("pk"))
    standing = lock_standing(songs)
    _require_as_left(songs, matches, standing)
    _require_undistributed(merge, songs)
    merging.release_work(merge=merge, actor=actor)
    undo = StaffDecision.objects.create(
        action=StaffDecision.Action.UNDO, work=merge.merged, undoes=decision, actor=actor, songs=len(songs)
    )
    before = _stood_before(matches)
    supersede(standing, {pk: as_before(before.get(pk), undo) for pk in matches})
    notify(users=_owners_of(merge.merged), sentence=PARTED, params=_words(merge), url=_url(merge.merged))
    merge.refresh_from_db()
    return merge


@transaction.atomic
def tell_apart(*, one: Work, other: Work, actor: User | None, reason: str) -> WorkDifference:
    """Say that two works are not the same; they are not offered again. Raises SameWork, WorkIsMerged."""
    one, other = merging.lock_two(one, other)
    return merging.tell_apart(one=one, other=other, actor=actor, reason=reason)


@transaction.atomic
def undo_difference(*, difference: WorkDifference, actor: User | None) -> WorkDifference:
    """Raises DifferenceIsUndone."""
    return merging.undo_difference(difference=difference, actor=actor)


def repoint_stragglers() -> int:
    """Let songs that a matcher matched to a work while it was being merged follow it; returns how many.

    Called before money is distributed, with the payees locked.
    """
    named = Match.objects.filter(superseded_at__isnull=True, works__work__merged_into__isnull=False)
    works = set(named.values_list("works__work", flat=True))
    decisions = StaffDecision.objects.filter(
        action=StaffDecision.Action.REPOINT, merge__merged__in=works, merge__undone_at__isnull=True
    ).select_related("merge__merged")
    count = 0
    for decision in decisions.order_by("pk"):
        assert decision.merge is not None  # noqa: S101 - what_repoints_says_which_merge
        songs = _songs_naming(decision.merge.merged)
        _repoint(decision, songs)
        count += len(songs)
    return count


# ── the steps ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _songs_naming(work: Work) -> list[ReportedRecording]:
    """The songs whose standing match, sure or not, names the work."""
    naming = Match.objects.filter(superseded_at__isnull=True, works__work=work)
    return list(ReportedRecording.objects.filter(pk__in=naming.values("recording")).order_by("pk"))


def _repoint(decision: StaffDecision, songs: Sequence[ReportedRecording]) -> None:
    """The same match once more, by this decision: supersede() lets it name the survivor."""
    standing = lock_standing(songs)
    supersede(standing, {pk: as_before(match, decision) for pk, match in standing.items()})


def _reject_with_survivor(decision: StaffDecision, merged: Work, survivor: Work) -> None:
    """A song that is not the merged work is not the survivor, unless a person or a number says that it is."""
    pairs = RejectedPair.objects.standing().filter(work=merged)
    known = RejectedPair.objects.standing().filter(work=survivor).values("recording")
    matched = Match.objects.filter(
        superseded_at__isnull=True, outcome=Match.Outcome.ACCEPTED, works__work=survivor
    ).values("recording")
    wanted = pairs.exclude(recording__in=known).exclude(recording__in=matched).order_by("recording", "pk")
    RejectedPair.objects.bulk_create(
        RejectedPair(
            recording_id=pair.recording_id, work=survivor, decided_by_id=pair.decided_by_id, decision=decision,
            reason=pair.reason,
        )
        for pair in wanted.distinct("recording")
    )  # fmt: skip


def _stood_before(matches: Mapping[int, Match]) -> dict[int, Match]:
    """Song id → what stood until it was repointed, with its works. Two queries."""
    found: dict[int, Match] = {}
    earlier = Match.objects.filter(recording__in=matches, superseded_at__isnull=False).prefetch_related("works")
    for match in earlier.order_by("pk"):
        if match.pk < matches[match.recording_id].pk:
            found[match.recording_id] = match
    return found


def _require_as_left(
    songs: Sequence[ReportedRecording], left: Mapping[int, Match], standing: Mapping[int, Match | None]
) -> None:
    """A later decision that was taken back has left what it found: the same once more."""
    for song in songs:
        match = standing[song.pk]
        if match is None or (match.pk != left[song.pk].pk and _told(match) != _told(left[song.pk])):
            name = match.decided_by.name if match and match.decided_by else _("the matcher")
            raise ChangedSinceMerge(
                what=_("“%(title)s” was decided anew by %(name)s.") % {"title": song.title, "name": name}
            )


def _told(match: Match) -> tuple[Any, ...]:
    parts = sorted(
        (part.rank, part.work_id, part.numerator, part.denominator, part.music_alone) for part in match.works.all()
    )
    return match.outcome, match.method, match.probability_permille, match.decided_by_id, match.reason, parts


def _require_undistributed(merge: WorkMerge, songs: Sequence[ReportedRecording]) -> None:
    since = Earning.objects.standing().filter(song_usage__recording__in=songs, run__created_at__gt=merge.created_at)
    paid = since.select_related("song_usage__recording").order_by("pk").first()
    if paid is not None:
        title = paid.song_usage.recording.title
        raise ChangedSinceMerge(
            what=_("money of “%(title)s” was distributed by the survivor’s shares.") % {"title": title}
        )


def _owners_of(work: Work) -> list[User]:
    """The people of the rights-holders who have a share in the work today."""
    owners = Share.objects.in_force(timezone.localdate()).filter(work=work).values("party__organisation")
    seats = Membership.objects.in_force().filter(organisation__in=owners, role__in=ACTING_ROLES)
    return list(User.objects.filter(pk__in=seats.values("user")).order_by("pk"))


def _url(work: Work) -> str:
    return reverse("works:detail", args=[work.ref])


def _words(merge: WorkMerge) -> dict[str, str]:
    return {
        "title": merge.merged.title,
        "merged": merge.merged.ref,
        "into": merge.survivor.title,
        "survivor": merge.survivor.ref,
    }
