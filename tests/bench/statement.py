"""What is measured on: an invented register, and one month's statement of it as CSV in GB18030 and as xlsx.

Nothing is taken from anywhere: the same numbers of lines and songs make the same bytes. Unless said otherwise a song stands on
125 lines on average, a few on thousands; four in five are registered, under the reported name or one that says the same; one
line in a thousand cannot be taken, never the first of a song. All songs are new to the portal, as in a service's first
month, which is the slowest.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import xlsxwriter

from portal.demo.catalogue import COLUMNS, PUBLISHERS, iswc
from portal.demo.statements import HEADERS, PLATFORMS

LINES_A_SONG: Final = 125
WRITERS: Final = 400
WRITER_WHO_SIGNS_IN: Final = "도해온"
MONTH: Final = "20260901-20260930"
NUMBERS_FROM: Final = 8  # columns from here on hold numbers
SYLLABLES: Final = "가나다라마바사아자차카타파하노을별빛바람꽃비눈길강산달밤봄여름겨울사랑이별그대우리하늘구름편지"
CHARACTERS: Final = "夜雨春风花月星河云海山川青白红雪梦歌行路人间归来明天远方故乡少年时光晴空长江小城灯火"
SOUNDS: Final = ("blue", "sea", "night", "ray", "moon", "fall", "echo", "line", "home", "lane", "star", "mile", "glow")


class Track(NamedTuple):
    song_id: str
    isrc: str
    title: str
    artist: str


def name(rnd: random.Random) -> str:
    """A title or a name in one of three scripts."""
    kind = rnd.random()
    if kind < 0.5:
        words = ("".join(rnd.choices(SYLLABLES, k=rnd.randint(2, 4))) for _word in range(rnd.randint(1, 3)))
        return " ".join(words)
    if kind < 0.75:
        return "".join(rnd.choices(CHARACTERS, k=rnd.randint(3, 6)))
    return " ".join(word.capitalize() for word in rnd.choices(SOUNDS, k=rnd.randint(3, 5)))


def songs_of(lines: int) -> int:
    """How many songs a statement of so many lines names, unless said otherwise."""
    return lines // LINES_A_SONG


def works(songs: int) -> list[tuple[str, str]]:
    """Title and performer of every registered work."""
    rnd = random.Random("register")  # noqa: S311  # nothing secret here and below
    artists = [name(rnd) for _artist in range(max(songs // 12, 8))]
    return [(name(rnd), rnd.choice(artists)) for _work in range(max(songs * 8 // 10, 8))]


def write_catalogue(songs: int, path: Path) -> None:
    """The register as a catalogue of our template: two writers a work, and a publisher on every third."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for number, (title, performer) in enumerate(works(songs)):
            work = {
                "work_ref": f"B-{number:06d}", "title": title, "performer": performer, "iswc": iswc(100_000_000 + number),
                "isrc": f"KRBNC26{number:05d}"[:12] if number % 4 == 0 else "",
            }  # fmt: skip
            composer = WRITER_WHO_SIGNS_IN if number % 20 == 0 else f"작곡 {number % WRITERS}"
            with_publisher = number % 3 == 0
            share = "4/12" if with_publisher else "6/12"
            parties = [(composer, "C", ""), (f"작사 {number * 7 % WRITERS}", "A", "")]
            if with_publisher:
                parties.append((PUBLISHERS[1].name, "E", composer))
            for party, role, publisher_of in parties:
                money = {"performing_share": share, "mechanical_share": share, "publisher_of": publisher_of}
                writer.writerow({**work, "party": party, "role": role, "society": "118", **money})


def tracks(songs: int) -> list[Track]:
    """What the service played: of the register and of others, as a service writes it."""
    rnd = random.Random("tracks")  # noqa: S311
    found: list[Track] = []
    for number, (title, artist) in enumerate(works(songs)):
        way = number % 10
        if way == 1:
            title += " (Live)"
        elif way == 2:
            title = f"{title}, {title}"  # a comma puts the cell in quotation marks
        elif way == 3:
            artist += " (Various)"
        isrc = f"KRBNC26{number:05d}"[:12] if number % 8 == 0 else ""
        found.append(Track(str(7_100_000_000_000_000_000 + number * 7919), isrc, title, artist))
    others = range(len(found) // 4)
    found += [Track(str(7_300_000_000_000_000_000 + number * 7919), "", name(rnd), name(rnd)) for number in others]
    rnd.shuffle(found)
    return found


def rows(lines: int, played: Sequence[Track]) -> Iterator[list[str]]:
    """The lines of the statement without its header, as texts. Every song stands on one, as long as there are lines."""
    rnd = random.Random("lines")  # noqa: S311
    for number in range(lines):
        track = played[number] if number < len(played) else played[int(rnd.random() ** 3 * len(played))]
        uses = [str(rnd.randrange(100_000)) for _column in range(3)]
        micros = rnd.randrange(50_000_000)
        money = f"{micros // 10**6}.{micros % 10**6:06d}".rstrip("0").rstrip(".")
        if number % 1000 == 999 and number >= len(played):
            money = f"{money},00"
        yield [
            MONTH, PLATFORMS[number % 4], track.song_id, track.isrc, track.title, track.artist, "", "",
            str(rnd.randrange(1000)), *uses, money,
        ]  # fmt: skip


def write_csv(lines: int, path: Path, played: Sequence[Track] = ()) -> None:
    """`played`: other songs than those of a statement of so many lines."""
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS)
        writer.writerows(rows(lines, played or tracks(songs_of(lines))))


def write_xlsx(lines: int, path: Path, played: Sequence[Track] = ()) -> None:
    """Counts and money as numbers, the rest as text."""
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet("song")
        sheet.write_row(0, 0, HEADERS)
        for at, cells in enumerate(rows(lines, played or tracks(songs_of(lines))), 1):
            for column, text in enumerate(cells):
                if column >= NUMBERS_FROM and text.replace(".", "", 1).isdigit():
                    sheet.write_number(at, column, float(text))  # six decimals survive in a double
                else:
                    sheet.write_string(at, column, text)
