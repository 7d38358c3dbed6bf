"""The statements of Tencent Music: their headers in Chinese and English, their families, their platforms.

One header means different things in two families, so columns are looked up by family and header, never by header alone.
The family `song` can be read; the others are recognised and refused by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from royalties.models import Service
from royalties.reports.base import FamilyNotYet, HeaderIsAmbiguous, HeaderNotRecognised, Layout, header_key

SONG, K, SINGLE, AITING, MV = "song", "k", "single", "aiting", "mv"
EVERY: Final = (SONG, K, SINGLE, AITING, MV)
CAN_BE_READ: Final = frozenset({SONG})

# Meaning, English headers, Chinese headers, families. Of several columns for the period the first of this table counts.
COLUMNS: Final[list[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]]] = [
    ("period", ("Period", "Date", "Upload Date"), ("结算期间", "日期", "结算开始时间"), EVERY),
    ("platform", ("Platform",), ("平台", "结算平台"), EVERY),
    ("song_id", (), ("中央曲库ID",), EVERY),
    ("isrc", ("ISRC",), ("歌曲ISRC",), EVERY),
    ("title", ("Song", "Track", "Title"), ("歌曲名",), (SONG, K, SINGLE, AITING)),
    ("title", ("MV", "Music Video"), ("MV名",), (MV,)),
    ("artist", ("Artist",), ("歌手名",), EVERY),
    ("album", ("Album",), ("专辑名",), EVERY),
    ("money", ("License Fees - Total",), ("CP分成收入",), EVERY),
    ("free_mode_usage", ("License Fees - Free Music Service-Free Mode-Number of Content Used",), ("广告收入分成-使用量",), (SONG,)),
    ("non_free_mode_usage", ("License Fees - Free Music Service-Non-Free Mode-Number of Content Used",), (), (SONG,)),
    ("sub_basic_usage", ("Subscription Music Service(Basic)",), ("基本包月收入分成-使用量",), (SONG,)),
    ("sub_senior_usage", ("Subscription Music Service(Senior)",), ("高级包月收入分成-使用量",), (SONG,)),
]  # fmt: skip
NEEDED: Final = ("period", "platform", "title", "artist", "money")
USES: Final = ("free_mode_usage", "non_free_mode_usage", "sub_basic_usage", "sub_senior_usage")
SONG_USES: Final = ("广告收入分成-使用量",)  # also a header of `aiting`: alone it says nothing
FIRST_COUNTS: Final = frozenset({"period"})

# A header that only one family has.
TELLING: Final[list[tuple[str, tuple[str, ...]]]] = [
    (MV, ("MV名", "MV", "Music Video", "广告收入分成-非免模-MV使用量",
          "License Fees - Free Music Service-Non-free Mode-Consumption of MV")),
    (K, ("按次分成-词使用量", "K歌按次分成使用量", "按次分成-曲使用量", "按次分成-邻接权使用量-原版音源",
         "按次分成-邻接权使用量-版权方提供伴奏", "按次分成-邻接权使用量-依据版权方提供音源制作伴奏",
         "License Fees-Per Play-Consumption of Lyrics", "License Fees-Per Play-Consumption of Composition",
         "License Fees-Per Play-Consumption of Recording-Original Version",
         "License Fees-Per Play-Consumption of Recording-Karaoke Version Provided by Licensor",
         "License Fees-Per Play-Consumption of Recording-Karaoke Version Processed by TME")),
    (SINGLE, ("IOS销量", "非IOS销量", "Sales_IOS", "Sales_Others")),
    (AITING, ("结算平台ID（32=aiting）", "包月收入分成-使用量", "Consumption - Subscription Music Service")),
    (SONG, ("基本包月收入分成-使用量", "高级包月收入分成-使用量", "打榜收入", "MuCoin & Gift",
            "Subscription Music Service(Basic)", "Subscription Music Service(Senior)",
            "License Fees - Free Music Service-Free Mode-Number of Content Used",
            "License Fees - Free Music Service-Non-Free Mode-Number of Content Used")),
]  # fmt: skip
NAMES: Final[list[tuple[str, tuple[str, ...]]]] = [  # how names of files begin
    (SONG, ("song_", "歌曲")),
    (K, ("k_", "k歌")),
    (SINGLE, ("single_", "单曲")),
    (AITING, ("aiting", "爱听")),
    (MV, ("mv",)),
]

PLATFORMS: Final[dict[str, str]] = {
    "QQ音乐": Service.QQ,
    "QQ Music": Service.QQ,
    "酷狗": Service.KUGOU,
    "酷狗音乐": Service.KUGOU,
    "Kugou": Service.KUGOU,
    "酷我": Service.KUWO,
    "酷我音乐": Service.KUWO,
    "Kuwo": Service.KUWO,
    "全民K歌": Service.WESING,
    "WeSing": Service.WESING,
    "酷狗K歌": Service.KUGOU_KARAOKE,
    "酷狗直播": Service.KUGOU_LIVE,
    "爱听": Service.AITING,
}
NOT_CHINA: Final = frozenset({"全民K歌国际版"})


def recognise(headers: Sequence[str], label: str) -> Layout:
    """Where the columns of a file stand, from its first line; its name helps only where the headers leave it open.

    Raises HeaderNotRecognised, HeaderIsAmbiguous or FamilyNotYet.
    """
    keys = [header_key(header) for header in headers]
    family = _family_of(frozenset(keys), label)
    if family not in CAN_BE_READ:
        _find_columns(headers, keys, family)  # an unreadable file is not called a statement because of its name
        raise FamilyNotYet(family=family)
    found = _find_columns(headers, keys, family)
    return Layout(
        family=family,
        headers=tuple(headers),
        period=found["period"],
        platform=found["platform"],
        title=found["title"],
        artist=found["artist"],
        money=found["money"],
        uses=tuple(found[name] for name in USES if name in found),
        song_id=found.get("song_id"),
        isrc=found.get("isrc"),
        album=found.get("album"),
    )


def _family_of(keys: frozenset[str], label: str) -> str:
    for family, headers in TELLING:
        if keys & {header_key(header) for header in headers}:
            return family
    name = header_key(label)
    for family, beginnings in NAMES:
        if name.startswith(beginnings):
            return family
    return SONG


def _find_columns(headers: Sequence[str], keys: Sequence[str], family: str) -> dict[str, int]:
    """Meaning → index of its column."""
    found: dict[str, int] = {}
    for meaning, english, chinese, families in COLUMNS:
        if family not in families:
            continue
        wanted = [header_key(header) for header in (*chinese, *english)]
        places = [at for key in wanted for at, given in enumerate(keys) if given == key]
        if len(places) > 1 and meaning not in FIRST_COUNTS:
            raise HeaderIsAmbiguous(first=headers[places[0]], second=headers[places[1]])
        if places:
            found[meaning] = places[0]
    for meaning in NEEDED:
        if meaning not in found:
            raise HeaderNotRecognised(missing=next(chinese[0] for name, _, chinese, _ in COLUMNS if name == meaning))
    if family == SONG and not any(meaning in found for meaning in USES):
        raise HeaderNotRecognised(missing=SONG_USES[0])
    return found
