"""Money received, distributions with their identity in every currency, and what a source's money is declared to mean."""

from __future__ import annotations

from fractions import Fraction

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from portal.lib import wording
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
from tests.royalties.scene import (
    MONTH,
    PAID_IN,
    QQ,
    YUAN,
    Scene,
    add_deduction,
    add_party,
    add_report,
    add_share,
    add_song,
    add_work,
    distribute_all,
    make_scene,
    receive_money,
    signed_in,
)
from works.models import Society

pytestmark = pytest.mark.django_db
BUDGET = 22
RECEIPT = {
    "source": "tme",
    "period": "2026-09",
    "amount_micros": "120.677777",
    "currency": "CNY",
    "rate": "192.05",
    "rate_date": "2026-11-11",
    "rate_source": "the bank",
    "reference": "BANK-7",
}


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


def page(scene: Scene, who: str, name: str, *args: object) -> str:
    response = signed_in(scene.everybody()[who]).get(reverse(f"royalties:{name}", args=args))
    assert response.status_code == 200
    return response.content.decode()


def send(scene: Scene, name: str, form: dict[str, str], *args: object) -> tuple[int, str]:
    response = signed_in(scene.staff).post(reverse(f"royalties:{name}", args=args), form, follow=True)
    return response.status_code, response.content.decode()


# ── money received ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_money_is_recorded_once_and_exchanged_exactly(scene: Scene) -> None:
    assert send(scene, "remittances", RECEIPT)[0] == 200
    status, shown = send(scene, "remittances", RECEIPT)
    assert status == 200
    remittance = Remittance.objects.get()
    assert (remittance.amount_micros, remittance.reference) == (120_677_777, "BANK-7")
    assert (remittance.pool.state, list(remittance.pool.reports.all())) == ("released", [scene.report])
    assert wording.exact_money(remittance.pool.won_micros, "KRW", language="en") in shown
    assert "CN¥120.677777" in shown
    assert "192.05" in shown


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("amount_micros", "1e400", "in digits"),
        ("amount_micros", "0", "more than zero"),
        ("amount_micros", "-5", "more than zero"),
        ("amount_micros", "1.1234567", "more than six decimals"),
        ("period", "2026-13", "for example 2026-09"),
        ("rate", "NaN", "in digits"),
        ("rate", "1_000", "in digits"),
        ("rate", "１２３", "in digits"),
        ("rate", "1e3", "in digits"),
        ("rate", "0", "more than zero"),
        ("currency", "BTC", "valid choice"),
    ],
)
def test_what_cannot_be_money_is_said_at_its_field(scene: Scene, field: str, value: str, words: str) -> None:
    status, shown = send(scene, "remittances", {**RECEIPT, field: value})
    assert status == 400
    assert words in shown
    assert not Remittance.objects.exists()


def test_a_slipped_point_in_the_rate_is_refused_in_words(scene: Scene) -> None:
    receive_money(scene)
    add_report([(scene.matched, QQ, 1, YUAN)], period=PAID_IN)
    status, shown = send(scene, "remittances", {**RECEIPT, "period": "2026-11", "rate": "1920.6"})
    assert status == 400
    assert "ten times off" in shown
    assert Remittance.objects.count() == 1


def test_money_that_differs_is_held_until_staff_take_responsibility(scene: Scene) -> None:
    remittance = receive_money(scene, extra_micros=YUAN)
    shown = page(scene, "staff", "remittances")
    assert "CN¥1.00" in shown
    assert "held: the sums differ" in shown
    url = reverse("royalties:accept_difference", args=[remittance.ref])
    assert url in shown
    assert url not in page(scene, "auditor", "remittances")
    _status, shown = send(scene, "accept_difference", {"reason": ""}, remittance.ref)
    assert "Nothing has changed" in shown
    remittance.pool.refresh_from_db()
    assert remittance.pool.state == "held"
    send(scene, "accept_difference", {"reason": "bank fee paid back"}, remittance.ref)
    remittance.pool.refresh_from_db()
    assert (remittance.pool.state, remittance.pool.accepted_difference_by) == ("released", scene.staff)
    assert "bank fee paid back" in page(scene, "auditor", "remittances")


def test_the_list_costs_the_same_however_much_was_received(
    scene: Scene, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(1, 10):
        add_report([(scene.matched, QQ, 1, YUAN)], period=MONTH.replace(month=number, year=2025))
        receive_money(scene, period=MONTH.replace(month=number, year=2025))
    client = signed_in(scene.staff)
    with django_assert_max_num_queries(BUDGET):
        client.get(reverse("royalties:remittances"))


# ── distribution ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_trial_shows_the_outcome_and_writes_nothing(scene: Scene) -> None:
    add_deduction()
    receive_money(scene)
    entries = LedgerEntry.objects.count()
    status, shown = send(scene, "runs", {"period": "2026-11", "dry_run": "1"})
    assert status == 200
    assert "nothing has been posted" in shown
    assert "CN¥109.777777" in shown
    assert (DistributionRun.objects.count(), Earning.objects.count(), Statement.objects.count()) == (0, 0, 0)
    assert LedgerEntry.objects.count() == entries


def test_a_distribution_shows_identity_2_in_both_currencies(scene: Scene) -> None:
    add_deduction()
    receive_money(scene)
    status, shown = send(scene, "runs", {"period": "2026-11"})
    assert status == 200
    run = DistributionRun.objects.get()
    assert run.created_by == scene.staff
    for state, by_currency in run.totals.items():
        for currency, micros in by_currency.items():
            if state != "posted" or currency != "KRW":
                assert wording.exact_money(int(micros), currency, language="en") in shown, (state, currency)
    assert shown.count("The parts make the whole") == 2
    for statement in Statement.objects.all():
        assert statement.party.name in shown
        assert wording.money(statement.payable_micros, "KRW", language="en") in shown
    assert "CN¥34.00" in shown, "a third of the moon belongs to JASRAC"
    assert Society.objects.get(code="038").name in shown


def test_a_second_distribution_posts_nothing_and_says_so(scene: Scene) -> None:
    receive_money(scene)
    send(scene, "runs", {"period": "2026-11"})
    entries = LedgerEntry.objects.count()
    status, shown = send(scene, "runs", {"period": "2026-11"})
    assert status == 200
    assert "There was nothing new to distribute" in shown
    assert LedgerEntry.objects.count() == entries


def test_what_no_distribution_has_divided_rests_visibly(scene: Scene) -> None:
    distribute_all(scene)
    left = Pool.objects.get().won_micros - sum(earning.won_micros for earning in Earning.objects.all())
    assert left > 0
    shown = page(scene, "auditor", "runs")
    assert wording.money(left, "KRW", language="en") in shown
    assert "CN¥10.90" in shown, "to review, unmatched and rejected"
    assert reverse("royalties:run", args=[DistributionRun.objects.get().ref]) in shown
    assert "Try without posting" not in shown, "an auditor only reads"


def test_a_month_in_other_words_is_asked_again(scene: Scene) -> None:
    status, shown = send(scene, "runs", {"period": "soon"})
    assert status == 400
    assert "for example 2026-09" in shown
    assert not DistributionRun.objects.exists()


def test_runs_cost_the_same_however_many_payees(
    scene: Scene, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    lines = []
    for number in range(60):
        work = add_work(f"노래 {number}")
        add_share(work, add_party(f"작가 {number}"), Fraction(1), "CA", "performing")
        lines.append((add_song(f"歌 {number}", matched_to=[(work, Fraction(1))]), QQ, 1, (number + 1) * YUAN))
    add_report(lines)
    distribute_all(scene)
    client = signed_in(scene.auditor)
    with django_assert_max_num_queries(BUDGET):
        client.get(reverse("royalties:runs"))
    with django_assert_max_num_queries(BUDGET):
        client.get(reverse("royalties:run", args=[DistributionRun.objects.get().ref]))


# ── sources ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_declared_bases_and_rights_are_shown(scene: Scene) -> None:
    shown = page(scene, "auditor", "sources")
    assert "WHOLE: for the whole of the work" in shown
    assert "협회가 확인해야 할 가정이에요" in shown  # a note is shown as it was written
    assert "1/2" in shown
    assert "Nothing is declared yet" in shown, "for the other sources"
    assert "Declare a basis" not in shown


def test_staff_declare_a_basis_and_the_waiting_report_goes_on(scene: Scene) -> None:
    held = add_report([], source="generic", state="held", held_reason="no_basis")
    form = {"source": "generic", "family": "", "basis": "claimed", "from_date": "2026-09", "note": "Letter of 3 May"}
    status, shown = send(scene, "sources", form)
    assert status == 200
    assert "Letter of 3 May" in shown
    profile = SourceProfile.objects.get(source__code="generic")
    assert (profile.basis, profile.from_date, profile.declared_by) == ("claimed", MONTH, scene.staff)
    assert Report.objects.get(pk=held.pk).state == "ready"


def test_a_declaration_is_not_changed(scene: Scene) -> None:
    form = {"source": "generic", "family": "", "basis": "claimed", "from_date": "2026-09", "note": "Letter of 3 May"}
    send(scene, "sources", form)
    status, shown = send(scene, "sources", {**form, "basis": "whole"})
    assert status == 400
    assert "has already been declared" in shown
    assert SourceProfile.objects.get(source__code="generic").basis == "claimed"


DIVISION = {
    "declare": "rights",
    "rights-source": "generic",
    "rights-from_date": "2026-09",
    "rights-performing": "1",
    "rights-mechanical": "1",
    "rights-synchronisation": "0",
}


def test_staff_declare_how_money_divides_over_the_rights(scene: Scene) -> None:
    assert "Declare a division over the rights" in page(scene, "staff", "sources")
    status, shown = send(scene, "sources", DIVISION)
    assert status == 200
    assert "The division is declared." in shown
    split = RightSplit.objects.get(source__code="generic")
    assert (split.from_date, split.performing, split.mechanical, split.synchronisation) == (MONTH, 1, 1, 0)
    assert not SourceProfile.objects.filter(source__code="generic").exists()
    status, shown = send(scene, "sources", {**DIVISION, "rights-mechanical": "0"})
    assert status == 400
    assert "the division 1 : 1 : 0 has already been declared" in shown
    assert RightSplit.objects.get(source__code="generic") == split


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("performing", "-1", "greater than or equal to 0"),
        ("performing", "0.5", "whole number"),
        ("mechanical", "9" * 30, "less than or equal to"),
        ("from_date", "soon", "for example 2026-09"),
        ("source", "nobody", "valid choice"),
    ],
)
def test_what_cannot_be_a_division_is_said_at_its_field(scene: Scene, field: str, value: str, words: str) -> None:
    status, shown = send(scene, "sources", {**DIVISION, f"rights-{field}": value})
    assert status == 400
    assert words in shown
    assert f'href="#id_rights-{field}"' in shown
    assert not RightSplit.objects.filter(source__code="generic").exists()


def test_a_division_into_nothing_is_refused_in_words(scene: Scene) -> None:
    status, shown = send(scene, "sources", {**DIVISION, "rights-performing": "0", "rights-mechanical": "0"})
    assert status == 400
    assert "0 : 0 : 0 does not divide money" in shown


@pytest.mark.parametrize("who", ["auditor", "finance", "contact"])
def test_nobody_else_declares_a_division(scene: Scene, who: str) -> None:
    response = signed_in(scene.everybody()[who]).post(reverse("royalties:sources"), DIVISION)
    assert response.status_code in {403, 404}
    assert not RightSplit.objects.filter(source__code="generic").exists()
    if who == "auditor":
        assert "Declare a division" not in page(scene, who, "sources")
