"""Indexes that hold all that the matcher asks of keys of names and of shares: it reads no row of a party's key and of a share."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("works", "0013_titles_are_found_by_who_performs_them")]
    operations: ClassVar[list[Operation]] = [
        migrations.RemoveIndex("partykey", "party_by_key"),
        migrations.AddIndex("partykey", models.Index(fields=["key", "party"], include=["text"], name="party_by_key")),
        migrations.RemoveIndex("share", "share_of_work"),
        migrations.AddIndex("share", models.Index(fields=["work", "right"], include=["party"], name="share_of_work")),
    ]
