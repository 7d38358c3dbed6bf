"""What columns probably mean: over every header of the table, and by what stands in them."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from royalties.reports.base import header_key
from royalties.reports.guess import Guess, guess_columns, guess_header_line, guess_styles, is_table
from royalties.reports.synonyms import ASKED, MEANS, ORDINARY, SECOND, SEEN

CELLS = {
    "period": ["2026-09", "2026.10"],
    "uses": ["1,234", "0"],
    "money": ["12.5", "₩1,000"],
    "isrc": ["KRA302600001", "KRA302600002"],
    "iswc": ["T-034.524.680-1"],
    "ipis": ["00014107338"],
    "party_ipi": ["00014107338"],
    "gross": ["10"],
    "fee": ["1"],
    "tax": ["0.5"],
    "duration": ["3:45"],
}
EVERY = [
    (canonical, header) for table in (SEEN, ORDINARY) for canonical, headers in table.items() for header in headers
]


def guess_alone(header: str, cells: list[str]) -> Guess:
    return guess_columns([header], [[cell] for cell in cells])[0]


@pytest.mark.parametrize(("canonical", "header"), EVERY)
def test_every_header_is_guessed_as_the_table_says(canonical: str, header: str) -> None:
    meaning = MEANS[canonical]
    guess = guess_alone(header, CELLS.get(meaning, ["봄날의 노래", "月光"]))
    if header in ASKED:
        assert (guess.meaning, guess.is_asked) == ("", True)
        assert guess.may_be[0] == (meaning or "money")
    elif header in SECOND and meaning == "platform":
        assert guess == Guess("", is_asked=True, may_be=("platform",))
    else:
        assert guess == Guess(meaning)


def test_no_header_stands_in_two_places_of_the_table() -> None:
    keys = [header_key(header) for _canonical, header in EVERY]
    twice = {key for key in keys if keys.count(key) > 1}
    assert twice == {header_key("歌曲ID")}  # written in two ways where it was seen


def test_the_table_is_the_list_that_was_collected() -> None:
    folder = os.environ.get("GARAK_SHARED")
    if not folder:
        pytest.skip("the list is not here: GARAK_SHARED names no folder")
    with (Path(folder) / "standards/codes/header_synonyms_zh_ko.csv").open(encoding="utf-8-sig") as file:
        collected = {(row["canonical"], row["header"]) for row in csv.DictReader(file)}
    assert collected == {(canonical, header) for canonical, headers in SEEN.items() for header in headers}


@pytest.mark.parametrize(("header", "may_be"), [("分成", "share"), ("정산금", "share")])
def test_a_share_or_an_amount_is_asked(header: str, may_be: str) -> None:
    guess = guess_alone(header, ["12.5"])
    assert (guess.meaning, guess.is_asked) == ("", True)
    assert guess.may_be == ("money", may_be)


def test_of_several_amounts_none_is_proposed() -> None:
    guesses = guess_columns(["곡명", "매출", "권리사정산금액"], [["노래", "10", "5"]])
    assert [guess.meaning for guess in guesses] == ["title", "", ""]
    assert [guess.is_asked for guess in guesses] == [False, True, True]


def test_a_header_whose_cells_say_otherwise_is_asked() -> None:
    assert guess_alone("정산월", ["멜론", "지니"]) == Guess("", is_asked=True, may_be=("period",))
    assert guess_alone("ISRC", ["1", "2"]) == Guess("", is_asked=True, may_be=("isrc",))


def test_columns_without_a_known_header_are_told_by_what_stands_in_them() -> None:
    headers = ["a", "b", "c", "d", "곡명"]
    row = ["KRA302600001", "T-034.524.680-1", "202609", "3", "노래"]
    guesses = guess_columns(headers, [row, row])
    assert [guess.meaning for guess in guesses] == ["isrc", "iswc", "period", "", "title"]
    assert guesses[3] == Guess("", is_asked=True, may_be=("money", "uses"))


def test_what_counts_only_beside_nothing_better_is_left_out() -> None:
    both = guess_columns(["아티스트", "앨범아티스트"], [["가", "나"]])
    assert [guess.meaning for guess in both] == ["artist", ""]
    assert guess_alone("앨범아티스트", ["가"]) == Guess("artist")


@pytest.mark.parametrize("above", [0, 3, 10, 12])  # headers were seen in rows 1, 4, 11 and 13
def test_the_header_is_found_below_a_title_block(above: int) -> None:
    block = [["정산서"], [], ["공급자", "가락", "", "2026"], *[["안내"]] * 9][:above]
    rows = [*block, ["곡명", "아티스트", "금액"], ["노래", "가수", "1"]]
    assert guess_header_line(rows) == above + 1


def test_a_header_that_nobody_knows_is_the_first_of_the_widest_rows() -> None:
    assert guess_header_line([["x"], ["a", "b", "c"], ["1", "2", "3"]]) == 2


def test_what_is_a_table() -> None:
    assert is_table([["a", "b"], ["1", "2"]])
    assert not is_table([["a", "b"], ["1"], ["", "2"]])


def test_styles_are_guessed_from_the_cells() -> None:
    assert guess_styles(["1,234", "5"]) == ["grouped"]
    assert set(guess_styles(["₩1,234", "(5)", "-", "１２"])) == {
        "grouped",
        "signs",
        "parentheses",
        "blank",
        "full_width",
    }
    assert guess_styles(["12.5", "3"]) == []
    assert guess_styles(["-5"]) == []  # less than nothing is never guessed from a minus
