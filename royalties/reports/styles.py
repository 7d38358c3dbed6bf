"""Numbers and months as spreadsheets of distributors write them, where a mapping says that a file is written so.

The strict rule of lines.py stays for every other file: each style only adds ways of writing to it, and none gives a text
that the strict rule reads another meaning.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

YEARS: Final = range(2000, 2100)

GROUPED, SIGNS, PARENTHESES, MINUS_BEHIND, BLANK, FULL_WIDTH = (
    "grouped", "signs", "parentheses", "minus_behind", "blank", "full_width",
)  # fmt: skip
NUMBER_STYLES: Final[dict[str, Promise]] = {
    GROUPED: _("commas part thousands: 1,234,567.89"),
    SIGNS: _("with a sign of money: ₩1234, 1234원, ¥1234, 1234元"),
    PARENTHESES: _("less than nothing in parentheses: (1234)"),
    MINUS_BEHIND: _("a minus behind the number, or a longer one: 1234-, −1234"),
    BLANK: _("an empty cell or a lone dash is nothing: 0"),
    FULL_WIDTH: _("full-width digits: １２３４"),
}
FULL_WIDTH_TABLE: Final = {
    **{ord("０") + digit: str(digit) for digit in range(10)},
    **dict(zip(map(ord, "，．－（）￥"), ",.-()¥", strict=True)),
}
GROUPS: Final = re.compile(r"(-?\d{1,3}(?:,\d{3})+)(\.\d+)?", re.ASCII)
SIGN: Final = r"(?:₩|￦|¥|￥|CN¥|RMB|CNY|KRW)"
SIGNED: Final = re.compile(rf"(-?) ?{SIGN} ?(-?[\d.,]+)|(-?[\d.,]+) ?(?:원|元|圓|CNY|RMB|KRW)", re.ASCII)
IN_PARENTHESES: Final = re.compile(r"\( ?([^()-]*[^() -]) ?\)")
BEHIND: Final = re.compile(r"([\d.,]+) ?[-−–]")
BEFORE: Final = re.compile(r"[−–] ?([\d.,]+)")
DASHES: Final = frozenset({"", "-", "–", "—"})


def as_plain(text: str, styles: Collection[str]) -> str:
    """A number in the strict way of writing; as it stands where the styles do not make one of it.

    >>> as_plain("₩1,234.50", {"grouped", "signs"}), as_plain("(7)", {"parentheses"}), as_plain("1,2", {"grouped"})
    ('1234.50', '-7', '1,2')
    """
    number = text.strip()
    if not styles:
        return number
    if FULL_WIDTH in styles:
        number = number.translate(FULL_WIDTH_TABLE)
    if BLANK in styles and number in DASHES:
        return "0"
    negative = False
    if PARENTHESES in styles and (found := IN_PARENTHESES.fullmatch(number)):
        number, negative = found[1], True
    if SIGNS in styles and (found := SIGNED.fullmatch(number)):
        number = f"{found[1] or ''}{found[2] or found[3]}"
    if MINUS_BEHIND in styles and not negative and (found := BEHIND.fullmatch(number) or BEFORE.fullmatch(number)):
        number, negative = found[1], True
    if GROUPED in styles and (found := GROUPS.fullmatch(number)):
        number = found[1].replace(",", "") + (found[2] or "")
    return f"-{number}" if negative and not number.startswith("-") else number


# ── months ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

MONTH: Final = re.compile(
    r"(?P<year>\d{4})(?:\s*[-/.]\s*|\s*[年년]\s*)(?P<month>\d{1,2})(?:\s*[月월])?"  # 2026-09, 2026.9, 2026년 9월
    r"|(?P<year2>\d{4})(?P<month2>\d{2})(?:\.0)?",  # 202609, and what a spreadsheet makes of it
    re.ASCII,
)
ONLY_MONTH: Final = re.compile(r"(\d{1,2})\s*[月월](?:분)?", re.ASCII)
AMONG_WORDS: Final = re.compile(
    r"(?<!\d)(20\d{2})\s*[-/.년年_]\s*(1[0-2]|0?[1-9])(?!\d)|(?<!\d)(20\d{2})(0[1-9]|1[0-2])(?!\d)", re.ASCII
)


def month_in(text: str, latest: str = "") -> str:
    """A month written without a day, as its first day: 2026-09, 2026.09, 202609, 2026년 9월. Nothing where it is none.

    `latest`, 2026-09-01: a month without a year, 9월, is the last one of that name up to then.
    """
    if latest and (found := ONLY_MONTH.fullmatch(text.strip())):
        until, month = dt.date.fromisoformat(latest), int(found[1])
        return _first_day(until.year - (month > until.month), month)
    found = MONTH.fullmatch(text.strip())
    if not found:
        return ""
    return _first_day(int(found["year"] or found["year2"]), int(found["month"] or found["month2"]))


def months_among(text: str) -> set[str]:
    """The months that a title or the name of a file speaks of: "2026-09_멜론.xlsx"."""
    found = AMONG_WORDS.findall(text)
    return {_first_day(int(year or year2), int(month or month2)) for year, month, year2, month2 in found} - {""}


def _first_day(year: int, month: int) -> str:
    return dt.date(year, month, 1).isoformat() if year in YEARS and 1 <= month <= 12 else ""
