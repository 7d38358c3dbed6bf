"""U18 of reliability.md section 8: five million lines in flat memory. Here it is 600,000 against 60,000.

GARAK_HOSTILE_LINES=5000000 makes it the case of the table; it then takes some minutes and 600 MB of disk.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from django.db import connection

from royalties.models import Report
from tests.conftest import ROOT, Database
from tests.royalties.test_ingest import as_csv, cells

LINES: Final = int(os.environ.get("GARAK_HOSTILE_LINES", "600000"))  # a tenth of it fills a chunk
SONGS: Final = 1000
MEGABYTE: Final = 1_000_000
PROGRAM: Final = """
import os, re, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
import django
django.setup()
from django.core.management import call_command
call_command("import_report", sys.argv[1], source="tme", period=sys.argv[2], stdout=open(os.devnull, "w"))
print(1024 * int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]))
"""


def highest_memory(path: Path, lines: int, month: str) -> int:
    """Bytes that a process had at most which imported a file of so many lines."""
    header, *block = as_csv([cells(number, CP分成收入=f"0.{number:06d}") for number in range(SONGS)]).splitlines(
        keepends=True
    )
    with path.open("wb") as file:
        file.write(header)
        for _block in range(lines // SONGS):
            file.writelines(block)
    environment = {**os.environ, "PORTAL_DATA_DIR": str(path.parent)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path), month], cwd=ROOT, env=environment, capture_output=True, check=True
    )
    return int(done.stdout)


@pytest.mark.slow
def test_u18_ten_times_the_lines_take_no_more_memory(fresh_database: Database, tmp_path: Path) -> None:
    few = highest_memory(tmp_path / "few.csv", LINES // 10, "2026-08")
    many = highest_memory(tmp_path / "many.csv", LINES, "2026-09")
    print(f"{LINES // 10:,} lines: {few // MEGABYTE} MB; {LINES:,} lines: {many // MEGABYTE} MB")
    assert many < few + 30 * MEGABYTE
    assert many < 512 * MEGABYTE
    report = Report.objects.latest("id")
    assert [report.lines, report.accepted, report.accepted_micros] == [LINES, LINES, LINES // SONGS * sum(range(SONGS))]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), min(line_no), max(line_no), count(DISTINCT line_no) FROM royalties_usageline WHERE report_id = %s",
            [report.pk],
        )
        assert cursor.fetchone() == (LINES, 2, LINES + 1, LINES)
