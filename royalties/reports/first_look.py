"""What the first lines of a file tell about all of it: ids that a spreadsheet has rounded, and columns about listeners."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import Final

from royalties.reports.base import Layout, header_key
from royalties.reports.csv_lines import Row, showable
from royalties.reports.lines import NOT_EXACT
from royalties.reports.mapped import AS_FLOAT

PREVIEW_LINES: Final = 5
PREVIEW_LETTERS: Final = 60
KEPT_DIGITS: Final = 15  # what spreadsheet programs keep of a number
FEW: Final = 5  # ids that all end in zeros, from which on it is no chance

# Words in the headers of columns about a listener: who it was, with which device, from where.
OF_LISTENERS: Final = re.compile(
    r"phone|mobile|\btel\b|msisdn|手机|电话|휴대|전화|"
    r"e-?mail|邮箱|邮件|이메일|"
    r"user|\buid\b|\buin\b|openid|unionid|用户|听众|会员[号i名]|昵称|nick|사용자|회원[번명i ]|이용자|청취자|닉네임|"
    r"listener|(member|subscriber)[ _]?(id|name|no)|"
    r"device|imei|imsi|idfa|android_?id|设备|기기|\bmac\b|"
    r"\bip\b|\bip_?addr|ip地址|ip주소|身份证|주민|生日|birth|생년|\bgender\b|性别|성별",
)
NO_LISTENER: Final = re.compile(
    r"数|量|收入|count|number of|total|\bper\b|수$"
)  # how many there were says nothing of one
LISTENER_VALUES: Final = (
    re.compile(r"(\+?86[- ]?)?1[3-9]\d{9}|(\+?82[- ]?|0)1[016789][- ]?\d{3,4}[- ]?\d{4}", re.ASCII),  # mobile phones
    re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"),
    re.compile(r"((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)", re.ASCII),  # addresses of the internet
    re.compile(r"\d{6}-?[1-8]\d{6}|\d{6}(19|20)\d{9}[\dXx]", re.ASCII),  # numbers of persons in Korea and China
)
MOST: Final = 2  # a column is about listeners where one in so many of its filled cells looks so


def columns_used(layout: Layout) -> frozenset[int]:
    """The columns that lines are made of."""
    further = layout.written.columns() if layout.written else ()
    return frozenset((*layout.named().values(), *layout.counted(), *further))


def columns_shown(layout: Layout) -> list[int]:
    """The columns of a preview, in the order of the file: those that lines are made of, but for the counts of uses."""
    return sorted(columns_used(layout) - {*layout.uses, *layout.beside})


def columns_of_listeners(layout: Layout, rows: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """The columns about single listeners, by what they are called and by what stands in them. No line is made of these."""
    used = columns_used(layout)
    return tuple(
        at
        for at, header in enumerate(layout.headers)
        if at not in used and (_is_called_so(header) or _looks_so([row[at] for row in rows]))
    )


def _is_called_so(header: str) -> bool:
    name = header_key(header)
    return bool(OF_LISTENERS.search(name)) and not NO_LISTENER.search(name)


def _looks_so(cells: Sequence[str]) -> bool:
    filled = [cell.strip() for cell in cells if cell.strip()]
    return any(sum(bool(value.fullmatch(cell)) for cell in filled) * MOST > len(filled) for value in LISTENER_VALUES)


def rounded_id(layout: Layout, rows: Sequence[Sequence[str]]) -> int | None:
    """Where the first id that lost its last digits stands among these rows, if the column as a whole has lost them.

    So it is where most ids are written with a point or an exponent, or where every id of more than fifteen digits has
    nothing but zeros after the fifteenth. A single such id costs its line only.
    """
    if layout.song_id is None:
        return None
    ids = [row[layout.song_id].strip() for row in rows]
    if layout.written is not None:
        ids = [AS_FLOAT.sub(r"\1", text) for text in ids]  # 5566.0 is read as 5566
    filled = [text for text in ids if text.strip("0")]
    inexact = [at for at, text in enumerate(ids) if NOT_EXACT.fullmatch(text)]
    if len(inexact) * 2 > len(filled):
        return inexact[0]
    long = {text for text in filled if text.isdecimal() and len(text) > KEPT_DIGITS}
    if len(long) >= FEW and not any(text[KEPT_DIGITS:].strip("0") for text in long):
        return next(at for at, text in enumerate(ids) if text in long)
    return None


def preview(rows: Sequence[tuple[str, Row]], columns: Sequence[int], width: int) -> list[list[str]]:
    """These columns of the first lines as people are shown them, to see with their own eyes that the letters are right."""
    whole = (cells for _raw, cells in rows if isinstance(cells, list) and len(cells) == width)
    return [[showable(cells[at])[:PREVIEW_LETTERS] for at in columns] for cells in islice(whole, PREVIEW_LINES)]
