"""Names and titles in Hangul, Han and Latin: one cleaning, the parts of what services write, and the exact keys."""

from __future__ import annotations

import csv
import os
import unicodedata
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import example, given, strategies as st

from works.names import brackets, clean, han, hangul, hanja, latin
from works.names.alike import alike
from works.names.keys import Key, performer_keys, title_keys
from works.names.performers import Performer, parse_performers
from works.names.script import detect_script
from works.names.titles import parse_title

# letters that meet in this trade, more often than st.text() would draw them
LETTERS = (
    "aZé ()（）《》/;、,&+-–'♡!１ＡＢ　\u200b가한글좋은날리이김金李柳樂無限的我乾坤計畫がナß\u0301\u1112\u1161\u11ab"
)
TEXTS = st.text() | st.text(alphabet=LETTERS, max_size=25)


def keys_of(text: str) -> list[str]:
    return [key.key for key in exact(title_keys(text))]


def names_of(text: str) -> list[str]:
    return [key.key for key in exact(performer_keys(text))]


def exact(keys: list[Key]) -> list[Key]:
    """The keys that stand for the text itself, not only for its sound."""
    return [key for key in keys if key.key[0] in "khs"]


def gold(name: str) -> list[dict[str, str]]:
    shared = os.environ.get("GARAK_SHARED")
    if not shared:
        pytest.skip("GARAK_SHARED is not set: the gold titles are not looked at")
    with (Path(shared) / "gold" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


# cleaning


def test_full_width_invisible_and_odd_signs_become_plain() -> None:
    assert clean.tidy("\ufeffＥＸＯ\u200b　【咆哮】\u00a0‘Growl’ — 〈１〉") == "EXO (咆哮) 'Growl' - (1)"


def test_a_decomposed_title_is_put_together() -> None:
    assert clean.tidy(unicodedata.normalize("NFD", "좋은 날 é")) == "좋은 날 é"


def test_what_an_invisible_character_kept_apart_is_put_together() -> None:
    assert clean.tidy("e\u200b\u0301") == "é"


def test_compatibility_ideographs_become_the_plain_ones() -> None:
    assert clean.tidy("\uf9e1\uf90a") == "李金"


@given(TEXTS)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    tidied = clean.tidy(text)
    assert clean.tidy(tidied) == tidied
    assert clean.letters(clean.letters(tidied)) == clean.letters(tidied)
    assert latin.fold(latin.fold(text)) == latin.fold(text)


@pytest.mark.parametrize("title", ["咆哮", "좋은 날", "無限的我", "サクラ", "Привет", "ไทย"])
def test_a_title_without_latin_letters_keeps_its_letters(title: str) -> None:
    """A known bug of others: a clean-up made for ASCII leaves nothing of such a title, and all of them become equal."""
    assert clean.letters(title)
    assert keys_of(title)[0] not in {"k:", "s:"}


def test_voicing_marks_of_kana_are_no_accents() -> None:
    assert clean.letters("ガカ") == "ガカ"
    assert clean.letters("Beyoncé Åse") == "beyoncease"


def test_a_long_key_fits_its_column_and_stays_apart() -> None:
    one, other = title_keys("가" * 400 + "나")[0], title_keys("가" * 400 + "다")[0]
    assert one.key != other.key
    assert max(len(one.key), len(one.text)) <= 300


# Han


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [("無限的我", "无限的我"), ("計畫", "计划"), ("乾杯", "干杯"), ("沈默", "沉默"), ("乾坤", "乾坤")],
)
def test_traditional_becomes_simplified(traditional: str, simplified: str) -> None:
    assert han.to_simplified(traditional) == simplified
    assert keys_of(traditional)[0] == keys_of(simplified)[0]


def test_the_table_agrees_with_the_converter_it_is_made_from() -> None:
    convert = import_module("opencc").OpenCC("t2s").convert
    titles = {
        text
        for name in ("catalogue.tsv", "queries.tsv", "names.tsv")
        for row in gold(name)
        for text in row.values()
        if han.has_han(text)
    }
    assert len(titles) > 500
    assert {title for title in titles if han.to_simplified(title) != convert(title)} == set()


def test_a_simplified_character_is_read_like_the_traditional_ones_it_stands_for() -> None:
    assert "영웅" in hanja.readings("英雄")
    assert set(hanja.syllables("发")) >= {"발"}
    assert "무한" in hanja.readings("无限")
    assert "무한" in hanja.readings("無限")


# Hangul readings


@pytest.mark.parametrize(
    ("chinese", "korean"),
    [
        ("李知恩", "이지은"),
        ("李知恩", "리지은"),
        ("金泰妍", "김태연"),
        ("金屬", "금속"),
        ("柳真", "유진"),
        ("柳真", "류진"),
        ("\uf9e1知恩", "이지은"),
    ],
)
def test_surnames_are_read_in_each_of_their_ways(chinese: str, korean: str) -> None:
    assert set(names_of(chinese)) & set(names_of(korean))


def test_readings_are_few_ranked_and_always_the_same() -> None:
    found = hanja.readings("李" * 40)
    assert len(found) == hanja.MAX_READINGS
    assert found[0] == "이" + "리" * 39
    assert hanja.readings("李" * 40) == found


def test_a_character_without_a_korean_reading_gives_no_reading() -> None:
    assert hanja.readings("𰻞麵") == ()
    assert [key for key in keys_of("𰻞麵") if key.startswith("h:")] == []


@pytest.mark.parametrize(
    ("syllable", "first"),
    [("리", "이"), ("로", "노"), ("녀", "여"), ("나", "나"), ("류", "유"), ("가", "가"), ("a", "a")],
)
def test_the_initial_sound_law(syllable: str, first: str) -> None:
    assert hangul.at_beginning(syllable) == first


def test_initial_consonants() -> None:
    assert hangul.initials("좋은 날 IU") == "ㅈㅇㄴ"
    assert hangul.is_hangul("날")
    assert not hangul.is_hangul("日")


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("좋은 날", "Hang"),
        ("좋은 날 IU", "Hang"),
        ("無限", "Hant"),
        ("无限", "Hans"),
        ("英雄", "Hani"),
        ("Growl", "Latn"),
        ("Beyoncé", "Latn"),
        ("残酷な天使", "Jpan"),
        ("フレア", "Jpan"),
        ("1004 ♡", "Zyyy"),
        ("", "Zyyy"),
    ],
)
def test_scripts_are_told_apart(text: str, script: str) -> None:
    assert detect_script(text) == script


# brackets and parts


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("A one (B (C)) D", [("A one ", False), ("B (C)", True), (" D", False)]),
        ("never (closed", [("never ", False), ("closed", True)]),
        ("never) opened", [("never  opened", False)]),
        ("f(x)", [("fx", False)]),
        ("()", []),
    ],
)
def test_brackets_are_split(text: str, pieces: list[tuple[str, bool]]) -> None:
    assert [(piece.text, piece.inside) for piece in brackets.split_brackets(text)] == pieces


@pytest.mark.parametrize(
    "title",
    [
        "지나갈 테니 (Been Through) (顺其自然)",
        "지나갈 테니 (顺其自然) (Been Through)",
        "지나갈 테니（顺其自然）【Been Through】",
    ],
)
def test_brackets_in_any_order_and_shape_give_the_same_names(title: str) -> None:
    parsed = parse_title(title)
    assert parsed.main == "지나갈 테니"
    assert set(parsed.aliases) == {"Been Through", "顺其自然"}
    assert {"k:지나갈테니", "h:지나갈테니", "k:beenthrough", "k:顺其自然", "h:순기자연"} <= set(keys_of(title))


@pytest.mark.parametrize("title", ["영웅 (英雄; Kick It)", "영웅 (英雄 (Kick It))", "영웅 (英雄／Kick It)"])
def test_a_bracket_may_hold_two_names(title: str) -> None:
    assert parse_title(title).aliases == ("英雄", "Kick It")


def test_two_titles_without_brackets_are_both_names() -> None:
    assert keys_of("英雄;Kick It") == ["k:英雄kickit", "k:英雄", "h:영웅", "k:kickit"]
    assert parse_title("D/N/A").aliases == ()


def test_a_bracket_in_the_script_of_the_title_is_not_another_name() -> None:
    assert keys_of("Love (The Second Story)") == ["k:lovethesecondstory", "k:love"]


@pytest.mark.parametrize(
    ("title", "main", "versions"),
    [
        ("My Turn To Cry (Live)", "My Turn To Cry", {"live"}),
        ("Nice Body (伴奏)", "Nice Body", {"instrumental"}),
        ("좋은 날 (반주)", "좋은 날", {"instrumental"}),
        ("좋은 날 Inst.", "좋은 날", {"instrumental"}),
        ("爱情买卖 - 伴奏", "爱情买卖", {"instrumental"}),
        ("爱情买卖 (DJ版)", "爱情买卖", {"dj", "version"}),
        ("Growl (Remix)", "Growl", {"remix"}),
        ("Growl (KOR Ver.)", "Growl", {"version", "language:ko"}),
        ("Growl (Eng. Ver.)", "Growl", {"version", "language:en"}),
        ("爱情买卖 (消音版)", "爱情买卖", {"instrumental", "version"}),
        ("좋은 날 (노래방)", "좋은 날", {"instrumental"}),
        ("좋은 날-伴奏", "좋은 날", {"instrumental"}),
        ("いい日 (オフボーカル音源)", "いい日", {"instrumental"}),
        ("Good Day - Piano Accompaniment", "Good Day", {"instrumental"}),
        ("좋은 날 (0.8x)", "좋은 날", {"tempo"}),
        ("爱情买卖 (原唱: 慕容晓晓)", "爱情买卖", {"cover"}),
        ("좋은 날 (리메이크)", "좋은 날", {"cover"}),
        ("何者 (中文填词版)", "何者", {"adaptation", "version", "language:zh"}),
        ("사랑-일기", "사랑-일기", set()),
        ("咆哮(Growl) (Chinese Ver.)", "咆哮", {"version", "language:zh"}),
        ("The Boys (韩语)", "The Boys", {"language:ko"}),
        ("何者 - 中文版", "何者", {"version", "language:zh"}),
        ("너의 의미 (OST)", "너의 의미", {"soundtrack"}),
        ("电影《爱情呼叫转移2》主题曲", "爱情呼叫转移2", {"soundtrack"}),
        ("只对你有感觉 - (电视剧《东方茱丽叶》插曲)", "只对你有感觉", {"soundtrack"}),
        ("病名は愛だった (Cover 鏡音リン)", "病名は愛だった", {"cover"}),
        ("영웅 (网友改编)", "영웅", {"adaptation"}),
        ("Long Live", "Long Live", set()),
        ("Cover Up", "Cover Up", set()),
        ("끝 (Game Over)", "끝", set()),
        ("살아있네 (Live It Up)", "살아있네", set()),
    ],
)
def test_the_version_is_a_fact_and_not_a_name(title: str, main: str, versions: set[str]) -> None:
    parsed = parse_title(title)
    assert parsed.main == main
    assert set(parsed.versions) == versions
    assert f"k:{clean.letters(han.simplified_key(main))}" in keys_of(title)
    assert not {"k:live", "k:伴奏", "k:반주", "k:inst", "k:dj版", "k:remix", "k:ost", "k:chinesever"} & set(
        keys_of(title)
    )


def test_a_title_that_is_only_a_version_word_is_still_a_title() -> None:
    assert keys_of("Live") == ["k:live"]
    assert keys_of("(Live)") == ["k:live"]


@pytest.mark.parametrize(
    "title", ["Nice Body (With 로꼬)", "Nice Body (feat. 로꼬)", "Nice Body feat. 로꼬", "Nice Body [Feat. 로꼬]"]
)
def test_a_guest_is_not_part_of_the_name(title: str) -> None:
    parsed = parse_title(title)
    assert (parsed.main, parsed.aliases, parsed.featured) == ("Nice Body", (), ("로꼬",))


def test_a_remark_behind_a_guest_is_still_read() -> None:
    parsed = parse_title("Mayday feat. Joy (Red Velvet) (Live)")
    assert (parsed.main, parsed.featured, parsed.versions) == ("Mayday", ("Joy",), ("live",))


def test_a_medley_has_no_other_names() -> None:
    parsed = parse_title("서곡 (序曲; Prelude) +영웅 (英雄; Kick It) (网友改编)")
    assert parsed.versions == ("adaptation", "medley")
    assert parsed.aliases == ()
    assert "k:영웅" not in keys_of("서곡 (序曲; Prelude) +영웅 (英雄; Kick It) (网友改编)")
    assert parse_title("1+1").versions == ()


# performers


@pytest.mark.parametrize(
    ("text", "performers"),
    [
        ("EXO (엑소)", [("EXO", "엑소")]),
        ("WJSN (宇宙少女) (우주소녀)", [("WJSN", "宇宙少女", "우주소녀")]),
        ("WJSN (宇宙少女/우주소녀)", [("WJSN", "宇宙少女", "우주소녀")]),
        ("孝敏 (효민)/Loco (로꼬)", [("孝敏", "효민"), ("Loco", "로꼬")]),
        ("孝敏 / Loco", [("孝敏",), ("Loco",)]),
        ("伯贤、CHEN、D.O.", [("伯贤",), ("CHEN",), ("D.O.",)]),
        ("효민;로꼬", [("효민",), ("로꼬",)]),
        ("BIGBANG & 2NE1", [("BIGBANG",), ("2NE1",)]),
        ("BIGBANG ＆ 2NE1，EXO", [("BIGBANG",), ("2NE1",), ("EXO",)]),
        ("Crush x Joy feat. Loco", [("Crush",), ("Joy",), ("Loco",)]),
        ("전우성(노을)", [("전우성",)]),
        ("HNB (Woo Jin-young, Kim Hyeon-soo)", [("HNB",)]),
        ("丸山 彩(CV:前岛亚美)", [("丸山 彩",), ("前岛亚美",)]),
        ("f(x)", [("fx",)]),
        ("(여자)아이들((G)I-DLE)", [("아이들", "GI-DLE")]),
        ("GD&T.O.P", [("GD&T.O.P",)]),
        ("LOONA 1/3", [("LOONA 1/3",)]),
        ("(이달의 소녀)", [("이달의 소녀",)]),
        (" / ", [("/",)]),
        ("", []),
    ],
)
def test_performers_are_told_apart(text: str, performers: list[tuple[str, ...]]) -> None:
    assert parse_performers(text) == tuple(Performer(names[0], names[1:]) for names in performers)


def test_each_performer_has_keys_under_each_name() -> None:
    assert exact(performer_keys("孝敏 (효민)/Loco")) == [
        Key("k:孝敏효민loco", "孝敏 (효민)/Loco", "same"),
        Key("k:孝敏", "孝敏", "joined"),
        Key("h:효민", "孝敏", "reading"),
        Key("k:효민", "효민", "bracket"),
        Key("k:loco", "Loco", "joined"),
    ]


# keys


def test_keys_say_what_was_done() -> None:
    assert exact(title_keys("無限的我 (LIMITLESS)")) == [
        Key("k:无限的我limitless", "無限的我 (LIMITLESS)", "simplified"),
        Key("k:无限的我", "無限的我", "simplified"),
        Key("h:무한적아", "無限的我", "reading"),
        Key("k:limitless", "LIMITLESS", "bracket"),
    ]


def test_hangul_and_han_of_one_word_meet() -> None:
    assert "h:전야" in set(keys_of("전야")) & set(keys_of("前夜"))


@pytest.mark.parametrize("title", ["!!!", "♡", "…", "()", "😀", "\u200b", "\x00", "（）"])
def test_a_title_of_signs_is_known_by_its_signs(title: str) -> None:
    found = title_keys(title)
    assert len(found) == 1
    assert found[0].key.startswith("s:")
    assert len(found[0].key) > 2
    assert "\x00" not in found[0].key
    assert found == performer_keys(title)


@pytest.mark.parametrize("blank", ["", " ", "\u3000", "\n"])
def test_a_blank_has_no_key(blank: str) -> None:
    assert title_keys(blank) == performer_keys(blank) == []


@given(TEXTS)
@example("\ufdfa" * 20)
@example("(((")
@example("- -")
def test_a_text_that_is_not_blank_has_keys_that_fit(text: str) -> None:
    for found in (title_keys(text), performer_keys(text)):
        assert bool(found) == bool(text.strip())
        assert len({key.key for key in found}) == len(found)
        for key in found:
            assert 2 < len(key.key) <= 300
            assert 0 < len(key.text) <= 300
            assert key.key.encode()
            assert "\x00" not in key.key + key.text


@given(TEXTS)
def test_the_form_of_the_text_changes_nothing(text: str) -> None:
    for form in ("NFC", "NFD"):
        assert title_keys(unicodedata.normalize(form, text)) == title_keys(text)
        assert performer_keys(unicodedata.normalize(form, text)) == performer_keys(text)


def test_every_real_title_and_artist_has_keys_for_each_of_its_names() -> None:
    rows = gold("qq_strings.tsv")
    assert rows
    for row in rows:
        title, artists = parse_title(row["title"]), parse_performers(row["artist"])
        assert "(" not in title.main
        assert all("(" not in alias and "(" not in title.main for alias in title.aliases)
        for name in (title.main, *title.aliases):
            assert keys_of(name)[0] in keys_of(row["title"])
        for artist in artists:
            for name in (artist.name, *artist.aliases):
                assert names_of(name)[0] in names_of(row["artist"])


def test_a_hostile_title_is_given_its_exact_key_and_no_sound() -> None:
    """A report may hold a title of 60,000 letters; to fold it would take minutes."""
    assert [key.key[0] for key in title_keys("가나" * 30_000)] == ["k", "h"]
    assert alike("가" * 30_000, "ga" * 30_000).score == 0
    assert alike("가" * 30_000, "가" * 30_000).score == 1
