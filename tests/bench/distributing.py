"""A distribution against a GROUP BY over the same lines."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from royalties.distribution import distribute
from royalties.models import Report, Source
from royalties.money_in import record_remittance
from tests.bench.databases import Database, portal_on

# Of a plain table with a row for each line: to take our blocks apart would make the yardstick longer.
PLAIN_TABLE = "CREATE TEMPORARY TABLE plain_line AS SELECT * FROM royalties_usageline WHERE report_id = %s"
GROUP_BY = """
    SELECT count(*), sum(lines) FROM (
        SELECT recording_id, service, usage_month, count(*) AS lines, sum(uses), sum(amount_micros)
        FROM plain_line GROUP BY 1, 2, 3) AS songs"""
RATE, RATE_DATE = Decimal("191.27"), dt.date(2026, 10, 12)


@dataclass(frozen=True)
class Distributed:
    seconds: float
    group_by_seconds: float
    earnings: int
    songs: int


def distribute_once(database: Database) -> Distributed:
    """Pay for the imported report and distribute it, for good."""
    with portal_on(database):
        report = Report.objects.filter(source__code="tme").latest("pk")
        assert report.period is not None
        record_remittance(
            source=Source.objects.get(code="tme"), period=report.period, currency=report.currency, rate=RATE,
            amount_micros=int(report.accepted_micros + report.rejected_micros), rate_date=RATE_DATE,
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(PLAIN_TABLE, [report.pk])
            cursor.execute("ANALYZE plain_line")
            began = time.perf_counter()
            cursor.execute(GROUP_BY)
            songs, _lines = cursor.fetchone()
            grouped = time.perf_counter() - began
        began = time.perf_counter()
        result = distribute(period=dt.date(2026, 10, 1))
        seconds = time.perf_counter() - began
    if result.state != "distributed":
        raise AssertionError(f"the distribution ended as {result.state}: {result.problems[:3]}")
    return Distributed(seconds, grouped, result.earnings, songs)
