"""Amounts, shares, months and days as a person reads them in Korean, English or Simplified Chinese.

One rule for every page, letter and export (the filters of portal_tags call these). Integers in, text out: no float.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from fractions import Fraction
from typing import Final, Protocol

from django.utils import timezone
from django.utils.translation import get_language

from portal.lib.money import MICROS, format_units

HANGUL: Final = re.compile("[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]")
KANA: Final = re.compile("[\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d]")
HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
YEAR_AND_MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
WHOLE_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
MISSING: Final = "–"
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class HasFraction(Protocol):
    """A Fraction, a works.Share, or anything else with a numerator and a denominator."""

    @property
    def numerator(self) -> int: ...
    @property
    def denominator(self) -> int: ...


def reading_language(language: str | None = None) -> str:
    """ "ko", "zh" or "en": the family of the given language, or of the language this request is answered in."""
    code = (language or get_language() or "en").lower()
    return "zh" if code.startswith("zh") else "ko" if code.startswith("ko") else "en"


def money(micros: int | Decimal | None, currency: str, *, language: str | None = None) -> str:
    """An amount as it stands in tables and figures: ₩1,234,567, CN¥1,234.50 (in Chinese ¥1,234.50), US$3.20.

    Digits below the smallest unit are cut, never rounded up: `micros` shows them.
    """
    if micros is None:
        return MISSING
    return _yuan(format_units(int(micros), currency), currency, language)


def exact_money(micros: int | Decimal | None, currency: str, *, language: str | None = None) -> str:
    """The whole amount to the millionth: what a reader checks a sum with. Always six decimals, so that columns stand in line."""
    if micros is None:
        return MISSING
    return _yuan(format_units(int(micros), currency, decimals=6), currency, language)


def short_money(micros: int | Decimal, currency: str, *, language: str | None = None) -> str:
    """A rounded-down amount for a chart: 123만 원, 1억 2,345만 원; ¥123.4万; ₩1.2M. Never in tables or statements."""
    reader = reading_language(language)
    units = abs(int(micros)) // MICROS
    sign = "-" if micros < 0 else ""
    if reader == "en":
        for size, letter in ((10**9, "B"), (10**6, "M"), (10**3, "K")):
            if units >= size:
                return _yuan(f"{sign}{_symbol(currency)}{_tenths(units, size)}{letter}", currency, language)
        return money(micros, currency, language=language)
    if units < 10_000:
        return money(micros, currency, language=language)
    if reader == "zh":
        size, word = (10**8, "亿") if units >= 10**8 else (10**4, "万")
        return _yuan(f"{sign}{_symbol(currency)}{_tenths(units, size)}{word}", currency, language)
    eok, man = divmod(units // 10_000, 10_000)
    parts = ([f"{eok:,}억"] if eok else []) + ([f"{man:,}만"] if man else [])
    unit = {"KRW": "원", "CNY": "위안", "USD": "달러"}.get(currency, currency)
    return f"{sign}{' '.join(parts)} {unit}"


def percent(part: HasFraction) -> str:
    """Two decimals, half away from zero: 41.67%."""
    hundredths = (abs(part.numerator) * 10_000 * 2 + part.denominator) // (2 * part.denominator)
    sign = "-" if part.numerator < 0 else ""
    return f"{sign}{hundredths // 100}.{hundredths % 100:02d}%"


def share(part: HasFraction | None) -> str:
    """An exact fraction and its percent: 5/12 (41.67%). The whole is 1 (100.00%)."""
    if part is None:
        return MISSING
    lowest = Fraction(part.numerator, part.denominator)
    return f"{lowest} ({percent(lowest)})"


def count(number: int | Decimal | None) -> str:
    """A whole number with a comma at every thousand, in every language."""
    return MISSING if number is None else f"{int(number):,}"


def month(date: dt.date | None, *, language: str | None = None) -> str:
    """2026년 9월 · Sep 2026 · 2026年9月."""
    if date is None:
        return MISSING
    reader = reading_language(language)
    if reader == "ko":
        return f"{date.year}년 {date.month}월"
    if reader == "zh":
        return f"{date.year}年{date.month}月"
    return f"{MONTHS[date.month - 1]} {date.year}"


def short_month(date: dt.date, *, language: str | None = None) -> str:
    """For an axis: 9월 · Sep · 9月."""
    reader = reading_language(language)
    return {"ko": f"{date.month}월", "zh": f"{date.month}月"}.get(reader, MONTHS[date.month - 1])


def day(date: dt.date | None, *, language: str | None = None) -> str:
    """2026. 11. 23. · 23 Nov 2026 · 2026-11-23. A moment is taken to the day it falls on in Seoul."""
    if date is None:
        return MISSING
    local = _in_seoul(date)
    reader = reading_language(language)
    if reader == "ko":
        return f"{local.year}. {local.month}. {local.day}."
    if reader == "zh":
        return f"{local.year}-{local.month:02d}-{local.day:02d}"
    return f"{local.day} {MONTHS[local.month - 1]} {local.year}"


def moment(at: dt.datetime | None, *, language: str | None = None) -> str:
    """A day with hours and minutes, Seoul time."""
    if at is None:
        return MISSING
    return f"{day(at, language=language)} {_in_seoul(at):%H:%M}"


def value(said: object) -> object:
    """A value inside a sentence that is kept and read later: whole numbers with their commas, 2026-09 as a month, 2026-09-30 as a day."""
    if isinstance(said, int):
        return count(said)
    if isinstance(said, str) and YEAR_AND_MONTH.fullmatch(said):
        return month(dt.date(int(said[:4]), int(said[5:]), 1))
    if isinstance(said, str) and WHOLE_DATE.fullmatch(said):
        return day(dt.date.fromisoformat(said))
    return said


def script_of(text: str) -> str:
    """Hang, Jpan, Hani, Latn or "" for a title whose script nobody recorded: enough to choose a font and a voice."""
    if HANGUL.search(text):
        return "Hang"
    if KANA.search(text):
        return "Jpan"
    if HAN.search(text):
        return "Hani"
    return "Latn" if any(letter.isalpha() for letter in text) and text.isascii() else ""


def _in_seoul(date: dt.date) -> dt.date:
    if isinstance(date, dt.datetime) and timezone.is_aware(date):
        return timezone.localtime(date)
    return date


def _symbol(currency: str) -> str:
    return format_units(0, currency, decimals=0).removesuffix("0")


def _tenths(units: int, size: int) -> str:
    whole, tenth = divmod(units * 10 // size, 10)
    return f"{whole:,}.{tenth}" if tenth else f"{whole:,}"


def _yuan(text: str, currency: str, language: str | None) -> str:
    return text.replace("CN¥", "¥") if currency == "CNY" and reading_language(language) == "zh" else text
