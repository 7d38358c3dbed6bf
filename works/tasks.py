"""Background work of the register. Ids in, one service call; may run twice, harmlessly."""

from __future__ import annotations

from time import monotonic
from typing import Final

from celery import shared_task
from celery.signals import worker_init

from portal.jobs.services import drain
from works import name_imports
from works.catalogue.ingest import STAGES
from works.matching import meaning
from works.matching.fitted import fitted
from works.names.alike import alike
from works.names.keys import performer_keys, title_keys
from works.services import IMPORT_TASK

DRAIN_SECONDS: Final = 120  # a worker then rings and lets others have their turn
TITLES_AT_ONCE: Final = 2048


@shared_task(name=IMPORT_TASK)
def import_catalogue(job_id: int) -> None:
    """Do what there is to do of an import, for a while."""
    drain(job_id=job_id, stages=STAGES, seconds=DRAIN_SECONDS)


@shared_task(name=name_imports.TASK)
def import_names(job_id: int) -> None:
    """Do what there is to do of a file of names, for a while."""
    drain(job_id=job_id, stages=name_imports.STAGES, seconds=DRAIN_SECONDS)


@shared_task(name="works.tasks.keep_vectors")
def keep_vectors() -> None:
    """What titles mean that were registered lately, for a while; the rest the next time."""
    if not meaning.is_available():
        return
    until = monotonic() + DRAIN_SECONDS
    while meaning.store_missing_vectors(TITLES_AT_ONCE) == TITLES_AT_ONCE and monotonic() < until:
        pass


@worker_init.connect
def read_dictionaries(**_: object) -> None:
    """Before a worker has children, so that none of them waits for tables and weights, and all share their memory."""
    title_keys("春 봄")
    performer_keys("春 봄")
    alike("러브레터", "Love Letter")
    fitted()
    if meaning.is_available():
        meaning.encode(["春 봄"])
