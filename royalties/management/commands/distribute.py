"""manage.py distribute: a distribution run."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser, no_translations

from portal.lib.errors import DomainError
from portal.lib.money import format_units
from portal.lib.terminal import fail
from royalties.distribution import distribute
from royalties.management.commands.record_remittance import month

MAPS = ("gross", "posted", "held", "suspense", "not_ours", "deducted", "payable", "carried", "resting")


class Command(BaseCommand):
    help = (
        "Distributes every song of released pools that is matched and was not distributed before. With --json the last "
        "line is an object with run, state (distributed, nothing_new, dry_run), payees, entries, earnings, problems and "
        "maps of currency to millionths: gross_micros is all that was distributed; posted_micros what went to payees, in "
        "won after deductions and in the currency received before them; held_micros, suspense_micros, not_ours_micros; "
        "in won only deducted_micros, payable_micros (whole won) and carried_micros (posted less payable); resting_micros "
        "is what stays in the pools of the run. In won gross = posted + held + suspense + not ours + deducted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--period", required=True, type=month, help="the distribution month: YYYY-MM")
        parser.add_argument("--dry-run", action="store_true", help="compute the same, post nothing")
        parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = distribute(period=options["period"], dry_run=options["dry_run"])
        except DomainError as error:
            fail(self, error.code, str(error), as_json=options["json"])
        for problem in result.problems:
            self.stderr.write(str(problem))
        for name in MAPS:
            amounts = ", ".join(format_units(micros, code, 6) for code, micros in getattr(result, name).items())
            self.stdout.write(f"{name.replace('_', ' '):<10}{amounts}")
        self.stdout.write(f"{result.state}: {result.payees} payees, {result.entries} entries.")
        if options["json"]:
            facts = {
                "run": result.run.ref if result.run else None,
                "state": result.state,
                "payees": result.payees,
                "entries": result.entries,
                "earnings": result.earnings,
                **{f"{name}_micros": getattr(result, name) for name in MAPS},
                "problems": [str(problem) for problem in result.problems],
            }
            self.stdout.write(json.dumps(facts, ensure_ascii=False))
