"""Lines into sums, one for each song, service and month."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from django.db import connection

from portal.jobs.models import Job
from portal.jobs.services import NewChunk, Work, add_chunks
from royalties.ingest.plan import period_of
from royalties.models import Report

SONGS_A_CHUNK: Final = 1_000


def work_sum(work: Work, _prepared: Any) -> None:
    """Sum up the lines of a part of the songs, now that all are there."""
    # Imported here: polars has threads, and hangs in a child that was forked after it began to work.
    from royalties.ingest.totals import copy_totals

    report = Report.objects.get(pk=work.job.subject_id)
    copy_totals(period=period_of(report), report_id=report.pk, of=work.payload["of"], part=work.payload["part"])


def then_match(job: Job) -> str:
    """Cut the songs that no match stands for into runs, an artist's songs together, for they help each other to be matched.

    The runs depend on the songs alone, not on the order of the lines; the songs of an artist stand in one unless they are very many.
    """
    Report.objects.filter(pk=job.subject_id).update(state=Report.State.MATCHING)
    with connection.cursor() as cursor:
        # The rows are so new that PostgreSQL expects none, and would look through all matches for each song.
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(SONGS_WITHOUT_MATCH, [job.subject_id])
        songs = cursor.fetchall()
        cursor.execute("SET LOCAL enable_nestloop TO DEFAULT")
    runs: list[list[int]] = [[]]
    for _, its in groupby(songs, key=lambda song: song[1]):
        for song, _ in its:
            if len(runs[-1]) >= 2 * SONGS_A_CHUNK:
                runs.append([])
            runs[-1].append(song)
        if len(runs[-1]) >= SONGS_A_CHUNK:
            runs.append([])
    runs = [run for run in runs if run]
    add_chunks(job, "match", [NewChunk({"songs": run}, len(run)) for run in runs])
    return "match"


SONGS_WITHOUT_MATCH: Final = """
    WITH songs AS MATERIALIZED (SELECT DISTINCT recording_id FROM royalties_songusage WHERE report_id = %s)
    SELECT r.id, r.artists FROM songs JOIN royalties_reportedrecording r ON r.id = songs.recording_id
    WHERE NOT EXISTS (SELECT 1 FROM royalties_match m WHERE m.recording_id = r.id AND m.superseded_at IS NULL)
    ORDER BY r.artists, r.title, r.key"""
