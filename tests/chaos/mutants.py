"""Two workers that are wrong, as many a queue is: a chaos run that does not see them proves nothing (reliability.md section 0).

They run in databases without the keys of lines, which would turn a doubled line into an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from django.db import transaction

from portal.jobs import services
from portal.jobs.models import Chunk
from portal.jobs.services import LostLease, Stage, Work

Do = Callable[..., None]


def two_transactions() -> None:
    """Data in one transaction, the checkpoint in the next: whoever dies between them writes the lines twice."""

    def do(work: Work, stage: Stage, stages: Mapping[str, Stage], *, helpers: bool) -> None:
        prepared = stage.prepare(work)
        with transaction.atomic():
            figures = stage.work(work, prepared)
        with transaction.atomic():
            services._settle(work, Chunk.State.DONE, figures, error="")
            services._advance(work.job, stages, helpers=helpers)

    _install(do)


def done_first() -> None:
    """Mark the chunk as done, then write it: whoever dies between the two loses its lines."""

    def do(work: Work, stage: Stage, stages: Mapping[str, Stage], *, helpers: bool) -> None:
        prepared = stage.prepare(work)
        with transaction.atomic():
            services._settle(work, Chunk.State.DONE, {"rounded": 0, "remainder": "0"}, error="")
            services._advance(work.job, stages, helpers=helpers)
        with transaction.atomic():
            stage.work(work, prepared)

    _install(do)


MUTANTS: Final[dict[str, Callable[[], None]]] = {"two-transactions": two_transactions, "done-first": done_first}


def _install(mutant: Do) -> None:
    """Only the lines are done wrongly: that is where money is lost or doubled."""
    right = services._do

    def do(work: Work, stage: Stage, stages: Mapping[str, Stage], *, helpers: bool) -> None:
        if work.job.stage != "parse":
            right(work, stage, stages, helpers=helpers)
            return
        with suppress(LostLease):
            mutant(work, stage, stages, helpers=helpers)

    services._do = do
