"""Lines that a reader made of several records know which line of the file they stand in; reports in several files wait for all."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

FILE_LINES = """
CREATE TABLE royalties_filelines (
    report_id bigint NOT NULL,
    first_line integer NOT NULL,
    lines integer[] NOT NULL,
    PRIMARY KEY (report_id, first_line)
);
REVOKE UPDATE, DELETE ON royalties_filelines FROM garak_app;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("royalties", "0024_words_and_music_are_counted_apart")]
    operations: ClassVar[list[migrations.operations.base.Operation]] = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FILE_LINES, "DROP TABLE royalties_filelines")],
            state_operations=[
                migrations.CreateModel(
                    name="FileLines",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "report_id", "first_line", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("report_id", models.BigIntegerField()),
                        ("first_line", models.IntegerField()),
                    ],
                ),
            ],
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
                    ("aside", "set aside by staff"),
                ],
                max_length=16,
            ),
        ),
    ]
