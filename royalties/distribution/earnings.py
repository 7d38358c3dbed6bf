"""A song's amount over work's part × right's part × cell."""

from __future__ import annotations

from collections.abc import Sequence

from royalties.distribution.tables import execute
from royalties.models import DistributionRun, Hold
from royalties.prices import words_in_sql

# weight / whole is exact. A match whose works are less than the song has one more cell, which earns nothing.
CELLS = """
CREATE TEMPORARY TABLE run_cell ON COMMIT DROP AS
WITH cell AS (
    SELECT p.shape, p.work_id, p."right", f.position, f.id AS run_share_id, f.party_id, f.state, f.hold_id, f.collector, f.society_code,
        p.part, p.numerator * f.numerator AS numerator, p.denominator * f.denominator AS denominator
    FROM run_part p JOIN run_share f USING (place)
), common AS (
    SELECT *, garak_lcm(denominator) OVER (PARTITION BY shape, part) AS whole FROM cell
), weighed AS (
    SELECT shape, part, work_id, "right", position, run_share_id, party_id, state, hold_id, collector, society_code, whole,
        numerator * div(whole, denominator) AS weight
    FROM common
)
SELECT * FROM weighed
UNION ALL
SELECT shape, part, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, whole, whole - sum(weight) FROM weighed
GROUP BY shape, part, whole HAVING sum(weight) < whole;
ANALYZE run_cell
"""

# Of karaoke the words have their part of the song's amount (royalties.prices.cut) and the music the rest, each for its own cells.
# What a correction takes off is divided as its opposite would be, and negated: so it cancels to the millionth.
# An open hold on the song itself keeps what is payable or in suspense; the part of another society stays what it is.
WORDS_OF_N, WORDS_OF_K = (words_in_sql(amount, "s.words_weight", "s.cut_whole") for amount in ("a.n", "a.k"))
EARNINGS = f"""
CREATE TEMPORARY TABLE run_earning ON COMMIT DROP AS
WITH side AS (
    SELECT s.pool_id, s.song_usage_id, s.recording_id, s.usage_month, c.*,
        CASE c.part WHEN '' THEN a.n WHEN 'words' THEN {WORDS_OF_N} ELSE a.n - {WORDS_OF_N} END AS n,
        CASE c.part WHEN '' THEN a.k WHEN 'words' THEN {WORDS_OF_K} ELSE a.k - {WORDS_OF_K} END AS k
    FROM run_song s
    JOIN run_amount a USING (song_usage_id)
    JOIN run_cell c USING (shape)
), quota AS (
    SELECT *, div(abs(n) * weight, whole) AS quota_n, mod(abs(n) * weight, whole) AS rest_n,
        div(abs(k) * weight, whole) AS quota_k, mod(abs(k) * weight, whole) AS rest_k
    FROM side
), placed AS (
    SELECT *,
        abs(n) - sum(quota_n) OVER song AS left_n,
        abs(k) - sum(quota_k) OVER song AS left_k,
        row_number() OVER (song ORDER BY rest_n DESC, work_id, "right" COLLATE "C", position) AS place_n,
        row_number() OVER (song ORDER BY rest_k DESC, work_id, "right" COLLATE "C", position) AS place_k
    FROM quota WINDOW song AS (PARTITION BY song_usage_id, part)
), amount AS (
    SELECT *, (sign(n) * (quota_n + (place_n <= left_n)::int))::bigint AS source_micros,
        (sign(k) * (quota_k + (place_k <= left_k)::int))::bigint AS won_micros
    FROM placed WHERE run_share_id IS NOT NULL
)
SELECT a.pool_id, a.song_usage_id, a.run_share_id, a.work_id, a.party_id, a."right",
    CASE WHEN h.hold_id IS NULL THEN a.state ELSE 'held' END AS state, coalesce(h.hold_id, a.hold_id) AS hold_id,
    a.collector, a.society_code, p.currency, a.source_micros, a.won_micros, NULL::bigint AS reverses_id
FROM amount a
JOIN royalties_pool p ON p.id = a.pool_id
LEFT JOIN unnest(%(holds)s::bigint[], %(songs)s::bigint[], %(from)s::date[]) AS h (hold_id, recording_id, from_date)
    ON h.recording_id = a.recording_id AND h.from_date <= a.usage_month AND a.state IN ('payable', 'suspense')
WHERE a.source_micros <> 0 OR a.won_micros <> 0
"""  # noqa: S608 all texts are constants of this project

REVERSALS = """
INSERT INTO run_earning
SELECT e.pool_id, e.song_usage_id, e.run_share_id, e.work_id, e.party_id, e."right", e.state, e.hold_id, f.collector,
    f.society_code, e.currency, -e.source_micros, -e.won_micros, e.id
FROM run_reversal b
JOIN royalties_earning e ON e.id = b.earning_id
JOIN royalties_runshare f ON f.id = e.run_share_id
"""


def divide_songs(run: DistributionRun, holds: Sequence[Hold]) -> int:
    """Write the earnings, and the negatives of those taken back; their number. Of several holds on one song the first counts."""
    first = {hold.recording_id: hold for hold in reversed(holds)}
    execute(CELLS)
    execute(
        EARNINGS,
        {
            "holds": [hold.pk for hold in first.values()],
            "songs": list(first),
            "from": [hold.from_date.replace(day=1) for hold in first.values()],
        },
    )
    execute(REVERSALS)
    return execute(
        """
        INSERT INTO royalties_earning (run_id, pool_id, song_usage_id, run_share_id, work_id, party_id, "right", state, hold_id,
            currency, source_micros, won_micros, reverses_id)
        SELECT %s, pool_id, song_usage_id, run_share_id, work_id, party_id, "right", state, hold_id, currency, source_micros,
            won_micros, reverses_id
        FROM run_earning
        """,
        [run.pk],
    )
