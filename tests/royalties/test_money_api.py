"""Money received, distributions and declarations for programs: the same deeds as on the pages, by staff alone."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.rest.scopes import Scope
from royalties.models import (
    DistributionRun,
    Earning,
    LedgerEntry,
    Pool,
    Remittance,
    Report,
    RightSplit,
    SourceProfile,
    Statement,
)
from tests.portal.api import error_of, program, rows_of
from tests.royalties.scene import (
    MONTH,
    QQ,
    YUAN,
    Scene,
    add_deduction,
    add_report,
    distribute_all,
    make_scene,
    receive_money,
)

REMITTANCES, RUNS, SOURCES = "/api/v1/remittances/", "/api/v1/runs/", "/api/v1/sources/"
KEY = {"idempotency-key": "f2f4f5b2-97c1-4d35-9f0a-5f8c6f2d9e11"}
RECEIPT = {
    "source": "tme",
    "period": "2026-09",
    "amount": {"amount_micros": 120_677_777, "currency": "CNY"},
    "rate": "192.05",
    "rate_date": "2026-11-11",
    "rate_source": "the bank",
    "reference": "BANK-7",
}


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


def send(scene: Scene, path: str, body: Any, who: str = "staff", headers: dict[str, str] | None = None) -> Any:
    return program(scene.everybody()[who]).post(path, body, "application/json", headers=headers or {})


def state_of_everything() -> tuple[int, ...]:
    tables = (Remittance, DistributionRun, Earning, LedgerEntry, Statement, SourceProfile, RightSplit)
    return tuple(table.objects.count() for table in tables)


# ── money received ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_money_is_recorded_once_and_exchanged_exactly(scene: Scene) -> None:
    first, again = (send(scene, REMITTANCES, RECEIPT) for _time in range(2))
    assert first.status_code == 201
    assert first.json() == again.json()
    shown, recorded = first.json(), Remittance.objects.get()
    assert (shown["ref"], shown["reference"], shown["recorded_by"]) == (recorded.ref, "BANK-7", "staff")
    assert (shown["state"], shown["reports"]) == ("released", [scene.report.ref])
    assert shown["won"] == {"amount_micros": recorded.pool.won_micros, "currency": "KRW"}
    assert shown["amount"] == shown["reported"] == RECEIPT["amount"]
    assert (shown["difference"]["amount_micros"], shown["rate"], shown["rate_date"]) == (0, "192.05", "2026-11-11")
    assert program(scene.auditor).get(f"{REMITTANCES}{recorded.ref}/").json() == shown
    assert rows_of(program(scene.auditor), REMITTANCES) == [shown]


def test_other_figures_under_the_same_reference_are_refused(scene: Scene) -> None:
    send(scene, REMITTANCES, RECEIPT)
    before = state_of_everything()
    other = {**RECEIPT, "amount": {"amount_micros": 1, "currency": "CNY"}}
    assert error_of(send(scene, REMITTANCES, other), 409)["error"] == "reference-taken"
    assert state_of_everything() == before


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("amount", {"amount_micros": 0, "currency": "CNY"}, "input-not-valid"),
        ("amount", {"amount_micros": "120677777", "currency": "CNY"}, "input-not-valid"),
        ("amount", {"amount_micros": 1, "currency": "BTC"}, "input-not-valid"),
        ("amount", {"amount_micros": 1, "currency": "CNY", "cents": 3}, "input-not-valid"),
        ("amount", 120_677_777, "input-not-valid"),
        ("amount", {"amount_micros": 1, "currency": "USD"}, "other-currency"),
        ("period", "2026-13", "input-not-valid"),
        ("rate", 192, "input-not-valid"),
        ("rate", "1e3", "input-not-valid"),
        ("rate", "192.05000000001", "input-not-valid"),
        ("rate", "0", "rate-not-usable"),
        ("rate_date", "2026-02-30", "input-not-valid"),
        ("source", "nobody", "source-is-unknown"),
    ],
)
def test_what_cannot_be_money_changes_nothing(scene: Scene, field: str, value: object, error: str) -> None:
    before = state_of_everything()
    assert error_of(send(scene, REMITTANCES, {**RECEIPT, field: value}), 400)["error"] == error
    assert state_of_everything() == before


def test_money_that_differs_is_held_until_staff_take_responsibility(scene: Scene) -> None:
    path = f"{REMITTANCES}{receive_money(scene, extra_micros=YUAN).ref}/"
    held = program(scene.auditor).get(path).json()
    assert (held["state"], held["difference"]["amount_micros"], held["accepted_difference"]) == ("held", YUAN, None)
    assert error_of(send(scene, f"{path}accept/", {"reason": " "}), 400)["error"] == "reason-missing"
    error_of(send(scene, f"{path}accept/", {"reason": "x"}, "auditor"), 404)
    assert Pool.objects.get().state == "held"
    body = {"reason": "bank fee paid back"}
    first, again = (send(scene, f"{path}accept/", body, headers=KEY) for _time in range(2))
    assert first.json()["accepted_difference"] == {"by": "staff", "reason": "bank fee paid back"}
    assert (first.json()["state"], again.json()) == ("released", first.json())
    assert error_of(send(scene, f"{path}accept/", body), 409)["error"] == "no-difference-to-accept"


def test_what_rests_is_what_nobody_owns_and_what_no_distribution_took(scene: Scene) -> None:
    receive_money(scene)
    shown = program(scene.auditor).get("/api/v1/resting/").json()
    (yuan,) = shown["reported"]
    assert yuan == {
        "review": {"amount_micros": 4_400_000, "currency": "CNY"},
        "review_songs": 1,
        "unmatched": {"amount_micros": 5_500_000, "currency": "CNY"},
        "unmatched_songs": 1,
        "rejected": {"amount_micros": 1_000_000, "currency": "CNY"},
        "rejected_lines": 1,
        "unregistered": {"amount_micros": 0, "currency": "CNY"},
        "unregistered_songs": 0,
    }
    assert shown["undistributed"] == {"amount_micros": Pool.objects.get().won_micros, "currency": "KRW"}
    assert shown["waiting"] == 0


# ── distribution ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_trial_shows_the_outcome_and_writes_nothing(scene: Scene) -> None:
    add_deduction()
    receive_money(scene)
    before = state_of_everything()
    tried = send(scene, RUNS, {"period": "2026-11", "dry_run": True}, headers=KEY)
    assert tried.status_code == 200
    assert (tried.json()["state"], tried.json()["run"]) == ("dry_run", None)
    assert state_of_everything() == before
    done = send(scene, RUNS, {"period": "2026-11"}).json()
    assert (done["currencies"], done["payees"]) == (tried.json()["currencies"], tried.json()["payees"])


def test_a_distribution_is_made_once_and_adds_up_in_every_currency(scene: Scene) -> None:
    add_deduction()
    receive_money(scene)
    first, again = (send(scene, RUNS, {"period": "2026-11"}, headers=KEY) for _time in range(2))
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    run = DistributionRun.objects.get()
    assert (first.json()["state"], first.json()["run"], first.json()["payees"]) == ("distributed", run.ref, 3)
    for identity in first.json()["currencies"]:
        assert identity["holds"]
        parts = [part["amount"]["amount_micros"] for part in identity["parts"]]
        assert sum(parts) == identity["distributed"]["amount_micros"] > 0
    shown = program(scene.auditor).get(f"{RUNS}{run.ref}/").json()
    assert shown["currencies"] == first.json()["currencies"]
    (jasrac,) = shown["not_ours"]
    assert (jasrac["society_code"], jasrac["collector"], jasrac["works"]) == ("038", "other_society", 1)
    assert jasrac["amount"]["currency"] == "CNY"
    (listed,) = rows_of(program(scene.auditor), RUNS)
    assert (listed["ref"], listed["period"], listed["created_by"]) == (run.ref, "2026-11", "staff")
    paid = [
        row["paid"]["amount_micros"] for row in rows_of(program(scene.auditor), f"{RUNS}{run.ref}/statements/?limit=2")
    ]
    assert paid == sorted(paid, reverse=True)
    assert sum(paid) == listed["paid"]["amount_micros"]
    before = state_of_everything()
    nothing = send(scene, RUNS, {"period": "2026-11"})
    assert (nothing.status_code, nothing.json()["state"], nothing.json()["run"]) == (200, "nothing_new", None)
    assert state_of_everything() == before


def test_songs_that_wait_are_named(scene: Scene) -> None:
    RightSplit.objects.all().delete()
    receive_money(scene)
    (waiting,) = send(scene, RUNS, {"period": "2026-11"}).json()["waiting"]
    assert waiting["error"] == "rights-not-declared"
    assert "2026-09" in waiting["message"]
    assert not DistributionRun.objects.exists()


@pytest.mark.parametrize("body", [{}, {"period": "November"}, {"period": "2026-11", "dry_run": "yes"}, []])
def test_what_is_no_distribution_changes_nothing(scene: Scene, body: object) -> None:
    receive_money(scene)
    before = state_of_everything()
    error_of(send(scene, RUNS, body), 400)
    assert state_of_everything() == before


# ── sources ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_declared_of_a_source(scene: Scene) -> None:
    rows = {row["code"]: row for row in rows_of(program(scene.auditor), f"{SOURCES}?limit=1")}
    assert set(rows) >= {"tme", "mcsc", "youtube", "generic"}
    assert rows["mcsc"]["bases"] == []
    tme = program(scene.auditor).get(f"{SOURCES}tme/").json()
    assert tme == rows["tme"]
    (basis,) = tme["bases"]
    assert (basis["from_month"], basis["family"], basis["basis"], basis["declared_by"]) == (
        "2020-01",
        "",
        "whole",
        None,
    )
    (division,) = tme["divisions"]
    parts = [
        Fraction(part["numerator"], part["denominator"]) for name, part in division.items() if name != "from_month"
    ]
    assert parts == [Fraction(1, 2), Fraction(1, 2), 0]
    error_of(program(scene.auditor).get(f"{SOURCES}nobody/"), 404)


def test_a_basis_is_declared_and_reports_that_waited_are_looked_at_again(scene: Scene) -> None:
    SourceProfile.objects.all().delete()
    Report.objects.filter(pk=scene.report.pk).update(state="held", held_reason="no_basis", basis="")
    body = {"basis": "claimed", "from_month": "2026-09", "note": "contract of 2026"}
    declared = send(scene, f"{SOURCES}tme/bases/", body)
    assert declared.status_code == 201
    (basis,) = declared.json()["bases"]
    assert basis == {**body, "family": "", "declared_by": "staff"}
    scene.report.refresh_from_db()
    assert (scene.report.state, scene.report.basis) == ("ready", "claimed")
    other = send(scene, f"{SOURCES}tme/bases/", {**body, "basis": "whole"})
    assert error_of(other, 409)["error"] == "basis-already-declared"
    assert SourceProfile.objects.get().basis == "claimed"


def test_a_division_is_declared_but_not_for_money_that_went_its_way(scene: Scene) -> None:
    distribute_all(scene)
    body = {"from_month": "2026-10", "performing": 2, "mechanical": 1}
    declared = send(scene, f"{SOURCES}tme/divisions/", body)
    assert declared.status_code == 201
    newest = declared.json()["divisions"][0]
    assert (newest["from_month"], newest["performing"]) == ("2026-10", {"numerator": 2, "denominator": 3})
    assert newest["synchronisation"] == {"numerator": 0, "denominator": 1}
    before = state_of_everything()
    for changes, error in (
        ({"from_month": "2026-09"}, "rights-already-used"),
        ({"performing": 1}, "rights-already-declared"),
    ):
        assert error_of(send(scene, f"{SOURCES}tme/divisions/", {**body, **changes}), 409)["error"] == error
    nothing = {"performing": 0, "mechanical": 0}
    assert error_of(send(scene, f"{SOURCES}tme/divisions/", {**body, **nothing}), 400)["error"] == "not-a-division"
    assert state_of_everything() == before


# ── who ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("who", ["auditor", "contact", "dalbit", "finance", "haeon"])
def test_only_staff_change_anything(scene: Scene, who: str) -> None:
    receive_money(scene)
    before = state_of_everything()
    for path, body in (
        (REMITTANCES, RECEIPT),
        (RUNS, {"period": "2026-11"}),
        (RUNS, {"period": "2026-11", "dry_run": True}),
        (f"{SOURCES}tme/bases/", {"basis": "whole", "from_month": "2026-09", "note": "x"}),
        (f"{SOURCES}tme/divisions/", {"from_month": "2026-10", "performing": 1, "mechanical": 1}),
    ):
        error_of(send(scene, path, body, who), 404)
    assert state_of_everything() == before


@pytest.mark.parametrize("who", ["contact", "dalbit", "finance", "haeon"])
def test_only_the_society_reads_it(scene: Scene, who: str) -> None:
    run = distribute_all(scene).run
    assert run is not None
    paths = (REMITTANCES, f"{REMITTANCES}{Remittance.objects.get().ref}/", RUNS, f"{RUNS}{run.ref}/", SOURCES)
    for path in (*paths, f"{SOURCES}tme/", f"{RUNS}{run.ref}/statements/", "/api/v1/resting/"):
        error_of(program(scene.everybody()[who]).get(path), 404)


def test_the_lists_cost_the_same_however_long(scene: Scene) -> None:
    client = program(scene.staff, Scope.ROYALTIES_READ)
    receive_money(scene)

    def cost(path: str) -> int:
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    before = [cost(path) for path in (REMITTANCES, SOURCES)]
    for number in range(1, 9):
        add_report([(scene.matched, QQ, 1, YUAN)], period=MONTH.replace(month=number, year=2025))
        receive_money(scene, period=MONTH.replace(month=number, year=2025))
        SourceProfile.objects.create(
            source_id=2, basis="whole", from_date=dt.date(2025, number, 1), note="x", declared_by=scene.staff
        )
    assert [cost(path) for path in (REMITTANCES, SOURCES)] == before
