"""Two works that are one: which became which, what was moved, and which only look so. A merged work gets nothing any more."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import works.models

KEPT = """
CREATE FUNCTION works_said_of_two_is_only_undone() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    fixed text[] := ARRAY['undone_at', 'undone_by_id'];
BEGIN
    IF OLD.undone_at IS NULL AND NEW.undone_at IS NOT NULL AND (to_jsonb(NEW) - fixed) = (to_jsonb(OLD) - fixed) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'what was said of two works is only undone, once' USING ERRCODE = 'restrict_violation';
END
$$;
"""
GUARD = """
CREATE TRIGGER said_of_two_is_only_undone BEFORE UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION works_said_of_two_is_only_undone();
CREATE TRIGGER said_of_two_is_never_deleted BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION garak_append_only();
CREATE TRIGGER said_of_two_is_never_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION garak_append_only();
REVOKE UPDATE, DELETE ON {table} FROM garak_app;
GRANT UPDATE (undone_at, undone_by_id) ON {table} TO garak_app;
"""
UNGUARD = """
DROP TRIGGER said_of_two_is_only_undone ON {table};
DROP TRIGGER said_of_two_is_never_deleted ON {table};
DROP TRIGGER said_of_two_is_never_emptied ON {table};
"""
TABLES = ("works_workmerge", "works_workdifference")

# Whoever found the work before it was merged, and comes to write afterwards, is told so instead of writing where nobody looks.
NOTHING_MORE = """
CREATE FUNCTION works_merged_work_gets_nothing() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM works_work w JOIN new_rows n ON n.work_id = w.id WHERE w.merged_into_id IS NOT NULL) THEN
        RAISE EXCEPTION 'a merged work gets nothing any more' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'merged_work_gets_nothing', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;
"""
GETS_NOTHING = """
CREATE TRIGGER merged_work_gets_nothing AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION works_merged_work_gets_nothing();
"""
WHAT_A_WORK_HAS = ("works_share", "works_worktitle", "works_recordingwork")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_delegates"),
        ("works", "0011_pairs_of_letters_are_dear"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="WorkDifference",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=works.models.difference_ref, max_length=12, unique=True)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("undone_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="WorkMerge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=works.models.merge_ref, max_length=12, unique=True)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("moved", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("undone_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name="work",
            name="merged_into",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="merged_works",
                to="works.work",
            ),
        ),
        migrations.AddIndex(
            model_name="work",
            index=models.Index(
                condition=models.Q(("merged_into__isnull", False)), fields=["merged_into", "id"], name="merged_work"
            ),
        ),
        migrations.AddConstraint(
            model_name="work",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("merged_into__isnull", True),
                    models.Q(("merged_into", models.F("id")), _negated=True),
                    _connector="OR",
                ),
                name="work_is_not_merged_into_itself",
            ),
        ),
        migrations.AddField(
            model_name="workdifference",
            name="actor",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="workdifference",
            name="one",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="works.work"
            ),
        ),
        migrations.AddField(
            model_name="workdifference",
            name="other",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="works.work"
            ),
        ),
        migrations.AddField(
            model_name="workdifference",
            name="undone_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="workmerge",
            name="actor",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="workmerge",
            name="merged",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="merged_by", to="works.work"
            ),
        ),
        migrations.AddField(
            model_name="workmerge",
            name="survivor",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="merges", to="works.work"
            ),
        ),
        migrations.AddField(
            model_name="workmerge",
            name="undone_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="workdifference",
            constraint=models.UniqueConstraint(
                condition=models.Q(("undone_at__isnull", True)),
                fields=("one", "other"),
                name="works_differ_once_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="workdifference",
            constraint=models.CheckConstraint(
                condition=models.Q(("one__lt", models.F("other"))), name="difference_names_the_older_work_first"
            ),
        ),
        migrations.AddConstraint(
            model_name="workmerge",
            constraint=models.UniqueConstraint(
                condition=models.Q(("undone_at__isnull", True)),
                fields=("merged",),
                name="work_is_merged_once_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="workmerge",
            constraint=models.CheckConstraint(
                condition=models.Q(("survivor", models.F("merged")), _negated=True), name="merge_is_of_two_works"
            ),
        ),
        migrations.RunSQL(KEPT, "DROP FUNCTION works_said_of_two_is_only_undone()"),
        *(migrations.RunSQL(GUARD.format(table=table), UNGUARD.format(table=table)) for table in TABLES),
        migrations.RunSQL(NOTHING_MORE, "DROP FUNCTION works_merged_work_gets_nothing()"),
        *(
            migrations.RunSQL(GETS_NOTHING.format(table=table), f"DROP TRIGGER merged_work_gets_nothing ON {table}")
            for table in WHAT_A_WORK_HAS
        ),
    ]
