"""The sources every installation knows, and what is declared of the first one."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SOURCES = [  # code, name, id space, currency
    ("tme", "Tencent Music", "tme", "CNY"),
    ("mcsc", "MCSC", "mcsc", "CNY"),
    ("youtube", "YouTube", "youtube", "USD"),
    ("generic", "기타 출처", "generic", "CNY"),
]
TME_NOTE = (
    "협회가 확인해야 할 가정이에요: 줄의 금액(CP分成收入)은 저작물 전체에 대한 저작물의 돈이에요. "
    "알려진 머리글은 음원 정산서에서 왔고, 가사와 곡의 정산서는 공개된 것이 없어요."
)


def add_sources(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    source = apps.get_model("royalties", "Source")
    source.objects.bulk_create(
        [source(code=code, name=name, id_space=space, currency=currency) for code, name, space, currency in SOURCES]
    )
    tme = source.objects.get(code="tme")
    apps.get_model("royalties", "SourceProfile").objects.create(
        source=tme,
        family="",
        basis="whole",
        from_date=dt.date(2020, 1, 1),
        note=TME_NOTE,
    )
    apps.get_model("royalties", "RightSplit").objects.create(
        source=tme,
        from_date=dt.date(2020, 1, 1),
        performing=1,
        mechanical=1,
        synchronisation=0,
        denominator=2,
    )


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("royalties", "0002_rules")]
    operations: ClassVar[list[migrations.RunPython]] = [migrations.RunPython(add_sources, migrations.RunPython.noop)]
