"""Songs streamed on QQ Music, Kugou and Kuwo: `song_202609.xlsx`, 歌曲."""

from __future__ import annotations

from typing import Final

from royalties.reports.tme.family import SONG_TITLE, Column, Family

FAMILY: Final = Family(
    code="song",
    beginnings=("song_", "歌曲"),
    uses=("free_mode_usage", "non_free_mode_usage", "sub_basic_usage", "sub_senior_usage"),
    columns=(
        SONG_TITLE,
        # The Chinese header is one of `aiting` as well, and so is the English one that stands in two families: they tell nothing.
        Column(
            meaning="free_mode_usage",
            chinese=("广告收入分成-使用量",),
            english=("License Fees - Free Music Service-Free Mode-Number of Content Used", "Free Music Service ..."),
        ),
        Column(
            meaning="non_free_mode_usage",
            english=("License Fees - Free Music Service-Non-Free Mode-Number of Content Used",),
            tells=True,
        ),
        Column(
            meaning="sub_basic_usage",
            chinese=("基本包月收入分成-使用量",),
            english=("Subscription Music Service(Basic)",),
            tells=True,
        ),
        Column(
            meaning="sub_senior_usage",
            chinese=("高级包月收入分成-使用量",),
            english=("Subscription Music Service(Senior)",),
            tells=True,
        ),
        Column(meaning="mucoin", chinese=("打榜收入",), english=("MuCoin & Gift",), tells=True),
    ),
)
