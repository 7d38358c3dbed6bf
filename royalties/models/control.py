"""What should have come in: totals that a sender declared of a report, and when reports of a source are due."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from royalties.models.reports import Report
from royalties.models.sources import Source


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


class ReportingCalendar(models.Model):
    """From a month of reports on, until when a source sends them, in a family or in one file for all. See royalties.reporting."""

    class Kind(models.TextChoices):
        DAYS_AFTER = "days_after", _("so many days after the end of the month")
        DAY_OF_NEXT = "day_of_next", _("on this day of the following month")
        ENDED = "ended", _("no longer expected")

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="calendars")
    family = models.CharField(max_length=20, blank=True)
    from_date = models.DateField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    number = models.IntegerField(default=0)  # of days, or the day of the month
    missing_after = models.IntegerField(default=30)  # days for which it is late before it is missing
    note = models.TextField()  # who declared it and on what paper
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["source", "family", "from_date"], name="one_reporting_calendar_begins_in_a_month"
            ),
            models.CheckConstraint(
                condition=Q(kind="ended")
                | Q(kind="days_after", number__range=(1, 366))
                | Q(kind="day_of_next", number__range=(1, 31)),
                name="a_report_is_due_within_a_year",
            ),
            models.CheckConstraint(condition=Q(missing_after__range=(0, 366)), name="late_is_missing_within_a_year"),
        )

    def __str__(self) -> str:
        return f"{self.source} {self.family or '*'} {self.kind} {self.number} {self.from_date}"
