"""Lines into sums, one for each song, service and month."""

from __future__ import annotations

from typing import Any, Final

from django.db import connection

from portal.jobs.models import Job
from portal.jobs.services import NewChunk, Work, add_chunks
from royalties.models import Report

SONGS_A_CHUNK: Final = 1_000


def work_sum(work: Work, _prepared: Any) -> None:
    """Sum up the lines of a part of the songs, now that all are there."""
    report = Report.objects.get(pk=work.job.subject_id)
    with connection.cursor() as cursor:
        # The lines are so new that PostgreSQL expects a handful, and would sort them all: tell it to sum in memory.
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL enable_sort = off")
        cursor.execute(SUM_UP, [report.period, report.pk, work.payload["of"], work.payload["part"]])


def then_match(job: Job) -> str:
    """Cut the songs that no match stands for into runs of numbers."""
    Report.objects.filter(pk=job.subject_id).update(state=Report.State.MATCHING)
    with connection.cursor() as cursor:
        cursor.execute(SONGS_WITHOUT_MATCH, [job.subject_id])
        songs = [song for (song,) in cursor.fetchall()]
    runs = [songs[at : at + SONGS_A_CHUNK] for at in range(0, len(songs), SONGS_A_CHUNK)]
    add_chunks(job, "match", [NewChunk({"songs": run}, len(run)) for run in runs])
    return "match"


SUM_UP: Final = """
    INSERT INTO royalties_songusage (report_id, recording_id, service, usage_month, lines, uses, amount_micros)
    SELECT report_id, recording_id, service, usage_month, count(*), sum(uses), sum(amount_micros)
    FROM royalties_usageline WHERE period = %s AND report_id = %s AND recording_id %% %s = %s
    GROUP BY report_id, recording_id, service, usage_month"""

SONGS_WITHOUT_MATCH: Final = """
    SELECT DISTINCT u.recording_id FROM royalties_songusage u WHERE u.report_id = %s AND NOT EXISTS (
        SELECT 1 FROM royalties_match m WHERE m.recording_id = u.recording_id AND m.superseded_at IS NULL)
    ORDER BY u.recording_id"""
