"""Large invented statements of every family, in every container: written line by line, for a million lines do not fit in a list.

One line in FAMILIES adds a family of tables, one in OTHERS another format, one in CONTAINERS a container; campaign.STATEMENTS says which are tried together.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import random
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, Final

import xlsxwriter

from portal.demo.statements import HEADERS, PLATFORMS
from tests.royalties.dsr_files import Fact, dsr_file

MONTH: Final = dt.date(2026, 9, 1)
PERIOD: Final = "20260901-20260930"
SONGS: Final = 4_000
POISON: Final = "POISON"  # what the reader of a poisoned worker dies of
MONEY: Final = "CP分成收入"
COUNTED: Final = ("量", "点击")  # how headers of counts end, or begin
# Cells for which a line is rejected, or loses decimals: header, and what stands there.
BAD: Final = (
    ("平台", "全民K歌国际版"),
    (MONEY, "1,204.50"),
    ("结算期间", "2026年"),
    (MONEY, "-3.20"),
    (MONEY, "0.1234567"),
)


@dataclass(frozen=True)
class Family:
    """The columns of a family, the platforms it names, and the cells for which its lines are rejected."""

    headers: tuple[str, ...]
    platforms: tuple[str, ...] = tuple(PLATFORMS)
    bad: tuple[tuple[str, str], ...] = BAD
    title: str = "歌曲名"
    money: str = MONEY


LEFT: Final = ("结算期间", "平台", "中央曲库ID", "歌曲ISRC", "歌曲名", "歌手名")
FAMILIES: Final[dict[str, Family]] = {
    "song": Family(tuple(HEADERS)),
    "k": Family((*LEFT, "按次分成-词使用量", "按次分成-曲使用量", "按次分成-邻接权使用量-原版音源", MONEY), platforms=("全民K歌", "酷狗K歌")),
    "single": Family((*LEFT, "IOS销量", "非IOS销量", MONEY)),
    "aiting": Family((*LEFT, "广告收入分成-使用量", "包月收入分成-使用量", MONEY), platforms=("爱听",)),
    "mv": Family((*LEFT[:4], "MV名", "歌手名", "广告收入分成-非免模-MV使用量", MONEY), title="MV名"),
    "guarantee": Family(
        ("结算期间", "平台", "版权公司", "保底金"), title="版权公司", money="保底金",
        bad=(("保底金", "1,204.50"), ("结算期间", "2026年"), ("保底金", "-3.20"), ("保底金", "0.1234567")),
    ),
}  # fmt: skip


def rows(family: str, lines: int, seed: int, poisoned: int = 0) -> Iterator[list[str]]:
    """Lines of a few thousand songs, which are the family's own; one in a hundred is rejected, or has more than six decimals.

    `poisoned`: the number of the line in the file that holds POISON.
    """
    its = FAMILIES[family]
    dice = random.Random(f"{family} {seed}")  # noqa: S311 it makes a file, not a secret
    first = 7_100_000_000_000_000_000 + list(FAMILIES).index(family) * 10**9
    title, money = its.headers.index(its.title), its.headers.index(its.money)
    counts = [at for at, header in enumerate(its.headers) if header.startswith(COUNTED) or header.endswith(COUNTED)]
    fixed = {"结算期间": PERIOD, "歌曲ISRC": "", "专辑名": "", "专辑UPC": ""}
    plain = [fixed.get(header, "") for header in its.headers]
    places = {header: at for at, header in enumerate(its.headers)}
    for number in range(lines):
        song = int(dice.random() ** 2 * SONGS)
        row = list(plain)
        row[title], row[money] = f"노래 {song} {family}", f"{dice.randrange(90_000_000) / 1_000_000:.6f}"
        for at in counts:
            row[at] = str(dice.randrange(40_000))
        for header, cell in (
            ("平台", its.platforms[number % len(its.platforms)]),
            ("中央曲库ID", str(first + song * 7919)),
            ("歌手名", f"가수 {song % 97}"),
        ):
            if header in places:
                row[places[header]] = cell
        if number % 100 == 50:
            header, value = dice.choice([*its.bad, (its.money, "")])
            row[its.headers.index(header)] = value
        if number + 2 == poisoned:
            row[title] = f"{POISON} {song}"
        yield row


def write(path: Path, lines: int, seed: int, *, family: str = "song", poisoned: int = 0) -> Path:
    """A statement in the container that the name of the file ends in."""
    if family in OTHERS:
        path.write_bytes(OTHERS[family](lines, seed))
        return path
    CONTAINERS["".join(path.suffixes)](path, FAMILIES[family], rows(family, lines, seed, poisoned))
    return path


def _dsr(lines: int, seed: int) -> bytes:
    """A DDEX report of so many usages, in blocks of a song each; one usage in a hundred is rejected."""
    dice = random.Random(f"dsr {seed}")  # noqa: S311 it makes a file, not a secret
    usages = []
    for number in range(lines):
        song = int(dice.random() ** 2 * SONGS)
        uses = "1.5" if number % 100 == 50 else str(dice.randrange(1, 40_000))
        usages.append([
            Fact(song_id=f"R-{song}", isrc="", title=f"노래 {song}", artist=f"가수 {song % 97}", iswc="", writers=(), uses=uses)
        ])  # fmt: skip
    return dsr_file("audio-1.1", usages).content()


OTHERS: Final[Mapping[str, Callable[[int, int], bytes]]] = {"dsr": _dsr}  # formats that are no tables


def _text(file: IO[bytes], encoding: str, its: Family, lines: Iterator[list[str]], delimiter: str = ",") -> None:
    with TextIOWrapper(file, encoding=encoding, newline="") as text:
        writer = csv.writer(text, delimiter=delimiter)
        writer.writerow(its.headers)
        writer.writerows(lines)


def _csv(path: Path, its: Family, lines: Iterator[list[str]]) -> None:
    """As Tencent sends it: CSV in GB18030, without letters it does not have."""
    _text(path.open("wb"), "gb18030", its, lines)


def _tsv(path: Path, its: Family, lines: Iterator[list[str]]) -> None:
    """In UTF-16, which is rewritten before it is read."""
    _text(path.open("wb"), "utf-16", its, lines, "\t")


def _gzip(path: Path, its: Family, lines: Iterator[list[str]]) -> None:
    with gzip.open(path, "wb") as packed:
        _text(packed, "utf-8", its, lines)  # type: ignore[arg-type]  # a file of bytes


def _zip(path: Path, its: Family, lines: Iterator[list[str]]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(f"{path.stem}.csv", "w") as packed:
        _text(packed, "utf-8", its, lines)


def _xlsx(path: Path, its: Family, lines: Iterator[list[str]]) -> None:
    texts = {at for at, header in enumerate(its.headers) if header in {*LEFT, its.title, "专辑名", "专辑UPC"}}
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet(path.stem.partition("_")[0])
        sheet.write_row(0, 0, its.headers)
        for at, cells in enumerate(lines, 1):
            for column, text in enumerate(cells):
                if column not in texts and text.replace(".", "", 1).isdigit():
                    sheet.write_number(at, column, float(text))
                else:
                    sheet.write_string(at, column, text)


CONTAINERS: Final[Mapping[str, Callable[[Path, Family, Iterator[list[str]]], Any]]] = {
    ".csv": _csv, ".tsv": _tsv, ".csv.gz": _gzip, ".zip": _zip, ".xlsx": _xlsx,
}  # fmt: skip
