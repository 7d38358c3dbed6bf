"""What imports leave, and what is missing, doubled or wrong in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import psycopg

# Every table an import writes, without the numbers the database gives out in the order of arrival, and without times.
TABLES: Final = {
    "lines": """
        SELECT r.family, l.line_no, s.key, l.service, l.usage_month, l.uses, l.words_uses, l.music_uses, l.amount_micros
        FROM royalties_usageline l JOIN royalties_reportedrecording s ON s.id = l.recording_id
        JOIN royalties_report r ON r.id = l.report_id ORDER BY r.family, l.report_id, l.line_no""",
    "lumps": """
        SELECT r.family, l.line_no, l.from_date, l.last_date, l.platform, l.contract, l.amount_micros
        FROM royalties_lumpsum l JOIN royalties_report r ON r.id = l.report_id ORDER BY r.family, l.report_id, l.line_no""",
    "lines of records": """
        SELECT r.family, l.first_line, l.lines FROM royalties_filelines l JOIN royalties_report r ON r.id = l.report_id
        ORDER BY r.family, l.report_id, l.first_line""",
    "rejected": """
        SELECT r.family, l.line_no, l.raw, l."column", l.value, l.reason, l.amount_micros
        FROM royalties_rejectedline l JOIN royalties_report r ON r.id = l.report_id ORDER BY r.family, l.report_id, l.line_no""",
    "songs": "SELECT key, song_id, title, artists, album, isrc FROM royalties_reportedrecording ORDER BY key",
    "matches": """
        SELECT s.key, m.outcome, m.method, m.probability_permille FROM royalties_match m
        JOIN royalties_reportedrecording s ON s.id = m.recording_id ORDER BY s.key, m.id""",
    "summed": """
        SELECT r.family, s.key, u.service, u.usage_month, u.lines, u.uses, u.words_uses, u.music_uses, u.amount_micros
        FROM royalties_songusage u JOIN royalties_reportedrecording s ON s.id = u.recording_id
        JOIN royalties_report r ON r.id = u.report_id ORDER BY r.family, u.report_id, s.key, u.service, u.usage_month""",
    "reports": """
        SELECT family, container, state, held_reason, error_code, lines, accepted, rejected, songs, new_songs, accepted_micros, rejected_micros,
            rounded_lines, rounding_remainder FROM royalties_report ORDER BY family, id""",
    "jobs": "SELECT kind, state, stage, units_done, units_total, error_code FROM jobs_job ORDER BY 1, 2, 3, 4, 5, 6",
}
COUNTS: Final = """
    WITH every AS (
        SELECT report_id, line_no, amount_micros FROM royalties_usageline UNION ALL
        SELECT report_id, line_no, amount_micros FROM royalties_lumpsum UNION ALL
        SELECT report_id, line_no, amount_micros FROM royalties_rejectedline),
    file AS (
        SELECT r.id, (SELECT sum(c.units) FROM jobs_chunk c WHERE c.job_id = r.job_id AND c.stage = 'parse' AND c.state <> 'split')
            AS lines FROM royalties_report r)
    SELECT count(*), count(DISTINCT (report_id, line_no)) FILTER (WHERE line_no BETWEEN 2 AND lines + 1),
        coalesce(sum(amount_micros::numeric), 0) FROM every JOIN file ON file.id = report_id"""


@dataclass(frozen=True)
class State:
    """`dumps`: for every table a fingerprint of its rows in order. Money in millionths."""

    dumps: dict[str, str]
    lines: int
    lost: int
    doubled: int
    money: int


def read_state(owner_url: str, *, lines: int) -> State:
    """The state of a database into which files of so many lines were imported."""
    with psycopg.connect(owner_url) as connection:
        dumps = {}
        for table, query in TABLES.items():
            digest = hashlib.sha256()
            with connection.cursor().copy(f"COPY ({query}) TO STDOUT") as copy:
                for block in copy:
                    digest.update(block)
            dumps[table] = digest.hexdigest()
        row = connection.execute(COUNTS).fetchone()
    assert row is not None
    written, distinct, money = (int(number) for number in row)
    return State(dumps, written, lines - distinct, written - distinct, money)
