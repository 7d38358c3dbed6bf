"""A catalogue is registered some works at a time: its rows wait in the table, each with the number of its work."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.models import Q
from django.db.models.fields.json import KT

# Rows of one work share its reference; a row without one is a work of its own.
FILL = """
UPDATE works_cataloguerow r SET work_no = n.work_no
FROM (
    SELECT id, dense_rank() OVER (PARTITION BY upload_id ORDER BY first_row) AS work_no
    FROM (
        SELECT id, upload_id, min(row_no) OVER (
            PARTITION BY upload_id, coalesce(left("values" ->> 'work_ref', 40), '#' || row_no)
        ) AS first_row
        FROM works_cataloguerow
    ) AS firsts
) AS n
WHERE n.id = r.id;
UPDATE works_catalogueupload u SET works = (
    SELECT coalesce(max(work_no), 0) FROM works_cataloguerow r WHERE r.upload_id = u.id
);
"""

# As royalties_analyze() does: only the owner of a table may tell the planner of its new size, and it must know at once.
ANALYZE = """
CREATE FUNCTION works_analyze() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    ANALYZE works_work, works_worktitle, works_workkey, works_party, works_partyname, works_affiliation, works_share,
        works_recording, works_recordingwork;
END
$$;
REVOKE ALL ON FUNCTION works_analyze() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION works_analyze() TO garak_app;
"""

OUTCOMES = [
    ("waiting", "not yet registered"),
    ("registered", "registered"),
    ("to_mend", "to mend"),
    ("duplicate", "already registered"),
    ("conflict", "conflict of shares"),
    ("sent_again", "sent again"),
]


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("works", "0005_shares_are_summed_where_they_stand"),
        ("accounts", "0002_app_role"),
    ]
    operations: ClassVar[list[Operation]] = [
        migrations.AddField(
            "party",
            "brought_by",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organisation",
            ),
        ),
        migrations.AddField("catalogueupload", "works", models.IntegerField(default=0)),
        migrations.AddField("catalogueupload", "ipis", models.JSONField(default=dict)),
        migrations.AddField("catalogueupload", "error_code", models.CharField(blank=True, max_length=60)),
        migrations.AddField("catalogueupload", "error_params", models.JSONField(default=dict)),
        migrations.AddField("cataloguerow", "work_no", models.IntegerField(null=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("cataloguerow", "work_no", models.IntegerField()),
        migrations.AlterField("cataloguerow", "outcome", models.CharField(choices=OUTCOMES, max_length=10)),
        migrations.AlterField(
            "cataloguerow",
            "upload",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="row_set",
                to="works.catalogueupload",
            ),
        ),
        migrations.AlterField(
            "cataloguerow",
            "work",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="works.work",
            ),
        ),
        migrations.AddField(
            "cataloguerow",
            "sent_again_in",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="works.catalogueupload",
            ),
        ),
        migrations.AddConstraint(
            "cataloguerow",
            models.CheckConstraint(
                condition=Q(outcome="sent_again", sent_again_in__isnull=False)
                | Q(~Q(outcome="sent_again"), sent_again_in__isnull=True),
                name="row_sent_again_says_where",
            ),
        ),
        migrations.AddIndex("cataloguerow", models.Index(fields=["upload", "work_no"], name="row_work")),
        migrations.AddIndex(
            "cataloguerow",
            models.Index(KT("values__work_ref"), name="row_to_mend", condition=Q(outcome="to_mend")),
        ),
        migrations.RunSQL(ANALYZE, "DROP FUNCTION works_analyze()"),
    ]
