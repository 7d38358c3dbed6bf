"""Receive, read and match a report in the foreground, and print where each of its lines and yuan went."""

from __future__ import annotations

import datetime as dt
import json
import time
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, no_translations
from django.utils.translation import gettext_lazy as _

from portal.files.services import store_upload
from portal.jobs.models import Job
from portal.lib.errors import DomainError
from portal.lib.money import NotAnAmount, format_units, parse_micros
from portal.lib.terminal import fail, open_file
from royalties import ingest
from royalties.models import Report, Source
from royalties.reports import encodings
from royalties.reports.base import SourceIsUnknown, refusal_of

POLL_SECONDS: Final = 0.2
FAILED: Final = frozenset({Report.State.REFUSED, Report.State.STOPPED, Report.State.MAPPING})


class PeriodIsNoMonth(DomainError):
    code = "period-is-no-month"
    sentence = _("“%(text)s” is not a month.")
    remedy = _("Write it as 2026-09.")


class TotalIsNoAmount(DomainError):
    code = "total-is-no-amount"
    sentence = _("“%(text)s” is not an amount.")
    remedy = _("Write it in digits, with at most six decimals: 1234.56.")


class Command(BaseCommand):
    help = (
        "Receives, reads and matches a report here, without a worker. The same bytes again change nothing. With --json the "
        "last line is an object with the keys report, state, lines, accepted, rejected, songs, new_songs, matched_lines, "
        "review_lines, unmatched_lines, money_micros, matched_micros, review_micros, unmatched_micros, rejected_micros, "
        "currency, held_reason, basis, period, rounded_lines, seconds, and duplicate if the bytes were here already; or error and "
        "message."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", required=True, help="code of the source, such as tme")
        parser.add_argument("--period", default="", help="its month as YYYY-MM; without it the first line says it")
        encodings_known = [code for code, _words in encodings.CHOICES]
        parser.add_argument("--encoding", default="", choices=encodings_known, help="without it the bytes decide")
        parser.add_argument("--sha256", default="", help="fingerprint of the file as its sender states it")
        parser.add_argument("--lines", type=int, help="lines its sender declares, without the header")
        parser.add_argument("--total", default="", help="sum of the money its sender declares, such as 1234.56")
        parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")

    @no_translations
    def handle(self, *, file: Path, source: str, json: bool, **options: Any) -> None:
        began = time.monotonic()
        try:
            report, is_new = receive(file, source, **options)
        except DomainError as error:
            fail(self, error.code, str(error), as_json=json)
        work_until_finished(report)
        report.refresh_from_db()
        if report.state in FAILED:
            fail(self, report.error_code, refusal_of(report.error_code, report.error_params), as_json=json)
        found = result(report, seconds=time.monotonic() - began)
        if not is_new:
            found["duplicate"] = True
        self.say(found, report, as_json=json)

    def say(self, found: dict[str, Any], report: Report, *, as_json: bool) -> None:
        if "duplicate" in found:
            self.stdout.write(f"These bytes are here already, as report {report.ref}: nothing was changed.")
        if as_json:
            self.stdout.write(json.dumps(found, ensure_ascii=False))
            return
        words = [report.get_held_reason_display(), report.get_basis_display()]
        self.stdout.write(" · ".join([f"{report.ref} {report.get_state_display()}", *(word for word in words if word)]))
        for name, value in found.items():
            if name.endswith("_micros"):
                self.stdout.write(f"  {name.removesuffix('_micros')}: {format_units(value, report.currency, 6)}")
            elif name not in {"report", "state"}:
                self.stdout.write(f"  {name}: {value}")


def receive(path: Path, code: str, **options: Any) -> tuple[Report, bool]:
    """Store the file and take it as a report of the source; False when its bytes are here already."""
    source = find_source(code)
    month = read_month(options["period"]) if options["period"] else None
    declared_micros = read_total(options["total"]) if options["total"] else None
    with open_file(path) as stream:
        stored = store_upload(stream=stream, label=path.name, user=None, sha256=options["sha256"])
    return ingest.receive_report(
        source=source,
        stored=stored,
        period=month,
        user=None,
        encoding=options["encoding"],
        declared_lines=options["lines"],
        declared_micros=declared_micros,
        bell=False,
    )


def find_source(code: str) -> Source:
    """The source of this code. Raises SourceIsUnknown, which names those there are."""
    source = Source.objects.filter(code=code).first()
    if source is None:
        known = ", ".join(Source.objects.order_by("code").values_list("code", flat=True))
        raise SourceIsUnknown(code=code, known=known)
    return source


def read_month(text: str) -> dt.date:
    """The first day of a month written as 2026-09."""
    try:
        return dt.datetime.strptime(text, "%Y-%m").replace(tzinfo=dt.UTC).date()
    except ValueError:
        raise PeriodIsNoMonth(text=text) from None


def read_total(text: str) -> int:
    """A sum of money in micros, exactly. Raises TotalIsNoAmount."""
    try:
        micros, rest = parse_micros(text)
    except NotAnAmount:
        raise TotalIsNoAmount(text=text) from None
    if rest:
        raise TotalIsNoAmount(text=text)
    return micros


def work_until_finished(report: Report) -> None:
    """Do the work here. Where a worker has taken a chunk, wait for it, or for its lease to end."""
    if report.job_id is None:
        return
    while True:
        ingest.work_on(report.job_id)
        if Job.objects.get(pk=report.job_id).state in {Job.State.DONE, Job.State.STOPPED}:
            return
        time.sleep(POLL_SECONDS)


def result(report: Report, *, seconds: float) -> dict[str, Any]:
    """What scripts read. Keys keep their names (architecture.md section 6)."""
    return {
        "report": report.ref,
        "state": report.state,
        **asdict(ingest.report_figures(report)),
        "currency": report.currency,
        "held_reason": report.held_reason,
        "basis": report.basis,
        "period": "" if report.period is None else f"{report.period:%Y-%m}",
        "rounded_lines": report.rounded_lines,
        "seconds": round(seconds, 3),
    }
