"""The letters a reviewer sees marked: the same, the same in sound, or different."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from works.marks import mark_names, mark_title


def shown(runs: tuple[object, ...]) -> list[tuple[str, str]]:
    return [(run.text, run.mark) for run in runs]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("reported", "registered", "expected"),
    [
        ("좋은 날", ["좋은 날"], [("좋은 날", "same")]),
        ("좋은 밤", ["좋은 날"], [("좋은 ", "same"), ("밤", "differs")]),
        ("東風破", ["东风破"], [("東風破", "same")]),
        ("前夜", ["전야"], [("前夜", "sound")]),
        ("Joheun Nal", ["좋은 날"], [("Joheun Nal", "sound")]),
        ("好日子", ["좋은 날"], [("好日子", "differs")]),
        ("으르렁(Growl) (咆哮)", ["으르렁"], [("으르렁(", "same"), ("Growl) (咆哮)", "differs")]),
        ("Good-bye", ["goodbye"], [("Good-bye", "same")]),
    ],
)
def test_titles(reported: str, registered: list[str], expected: list[tuple[str, str]]) -> None:
    assert shown(mark_title(reported, registered)) == expected


def test_each_of_several_performers_is_compared_with_all_of_the_others() -> None:
    assert shown(mark_names("孝敏 (효민)/Loco", ["로꼬", "효민"]))[1] == ("효민)/", "same")


@given(st.text(max_size=40), st.lists(st.text(max_size=20), max_size=3))
def test_the_pieces_are_the_whole_text(text: str, others: list[str]) -> None:
    assert "".join(run.text for run in mark_title(text, others)) == text
    assert "".join(run.text for run in mark_names(text, others)) == text


@given(st.text(alphabet="좋은날가나다abc東风 ", min_size=1, max_size=12))
def test_a_title_agrees_wholly_with_itself(text: str) -> None:
    assert {run.mark for run in mark_title(text, [text]) if run.text.strip()} <= {"same"}
