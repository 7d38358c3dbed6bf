"""The recordings that lines name: found, or made where none is known yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from portal.lib.refs import new_ref
from royalties.models import Report, ReportedRecording
from royalties.reports.lines import (
    Song,
    isrc_of,
    key_of,
)


def resolve_songs(report: Report, songs: set[Song], remembered: dict[Song, int]) -> Mapping[Song, int]:
    """The recording of each song, made where none is known yet. Known ones cost one join, remembered ones nothing.

    Where lines of a new song name it differently, it gets the first of these names in the order of their letters: so the
    order of the lines and the number of workers leave no trace. Rows are made in the order of their keys, so that two
    workers wait for each other but never in a circle. Remembered is only what was committed before this transaction.
    """
    id_space = report.source.id_space
    key_of_song = {song: key_of(song, id_space) for song in songs if song not in remembered}
    if not key_of_song:
        return remembered
    first: dict[str, Song] = {}
    for song, key in key_of_song.items():
        if key not in first or _name_order(song) < _name_order(first[key]):
            first[key] = song
    known = _known_recordings(list(first))
    missing = sorted(first.keys() - known.keys())
    if missing:
        _insert_recordings(report, [(key, first[key]) for key in missing])
    found = known | _known_recordings(missing)
    renamed = {
        key: song
        for key, song in first.items()
        if found[key].report_id == report.pk and _name_order(song) < _name_order(found[key].song)
    }
    if renamed:
        _rename_recordings(report, {found[key].id: song for key, song in renamed.items()})
    remembered.update({song: known[key].id for song, key in key_of_song.items() if key in known and key not in renamed})
    new = {song: found[key].id for song, key in key_of_song.items()}
    return {song: new[song] if song in new else remembered[song] for song in songs}


@dataclass(frozen=True)
class Known:
    id: int
    report_id: int  # the first one that named it
    song: Song


def _name_order(song: Song) -> tuple[bool, str, str, str, str]:
    return (not song.title, song.title, song.artists, isrc_of(song), song.album)


def _known_recordings(keys: list[str]) -> dict[str, Known]:
    with connection.cursor() as cursor:
        if not keys:
            return {}
        cursor.execute(
            """
            SELECT key, id, first_report_id, song_id, title, artists, isrc, album FROM royalties_reportedrecording
            WHERE key = ANY(%s::text[])""",
            [keys],
        )
        return {row[0]: Known(row[1], row[2], Song(*row[3:])) for row in cursor.fetchall()}


def _insert_recordings(report: Report, songs: Sequence[tuple[str, Song]]) -> None:
    columns = [
        [new_ref("S") for _ in songs],
        [key for key, _song in songs],
        [song.song_id for _key, song in songs],
        [song.title for _key, song in songs],
        [song.artists for _key, song in songs],
        [song.album for _key, song in songs],
        [isrc_of(song) for _key, song in songs],
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO royalties_reportedrecording
                (ref, key, song_id, title, artists, album, isrc, id_space, first_report_id, created_at)
            SELECT ref, key, song_id, title, artists, album, isrc, %s, %s, now()
            FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
                AS new (ref, key, song_id, title, artists, album, isrc)
            ORDER BY key COLLATE "C"
            ON CONFLICT (key) DO NOTHING""",
            [report.source.id_space, report.pk, *columns],
        )


def _rename_recordings(report: Report, songs: Mapping[int, Song]) -> None:
    """Give recordings an earlier name, unless another worker has found one that is earlier still."""
    rows = ReportedRecording.objects.filter(pk__in=list(songs), first_report=report)
    changed = []
    for row in rows.select_for_update(no_key=True).order_by("key"):
        song = songs[row.pk]
        if _name_order(song) < _name_order(Song(row.song_id, row.title, row.artists, row.isrc, row.album)):
            row.title, row.artists, row.isrc, row.album = song.title, song.artists, isrc_of(song), song.album
            changed.append(row)
    ReportedRecording.objects.bulk_update(changed, ["title", "artists", "isrc", "album"], batch_size=500)
