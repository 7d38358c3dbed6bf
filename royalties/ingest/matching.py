"""Songs into works."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from portal.jobs.services import Work
from royalties.ingest.cycles import without_looking_for_cycles
from royalties.models import Match, RejectedPair, ReportedRecording
from works.matching import Decision, SongQuery, match


def work_match(work: Work, _prepared: Any) -> None:
    with without_looking_for_cycles():
        songs = list(songs_to_match(work).values_list("pk", *ASKED_WITH))
        rejected: dict[str, set[int]] = {}
        pairs = RejectedPair.objects.standing().filter(
            _is_among("royalties_rejectedpair.recording_id", work.payload["songs"])
        )
        for key, work_id in pairs.values_list("recording__key", "work_id"):
            rejected.setdefault(key, set()).add(work_id)
        queries = [as_query(*facts) for _number, *facts in songs]
        decisions = match(queries, {key: frozenset(works) for key, works in rejected.items()})
        _write_matches([song[0] for song in songs], decisions)


ASKED_WITH: Final = ("key", "title", "artists", "writers", "isrc", "album", "iswc", "ipis", "duration_seconds")


def as_query(
    key: str, title: str, artists: str, writers: str, isrc: str, album: str, iswc: str, ipis: str, seconds: int | None
) -> SongQuery:
    """What the matcher is asked of a reported song; the columns of ASKED_WITH.

    It compares artists with performers and with writers, so writers stand in where a report names no artist, as those of
    societies do.
    """
    return SongQuery(key, title, artists or writers, isrc, iswc, tuple(ipis.split()), album, seconds)


def songs_to_match(work: Work) -> QuerySet[ReportedRecording]:
    """The songs of a chunk that no match stands for. Another report may have matched some meanwhile.

    Asked in two steps: where both tables are new, PostgreSQL would look through all matches for each song.
    """
    songs = work.payload["songs"]
    standing = Match.objects.filter(_is_among("royalties_match.recording_id", songs), superseded_at__isnull=True)
    matched = set(standing.values_list("recording_id", flat=True))
    left = [song for song in songs if song not in matched]
    return ReportedRecording.objects.filter(_is_among("royalties_reportedrecording.id", left)).order_by(
        "artists", "title", "key"
    )


def _is_among(column: str, numbers: Sequence[int]) -> RawSQL:
    """Numbers as one parameter: a thousand of them take longer to write down than to find."""
    return RawSQL(f"{column} = ANY(%s::bigint[])", [list(numbers)], output_field=BooleanField())  # noqa: S611 our own names


def _write_matches(songs: Sequence[int], decisions: Sequence[Decision]) -> None:
    """Write what was decided of songs, unless a match stands by now: another report's, or a person's, who is always right."""
    decided = [
        {
            "recording_id": song, "outcome": decision.outcome, "method": decision.method,
            "permille": decision.probability_permille, "evidence": decision.evidence,
        }
        for song, decision in zip(songs, decisions, strict=True)
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO royalties_match
                (recording_id, outcome, method, probability_permille, evidence, reason, created_at)
            SELECT recording_id, outcome, method, permille, evidence, '', now()
            FROM json_to_recordset(%s)
                AS new (recording_id bigint, outcome text, method text, permille int, evidence jsonb)
            ORDER BY recording_id
            ON CONFLICT (recording_id) WHERE superseded_at IS NULL DO NOTHING
            RETURNING recording_id, id""",
            [json.dumps(decided)],
        )
        written = dict(cursor.fetchall())
        rows = [
            row
            for song, decision in zip(songs, decisions, strict=True)
            if song in written
            for row in _works_of(written[song], decision)
        ]
        statement = """COPY royalties_matchwork
            (match_id, work_id, rank, numerator, denominator, probability_permille, evidence) FROM STDIN"""
        with cursor.copy(statement) as copy:
            copy.write("".join("\t".join(map(str, row)) + "\n" for row in rows))


def _works_of(match_id: int, decision: Decision) -> list[tuple[int, int, int, int, int, int, str]]:
    """Rows of MatchWork in order of rank, as a COPY takes them.

    JSON has no tab and no line feed of its own; its backslashes are doubled, for a COPY halves them.
    """
    return [
        (match_id, work_id, rank, up, down, permille, json.dumps(evidence).replace("\\", "\\\\"))
        for rank, (work_id, up, down, permille, evidence) in enumerate(parts_of(decision), 1)
    ]


def parts_of(decision: Decision) -> list[tuple[int, int, int, int, dict[str, Any]]]:
    """What a decision names: the parts of an accepted song, or the candidates of one to review, best first.

    Each as work, numerator, denominator, permille and evidence.
    """
    evidence = {candidate.work_id: candidate for candidate in decision.candidates}
    if decision.outcome == "accepted":
        parts = list(decision.works)
    elif decision.outcome == "review":
        parts = [(candidate.work_id, Fraction(1)) for candidate in decision.candidates]
    else:
        parts = []
    rows = []
    for work_id, part in parts:
        candidate = evidence.get(work_id)
        permille = decision.probability_permille if candidate is None else candidate.probability_permille
        found = {} if candidate is None else candidate.evidence
        rows.append((work_id, part.numerator, part.denominator, permille, found))
    return rows
