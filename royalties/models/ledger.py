"""Accounts and what moved between them. Nothing here is ever changed or removed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class LedgerAccount(models.Model):
    """A place money can rest. Positive balances are owed or kept, negative ones are what we hold (the bank) or gave (exchange)."""

    class Kind(models.TextChoices):
        BANK = "bank", _("bank")
        POOL = "pool", _("pool")
        EXCHANGE = "exchange", _("exchange")
        PAYEE = "payee", _("payee")
        HOLD = "hold", _("held")
        SUSPENSE = "suspense", _("suspense")
        NOT_OURS = "not_ours", _("not ours")
        DEDUCTION = "deduction", _("deducted")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    currency = models.CharField(max_length=3)
    owner_key = models.CharField(max_length=60)  # "party:12", "pool:3", "hold:7", "society:038", "commission", "-"
    party = models.ForeignKey(
        "works.Party",
        on_delete=models.PROTECT,
        null=True,
        related_name="ledger_accounts",
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=["kind", "currency", "owner_key"], name="account_is_unique"),)

    def __str__(self) -> str:
        return f"{self.kind}:{self.owner_key}:{self.currency}"


class LedgerTransaction(models.Model):
    """A balanced movement. The key makes it happen once; nothing here or in its entries is ever changed."""

    class Kind(models.TextChoices):
        REMITTANCE = "remittance", _("money received")
        EXCHANGE = "exchange", _("exchange")
        DISTRIBUTION = "distribution", _("distribution")
        RELEASE = "release", _("release of held money")
        REVERSAL = "reversal", _("reversal")

    key = models.CharField(max_length=120, unique=True)
    input_hash = models.CharField(max_length=64)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    run = models.ForeignKey(
        "DistributionRun",
        on_delete=models.PROTECT,
        null=True,
        related_name="transactions",
    )
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="reversed_by")
    effective_date = models.DateField()
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # the database transaction that made it, set by the database: entries are accepted from that one only (0002_rules)

    def __str__(self) -> str:
        return self.key


class LedgerEntry(models.Model):
    """One signed amount on one account, in micros. Each currency of a transaction sums to zero, checked at commit."""

    transaction = models.ForeignKey(LedgerTransaction, on_delete=models.PROTECT, related_name="entries")
    account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="entries")
    currency = models.CharField(max_length=3)
    amount_micros = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "ledger entries"
        constraints = (models.CheckConstraint(condition=~Q(amount_micros=0), name="entry_moves_something"),)

    def __str__(self) -> str:
        return f"{self.account} {self.amount_micros}"
