"""The home page of each role: what waits for her, her money, and nothing of anybody else's."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from claims.models import Case
from portal import home
from portal.accounts.models import Membership, User
from portal.lib import wording
from portal.notices.models import Notice
from royalties.distribution import distribute
from royalties.holds import open_hold
from royalties.models import Report, Statement
from tests.royalties.scene import (
    CANARY,
    MONTH,
    Scene,
    add_deduction,
    add_report,
    distribute_all,
    make_scene,
    receive_money,
    signed_in,
)
from works.models import Right, Share

pytestmark = pytest.mark.django_db
BUDGET = 40


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


def page(user: User) -> str:
    response = signed_in(user).get("/")
    assert response.status_code == 200
    return response.content.decode()


def dispute(scene: Scene, part: Fraction) -> Case:
    """A disputed twelfth of Haeon's performing share, in the state in which the papers are accepted."""
    share = Share.objects.get(work=scene.moon, party=scene.haeon_party, right=Right.PERFORMING)
    case = Case.objects.create(
        kind=Case.Kind.SHARE,
        state=Case.State.DISPUTED,
        claimant=scene.dalbit.memberships.get().organisation,
        claimant_party=scene.dalbit_party,
        work=scene.moon,
        share=share,
        numerator=part.numerator,
        denominator=part.denominator,
        from_date=dt.date(2026, 1, 1),
        reason="…",
        opened_by=scene.dalbit,
    )
    case.parties.create(organisation=scene.haeon.memberships.get().organisation, side="holder")
    open_hold(case_ref=case.ref, share=share, fraction=part, from_date=case.from_date)
    return case


def test_a_songwriter_sees_her_amount_and_the_way_to_its_reason(scene: Scene) -> None:
    add_deduction()
    distribute_all(scene)
    statement = Statement.objects.get(party=scene.haeon_party)
    shown = page(scene.haeon)
    assert wording.money(statement.payable_micros, "KRW") in shown
    assert reverse("royalties:statement", args=[statement.ref]) in shown
    assert "Why this amount?" in shown
    assert "달빛 아래" in shown


def test_before_the_first_distribution_it_says_what_is_being_collected(scene: Scene) -> None:
    assert "your 1 registered work." in page(scene.haeon)


def test_held_money_is_shown_with_its_case(scene: Scene) -> None:
    case = dispute(scene, Fraction(1, 12))
    distribute_all(scene)
    shown = home.held_of(scene.haeon)
    assert shown["won"] > 0
    assert shown["count"] == 1
    html = page(scene.haeon)
    assert wording.money(shown["won"], "KRW") in html
    assert reverse("claims:detail", args=[case.ref]) in html


def test_the_page_and_the_statements_agree_to_the_micro(scene: Scene) -> None:
    distribute_all(scene)
    shown = home.payments_of(scene.haeon)
    assert shown["payable"] == sum(row.payable_micros for row in Statement.objects.filter(party=scene.haeon_party))
    assert sum(song["won"] for song in shown["songs"]) == sum(
        row.gross_micros for row in Statement.objects.filter(party=scene.haeon_party)
    )


def test_the_month_before_is_compared(scene: Scene) -> None:
    august = dt.date(2026, 8, 1)
    add_report([(scene.matched, "qq", 10, 24_000_000)], period=august)
    receive_money(scene, period=august)
    distribute(period=dt.date(2026, 10, 1), actor=scene.staff)
    assert home.payments_of(scene.haeon)["change"] is None
    distribute_all(scene)
    shown = home.payments_of(scene.haeon)
    first, second = Statement.objects.filter(party=scene.haeon_party).order_by("period")
    assert shown["period"] == second.period
    assert shown["change"] == second.payable_micros - first.payable_micros > 0
    assert [bar.strong for bar in shown["bars"]] == [False, True]


def test_a_publisher_sees_what_waits_and_her_usage(scene: Scene) -> None:
    shown = page(scene.dalbit)
    assert "songs without an owner" in shown
    usage = home.usage_of(scene.dalbit)
    assert usage["month"] == MONTH
    assert usage["sums"][0]["money"] == 102_000_000


def test_who_works_on_copyright_sees_no_payments(scene: Scene) -> None:
    distribute_all(scene)
    paid = wording.money(Statement.objects.get(party=scene.dalbit_party).payable_micros, "KRW")
    assert paid in page(scene.dalbit)
    assert paid in page(scene.finance)
    assert paid not in page(scene.copyright)


def test_staff_see_reports_resting_money_and_the_last_run(scene: Scene) -> None:
    result = distribute_all(scene)
    shown = page(scene.staff)
    for text in (scene.report.ref, "CN¥4.40", "CN¥5.50", "CN¥1.00", str(result.run)):
        assert text in shown


def test_what_waits_for_staff_is_counted(scene: Scene) -> None:
    dispute(scene, Fraction(1, 12))
    Report.objects.filter(pk=scene.report.pk).update(state=Report.State.HELD, held_reason="no_basis")
    tasks = {task["url_name"]: task["number"] for task in home.tasks_of_society(scene.staff)}
    assert tasks == {"claims:list": 1, "royalties:reports": 1, "royalties:unmatched": 1}


def test_an_auditor_reads_the_same_figures(scene: Scene) -> None:
    distribute_all(scene)
    ours = home.home_of(scene.staff)
    theirs = home.home_of(scene.auditor)
    for key in ("tasks", "resting", "resting_won"):
        assert ours[key] == theirs[key]


def test_a_service_s_contact_sees_its_own_reports_only(scene: Scene) -> None:
    foreign = add_report([], source="generic")
    shown = page(scene.contact)
    assert scene.report.ref in shown
    assert foreign.ref not in shown
    assert "No request is waiting for your answer." in shown
    assert scene.report.file.label not in shown


def test_it_shows_nothing_of_a_stranger(scene: Scene) -> None:
    distribute_all(scene)
    for name in ("haeon", "dalbit", "finance", "copyright", "contact", "strange_writer"):
        assert CANARY not in page(scene.everybody()[name]), name


def test_a_membership_that_ended_takes_the_page_with_it(scene: Scene) -> None:
    distribute_all(scene)
    Membership.objects.filter(user=scene.haeon).update(until_date=dt.date(2026, 1, 2))
    shown = page(User.objects.get(pk=scene.haeon.pk))
    assert "You have no role at the moment" in shown
    assert "달빛 아래" not in shown


def test_new_notices_stand_on_the_page(scene: Scene) -> None:
    Notice.objects.create(user=scene.haeon, sentence="Nothing waits.", params={})
    assert "Nothing waits." in page(scene.haeon)


def test_it_asks_to_sign_in_first(scene: Scene) -> None:
    response = Client().get("/")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/account/login/")


@pytest.mark.parametrize("name", ["haeon", "dalbit", "staff", "contact"])
def test_it_asks_the_database_a_bounded_number_of_times(
    scene: Scene, name: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    dispute(scene, Fraction(1, 12))
    distribute_all(scene)
    for number in range(3):
        add_report([(scene.matched, "qq", 1, 1_000_000 + number)], period=dt.date(2026, 8, 1))
    client = signed_in(scene.everybody()[name])
    with django_assert_max_num_queries(BUDGET):
        client.get("/")


@pytest.mark.parametrize("language", ["ko", "en", "zh-hans"])
@pytest.mark.parametrize("name", ["haeon", "dalbit", "staff", "auditor", "contact"])
def test_it_reads_in_every_language(scene: Scene, name: str, language: str) -> None:
    distribute_all(scene)
    user = scene.everybody()[name]
    User.objects.filter(pk=user.pk).update(language=language)
    shown = page(User.objects.get(pk=user.pk))
    assert f'<html lang="{"zh-Hans" if language == "zh-hans" else language}">' in shown
    assert 'style="' not in shown
