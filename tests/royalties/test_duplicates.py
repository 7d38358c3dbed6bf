"""Finding works that may be one, and the pages on which staff say whether they are."""

from __future__ import annotations

from fractions import Fraction

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from portal.jobs.models import Job
from royalties import duplicates
from royalties.duplicates import MOST_ALIKE, find, likely_duplicates
from royalties.merging import merge_works, tell_apart
from royalties.models import LikelyDuplicate
from royalties.tasks import find_duplicates
from tests.royalties.scene import (
    CANARY,
    QQ,
    YUAN,
    Scene,
    add_report,
    add_share,
    add_song,
    add_work,
    make_scene,
    signed_in,
)
from tests.royalties.test_merging import derive
from works.models import Right, Work, WorkDifference, WorkMerge

pytestmark = pytest.mark.django_db
BUDGET = 45


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


@pytest.fixture
def staff(scene: Scene) -> Client:
    return signed_in(scene.staff)


def registered(*titles: str, performer: str = "달무리", scene: Scene | None = None) -> list[Work]:
    works = [add_work(title, performer) for title in titles]
    if scene is not None:
        for work in works:
            add_share(work, scene.haeon_party, Fraction(1), "CA", Right.PERFORMING)
    derive(works)
    return works


def pairs(scene: Scene) -> list[tuple[Work, Work]]:
    find()
    return [(pair.one, pair.other) for pair in likely_duplicates(scene.staff).order_by("-money", "-lines", "id")]


def page_of_two(one: Work, other: Work) -> str:
    return reverse("royalties:compare_works", args=[one.ref, other.ref])


# ── finding ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_title_and_the_same_performer_or_writer_make_a_pair(scene: Scene) -> None:
    one, other = registered("꽃비", "《꽃 비》")
    assert pairs(scene) == [(one, other)]
    found = LikelyDuplicate.objects.get()
    assert (found.shared, found.party.name) == ("performer", "달무리")
    first, second = registered("눈꽃", "눈꽃 (Live)", performer="", scene=scene)
    assert set(pairs(scene)) == {(one, other), (first, second)}
    assert LikelyDuplicate.objects.get(one=first).shared == "writer"


def test_neither_the_title_nor_the_person_alone_makes_one(scene: Scene) -> None:
    registered("꽃비")
    registered("꽃비", performer="별무리")
    registered("봄비")
    assert pairs(scene) == []


def test_works_that_only_sound_alike_make_none(scene: Scene) -> None:
    registered("거짓말", "Geojitmal")
    assert pairs(scene) == []


def test_a_title_that_one_performer_has_very_often_says_nothing(scene: Scene) -> None:
    registered(*["간주"] * (MOST_ALIKE + 1))
    assert pairs(scene) == []


def test_those_on_which_most_money_rests_come_first(scene: Scene) -> None:
    poor, rich = registered("꽃비", "꽃비"), registered("봄비", "봄비")
    song = add_song("春雨", matched_to=[(rich[1], Fraction(1))])
    add_report([(song, QQ, 1, 9 * YUAN), (song, QQ, 1, 1 * YUAN)])
    assert pairs(scene) == [tuple(rich), tuple(poor)]
    found = LikelyDuplicate.objects.get(one=rich[0])
    assert (found.songs, found.lines, int(found.money), found.currency) == (1, 2, 10 * YUAN, "CNY")


def test_what_staff_have_said_is_not_offered_again_until_it_is_taken_back(scene: Scene) -> None:
    one, other = registered("꽃비", "꽃비")
    first, second = registered("봄비", "봄비")
    assert len(pairs(scene)) == 2
    tell_apart(one=one, other=other, actor=scene.staff, reason="")
    assert list(likely_duplicates(scene.staff)) == [LikelyDuplicate.objects.get(one=first)], "at once, not next time"
    assert pairs(scene) == [(first, second)]
    merge_works(survivor=first, merged=second, actor=scene.staff, reason="")
    assert list(likely_duplicates(scene.staff)) == []
    assert pairs(scene) == []
    WorkDifference.objects.update(undone_at="2026-11-23T00:00Z")
    assert pairs(scene) == [(one, other)]


def test_a_worker_looks_when_it_is_asked_and_once(scene: Scene, staff: Client) -> None:
    registered("꽃비", "꽃비")
    url = reverse("royalties:duplicates")
    assert staff.post(url).headers["Location"] == url
    staff.post(url)
    job = Job.objects.get(kind=duplicates.TASK)
    assert "being looked through" in staff.get(url).content.decode()
    find_duplicates(job.pk)
    assert LikelyDuplicate.objects.count() == 1
    find_duplicates(job.pk)
    assert LikelyDuplicate.objects.count() == 1
    assert "Look through it now" in staff.get(url).content.decode()


# ── the pages ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_list_is_paged_and_its_cost_does_not_grow(
    scene: Scene, staff: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    titles = [f"{number}번 노래" for number in range(60)]
    registered(*titles, *titles)
    find()
    with django_assert_max_num_queries(BUDGET):
        response = staff.get(reverse("royalties:duplicates"))
    assert len(response.context["page"].rows) == 50
    following = staff.get(reverse("royalties:duplicates"), {"after": response.context["cursor"]})
    seen = {pair.pk for page in (response, following) for pair in page.context["page"].rows}
    assert len(seen) == 60


def test_two_works_stand_side_by_side_with_the_shares_that_differ_marked(
    scene: Scene, staff: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    (twin,) = registered("달빛 아래")
    add_share(twin, scene.haeon_party, Fraction(5, 12), "CA", Right.PERFORMING)
    add_share(twin, scene.dalbit_party, Fraction(1, 2), "E", Right.PERFORMING)
    with django_assert_max_num_queries(BUDGET):
        response = staff.get(page_of_two(scene.moon, twin))
    shown = response.content.decode()
    for text in ("달빛 아래", scene.moon.ref, twin.ref, "5/12", "1/2", "CN¥102.00", "3 lines", "도해온"):
        assert text in shown, text
    differing = {(row.right, row.party.name) for row in response.context["shares"] if row.differs}
    assert differing == {
        ("performing", "달빛출판"), ("performing", "山田花"),
        ("mechanical", "도해온"), ("mechanical", "달빛출판"), ("mechanical", "山田花"),
    }  # fmt: skip
    assert response.context["survivor"] == scene.moon.ref, "on it rests more"


def test_a_person_merges_and_takes_it_back_without_javascript(scene: Scene, staff: Client) -> None:
    (twin,) = registered("달빛 아래")
    derive([scene.moon])
    find()
    url = page_of_two(scene.moon, twin)
    assert url in staff.get(reverse("royalties:duplicates")).content.decode()
    form = {"action": "merge", "survivor": scene.moon.ref, "seen": staff.get(url).context["seal"]}
    refused = staff.post(url, form)
    assert refused.status_code == 409
    assert "do not have the same shares" in refused.content.decode()
    assert staff.post(url, {**form, "reason": "the same song"}).headers["Location"] == reverse("royalties:duplicates")
    said = staff.get(reverse("royalties:duplicates")).content.decode()
    assert "was merged into" in said
    gone = staff.get(reverse("works:detail", args=[twin.ref])).content.decode()
    assert "was found to be the same as" in gone
    assert reverse("works:detail", args=[scene.moon.ref]) in gone
    assert twin.ref in staff.get(reverse("works:detail", args=[scene.moon.ref])).content.decode()
    assert "Two works were found to be one" in staff.get(reverse("changes")).content.decode()
    merged = WorkMerge.objects.get()
    undo = reverse("royalties:undo_merge", args=[merged.ref])
    assert undo in staff.get(reverse("royalties:merges")).content.decode()
    assert staff.post(undo).headers["Location"] == url
    assert staff.post(undo).status_code == 409
    assert undo not in staff.get(reverse("royalties:merges")).content.decode()
    twin.refresh_from_db()
    assert twin.merged_into is None


def test_a_person_says_that_they_differ_and_takes_it_back(scene: Scene, staff: Client) -> None:
    one, other = registered("꽃비", "꽃비")
    find()
    url = page_of_two(one, other)
    assert url in staff.get(reverse("royalties:duplicates")).content.decode()
    staff.post(url, {"action": "different", "reason": "another melody"})
    assert url not in staff.get(reverse("royalties:duplicates")).content.decode()
    shown = staff.get(url).content.decode()
    assert "another melody" in shown
    assert 'name="action"' not in shown, "nothing more to say of them"
    undo = reverse("royalties:undo_difference", args=[WorkDifference.objects.get().ref])
    assert undo in staff.get(reverse("royalties:differences")).content.decode()
    staff.post(undo)
    assert url in staff.get(reverse("royalties:duplicates")).content.decode()


def test_any_two_works_can_be_compared_by_their_references(scene: Scene, staff: Client) -> None:
    url = reverse("royalties:duplicates")
    found = staff.get(url, {"one": f" {scene.moon.ref.lower()} ", "other": scene.other.ref})
    assert found.headers["Location"] == page_of_two(scene.moon, scene.other)
    for one, other in ((scene.moon.ref, "W-NONE"), (scene.moon.ref, scene.moon.ref), ("", scene.moon.ref)):
        assert staff.get(url, {"one": one, "other": other}).status_code == 400
    assert staff.get(page_of_two(scene.moon, scene.moon)).status_code == 404


def test_whoever_had_a_share_in_the_merged_work_alone_reads_where_it_went_and_no_more(scene: Scene) -> None:
    merge_works(survivor=scene.moon, merged=scene.strange, actor=scene.staff, reason="the same")
    theirs = signed_in(scene.stranger)
    shown = theirs.get(reverse("works:detail", args=[scene.strange.ref])).content.decode()
    assert CANARY in shown
    assert "You have no share in that work" in shown
    assert reverse("works:detail", args=[scene.moon.ref]) not in shown
    assert theirs.get(reverse("works:detail", args=[scene.moon.ref])).status_code == 404
    listed = theirs.get(reverse("works:list")).content.decode()
    assert scene.strange.ref not in listed
    assert "merged into" in theirs.get(reverse("works:list"), {"q": scene.strange.ref}).content.decode()
