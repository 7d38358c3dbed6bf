"""Amounts are read exactly or not at all."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from portal.lib.money import NotAnAmount, convert_micros, parse_micros, parse_rate, whole_units


@pytest.mark.parametrize(
    ("text", "micros", "remainder"),
    [
        ("0", 0, 0),
        ("12.3456785", 12_345_678, Fraction(1, 2)),  # half to the even neighbour
        ("12.3456775", 12_345_678, Fraction(-1, 2)),
        ("-0.5", -500_000, 0),
        ("-0.0000001", 0, Fraction(-1, 10)),
        ("999999999999.999999", 999_999_999_999_999_999, 0),
        ("0.000000000000001", 0, Fraction(1, 10**9)),
        ("007.10", 7_100_000, 0),
    ],
)
def test_reads_exactly(text: str, micros: int, remainder: Fraction) -> None:
    assert parse_micros(text) == (micros, remainder)


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "+1", "1.", ".5", "1e3", "1E-6", "NaN", "Infinity", "1_000", "1,234.5", "１２３", "٣", "1\n", "--1",
     "1000000000000", "0.0000000000000001", "0x1", "1e400"],
)  # fmt: skip
def test_refuses_what_decimal_would_take(text: str) -> None:
    for parse in (parse_micros, parse_rate):
        with pytest.raises(NotAnAmount):
            parse(text)


def test_a_rate_is_exact() -> None:
    assert parse_rate("192.0512345678") == Decimal("192.0512345678")
    for text in ("-1", "1.12345678901", "12345678901"):
        with pytest.raises(NotAnAmount):
            parse_rate(text)


@given(st.decimals(min_value=-(10**11), max_value=10**11, places=12))
def test_micros_and_remainder_make_the_amount(amount: Decimal) -> None:
    micros, remainder = parse_micros(f"{amount:f}")
    assert micros + remainder == Fraction(amount) * 10**6
    assert abs(remainder) <= Fraction(1, 2)


def test_converts_once_and_rounds_half_to_even() -> None:
    assert convert_micros(1, Decimal("0.5")) == 0
    assert convert_micros(3, Decimal("0.5")) == 2
    assert convert_micros(5_006_072_087_960, Decimal("191.2700000001")) == round(
        5_006_072_087_960 * Fraction("191.2700000001")
    )


def test_whole_units_are_cut_down() -> None:
    assert (whole_units(1_999_999), whole_units(-1)) == (1, -1)
