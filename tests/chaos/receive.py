"""What the process does that takes uploads: store each file, make report and job, ring. `python -m tests.chaos.receive FILE …`"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.chaos import worker


def main(paths: list[Path]) -> None:
    worker.prepare()
    from portal.files.services import store_upload
    from royalties.ingest import receive_report
    from royalties.models import Source
    from tests.chaos.statement import MONTH

    for path in paths:
        with path.open("rb") as stream:
            stored = store_upload(stream=stream, label=path.name, user=None)
        receive_report(source=Source.objects.get(code="tme"), stored=stored, period=MONTH, user=None)


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
