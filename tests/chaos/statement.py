"""A large invented statement: written line by line, for a million lines do not fit in a list."""

from __future__ import annotations

import csv
import datetime as dt
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import xlsxwriter

from portal.demo.statements import HEADERS, PLATFORMS

MONTH: Final = dt.date(2026, 9, 1)
PERIOD: Final = "20260901-20260930"
SONGS: Final = 4_000
BAD: Final = {
    7: (1, "全民K歌国际版"),
    11: (12, "1,204.50"),
    17: (0, "2026年"),
    23: (12, "-3.20"),
    29: (12, "0.1234567"),
}


POISON: Final = "POISON"  # what the reader of a poisoned worker dies of


def rows(lines: int, seed: int, poisoned: int = 0) -> Iterator[list[str]]:
    """Lines of a few thousand songs; one in a hundred is rejected, and some have more than six decimals.

    `poisoned`: the number of the line in the file that holds POISON.
    """
    dice = random.Random(seed)  # noqa: S311 it makes a file, not a secret
    for number in range(lines):
        song = int(dice.random() ** 2 * SONGS)
        row = [
            PERIOD, PLATFORMS[number % len(PLATFORMS)], str(7_100_000_000_000_000_000 + song * 7919), "",
            f"노래 {song}", f"가수 {song % 97}", "", "", "1", "2", "3", str(dice.randrange(40_000)),
            f"{dice.randrange(90_000_000) / 1_000_000:.6f}",
        ]  # fmt: skip
        if number % 100 == 50:
            column, value = BAD.get(dice.choice(list(BAD)), (12, ""))
            row[column] = value
        if number + 2 == poisoned:
            row[4] = f"{POISON} {song}"
        yield row


def write_csv(path: Path, lines: int, seed: int, poisoned: int = 0) -> Path:
    """As Tencent sends it: CSV in GB18030, without letters it does not have."""
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS)
        writer.writerows(rows(lines, seed, poisoned))
    return path


def write_xlsx(path: Path, lines: int, seed: int) -> Path:
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet("song")
        sheet.write_row(0, 0, HEADERS)
        for at, cells in enumerate(rows(lines, seed), 1):
            for column, text in enumerate(cells):
                if column >= 8 and text.replace(".", "", 1).isdigit():
                    sheet.write_number(at, column, float(text))
                else:
                    sheet.write_string(at, column, text)
    return path
