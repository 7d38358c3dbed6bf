"""200,000 lines made by an independent script, as xlsx and as CSV in GB18030, against what that script says is in them.

The script and the gold songs lie outside the project (GARAK_SHARED); without them these tests are skipped and say so.
"""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from portal.demo.catalogue import COLUMNS
from royalties.models import Match, Report, ReportedRecording
from tests.conftest import Database

SHARED = Path(os.environ.get("GARAK_SHARED", "/nowhere"))
LINES = 200_000
FIRST_SONG_ID, SONG_ID_STEP = 7_000_000_000_000_000_000, 7919  # how the script numbers its songs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (SHARED / "bench/make_statement.py").exists(), reason="GARAK_SHARED does not hold bench/make_statement.py"
    ),
]


def read_tsv(name: str) -> list[dict[str, str]]:
    with (SHARED / "gold" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def register_gold_works(folder: Path) -> None:
    """Every gold work as one row of our template, wholly owned by one writer of ours."""
    path = folder / "gold.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for number, work in enumerate(read_tsv("catalogue.tsv")):
            share = {
                "party": f"작가 {number % 500}",
                "role": "CA",
                "society": "118",
                "performing_share": "1/1",
                "mechanical_share": "1/1",
            }
            writer.writerow({"work_ref": work["work_id"], "title": work["title"], "performer": work["artist"], **share})
    call_command("import_catalogue", str(path), publisher="GOLD", verbosity=0, stdout=io.StringIO())


def make_statement(name: str, folder: Path) -> tuple[Path, dict[str, Any]]:
    path = folder / name
    command = [sys.executable, str(SHARED / "bench/make_statement.py"), "--lines", str(LINES), "--out", str(path)]
    command += ["--catalogue", str(SHARED / "gold/catalogue.tsv"), "--queries", str(SHARED / "gold/queries.tsv")]
    subprocess.run(command, check=True, capture_output=True)
    expected: dict[str, Any] = json.loads(Path(f"{path}.json").read_text(encoding="utf-8"))
    return path, expected


def import_report(path: Path) -> dict[str, Any]:
    out = io.StringIO()
    call_command("import_report", str(path), source="tme", json=True, stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue().strip().splitlines()[-1])
    return found


def registered_of_song_ids() -> dict[str, str]:
    """Song id → gold work id, empty for a song that is not registered."""
    known = [work["work_id"] for work in read_tsv("catalogue.tsv")] + [
        query["work_id"] for query in read_tsv("queries.tsv")
    ]
    return {str(FIRST_SONG_ID + number * SONG_ID_STEP): work_id for number, work_id in enumerate(known)}


def rows_per_table() -> dict[str, int]:
    with connection.cursor() as cursor:
        tables = [
            table
            for table in connection.introspection.table_names(cursor)
            if table.startswith(("works_", "royalties_", "portal", "files_", "jobs_"))
        ]
        found = {}
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            found[table] = int(cursor.fetchone()[0])
    return found


@pytest.mark.parametrize("name", ["song_202609.xlsx", "song_202609.csv"])
def test_it_imports_exactly_the_lines_and_the_money(name: str, fresh_database: Database, tmp_path: Path) -> None:
    register_gold_works(tmp_path)
    path, expected = make_statement(name, tmp_path)
    found = import_report(path)
    print(found)
    assert found["lines"] == found["accepted"] == expected["lines"] == LINES
    assert found["money_micros"] == expected["money_micros"]
    assert found["matched_lines"] + found["review_lines"] + found["unmatched_lines"] == LINES
    assert found["matched_micros"] + found["review_micros"] + found["unmatched_micros"] == expected["money_micros"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), sum(uses), sum(amount_micros) FROM royalties_usageline")
        assert cursor.fetchone() == (LINES, expected["usage"], expected["money_micros"])

    # 19-digit ids are exact, and songs that nobody registered are not accepted, and seldom shown to a person
    work_of = registered_of_song_ids()
    outcomes = dict(Match.objects.filter(superseded_at=None).values_list("recording__song_id", "outcome"))
    assert set(outcomes) <= set(work_of)
    assert len(outcomes) == ReportedRecording.objects.count() == len(work_of)
    unregistered = Counter(outcomes[song_id] for song_id, work_id in work_of.items() if not work_id)
    print(f"songs not registered: {dict(unregistered)}")
    assert unregistered[Match.Outcome.ACCEPTED] <= unregistered.total() // 100
    assert unregistered[Match.Outcome.NONE] > unregistered.total() * 80 // 100
    accepted_songs = sum(outcome == Match.Outcome.ACCEPTED for outcome in outcomes.values())
    works = len(read_tsv("catalogue.tsv"))
    print(f"{accepted_songs} songs accepted; {works} works are registered under the name the statement uses first")
    assert accepted_songs > works * 95 // 100

    # a song is matched to the work the gold data says, never to another
    accepted = Match.objects.filter(superseded_at=None, outcome=Match.Outcome.ACCEPTED)
    taken = accepted.values_list("recording__song_id", "works__work__submitter_ref")
    mistaken = [(song_id, work) for song_id, work in taken if work_of[song_id] != work]
    print(f"{len(mistaken)} of {len(taken)} accepted songs are another work than the gold data say")
    assert len(mistaken) <= len(taken) // 100

    # the same bytes again: nothing changes, and the command says so
    before = rows_per_table()
    again = import_report(path)
    assert again["duplicate"] is True
    assert again["report"] == found["report"]
    assert rows_per_table() == before
    assert Report.objects.count() == 1
