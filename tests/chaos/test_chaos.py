"""The two minutes of `make chaos` that run with every other test: each kind of fault once, both mutants, and a poisoned line.

F-numbers are those of the table in royalties/README.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.jobs.services import NOBODY_CAME_BACK
from tests.chaos import statement
from tests.chaos.campaign import STATEMENTS, Campaign, campaign, faults_of, is_caught, table, unlike
from tests.chaos.mutants import MUTANTS
from tests.chaos.processes import wait_for
from tests.chaos.schedules import SHORT
from tests.chaos.supervisor import Outcome, Run

LINES = 30_000
CHUNK = 150
SEED = 1

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def chaos() -> Iterator[Campaign]:
    with campaign(SEED) as found:
        yield found


@pytest.fixture(scope="module")
def path(chaos: Campaign) -> Path:
    return statement.write(chaos.folder / "song_202610.csv", LINES, SEED)


@pytest.fixture(scope="module")
def untouched(chaos: Campaign, path: Path) -> Outcome:
    """What an import leaves that nothing disturbed."""
    outcome = chaos.untouched("untouched", [path], lines=LINES, chunk=CHUNK)
    assert not faults_of(outcome, outcome)
    assert outcome.state.lines == LINES
    return outcome


def test_an_import_among_faults_ends_as_an_untouched_one(chaos: Campaign) -> None:
    """F01–F06, F08–F12, F14–F18 and F20, each at least once, while a file of every family is read; faults.py says which is which."""
    each = LINES // len(STATEMENTS)
    files, lines = chaos.write(STATEMENTS, each), each * len(STATEMENTS)
    untouched = chaos.untouched("families", files, lines=lines, chunk=CHUNK)
    assert not faults_of(untouched, untouched)
    outcome = chaos.among_faults("faults", files, SHORT, lines=lines, chunk=CHUNK)
    print(table([("untouched", untouched, untouched, ""), ("among faults", outcome, untouched, "")]))
    print(dict(outcome.faults), dict(outcome.complaints), chaos.disk.problem)
    assert not faults_of(outcome, untouched)


@pytest.mark.parametrize("mutant", sorted(MUTANTS))
def test_a_worker_that_is_wrong_is_caught(chaos: Campaign, path: Path, untouched: Outcome, mutant: str) -> None:
    """J7: the same supervisor sees lines doubled, and lines lost; and so does the portal's own proof, which stops the report."""
    outcome = chaos.mutant(mutant, path, lines=LINES, chunk=CHUNK)
    print(table([(mutant, outcome, untouched, "")]))
    assert not outcome.missed
    assert is_caught(mutant, outcome, untouched)
    assert outcome.ended == "stopped lines-do-not-add-up"


def test_what_is_decided_about_files_is_done_once_whoever_is_killed(chaos: Campaign) -> None:
    """A supplement, a replacement, a correction and a withdrawal, with what follows of them in money: killed at every commit."""
    words = ("settled", "distributed", "correction is read")
    untouched, killed = chaos.decided("decided"), chaos.decided("decided_among_kills", kill=words)
    print(dict(killed.kills))
    assert not untouched.kills
    assert min(killed.kills.values()) >= 2  # before and after the only commit
    for choice in ("supplement", "replacement", "correction", "withdrawal"):
        assert killed.kills[f"{choice} is settled"]
        assert killed.kills[f"{choice} is distributed"]
    assert any(reversed_ for *_rest, reversed_ in untouched.tables["earnings"])
    assert killed.tables == untouched.tables


def test_an_upload_waits_for_a_redis_that_is_away(chaos: Campaign) -> None:
    """F07: the upload succeeds, and the work begins when Redis is there."""
    lines = 3_000
    run = Run(chaos.postgres, chaos.folder / "away", "away", lines, lines // 2)
    try:
        run.receive(statement.write(chaos.folder / "song_0.csv", lines, SEED))
        assert run.eyes.ask("SELECT state FROM jobs_job") == [("waiting",)]
        run.redis.start()
        run.start_all()
        outcome = run.go([], {})
    finally:
        run.stop()
    assert not faults_of(outcome, outcome)
    assert outcome.state.lines == lines


def test_an_import_is_read_while_there_is_no_redis_at_all(chaos: Campaign, path: Path, untouched: Outcome) -> None:
    """F08, F09 (J3): no worker ever hears a bell; what is due is noticed, and done beside beat."""
    run = Run(chaos.postgres, chaos.folder / "without", "without", LINES, CHUNK, silence_seconds=2)
    try:
        run.start_all()
        run.receive(path)
        run.wait_until_over()
        run.stop()
        outcome = run.outcome(0, [])
    finally:
        run.stop()
    assert not unlike(outcome, untouched)
    assert "it is done here" in "".join(outcome.unknown)


def test_a_line_that_kills_its_process_costs_itself(chaos: Campaign) -> None:
    """F13: the line is found and rejected with its reason, the file goes on, and a file beside it notices nothing."""
    lines, poisoned = 3_000, 500  # among the first, at which planning looks too
    run = Run(chaos.postgres, chaos.folder / "poison", "poison", lines, 1_000, poison=statement.POISON)
    files = [
        statement.write(chaos.folder / "song_1.csv", lines, 1, poisoned=poisoned),
        statement.write(chaos.folder / "song_2.csv", lines, 2),
    ]
    try:
        run.redis.start()
        run.start_all()
        for file in files:
            run.receive(file)
        wait_for(run.is_over, "both files are read")
        reports = run.eyes.ask("SELECT id, state, lines, accepted, rejected FROM royalties_report ORDER BY id")
        rejected = run.eyes.ask("SELECT report_id, line_no, raw FROM royalties_rejectedline WHERE reason = 'poison'")
        failures = run.eyes.ask("SELECT job_id, sum(failures) FROM jobs_chunk GROUP BY job_id ORDER BY job_id")
        split = run.eyes.ask("SELECT units, attempt FROM jobs_chunk WHERE state = 'split' ORDER BY ordinal")
        given_up = run.eyes.ask("SELECT units, attempt, error FROM jobs_chunk WHERE state = 'given_up'")
    finally:
        run.stop()
    first, second = reports
    text = files[0].read_text(encoding="gb18030").splitlines()[poisoned - 1]
    assert rejected == [(first[0], poisoned, text)]
    assert first[2] == second[2] == lines
    assert first[3] + first[4] == second[3] + second[4] == lines
    assert "stopped" not in {first[1], second[1]}
    assert failures[1][1] == 0  # the file beside it lost no attempt
    assert [attempt for _units, attempt in split] == [6, 3, 3]  # one more than failed: the one that cut
    assert given_up == [(1, 3, NOBODY_CAME_BACK)]
