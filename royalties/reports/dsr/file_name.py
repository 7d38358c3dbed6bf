"""What the name of a DSR file says: DSR_Recipient_Sender_Service_Period_Territory_xofy_time.tsv, the part xofy left out by some."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

NAME: Final = re.compile(
    r"DSR_(?P<recipient>[^_]*)_(?P<sender>[^_]*)_(?P<service>.*)_(?P<period>\d{4}[^_]*)_(?P<territory>(?!\d+of\d+)[^_]*)"
    r"(?:_(?P<part>\d{1,4})of(?P<parts>\d{1,4}))?_(?P<time>\d{8}T\d{6}\w?)\.(?:tsv|txt|csv)(?:\.gz)?",
    re.ASCII | re.IGNORECASE,
)
YEAR: Final = re.compile(r"(\d{4})", re.ASCII)
MONTH_OR_DAY: Final = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?", re.ASCII)
QUARTER: Final = re.compile(r"(\d{4})-Q([1-4])", re.ASCII)
WEEK: Final = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class FileName:
    recipient: str
    sender: str
    service: str
    period: str
    territory: str
    part: int
    parts: int
    time: str

    @property
    def without_part(self) -> str:
        """The same for all parts of a report, which may have been written at different times."""
        return "_".join((self.recipient, self.sender, self.service, self.period, self.territory, str(self.parts)))


def file_name_of(label: str) -> FileName | None:
    """What a name says; nothing if it is not built like this."""
    found = NAME.fullmatch(label.strip())
    if found is None:
        return None
    said = {name: found[name] or "" for name in ("recipient", "sender", "service", "period", "territory", "time")}
    return FileName(**said, part=int(found["part"] or 1), parts=int(found["parts"] or 1))


def first_day(period: str) -> str:
    """The day a period begins: 2015, 2015-02, 2015-02-03, 2015-Q4, 2015-W05, or the first of two with -- between; or nothing.

    >>> first_day("2015-Q4"), first_day("2015-02--2015-03"), first_day("2015-W01"), first_day("lately")
    ('2015-10-01', '2015-02-01', '2014-12-29', '')
    """
    begin = period.split("--")[0].strip()
    try:
        if found := YEAR.fullmatch(begin):
            return dt.date(int(found[1]), 1, 1).isoformat()
        if found := MONTH_OR_DAY.fullmatch(begin):
            return dt.date(int(found[1]), int(found[2]), int(found[3] or 1)).isoformat()
        if found := QUARTER.fullmatch(begin):
            return dt.date(int(found[1]), 3 * int(found[2]) - 2, 1).isoformat()
        if found := WEEK.fullmatch(begin):
            return dt.date.fromisocalendar(int(found[1]), int(found[2]), 1).isoformat()
    except ValueError:
        pass
    return ""
