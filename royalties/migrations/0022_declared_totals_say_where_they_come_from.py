"""What a sender declared of a report is a row of its own, with where it was said, by whom and when; a correction follows it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Whoever typed it at upload is the only origin there was.
FILL = """
INSERT INTO royalties_declaredtotal (report_id, origin, lines, micros, note, declared_by_id, created_at)
SELECT id, 'staff', declared_lines, declared_micros, '', uploaded_by_id, created_at FROM royalties_report
WHERE declared_lines IS NOT NULL OR declared_micros IS NOT NULL;
UPDATE royalties_report SET accepted_as_is_at = coalesce(finished_at, created_at) WHERE accepted_as_is_reason <> '';
"""
EMPTY = """
UPDATE royalties_report r SET declared_lines = d.lines, declared_micros = d.micros FROM royalties_declaredtotal d
WHERE d.report_id = r.id AND d.origin = 'staff' AND d.superseded_at IS NULL;
"""
KEPT = """
REVOKE UPDATE, DELETE, TRUNCATE ON royalties_declaredtotal FROM garak_app;
GRANT UPDATE (superseded_at) ON royalties_declaredtotal TO garak_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("royalties", "0021_songs_say_more_of_their_works"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DeclaredTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("file", "the file itself"),
                            ("mail", "the mail it came with"),
                            ("invoice", "an invoice or a letter"),
                            ("staff", "whoever sent it in"),
                        ],
                        max_length=8,
                    ),
                ),
                ("lines", models.BigIntegerField(null=True)),
                ("micros", models.DecimalField(decimal_places=0, max_digits=38, null=True)),
                ("line_no", models.IntegerField(null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("superseded_at", models.DateTimeField(null=True)),
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
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="declared_totals",
                        to="royalties.report",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("superseded_at__isnull", True)),
                        fields=("report", "origin"),
                        name="one_total_of_each_origin_stands",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("lines__lt", 0), _negated=True), name="no_fewer_than_no_lines_are_declared"
                    ),
                ],
            },
        ),
        migrations.AddField("report", "accepted_as_is_at", models.DateTimeField(null=True)),
        migrations.RunSQL(FILL, EMPTY),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),  # what was inserted is checked now
        migrations.RemoveField("report", "declared_lines"),
        migrations.RemoveField("report", "declared_micros"),
        migrations.RunSQL(KEPT, migrations.RunSQL.noop),
    ]
