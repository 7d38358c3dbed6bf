"""What an import leaves, and what is missing, doubled or wrong in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import psycopg

# Every table an import writes, without the numbers the database gives out in the order of arrival, and without times.
TABLES: Final = {
    "lines": """
        SELECT l.line_no, s.key, l.service, l.usage_month, l.uses, l.amount_micros
        FROM royalties_usageline l JOIN royalties_reportedrecording s ON s.id = l.recording_id ORDER BY l.line_no""",
    "rejected": 'SELECT line_no, raw, "column", value, reason, amount_micros FROM royalties_rejectedline ORDER BY line_no',
    "songs": "SELECT key, song_id, title, artists, album, isrc FROM royalties_reportedrecording ORDER BY key",
    "matches": """
        SELECT s.key, m.outcome, m.method, m.probability_permille FROM royalties_match m
        JOIN royalties_reportedrecording s ON s.id = m.recording_id ORDER BY s.key, m.id""",
    "summed": """
        SELECT s.key, u.service, u.usage_month, u.lines, u.uses, u.amount_micros FROM royalties_songusage u
        JOIN royalties_reportedrecording s ON s.id = u.recording_id ORDER BY 1, 2, 3""",
    "reports": """
        SELECT state, error_code, lines, accepted, rejected, songs, new_songs, accepted_micros, rejected_micros,
            rounded_lines, rounding_remainder FROM royalties_report""",
    "jobs": "SELECT kind, state, stage, units_done, units_total, error_code FROM jobs_job",
}
COUNTS: Final = """
    WITH every AS (
        SELECT line_no, amount_micros FROM royalties_usageline UNION ALL
        SELECT line_no, amount_micros FROM royalties_rejectedline)
    SELECT count(*), count(DISTINCT line_no) FILTER (WHERE line_no BETWEEN 2 AND %(lines)s + 1),
        coalesce(sum(amount_micros::numeric), 0) FROM every"""


@dataclass(frozen=True)
class State:
    """`dumps`: for every table a fingerprint of its rows in order. Money in millionths."""

    dumps: dict[str, str]
    lines: int
    lost: int
    doubled: int
    money: int


def read_state(owner_url: str, *, lines: int) -> State:
    """The state of a database into which one file of so many lines was imported."""
    with psycopg.connect(owner_url) as connection:
        dumps = {}
        for table, query in TABLES.items():
            digest = hashlib.sha256()
            with connection.cursor().copy(f"COPY ({query}) TO STDOUT") as copy:
                for block in copy:
                    digest.update(block)
            dumps[table] = digest.hexdigest()
        row = connection.execute(COUNTS, {"lines": lines}).fetchone()
    assert row is not None
    written, distinct, money = (int(number) for number in row)
    return State(dumps, written, lines - distinct, written - distinct, money)
