"""The measurement itself works: a few thousand lines, one round, and no time is asserted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.figures import BEGIN, COPY, END, OURS, PEER, WHAT, Figures, write_into
from tests.bench.tables import spread
from tests.conftest import ROOT, Database, _name


@pytest.mark.slow
def test_the_short_form_measures_every_part(template_database: Database, redis_url: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    environment = {
        **os.environ,
        "PORTAL_DATA_DIR": str(tmp_path),
        "DATABASE_URL": template_database.named("postgres").url,
        "DATABASE_OWNER_URL": template_database.named("postgres").owner_url,
    }
    command = [sys.executable, "-m", "tests.bench", "--lines", "3000", "--rounds", "1", "--requests", "2"]
    command += ["--template", _name(template_database), "--only", "copy", "csv", "distribution", "pages", "matching"]
    command += ["import-large", "--works", "2000", "--songs", "400", "--large-lines", "4000", "--large-songs", "400"]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    measured = {row[0].removeprefix("| "): row[1:] for row in rows}
    print(done.stdout)
    for name in (WHAT[COPY], WHAT[OURS]):
        seconds, rate, ratio = measured[name]
        assert float(seconds) > 0
        assert int(rate.replace(",", "")) > 0
        assert float(ratio.rstrip(" |")) > 0
    assert measured["CSV in ≤ 4 × COPY"][1].rstrip(" |") in {"met", "**not met**"}
    assert float(next(row[2] for row in rows if row[0].startswith("| distribution of ")).rstrip(" |")) > 0
    assert float(measured["songs decided"][2].rstrip(" |")) > 0
    assert measured["all registered"][0] == "50%"
    assert float(measured["all registered"][1].removesuffix("%")) > 95  # have their work among the candidates
    assert float(measured["all registered"][3].removesuffix("%")) > 80  # are shown with it
    for name in ("songs known", "songs known, one worker", "songs new, without deciding them"):
        assert float(measured[f"Garak: {name}"][2].split(" ")[0]) > 0
    assert measured["400 songs known: CSV in ≤ 2.5 × COPY"][1].rstrip(" |") in {"met", "**not met**"}
    assert {
        "two workers ≤ 0.75 × one",
        "xlsx of 400 lines ≤ 5 × calamine",
        "20,000 lines ≤ 11 × 2,000",
    } <= measured.keys()
    assert all(float(size.rstrip(" |")) > 0 for size in measured["20,000"][2:])
    assert {"reports", "usage, songwriter", "home, songwriter"} <= measured.keys()
    assert "fsync on" in done.stdout


def test_ratios_are_taken_round_by_round() -> None:
    """A machine that is three times slower in one round says nothing about the ratio."""
    figures = Figures(lines=1000, machine="a machine")
    for copy, ours, peer in [(1.0, 4.0, 32.0), (3.0, 12.0, 96.0), (1.0, 5.0, 32.0)]:
        figures.add(COPY, copy)
        figures.add(OURS, ours)
        figures.add(PEER, peer)
    assert figures.ratios(OURS, COPY) == [4.0, 4.0, 5.0]
    figures.peaks = {"worker": 400_000_000, "peer": 900_000_000}
    assert [met for _goal, _measured, met in figures.goals()] == [True, True, True]
    figures.peaks["worker"] = 600_000_000
    figures.seconds[OURS] = [5.0, 15.0, 5.0]
    assert [met for _goal, _measured, met in figures.goals()] == [False, False, False]
    assert "| CSV in ≤ 4 × COPY | 5.0 (5.0–5.0) × | **not met** |" in figures.text()


def test_what_was_not_measured_is_no_goal() -> None:
    figures = Figures(lines=1000, machine="a machine", notes=["The peer was not measured: no network."])
    figures.add(OURS, 2.0)
    assert figures.goals() == []
    assert "The peer was not measured: no network." in figures.text()


def test_the_readme_keeps_what_stands_around_the_figures(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    write_into(readme, "new")
    write_into(readme, "newer")
    assert readme.read_text(encoding="utf-8") == f"before\n{BEGIN}\n\nnewer\n\n{END}\nafter\n"
    readme.write_text("no marks", encoding="utf-8")
    with pytest.raises(ValueError, match="no place"):
        write_into(readme, "new")
    assert readme.read_text(encoding="utf-8") == "no marks"


def test_spread_says_the_least_and_the_most() -> None:
    assert (spread([2.0]), spread([1.0, 3.0, 2.0])) == ("2.0", "2.0 (1.0–3.0)")
