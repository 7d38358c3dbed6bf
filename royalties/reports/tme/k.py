"""Karaoke on WeSing and Kugou: `k_202609.xlsx`, K歌. Words and music are counted apart, and the recording beside them.

The money of a line is one; it is cut by contract price (royalties.prices). The uses of the neighbouring right are shown and
never paid: they are not works' uses.
"""

from __future__ import annotations

from typing import Final

from royalties.reports.tme.family import SONG_TITLE, Column, Family

FAMILY: Final = Family(
    code="k",
    beginnings=("k_", "k歌"),
    words="lyrics_usage",
    music="composition_usage",
    beside=("rec_orig_usage", "rec_karaoke_licensor_usage", "rec_karaoke_tme_usage"),
    columns=(
        SONG_TITLE,
        Column(
            meaning="lyrics_usage",
            chinese=("按次分成-词使用量", "K歌按次分成使用量"),
            english=("License Fees-Per Play-Consumption of Lyrics",),
            tells=True,
        ),
        Column(
            meaning="composition_usage",
            chinese=("按次分成-曲使用量",),
            english=("License Fees-Per Play-Consumption of Composition",),
            tells=True,
        ),
        Column(
            meaning="rec_orig_usage",
            chinese=("按次分成-邻接权使用量-原版音源",),
            english=("License Fees-Per Play-Consumption of Recording-Original Version",),
            tells=True,
        ),
        Column(
            meaning="rec_karaoke_licensor_usage",
            chinese=("按次分成-邻接权使用量-版权方提供伴奏",),
            english=("License Fees-Per Play-Consumption of Recording-Karaoke Version Provided by Licensor",),
            tells=True,
        ),
        Column(
            meaning="rec_karaoke_tme_usage",
            chinese=("按次分成-邻接权使用量-依据版权方提供音源制作伴奏",),
            english=("License Fees-Per Play-Consumption of Recording-Karaoke Version Processed by TME",),
            tells=True,
        ),
    ),
)
