"""Any table, in any order of columns, below any title block, in any encoding: by its mapping it reads back exactly."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from royalties.models import Mapping
from royalties.reports import csv_lines, mapped
from royalties.reports.base import ColumnsAreMissing, Layout
from royalties.reports.columns import LineReader
from royalties.reports.formats import rules_of
from royalties.reports.lines import Line, Lines, read_line

HEADERS = {
    "곡명": "title",
    "가수": "artist",
    "이용월": "period",
    "서비스": "platform",
    "횟수": "uses",
    "금액": "money",
    "비고": "",
}
LETTERS = st.text("가나다라노래밤편지abcXYZ 019'.-", min_size=1, max_size=12).map(str.strip).filter(bool)
SONG = st.fixed_dictionaries(
    {
        "곡명": LETTERS.filter(lambda text: not mapped.says_total(text)),
        "가수": LETTERS.filter(lambda text: not mapped.says_total(text)),
        "이용월": st.sampled_from(["2026-09", "2026.10", "202611", "2026년 9월"]),
        "서비스": st.sampled_from(["멜론", "QQ Music"]),
        "횟수": st.integers(0, 10**9),
        "금액": st.integers(0, 10**15),
        "비고": st.sampled_from(["", "비고"]),
    }
)
MONTHS = {"2026-09": "2026-09-01", "2026.10": "2026-10-01", "202611": "2026-11-01", "2026년 9월": "2026-09-01"}
QUICK = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def mapping(**changes: Any) -> Mapping:
    facts: dict[str, Any] = {
        "source_id": 1,
        "name": "유통",
        "headers": list(HEADERS),
        "header_line": 1,
        "columns": {meaning: [[header, 0]] for header, meaning in HEADERS.items() if meaning},
        "numbers": ["grouped", "signs"],
        "totals": list(mapped.TOTAL_WORDS),
        "services": {"멜론": "other", "QQ Music": "qq"},
        "basis": "claimed",
    }
    return Mapping(**{**facts, **changes})


def layout(headers: list[str], header_line: int = 1, **changes: Any) -> Layout:
    return mapped.layout_from(mapping(**changes), headers, header_line=header_line, stated="2026-09-01", pads=False, currency="KRW")  # fmt: skip


def amount(micros: int, *, grouped: bool) -> str:
    return (
        f"{micros // 1_000_000:,}.{micros % 1_000_000:06d}"
        if grouped
        else f"{micros // 1_000_000}.{micros % 1_000_000:06d}"
    )


@QUICK
@given(
    songs=st.lists(SONG, min_size=1, max_size=12),
    order=st.permutations(list(HEADERS)),
    above=st.integers(0, 12),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp949", "gb18030"]),
    delimiter=st.sampled_from([",", "\t", ";"]),
    end=st.sampled_from(["\n", "\r\n"]),
    grouped=st.booleans(),
    with_total=st.booleans(),
)
def test_a_table_reads_back_exactly(
    songs: list[dict[str, Any]], order: list[str], above: int, encoding: str, delimiter: str, end: str, *, grouped: bool, with_total: bool
) -> None:  # fmt: skip
    def cell(text: str) -> str:
        return f'"{text}"' if delimiter in text else text

    def row(song: dict[str, Any]) -> str:
        said = {**song, "횟수": str(song["횟수"]), "금액": amount(song["금액"], grouped=grouped)}
        return delimiter.join(cell(said[header]) for header in order)

    total = dict.fromkeys(HEADERS, "") | {
        "곡명": "합계",
        "금액": amount(sum(song["금액"] for song in songs), grouped=grouped),
    }
    totals = [delimiter.join(cell(total[header]) for header in order)] if with_total else []
    lines = [*["정산서"] * above, delimiter.join(order), *map(row, songs), *totals]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes("".join(line + end for line in lines).encode(encoding))
        survey = csv_lines.survey(path, header_line=above + 1)
        block = csv_lines.read_tile(path, survey.tiles[0])
    rows = csv_lines.csv_rows(block, encoding, delimiter)
    headers = csv_lines.split_header(csv_lines.decode_header(lines[above].encode(), "utf-8"), delimiter)
    rules = rules_of(layout(headers, above + 1))
    read = Lines()
    for number, (raw, cells) in enumerate(rows, above + 2):
        read_line(number, raw, cells, rules, read)
    expected = [
        (number, song["곡명"], song["가수"], {"멜론": "other"}.get(song["서비스"], "qq"), MONTHS[song["이용월"]], song["횟수"], song["금액"])
        for number, song in enumerate(songs, above + 2)
    ]  # fmt: skip
    assert [said(line) for line in read.accepted] == [shortened(line) for line in expected]
    assert [(line.reason, line.amount_micros) for line in read.rejected] == [("total", 0)] * with_total
    assert [micros for _line, micros in read.totals] == [sum(song["금액"] for song in songs)] * with_total
    reader = LineReader(rules, encoding="utf-8" if encoding == "utf-8-sig" else encoding, delimiter=delimiter)
    plain, left = reader.read(block, above + 2)
    others = Lines()
    for number, (raw, cells) in zip(left.line_nos, left.rows, strict=True):
        read_line(number, raw, cells, rules, others)
    by_column = {line["line_no"]: (line["uses"], line["micros"]) for line in plain.frame.to_dicts()}
    found = by_column | {line.line_no: (line.uses, line.amount_micros) for line in others.accepted}
    assert found == {line[0]: (line[5], line[6]) for line in expected}
    assert others.totals == read.totals


def said(line: Line) -> tuple[Any, ...]:
    return (
        line.line_no,
        line.song.title,
        line.song.artists,
        line.service,
        line.usage_month,
        line.uses,
        line.amount_micros,
    )


def shortened(line: tuple[Any, ...]) -> tuple[Any, ...]:
    """As lines.name_of has it: what a spreadsheet turned into a number."""
    names = (text[:-2] if text.endswith(".0") and text[:-2].isdecimal() else text for text in line[1:3])
    return (line[0], *names, *line[3:])


# ── finding the header again ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_header_is_looked_for_where_it_stood_and_then_everywhere() -> None:
    rows = [["x"], list(HEADERS), ["1"], [*reversed(HEADERS), "새 열"]]
    assert mapped.find_header(mapping(header_line=4), rows) == 4
    assert mapped.find_header(mapping(header_line=1), rows) == 2
    assert mapped.find_header(mapping(), [["x"], list(HEADERS)[1:]]) is None


def test_full_width_and_blanks_in_headers_make_no_difference() -> None:
    assert mapped.find_header(mapping(columns={"title": [["isrc ab", 0]]}), [["ＩＳＲＣ  AB "]]) == 1


def test_a_header_that_is_missing_is_named() -> None:
    headers = [header for header in HEADERS if header != "금액"]
    assert mapped.nearest_header(mapping(), [["x"], headers]) == (2, ["금액"])
    with pytest.raises(ColumnsAreMissing) as missing:
        layout(headers)
    assert missing.value.params == {"mapping": "유통", "missing": "금액"}
    assert mapped.nearest_header(mapping(), [["곡명", "x"]]) == (0, [])


def test_of_headers_of_one_name_the_one_that_was_meant_is_taken() -> None:
    headers = ["곡명", "금액", "금액"]
    by_second = layout(headers, columns={"title": [["곡명", 0]], "money": [["금액", 1]]})
    assert by_second.money == 2


# ── what sums others up ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("title", "artist", "is_total"),
    [
        ("합계", "", True), ("총 합계", "", True), ("합 계 :", "", True), ("멜론 소계", "", True), ("Total", "", True),
        ("总计", "", True), ("合计（12）", "", True), ("Total", "가수", False), ("합계의 노래", "", False), ("사랑", "", False),
    ],
)  # fmt: skip
def test_a_total_is_told_from_a_song_of_that_name(title: str, artist: str, is_total: bool) -> None:
    its = layout(list(HEADERS))
    assert mapped.is_total([title, artist, "", "", "", "1", ""], its) == is_total


def test_a_total_may_stand_in_any_column_of_words() -> None:
    its = layout(list(HEADERS))
    assert mapped.is_grand_total(["", "", "합계", "", "", "1", ""], its)
    assert not mapped.is_grand_total(["", "", "소계", "", "", "1", ""], its)
    assert not mapped.is_total(["노래", "", "합계", "", "", "1", ""], its)


@pytest.mark.parametrize(
    ("text", "found"), [("5566.0", "5566"), ("AB-12", "AB-12"), ("0", ""), ("0.0", ""), (" 7 ", "7")]
)
def test_ids_of_distributors(text: str, found: str) -> None:
    assert mapped.any_id_of(text) == found


def test_a_total_that_says_a_month_and_a_service_is_no_plain_line_either() -> None:
    its = layout(["곡명", "가수", "이용월", "서비스", "비고", "횟수", "금액"])
    block = "노래,가수,2026-09,멜론,,3,1.5\n합계,,2026-09,멜론,,3,1.5\n".encode()
    plain, left = LineReader(rules_of(its), encoding="utf-8", delimiter=",").read(block, 2)
    assert (plain.frame["line_no"].to_list(), list(left.line_nos)) == ([2], [3])
