"""Beside a key of a name stands what kind of party bears it: performers are found without looking at the parties one by one."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation

FILL = "UPDATE works_partykey k SET kind = p.kind FROM works_party p WHERE p.id = k.party_id"


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("works", "0015_files_of_names_are_jobs")]
    operations: ClassVar[list[Operation]] = [
        migrations.RemoveIndex("partykey", "party_by_key"),
        migrations.AddField("partykey", "kind", models.CharField(default="", max_length=10), preserve_default=False),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            "partykey", models.Index(fields=["key", "party"], include=["kind", "text"], name="party_by_key")
        ),
    ]
