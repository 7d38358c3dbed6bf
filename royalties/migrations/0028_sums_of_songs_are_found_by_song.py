"""One index less on sums of songs, which are written by the hundred thousand: models.SongUsage says what finds them."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("royalties", "0027_columns_are_mapped")]
    operations: ClassVar[list[migrations.operations.base.Operation]] = [
        migrations.RemoveConstraint(model_name="songusage", name="song_usage_is_summed_once"),
        migrations.AddConstraint(
            model_name="songusage",
            constraint=models.UniqueConstraint(
                fields=["recording", "report", "usage_month", "service"], name="song_usage_is_summed_once"
            ),
        ),
        migrations.AlterField(
            model_name="songusage",
            name="recording",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="usages",
                to="royalties.reportedrecording",
            ),
        ),
        migrations.AddIndex(
            model_name="songusage",
            index=BrinIndex(fields=["report"], name="song_usage_of_report", autosummarize=True, pages_per_range=32),
        ),
    ]
