"""Lines as they are stored: a thousand that follow each other in one row of arrays (LineBlock), written by a binary COPY.

A row and an entry of an index for every line took nine times as long to write, and four times the space. A line is read
through the view royalties_usageline, which takes the blocks apart again.
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import psycopg
from django.db import connection
from psycopg import sql

from royalties.reports.placed import Kind, Numbers, PlacedLines

LINES_A_BLOCK: Final = 1_000
COPY_BLOCKS: Final = """
    COPY {} (period, report_id, first_line, last_line, services, usage_months, recordings, kinds, uses, amounts_micros)
    FROM STDIN (FORMAT binary)"""
COLUMNS: Final = 10
READ_BLOCKS: Final = """
    SELECT first_line, services, usage_months, array_send(recordings), array_send(kinds), array_send(uses),
        array_send(amounts_micros)
    FROM royalties_lineblock WHERE period = %s AND report_id = %s AND first_line > %s ORDER BY first_line LIMIT %s"""
BLOCKS_AT_ONCE: Final = 1_000

# https://www.postgresql.org/docs/18/sql-copy.html#SQL-COPY-FILE-FORMATS, "Binary Format": all numbers big-endian.
BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
END: Final = struct.pack(">h", -1)
TEXT, DATE, INT2, INT8 = 25, 1082, 21, 20  # numbers of types in every database
DAY_0: Final = dt.date(2000, 1, 1)
ARRAY_HEAD: Final = 20  # bytes: dimensions, whether there are NULLs, type, length, first index


def copy_blocks(placed: PlacedLines, *, period: dt.date, report_id: int, first_line: int) -> None:
    """COPY the lines of a tile straight into the month's partition."""
    statement = sql.SQL(COPY_BLOCKS).format(sql.Identifier(f"royalties_lineblock_{period:%Y_%m}"))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(as_copied(placed, period=period, report_id=report_id, first_line=first_line))


def as_copied(placed: PlacedLines, *, period: dt.date, report_id: int, first_line: int) -> bytes:
    """The blocks of a tile for COPY_BLOCKS."""
    written = [BEGIN]
    for start in range(0, len(placed.recordings), LINES_A_BLOCK):
        end = min(start + LINES_A_BLOCK, len(placed.recordings))
        block = slice(start, end)
        kinds, places = np.unique(placed.kinds[block], return_inverse=True)
        said = [placed.said[kind] for kind in kinds] if placed.said else []
        fields = (
            struct.pack(">i", (period - DAY_0).days),
            struct.pack(">q", report_id),
            struct.pack(">i", first_line + start),
            struct.pack(">i", first_line + end - 1),
            _array_of([service.encode() for service, _ in said], TEXT),
            _array_of([struct.pack(">i", (dt.date.fromisoformat(month) - DAY_0).days) for _, month in said], DATE),
            _numbers(placed.recordings[block], INT8),
            _numbers(places + 1, INT2),  # PostgreSQL counts from 1
            _numbers(placed.uses[block], INT8),
            _numbers(placed.micros[block], INT8),
        )
        written.append(struct.pack(">h", COLUMNS))
        written += [part for field in fields for part in (struct.pack(">i", len(field)), field)]
    return b"".join([*written, END])


def read_blocks(*, period: dt.date, report_id: int, said: dict[Kind, int]) -> Iterator[dict[str, Numbers]]:
    """The places of a report as columns, at most BLOCKS_AT_ONCE together: recording, kind (as numbered in `said`), uses, micros.

    Numbers come as the database sends them, those of an array at once: to make one of Python of each takes ten times as long.
    """
    after = 0
    while blocks := _blocks_after(after, period, report_id):
        after = blocks[-1][0]
        kinds = []
        for _, services, months, _, places, _, _ in blocks:
            its = [(service, month.isoformat()) for service, month in zip(services, months, strict=True)]
            numbers = [said.setdefault(kind, len(said)) for kind in its] or [0]  # none: every place is empty
            kinds.append(np.array(numbers, np.int64)[_read(places, 2) - 1])
        recordings, uses, micros = (np.concatenate([_read(block[at], 8) for block in blocks]) for at in (3, 5, 6))
        yield {"recording": recordings, "kind": np.concatenate(kinds), "uses": uses, "micros": micros}


def _blocks_after(after: int, period: dt.date, report_id: int) -> list[Any]:
    cursor = psycopg.Cursor(connection.connection)  # Django's own binds in the client, which knows no binary results
    return cursor.execute(READ_BLOCKS, [period, report_id, after, BLOCKS_AT_ONCE], binary=True).fetchall()


def _read(array: bytes, width: int) -> Numbers:
    """Numbers of an array as array_send() writes it."""
    elements = np.frombuffer(array, [("length", ">i4"), ("value", f">i{width}")], offset=ARRAY_HEAD)
    return elements["value"].astype(np.int64)


def _array_of(elements: Sequence[bytes], type_number: int) -> bytes:
    head = struct.pack(">iiI", 1 if elements else 0, 0, type_number)
    if not elements:
        return head
    parts = [part for element in elements for part in (struct.pack(">i", len(element)), element)]
    return head + struct.pack(">ii", len(elements), 1) + b"".join(parts)


def _numbers(values: Numbers, type_number: int) -> bytes:
    """The same for whole numbers, all at once."""
    width = 2 if type_number == INT2 else 8
    elements = np.empty(len(values), dtype=[("length", ">i4"), ("value", f">i{width}")])
    elements["length"], elements["value"] = width, values
    return struct.pack(">iiIii", 1, 0, type_number, len(values), 1) + elements.tobytes()
