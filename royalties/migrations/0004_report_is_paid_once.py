"""A report is paid by one pool, whoever writes."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("royalties", "0003_sources")]
    operations: ClassVar[list[migrations.RunSQL]] = [
        migrations.RunSQL(
            "CREATE UNIQUE INDEX report_is_paid_once ON royalties_pool_reports (report_id)",
            "DROP INDEX report_is_paid_once",
        ),
    ]
