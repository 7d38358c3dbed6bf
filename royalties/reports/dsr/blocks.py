"""From the records of a block, or from a single record, to usages: one for each record that says how often something was used.

A block holds what belongs together: releases (RE), resources (AS), works (MW), usages (SU of sales and streams, RU of releases) and
the shares of rights controllers in each (LI). RU says which videos or releases the uses of an SU were; where a block has no SU, its RU
are the usages. Imports nothing of Django.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final, NamedTuple

from royalties.reports.dsr.file_name import first_day
from royalties.reports.dsr.findings import LETTERS_KEPT, Note
from royalties.reports.dsr.records import Record, plain, values

CHINA: Final = "CN"
NO_SECONDS: Final = frozenset({"PT0S", "PT0M0S", "PT0H0M0S", "P0D", "PT00H00M00S"})
LONGEST_ID: Final = 40
BETWEEN_WRITERS: Final = " / "
NUMBER: Final = re.compile(r"[+-]?(\d{1,18}(\.\d{0,18})?|\.\d{1,18})", re.ASCII)
EXACT: Final = Context(prec=60)
OTHERS_SHOWN: Final = 50
AMBIGUOUS: Final = "?"  # a summary id that stands for several territories or currencies


class Entry(NamedTuple):
    """A record as it stands in the file. `cells` are as many as the record has, or more."""

    record: Record
    cells: Sequence[str]
    line: int


class Usage(NamedTuple):
    """Cells of a line of the report, all text as it stands in the file; `uses` and `amount` may not be numbers."""

    period: str
    territory: str
    song_id: str
    isrc: str
    title: str
    artist: str
    album: str
    iswc: str
    writers: str
    duration: str
    model: str
    use: str
    summary: str
    amount: str
    uses: str
    record: str
    line: str


HEADERS: Final = (
    "UsageStartDate", "Territory", "DspResourceId", "ISRC", "Title", "DisplayArtistName", "ReleaseTitle", "ISWC", "ComposerAuthor",
    "Duration", "CommercialModel", "UseType", "SummaryRecordId", "AllocatedAmount", "Usages", "RecordType", "Line",
)  # fmt: skip


class Summary(NamedTuple):
    """What the lines of a summary record have in common."""

    territory: str
    model: str
    use: str
    currency: str


@dataclass
class Report:
    """What is known of the file when its blocks are read."""

    start: str = ""  # 2015-10-01
    territory: str = ""  # by the name of the file
    summaries: dict[str, Summary] = field(default_factory=dict)
    controllers: frozenset[str] = frozenset()  # whose amounts the report brings; none: everybody's
    others: dict[str, Decimal] = field(default_factory=dict)  # amounts of others, which are not taken

    def summary_of(self, summary_id: str, line: int, note: Note) -> Summary:
        """The summary of a usage. Where it is missing, what all summaries agree in, or the name of the file says."""
        found = self.summaries.get(summary_id)
        if found is not None:
            return found
        different = set(self.summaries.values())
        if len(different) == 1:
            if summary_id:
                note("summary-missing", line, summary=summary_id)
            return next(iter(different))
        if not different:
            note("no-summary", line, territory=self.territory)
            return Summary(self.territory, "", "", "")
        note("summary-missing", line, summary=summary_id)
        territories = {summary.territory for summary in different}
        return Summary(territories.pop() if len(territories) == 1 else "", "", "", "")


@dataclass(slots=True)
class Resource:
    """A recording, as a block or a single record describes it."""

    ref: str
    song_id: str
    isrc: str
    title: str
    artist: str
    duration: str
    iswc: str
    writers: list[str]


@dataclass(slots=True)
class Work:
    ref: str
    iswc: str
    title: str
    writers: list[str]


@dataclass(slots=True)
class Release:
    song_id: str
    title: str
    artist: str
    resources: list[str]


@dataclass(slots=True)
class Pending:
    """A usage, and the shares in it that follow."""

    entry: Entry
    summary: str
    amounts: list[str] = field(default_factory=list)


def read_block(entries: Sequence[Entry], report: Report, note: Note) -> Iterator[Usage]:
    """The usages of a block, and a usage of nothing for an amount that belongs to none: it is then rejected and not lost."""
    resources: list[Resource] = []
    works: list[Work] = []
    releases: dict[str, Release] = {}
    pending: list[Pending] = []
    details: list[Entry] = []
    shares: list[Entry] = []
    sales = any(entry.record.kind == "SU" for entry in entries)
    for entry in entries:
        kind = entry.record.kind
        if kind == "AS":
            resources.append(_resource(entry, note))
        elif kind == "MW":
            works.append(_work(entry))
        elif kind == "RE":
            ref, release = _release(entry)
            releases[ref] = release
        elif kind == "SU" or (kind == "RU" and not sales):
            pending.append(Pending(entry, _cell(entry, "summary")))
        elif kind == "RU":
            details.append(entry)
        elif kind == "LI":
            found = _whose_share(entry, pending)
            if found is None:
                shares.append(entry)
            else:
                _take_share(entry, found, report, note)
    if details:
        _compare_uses(pending, details, note)
    for entry in shares:  # before any usage: it may be that of one that follows
        found = _whose_share(entry, pending[::-1])
        if found is not None:
            _take_share(entry, found, report, note)
            continue
        note("share-without-usage", entry.line)
        alone = Pending(entry, _cell(entry, "summary"))
        _take_share(entry, alone, report, note)
        yield _usage(alone, None, "", report, note)
    for usage in pending:
        resource, album = _used(usage.entry, resources, releases, note)
        if resource is not None:
            resource = _with_works(resource, works, alone=len(resources) == 1)
        yield _usage(usage, resource, album, report, note)


def read_single(entry: Entry, report: Report, note: Note) -> Usage:
    """The usage of a single record (SR…), which holds summary, resource, work, release and usage together."""
    resource = _resource(entry, note)
    resource.title = resource.title or _text(entry, "work_title")
    usage = Pending(entry, _cell(entry, "summary"))
    if _cell(entry, "amount"):
        _take_share(entry, usage, report, note)
    return _usage(usage, resource, _text(entry, "album"), report, note)


def count_of_uses(entry: Entry, line_note: Note | None = None) -> str:
    """Uses less returns as digits; text that is no number stays as it stands. Parts of a use are rounded, half to even."""
    cell = _cell(entry, "uses")
    multi = entry.record.cells[entry.record.at["uses"]].multi
    written = values(cell) if multi else [cell]
    returns = _cell(entry, "returns")
    if len(written) == 1 and not returns.strip("0") and cell.isascii() and (cell.isdigit() or not cell):
        return cell
    total = Decimal(0)
    for text in written:
        count = number(text)
        if count is None:
            return plain(cell)
        total = EXACT.add(total, count)
    returned = number(returns)
    if returned is None:
        return f"{plain(cell)} − {returns}"
    total = EXACT.subtract(total, returned)
    whole = total.to_integral_value(ROUND_HALF_EVEN, EXACT)
    if whole != total and line_note is not None:
        line_note("uses-rounded", entry.line, value=cell)
    return str(int(whole))


def number(text: str) -> Decimal | None:
    """A plain number, exactly; a blank is 0. None: it is no number, or one beyond any count and amount."""
    if not text.strip():
        return Decimal(0)
    return Decimal(text) if NUMBER.fullmatch(text) else None


def _cell(entry: Entry, meaning: str) -> str:
    at = entry.record.at.get(meaning)
    return "" if at is None else entry.cells[at]


def _text(entry: Entry, meaning: str) -> str:
    return plain(_cell(entry, meaning)).strip()


def _title(entry: Entry) -> str:
    title, subtitle = _text(entry, "title"), _text(entry, "subtitle")
    return f"{title} ({subtitle})" if title and subtitle else title or subtitle


def _resource(entry: Entry, note: Note) -> Resource:
    song_id = _text(entry, "id")
    if len(song_id) > LONGEST_ID:
        note("id-too-long", entry.line, record=entry.record.name, value=song_id)
        song_id = ""
    isrcs = [isrc for isrc in values(_cell(entry, "isrc")) if isrc.strip()]
    if len(isrcs) > 1:
        note("several-isrcs", entry.line, value=" | ".join(isrcs))
    duration = _text(entry, "duration")
    if duration in NO_SECONDS:
        note("no-duration", entry.line, entry.record.name, record=entry.record.name, value=duration)
        duration = ""
    return Resource(
        _text(entry, "ref"), song_id, isrcs[0].strip() if isrcs else "", _title(entry), _text(entry, "artist"), duration,
        _text(entry, "iswc"), _names(entry),
    )  # fmt: skip


def _names(entry: Entry) -> list[str]:
    cell = _cell(entry, "writers")
    return [name.strip() for name in values(cell) if name.strip()] if cell else []


def _work(entry: Entry) -> Work:
    return Work(_text(entry, "ref"), _text(entry, "iswc"), _text(entry, "title"), _names(entry))


def _release(entry: Entry) -> tuple[str, Release]:
    resources = [ref for ref in values(_cell(entry, "resources")) if ref]
    return _text(entry, "ref"), Release(
        _text(entry, "id")[:LONGEST_ID], _title(entry), _text(entry, "artist"), resources
    )


def _used(
    entry: Entry, resources: Sequence[Resource], releases: Mapping[str, Release], note: Note
) -> tuple[Resource | None, str]:
    """What was used, and the release it was used from. An album that was sold whole goes by its own name."""
    named = {ref for ref in (_text(entry, "resource"), _text(entry, "id")) if ref}
    release = releases.get(_text(entry, "release"))
    album = release.title if release else next(iter(releases.values())).title if len(releases) == 1 else ""
    found = next((resource for resource in resources if named & {resource.ref, resource.song_id}), None)
    if found is not None:
        written = entry.record.cells[entry.record.at["id"]].name if "id" in entry.record.at else ""
        if written == "DspReleaseId":
            note(
                "resource-in-release-cell", entry.line, entry.record.name, record=entry.record.name, value=found.song_id
            )
        return found, album
    if named and resources:
        note("resource-missing", entry.line, record=entry.record.name, value=", ".join(sorted(named)))
        return None, album
    if release is not None and release.resources:
        parts = [resource for resource in resources if resource.ref in release.resources]
        if len(parts) == 1:
            return parts[0], album
    if len(resources) == 1:
        return resources[0], album
    sold = release or (next(iter(releases.values())) if len(releases) == 1 else None)
    if resources and sold is not None:
        note("release-of-several", entry.line, title=sold.title)
        return Resource("", sold.song_id, "", sold.title, sold.artist, "", "", []), sold.title
    note("resource-missing", entry.line, record=entry.record.name, value="")
    return None, album


def _with_works(resource: Resource, works: Sequence[Work], *, alone: bool) -> Resource:
    """A recording with what the block says of its works: those that name it, or all where it is the only one."""
    its = [work for work in works if work.ref == resource.ref] if any(work.ref for work in works) else list(works)
    if not its or not (alone or its[0].ref):
        return resource
    iswcs = {work.iswc for work in its if work.iswc}
    writers = list(dict.fromkeys(name for work in its for name in work.writers))
    return Resource(
        resource.ref, resource.song_id, resource.isrc, resource.title or its[0].title, resource.artist, resource.duration,
        resource.iswc or (iswcs.pop() if len(iswcs) == 1 else ""), resource.writers or writers,
    )  # fmt: skip


def _whose_share(entry: Entry, pending: Sequence[Pending]) -> Pending | None:
    """The usage that a share names, or else follows: the nearest one before it that has its summary."""
    summary, transaction = _cell(entry, "summary"), _cell(entry, "transaction")
    if transaction:
        return next((usage for usage in pending if _cell(usage.entry, "transaction") == transaction), None)
    return next((usage for usage in reversed(pending) if not summary or usage.summary == summary), None)


def _take_share(entry: Entry, usage: Pending, report: Report, note: Note) -> None:
    """An amount belongs to the report if its rights controller is one of those that the head names; others’ are summed up and shown."""
    amount = _text(entry, "amount")
    controller, party = _text(entry, "controller"), _text(entry, "controller_id")
    names = {controller, party, party.rpartition("::")[2]} - {""}
    if not report.controllers or not names or names & report.controllers:
        usage.amounts.append(amount)
        return
    name = controller or party
    note("amount-of-others", entry.line, name, controller=name)
    name = name[:LETTERS_KEPT]
    if name in report.others or len(report.others) < OTHERS_SHOWN:
        report.others[name] = EXACT.add(report.others.get(name, Decimal(0)), number(amount) or Decimal(0))


def _amount(usage: Pending) -> str:
    """The sum of its shares, exactly. Text that is no number stays visible."""
    amounts = [amount for amount in usage.amounts if amount]
    if len(amounts) == 1 and amounts[0][0].isdigit():
        return amounts[0]
    total = Decimal(0)
    for amount in amounts:
        summand = number(amount)
        if summand is None:
            return " + ".join(amounts)
        total = EXACT.add(total, summand)
    return format(total, "f")


def _compare_uses(pending: Sequence[Pending], details: Sequence[Entry], note: Note) -> None:
    """RU are the same uses as SU, by release; some services list only the first of them."""
    try:
        sold = sum(int(count_of_uses(usage.entry) or 0) for usage in pending)
        listed = sum(int(count_of_uses(entry) or 0) for entry in details)
    except ValueError:
        return
    if sold != listed:
        note("releases-and-sales-differ", details[0].line, sales=sold, releases=listed)


def _usage(usage: Pending, resource: Resource | None, album: str, report: Report, note: Note) -> Usage:
    entry = usage.entry
    summary = report.summary_of(usage.summary, entry.line, note)
    start = _text(entry, "start")
    period = start if start[:4].isdigit() and len(start) >= 8 else first_day(start) or report.start
    its = resource or Resource("", "", "", "", "", "", "", [])
    return Usage(
        period, summary.territory, its.song_id, its.isrc, its.title, its.artist, album, its.iswc, BETWEEN_WRITERS.join(its.writers),
        its.duration, summary.model, _text(entry, "use") or summary.use, plain(usage.summary), _amount(usage),
        count_of_uses(entry, note) if "uses" in entry.record.at else "0", entry.record.name, str(entry.line),
    )  # fmt: skip
