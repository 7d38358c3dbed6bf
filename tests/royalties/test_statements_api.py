"""Usage and payments for programs: why this amount, from whole won back to the lines of the service's file."""

from __future__ import annotations

import csv
import datetime as dt
import io
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.rest.scopes import Scope
from royalties.holds import open_hold, release_hold
from royalties.models import Earning, Statement
from tests.portal.api import error_of, program, rows_of
from tests.royalties.scene import (
    CANARY,
    KUGOU,
    MONTH,
    PAID_IN,
    QQ,
    YUAN,
    Scene,
    add_deduction,
    add_report,
    add_share,
    add_song,
    add_work,
    distribute_all,
    make_scene,
    receive_money,
)
from works.models import Share

STATEMENTS, USAGE = "/api/v1/statements/", "/api/v1/usage/"


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


def fraction(part: dict[str, int]) -> Fraction:
    return Fraction(part["numerator"], part["denominator"])


def micros(rows: list[dict[str, Any]], name: str) -> int:
    return sum(row[name]["amount_micros"] for row in rows)


def statement_of(scene: Scene, who: str) -> str:
    """The address of the one statement of a person's party."""
    party = {"haeon": scene.haeon_party, "stranger": scene.stranger_party}.get(who, scene.dalbit_party)
    return f"{STATEMENTS}{Statement.objects.get(party=party).ref}/"


# ── usage ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_use_of_ones_works_by_song_service_and_month(scene: Scene) -> None:
    rows = rows_of(program(scene.haeon), f"{USAGE}?limit=1")
    assert [(row["service"], row["uses"], row["reported"]["amount_micros"]) for row in rows] == [
        ("qq", 1500, 90 * YUAN),
        ("kugou", 200, 12 * YUAN),
    ]
    assert rows[0]["works"] == [{"ref": scene.moon.ref, "title": "달빛 아래"}]
    assert (rows[0]["song"]["ref"], rows[0]["usage_month"]) == (scene.matched.ref, "2026-09")
    assert CANARY not in str(rows)
    assert len(rows_of(program(scene.auditor), USAGE)) == 3


@pytest.mark.parametrize(
    ("query", "found"),
    [("service=kugou", 1), ("month=2026-09", 2), ("month=2026-10", 0), ("q=月光", 2), ("q=달빛", 2), ("q=없는", 0)],
)
def test_filters_leave_what_fits(scene: Scene, query: str, found: int) -> None:
    client = program(scene.haeon)
    assert len(rows_of(client, f"{USAGE}?{query}")) == found
    sums = client.get(f"{USAGE}by-service/?{query}").json()["services"]
    assert micros(sums, "reported") == micros(rows_of(client, f"{USAGE}?{query}"), "reported")


@pytest.mark.parametrize("query", ["service=spotify", "month=2026-9", "sort=money"])
def test_a_filter_that_is_none_is_refused(scene: Scene, query: str) -> None:
    for path in (USAGE, f"{USAGE}by-service/"):
        assert error_of(program(scene.haeon).get(f"{path}?{query}"), 400)["error"] == "input-not-valid"


def test_what_became_of_a_work(scene: Scene) -> None:
    distribute_all(scene)
    client = program(scene.haeon)
    shown = client.get(f"{USAGE}{scene.moon.ref}/").json()
    won = sum(Earning.objects.filter(party=scene.haeon_party).values_list("won_micros", flat=True))
    assert shown["earned"] == [{"state": "payable", "won": {"amount_micros": won, "currency": "KRW"}}]
    assert [part["song"]["ref"] for part in shown["songs"]] == [scene.matched.ref]
    months = rows_of(client, f"{USAGE}{scene.moon.ref}/months/?limit=1")
    assert [(row["service"], row["reported"]["amount_micros"]) for row in months] == [
        ("kugou", 12 * YUAN),
        ("qq", 90 * YUAN),
    ]
    assert micros(months, "payable") == won
    assert {row["held"] for row in months} == {None}


def test_who_sees_no_money_sees_the_use_of_a_work_without_it(scene: Scene) -> None:
    distribute_all(scene)
    client = program(scene.copyright)
    assert client.get(f"{USAGE}{scene.moon.ref}/").json()["earned"] is None
    months = rows_of(client, f"{USAGE}{scene.moon.ref}/months/")
    assert {(row["payable"], row["held"]) for row in months} == {(None, None)}
    error_of(client.get(f"{USAGE}{scene.strange.ref}/"), 404)
    error_of(client.get(f"{USAGE}{scene.strange.ref}/months/"), 404)


# ── payments ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_list_is_ones_own(scene: Scene) -> None:
    distribute_all(scene)
    for who, party in (("haeon", scene.haeon_party), ("finance", scene.dalbit_party)):
        (row,) = rows_of(program(scene.everybody()[who]), STATEMENTS)
        assert (row["payee"]["ref"], row["period"], row["kind"]) == (party.ref, "2026-11", "distribution")
    assert len(rows_of(program(scene.auditor), f"{STATEMENTS}?limit=1")) == 3
    error_of(program(scene.copyright).get(STATEMENTS), 404)
    error_of(program(scene.contact).get(STATEMENTS), 404)
    error_of(program(scene.haeon).get(statement_of(scene, "stranger")), 404)


def test_months_sum_what_was_paid(scene: Scene) -> None:
    distribute_all(scene)
    paid = sum(Statement.objects.values_list("payable_micros", flat=True))
    assert rows_of(program(scene.auditor), f"{STATEMENTS}months/") == [
        {"period": "2026-11", "paid": {"amount_micros": paid, "currency": "KRW"}}
    ]


def test_every_step_from_royalties_to_whole_won(scene: Scene) -> None:
    add_deduction()
    distribute_all(scene)
    shown = program(scene.haeon, **{"accept-language": "ko"}).get(statement_of(scene, "haeon")).json()
    (step,) = shown["deductions"]
    amount = {name: shown[name]["amount_micros"] for name in ("gross", "deducted", "net", "carried", "paid")}
    assert (step["text"], fraction(step["rate"])) == ("협회 수수료는 9%예요.", Fraction(9, 100))
    assert step["base"] == shown["gross"]
    assert step["taken"] == shown["deducted"]
    assert amount["gross"] - amount["deducted"] == amount["net"] == amount["carried"] + amount["paid"]
    assert amount["paid"] % 1_000_000 == 0
    assert micros(shown["services"], "won") == amount["gross"]
    assert (shown["release"], shown["held"]) == (None, [])


def test_why_this_amount_down_to_the_lines_of_the_file(scene: Scene) -> None:
    distribute_all(scene)
    client, path = program(scene.haeon), statement_of(scene, "haeon")
    gross = client.get(path).json()["gross"]["amount_micros"]
    (work,) = rows_of(client, f"{path}songs/")
    assert (work["work"]["ref"], work["songs"], work["won"]["amount_micros"]) == (scene.moon.ref, 1, gross)
    earnings = rows_of(client, f"{path}earnings/?limit=1&work={scene.moon.ref}")
    assert len(earnings) == 4, "two services, two rights"
    assert micros(earnings, "won") == gross
    assert rows_of(client, f"{path}earnings/?work={scene.other.ref}") == []
    for earning in earnings:
        assert (earning["rate"], earning["role"], fraction(earning["share"])) == ("192.05", "CA", Fraction(5, 12))
        exact = Fraction(earning["reported"]["amount_micros"]) * Fraction("192.05")
        assert abs(earning["song_won"]["amount_micros"] - exact) <= 1
        assert abs(earning["right_won"]["amount_micros"] - exact / 2) <= 1
        assert abs(earning["won"]["amount_micros"] - earning["right_won"]["amount_micros"] * Fraction(5, 12)) <= 1
        detail = client.get(f"{path}earnings/{earning['id']}/").json()
        assert detail == {**earning, "file_name": scene.report.file.label}
        lines = rows_of(client, f"{path}earnings/{earning['id']}/lines/?limit=1")
        assert len(lines) == earning["lines"]
        assert micros(lines, "amount") == earning["reported"]["amount_micros"]
        assert sum(line["uses"] for line in lines) == earning["uses"]


def test_an_earning_is_reached_through_its_own_statement_alone(scene: Scene) -> None:
    distribute_all(scene)
    strange = Earning.objects.filter(party=scene.stranger_party)[0].pk
    client, path = program(scene.haeon), statement_of(scene, "haeon")
    for number in (strange, 0, 10**30):
        error_of(client.get(f"{path}earnings/{number}/"), 404)
        error_of(client.get(f"{path}earnings/{number}/lines/"), 404)


def test_the_file_holds_every_earning_of_the_list(scene: Scene) -> None:
    distribute_all(scene)
    client, path = program(scene.haeon), statement_of(scene, "haeon")
    response = client.get(f"{path}earnings.csv")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    won = [row["won"].replace(".", "") for row in csv.DictReader(io.StringIO(text))]
    listed = rows_of(client, f"{path}earnings/")
    assert sorted(map(int, won)) == sorted(row["won"]["amount_micros"] for row in listed)
    error_of(program(scene.dalbit).get(f"{path}earnings.csv"), 404)


def test_held_and_released_money_name_their_case(scene: Scene) -> None:
    share = Share.objects.get(work=scene.moon, party=scene.haeon_party, right="performing")
    hold = open_hold(case_ref="C-TEST", fraction=Fraction(5, 12), from_date=MONTH, share=share)
    distribute_all(scene)
    client = program(scene.haeon)
    (held,) = client.get(statement_of(scene, "haeon")).json()["held"]
    assert (held["case_ref"], held["state"], held["statement_ref"]) == ("C-TEST", "open", None)
    parts = [(scene.haeon_party, Fraction(2, 3)), (scene.dalbit_party, Fraction(1, 3))]
    release_hold(hold=hold, parts=parts, period=PAID_IN, actor=scene.staff, outcome="agreement")
    release = next(row for row in rows_of(client, STATEMENTS) if row["kind"] == "release")
    shown = client.get(f"{STATEMENTS}{release['ref']}/").json()
    assert (shown["release"]["case_ref"], fraction(shown["release"]["part"])) == ("C-TEST", Fraction(2, 3))
    assert shown["release"]["held"] == held["won"]
    assert shown["release"]["won"] == shown["gross"]
    assert micros(rows_of(client, f"{STATEMENTS}{release['ref']}/earnings/"), "won") == held["won"]["amount_micros"]
    other = next(row["ref"] for row in rows_of(client, STATEMENTS) if row["kind"] == "distribution")
    (held,) = client.get(f"{STATEMENTS}{other}/").json()["held"]
    assert (held["state"], held["statement_ref"]) == ("released", release["ref"])


@pytest.mark.parametrize("inner", ["songs/", "earnings/"])
def test_a_longer_list_asks_no_more_of_the_database(scene: Scene, inner: str) -> None:
    for number in range(12):
        work = add_work(f"긴 {number}")
        add_share(work, scene.haeon_party, Fraction(1), "CA", "performing")
        song = add_song(f"长 {number}", matched_to=[(work, Fraction(1))])
        add_report([(song, QQ, 1, YUAN), (song, KUGOU, 1, YUAN)], period=dt.date(2026, 10, 1))
    receive_money(scene, period=dt.date(2026, 10, 1))
    distribute_all(scene)
    client, path = program(scene.haeon, Scope.ROYALTIES_READ), f"{statement_of(scene, 'haeon')}{inner}"

    def cost(limit: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert len(client.get(f"{path}?limit={limit}").json()["results"]) == limit
        return len(queries)

    client.get(path)
    assert cost(2) == cost(12)
