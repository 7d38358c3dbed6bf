"""Tencent's headers, families, platforms and cells: what is read, and what is refused with a reason."""

from __future__ import annotations

import csv
import io
import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from royalties.reports import csv_lines, tme
from royalties.reports.base import (
    REASONS,
    HeaderIsAmbiguous,
    HeaderNotRecognised,
    Layout,
    LineIsEndless,
)
from royalties.reports.lines import Line, Lines, Rules, Song, isrc_of, key_of, read_lines

HEADERS = ["结算期间", "平台", "中央曲库ID", "歌曲ISRC", "歌曲名", "歌手名", "专辑名", "专辑UPC", "点击量",
           "广告收入分成-使用量", "基本包月收入分成-使用量", "高级包月收入分成-使用量", "CP分成收入"]  # fmt: skip
GOOD = ["20260901-20260930", "QQ音乐", "7000000000005614571", "KRA012600001", "밤편지", "아이유", "", "", "9",
        "1", "2", "3", "12.345678"]  # fmt: skip
RULES = Rules(tme.recognise(HEADERS, "song_1.csv"), tme.PLATFORMS, tme.NOT_CHINA)


def read(rows: list[list[str]], rules: Rules = RULES) -> Lines:
    return read_lines([(",".join(cells), cells) for cells in rows], first_line=2, rules=rules)


def spoilt(header: str, value: str) -> list[str]:
    return [value if name == header else cell for name, cell in zip(HEADERS, GOOD, strict=True)]


# ── headers and families ────────────────────────────────────────────────────────────────────────────────────────────────


def test_recognises_chinese_headers() -> None:
    layout = RULES.layout
    assert (layout.family, layout.period, layout.platform, layout.song_id, layout.isrc) == ("song", 0, 1, 2, 3)
    assert (layout.title, layout.artist, layout.album, layout.uses, layout.money) == (4, 5, 6, (9, 10, 11), 12)


def test_recognises_english_headers_however_they_are_spaced() -> None:
    english = ["Upload Date ", "Platform", "ＩＳＲＣ", "Track", "artist", "Album", "Clicks",
               "License Fees - Free Music Service-Free Mode-Number of Content Used",
               "License Fees - Free Music  Service-Non-Free Mode-Number of Content Used",
               "Subscription Music Service(Basic)", "Subscription Music Service（Senior）", "MuCoin & Gift",
               "License Fees - Total"]  # fmt: skip
    layout = tme.recognise(english, "anything.xlsx")
    assert (layout.family, layout.period, layout.title, layout.uses) == ("song", 0, 3, (7, 8, 9, 10))
    assert (layout.song_id, layout.money) == (None, 12)


def test_of_several_period_columns_the_settlement_counts() -> None:
    assert tme.recognise(["日期", *HEADERS], "song_1.csv").period == 1


@pytest.mark.parametrize("missing", ["结算期间", "平台", "歌曲名", "歌手名", "CP分成收入"])
def test_says_which_header_is_missing(missing: str) -> None:
    with pytest.raises(HeaderNotRecognised) as refusal:
        tme.recognise([header for header in HEADERS if header != missing], "song_1.csv")
    assert refusal.value.params == {"missing": missing}


def test_a_statement_without_any_uses_is_none() -> None:
    with pytest.raises(HeaderNotRecognised):
        tme.recognise(["结算期间", "平台", "歌曲名", "歌手名", "CP分成收入"], "song_1.csv")
    with pytest.raises(HeaderNotRecognised):
        tme.recognise([], "song_1.csv")


def test_two_columns_of_money_are_ambiguous() -> None:
    with pytest.raises(HeaderIsAmbiguous):
        tme.recognise([*HEADERS, "License Fees - Total"], "song_1.csv")


@pytest.mark.parametrize(
    ("name", "service"),
    [("QQ音乐", "qq"), ("酷狗", "kugou"), ("酷狗音乐", "kugou"), ("酷我", "kuwo"), ("酷我音乐 ", "kuwo"), ("全民K歌", "wesing"),
     ("酷狗K歌", "kugou_k"), ("酷狗直播", "kugou_live"), ("爱听", "aiting")],
)  # fmt: skip
def test_platforms(name: str, service: str) -> None:
    assert [line.service for line in read([spoilt("平台", name)]).accepted] == [service]


# ── lines ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_good_line() -> None:
    (line,) = read([GOOD]).accepted
    song = Song("7000000000005614571", "밤편지", "아이유", "KRA012600001", "")
    assert line == Line(2, song, "qq", "2026-09-01", 6, 12_345_678)


@pytest.mark.parametrize(
    ("header", "value", "reason", "micros"),
    [
        ("结算期间", "2026年", "period", 12_345_678),
        ("结算期间", "20260230", "period", 12_345_678),
        ("结算期间", "19991231", "period", 12_345_678),
        ("结算期间", "", "period", 12_345_678),
        ("平台", "未知平台", "platform", 12_345_678),
        ("平台", "全民K歌国际版", "not_china", 12_345_678),
        ("中央曲库ID", "7E+18", "id_lost_precision", 12_345_678),
        ("中央曲库ID", "5566.0", "id_lost_precision", 12_345_678),
        ("中央曲库ID", "1234567890123450.0", "id_lost_precision", 12_345_678),
        ("中央曲库ID", "abc", "song_id", 12_345_678),
        ("中央曲库ID", "１２３", "song_id", 12_345_678),
        ("CP分成收入", "", "amount", 0),
        ("CP分成收入", "NaN", "amount", 0),
        ("CP分成收入", "1,204.50", "amount", 0),
        ("CP分成收入", "1e400", "amount", 0),
        ("CP分成收入", "１２", "amount", 0),
        ("CP分成收入", "-3.20", "negative_amount", -3_200_000),
        ("广告收入分成-使用量", "1.5", "uses", 12_345_678),
        ("广告收入分成-使用量", "-1", "uses", 12_345_678),
        ("高级包月收入分成-使用量", "²", "uses", 12_345_678),
    ],
)
def test_a_line_that_cannot_be_taken(header: str, value: str, reason: str, micros: int) -> None:
    found = read([GOOD, spoilt(header, value), GOOD])
    assert [line.line_no for line in found.accepted] == [2, 4]
    (rejected,) = found.rejected
    assert rejected[:1] + rejected[2:] == (3, header, value, reason, micros)
    assert rejected.raw == ",".join(spoilt(header, value))
    assert reason in REASONS


def test_a_title_may_be_missing_only_where_an_id_says_which_song_it_is() -> None:
    without = spoilt("歌曲名", " ")
    assert len(read([without]).accepted) == 1
    without[2] = "0"
    assert [line.reason for line in read([without]).rejected] == ["title"]


def test_blank_and_ragged_lines() -> None:
    found = read([[""] * 13, GOOD[:-1], [*GOOD, ""], [""]])
    assert [(line.line_no, line.reason, line.amount_micros) for line in found.rejected] == [
        (2, "blank", 0), (3, "columns", 0), (4, "columns", 0), (5, "blank", 0),
    ]  # fmt: skip


def test_blank_uses_count_none_and_a_zero_is_a_zero() -> None:
    cells = spoilt("广告收入分成-使用量", "")
    cells[12] = "0"
    assert [(line.uses, line.amount_micros) for line in read([cells]).accepted] == [(5, 0)]


def test_more_than_six_decimals_are_rounded_and_the_remainder_is_kept() -> None:
    found = read([spoilt("CP分成收入", text) for text in ("0.0000005", "0.0000015", "0.123456789", "1")])
    assert [line.amount_micros for line in found.accepted] == [0, 2, 123_457, 1_000_000]
    assert (found.rounded, found.remainder) == (3, Fraction(1, 2) - Fraction(1, 2) - Fraction(211, 1000))


def test_the_month_of_a_line_is_its_own() -> None:
    texts = ["20260831-20260930", "2026-10-01", "2026/1/5", " 20261231 "]
    months = [line.usage_month for line in read([spoilt("结算期间", text) for text in texts]).accepted]
    assert months == ["2026-08-01", "2026-10-01", "2026-01-01", "2026-12-01"]


def test_a_malformed_isrc_is_kept_out_of_the_match_but_not_the_line() -> None:
    (line,) = read([spoilt("歌曲ISRC", "KR-A01-26")]).accepted
    assert line.song.isrc == "KR-A01-26"
    assert isrc_of(line.song) == ""
    assert isrc_of(line.song._replace(isrc="kr-a01-26-00001")) == "KRA012600001"


def test_songs_are_one_by_id_or_else_by_title_artist_and_isrc() -> None:
    song = Song("7000000000005614571", "밤편지", "아이유", "", "")
    assert key_of(song, "tme") == "tme:id:7000000000005614571"
    assert key_of(song._replace(title="other"), "tme") == key_of(song, "tme")
    named = song._replace(song_id="")
    assert key_of(named, "tme") == key_of(named._replace(title=" 밤편지", album="x", isrc="bad"), "tme")
    assert key_of(named._replace(title="Ｌｏｖｅ  Poem"), "tme") == key_of(named._replace(title="love poem"), "tme")
    others = [named._replace(artists="x"), named._replace(isrc="KRA012600001"), named._replace(title="x")]
    assert len({key_of(other, "tme") for other in [named, *others]}) == 4
    assert key_of(named, "tme") != key_of(named, "mcsc")
    assert len(key_of(named, "x" * 20)) <= 120


# ── bytes into lines ────────────────────────────────────────────────────────────────────────────────────────────────────


def csv_bytes(rows: list[list[str]], encoding: str) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode(encoding)


def cells_of(path: Path) -> tuple[str, list[csv_lines.Row]]:
    survey = csv_lines.survey(path)
    tiles = survey.tiles
    rows = [row for tile in tiles for _raw, row in csv_lines.csv_rows(csv_lines.read_tile(path, tile), survey.encoding)]
    return survey.encoding, rows


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings_are_decided_from_the_bytes(encoding: str, tmp_path: Path) -> None:
    row = [*GOOD[:4], '밤, "편지" 𠮷', *GOOD[5:]]  # a character of four bytes in GB18030, a comma and quotes
    (tmp_path / "a").write_bytes(csv_bytes([HEADERS, row, GOOD], encoding))
    assert cells_of(tmp_path / "a") == (encoding, [row, GOOD])
    assert csv_lines.split_header(csv_lines.survey(tmp_path / "a").header) == HEADERS


def test_a_bad_byte_costs_its_line_and_not_the_encoding(tmp_path: Path) -> None:
    good = csv_bytes([GOOD], "utf-8")
    bad = good.replace("밤".encode(), b"\xeb\xb0")
    (tmp_path / "a").write_bytes(csv_bytes([HEADERS], "utf-8") + good * 50 + bad + good)
    encoding, rows = cells_of(tmp_path / "a")
    assert encoding == "utf-8"
    found = read_lines([("x", row) for row in rows], first_line=2, rules=RULES)
    assert len(found.accepted) == 51
    assert [(line.line_no, line.reason) for line in found.rejected] == [(52, "undecodable")]


def test_a_stray_quotation_mark_costs_one_line(tmp_path: Path) -> None:
    text = [",".join(HEADERS), *(",".join(GOOD) for _line in range(999))]
    text[500] = text[500].replace("밤편지", '"밤편지')
    (tmp_path / "a").write_text("\n".join(text), encoding="utf-8")
    _encoding, rows = cells_of(tmp_path / "a")
    found = read_lines([("x", row) for row in rows], first_line=2, rules=RULES)
    assert (len(found.accepted), [(line.line_no, line.reason) for line in found.rejected]) == (998, [(501, "quotes")])


def test_only_line_feeds_end_a_line(tmp_path: Path) -> None:
    """Line separators of Unicode are text; a bare carriage return or a NUL costs its line; counts stay exact."""
    titles = ["a\u2028b", "a\x85b", "a\x0bb", "a\rb", "a\0b", "ab"]
    lines = [",".join(HEADERS)] + [",".join([*GOOD[:4], title, *GOOD[5:]]) for title in titles]
    ends = ["\r\n", "\n", "\r\n", "\n", "\n", "\n", ""]
    (tmp_path / "a").write_bytes("".join(line + end for line, end in zip(lines, ends, strict=True)).encode())
    _encoding, rows = cells_of(tmp_path / "a")
    found = read_lines([("x", row) for row in rows], first_line=2, rules=RULES)
    assert [line.line_no for line in found.accepted] == [2, 3, 4, 7]
    assert [(line.line_no, line.reason) for line in found.rejected] == [(5, "quotes"), (6, "unwritable")]


def test_long_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = spoilt("歌曲名", "가" * 70_000)
    (tmp_path / "a").write_bytes(csv_bytes([HEADERS, long, GOOD], "utf-8"))
    survey = csv_lines.survey(tmp_path / "a")
    rows = csv_lines.csv_rows(csv_lines.read_tile(tmp_path / "a", survey.tiles[0]), survey.encoding)
    found = read_lines(rows, first_line=2, rules=RULES)
    assert (len(found.accepted), found.rejected[0].reason, len(found.rejected[0].raw)) == (1, "too_long", 2001)
    monkeypatch.setattr(csv_lines, "LONGEST_LINE_BYTES", 1000)
    with pytest.raises(LineIsEndless):
        csv_lines.survey(tmp_path / "a")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b" ")), max_size=30), st.booleans())
def test_tiles_leave_no_gap_and_no_overlap(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], end: bool
) -> None:
    path = tmp_path_factory.mktemp("tiles") / "a"
    content = b"\n".join([b"header", *lines]) + (b"\n" if end else b"")
    path.write_bytes(content)
    before = csv_lines.LINES_A_CHUNK
    csv_lines.LINES_A_CHUNK = 4  # type: ignore[misc]  # small tiles for a small file
    try:
        tiles = csv_lines.survey(path).tiles
    finally:
        csv_lines.LINES_A_CHUNK = before  # type: ignore[misc]
    assert b"".join(csv_lines.read_tile(path, tile) for tile in tiles) == content.partition(b"\n")[2]
    counted = content.partition(b"\n")[2].count(b"\n") + (0 if content.endswith(b"\n") else 1 if lines else 0)
    assert sum(tile.lines for tile in tiles) == counted
    line_no = 2
    for tile in tiles:
        assert tile.first_line == line_no
        rows = csv_lines.csv_rows(csv_lines.read_tile(path, tile), "gb18030")
        assert len(rows) == tile.lines
        line_no += tile.lines


def test_layouts_of_both_containers_agree() -> None:
    assert isinstance(RULES.layout, Layout)
    rows = csv_lines.sheet_rows("".join(json.dumps(row) + "\n" for row in [GOOD, ["a\0"]]).encode())
    assert rows[0] == ("\t".join(GOOD), GOOD)
    assert read_lines(rows, first_line=2, rules=RULES).rejected[0].reason == "unwritable"
