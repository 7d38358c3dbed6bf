"""What beat calls."""

from __future__ import annotations

import datetime as dt

from celery import shared_task
from django.utils import timezone

from portal.rest.idempotency import forget_old_answers
from portal.rest.models import RequestCount


@shared_task(name="portal.rest.tasks.sweep")
def sweep() -> None:
    """Forget answers to writes of yesterday, and who asked how often."""
    forget_old_answers()
    RequestCount.objects.filter(minute__lt=timezone.now() - dt.timedelta(hours=1)).delete()
