"""The recordings that lines name: found, or made where none is known yet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from django.db import connection, transaction

from portal.lib.refs import new_ref
from royalties.models import Report, ReportedRecording, SongWords
from royalties.reports.lines import Song, duration_of, ipis_of, isrc_of, iswc_of, key_of

REMEMBERED_AT_MOST: Final = 100_000  # songs, some hundred bytes each
SHARE_LOCKS: Final = (0x67_61_72_04, 0x67_61_72_05)  # advisory, with the number of the report
SHARES: Final = len(SHARE_LOCKS)
NAMED: Final = ("title", "artists", "isrc", "album", "iswc", "writers", "ipis", "duration_seconds")


def resolve_songs(report: Report, songs: set[Song], remembered: dict[Song, int], *, turn: int = 0) -> dict[Song, int]:
    """The number of each song's recording, made where none is known yet, in transactions of their own.

    Known ones cost one join, remembered ones nothing. Lines all over a file name the same songs, and two workers who begin
    it at once would both make all of them. So songs are made in two shares, each by one worker at a time: whoever begins with
    one, by its `turn`, finds the other made. Where lines of a new song name it differently, it gets the first of
    these names in the order of their letters: so the order of the lines and the number of workers leave no trace. Rows are
    made in the order of their keys, so that two workers wait for each other but never in a circle.
    """
    if len(remembered) > REMEMBERED_AT_MOST:
        remembered.clear()
    id_space = _id_space(report)
    key_of_song = {song: key_of(song, id_space) for song in songs if song not in remembered}
    for number in range(turn, turn + SHARES):
        share = number % SHARES
        its = {song: key for song, key in key_of_song.items() if crc32(key.encode()) % SHARES == share}
        if its:
            with transaction.atomic():
                _take(share, report)
                ids = _resolve_keys(report, its)
            remembered.update({song: ids[key] for song, key in its.items()})
    return {song: remembered[song] for song in songs}


def _id_space(report: Report) -> str:
    """Whose numbers its song ids are: the source's, or those of one column that a mapping names."""
    written = report.reading["layout"].get("written") if "layout" in report.reading else None
    return str((written or {}).get("id_space") or report.source.id_space)


def _take(share: int, report: Report) -> None:
    """Be the only worker at a share of a report's songs until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [SHARE_LOCKS[share], report.pk])


def _resolve_keys(report: Report, key_of_song: Mapping[Song, str]) -> dict[str, int]:
    first: dict[str, Song] = {}
    for song, key in key_of_song.items():
        if key not in first or _facts(song) < _facts(first[key]):
            first[key] = song
    known = _known_recordings(list(first))
    missing = sorted(first.keys() - known.keys())
    made: dict[str, int] = {}
    if missing:
        made = _insert_recordings(report, [(key, first[key]) for key in missing])
        if len(made) < len(missing):  # a worker of another report has made the others meanwhile
            known |= _known_recordings([key for key in missing if key not in made])
    renamed = {
        recording.id: first[key]
        for key, recording in known.items()
        if recording.report_id == report.pk and _facts(first[key]) < recording.facts
    }
    if renamed:
        _rename_recordings(report, renamed)
    return made | {key: recording.id for key, recording in known.items()}


Facts = tuple[bool, str, str, str, str, str, str, str, int]


@dataclass(frozen=True)
class Known:
    id: int
    report_id: int  # the first one that named it
    facts: Facts


def _facts(song: Song) -> Facts:
    """What a recording is called, in the order by which the first of several names is found."""
    named = (song.title, song.artists, isrc_of(song), song.album, iswc_of(song), song.writers, ipis_of(song))
    seconds = duration_of(song)
    return (not song.title, *named, 0 if seconds is None else seconds)


def _facts_of_row(row: ReportedRecording) -> Facts:
    named = (row.title, row.artists, row.isrc, row.album, row.iswc, row.writers, row.ipis)
    return (not row.title, *named, 0 if row.duration_seconds is None else row.duration_seconds)


def _known_recordings(keys: list[str]) -> dict[str, Known]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT key, id, first_report_id, title = '', title, artists, isrc, album, iswc, writers, ipis,
                coalesce(duration_seconds, 0)
            FROM royalties_reportedrecording
            WHERE key IN (SELECT json_array_elements_text(%s))""",
            [json.dumps(keys)],
        )
        return {row[0]: Known(row[1], row[2], row[3:]) for row in cursor.fetchall()}


def _insert_recordings(report: Report, songs: Sequence[tuple[str, Song]]) -> dict[str, int]:
    """Keys and numbers of those that did not stand yet. Rows go as JSON: to quote arrays of texts takes longer than to insert."""
    rows = [
        {
            "ref": new_ref("S"), "key": key, "song_id": song.song_id, "title": song.title, "artists": song.artists,
            "album": song.album, "isrc": isrc_of(song), "iswc": iswc_of(song), "writers": song.writers, "ipis": ipis_of(song),
            "duration_seconds": duration_of(song),
        }
        for key, song in songs
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO royalties_reportedrecording
                (ref, key, song_id, title, artists, album, isrc, iswc, writers, ipis, duration_seconds, id_space,
                first_report_id, created_at)
            SELECT ref, key, song_id, title, artists, album, isrc, iswc, writers, ipis, duration_seconds, %s, %s, now()
            FROM json_to_recordset(%s) AS new (ref text, key text, song_id text, title text, artists text, album text,
                isrc text, iswc text, writers text, ipis text, duration_seconds int)
            ORDER BY key COLLATE "C"
            ON CONFLICT (key) DO NOTHING
            RETURNING key, id""",
            [_id_space(report), report.pk, json.dumps(rows)],
        )
        return dict(cursor.fetchall())


def _rename_recordings(report: Report, songs: Mapping[int, Song]) -> None:
    """Give recordings an earlier name, unless another worker has found one that is earlier still."""
    rows = ReportedRecording.objects.filter(pk__in=list(songs), first_report=report)
    changed = []
    for row in rows.select_for_update(no_key=True).order_by("key"):
        song = songs[row.pk]
        if _facts(song) < _facts_of_row(row):
            row.title, row.artists, row.isrc, row.album = song.title, song.artists, isrc_of(song), song.album
            row.iswc, row.writers, row.ipis = iswc_of(song), song.writers, ipis_of(song)
            row.duration_seconds = duration_of(song)
            changed.append(row)
    ReportedRecording.objects.bulk_update(changed, NAMED, batch_size=500)
    SongWords.objects.filter(recording__in=changed).delete()
