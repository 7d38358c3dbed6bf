"""What a further file of a month is, files that are withdrawn, and earnings that reverse others."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Who said what of a report is never changed or taken away, like everything that money goes by.
KEEP = """
CREATE TRIGGER royalties_reportdecision_is_append_only BEFORE UPDATE OR DELETE ON royalties_reportdecision
    FOR EACH ROW EXECUTE FUNCTION garak_append_only();
CREATE TRIGGER royalties_reportdecision_is_never_emptied BEFORE TRUNCATE ON royalties_reportdecision
    FOR EACH STATEMENT EXECUTE FUNCTION garak_append_only();
REVOKE UPDATE, DELETE, TRUNCATE ON royalties_reportdecision FROM garak_app;
"""
UNKEEP = """
DROP TRIGGER royalties_reportdecision_is_append_only ON royalties_reportdecision;
DROP TRIGGER royalties_reportdecision_is_never_emptied ON royalties_reportdecision;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("files", "0001_tables"),
        ("jobs", "0002_pieces_of_chunks"),
        ("royalties", "0028_sums_of_songs_are_found_by_song"),
        ("works", "0019_recordings_have_an_album_and_last"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ReportDecision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "choice",
                    models.CharField(
                        choices=[
                            ("supplement", "a supplement"),
                            ("replacement", "a replacement"),
                            ("correction", "a correction"),
                            ("aside", "set aside"),
                            ("withdrawal", "withdrawn"),
                        ],
                        max_length=11,
                    ),
                ),
                ("reason", models.CharField(max_length=300)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.RemoveConstraint(
            model_name="earning",
            name="earning_is_counted_once",
        ),
        migrations.RemoveConstraint(
            model_name="report",
            name="same_bytes_are_one_report",
        ),
        migrations.AddField(
            model_name="earning",
            name="reverses",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reversed_by",
                to="royalties.earning",
            ),
        ),
        migrations.AddField(
            model_name="pool",
            name="to_divide_again",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="report",
            name="concerns",
            field=models.ManyToManyField(related_name="concerned_by", to="royalties.report"),
        ),
        migrations.AddField(
            model_name="report",
            name="kind",
            field=models.CharField(
                choices=[
                    ("original", "a first file"),
                    ("supplement", "a supplement: its lines count beside the earlier ones"),
                    ("replacement", "a replacement: it stands in the place of earlier ones"),
                    ("correction", "a correction: its lines are differences, and may be less than nothing"),
                ],
                db_default="original",
                default="original",
                max_length=11,
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="replaced_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="replaces", to="royalties.report"
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="withdrawn_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="report",
            name="held_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("no_basis", "nobody has declared what the money of its lines means"),
                    ("basis_not_yet", "its basis cannot be distributed yet"),
                    ("recordings", "its money is declared to be for recordings, not for words and music"),
                    ("no_price", "no contract price says how its money divides between words and music"),
                    ("truncated", "its sheet ends where a sheet ends: lines are probably cut off"),
                    ("declared", "it does not say what its sender declared"),
                    ("parts", "it came in several files, and some of them are missing"),
                    ("second_file", "another file for this period is already here"),
                    ("corrects_nothing", "a correction, but there is nothing here that it could correct"),
                    ("aside", "set aside by staff"),
                    ("replaced", "another file has taken its place"),
                    ("withdrawn", "withdrawn: its money counts for nothing"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="earning",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reverses__isnull", True)),
                fields=("pool", "song_usage", "work", "right", "run_share"),
                name="earning_is_counted_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="earning",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reverses__isnull", False)), fields=("reverses",), name="earning_is_reversed_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.UniqueConstraint(
                condition=models.Q(("superseded_at__isnull", True), ("withdrawn_at__isnull", True)),
                fields=("source", "sha256"),
                name="same_bytes_are_one_report",
            ),
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.CheckConstraint(
                condition=models.Q(("payable_micros__gte", 0)), name="nothing_is_paid_below_zero"
            ),
        ),
        migrations.AddField(
            model_name="reportdecision",
            name="actor",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="reportdecision",
            name="report",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="decisions", to="royalties.report"
            ),
        ),
        migrations.RunSQL(KEEP, UNKEEP),
    ]
