"""Which files of a month stand: what a further file is, and files that are withdrawn.

Nothing is assumed and nothing deleted. A file that does not stand any more stays readable; what was distributed by it is
reversed by the next distribution, together with what takes its place (distribution/taken_back.py).

    a further file ─▶ held ─▶ staff say: supplement · replacement of named files · correction (read again, with signs) · aside
    a file         ─▶ withdrawn, at any time
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.lib.errors import DomainError
from royalties.ingest.again import ReportIsSuperseded, read_as_correction
from royalties.ledger import lock_payees
from royalties.models import Earning, Pool, Report, ReportDecision, Source
from royalties.money_in import attach_waiting, look_again
from royalties.services import NoReason, apply_basis, set_aside

Choice = ReportDecision.Choice
TO_SETTLE: Final = (Report.HeldReason.SECOND_FILE, Report.HeldReason.CORRECTS_NOTHING)
COMPLETE: Final = (Report.State.READY, Report.State.HELD)


class NotASecondFile(DomainError):
    code = "not-a-second-file"
    status = 409
    sentence = _("Report %(ref)s is not waiting for this decision: it is %(state)s.")
    remedy = _("Open the report again and look at what has changed.")


class NoEarlierReport(DomainError):
    code = "no-earlier-report"
    sentence = _("A replacement or a correction names the earlier reports that it replaces or corrects.")
    remedy = _("Choose at least one of the earlier files of this month.")


class NotAnEarlierReport(DomainError):
    code = "not-an-earlier-report"
    status = 409
    sentence = _(
        "Report %(ref)s is not an earlier file of this source, family and month that can be replaced or corrected."
    )
    remedy = _("Open the report again and choose among the files that are shown.")


class StaysACorrection(DomainError):
    code = "stays-a-correction"
    sentence = _("Report %(ref)s was read as a correction, so it can only be one or be set aside.")
    remedy = _("If it is none, withdraw it and bring the file again.")


class AlreadyWithdrawn(DomainError):
    code = "already-withdrawn"
    status = 409
    sentence = _("Report %(ref)s has been withdrawn already by %(name)s.")
    remedy = _("Nothing has changed. Open the report again and read why.")


class NothingToWithdraw(DomainError):
    code = "nothing-to-withdraw"
    status = 409
    sentence = _("Nothing was taken from the file of report %(ref)s, so there is nothing to withdraw.")
    remedy = _("Bring another file.")


@transaction.atomic
def settle_second_file(
    *,
    report: Report,
    choice: str,
    actor: User | None,
    reason: str,
    earlier: Sequence[Report] = (),
    bell: bool = True,
) -> Report:
    """Say what a further file for a known month is; there is no default (architecture.md, Periods). Returns the report that counts.

    A supplement counts beside the others, a replacement in the place of the `earlier` ones, and a correction is read again,
    because its amounts may be negative: its lines are differences to the `earlier` ones. Whether these were distributed makes
    no difference. The same decision again changes nothing. Raises NoReason, NotASecondFile, NoEarlierReport,
    NotAnEarlierReport, StaysACorrection, and PayeesBusy while money is being distributed.
    """
    _require_reason(reason)
    lock_payees()  # a distribution under way has already read what is changed here
    Source.objects.select_for_update(no_key=True).get(pk=report.source_id)
    same = Report.objects.filter(source=report.source_id, family=report.family, period=report.period)
    locked = {one.pk: one for one in same.select_for_update(no_key=True).order_by("pk")}
    report = locked[report.pk]
    if report.held_reason not in TO_SETTLE:
        decided = _decided_so(report, choice, actor, earlier)
        if decided is None:
            raise NotASecondFile(ref=report.ref, state=report.get_state_display())
        return decided
    if report.kind == Report.Kind.CORRECTION and choice not in {Choice.CORRECTION, Choice.ASIDE}:
        raise StaysACorrection(ref=report.ref)
    named = _named(report, choice, [locked.get(one.pk, one) for one in earlier])
    if choice == Choice.CORRECTION and report.kind != Report.Kind.CORRECTION:
        report = read_as_correction(report=report, corrects=named, actor=actor, bell=bell)
        ReportDecision.objects.create(report=report, choice=choice, actor=actor, reason=reason.strip())
        return report
    ReportDecision.objects.create(report=report, choice=choice, actor=actor, reason=reason.strip())
    if choice == Choice.ASIDE:
        set_aside(report)
    else:
        report.kind = choice
        report.save(update_fields=["kind"])
        report.concerns.set(named)
        apply_basis(report)
        if choice == Choice.REPLACEMENT:
            _replace(named, report)
    attach_waiting()
    return report


@transaction.atomic
def withdraw_report(*, report: Report, actor: User | None, reason: str) -> Report:
    """Let a report count for nothing from now on, whatever was done with it: its pools are looked at again.

    What was distributed by it the next distribution takes back. A correction of it alone then corrects nothing, and waits. The
    same withdrawal again changes nothing. Raises NoReason, AlreadyWithdrawn, NothingToWithdraw, ReportIsSuperseded, and
    PayeesBusy while money is being distributed.
    """
    _require_reason(reason)
    lock_payees()
    Source.objects.select_for_update(no_key=True).get(pk=report.source_id)
    report = Report.objects.select_for_update(no_key=True).get(pk=report.pk)
    if report.superseded_at is not None:
        raise ReportIsSuperseded(ref=report.ref, again=report.read_again_as.ref)
    if report.withdrawn_at is not None:
        said = report.decisions.filter(choice=Choice.WITHDRAWAL).select_related("actor").latest("pk")
        if (said.actor, said.reason) == (actor, reason.strip()):
            return report
        raise AlreadyWithdrawn(ref=report.ref, name=said.actor.name if said.actor else _("nobody signed in"))
    if report.state == Report.State.REFUSED:
        raise NothingToWithdraw(ref=report.ref)
    ReportDecision.objects.create(report=report, choice=Choice.WITHDRAWAL, actor=actor, reason=reason.strip())
    report.withdrawn_at = timezone.now()
    if report.state in COMPLETE:  # one that is still being read is held when it has been (services.decide_state)
        report.state, report.held_reason = Report.State.HELD, Report.HeldReason.WITHDRAWN
    report.save(update_fields=["withdrawn_at", "state", "held_reason"])
    in_whose_place = Report.objects.filter(replaced_by=report, held_reason=Report.HeldReason.REPLACED)
    in_whose_place.update(held_reason=Report.HeldReason.WITHDRAWN)
    _leave_pools([report, *_left_without_object(report)])
    attach_waiting()
    return report


@dataclass(frozen=True, kw_only=True)
class AtStake:
    """What has been distributed by a report and stands: micros of won by state, and to how many payees."""

    won: Mapping[str, int]
    payees: int
    pools: Sequence[Pool]  # that it is in


def at_stake(report: Report, pools: Sequence[Pool] | None = None) -> AtStake:
    """What moves when a report is withdrawn or replaced. `pools`: those that pay for it, if they are at hand. Two queries."""
    standing = Earning.objects.standing().filter(song_usage__report=report)
    rows = standing.order_by().values("state").annotate(won=Sum("won_micros"), payees=Count("party", distinct=True))
    return AtStake(
        won={row["state"]: int(row["won"]) for row in rows},
        payees=sum(row["payees"] for row in rows if row["state"] == Earning.State.PAYABLE),
        pools=list(report.pools.select_related("remittance").order_by("pk")) if pools is None else pools,
    )


def files_of_month(report: Report) -> list[Report]:
    """The earlier files that this one may replace or correct: complete ones, and withdrawn ones whose place is free."""
    same = Report.objects.filter(source=report.source_id, family=report.family, period=report.period, pk__lt=report.pk)
    return [one for one in same.select_related("file").with_money().order_by("pk") if _may_be_named(one)]


def _may_be_named(earlier: Report) -> bool:
    if earlier.superseded_at is not None or earlier.state not in COMPLETE:
        return False
    if earlier.held_reason == Report.HeldReason.WITHDRAWN:
        return earlier.replaced_by_id is None
    return earlier.held_reason not in {Report.HeldReason.REPLACED, Report.HeldReason.ASIDE}


def _named(report: Report, choice: str, earlier: Sequence[Report]) -> list[Report]:
    if choice not in {Choice.REPLACEMENT, Choice.CORRECTION}:
        return []
    if not earlier:
        raise NoEarlierReport
    month = (report.source_id, report.family, report.period)
    for one in earlier:
        fits = (one.source_id, one.family, one.period) == month and one.pk < report.pk and _may_be_named(one)
        if not fits or (choice == Choice.CORRECTION and one.withdrawn_at is not None):
            raise NotAnEarlierReport(ref=one.ref)
    return list(earlier)


def _decided_so(report: Report, choice: str, actor: User | None, earlier: Iterable[Report]) -> Report | None:
    """The report that counts by an equal decision of the same person, if that was the last one."""
    counts = getattr(report, "read_again_as", None) or report
    last = counts.decisions.order_by("-pk").first()
    if last is None or (last.choice, last.actor) != (choice, actor):
        return None
    named = {one.pk for one in earlier} if choice in {Choice.REPLACEMENT, Choice.CORRECTION} else set()
    return counts if named == set(counts.concerns.values_list("pk", flat=True)) else None


def _replace(earlier: Sequence[Report], by: Report) -> None:
    for older in earlier:
        Report.objects.filter(replaced_by=older).update(replaced_by=by)
        older.replaced_by, older.state = by, Report.State.HELD
        if older.withdrawn_at is None:
            older.held_reason = Report.HeldReason.REPLACED
        older.save(update_fields=["replaced_by", "state", "held_reason"])
        for correction in Report.objects.filter(concerns=older, kind=Report.Kind.CORRECTION).exclude(pk=by.pk):
            correction.concerns.add(by)  # its differences stay what they are, unless it is replaced as well
    _leave_pools(earlier)


def _left_without_object(report: Report) -> list[Report]:
    """The corrections of a withdrawn report that correct nothing else: they wait for a decision."""
    found = []
    corrections = report.concerned_by.filter(kind=Report.Kind.CORRECTION, state=Report.State.READY)
    for correction in corrections.select_for_update(no_key=True).order_by("pk"):
        if (
            not correction.concerns.filter(state__in=COMPLETE)
            .exclude(Q(held_reason=Report.HeldReason.WITHDRAWN) | Q(held_reason=Report.HeldReason.REPLACED))
            .exists()
        ):
            correction.state, correction.held_reason = Report.State.HELD, Report.HeldReason.CORRECTS_NOTHING
            correction.save(update_fields=["state", "held_reason"])
            found.append(correction)
    return found


def _leave_pools(reports: Sequence[Report]) -> None:
    """Take reports out of the pools that pay for them, and look at these again."""
    for pool in Pool.objects.filter(reports__in=reports).distinct().order_by("pk"):
        look_again(pool=pool, without=reports)


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise NoReason
