"""Cells into typed lines: the rule by which every line is read. Plain lines take the shortcut of columns.py.

A line ends either as an accepted Line or as a Rejected one with its reason; none is left out.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, NamedTuple

from portal.lib.money import NotAnAmount, parse_micros
from royalties.reports import mapped, society
from royalties.reports.base import BadLine, BadRecord, Layout
from royalties.reports.csv_lines import Row, showable
from royalties.reports.society import SocietyFacts
from royalties.reports.styles import YEARS, as_plain, month_in
from works.durations import LONGEST, read_duration
from works.identifiers import parse_ipi_name, parse_isrc, parse_iswc

DAY: Final = re.compile(r"(\d{4})(\d{2})(\d{2})|(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", re.ASCII)
SONG_ID: Final = re.compile(r"\d{1,20}", re.ASCII)
NOT_EXACT: Final = re.compile(r"\d+\.\d*|\d+(\.\d+)?[eE][+]?\d+", re.ASCII)
PLAIN_AMOUNT: Final = re.compile(r"\d{1,12}(\.\d{1,6})?", re.ASCII)
AS_A_NUMBER: Final = re.compile(r"\d+\.0", re.ASCII)
COUNT: Final = re.compile(r"\d{1,15}", re.ASCII)
SIGNED_COUNT: Final = re.compile(r"-?\d{1,15}", re.ASCII)
NOTHING: Final = Fraction(0)
NO_MONEY: Final = (0, NOTHING)  # micros, and what was rounded away
ISO_DURATION: Final = re.compile(r"PT(?:(\d{1,2})H)?(?:(\d{1,4})M)?(?:(\d{1,5})(?:\.\d+)?S)?", re.ASCII)
BETWEEN_IPIS: Final = re.compile(r"[\s|;,/]+")
WITHHELD: Final = "…"


class Song(NamedTuple):
    """A song as a line names it."""

    song_id: str
    title: str
    artists: str
    isrc: str  # as written; see isrc_of
    album: str
    iswc: str = ""
    writers: str = ""
    ipis: str = ""  # of writers, as written
    duration: str = ""  # as written; see duration_of


class Line(NamedTuple):
    line_no: int
    song: Song
    service: str
    usage_month: str  # 2026-09-01
    uses: int
    amount_micros: int
    words_uses: int | None = None  # of the uses, where words and music are counted apart
    music_uses: int | None = None


class LumpLine(NamedTuple):
    """A line that is a sum for some time, without a song: the first and the last day, and what it is for."""

    line_no: int
    from_date: dt.date
    last_date: dt.date
    platform: str
    contract: str
    amount_micros: int


class Rejected(NamedTuple):
    line_no: int
    raw: str
    column: str
    value: str
    reason: str
    amount_micros: int


class NegativeAmount(BadLine):
    """Read exactly, but less than nothing: only the lines of a correction may be so."""

    def __init__(self, micros: int, rest: Fraction, header: str, text: str) -> None:
        self.micros, self.rest = micros, rest
        super().__init__("negative_amount", header, text)


@dataclass
class Lines:
    """What a run of lines came to. `beside`: uses of accepted lines by column that are shown and never paid. `as_numbers`:
    titles and artists that a spreadsheet turned into numbers, as written.
    """

    accepted: list[Line] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    rounded: int = 0  # lines whose amount had more than six decimals
    remainder: Fraction = NOTHING  # micros they lost by it, exact
    beside: Counter[int] = field(default_factory=Counter)
    as_numbers: set[str] = field(default_factory=set)
    totals: list[tuple[int, int]] = field(default_factory=list)  # of total rows: line and micros
    society: list[SocietyFacts] = field(default_factory=list)


@dataclass
class Lumps:
    """What a run of lines came to that are sums."""

    accepted: list[LumpLine] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    rounded: int = 0
    remainder: Fraction = NOTHING


@dataclass(frozen=True)
class Rules:
    """How the lines of a file are read: its layout, what its platforms are called, and whether its lines are differences."""

    layout: Layout
    platforms: Mapping[str, str]
    not_china: frozenset[str]
    signed: bool = False  # a correction: amounts and counts may be less than nothing


def read_lines(rows: Sequence[tuple[str, Row]], *, first_line: int, rules: Rules) -> Lines:
    """Read rows into lines, numbered from `first_line` on."""
    read = Lines()
    for line_no, (raw, cells) in enumerate(rows, first_line):
        read_line(line_no, raw, cells, rules, read)
    return read


def read_line(line_no: int, raw: str, cells: Row, rules: Rules, read: Lines) -> None:
    """Read one line: the rule itself, to which columns.py is a shortcut."""
    layout = rules.layout
    headers, written = layout.headers, layout.written
    if written is not None and isinstance(cells, list):
        cells = mapped.as_wide(cells, layout)
        if mapped.is_total(cells, layout):
            read.rejected.append(Rejected(line_no, showable(without_listeners(raw, cells, layout)), "", "", "total", 0))
            if layout.money is not None and mapped.is_grand_total(cells, layout):
                read.totals.append((line_no, amount_of_rejected(cells, layout)[0]))
            return
    facts = None
    try:
        if isinstance(cells, BadLine):
            raise cells
        if len(cells) != len(headers):
            raise BadLine("columns", "", str(len(cells)))
        month = layout.month
        if layout.period is not None:
            month = month_of(cells[layout.period], layout, headers[layout.period])
        service = layout.service
        if layout.platform is not None:
            service = service_of(cells[layout.platform], rules, headers[layout.platform])
        if written is not None:
            mapped.require_usable(cells, layout)
        song_id = "" if layout.song_id is None else id_of(cells[layout.song_id], layout)
        song = song_of(song_id, cells, layout)
        read.as_numbers.update(names_as_numbers(cells, layout))
        if not song.title and not song.song_id:
            raise BadLine("title", headers[layout.title])
        micros, rest = NO_MONEY
        if layout.money is not None:
            micros, rest = amount_of(
                strict(cells[layout.money], layout), headers[layout.money], cells[layout.money], signed=rules.signed
            )
        counts = {
            at: count_of(strict(cells[at], layout), headers[at], cells[at], signed=rules.signed)
            for at in (*layout.uses, *layout.beside)
        }
        uses = sum(counts[at] for at in layout.uses)
        if layout.apart and micros and not uses:
            raise BadLine("no_work_uses", headers[layout.words[0]], cells[layout.words[0]])
        if written is not None and written.society:
            facts = society.read_facts(line_no, cells, layout, micros)
    except BadLine as problem:
        micros, rest = amount_of_rejected(cells, layout)
        text = showable(without_listeners(raw, cells, layout))
        if is_blank(raw):
            rejected = Rejected(line_no, text, "", "", "blank", micros)
        else:
            rejected = Rejected(line_no, text, problem.column, showable(problem.value), problem.reason, micros)
        read.rejected.append(rejected)
    else:
        line = Line(line_no, song, service, month, uses, micros)
        if layout.apart:
            words, music = (sum(counts[at] for at in columns) for columns in (layout.words, layout.music))
            line = line._replace(words_uses=words, music_uses=music)
        read.accepted.append(line)
        read.beside.update({at: counts[at] for at in layout.beside})
        if facts is not None:
            read.society.append(facts)
    if rest:
        read.rounded += 1
        read.remainder += rest


def song_of(song_id: str, cells: Sequence[str], layout: Layout) -> Song:
    """The song that a line names."""
    return Song(
        song_id,
        name_of(cells[layout.title]),
        "" if layout.artist is None else name_of(cells[layout.artist]),
        "" if layout.isrc is None else cells[layout.isrc].strip(),
        "" if layout.album is None else cells[layout.album].strip(),
        "" if layout.iswc is None else cells[layout.iswc].strip(),
        "" if layout.writers is None else writers_of(cells, layout),
        "" if layout.ipis is None else cells[layout.ipis].strip(),
        "" if layout.duration is None else cells[layout.duration].strip(),
    )


def name_of(text: str) -> str:
    """A title or an artist as written, but for what a spreadsheet turned into a number: 5566.0 is called 5566."""
    name = text.strip()
    return name[:-2] if name.endswith(".0") and AS_A_NUMBER.fullmatch(name) else name


def names_as_numbers(cells: Sequence[str], layout: Layout) -> list[str]:
    """The titles and artists of a line that name_of() shortens, as written."""
    columns = [layout.title] if layout.artist is None else [layout.title, layout.artist]
    names = [cells[at].strip() for at in columns]
    return [name for name in names if name.endswith(".0") and AS_A_NUMBER.fullmatch(name)]


def writers_of(cells: Sequence[str], layout: Layout) -> str:
    """Who wrote it, of several columns such as 作词 and 作曲 each name once."""
    columns = (
        () if layout.writers is None else (layout.writers, *(layout.written.more_writers if layout.written else ()))
    )
    return ", ".join(dict.fromkeys(name for at in columns if (name := cells[at].strip())))


def strict(text: str, layout: Layout) -> str:
    """A number as the strict rule reads it, of a file that is written otherwise."""
    return as_plain(text, layout.written.numbers) if layout.written else text


def month_of(text: str, layout: Layout, header: str = "") -> str:
    """The month of a line; where a mapping reads the file, also one without a day. Raises BadLine."""
    if layout.written is not None and (month := month_in(text, layout.written.latest)):
        return month
    return first_of_month(text, header)


def first_of_month(text: str, header: str = "") -> str:
    """The month a period begins in, as its first day: "20260901-20260930" is 2026-09-01. Raises BadLine."""
    found = DAY.match(text.strip())
    if found:
        year, month, day = (int(part) for part in found.groups() if part is not None)
        try:
            if year in YEARS:
                return dt.date(year, month, day).replace(day=1).isoformat()
        except ValueError:
            pass
    raise BadLine("period", header, text)


def id_of(text: str, layout: Layout) -> str:
    """The id of a song, by the rule of its layout. Raises BadLine."""
    if layout.written is not None and layout.song_id is not None:
        return mapped.any_id_of(text, layout.headers[layout.song_id])
    if layout.text_ids or layout.song_id is None:
        return text.strip()
    return song_id_of(text, layout.headers[layout.song_id])


def song_id_of(text: str, header: str = "") -> str:
    """A song id as exact digits; nothing for a blank or 0, which name no song. Raises BadLine."""
    digits = text.strip()
    if not digits.strip("0"):
        return ""
    if SONG_ID.fullmatch(digits):
        return digits
    raise BadLine("id_lost_precision" if NOT_EXACT.fullmatch(digits) else "song_id", header, text)


def isrc_of(song: Song) -> str:
    """The ISRC in its stored form, or nothing: a malformed one is not a reason to reject a line, but identifies no song."""
    if not song.isrc:
        return ""
    found = parse_isrc(song.isrc)
    return found.value if found.well_formed else ""


def iswc_of(song: Song) -> str:
    """The ISWC in its stored form, or nothing."""
    if not song.iswc:
        return ""
    found = parse_iswc(song.iswc)
    return found.value if found.well_formed else ""


def ipis_of(song: Song) -> str:
    """The name numbers of writers in their stored form, parted by blanks; what is no such number is left out."""
    if not song.ipis:
        return ""
    found = [parse_ipi_name(text) for text in BETWEEN_IPIS.split(song.ipis) if text.strip()]
    return " ".join(ipi.value for ipi in found if ipi.well_formed)


def duration_of(song: Song) -> int | None:
    """Seconds of 3:45 or PT3M45S; nothing where it is neither."""
    found = ISO_DURATION.fullmatch(song.duration)
    if not found or not any(found.groups()):
        return read_duration(song.duration) if song.duration else None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    total = 3600 * hours + 60 * minutes + seconds
    return total if 0 < total < LONGEST else None


def key_of(song: Song, id_space: str) -> str:
    """What makes two lines speak of one song: the id in its space, or else title, artists and ISRC, and what names its work."""
    if song.song_id:
        return f"{id_space}:id:{song.song_id}"
    named = [song.title, song.artists, isrc_of(song)]
    if song.iswc or song.writers:
        named += [iswc_of(song), song.writers]
    plain = "\x1f".join(_plain(text) for text in named)
    return f"{id_space}:name:{hashlib.sha256(plain.encode()).hexdigest()}"


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def service_of(text: str, rules: Rules, header: str = "") -> str:
    """The service behind the name of a platform. Raises BadLine."""
    name = text.strip()
    if name in rules.not_china:
        raise BadLine("not_china", header, text)
    if name not in rules.platforms:
        raise BadLine("platform", header, text)
    return str(rules.platforms[name])


def amount_of(text: str, header: str = "", shown: str | None = None, *, signed: bool = False) -> tuple[int, Fraction]:
    """Micros, and the exact part of a micro that was rounded away. Raises BadLine, which names it as `shown`."""
    as_written = text if shown is None else shown
    try:
        micros, rest = parse_micros(text.strip())
    except NotAnAmount:
        raise BadLine("amount", header, as_written) from None
    if not signed and (micros < 0 or (rest < 0 and "-" in text)):
        raise NegativeAmount(micros, rest, header, as_written)
    return micros, rest


def count_of(text: str, header: str = "", shown: str | None = None, *, signed: bool = False) -> int:
    """Uses; a blank cell counts none. Raises BadLine, which names them as `shown`."""
    digits = text.strip()
    if not digits:
        return 0
    if not (SIGNED_COUNT if signed else COUNT).fullmatch(digits):
        raise BadLine("uses", header, text if shown is None else shown)
    return int(digits)


def is_blank(raw: str) -> bool:
    """Whether nothing stands in a line but what parts its cells."""
    return not raw.strip(" ,;|\t\r\u3000")


def without_listeners(raw: str, cells: Row, layout: Layout) -> str:
    """The text of a line as it may be kept: without the cells about listeners, or nothing of it where they cannot be told."""
    if not layout.withheld:
        return raw
    if isinstance(cells, BadLine) or len(cells) != len(layout.headers):
        return WITHHELD
    return "\t".join(WITHHELD if at in layout.withheld and cell else cell for at, cell in enumerate(cells))


def amount_of_rejected(cells: Row, layout: Layout) -> tuple[int, Fraction]:
    """The money of a line that is not taken, if it can be read: it stays in the account of what was reported."""
    if layout.money is None or (isinstance(cells, list) and len(cells) != len(layout.headers)):
        return NO_MONEY
    if isinstance(cells, BadRecord):
        written = cells.amount
    elif isinstance(cells, BadLine):
        return NO_MONEY
    else:
        written = cells[layout.money]
    try:
        return amount_of(strict(written, layout))
    except NegativeAmount as found:
        return found.micros, found.rest
    except BadLine:
        return NO_MONEY
