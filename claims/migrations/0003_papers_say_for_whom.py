"""A paper that a delegate filed says for whom."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("claims", "0002_rules"), ("accounts", "0003_delegates")]
    operations: ClassVar[list[migrations.AddField]] = [
        migrations.AddField(
            "attachment",
            "on_behalf_of",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.organisation"
            ),
        ),
    ]
