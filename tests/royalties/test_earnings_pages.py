"""Why this amount: from the payment back over song, share and rate to the lines of the file, and the usage of a work."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from portal.lib import wording
from royalties.holds import open_hold, release_hold
from royalties.models import Earning, Statement
from tests.royalties.scene import (
    KUGOU,
    MONTH,
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
    signed_in,
)
from works.models import Share

pytestmark = pytest.mark.django_db
BUDGET = 20


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


def page(scene: Scene, who: str, name: str, *args: object, **query: str) -> str:
    response = signed_in(scene.everybody()[who]).get(reverse(f"royalties:{name}", args=args), query)
    assert response.status_code == 200, response.content.decode()
    return response.content.decode()


def won(micros: int) -> str:
    return wording.exact_money(micros, "KRW", language="en")


def whole_won(micros: int) -> str:
    return wording.money(micros, "KRW", language="en")


def test_the_list_names_the_month_and_what_is_paid(scene: Scene) -> None:
    add_deduction()
    distribute_all(scene)
    statement = Statement.objects.get(party=scene.haeon_party)
    shown = page(scene, "haeon", "statements")
    assert "Nov 2026" in shown
    assert wording.money(statement.payable_micros, "KRW", language="en") in shown
    assert reverse("royalties:statement", args=[statement.ref]) in shown


def test_an_empty_list_says_when_it_will_fill(scene: Scene) -> None:
    assert "There is no payment yet" in page(scene, "haeon", "statements")


def test_every_step_from_royalties_to_whole_won_is_shown_exactly(scene: Scene) -> None:
    add_deduction()
    distribute_all(scene)
    statement = Statement.objects.get(party=scene.haeon_party)
    shown = page(scene, "haeon", "statement", statement.ref)
    for micros in (statement.gross_micros, statement.deducted_micros, statement.net_micros, statement.carried_micros):
        assert won(micros) in shown
    assert wording.money(statement.payable_micros, "KRW", language="en") in shown
    assert "The commission is 9%." in shown
    assert statement.carried_micros > 0, "a fraction of a won stays"
    assert "The fraction stays in your account" in shown
    by_service = dict(Earning.objects.filter(party=scene.haeon_party).values_list("song_usage__service", "won_micros"))
    assert set(by_service) == {QQ, KUGOU}
    assert "QQ Music" in shown
    assert "Kugou" in shown


@pytest.mark.parametrize(("language", "words"), [("ko", "협회 수수료는 9%예요."), ("zh-hans", "协会手续费为 9%。")])
def test_a_deduction_explains_itself_in_the_readers_language(scene: Scene, language: str, words: str) -> None:
    add_deduction()
    distribute_all(scene)
    scene.haeon.language = language
    scene.haeon.save()
    statement = Statement.objects.get(party=scene.haeon_party)
    assert words in page(scene, "haeon", "statement", statement.ref)


def test_one_song_leads_from_the_reported_money_to_the_shares_won(scene: Scene) -> None:
    distribute_all(scene)
    statement = Statement.objects.get(party=scene.haeon_party)
    shown = page(scene, "haeon", "statement_song", statement.ref, scene.moon.ref)
    earnings = Earning.objects.filter(party=scene.haeon_party)
    assert earnings.count() == 4, "two services, two rights"
    for earning in earnings:
        assert won(earning.won_micros) in shown
    assert whole_won(sum(earning.won_micros for earning in earnings)) in shown
    assert "CN¥90.00" in shown, "both lines of QQ together"
    assert "192.05" in shown
    assert won(17_284_500_000) in shown, "CN¥90 at the rate: the whole song"
    assert won(8_642_250_000) in shown, "half of it for each right"
    assert "5/12 (41.67%)" in shown
    assert "composer and author" in shown


def test_the_lines_of_the_file_stand_behind_an_earning(scene: Scene) -> None:
    distribute_all(scene)
    statement = Statement.objects.get(party=scene.haeon_party)
    earning = Earning.objects.filter(party=scene.haeon_party, song_usage__service=QQ)[0]
    shown = page(scene, "haeon", "earning_lines", statement.ref, earning.pk)
    assert scene.report.file.label in shown
    for text in ("CN¥60.00", "CN¥30.00", "1,000", "500", "CN¥90.00"):
        assert text in shown
    assert "CN¥12.00" not in shown, "Kugou's line belongs to another earning"


def test_an_earning_of_another_statement_is_not_found(scene: Scene) -> None:
    distribute_all(scene)
    statement = Statement.objects.get(party=scene.haeon_party)
    other = Earning.objects.filter(party=scene.dalbit_party)[0]
    url = reverse("royalties:earning_lines", args=[statement.ref, other.pk])
    assert signed_in(scene.staff).get(url).status_code == 404
    url = reverse("royalties:statement_song", args=[statement.ref, scene.strange.ref])
    assert signed_in(scene.staff).get(url).status_code == 404


def hold_a_quarter(scene: Scene) -> None:
    share = Share.objects.get(party=scene.haeon_party, right="performing")
    open_hold(case_ref="K-TESTCASE01", share=share, fraction=Fraction(1, 4), from_date=MONTH)


def test_held_money_stands_apart_with_its_case(scene: Scene) -> None:
    hold_a_quarter(scene)
    distribute_all(scene)
    statement = Statement.objects.get(party=scene.haeon_party)
    held = Earning.objects.filter(party=scene.haeon_party, state="held")
    assert held.exists()
    shown = page(scene, "haeon", "statement", statement.ref)
    assert whole_won(sum(earning.won_micros for earning in held)) in shown
    assert reverse("claims:detail", args=["K-TESTCASE01"]) in shown
    assert "Somebody disputes this part" in shown
    assert "K-TESTCASE01" not in page(scene, "dalbit", "statements")


def test_a_released_hold_pays_by_a_statement_of_its_own(scene: Scene) -> None:
    hold_a_quarter(scene)
    distribute_all(scene)
    first = Statement.objects.get(party=scene.haeon_party)
    hold = Earning.objects.filter(state="held")[0].hold
    assert hold is not None
    parts = [(scene.haeon_party, Fraction(1, 3)), (scene.dalbit_party, Fraction(2, 3))]
    release_hold(hold=hold, parts=parts, period=dt.date(2026, 12, 1), actor=scene.staff, outcome="agreement")
    hold.refresh_from_db()
    released = Statement.objects.get(party=scene.haeon_party, hold=hold)
    shown = page(scene, "haeon", "statement", released.ref)
    assert won(int(hold.decision["won_micros"])) in shown
    assert "1/3 (33.33%)" in shown
    assert won(released.gross_micros) in shown
    assert reverse("royalties:statement", args=[released.ref]) in page(scene, "haeon", "statement", first.ref)
    theirs = Statement.objects.get(party=scene.dalbit_party, hold=hold)
    assert "2/3 (66.67%)" in page(scene, "finance", "statement", theirs.ref)
    page(scene, "finance", "statement_song", theirs.ref, scene.moon.ref)


# ── usage ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_usage_shows_what_services_reported_of_ones_works(scene: Scene) -> None:
    shown = page(scene, "copyright", "usage")
    assert "月光之下" in shown
    assert reverse("royalties:work", args=[scene.moon.ref]) in shown
    assert "CN¥90.00" in shown
    assert "无主之歌" not in shown, "nobody's yet"


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ({"service": "kugou"}, False),
        ({"service": "qq"}, True),
        ({"month": "2026-09"}, True),
        ({"month": "2026-08"}, False),
        ({"q": "달빛 아래"}, True),
        ({"q": "月光之"}, True),
        ({"q": "다른 노래"}, False),
        ({"month": "nonsense"}, True),
    ],
)
def test_filters_stand_in_the_address(scene: Scene, query: dict[str, str], there: bool) -> None:
    assert ("CN¥90.00" in page(scene, "dalbit", "usage", **query)) is there


def test_a_file_set_aside_is_not_counted_twice(scene: Scene) -> None:
    add_report([(scene.matched, QQ, 9, 999 * YUAN)], state="held", held_reason="second_file")
    assert "999" not in page(scene, "dalbit", "usage")


def test_a_works_page_joins_usage_and_ones_own_money(scene: Scene) -> None:
    hold_a_quarter(scene)
    distribute_all(scene)
    shown = page(scene, "haeon", "work", scene.moon.ref)
    qq = Earning.objects.filter(party=scene.haeon_party, song_usage__service=QQ)
    assert whole_won(sum(earning.won_micros for earning in qq if earning.state == "payable")) in shown
    assert whole_won(sum(earning.won_micros for earning in qq if earning.state == "held")) in shown
    assert "CN¥90.00" in shown
    assert reverse("works:detail", args=[scene.moon.ref]) in shown
    assert reverse("claims:file_share", args=[scene.moon.ref]) in shown


def test_the_copyright_desk_sees_usage_of_a_work_and_no_payments(scene: Scene) -> None:
    distribute_all(scene)
    shown = page(scene, "copyright", "work", scene.moon.ref)
    assert "CN¥90.00" in shown
    assert "₩" not in shown


def test_a_work_without_usage_says_where_it_may_be(scene: Scene) -> None:
    assert "No service has reported this work yet" in page(scene, "dalbit", "work", scene.other.ref)


# ── many rows ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def many_songs(scene: Scene) -> None:
    """Sixty further works of Haeon's, each used on two services."""
    lines = []
    for number in range(60):
        work = add_work(f"노래 {number:02d}")
        for right in ("performing", "mechanical"):
            add_share(work, scene.haeon_party, Fraction(1), "CA", right)
        song = add_song(f"歌 {number:02d}", matched_to=[(work, Fraction(1))])
        lines += [(song, QQ, 10, (number + 1) * YUAN), (song, KUGOU, 1, YUAN)]
    add_report(lines)


def test_pages_cost_the_same_however_many_rows(
    scene: Scene, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    many_songs(scene)
    distribute_all(scene)
    statement = Statement.objects.get(party=scene.haeon_party)
    earning = Earning.objects.filter(party=scene.haeon_party)[0]
    for name, args in (
        ("usage", []),
        ("work", [scene.moon.ref]),
        ("statements", []),
        ("statement", [statement.ref]),
        ("statement_song", [statement.ref, scene.moon.ref]),
        ("earning_lines", [statement.ref, earning.pk]),
    ):
        client = signed_in(scene.haeon)
        with django_assert_max_num_queries(BUDGET):
            assert client.get(reverse(f"royalties:{name}", args=args)).status_code == 200


def test_every_row_is_reached_page_by_page_and_none_twice(scene: Scene) -> None:
    many_songs(scene)
    distribute_all(scene)
    statement = Statement.objects.get(party=scene.haeon_party)
    client, seen, after = signed_in(scene.haeon), [], ""
    while True:
        context = client.get(reverse("royalties:statement", args=[statement.ref]), {"after": after}).context
        seen += [row["work_id"] for row in context["page"].rows]
        after = context["page"].more
        if not after:
            break
    assert len(seen) == len(set(seen)) == 61
    seen, after = [], ""
    while True:
        context = client.get(reverse("royalties:usage"), {"after": after}).context
        seen += [row["usage"].pk for row in context["rows"]]
        after = context["page"].more
        if not after:
            break
    assert len(seen) == len(set(seen)) == 122


def test_a_damaged_cursor_is_said_in_words(scene: Scene) -> None:
    for cursor in ("x", "1~2~3~4", "2026-09-01~abc~1", "2026-09-01~1" + "0" * 50 + "~1"):
        response = signed_in(scene.haeon).get(reverse("royalties:usage"), {"after": cursor})
        assert response.status_code == 400
        assert "damaged" in response.content.decode()
