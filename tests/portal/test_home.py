"""The home page of each role: what waits for her, her money, and nothing of anybody else's."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from claims.models import Case
from portal.accounts.access import rights_holders_of
from portal.accounts.models import Membership, Role, User
from portal.home import home_of
from portal.home.catalogue import songs_that_could_be_of, usage_of
from portal.home.payments import earned_of, held_of, payments_of
from portal.home.society import tasks_of_society
from portal.lib import wording
from portal.notices.models import Notice
from royalties.distribution import distribute
from royalties.holds import open_hold
from royalties.models import DistributionRun, Report, Statement
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
BUDGET = 46
ROLES = ["haeon", "delegate", "dalbit", "finance", "copyright", "staff", "auditor", "contact"]


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


def person(scene: Scene, name: str) -> User:
    """Somebody of the scene, or who acts for Haeon until a month from today."""
    if name != "delegate":
        return scene.everybody()[name]
    user = User.objects.create_user("delegate@garak.example", name="delegate", language="en")
    act_for(user, scene.haeon)
    return user


def act_for(user: User, writer: User) -> Membership:
    return Membership.objects.create(
        user=user,
        organisation=writer.memberships.get(role=Role.SONGWRITER).organisation,
        role=Role.DELEGATE,
        from_date=dt.date(2026, 1, 1),
        until_date=timezone.localdate() + dt.timedelta(days=30),
    )


def page(user: User) -> str:
    response = signed_in(user).get("/")
    assert response.status_code == 200
    return response.content.decode()


def holders(user: User) -> list[int]:
    return [holder.pk for holder in rights_holders_of(user)]


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
    shown = held_of(scene.haeon, holders(scene.haeon))
    assert shown["won"] > 0
    assert shown["count"] == 1
    html = page(scene.haeon)
    assert wording.money(shown["won"], "KRW") in html
    assert reverse("claims:detail", args=[case.ref]) in html


def test_the_page_and_the_statements_agree_to_the_micro(scene: Scene) -> None:
    distribute_all(scene)
    shown = payments_of(scene.haeon, holders(scene.haeon))
    assert shown["payable"] == sum(row.payable_micros for row in Statement.objects.filter(party=scene.haeon_party))
    assert sum(song["won"] for song in shown["songs"]) == sum(
        row.gross_micros for row in Statement.objects.filter(party=scene.haeon_party)
    )


def test_the_month_before_is_compared(scene: Scene) -> None:
    august = dt.date(2026, 8, 1)
    add_report([(scene.matched, "qq", 10, 24_000_000)], period=august)
    receive_money(scene, period=august)
    distribute(period=dt.date(2026, 10, 1), actor=scene.staff)
    assert payments_of(scene.haeon, holders(scene.haeon))["change"] is None
    distribute_all(scene)
    shown = payments_of(scene.haeon, holders(scene.haeon))
    first, second = Statement.objects.filter(party=scene.haeon_party).order_by("period")
    assert shown["period"] == second.period
    assert shown["change"] == second.payable_micros - first.payable_micros > 0
    assert [bar.strong for bar in shown["bars"]] == [False, True]


def test_a_publisher_sees_what_waits_and_her_usage(scene: Scene) -> None:
    shown = page(scene.dalbit)
    assert "songs without an owner" in shown
    usage = usage_of(scene.dalbit)
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
    tasks = {task.url_name: task.number for task in tasks_of_society(scene.staff)}
    assert tasks == {"claims:list": 1, "royalties:reports": 1, "royalties:review": 1}


def test_an_auditor_reads_the_same_figures(scene: Scene) -> None:
    distribute_all(scene)
    ours = home_of(scene.staff)
    theirs = home_of(scene.auditor)
    for key in ("resting", "resting_won"):
        assert ours[key] == theirs[key]
    assert [(task.number, task.label) for task in ours["tasks"]] == [
        (task.number, task.label) for task in theirs["tasks"]
    ]


SECTIONS = {
    "haeon": "songwriter",
    "delegate": "delegate",
    "dalbit": "publisher",
    "finance": "finance",
    "copyright": "copyright",
    "staff": "staff",
    "auditor": "auditor",
    "contact": "contact",
}


@pytest.mark.parametrize("name", ROLES)
def test_each_role_has_a_home_of_its_own(scene: Scene, name: str) -> None:
    assert home_of(person(scene, name))["section"] == SECTIONS[name]


def test_finance_reads_the_way_of_its_money_and_takes_it_away_as_a_file(scene: Scene) -> None:
    add_deduction()
    distribute_all(scene)
    statement = Statement.objects.get(party=scene.dalbit_party)
    shown = page(scene.finance)
    assert wording.money(statement.payable_micros, "KRW") in shown
    assert reverse("royalties:statement_csv", args=[statement.ref]) in shown
    assert "rows of your catalogue" not in shown
    earned = earned_of(scene.finance, holders(scene.finance))
    assert sum(service["won"] for service in earned["services"]) == earned["gross"] == statement.gross_micros
    assert [step.value for step in earned["steps"]] == [
        statement.gross_micros,
        -statement.deducted_micros,
        -statement.carried_micros,
        statement.payable_micros,
    ]


def test_copyright_finds_songs_that_could_be_its_own_without_their_money(scene: Scene) -> None:
    shown = page(scene.copyright)
    assert "These songs could be yours (1)" in shown
    assert reverse("royalties:song", args=[scene.review.ref]) in shown
    assert "4.40" not in shown
    assert songs_that_could_be_of(scene.stranger, holders(scene.stranger))["count"] == 0


def test_the_super_role_sees_who_signs_in_for_the_publisher(scene: Scene) -> None:
    shown = page(scene.dalbit)
    assert scene.finance.name in shown
    assert scene.copyright.name in shown
    for name in ("finance", "copyright"):
        assert "Who signs in for you" not in page(scene.everybody()[name])


def test_an_auditor_sees_that_the_ledger_balances_and_who_did_both_halves(scene: Scene) -> None:
    distribute_all(scene)
    DistributionRun.objects.update(created_by=scene.staff_two)
    shown = page(scene.auditor)
    assert "every currency sums to zero" in shown
    assert "two people" in shown
    assert "staff → staff-two" in shown
    DistributionRun.objects.update(created_by=scene.staff)
    assert "one person did both" in page(scene.auditor)


def test_a_delegate_finds_the_writer_s_home_and_nobody_else_s(scene: Scene) -> None:
    distribute_all(scene)
    shown = page(person(scene, "delegate"))
    statement = Statement.objects.get(party=scene.haeon_party)
    assert wording.money(statement.payable_micros, "KRW") in shown
    assert reverse("royalties:statement", args=[statement.ref]) in shown
    assert "For DESK-HAEON" in shown
    assert "Who acts for you" not in shown


def test_a_songwriter_who_acts_for_another_reads_both_apart(scene: Scene) -> None:
    distribute_all(scene)
    act_for(scene.strange_writer, scene.haeon)
    desks = home_of(User.objects.get(pk=scene.strange_writer.pk))["desks"]
    assert [each["desk"].ref for each in desks] == ["DESK-STRANGE", "DESK-HAEON"]  # herself first
    own, other = (each["payments"] for each in desks)
    assert own["period"] is None
    assert other["payable"] == Statement.objects.get(party=scene.haeon_party).payable_micros
    shown = page(scene.strange_writer)
    assert shown.index("your own songs") < shown.index("you act until")


def test_who_works_for_a_publisher_finds_the_writer_below_it(scene: Scene) -> None:
    distribute_all(scene)
    act_for(scene.copyright, scene.haeon)
    shown = page(scene.copyright)
    assert "Your catalogue today" in shown
    assert wording.money(Statement.objects.get(party=scene.haeon_party).payable_micros, "KRW") in shown
    assert wording.money(Statement.objects.get(party=scene.dalbit_party).payable_micros, "KRW") not in shown


def test_who_acted_until_yesterday_reads_why_the_pages_are_gone(scene: Scene) -> None:
    user = person(scene, "delegate")
    Membership.objects.filter(user=user).update(until_date=timezone.localdate())
    shown = page(User.objects.get(pk=user.pk))
    assert "You acted for DESK-HAEON." in shown


def test_a_service_s_contact_sees_its_own_reports_only(scene: Scene) -> None:
    foreign = add_report([], source="generic")
    shown = page(scene.contact)
    assert scene.report.ref in shown
    assert foreign.ref not in shown
    assert "the amount is not a plain number" in shown  # why a line of the newest report was not taken
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


@pytest.mark.parametrize("name", ROLES)
def test_it_asks_the_database_a_bounded_number_of_times(
    scene: Scene, name: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    dispute(scene, Fraction(1, 12))
    distribute_all(scene)
    for number in range(3):
        add_report([(scene.matched, "qq", 1, 1_000_000 + number)], period=dt.date(2026, 8, 1))
    client = signed_in(person(scene, name))
    with django_assert_max_num_queries(BUDGET):
        client.get("/")


@pytest.mark.parametrize("language", ["ko", "en", "zh-hans"])
@pytest.mark.parametrize("name", ROLES)
def test_it_reads_in_every_language(scene: Scene, name: str, language: str) -> None:
    distribute_all(scene)
    user = person(scene, name)
    User.objects.filter(pk=user.pk).update(language=language)
    shown = page(User.objects.get(pk=user.pk))
    assert f'<html lang="{"zh-Hans" if language == "zh-hans" else language}">' in shown
    assert 'style="' not in shown
