"""The album a recording is on, and how long it lasts."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar = [("works", "0018_works_are_found_in_their_indexes")]
    operations: ClassVar[list[Operation]] = [
        migrations.AddField("recording", "album", models.CharField(blank=True, db_default="", max_length=300)),
        migrations.AddField("recording", "duration_seconds", models.PositiveIntegerField(blank=True, null=True)),
    ]
