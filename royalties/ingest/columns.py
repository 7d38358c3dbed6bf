"""A table whose header no format knows: read by a mapping of its source, or kept waiting until staff make one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_noop

from portal.accounts.access import society_staff
from portal.jobs.services import Work
from portal.lib.errors import DomainError
from portal.notices.services import notify
from royalties.ingest.reading import Opened, Reading
from royalties.ingest.spool import remove_spool
from royalties.models import FirstLines, Mapping, Report
from royalties.reports import crd, csv_lines, encodings, first_look, guess, mapped
from royalties.reports.base import BadLine, ColumnsAreMissing, ColumnsAreUnknown, Layout, header_key
from royalties.reports.csv_lines import Row, Survey
from royalties.reports.lines import WITHHELD

LINES_KEPT: Final = mapped.HEAD_LINES + 1_000
LETTERS_KEPT: Final = 1_000_000  # of these lines together
SHORT_LINE: Final = 4_000  # characters of a line above which only its beginning is kept
WAITS: Final = gettext_noop("The columns of report %(report)s of %(source)s are not known yet. Say what they mean.")


@dataclass(frozen=True, kw_only=True)
class Known:
    """A file that a mapping reads."""

    mapping: Mapping
    reading: Reading
    survey: Survey
    layout: Layout
    above: list[str]  # what stands over its header

    def shown(self) -> dict[str, Any]:
        """What Report.reading says of it."""
        before = {name for name, _nth in mapped.named_columns(self.mapping.headers)}
        headers = [header for header in self.layout.headers if header.strip()]
        return {
            "mapping": {"pk": self.mapping.pk, "name": self.mapping.name, "version": self.mapping.version},
            "above": self.above,
            "new_columns": [header for header in headers if header_key(header) not in before],
        }


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A file that waits for a mapping, and why none of its source reads it."""

    opened: Opened
    reading: Reading
    why: str  # it was read in this encoding, a key of encodings.WHY
    unknown: DomainError
    nearest: str  # the name of a mapping that has most of its columns
    first_lines: list[Any]


@dataclass(frozen=True)
class _Head:
    """The first rows of a file, read in one of the encodings that it may be in."""

    reading: Reading
    why: str
    rows: list[list[str]]


def look_for_mapping(
    report: Report, opened: Opened, reading: Reading, survey: Survey, unknown: DomainError, *, keep: Callable[[], None]
) -> Known | Waiting:
    """The mapping by which a file can be read, in the encoding in which its headers stand. Raises `unknown` for what is no table."""
    mappings = list(Mapping.objects.filter(source=report.source_id, superseded_at__isnull=True).order_by("-pk"))
    heads = list(_heads(report, opened, reading, survey))
    crd.require_no_crd(["\t".join(row) for row in heads[0].rows])
    for head in heads:
        for mapping in mappings:
            line = mapped.find_header(mapping, head.rows)
            if line is not None:
                return _known(report, opened, head, survey, mapping, line, keep)
    tables = [head for head in heads if guess.is_table(head.rows)]
    if not tables:
        raise unknown
    head = tables[0]
    for mapping in mappings:
        line, missing = mapped.nearest_header(mapping, head.rows)
        if line:
            lacking = ColumnsAreMissing(mapping=mapping.name, missing=", ".join(missing))
            return _waiting(opened, head, lacking, mapping.name)
    return _waiting(opened, head, ColumnsAreUnknown(), "")


def _waiting(opened: Opened, head: _Head, unknown: DomainError, nearest: str) -> Waiting:
    return Waiting(
        opened=opened,
        reading=head.reading,
        why=head.why,
        unknown=unknown,
        nearest=nearest,
        first_lines=first_lines(head.reading, (), 0),
    )


def _known(
    report: Report,
    opened: Opened,
    head: _Head,
    survey: Survey,
    mapping: Mapping,
    line: int,
    keep: Callable[[], None],
) -> Known:
    above = ["\t".join(cell for cell in row if cell.strip()) for row in head.rows[: line - 1]]
    stated = report.period.isoformat() if report.period else mapped.month_said([head.reading.label, *above])
    layout = mapped.layout_from(
        mapping,
        head.rows[line - 1],
        header_line=line,
        stated=stated,
        pads=opened.sheet is not None,
        currency=report.source.currency,
    )
    if line > 1:  # what is cut begins below the header
        survey = csv_lines.survey(
            head.reading.path, known=opened.known, asked=report.encoding_asked, header_line=line, on_tile=keep
        )
    survey = replace(survey, encoding=head.reading.encoding, why=head.why)
    return Known(
        mapping=mapping,
        reading=head.reading,
        survey=survey,
        layout=layout,
        above=[csv_lines.showable(text)[:500] for text in above],
    )


def _heads(report: Report, opened: Opened, reading: Reading, survey: Survey) -> Iterator[_Head]:
    """The first rows in each encoding that the file may be in, the likeliest first; in one only where that is said."""
    block = _first_bytes(reading, mapped.HEAD_LINES)
    if opened.known or report.encoding_asked or survey.why == "mark":
        yield _Head(reading, survey.why, _rows(reading, block))
        return
    likely = encodings.better_than(csv_lines.codec_of(survey.encoding), survey.sample)
    why = {survey.encoding: survey.why, **({likely: "looks"} if likely else {})}
    for encoding in dict.fromkeys([likely or survey.encoding, survey.encoding, *encodings.SINGLE]):
        text = block.decode(csv_lines.codec_of(encoding), "replace")  # only to see what parts its cells
        its = replace(reading, encoding=encoding, delimiter=_delimiter(text.split("\n")))
        yield _Head(its, why.get(encoding, "header"), _rows(its, block))


def _first_bytes(reading: Reading, lines: int) -> bytes:
    with reading.path.open("rb") as file:
        if file.read(len(encodings.MARK)) != encodings.MARK:
            file.seek(0)
        return b"".join(islice(file, lines))


def _rows(reading: Reading, block: bytes) -> list[list[str]]:
    """The cells of each line; of one that cannot be parted, none."""
    rows = reading.rows(block) if block else []
    return [cells if isinstance(cells, list) else [] for _raw, cells in rows]


def _delimiter(lines: Sequence[str]) -> str:
    """What parts the cells of most of the first lines, whose first may be a title."""
    return max(
        csv_lines.DELIMITERS,
        key=lambda delimiter: sum(
            max(len(csv_lines.split_header(line.rstrip("\r"), delimiter)) - 1, 0) for line in lines
        ),
    )


# ── what is kept for the mapping screen ─────────────────────────────────────────────────────────────────────────────────


def work_wait(work: Work, waiting: Waiting) -> None:
    """Keep a report until its columns are mapped, and tell staff."""
    opened, reading = waiting.opened, waiting.reading
    report = Report.objects.select_related("source").get(pk=work.job.subject_id)
    report.state = Report.State.MAPPING
    report.error_code = waiting.unknown.code
    report.error_params = {name: str(value) for name, value in waiting.unknown.params.items()}
    report.container = opened.container
    report.encoding = "" if opened.sheet else encodings.UTF16 if opened.utf16 else reading.encoding
    report.reading = {
        "member": opened.member,
        "sheet": opened.sheet.sheet if opened.sheet else "",
        "is_full": bool(opened.sheet and opened.sheet.is_full),
        "delimiter": reading.delimiter,
        "why": opened.utf16 or waiting.why,
        "nearest": waiting.nearest,
    }
    report.save()
    keep_first_lines(report.pk, waiting.first_lines)
    people = [*society_staff(), *([report.uploaded_by] if report.uploaded_by else [])]
    params = {"report": report.ref, "source": report.source.name}
    notify(users=people, sentence=WAITS, params=params, url=f"/reports/{report.ref}/columns/")
    transaction.on_commit(partial(remove_spool, work.job.pk))


def keep_first_lines(report_id: int, rows: list[Any]) -> None:
    """Keep the first lines of a report for the mapping screen."""
    FirstLines.objects.update_or_create(report_id=report_id, defaults={"rows": rows})


def first_lines(reading: Reading, withheld: Sequence[int], header_line: int) -> list[Any]:
    """FirstLines.rows of a file, but for what stands in columns about listeners.

    `withheld` are these columns; without a `header_line` both are guessed here.
    """
    block = _first_bytes(reading, LINES_KEPT)
    rows = reading.rows(block) if block else []
    if not header_line:
        cells = [row if isinstance(row, list) else [] for _raw, row in rows]
        header_line = guess.guess_header_line(cells)
        withheld = listeners_in(cells, header_line)
    kept: list[Any] = []
    letters = 0
    for number, (raw, row) in enumerate(rows, 1):
        hidden = withheld if number > header_line else ()
        if isinstance(row, list) and len(raw) <= SHORT_LINE:
            one: Any = [WITHHELD if at in hidden and cell else csv_lines.showable(cell) for at, cell in enumerate(row)]
        else:
            reason = "too_long" if isinstance(row, list) else row.reason
            one = {"raw": WITHHELD if hidden else csv_lines.showable(raw[:SHORT_LINE]), "reason": reason}
        letters += min(len(raw), SHORT_LINE)
        if letters > LETTERS_KEPT:
            break
        kept.append(one)
    return kept


def listeners_in(rows: Sequence[Sequence[str]], header_line: int) -> tuple[int, ...]:
    """The columns about single listeners of a table in which no column is known yet."""
    headers = list(rows[header_line - 1]) if rows else []
    below = [row for row in rows[header_line:] if len(row) == len(headers)]
    nothing_known = Layout(family="", headers=tuple(headers), title=-1, uses=())
    return first_look.columns_of_listeners(nothing_known, below)


def rows_of(kept: FirstLines) -> list[tuple[str, Row]]:
    """The first lines of a report as its lines are read."""
    return [
        ("\t".join(row), list(row)) if isinstance(row, list) else (row["raw"], BadLine(row["reason"]))
        for row in kept.rows
    ]
