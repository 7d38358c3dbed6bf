"""What was divided among whom: rules, runs, holds, frozen shares, earnings and statements."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.lib.refs import new_ref
from royalties.models.ledger import LedgerTransaction
from royalties.models.money import Pool
from royalties.models.reports import ReportedRecording, SongUsage
from royalties.models.sources import Basis
from royalties.querysets import DistributionRunQuerySet, EarningQuerySet, StatementQuerySet


def run_ref() -> str:
    return new_ref("D")


def statement_ref() -> str:
    return new_ref("T")


class DeductionRule(models.Model):
    """A dated deduction with its text for the member. A rate of 0 is a rate of 0; no rule means no deduction.

    Rules of a run are taken in `position` order; GROSS is the payee's gross, REMAINING what earlier rules left of it.
    """

    class Kind(models.TextChoices):
        COMMISSION = "commission", _("society's commission")
        WITHHOLDING = "withholding", _("withholding tax")

    class Base(models.TextChoices):
        GROSS = "gross", _("of the gross amount")
        REMAINING = "remaining", _("of what remains")

    kind = models.CharField(max_length=12, choices=Kind.choices)
    base = models.CharField(max_length=9, choices=Base.choices)
    position = models.IntegerField()
    numerator = models.IntegerField()
    denominator = models.IntegerField()
    from_date = models.DateField()
    until_date = models.DateField(null=True, blank=True)
    text_ko = models.CharField(max_length=300)
    text_en = models.CharField(max_length=300)
    text_zh = models.CharField(max_length=300)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(numerator__gte=0, denominator__gt=0) & Q(numerator__lte=F("denominator")),
                name="rate_is_a_proper_fraction",
            ),
            models.UniqueConstraint(
                fields=["kind", "from_date"],
                name="one_deduction_of_a_kind_begins_on_a_day",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.numerator}/{self.denominator} {self.from_date}"


class DistributionRun(models.Model):
    """A distribution as a value: what went in (hashed), by which code, and what came out."""

    ref = models.CharField(max_length=12, unique=True, default=run_ref)
    period = models.DateField()  # the distribution month (분배월), first day
    inputs_hash = models.CharField(max_length=64, unique=True)
    code_version = models.CharField(max_length=40)
    totals = models.JSONField(default=dict)  # state → currency → micros as text; recomputed by check_ledger
    payees = models.IntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DistributionRunQuerySet.as_manager()

    def __str__(self) -> str:
        return self.ref


class Hold(models.Model):
    """A disputed part of a work (or a whole song) whose money waits. The case is named by an opaque reference."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        RELEASED = "released", _("released")

    case_ref = models.CharField(max_length=12)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    work = models.ForeignKey("works.Work", on_delete=models.PROTECT, null=True, related_name="holds")
    share = models.ForeignKey("works.Share", on_delete=models.PROTECT, null=True, related_name="holds")
    recording = models.ForeignKey(ReportedRecording, on_delete=models.PROTECT, null=True, related_name="holds")
    right = models.CharField(max_length=16, blank=True)
    territory = models.IntegerField(null=True)
    numerator = models.BigIntegerField(default=1)  # of the work, not of the share
    denominator = models.BigIntegerField(default=1)
    from_date = models.DateField()  # usage months from this day on are held
    opened_at = models.DateTimeField(auto_now_add=True)
    released_at = models.DateTimeField(null=True)
    decision = models.JSONField(default=dict)  # outcome and who gets what part, written at release

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["case_ref", "share"], name="case_holds_a_share_once"),
            models.CheckConstraint(
                condition=Q(share__isnull=False) ^ Q(recording__isnull=False),
                name="hold_is_on_a_share_or_a_song",
            ),
            models.CheckConstraint(
                condition=Q(numerator__gt=0, denominator__gt=0) & Q(numerator__lte=F("denominator")),
                name="hold_is_a_proper_fraction",
            ),
        )

    def __str__(self) -> str:
        return f"{self.case_ref} {self.numerator}/{self.denominator}"


class RunShare(models.Model):
    """The shares a run used, frozen: one row per cell of a work, right and usage month, adding up to exactly 1.

    Of a work whose music alone was used (`music_alone`) one cell is what is kept for the words (`words`). Of karaoke, words and
    music have money of their own (`part`), and the cells of each add up to 1.
    """

    class Part(models.TextChoices):
        WORDS = "words", _("the words")
        MUSIC = "music", _("the music")

    run = models.ForeignKey(DistributionRun, on_delete=models.PROTECT, related_name="run_shares")
    work = models.ForeignKey("works.Work", on_delete=models.PROTECT, related_name="+")
    right = models.CharField(max_length=16)
    usage_month = models.DateField()
    basis = models.CharField(max_length=8, choices=Basis.choices)
    music_alone = models.BooleanField(default=False, db_default=False)
    words = models.BooleanField(default=False, db_default=False)
    part = models.CharField(max_length=5, choices=Part.choices, blank=True, default="", db_default="")
    position = (
        models.IntegerField()
    )  # order of the cells within the work, right and month: breaks ties between remainders
    share = models.ForeignKey("works.Share", on_delete=models.PROTECT, null=True, related_name="+")
    party = models.ForeignKey("works.Party", on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=8)  # Earning.State
    collector = models.CharField(max_length=14)  # ours, other_society, non_member, public_domain, unknown
    society_code = models.CharField(max_length=3, blank=True)
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, null=True, related_name="+")
    numerator = models.DecimalField(max_digits=60, decimal_places=0)
    denominator = models.DecimalField(max_digits=60, decimal_places=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["run", "work", "right", "usage_month", "basis", "music_alone", "part", "position"],
                name="cell_is_frozen_once",
            ),
            models.CheckConstraint(
                condition=Q(words=False)
                | Q(music_alone=True, share__isnull=True, party__isnull=True, state="suspense"),
                name="words_are_kept_for_nobody_known",
            ),
        )

    def __str__(self) -> str:
        return f"{self.run_id} {self.work_id} {self.right} {self.position}"


class Earning(models.Model):
    """What one share of one work earned from one song, service and usage month: in the source currency and in won.

    It stands until another one, of a later run, reverses it: the same in all but the sign, once.
    Run, work and party are those of its cell (run_share), which the database holds to rows that are there; check_ledger
    compares the two. To ask again for each of them, for every earning, took a third of a distribution.
    """

    class State(models.TextChoices):
        PAYABLE = "payable", _("payable")
        HELD = "held", _("held")
        SUSPENSE = "suspense", _("in suspense")
        NOT_OURS = "not_ours", _("not ours")

    run = models.ForeignKey(DistributionRun, on_delete=models.PROTECT, db_constraint=False, related_name="earnings")
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, db_index=False, related_name="earnings")
    song_usage = models.ForeignKey(SongUsage, on_delete=models.PROTECT, db_index=False, related_name="earnings")
    run_share = models.ForeignKey(RunShare, on_delete=models.PROTECT, related_name="earnings")
    work = models.ForeignKey(
        "works.Work", on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="earnings"
    )
    party = models.ForeignKey(  # who owns the share
        "works.Party", on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="earnings"
    )
    right = models.CharField(max_length=16)
    state = models.CharField(max_length=8, choices=State.choices)
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, null=True, related_name="earnings")
    currency = models.CharField(max_length=3)
    source_micros = models.BigIntegerField()
    won_micros = models.BigIntegerField()
    reverses = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, db_index=False, related_name="reversed_by"
    )

    objects = EarningQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["pool", "song_usage", "work", "right", "run_share"],
                condition=Q(reverses__isnull=True),
                name="earning_is_counted_once",
            ),
            models.UniqueConstraint(
                fields=["reverses"], condition=Q(reverses__isnull=False), name="earning_is_reversed_once"
            ),
        )
        indexes = (
            models.Index(fields=["party", "run"], name="earning_of_party"),
            models.Index(fields=["work", "run"], name="earning_of_work"),
            models.Index(fields=["song_usage"], name="earning_of_song_usage"),
        )

    def __str__(self) -> str:
        return f"{self.run_id} {self.work_id} {self.won_micros}"


class Statement(models.Model):
    """What one payee gets from one run or from one released hold, from gross to whole won.

    net = gross − deductions; payable = whole won newly payable; carried = net − payable, the change of what stays in the
    payee's account: a fraction of a won, or a debt. Where more is taken back than earned, gross is below zero and nothing is
    payable; the debt is made up by what follows.
    """

    ref = models.CharField(max_length=12, unique=True, default=statement_ref)
    run = models.ForeignKey(DistributionRun, on_delete=models.PROTECT, null=True, related_name="statements")
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, null=True, related_name="statements")
    party = models.ForeignKey("works.Party", on_delete=models.PROTECT, related_name="statements")
    period = models.DateField()  # distribution month
    currency = models.CharField(max_length=3, default="KRW")
    gross_micros = models.BigIntegerField()
    deducted_micros = models.BigIntegerField()
    net_micros = models.BigIntegerField()
    payable_micros = models.BigIntegerField()
    carried_micros = models.BigIntegerField()
    transaction = models.OneToOneField(LedgerTransaction, on_delete=models.PROTECT, related_name="statement")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = StatementQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["run", "party"], name="one_statement_of_a_run"),
            models.CheckConstraint(
                condition=Q(run__isnull=False) ^ Q(hold__isnull=False),
                name="statement_of_a_run_or_a_release",
            ),
            models.CheckConstraint(
                condition=Q(net_micros=F("gross_micros") - F("deducted_micros")),
                name="net_is_gross_less_deducted",
            ),
            models.CheckConstraint(
                condition=Q(net_micros=F("payable_micros") + F("carried_micros")),
                name="net_is_payable_and_carried",
            ),
            models.CheckConstraint(condition=Q(payable_micros__gte=0), name="nothing_is_paid_below_zero"),
        )
        ordering: ClassVar[tuple[str, ...]] = ("-period", "-id")

    def __str__(self) -> str:
        return self.ref


class StatementDeduction(models.Model):
    """One step from gross to net, with the rule that made it."""

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="deductions")
    rule = models.ForeignKey(DeductionRule, on_delete=models.PROTECT, related_name="+")
    base_micros = models.BigIntegerField()
    amount_micros = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["statement", "rule"], name="rule_applies_once"),)

    def __str__(self) -> str:
        return f"{self.statement} {self.rule}"
