"""What a child process of test_permuted_lines runs: it drains an import beside others, in small chunks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest.mock import patch

from portal.jobs.models import Chunk, Job
from portal.jobs.services import Work, drain
from royalties import ingest
from royalties.reports import csv_lines
from tests.chaos.processes import wait_for


def drain_beside_others(job_id: int, processes: int) -> None:
    """Work until the job is done. No line is read before every process has a chunk of lines in its hands."""
    stages = ingest.stages()
    parse = stages["parse"]

    def everybody_has_one() -> bool:
        return Chunk.objects.filter(job=job_id, stage="parse", attempt__gt=0).count() >= processes

    def prepare(work: Work) -> Any:
        wait_for(everybody_has_one, f"{processes} processes hold chunks")
        return parse.prepare(work)

    def drained() -> bool:
        drain(job_id=job_id, stages={**stages, "parse": replace(parse, prepare=prepare)})
        return Job.objects.get(pk=job_id).state in {Job.State.DONE, Job.State.STOPPED}

    with patch.object(csv_lines, "LINES_A_CHUNK", 150), patch.object(ingest.sums, "SONGS_A_CHUNK", 20):
        wait_for(drained, "the import is done")
