"""Songs and albums sold one by one: `single_202609.xlsx`, 单曲. A use is a sale, on iOS or elsewhere."""

from __future__ import annotations

from typing import Final

from royalties.reports.tme.family import SONG_TITLE, Column, Family

FAMILY: Final = Family(
    code="single",
    beginnings=("single_", "单曲"),
    uses=("sales_ios", "sales_other"),
    columns=(
        SONG_TITLE,
        Column(meaning="sales_ios", chinese=("IOS销量",), english=("Sales_IOS",), tells=True),
        Column(meaning="sales_other", chinese=("非IOS销量",), english=("Sales_Others",), tells=True),
    ),
)
