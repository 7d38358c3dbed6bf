"""What a payee takes away as a file: every earning behind a statement, to the millionth."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from django.http import StreamingHttpResponse

from portal.lib.inert import write_inert
from portal.lib.money import plain_micros
from royalties.models import Earning, Statement

CHUNK: Final = 2000
BOM: Final = "\ufeff"  # without it Excel in Korea reads UTF-8 as something else
COLUMNS: Final = (
    *("statement", "distribution_month", "payee", "work", "title", "song_as_reported", "artists", "service"),
    *("usage_month", "right", "share", "state", "currency", "amount", "won", "payees_part", "report", "music_alone"),
)


class _Line:
    """Where csv.writer writes: it hands back each line instead of keeping it."""

    def write(self, text: str) -> str:
        return text


def file_of_earnings(statement: Statement) -> StreamingHttpResponse:
    """The earnings a statement accounts for, one a row, before deductions. The headers are for programs: always English.

    `music_alone`: the song has other words, and of each share only its part for the music is paid.
    Of a released hold the payee gets a part: won × payees_part adds up to the statement's gross, as won does of a run.
    """
    response = StreamingHttpResponse(_lines(statement), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="garak-{statement.ref}.csv"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _lines(statement: Statement) -> Iterator[str]:
    writer = csv.writer(_Line())
    part = _part_of(statement)
    rows = Earning.objects.of_statement(statement).select_related(
        "work", "song_usage__recording", "song_usage__report", "run_share"
    )
    yield BOM + writer.writerow(COLUMNS)
    for row in rows.order_by("pk").iterator(chunk_size=CHUNK):
        usage, cell = row.song_usage, row.run_share
        values = (
            statement.ref,
            f"{statement.period:%Y-%m}",
            write_inert(statement.party.name),
            row.work.ref,
            write_inert(row.work.title),
            write_inert(usage.recording.title),
            write_inert(usage.recording.artists),
            usage.service,
            f"{usage.usage_month:%Y-%m}",
            row.right,
            str(Fraction(int(cell.numerator), int(cell.denominator))),
            row.state,
            row.currency,
            plain_micros(row.source_micros),
            plain_micros(row.won_micros),
            str(part),
            usage.report.ref,
            "yes" if cell.music_alone else "",
        )
        yield writer.writerow(values)


def _part_of(statement: Statement) -> Fraction:
    """Which part of each row is the payee's: all of it, or of a released hold what its ending gave."""
    if statement.hold is None:
        return Fraction(1)
    parts = {part["party"]: part for part in statement.hold.decision["parts"]}
    part = parts[statement.party.ref]
    return Fraction(part["numerator"], part["denominator"])
