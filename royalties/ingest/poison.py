"""A line or a song that ends every worker who takes it: found by cutting, and left out with its reason; the file goes on.

Cutting counts line feeds and ids, and no more: it must not do again what has just failed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, fields
from io import BytesIO
from typing import Any, Final

from portal.jobs.services import NewChunk, Work
from royalties.ingest.matching import songs_to_match
from royalties.ingest.parse import copy_file_lines, copy_rejected, file_lines_of
from royalties.ingest.plan import layout_of
from royalties.ingest.reading import Reading, reading_of
from royalties.models import Match, RejectedLine, Report
from royalties.reports.base import POISON, LinesDoNotAddUp, TooManyLinesFail
from royalties.reports.csv_lines import Tile, showable
from royalties.reports.lines import WITHHELD, Rejected

PIECES: Final = 16  # so that 10,000 lines take four cuts
MAX_POISONED: Final = 20  # lines of one file; beyond, our program is at fault and not the lines


def cut_lines(work: Work) -> list[NewChunk]:
    """The lines of a chunk in sixteen shares, or nothing when it is one line. Raises LinesDoNotAddUp, FileHasChanged."""
    if work.units <= 1:
        return []
    _report, _reading, lines = _lines_of(work)
    if len(lines) != work.units:
        raise LinesDoNotAddUp(lines=work.units, accepted=len(lines), rejected=0)
    offset, line_no, pieces = work.payload["offset"], work.payload["first_line"], []
    for share in _shares(len(lines)):
        block = b"".join(lines[share])
        sha256 = hashlib.sha256(block).hexdigest()
        tile = Tile(offset=offset, size=len(block), first_line=line_no, lines=len(lines[share]), sha256=sha256)
        pieces.append(NewChunk({**work.payload, **asdict(tile)}, tile.lines))
        offset, line_no = offset + tile.size, line_no + tile.lines
    return pieces


def reject_line(work: Work) -> dict[str, Any]:
    """Reject the only line of a chunk unread; its money is not known, so it counts as none. Raises TooManyLinesFail."""
    report, reading, lines = _lines_of(work)
    if RejectedLine.objects.filter(report=report, reason=POISON).count() >= MAX_POISONED:
        raise TooManyLinesFail(count=MAX_POISONED)
    text = WITHHELD if layout_of(report).withheld else reading.text(b"".join(lines))
    raw = showable(text)
    copy_rejected(report, [Rejected(work.payload["first_line"], raw, "", "", POISON, 0)])
    if report.reading["layout"].get("file_line") is not None:
        copy_file_lines(report, work.payload["first_line"], file_lines_of(b"".join(lines)))
    return {"rounded": 0, "remainder": "0"}


def cut_songs(work: Work) -> list[NewChunk]:
    """The songs of a chunk that are not matched yet in sixteen shares, or nothing when it is one song."""
    songs = list(songs_to_match(work).values_list("pk", flat=True))
    if len(songs) <= 1:
        return []
    runs = [songs[share] for share in _shares(len(songs))]
    return [NewChunk({"songs": run}, len(run)) for run in runs]


def leave_song_to_people(work: Work) -> None:
    """The only song of a chunk waits for review, with no work to choose from."""
    Match.objects.bulk_create(
        [
            Match(recording=song, outcome=Match.Outcome.REVIEW, method="failed", probability_permille=0)
            for song in songs_to_match(work)
        ],
        ignore_conflicts=True,  # a person or another report may have matched it meanwhile
    )


def _lines_of(work: Work) -> tuple[Report, Reading, list[bytes]]:
    """The lines of a chunk as they stand in the file, each with its line feed."""
    report = Report.objects.select_related("file").get(pk=work.job.subject_id)
    reading = reading_of(report, work.payload["spool"], keep=work.keep)
    tile = Tile(**{field.name: work.payload[field.name] for field in fields(Tile)})
    block = reading.block(tile)
    return report, reading, BytesIO(block).readlines()


def _shares(count: int) -> Iterator[slice]:
    size = -(-count // PIECES)
    return (slice(at, at + size) for at in range(0, count, size))
