"""manage.py record_remittance: money received from a source, and its exchange rate."""

from __future__ import annotations

import argparse
import datetime as dt
import json
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandParser, no_translations

from portal.lib.errors import DomainError
from portal.lib.money import NotAnAmount, format_units, parse_rate
from portal.lib.terminal import fail
from royalties.ledger import WON
from royalties.management.commands.import_report import find_source
from royalties.money_in import record_remittance


def month(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is not a month such as 2026-01") from error


def day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is not a day such as 2026-01-31") from error


def exact(text: str) -> Decimal:
    try:
        return parse_rate(text)
    except NotAnAmount as error:
        raise argparse.ArgumentTypeError(f"{text} is not a number such as 190.25") from error


class Command(BaseCommand):
    help = (
        "Records money received from a source for its reports of a month and exchanges it into won at the rate given. "
        "The same again records nothing. With --json the last line is an object with the keys remittance, state (of its "
        "pool: waiting for reports, held because the sums differ, released), reports, amount_micros, currency, won_micros, "
        "reported_micros, difference_micros (received less reported)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--source", required=True, help="code of the source, such as tme")
        parser.add_argument("--period", required=True, type=month, help="month of the reports: YYYY-MM")
        parser.add_argument("--amount-micros", required=True, type=int, help="millionths of the currency, whole")
        parser.add_argument("--currency", required=True)
        parser.add_argument("--rate", required=True, type=exact, help="won for one unit of the currency")
        parser.add_argument("--rate-date", required=True, type=day, help="YYYY-MM-DD")
        parser.add_argument("--received-date", type=day, help="YYYY-MM-DD; the day of the rate when not given")
        parser.add_argument("--reference", help="the bank's; <source>:<period>:<currency> when not given")
        parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            remittance = record_remittance(
                source=find_source(options["source"]),
                period=options["period"],
                amount_micros=options["amount_micros"],
                currency=options["currency"],
                rate=options["rate"],
                rate_date=options["rate_date"],
                reference=options["reference"],
                received_date=options["received_date"],
            )
        except DomainError as error:
            fail(self, error.code, str(error), as_json=options["json"])
        pool = remittance.pool
        pool.refresh_from_db()
        result = {
            "remittance": remittance.ref,
            "state": pool.state,
            "reports": list(pool.reports.order_by("pk").values_list("ref", flat=True)),
            "amount_micros": pool.source_micros,
            "currency": pool.currency,
            "won_micros": pool.won_micros,
            "reported_micros": int(pool.reported_micros),
            "difference_micros": pool.source_micros - int(pool.reported_micros),
        }
        received, won = format_units(pool.source_micros, pool.currency), format_units(pool.won_micros, WON)
        self.stdout.write(f"{remittance.ref}: {received} received, {won} after exchange; pool {pool.state}.")
        if options["json"]:
            self.stdout.write(json.dumps(result))
