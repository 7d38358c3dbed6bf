"""Aiting, the plain player for older listeners: `aiting_202609.xlsx`, 爱听. Its platform may be written as its number, 32."""

from __future__ import annotations

from typing import Final

from royalties.models import Service
from royalties.reports.tme.family import PLATFORMS, SONG_TITLE, Column, Family

PLATFORM_ID: Final = "结算平台ID（32=aiting）"

FAMILY: Final = Family(
    code="aiting",
    beginnings=("aiting", "爱听"),
    uses=("free_usage", "sub_usage"),
    platforms={**PLATFORMS, "32": Service.AITING, "32.0": Service.AITING},
    columns=(
        SONG_TITLE,
        Column(meaning="platform_id", chinese=(PLATFORM_ID,)),
        Column(meaning="free_usage", chinese=("广告收入分成-使用量",), english=("Free Music Service ...",)),
        Column(
            meaning="sub_usage",
            chinese=("包月收入分成-使用量",),
            english=("Consumption - Subscription Music Service",),
            tells=True,
        ),
    ),
)
