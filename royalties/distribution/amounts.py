"""What every song of a pool gets, whether or not anybody knows whose it is."""

from __future__ import annotations

from royalties.distribution.tables import execute, fetch

# n is the money received, k the won. A pool never pays more than it holds: rejected money below 0 weighs nothing. The songs of
# a correction may weigh less than nothing; quotas are rounded down all the same.
POOL_AMOUNTS = """
WITH part AS (
    SELECT covered.pool_id, p.source_micros::numeric AS n, p.won_micros::numeric AS k, u.id AS song_usage_id,
        u.amount_micros::numeric AS weight,
        concat_ws('|', song.key, u.service, to_char(u.usage_month, 'YYYY-MM'), lpad(u.amount_micros::text, 20, '0'), r.basis,
            r.sha256) AS name
    FROM royalties_pool p
    JOIN royalties_pool_reports covered ON covered.pool_id = p.id
    JOIN royalties_report r ON r.id = covered.report_id
    JOIN royalties_songusage u ON u.report_id = r.id AND u.amount_micros <> 0
    JOIN royalties_reportedrecording song ON song.id = u.recording_id
    WHERE p.id = ANY(%(pools)s)
    UNION ALL
    SELECT covered.pool_id, p.source_micros, p.won_micros, NULL, r.rejected_micros, 'rejected|' || r.sha256
    FROM royalties_pool p
    JOIN royalties_pool_reports covered ON covered.pool_id = p.id
    JOIN royalties_report r ON r.id = covered.report_id AND r.rejected_micros > 0
    WHERE p.id = ANY(%(pools)s)
), weighed AS (
    SELECT part.*, sum(weight) OVER (PARTITION BY pool_id) AS whole FROM part
), quota AS (
    SELECT pool_id, song_usage_id, name, n, k, div(n * weight, whole) AS quota_n, mod(n * weight, whole) AS rest_n,
        div(k * weight, whole) AS quota_k, mod(k * weight, whole) AS rest_k
    FROM weighed WHERE weight > 0
    UNION ALL
    SELECT pool_id, song_usage_id, name, n, k, -div(whole - 1 - n * weight, whole), mod(whole - mod(-n * weight, whole), whole),
        -div(whole - 1 - k * weight, whole), mod(whole - mod(-k * weight, whole), whole)
    FROM weighed WHERE weight < 0
), placed AS (
    SELECT *,
        n - sum(quota_n) OVER (PARTITION BY pool_id) AS left_n,
        k - sum(quota_k) OVER (PARTITION BY pool_id) AS left_k,
        row_number() OVER (PARTITION BY pool_id ORDER BY rest_n DESC, name COLLATE "C") AS place_n,
        row_number() OVER (PARTITION BY pool_id ORDER BY rest_k DESC, name COLLATE "C") AS place_k
    FROM quota
)
SELECT pool_id, song_usage_id, quota_n + (place_n <= left_n)::int AS n, quota_k + (place_k <= left_k)::int AS k
FROM placed
"""


def divide_pools() -> None:
    """run_amount: what every song of the run's pools gets, in both currencies."""
    pools = [pool_id for (pool_id,) in fetch("SELECT DISTINCT pool_id FROM run_song ORDER BY 1")]
    execute("CREATE TEMPORARY TABLE run_amount ON COMMIT DROP AS" + POOL_AMOUNTS, {"pools": pools})
    execute("ANALYZE run_amount")
