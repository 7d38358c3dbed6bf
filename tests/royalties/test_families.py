"""The families of Tencent's statements: every header that is known, Chinese and English, and what each family counts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

import pytest
from hypothesis import given, settings, strategies as st

from royalties.reports import csv_lines, formats, tme
from royalties.reports.base import (
    CountsAreNotApart,
    FileIsIgnored,
    HeaderIsAmbiguous,
    HeaderNotRecognised,
    HeadersOfTwoFamilies,
    Layout,
)
from royalties.reports.columns import LineReader
from royalties.reports.lines import Lines, Rules, read_lines
from tests.royalties.test_columns import as_sheet, by_column, by_rule, written

# All rows of the table of headers: meaning, English headers, Chinese header, families ("all": every one of them), and where
# it must be found in a layout. "described": known, named on the page, and not read.
EVERY = ("song", "k", "single", "aiting", "mv")
KNOWN = [
    ("period", ("Period", "Date", "Upload Date"), "结算期间", EVERY, "period"),
    ("period", (), "日期", EVERY, "period"),
    ("period", (), "结算开始时间", EVERY, "period"),
    ("period_end", (), "结算结束时间", EVERY, "described"),
    ("data_date", (), "数据日期", EVERY, "described"),
    ("platform", ("Platform",), "平台", EVERY, "platform"),
    ("platform", (), "结算平台", EVERY, "platform"),
    ("platform_id", (), "结算平台ID（32=aiting）", ("aiting",), "platform"),
    ("song_id", (), "中央曲库ID", EVERY, "song_id"),
    ("isrc", ("ISRC",), "歌曲ISRC", EVERY, "isrc"),
    ("song", ("Song", "Track", "Title"), "歌曲名", ("song", "single", "k", "aiting"), "title"),
    ("mv", ("MV", "Music Video"), "MV名", ("mv",), "title"),
    ("artist", ("Artist",), "歌手名", EVERY, "artist"),
    ("album", ("Album",), "专辑名", EVERY, "album"),
    ("upc", ("UPC",), "专辑UPC", EVERY, "described"),
    ("clicks", ("Clicks",), "点击量", EVERY, "described"),
    ("revenue_total", ("License Fees - Total",), "CP分成收入", EVERY, "money"),
    ("free_usage", ("Free Music Service ...",), "广告收入分成-使用量", ("aiting", "song"), "uses"),
    ("sub_usage", ("Consumption - Subscription Music Service",), "包月收入分成-使用量", ("aiting",), "uses"),
    ("free_mode_usage", ("License Fees - Free Music Service-Free Mode-Number of Content Used",), "广告收入分成-使用量", ("song",), "uses"),
    ("non_free_mode_usage", ("License Fees - Free Music Service-Non-Free Mode-Number of Content Used",), "", ("song",), "uses"),
    ("sub_basic_usage", ("Subscription Music Service(Basic)",), "基本包月收入分成-使用量", ("song",), "uses"),
    ("sub_senior_usage", ("Subscription Music Service(Senior)",), "高级包月收入分成-使用量", ("song",), "uses"),
    ("mucoin", ("MuCoin & Gift",), "打榜收入", ("song",), "described"),
    ("sales_ios", ("Sales_IOS",), "IOS销量", ("single",), "uses"),
    ("sales_other", ("Sales_Others",), "非IOS销量", ("single",), "uses"),
    ("lyrics_usage", ("License Fees-Per Play-Consumption of Lyrics",), "按次分成-词使用量", ("k",), "words"),
    ("lyrics_usage", (), "K歌按次分成使用量", ("k",), "words"),
    ("composition_usage", ("License Fees-Per Play-Consumption of Composition",), "按次分成-曲使用量", ("k",), "music"),
    ("rec_orig_usage", ("License Fees-Per Play-Consumption of Recording-Original Version",), "按次分成-邻接权使用量-原版音源", ("k",), "beside"),
    ("rec_karaoke_licensor_usage", ("License Fees-Per Play-Consumption of Recording-Karaoke Version Provided by Licensor",),
     "按次分成-邻接权使用量-版权方提供伴奏", ("k",), "beside"),
    ("rec_karaoke_tme_usage", ("License Fees-Per Play-Consumption of Recording-Karaoke Version Processed by TME",),
     "按次分成-邻接权使用量-依据版权方提供音源制作伴奏", ("k",), "beside"),
    ("mv_usage", ("License Fees - Free Music Service-Non-free Mode-Consumption of MV",), "广告收入分成-非免模-MV使用量", ("mv",), "uses"),
]  # fmt: skip
# A small file of each family: header → a good cell, in the order of the columns.
LEFT = {"结算期间": "20260901-20260930", "平台": "QQ音乐", "歌曲名": "밤편지", "歌手名": "아이유"}
FILES: dict[str, dict[str, str]] = {
    "song": {**LEFT, "广告收入分成-使用量": "1", "基本包月收入分成-使用量": "2", "CP分成收入": "1.5"},
    "k": {**LEFT, "按次分成-词使用量": "12", "按次分成-曲使用量": "9", "按次分成-邻接权使用量-原版音源": "4", "CP分成收入": "1.5"},
    "single": {**LEFT, "IOS销量": "3", "非IOS销量": "4", "CP分成收入": "1.5"},
    "aiting": {**LEFT, "广告收入分成-使用量": "5", "包月收入分成-使用量": "6", "CP分成收入": "1.5"},
    "mv": {"结算期间": "20260901", "平台": "酷狗", "MV名": "밤편지", "歌手名": "아이유", "广告收入分成-非免模-MV使用量": "8", "CP分成收入": "1.5"},
}  # fmt: skip
ENGLISH = {
    "结算期间": "Period", "平台": "Platform", "歌曲名": "Track", "歌手名": "Artist", "CP分成收入": "License Fees - Total", "MV名": "Music Video",
    "基本包月收入分成-使用量": "Subscription Music Service(Basic)", "包月收入分成-使用量": "Consumption - Subscription Music Service",
    "IOS销量": "Sales_IOS", "非IOS销量": "Sales_Others", "按次分成-词使用量": "License Fees-Per Play-Consumption of Lyrics",
    "按次分成-曲使用量": "License Fees-Per Play-Consumption of Composition",
    "按次分成-邻接权使用量-原版音源": "License Fees-Per Play-Consumption of Recording-Original Version",
    "广告收入分成-使用量": "Free Music Service ...",
    "广告收入分成-非免模-MV使用量": "License Fees - Free Music Service-Non-free Mode-Consumption of MV",
}  # fmt: skip
USES = {"song": 3, "k": 21, "single": 7, "aiting": 11, "mv": 8}


def rules_of(family: str, headers: Sequence[str] | None = None) -> Rules:
    return formats.rules_of(formats.recognise(headers or list(FILES[family]), "x.csv"))


def read(family: str, *rows: Sequence[str], headers: Sequence[str] | None = None) -> Lines:
    return read_lines([(",".join(row), list(row)) for row in rows], first_line=2, rules=rules_of(family, headers))


def spoilt(family: str, header: str, value: str) -> list[str]:
    return [value if name == header else cell for name, cell in FILES[family].items()]


# ── headers ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_table_has_every_row() -> None:
    assert len(KNOWN) == 33


@pytest.mark.parametrize(("meaning", "english", "chinese", "families", "place"), KNOWN)
def test_every_known_header_is_found_in_its_families(
    meaning: str, english: tuple[str, ...], chinese: str, families: tuple[str, ...], place: str
) -> None:
    for family in families:
        for header in filter(None, (*english, chinese)):
            headers = [name for name in FILES[family] if not same_meaning(family, name, meaning)]
            if place == "platform":
                headers = [name for name in headers if name != "平台"]
            layout = tme.recognise([*headers, header], f"{family}_1.csv")
            assert layout.family == family
            found = getattr(layout, place)
            assert len(headers) in (found if isinstance(found, tuple) else (found,))


def same_meaning(family: str, header: str, meaning: str) -> bool:
    """Whether a header of the small file says the same as a row of the table, so that both would be two of a meaning."""
    named = [row for row in KNOWN if header in (row[2], *row[1]) and family in row[3]]
    meanings = {row[0] for row in named}
    of_song = {"free_usage", "free_mode_usage"}  # one column of `song`
    return meaning in meanings or bool(family == "song" and meaning in of_song and meanings & of_song)


@pytest.mark.parametrize("family", EVERY)
@pytest.mark.parametrize("in_english", [False, True])
def test_a_small_file_of_each_family(family: str, in_english: bool) -> None:
    headers = [ENGLISH[name] if in_english else name for name in FILES[family]]
    if in_english and family == "aiting":
        headers[headers.index("Free Music Service ...")] = "Free Music Service - Number of Content Used"
    label = f"{family}_202609.xlsx"
    layout = formats.recognise(headers, label)
    assert layout.family == family
    rows = [(",".join(FILES[family].values()), list(FILES[family].values()))]
    [line] = read_lines(rows, first_line=2, rules=formats.rules_of(layout)).accepted
    assert (line.song.title, line.uses, line.amount_micros) == ("밤편지", USES[family], 1_500_000)
    assert (line.words_uses, line.music_uses) == ((12, 9) if family == "k" else (None, None))


def test_the_same_header_is_read_by_family() -> None:
    shared = ["结算期间", "平台", "歌曲名", "歌手名", "广告收入分成-使用量", "CP分成收入"]
    assert formats.recognise(shared, "anything.csv").family == "song"
    assert formats.recognise(shared, "爱听_202609.csv").family == "aiting"
    assert formats.recognise(shared, "x.xlsx", "aiting").family == "aiting"  # what its sheet is called
    assert formats.recognise([*shared, "包月收入分成-使用量"], "song_1.csv").family == "aiting"  # the content decides
    assert formats.recognise([*shared, "结算平台ID（32=aiting）"], "x.csv").family == "aiting"
    assert formats.recognise([*shared, "结算平台ID（32=aiting）", "打榜收入"], "x.csv").family == "song"


@pytest.mark.parametrize("name", ["single_202609.xlsx", "mv.csv", "K歌_202609.xlsx"])
def test_a_name_never_overrules_the_content(name: str) -> None:
    assert formats.recognise(list(FILES["k"]), name).family == "k"


def test_headers_of_two_families_are_refused() -> None:
    with pytest.raises(HeadersOfTwoFamilies) as refusal:
        tme.recognise([*FILES["k"], "IOS销量"], "k_1.csv")
    assert refusal.value.params == {"first": "按次分成-词使用量", "second": "IOS销量"}


@pytest.mark.parametrize("missing", ["按次分成-词使用量", "按次分成-曲使用量"])
def test_karaoke_without_one_of_its_counts_is_refused(missing: str) -> None:
    with pytest.raises(CountsAreNotApart) as refusal:
        tme.recognise([header for header in FILES["k"] if header != missing], "k_1.csv")
    assert refusal.value.params == {"missing": missing}


@pytest.mark.parametrize(
    ("family", "count"),
    [("single", "IOS销量"), ("mv", "广告收入分成-非免模-MV使用量"), ("aiting", "包月收入分成-使用量")],
)
def test_no_count_at_all_is_refused(family: str, count: str) -> None:
    counts = [at for at, _header in enumerate(FILES[family]) if at in rules_of(family).layout.uses]
    headers = [header for at, header in enumerate(FILES[family]) if at not in counts]
    with pytest.raises(HeaderNotRecognised):
        tme.recognise(headers, f"{family}_1.csv")
    tme.recognise([*headers, count], f"{family}_1.csv")


def test_words_under_two_names_are_ambiguous() -> None:
    with pytest.raises(HeaderIsAmbiguous):
        tme.recognise([*FILES["k"], "K歌按次分成使用量"], "k_1.csv")


@pytest.mark.parametrize(
    "name", ["bill_202609.xlsx", "Bill 2026.xlsx", "TME数专202609.xlsx", "digital_album_202609.xlsx", "音乐汇总单.xlsx", "2026合同收入.xlsx"]
)  # fmt: skip
def test_files_that_hold_no_songs_are_named_as_left_out(name: str) -> None:
    with pytest.raises(FileIsIgnored) as refusal:
        tme.recognise(list(FILES["song"]), name)
    assert refusal.value.params["label"] == name
    with pytest.raises(FileIsIgnored):
        tme.recognise(list(FILES["song"]), "tme.xlsx", name)


# ── lines ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("family", EVERY)
@pytest.mark.parametrize(
    ("header", "value", "reason", "micros"),
    [
        ("CP分成收入", "-3.20", "negative_amount", -3_200_000),
        ("CP分成收入", "1,204.50", "amount", 0),
        ("平台", "全民K歌国际版", "not_china", 1_500_000),
        ("平台", "32.0", "platform", 1_500_000),
        ("结算期间", "46266", "period", 1_500_000),
    ],
)
def test_a_line_that_cannot_be_taken(family: str, header: str, value: str, reason: str, micros: int) -> None:
    found = read(family, spoilt(family, header, value), list(FILES[family].values()))
    if (family, value) == ("aiting", "32.0"):
        assert [line.service for line in found.accepted] == ["aiting", "qq"]
        return
    assert [(line.line_no, line.reason, line.amount_micros) for line in found.rejected] == [(2, reason, micros)]
    assert [line.line_no for line in found.accepted] == [3]


@pytest.mark.parametrize("family", EVERY)
@pytest.mark.parametrize("value", ["-1", "1.5", "12.0", "1e3", "²"])
def test_a_count_is_a_whole_number_in_every_column_of_counts(family: str, value: str) -> None:
    layout = rules_of(family).layout
    for at in (*layout.uses, *layout.beside):
        found = read(family, spoilt(family, layout.headers[at], value))
        assert [(line.reason, line.column) for line in found.rejected] == [("uses", layout.headers[at])]


def test_a_platform_may_be_its_number_in_aiting_alone() -> None:
    headers = ["结算平台ID（32=aiting）" if header == "平台" else header for header in FILES["aiting"]]
    for text, service in (("32", "aiting"), ("32.0", "aiting"), ("爱听", "aiting")):
        [line] = read("aiting", spoilt("aiting", "平台", text), headers=headers).accepted
        assert line.service == service
    assert [line.reason for line in read("aiting", spoilt("aiting", "平台", "31"), headers=headers).rejected] == [
        "platform"
    ]
    assert [line.reason for line in read("song", spoilt("song", "平台", "32")).rejected] == ["platform"]


def test_titles_that_a_spreadsheet_made_numbers_are_called_by_their_digits() -> None:
    row = spoilt("song", "歌曲名", "5566.0")
    row[3] = "1.0"
    found = read("song", row, spoilt("song", "歌曲名", "2.0 (Live)"), spoilt("song", "歌曲名", "5566"))
    assert [(line.song.title, line.song.artists) for line in found.accepted] == [
        ("5566", "1"), ("2.0 (Live)", "아이유"), ("5566", "아이유"),
    ]  # fmt: skip
    assert found.as_numbers == {"5566.0", "1.0"}


def test_money_without_a_use_of_words_or_music_is_not_works_money() -> None:
    """A line with uses of the recording alone keeps its money in the account of what was rejected."""
    row = spoilt("k", "按次分成-词使用量", "0")
    row[5] = ""
    free = [*row[:-1], "0"]
    found = read("k", row, free)
    assert [(line.reason, line.amount_micros) for line in found.rejected] == [("no_work_uses", 1_500_000)]
    assert [(line.uses, line.words_uses, line.music_uses) for line in found.accepted] == [(0, 0, 0)]
    assert dict(found.beside) == {6: 4}  # of the line that was taken


def test_uses_of_recordings_are_summed_and_no_uses() -> None:
    found = read("k", *[list(FILES["k"].values())] * 3)
    assert [line.uses for line in found.accepted] == [21, 21, 21]
    assert dict(found.beside) == {6: 12}


# ── the shortcut finds what the rule finds ──────────────────────────────────────────────────────────────────────────────

COUNTS = st.sampled_from(["", "0", "12", "7", " 3", "1.5", "-1", "²", "1234567890123456", "000000000000001"])
AMOUNTS = st.sampled_from(["0", "0.5", "1.5", "-1", "0.0000001", "", "NaN", "1,204.50", "999999999999.999999", "12"])
TEXTS = {
    "结算期间": st.sampled_from(["20260901", "2026-09-01", "2026", ""]),
    "平台": st.sampled_from(["QQ音乐", "酷狗", "全民K歌国际版", "32", "x", ""]),
}
NAMES = st.sampled_from(["가", "", "5566.0", 'a, "b"', "a\rb", "0.0", "٣.0", " 7.0 "])


def rows_of(family: str) -> st.SearchStrategy[list[list[str]]]:
    layout = rules_of(family).layout
    cells = [
        AMOUNTS if at == layout.money else COUNTS if at in layout.counted() else TEXTS.get(header, NAMES)
        for at, header in enumerate(layout.headers)
    ]
    good = st.just(list(FILES[family].values()))
    return st.lists(st.one_of(good, st.tuples(*cells).map(list), st.just(["x"] * 3)), max_size=10)


@pytest.mark.parametrize("family", EVERY)
@settings(max_examples=80, deadline=None)
@given(data=st.data(), delimiter=st.sampled_from([",", "\t", ""]))
def test_lines_of_each_family_read_the_same_by_columns(family: str, data: st.DataObject, delimiter: str) -> None:
    rows, rules = data.draw(rows_of(family)), rules_of(family)
    block = written(rows, "gb18030", delimiter, "\n") if delimiter else as_sheet(rows)
    reader = LineReader(rules, encoding="gb18030", delimiter=delimiter)
    found, plain = by_column(reader, block, rules)
    read_rows = (
        partial(csv_lines.csv_rows, encoding="gb18030", delimiter=delimiter) if delimiter else csv_lines.sheet_rows
    )
    split = read_rows(block) if block else []
    assert found == by_rule(split, rules)
    if rows and all(row == list(FILES[family].values()) for row in rows):
        assert plain == len(rows)


def test_layouts_are_stored_and_read_back_whole() -> None:
    layout = rules_of("k").layout
    assert (layout.words, layout.music, layout.beside) == ((4,), (5,), (6,))
    assert isinstance(json.loads(json.dumps(layout.words)), list)
    assert isinstance(layout, Layout)
