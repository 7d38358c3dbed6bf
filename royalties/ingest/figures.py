"""Counts and money of a report, from its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import Count, Sum

from royalties.models import RejectedLine, Report
from royalties.reports.base import NO_MANDATE, REASONS


@dataclass(frozen=True, kw_only=True)
class ReportFigures:
    """Identity 1 of a report: money_micros = matched + review + unmatched + rejected. Money in millionths, as integers.

    Lump sums are among the unmatched, and what we have no mandate for among the rejected; each is also said by itself.
    """

    lines: int
    accepted: int
    rejected: int
    songs: int
    new_songs: int
    matched_lines: int
    review_lines: int
    unmatched_lines: int
    money_micros: int
    matched_micros: int
    review_micros: int
    unmatched_micros: int
    rejected_micros: int
    lump_lines: int = 0
    lump_micros: int = 0
    no_mandate_lines: int = 0
    no_mandate_micros: int = 0

    @property
    def without_owner_lines(self) -> int:
        """Lines of songs that are unmatched."""
        return self.unmatched_lines - self.lump_lines

    @property
    def without_owner_micros(self) -> int:
        return self.unmatched_micros - self.lump_micros

    @property
    def not_taken_lines(self) -> int:
        """Lines rejected for another reason than where they were used."""
        return self.rejected - self.no_mandate_lines

    @property
    def not_taken_micros(self) -> int:
        return self.rejected_micros - self.no_mandate_micros


FIGURES: Final = """
    WITH song AS MATERIALIZED (
        SELECT recording_id, sum(lines) AS lines, sum(amount_micros) AS micros FROM royalties_songusage
        WHERE report_id = %(report)s GROUP BY recording_id)
    SELECT coalesce(sum(song.lines), 0), count(*), count(*) FILTER (WHERE s.first_report_id = %(report)s),
        coalesce(sum(song.lines) FILTER (WHERE m.outcome = 'accepted'), 0),
        coalesce(sum(song.lines) FILTER (WHERE m.outcome = 'review'), 0),
        coalesce(sum(song.micros), 0),
        coalesce(sum(song.micros) FILTER (WHERE m.outcome = 'accepted'), 0),
        coalesce(sum(song.micros) FILTER (WHERE m.outcome = 'review'), 0),
        (SELECT count(*) FROM royalties_rejectedline WHERE report_id = %(report)s),
        (SELECT coalesce(sum(amount_micros::numeric), 0) FROM royalties_rejectedline WHERE report_id = %(report)s),
        (SELECT count(*) FROM royalties_lumpsum WHERE report_id = %(report)s),
        (SELECT coalesce(sum(amount_micros::numeric), 0) FROM royalties_lumpsum WHERE report_id = %(report)s),
        (SELECT count(*) FROM royalties_rejectedline WHERE report_id = %(report)s AND reason = %(no_mandate)s),
        (SELECT coalesce(sum(amount_micros::numeric), 0) FROM royalties_rejectedline
            WHERE report_id = %(report)s AND reason = %(no_mandate)s)
    FROM song JOIN royalties_reportedrecording s ON s.id = song.recording_id
    LEFT JOIN royalties_match m ON m.recording_id = song.recording_id AND m.superseded_at IS NULL"""


SUMMED: Final = """
    WITH song AS MATERIALIZED (
        SELECT recording_id, sum(lines) AS lines, sum(amount_micros) AS micros FROM royalties_songusage
        WHERE report_id = %(report)s GROUP BY recording_id)
    SELECT coalesce(sum(lines), 0) + (SELECT count(*) FROM royalties_lumpsum WHERE report_id = %(report)s),
        coalesce(sum(micros), 0)
            + (SELECT coalesce(sum(amount_micros::numeric), 0) FROM royalties_lumpsum WHERE report_id = %(report)s),
        count(*),
        (SELECT count(*) FROM song JOIN royalties_reportedrecording s ON s.id = song.recording_id
            WHERE s.first_report_id = %(report)s),
        (SELECT count(*) FROM royalties_rejectedline WHERE report_id = %(report)s),
        (SELECT coalesce(sum(amount_micros::numeric), 0) FROM royalties_rejectedline WHERE report_id = %(report)s)
    FROM song"""


@dataclass(frozen=True, kw_only=True)
class Summed:
    """What was read of a report, whatever its songs are matched to. Money in millionths, as integers."""

    accepted: int
    accepted_micros: int
    songs: int
    new_songs: int
    rejected: int
    rejected_micros: int


def summed_figures(report: Report) -> Summed:
    """Counts and money of a report whose lines have just been summed up, from its rows."""
    with connection.cursor() as cursor:
        # The rows are so new that PostgreSQL expects a handful, and would look through all of them for each song.
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(SUMMED, {"report": report.pk})
        accepted, accepted_micros, songs, new_songs, rejected, rejected_micros = map(int, cursor.fetchone())
        cursor.execute("SET LOCAL enable_nestloop TO DEFAULT")
    return Summed(
        accepted=accepted,
        accepted_micros=accepted_micros,
        songs=songs,
        new_songs=new_songs,
        rejected=rejected,
        rejected_micros=rejected_micros,
    )


def report_figures(report: Report) -> ReportFigures:
    """Counts and money of a report that has been read, from its rows, by the matches that stand now."""
    with connection.cursor() as cursor:
        cursor.execute(FIGURES, {"report": report.pk, "no_mandate": NO_MANDATE})
        numbers = [int(number) for number in cursor.fetchone()]
    of_songs, songs, new_songs, matched, review, money, matched_micros, review_micros, rejected, rejected_micros = (
        numbers[:10]
    )
    lump_lines, lump_micros, no_mandate_lines, no_mandate_micros = numbers[10:]
    accepted, money = of_songs + lump_lines, money + lump_micros
    return ReportFigures(
        lines=accepted + rejected,
        accepted=accepted,
        rejected=rejected,
        songs=songs,
        new_songs=new_songs,
        matched_lines=matched,
        review_lines=review,
        unmatched_lines=accepted - matched - review,
        money_micros=money + rejected_micros,
        matched_micros=matched_micros,
        review_micros=review_micros,
        unmatched_micros=money - matched_micros - review_micros,
        rejected_micros=rejected_micros,
        lump_lines=lump_lines,
        lump_micros=lump_micros,
        no_mandate_lines=no_mandate_lines,
        no_mandate_micros=no_mandate_micros,
    )


def rejected_by_reason(report: Report) -> list[dict[str, Any]]:
    """The rejected lines of a report and their money, by reason: `reason`, `words`, `lines` and `micros`, most lines first."""
    rows = RejectedLine.objects.filter(report=report).order_by().values("reason")
    sums = rows.annotate(lines=Count("id"), micros=Sum("amount_micros")).order_by("-lines", "reason")
    return [{**row, "micros": int(row["micros"]), "words": REASONS.get(row["reason"], row["reason"])} for row in sums]
