"""Reported songs are found by every two letters in a row of their title and artists, as works are by their titles."""

import django.db.models.deletion
from django.db import migrations, models

INDEX = "CREATE INDEX song_by_two_letters ON royalties_songwords USING gin (garak_pairs(words))"


class Migration(migrations.Migration):
    dependencies = [
        ("royalties", "0011_decisions_are_undone"),
        ("works", "0009_titles_are_found_by_two_letters"),
    ]

    operations = [
        migrations.CreateModel(
            name="SongWords",
            fields=[
                (
                    "recording",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="royalties.reportedrecording",
                    ),
                ),
                ("words", models.TextField()),
            ],
        ),
        migrations.RunSQL(INDEX, "DROP INDEX song_by_two_letters"),
    ]
