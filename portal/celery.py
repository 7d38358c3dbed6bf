"""The Celery application: `celery -A portal.celery worker` and `… beat`. Tasks stand in the tasks.py of each room."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("POLARS_MAX_THREADS", "1")  # there is a worker for every core

app = Celery("garak")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
