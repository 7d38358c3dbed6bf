"""Lines as they are stored: a thousand that follow each other in one row of arrays (LineBlock), written by a binary COPY.

A row and an entry of an index for every line took nine times as long to write, and four times the space. A line is read
through the view royalties_usageline, which takes the blocks apart again.
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Sequence
from typing import Final

import numpy as np
from django.db import connection
from psycopg import sql

from royalties.reports.placed import Kind, Numbers, PlacedLines

LINES_A_BLOCK: Final = 1_000
COPY_BLOCKS: Final = """
    COPY {} (period, report_id, first_line, last_line, services, usage_months, kinds, recordings, uses, amounts_micros,
        words_uses, music_uses)
    FROM STDIN (FORMAT binary)"""

# As PostgreSQL's documentation of COPY has it under "Binary Format": all numbers big-endian.
BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
NULL: Final = struct.pack(">i", -1)
END: Final = struct.pack(">h", -1)
TEXT, DATE, INT2, INT8 = 25, 1082, 21, 20  # numbers of types in every database
DAY_0: Final = dt.date(2000, 1, 1)


def copy_blocks(placed: PlacedLines, *, period: dt.date, report_id: int, first_line: int) -> None:
    """COPY the lines of a tile straight into the month's partition."""
    statement = sql.SQL(COPY_BLOCKS).format(sql.Identifier(f"royalties_lineblock_{period:%Y_%m}"))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(as_copied(placed, period=period, report_id=report_id, first_line=first_line))


def as_copied(placed: PlacedLines, *, period: dt.date, report_id: int, first_line: int) -> bytes:
    """The blocks of a tile for COPY_BLOCKS."""
    rows: list[list[bytes | None]] = []
    for start in range(0, len(placed.recordings), LINES_A_BLOCK):
        end = min(start + LINES_A_BLOCK, len(placed.recordings))
        block = slice(start, end)
        rows.append([
            struct.pack(">i", (period - DAY_0).days), struct.pack(">q", report_id), struct.pack(">i", first_line + start),
            struct.pack(">i", first_line + end - 1), *said_and_kinds(placed.said, placed.kinds[block]),
            numbers(placed.recordings[block]), numbers(placed.uses[block]), numbers(placed.micros[block]),
            *(None if apart is None else numbers(apart[block]) for apart in (placed.words, placed.music)),
        ])  # fmt: skip
    return as_rows(rows)


def as_rows(rows: Sequence[Sequence[bytes | None]]) -> bytes:
    """Rows of fields as a binary COPY takes them; None is NULL."""
    written = [BEGIN]
    for fields in rows:
        written.append(struct.pack(">h", len(fields)))
        for field in fields:
            written += [NULL] if field is None else [struct.pack(">i", len(field)), field]
    return b"".join([*written, END])


def said_and_kinds(said: Sequence[Kind], kinds: Numbers) -> tuple[bytes, bytes, bytes]:
    """Three arrays: the services and the months that are meant, each pair once, and which of them each line has, from 1 on."""
    meant, places = np.unique(kinds, return_inverse=True)
    pairs = [said[kind] for kind in meant] if said else []
    months = [struct.pack(">i", (dt.date.fromisoformat(month) - DAY_0).days) for _, month in pairs]
    return (
        _array_of([service.encode() for service, _ in pairs], TEXT),
        _array_of(months, DATE),
        numbers(places + 1, INT2),
    )


def _array_of(elements: Sequence[bytes], type_number: int) -> bytes:
    head = struct.pack(">iiI", 1 if elements else 0, 0, type_number)
    if not elements:
        return head
    parts = [part for element in elements for part in (struct.pack(">i", len(element)), element)]
    return head + struct.pack(">ii", len(elements), 1) + b"".join(parts)


def numbers(values: Numbers, type_number: int = INT8) -> bytes:
    """An array of whole numbers, all at once: to write each of them takes ten times as long."""
    width = 2 if type_number == INT2 else 8
    elements = np.empty(len(values), dtype=[("length", ">i4"), ("value", f">i{width}")])
    elements["length"], elements["value"] = width, values
    return struct.pack(">iiIii", 1, 0, type_number, len(values), 1) + elements.tobytes()
