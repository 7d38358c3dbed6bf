"""Background work of this room: ids in, one service call, harmless when it runs twice."""

from __future__ import annotations

from celery import shared_task

from royalties import duplicates, ingest, rematch as rematching, songs
from royalties.ingest.spool import sweep_spool


@shared_task(name=ingest.TASK)
def import_report(job_id: int) -> None:
    """Do what there is to do of an import, for a while."""
    ingest.work_on(job_id, seconds=ingest.DRAIN_SECONDS)


@shared_task(name=rematching.TASK)
def rematch(job_id: int) -> None:
    """Do what there is to do of matching songs again, for a while."""
    rematching.work_on(job_id, seconds=rematching.DRAIN_SECONDS)


@shared_task(name=duplicates.TASK)
def find_duplicates(job_id: int) -> None:
    """Look for works that may be one, because somebody asked."""
    duplicates.work_on(job_id, seconds=duplicates.DRAIN_SECONDS)


@shared_task(name="royalties.tasks.look_for_duplicates")
def look_for_duplicates() -> None:
    """Look for works that may be one. Called by beat."""
    duplicates.find()


@shared_task(name="royalties.tasks.sweep")
def sweep() -> None:
    """Take away what workers that were killed have left on disk. Called by beat."""
    sweep_spool()


@shared_task(name="royalties.tasks.keep_words")
def keep_words() -> None:
    """Index the songs of the last imports for searching. Called by beat."""
    while songs.keep_words():
        pass
