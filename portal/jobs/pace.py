"""How fast a job is, and when its stage will be done: from the chunks that are done, and by the database's clock alone."""

from __future__ import annotations

from typing import Final

from django.db import connection

from portal.jobs.models import Job
from portal.lib.pace import UNKNOWN, Pace, pace

LATEST: Final = 20  # chunks of which the pace is taken, so that a pause long ago does not count
# The latest chunks of the stage under way; those before them, or the last of the stage before, say when they were begun.
CHUNKS: Final = """
    WITH latest AS (
        SELECT units, done_at, stage = %(stage)s AS counts FROM jobs_chunk
        WHERE job_id = %(job)s AND done_at IS NOT NULL AND state IN ('done', 'given_up')
        ORDER BY done_at DESC, id DESC LIMIT %(latest)s + 1)
    SELECT units, done_at, counts, now() FROM latest ORDER BY done_at, counts"""


def pace_of(job: Job, *, patience_seconds: int) -> Pace:
    """Of the stage under way. One query. A stage of a single chunk has none, for it is done at once."""
    left = job.units_total - job.units_done
    if job.state != Job.State.RUNNING or left <= 0:
        return UNKNOWN
    with connection.cursor() as cursor:
        cursor.execute(CHUNKS, {"job": job.pk, "stage": job.stage, "latest": LATEST})
        rows = cursor.fetchall()
    if not rows:
        return UNKNOWN
    at = rows[0][3]
    began_at, counted = rows[0][1], []  # the oldest of them says only when the next ones were begun
    for units, done_at, counts, _at in rows[1:]:
        if counts:
            counted.append((units, done_at))
        else:
            began_at, counted = done_at, []
    return pace(left=left, done=counted, began_at=began_at, at=at, patience_seconds=patience_seconds)
