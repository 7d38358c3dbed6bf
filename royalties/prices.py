"""The contract price of karaoke: what the words and what the music have of the one amount of a song.

A service reports one amount and two counts. The words have words uses × words price of it, the music has music uses × music
price, by the price in force in the month of use (architecture.md, Karaoke); royalties.distribution divides by the same in SQL.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Final

from royalties.allocation import allocate
from royalties.models import KaraokePrice, Report, SongUsage

WORDS: Final = "words"
MUSIC: Final = "music"


def cut(micros: int, *, words_uses: int, music_uses: int, words_price: Decimal, music_price: Decimal) -> dict[str, int]:
    """What the words and what the music have of an amount, by largest remainder; the two make it exactly.

    >>> cut(1_000_000, words_uses=2, music_uses=1, words_price=Decimal("0.03"), music_price=Decimal("0.03"))
    {'words': 666667, 'music': 333333}

    Of equal remainders the music has the last millionth. Raises NothingToDivideOver for an amount without a use.
    """
    weights = {WORDS: words_uses * Fraction(words_price), MUSIC: music_uses * Fraction(music_price)}
    return allocate(micros, weights)


def words_in_sql(amount: str, words: str, whole: str) -> str:
    """cut() in SQL: what the words have of an amount, where they weigh so much of the whole. Of two remainders the larger is
    more than half."""
    quota = f"abs({amount}) * {words}"
    return f"sign({amount}) * (div({quota}, {whole}) + (2 * mod({quota}, {whole}) > {whole})::int)"


def price_in_force(prices: list[KaraokePrice], month: dt.date) -> KaraokePrice | None:
    """Of the prices of one source the one for a month of use."""
    begun = [price for price in prices if price.from_date <= month]
    return max(begun, key=lambda price: price.from_date, default=None)


def months_without_price(report: Report) -> list[str]:
    """The months of use of a report in which no price stands, as 2026-09."""
    prices = list(KaraokePrice.objects.filter(source=report.source_id))
    used = SongUsage.objects.filter(report=report).order_by().values_list("usage_month", flat=True).distinct()
    return [f"{month:%Y-%m}" for month in sorted(used) if price_in_force(prices, month) is None]
