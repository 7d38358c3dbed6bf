"""Where the lines of a report stand in its file. They are its lines, unless a reader has made one of several records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db import connection

FILE_LINES: Final = """
    SELECT wanted.line_no, f.lines[wanted.line_no - f.first_line + 1]
    FROM unnest(%s::int[]) AS wanted (line_no) JOIN LATERAL (
        SELECT first_line, lines FROM royalties_filelines
        WHERE report_id = %s AND first_line <= wanted.line_no ORDER BY first_line DESC LIMIT 1) AS f ON TRUE
    WHERE wanted.line_no < f.first_line + cardinality(f.lines)"""


def file_lines(report_id: int, line_nos: Iterable[int]) -> dict[int, int]:
    """Number of a line in its report → its number in the file, as a person counts."""
    numbers = list(line_nos)
    with connection.cursor() as cursor:
        cursor.execute(FILE_LINES, [numbers, report_id])
        return {number: number for number in numbers} | dict(cursor.fetchall())
