"""An upload says how its letters were read, because a wrong guess would show in every title."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("works", "0003_societies")]
    operations: ClassVar[list[migrations.AddField]] = [
        migrations.AddField("catalogueupload", "encoding", models.CharField(blank=True, max_length=10)),
    ]
