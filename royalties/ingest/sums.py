"""Lines into sums, one for each song, service and month."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from django.db import connection

from portal.jobs.models import Chunk, Job
from portal.jobs.services import NewChunk, Work, add_chunks
from royalties.ingest.plan import layout_of
from royalties.models import Report

SUMMED_BY: Final = 2  # chunks
RUN: Final = 4096  # recordings that follow each other and are summed by one of these chunks
SONGS_A_CHUNK: Final = 1_000
MOST_SONGS_A_CHUNK: Final = 2_500


def work_sum(work: Work, _prepared: Any) -> None:
    """Sum up the lines of a part of the songs, now that all are there."""
    report = Report.objects.only("reading").get(pk=work.job.subject_id)
    sum_up = SUM_UP_APART if layout_of(report).apart else SUM_UP
    with connection.cursor() as cursor:
        # The rows are so new that PostgreSQL expects a handful, and would sort them all: tell it to sum in memory.
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL enable_sort = off")
        run = work.payload.get("run", 1)  # the version before summed every other recording
        cursor.execute(sum_up, [work.job.subject_id, run, work.payload["of"], work.payload["part"]])


def then_match(job: Job) -> str:
    """The chunks that match, and behind them those that sum up, of which no match needs any.

    These are short: the last worker to match leaves them to the others, who would be idle.
    """
    runs = runs_of_songs(job)
    add_chunks(job, "match", [NewChunk({"songs": run}, len(run)) for run in runs])
    sums = [NewChunk({"part": part, "of": SUMMED_BY, "run": RUN}) for part in range(SUMMED_BY)]
    add_chunks(job, "sum", sums, first=len(runs))
    Report.objects.filter(pk=job.subject_id).update(state=Report.State.MATCHING)
    return "match"


def then_finish(job: Job) -> str:
    """Finish, unless songs are left to match: the version before summed up first."""
    if job.chunks.filter(stage="match", state=Chunk.State.TODO).exists():
        return "match"
    add_chunks(job, "finish", [NewChunk({})])
    return "finish"


def runs_of_songs(job: Job) -> list[list[int]]:
    """Cut the songs that no match stands for into runs, an artist's songs together, for they help each other to be matched.

    The runs depend on the songs alone, not on the order of the lines; the songs of an artist stand in one unless they are very many.
    """
    with connection.cursor() as cursor:
        # The rows are so new that PostgreSQL expects none, and would look through all matches for each song.
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(SONGS_WITHOUT_MATCH, [job.subject_id])
        songs = cursor.fetchall()
        cursor.execute("SET LOCAL enable_nestloop TO DEFAULT")
    size = songs_a_chunk(len(songs))
    runs: list[list[int]] = [[]]
    for _, its in groupby(songs, key=lambda song: song[1]):
        for song, _ in its:
            if len(runs[-1]) >= 2 * size:
                runs.append([])
            runs[-1].append(song)
        if len(runs[-1]) >= size:
            runs.append([])
    return [run for run in runs if run]


def songs_a_chunk(songs: int) -> int:
    """Of many songs more are matched at once, which costs each of them less; of few, so many that several workers have some."""
    return max(SONGS_A_CHUNK, min(MOST_SONGS_A_CHUNK, songs // 16))


# unnest() in the list of columns hands rows on one by one; in FROM it would write them all down first. Rows in the order of
# the index are written in two thirds of the time; OFFSET 0 keeps the order from being made before the sums.
SUM_UP: Final = """
    INSERT INTO royalties_songusage (report_id, recording_id, service, usage_month, lines, uses, amount_micros)
    SELECT * FROM (
        SELECT report_id, recording_id, services[kind], usage_months[kind], sum(lines), sum(uses), sum(micros)
        FROM (
            SELECT report_id, services, usage_months, unnest(recordings) AS recording_id, unnest(kinds) AS kind,
                unnest(lines) AS lines, unnest(uses) AS uses, unnest(amounts_micros) AS micros
            FROM royalties_tiletotal WHERE report_id = %s) AS total
        WHERE recording_id / %s %% %s = %s
        GROUP BY 1, 2, 3, 4 OFFSET 0) AS sums
    ORDER BY recording_id"""

# Where words and music are counted apart. For the others, whose arrays are NULL, to unnest these too took a tenth longer.
SUM_UP_APART: Final = (
    SUM_UP.replace("amount_micros)", "amount_micros, words_uses, music_uses)")
    .replace("sum(micros)", "sum(micros), sum(words), sum(music)")
    .replace("AS micros", "AS micros, unnest(words_uses) AS words, unnest(music_uses) AS music")
)

SONGS_WITHOUT_MATCH: Final = """
    WITH songs AS MATERIALIZED (
        SELECT DISTINCT unnest(recordings) AS recording_id FROM royalties_tiletotal WHERE report_id = %s)
    SELECT r.id, r.artists FROM songs JOIN royalties_reportedrecording r ON r.id = songs.recording_id
    WHERE NOT EXISTS (SELECT 1 FROM royalties_match m WHERE m.recording_id = r.id AND m.superseded_at IS NULL)
    ORDER BY r.artists, r.title, r.key"""
