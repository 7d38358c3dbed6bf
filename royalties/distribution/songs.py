"""Which songs a run takes, and how their sources' money divides over the rights."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Final

from django.utils.translation import gettext_lazy as _

import works.shares
from portal.lib.errors import DomainError
from royalties.distribution.tables import copy_rows, execute, fetch
from royalties.models import Basis, Report, ReportedRecording, RightSplit, Source

RULE_OF_BASIS: Final = {Basis.WHOLE.value: works.shares.Basis.WHOLE, Basis.CLAIMED.value: works.shares.Basis.CLAIMED}


class RightsNotDeclared(DomainError):
    code = "rights-not-declared"
    sentence = _(
        "How the money of %(source)s divides over the rights is not declared for %(month)s; songs waiting: %(songs)s."
    )
    remedy = _("Record the division for this source from that month on, then distribute again.")


class BasisNotDistributed(DomainError):
    code = "basis-not-distributed"
    sentence = _(
        "Report %(report)s has the basis “%(basis)s”, which cannot be distributed yet; songs waiting: %(songs)s."
    )
    remedy = _("Declare another basis if this one is a mistake.")


class PartsExceedSong(DomainError):
    code = "parts-exceed-song"
    sentence = _("The works of “%(title)s” (%(song)s) make more than the whole song, so it waits.")
    remedy = _("Decide again which works the song is, with parts that make 1.")


# Temporary tables are analysed and joined by one column: of a table just filled, or of several columns at once, the
# planner guesses that a row or two will match, and 200,000 songs then take hours. The shape of a song is its match,
# source, month and basis: songs of one shape are divided by the same cells. Of karaoke, words_weight of cut_whole is what the
# words have of the money (royalties.prices); one whose month has no price waits.
SONGS = """
CREATE TEMPORARY TABLE run_song ON COMMIT DROP AS
SELECT u.id AS song_usage_id, covered.pool_id, u.report_id, u.recording_id, u.usage_month, r.source_id, r.basis, m.id AS match_id,
    price.words_weight, price.cut_whole,
    dense_rank() OVER (ORDER BY m.id, r.source_id, u.usage_month, r.basis, u.words_uses IS NULL) AS shape
FROM royalties_pool p
JOIN royalties_pool_reports covered ON covered.pool_id = p.id
JOIN royalties_report r ON r.id = covered.report_id AND r.state = 'ready'
JOIN royalties_songusage u ON u.report_id = r.id AND u.amount_micros <> 0
JOIN royalties_match m ON m.recording_id = u.recording_id AND m.superseded_at IS NULL AND m.outcome = 'accepted'
LEFT JOIN LATERAL (
    SELECT words * sign(words + music) AS words_weight, abs(words + music) AS cut_whole FROM (
        SELECT u.words_uses * k.words_price AS words, u.music_uses * k.music_price AS music FROM royalties_karaokeprice k
        WHERE u.words_uses IS NOT NULL AND k.source_id = r.source_id AND k.from_date <= u.usage_month ORDER BY k.from_date DESC LIMIT 1
    ) AS weight
) AS price ON TRUE
WHERE p.state = 'released' AND (u.words_uses IS NULL OR price.cut_whole > 0) AND NOT EXISTS (
    SELECT 1 FROM royalties_earning e WHERE e.song_usage_id = u.id AND e.reverses_id IS NULL
        AND NOT EXISTS (SELECT 1 FROM royalties_earning b WHERE b.reverses_id = e.id)
        AND NOT EXISTS (SELECT 1 FROM run_reversal b WHERE b.earning_id = e.id));
ANALYZE run_song
"""


def offer_songs() -> None:
    """One statement, so that every song is taken with the match that stood at one moment."""
    execute(SONGS)


def leave_out_other_bases() -> list[DomainError]:
    """A report whose basis has no rule yet waits whole."""
    waiting = Counter(
        report_id
        for (report_id,) in fetch(
            "DELETE FROM run_song WHERE NOT basis = ANY(%s) RETURNING report_id", [list(RULE_OF_BASIS)]
        )
    )
    reports = Report.objects.filter(pk__in=waiting).order_by("pk")
    return [
        BasisNotDistributed(report=report.ref, basis=report.get_basis_display(), songs=waiting[report.pk])
        for report in reports
    ]


def leave_out_too_many_parts() -> list[DomainError]:
    """A song whose works make more than the song would be paid more than once. Less is possible: the rest rests."""
    songs = fetch(
        """
        WITH matches AS (SELECT DISTINCT match_id FROM run_song),
        wholes AS (
            SELECT w.match_id, garak_lcm(w.denominator::numeric) AS whole
            FROM matches JOIN royalties_matchwork w USING (match_id) GROUP BY 1
        ), too_many AS (
            SELECT w.match_id FROM wholes JOIN royalties_matchwork w USING (match_id)
            GROUP BY w.match_id, whole HAVING sum(w.numerator * div(whole, w.denominator)) > whole
        )
        DELETE FROM run_song USING too_many WHERE run_song.match_id = too_many.match_id RETURNING recording_id
        """
    )
    waiting = ReportedRecording.objects.filter(pk__in={song for (song,) in songs}).order_by("key")
    return [PartsExceedSong(title=song.title, song=song.ref) for song in waiting]


def read_rights() -> list[DomainError]:
    """run_right: the parts of every right, per source and usage month. Where none is declared, the songs wait."""
    execute(
        'CREATE TEMPORARY TABLE run_right (source_id bigint, usage_month date, "right" text, '
        "numerator numeric, denominator numeric) ON COMMIT DROP"
    )
    problems: list[DomainError] = []
    rows: list[tuple[int, dt.date, str, int, int]] = []
    places = fetch("SELECT source_id, usage_month, count(*) FROM run_song GROUP BY 1, 2 ORDER BY 1, 2")
    splits = list(RightSplit.objects.filter(source_id__in={place[0] for place in places}).order_by("from_date"))
    for source_id, month, songs in places:
        in_force = [split for split in splits if split.source_id == source_id and split.from_date <= month]
        if in_force:
            parts = in_force[-1].fractions()
            rows += [(source_id, month, right, part.numerator, part.denominator) for right, part in parts.items()]
            continue
        source = Source.objects.get(pk=source_id)
        problems.append(RightsNotDeclared(source=source.name, month=f"{month:%Y-%m}", songs=songs))
        execute("DELETE FROM run_song WHERE source_id = %s AND usage_month = %s", [source_id, month])
    copy_rows("run_right", ("source_id", "usage_month", '"right"', "numerator", "denominator"), rows)
    execute("ANALYZE run_right")
    return problems
