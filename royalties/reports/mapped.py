"""Files that a saved mapping reads: how its columns are found again, and what is asked of a line beyond the strict rule.

A mapping names columns by their headers, not by their places, so that a file in which they stand in another order, or beside
others, is read without asking. Where a header is written twice, the first, second … of that name is meant.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping as Table, Sequence
from typing import Any, Final

from royalties.models import Mapping
from royalties.reports.base import BadLine, ColumnsAreMissing, Layout, Written, header_key
from royalties.reports.styles import month_in, months_among

Named = tuple[str, int]  # the header_key of a column, and how many of that name stand left of it

HEAD_LINES: Final = 30  # among so many the header is looked for
ABROAD: Final = "abroad"  # of a platform, or of all of a file: not used in China, so there is no mandate
SEVERAL: Final = frozenset({"uses", "writers"})  # meanings that more than one column may have
OF_LAYOUT: Final = (
    "period",
    "platform",
    "title",
    "artist",
    "song_id",
    "isrc",
    "album",
    "iswc",
    "ipis",
    "duration",
    "money",
)
OF_SOCIETY: Final = ("party", "party_ipi", "role", "share", "right", "reference", "gross", "fee", "tax")
TOTAL_WORDS: Final = (
    "합계", "총계", "총합계", "총합", "소계", "누계", "合计", "总计", "总和", "小计", "合計", "總計", "小計", "Total", "Grand total", "Subtotal", "Sum",
)  # fmt: skip
OF_A_PART: Final = re.compile(r"소계|小[计計]|sub-?\s*total", re.IGNORECASE)
AROUND_TOTALS: Final = re.compile(r"[\s:：()（）\[\]<>*=_\-]|\d")
CHINA: Final = frozenset(
    header_key(name)
    for name in (
        "CN",
        "CHN",
        "156",
        "China",
        "Mainland China",
        "PRC",
        "中国",
        "中国大陆",
        "中国内地",
        "中國",
        "중국",
        "중국 본토",
    )
)
CURRENCIES: Final = {
    "CNY": ("CNY", "RMB", "人民币", "元", "¥", "위안", "위안화"),
    "KRW": ("KRW", "원", "₩", "원화", "韩元"),
    "USD": ("USD", "$", "US$", "美元", "달러"),
}
CURRENCY_OF: Final = {header_key(name): code for code, names in CURRENCIES.items() for name in names}
AS_FLOAT: Final = re.compile(r"\A(\d{1,15})\.0+\Z", re.ASCII)
ROUNDED: Final = re.compile(r"\d+(\.\d+)?[eE][+]?\d+|\d+\.\d*", re.ASCII)
LONGEST_ID: Final = 40


# ── which mapping, and where its columns stand ──────────────────────────────────────────────────────────────────────────


def named_columns(headers: Sequence[str]) -> list[Named]:
    """Each column by its header and its number among those of that name."""
    seen: dict[str, int] = {}
    named = []
    for header in headers:
        key = header_key(header)
        named.append((key, seen.get(key, 0)))
        seen[key] = seen.get(key, 0) + 1
    return named


def columns_needed(mapping: Mapping) -> set[Named]:
    """The columns without which it reads nothing."""
    return {(str(key), int(nth)) for columns in mapping.columns.values() for key, nth in columns}


def fingerprint_of(columns: Table[str, Sequence[Sequence[Any]]]) -> str:
    """What a mapping is recognised by: the headers it needs, whatever their order."""
    needed = sorted({f"{key}\x1f{nth}" for its in columns.values() for key, nth in its})
    return hashlib.sha256("\x1e".join(needed).encode()).hexdigest()


def find_header(mapping: Mapping, rows: Sequence[Sequence[str]]) -> int | None:
    """On which line the header of a mapping stands, looked for first where it stood before; None where it does not."""
    needed = columns_needed(mapping)
    places = sorted(range(len(rows)), key=lambda at: (at + 1 != mapping.header_line, at))
    for at in places:
        if needed <= set(named_columns(rows[at])):
            return at + 1
    return None


def nearest_header(mapping: Mapping, rows: Sequence[Sequence[str]]) -> tuple[int, list[str]]:
    """The line that has most of a mapping's columns, and which it has not. With less than half of them it is no such header."""
    needed = columns_needed(mapping)
    found = [(len(needed & set(named_columns(row))), -at) for at, row in enumerate(rows)]
    most, minus_at = max(found, default=(0, 0))
    if most * 2 < len(needed) or not most:
        return 0, []
    missing = needed - set(named_columns(rows[-minus_at]))
    return 1 - minus_at, sorted(key for key, _nth in missing)


def layout_from(
    mapping: Mapping, headers: Sequence[str], *, header_line: int, stated: str, pads: bool, currency: str
) -> Layout:
    """Where things stand in a file by its mapping. `stated`: the first day of the month the file is for, or nothing.

    Raises ColumnsAreMissing.
    """
    place_of = {named: at for at, named in enumerate(named_columns(headers))}
    at: dict[str, list[int]] = {}
    missing = []
    for meaning, columns in mapping.columns.items():
        for key, nth in columns:
            if (key, nth) in place_of:
                at.setdefault(meaning, []).append(place_of[key, nth])
            else:
                missing.append(key)
    if missing:
        raise ColumnsAreMissing(mapping=mapping.name, missing=", ".join(missing))
    one: dict[str, Any] = {meaning: at[meaning][0] for meaning in OF_LAYOUT if meaning in at}
    writers = at.get("writers", [])
    said = mapping.constants
    written = Written(
        mapping=mapping.pk or 0,
        basis=mapping.basis,
        numbers=tuple(mapping.numbers),
        totals=tuple(mapping.totals),
        services=tuple((str(name), str(service)) for name, service in mapping.services.items()),
        latest=stated,
        pads=pads,
        territory=at["territory"][0] if "territory" in at else None,
        abroad=said.get("territory") == ABROAD,
        currency=at["currency"][0] if "currency" in at else None,
        currency_code=said.get("currency") or currency,
        more_writers=tuple(writers[1:]),
        id_space=id_space_of(mapping),
        society=tuple((name, at[name][0]) for name in OF_SOCIETY if name in at),
    )
    return Layout(
        family=mapping.name,
        headers=tuple(headers),
        title=one.pop("title"),
        uses=tuple(at.get("uses", ())),
        writers=writers[0] if writers else None,
        month="" if "period" in at else stated,
        service="" if "platform" in at else said.get("service", ""),
        header_line=header_line,
        written=written,
        **one,
    )


def id_space_of(mapping: Mapping) -> str:
    """Whose numbers the song ids are: the same for all versions of a mapping that take them from the same column."""
    columns = mapping.columns.get("song_id")
    if not columns:
        return ""
    text = f"{mapping.source_id}\x1f{mapping.name}\x1f{columns[0][0]}"
    return f"m{hashlib.sha256(text.encode()).hexdigest()[:15]}"


def month_said(texts: Sequence[str]) -> str:
    """The one month that the name of a file and the rows above its header speak of; nothing where there are two."""
    found = {month for text in texts for month in months_among(text)} | {
        month for text in texts if (month := month_in(text))
    }
    return found.pop() if len(found) == 1 else ""


# ── what is asked of a line ─────────────────────────────────────────────────────────────────────────────────────────────


def as_wide(cells: list[str], layout: Layout) -> list[str]:
    """A row of a sheet, in which cells after the last filled one are not written, as wide as the header."""
    width = len(layout.headers)
    if layout.written is None or not layout.written.pads or len(cells) == width:
        return cells
    if len(cells) < width:
        return [*cells, *[""] * (width - len(cells))] if any(cells) else cells
    return cells[:width] if not any(cell.strip() for cell in cells[width:]) else cells


def is_total(cells: Sequence[str], layout: Layout) -> bool:
    """Whether a row sums others up: a cell of words says so, and beside it nothing names a song."""
    return _total_cell(cells, layout) is not None


def is_grand_total(cells: Sequence[str], layout: Layout) -> bool:
    """Whether it sums up all of them, and not a part (소계, 小计)."""
    at = _total_cell(cells, layout)
    return at is not None and not OF_A_PART.search(cells[at])


def _total_cell(cells: Sequence[str], layout: Layout) -> int | None:
    written = layout.written
    if written is None or not written.totals:
        return None
    naming = (layout.title, layout.artist, layout.song_id, layout.isrc, layout.iswc, layout.writers)
    filled = [at for at in naming if at is not None and at < len(cells) and cells[at].strip()]
    if len(filled) > 1:
        return None
    numbers = set(layout.counted())
    places = filled or [at for at in range(len(cells)) if at not in numbers]
    return next((at for at in places if says_total(cells[at], written.totals)), None)


def says_total(text: str, totals: Sequence[str] = TOTAL_WORDS) -> bool:
    """Whether a cell says that its row sums up others: 합계, 총 합계:, 멜론 소계, Total (12)."""
    if not text or len(text) > LONGEST_ID:
        return False
    words = {header_key(word) for word in totals}
    plain = header_key(AROUND_TOTALS.sub(" ", text))
    return plain.replace(" ", "") in {word.replace(" ", "") for word in words} or plain.split(" ")[-1] in words


def require_usable(cells: Sequence[str], layout: Layout) -> None:
    """Raise BadLine for a line that was not used in China, or whose money is in another currency."""
    written = layout.written
    if written is None:
        return
    if written.abroad:
        raise BadLine("not_china")
    if written.territory is not None and header_key(cells[written.territory]) not in CHINA:
        raise BadLine("not_china", layout.headers[written.territory], cells[written.territory])
    if written.currency is not None:
        text = cells[written.currency]
        if CURRENCY_OF.get(header_key(text), header_key(text).upper()) != written.currency_code:
            raise BadLine("currency", layout.headers[written.currency], text)


def any_id_of(text: str, header: str = "") -> str:
    """A number of the sender, digits or letters; 5566.0 of a spreadsheet is 5566. A blank or 0 names no song. Raises BadLine."""
    given = text.strip()
    if not given.strip("0"):
        return ""
    if found := AS_FLOAT.match(given):
        return "" if not found[1].strip("0") else found[1]
    if ROUNDED.fullmatch(given):
        raise BadLine("id_lost_precision", header, text)
    if len(given) > LONGEST_ID:
        raise BadLine("song_id", header, text)
    return given
