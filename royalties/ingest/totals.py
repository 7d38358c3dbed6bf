"""The lines of a tile summed up by song, service and month, while they are at hand: to sum all of a report takes a sixth then.

Imported by workers when they need it: polars has threads, and hangs in a child that was forked after it began to work.
"""

from __future__ import annotations

import struct
from typing import Final

import polars as pl
from django.db import connection

from royalties.ingest.blocks import as_rows, numbers, said_and_kinds
from royalties.reports.placed import NOT_HERE, PlacedLines

COPY_TOTALS: Final = """
    COPY royalties_tiletotal
        (report_id, first_line, services, usage_months, kinds, recordings, lines, uses, amounts_micros, words_uses, music_uses)
    FROM STDIN (FORMAT binary)"""
EXACT: Final = pl.Decimal(38, 0)  # so that a sum too great for the database is an error, and not another number


def copy_totals(placed: PlacedLines, *, report_id: int, first_line: int) -> None:
    """Write the sums of a tile. Raises polars.exceptions.InvalidOperationError beyond 9 × 10^18."""
    counts = {"uses": placed.uses, "micros": placed.micros}
    if placed.words is not None and placed.music is not None:
        counts |= {"words": placed.words, "music": placed.music}
    lines = pl.DataFrame({"recording": placed.recordings, "kind": placed.kinds, **counts})
    sums = (
        lines.filter(pl.col("recording") != NOT_HERE)
        .group_by("recording", "kind")
        .agg(pl.len().alias("lines"), pl.col(*counts).cast(EXACT).sum())
        .select(pl.all().cast(pl.Int64))
    )
    row = [
        struct.pack(">q", report_id), struct.pack(">i", first_line),
        *said_and_kinds(placed.said, sums["kind"].to_numpy()),
        *(numbers(sums[column].to_numpy()) for column in ("recording", "lines", "uses", "micros")),
        *(numbers(sums[column].to_numpy()) if column in counts else None for column in ("words", "music")),
    ]  # fmt: skip
    with connection.cursor() as cursor, cursor.copy(COPY_TOTALS) as copy:
        copy.write(as_rows([row]))
