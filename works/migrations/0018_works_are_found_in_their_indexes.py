"""Indexes that hold all that the matcher asks of performers, their names and shares; those that another one begins with are gone."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("works", "0017_what_an_artist_performs_stands_in_one_row")]
    operations: ClassVar[list[Operation]] = [
        migrations.AddIndex(
            "workperformer", models.Index(fields=["work"], include=["party"], name="performer_of_work")
        ),
        migrations.AlterField(
            "workperformer",
            "work",
            models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="performers", to="works.work"
            ),
        ),
        migrations.RemoveConstraint("partyname", "party_has_a_name_once"),
        migrations.AddConstraint(
            "partyname",
            models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("party", "text"),
                include=("id",),
                name="party_has_a_name_once",
            ),
        ),
        migrations.RemoveIndex("share", "share_of_party"),
        migrations.AddIndex("share", models.Index(fields=["party", "work"], name="share_of_party")),
        migrations.AlterField(
            "share",
            "party",
            models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="shares", to="works.party"
            ),
        ),
        migrations.AlterField(
            "share",
            "work",
            models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="shares", to="works.work"
            ),
        ),
    ]
