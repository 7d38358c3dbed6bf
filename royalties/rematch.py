"""Songs without an owner, matched again: names and works arrive, and what was nobody's may be somebody's now.

look (a chunk per 1,000 songs) → ready: a person sees what would move → apply → applied; undo gives back what had stood. Only songs
that nobody decided meanwhile are touched. Which songs: those to review and without a match, but for those that staff left
out of our repertoire.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, Exists, F, Min, OuterRef, Q, Sum, Value
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.jobs.models import Job
from portal.jobs.services import NewChunk, Stage, Stopped, Work as JobWork, add_chunks, create_job, drain
from portal.lib.errors import DomainError
from royalties.ingest.matching import ASKED_WITH, as_query, parts_of
from royalties.models import Earning, Match, RejectedPair, Rematch, RematchSong, ReportedRecording
from royalties.querysets import FINISHED, NOT_COUNTED
from royalties.review import LEFT_OUT, NewMatch, Part, as_before, lock_standing, supersede
from works.matching import Decision, SongQuery, match

TASK: Final = "royalties.tasks.rematch"
SONGS_AT_ONCE: Final = 1_000
DRAIN_SECONDS: Final = 120
COUNTED: Final = Q(recording__usages__report__state__in=FINISHED) & ~Q(
    recording__usages__report__held_reason__in=NOT_COUNTED
)


class RematchUnderWay(DomainError):
    code = "rematch-under-way"
    status = 409
    sentence = _("Songs are being matched again already: %(ref)s.")
    remedy = _("Wait until it is done.")


class NotInThatState(DomainError):
    code = "rematch-not-in-that-state"
    status = 409
    sentence = _("This is not possible now: %(state)s.")
    remedy = _("Open the page again and look at what has changed.")


def undecided_matches() -> Any:
    """The standing matches of songs that somebody may still own, as far as we know."""
    waiting = Match.objects.filter(superseded_at__isnull=True, outcome__in=(Match.Outcome.REVIEW, Match.Outcome.NONE))
    return waiting.exclude(method=LEFT_OUT)


# ── what people do ──────────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def start_rematch(*, actor: User | None, bell: bool = True) -> Rematch:
    """Match the undecided songs again and keep what would change, without changing it. Raises RematchUnderWay."""
    busy = (Rematch.State.LOOKING, Rematch.State.APPLYING, Rematch.State.UNDOING)
    under_way = Rematch.objects.filter(state__in=busy).first()
    if under_way is not None:
        raise RematchUnderWay(ref=under_way.ref)
    rematch = Rematch.objects.create(created_by=actor)
    create_job(kind=TASK, subject_id=rematch.pk, owner=actor, stage="plan", chunks=[NewChunk({})], bell=bell)
    return rematch


@transaction.atomic
def apply_rematch(*, rematch: Rematch, actor: User | None, bell: bool = True) -> Rematch:
    """Let the songs become what was shown. Songs that somebody decided since stay as they are. Raises NotInThatState."""
    locked = _in_state(rematch, Rematch.State.READY)
    locked.state, locked.applied_by, locked.applied_at = Rematch.State.APPLYING, actor, Now()
    locked.save(update_fields=["state", "applied_by", "applied_at"])
    _work_through_songs(locked, "apply", actor, bell=bell)
    return locked


@transaction.atomic
def undo_rematch(*, rematch: Rematch, actor: User | None, bell: bool = True) -> Rematch:
    """Give back to the songs what they had before; those decided or distributed since are kept. Raises NotInThatState."""
    locked = _in_state(rematch, Rematch.State.APPLIED)
    locked.state, locked.undone_by, locked.undone_at = Rematch.State.UNDOING, actor, Now()
    locked.save(update_fields=["state", "undone_by", "undone_at"])
    _work_through_songs(locked, "undo", actor, bell=bell)
    return locked


def _in_state(rematch: Rematch, state: str) -> Rematch:
    locked = Rematch.objects.select_for_update(no_key=True).get(pk=rematch.pk)
    if locked.state != state:
        raise NotInThatState(state=locked.get_state_display())
    return locked


def _work_through_songs(rematch: Rematch, stage: str, actor: User | None, *, bell: bool) -> None:
    ids = list(rematch.songs.order_by("pk").values_list("pk", flat=True))
    chunks = [NewChunk({"rows": part}, len(part)) for part in _parts(ids)] or [NewChunk({"rows": []}, 0)]
    create_job(kind=TASK, subject_id=rematch.pk, owner=actor, stage=stage, chunks=chunks, bell=bell)


def _parts(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[start : start + SONGS_AT_ONCE] for start in range(0, len(ids), SONGS_AT_ONCE)]


# ── what workers do ─────────────────────────────────────────────────────────────────────────────────────────────────────


def work_on(job_id: int, *, seconds: float | None = None) -> None:
    drain(job_id=job_id, stages=STAGES, seconds=seconds)


def _plan(work: JobWork, _prepared: Any) -> None:
    ids = list(undecided_matches().order_by("recording_id").values_list("recording_id", flat=True))
    add_chunks(
        work.job, "look", [NewChunk({"songs": part}, len(part)) for part in _parts(ids)] or [NewChunk({"songs": []}, 0)]
    )
    Rematch.objects.filter(pk=work.job.subject_id).update(looked_at=len(ids))


def _look(work: JobWork, _prepared: Any) -> None:
    """Ask the matcher, and keep the songs for which it answers otherwise than before."""
    standing = {
        each.recording_id: each
        for each in undecided_matches()
        .filter(recording__in=work.payload["songs"])
        .select_related("recording")
        .prefetch_related("works")
    }
    songs = [standing[pk].recording for pk in sorted(standing)]
    decisions = match(_queries(songs), _rejected(songs))
    changed = [
        RematchSong(
            rematch_id=work.job.subject_id,
            recording=song,
            before=standing[song.pk],
            outcome=decision.outcome,
            method=decision.method,
            probability_permille=decision.probability_permille,
            evidence=decision.evidence,
            works=[[*numbers, evidence] for *numbers, evidence in parts_of(decision)],
        )
        for song, decision in zip(songs, decisions, strict=True)
        if _differs(standing[song.pk], decision)
    ]
    RematchSong.objects.bulk_create(changed, batch_size=1000)


def _queries(songs: Sequence[ReportedRecording]) -> list[SongQuery]:
    return [as_query(*(getattr(song, name) for name in ASKED_WITH)) for song in songs]


def _rejected(songs: Sequence[ReportedRecording]) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    pairs = RejectedPair.objects.standing().filter(recording__in=songs)
    for key, work_id in pairs.values_list("recording__key", "work_id"):
        found.setdefault(key, set()).add(work_id)
    return {key: frozenset(works) for key, works in found.items()}


def _differs(standing: Match, decision: Decision) -> bool:
    named = {part[0] for part in parts_of(decision)}
    return standing.outcome != decision.outcome or {item.work_id for item in standing.works.all()} != named


def _ready(job: Job) -> None:
    Rematch.objects.filter(pk=job.subject_id).update(state=Rematch.State.READY)


def _apply(work: JobWork, _prepared: Any) -> None:
    rows = _rows(work)
    standing = _still([row.recording for row in rows], {row.recording_id: row.before_id for row in rows})
    new = {row.recording_id: _new_match(row) for row in rows if row.recording_id in standing}
    made = supersede(standing, new)
    for row in rows:
        row.after = made.get(row.recording_id)
    RematchSong.objects.bulk_update(rows, ["after"], batch_size=500)


def _undo(work: JobWork, _prepared: Any) -> None:
    rows = _rows(work)
    distributed = set(
        RematchSong.objects.filter(pk__in=work.payload["rows"])
        .filter(Exists(Earning.objects.standing().filter(song_usage__recording=OuterRef("recording"))))
        .values_list("recording", flat=True)
    )
    applied = [row for row in rows if row.after_id and row.recording_id not in distributed]
    standing = _still([row.recording for row in applied], {row.recording_id: row.after_id or 0 for row in applied})
    before = {row.recording_id: row.before for row in applied if row.recording_id in standing}
    supersede(standing, {pk: as_before(match, None) for pk, match in before.items()})
    kept = sum(row.after_id is not None for row in rows) - len(before)
    Rematch.objects.filter(pk=work.job.subject_id).update(kept=F("kept") + kept)


def _rows(work: JobWork) -> list[RematchSong]:
    rows = RematchSong.objects.filter(pk__in=work.payload["rows"]).order_by("pk")
    return list(rows.select_related("rematch", "recording", "before").prefetch_related("before__works"))


def _still(songs: Sequence[ReportedRecording], expected: dict[int, int]) -> dict[int, Match | None]:
    """The songs for which the expected match stands, locked."""
    return {pk: each for pk, each in lock_standing(songs).items() if each is not None and each.pk == expected[pk]}


def _new_match(row: RematchSong) -> NewMatch:
    return NewMatch(
        outcome=row.outcome,
        method=row.method,
        probability_permille=row.probability_permille,
        parts=[
            Part(work_id=work, numerator=up, denominator=down, probability_permille=permille, evidence=evidence)
            for work, up, down, permille, evidence in row.works
        ],
        evidence=row.evidence,
        decided_by_id=None,
        decision=None,
        reason=row.rematch.ref if row.outcome == Match.Outcome.ACCEPTED else "",
    )


def _applied(job: Job) -> None:
    skipped = RematchSong.objects.filter(rematch=job.subject_id, after__isnull=True).count()
    Rematch.objects.filter(pk=job.subject_id).update(state=Rematch.State.APPLIED, skipped=skipped)


def _undone(job: Job) -> None:
    Rematch.objects.filter(pk=job.subject_id).update(state=Rematch.State.UNDONE)


def _stopped(job: Job, _reason: Stopped) -> None:
    Rematch.objects.filter(pk=job.subject_id).update(state=Rematch.State.STOPPED)


STAGES: Final = {
    "plan": Stage(work=_plan, then=lambda _job: "look", stopped=_stopped),
    "look": Stage(work=_look, then=_ready, stopped=_stopped),
    "apply": Stage(work=_apply, then=_applied, stopped=_stopped),
    "undo": Stage(work=_undo, then=_undone, stopped=_stopped),
}


# ── what it would move ──────────────────────────────────────────────────────────────────────────────────────────────────


def movements_of(rematch: Rematch) -> list[dict[str, Any]]:
    """From outcome to outcome: songs, and per currency their lines and reported money in micros. One query."""
    rows = (
        RematchSong.objects.filter(rematch=rematch)
        .order_by()
        .values("before__outcome", "outcome", "recording__usages__report__currency")
        .annotate(
            songs=Count("recording", distinct=True),
            lines=Sum("recording__usages__lines", filter=COUNTED, default=0),
            money=Sum("recording__usages__amount_micros", filter=COUNTED, default=0),
        )
        .order_by("outcome", "-money")
    )
    return [
        {
            "before": Match.Outcome(row["before__outcome"]),
            "after": Match.Outcome(row["outcome"]),
            "currency": row["recording__usages__report__currency"] or "CNY",
            "songs": row["songs"],
            "lines": int(row["lines"]),
            "money": int(row["money"]),
        }
        for row in rows
    ]


def songs_of(rematch: Rematch) -> Any:
    """Its songs with their `money` in `currency`."""
    songs = RematchSong.objects.filter(rematch=rematch).select_related("recording", "before")
    return songs.annotate(
        money=Sum("recording__usages__amount_micros", filter=COUNTED, default=0),
        currency=Coalesce(Min("recording__usages__report__currency"), Value("CNY")),
    )
