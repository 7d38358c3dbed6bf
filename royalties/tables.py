"""An unknown table as the mapping screen shows it: its first lines, what its columns may mean, and how lines would be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from royalties.ingest.columns import listeners_in, rows_of
from royalties.ingest.mappings import Said, first_lines_of
from royalties.models import Mapping, Report, Service
from royalties.reports import mapped, tme
from royalties.reports.base import REASONS, header_key
from royalties.reports.csv_lines import Row
from royalties.reports.formats import rules_of
from royalties.reports.guess import Guess, guess_columns, guess_header_line, guess_styles
from royalties.reports.lines import Lines, read_line

SHOWN_ABOVE: Final = 15  # lines at most of the table as it stands in the file
SHOWN_BELOW: Final = 4
SAMPLES: Final = 3
READ_LINES: Final = 5
LINES_TRIED: Final = 1_000
CELL_LETTERS: Final = 60
PLATFORMS_AT_MOST: Final = 60

MEANINGS: Final[dict[str, Promise]] = {
    "title": _("title of the song or work"),
    "artist": _("artist"),
    "writers": _("writers"),
    "album": _("album"),
    "song_id": _("the sender’s number of the song or work"),
    "isrc": _("ISRC of the recording"),
    "iswc": _("ISWC of the work"),
    "ipis": _("IPI numbers of the writers"),
    "duration": _("duration"),
    "period": _("month or period of use"),
    "platform": _("service or platform"),
    "territory": _("country of use"),
    "uses": _("how often it was used"),
    "money": _("money for the society (net)"),
    "currency": _("currency"),
}
OF_SOCIETIES: Final[dict[str, Promise]] = {
    "party": _("interested party: whose money it is"),
    "party_ipi": _("IPI number of the interested party"),
    "role": _("role of the interested party"),
    "share": _("share in percent or as a fraction"),
    "right": _("right"),
    "reference": _("reference of the original use"),
    "gross": _("gross amount, before fee and tax"),
    "fee": _("fee that was kept"),
    "tax": _("tax that was kept"),
}
MEANING_CHOICES: Final = [*MEANINGS.items(), *OF_SOCIETIES.items()]
KNOWN_ELSEWHERE: Final = frozenset(
    header_key(name)
    for name in (
        "멜론", "Melon", "지니", "지니뮤직", "Genie", "벅스", "Bugs", "플로", "FLO", "바이브", "VIBE", "소리바다", "카카오뮤직", "네이버뮤직",
        "유튜브뮤직", "YouTube Music", "스포티파이", "Spotify", "Apple Music", "애플뮤직", "网易云音乐", "NetEase", "抖音", "Douyin", "快手",
        "咪咕音乐", "咪咕", "Migu", "KKBOX", "汽水音乐", "哔哩哔哩", "Bilibili",
    )
)  # fmt: skip
IN_KOREAN: Final = {
    "QQ뮤직": Service.QQ, "큐큐뮤직": Service.QQ, "쿠거우": Service.KUGOU, "쿠고우": Service.KUGOU, "쿠워": Service.KUWO, "쿠워뮤직": Service.KUWO,
    "위싱": Service.WESING, "취안민K거": Service.WESING,
}  # fmt: skip
SERVICES: Final = {header_key(name): str(service) for name, service in {**tme.PLATFORMS, **IN_KOREAN}.items()}


@dataclass(frozen=True)
class Column:
    at: int
    header: str
    samples: list[str]
    guess: Guess
    is_withheld: bool

    @property
    def may_be(self) -> list[str]:
        """What an asked column may be, in words."""
        words = {**MEANINGS, **OF_SOCIETIES}
        return [str(words[meaning]) for meaning in self.guess.may_be if meaning]


@dataclass(frozen=True, kw_only=True)
class Table:
    """The first lines of a report. `header_line` is chosen or guessed; `before` is the mapping that people start from."""

    report: Report
    rows: list[tuple[str, Row]]
    header_line: int
    columns: list[Column]
    before: Mapping | None

    @property
    def headers(self) -> list[str]:
        return [column.header for column in self.columns]

    @property
    def below(self) -> list[list[str]]:
        """The rows below the header, as wide as it."""
        return [
            _wide(cells, len(self.columns))
            for cells in self.cells[self.header_line :]
            if len(cells) <= len(self.columns)
        ]

    @property
    def cells(self) -> list[list[str]]:
        return [cells if isinstance(cells, list) else [] for _raw, cells in self.rows]

    def values_of(self, at: int) -> list[str]:
        """Different values of a column, in the order of the file."""
        return list(dict.fromkeys(row[at].strip() for row in self.below if row[at].strip()))

    def styles_of(self, columns: Sequence[int]) -> list[str]:
        return guess_styles([row[at].strip() for at in columns for row in self.below])

    def month(self) -> str:
        """The month that the report is for, or that its name or the rows above its header speak of."""
        if self.report.period is not None:
            return self.report.period.isoformat()
        label = self.report.reading.get("member") or self.report.file.label
        return mapped.month_said([label, *("\t".join(row) for row in self.cells[: self.header_line - 1])])

    def shown(self) -> list[dict[str, Any]]:
        """The first lines as they stand in the file, for people."""
        last = max(min(self.header_line + SHOWN_BELOW, len(self.rows)), min(SHOWN_BELOW, len(self.rows)))
        first = max(0, last - SHOWN_ABOVE)
        return [
            {"line": at + 1, "is_header": at + 1 == self.header_line, "cells": [_short(cell) for cell in self.cells[at]] or [_short(self.rows[at][0])]}
            for at in range(first, last)
        ]  # fmt: skip


def table_of(report: Report, before: Mapping | None, header_line: int | None = None) -> Table:
    """A report's first lines with a guess for each column. Raises ColumnsAreNotKept."""
    rows = rows_of(first_lines_of(report))
    cells = [row if isinstance(row, list) else [] for _raw, row in rows]
    if header_line is None and before is not None:
        header_line = (
            mapped.find_header(before, cells[: mapped.HEAD_LINES])
            or mapped.nearest_header(before, cells[: mapped.HEAD_LINES])[0]
        )
    if not header_line or not 1 <= header_line <= min(len(rows), mapped.HEAD_LINES):
        header_line = guess_header_line(cells)
    headers = cells[header_line - 1] if cells else []
    below = [_wide(row, len(headers)) for row in cells[header_line:] if row and len(row) <= len(headers)]
    withheld = set(listeners_in(cells, header_line))
    of_songs = [row for row in below if not any(map(mapped.says_total, row))]
    guesses = guess_columns(headers, of_songs)
    columns = [
        Column(at, header, _samples(of_songs, at), guesses[at], at in withheld) for at, header in enumerate(headers)
    ]
    return Table(report=report, rows=rows, header_line=header_line, columns=columns, before=before)


def guess_service(name: str) -> str:
    """The service behind the name of a platform; nothing where nobody knows it."""
    key = header_key(name)
    if name.strip() in tme.NOT_CHINA:
        return mapped.ABROAD
    return SERVICES.get(key) or (Service.OTHER if key in KNOWN_ELSEWHERE else "")


# ── how lines would be read ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Tried:
    """The first lines read by a mapping that is not saved yet."""

    lines: list[dict[str, Any]]  # of the first accepted ones
    accepted: int
    rejected: int
    totals: int  # of the rejected ones, rows that sum up others
    reasons: list[dict[str, Any]] = field(default_factory=list)  # why, how many, and the first such line
    money_micros: int = 0
    currency: str = ""

    @property
    def tried(self) -> int:
        return self.accepted + self.rejected


def try_lines(table: Table, said: Said) -> Tried:
    """Read the first thousand lines of a table as they would be read. Raises ColumnsAreMissing."""
    report = table.report
    layout = mapped.layout_from(
        said.as_mapping(report),
        said.headers,
        header_line=said.header_line,
        stated=said.month.isoformat() if said.month else table.month(),
        pads=report.container == "xlsx",
        currency=report.source.currency,
    )
    read, rules = Lines(), rules_of(layout)
    for line_no, (raw, cells) in enumerate(table.rows[said.header_line :][:LINES_TRIED], said.header_line + 1):
        read_line(line_no, raw, cells, rules, read)
    counted = Counter(line.reason for line in read.rejected)
    first = {line.reason: line for line in reversed(read.rejected)}
    return Tried(
        lines=[
            {"line": line, "song": line.song, "service": Service(line.service).label if line.service else "", "month": line.usage_month[:7]}
            for line in read.accepted[:READ_LINES]
        ],
        accepted=len(read.accepted),
        rejected=len(read.rejected),
        totals=counted["total"],
        reasons=[{"why": REASONS[reason], "count": count, "first": first[reason]} for reason, count in counted.most_common()],
        money_micros=sum(line.amount_micros for line in read.accepted),
        currency=layout.written.currency_code if layout.written else report.currency,
    )  # fmt: skip


def _wide(cells: Sequence[str], width: int) -> list[str]:
    return [*cells, *[""] * (width - len(cells))]


def _samples(rows: Sequence[Sequence[str]], at: int) -> list[str]:
    return [_short(text) for text in list(dict.fromkeys(row[at].strip() for row in rows if row[at].strip()))[:SAMPLES]]


def _short(text: str) -> str:
    return text if len(text) <= CELL_LETTERS else text[:CELL_LETTERS] + "…"
