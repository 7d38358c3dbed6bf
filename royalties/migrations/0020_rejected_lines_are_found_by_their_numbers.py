"""One index less: of the two that found the rejected lines of a report, PostgreSQL took the one without their numbers."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("royalties", "0019_runs_of_lines_are_summed_where_they_are_read"),
    ]
    operations: ClassVar[list[migrations.operations.base.Operation]] = [
        migrations.AlterField(
            model_name="rejectedline",
            name="report",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="rejected_lines",
                to="royalties.report",
            ),
        ),
    ]
