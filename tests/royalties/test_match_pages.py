"""Songs without a match: by money for the society, without it for the others, and staff's two decisions."""

from __future__ import annotations

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from royalties.models import Match, RejectedPair, ReportedRecording
from tests.royalties.scene import (
    CANARY,
    KUGOU,
    QQ,
    YUAN,
    Scene,
    add_report,
    add_song,
    distribute_all,
    make_scene,
    signed_in,
)

pytestmark = pytest.mark.django_db
BUDGET = 20


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


def page(scene: Scene, who: str, name: str, *args: object, **query: str) -> str:
    response = signed_in(scene.everybody()[who]).get(reverse(f"royalties:{name}", args=args), query)
    assert response.status_code == 200
    return response.content.decode()


def standing(scene: Scene) -> Match:
    return Match.objects.get(recording=scene.review, superseded_at__isnull=True)


# ── the list ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_staff_see_the_songs_by_money_and_what_rests_in_all(scene: Scene) -> None:
    richer = add_song("更贵的歌")
    add_report([(richer, QQ, 3, 8 * YUAN), (richer, KUGOU, 3, 1 * YUAN)])
    shown = page(scene, "staff", "unmatched")
    assert shown.index("更贵的歌") < shown.index("无主之歌")
    assert "CN¥9.00" in shown
    assert "CN¥5.50" in shown
    assert "QQ Music, Kugou" in shown or "Kugou, QQ Music" in shown
    assert "CN¥14.50" in shown, "unmatched in all"
    assert "CN¥4.40" in shown, "to review in all"
    assert "CN¥19.90" in shown, "with the rejected yuan"
    assert CANARY not in shown, "matched songs are not here"


def test_the_review_tab_has_the_songs_with_candidates(scene: Scene) -> None:
    shown = page(scene, "auditor", "unmatched", tab="review")
    assert reverse("royalties:song", args=[scene.review.ref]) in shown
    assert reverse("royalties:song", args=[scene.unmatched.ref]) not in shown


@pytest.mark.parametrize("who", ["haeon", "dalbit", "copyright", "stranger"])
def test_rights_holders_see_title_artist_service_and_month_but_no_money(scene: Scene, who: str) -> None:
    shown = page(scene, who, "unmatched")
    for text in ("无主之歌", "月晕", "QQ Music", "Sep 2026", "月光"):
        assert text in shown
    for money in ("¥", "5.50", "4.40", "Money waiting"):
        assert money not in shown
    both = (reverse("royalties:song", args=[song.ref]) for song in (scene.unmatched, scene.review))
    assert all(url in page(scene, who, "unmatched", tab="none") for url in both), "the society's tabs are not theirs"


def test_songs_are_found_by_a_piece_of_title_or_artist(scene: Scene) -> None:
    assert "无主之歌" in page(scene, "haeon", "unmatched", q="无主")
    assert "无主之歌" in page(scene, "haeon", "unmatched", q="月晕")
    shown = page(scene, "haeon", "unmatched", q="%")
    assert "无主之歌" not in shown, "a sign of SQL is a letter like others"
    assert "Try a part of the title" in shown


def test_a_file_set_aside_does_not_bring_its_songs(scene: Scene) -> None:
    doubled = add_song("被搁置的歌")
    add_report([(doubled, QQ, 1, YUAN)], state="held", held_reason="aside")
    assert "被搁置的歌" not in page(scene, "staff", "unmatched")
    assert "被搁置的歌" not in page(scene, "haeon", "unmatched")


def test_long_lists_cost_the_same_and_show_every_song_once(
    scene: Scene, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    songs = [add_song(f"歌 {number:03d}") for number in range(110)]
    add_report([(song, QQ, 1, number % 7 * YUAN) for number, song in enumerate(songs)])
    for who in ("staff", "haeon"):
        client, seen, after = signed_in(scene.everybody()[who]), [], ""
        while True:
            with django_assert_max_num_queries(BUDGET):
                context = client.get(reverse("royalties:unmatched"), {"after": after}).context
            seen += [row["song"].pk for row in context["rows"]]
            after = context["page"].more
            if not after:
                break
        assert len(seen) == len(set(seen)) == (111 if who == "staff" else 112)


# ── one song ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_staff_see_the_candidates_side_by_side(scene: Scene) -> None:
    shown = page(scene, "staff", "song", scene.review.ref)
    for text in (
        "달빛 아래",
        "달빛 속에",
        "달무리",
        "도해온",
        "山田花",
        "CN¥4.40",
        scene.report.ref,
        "The titles are the same: “月光”",
    ):
        assert text in shown
    assert shown.index("달빛 아래") < shown.index("달빛 속에"), "the likelier first"
    assert shown.count(reverse("royalties:accept_match", args=[scene.review.ref])) == 3, (
        "two proposals, one free choice"
    )


def test_what_a_report_says_of_the_work_and_the_recording(scene: Scene) -> None:
    said = {"iswc": "T0345246801", "writers": "윤다라", "ipis": "00014107338", "duration_seconds": 225}
    ReportedRecording.objects.filter(pk=scene.review.pk).update(**said)
    shown = page(scene, "auditor", "song", scene.review.ref)
    for fact in ("T0345246801", "윤다라", "00014107338", "3:45"):
        assert fact in shown


def test_an_auditor_reads_and_has_no_buttons(scene: Scene) -> None:
    shown = page(scene, "auditor", "song", scene.review.ref)
    assert "달빛 아래" in shown
    assert '<button class="button button-danger"' not in shown
    assert reverse("royalties:accept_match", args=[scene.review.ref]) not in shown


def test_rights_holders_see_neither_candidates_nor_money_of_a_song_without_owner(scene: Scene) -> None:
    for who in ("haeon", "dalbit", "stranger"):
        shown = page(scene, who, "song", scene.review.ref)
        for text in ("달빛 아래", "달빛 속에", "¥", scene.report.ref, "700"):
            assert text not in shown
        assert reverse("claims:file_song", args=[scene.review.ref]) in shown


def test_owners_see_the_money_of_a_matched_song_and_only_their_own_works(scene: Scene) -> None:
    shown = page(scene, "haeon", "song", scene.matched.ref)
    assert "CN¥90.00" in shown
    assert "달빛 아래" in shown
    assert reverse("claims:file_song", args=[scene.matched.ref]) not in shown


def test_the_song_page_costs_the_same_however_much_usage(
    scene: Scene, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = signed_in(scene.staff)
    with django_assert_max_num_queries(BUDGET):
        client.get(reverse("royalties:song", args=[scene.review.ref]))


# ── decisions ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def decide(scene: Scene, action: str, **form: object) -> tuple[int, str]:
    url = reverse(f"royalties:{action}", args=[scene.review.ref])
    response = signed_in(scene.staff).post(url, form, follow=True)
    return response.status_code, response.content.decode()


def test_accepting_a_candidate(scene: Scene) -> None:
    status, shown = decide(scene, "accept_match", work=scene.moon.ref, seen=standing(scene).pk)
    assert status == 200
    assert "is matched to" in shown
    match = standing(scene)
    assert (match.outcome, match.decided_by, match.method) == ("accepted", scene.staff, "staff")
    assert scene.review.ref in page(scene, "haeon", "usage"), "its owners see it at once"


def test_accepting_any_work_by_its_reference(scene: Scene) -> None:
    status, _shown = decide(scene, "accept_match", work=f" {scene.strange.ref.lower()} ", reason="it is on the album")
    assert status == 200
    assert standing(scene).works.get().work == scene.strange


def test_a_reference_that_leads_nowhere_is_said_at_the_field(scene: Scene) -> None:
    status, shown = decide(scene, "accept_match", work="W-0000000000", reason="x")
    assert status == 400
    assert "No work has this reference" in shown
    assert standing(scene).outcome == "review"


def test_a_work_nobody_proposed_is_not_taken_without_a_reason(scene: Scene) -> None:
    status, shown = decide(scene, "accept_match", work=scene.strange.ref)
    assert status == 400
    assert "reason" in shown
    assert standing(scene).outcome == "review"


def test_rejecting_a_candidate(scene: Scene) -> None:
    status, shown = decide(scene, "reject_match", work=scene.moon.ref, reason="other words", seen=standing(scene).pk)
    assert status == 200
    assert "will not be proposed again" in shown
    assert "other words" in shown, "the history says why"
    assert [item.work for item in standing(scene).works.all()] == [scene.other]


def test_rejecting_without_a_reason_changes_nothing(scene: Scene) -> None:
    status, _shown = decide(scene, "reject_match", work=scene.moon.ref)
    assert status == 400
    assert not RejectedPair.objects.exists()


def test_the_second_of_two_staff_is_told_what_changed(scene: Scene) -> None:
    seen = standing(scene).pk
    decide(scene, "accept_match", work=scene.moon.ref, seen=seen)
    url = reverse("royalties:accept_match", args=[scene.review.ref])
    response = signed_in(scene.staff_two).post(url, {"work": scene.other.ref, "seen": seen})
    assert response.status_code == 409
    assert "staff has decided this song in the meantime" in response.content.decode()
    assert standing(scene).works.get().work == scene.moon


def test_a_distributed_song_offers_no_decision_and_refuses_one(scene: Scene) -> None:
    distribute_all(scene)
    assert "Money of this song has been distributed" in page(scene, "staff", "song", scene.matched.ref)
    url = reverse("royalties:reject_match", args=[scene.matched.ref])
    response = signed_in(scene.staff).post(url, {"work": scene.moon.ref, "reason": "x"})
    assert response.status_code == 409
    assert "already been distributed" in response.content.decode()
    assert not RejectedPair.objects.exists()


# ── why a line is mine ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_its_owner_reads_what_speaks_for_it_and_who_decided(scene: Scene) -> None:
    decide(scene, "accept_match", work=scene.moon.ref, reason="the same album")
    for who in ("haeon", "dalbit"):
        shown = page(scene, who, "song", scene.review.ref)
        assert "The titles are the same: “月光”" in shown
        assert "A person of the society compared them" in shown
        assert "the same album" in shown
        assert "undo" not in shown, "only staff take back"
    assert "The portal matched it by title and performer" in page(scene, "haeon", "song", scene.matched.ref)
    assert f"/review/decisions/{standing(scene).decision.ref}/undo/" in page(scene, "staff", "song", scene.review.ref)  # type: ignore[union-attr]
