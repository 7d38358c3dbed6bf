"""The invented catalogue, as rows of the CSV template that publishers use. Deterministic: the same rows every time.

Titles are put together from word lists that carry their Hangul, Hanja, Chinese and English forms, so that a statement
can write the same song in another way. A few traditional songs lend their titles; every person and firm is invented.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

COLUMNS: Final = [
    "work_ref",
    "title",
    "title_hanja",
    "title_zh",
    "title_latin",
    "iswc",
    "isrc",
    "performer",
    "album",
    "duration",
    "party",
    "party_latin",
    "party_hanja",
    "ipi",
    "role",
    "society",
    "performing_share",
    "mechanical_share",
    "publisher_of",
    "territory",
    "from_date",
]

OURS: Final = "118"


@dataclass(frozen=True)
class Writer:
    name: str
    latin: str
    hanja: str = ""
    society: str = OURS  # CISAC code, NM non-member, PD public domain, blank unknown


@dataclass(frozen=True)
class Publisher:
    ref: str
    name: str
    latin: str
    catalogue: str  # file name of its catalogue


@dataclass(frozen=True)
class Song:
    """A work with everything a statement may call it."""

    ref: str
    title: str
    hanja: str
    chinese: str
    latin: str
    performer: tuple[str, str, str]  # Hangul, Latin, Chinese
    publisher: Publisher
    rows: list[dict[str, str]] = field(default_factory=list)


WRITERS: Final = [
    Writer("도해온", "Do Haeon", "都海溫"),
    Writer("류가온", "Ryu Gaon", "柳加溫"),
    Writer("온새로", "On Saero"),
    Writer("한도담", "Han Dodam", "韓道潭"),
    Writer("남빛솔", "Nam Bitsol"),
    Writer("서마루", "Seo Maru", "徐마루"),
    Writer("금나래솔", "Geum Naraesol"),
    Writer("백은하수", "Baek Eunhasu", "白銀河水"),
    Writer("구름결", "Gureumgyeol"),
    Writer("새벽이슬", "Saebyeok Iseul"),
    Writer("차오름빛", "Cha Oreumbit"),
    Writer("이든바다", "Ideun Bada"),
]
FOREIGN: Final = [
    Writer("星野ひより", "Hoshino Hiyori", "", "038"),
    Writer("Marlow Quill", "Marlow Quill", "", "010"),
    Writer("葉曉汀", "Yeh Hsiao-ting", "葉曉汀", "161"),
    Writer("Tilda Fenn", "Tilda Fenn", "", "052"),
]
NON_MEMBER: Final = Writer("하늘바라기", "Haneul Baragi", "", "NM")
UNKNOWN: Final = Writer("별무리새", "Byeolmuri Sae", "", "")
TRADITION: Final = Writer("전래", "Traditional", "傳來", "PD")

PUBLISHERS: Final = [
    Publisher("PUB-GEORUM", "거름음악출판", "Georum Music Publishing", "catalogue_georum.csv"),
    Publisher("PUB-DALBIT", "달빛서가뮤직", "Dalbit Seoga Music", "catalogue_dalbit.csv"),
    Publisher("PUB-MULGYEOL", "물결퍼블리싱", "Mulgyeol Publishing", "catalogue_mulgyeol.csv"),
]
PERFORMERS: Final = [
    ("은하역", "Galaxy Station", "银河站"),
    ("달그림자들", "Moonshades", "月影们"),
    ("루미엘", "Lumiel", "露米艾尔"),
    ("새벽전차", "Dawn Tram", "黎明电车"),
    ("모래시계단", "Hourglass Crew", "沙漏团"),
    ("파란우산", "Blue Umbrella", "蓝雨伞"),
    ("가람여섯", "Garam Six", "佳岚六人"),
    ("온더리버", "On The River", "在河上"),
]
FIRST: Final = [  # Hangul, Chinese, English
    ("푸른", "蓝色的", "Blue"),
    ("잠든", "沉睡的", "Sleeping"),
    ("느린", "缓慢的", "Slow"),
    ("낡은", "旧旧的", "Old"),
    ("먼", "遥远的", "Distant"),
    ("하얀", "白色的", "White"),
    ("마지막", "最后的", "Last"),
    ("작은", "小小的", "Little"),
    ("젖은", "淋湿的", "Wet"),
    ("둥근", "圆圆的", "Round"),
]
SECOND: Final = [
    ("편지", "信", "Letter"),
    ("정거장", "车站", "Station"),
    ("바다", "大海", "Sea"),
    ("우산", "雨伞", "Umbrella"),
    ("골목", "小巷", "Alley"),
    ("창문", "窗户", "Window"),
    ("계단", "阶梯", "Stairs"),
    ("노을", "晚霞", "Afterglow"),
    ("시계", "时钟", "Clock"),
    ("자전거", "自行车", "Bicycle"),
]
SPECIAL: Final = [  # Hangul, Hanja, Chinese, Latin
    ("월영", "月影", "月影", "Moon Shadow"),
    ("춘우", "春雨", "春雨", "Spring Rain"),
    ("운해", "雲海", "云海", "Sea of Clouds"),
    ("청풍명월", "淸風明月", "清风明月", "Clear Wind, Bright Moon"),
    ("설야", "雪夜", "雪夜", "Snowy Night"),
    ("귀로", "歸路", "归路", "The Way Home"),
    ("Night Bus to Nowhere", "", "夜班巴士", "Night Bus to Nowhere"),
    ("Paper Planet", "", "纸星球", "Paper Planet"),
    ("Afterglow Radio", "", "余晖电台", "Afterglow Radio"),
    ("Half Past Rain", "", "雨后半点", "Half Past Rain"),
]
TRADITIONAL_SONGS: Final = [
    ("아리랑", "", "阿里郎", "Arirang"),
    ("도라지", "", "桔梗谣", "Doraji"),
    ("새야 새야", "", "鸟儿啊鸟儿啊", "Saeya Saeya"),
]
TWINS: Final = [  # one title, one performer, two works: only a person can tell which of them the service means
    ("안부", "", "问候", "Regards"),
    ("첫차", "", "首班车", "First Train"),
    ("밤산책", "", "夜里散步", "Night Walk"),
    ("그 여름", "", "那个夏天", "That Summer"),
]
# Who shares a work, in twelfths of each right: the society's table (composer and author alone, with arranger, with
# publisher, with both).
PATTERNS: Final = [
    [("C", 6), ("A", 6)],
    [("C", 5), ("A", 5), ("AR", 2)],
    [("C", 4), ("A", 4), ("E", 4)],
    [("C", 3), ("A", 3), ("AR", 2), ("E", 4)],
]


def iswc(number: int) -> str:
    """A well-formed ISWC for an invented work (the check digit as ISO 15707 has it)."""
    digits = f"{number:09d}"
    total = 1 + sum(place * int(digit) for place, digit in enumerate(digits, 1))
    return f"T{digits}{-total % 10}"


def ipi(number: int) -> str:
    """A well-formed IPI name number for an invented party (two check digits, modulus 101)."""
    digits = f"{number:09d}"
    rest = sum((10 - place) * int(digit) for place, digit in enumerate(digits)) % 101
    return f"{digits}{(101 - rest) % 100 if rest else 0:02d}"


def songs() -> list[Song]:
    """Every work of the demo, publisher by publisher."""
    rnd = random.Random("garak")
    made: list[Song] = []
    titles = [(f"{a} {b}", "", f"{za}{zb}", f"{ea} {eb}") for a, za, ea in FIRST for b, zb, eb in SECOND]
    titles += SPECIAL
    titles += [twin for twin in TWINS for _ in range(2)]
    for number, (title, hanja, chinese, latin) in enumerate(titles, 1):
        twin = (title, hanja, chinese, latin) in TWINS
        performer = PERFORMERS[len(title)] if twin else rnd.choice(PERFORMERS)
        song = Song(
            f"G-{number:04d}",
            title,
            hanja,
            chinese,
            latin,
            performer,
            PUBLISHERS[number % len(PUBLISHERS)],
        )
        composer, author, arranger = rnd.sample(WRITERS, 3)
        # every kind of collector has its songs: a foreign composer, a non-member author, an arranger nobody knows
        if number % 9 == 0:
            composer = FOREIGN[number // 9 % len(FOREIGN)]
        if number % 23 == 0:
            author = NON_MEMBER
        if number % 17 == 0:
            arranger = UNKNOWN
        pattern = PATTERNS[1 if number % 17 == 0 else number % len(PATTERNS)]
        people = {"C": composer, "A": author, "AR": arranger}
        for role, twelfths in pattern:
            share = f"{twelfths}/12"
            if role == "E":
                firm = song.publisher
                song.rows.append(
                    row(
                        song,
                        number,
                        firm.name,
                        firm.latin,
                        "",
                        firm_ipi(firm),
                        role,
                        OURS,
                        share,
                        publisher_of=composer.name,
                    )
                )
            else:
                person = people[role]
                song.rows.append(
                    row(
                        song,
                        number,
                        person.name,
                        person.latin,
                        person.hanja,
                        person_ipi(person),
                        role,
                        person.society,
                        share,
                    )
                )
        made.append(song)
    for number, (title, hanja, chinese, latin) in enumerate(TRADITIONAL_SONGS, len(titles) + 1):
        song = Song(
            f"G-{number:04d}",
            title,
            hanja,
            chinese,
            latin,
            rnd.choice(PERFORMERS),
            PUBLISHERS[0],
        )
        arranger = rnd.choice(WRITERS)
        song.rows.append(
            row(
                song,
                number,
                TRADITION.name,
                TRADITION.latin,
                TRADITION.hanja,
                "",
                "CA",
                "PD",
                "10/12",
            )
        )
        song.rows.append(
            row(
                song,
                number,
                arranger.name,
                arranger.latin,
                arranger.hanja,
                person_ipi(arranger),
                "AR",
                OURS,
                "2/12",
            )
        )
        made.append(song)
    return made


def row(
    song: Song,
    number: int,
    party: str,
    latin: str,
    hanja: str,
    party_ipi: str,
    role: str,
    society: str,
    share: str,
    *,
    publisher_of: str = "",
) -> dict[str, str]:
    """One line of the template: a party's share of a work."""
    return {
        "work_ref": song.ref,
        "title": song.title,
        "title_hanja": song.hanja,
        "title_zh": song.chinese,
        "title_latin": song.latin,
        "iswc": iswc(900_000_000 + number),
        "isrc": f"KRGRK26{number:05d}" if number % 3 else "",
        "performer": " / ".join(song.performer),
        "album": f"{song.performer[0]} {number % 4 + 1}집" if number % 2 and not is_twin(song) else "",
        "duration": f"{3 + number % 2}:{number * 7 % 60:02}",
        "party": party,
        "party_latin": latin,
        "party_hanja": hanja,
        "ipi": party_ipi,
        "role": role,
        "society": society,
        "performing_share": share,
        "mechanical_share": share,
        "publisher_of": publisher_of,
        "territory": "",
        "from_date": "2015-03-01" if number % 5 == 0 else "",
    }


def is_twin(song: Song) -> bool:
    """Whether two works of one title and one performer are meant to be for a person to tell apart."""
    return song.title in {title for title, *_ in TWINS}


def person_ipi(person: Writer) -> str:
    everybody = [*WRITERS, *FOREIGN]
    return ipi(800_000_000 + everybody.index(person)) if person in everybody else ""


def firm_ipi(firm: Publisher) -> str:
    return ipi(810_000_000 + PUBLISHERS.index(firm))


def write_catalogue(publisher: Publisher, folder: Path) -> Path:
    """The publisher's catalogue as it would upload it, with what goes wrong: two rows to mend, and one claim too many."""
    path = folder / publisher.catalogue
    rows = [line for song in songs() if song.publisher == publisher for line in song.rows]
    blank = {**rows[0], "iswc": "", "isrc": ""}
    rows.append({**blank, "work_ref": "G-9001", "title": ""})
    rows.append({**blank, "work_ref": "G-9002", "title": "반쪽 달", "performing_share": "열둘"})
    if publisher != PUBLISHERS[0]:  # a share in a work that the first publisher has registered whole
        taken = next(song for song in songs() if song.publisher == PUBLISHERS[0])
        share = row(taken, 0, publisher.name, publisher.latin, "", firm_ipi(publisher), "E", OURS, "2/12")
        rows.append({**share, "work_ref": "G-9003", "iswc": taken.rows[0]["iswc"], "isrc": ""})
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path
