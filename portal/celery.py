"""The Celery application: `celery -A portal.celery worker` and `… beat`. Tasks stand in the tasks.py of each room."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import task_prerun
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
for library in ("POLARS_MAX_THREADS", "OPENBLAS_NUM_THREADS"):  # there is a worker for every core
    os.environ.setdefault(library, "1")

app = Celery("garak")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@task_prerun.connect
def keep_good_connections(**_signal: Any) -> None:
    """A task goes on with the connection of the task before, unless that one is broken or old, as requests do.

    On a new one the server reads its catalogues again, which takes longer than to claim ten chunks.
    """
    close_old_connections()
