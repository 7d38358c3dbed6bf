"""The only doors from a request to a report, song, earning, statement or run. What is not yours does not exist (404)."""

from __future__ import annotations

from typing import Final

from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from portal.accounts.access import Reader, is_staff, roles_of, sees_everything, signed_in
from portal.accounts.models import PUBLISHER_ROLES, WRITER_ROLES, Role, User
from royalties.models import (
    DistributionRun,
    Earning,
    KaraokePrice,
    LedgerTransaction,
    Rematch,
    Remittance,
    Report,
    ReportedRecording,
    ReportingCalendar,
    RightSplit,
    Source,
    SourceProfile,
    StaffDecision,
    Statement,
)
from royalties.querysets import FINISHED, MONEY_ROLES
from works.models import Work, WorkDifference, WorkMerge

RIGHTS_HOLDERS: Final = (*WRITER_ROLES, *PUBLISHER_ROLES)
SOCIETY: Final = (Role.STAFF, Role.AUDITOR)
PAID: Final = (*MONEY_ROLES, *SOCIETY)


def staff_only(request: HttpRequest) -> User:
    """The person behind a request that changes something of the society's."""
    user = signed_in(request)
    if not is_staff(user):
        raise Http404
    return user


def sees_money(user: Reader) -> bool:
    """May this person read earnings at all? Which ones is another question: Earning.visible_to."""
    return sees_everything(user) or bool(roles_of(user) & set(MONEY_ROLES))


def sources_of(user: Reader) -> QuerySet[Source]:
    """Who reports, each with what was declared of it, newest first."""
    profiles = SourceProfile.objects.select_related("declared_by").order_by("-from_date", "family")
    splits = RightSplit.objects.order_by("-from_date")
    prices = KaraokePrice.objects.select_related("declared_by").order_by("-from_date")
    calendars = ReportingCalendar.objects.select_related("declared_by").order_by("-from_date", "family")
    return Source.objects.visible_to(user).prefetch_related(
        Prefetch("profiles", queryset=profiles),
        Prefetch("right_splits", queryset=splits),
        Prefetch("karaoke_prices", queryset=prices),
        Prefetch("calendars", queryset=calendars),
    )


def get_source(user: Reader, code: str) -> Source:
    return get_object_or_404(sources_of(user), code=code)


def get_report(user: Reader, ref: str) -> Report:
    reports = Report.objects.visible_to(user).select_related("source", "file", "job", "uploaded_by")
    return get_object_or_404(reports, ref=ref)


def get_report_with_lines(user: Reader, ref: str) -> Report:
    """A report by somebody who may read its lines: a service's contact sees figures only."""
    if not sees_everything(user):
        raise Http404
    return get_report(user, ref)


def get_two_reports(user: Reader, ref: str, other: str) -> tuple[Report, Report]:
    """Two reports of one source that are read, to be compared by the society; one and the same is not there."""
    if not sees_everything(user) or ref == other:
        raise Http404
    reports = Report.objects.visible_to(user).filter(state__in=FINISHED).select_related("source", "file")
    this = get_object_or_404(reports, ref=ref)
    return this, get_object_or_404(reports, ref=other, source=this.source_id)


def get_song(user: Reader, ref: str) -> ReportedRecording:
    return get_object_or_404(ReportedRecording.objects.visible_to(user).select_related("first_report"), ref=ref)


def decisions_of(user: Reader) -> QuerySet[StaffDecision]:
    """What staff decided in the review, and who took it back."""
    if not sees_everything(user):
        return StaffDecision.objects.none()
    return StaffDecision.objects.select_related("work", "actor", "undone_by__actor")


def get_decision(user: Reader, ref: str) -> StaffDecision:
    return get_object_or_404(decisions_of(user), ref=ref)


def merges_of(user: Reader) -> QuerySet[WorkMerge]:
    """The works that were found to be one."""
    if not sees_everything(user):
        return WorkMerge.objects.none()
    return WorkMerge.objects.select_related("survivor", "merged", "actor", "undone_by", "repointed")


def get_merge(user: Reader, ref: str) -> WorkMerge:
    return get_object_or_404(merges_of(user), ref=ref)


def differences_of(user: Reader) -> QuerySet[WorkDifference]:
    """The works that look alike and were found not to be the same."""
    if not sees_everything(user):
        return WorkDifference.objects.none()
    return WorkDifference.objects.select_related("one", "other", "actor", "undone_by")


def get_difference(user: Reader, ref: str) -> WorkDifference:
    return get_object_or_404(differences_of(user), ref=ref)


def get_two_works(user: Reader, one: str, other: str) -> tuple[Work, Work]:
    """Two works to be compared, which the society alone does; one and the same is not there."""
    if not sees_everything(user) or one == other:
        raise Http404
    works = Work.objects.select_related("registered_by", "merged_into")
    return get_object_or_404(works, ref=one), get_object_or_404(works, ref=other)


def rematches_of(user: Reader) -> QuerySet[Rematch]:
    """The times that songs were matched again, each with who began, applied and undid it."""
    return Rematch.objects.visible_to(user).select_related("created_by", "applied_by", "undone_by")


def get_rematch(user: Reader, ref: str) -> Rematch:
    return get_object_or_404(rematches_of(user), ref=ref)


def remittances_of(user: Reader) -> QuerySet[Remittance]:
    """Money received, each with its pool and the reports it pays for."""
    remittances = Remittance.objects.visible_to(user)
    return remittances.select_related("source", "recorded_by", "pool__accepted_difference_by").prefetch_related(
        Prefetch("pool__reports", queryset=Report.objects.order_by("pk"))
    )


def get_remittance(user: Reader, ref: str) -> Remittance:
    return get_object_or_404(remittances_of(user), ref=ref)


def get_run(user: Reader, ref: str) -> DistributionRun:
    runs = DistributionRun.objects.visible_to(user).select_related("created_by")
    return get_object_or_404(runs, ref=ref)


def get_movement(user: Reader, number: int) -> LedgerTransaction:
    """A movement of the ledger, which the society alone reads."""
    if not sees_everything(user):
        raise Http404
    return get_object_or_404(LedgerTransaction.objects.select_related("run__created_by", "reverses"), pk=number)


def get_statement(user: Reader, ref: str) -> Statement:
    statements = Statement.objects.visible_to(user).select_related("party", "run", "hold")
    return get_object_or_404(statements, ref=ref)


def get_earning_of(statement: Statement, earning_id: int) -> Earning:
    """An earning that a statement, already opened by its door, accounts for."""
    earnings = Earning.objects.of_statement(statement).select_related(
        "song_usage__report__file", "song_usage__recording", "work", "run_share__share", "pool__remittance"
    )
    return get_object_or_404(earnings, pk=earning_id)
