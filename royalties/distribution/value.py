"""The run as a value: everything that decides its outcome, hashed."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import inspect
import json
from collections.abc import Sequence

import works.shares
from royalties import allocation, payees
from royalties.distribution import amounts, cells as cells_of_works, earnings, posting, released, songs, taken_back
from royalties.distribution.cells import Cells, frozen_rows
from royalties.distribution.tables import fetch
from royalties.models import DeductionRule, Hold, Pool


@functools.cache
def code_version() -> str:
    """A fingerprint of the rules by which money is divided: of their source text."""
    rules = (allocation, works.shares, payees, taken_back, songs, cells_of_works, amounts, earnings, released, posting)
    return hashlib.sha256("".join(inspect.getsource(module) for module in rules).encode()).hexdigest()[:16]


TAKEN_HASH = """
SELECT count(*), encode(sha256(string_agg(sha256(convert_to(line, 'UTF8')), ''::bytea ORDER BY line COLLATE "C")), 'hex') FROM (
    SELECT concat_ws('|', d.inputs_hash, song.key, u.service, u.usage_month, e.work_id, e."right", f.position, e.source_micros, e.won_micros)
        AS line
    FROM run_reversal b
    JOIN royalties_earning e ON e.id = b.earning_id
    JOIN royalties_distributionrun d ON d.id = e.run_id
    JOIN royalties_runshare f ON f.id = e.run_share_id
    JOIN royalties_songusage u ON u.id = e.song_usage_id
    JOIN royalties_reportedrecording song ON song.id = u.recording_id
) AS taken
"""
TAKEN_BEFORE = """
SELECT count(*) FROM royalties_earning WHERE reverses_id IS NOT NULL AND pool_id IN (SELECT pool_id FROM run_song)
"""
SONG_HASH = """
WITH part AS (
    SELECT match_id, string_agg(concat(work_id, ':', numerator, '/', denominator, CASE WHEN music_alone THEN ' music' END), ',' ORDER BY work_id)
        AS parts
    FROM royalties_matchwork WHERE match_id IN (SELECT match_id FROM run_song) GROUP BY 1
), line AS (
    SELECT concat_ws('|', song.key, u.service, to_char(u.usage_month, 'YYYY-MM'), u.amount_micros, r.sha256, part.parts, s.words_weight, s.cut_whole)
        AS line
    FROM run_song s
    JOIN royalties_songusage u ON u.id = s.song_usage_id
    JOIN royalties_reportedrecording song ON song.id = s.recording_id
    JOIN royalties_report r ON r.id = s.report_id
    JOIN part USING (match_id)
)
SELECT encode(sha256(string_agg(sha256(convert_to(line, 'UTF8')), ''::bytea ORDER BY line COLLATE "C")), 'hex') FROM line
"""


def inputs_hash(period: dt.date, cells: Cells, holds: Sequence[Hold]) -> str:
    """Everything that decides the outcome: money and rates, reports, matches, shares, holds, rules and code, and what is taken back.

    How much was taken back before is counted, so that a song that earns the same again is not the same run again.
    """
    frozen = hashlib.sha256()
    for row in frozen_rows(0, cells):
        frozen.update(repr(row).encode())
    pools = Pool.objects.filter(pk__in=[pool_id for (pool_id,) in fetch("SELECT DISTINCT pool_id FROM run_song")])
    rules: list[DeductionRule] = payees.rules_in_force(period)
    facts = {
        "period": period,
        "code": code_version(),
        "pools": [
            {
                "money": [pool.remittance.reference, pool.source_micros, pool.currency, pool.won_micros],
                "rate": pool.remittance.rate,
                "reports": sorted(
                    (report.sha256, report.basis, report.rejected_micros) for report in pool.reports.all()
                ),
            }
            for pool in pools.select_related("remittance").prefetch_related("reports").order_by("remittance__reference")
        ],
        "songs": fetch(SONG_HASH)[0][0],
        "taken back": [*fetch(TAKEN_HASH)[0], fetch(TAKEN_BEFORE)[0][0]],
        "rights": fetch('SELECT * FROM run_right ORDER BY source_id, usage_month, "right"'),
        "cells": frozen.hexdigest(),
        "holds": [[hold.pk, hold.share_id, hold.recording_id, hold.from_date] for hold in holds],
        "rules": [[rule.pk, rule.kind, rule.base, rule.position, rule.numerator, rule.denominator] for rule in rules],
    }
    return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()
