"""Every name says who said it, when, for whom, and how it ended; recordings have names of their own; names are disputed.

Names that were there are their work's: said by whoever registered it, on the day it was registered.
"""

from __future__ import annotations

from typing import Any, ClassVar

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

FILL = """
UPDATE works_worktitle t SET said_for_id = w.registered_by_id, said_at = w.created_at,
    source = CASE WHEN w.registered_by_id IS NULL THEN 'register' ELSE 'publisher' END
FROM works_work w WHERE w.id = t.work_id;
UPDATE works_partyname n SET said_for_id = p.brought_by_id, said_at = p.created_at,
    source = CASE WHEN p.brought_by_id IS NULL THEN 'register' ELSE 'publisher' END
FROM works_party p WHERE p.id = n.party_id;
SET CONSTRAINTS ALL IMMEDIATE;
"""

ONLY_ENDED = """
CREATE FUNCTION works_name_is_only_ended() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    fixed text[] := ARRAY['confirmed_at', 'confirmed_by_id', 'ended_at', 'ended_by_id', 'end_reason'];
BEGIN
    IF OLD.ended_at IS NULL AND (to_jsonb(NEW) - fixed) = (to_jsonb(OLD) - fixed)
        AND (OLD.confirmed_at IS NULL OR NEW.confirmed_at = OLD.confirmed_at) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a name is confirmed once and ended once, and another one follows it' USING ERRCODE = 'restrict_violation';
END
$$;
"""
NAMES = ("works_worktitle", "works_partyname", "works_recordingtitle")
GUARD = """
CREATE TRIGGER name_is_only_ended BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION works_name_is_only_ended();
CREATE TRIGGER name_is_never_deleted BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION garak_append_only();
CREATE TRIGGER names_are_never_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION garak_append_only();
REVOKE UPDATE, DELETE ON {table} FROM garak_app;
GRANT UPDATE (confirmed_at, confirmed_by_id, ended_at, ended_by_id, end_reason) ON {table} TO garak_app;
"""
UNGUARD = """
DROP TRIGGER name_is_only_ended ON {table};
DROP TRIGGER name_is_never_deleted ON {table};
DROP TRIGGER names_are_never_emptied ON {table};
"""

NO_DISPUTE_VANISHES = """
CREATE FUNCTION works_dispute_is_only_settled() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    fixed text[] := ARRAY['outcome', 'settled_at', 'settled_by_id', 'settle_reason'];
BEGIN
    IF OLD.settled_at IS NULL AND NEW.settled_at IS NOT NULL AND (to_jsonb(NEW) - fixed) = (to_jsonb(OLD) - fixed) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a dispute is only settled, once' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER dispute_is_only_settled BEFORE UPDATE ON works_namedispute
    FOR EACH ROW EXECUTE FUNCTION works_dispute_is_only_settled();
CREATE TRIGGER dispute_is_never_deleted BEFORE DELETE ON works_namedispute
    FOR EACH ROW EXECUTE FUNCTION garak_append_only();
REVOKE UPDATE, DELETE ON works_namedispute FROM garak_app;
GRANT UPDATE (outcome, settled_at, settled_by_id, settle_reason) ON works_namedispute TO garak_app;
"""


def derive(apps: Any, schema_editor: Any) -> None:
    """Keys of the names there are, and performers of the recordings there are, in the tables of 0007."""
    from works.catalogue.performers import link_performers
    from works.matching.derive import rebuild_keys

    parts = apps.get_model("works", "RecordingWork").objects.exclude(recording__performer="")
    performed = list(parts.order_by("id").values_list("work_id", "recording__performer"))
    for start in range(0, len(performed), 20_000):
        link_performers(performed[start : start + 20_000])
    rebuild_keys()


class Migration(migrations.Migration):
    dependencies: ClassVar[list[Any]] = [
        ("accounts", "0003_delegates"),
        ("files", "0001_tables"),
        ("works", "0007_keys_of_names_and_who_performs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="NameDispute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=300)),
                ("opened_at", models.DateTimeField(auto_now_add=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "open"),
                            ("kept", "the name stays"),
                            ("ended", "the name was taken away"),
                            ("withdrawn", "whoever had said the name withdrew it"),
                        ],
                        default="",
                        max_length=9,
                    ),
                ),
                ("settled_at", models.DateTimeField(null=True)),
                ("settle_reason", models.CharField(blank=True, max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name="RecordingTitle",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("register", "the register, before names said from whom they came"),
                            ("publisher", "a publisher"),
                            ("member", "a member"),
                            ("staff", "the society"),
                            ("service", "a service"),
                            ("file", "an imported file"),
                        ],
                        db_default="register",
                        default="register",
                        max_length=10,
                    ),
                ),
                ("said_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("note", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("end_reason", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("text", models.CharField(max_length=300)),
                ("language", models.CharField(blank=True, max_length=10)),
                (
                    "script",
                    models.CharField(
                        choices=[
                            ("Hang", "Hangul"),
                            ("Hani", "Hanja"),
                            ("Hans", "Simplified Chinese"),
                            ("Hant", "Traditional Chinese"),
                            ("Latn", "Latin"),
                            ("Jpan", "Japanese"),
                            ("Zyyy", "other"),
                        ],
                        max_length=4,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("OT", "original title"),
                            ("AT", "alternative title"),
                            ("TT", "translated title"),
                            ("RT", "romanised title"),
                            ("SV", "as a service writes it"),
                        ],
                        max_length=2,
                    ),
                ),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="partyname",
            name="party_has_a_name_once",
        ),
        migrations.RemoveConstraint(
            model_name="worktitle",
            name="work_has_a_title_once",
        ),
        migrations.AddField(
            model_name="changelog",
            name="party",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="changes", to="works.party"
            ),
        ),
        migrations.AddField(
            model_name="partyname",
            name="confirmed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="partyname",
            name="confirmed_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="partyname",
            name="end_reason",
            field=models.CharField(blank=True, db_default="", default="", max_length=300),
        ),
        migrations.AddField(
            model_name="partyname",
            name="ended_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="partyname",
            name="ended_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="partyname",
            name="file",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="files.storedfile",
            ),
        ),
        migrations.AddField(
            model_name="partyname",
            name="language",
            field=models.CharField(blank=True, db_default="", default="", max_length=10),
        ),
        migrations.AddField(
            model_name="partyname",
            name="note",
            field=models.CharField(blank=True, db_default="", default="", max_length=300),
        ),
        migrations.AddField(
            model_name="partyname",
            name="said_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddField(
            model_name="partyname",
            name="said_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="partyname",
            name="said_for",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organisation",
            ),
        ),
        migrations.AddField(
            model_name="partyname",
            name="source",
            field=models.CharField(
                choices=[
                    ("register", "the register, before names said from whom they came"),
                    ("publisher", "a publisher"),
                    ("member", "a member"),
                    ("staff", "the society"),
                    ("service", "a service"),
                    ("file", "an imported file"),
                ],
                db_default="register",
                default="register",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="worktitle",
            name="confirmed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="worktitle",
            name="confirmed_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="worktitle",
            name="end_reason",
            field=models.CharField(blank=True, db_default="", default="", max_length=300),
        ),
        migrations.AddField(
            model_name="worktitle",
            name="ended_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="worktitle",
            name="ended_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="worktitle",
            name="file",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="files.storedfile",
            ),
        ),
        migrations.AddField(
            model_name="worktitle",
            name="note",
            field=models.CharField(blank=True, db_default="", default="", max_length=300),
        ),
        migrations.AddField(
            model_name="worktitle",
            name="said_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddField(
            model_name="worktitle",
            name="said_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="worktitle",
            name="said_for",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organisation",
            ),
        ),
        migrations.AddField(
            model_name="worktitle",
            name="source",
            field=models.CharField(
                choices=[
                    ("register", "the register, before names said from whom they came"),
                    ("publisher", "a publisher"),
                    ("member", "a member"),
                    ("staff", "the society"),
                    ("service", "a service"),
                    ("file", "an imported file"),
                ],
                db_default="register",
                default="register",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="partyname",
            name="kind",
            field=models.CharField(
                choices=[
                    ("original", "original"),
                    ("alternative", "alternative"),
                    ("translated", "translated"),
                    ("romanised", "romanised"),
                    ("stage", "stage name"),
                    ("member", "member of the group"),
                    ("service", "as a service writes it"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="worktitle",
            name="kind",
            field=models.CharField(
                choices=[
                    ("OT", "original title"),
                    ("AT", "alternative title"),
                    ("TT", "translated title"),
                    ("RT", "romanised title"),
                    ("SV", "as a service writes it"),
                ],
                max_length=2,
            ),
        ),
        migrations.AddConstraint(
            model_name="partyname",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)), fields=("party", "text"), name="party_has_a_name_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="worktitle",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)), fields=("work", "text"), name="work_has_a_title_once"
            ),
        ),
        migrations.AddField(
            model_name="namedispute",
            name="opened_by",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="namedispute",
            name="opened_for",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organisation",
            ),
        ),
        migrations.AddField(
            model_name="namedispute",
            name="party_name",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="disputes", to="works.partyname"
            ),
        ),
        migrations.AddField(
            model_name="namedispute",
            name="settled_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="namedispute",
            name="work_title",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="disputes", to="works.worktitle"
            ),
        ),
        migrations.AddField(
            model_name="recordingtitle",
            name="confirmed_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="recordingtitle",
            name="ended_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="recordingtitle",
            name="file",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="files.storedfile",
            ),
        ),
        migrations.AddField(
            model_name="recordingtitle",
            name="recording",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="titles", to="works.recording"
            ),
        ),
        migrations.AddField(
            model_name="recordingtitle",
            name="said_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="recordingtitle",
            name="said_for",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organisation",
            ),
        ),
        migrations.AddField(
            model_name="namedispute",
            name="recording_title",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="disputes",
                to="works.recordingtitle",
            ),
        ),
        migrations.AddConstraint(
            model_name="recordingtitle",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("recording", "text"),
                name="recording_has_a_title_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="namedispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("party_name__isnull", False), ("recording_title__isnull", True), ("work_title__isnull", True)
                    ),
                    models.Q(
                        ("party_name__isnull", True), ("recording_title__isnull", True), ("work_title__isnull", False)
                    ),
                    models.Q(
                        ("party_name__isnull", True), ("recording_title__isnull", False), ("work_title__isnull", True)
                    ),
                    _connector="OR",
                ),
                name="dispute_is_about_one_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="namedispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", ""), ("settled_at__isnull", True)),
                    models.Q(models.Q(("outcome", ""), _negated=True), ("settled_at__isnull", False)),
                    _connector="OR",
                ),
                name="dispute_is_settled_with_an_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="namedispute",
            constraint=models.UniqueConstraint(
                condition=models.Q(("settled_at__isnull", True)),
                fields=("party_name",),
                name="party_name_is_disputed_once_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="namedispute",
            constraint=models.UniqueConstraint(
                condition=models.Q(("settled_at__isnull", True)),
                fields=("work_title",),
                name="work_title_is_disputed_once_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="namedispute",
            constraint=models.UniqueConstraint(
                condition=models.Q(("settled_at__isnull", True)),
                fields=("recording_title",),
                name="recording_title_is_disputed_once_at_a_time",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(ONLY_ENDED, "DROP FUNCTION works_name_is_only_ended()"),
        *(migrations.RunSQL(GUARD.format(table=name), UNGUARD.format(table=name)) for name in NAMES),
        migrations.RunSQL(
            NO_DISPUTE_VANISHES,
            """
            DROP TRIGGER dispute_is_only_settled ON works_namedispute;
            DROP TRIGGER dispute_is_never_deleted ON works_namedispute;
            DROP FUNCTION works_dispute_is_only_settled();
            """,
        ),
        migrations.RunPython(derive, migrations.RunPython.noop),
    ]
