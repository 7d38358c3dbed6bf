from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

FILL = """
INSERT INTO works_performedkey (party_id, key, work_id)
SELECT p.party_id, k.key, k.work_id FROM works_workkey k JOIN works_workperformer p USING (work_id);
ANALYZE works_performedkey"""

ANALYZE = """
CREATE OR REPLACE FUNCTION works_analyze() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    ANALYZE works_work, works_worktitle, works_workkey, works_party, works_partyname, works_affiliation, works_share,
        works_recording, works_recordingwork, works_partykey, works_workperformer, works_performedkey;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("works", "0012_works_become_one")]
    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            "PerformedKey",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=300)),
                (
                    "party",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="works.party",
                    ),
                ),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="works.work",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("party", "key", "work"), name="party_performs_a_title_once")
                ],
            },
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(ANALYZE, migrations.RunSQL.noop),
    ]
