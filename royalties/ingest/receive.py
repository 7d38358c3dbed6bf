"""A stored file becomes a report, once per source and content, with a job that reads it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from django.db import IntegrityError, transaction

from portal.accounts.models import User
from portal.files.models import StoredFile
from portal.files.services import discard_upload
from portal.jobs.services import NewChunk, create_job, resume_job
from royalties.declared import begin_totals_anew, note_total
from royalties.models import DeclaredTotal, Report, ReportDecision, Source
from royalties.reports import encodings
from royalties.reports.base import EncodingIsUnknown, PeriodIsImpossible
from royalties.reports.styles import YEARS

TASK: Final = "royalties.tasks.import_report"


def receive_report(
    *,
    source: Source,
    stored: StoredFile,
    period: dt.date | None,
    user: User | None,
    encoding: str = "",
    declared_lines: int | None = None,
    declared_micros: int | None = None,
    declared_origin: str = DeclaredTotal.Origin.STAFF,
    correction_because: str = "",
    bell: bool = True,
) -> tuple[Report, bool]:
    """Take a stored file as a report of a source; workers do the rest. False: these bytes are here already.

    The same bytes are one report however often and however concurrently they come; a further copy of them is discarded.
    Only a file of which nothing was taken gets another try, perhaps with the month stated this time. `period` is any day of the
    month, or nothing: then the first line says it. `encoding` is one of encodings.CHOICES, or nothing: then the bytes decide.
    What its sender declared, the number of its lines without the header and the sum of its money, must agree with what is
    read; otherwise the report is held. `declared_origin` is where that was said. A file that is sent as a correction, with the
    reason, may hold negative amounts: its lines are differences to the reports of its month that stand when it has been read.
    Without `bell` the caller drains the job (see work_on).
    """
    stated = {
        "period": None if period is None else _month(period),
        "encoding_asked": known_encoding(encoding),
        "uploaded_by": user,
        "kind": Report.Kind.CORRECTION if correction_because else Report.Kind.ORIGINAL,
    }
    declared: dict[str, Any] = {"origin": declared_origin, "lines": declared_lines, "micros": declared_micros}
    try:
        with transaction.atomic():
            report = Report.objects.create(
                source=source,
                file=stored,
                sha256=stored.sha256,
                currency=source.currency,
                **stated,
            )
            note_total(report=report, **declared, actor=user)
            _say_why(report, correction_because, user)
            begin(report, user, bell=bell)
    except IntegrityError:  # same_bytes_are_one_report
        return _receive_again(source, stored, stated, declared, correction_because, bell=bell)
    return report, True


def resume_report(*, report: Report) -> bool:
    """Have the reading of a stopped report tried again from where it stopped; False when it is not stopped."""
    with transaction.atomic():
        stopped = Report.objects.select_for_update(no_key=True).filter(pk=report.pk, state=Report.State.STOPPED).first()
        if stopped is None or stopped.job is None or not resume_job(job=stopped.job):
            return False
        under_way = {"plan": Report.State.RECEIVED, "parse": Report.State.READING}
        stopped.state = under_way.get(stopped.job.stage, Report.State.MATCHING)
        stopped.error_code, stopped.error_params = "", {}
        stopped.save(update_fields=["state", "error_code", "error_params"])
    return True


def _receive_again(
    source: Source,
    stored: StoredFile,
    stated: Mapping[str, Any],
    declared: Mapping[str, Any],
    correction_because: str,
    *,
    bell: bool,
) -> tuple[Report, bool]:
    with transaction.atomic():
        standing = Report.objects.filter(superseded_at__isnull=True, withdrawn_at__isnull=True)
        report = standing.select_for_update(no_key=True).get(source=source, sha256=stored.sha256)
        if report.state in {Report.State.REFUSED, Report.State.MAPPING}:
            begin_totals_anew(report)
            note_total(report=report, **declared, actor=stated["uploaded_by"])
            _say_why(report, correction_because, stated["uploaded_by"])
            try_again(report, stored, stated, bell=bell)
            return report, True
        if report.file_id != stored.pk:
            discard_upload(stored=stored)
    return report, False


def _say_why(report: Report, correction_because: str, user: User | None) -> None:
    if correction_because:
        choice = ReportDecision.Choice.CORRECTION
        ReportDecision.objects.create(report=report, choice=choice, actor=user, reason=correction_because)


def try_again(report: Report, stored: StoredFile, stated: Mapping[str, Any], *, bell: bool) -> None:
    """A refused report begins anew with what is stated this time."""
    for name, value in stated.items():
        setattr(report, name, value)
    report.file = stored
    report.state, report.error_code, report.error_params = Report.State.RECEIVED, "", {}
    report.save()
    begin(report, report.uploaded_by, bell=bell)


def begin(report: Report, user: User | None, *, bell: bool) -> None:
    """Give a report the job that reads it."""
    report.job = create_job(kind=TASK, subject_id=report.pk, owner=user, stage="plan", chunks=[NewChunk({})], bell=bell)
    report.save(update_fields=["job"])


def known_encoding(encoding: str) -> str:
    """An encoding that a person may state, or nothing. Raises EncodingIsUnknown."""
    known = [code for code, _words in encodings.CHOICES]
    if encoding and encoding not in known:
        raise EncodingIsUnknown(encoding=encoding, known=", ".join(known))
    return encoding


def _month(day: dt.date) -> dt.date:
    if day.year not in YEARS:
        raise PeriodIsImpossible(period=day.isoformat())
    return day.replace(day=1)
