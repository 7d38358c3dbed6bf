"""The ledger for programs of those who check it: balances, movements and every identity, and nothing that changes it."""

from __future__ import annotations

import pytest
from django.db import connection

from royalties.checks import CHECKS
from royalties.models import LedgerEntry, LedgerTransaction, Statement
from tests.portal.api import error_of, program, rows_of
from tests.royalties.scene import Scene, distribute_all, make_scene

LEDGER = "/api/v1/ledger/"


@pytest.fixture
def scene(db: None) -> Scene:
    made = make_scene()
    distribute_all(made)
    return made


def test_every_currency_sums_to_zero(scene: Scene) -> None:
    shown = program(scene.auditor).get(LEDGER).json()
    assert shown["sums"] == [{"amount_micros": 0, "currency": currency} for currency in ("CNY", "KRW")]
    payees = next(row for row in shown["balances"] if row["kind"] == "payee")
    assert payees["accounts"] == 3
    assert payees["balance"]["amount_micros"] == sum(Statement.objects.values_list("net_micros", flat=True))


def test_every_movement_with_its_entries(scene: Scene) -> None:
    client = program(scene.auditor)
    movements = rows_of(client, f"{LEDGER}movements/?limit=2")
    assert [row["number"] for row in movements] == list(
        LedgerTransaction.objects.order_by("-id").values_list("id", flat=True)
    )
    assert {row["kind"] for row in movements} == {"remittance", "exchange", "distribution"}
    seen = 0
    for movement in movements:
        shown = client.get(f"{LEDGER}movements/{movement['number']}/").json()
        assert {name: shown[name] for name in movement} == movement
        assert shown["created_by"] == ("staff" if movement["run"] else None)
        assert {total["amount_micros"] for total in shown["sums"]} == {0}
        entries = rows_of(client, f"{LEDGER}movements/{movement['number']}/entries/?limit=2")
        assert sum(entry["amount"]["amount_micros"] for entry in entries) == 0
        assert all((entry["party"] is not None) == (entry["account"] == "payee") for entry in entries)
        seen += len(entries)
    assert seen == LedgerEntry.objects.count()
    for number in (0, 10**30):
        error_of(client.get(f"{LEDGER}movements/{number}/"), 404)


def test_every_figure_recomputed_names_what_differs(scene: Scene) -> None:
    client = program(scene.auditor)
    shown = client.get(f"{LEDGER}check/").json()
    assert (shown["ok"], shown["entries"]) == (True, LedgerEntry.objects.count())
    assert [check["check"] for check in shown["checks"]] == list(CHECKS)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE royalties_report SET accepted_micros = accepted_micros + 1 WHERE id = %s", [scene.report.pk]
        )
    shown = client.get(f"{LEDGER}check/").json()
    assert not shown["ok"]
    wrong = {check["check"]: check["differences"] for check in shown["checks"] if check["differences"]}
    assert "report_figures" in wrong
    assert scene.report.ref in wrong["report_figures"][0]["where"]


@pytest.mark.parametrize("who", ["contact", "dalbit", "finance", "haeon"])
def test_only_the_society_reads_it(scene: Scene, who: str) -> None:
    number = LedgerTransaction.objects.latest("pk").pk
    for inner in ("", "check/", "movements/", f"movements/{number}/", f"movements/{number}/entries/"):
        error_of(program(scene.everybody()[who]).get(f"{LEDGER}{inner}"), 404)


def test_nobody_writes_to_it(scene: Scene) -> None:
    for inner in ("", "movements/"):
        error_of(program(scene.staff).post(f"{LEDGER}{inner}", {}, "application/json"), 405)
