"""Performers are parties, keys of names stand once for each party, and works know who performs them and what titles mean."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

# Performers' and writers' keys were kept with every work; from here on they stand with the party (works_partykey).
ONLY_TITLES = "DELETE FROM works_workkey WHERE kind <> 'title'"

# What a title means, as the sentence encoder of works.matching.meaning says it; a column of pgvector, which Django has no field
# for. Only the matcher reads it. Needs the extension, which the embedded PostgreSQL and the image of docker-compose.yml hold.
VECTORS = """
CREATE EXTENSION IF NOT EXISTS vector;
CREATE TABLE works_titlevector (
    title_id bigint PRIMARY KEY REFERENCES works_worktitle (id) ON DELETE CASCADE,
    encoder varchar(40) NOT NULL,
    vector halfvec(512) NOT NULL
);
"""

ANALYZE = """
CREATE OR REPLACE FUNCTION works_analyze() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    ANALYZE works_work, works_worktitle, works_workkey, works_party, works_partyname, works_affiliation, works_share,
        works_recording, works_recordingwork, works_partykey, works_workperformer;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("works", "0006_an_upload_is_registered_work_by_work")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(ONLY_TITLES, migrations.RunSQL.noop),
        migrations.RemoveConstraint("workkey", "work_has_a_key_once"),
        migrations.RemoveIndex("workkey", "work_by_key"),
        migrations.RemoveField("workkey", "kind"),
        migrations.AlterField(
            "workkey",
            "work",
            models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="keys", to="works.work"
            ),
        ),
        migrations.AddConstraint(
            "workkey", models.UniqueConstraint(fields=["work", "key"], name="work_has_a_key_once")
        ),
        migrations.AddIndex("workkey", models.Index(fields=["key", "work"], name="work_by_key")),
        migrations.AlterField(
            "party",
            "kind",
            models.CharField(
                choices=[("writer", "writer"), ("publisher", "publisher"), ("performer", "performer")], max_length=10
            ),
        ),
        migrations.CreateModel(
            "PartyKey",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=300)),
                ("text", models.CharField(max_length=200)),
                (
                    "party",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="keys",
                        to="works.party",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["key"], name="party_by_key")],
                "constraints": [models.UniqueConstraint(fields=("party", "key"), name="party_has_a_key_once")],
            },
        ),
        migrations.CreateModel(
            "WorkPerformer",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "work",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="performers", to="works.work"
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="performed_works",
                        to="works.party",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("party", "work"), name="party_performs_a_work_once")],
            },
        ),
        migrations.RunSQL(VECTORS, "DROP TABLE works_titlevector"),
        migrations.RunSQL(ANALYZE, migrations.RunSQL.noop),
    ]
