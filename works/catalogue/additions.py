"""What is added to the register, and the one place that writes it: titles, recordings, performers, shares, keys and history by COPY."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from django.db import connection

from portal.lib.refs import new_ref
from works.catalogue.base import ParsedRecording, ParsedTitle
from works.catalogue.bulk import copy_rows, new_ids
from works.catalogue.performers import Said, link_performers
from works.matching.keys import keys_of_title
from works.models import ChangeLog, Recording, RecordingWork, Share, Work, WorkKey, WorkTitle
from works.provenance import NameSource
from works.shares import ShareFact

ShareKey = tuple[int, str, str, int, Fraction, dt.date]
KEY_TEXT: Final = 300  # characters of the text kept beside a key
FEW_SHARES: Final = 500
SHARES_AT_ONCE: Final = 6000  # the database checks their sums per statement
REASON: Final = 200  # characters of the reason kept on a share


@dataclass(frozen=True, kw_only=True)
class NewShare:
    """A share to be registered. writer_id: for a publisher, the party whose share of the same right it publishes."""

    party_id: int
    role: str
    right: str
    territory: int
    fraction: Fraction
    from_date: dt.date
    writer_id: int | None = None
    row_no: int = 0

    @property
    def key(self) -> ShareKey:
        return (self.party_id, self.role, self.right, self.territory, self.fraction, self.from_date)

    @property
    def slot(self) -> tuple[int, str, str, int]:
        return (self.party_id, self.role, self.right, self.territory)

    def as_json(self) -> dict[str, str]:
        """For the history."""
        return {"role": self.role, "right": self.right, "fraction": str(self.fraction)}

    def as_fact(self) -> ShareFact:
        return ShareFact(0, self.party_id, self.right, self.territory, self.fraction, self.from_date, None, self.role)


@dataclass(frozen=True, kw_only=True)
class Addition:
    """What is added to one work; work_id None makes the work."""

    work_id: int | None
    title: str
    titles: Sequence[ParsedTitle]
    iswc: str
    submitter_ref: str
    recordings: Sequence[ParsedRecording]
    shares: Sequence[NewShare]
    details: Sequence[ParsedRecording] = ()  # of recordings the work has already: their album and duration
    standing: Mapping[tuple[int, str], int] = field(default_factory=dict)  # writer and right to the share there already


@dataclass(frozen=True, kw_only=True)
class Source:
    """Who adds, why, when, and what the history says beside it."""

    organisation_id: int | None
    actor_id: int | None
    reason: str
    at: dt.datetime
    data: Mapping[str, Any] = field(default_factory=dict)


def add_to_register(
    additions: Sequence[Addition], source: Source, linkable: Mapping[str, int] | None = None
) -> list[int]:
    """Make or extend works by COPY; returns the work of each addition. The caller has checked that everything fits.

    linkable: recordings that stand in the register without any work, by ISRC; they are linked instead of made again.
    """
    fresh = iter(new_ids(Work, sum(addition.work_id is None for addition in additions)))
    ids = [next(fresh) if addition.work_id is None else addition.work_id for addition in additions]
    made = [(work_id, addition) for work_id, addition in zip(ids, additions, strict=True) if addition.work_id is None]
    extended = [
        (work_id, addition) for work_id, addition in zip(ids, additions, strict=True) if addition.work_id is not None
    ]
    copy_rows(
        Work,
        ["id", "ref", "title", "iswc", "registered_by", "submitter_ref", "created_at"],
        (
            (
                work_id,
                new_ref("W"),
                each.title,
                each.iswc or None,
                source.organisation_id,
                each.submitter_ref,
                source.at,
            )
            for work_id, each in made
        ),
    )
    both = [*made, *extended]
    said = (NameSource.PUBLISHER.value, source.actor_id, source.organisation_id, source.at)
    copy_rows(
        WorkTitle,
        ["work", "text", "language", "script", "kind", "source", "said_by", "said_for", "said_at"],
        (
            (work_id, title.text, title.language, title.script, title.kind, *said)
            for work_id, each in both
            for title in each.titles
        ),
    )
    _copy_recordings(both, source, linkable or {})
    _add_details(extended)
    _copy_shares(both, source)
    copy_rows(WorkKey, ["work", "key", "text"], ((work_id, *key) for work_id, each in made for key in _keys(each)))
    WorkKey.objects.bulk_create(
        [WorkKey(work_id=work_id, key=key, text=text) for work_id, each in extended for key, text in _keys(each)],
        ignore_conflicts=True,
        batch_size=5000,
    )
    link_performers(
        [
            (work_id, recording.performer)
            for work_id, each in both
            for recording in each.recordings
            if recording.performer
        ],
        Said(
            source=NameSource.PUBLISHER.value,
            user_id=source.actor_id,
            organisation_id=source.organisation_id,
            at=source.at,
        ),
    )
    copy_rows(
        ChangeLog,
        ["work", "action", "actor", "reason", "data", "created_at"],
        (
            (work_id, "work.registered" if each.work_id is None else "work.extended", source.actor_id, source.reason,
             json.dumps({**source.data, **_told(each)}, ensure_ascii=False), source.at)
            for work_id, each in both
        ),
    )  # fmt: skip
    return ids


def _told(addition: Addition) -> dict[str, Any]:
    """What the history says was added."""
    return {
        "titles": [title.text for title in addition.titles],
        "recordings": [
            recording.isrc or recording.performer for recording in (*addition.recordings, *addition.details)
        ],
        "shares": [share.as_json() for share in addition.shares],
    }


def _copy_recordings(both: Sequence[tuple[int, Addition]], source: Source, linkable: Mapping[str, int]) -> None:
    wanted = [(work_id, each.title, recording) for work_id, each in both for recording in each.recordings]
    new = [row for row in wanted if row[2].isrc not in linkable]
    ids = new_ids(Recording, len(new))
    copy_rows(
        Recording,
        ["id", "isrc", "title", "performer", "album", "duration_seconds", "created_at"],
        (
            (
                pk,
                recording.isrc or None,
                title,
                recording.performer,
                recording.album,
                recording.duration_seconds,
                source.at,
            )
            for pk, (_, title, recording) in zip(ids, new, strict=True)
        ),
    )
    parts = [(pk, work_id, 1, 1) for pk, (work_id, _, _) in zip(ids, new, strict=True)]
    parts += [
        (linkable[recording.isrc], work_id, 1, 1) for work_id, _, recording in wanted if recording.isrc in linkable
    ]
    copy_rows(RecordingWork, ["recording", "work", "numerator", "denominator"], parts)


def _add_details(extended: Sequence[tuple[int, Addition]]) -> None:
    """Albums and durations of recordings that the register knows without."""
    rows = [(work_id, recording) for work_id, each in extended for recording in each.details]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE works_recording r SET album = coalesce(nullif(r.album, ''), new.album),
                duration_seconds = coalesce(r.duration_seconds, new.duration_seconds)
            FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::int[])
                AS new (work_id, isrc, performer, album, duration_seconds)
            JOIN works_recordingwork p ON p.work_id = new.work_id
            WHERE r.id = p.recording_id AND coalesce(r.isrc, '') = new.isrc AND (new.isrc <> '' OR r.performer = new.performer)""",
            [
                [work_id for work_id, _ in rows],
                [recording.isrc for _, recording in rows],
                [recording.performer for _, recording in rows],
                [recording.album for _, recording in rows],
                [recording.duration_seconds for _, recording in rows],
            ],
        )


def _copy_shares(both: Sequence[tuple[int, Addition]], source: Source) -> None:
    """Writers before publishers, so that a publisher's share can name the one it follows."""
    ids = iter(new_ids(Share, sum(len(each.shares) for _, each in both)))
    rows: list[tuple[Any, ...]] = []
    for work_id, each in both:
        links = dict(each.standing)
        for share in sorted(each.shares, key=lambda share: share.writer_id is not None):
            pk = next(ids)
            if share.writer_id is None:
                links.setdefault((share.party_id, share.right), pk)
            link = None if share.writer_id is None else links.get((share.writer_id, share.right))
            numbers = (share.territory, share.fraction.numerator, share.fraction.denominator)
            rest = (share.from_date, link, source.reason[:REASON], "", source.at)
            rows.append((pk, work_id, share.party_id, share.role, share.right, *numbers, *rest))
    fields = (
        "id work party role right territory numerator denominator from_date writer_share reason end_reason created_at"
    )
    with _planned_for_many() if len(rows) > FEW_SHARES else nullcontext():
        for start in range(0, len(rows), SHARES_AT_ONCE):
            copy_rows(Share, fields.split(), rows[start : start + SHARES_AT_ONCE])


@contextmanager
def _planned_for_many() -> Iterator[None]:
    """The check of sums joins the new shares with each other. Without statistics PostgreSQL takes a young table for an empty
    one and compares every share with every other: seven times slower at 1,000, a minute at 60,000.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        yield
        cursor.execute("SET LOCAL enable_nestloop = on")


def _keys(addition: Addition) -> Iterable[tuple[str, str]]:
    """Key and the whole title that gave it, each key once."""
    found: dict[str, str] = {}
    for title in addition.titles:
        for key in keys_of_title(title.text):
            found.setdefault(key.key, title.text[:KEY_TEXT])
    return found.items()
