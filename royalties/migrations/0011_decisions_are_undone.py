"""What staff decide in the review is a row of its own and can be undone; songs are matched again with a look before."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import royalties.models

KEPT = """
CREATE TRIGGER staff_decisions_are_append_only BEFORE UPDATE OR DELETE ON royalties_staffdecision
    FOR EACH ROW EXECUTE FUNCTION garak_append_only();
CREATE TRIGGER staff_decisions_are_never_emptied BEFORE TRUNCATE ON royalties_staffdecision
    FOR EACH STATEMENT EXECUTE FUNCTION garak_append_only();
REVOKE UPDATE, DELETE, TRUNCATE ON royalties_staffdecision FROM garak_app;
"""
NOT_KEPT = """
DROP TRIGGER staff_decisions_are_append_only ON royalties_staffdecision;
DROP TRIGGER staff_decisions_are_never_emptied ON royalties_staffdecision;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("royalties", "0010_sums_stand_on_a_proof"),
        ("works", "0006_an_upload_is_registered_work_by_work"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Rematch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=royalties.models.rematch_ref, max_length=12, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("looking", "being matched again"),
                            ("ready", "to be looked at"),
                            ("applying", "being applied"),
                            ("applied", "applied"),
                            ("undoing", "being taken back"),
                            ("undone", "taken back"),
                            ("stopped", "stopped"),
                        ],
                        default="looking",
                        max_length=8,
                    ),
                ),
                ("looked_at", models.IntegerField(default=0)),
                ("skipped", models.IntegerField(default=0)),
                ("kept", models.IntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("applied_at", models.DateTimeField(null=True)),
                ("undone_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="RematchSong",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "outcome",
                    models.CharField(
                        choices=[("accepted", "matched"), ("review", "to review"), ("none", "unmatched")], max_length=8
                    ),
                ),
                ("method", models.CharField(max_length=20)),
                ("probability_permille", models.IntegerField()),
                ("evidence", models.JSONField(default=dict)),
                ("works", models.JSONField(default=list)),
            ],
        ),
        migrations.CreateModel(
            name="StaffDecision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=royalties.models.decision_ref, max_length=12, unique=True)),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("accept", "it is this work"),
                            ("reject", "it is not this work"),
                            ("leave_out", "not in our repertoire"),
                            ("repoint", "two works became one"),
                            ("undo", "a decision was taken back"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("songs", models.IntegerField(default=1)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="rejectedpair",
            name="pair_is_rejected_once",
        ),
        migrations.AlterField(
            model_name="rejectedpair",
            name="reason",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="rematch",
            name="applied_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="rematch",
            name="created_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="rematch",
            name="undone_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="rematchsong",
            name="after",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="royalties.match",
            ),
        ),
        migrations.AddField(
            model_name="rematchsong",
            name="before",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="royalties.match"
            ),
        ),
        migrations.AddField(
            model_name="rematchsong",
            name="recording",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="royalties.reportedrecording",
            ),
        ),
        migrations.AddField(
            model_name="rematchsong",
            name="rematch",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="songs",
                to="royalties.rematch",
            ),
        ),
        migrations.AddField(
            model_name="staffdecision",
            name="actor",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="staffdecision",
            name="undoes",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="undone_by",
                to="royalties.staffdecision",
            ),
        ),
        migrations.AddField(
            model_name="staffdecision",
            name="work",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="works.work",
            ),
        ),
        migrations.AddField(
            model_name="match",
            name="decision",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="matches",
                to="royalties.staffdecision",
            ),
        ),
        migrations.AddField(
            model_name="rejectedpair",
            name="decision",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="rejected_pairs",
                to="royalties.staffdecision",
            ),
        ),
        migrations.AddIndex(
            model_name="match",
            index=models.Index(
                condition=models.Q(("decision__isnull", False)), fields=["decision"], name="match_of_decision"
            ),
        ),
        migrations.AddIndex(
            model_name="match",
            index=models.Index(
                condition=models.Q(("outcome__in", ["review", "none"]), ("superseded_at__isnull", True)),
                fields=["outcome", "recording"],
                name="match_that_waits",
            ),
        ),
        migrations.AddIndex(
            model_name="rejectedpair",
            index=models.Index(
                condition=models.Q(("decision__isnull", False)), fields=["decision"], name="pair_of_decision"
            ),
        ),
        migrations.AddConstraint(
            model_name="rejectedpair",
            constraint=models.UniqueConstraint(fields=("recording", "work", "decision"), name="pair_is_rejected_once"),
        ),
        migrations.AddConstraint(
            model_name="rematchsong",
            constraint=models.UniqueConstraint(fields=("rematch", "recording"), name="song_is_matched_again_once"),
        ),
        migrations.AddConstraint(
            model_name="staffdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("action", "undo"), ("undoes__isnull", False)),
                    models.Q(models.Q(("action", "undo"), _negated=True), ("undoes__isnull", True)),
                    _connector="OR",
                ),
                name="what_takes_back_says_what",
            ),
        ),
        migrations.RunSQL(KEPT, NOT_KEPT),
    ]
