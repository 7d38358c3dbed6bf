"""Every string of a file of real QQ Music lines, and the parts that a reader names: written by hand, line by line."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from works.names.performers import parse_performers
from works.names.titles import parse_title

# title: main name, other names, version, guests
TITLES = {
    "봄여름가을겨울 (Still Life)": ("봄여름가을겨울", {"Still Life"}, set(), ()),
    "Haru Haru (一天一天)": ("Haru Haru", {"一天一天"}, set(), ()),
    "지나갈 테니 (Been Through) (顺其自然)": ("지나갈 테니", {"Been Through", "顺其自然"}, set(), ()),
    "지나갈 테니 (顺其自然) (Been Through)": ("지나갈 테니", {"Been Through", "顺其自然"}, set(), ()),
    "Lies (谎言)": ("Lies", {"谎言"}, set(), ()),
    "으르렁(Growl) (咆哮)": ("으르렁", {"Growl", "咆哮"}, set(), ()),
    "Let's not fall in love (우리 사랑하지 말아요)": ("Let's not fall in love", {"우리 사랑하지 말아요"}, set(), ()),
    "Baby, Don't Cry (인어의 눈물) (人鱼的眼泪)": ("Baby, Don't Cry", {"인어의 눈물", "人鱼的眼泪"}, set(), ()),
    "咆哮(Growl) (Chinese Ver.)": ("咆哮", {"Growl"}, {"version", "language:zh"}, ()),
    "咆哮 (Growl)": ("咆哮", {"Growl"}, set(), ()),
    "Ko Ko Bop (叩叩趴)": ("Ko Ko Bop", {"叩叩趴"}, set(), ()),
    "나비소녀(Don't Go) (蝴蝶少女)": ("나비소녀", {"Don't Go", "蝴蝶少女"}, set(), ()),
    "蝴蝶少女 (Don't go)": ("蝴蝶少女", {"Don't go"}, set(), ()),
    "전야 (前夜) (The Eve)": ("전야", {"前夜", "The Eve"}, set(), ()),
    "CALL ME BABY (叫我)": ("CALL ME BABY", {"叫我"}, set(), ()),
    "하루하루 (一天一天)": ("하루하루", {"一天一天"}, set(), ()),
    "The Boys (韩语)": ("The Boys", set(), {"language:ko"}, ()),
    "PARTY": ("PARTY", set(), set(), ()),
    "My Turn To Cry (Live)": ("My Turn To Cry", set(), {"live"}, ()),
    "Paradise (Live)": ("Paradise", set(), {"live"}, ()),
    "FXXK IT (에라 모르겠다)": ("FXXK IT", {"에라 모르겠다"}, set(), ()),
    "너에게 닿기를 (靠近你的心) (I Wish)": ("너에게 닿기를", {"靠近你的心", "I Wish"}, set(), ()),
    "너에게 닿기를 (I Wish) (靠近你的心)": ("너에게 닿기를", {"靠近你的心", "I Wish"}, set(), ()),
    "너에게 닿기를 (I Wish)": ("너에게 닿기를", {"I Wish"}, set(), ()),
    "CHEER UP (Korean Ver.)": ("CHEER UP", set(), {"version", "language:ko"}, ()),
    "SIGNAL (Korean Ver.)": ("SIGNAL", set(), {"version", "language:ko"}, ()),
    "Ridin'": ("Ridin'", set(), set(), ()),
    "Ridin' (Live)": ("Ridin'", set(), {"live"}, ()),
    "Nice Body (With 로꼬)": ("Nice Body", set(), set(), ("로꼬",)),
    "Nice Body (伴奏)": ("Nice Body", set(), {"instrumental"}, ()),
    "宣告 (Love Shot)": ("宣告", {"Love Shot"}, set(), ()),
    "Love Shot (Japanese Ver.)": ("Love Shot", set(), {"version", "language:ja"}, ()),
    "영웅 (英雄; Kick It)": ("영웅", {"英雄", "Kick It"}, set(), ()),
    "英雄;Kick It": ("英雄", {"Kick It"}, set(), ()),
    "波光 (Gold Dust)": ("波光", {"Gold Dust"}, set(), ()),
    "Some": ("Some", set(), set(), ()),
    "썸 탈꺼야 (Some)": ("썸 탈꺼야", {"Some"}, set(), ()),
    # the second name is the first one in Simplified characters
    "無限的我 (无限的我) (무한적아; LIMITLESS)": ("無限的我", {"무한적아", "LIMITLESS"}, set(), ()),
    "无限的我": ("无限的我", set(), set(), ()),
    "Shape of You": ("Shape of You", set(), set(), ()),
    "My Soul": ("My Soul", set(), set(), ()),
    # two songs in one track, changed by a listener: each bracket names one of them
    "서곡 (序曲; Prelude) +영웅 (英雄; Kick It) (网友改编)": ("서곡 +영웅", set(), {"medley", "adaptation"}, ()),
}
ARTISTS = {
    "BIGBANG (빅뱅)": [("BIGBANG", "빅뱅")],
    "EXO (엑소)": [("EXO", "엑소")],
    "소녀시대 (少女时代)": [("소녀시대", "少女时代")],
    "백현 (伯贤)": [("백현", "伯贤")],
    "伯贤、CHEN、D.O.": [("伯贤",), ("CHEN",), ("D.O.",)],
    "WJSN (宇宙少女) (우주소녀)": [("WJSN", "宇宙少女", "우주소녀")],
    "宇宙少女": [("宇宙少女",)],
    "TWICE (트와이스)": [("TWICE", "트와이스")],
    "NCT DREAM (엔시티 드림)": [("NCT DREAM", "엔시티 드림")],
    "NCT 127 (엔시티 127)": [("NCT 127", "엔시티 127")],
    "NCT 127": [("NCT 127",)],
    "孝敏 / Loco": [("孝敏",), ("Loco",)],
    "효민;로꼬": [("효민",), ("로꼬",)],
    "孝敏 (효민)/Loco (로꼬)": [("孝敏", "효민"), ("Loco", "로꼬")],
    "脸红的思春期 (볼빨간사춘기)": [("脸红的思春期", "볼빨간사춘기")],
    "J.Fla (제이플라)": [("J.Fla", "제이플라")],
    "줄라이 (July)": [("줄라이", "July")],
}


@pytest.mark.parametrize("text", TITLES)
def test_a_title_comes_apart_as_a_reader_would_have_it(text: str) -> None:
    main, names, versions, featured = TITLES[text]
    title = parse_title(text)
    assert (title.main, set(title.aliases), set(title.versions), title.featured) == (main, names, versions, featured)


def test_the_songs_of_a_medley_are_named_one_by_one() -> None:
    songs = parse_title("서곡 (序曲; Prelude) +영웅 (英雄; Kick It) (网友改编)").songs
    assert songs == ("서곡 (序曲; Prelude)", "영웅 (英雄; Kick It)")
    assert [parse_title(song).main for song in songs] == ["서곡", "영웅"]
    assert parse_title("영웅 (英雄; Kick It)").songs == ()


@pytest.mark.parametrize("text", ARTISTS)
def test_artists_come_apart_as_a_reader_would_have_it(text: str) -> None:
    assert [(each.name, *each.aliases) for each in parse_performers(text)] == ARTISTS[text]


def test_no_line_of_the_file_is_missing_here() -> None:
    shared = os.environ.get("GARAK_SHARED")
    if not shared:
        pytest.skip("GARAK_SHARED is not set: the file of QQ strings is not looked at")
    with (Path(shared) / "gold" / "qq_strings.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert {row["title"] for row in rows} == set(TITLES)
    assert {row["artist"] for row in rows} == set(ARTISTS)
