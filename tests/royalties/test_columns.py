"""Reading plain lines by columns of bytes is a shortcut: whatever the bytes, it finds what the rule finds line by line."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings, strategies as st

from royalties.reports import columns, csv_lines, tme
from royalties.reports.base import Layout
from royalties.reports.columns import LineReader, left_columns
from royalties.reports.csv_lines import Row
from royalties.reports.lines import Line, Lines, Rules, read_line
from royalties.reports.placed import no_lines
from tests.royalties.test_tme import GOOD, HEADERS

RULES = Rules(tme.recognise(HEADERS, "song_202609.csv"), tme.PLATFORMS, tme.NOT_CHINA)
ENCODINGS = ["utf-8", "utf-8-sig", "gb18030", "cp949", "cp950"]

CELLS = [
    st.sampled_from(["20260901", "2026-09-01", "2026", "", "20260901-20260930", "٢٠٢٦٠٩٠١"]),
    st.sampled_from(["QQ音乐", "酷狗", "QQ音乐 ", "全民K歌国际版", "x", ""]),
    st.sampled_from(["7000000000005614571", "0", "", "1.0", "7e18", "x", "²"]),
    st.sampled_from(["", "KRA012600001", "x"]),
    st.sampled_from(["", " ", "가", "x ", 'a, "b"', 'a", "b', "a\\", "a\rb", "a\0b", "a\tb;c", "𠮷", "\x85"]),
    st.text(max_size=3),
    st.just(""),
    st.just(""),
    st.sampled_from(["", "17", "x", '"', "가", "a\\", "a, b", "\r"]),
    st.sampled_from(["", "0", "12", " 3", "1.5", "-1", "²", "1234567890123456", "000000000000001"]),
    st.sampled_from(["1", "", "²"]),
    st.just("1"),
    st.sampled_from(["0", "0.5", "1.", ".5", "1.5", "-1", "0.0000001", "-0.0000001", "", "NaN", " 2", "1234567890123",
                     "1.23456789", "1,204.50", "999999999999.999999", "1.2.3"]),
]  # fmt: skip
assert len(CELLS) == len(HEADERS)
LINES = st.lists(
    st.one_of(
        st.just(GOOD),
        st.tuples(*CELLS).map(list),
        st.lists(st.sampled_from(["x", "1", ""]), max_size=20),
    ),
    max_size=12,
)


def by_rule(rows: list[tuple[str, Row]], rules: Rules = RULES) -> Lines:
    read = Lines()
    for line_no, (raw, cells) in enumerate(rows, 2):
        read_line(line_no, raw, cells, rules, read)
    return read


def parts(block: bytes) -> Iterator[bytes]:
    """Whole lines, some at a time."""
    lines = re.findall(rb"[^\n]*\n|[^\n]+", block)
    for at in range(0, len(lines), 4):
        yield b"".join(lines[at : at + 4])


def by_column(reader: LineReader, block: bytes, rules: Rules = RULES) -> tuple[Lines, int]:
    """The same by columns, and how many lines were plain."""
    read, line_no, plain_lines = Lines(), 2, 0
    for part in parts(block):
        plain, left = reader.read(part, line_no)
        line_no += len(plain) + len(left.line_nos)
        plain_lines += len(plain)
        for row in plain.frame.iter_rows(named=True):
            song, (service, month) = reader.fresh[row["song"]], reader.said[row["kind"]]
            assert song is not None
            apart = (row.get("words"), row.get("music"))
            read.accepted.append(Line(row["line_no"], song, service, month, row["uses"], row["micros"], *apart))
        read.beside.update(reader.beside(plain))
        for number, (raw, cells) in zip(left.line_nos, left.rows, strict=True):
            read_line(number, raw, cells, rules, read)
    read.accepted.sort()
    read.rejected.sort()
    read.as_numbers |= reader.as_numbers
    return read, plain_lines


def written(rows: list[list[str]], encoding: str, delimiter: str, end: str) -> bytes:
    """Each row as a CSV line; what an encoding does not have becomes bytes that are no text in it."""
    found = []
    for row in rows:
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=delimiter, lineterminator="").writerow(row)
        line = out.getvalue().replace("\n", " ")
        found.append(
            (line + end).encode(encoding.removesuffix("-sig"), "surrogatepass" if "utf" in encoding else "replace")
        )
    return b"".join(found)


def as_sheet(rows: list[list[str]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode(errors="backslashreplace")


@pytest.fixture(autouse=True, scope="module")
def little_is_remembered() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "SONGS_AT_MOST", 5)
        patch.setattr(columns, "KINDS_AT_MOST", 5)
        yield


@settings(max_examples=400, deadline=None)
@given(
    LINES,
    st.sampled_from(ENCODINGS),
    st.sampled_from([",", "\t", ";", "|"]),
    st.sampled_from(["\n", "\r\n", "\r\r\n"]),
    st.binary(max_size=3),
)
def test_text_reads_the_same_by_columns(
    rows: list[list[str]], encoding: str, delimiter: str, end: str, rest: bytes
) -> None:
    block = written(rows, encoding, delimiter, end) + rest
    found, _plain = by_column(LineReader(RULES, encoding=encoding, delimiter=delimiter), block)
    assert found == by_rule(csv_lines.csv_rows(block, encoding, delimiter) if block else [])


# What no column says is the same for all lines; and columns may say more of the work than a statement of Tencent does.
SPARE = [
    replace(RULES.layout, period=None, month="2026-09-01", platform=None, service="other"),
    replace(RULES.layout, artist=None, album=None, iswc=2, writers=5, ipis=6, duration=7, song_id=None),
    replace(RULES.layout, money=None),
    replace(RULES.layout, uses=(), song_id=None, isrc=None),
    replace(RULES.layout, title=0),  # the song is named before where it was used, and between
    replace(RULES.layout, period=None, month="2026-09-01"),
]


@settings(max_examples=300, deadline=None)
@given(LINES, st.sampled_from(SPARE), st.sampled_from([",", ""]))
def test_layouts_that_say_less_or_more_read_the_same_by_columns(
    rows: list[list[str]], layout: Layout, delimiter: str
) -> None:
    rules = replace(RULES, layout=layout)
    block = written(rows, "gb18030", delimiter, "\n") if delimiter else as_sheet(rows)
    found, _plain = by_column(LineReader(rules, encoding="gb18030", delimiter=delimiter), block, rules)
    read_rows = (
        partial(csv_lines.csv_rows, encoding="gb18030", delimiter=delimiter) if delimiter else csv_lines.sheet_rows
    )
    assert found == by_rule(read_rows(block) if block else [], rules)


def test_what_no_column_says_is_said_by_the_layout() -> None:
    [line] = by_rule([("", GOOD)], replace(RULES, layout=SPARE[0])).accepted
    assert (line.usage_month, line.service) == ("2026-09-01", "other")
    [line] = by_rule([("", GOOD)], replace(RULES, layout=SPARE[1])).accepted
    assert (line.song.artists, line.song.iswc, line.song.writers) == ("", GOOD[2], GOOD[5])
    [line] = by_rule([("", GOOD)], replace(RULES, layout=SPARE[2])).accepted
    assert (line.uses, line.amount_micros) == (by_rule([("", GOOD)]).accepted[0].uses, 0)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.binary(max_size=6).map(lambda spoilt: ",".join(GOOD).encode("gb18030")[: -len(spoilt) or None] + spoilt),
        max_size=6,
    )
)
def test_bytes_that_are_no_text_read_the_same(lines: list[bytes]) -> None:
    block = b"\n".join(lines)
    found, _plain = by_column(LineReader(RULES, encoding="gb18030", delimiter=","), block)
    assert found == by_rule(csv_lines.csv_rows(block, "gb18030") if block else [])


@settings(max_examples=300, deadline=None)
@given(LINES)
def test_sheets_read_the_same_by_columns(rows: list[list[str]]) -> None:
    block = as_sheet(rows)
    found, _plain = by_column(LineReader(RULES, encoding="utf-8", delimiter=""), block)
    assert found == by_rule(csv_lines.sheet_rows(block) if block else [])


def test_a_song_is_read_once_wherever_it_was_used() -> None:
    """Unless it is named before where and when, or between."""
    rows = [[GOOD[0], platform, *GOOD[2:]] for platform in ("QQ音乐", "酷狗", "酷我")]
    mixed = replace(RULES.layout, title=0)
    for layout, numbers in ((RULES.layout, [1, 1, 1]), (SPARE[0], [1, 1, 1]), (mixed, [1, 2, 3])):
        reader = LineReader(replace(RULES, layout=layout), encoding="gb18030", delimiter=",")
        plain, _left = reader.read(written(rows, "gb18030", ",", "\n"), 2)
        assert (len(plain), len(reader.fresh)) == (3, max(numbers))
        reader.give_numbers(sorted(set(numbers)))
        placed = no_lines(3, reader.said)
        reader.place(plain, placed, 2)
        assert placed.recordings.tolist() == numbers


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("delimiter", "end"), [(",", "\n"), (",", "\r\n"), ("\t", "\n"), (";", "\n"), ("", "\n")])
def test_good_lines_are_plain(encoding: str, delimiter: str, end: str) -> None:
    """Whole or blank counts, amounts with and without decimals, titles with commas: all take the shortcut.

    But a line that is wrong, and one that a sheet writes with a backslash.
    """
    rows = [
        [GOOD[0], "QQ Music", *GOOD[2:4], "bam pyeonji", "IU", *GOOD[6:]] for _line in range(50)
    ]  # in every encoding
    rows[3][4] = 'rain, and "snow"'
    rows[5][9:12] = ["", "", ""]
    rows[7][12] = "12"
    rows[9][12] = "0.5"
    rows[11][12] = "1,204.50"
    block = written(rows, encoding, delimiter, end) if delimiter else as_sheet(rows)
    found, plain = by_column(LineReader(RULES, encoding=encoding, delimiter=delimiter), block)
    assert (plain, len(found.accepted)) == (49 if delimiter else 48, 49)
    assert [(line.line_no, line.reason) for line in found.rejected] == [(13, "amount")]
    assert [found.accepted[at].amount_micros for at in (7, 9)] == [12_000_000, 500_000]
    assert found.accepted[5].uses == 0


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_with_every_cell_in_quotation_marks_are_plain(end: str) -> None:
    """But one whose marks stand around no whole cell, and one that has too few cells and would borrow from the line before."""
    lines = [",".join(f'"{cell}"' for cell in GOOD) for _line in range(9)]
    lines[2] = lines[2][:-1] + '5"1"'
    lines[4] = '"1","2"'
    lines[6] = lines[6].replace('"', "")[:-1] + '"1"'
    block = "".join(line + end for line in lines).encode("gb18030")
    reader = LineReader(RULES, encoding="gb18030", delimiter=",")
    plain, left = reader.read(block, 2)
    assert (len(plain), list(left.line_nos)) == (6, [4, 6, 8])
    found, _plain = by_column(LineReader(RULES, encoding="gb18030", delimiter=","), block)
    assert found == by_rule(csv_lines.csv_rows(block, "gb18030"))


def test_numbers_among_texts_are_left_to_the_rule() -> None:
    headers = [*HEADERS[-1:], *HEADERS[:-1]]
    rules = Rules(tme.recognise(headers, "song_202609.csv"), tme.PLATFORMS, tme.NOT_CHINA)
    assert left_columns(rules.layout) == 0
    block = written([[*GOOD[-1:], *GOOD[:-1]]] * 3, "utf-8", ",", "\n")
    plain, left = LineReader(rules, encoding="utf-8", delimiter=",").read(block, 2)
    assert (len(plain), list(left.line_nos)) == (0, [2, 3, 4])
