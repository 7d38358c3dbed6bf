"""Two works that are one, as far as the register goes: the survivor gets the other's names, recordings and ISWC, and can give
them back. Songs and money follow in royalties/merging.py, which is what people call.

Shares are not touched. The survivor's stand; those of a merged work rest where they are and count for nothing
(ShareQuerySet.in_force), so that undoing leaves them exactly as they were.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from django.db.models import Count, Max
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy

from portal.accounts.access import Reader
from portal.accounts.models import User
from portal.lib.errors import DomainError
from works.catalogue.performers import link_performers
from works.matching.derive import refresh_title_keys
from works.models import (
    ChangeLog,
    NameDispute,
    Party,
    RecordingWork,
    Right,
    Share,
    TitleKind,
    Work,
    WorkDifference,
    WorkMerge,
    WorkPerformer,
    WorkTitle,
)

REASON: Final = 300  # characters
RIGHTS: Final = tuple(right.value for right in Right)


class SameWork(DomainError):
    code = "same-work"
    sentence = gettext_lazy("These are not two works, but one and the same reference.")
    remedy = gettext_lazy("Choose two works.")


class WorkIsMerged(DomainError):
    code = "work-is-merged"
    status = 409
    sentence = gettext_lazy("“%(title)s” (%(work)s) has been merged into %(into)s.")
    remedy = gettext_lazy("Go on with %(into)s, or take that merge back first.")


class IswcsDiffer(DomainError):
    code = "iswcs-differ"
    status = 409
    sentence = gettext_lazy(
        "The works have two different ISWCs, %(one)s and %(other)s: one of them is wrong, or these are two works."
    )
    remedy = gettext_lazy("Ask the agency that gave them which one holds, and have it corrected before you merge.")


class RecordingHoldsBoth(DomainError):
    code = "recording-holds-both"
    status = 409
    sentence = gettext_lazy("The recording “%(title)s” is registered as made of both works, so they are not one.")
    remedy = gettext_lazy("Say that they are not the same, or have the recording corrected first.")


class NameDisputeOpen(DomainError):
    code = "name-dispute-open"
    status = 409
    sentence = gettext_lazy("The name “%(name)s” of one of the works is disputed, and the society has not decided yet.")
    remedy = gettext_lazy("Settle the dispute first.")


class SharesWereChanged(DomainError):
    code = "shares-were-changed"
    status = 409
    sentence = gettext_lazy("The shares of the works are no longer those that you compared.")
    remedy = gettext_lazy("Compare them again.")


class SharesDiffer(DomainError):
    code = "shares-differ"
    status = 409
    sentence = gettext_lazy("The works do not have the same shares, and those of the merged work will count no more.")
    remedy = gettext_lazy("Say in a few words why the shares of the survivor are the right ones.")


class MergeIsUndone(DomainError):
    code = "merge-is-undone"
    status = 409
    sentence = gettext_lazy("%(name)s has already taken this merge back.")
    remedy = gettext_lazy("There is nothing to do.")


class ChangedSinceMerge(DomainError):
    code = "changed-since-merge"
    status = 409
    sentence = gettext_lazy("The merge cannot be taken back as it was, because of what happened since: %(what)s")
    remedy = gettext_lazy("Take that back first, or leave the works merged.")


class ToldApart(DomainError):
    code = "told-apart"
    status = 409
    sentence = gettext_lazy("%(name)s has said that these works are not the same.")
    remedy = gettext_lazy("Take that back first.")


class DifferenceIsUndone(DomainError):
    code = "difference-is-undone"
    status = 409
    sentence = gettext_lazy("%(name)s has already taken this back.")
    remedy = gettext_lazy("There is nothing to do.")


@dataclass(frozen=True)
class Owned:
    """What a share says, apart from its number and when it was registered."""

    party: Party
    role: str
    right: str
    territory: int
    fraction: Fraction
    from_date: Any
    until_date: Any

    @property
    def key(self) -> tuple[Any, ...]:
        return (
            self.right, self.party.pk, self.role, self.territory, self.fraction, self.from_date, self.until_date or "",
        )  # fmt: skip

    @property
    def place(self) -> tuple[str, int, str, int]:
        return self.right, self.party.pk, self.role, self.territory


# ── comparing ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def owned_of(works: Collection[Work]) -> dict[int, list[Owned]]:
    """Work → its shares that are in force on some day, in a fixed order. One query."""
    found: dict[int, list[Owned]] = {work.pk: [] for work in works}
    for share in Share.objects.standing().filter(work__in=found).select_related("party").order_by("right", "pk"):
        found[share.work_id].append(
            Owned(
                share.party, share.role, share.right, share.territory, share.fraction, share.from_date, share.until_date
            )
        )
    return found


def only_in(shares: Iterable[Owned], others: Iterable[Owned]) -> list[Owned]:
    """The shares that the others do not name; of two alike, each counts."""
    left = [share.key for share in others]
    found = []
    for share in shares:
        if share.key in left:
            left.remove(share.key)
        else:
            found.append(share)
    return found


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What a party holds of each of two works for one right, role and territory."""

    right: str
    party: Party
    role: str
    territory: int
    one: Sequence[Owned]
    other: Sequence[Owned]

    @property
    def differs(self) -> bool:
        return bool(only_in(self.one, self.other) or only_in(self.other, self.one))

    @property
    def right_words(self) -> str:
        return str(Right(self.right).label)

    @property
    def role_words(self) -> str:
        return str(Share.Role(self.role).label)


def compare_shares(one: Work, other: Work) -> list[Compared]:
    """Every share of the two works, side by side. One query."""
    owned = owned_of([one, other])
    places: dict[tuple[str, int, str, int], Owned] = {}
    for share in (*owned[one.pk], *owned[other.pk]):
        places.setdefault(share.place, share)
    return [
        Compared(
            right=share.right,
            party=share.party,
            role=share.role,
            territory=share.territory,
            one=[each for each in owned[one.pk] if each.place == place],
            other=[each for each in owned[other.pk] if each.place == place],
        )
        for place, share in sorted(places.items(), key=lambda item: RIGHTS.index(item[1].right))
    ]


def shares_differ(one: Work, other: Work) -> bool:
    return any(row.differs for row in compare_shares(one, other))


def seal_of(one: Work, other: Work) -> str:
    """A fingerprint of what a person compared: the shares and ISWCs of both works, whichever comes first."""
    owned = owned_of([one, other])
    told = sorted((pk, sorted(repr(share.key) for share in shares)) for pk, shares in owned.items())
    iswcs = sorted((work.pk, work.iswc or "") for work in (one, other))
    return hashlib.sha256(repr((told, iswcs)).encode()).hexdigest()[:16]


def survivors_of(work_ids: Iterable[int]) -> dict[int, int]:
    """Work → the work it was merged into, for those that were. One query."""
    merged = Work.objects.filter(pk__in=set(work_ids), merged_into__isnull=False)
    return {pk: into for pk, into in merged.values_list("pk", "merged_into") if into is not None}


def is_merged(ref: str) -> bool:
    """Whether this is the reference of a merged work: whoever asks for its names by it means its own."""
    ref = ref.strip().upper()
    return ref.startswith("W-") and Work.objects.filter(ref=ref, merged_into__isnull=False).exists()


def origins_of(user: Reader, names: Iterable[Any]) -> dict[int, Work]:
    """WorkTitle → the merged work it came from, as far as the reader sees that one. One query, and none without titles."""
    works = {name.pk: name.work_id for name in names if isinstance(name, WorkTitle)}
    if not works:
        return {}
    merges = WorkMerge.objects.filter(
        survivor__in=set(works.values()), undone_at__isnull=True, merged__in=Work.objects.visible_to(user)
    )
    return {
        pk: merge.merged for merge in merges.select_related("merged") for pk in merge.moved["titles"] if pk in works
    }


def where_it_went(work: Work) -> Work:
    """The work, or the one it was merged into, as the register says now."""
    now = Work.objects.select_related("merged_into").get(pk=work.pk)
    return now.merged_into or now


def require_standing(work: Work) -> None:
    """Raises WorkIsMerged. Whoever is about to change the work has locked it."""
    if work.merged_into is not None:
        raise WorkIsMerged(title=work.title, work=work.ref, into=work.merged_into.ref)


def lock_two(one: Work, other: Work) -> tuple[Work, Work]:
    """Both works as they are now; whoever changes either of them waits. Raises SameWork, WorkIsMerged."""
    if one.pk == other.pk:
        raise SameWork
    locked = _locked(one.pk, other.pk)
    for work in locked.values():
        require_standing(work)
    return locked[one.pk], locked[other.pk]


# ── merging ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def absorb_work(*, survivor: Work, merged: Work, actor: User | None, reason: str) -> WorkMerge:
    """Let the survivor have what the other work has. Both were locked by lock_two, in the transaction of the caller.

    Raises IswcsDiffer, RecordingHoldsBoth, NameDisputeOpen, ToldApart.
    """
    if survivor.iswc and merged.iswc:
        raise IswcsDiffer(one=survivor.iswc, other=merged.iswc)
    _require_no_common_recording(survivor, merged)
    _require_undisputed_names(merged)
    _require_not_told_apart(survivor, merged)
    performers = set(WorkPerformer.objects.filter(work=merged).values_list("party", flat=True))
    had = set(WorkPerformer.objects.filter(work=survivor).values_list("party", flat=True))
    last_part = RecordingWork.objects.filter(work__in=(survivor, merged)).aggregate(last=Max("pk"))["last"]
    titles = _copy_titles(merged, survivor)
    moved: dict[str, Any] = {
        "titles": [title.pk for title in titles],
        "parts": sorted(RecordingWork.objects.filter(work=merged).values_list("pk", flat=True)),
        "performers": sorted(performers),
        "new_performers": sorted(performers - had),
        "earlier": sorted(Work.objects.filter(merged_into=merged).values_list("pk", flat=True)),
        "last_part": last_part or 0,
        "iswc": merged.iswc or "",
    }
    RecordingWork.objects.filter(pk__in=moved["parts"]).update(work=survivor)
    _perform(moved["new_performers"], survivor)
    WorkPerformer.objects.filter(work=merged).delete()
    Work.objects.filter(pk__in=[merged.pk, *moved["earlier"]]).update(merged_into=survivor)
    if merged.iswc:
        Work.objects.filter(pk=merged.pk).update(iswc=None)
        Work.objects.filter(pk=survivor.pk).update(iswc=merged.iswc)
    refresh_title_keys([survivor.pk, merged.pk])
    merge: WorkMerge = WorkMerge.objects.create(
        survivor=survivor, merged=merged, actor=actor, reason=" ".join(reason.split())[:REASON], moved=moved
    )
    _log("work.merged", merge, actor, merge.reason, [title.text for title in titles])
    return merge


def lock_merge(merge: WorkMerge) -> WorkMerge:
    """The merge as it is now, with both works locked. Raises MergeIsUndone, ChangedSinceMerge."""
    locked = _locked(merge.survivor_id, merge.merged_id)
    found: WorkMerge = WorkMerge.objects.select_related("undone_by").get(pk=merge.pk)
    if found.undone_at is not None:
        raise MergeIsUndone(name=found.undone_by.name if found.undone_by else _("Somebody"))
    found.survivor, found.merged = locked[found.survivor_id], locked[found.merged_id]
    into = found.survivor.merged_into
    if into is not None:
        what = _("“%(title)s” (%(work)s) was itself merged into %(into)s.")
        raise ChangedSinceMerge(
            what=what % {"title": found.survivor.title, "work": found.survivor.ref, "into": into.ref}
        )
    return found


def release_work(*, merge: WorkMerge, actor: User | None) -> None:
    """Give back to the merged work what the survivor got from it; `merge` was locked by lock_merge.

    What came to the survivor from elsewhere stays there. Raises ChangedSinceMerge when something that would go back is
    no longer as it was left.
    """
    moved, survivor, merged = merge.moved, merge.survivor, merge.merged
    _require_as_left(merge)
    now = timezone.now()
    WorkTitle.objects.filter(pk__in=moved["titles"]).update(
        ended_at=now, ended_by=actor, end_reason=_("The merge with %(work)s was taken back.") % {"work": merged.ref}
    )
    Work.objects.filter(pk=merged.pk).update(merged_into=None)
    Work.objects.filter(pk__in=moved["earlier"]).update(merged_into=merged)
    if moved["iswc"]:
        Work.objects.filter(pk=survivor.pk).update(iswc=None)
        Work.objects.filter(pk=merged.pk).update(iswc=moved["iswc"])
    RecordingWork.objects.filter(pk__in=moved["parts"]).update(work=merged)
    _perform(moved["performers"], merged)
    WorkPerformer.objects.filter(work=survivor, party__in=moved["new_performers"]).delete()
    since = RecordingWork.objects.filter(work=survivor, pk__gt=moved["last_part"]).exclude(recording__performer="")
    link_performers(list(since.order_by("pk").values_list("work_id", "recording__performer")))
    refresh_title_keys([survivor.pk, merged.pk])
    WorkMerge.objects.filter(pk=merge.pk).update(undone_at=now, undone_by=actor)
    texts = WorkTitle.objects.filter(pk__in=moved["titles"]).order_by("pk").values_list("text", flat=True)
    _log("work.parted", merge, actor, merge.reason, list(texts))


# ── not the same ────────────────────────────────────────────────────────────────────────────────────────────────────────


def tell_apart(*, one: Work, other: Work, actor: User | None, reason: str) -> WorkDifference:
    """Say that two works are not the same. Said before, it stays. Both were locked by lock_two."""
    first, second = sorted((one, other), key=lambda work: work.pk)
    there: WorkDifference | None = WorkDifference.objects.standing().filter(one=first, other=second).first()
    if there is not None:
        return there
    made: WorkDifference = WorkDifference.objects.create(
        one=first, other=second, actor=actor, reason=" ".join(reason.split())[:REASON]
    )
    _log_difference("work.told_apart", made, actor)
    return made


def undo_difference(*, difference: WorkDifference, actor: User | None) -> WorkDifference:
    """Let the two works be offered again. Raises DifferenceIsUndone."""
    pair = (difference.one_id, difference.other_id)
    list(Work.objects.select_for_update(no_key=True).filter(pk__in=pair).order_by("pk").values_list("pk"))
    found: WorkDifference = WorkDifference.objects.select_related("one", "other", "undone_by").get(pk=difference.pk)
    if found.undone_at is not None:
        raise DifferenceIsUndone(name=found.undone_by.name if found.undone_by else _("Somebody"))
    found.undone_at, found.undone_by = timezone.now(), actor
    found.save(update_fields=["undone_at", "undone_by"])
    _log_difference("work.difference_undone", found, actor)
    return found


# ── the steps ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _locked(*work_ids: int) -> dict[int, Work]:
    """No other table is joined: who waited for the lock would get the work as it is now beside the other row as it was before."""
    works = Work.objects.select_for_update(no_key=True).filter(pk__in=work_ids).order_by("pk")
    return {work.pk: work for work in works}


def _require_no_common_recording(survivor: Work, merged: Work) -> None:
    both = (
        RecordingWork.objects.filter(work__in=(survivor, merged))
        .order_by()
        .values("recording__title")
        .annotate(works=Count("work"))
        .values_list("recording", "recording__title", "works")
    )
    for _recording, title, works in both:
        if works > 1:
            raise RecordingHoldsBoth(title=title)


def _require_undisputed_names(merged: Work) -> None:
    """A dispute about a name of the merged work would go on about a name that nobody looks for."""
    dispute = NameDispute.objects.open().filter(work_title__work=merged).select_related("work_title").first()
    if dispute is not None:
        raise NameDisputeOpen(name=dispute.name.text)


def _require_not_told_apart(survivor: Work, merged: Work) -> None:
    first, second = sorted((survivor.pk, merged.pk))
    said = WorkDifference.objects.standing().filter(one=first, other=second).select_related("actor").first()
    if said is not None:
        raise ToldApart(name=said.actor.name if said.actor else _("Somebody"))


def _copy_titles(merged: Work, survivor: Work) -> list[WorkTitle]:
    """The names of the merged work that the survivor has not and nobody took away from it, said by whoever said them there."""
    known = set(survivor.titles.standing().values_list("text", flat=True))
    known |= set(survivor.titles.filter(disputes__outcome=NameDispute.Outcome.ENDED).values_list("text", flat=True))
    return WorkTitle.objects.bulk_create(
        WorkTitle(
            work=survivor, text=title.text, language=title.language, script=title.script,
            kind=TitleKind.ALTERNATIVE if title.kind == TitleKind.ORIGINAL else title.kind,
            source=title.source, said_by_id=title.said_by_id, said_for_id=title.said_for_id, said_at=title.said_at,
            file_id=title.file_id, confirmed_at=title.confirmed_at, confirmed_by_id=title.confirmed_by_id,
            note=" · ".join(part for part in (title.note, merged.ref) if part)[-REASON:],
        )
        for title in merged.titles.standing().order_by("pk")
        if title.text not in known
    )  # fmt: skip


def _perform(parties: Sequence[int], work: Work) -> None:
    WorkPerformer.objects.bulk_create(
        [WorkPerformer(work=work, party_id=party_id) for party_id in parties], ignore_conflicts=True
    )


def _require_as_left(merge: WorkMerge) -> None:
    moved, survivor = merge.moved, merge.survivor
    titles = WorkTitle.objects.filter(pk__in=moved["titles"]).with_state()
    changed = next((title for title in titles.order_by("pk") if title.state in {"ended", "disputed"}), None)
    if changed is not None:
        what = _("the name “%(name)s” is %(state)s.")
        raise ChangedSinceMerge(what=what % {"name": changed.text, "state": changed.state_words})
    if RecordingWork.objects.filter(pk__in=moved["parts"], work=survivor).count() != len(moved["parts"]):
        raise ChangedSinceMerge(what=_("a recording belongs to another work."))
    if moved["iswc"] and survivor.iswc != moved["iswc"]:
        raise ChangedSinceMerge(what=_("the ISWC of “%(title)s” is another one.") % {"title": survivor.title})


def _log(action: str, merge: WorkMerge, actor: User | None, reason: str, titles: Sequence[str]) -> None:
    """One row of history for each of the two works."""
    data = {"merge": merge.ref, "survivor": merge.survivor.ref, "merged": merge.merged.ref, "titles": list(titles)}
    ChangeLog.objects.bulk_create(
        ChangeLog(work=work, action=action, actor=actor, reason=reason, data=data)
        for work in (merge.survivor, merge.merged)
    )


def _log_difference(action: str, difference: WorkDifference, actor: User | None) -> None:
    data = {"difference": difference.ref, "one": difference.one.ref, "other": difference.other.ref}
    ChangeLog.objects.bulk_create(
        ChangeLog(work=work, action=action, actor=actor, reason=difference.reason, data=data)
        for work in (difference.one, difference.other)
    )
