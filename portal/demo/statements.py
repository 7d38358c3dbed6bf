"""Invented monthly statements in the shape of Tencent Music's `song` family: one as xlsx, one as CSV in GB18030; and a small one
of karaoke, whose words and music are counted apart.

They hold what real ones hold: songs under other names and scripts, songs nobody registered, songs that could be two
works, and rows that cannot be taken.
"""

from __future__ import annotations

import csv
import datetime as dt
import random
from decimal import Decimal
from pathlib import Path
from typing import Final

import xlsxwriter

from portal.demo.catalogue import Song, songs

HEADERS: Final = [
    "结算期间",
    "平台",
    "中央曲库ID",
    "歌曲ISRC",
    "歌曲名",
    "歌手名",
    "专辑名",
    "专辑UPC",
    "点击量",
    "广告收入分成-使用量",
    "基本包月收入分成-使用量",
    "高级包月收入分成-使用量",
    "CP分成收入",
]
KARAOKE_HEADERS: Final = [
    "结算期间",
    "平台",
    "中央曲库ID",
    "歌曲名",
    "歌手名",
    "按次分成-词使用量",
    "按次分成-曲使用量",
    "按次分成-邻接权使用量-原版音源",
    "CP分成收入",
]
KARAOKE_LINES: Final = 40
PLATFORMS: Final = ["QQ音乐", "酷狗音乐", "酷我音乐", "全民K歌"]
NOT_REGISTERED: Final = [
    ("夏夜的风铃", "风铃草乐队"),
    ("Rooftop Signal", "Neon Harbor"),
    ("비 갠 뒤의 운동장", "운동장소년"),
    ("记得那年桥边", "桥边记"),
    ("물수제비", "강가의아이들"),
    ("Platform Nine Lullaby", "The Sleepwalkers"),
    ("晚风来信", "纸船"),
    ("빈 교실", "종례시간"),
]


def spelling(song: Song, way: int) -> tuple[str, str]:
    """A song's title and artist as a Chinese service might write them."""
    hangul, latin, chinese = song.performer
    ways = [
        (song.title, hangul),
        (f"{song.title} ({song.chinese})", f"{latin} ({hangul})"),
        (song.chinese, chinese),
        (song.hanja or song.title, hangul),
        (f"{song.title} (Live)", hangul),
        (song.latin, latin),
    ]
    return ways[way % len(ways)]


def tracks() -> list[tuple[str, str, str, str, str]]:
    """Song id, ISRC, title, artist and album of everything the service played."""
    found: list[tuple[str, str, str, str, str]] = []
    for number, song in enumerate(songs()):
        title, artist = spelling(song, number)
        isrc = song.rows[0]["isrc"] if number % 4 == 0 else ""
        found.append((str(7_100_000_000_000_000_000 + number * 7919), isrc, title, artist, song.rows[0]["album"]))
    for number, (title, artist) in enumerate(NOT_REGISTERED):
        found.append((str(7_200_000_000_000_000_000 + number * 7919), "", title, artist, ""))
    return found


def lines(month: dt.date, count: int) -> list[list[str]]:
    """The rows of a month without its header; about one in a hundred cannot be taken."""
    rnd = random.Random(f"garak {month:%Y-%m}")
    played = tracks()
    following = (month.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    period = f"{month:%Y%m%d}-{following - dt.timedelta(days=1):%Y%m%d}"
    rows: list[list[str]] = []
    for number in range(count):
        song_id, isrc, title, artist, album = (
            played[number] if number < len(played) else played[int(rnd.random() ** 2 * len(played))]
        )
        uses = [rnd.randrange(0, 40_000) for _ in range(4)]
        money = Decimal(rnd.randrange(200_000, 90_000_000)) / 1_000_000
        platform = PLATFORMS[number % len(PLATFORMS)]
        rows.append(
            [
                period,
                platform,
                song_id,
                isrc,
                title,
                artist,
                album,
                "",
                *map(str, uses),
                f"{money:f}",
            ]
        )
    spoilt = [
        (7, 1, "全民K歌国际版"),
        (11, 12, "1,204.50"),
        (13, 4, ""),
        (17, 0, "2026年"),
        (19, 1, "未知平台"),
        (23, 12, "-3.20"),
    ]
    for start, column, value in spoilt:
        for number in range(start * 5, count, 700):
            rows[number][column] = value
    return rows


def write_xlsx(month: dt.date, count: int, folder: Path) -> Path:
    """The statement as a spreadsheet: amounts and counts as numbers, ids as text."""
    path = folder / f"song_{month:%Y%m}.xlsx"
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_numbers": False}) as book:
        book.set_properties({"created": dt.datetime(2026, 9, 5, tzinfo=dt.UTC)})  # the same bytes every time
        sheet = book.add_worksheet("song")
        sheet.write_row(0, 0, HEADERS)
        for at, cells in enumerate(lines(month, count), 1):
            for column, text in enumerate(cells):
                if column >= 8 and text.replace(".", "", 1).isdigit():
                    sheet.write_number(at, column, float(text))  # as real ones do: six decimals survive in a double
                else:
                    sheet.write_string(at, column, text)
    return path


def write_csv(month: dt.date, count: int, folder: Path) -> Path:
    """The statement as CSV in GB18030."""
    path = folder / f"song_{month:%Y%m}.csv"
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS)
        writer.writerows(lines(month, count))
    return path


def write_karaoke(month: dt.date, folder: Path) -> Path:
    """A small statement of karaoke, as CSV: the same songs, sung with their words and without, and a line from abroad."""
    rnd = random.Random(f"garak karaoke {month:%Y-%m}")
    path = folder / f"k_{month:%Y%m}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(KARAOKE_HEADERS)
        for number, (song_id, _isrc, title, artist, _album) in enumerate(tracks()[:KARAOKE_LINES]):
            words, music = rnd.randrange(0, 4_000), rnd.randrange(1, 4_000)
            money = Decimal(3 * words + 2 * music) / 100
            platform = "全民K歌国际版" if number == KARAOKE_LINES - 1 else "全民K歌"
            writer.writerow(
                [f"{month:%Y%m%d}", platform, song_id, title, artist, words, music, words // 3, f"{money:f}"]
            )
    return path
