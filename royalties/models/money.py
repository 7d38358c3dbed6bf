"""Money received, the reports it pays for, and its exchange into won."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.lib.refs import new_ref
from royalties.models.ledger import LedgerTransaction
from royalties.models.reports import Report
from royalties.models.sources import Source
from royalties.querysets import RemittanceQuerySet


def remittance_ref() -> str:
    return new_ref("M")


class Remittance(models.Model):
    """Money received for a source's reports of a period, as the bank names it."""

    ref = models.CharField(max_length=12, unique=True, default=remittance_ref)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="remittances")
    period = models.DateField()
    amount_micros = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    rate = models.DecimalField(max_digits=20, decimal_places=10)  # won per unit of currency, exact
    rate_date = models.DateField()
    rate_source = models.CharField(max_length=100, blank=True)
    reference = models.CharField(max_length=80, unique=True)  # the bank's, or source and period where none is given
    received_date = models.DateField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RemittanceQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(amount_micros__gt=0), name="remittance_is_positive"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="rate_is_positive"),
        )

    def __str__(self) -> str:
        return self.reference


class Pool(models.Model):
    """The money of a remittance, in its own currency and in won, with the reports it pays for."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for its reports")
        HELD = "held", _("held: the sums differ")
        RELEASED = "released", _("released")

    remittance = models.OneToOneField(Remittance, on_delete=models.PROTECT, related_name="pool")
    reports = models.ManyToManyField(Report, related_name="pools")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    currency = models.CharField(max_length=3)
    source_micros = models.BigIntegerField()
    won_micros = models.BigIntegerField()
    reported_micros = models.DecimalField(max_digits=38, decimal_places=0, default=0)  # what its reports add up to
    to_divide_again = models.BooleanField(
        default=False, db_default=False
    )  # its reports changed after some were distributed
    accepted_difference_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    accepted_difference_reason = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return str(self.remittance)


class ExchangeRun(models.Model):
    """The exchange of one pool into won: one rate, one transaction, four entries."""

    pool = models.OneToOneField(Pool, on_delete=models.PROTECT, related_name="exchange")
    rate = models.DecimalField(max_digits=20, decimal_places=10)
    rate_date = models.DateField()
    from_micros = models.BigIntegerField()
    to_micros = models.BigIntegerField()
    transaction = models.OneToOneField(LedgerTransaction, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.pool} × {self.rate}"
