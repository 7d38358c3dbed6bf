"""What each name has matched: lines and money by the name that a standing match met, and by nothing else."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from django.urls import reverse
from django.utils.translation import override

from portal.accounts.models import User
from royalties.models import Match, MatchWork, ReportedRecording
from royalties.names import Matched, NameFigures, figures_of_names, figures_of_party, figures_of_work
from royalties.services import decide_match
from tests.portal.api import program
from tests.royalties.scene import KUGOU, QQ, YUAN, Scene, add_report, add_song, make_scene, signed_in
from works.access import names_numbered
from works.catalogue.performers import link_performers
from works.models import Party, PartyName, Work
from works.naming import NewName, Speaker, add_name, add_names, withdraw_name

WHOLE_EVIDENCE = {
    fact: {"why": "same", "reported": "-", "registered": text}
    for fact, text in (("title", "달빛 아래"), ("performer", "달무리"), ("writer", "도해온"))
}
Figures = dict[str | None, list[tuple[str, int, int, int]]]


@pytest.fixture
def scene(db: None) -> Any:
    with override("en"):
        scene = make_scene()
        link_performers([(work.pk, "달무리") for work in (scene.moon, scene.other, scene.strange)])
        yield scene


def met(song: ReportedRecording, work: Work, title: str, performer: str = "달무리", writer: str = "") -> None:
    """As if the matcher had met these names."""
    evidence = {"title": {"registered": title}, "performer": {"registered": performer}}
    if writer:
        evidence["writer"] = {"registered": writer}
    MatchWork.objects.filter(match__recording=song, work=work).update(evidence=evidence)


def seen(rows: list[NameFigures]) -> Figures:
    return {
        row.name.text if row.name else None: [
            (one.currency, one.songs, one.lines, one.amount_micros) for one in row.matched
        ]
        for row in rows
    }


def name(work: Work, text: str, scene: Scene) -> Any:
    speaker = Speaker(source="staff", user=scene.staff, organisation=None)
    return add_name(named=work, name=NewName(text=text, kind="translated"), speaker=speaker)


def test_lines_and_money_go_to_the_name_that_the_match_met(scene: Scene) -> None:
    name(scene.moon, "月光之下", scene)
    met(scene.matched, scene.moon, "月光之下")
    second = add_song("달빛 아래 (Live)", matched_to=[(scene.moon, Fraction(1))])
    met(second, scene.moon, "달빛 아래")
    by_number = add_song("??", matched_to=[(scene.moon, Fraction(1))])
    add_report([(second, QQ, 5, 2 * YUAN), (by_number, KUGOU, 6, 3 * YUAN), (by_number, QQ, 1, YUAN)])
    assert seen(figures_of_work(scene.moon)) == {
        "月光之下": [("CNY", 1, 3, 102 * YUAN)],
        "달빛 아래": [("CNY", 1, 1, 2 * YUAN)],
        None: [("CNY", 1, 2, 4 * YUAN)],
    }


def test_a_name_that_matched_nothing_is_shown_with_nothing(scene: Scene) -> None:
    name(scene.moon, "Moon", scene)
    met(scene.matched, scene.moon, "달빛 아래")
    assert seen(figures_of_work(scene.moon))["Moon"] == []


def test_a_withdrawn_name_keeps_what_it_matched_and_is_gone_if_that_is_nothing(scene: Scene) -> None:
    gone, unused = name(scene.moon, "月光之下", scene), name(scene.moon, "Moon", scene)
    met(scene.matched, scene.moon, "月光之下")
    for each in (gone, unused):
        withdraw_name(name=each, reason="-", actor=scene.staff)
    assert set(seen(figures_of_work(scene.moon))) == {"月光之下", "달빛 아래"}
    name(scene.moon, "月光之下", scene)
    rows = [row for row in figures_of_work(scene.moon) if row.name and row.name.text == "月光之下"]
    assert [(row.name.state, row.matched[0].lines) for row in rows if row.name] == [("confirmed", 3)]


def test_only_standing_matches_in_files_that_count(scene: Scene) -> None:
    met(scene.matched, scene.moon, "달빛 아래")
    add_report([(scene.matched, QQ, 9, 9 * YUAN)], held_reason="second_file", state="held")
    assert seen(figures_of_work(scene.moon)) == {"달빛 아래": [("CNY", 1, 3, 102 * YUAN)]}
    decide_match(recording=scene.matched, works=[(scene.other, Fraction(1))], actor=scene.staff, reason="다른 곡이에요")
    assert seen(figures_of_work(scene.moon)) == {"달빛 아래": []}
    assert Match.objects.filter(recording=scene.matched).count() == 2


def test_a_performers_names_count_in_the_works_one_sees(scene: Scene) -> None:
    performer = Party.objects.get(name="달무리")
    met(scene.matched, scene.moon, "달빛 아래")
    met(scene.strange_song, scene.strange, "x")
    assert seen(figures_of_party(performer, scene.staff)) == {"달무리": [("CNY", 2, 4, 109_777_777)]}
    assert seen(figures_of_party(performer, scene.haeon)) == {"달무리": [("CNY", 1, 3, 102 * YUAN)]}


def test_page_and_program_say_the_same(scene: Scene) -> None:
    met(scene.matched, scene.moon, "달빛 아래")
    page = signed_in(scene.haeon).get(reverse("royalties:work_names", args=[scene.moon.ref])).content.decode()
    assert "102.00" in page
    (row,) = program(scene.haeon).get(f"/api/v1/usage/{scene.moon.ref}/names/").json()["names"]
    assert (row["text"], row["matched"]) == (
        "달빛 아래", [{"songs": 1, "lines": 3, "reported": {"amount_micros": 102 * YUAN, "currency": "CNY"}}],
    )  # fmt: skip
    performer = Party.objects.get(name="달무리")
    page = signed_in(scene.dalbit).get(reverse("royalties:party_names", args=[performer.ref])).content.decode()
    assert "102.00" in page
    (row,) = program(scene.dalbit).get(f"/api/v1/parties/{performer.ref}/names/matched/").json()["names"]
    assert row["matched"][0]["lines"] == 3


def test_the_number_of_statements_does_not_depend_on_the_names(
    scene: Scene, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        name(scene.moon, f"Moon {number}", scene)
    with django_assert_max_num_queries(3):
        assert len(figures_of_work(scene.moon)) == 32  # with its own title, and what met none


def test_a_long_list_goes_on_where_it_stopped(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("royalties.views.names.NAMES_SHOWN", 2)
    names = [(scene.moon, NewName(text=f"이름 {number}", kind="alternative")) for number in range(3)]
    add_names(names=names, speaker=Speaker(source="staff"))
    client = signed_in(scene.staff)
    seen, after = [], ""
    while True:
        context = client.get(reverse("royalties:work_names", args=[scene.moon.ref]), {"after": after}).context
        seen += [row.name.text for row in context["rows"] if row.name]
        after = context["cursor"]
        if not after:
            break
    assert seen == [row.name.text for row in figures_of_work(scene.moon) if row.name]
    assert len(seen) == 4
    damaged = client.get(reverse("royalties:work_names", args=[scene.moon.ref]), {"after": "x"})
    assert damaged.status_code == 200


# ── beside each name ────────────────────────────────────────────────────────────────────────────────────────────────────


def beside(scene: Scene, user: User) -> dict[str, list[Matched]]:
    names = [*scene.moon.titles.all(), *scene.strange.titles.all(), *PartyName.objects.all()]
    return figures_of_names(names_numbered(user, [name.number for name in names]), user)


@pytest.mark.parametrize("who", ["staff", "haeon", "dalbit", "stranger"])
def test_beside_a_name_stands_what_its_own_page_says(scene: Scene, who: str) -> None:
    """For works, performers and writers, and only of works that the reader sees."""
    user = getattr(scene, who)
    PartyName.objects.create(party=scene.haeon_party, text="도해온", script="Hang", kind="original")
    MatchWork.objects.filter(work=scene.moon).update(evidence=WHOLE_EVIDENCE)
    told = beside(scene, user)
    pages: list[NameFigures] = []
    for work in Work.objects.visible_to(user).filter(pk__in=[scene.moon.pk, scene.strange.pk]):
        pages += figures_of_work(work)
    for party in Party.objects.visible_to(user).filter(names__isnull=False):
        pages += figures_of_party(party, user)
    assert told == {row.name.number: list(row.matched) for row in pages if row.name}
    assert any(told.values()) is (who != "stranger")


def test_a_stranger_learns_nothing_of_a_name_by_its_number(scene: Scene) -> None:
    numbers = [name.number for name in scene.strange.titles.all()]
    assert names_numbered(scene.haeon, [*numbers, "T", "X1", "T" + "9" * 30, "T٣"]) == []
    page = signed_in(scene.haeon).get(reverse("royalties:names_matched"), {"n": numbers})
    assert "met-" not in page.content.decode()


def test_many_names_ask_no_more_than_few(scene: Scene, django_assert_max_num_queries: Any) -> None:
    names = [(scene.moon, NewName(text=f"이름 {number}", kind="alternative")) for number in range(30)]
    added = add_names(names=names, speaker=Speaker(source="staff"))
    parties = [*PartyName.objects.select_related("party")]
    with django_assert_max_num_queries(5):
        figures_of_names([*added, *parties], scene.staff)


def test_the_pages_of_names_ask_for_them(scene: Scene) -> None:
    name = scene.moon.titles.first()
    assert name is not None
    MatchWork.objects.filter(work=scene.moon).update(evidence=WHOLE_EVIDENCE)
    asked = f"{reverse('royalties:names_matched')}?"
    client = signed_in(scene.haeon)
    for page in (
        reverse("works:names"),
        reverse("works:detail", args=[scene.moon.ref]),
        reverse("works:name", args=[name.number]),
    ):
        text = client.get(page).content.decode()
        assert asked in text
        assert f'id="met-{name.number}"' in text
    answer = client.get(reverse("royalties:names_matched"), {"n": [name.number]}).content.decode()
    assert f'id="met-{name.number}"' in answer
    assert "102.00" in answer
