"""Sums, proofs, and whether the money may move."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from functools import partial
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from portal.accounts.access import society_staff
from portal.jobs.models import Chunk, Job
from portal.jobs.services import QUARANTINED, Stopped, Work
from portal.notices.services import notify
from royalties.declared import note_total
from royalties.ingest.figures import Summed, summed_figures
from royalties.ingest.parse import EXAMPLES
from royalties.ingest.plan import layout_of
from royalties.ingest.societies import find_parties
from royalties.ingest.spool import remove_spool
from royalties.models import DeclaredTotal, RejectedLine, Report, Source, TileTotal
from royalties.parts import dsr_of
from royalties.reports.base import POISON, Layout, LinesDoNotAddUp
from royalties.services import decide_state

READY: Final = gettext_noop(
    "Report %(report)s of %(source)s has been read: %(accepted)s lines accepted, %(rejected)s rejected."
)
HELD: Final = gettext_noop("Report %(report)s of %(source)s has been read, but its money waits for your decision.")
POISONED: Final = gettext_noop(
    "Our program failed on lines of report %(report)s of %(source)s and rejected them: %(count)s."
)
REFUSED: Final = gettext_noop("Report %(report)s of %(source)s cannot be read.")
STOPPED: Final = gettext_noop("Reading report %(report)s of %(source)s has stopped.")


def work_finish(work: Work, _prepared: Any) -> None:
    report = Report.objects.select_related("source").get(pk=work.job.subject_id)
    Source.objects.select_for_update(no_key=True).get(pk=report.source_id)  # one file of a source after the other
    report = Report.objects.select_related("source").select_for_update(of=("self",), no_key=True).get(pk=report.pk)
    figures = summed_figures(report)
    _require_every_line_once(report, figures)
    rounded, remainder = _rounding(work.job)
    report.reading |= _seen_in_chunks(work.job, layout_of(report))
    report.lines, report.accepted = figures.accepted + figures.rejected, figures.accepted
    report.rejected, report.songs, report.new_songs = figures.rejected, figures.songs, figures.new_songs
    report.accepted_micros = Decimal(figures.accepted_micros)
    report.rejected_micros = Decimal(figures.rejected_micros)
    report.rounded_lines, report.rounding_remainder = rounded, remainder
    report.finished_at = timezone.now()
    report.save()
    TileTotal.objects.filter(report_id=report.pk).delete()
    find_parties(report)
    _note_footer(report, work.job)
    decide_state(report)
    _tell(report, READY if report.state == Report.State.READY else HELD)
    _tell_of_poison(report)
    transaction.on_commit(partial(remove_spool, work.job.pk))


# Accepted lines as blocks hold them, or as lump sums, the lowest and the highest number, and how many numbers stand on both sides. In no two
# places stands a number twice: of a block each place is a line and blocks do not overlap, and rejected lines and lump sums have a key. So
# these prove, with the figures, that every number from the first line to the last stands exactly once. The figures have accepted lines as
# songs sum them up; lines without a recording are not among these.
LINE_NUMBERS: Final = """
    WITH block AS MATERIALIZED (
        SELECT first_line, last_line, accepted FROM royalties_lineblock
        WHERE period = %(period)s AND report_id = %(report)s
        UNION ALL SELECT line_no, line_no, 1 FROM royalties_lumpsum WHERE report_id = %(report)s)
    SELECT (SELECT coalesce(sum(accepted), 0) FROM block),
        least((SELECT min(first_line) FROM block),
            (SELECT min(line_no) FROM royalties_rejectedline WHERE report_id = %(report)s)),
        greatest((SELECT max(last_line) FROM block),
            (SELECT max(line_no) FROM royalties_rejectedline WHERE report_id = %(report)s)),
        (SELECT coalesce(sum(its.doubled), 0) FROM royalties_lineblock b CROSS JOIN LATERAL (
            SELECT count(*) AS doubled FROM royalties_rejectedline r
            WHERE r.report_id = %(report)s AND r.line_no BETWEEN b.first_line AND b.last_line
                AND b.recordings[r.line_no - b.first_line + 1] <> 0) AS its
            WHERE b.period = %(period)s AND b.report_id = %(report)s)
        + (SELECT count(*) FROM royalties_lumpsum l JOIN royalties_rejectedline r USING (report_id, line_no)
            WHERE report_id = %(report)s)"""


def _require_every_line_once(report: Report, figures: Summed) -> None:
    """Every line of the file is accepted or rejected, once (reliability J1, J2). Raises LinesDoNotAddUp."""
    lines = sum(_chunks_of_lines(report.job_id).values_list("units", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(LINE_NUMBERS, {"period": report.period, "report": report.pk})
        accepted, lowest, highest, doubled = cursor.fetchone()
    first = layout_of(report).first_line
    spooled = dsr_of(report).get("rows", lines)  # as many as the reader of records says it wrote
    complete = accepted == figures.accepted and accepted + figures.rejected == lines == spooled and not doubled
    if not complete or (lines and (lowest, highest) != (first, first + lines - 1)):
        raise LinesDoNotAddUp(lines=lines, accepted=accepted, rejected=figures.rejected)


def _rounding(job: Job) -> tuple[int, Decimal]:
    """How many lines had more than six decimals, and the micros they lost by it."""
    payloads = list(_chunks_of_lines(job.pk).values_list("payload", flat=True))
    remainder = sum((Decimal(payload["remainder"]) for payload in payloads), Decimal(0))
    return sum(payload["rounded"] for payload in payloads), remainder


def _note_footer(report: Report, job: Job) -> None:
    """What the file says of its own totals, for decide_state to compare: {"lines": int, "micros": int, "line_no": int}, none
    of which it must say. A family that knows it when it plans puts it into Report.reading["footer"]; one that meets it among
    the lines returns it from the chunk as "footer", beside "rounded". Lines are counted as Report.lines counts them.
    """
    among_lines = _chunks_of_lines(job.pk).filter(payload__has_key="footer").order_by("ordinal")
    footer = among_lines.values_list("payload__footer", flat=True).last() or report.reading.get("footer")
    if footer:
        note_total(
            report=report,
            origin=DeclaredTotal.Origin.FILE,
            lines=footer.get("lines"),
            micros=footer.get("micros"),
            line_no=footer.get("line_no"),
            actor=None,
        )


def _seen_in_chunks(job: Job, layout: Layout) -> dict[str, list[Any]]:
    """What people are told of the lines taken: uses that are shown and never paid, by header, and the first names that a
    spreadsheet turned into numbers, in the order of their letters."""
    sums: Counter[str] = Counter()
    names: set[str] = set()
    for payload in _chunks_of_lines(job.pk).values_list("payload", flat=True):
        sums.update(payload.get("beside", {}))
        names.update(payload.get("as_numbers", ()))
    return {
        "beside": [[layout.headers[at], sums[str(at)]] for at in layout.beside],
        "as_numbers": sorted(names)[:EXAMPLES],
    }


def _chunks_of_lines(job_id: int | None) -> QuerySet[Chunk]:
    """The chunks that tile the file: of one that was split, its pieces."""
    return Chunk.objects.filter(job=job_id, stage="parse").exclude(state=Chunk.State.SPLIT)


def stopped(job: Job, reason: Stopped) -> None:
    """A file that cannot be planned is refused, and nothing was taken from it; later than that, staff must look."""
    report = Report.objects.select_related("source").get(pk=job.subject_id)
    refused = job.stage == "plan" and reason.code != QUARANTINED
    report.state = Report.State.REFUSED if refused else Report.State.STOPPED
    report.error_code = reason.code
    report.error_params = {name: str(value) for name, value in reason.params.items()}
    report.save(update_fields=["state", "error_code", "error_params"])
    _tell(report, REFUSED if refused else STOPPED)
    if refused:
        transaction.on_commit(partial(remove_spool, job.pk))


def _tell(report: Report, sentence: str) -> None:
    """Staff, and whoever brought the file."""
    params = {
        "report": report.ref,
        "source": report.source.name,
        "accepted": report.accepted,
        "rejected": report.rejected,
    }
    people = [*society_staff(), *([report.uploaded_by] if report.uploaded_by else [])]
    notify(users=people, sentence=sentence, params=params, url=f"/reports/{report.ref}/")


def _tell_of_poison(report: Report) -> None:
    """Staff hear that lines were rejected by a fault of ours: nobody else can mend them."""
    count = RejectedLine.objects.filter(report=report, reason=POISON).count()
    if count:
        params = {"report": report.ref, "source": report.source.name, "count": count}
        notify(users=society_staff(), sentence=POISONED, params=params, url=f"/reports/{report.ref}/rejected/")
