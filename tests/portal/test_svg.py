"""Pictures drawn on the server: they show the whole, escape every word, and need neither style nor script."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from portal.lib.svg import Bar, Part, Slice, Step, bars, progress_bar, share_ring, stacked_bar, waterfall

EVIL = "<script>alert('x')</script>&\"'"


def numbers(svg: str, name: str) -> list[int]:
    return [int(found) for found in re.findall(rf' {name}="(-?\d+)"', svg)]


def every_picture(word: str) -> list[str]:
    return [
        share_ring([Slice(word, Fraction(1, 2))], title=word, description=word),
        bars([Bar(word, 5, word, strong=True)], title=word, description=word),
        waterfall([Step(word, 5, word, "total"), Step(word, -2, word)], title=word, description=word),
        stacked_bar([Part(word, 3, word)], title=word, description=word),
        progress_bar(1, 2, title=word, description=word),
    ]


def test_pictures_escape_every_word_and_carry_no_style_or_script() -> None:
    for picture in every_picture(EVIL):
        assert "<script" not in picture
        assert "style=" not in picture
        assert "&lt;script&gt;" in picture


def test_pictures_have_a_title_and_a_description_for_those_who_hear_them() -> None:
    for picture in every_picture("달빛"):
        assert 'role="img"' in picture
        assert "<title>달빛</title>" in picture
        assert "<desc>달빛</desc>" in picture


def test_twelfths_close_the_ring() -> None:
    ring = share_ring([Slice(str(part), Fraction(part, 12)) for part in (5, 4, 3)], title="몫")
    starts = sorted(-offset for offset in numbers(ring, "stroke-dashoffset"))
    assert starts == [0, round(Fraction(50_000, 12)), round(Fraction(90_000, 12))]


def test_one_owner_of_everything_makes_a_closed_ring() -> None:
    assert 'stroke-dasharray="10000 10000"' in share_ring([Slice("혼자", Fraction(1))], title="몫")


def test_shares_above_the_whole_are_drawn_to_their_own_sum() -> None:
    ring = share_ring([Slice("a", Fraction(1)), Slice("b", Fraction(1))], title="몫")
    assert sorted(-offset for offset in numbers(ring, "stroke-dashoffset")) == [0, 5000]


def test_a_kind_that_is_not_a_plain_word_cannot_break_out_of_its_class() -> None:
    assert 'ring-ours"' in share_ring([Slice("a", Fraction(1), 'ours"')], title="몫")


@pytest.mark.parametrize("values", [[], [0], [0, 0], [-5, 3]])
def test_bars_stand_on_the_ground_whatever_the_values(values: list[int]) -> None:
    picture = bars([Bar("월", value, str(value)) for value in values], title="월별")
    assert all(0 <= height <= 160 for height in numbers(picture, "height"))


def test_the_strong_bar_says_its_amount() -> None:
    assert ">449만 원</text>" in bars([Bar("11월", 449, "449만 원", strong=True)], title="월별")


def test_a_waterfall_ends_where_its_last_total_stands() -> None:
    steps = [Step("gross", 100, "", "total"), Step("fee", -9, ""), Step("net", 91, "", "total")]
    lengths = numbers(waterfall(steps, title="왜"), "width")
    assert lengths == [360, 33, 327]  # of 360 points; the fee hangs between 327 and 360


@given(st.lists(st.integers(min_value=0, max_value=10**18), max_size=8))
def test_the_parts_of_a_stacked_bar_never_leave_it(values: list[int]) -> None:
    picture = stacked_bar([Part(str(value), value, "") for value in values], title="어디")
    lefts, widths = numbers(picture, "x")[1:], numbers(picture, "width")[1:]
    assert len(widths) == sum(value > 0 for value in values)
    assert all(left + width <= 361 for left, width in zip(lefts, widths, strict=True))


@pytest.mark.parametrize(("done", "total", "width"), [(0, 0, 0), (1, 2, 180), (2, 2, 360), (3, 2, 360), (1, 10**9, 1)])
def test_progress_never_runs_past_its_end(done: int, total: int, width: int) -> None:
    assert numbers(progress_bar(done, total, title="읽는 중"), "width") == [360, width]
