"""The recordings that lines name: found, or made where none is known yet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final
from zlib import crc32

from django.db import connection, transaction

from portal.lib.refs import new_ref
from royalties.models import Report, ReportedRecording, SongWords
from royalties.reports.lines import Song, duration_of, ipis_of, isrc_of, iswc_of, key_of

SHARE_LOCKS: Final = (0x67_61_72_04, 0x67_61_72_05)  # advisory, with the number of the report
SHARES: Final = len(SHARE_LOCKS)
NAMED: Final = ("title", "artists", "isrc", "album", "iswc", "writers", "ipis", "duration_seconds")


def resolve_songs(report: Report, songs: Sequence[Song], *, turn: int = 0) -> list[int]:
    """The number of each song's recording, made where none is known yet, in transactions of their own.

    Known ones cost one look-up. Lines all over a file name the same songs, and two workers who begin it at once would both
    make all of them. So songs are made in two shares, each by one worker at a time: whoever begins with one, by its `turn`,
    finds the other made. Where lines of a new song name it differently, it gets the first of these names in the order of
    their letters: so the order of the lines and the number of workers leave no trace. Rows are made in the order of their
    keys, so that two workers wait for each other but never in a circle.
    """
    id_space = _id_space(report)
    keys = [key_of(song, id_space) for song in songs]
    first: dict[str, Song] = {}
    for key, song in zip(keys, songs, strict=True):
        named = first.setdefault(key, song)
        if named is not song and named != song and _facts(song) < _facts(named):
            first[key] = song
    known = _known_recordings(report, first)
    missing = sorted(first.keys() - known.keys())
    for number in range(turn, turn + SHARES):
        share = number % SHARES
        its = [key for key in missing if crc32(key.encode()) % SHARES == share]
        if its:
            with transaction.atomic():
                _take(share, report)
                known |= _make_recordings(report, {key: first[key] for key in its})
    return [known[key] for key in keys]


def _id_space(report: Report) -> str:
    """Whose numbers its song ids are: the source's, or those of one column that a mapping names."""
    written = report.reading["layout"].get("written") if "layout" in report.reading else None
    return str((written or {}).get("id_space") or report.source.id_space)


def _take(share: int, report: Report) -> None:
    """Be the only worker at a share of a report's songs until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [SHARE_LOCKS[share], report.pk])


def _make_recordings(report: Report, songs: Mapping[str, Song]) -> dict[str, int]:
    """Those of a share that the worker before has not made meanwhile."""
    known = _known_recordings(report, songs)
    missing = [(key, song) for key, song in songs.items() if key not in known]
    if missing:
        known |= _insert_recordings(report, missing)
        if len(known) < len(songs):  # a worker of another report has made the others
            known |= _known_recordings(report, {key: song for key, song in missing if key not in known})
    return known


Facts = tuple[bool, str, str, str, str, str, str, str, int]


def _facts(song: Song) -> Facts:
    """What a recording is called, in the order by which the first of several names is found."""
    named = (song.title, song.artists, isrc_of(song), song.album, iswc_of(song), song.writers, ipis_of(song))
    seconds = duration_of(song)
    return (not song.title, *named, 0 if seconds is None else seconds)


def _facts_of_row(row: ReportedRecording) -> Facts:
    named = (row.title, row.artists, row.isrc, row.album, row.iswc, row.writers, row.ipis)
    return (not row.title, *named, 0 if row.duration_seconds is None else row.duration_seconds)


def _known_recordings(report: Report, songs: Mapping[str, Song]) -> dict[str, int]:
    """Keys and numbers of those that stand. What this report itself has made may get an earlier name."""
    with connection.cursor() as cursor:
        # As an array they are looked up in their order, which takes a third of what a join with them takes.
        cursor.execute(
            """
            SELECT key, id, first_report_id = %s FROM royalties_reportedrecording
            WHERE key = ANY(ARRAY(SELECT json_array_elements_text(%s)))""",
            [report.pk, json.dumps(list(songs))],
        )
        found = cursor.fetchall()
    mine = {number: songs[key] for key, number, is_mine in found if is_mine}
    if mine:
        _rename_recordings(report, mine)
    return {key: number for key, number, _is_mine in found}


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
    """Give recordings of this report an earlier name, where one was found and no worker has found one that is earlier still."""
    later = [number for number, facts in _facts_of(list(songs)) if _facts(songs[number]) < facts]
    if not later:
        return
    with transaction.atomic():
        rows = ReportedRecording.objects.filter(pk__in=later, first_report=report)
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


def _facts_of(numbers: list[int]) -> list[tuple[int, Facts]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id, title = '', title, artists, isrc, album, iswc, writers, ipis, coalesce(duration_seconds, 0)
            FROM royalties_reportedrecording WHERE id = ANY(%s)""",
            [numbers],
        )
        return [(row[0], row[1:]) for row in cursor.fetchall()]
