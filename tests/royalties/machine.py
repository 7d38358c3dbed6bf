"""A worker on a machine of its own, for tests: `python -m tests.royalties.machine NAME OTHER FOLDER JOB`.

It imports as a worker does, but holds the first chunk of lines it takes until the other one has one in hand too.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import django


def main(name: str, other: str, folder: Path, job_id: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from portal.jobs.models import Job
    from royalties import ingest
    from royalties.ingest import parse
    from royalties.reports import csv_lines
    from tests.chaos.processes import wait_for

    csv_lines.LINES_A_CHUNK = 50  # type: ignore[misc]  # it is Final for everybody else
    prepare = parse.prepare_parse

    def prepare_beside(remembered: Any, work: Any) -> Any:
        (folder / f"{name}-{work.ordinal}").touch()
        wait_for(lambda: list(folder.glob(f"{other}-*")), f"{other} has taken a chunk too")
        return prepare(remembered, work)

    setattr(ingest, "prepare_parse", prepare_beside)  # noqa: B010 the name its stages find

    def is_over() -> bool:
        ingest.work_on(job_id)
        return Job.objects.filter(pk=job_id, state__in=("done", "stopped")).exists()

    wait_for(is_over, "the import is over")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
