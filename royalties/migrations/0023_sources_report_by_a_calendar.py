"""Until when a source sends its reports is declared from a month on, on paper; a later calendar follows it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

KEPT = "REVOKE UPDATE, DELETE, TRUNCATE ON royalties_reportingcalendar FROM garak_app"


class Migration(migrations.Migration):
    dependencies = [
        ("royalties", "0022_declared_totals_say_where_they_come_from"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ReportingCalendar",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("family", models.CharField(blank=True, max_length=20)),
                ("from_date", models.DateField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("days_after", "so many days after the end of the month"),
                            ("day_of_next", "on this day of the following month"),
                            ("ended", "no longer expected"),
                        ],
                        max_length=12,
                    ),
                ),
                ("number", models.IntegerField(default=0)),
                ("missing_after", models.IntegerField(default=30)),
                ("note", models.TextField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "declared_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="calendars", to="royalties.source"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "family", "from_date"), name="one_reporting_calendar_begins_in_a_month"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind", "ended"),
                            models.Q(("kind", "days_after"), ("number__range", (1, 366))),
                            models.Q(("kind", "day_of_next"), ("number__range", (1, 31))),
                            _connector="OR",
                        ),
                        name="a_report_is_due_within_a_year",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("missing_after__range", (0, 366))), name="late_is_missing_within_a_year"
                    ),
                ],
            },
        ),
        migrations.RunSQL(KEPT, migrations.RunSQL.noop),
    ]
