"""What may be read of reports, usage and money, and by whom: `visible_to(user)` on every table a tenant sees.

Usage is seen through a share in a matched work; money through the party's own organisation; pools and runs by the
society alone. The songs without a match are an exception made for people who look for theirs: title, artists, service and
month are open to every rights-holder, the money on them is not (the pages leave it out).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import BooleanField, Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Sum
from django.db.models.expressions import RawSQL

from portal.accounts.access import (
    Reader,
    acts_for_writer,
    is_publisher,
    is_service_contact,
    organisation_ids,
    sees_everything,
)
from portal.accounts.models import PAID_ROLES, Role
from portal.lib.keyset import whole
from works.models import Work, WorkDifference
from works.search import rows_with

if TYPE_CHECKING:
    from royalties import models

MONEY_ROLES: Final = tuple(PAID_ROLES)
# A file that stands beside another until staff say what it is, and one that does not stand any more.
NOT_COUNTED: Final = ("second_file", "corrects_nothing", "aside", "replaced", "withdrawn")
FINISHED: Final = ("ready", "held")  # states of reports whose sums are proved
COUNTED_USAGE: Final = Q(usages__report__state__in=FINISHED) & ~Q(
    usages__report__held_reason__in=NOT_COUNTED
)  # of a song


def is_rights_holder(user: Reader) -> bool:
    return acts_for_writer(user) or is_publisher(user)


def matched_songs_of(works: QuerySet[Work]) -> QuerySet[Work, int]:
    """The ids of the reported songs that are, as decided today, one of these works."""
    standing = works.filter(match_works__match__superseded_at__isnull=True, match_works__match__outcome="accepted")
    return standing.values_list("match_works__match__recording_id", flat=True)


def songs_named(words: str) -> RawSQL:
    """The ids of the reported songs with these words in title or artists: by the index, and the newest one by one."""
    indexed = rows_with("royalties_songwords", "recording_id", "words", words, searched="words")
    newest = rows_with(
        "royalties_reportedrecording",
        "id",
        "title || E'\\n' || artists",
        words,
        only="id > (SELECT coalesce(max(recording_id), 0) FROM royalties_songwords)",
    )
    return RawSQL(f"{indexed.sql} UNION {newest.sql}", [*indexed.params, *newest.params])  # noqa: S611 both made there


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

    def with_money(self) -> Self:
        """`money`: what was reported in all, in micros, taken or rejected."""
        return self.annotate(money=F("accepted_micros") + F("rejected_micros"))


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

    def named(self, words: str) -> Self:
        """Called so by the service, or performed by somebody called so: a piece of it, its initials (works.search)."""
        return self.filter(pk__in=songs_named(words))

    def with_use(self) -> Self:
        """`services` (codes), `first_month` and `last_month` of the songs that are in a file that counts."""
        songs = self.annotate(
            services=ArrayAgg("usages__service", distinct=True, filter=COUNTED_USAGE, default=[]),
            first_month=Min("usages__usage_month", filter=COUNTED_USAGE),
            last_month=Max("usages__usage_month", filter=COUNTED_USAGE),
        )
        return songs.filter(last_month__isnull=False)

    def with_money(self) -> Self:
        """`money` in micros of `currency`, and `uses`, of the songs that are in a file that counts: for the society alone."""
        songs = self.annotate(
            money=Sum("usages__amount_micros", filter=COUNTED_USAGE),
            uses=Sum("usages__uses", filter=COUNTED_USAGE),
            currency=Min("usages__report__currency", filter=COUNTED_USAGE),
        )
        return songs.filter(money__isnull=False)


class RejectedPairQuerySet(QuerySet["models.RejectedPair"]):
    def standing(self) -> Self:
        """Those whose decision nobody has taken back."""
        return self.filter(decision__undone_by__isnull=True)


class LessonQuerySet(QuerySet["models.Lesson"]):
    def standing(self) -> Self:
        return self.filter(decision__undone_by__isnull=True)


class LikelyDuplicateQuerySet(QuerySet["models.LikelyDuplicate"]):
    def open(self) -> Self:
        """Those about which nobody has said anything since they were found."""
        said = WorkDifference.objects.standing().filter(one=OuterRef("one"), other=OuterRef("other"))
        return self.filter(~Exists(said), one__merged_into__isnull=True, other__merged_into__isnull=True)

    def visible_to(self, user: Reader) -> Self:
        return self if sees_everything(user) else self.none()


class RematchQuerySet(QuerySet["models.Rematch"]):
    def visible_to(self, user: Reader) -> Self:
        return self if sees_everything(user) else self.none()


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
        """Of reports that are finished, without files set aside, or waiting to be told from an earlier one.

        These would count a use twice.
        """
        return self.filter(report__state__in=FINISHED).exclude(report__held_reason__in=NOT_COUNTED)

    def matched(self) -> Self:
        return self.filter(recording__matches__superseded_at__isnull=True, recording__matches__outcome="accepted")

    def titled(self, words: str) -> Self:
        """Matched usage that is called so by the service or by the register."""
        registered = matched_songs_of(Work.objects.search(words))
        return self.filter(Q(recording__in=songs_named(words)) | Q(recording__in=registered))

    def by_service(self) -> QuerySet[Any, Any]:
        sums = self.order_by().values("service", "report__currency")
        return sums.annotate(uses=Sum("uses"), amount=Sum("amount_micros")).order_by("-amount", "service")

    def by_month(self) -> QuerySet[Any, Any]:
        sums = self.order_by().values("usage_month", "service", "report__currency")
        return sums.annotate(uses=Sum("uses"), amount=Sum("amount_micros"))


LINE_KEYS: Final = (whole("first_line"), whole("line_no"))  # in the order of the file, a block after the other
# An array and no join: so the blocks are known before any is taken apart, whatever the planner thinks of their number.
IN_A_BLOCK_THAT_NAMES: Final = """
    royalties_usageline.first_line = ANY (ARRAY(
        SELECT first_line FROM royalties_lineblock
        WHERE period = %s AND report_id = %s AND recordings @> ARRAY[%s]::bigint[]))"""


class UsageLineQuerySet(QuerySet["models.UsageLine"]):
    def of_report(self, report: models.Report) -> Self:
        """The lines of one report, from the partition of its month alone."""
        if report.period is None:
            return self.none()
        return self.filter(period=report.period, report_id=report.pk)

    def summed_in(self, used: models.SongUsage) -> Self:
        """The lines whose sum this usage is, from the blocks alone that name its recording."""
        named = [used.report.period, used.report_id, used.recording_id]
        in_a_block = RawSQL(IN_A_BLOCK_THAT_NAMES, named, BooleanField())  # noqa: S611 – parameters
        lines = self.of_report(used.report).filter(in_a_block)
        return lines.filter(recording_id=used.recording_id, service=used.service, usage_month=used.usage_month)


class EarningQuerySet(QuerySet["models.Earning"]):
    def visible_to(self, user: Reader) -> Self:
        if sees_everything(user):
            return self
        return self.filter(party__organisation__in=organisation_ids(user, *MONEY_ROLES))

    def standing(self) -> Self:
        """Those that no later run has reversed."""
        return self.filter(reverses__isnull=True, reversed_by__isnull=True)

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

    def with_origin(self) -> Self:
        """With the rows that say where each came from, and its `usage_month` to go by."""
        origin = self.select_related(
            "work", "song_usage__recording", "song_usage__report", "run_share__share", "pool__remittance", "party"
        )
        return origin.annotate(usage_month=F("song_usage__usage_month"))

    def by_work(self) -> QuerySet[Any, Any]:
        sums = self.order_by().values("work_id", "work__ref", "work__title")
        return sums.annotate(won=Sum("won_micros"), songs=Count("song_usage__recording", distinct=True))

    def by_service(self) -> QuerySet[Any, Any]:
        sums = self.order_by().values("song_usage__service")
        return sums.annotate(won=Sum("won_micros")).order_by("-won", "song_usage__service")

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
