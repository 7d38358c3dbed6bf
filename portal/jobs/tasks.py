"""What beat calls."""

from __future__ import annotations

from celery import shared_task

from portal.jobs import services


@shared_task(name="portal.jobs.tasks.sweep")
def sweep() -> None:
    """Ring again for work that is due: a bell may have been lost, a worker may have died."""
    services.sweep()
