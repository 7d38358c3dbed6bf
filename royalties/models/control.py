"""What should have come in: totals that a sender declared of a report, and when reports of a source are due."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from royalties.models.reports import Report


class DeclaredTotal(models.Model):
    """How many lines and how much money a report should hold, and who says so. Of each origin one stands; a correction follows it."""

    class Origin(models.TextChoices):
        FILE = "file", _("the file itself")  # its footer or its row of totals
        MAIL = "mail", _("the mail it came with")
        INVOICE = "invoice", _("an invoice or a letter")
        STAFF = "staff", _("whoever sent it in")

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="declared_totals")
    origin = models.CharField(max_length=8, choices=Origin.choices)
    lines = models.BigIntegerField(null=True)  # as Report.lines counts them; nothing: it says none
    micros = models.DecimalField(max_digits=38, decimal_places=0, null=True)
    line_no = models.IntegerField(null=True)  # where it stands in the file
    note = models.CharField(max_length=300, blank=True)
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["report", "origin"],
                condition=Q(superseded_at__isnull=True),
                name="one_total_of_each_origin_stands",
            ),
            models.CheckConstraint(condition=~Q(lines__lt=0), name="no_fewer_than_no_lines_are_declared"),
        )

    def __str__(self) -> str:
        return f"{self.report_id} {self.origin} {self.lines} {self.micros}"
