"""From a file to matched songs: receive → plan → parse (n) → match (n) → sum (2) → finish. royalties/README.md draws it.

Every step is a chunk of portal.jobs: it runs again from its start after any failure, and commits its rows together with
its checkpoint. A line or a song that ends its workers is found and left out (poison.py). Bulk work is COPY and set-based
SQL, for a statement has hundreds of thousands of lines.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from portal.jobs.services import Stage, drain
from royalties.ingest.figures import ReportFigures, rejected_by_reason, report_figures
from royalties.ingest.finish import stopped, work_finish
from royalties.ingest.matching import work_match
from royalties.ingest.parse import Remembered, prepare_parse, work_parse
from royalties.ingest.plan import prepare_plan, then_parse, work_plan
from royalties.ingest.poison import cut_lines, cut_songs, leave_song_to_people, reject_line
from royalties.ingest.receive import TASK, receive_report, resume_report
from royalties.ingest.sums import then_finish, then_match, work_sum

__all__ = [
    "DRAIN_SECONDS",
    "TASK",
    "ReportFigures",
    "receive_report",
    "rejected_by_reason",
    "report_figures",
    "resume_report",
    "stages",
    "work_on",
]

DRAIN_SECONDS: Final = 120  # a worker then rings and lets others have their turn


def work_on(job_id: int, *, seconds: float | None = None) -> None:
    """Do what there is to do of an import; several workers may do so at once, and again."""
    drain(job_id=job_id, stages=stages(), seconds=seconds)


def stages() -> dict[str, Stage]:
    """What a worker does in each stage. It remembers songs from chunk to chunk."""
    remembered = Remembered()
    return {
        "plan": Stage(prepare=prepare_plan, work=work_plan, then=then_parse, stopped=stopped),
        "parse": Stage(
            prepare=partial(prepare_parse, remembered),
            work=work_parse,
            then=then_match,
            stopped=stopped,
            cut=cut_lines,
            give_up=reject_line,
        ),
        "match": Stage(
            work=work_match, then=lambda _job: "sum", stopped=stopped, cut=cut_songs, give_up=leave_song_to_people
        ),
        "sum": Stage(work=work_sum, then=then_finish, stopped=stopped),
        "finish": Stage(work=work_finish, then=lambda _job: None, stopped=stopped),
    }
