"""Money as whole millionths ("micros") of a currency unit: reading, rounding and writing it.

Amounts are Python ints; 1 yuan or 1 won is 1_000_000 micros. A play is worth less than a won, so nothing is rounded to
whole won before it is paid out (architecture.md, house rule 2: never float, and say where a remainder goes).
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Final

MICROS: Final = 1_000_000
MAX_MICROS: Final = 10**18  # what one amount may be; the columns are 64-bit and sums are taken as numeric
SYMBOLS: Final = {"KRW": "₩", "CNY": "CN¥", "USD": "US$"}
PLAIN_NUMBER: Final = re.compile(r"-?\d{1,12}(\.\d{1,15})?", re.ASCII)
PLAIN_RATE: Final = re.compile(r"\d{1,10}(\.\d{1,10})?", re.ASCII)
NO_REMAINDER: Final = Fraction(0)


class NotAnAmount(ValueError):
    """The text is not a plain decimal number (no signs of thousands, exponents, full-width digits, NaN or Infinity)."""


def parse_micros(text: str) -> tuple[int, Fraction]:
    """Read a plain decimal amount into micros and the remainder that did not fit, in micros (exact, |r| <= 1/2).

    >>> parse_micros("12.3456785")
    (12345678, Fraction(1, 2))

    Half a micro goes to the even neighbour. Raises NotAnAmount. The pattern is asked before Decimal, which would accept
    NaN, 1e400, 1_000 and full-width digits (reliability.md section 4).
    """
    if not PLAIN_NUMBER.fullmatch(text):
        raise NotAnAmount(text)
    units, _, decimals = text.partition(".")
    if len(decimals) <= 6:  # nearly every amount: its digits are the micros
        return int(units + decimals.ljust(6, "0")), NO_REMAINDER
    exact = Fraction(Decimal(text)) * MICROS
    micros = round(exact)
    return micros, exact - micros


def parse_rate(text: str) -> Decimal:
    """An exchange rate, exactly: digits, and a point with at most ten decimals. Raises NotAnAmount."""
    if not PLAIN_RATE.fullmatch(text):
        raise NotAnAmount(text)
    return Decimal(text)


def convert_micros(micros: int, rate: Decimal) -> int:
    """An amount in another currency at an exact rate, rounded half to even: used once per pool, never per line."""
    return round(Fraction(micros) * Fraction(rate))


def whole_units(micros: int) -> int:
    """Whole currency units in an amount, rounded down (towards minus infinity): what can be paid out."""
    return micros // MICROS


def format_units(micros: int, currency: str, decimals: int | None = None) -> str:
    """An amount for people: whole won for KRW, two decimals for others, or as many decimals as asked, cut not rounded up.

    >>> format_units(1234567890000, "KRW")
    '₩1,234,567'
    """
    places = decimals if decimals is not None else (0 if currency == "KRW" else 2)
    step = 10 ** (6 - places)
    units, fraction = divmod(abs(micros) // step, 10**places)
    sign = "-" if micros < 0 else ""
    tail = f".{fraction:0{places}d}" if places else ""
    return f"{sign}{SYMBOLS.get(currency, currency + ' ')}{units:,}{tail}"


def plain_micros(micros: int) -> str:
    """For programs: six decimals, a point, no symbol.

    >>> plain_micros(-1_500_000)
    '-1.500000'
    """
    sign, whole = ("-" if micros < 0 else ""), abs(micros)
    return f"{sign}{whole // MICROS}.{whole % MICROS:06d}"
