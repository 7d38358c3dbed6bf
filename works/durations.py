"""How long a recording lasts, as people write it: 3:45, or 1:02:03."""

from __future__ import annotations

import re
from typing import Final

LONGEST: Final = 3 * 3600  # seconds; a longer one is a time of day that a spreadsheet made of 3:45
WRITTEN: Final = re.compile(r"(?:(\d):)?(\d{1,2}):(\d{2})", re.ASCII)


def read_duration(text: str) -> int | None:
    """Whole seconds of a text; None where it is none, or no recording lasts so long.

    >>> read_duration("3:45"), read_duration("1:02:03"), read_duration("225"), read_duration("03:45:00")
    (225, 3723, None, None)
    """
    found = WRITTEN.fullmatch(text)
    if not found:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    if seconds >= 60 or (found[1] and minutes >= 60):
        return None
    total = 3600 * hours + 60 * minutes + seconds
    return total if 0 < total < LONGEST else None


def write_duration(seconds: int | None) -> str:
    """The other way round; "" for None.

    >>> write_duration(225), write_duration(3723)
    ('3:45', '1:02:03')
    """
    if seconds is None:
        return ""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
