"""The ledger as the society reads it: balances that sum to zero, every movement, and every figure recomputed."""

from __future__ import annotations

import pytest
from django.urls import reverse

from portal.accounts.models import User
from portal.lib import wording
from royalties.checks import CHECKS, WORDS
from royalties.ledger import balances_by_kind
from royalties.models import LedgerEntry, LedgerTransaction, Report, Statement
from tests.royalties.scene import Scene, add_deduction, distribute_all, make_scene, signed_in


@pytest.fixture
def scene(db: None) -> Scene:
    made = make_scene()
    add_deduction()
    distribute_all(made)
    return made


def page(user: User, name: str, *args: object) -> str:
    response = signed_in(user).get(reverse(name, args=args))
    assert response.status_code == 200
    return response.content.decode()


def test_balances_of_all_kinds_sum_to_zero_in_each_currency(scene: Scene) -> None:
    rows = balances_by_kind()
    for currency in ("CNY", "KRW"):
        assert sum(row["micros"] for row in rows if row["currency"] == currency) == 0
    payees = next(row for row in rows if (row["kind"], row["currency"]) == ("payee", "KRW"))
    assert payees["micros"] == sum(statement.net_micros for statement in Statement.objects.all())
    shown = page(scene.auditor, "royalties:ledger")
    assert wording.exact_money(payees["micros"], "KRW") in shown
    sums = shown.partition("<tfoot>")[2]
    assert "₩0.000000" in sums
    assert "CN¥0.000000" in sums


def test_every_movement_leads_to_its_entries(scene: Scene) -> None:
    shown = page(scene.auditor, "royalties:ledger")
    for movement in LedgerTransaction.objects.all():
        assert reverse("royalties:movement", args=[movement.pk]) in shown
    statement = Statement.objects.get(party=scene.haeon_party)
    entries = page(scene.auditor, "royalties:movement", statement.transaction_id)
    for entry in LedgerEntry.objects.filter(transaction=statement.transaction_id):
        assert wording.exact_money(entry.amount_micros, entry.currency) in entries
    assert scene.haeon_party.name in entries
    assert signed_in(scene.auditor).get(reverse("royalties:movement", args=[10**30])).status_code == 404


def test_every_figure_is_recomputed_and_a_difference_is_named(scene: Scene) -> None:
    assert "Nothing differs" in page(scene.auditor, "royalties:ledger_check")
    Report.objects.filter(pk=scene.report.pk).update(lines=99)
    shown = page(scene.auditor, "royalties:ledger_check")
    assert "Figures differ" in shown
    assert f"{scene.report.ref} lines: 99 expected, 7 found" in shown


def test_every_check_reads_as_a_sentence() -> None:
    assert set(WORDS) == set(CHECKS)
