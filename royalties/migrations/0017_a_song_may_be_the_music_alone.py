"""A song may be the music of a work with other words: what the work's shares have for the words is kept, not paid."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("royalties", "0016_lines_are_stored_by_the_thousand")]

    operations = [
        migrations.AddField(
            model_name="matchwork",
            name="music_alone",
            field=models.BooleanField(default=False, db_default=False),
        ),
        migrations.AddField(
            model_name="runshare",
            name="music_alone",
            field=models.BooleanField(default=False, db_default=False),
        ),
        migrations.AddField(
            model_name="runshare",
            name="words",
            field=models.BooleanField(default=False, db_default=False),
        ),
        migrations.RemoveConstraint(model_name="runshare", name="cell_is_frozen_once"),
        migrations.AddConstraint(
            model_name="runshare",
            constraint=models.UniqueConstraint(
                fields=["run", "work", "right", "usage_month", "basis", "music_alone", "position"],
                name="cell_is_frozen_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="runshare",
            constraint=models.CheckConstraint(
                condition=Q(words=False)
                | Q(music_alone=True, share__isnull=True, party__isnull=True, state="suspense"),
                name="words_are_kept_for_nobody_known",
            ),
        ),
        migrations.AlterField(
            model_name="staffdecision",
            name="action",
            field=models.CharField(
                choices=[
                    ("accept", "it is this work"),
                    ("divide", "it is several works"),
                    ("reject", "it is not this work"),
                    ("leave_out", "not in our repertoire"),
                    ("repoint", "two works became one"),
                    ("music", "its music alone"),
                    ("undo", "a decision was taken back"),
                ],
                max_length=10,
            ),
        ),
    ]
