"""The list of minimum guarantees, 保底金明细: sums for a time and a contract, without songs. Its money is a LUMP.

Its layout was seen in no real file (standards.md 9.1 names only the sheet), so it is read by the words under which such things
stand elsewhere (standards.md 9.4), and the page of the report says so.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Final

from royalties.reports.base import BadLine, HeaderIsAmbiguous, HeaderNotRecognised, Layout, header_key
from royalties.reports.csv_lines import Row, showable
from royalties.reports.lines import (
    DAY,
    LumpLine,
    Lumps,
    Rejected,
    amount_of,
    amount_of_rejected,
    is_blank,
    without_listeners,
)
from royalties.reports.styles import YEARS

CODE: Final = "guarantee"
BEGINNINGS: Final = ("保底金",)
AMOUNT: Final = ("保底金", "保底金明细", "预付款")
TIME: Final = (
    "结算期间", "日期", "结算开始时间", "报表月份", "分成月份", "销售月", "报告月", "数据日期", "Period", "Date",
)  # fmt: skip
TIME_END: Final = ("结算结束时间",)
PLATFORM: Final = ("平台", "平台名称", "结算平台", "分发渠道", "渠道", "Platform")
CONTRACT: Final = ("CP", "版权公司", "版权方", "代理商", "签约主体", "我方签约主体", "他方签约主体")
SONGS: Final = ("歌曲名", "MV名", "Song", "Track", "Title", "MV", "Music Video")
MONTH: Final = re.compile(r"(\d{4})[-/.年]?(\d{1,2})月?", re.ASCII)


def is_one(headers: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a file is such a list: it names a guaranteed sum and no song, or is called so."""
    if _place(headers, SONGS) is not None:
        return False
    named = any(name.startswith(BEGINNINGS) for name in names)
    return named or bool(_places(headers, AMOUNT))


def layout(headers: Sequence[str]) -> Layout:
    """Where things stand; as its title what the sum is for. Raises HeaderNotRecognised and HeaderIsAmbiguous."""
    amounts = _places(headers, AMOUNT)
    if len(amounts) > 1:
        raise HeaderIsAmbiguous(first=headers[amounts[0]], second=headers[amounts[1]])
    money, period = next(iter(amounts), None), _place(headers, TIME)
    platform, contract = _place(headers, PLATFORM), _place(headers, CONTRACT)
    if money is None:
        raise HeaderNotRecognised(missing=AMOUNT[0])
    if period is None:
        raise HeaderNotRecognised(missing=TIME[0])
    if contract is None and platform is None:
        raise HeaderNotRecognised(missing=PLATFORM[0])
    return Layout(
        family=CODE,
        headers=tuple(headers),
        period=period,
        until=_place(headers, TIME_END),
        platform=platform,
        title=next(at for at in (contract, platform) if at is not None),
        money=money,
        uses=(),
    )


def read_lump(line_no: int, raw: str, cells: Row, where: Layout, read: Lumps) -> None:
    """Read one line: a sum for a time, or a rejected line. Nothing of it is a song."""
    headers = where.headers
    rest = None
    try:
        if isinstance(cells, BadLine):
            raise cells
        if len(cells) != len(headers):
            raise BadLine("columns", "", str(len(cells)))
        first, last = _time_of(cells, where)
        platform = "" if where.platform is None else cells[where.platform].strip()
        contract = "" if where.title == where.platform else cells[where.title].strip()
        if not platform and not contract:
            raise BadLine("title", headers[where.title])
        micros, rest = amount_of(cells[where.money or 0], headers[where.money or 0])
        read.accepted.append(LumpLine(line_no, first, last, platform, contract, micros))
    except BadLine as problem:
        micros, rest = amount_of_rejected(cells, where)
        reason, column, value = problem.reason, problem.column, showable(problem.value)
        if is_blank(raw):
            reason, column, value = "blank", "", ""
        text = showable(without_listeners(raw, cells, where))
        read.rejected.append(Rejected(line_no, text, column, value, reason, micros))
    if rest:
        read.rounded += 1
        read.remainder += rest


def _time_of(cells: Sequence[str], where: Layout) -> tuple[dt.date, dt.date]:
    """The first and the last day: of two cells, of one that names both, or the month that it names. Raises BadLine."""
    at = where.period or 0
    text = cells[at].strip()
    days = [_day(found) for found in DAY.finditer(text)]
    if where.until is not None and days:
        days = days[:1] + [_day(found) for found in DAY.finditer(cells[where.until])][:1]
    if not days and (month := MONTH.fullmatch(text)):
        first = _date(int(month[1]), int(month[2]), 1)
        days = [first, first and (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)]
    if len(days) == 2 and days[0] is not None and days[1] is not None and days[0] <= days[1]:
        return days[0], days[1]
    raise BadLine("period", where.headers[at], text)


def _day(found: re.Match[str]) -> dt.date | None:
    year, month, day = (int(part) for part in found.groups() if part is not None)
    return _date(year, month, day)


def _date(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day) if year in YEARS else None
    except ValueError:
        return None


def _places(headers: Sequence[str], wanted: Sequence[str]) -> list[int]:
    keys = [header_key(header) for header in headers]
    return [at for name in wanted for at, key in enumerate(keys) if key == header_key(name)]


def _place(headers: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next(iter(_places(headers, wanted)), None)
