"""How far the work on a report is, from the row of its job alone."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from royalties.models import Report

SILENCE: Final = dt.timedelta(minutes=2)  # a worker that has not been heard of for so long is probably gone
STAGES: Final = {
    "plan": _("Cutting it into pieces"),
    "parse": _("Reading the lines"),
    "match": _("Matching the songs"),
    "sum": _("Summing up the lines"),
    "finish": _("Proving the sums"),
}
UNDER_WAY: Final = (Report.State.RECEIVED, Report.State.READING, Report.State.MATCHING)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """`done` of `total` lines or songs of the stage under way; `silent_since` when nothing is heard of the worker."""

    stage: str
    done: int
    total: int
    silent_since: dt.datetime | None


def progress_of(report: Report) -> Progress | None:
    """None when nobody was asked to work on it."""
    job = report.job
    if job is None:
        return None
    heard = job.heartbeat_at or job.created_at
    return Progress(
        stage=job.stage if job.stage in STAGES else next(iter(STAGES)),
        done=job.units_done,
        total=job.units_total,
        silent_since=heard if timezone.now() - heard > SILENCE else None,
    )
