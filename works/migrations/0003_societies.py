"""The societies that stand in the shares of Korean works used in China (CISAC codes, SG26-0077, 6 July 2026)."""

from __future__ import annotations

from typing import ClassVar

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SOCIETIES = [  # code, name, TIS territory
    ("118", "KOMCA", 410),
    ("336", "KOSCAP", 410),
    ("119", "MCSC", 156),
    ("026", "CASH", 344),
    ("161", "MÜST", 158),
    ("265", "MACA", 446),
    ("038", "JASRAC", 392),
    ("782", "NexTone", 392),
    ("052", "PRS", 826),
    ("010", "ASCAP", 840),
    ("021", "BMI", 840),
    ("035", "GEMA", 276),
    ("058", "SACEM", 250),
    ("008", "APRA", 36),
    ("101", "SOCAN", 124),
]


def add_societies(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    society = apps.get_model("works", "Society")
    society.objects.bulk_create(
        [society(code=code, name=name, territory=tis) for code, name, tis in SOCIETIES],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("works", "0002_rules")]
    operations: ClassVar[list[migrations.RunPython]] = [migrations.RunPython(add_societies, migrations.RunPython.noop)]
