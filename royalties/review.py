"""What staff decide about songs to review: one at a time or several equal ones at once, and every decision can be undone.

A decision is a StaffDecision row and, for every song, a Match that supersedes the one that stood; nothing is overwritten.
The number of statements does not depend on the number of songs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.lib.errors import DomainError
from royalties.ledger import lock_payees
from royalties.lessons import teach, unteach
from royalties.models import Earning, Match, MatchWork, RejectedPair, ReportedRecording, StaffDecision
from royalties.services import CERTAIN, AlreadyDistributed, MatchChanged, NoReason, PartsAreNotTheWhole
from works.merging import survivors_of, where_it_went
from works.models import Work
from works.names import clean, han

MOST_EQUAL: Final = 500  # songs that one decision settles
WHOLE: Final = Fraction(1)
FINEST: Final = 10_000  # parts that a song may be divided into
LEFT_OUT: Final = "repertoire"  # the method of a match that says: not ours, and no candidate any more

Seen = Mapping[int, int]  # song id → the match the person looked at


class AlreadyUndone(DomainError):
    code = "already-undone"
    status = 409
    sentence = _("%(name)s has already taken this decision back.")
    remedy = _("Open the song again and look at what has changed.")


class CannotBeUndone(DomainError):
    code = "cannot-be-undone"
    status = 409
    sentence = _("This decision only took another one back, so there is nothing to take back.")
    remedy = _("Open the song and decide anew.")


class PartIsTooFine(DomainError):
    code = "part-is-too-fine"
    sentence = _("%(part)s is a finer part than a song is divided into.")
    remedy = _("Use whole parts of at most %(finest)s.")


class BelongsToMerge(DomainError):
    code = "belongs-to-merge"
    status = 409
    sentence = _("These songs were given to another work because two works became one.")
    remedy = _("Take that merge back: the songs go back with it.")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A work of a new match, as a row of MatchWork has it."""

    work_id: int
    numerator: int = 1
    denominator: int = 1
    music_alone: bool = False
    probability_permille: int = CERTAIN
    evidence: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class NewMatch:
    """What a song is to be taken for from now on."""

    outcome: str
    method: str
    probability_permille: int
    parts: Sequence[Part] = ()
    evidence: Mapping[str, Any]
    decided_by_id: int | None
    decision: StaffDecision | None
    reason: str = ""


# ── the decisions ───────────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def accept_songs(
    *, songs: Sequence[ReportedRecording], work: Work, actor: User | None, reason: str, seen: Seen
) -> StaffDecision | None:
    """Say that these songs are this work, whole. Songs that are it already are left alone; None when all are.

    Of a work that was merged they become the survivor.

    Raises NoReason for a work that nobody proposed, MatchChanged when another match stands by now than was `seen`, and
    AlreadyDistributed once money of a song has gone its way.
    """
    lock_payees()  # whoever merges works waits here
    work = where_it_went(work)
    standing = _still_other(songs, {work.pk: WHOLE}, seen)
    _require_reason(standing, {work.pk}, reason)
    if not standing:
        return None
    decision = _decide(StaffDecision.Action.ACCEPT, work, actor, reason, len(standing))
    _take_for(standing, {work.pk: WHOLE}, decision)
    teach(decision, work, [song for song in songs if song.pk in standing])
    return decision


@transaction.atomic
def accept_music(
    *, songs: Sequence[ReportedRecording], work: Work, actor: User | None, reason: str, seen: Seen
) -> StaffDecision | None:
    """Say that these songs are this work with other words that nobody registered. None when all are that already.

    The shares in the music are paid, what is for the words is kept (works.shares.keep_words). Nothing is taught: the title
    is no name of the work. Raises NoReason, MatchChanged, AlreadyDistributed as accept_songs does.
    """
    lock_payees()  # whoever merges works waits here
    work = where_it_went(work)
    standing = _still_other(songs, {work.pk: WHOLE}, seen, music_alone=True)
    _require_reason(standing, {work.pk}, reason)
    if not standing:
        return None
    decision = _decide(StaffDecision.Action.MUSIC, work, actor, reason, len(standing))
    _take_for(standing, {work.pk: WHOLE}, decision, music_alone=True)
    return decision


@transaction.atomic
def divide_songs(
    *,
    songs: Sequence[ReportedRecording],
    works: Sequence[tuple[Work, Fraction]],
    actor: User | None,
    reason: str,
    seen: Seen,
    unregistered: Fraction = Fraction(0),
) -> StaffDecision | None:
    """Say that each of these songs is several works, by exact parts that make the whole: a medley. None when all are that already.

    `unregistered`: the part of works that nobody registered. It is no part of the match, and its money stays in the pool
    (distribution.CELLS). Nothing is taught: the title is no name of any of the works. Raises PartsAreNotTheWhole for parts
    that are not positive, name a work twice or make another sum, PartIsTooFine, NoReason when nobody proposed one of the
    works, MatchChanged, AlreadyDistributed.
    """
    parts = {work.pk: part for work, part in works}
    whole = sum((part for _work, part in works), unregistered)
    if (
        whole != WHOLE
        or len(parts) != len(works)
        or not parts
        or any(part <= 0 for part in parts.values())
        or unregistered < 0
    ):
        raise PartsAreNotTheWhole(sum=whole)
    for part in (*parts.values(), unregistered):
        if part.denominator > FINEST:
            raise PartIsTooFine(part=part, finest=f"{FINEST:,}")
    standing = _still_other(songs, parts, seen)
    _require_reason(standing, set(parts), reason)
    if not standing:
        return None
    decision = _decide(StaffDecision.Action.DIVIDE, None, actor, reason, len(standing))
    _take_for(standing, parts, decision)
    return decision


@transaction.atomic
def reject_pairs(
    *, songs: Sequence[ReportedRecording], work: Work, actor: User | None, reason: str, seen: Seen
) -> StaffDecision | None:
    """Say that these songs are not this work: it is never offered for them again. Their other candidates stay to review.

    None when all that has been said before. Raises NoReason, MatchChanged, AlreadyDistributed.
    """
    if not reason.strip():
        raise NoReason
    standing = lock_standing(songs)
    work = where_it_went(work)
    said = set(
        RejectedPair.objects.standing().filter(recording__in=standing, work=work).values_list("recording", flat=True)
    )
    songs = [song for song in songs if song.pk not in said]
    naming = {
        pk: match for pk, match in standing.items() if match and any(i.work_id == work.pk for i in match.works.all())
    }
    _require_as_seen(naming, seen)
    _require_undistributed(list(naming))
    if not songs and not naming:
        return None
    decision = _decide(StaffDecision.Action.REJECT, work, actor, reason, len(standing))
    RejectedPair.objects.bulk_create(
        RejectedPair(recording=song, work=work, decided_by=actor, decision=decision, reason=decision.reason)
        for song in songs
    )
    new = {}
    for pk, match in naming.items():
        left = [item for item in match.works.all() if item.work_id != work.pk]
        parts = [
            Part(work_id=i.work_id, probability_permille=i.probability_permille, evidence=i.evidence) for i in left
        ]
        new[pk] = NewMatch(
            outcome=Match.Outcome.REVIEW if left else Match.Outcome.NONE,
            method="staff",
            probability_permille=max((part.probability_permille for part in parts), default=0),
            parts=parts,
            evidence=parts[0].evidence if parts else {},
            decided_by_id=decision.actor_id,
            decision=decision,
            reason=decision.reason,
        )
    supersede(naming, new)
    return decision


@transaction.atomic
def leave_out_songs(
    *, songs: Sequence[ReportedRecording], actor: User | None, reason: str, seen: Seen
) -> StaffDecision | None:
    """Say that these songs are not in our repertoire: they leave the review, and the matcher is not asked again.

    Members still find them among the unmatched songs and may claim them. Raises MatchChanged, AlreadyDistributed.
    """
    standing = {pk: match for pk, match in lock_standing(songs).items() if match is None or match.method != LEFT_OUT}
    _require_as_seen(standing, seen)
    _require_undistributed(list(standing))
    if not standing:
        return None
    decision = _decide(StaffDecision.Action.LEAVE_OUT, None, actor, reason, len(standing))
    left_out = NewMatch(
        outcome=Match.Outcome.NONE,
        method=LEFT_OUT,
        probability_permille=0,
        evidence={},
        decided_by_id=decision.actor_id,
        decision=decision,
        reason=decision.reason,
    )
    supersede(standing, dict.fromkeys(standing, left_out))
    return decision


@transaction.atomic
def undo_decision(*, decision: StaffDecision, actor: User | None) -> StaffDecision:
    """Give back to each song of a decision what had stood before it, and offer again what it rejected. Both stay readable.

    Raises AlreadyUndone, CannotBeUndone, BelongsToMerge, MatchChanged when another decision stands on one of its songs by now, and
    AlreadyDistributed.
    """
    lock_payees()  # whoever takes back the same decision waits here
    if decision.action == StaffDecision.Action.UNDO:
        raise CannotBeUndone
    if decision.action == StaffDecision.Action.REPOINT:
        raise BelongsToMerge
    undone = StaffDecision.objects.filter(undoes=decision).select_related("actor").first()
    if undone is not None:
        raise AlreadyUndone(name=undone.actor.name if undone.actor else _("The matcher"))
    matches = {match.recording_id: match for match in Match.objects.filter(decision=decision)}
    songs = list(ReportedRecording.objects.filter(pk__in=matches).order_by("pk"))
    standing = lock_standing(songs)
    _require_as_seen(standing, {pk: match.pk for pk, match in matches.items()})
    _require_undistributed([pk for pk, match in matches.items() if match.outcome == Match.Outcome.ACCEPTED])
    undo = StaffDecision.objects.create(
        action=StaffDecision.Action.UNDO, work=decision.work, undoes=decision, actor=actor, songs=len(matches)
    )
    before = matches_before(matches.keys())
    supersede(standing, {pk: as_before(before.get(pk), undo) for pk in matches})
    unteach(decision, actor)
    return undo


def _still_other(
    songs: Sequence[ReportedRecording], parts: Mapping[int, Fraction], seen: Seen, *, music_alone: bool = False
) -> dict[int, Match | None]:
    """The songs that are not these works yet, locked, with what stands for them and may be changed."""
    standing = {
        pk: match for pk, match in lock_standing(songs).items() if not _is(match, parts, music_alone=music_alone)
    }
    _require_as_seen(standing, seen)
    _require_undistributed(list(standing))
    return standing


def _require_reason(standing: Mapping[int, Match | None], works: Collection[int], reason: str) -> None:
    """A work that was proposed explains itself; any other needs a reason."""
    proposed = [{item.work_id for item in match.works.all()} if match else set() for match in standing.values()]
    if not reason.strip() and not all(items.issuperset(works) for items in proposed):
        raise NoReason


def _take_for(
    standing: Mapping[int, Match | None],
    parts: Mapping[int, Fraction],
    decision: StaffDecision,
    *,
    music_alone: bool = False,
) -> None:
    """Let the songs be these works, the largest part first, each with the evidence by which it was proposed."""
    ranked = sorted(parts, key=lambda work_id: (-parts[work_id], work_id))
    new = {}
    for pk, match in standing.items():
        evidence = {item.work_id: item.evidence for item in match.works.all()} if match else {}
        new[pk] = NewMatch(
            outcome=Match.Outcome.ACCEPTED,
            method="staff",
            probability_permille=CERTAIN,
            parts=[
                Part(
                    work_id=work_id,
                    numerator=parts[work_id].numerator,
                    denominator=parts[work_id].denominator,
                    music_alone=music_alone,
                    evidence=evidence.get(work_id, {}),
                )
                for work_id in ranked
            ],
            evidence=evidence.get(ranked[0], {}),
            decided_by_id=decision.actor_id,
            decision=decision,
            reason=decision.reason,
        )
    supersede(standing, new)


# ── equal songs ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def equal_songs(song: ReportedRecording, standing: Match) -> list[Match]:
    """The standing matches of other songs to review that are called alike, by artists called alike, with the same candidates.

    Alike: the same letters without case, accents, signs and blanks, in simplified characters. Two queries.
    """
    works = [item.work_id for item in sorted(standing.works.all(), key=lambda item: item.rank)]
    if standing.outcome != Match.Outcome.REVIEW or not works:
        return []
    beside = Match.objects.filter(
        outcome=Match.Outcome.REVIEW, superseded_at__isnull=True, works__work=works[0], works__rank=1
    ).exclude(pk=standing.pk)
    wanted = _cleaned(song)
    found = beside.select_related("recording").prefetch_related("works").order_by("pk")[: 4 * MOST_EQUAL]
    alike = [
        match
        for match in found
        if _cleaned(match.recording) == wanted and {item.work_id for item in match.works.all()} == set(works)
    ]
    return alike[: MOST_EQUAL - 1]


def _cleaned(song: ReportedRecording) -> tuple[str, str]:
    title, artists = (clean.tidy(text) for text in (song.title, song.artists))
    return _key(title), _key(artists)


def _key(text: str) -> str:
    written = clean.letters(text)
    return han.simplified_key(written) if han.has_han(written) else written or text


# ── superseding many at once ────────────────────────────────────────────────────────────────────────────────────────────


def lock_standing(songs: Sequence[ReportedRecording]) -> dict[int, Match | None]:
    """Lock songs, so that two people decide one after the other, and read the match that stands for each, with its works.

    A distribution under way is waited for: it has already read the matches that would be changed under it.
    """
    lock_payees()
    ids = sorted(song.pk for song in songs)
    list(ReportedRecording.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk"))
    standing = Match.objects.filter(recording__in=ids, superseded_at__isnull=True)
    found = {
        match.recording_id: match
        for match in standing.select_related("recording", "decided_by").prefetch_related("works")
    }
    return {pk: found.get(pk) for pk in ids}


def supersede(standing: Mapping[int, Match | None], new: Mapping[int, NewMatch]) -> dict[int, Match]:
    """The old matches stay readable, the new ones stand; song id → its new match. Works that were merged give way to others."""
    went = survivors_of(part.work_id for each in new.values() for part in each.parts)
    if went:
        new = {pk: _with_survivors(each, went) for pk, each in new.items()}
    old = [match.pk for pk, match in standing.items() if match is not None and pk in new]
    Match.objects.filter(pk__in=old).update(superseded_at=timezone.now())
    made = Match.objects.bulk_create(
        (
            Match(
                recording_id=pk,
                outcome=each.outcome,
                method=each.method,
                probability_permille=each.probability_permille,
                evidence=dict(each.evidence),
                decided_by_id=each.decided_by_id,
                decision=each.decision,
                reason=each.reason,
            )
            for pk, each in sorted(new.items())
        ),
        batch_size=1000,
    )
    MatchWork.objects.bulk_create(
        (
            MatchWork(
                match=match,
                work_id=part.work_id,
                rank=rank,
                numerator=part.numerator,
                denominator=part.denominator,
                music_alone=part.music_alone,
                probability_permille=part.probability_permille,
                evidence=dict(part.evidence),
            )
            for match in made
            for rank, part in enumerate(new[match.recording_id].parts, start=1)
        ),
        batch_size=1000,
    )
    return {match.recording_id: match for match in made}


def _with_survivors(match: NewMatch, went: Mapping[int, int]) -> NewMatch:
    """The match with each merged work replaced; two parts that are one work now add up, of two candidates the better stays."""
    parts: dict[int, Part] = {}
    for part in match.parts:
        named = replace(part, work_id=went.get(part.work_id, part.work_id))
        there = parts.get(named.work_id)
        if there is not None and match.outcome == Match.Outcome.ACCEPTED:
            both = Fraction(there.numerator, there.denominator) + Fraction(part.numerator, part.denominator)
            named = replace(
                there,
                numerator=both.numerator,
                denominator=both.denominator,
                music_alone=there.music_alone or part.music_alone,
            )
        elif there is not None:
            named = there
        parts[named.work_id] = named
    return replace(match, parts=list(parts.values()))


def matches_before(songs: Collection[int]) -> dict[int, Match]:
    """Song id → the match that its standing one superseded, with its works."""
    earlier = Match.objects.filter(recording__in=songs, superseded_at__isnull=False)
    found = earlier.order_by("recording_id", "-pk").distinct("recording_id").prefetch_related("works")
    return {match.recording_id: match for match in found}


def as_before(match: Match | None, undo: StaffDecision | None) -> NewMatch:
    """A match once more, with whoever decided it and why; nothing known where nothing had stood."""
    if match is None:
        return NewMatch(
            outcome=Match.Outcome.NONE,
            method="none",
            probability_permille=0,
            evidence={},
            decided_by_id=None,
            decision=undo,
        )
    return NewMatch(
        outcome=match.outcome,
        method=match.method,
        probability_permille=match.probability_permille,
        parts=[
            Part(
                work_id=item.work_id,
                numerator=item.numerator,
                denominator=item.denominator,
                music_alone=item.music_alone,
                probability_permille=item.probability_permille,
                evidence=item.evidence,
            )
            for item in sorted(match.works.all(), key=lambda item: item.rank)
        ],
        evidence=match.evidence,
        decided_by_id=match.decided_by_id,
        decision=undo,
        reason=match.reason,
    )


def _decide(action: str, work: Work | None, actor: User | None, reason: str, songs: int) -> StaffDecision:
    return StaffDecision.objects.create(action=action, work=work, actor=actor, reason=reason.strip()[:300], songs=songs)


def _is(match: Match | None, parts: Mapping[int, Fraction], *, music_alone: bool) -> bool:
    """Whether the song is taken to be these works already, by these parts."""
    if match is None or match.outcome != Match.Outcome.ACCEPTED:
        return False
    if any(item.music_alone != music_alone for item in match.works.all()):
        return False
    return {item.work_id: Fraction(item.numerator, item.denominator) for item in match.works.all()} == parts


def _require_as_seen(standing: Mapping[int, Match | None], seen: Seen) -> None:
    for pk, match in standing.items():
        if pk in seen and (match is None or match.pk != seen[pk]):
            name = match.decided_by.name if match and match.decided_by else _("The matcher")
            raise MatchChanged(name=name, outcome=match.get_outcome_display() if match else _("nothing"))


def _require_undistributed(songs: Sequence[int]) -> None:
    standing = Earning.objects.standing().filter(song_usage__recording__in=songs)
    earning = standing.select_related("song_usage__recording").first()
    if earning is not None:
        raise AlreadyDistributed(title=earning.song_usage.recording.title)
