"""Two files for one month: what each says, and how much of one the other already says, song by song and to the millionth.

A row is one song, service and month of use. `this` is the file in question, `other` the one it is compared with.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.db import connection
from django.db.models import Count, F, Q, Sum

from portal.lib.inert import write_inert
from portal.lib.keyset import ROWS, Key, Page, cursor_of, day, read_cursor, whole
from portal.lib.money import plain_micros
from royalties.models import Report, SongUsage

BOM: Final = "\ufeff"  # without it Excel in Korea reads UTF-8 as something else
CHUNK: Final = 2000
COLUMNS: Final = (
    *("kind", "song", "song_id", "title", "artists", "service", "usage_month", "currency"),
    *("this_file", "other_file", "difference", "this_lines", "other_lines", "this_uses", "other_uses"),
)


class Kind(StrEnum):
    SAME = "same"  # in both, with equal amounts
    DIFFERENT = "different"  # in both, with different amounts
    ONLY_THIS = "only_this"
    ONLY_OTHER = "only_other"


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Of the rows of one kind: how many, and their money in micros in each file. `apart`: lines or uses of so many differ."""

    kind: Kind
    rows: int
    this_micros: int
    other_micros: int
    apart: int

    @property
    def difference(self) -> int:
        return self.this_micros - self.other_micros


@dataclass(frozen=True, kw_only=True)
class OverlapRow:
    """A row of either file or of both; None where a file does not have it. `distance` is the difference without its sign."""

    kind: Kind
    recording_id: int
    ref: str
    song_id: str
    title: str
    artists: str
    service: str
    usage_month: dt.date
    this_micros: int | None
    other_micros: int | None
    this_lines: int | None
    other_lines: int | None
    this_uses: int | None
    other_uses: int | None
    difference: int
    distance: int


# Each file has a row of a song, service and month once (song_usage_is_summed_once), so no pair stands here twice.
COMPARED: Final = """
    WITH compared AS (
        SELECT recording_id, service, usage_month,
            CASE WHEN other.lines IS NULL THEN 'only_this' WHEN this.lines IS NULL THEN 'only_other'
                WHEN this.amount_micros = other.amount_micros THEN 'same' ELSE 'different' END AS kind,
            this.amount_micros AS this_micros, other.amount_micros AS other_micros, this.lines AS this_lines,
            other.lines AS other_lines, this.uses AS this_uses, other.uses AS other_uses,
            coalesce(this.amount_micros, 0) - coalesce(other.amount_micros, 0) AS difference,
            abs(coalesce(this.amount_micros, 0) - coalesce(other.amount_micros, 0)) AS distance
        FROM (SELECT * FROM royalties_songusage WHERE report_id = %(this)s) AS this
        FULL JOIN (SELECT * FROM royalties_songusage WHERE report_id = %(other)s) AS other
            USING (recording_id, service, usage_month))"""
SUMS: Final = f"""{COMPARED}
    SELECT kind, count(*), coalesce(sum(this_micros), 0), coalesce(sum(other_micros), 0),
        count(*) FILTER (WHERE (this_lines, this_uses) <> (other_lines, other_uses))
    FROM compared WHERE %(service)s IN ('', service) GROUP BY kind"""  # noqa: S608 COMPARED is a constant
ORDER: Final = "distance DESC, recording_id, service, usage_month"
BEYOND: Final = """
    AND distance <= %(distance)s AND (distance < %(distance)s
        OR (recording_id, service, usage_month) > (%(recording_id)s, %(after_service)s, %(usage_month)s))"""
KEYS: Final = (
    whole("distance", descending=True),
    whole("recording_id"),
    Key(name="service", read=str),
    day("usage_month"),
)
FIELDS: Final = (
    *("kind", "recording_id", "service", "usage_month", "this_micros", "other_micros", "this_lines", "other_lines"),
    *("this_uses", "other_uses", "difference", "distance"),
)


def sums_of(this: Report, other: Report, *, service: str = "") -> list[Sums]:
    """All four kinds, in their order, also those of no row. One query."""
    with connection.cursor() as cursor:
        cursor.execute(SUMS, {"this": this.pk, "other": other.pk, "service": service})
        found = {row[0]: [int(value) for value in row[1:]] for row in cursor.fetchall()}
    return [
        Sums(kind=kind, rows=rows, this_micros=mine, other_micros=theirs, apart=apart)
        for kind in Kind
        for rows, mine, theirs, apart in [found.get(kind.value, [0, 0, 0, 0])]
    ]


def says_the_same(this: Report, other: Report, sums: Sequence[Sums]) -> bool:
    """Whether one file is the other once more: each row with its lines, uses and money, and the rejected ones too (F23).

    `sums` are of all rows of both.
    """
    rows_are = all(not found.rows if found.kind != Kind.SAME else not found.apart for found in sums)
    rejected = (this.rejected, this.rejected_micros) == (other.rejected, other.rejected_micros)
    return rows_are and rejected and this.currency == other.currency and this.lines == other.lines


def overlap_page(
    this: Report, other: Report, *, kind: str = "", service: str = "", after: str = "", size: int = ROWS
) -> Page[OverlapRow]:
    """The rows after the cursor, the largest difference of money first. One query. Raises DamagedCursor."""
    params: dict[str, Any] = {"size": size + 1}
    if after:
        params |= {key.name: value for key, value in zip(KEYS, read_cursor(KEYS, after), strict=True)}
        params["after_service"] = params["service"]
    found = list(_rows(this, other, kind, service, params, more=BEYOND if after else "", limit="LIMIT %(size)s"))
    more = cursor_of(KEYS, found[size - 1]) if len(found) > size else ""
    return Page(rows=found[:size], more=more)


def overlap_csv(this: Report, other: Report, *, kind: str = "", service: str = "") -> Iterator[str]:
    """Every row as a line of a CSV file, exact. The headers are for programs: always English."""
    writer = csv.writer(_Line())
    yield BOM + writer.writerow(COLUMNS)
    for row in _rows(this, other, kind, service, {}):
        values = (
            row.kind.value,
            row.ref,
            write_inert(row.song_id),
            write_inert(row.title),
            write_inert(row.artists),
            row.service,
            f"{row.usage_month:%Y-%m}",
            this.currency,
            *("" if micros is None else plain_micros(micros) for micros in (row.this_micros, row.other_micros)),
            plain_micros(row.difference),
            *("" if n is None else n for n in (row.this_lines, row.other_lines, row.this_uses, row.other_uses)),
        )
        yield writer.writerow(values)


class _Line:
    """Where csv.writer writes: it hands back each line instead of keeping it."""

    def write(self, text: str) -> str:
        return text


def _rows(
    this: Report, other: Report, kind: str, service: str, params: dict[str, Any], *, more: str = "", limit: str = ""
) -> Iterator[OverlapRow]:
    """Read a piece at a time, for a file may have hundreds of thousands of songs; names are looked up for these alone."""
    statement = f"""{COMPARED}, shown AS (
            SELECT * FROM compared WHERE %(kind)s IN ('', kind) AND %(only_service)s IN ('', service) {more}
            ORDER BY {ORDER} {limit})
        SELECT {", ".join(FIELDS)}, r.ref, r.song_id, r.title, r.artists
        FROM shown JOIN royalties_reportedrecording r ON r.id = recording_id ORDER BY {ORDER}"""  # noqa: S608 constants
    asked = {**params, "this": this.pk, "other": other.pk, "kind": kind, "only_service": service}
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, asked)
        while rows := cursor.fetchmany(CHUNK):
            for row in rows:
                facts = dict(zip((*FIELDS, "ref", "song_id", "title", "artists"), row, strict=True))
                yield OverlapRow(**{**facts, "kind": Kind(facts["kind"])})


def other_files(report: Report) -> list[dict[str, Any]]:
    """The other files of the same source, family and month, each with how much of this one it already says. Three queries.

    `overlap` is None where they have no row (song, service, month) in common; `same` counts those with the same amount, and
    `resend` is whether the file says exactly the same, to the millionth.
    """
    others = list(
        Report.objects.filter(source=report.source_id, family=report.family, period=report.period)
        .exclude(pk=report.pk)
        .select_related("file")
        .with_money()
        .order_by("id")
    )
    common = Q(recording__usages__amount_micros=F("amount_micros"))
    overlaps = (
        SongUsage.objects.filter(
            report=report,
            recording__usages__report__in=others,
            recording__usages__service=F("service"),
            recording__usages__usage_month=F("usage_month"),
        )
        .order_by()
        .values("recording__usages__report")
        .annotate(
            both=Count("id"),
            same=Count("id", filter=common),
            equal=Count(
                "id", filter=common & Q(recording__usages__lines=F("lines"), recording__usages__uses=F("uses"))
            ),
            money=Sum("amount_micros"),
        )
    )
    by_report = {row["recording__usages__report"]: row for row in overlaps}
    sizes = (
        SongUsage.objects.filter(report__in=[report, *others]).order_by().values_list("report").annotate(Count("id"))
    )
    rows = dict(sizes)
    return [
        {
            "report": other,
            "overlap": by_report.get(other.pk),
            "resend": _is_resend(report, other, by_report.get(other.pk), rows),
        }
        for other in others
    ]


def _is_resend(this: Report, other: Report, overlap: Mapping[str, Any] | None, rows: dict[int, int]) -> bool:
    equal = overlap["equal"] if overlap else 0
    rejected = (this.rejected, this.rejected_micros) == (other.rejected, other.rejected_micros)
    return (
        bool(this.lines)
        and rejected
        and this.lines == other.lines
        and equal == rows.get(this.pk, 0) == rows.get(other.pk, 0)
    )
