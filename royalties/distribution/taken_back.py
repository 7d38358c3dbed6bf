"""Which standing earnings a run reverses: what they were earned by has been withdrawn or replaced, or changed its amount.

Nothing is changed or removed. An earning that is taken back gets its negative, once, in this run; with what its song earns anew
they meet on the payee's account, so that only the difference is posted.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.lib.errors import DomainError
from royalties.distribution.amounts import POOL_AMOUNTS
from royalties.distribution.tables import execute, fetch
from royalties.models import Pool


class PoolWouldOverpay(DomainError):
    code = "pool-would-overpay"
    sentence = _(
        "The money of %(reference)s would not do for its songs: a correction takes back what nobody has been paid,"
        " so they wait."
    )
    remedy = _("Match the songs of the correction, then distribute again.")


# An earning of a withdrawn report, or of a correction of nothing else, goes back at once; of a replaced one together with what
# the money of its place becomes.
TAKEN_BACK = f"""
CREATE TEMPORARY TABLE run_reversal ON COMMIT DROP AS
WITH amount AS ({POOL_AMOUNTS}
), earned AS (
    SELECT pool_id, song_usage_id, sum(source_micros) AS n, sum(won_micros) AS k
    FROM royalties_earning WHERE pool_id = ANY(%(pools)s) GROUP BY 1, 2
), song AS (
    SELECT earned.song_usage_id, earned.pool_id FROM earned LEFT JOIN amount USING (pool_id, song_usage_id)
    WHERE (earned.n, earned.k) IS DISTINCT FROM (amount.n, amount.k)
    UNION ALL
    SELECT u.id, NULL FROM royalties_report r JOIN royalties_songusage u ON u.report_id = r.id
    WHERE r.held_reason IN ('withdrawn', 'corrects_nothing') OR r.held_reason = 'replaced' AND EXISTS (
        SELECT 1 FROM royalties_pool_reports covered JOIN royalties_pool p ON p.id = covered.pool_id
        WHERE covered.report_id = r.replaced_by_id AND p.state = 'released')
)
SELECT DISTINCT e.id AS earning_id, e.pool_id, e.song_usage_id
FROM song JOIN royalties_earning e ON e.song_usage_id = song.song_usage_id AND e.pool_id = coalesce(song.pool_id, e.pool_id)
WHERE e.reverses_id IS NULL AND NOT EXISTS (SELECT 1 FROM royalties_earning b WHERE b.reverses_id = e.id);
ANALYZE run_reversal
"""  # noqa: S608 a text of this project

# Its songs, those of them that get less than nothing, and what of its money has gone its way and stays there.
OVERPAYING = """
WITH song AS (
    SELECT s.pool_id, sum(a.n) AS n, sum(a.k) AS k FROM run_song s JOIN run_amount a USING (song_usage_id) GROUP BY 1
), stays AS (
    SELECT pool_id, sum(n) AS n, sum(k) AS k FROM (
        SELECT e.pool_id, e.source_micros AS n, e.won_micros AS k FROM royalties_earning e WHERE e.pool_id IN (SELECT pool_id FROM song)
        UNION ALL
        SELECT e.pool_id, -e.source_micros, -e.won_micros FROM run_reversal b JOIN royalties_earning e ON e.id = b.earning_id
    ) AS earned GROUP BY 1
)
SELECT p.id FROM song JOIN royalties_pool p ON p.id = song.pool_id LEFT JOIN stays ON stays.pool_id = p.id
WHERE song.n + coalesce(stays.n, 0) > p.source_micros OR song.k + coalesce(stays.k, 0) > p.won_micros
"""


def take_back() -> list[int]:
    """run_reversal: the earnings to reverse. Returns the pools that are divided again."""
    pools = Pool.objects.filter(state=Pool.State.RELEASED, to_divide_again=True).order_by("pk")
    again = list(pools.values_list("pk", flat=True))
    execute(TAKEN_BACK, {"pools": again})
    return again


def leave_out_overpaying() -> tuple[list[int], list[DomainError]]:
    """A pool never pays more than it holds: where the songs of a correction have no owner yet, the pool waits as it is."""
    overpaying = [pool_id for (pool_id,) in fetch(OVERPAYING)]
    if not overpaying:
        return [], []
    execute("DELETE FROM run_song WHERE pool_id = ANY(%s)", [overpaying])
    execute(
        """
        DELETE FROM run_reversal USING royalties_songusage u, royalties_report r
        WHERE u.id = run_reversal.song_usage_id AND r.id = u.report_id AND r.held_reason NOT IN ('withdrawn', 'corrects_nothing') AND pool_id = ANY(%s)
        """,
        [overpaying],
    )
    pools = Pool.objects.filter(pk__in=overpaying).select_related("remittance").order_by("pk")
    return overpaying, [PoolWouldOverpay(reference=pool.remittance.reference) for pool in pools]
