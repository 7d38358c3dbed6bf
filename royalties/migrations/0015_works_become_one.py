"""Works that may be one, with the money that rests on them; a decision that repoints songs belongs to a merge."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("royalties", "0014_a_song_may_be_several_works"),
        ("works", "0012_works_become_one"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LikelyDuplicate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=300)),
                (
                    "shared",
                    models.CharField(
                        choices=[("performer", "the same performer"), ("writer", "the same writer")], max_length=9
                    ),
                ),
                ("songs", models.IntegerField()),
                ("lines", models.BigIntegerField()),
                ("money", models.DecimalField(decimal_places=0, max_digits=38)),
                ("currency", models.CharField(max_length=3)),
                ("found_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="staffdecision",
            name="merge",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="repointed", to="works.workmerge"
            ),
        ),
        migrations.AddConstraint(
            model_name="staffdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("action", "repoint"), ("merge__isnull", False)),
                    models.Q(models.Q(("action", "repoint"), _negated=True), ("merge__isnull", True)),
                    _connector="OR",
                ),
                name="what_repoints_says_which_merge",
            ),
        ),
        migrations.AddField(
            model_name="likelyduplicate",
            name="one",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="works.work"
            ),
        ),
        migrations.AddField(
            model_name="likelyduplicate",
            name="other",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="works.work"
            ),
        ),
        migrations.AddField(
            model_name="likelyduplicate",
            name="party",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="works.party"
            ),
        ),
        migrations.AddIndex(
            model_name="likelyduplicate",
            index=models.Index(fields=["-money", "-lines", "id"], name="duplicate_by_money"),
        ),
        migrations.AddConstraint(
            model_name="likelyduplicate",
            constraint=models.UniqueConstraint(fields=("one", "other"), name="two_works_are_likely_once"),
        ),
    ]
