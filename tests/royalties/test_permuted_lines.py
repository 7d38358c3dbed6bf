"""The order of the lines, the number of workers and the container of a statement leave every figure as it is, to the micro.

Each way works on its own copy of one database, in which the demo's society and its catalogue are registered.
"""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from portal.demo import society, statements, story
from portal.files.services import store_upload
from portal.lib.scratch import create_database, drop_database
from royalties import ingest
from royalties.checks import check_ledger
from royalties.distribution import RunResult, distribute
from royalties.models import RejectedLine, Report, Source, Statement
from royalties.money_in import accept_difference, record_remittance
from tests.chaos.processes import ROOT
from tests.conftest import Database, _django_connected_to, _name

LINES = 3_000
PRICES = ("0.37", "0.74", "2.220001")
BANK_FEE = (
    12_345_678  # micros: the money is not what was reported, so that its division leaves remainders in both currencies
)
PROCESSES = 3
MONTH = story.MONTHS[1]
CHILD = (
    "import django; django.setup(); "
    "from tests.royalties.beside_others import drain_beside_others; drain_beside_others({job}, {processes})"
)

pytestmark = pytest.mark.slow

SONGS = """
    SELECT s.key, s.title, s.artists, m.outcome, m.method, array_agg(w.work_id ORDER BY w.work_id) FROM royalties_match m
    JOIN royalties_reportedrecording s ON s.id = m.recording_id LEFT JOIN royalties_matchwork w ON w.match_id = m.id
    WHERE m.superseded_at IS NULL GROUP BY s.id, m.id ORDER BY s.key"""
EARNINGS = """
    SELECT s.key, u.service, e.work_id, e."right", p.name, e.state, e.currency, e.source_micros, e.won_micros
    FROM royalties_earning e JOIN royalties_songusage u ON u.id = e.song_usage_id
    JOIN royalties_reportedrecording s ON s.id = u.recording_id LEFT JOIN works_party p ON p.id = e.party_id
    ORDER BY s.key, u.service, e.work_id, e."right", p.name, e.state, e.source_micros, e.won_micros"""
BALANCES = """
    SELECT a.kind, a.currency, coalesce(p.name, a.owner_key), sum(e.amount_micros)::bigint FROM royalties_ledgerentry e
    JOIN royalties_ledgeraccount a ON a.id = e.account_id LEFT JOIN works_party p ON p.id = a.party_id
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""
UNBALANCED = """
    SELECT transaction_id, currency, sum(amount_micros) FROM royalties_ledgerentry
    GROUP BY 1, 2 HAVING sum(amount_micros) <> 0"""
LEDGER_ROWS = """
    SELECT (SELECT count(*) FROM royalties_ledgertransaction), (SELECT count(*) FROM royalties_ledgerentry),
        (SELECT count(*) FROM royalties_earning), (SELECT count(*) FROM royalties_statement),
        (SELECT count(*) FROM royalties_distributionrun)"""


@dataclass(frozen=True)
class Outcome:
    """All that a person or a society could compare, without the numbers the database gives out in order of arrival."""

    report: dict[str, int]
    reasons: Counter[str]
    songs: list[tuple[Any, ...]]
    run: RunResult
    statements: dict[
        tuple[str, str], tuple[int, ...]
    ]  # kind and name of the payee → gross, deducted, net, payable, carried
    earnings: list[tuple[Any, ...]]
    balances: list[tuple[Any, ...]]  # per account: held, suspense, not ours, deducted, payees, what rests in the pool


@pytest.fixture(scope="module")
def registered(
    template_database: Database,
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Database]:
    """The society with its catalogue and no report yet, to be copied."""
    with copied(template_database, "registered") as database:
        with connected(database, django_db_blocker):
            society.make_society(tmp_path_factory.mktemp("catalogue"))
        yield database


@pytest.fixture(scope="module")
def as_it_is(
    registered: Database, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Outcome:
    """The statement as it is, read by one worker in one go."""
    path = write_csv(lines(), tmp_path_factory.mktemp("as_it_is"))
    with copied(registered, "as_it_is") as database, connected(database, django_db_blocker):
        outcome = outcome_of(path, drain_alone)
    assert outcome.report["lines"] == LINES
    figures = ("rejected_micros", "matched_micros", "review_micros", "unmatched_micros")
    assert min(outcome.report[name] for name in figures) > 0
    won = outcome.run
    parts = (won.held, won.suspense, won.not_ours, won.deducted, won.payable, won.carried, won.resting)
    assert min(part["KRW"] for part in parts) > 0
    assert len(outcome.statements) > 10
    return outcome


@pytest.mark.parametrize("seed", [1, 2])
def test_shuffled_lines_and_three_workers_change_no_figure(
    seed: int, as_it_is: Outcome, registered: Database, django_db_blocker: DjangoDbBlocker, tmp_path: Path
) -> None:
    shuffled = lines()
    random.Random(seed).shuffle(shuffled)  # noqa: S311  # nothing secret
    path = write_csv(shuffled, tmp_path)
    with copied(registered, f"shuffled_{seed}") as database, connected(database, django_db_blocker):
        same(outcome_of(path, drain_by_three), as_it_is)


def test_a_spreadsheet_changes_no_figure(
    as_it_is: Outcome,
    registered: Database,
    django_db_blocker: DjangoDbBlocker,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    rows = lines()
    monkeypatch.setattr(statements, "lines", lambda _month, _count: rows)
    path = statements.write_xlsx(MONTH.usage, LINES, tmp_path)
    with copied(registered, "sheet") as database, connected(database, django_db_blocker):
        same(outcome_of(path, drain_alone), as_it_is)


def same(found: Outcome, expected: Outcome) -> None:
    """Equal part by part, so that the first difference is named by what it is."""
    assert found.report == expected.report
    assert found.reasons == expected.reasons
    assert found.songs == expected.songs
    assert found.statements == expected.statements
    assert found.earnings == expected.earnings
    assert found.balances == expected.balances
    assert found.run == expected.run


def lines() -> list[list[str]]:
    """The demo's lines with three prices only, so that many songs have the same amount and remainders are equal."""
    rows = statements.lines(MONTH.usage, LINES)
    for number, cells in enumerate(rows):
        if cells[-1].replace(".", "").isdigit():
            cells[-1] = PRICES[number % len(PRICES)]
    return rows


def write_csv(rows: list[list[str]], folder: Path) -> Path:
    path = folder / "song_202609.csv"
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([statements.HEADERS, *rows])
    return path


# ── the statement from its bytes to the payees' figures ─────────────────────────────────────────────────────────────────


def outcome_of(path: Path, work: Callable[[int], None]) -> Outcome:
    """Import, pay and distribute the statement; what must be true whatever its order is asserted on the way."""
    report = receive(path)
    assert report.job_id is not None
    work(report.job_id)
    report.refresh_from_db()
    assert (report.state, report.error_code) == (Report.State.READY, "")
    story.answer_reviews(society.user("staff"))
    story.open_cases()
    remittance = record_remittance(
        source=report.source,
        period=MONTH.usage,
        amount_micros=int(report.accepted_micros + report.rejected_micros) - BANK_FEE,
        currency="CNY",
        rate=MONTH.rate,
        rate_date=MONTH.rate_date,
    )
    accept_difference(pool=remittance.pool, actor=society.user("staff"), reason="the bank's fee")
    run = distribute(period=MONTH.distributed)
    outcome = Outcome(
        report=asdict(ingest.report_figures(report)),
        reasons=Counter(RejectedLine.objects.values_list("reason", flat=True)),
        songs=rows(SONGS),
        run=replace(run, run=None),
        statements=statements_by_payee(),
        earnings=rows(EARNINGS),
        balances=rows(BALANCES),
    )
    require_identities(outcome)
    assert rows(UNBALANCED) == []
    assert check_ledger().differences == ()
    before = rows(LEDGER_ROWS)
    assert distribute(period=MONTH.distributed).state == "nothing_new"
    assert rows(LEDGER_ROWS) == before
    assert rows(BALANCES) == outcome.balances
    return outcome


def receive(path: Path) -> Report:
    with path.open("rb") as stream:
        stored = store_upload(stream=stream, label=path.name, user=None)
    tme = Source.objects.get(code="tme")
    report, new = ingest.receive_report(source=tme, stored=stored, period=MONTH.usage, user=None, bell=False)
    assert new
    return report


def drain_alone(job_id: int) -> None:
    ingest.work_on(job_id)


def drain_by_three(job_id: int) -> None:
    """Real processes, none of which reads a line before each of them has a chunk of lines."""
    command = [sys.executable, "-c", CHILD.format(job=job_id, processes=PROCESSES)]
    children = [subprocess.Popen(command, cwd=ROOT) for _ in range(PROCESSES)]
    try:
        assert [child.wait(timeout=60) for child in children] == [0] * PROCESSES
    finally:
        for child in children:
            child.kill()
            child.wait()


def require_identities(outcome: Outcome) -> None:
    """Both identities, each figure once from what the run said and once from the accounts."""
    report = outcome.report
    parts = ("matched_micros", "review_micros", "unmatched_micros", "rejected_micros")
    assert report["money_micros"] == sum(report[part] for part in parts)
    assert report["lines"] == report["accepted"] + report["rejected"]
    run = outcome.run
    kept = run.held["KRW"] + run.suspense["KRW"] + run.not_ours["KRW"] + run.deducted["KRW"]
    assert run.gross["KRW"] == run.payable["KRW"] + run.carried["KRW"] + kept
    assert run.gross["CNY"] == sum(part["CNY"] for part in (run.posted, run.held, run.suspense, run.not_ours))
    assert run.resting["CNY"] + run.gross["CNY"] == report["money_micros"] - BANK_FEE
    of_kind: Counter[str] = Counter()
    for kind, currency, _owner, micros in outcome.balances:
        if currency == "KRW":
            of_kind[kind] += micros
    assert of_kind["payee"] == run.payable["KRW"] + run.carried["KRW"] == run.posted["KRW"]
    assert of_kind["hold"] == run.held["KRW"]
    assert of_kind["suspense"] == run.suspense["KRW"]
    assert of_kind["not_ours"] == run.not_ours["KRW"]
    assert of_kind["deduction"] == run.deducted["KRW"]
    assert of_kind["pool"] == run.resting["KRW"]


def statements_by_payee() -> dict[tuple[str, str], tuple[int, ...]]:
    columns = ("gross_micros", "deducted_micros", "net_micros", "payable_micros", "carried_micros")
    found = Statement.objects.values_list("party__kind", "party__name", *columns)
    by_payee = {(kind, name): tuple(figures) for kind, name, *figures in found}
    assert len(by_payee) == len(found)
    return by_payee


# ── databases ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def copied(database: Database, name: str) -> Iterator[Database]:
    """A copy that is dropped again."""
    copy = database.named(f"garak_test_{os.getpid()}_permuted_{name}")
    create_database(database.owner_url, _name(copy), template=_name(database))
    try:
        yield copy
    finally:
        drop_database(database.owner_url, _name(copy))


@contextmanager
def connected(database: Database, blocker: DjangoDbBlocker) -> Iterator[None]:
    """This process and its children work on this database."""
    with _django_connected_to(database, blocker), blocker.unblock():
        yield


def rows(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())
