"""A report says how its file was read, what its sender declared, and which other reading took its place."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("files", "0001_tables"),
        ("jobs", "0002_pieces_of_chunks"),
        ("royalties", "0006_every_insert_of_entries_balances"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="report",
            name="same_bytes_are_one_report",
        ),
        migrations.AddField(
            model_name="report",
            name="accepted_as_is_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="accepted_as_is_reason",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="report",
            name="declared_lines",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="report",
            name="declared_micros",
            field=models.DecimalField(decimal_places=0, max_digits=38, null=True),
        ),
        migrations.AddField(
            model_name="report",
            name="encoding_asked",
            field=models.CharField(blank=True, max_length=12),
        ),
        migrations.AddField(
            model_name="report",
            name="reading",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="report",
            name="reads_again",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="read_again_as",
                to="royalties.report",
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="superseded_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="report",
            name="container",
            field=models.CharField(blank=True, max_length=8),
        ),
        migrations.AlterField(
            model_name="report",
            name="held_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("no_basis", "nobody has declared what the money of its lines means"),
                    ("basis_not_yet", "its basis cannot be distributed yet"),
                    ("truncated", "its sheet ends where a sheet ends: lines are probably cut off"),
                    ("declared", "it does not say what its sender declared"),
                    ("second_file", "another file for this period is already here"),
                    ("aside", "set aside by staff"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.UniqueConstraint(
                condition=models.Q(("superseded_at__isnull", True)),
                fields=("source", "sha256"),
                name="same_bytes_are_one_report",
            ),
        ),
    ]
