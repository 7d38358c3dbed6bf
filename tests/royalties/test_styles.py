"""Numbers and months as distributors write them: each way of writing reads back, and none changes what the strict rule reads."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from portal.lib.money import NotAnAmount, parse_micros
from royalties.reports.styles import NUMBER_STYLES, as_plain, month_in, months_among

MICROS = st.integers(0, 10**17)
STYLES = st.sets(st.sampled_from(sorted(NUMBER_STYLES)))
SIGNS = ["₩{}", "￦{}", "{}원", "¥{}", "￥ {}", "{}元", "{} KRW", "CNY {}"]
WIDE = str.maketrans("0123456789,.-()", "０１２３４５６７８９，．－（）")


def plain(micros: int) -> str:
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"


def written(micros: int, styles: set[str], sign: str, *, negative: bool) -> str:
    """An amount written in all of these ways at once."""
    text = f"{micros // 1_000_000:,}.{micros % 1_000_000:06d}" if "grouped" in styles else plain(micros)
    if "signs" in styles:
        text = sign.format(text)
    if negative:
        text = f"({text})" if "parentheses" in styles else f"-{text}" if "signs" not in styles else text
    return text.translate(WIDE) if "full_width" in styles else text


@given(MICROS, STYLES, st.sampled_from(SIGNS), st.booleans())
def test_an_amount_reads_back_however_it_is_written(micros: int, styles: set[str], sign: str, negative: bool) -> None:
    text = written(micros, styles, sign, negative=negative)
    is_negative = negative and ("parentheses" in styles or "signs" not in styles)
    assert parse_micros(as_plain(f" {text} ", styles))[0] == (-micros if is_negative else micros)


@given(st.text("0123456789.,-()₩원 １", max_size=12), STYLES)
def test_no_style_changes_what_the_strict_rule_reads(text: str, styles: set[str]) -> None:
    try:
        strict = parse_micros(text.strip())
    except NotAnAmount:
        return
    assert parse_micros(as_plain(text, styles)) == strict


@given(st.text("0123456789.,-()₩원% １e", max_size=12))
def test_without_a_style_nothing_is_changed(text: str) -> None:
    assert as_plain(text, ()) == text.strip()


@pytest.mark.parametrize(
    "text", ["1,23", "1,2345", ",123", "12,34,567", "1.234,5", "1 234", "(1", "1)", "((1))", "₩", "--1"]
)
def test_what_is_no_number_stays_none(text: str) -> None:
    with pytest.raises(NotAnAmount):
        parse_micros(as_plain(text, set(NUMBER_STYLES)))


@given(st.integers(2000, 2099), st.integers(1, 12))
def test_months_read_back(year: int, month: int) -> None:
    first = f"{year}-{month:02}-01"
    for text in (
        f"{year}-{month:02}",
        f"{year}.{month:02}",
        f"{year}{month:02}",
        f"{year}년 {month}월",
        f"{year}年{month}月",
        f"{year}/{month}",
    ):
        assert month_in(text) == first, text
    assert months_among(f"{year}-{month:02}_가락유통.xlsx") == {first}
    assert months_among(f"정산월: {year}년 {month}월") == {first}


@pytest.mark.parametrize(
    ("text", "found"), [("9월", "2026-09-01"), ("12월", "2025-12-01"), ("10 월", "2026-10-01"), ("13월", "")]
)
def test_a_month_without_a_year_is_the_last_one_of_that_name(text: str, found: str) -> None:
    assert month_in(text, "2026-10-01") == found
    assert month_in(text) == ""


@pytest.mark.parametrize("text", ["2026", "2026-13", "202613", "1999-12", "2026-09-30", "20260930", "9", "", "2026-9-"])
def test_what_is_no_month_is_none(text: str) -> None:
    assert month_in(text) == ""
