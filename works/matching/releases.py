"""Album and duration: a second fact that tells songs of one title and one artist apart, where report and register say them.

A recording stands on more albums than the register names, and a song has recordings of other lengths: so what agrees speaks for a
work, and what differs says next to nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from works.durations import write_duration
from works.matching.base import SongQuery
from works.matching.compare import Agreement, compare_titles
from works.matching.rows import rows_of

SAME_ALBUM: Final = 0.9  # of works.names.alike: the same, simplified, read in Hangul or romanised
SAME_SECONDS: Final = 2  # by which services and labels measure one recording differently


class Release(NamedTuple):
    """What the register says of a recording of a work."""

    album: str
    duration_seconds: int | None


def releases_of(work_ids: Iterable[int]) -> dict[int, list[Release]]:
    """By work: of recordings that hold nothing else, those with an album or a duration."""
    releases: dict[int, list[Release]] = defaultdict(list)
    for work_id, album, seconds in rows_of(
        """
        SELECT p.work_id, r.album, r.duration_seconds FROM works_recordingwork p JOIN works_recording r ON r.id = p.recording_id
        WHERE p.work_id = ANY(%s) AND p.numerator = p.denominator AND (r.album <> '' OR r.duration_seconds IS NOT NULL)
        ORDER BY p.work_id, r.id""",
        [sorted(work_ids)],
    ):
        releases[work_id].append(Release(album, seconds))
    return releases


def compare_albums(query: SongQuery, releases: Sequence[Release]) -> Agreement:
    """The best agreement of the song's album with one of these; none where it is not the same album."""
    albums = [release.album for release in releases if release.album]
    found = compare_titles(query.album, albums) if query.album and albums else Agreement()
    return found if found.score >= SAME_ALBUM else Agreement()


def same_duration(query: SongQuery, releases: Sequence[Release]) -> int | None:
    """The registered duration that is the song's, in seconds."""
    reported = query.duration_seconds
    if reported is None:
        return None
    known = [each.duration_seconds for each in releases if each.duration_seconds is not None]
    nearest = min(known, key=lambda seconds: abs(seconds - reported), default=None)
    return nearest if nearest is not None and abs(nearest - reported) <= SAME_SECONDS else None


def evidence_of_release(query: SongQuery, album: Agreement, seconds: int | None) -> dict[str, Any]:
    """As data that works.matching.explain puts in words."""
    facts: dict[str, Any] = {}
    if album.score:
        facts["album"] = album.as_json()
    if seconds is not None:
        facts["duration"] = {"reported": write_duration(query.duration_seconds), "registered": write_duration(seconds)}
    return facts
