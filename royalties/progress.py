"""How far the work on a report is, how fast it goes and when its stage will be done: from its job alone."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from portal.jobs.pace import pace_of
from portal.lib.wording import count
from royalties.models import Report

SILENCE: Final = dt.timedelta(minutes=2)  # a worker that has not been heard of for so long is probably gone
STAGES: Final = {
    "plan": gettext_lazy("Cutting it into pieces"),
    "parse": gettext_lazy("Reading the lines"),
    "match": gettext_lazy("Matching the songs"),
    "sum": gettext_lazy("Summing up the lines"),
    "finish": gettext_lazy("Proving the sums"),
}
UNITS: Final = {"parse": "lines", "match": "songs"}  # what is counted in a stage; in the others, pieces of work
UNDER_WAY: Final = (Report.State.RECEIVED, Report.State.READING, Report.State.MATCHING)
MINUTE, HOUR = 60, 3600
IN_MINUTES: Final = 3 * HOUR  # so much and less is said in minutes: to say two hours of one and a quarter helps nobody


@dataclass(frozen=True, kw_only=True)
class Progress:
    """`done` of `total` `units` of the stage under way; `silent_since` when nothing is heard of the worker.

    `per_second` and `seconds_left` are of this stage, and None while nobody can know them.
    """

    stage: str
    units: str | None
    done: int
    total: int
    per_second: int | None
    seconds_left: int | None
    silent_since: dt.datetime | None


def progress_of(report: Report) -> Progress | None:
    """None when nobody was asked to work on it. At most one query."""
    job = report.job
    if job is None:
        return None
    heard = job.heartbeat_at or job.created_at
    units = UNITS.get(job.stage)
    pace = pace_of(job, patience_seconds=SILENCE // dt.timedelta(seconds=1)) if units else None
    return Progress(
        stage=job.stage if job.stage in STAGES else next(iter(STAGES)),
        units=units,
        done=job.units_done,
        total=job.units_total,
        per_second=pace.per_second if pace else None,
        seconds_left=pace.seconds_left if pace else None,
        silent_since=heard if timezone.now() - heard > SILENCE else None,
    )


def done_in_words(progress: Progress) -> str:
    """How many of how many, and how fast."""
    numbers = {"done": count(progress.done), "total": count(progress.total), "rate": count(progress.per_second or 0)}
    if progress.units == "lines":
        words = _("%(done)s of %(total)s lines, about %(rate)s a second")
        return (words if progress.per_second else _("%(done)s of %(total)s lines")) % numbers
    if progress.units == "songs":
        words = _("%(done)s of %(total)s songs, about %(rate)s a second")
        return (words if progress.per_second else _("%(done)s of %(total)s songs")) % numbers
    return ""


def left_in_words(seconds: int | None) -> str:
    """About how long a stage still takes, rounded up; nothing while nobody can know."""
    if seconds is None:
        return ""
    if seconds < MINUTE:
        return _("less than a minute left in this step")
    if seconds <= IN_MINUTES:
        minutes = -(-seconds // MINUTE)
        words = ngettext(
            "about %(count)s minute left in this step", "about %(count)s minutes left in this step", minutes
        )
        return words % {"count": count(minutes)}
    hours = -(-seconds // HOUR)
    words = ngettext("about %(count)s hour left in this step", "about %(count)s hours left in this step", hours)
    return words % {"count": count(hours)}
