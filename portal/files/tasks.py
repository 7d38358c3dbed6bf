"""What beat calls."""

from __future__ import annotations

from celery import shared_task

from portal.files import services


@shared_task(name="portal.files.tasks.sweep")
def sweep() -> None:
    """Take away what uploads that were interrupted have left."""
    services.sweep_leftovers()
