"""What people decide about reports and songs: matches, what a source's money is for, a file that is in doubt."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.lib.errors import DomainError
from royalties.declared import disagrees, note_total
from royalties.ledger import lock_payees
from royalties.models import (
    Basis,
    DeclaredTotal,
    Earning,
    Match,
    MatchWork,
    Pool,
    Report,
    ReportedRecording,
    RightSplit,
    Source,
    SourceProfile,
)
from royalties.money_in import attach_waiting
from royalties.parts import doubt_about_records, missing_parts, other_parts
from royalties.prices import months_without_price
from royalties.reports.formats import FORMATS, format_of
from works.models import Work

log = logging.getLogger(__name__)

CERTAIN: Final = 1000  # permille
LARGEST_PART: Final = 1_000_000  # of a division over the rights
DISTRIBUTABLE: Final = (Basis.WHOLE, Basis.CLAIMED)  # the others are declared, and their reports held
NEVER_DIVIDED: Final = (
    Basis.NAMED,
    Basis.USAGE,
)  # where a mapping says so of its lines, no declaration makes them divisible
DOUBTS: Final = (
    Report.HeldReason.TRUNCATED,
    Report.HeldReason.DECLARED,
    Report.HeldReason.PARTS,
)  # about the file itself
WAITS_FOR_BASIS: Final = (
    Report.HeldReason.NO_BASIS,
    Report.HeldReason.BASIS_NOT_YET,
    Report.HeldReason.RECORDINGS,
    Report.HeldReason.NO_PRICE,
)
STAND_NO_MORE: Final = (Report.HeldReason.ASIDE, Report.HeldReason.REPLACED, Report.HeldReason.WITHDRAWN)


class AlreadyDistributed(DomainError):
    code = "already-distributed"
    status = 409
    sentence = _("The money of “%(title)s” has already been distributed, so its match stays as it is.")
    remedy = _(
        "A change now needs an adjustment of that distribution, which the portal cannot make yet. Write down what is wrong."
    )


class MatchChanged(DomainError):
    code = "match-changed"
    status = 409
    sentence = _("%(name)s has decided this song in the meantime: %(outcome)s.")
    remedy = _("Open the song again and look at what has changed before you decide.")


class PartsAreNotTheWhole(DomainError):
    code = "parts-are-not-the-whole"
    sentence = _("The parts of the works add up to %(sum)s of the song.")
    remedy = _("Give every work of the song its part, so that together they make 1.")


class NoReason(DomainError):
    code = "no-reason"
    sentence = _("A decision without a reason cannot be followed later.")
    remedy = _("Say in a few words why.")


class BasisAlreadyDeclared(DomainError):
    code = "basis-already-declared"
    status = 409
    sentence = _("From %(from_date)s on, %(basis)s has already been declared for %(source)s.")
    remedy = _("Choose another day from which the new basis holds.")


class FamilyIsUnknown(DomainError):
    code = "family-is-unknown"
    sentence = _("There is no family of reports “%(family)s”.")
    remedy = _("Use one of these, or none for all files of the source: %(known)s.")


class BasisIsNotItsOwn(DomainError):
    code = "basis-is-not-its-own"
    sentence = _("The money of “%(family)s” cannot be %(basis)s.")
    remedy = _("It can be one of these: %(possible)s.")


class NotADivision(DomainError):
    code = "not-a-division"
    sentence = _("%(parts)s does not divide money over the rights.")
    remedy = _("Give every right a whole part from 0 to %(largest)s, and at least one right more than 0.")


class RightsAlreadyDeclared(DomainError):
    code = "rights-already-declared"
    status = 409
    sentence = _("From %(month)s on, the division %(parts)s has already been declared for %(source)s.")
    remedy = _("Choose another month from which the new division holds.")


class RightsAlreadyUsed(DomainError):
    code = "rights-already-used"
    status = 409
    sentence = _(
        "Money of %(source)s has already been distributed for uses up to %(last)s, so no other division can hold from %(month)s on."
    )
    remedy = _("Choose a month after %(last)s.")


class NotInDoubt(DomainError):
    code = "not-in-doubt"
    status = 409
    sentence = _("Report %(ref)s is not waiting for this decision: it is %(state)s.")
    remedy = _("Open the report again and look at what has changed.")


class TotalOfTheFile(DomainError):
    code = "total-of-the-file"
    sentence = _("What the file itself says of its totals is read, not typed.")
    remedy = _("Say who else told you these totals: a mail, an invoice, or whoever sent the file.")


class NotToBeDeclared(DomainError):
    code = "not-to-be-declared"
    status = 409
    sentence = _("Report %(ref)s is %(state)s, and its totals cannot be declared now.")
    remedy = _("Totals are declared of a report that is read and counts, until money is released for it.")


@transaction.atomic
def decide_match(
    *,
    recording: ReportedRecording,
    works: Sequence[tuple[Work, Fraction]],
    actor: User | None,
    reason: str,
    method: str = "staff",
    seen: int | None = None,
) -> Match:
    """Say which works a reported song is, by exact parts of the song. The same decision again changes nothing.

    `seen` is the match the person looked at when deciding; if another stands by now, nothing is changed and MatchChanged
    says who was faster. A work that the matcher proposed explains itself; any other needs a reason. Raises
    AlreadyDistributed once money of the song has gone its way.
    """
    parts = {work.pk: part for work, part in works}
    whole = sum(parts.values(), Fraction(0))
    if whole != 1 or len(parts) != len(works) or any(part <= 0 for part in parts.values()):
        raise PartsAreNotTheWhole(sum=whole)
    standing = _lock_and_read(recording)
    if standing is not None and standing.outcome == Match.Outcome.ACCEPTED and _is_whole(standing, parts):
        return standing
    _require_unchanged(standing, seen)
    _require_undistributed(recording)
    proposed = {item.work_id: item for item in standing.works.all()} if standing else {}
    if not parts.keys() <= proposed.keys():
        _require_reason(reason)
    ranked = sorted(works, key=lambda item: (-item[1], item[0].ref))
    match = _supersede(
        recording,
        standing,
        outcome=Match.Outcome.ACCEPTED,
        method=method,
        probability_permille=CERTAIN,
        decided_by=actor,
        reason=reason,
    )
    MatchWork.objects.bulk_create(
        MatchWork(
            match=match,
            work=work,
            rank=rank,
            numerator=part.numerator,
            denominator=part.denominator,
            evidence=proposed[work.pk].evidence if work.pk in proposed else {},
        )
        for rank, (work, part) in enumerate(ranked, start=1)
    )
    return match


@transaction.atomic
def declare_basis(
    *, source: Source, family: str = "", basis: str, from_date: dt.date, note: str, actor: User | None
) -> SourceProfile:
    """Say what the money of a source's lines means from a day on, and on what paper. Its reports are looked at again.

    Reports whose money has not been distributed take the new basis; the others keep the one they were paid by.
    """
    _require_reason(note)
    _require_basis_of_family(source, family, basis)
    Source.objects.select_for_update(no_key=True).get(pk=source.pk)
    there = SourceProfile.objects.filter(source=source, family=family, from_date=from_date).first()
    if there is not None:
        if there.basis == basis:
            return there
        raise BasisAlreadyDeclared(from_date=from_date, basis=there.get_basis_display(), source=source.name)
    profile = SourceProfile.objects.create(
        source=source, family=family, basis=basis, from_date=from_date, note=note.strip(), declared_by=actor
    )
    concerned = Report.objects.filter(source=source, period__gte=from_date).filter(
        Q(state=Report.State.READY) | Q(held_reason__in=WAITS_FOR_BASIS)
    )
    distributed = Earning.objects.standing().filter(song_usage__report=OuterRef("pk"))
    for report in concerned.exclude(Exists(distributed)).select_for_update(no_key=True).order_by("pk"):
        apply_basis(report)
    attach_waiting()
    return profile


@transaction.atomic
def declare_rights(
    *, source: Source, from_date: dt.date, performing: int, mechanical: int, synchronisation: int, actor: User | None
) -> RightSplit:
    """Say how a source's money divides over the rights from a usage month on: 1 : 1 : 0 is half and half.

    The same division again changes nothing. Raises NotADivision, RightsAlreadyDeclared for another one of the same
    month, and RightsAlreadyUsed where money it would have divided has gone its way.
    """
    from_date = from_date.replace(day=1)
    parts = (performing, mechanical, synchronisation)
    if not any(parts) or not all(0 <= part <= LARGEST_PART for part in parts):
        raise NotADivision(parts=_in_parts(*parts), largest=LARGEST_PART)
    lock_payees()  # a distribution under way has already read how the money divides
    Source.objects.select_for_update(no_key=True).get(pk=source.pk)
    declared = RightSplit(
        source=source,
        from_date=from_date,
        performing=performing,
        mechanical=mechanical,
        synchronisation=synchronisation,
        denominator=sum(parts),
    )
    there = RightSplit.objects.filter(source=source, from_date=from_date).first()
    if there is not None:
        if there.fractions() == declared.fractions():
            return there
        standing = _in_parts(there.performing, there.mechanical, there.synchronisation)
        raise RightsAlreadyDeclared(month=f"{from_date:%Y-%m}", parts=standing, source=source.name)
    distributed = Earning.objects.standing().filter(
        song_usage__report__source=source, song_usage__usage_month__gte=from_date
    )
    last = distributed.aggregate(month=Max("song_usage__usage_month"))["month"]
    if last is not None:
        raise RightsAlreadyUsed(source=source.name, last=f"{last:%Y-%m}", month=f"{from_date:%Y-%m}")
    declared.save(force_insert=True)
    log.info("%s declared by %s", declared, actor.pk if actor else "nobody signed in")
    return declared


@transaction.atomic
def accept_as_is(*, report: Report, actor: User | None, reason: str) -> Report:
    """Go on with a report although it seems cut off or is not what its sender declared: for the money reported in it.

    Raises NoReason, and NotInDoubt when nothing about the file itself holds it (any more).
    """
    _require_reason(reason)
    Source.objects.select_for_update(no_key=True).get(pk=report.source_id)  # as when a report is finished
    report = Report.objects.select_for_update(no_key=True).get(pk=report.pk)
    if report.held_reason not in DOUBTS:
        raise NotInDoubt(ref=report.ref, state=report.get_state_display())
    report.accepted_as_is_by, report.accepted_as_is_reason = actor, reason.strip()
    report.accepted_as_is_at = timezone.now()
    report.save(update_fields=["accepted_as_is_by", "accepted_as_is_reason", "accepted_as_is_at"])
    decide_state(report)
    return report


@transaction.atomic
def declare_total(
    *, report: Report, origin: str, lines: int | None, micros: int | None, note: str, actor: User | None
) -> Report:
    """Say, or say otherwise, what a report should hold, and who says so; nothing at all takes back what stood.

    It is held when that is not what was read, and let go when it was held for that alone. Raises NoReason where a
    correction gives none, TotalOfTheFile for what only the file can say, and NotToBeDeclared once it is too late.
    """
    Source.objects.select_for_update(no_key=True).get(pk=report.source_id)  # as when a report is finished
    report = Report.objects.select_for_update(no_key=True).get(pk=report.pk)
    if origin == DeclaredTotal.Origin.FILE:
        raise TotalOfTheFile
    if not may_declare(report):
        raise NotToBeDeclared(ref=report.ref, state=report.get_state_display())
    if report.declared_totals.filter(origin=origin, superseded_at__isnull=True).exists():
        _require_reason(note)
    if not note_total(report=report, origin=origin, lines=lines, micros=micros, note=note, actor=actor):
        return report
    doubt = _doubt_about(report)
    if report.held_reason in DOUBTS:
        decide_state(report)
    elif doubt:
        report.state, report.held_reason = Report.State.HELD, doubt
        report.save(update_fields=["state", "held_reason"])
        attach_waiting()
    return report


def may_declare(report: Report) -> bool:
    """Whether it still matters what was declared of a report: it is read, counts, and no money was released for it."""
    counts = report.state in {Report.State.READY, Report.State.HELD} and report.held_reason not in STAND_NO_MORE
    if not counts or report.superseded_at is not None:
        return False
    return not report.pools.filter(state=Pool.State.RELEASED).exists()


def decide_state(report: Report) -> None:
    """Whether the money of a complete report may move: not while the file is in doubt, beside another file of its kind
    and month until staff say what it is, or without a basis; and never of one that is withdrawn. The caller has locked its
    source.
    """
    apply_basis(report)
    held_reason = _doubt_about(report) or _among_others(report)
    if report.withdrawn_at is not None:
        held_reason = Report.HeldReason.WITHDRAWN
    if held_reason:
        report.state, report.held_reason = Report.State.HELD, held_reason
        report.save(update_fields=["state", "held_reason"])
    elif report.state == Report.State.READY:
        attach_waiting()
    _decide_other_parts(report)


def _decide_other_parts(report: Report) -> None:
    """With the last of its files a report is complete: the others that waited for it are decided too."""
    if missing_parts(report):
        return
    for part in other_parts(report).filter(held_reason=Report.HeldReason.PARTS).select_related("source"):
        decide_state(part)


def others_standing(report: Report) -> QuerySet[Report]:
    """The other files of the same source, family and month that count, or wait for a decision."""
    same = Report.objects.filter(source=report.source_id, family=report.family, period=report.period)
    standing = same.filter(state__in=(Report.State.READY, Report.State.HELD)).exclude(held_reason__in=STAND_NO_MORE)
    own = {report.pk, *other_parts(report).values_list("pk", flat=True)}
    return standing.exclude(pk__in=own).order_by("pk")


def _among_others(report: Report) -> str:
    """Why a file waits among those of its month. What a correction corrects is said with it, or is all that is there."""
    if report.kind == Report.Kind.CORRECTION:
        if not report.concerns.exists():
            report.concerns.set(others_standing(report).exclude(held_reason=Report.HeldReason.SECOND_FILE))
        return "" if report.concerns.exists() else Report.HeldReason.CORRECTS_NOTHING
    is_said = report.kind != Report.Kind.ORIGINAL
    return "" if is_said or not others_standing(report).exists() else Report.HeldReason.SECOND_FILE


def _doubt_about(report: Report) -> str:
    """What is wrong with the file as a whole, unless somebody has accepted it as it is."""
    if disagrees(report):
        return Report.HeldReason.DECLARED
    if report.accepted_as_is_at is not None:
        return ""
    if report.reading.get("is_full"):
        return Report.HeldReason.TRUNCATED
    return doubt_about_records(report)


def apply_basis(report: Report) -> None:
    """Make a complete report ready on the basis declared for its month, or hold it and say why."""
    of_family = format_of(report.family)
    profile = basis_in_force(report)
    report.basis = profile.basis if profile else ""
    hint = (report.reading.get("layout", {}).get("written") or {}).get("basis", "")
    if of_family is not None and len(of_family.bases) == 1:
        report.basis = of_family.bases[0]
    elif hint in NEVER_DIVIDED:
        report.basis = hint
    held_reason = _why_not_by(report.basis)
    if not held_reason and of_family is not None and of_family.is_cut and months_without_price(report):
        held_reason = Report.HeldReason.NO_PRICE
    report.state, report.held_reason = (Report.State.HELD if held_reason else Report.State.READY), held_reason
    report.save(update_fields=["basis", "state", "held_reason"])


def _why_not_by(basis: str) -> str:
    """Why money on a basis cannot be distributed; nothing if it can."""
    if not basis:
        return Report.HeldReason.NO_BASIS
    if basis == Basis.RECORDING:
        return Report.HeldReason.RECORDINGS
    return "" if basis in DISTRIBUTABLE else Report.HeldReason.BASIS_NOT_YET


def _require_basis_of_family(source: Source, family: str, basis: str) -> None:
    """Raise FamilyIsUnknown, and BasisIsNotItsOwn."""
    if not family:
        return
    of_family = format_of(family)
    if of_family is None:
        mapped = list(source.mappings.filter(superseded_at__isnull=True).values_list("name", flat=True))
        if family in mapped:
            return
        raise FamilyIsUnknown(family=family, known=", ".join([*FORMATS, *mapped]))
    if basis not in of_family.bases:
        possible = ", ".join(str(Basis(each).label) for each in of_family.bases)
        raise BasisIsNotItsOwn(family=of_family.name, basis=Basis(basis).label, possible=possible)


def basis_in_force(report: Report) -> SourceProfile | None:
    """What is declared for the report's source and month; a declaration for its family wins over one for all files."""
    profiles = SourceProfile.objects.filter(
        source=report.source_id, family__in=(report.family, ""), from_date__lte=report.period
    )
    return profiles.order_by("-family", "-from_date").first()


def set_aside(report: Report) -> None:
    """Hold a report for good: its money counts for nothing."""
    report.state, report.held_reason = Report.State.HELD, Report.HeldReason.ASIDE
    report.save(update_fields=["state", "held_reason"])


def _lock_and_read(recording: ReportedRecording) -> Match | None:
    """Lock the song, so that two people decide one after the other, and read the match that stands.

    A distribution under way is waited for: it has already read the match that would be changed under it.
    """
    lock_payees()
    ReportedRecording.objects.select_for_update(no_key=True).get(pk=recording.pk)
    standing = Match.objects.filter(recording=recording, superseded_at__isnull=True)
    return standing.select_related("decided_by").prefetch_related("works").first()


def _is_whole(match: Match, parts: Mapping[int, Fraction]) -> bool:
    """Whether the match names these works by these parts, with their words."""
    works = match.works.all()
    found = {item.work_id: Fraction(item.numerator, item.denominator) for item in works}
    return found == parts and not any(item.music_alone for item in works)


def _in_parts(performing: int, mechanical: int, synchronisation: int) -> str:
    """The parts in the order in which people write them."""
    return f"{performing} : {mechanical} : {synchronisation}"


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise NoReason


def _require_unchanged(standing: Match | None, seen: int | None) -> None:
    if seen is not None and (standing is None or standing.pk != seen):
        name = standing.decided_by.name if standing and standing.decided_by else _("The matcher")
        outcome = standing.get_outcome_display() if standing else _("nothing")
        raise MatchChanged(name=name, outcome=outcome)


def _require_undistributed(recording: ReportedRecording) -> None:
    if Earning.objects.standing().filter(song_usage__recording=recording).exists():
        raise AlreadyDistributed(title=recording.title)


def _supersede(
    recording: ReportedRecording,
    standing: Match | None,
    *,
    outcome: str,
    method: str,
    probability_permille: int,
    decided_by: User | None,
    reason: str,
) -> Match:
    """The old decision stays readable, the new one stands."""
    if standing is not None:
        Match.objects.filter(pk=standing.pk).update(superseded_at=timezone.now())
    return Match.objects.create(
        recording=recording,
        outcome=outcome,
        method=method,
        probability_permille=probability_permille,
        decided_by=decided_by,
        reason=reason.strip(),
    )
