"""manage.py check_ledger: recompute every balance and identity from the rows."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from royalties.checks import check_ledger


class Command(BaseCommand):
    help = (
        "Recomputes every balance and identity from the rows and ends with status 1 on any difference. With --json the "
        "last line is an object with ok, transactions, entries and differences, a list of check, where, expected, found."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")

    def handle(self, *args: Any, **options: Any) -> None:
        result = check_ledger()
        for difference in result.differences:
            self.stdout.write(
                f"{difference.check}: {difference.where}: {difference.expected} expected, {difference.found} found"
            )
        self.stdout.write(
            f"{result.transactions} transactions, {result.entries} entries, {len(result.differences)} differences."
        )
        if options["json"]:
            facts = {
                "ok": result.ok,
                "transactions": result.transactions,
                "entries": result.entries,
                "differences": [vars(difference) for difference in result.differences],
            }
            self.stdout.write(json.dumps(facts, ensure_ascii=False))
        if not result.ok:
            raise CommandError("The ledger does not agree with its rows.", returncode=1)
