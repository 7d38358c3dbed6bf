"""Music videos: `mv_202609.xlsx`. The title is that of the video."""

from __future__ import annotations

from typing import Final

from royalties.reports.tme.family import Column, Family

FAMILY: Final = Family(
    code="mv",
    beginnings=("mv",),
    uses=("mv_usage",),
    columns=(
        Column(meaning="title", chinese=("MV名",), english=("MV", "Music Video"), tells=True),
        Column(
            meaning="mv_usage",
            chinese=("广告收入分成-非免模-MV使用量",),
            english=("License Fees - Free Music Service-Non-free Mode-Consumption of MV",),
            tells=True,
        ),
    ),
)
