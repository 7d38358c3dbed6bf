"""Lines as an import stores them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from royalties.ingest.blocks import copy_blocks
from royalties.models import Report
from royalties.reports.placed import no_lines


def store_lines(
    report: Report, lines: Sequence[tuple[int, str, dt.date, int, int]], apart: Sequence[tuple[int, int]] | None = None
) -> None:
    """Accepted lines of a report from line 2 on, each as recording, service, month, uses and micros; `apart`: of the uses those
    of words and of music."""
    assert report.period is not None
    said = sorted({(service, month.isoformat()) for _, service, month, _, _ in lines})
    placed = no_lines(len(lines), said, apart=apart is not None)
    for at, (recording_id, service, month, uses, micros) in enumerate(lines):
        placed.recordings[at], placed.kinds[at] = recording_id, said.index((service, month.isoformat()))
        placed.uses[at], placed.micros[at] = uses, micros
        if apart is not None and placed.words is not None and placed.music is not None:
            placed.words[at], placed.music[at] = apart[at]
    copy_blocks(placed, period=report.period, report_id=report.pk, first_line=2)
