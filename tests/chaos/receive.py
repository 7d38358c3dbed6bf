"""What the process does that takes an upload: store the file, make report and job, ring. `python -m tests.chaos.receive FILE`"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.chaos import worker


def main(path: Path) -> None:
    worker.prepare()
    from portal.files.services import store_upload
    from royalties.ingest import receive_report
    from royalties.models import Source
    from tests.chaos.statement import MONTH

    with path.open("rb") as stream:
        stored = store_upload(stream=stream, label=path.name, user=None)
    receive_report(source=Source.objects.get(code="tme"), stored=stored, period=MONTH, user=None)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
