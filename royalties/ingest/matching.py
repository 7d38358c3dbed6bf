"""Songs into works."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from portal.jobs.models import Job
from portal.jobs.services import NewChunk, Work, add_chunks
from royalties.ingest.plan import period_of
from royalties.models import Match, RejectedPair, Report, ReportedRecording, UsageLine
from works.matching import Decision, SongQuery, match


def work_match(work: Work, _prepared: Any) -> None:
    songs = list(songs_to_match(work))
    rejected: dict[str, set[int]] = {}
    pairs = RejectedPair.objects.filter(recording__in=[song.pk for song in songs])
    for key, work_id in pairs.values_list("recording__key", "work_id"):
        rejected.setdefault(key, set()).add(work_id)
    queries = [
        SongQuery(key=song.key, title=song.title, artists=song.artists, isrc=song.isrc, album=song.album)
        for song in songs
    ]
    decisions = match(queries, {key: frozenset(works) for key, works in rejected.items()})
    _write_matches(songs, decisions)


def songs_to_match(work: Work) -> QuerySet[ReportedRecording]:
    """Of this run of ids, the report's songs that no match stands for. Another report may have matched some meanwhile."""
    report = Report.objects.get(pk=work.job.subject_id)
    standing = Match.objects.filter(recording=OuterRef("pk"), superseded_at__isnull=True)
    lines = UsageLine.objects.filter(recording_id=OuterRef("pk"), report_id=report.pk, period=period_of(report))
    run = ReportedRecording.objects.filter(pk__range=(work.payload["from"], work.payload["to"]))
    return run.filter(~Exists(standing), Exists(lines)).order_by("pk")


def _write_matches(songs: Sequence[ReportedRecording], decisions: Sequence[Decision]) -> None:
    """Write what was decided, unless a match stands by now: another report's, or a person's, who is always right."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO royalties_match
                (recording_id, outcome, method, probability_permille, evidence, reason, created_at)
            SELECT recording_id, outcome, method, permille, evidence::jsonb, '', now()
            FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::int[], %s::text[])
                AS new (recording_id, outcome, method, permille, evidence)
            ORDER BY recording_id
            ON CONFLICT (recording_id) WHERE superseded_at IS NULL DO NOTHING
            RETURNING recording_id, id""",
            [
                [song.pk for song in songs],
                [decision.outcome for decision in decisions],
                [decision.method for decision in decisions],
                [decision.probability_permille for decision in decisions],
                [json.dumps(decision.evidence) for decision in decisions],
            ],
        )
        written = dict(cursor.fetchall())
        rows = [
            row
            for song, decision in zip(songs, decisions, strict=True)
            if song.pk in written
            for row in _works_of(written[song.pk], decision)
        ]
        statement = """COPY royalties_matchwork
            (match_id, work_id, rank, numerator, denominator, probability_permille, evidence) FROM STDIN"""
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)


def _works_of(match_id: int, decision: Decision) -> list[tuple[int, int, int, int, int, int, str]]:
    """Rows of MatchWork: the parts of an accepted song, or the candidates of one to review, in order of rank."""
    evidence = {candidate.work_id: candidate for candidate in decision.candidates}
    if decision.outcome == "accepted":
        parts = list(decision.works)
    elif decision.outcome == "review":
        parts = [(candidate.work_id, Fraction(1)) for candidate in decision.candidates]
    else:
        parts = []
    rows = []
    for rank, (work_id, part) in enumerate(parts, 1):
        candidate = evidence.get(work_id)
        permille = decision.probability_permille if candidate is None else candidate.probability_permille
        found = json.dumps({} if candidate is None else candidate.evidence)
        rows.append((match_id, work_id, rank, part.numerator, part.denominator, permille, found))
    return rows


def then_finish(job: Job) -> str:
    add_chunks(job, "finish", [NewChunk({})])
    return "finish"
