"""Recompute from the rows what must be true of lines and money, and name every difference.

Each check is one SQL statement that returns only what does not agree: where, what was expected, what was found. Two rows
that say the same are compared, never a row with itself: lines with sums, sums with earnings, earnings with entries,
entries with statements, and what a run said with what it left behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.db.transaction import atomic
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from royalties.distribution import POOL_AMOUNTS
from royalties.models import LedgerEntry, LedgerTransaction, Pool
from royalties.prices import words_in_sql

AT_MOST: Final = 100  # differences named per check: one wrong file may disagree on every line


@dataclass(frozen=True, kw_only=True)
class Difference:
    check: str
    where: str
    expected: str
    found: str


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    ok: bool
    transactions: int
    entries: int
    differences: tuple[Difference, ...]


def check_ledger() -> CheckResult:
    """Run every check on one moment of the database; ok when nothing differs."""
    nested = connection.in_atomic_block
    with atomic(), connection.cursor() as cursor:
        if not nested:  # writers go on meanwhile: all checks must see the same rows
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        pools = list(Pool.objects.filter(earnings__isnull=False).distinct().values_list("pk", flat=True))
        differences: list[Difference] = []
        for name, sql in CHECKS.items():
            cursor.execute(f"{sql} LIMIT {AT_MOST}", {"pools": pools})
            differences += [
                Difference(check=name, where=str(where), expected=str(expected), found=str(found))
                for where, expected, found in cursor.fetchall()
            ]
        return CheckResult(
            ok=not differences,
            transactions=LedgerTransaction.objects.count(),
            entries=LedgerEntry.objects.count(),
            differences=tuple(differences),
        )


# ── lines and reports ───────────────────────────────────────────────────────────────────────────────────────────────────

REPORT_FIGURES = """
WITH line AS (SELECT report_id, count(*) AS lines, sum(amount_micros) AS micros FROM royalties_usageline GROUP BY 1),
rejected AS (SELECT report_id, count(*) AS lines, sum(amount_micros) AS micros FROM royalties_rejectedline GROUP BY 1),
song AS (SELECT report_id, sum(lines) AS lines, sum(amount_micros) AS micros FROM royalties_songusage GROUP BY 1),
lump AS (SELECT report_id, count(*) AS lines, sum(amount_micros) AS micros FROM royalties_lumpsum GROUP BY 1)
SELECT concat(r.ref, ' ', f.name), f.expected, f.found
FROM royalties_report r
LEFT JOIN line ON line.report_id = r.id
LEFT JOIN rejected ON rejected.report_id = r.id
LEFT JOIN song ON song.report_id = r.id
LEFT JOIN lump ON lump.report_id = r.id
CROSS JOIN LATERAL (VALUES
    ('lines', r.lines::numeric, (r.accepted + r.rejected)::numeric),
    ('accepted lines', r.accepted, coalesce(line.lines, 0) + coalesce(lump.lines, 0)),
    ('accepted money', r.accepted_micros, coalesce(line.micros, 0) + coalesce(lump.micros, 0)),
    ('rejected lines', r.rejected, coalesce(rejected.lines, 0)),
    ('rejected money', r.rejected_micros, coalesce(rejected.micros, 0)),
    ('lines of its songs', r.accepted, coalesce(song.lines, 0) + coalesce(lump.lines, 0)),
    ('money of its songs', r.accepted_micros, coalesce(song.micros, 0) + coalesce(lump.micros, 0))
) AS f (name, expected, found)
WHERE r.state IN ('ready', 'held') AND f.expected <> f.found
"""

SONG_USAGE_IS_ITS_LINES = """
WITH line AS (
    SELECT report_id, recording_id, service, usage_month, count(*) AS lines, sum(uses) AS uses, sum(amount_micros) AS micros,
        sum(words_uses) AS words, sum(music_uses) AS music
    FROM royalties_usageline WHERE report_id IN (
        SELECT id FROM royalties_report WHERE state IN ('ready', 'held') UNION SELECT report_id FROM royalties_songusage
    ) GROUP BY 1, 2, 3, 4
), song AS (
    SELECT report_id, recording_id, service, usage_month, lines, uses, amount_micros AS micros, words_uses AS words,
        music_uses AS music
    FROM royalties_songusage
)
SELECT concat_ws(' ', 'report', report_id, 'song', recording_id, service, usage_month),
    concat_ws(' ', line.lines, line.uses, line.micros, line.words, line.music),
    concat_ws(' ', song.lines, song.uses, song.micros, song.words, song.music)
FROM line FULL JOIN song USING (report_id, recording_id, service, usage_month)
WHERE (line.lines, line.uses, line.micros, line.words, line.music)
    IS DISTINCT FROM (song.lines, song.uses, song.micros, song.words, song.music)
"""

REPORTED = """
SELECT r.ref, r.accepted_micros + r.rejected_micros,
    coalesce(sum(u.amount_micros) FILTER (WHERE m.outcome = 'accepted'), 0)
    + coalesce(sum(u.amount_micros) FILTER (WHERE m.outcome = 'review'), 0)
    + coalesce(sum(u.amount_micros) FILTER (WHERE m.outcome = 'none'), 0)
    + (SELECT coalesce(sum(l.amount_micros), 0) FROM royalties_lumpsum l WHERE l.report_id = r.id)
    + (SELECT coalesce(sum(x.amount_micros), 0) FROM royalties_rejectedline x WHERE x.report_id = r.id) AS found
FROM royalties_report r
LEFT JOIN royalties_songusage u ON u.report_id = r.id
LEFT JOIN royalties_match m ON m.recording_id = u.recording_id AND m.superseded_at IS NULL
WHERE r.state IN ('ready', 'held')
GROUP BY r.id
HAVING r.accepted_micros + r.rejected_micros <> coalesce(sum(u.amount_micros) FILTER (WHERE m.outcome IN ('accepted', 'review', 'none')), 0)
    + (SELECT coalesce(sum(l.amount_micros), 0) FROM royalties_lumpsum l WHERE l.report_id = r.id)
    + (SELECT coalesce(sum(x.amount_micros), 0) FROM royalties_rejectedline x WHERE x.report_id = r.id)
"""

# ── the ledger by itself ────────────────────────────────────────────────────────────────────────────────────────────────

TRANSACTION_BALANCES = """
SELECT concat(t.key, ' ', e.currency), 0, sum(e.amount_micros)
FROM royalties_ledgerentry e JOIN royalties_ledgertransaction t ON t.id = e.transaction_id
GROUP BY t.key, e.currency HAVING sum(e.amount_micros) <> 0
"""

TRANSACTION_HAS_ENTRIES = """
SELECT t.key, 'entries', 'none' FROM royalties_ledgertransaction t
WHERE NOT EXISTS (SELECT 1 FROM royalties_ledgerentry e WHERE e.transaction_id = t.id)
"""

ENTRY_HAS_THE_CURRENCY_OF_ITS_ACCOUNT = """
SELECT concat('entry ', e.id), a.currency, e.currency
FROM royalties_ledgerentry e JOIN royalties_ledgeraccount a ON a.id = e.account_id WHERE a.currency <> e.currency
"""

REVERSAL_NEGATES = """
SELECT concat(t.key, ' account ', e.account_id), 0, sum(e.amount_micros)
FROM royalties_ledgertransaction t
JOIN royalties_ledgerentry e ON e.transaction_id IN (t.id, t.reverses_id)
WHERE t.reverses_id IS NOT NULL GROUP BY t.key, e.account_id HAVING sum(e.amount_micros) <> 0
"""

# ── money in ────────────────────────────────────────────────────────────────────────────────────────────────────────────

# What a pool says, what its remittance and exchange say, and what its accounts say. Reversals are not looked at here:
# a reversed exchange would be one of the differences to be explained.
POOL_FIGURES = """
WITH balance AS (
    SELECT a.owner_key, a.currency, sum(e.amount_micros) AS micros,
        sum(e.amount_micros) FILTER (WHERE t.kind = 'remittance') AS received,
        sum(e.amount_micros) FILTER (WHERE t.kind = 'exchange') AS exchanged
    FROM royalties_ledgeraccount a JOIN royalties_ledgerentry e ON e.account_id = a.id
    JOIN royalties_ledgertransaction t ON t.id = e.transaction_id WHERE a.kind = 'pool' GROUP BY 1, 2
), earned AS (
    SELECT pool_id, sum(source_micros) AS source_micros, sum(won_micros) AS won_micros FROM royalties_earning GROUP BY 1
), reported AS (
    SELECT c.pool_id, count(*) AS reports, sum(r.accepted_micros + r.rejected_micros) AS micros
    FROM royalties_pool_reports c JOIN royalties_report r ON r.id = c.report_id GROUP BY 1
)
SELECT concat('pool of ', m.reference, ': ', f.name), f.expected, f.found
FROM royalties_pool p
JOIN royalties_remittance m ON m.id = p.remittance_id
LEFT JOIN royalties_exchangerun x ON x.pool_id = p.id
LEFT JOIN balance b ON b.owner_key = concat('pool:', p.id) AND b.currency = p.currency
LEFT JOIN balance w ON w.owner_key = concat('pool:', p.id) AND w.currency = 'KRW'
LEFT JOIN earned ON earned.pool_id = p.id
LEFT JOIN reported ON reported.pool_id = p.id
CROSS JOIN LATERAL (VALUES
    ('money received', m.amount_micros::numeric, p.source_micros::numeric),
    ('money exchanged', p.source_micros, coalesce(x.from_micros, 0)),
    ('won of the exchange', p.won_micros, coalesce(x.to_micros, 0)),
    ('rate of the exchange', m.rate, coalesce(x.rate, 0)),
    ('money at the rate', p.won_micros, CASE WHEN abs(p.source_micros * m.rate - p.won_micros) <= 0.5 THEN p.won_micros
        ELSE p.source_micros * m.rate END),
    ('entries of money received', p.source_micros, coalesce(b.received, 0)),
    ('balance in ' || p.currency, CASE WHEN p.currency = 'KRW' THEN b.micros ELSE 0 END, coalesce(b.micros, 0)),
    ('balance in KRW', p.won_micros - coalesce(earned.won_micros, 0), coalesce(w.micros, 0)),
    ('not more distributed than received', 1, (coalesce(earned.source_micros, 0) <= p.source_micros)::int),
    ('not more won distributed than there are', 1, (coalesce(earned.won_micros, 0) <= p.won_micros)::int),
    ('money of its reports', coalesce(reported.micros, 0), p.reported_micros),
    ('released as reported or as accepted', 1,
        (p.state <> 'released' OR p.source_micros = p.reported_micros OR p.accepted_difference_by_id IS NOT NULL)::int)
) AS f (name, expected, found)
WHERE f.expected <> f.found
"""

BANK = """
WITH received AS (SELECT currency, -sum(amount_micros) AS micros FROM royalties_remittance GROUP BY 1),
bank AS (
    SELECT e.currency, sum(e.amount_micros) AS micros
    FROM royalties_ledgerentry e JOIN royalties_ledgeraccount a ON a.id = e.account_id WHERE a.kind = 'bank' GROUP BY 1
)
SELECT concat('bank in ', currency), received.micros, bank.micros FROM received FULL JOIN bank USING (currency)
WHERE received.micros IS DISTINCT FROM bank.micros
"""

# ── a run: cells, earnings, entries ─────────────────────────────────────────────────────────────────────────────────────

CELLS_MAKE_WHOLE = """
WITH whole AS (
    SELECT run_id, work_id, "right", usage_month, basis, music_alone, part, garak_lcm(denominator) AS whole
    FROM royalties_runshare GROUP BY 1, 2, 3, 4, 5, 6, 7
)
SELECT concat_ws(' ', 'run', run_id, 'work', work_id, "right", usage_month, basis, part), whole, sum(numerator * div(whole, denominator))
FROM whole JOIN royalties_runshare USING (run_id, work_id, "right", usage_month, basis, music_alone, part)
GROUP BY run_id, work_id, "right", usage_month, basis, music_alone, part, whole HAVING sum(numerator * div(whole, denominator)) <> whole
"""

# A song on hold is held whatever its cell says, but for what is not ours.
EARNING_IS_OF_ITS_CELL = """
SELECT concat('earning ', e.id), concat_ws(' ', f.run_id, f.work_id, f."right", f.usage_month, f.party_id, f.state, f.hold_id),
    concat_ws(' ', e.run_id, e.work_id, e."right", u.usage_month, e.party_id, e.state, e.hold_id)
FROM royalties_earning e
JOIN royalties_runshare f ON f.id = e.run_share_id
JOIN royalties_songusage u ON u.id = e.song_usage_id
LEFT JOIN royalties_hold h ON h.id = e.hold_id
WHERE e.reverses_id IS NULL AND ((f.run_id, f.work_id, f."right", f.usage_month, f.party_id)
        IS DISTINCT FROM (e.run_id, e.work_id, e."right", u.usage_month, e.party_id)
    OR ((f.state, f.hold_id) IS DISTINCT FROM (e.state, e.hold_id)
        AND NOT (e.state = 'held' AND h.recording_id = u.recording_id AND f.state <> 'not_ours') IS TRUE)
    OR (e.state = 'held') <> (e.hold_id IS NOT NULL)
    OR (e.state = 'payable' AND e.party_id IS NULL))
"""

# The same in all but the sign and the run, which is a later one; and nothing that reverses is reversed.
EARNING_IS_REVERSED_EXACTLY = """
SELECT concat('earning ', b.id), concat_ws(' ', 'the opposite of', e.id, -e.source_micros, -e.won_micros),
    concat_ws(' ', b.source_micros, b.won_micros)
FROM royalties_earning b JOIN royalties_earning e ON e.id = b.reverses_id
WHERE (b.source_micros, b.won_micros) <> (-e.source_micros, -e.won_micros) OR e.reverses_id IS NOT NULL OR b.run_id <= e.run_id
    OR (b.pool_id, b.song_usage_id, b.run_share_id, b.work_id, b.party_id, b."right", b.state, b.hold_id, b.currency)
        IS DISTINCT FROM (e.pool_id, e.song_usage_id, e.run_share_id, e.work_id, e.party_id, e."right", e.state, e.hold_id, e.currency)
"""

# Whoever distributes after a report was withdrawn has taken back what it had earned.
WITHDRAWN_IS_TAKEN_BACK = """
SELECT concat('earning ', e.id, ' of ', r.ref), 'taken back', concat('stands after run ', later.run_id)
FROM royalties_report r
JOIN royalties_songusage u ON u.report_id = r.id
JOIN royalties_earning e ON e.song_usage_id = u.id AND e.reverses_id IS NULL
CROSS JOIN LATERAL (SELECT min(d.id) AS run_id FROM royalties_distributionrun d WHERE d.created_at > r.withdrawn_at) later
WHERE r.withdrawn_at IS NOT NULL AND later.run_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM royalties_earning b WHERE b.reverses_id = e.id)
"""

# A file stands in one place: in none once it is withdrawn or replaced, and only a ready one is paid by a pool.
PAID_REPORT_STANDS = """
SELECT concat('report ', r.ref, ' of pool ', c.pool_id), 'ready', concat_ws(' ', r.state, r.held_reason)
FROM royalties_pool_reports c JOIN royalties_report r ON r.id = c.report_id
WHERE r.held_reason IN ('replaced', 'withdrawn', 'corrects_nothing')
    OR r.withdrawn_at IS NOT NULL OR r.superseded_at IS NOT NULL
"""

EARNING_FOLLOWS_ITS_CELL = """
WITH cells AS (
    SELECT *, numerator / denominator AS fraction,
        count(*) OVER (PARTITION BY run_id, work_id, "right", usage_month, basis, music_alone, part) AS cells
    FROM royalties_runshare
), together AS (
    SELECT e.id, e.source_micros, e.won_micros, f.fraction, f.cells + 1 AS slack,
        sum(e.source_micros) OVER song AS source_sum, sum(e.won_micros) OVER song AS won_sum
    FROM royalties_earning e JOIN cells f ON f.id = e.run_share_id WHERE e.reverses_id IS NULL
    WINDOW song AS (PARTITION BY e.run_id, e.song_usage_id, e.work_id, e."right", f.part)
)
SELECT concat('earning ', id), concat_ws(' ', round(source_sum * fraction), round(won_sum * fraction)), concat_ws(' ', source_micros, won_micros)
FROM together WHERE abs(source_sum * fraction - source_micros) > slack OR abs(won_sum * fraction - won_micros) > slack
"""

# A song that is the music of a work alone, by the match that stood then, is divided by cells in which the words are kept, and
# any other song by whole ones; and no share in the words alone earns in such a cell.
WORDS_ARE_KEPT = """
WITH music AS (
    SELECT DISTINCT m.recording_id, m.created_at, coalesce(m.superseded_at, 'infinity') AS superseded_at
    FROM royalties_matchwork w JOIN royalties_match m ON m.id = w.match_id AND m.outcome = 'accepted' WHERE w.music_alone
), song AS (
    SELECT e.id, e.run_share_id
    FROM music
    JOIN royalties_songusage u USING (recording_id)
    JOIN royalties_earning e ON e.song_usage_id = u.id AND e.reverses_id IS NULL
    JOIN royalties_distributionrun r ON r.id = e.run_id AND r.created_at >= music.created_at AND r.created_at < music.superseded_at
), cell AS (
    SELECT e.id, writer.role
    FROM royalties_runshare f
    JOIN royalties_earning e ON e.run_share_id = f.id AND e.reverses_id IS NULL
    LEFT JOIN works_share s ON s.id = f.share_id
    LEFT JOIN works_share writer ON writer.id = CASE WHEN s.role IN ('E', 'SE', 'AM') THEN coalesce(s.writer_share_id, s.id) ELSE s.id END
    WHERE f.music_alone
)
SELECT concat('earning ', coalesce(song.id, cell.id)), CASE WHEN song.id IS NULL THEN 'words too' ELSE 'music alone' END,
    CASE WHEN cell.id IS NULL THEN 'words too' ELSE concat_ws(' ', 'music alone', cell.role) END
FROM song FULL JOIN cell USING (id)
WHERE song.id IS NULL OR cell.id IS NULL OR cell.role IN ('A', 'SA', 'TR', 'AD')
"""

# The pool is divided again, unless it waits to be: then the next run does it. What a song earns, by one run, stands; the part of
# it that is a registered work, to the millionth.
SONG_EARNS_ITS_AMOUNT = f"""
WITH amount AS (
{POOL_AMOUNTS}
), earned AS (
    SELECT e.pool_id, e.song_usage_id, sum(e.source_micros) AS n, sum(e.won_micros) AS k, count(DISTINCT e.run_id) AS runs
    FROM royalties_earning e JOIN royalties_pool p ON p.id = e.pool_id AND NOT p.to_divide_again
    WHERE e.reverses_id IS NULL AND NOT EXISTS (SELECT 1 FROM royalties_earning b WHERE b.reverses_id = e.id)
    GROUP BY 1, 2
)
SELECT concat('song usage ', earned.song_usage_id), concat_ws(' ', a.n, a.k, 1), concat_ws(' ', earned.n, earned.k, earned.runs)
FROM earned
LEFT JOIN amount a USING (pool_id, song_usage_id)
JOIN royalties_songusage u ON u.id = earned.song_usage_id
WHERE earned.runs <> 1 OR a.n IS NULL OR abs(earned.n) > abs(a.n) OR abs(earned.k) > abs(a.k)
    OR earned.n * a.n < 0 OR earned.k * a.k < 0 OR (
    (earned.n, earned.k) <> (a.n, a.k) AND NOT EXISTS (
        SELECT 1 FROM royalties_match m JOIN royalties_matchwork w ON w.match_id = m.id
        WHERE m.recording_id = u.recording_id AND m.outcome = 'accepted'
        GROUP BY m.id HAVING sum(w.numerator::numeric / w.denominator) < 0.999999999999
            AND abs(earned.n - a.n * sum(w.numerator::numeric / w.denominator)) < 2.01
            AND abs(earned.k - a.k * sum(w.numerator::numeric / w.denominator)) < 2.01
    )
)
"""  # noqa: S608 both texts are constants of this project

# Of karaoke the words and the music earn what the contract price gives them of the song, to the millionth for each work that
# is a part of it, and no other song earns so.
SIDES_EARN_THEIR_CUT = f"""
WITH amount AS (
{POOL_AMOUNTS}
), earned AS (
    SELECT e.pool_id, e.song_usage_id, f.part, sum(e.source_micros) AS n, sum(e.won_micros) AS k
    FROM royalties_earning e JOIN royalties_runshare f ON f.id = e.run_share_id
    JOIN royalties_songusage u ON u.id = e.song_usage_id
    JOIN royalties_pool p ON p.id = e.pool_id AND NOT p.to_divide_again
    WHERE (f.part <> '' OR u.words_uses IS NOT NULL) AND e.reverses_id IS NULL
        AND NOT EXISTS (SELECT 1 FROM royalties_earning b WHERE b.reverses_id = e.id)
    GROUP BY 1, 2, 3
), song AS (
    SELECT a.pool_id, u.id AS song_usage_id, a.n, a.k, u.words_uses * price.words_price AS words,
        u.words_uses * price.words_price + u.music_uses * price.music_price AS whole,
        (SELECT sum(w.numerator::numeric / w.denominator) FROM royalties_match m JOIN royalties_matchwork w ON w.match_id = m.id
            WHERE m.recording_id = u.recording_id AND m.superseded_at IS NULL) AS works
    FROM royalties_songusage u
    JOIN amount a ON a.song_usage_id = u.id
    JOIN royalties_report r ON r.id = u.report_id
    CROSS JOIN LATERAL (
        SELECT words_price, music_price FROM royalties_karaokeprice k
        WHERE k.source_id = r.source_id AND k.from_date <= u.usage_month ORDER BY k.from_date DESC LIMIT 1) AS price
    WHERE u.words_uses IS NOT NULL
), side AS (
    SELECT pool_id, song_usage_id, works, f.part, f.n, f.k FROM song CROSS JOIN LATERAL (VALUES
        ('words', {words_in_sql("n", "words", "whole")}, {words_in_sql("k", "words", "whole")}),
        ('music', n - {words_in_sql("n", "words", "whole")}, k - {words_in_sql("k", "words", "whole")})) AS f (part, n, k)
    WHERE EXISTS (SELECT 1 FROM earned e WHERE (e.pool_id, e.song_usage_id) = (song.pool_id, song.song_usage_id))
)
SELECT concat_ws(' ', 'song usage', song_usage_id, part), concat_ws(' ', side.n, side.k), concat_ws(' ', earned.n, earned.k)
FROM side FULL JOIN earned USING (pool_id, song_usage_id, part)
WHERE side.n IS NULL OR abs(side.n * works - coalesce(earned.n, 0)) > CASE WHEN works > 0.999999999999 THEN 0 ELSE 1.01 END
    OR abs(side.k * works - coalesce(earned.k, 0)) > CASE WHEN works > 0.999999999999 THEN 0 ELSE 1.01 END
"""  # noqa: S608 all texts are constants of this project

# Money of the words goes to nobody for the music, and the reverse.
SIDES_GO_TO_THEIR_ROLES = """
SELECT concat('share ', f.id, ' of run ', f.run_id), concat('no ', writer.role), concat_ws(' ', f.part, writer.role)
FROM royalties_runshare f
JOIN works_share s ON s.id = f.share_id
JOIN works_share writer ON writer.id = CASE WHEN s.role IN ('E', 'SE', 'AM') THEN coalesce(s.writer_share_id, s.id) ELSE s.id END
WHERE f.part = 'words' AND writer.role IN ('C', 'AR', 'SR') OR f.part = 'music' AND writer.role IN ('A', 'SA', 'TR', 'AD')
"""

PAYABLE_IS_POSTED = """
WITH earned AS (
    SELECT run_id, party_id, concat('pool:', pool_id) AS pool, sum(won_micros) AS micros FROM royalties_earning
    WHERE state = 'payable' GROUP BY 1, 2, 3 HAVING sum(won_micros) <> 0
), posted AS (
    SELECT s.run_id, s.party_id, a.owner_key AS pool, -sum(e.amount_micros) AS micros
    FROM royalties_statement s JOIN royalties_ledgerentry e ON e.transaction_id = s.transaction_id
    JOIN royalties_ledgeraccount a ON a.id = e.account_id AND a.kind = 'pool' WHERE s.run_id IS NOT NULL GROUP BY 1, 2, 3
)
SELECT concat_ws(' ', 'run', run_id, 'party', party_id, pool), coalesce(earned.micros, 0), coalesce(posted.micros, 0)
FROM earned FULL JOIN posted USING (run_id, party_id, pool) WHERE earned.micros IS DISTINCT FROM posted.micros
"""

REST_IS_POSTED = """
WITH earned AS (
    SELECT e.run_id, CASE e.state
            WHEN 'held' THEN concat('hold hold:', e.hold_id)
            WHEN 'suspense' THEN 'suspense -'
            ELSE concat('not_ours ', CASE WHEN f.society_code = '' THEN f.collector ELSE 'society:' || f.society_code END)
        END AS account, sum(e.won_micros) AS micros
    FROM royalties_earning e JOIN royalties_runshare f ON f.id = e.run_share_id
    WHERE e.state <> 'payable' GROUP BY 1, 2 HAVING sum(e.won_micros) <> 0
), statement AS (
    SELECT transaction_id FROM royalties_statement
), posted AS (
    SELECT t.run_id, concat(a.kind, ' ', a.owner_key) AS account, sum(e.amount_micros) AS micros
    FROM royalties_ledgertransaction t JOIN royalties_ledgerentry e ON e.transaction_id = t.id
    JOIN royalties_ledgeraccount a ON a.id = e.account_id AND a.kind IN ('hold', 'suspense', 'not_ours')
    WHERE t.kind = 'distribution' AND t.id NOT IN (SELECT transaction_id FROM statement) GROUP BY 1, 2 HAVING sum(e.amount_micros) <> 0
)
SELECT concat_ws(' ', 'run', run_id, account), coalesce(earned.micros, 0), coalesce(posted.micros, 0)
FROM earned FULL JOIN posted USING (run_id, account) WHERE earned.micros IS DISTINCT FROM posted.micros
"""

# Identity 2 and what the run said of itself: every state and currency of its totals, computed again. Money of a hold that was
# released comes back by the account of the hold: there the state is where it came back from.
RUN_TOTALS = """
WITH earned AS (
    SELECT run_id, state, currency, sum(source_micros) AS source_micros, sum(won_micros) AS won_micros
    FROM royalties_earning GROUP BY 1, 2, 3
), by_currency AS (
    SELECT run_id, state, currency, source_micros AS micros FROM earned WHERE currency <> 'KRW'
    UNION ALL SELECT run_id, state, 'KRW', won_micros FROM earned
), paid AS (
    SELECT run_id, sum(net_micros) AS posted, sum(deducted_micros) AS deducted, sum(payable_micros) AS payable,
        sum(carried_micros) AS carried
    FROM royalties_statement WHERE run_id IS NOT NULL GROUP BY 1
), came_back AS (
    SELECT t.run_id, CASE a.kind WHEN 'hold' THEN 'held' ELSE a.kind END AS state, e.amount_micros AS micros
    FROM royalties_ledgertransaction t JOIN royalties_ledgerentry e ON e.transaction_id = t.id
    JOIN royalties_ledgeraccount a ON a.id = e.account_id
    LEFT JOIN royalties_statement s ON s.transaction_id = t.id
    WHERE t.run_id IS NOT NULL AND (t.kind = 'release' OR s.id IS NOT NULL AND a.kind = 'hold')
), found AS (
    SELECT run_id, 'gross' AS state, currency, micros FROM by_currency
    UNION ALL SELECT run_id, state, currency, micros FROM by_currency WHERE state <> 'payable'
    UNION ALL SELECT run_id, state, 'KRW', micros FROM came_back
    UNION ALL SELECT run_id, 'posted', currency, micros FROM by_currency WHERE state = 'payable' AND currency <> 'KRW'
    UNION ALL SELECT paid.run_id, f.state, 'KRW', f.micros FROM paid CROSS JOIN LATERAL
        (VALUES ('posted', posted), ('deducted', deducted), ('payable', payable), ('carried', carried)) AS f (state, micros)
), again AS (
    SELECT run_id, state, currency, sum(micros) AS micros FROM found GROUP BY 1, 2, 3
), said AS (
    SELECT r.id AS run_id, s.key AS state, c.key AS currency, c.value::numeric AS micros
    FROM royalties_distributionrun r CROSS JOIN LATERAL jsonb_each(r.totals) s CROSS JOIN LATERAL jsonb_each_text(s.value) c
)
SELECT concat_ws(' ', 'run', run_id, state, currency), coalesce(again.micros, 0), coalesce(said.micros, 0)
FROM again FULL JOIN said USING (run_id, state, currency) WHERE coalesce(again.micros, 0) <> coalesce(said.micros, 0)
"""

DISTRIBUTED = """
WITH earned AS (SELECT run_id, sum(won_micros) AS micros FROM royalties_earning GROUP BY 1),
entries AS (
    SELECT t.run_id, sum(e.amount_micros) FILTER (WHERE a.kind = 'pool') AS taken,
        sum(e.amount_micros) FILTER (WHERE a.kind IN ('hold', 'suspense', 'not_ours')) AS resting
    FROM royalties_ledgertransaction t JOIN royalties_ledgerentry e ON e.transaction_id = t.id
    JOIN royalties_ledgeraccount a ON a.id = e.account_id WHERE t.kind = 'distribution' GROUP BY 1
), paid AS (
    SELECT run_id, count(*) AS payees, sum(payable_micros + carried_micros + deducted_micros) AS micros FROM royalties_statement GROUP BY 1
)
SELECT concat('run ', r.id, ': ', f.name), f.expected, f.found
FROM royalties_distributionrun r
LEFT JOIN earned ON earned.run_id = r.id
LEFT JOIN entries ON entries.run_id = r.id
LEFT JOIN paid ON paid.run_id = r.id
CROSS JOIN LATERAL (VALUES
    ('distributed = payable + carried + deducted + held + suspense + not ours', coalesce(earned.micros, 0),
        coalesce(paid.micros, 0) + coalesce(entries.resting, 0)),
    ('taken from the pools', coalesce(earned.micros, 0), -coalesce(entries.taken, 0)),
    ('payees', coalesce(paid.payees, 0), r.payees)
) AS f (name, expected, found)
WHERE f.expected <> f.found
"""

# ── statements and holds ────────────────────────────────────────────────────────────────────────────────────────────────

STATEMENT_FIGURES = """
WITH entry AS (
    SELECT s.id, -sum(e.amount_micros) FILTER (WHERE a.kind IN ('pool', 'hold')) AS gross,
        sum(e.amount_micros) FILTER (WHERE a.kind = 'deduction') AS deducted,
        sum(e.amount_micros) FILTER (WHERE a.kind = 'payee' AND a.owner_key = concat('party:', s.party_id)) AS net
    FROM royalties_statement s JOIN royalties_ledgerentry e ON e.transaction_id = s.transaction_id
    JOIN royalties_ledgeraccount a ON a.id = e.account_id GROUP BY 1
), step AS (
    SELECT statement_id, sum(amount_micros) AS deducted FROM royalties_statementdeduction GROUP BY 1
)
SELECT concat(s.ref, ' ', f.name), f.expected, f.found
FROM royalties_statement s
LEFT JOIN entry ON entry.id = s.id
LEFT JOIN step ON step.statement_id = s.id
CROSS JOIN LATERAL (VALUES
    ('gross', coalesce(entry.gross, 0), s.gross_micros::numeric),
    ('net', coalesce(entry.net, 0), s.net_micros),
    ('deducted', coalesce(entry.deducted, 0), s.deducted_micros),
    ('its deductions', coalesce(step.deducted, 0), s.deducted_micros),
    ('gross − deducted', s.gross_micros - s.deducted_micros, s.net_micros),
    ('payable + carried', s.payable_micros + s.carried_micros, s.net_micros)
) AS f (name, expected, found)
WHERE f.expected <> f.found
"""

DEDUCTION_FOLLOWS_ITS_RULE = """
WITH step AS (
    SELECT d.id, s.ref, r.kind, r.base, r.numerator, r.denominator, d.base_micros, d.amount_micros, s.gross_micros,
        s.gross_micros - coalesce(sum(d.amount_micros) OVER (
            PARTITION BY d.statement_id ORDER BY r.position, r.kind ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS remaining
    FROM royalties_statementdeduction d
    JOIN royalties_statement s ON s.id = d.statement_id
    JOIN royalties_deductionrule r ON r.id = d.rule_id
), again AS (
    SELECT *, CASE base WHEN 'gross' THEN gross_micros ELSE remaining END AS base_again FROM step
), amount AS (
    SELECT *, sign(gross_micros) * least(abs(remaining), div(abs(base_again) * numerator, denominator)) AS amount_again FROM again
)
SELECT concat(ref, ' ', kind), concat_ws(' ', base_again, amount_again), concat_ws(' ', base_micros, amount_micros)
FROM amount WHERE (base_again, amount_again) <> (base_micros, amount_micros)
"""

DEDUCTION_IS_POSTED = """
WITH said AS (
    SELECT s.transaction_id, r.kind, sum(d.amount_micros) AS micros
    FROM royalties_statementdeduction d JOIN royalties_statement s ON s.id = d.statement_id
    JOIN royalties_deductionrule r ON r.id = d.rule_id GROUP BY 1, 2 HAVING sum(d.amount_micros) <> 0
), posted AS (
    SELECT e.transaction_id, a.owner_key AS kind, sum(e.amount_micros) AS micros
    FROM royalties_ledgerentry e JOIN royalties_ledgeraccount a ON a.id = e.account_id AND a.kind = 'deduction'
    JOIN royalties_ledgertransaction t ON t.id = e.transaction_id AND t.kind <> 'reversal' GROUP BY 1, 2
)
SELECT concat_ws(' ', 'transaction', transaction_id, kind), coalesce(said.micros, 0), coalesce(posted.micros, 0)
FROM said FULL JOIN posted USING (transaction_id, kind) WHERE said.micros IS DISTINCT FROM posted.micros
"""

# The whole won on a payee's account, in the order of the transactions, less what statements made payable before: never less
# than nothing. A statement that moves nothing on the account makes payable what a reversal had left there.
WHOLE_WON = """
WITH entry AS (
    SELECT coalesce(e.transaction_id, s.transaction_id) AS transaction_id, coalesce(a.party_id, s.party_id) AS party_id, e.amount_micros,
        s.ref, s.payable_micros
    FROM royalties_ledgerentry e JOIN royalties_ledgeraccount a ON a.id = e.account_id AND a.kind = 'payee'
    FULL JOIN royalties_statement s ON s.transaction_id = e.transaction_id AND s.party_id = a.party_id
), balance AS (
    SELECT *, sum(amount_micros) OVER earlier AS after, sum(payable_micros) OVER earlier - payable_micros AS paid
    FROM entry WINDOW earlier AS (PARTITION BY party_id ORDER BY transaction_id)
), again AS (
    SELECT *, greatest(0, floor(coalesce(after, 0) / 1000000.0) * 1000000 - paid) AS payable_again FROM balance WHERE ref IS NOT NULL
)
SELECT ref, payable_again, payable_micros FROM again WHERE payable_again <> payable_micros
"""

PAYEE_HAS_A_STATEMENT = """
SELECT t.key, 'a statement', 'none'
FROM royalties_ledgerentry e
JOIN royalties_ledgeraccount a ON a.id = e.account_id AND a.kind = 'payee'
JOIN royalties_ledgertransaction t ON t.id = e.transaction_id AND t.kind IN ('distribution', 'release')
LEFT JOIN royalties_statement s ON s.transaction_id = t.id AND s.party_id = a.party_id
WHERE s.id IS NULL
"""

HOLD_BALANCE = """
WITH earned AS (SELECT hold_id, sum(won_micros) AS micros FROM royalties_earning WHERE hold_id IS NOT NULL GROUP BY 1),
balance AS (
    SELECT a.owner_key, sum(e.amount_micros) AS micros
    FROM royalties_ledgeraccount a JOIN royalties_ledgerentry e ON e.account_id = a.id WHERE a.kind = 'hold' GROUP BY 1
), released AS (
    SELECT h.id, h.decision ->> 'won_micros' AS micros FROM royalties_hold h WHERE h.state = 'released'
), came_back AS (
    SELECT a.owner_key, sum(e.amount_micros) AS micros
    FROM royalties_ledgeraccount a JOIN royalties_ledgerentry e ON e.account_id = a.id
    JOIN royalties_ledgertransaction t ON t.id = e.transaction_id AND t.run_id IS NOT NULL
    LEFT JOIN royalties_statement s ON s.transaction_id = t.id
    WHERE a.kind = 'hold' AND (t.kind = 'release' OR s.id IS NOT NULL) GROUP BY 1
)
SELECT concat('hold ', h.id, ': ', f.name), f.expected, f.found
FROM royalties_hold h
LEFT JOIN earned ON earned.hold_id = h.id
LEFT JOIN balance ON balance.owner_key = concat('hold:', h.id)
LEFT JOIN released ON released.id = h.id
LEFT JOIN came_back ON came_back.owner_key = concat('hold:', h.id)
CROSS JOIN LATERAL (VALUES
    ('rests', CASE h.state WHEN 'open' THEN coalesce(earned.micros, 0) ELSE 0 END, coalesce(balance.micros, 0)),
    ('was released', CASE h.state WHEN 'open' THEN 0 ELSE coalesce(earned.micros, 0) + coalesce(came_back.micros, 0) END,
        coalesce(released.micros::numeric, 0))
) AS f (name, expected, found)
WHERE f.expected <> f.found
"""

CHECKS: Final = {
    "report_figures": REPORT_FIGURES,
    "song_usage_is_its_lines": SONG_USAGE_IS_ITS_LINES,
    "reported": REPORTED,
    "transaction_balances": TRANSACTION_BALANCES,
    "transaction_has_entries": TRANSACTION_HAS_ENTRIES,
    "entry_has_the_currency_of_its_account": ENTRY_HAS_THE_CURRENCY_OF_ITS_ACCOUNT,
    "reversal_negates": REVERSAL_NEGATES,
    "pool_figures": POOL_FIGURES,
    "bank": BANK,
    "cells_make_whole": CELLS_MAKE_WHOLE,
    "earning_is_of_its_cell": EARNING_IS_OF_ITS_CELL,
    "earning_is_reversed_exactly": EARNING_IS_REVERSED_EXACTLY,
    "withdrawn_is_taken_back": WITHDRAWN_IS_TAKEN_BACK,
    "paid_report_stands": PAID_REPORT_STANDS,
    "earning_follows_its_cell": EARNING_FOLLOWS_ITS_CELL,
    "words_are_kept": WORDS_ARE_KEPT,
    "song_earns_its_amount": SONG_EARNS_ITS_AMOUNT,
    "sides_earn_their_cut": SIDES_EARN_THEIR_CUT,
    "sides_go_to_their_roles": SIDES_GO_TO_THEIR_ROLES,
    "payable_is_posted": PAYABLE_IS_POSTED,
    "rest_is_posted": REST_IS_POSTED,
    "run_totals": RUN_TOTALS,
    "distributed": DISTRIBUTED,
    "statement_figures": STATEMENT_FIGURES,
    "deduction_follows_its_rule": DEDUCTION_FOLLOWS_ITS_RULE,
    "deduction_is_posted": DEDUCTION_IS_POSTED,
    "whole_won": WHOLE_WON,
    "payee_has_a_statement": PAYEE_HAS_A_STATEMENT,
    "hold_balance": HOLD_BALANCE,
}

WORDS: Final[dict[str, Promise]] = {  # what each check asks, as an auditor reads it
    "report_figures": _("Lines and money of a report are those of its accepted and rejected lines"),
    "song_usage_is_its_lines": _("What a song was used is the sum of its lines"),
    "reported": _("Reported = matched + to review + unmatched + rejected"),
    "transaction_balances": _("Every movement sums to zero in each currency"),
    "transaction_has_entries": _("Every movement has entries"),
    "entry_has_the_currency_of_its_account": _("Every entry is in the currency of its account"),
    "reversal_negates": _("A reversal takes back exactly what it reverses"),
    "pool_figures": _("Money received is what was recorded and exchanged at the stated rate"),
    "bank": _("The bank account holds what was received"),
    "cells_make_whole": _("The shares a distribution used make exactly one whole"),
    "earning_is_of_its_cell": _("Every earning belongs to a share of that distribution"),
    "earning_is_reversed_exactly": _("What is taken back is exactly what was earned, once"),
    "withdrawn_is_taken_back": _("Nothing that was earned by a withdrawn report stands after the next distribution"),
    "paid_report_stands": _("No money is paid for a report that is replaced or withdrawn"),
    "earning_follows_its_cell": _("Every earning goes where its share says"),
    "words_are_kept": _("Of a song that is only the music of a work, the words’ part is kept and not paid"),
    "song_earns_its_amount": _("The shares of a song earn together what the song was reported with"),
    "sides_earn_their_cut": _("Words and music of karaoke earn what their contract price gives them"),
    "sides_go_to_their_roles": _("Money of the words goes to their writers, and money of the music to its own"),
    "payable_is_posted": _("What is payable stands on the payees’ accounts"),
    "rest_is_posted": _("What is held, in suspense or not ours stands on those accounts"),
    "run_totals": _("A distribution’s totals are those of its rows"),
    "distributed": _("Distributed = payable + held + in suspense + not ours + deducted + carried over"),
    "statement_figures": _("A statement’s figures are those of its earnings"),
    "deduction_follows_its_rule": _("Every deduction follows its rule"),
    "deduction_is_posted": _("What is deducted stands on the deduction accounts"),
    "whole_won": _("Only whole won are paid, and every fraction is kept"),
    "payee_has_a_statement": _("Whoever is paid has a statement"),
    "hold_balance": _("What is held is what the open disputes hold"),
}
