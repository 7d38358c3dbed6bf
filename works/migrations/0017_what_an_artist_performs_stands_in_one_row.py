"""Beside the keys of titles one by one, all those of a performer stand in one row: titles that are only near are looked for there."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

# Rows are read whole, and of most performers they fit in a page: nothing is compressed, and little stands elsewhere.
STORAGE = """
ALTER TABLE works_repertoire SET (toast_tuple_target = 8160);
ALTER TABLE works_repertoire ALTER keys SET STORAGE EXTERNAL, ALTER works SET STORAGE EXTERNAL
"""

# As works.matching.derive.refresh_repertoires makes them, with as many keys at most.
FILL = """
INSERT INTO works_repertoire (party_id, keys, works)
SELECT asked.party_id, now.* FROM (SELECT DISTINCT party_id FROM works_workperformer) AS asked CROSS JOIN LATERAL (
    SELECT coalesce(string_agg(key, E'\\n'), ''), coalesce(string_agg(int4send(work_id::int), ''), '')
    FROM (
        SELECT key, work_id FROM works_performedkey WHERE party_id = asked.party_id
            AND NOT EXISTS (SELECT FROM works_performedkey WHERE party_id = asked.party_id OFFSET 4000)
        ORDER BY key, work_id
    ) AS its) AS now
ORDER BY asked.party_id;
ANALYZE works_repertoire"""

ANALYZE = """
CREATE OR REPLACE FUNCTION works_analyze() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    ANALYZE works_work, works_worktitle, works_workkey, works_party, works_partyname, works_affiliation, works_share,
        works_recording, works_recordingwork, works_partykey, works_workperformer, works_performedkey, works_repertoire;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("works", "0016_keys_say_whose_kind_they_are")]
    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            "Repertoire",
            [
                (
                    "party",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="works.party",
                    ),
                ),
                ("keys", models.TextField()),
                ("works", models.BinaryField()),
            ],
        ),
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(ANALYZE, migrations.RunSQL.noop),
    ]
