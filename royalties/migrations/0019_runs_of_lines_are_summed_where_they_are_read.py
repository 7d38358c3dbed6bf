"""Sums of runs of lines, which a report's sums are made of: royalties.ingest.totals says why."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

TOTALS = """
CREATE TABLE royalties_tiletotal (
    report_id bigint NOT NULL,
    first_line integer NOT NULL,
    services text[] NOT NULL,
    usage_months date[] NOT NULL,
    kinds smallint[] NOT NULL,
    recordings bigint[] NOT NULL,
    lines bigint[] NOT NULL,
    uses bigint[] NOT NULL,
    amounts_micros bigint[] NOT NULL,
    PRIMARY KEY (report_id, first_line),
    CONSTRAINT a_sum_for_every_song CHECK (
        cardinality(kinds) = cardinality(recordings) AND cardinality(lines) = cardinality(recordings)
        AND cardinality(uses) = cardinality(recordings) AND cardinality(amounts_micros) = cardinality(recordings)
        AND cardinality(services) = cardinality(usage_months))
);
REVOKE UPDATE ON royalties_tiletotal FROM garak_app;
"""
UNCOMPRESSED = ("kinds", "recordings", "lines", "uses", "amounts_micros")


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("royalties", "0018_parts_of_songs_are_found")]
    operations: ClassVar[list[migrations.operations.base.Operation]] = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(TOTALS, "DROP TABLE royalties_tiletotal"),
                *(
                    migrations.RunSQL(
                        f"ALTER TABLE royalties_tiletotal ALTER {column} SET STORAGE EXTERNAL", migrations.RunSQL.noop
                    )
                    for column in UNCOMPRESSED
                ),
            ],
            state_operations=[
                migrations.CreateModel(
                    name="TileTotal",
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
    ]
