"""What may be read of reports, usage and money, and by whom: `visible_to(user)` on every table a tenant sees.

Usage is seen through a share in a matched work; money through the party's own organisation; pools and runs by the
society alone. The songs without a match are an exception made for people who look for theirs: title, artists, service and
month are open to every rights-holder, the money on them is not (the pages leave it out).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from django.db.models import Q, QuerySet, Sum

from portal.accounts.access import (
    Reader,
    acts_for_writer,
    is_publisher,
    is_service_contact,
    organisation_ids,
    sees_everything,
)
from portal.accounts.models import PAID_ROLES, Role
from works.models import Work

if TYPE_CHECKING:
    from royalties import models

MONEY_ROLES: Final = tuple(PAID_ROLES)
NOT_COUNTED: Final = ("aside", "second_file")  # a file that stands beside another until staff say what it is


def is_rights_holder(user: Reader) -> bool:
    return acts_for_writer(user) or is_publisher(user)


def matched_songs_of(works: QuerySet[Work]) -> QuerySet[Work, int]:
    """The ids of the reported songs that are, as decided today, one of these works."""
    standing = works.filter(match_works__match__superseded_at__isnull=True, match_works__match__outcome="accepted")
    return standing.values_list("match_works__match__recording_id", flat=True)


class SourceQuerySet(QuerySet["models.Source"]):
    def visible_to(self, user: Reader) -> Self:
        return self if sees_everything(user) else self.none()


class ReportQuerySet(QuerySet["models.Report"]):
    def visible_to(self, user: Reader) -> Self:
        """The society sees every report, a service its own."""
        if sees_everything(user):
            return self
        if is_service_contact(user):
            return self.filter(source__organisation__in=organisation_ids(user, Role.SERVICE_CONTACT))
        return self.none()


class ReportedRecordingQuerySet(QuerySet["models.ReportedRecording"]):
    def visible_to(self, user: Reader) -> Self:
        """Songs that wait for their owner are seen by every rights-holder, matched ones through the work."""
        if sees_everything(user):
            return self
        if not is_rights_holder(user):
            return self.none()
        mine = matched_songs_of(Work.objects.visible_to(user))
        return self.with_standing_match(Q(matches__outcome__in=("none", "review")) | Q(pk__in=mine))

    def with_standing_match(self, condition: Q) -> Self:
        """One standing match a song at most, so this join never doubles a row."""
        return self.filter(Q(matches__superseded_at__isnull=True) & condition)

    def without_owner(self, *outcomes: str) -> Self:
        """Songs whose standing match has one of the outcomes, by default every one that is not matched."""
        return self.with_standing_match(Q(matches__outcome__in=outcomes or ("none", "review")))


class SongUsageQuerySet(QuerySet["models.SongUsage"]):
    def visible_to(self, user: Reader) -> Self:
        if sees_everything(user):
            return self
        if not is_rights_holder(user):
            return self.none()
        return self.filter(recording__in=matched_songs_of(Work.objects.visible_to(user)))

    def of_work(self, work: Work) -> Self:
        return self.filter(recording__in=matched_songs_of(Work.objects.filter(pk=work.pk)))

    def counted(self) -> Self:
        """Without files set aside, or waiting to be told from an earlier one: they would count a use twice."""
        return self.exclude(report__held_reason__in=NOT_COUNTED)


class UsageLineQuerySet(QuerySet["models.UsageLine"]):
    def of_report(self, report: models.Report) -> Self:
        """The lines of one report, from the partition of its month alone."""
        if report.period is None:
            return self.none()
        return self.filter(period=report.period, report_id=report.pk)


class EarningQuerySet(QuerySet["models.Earning"]):
    def visible_to(self, user: Reader) -> Self:
        if sees_everything(user):
            return self
        return self.filter(party__organisation__in=organisation_ids(user, *MONEY_ROLES))

    def of_statement(self, statement: models.Statement) -> Self:
        """What a statement accounts for: its run's payable earnings of its party, or everything its hold kept back.

        A released hold may be paid to others than the shares' owners, so there the party is not asked.
        """
        if statement.hold_id is not None:
            return self.filter(hold=statement.hold_id)
        return self.filter(run=statement.run_id, party=statement.party_id, state="payable")

    def held_from(self, statement: models.Statement) -> Self:
        """What the same run kept back from the same party."""
        if statement.run_id is None:
            return self.none()
        return self.filter(run=statement.run_id, party=statement.party_id, state="held")

    def won_by_state(self) -> dict[str, int]:
        rows = self.order_by().values("state").annotate(won=Sum("won_micros"))
        return {row["state"]: int(row["won"]) for row in rows}


class StatementQuerySet(QuerySet["models.Statement"]):
    def visible_to(self, user: Reader) -> Self:
        """A writer sees her desk's, a publisher's finance its own; who works there on copyright sees no payments."""
        if sees_everything(user):
            return self
        return self.filter(party__organisation__in=organisation_ids(user, *MONEY_ROLES))


class RemittanceQuerySet(QuerySet["models.Remittance"]):
    def visible_to(self, user: Reader) -> Self:
        return self if sees_everything(user) else self.none()


class DistributionRunQuerySet(QuerySet["models.DistributionRun"]):
    def visible_to(self, user: Reader) -> Self:
        return self if sees_everything(user) else self.none()
