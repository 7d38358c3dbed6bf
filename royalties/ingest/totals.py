"""Lines summed up by columns. To take the blocks apart in the database and to sum there takes three times as long."""

from __future__ import annotations

import datetime as dt
from typing import Final

import polars as pl
from django.db import connection

from royalties.ingest.blocks import read_blocks
from royalties.reports.placed import NOT_HERE, Kind

EXACT: Final = pl.Decimal(
    38, 0
)  # no sum of lines comes near its end; what is too much for a column the database refuses
COPY_TOTALS: Final = """
    COPY royalties_songusage (recording_id, lines, uses, amount_micros, service, usage_month, report_id) FROM STDIN"""


def copy_totals(*, period: dt.date, report_id: int, of: int, part: int) -> None:
    """Make a SongUsage of the lines of each song, service and month, for the songs whose number leaves `part` over by `of`."""
    said: dict[Kind, int] = {}
    sums = []
    for columns in read_blocks(period=period, report_id=report_id, said=said):
        lines = pl.DataFrame(columns)
        its = lines.filter((pl.col("recording") != NOT_HERE) & (pl.col("recording") % of == part))
        sums.append(_summed(its.select("recording", "kind", pl.lit(1).alias("lines"), "uses", "micros")))
    if sums:
        end = pl.Series([f"{service}\t{month}\t{report_id}" for service, month in said], dtype=pl.String)
        totals = _summed(pl.concat(sums))
        rows = totals.select("recording", "lines", "uses", "micros", end.gather(totals["kind"]))
        with connection.cursor() as cursor, cursor.copy(COPY_TOTALS) as copy:
            copy.write(rows.write_csv(include_header=False, separator="\t", quote_style="never"))


def _summed(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.group_by("recording", "kind").agg(pl.col("lines", "uses", "micros").cast(EXACT).sum())
