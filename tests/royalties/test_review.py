"""The review of songs: decisions for one song or several equal ones, what they leave, and taking each of them back."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from django.db import InternalError, connection, transaction
from django.db.models import Sum
from django.db.utils import ProgrammingError
from pytest_django import DjangoAssertNumQueries

from royalties.checks import check_ledger
from royalties.ingest.matching import songs_to_match
from royalties.merging import merge_works, undo_merge
from royalties.models import Earning, Lesson, Match, RejectedPair, ReportedRecording, StaffDecision
from royalties.resting import resting_money
from royalties.review import (
    AlreadyUndone,
    CannotBeUndone,
    PartIsTooFine,
    accept_music,
    accept_songs,
    divide_songs,
    equal_songs,
    leave_out_songs,
    reject_pairs,
    undo_decision,
)
from royalties.services import AlreadyDistributed, MatchChanged, NoReason, PartsAreNotTheWhole, decide_match
from tests.royalties.scene import QQ, RATE, YUAN, Scene, add_report, add_song, distribute_all, make_scene
from works.models import Work, WorkTitle

pytestmark = pytest.mark.django_db
BUDGET = 40


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


def standing(song: ReportedRecording) -> Match:
    return Match.objects.get(recording=song, superseded_at__isnull=True)


def told(song: ReportedRecording) -> tuple[object, ...]:
    """All that a match says, but for its number and its time."""
    match = standing(song)
    works = list(
        match.works.order_by("rank").values_list("work", "rank", "numerator", "denominator", "probability_permille")
    )
    return (
        match.outcome,
        match.method,
        match.probability_permille,
        match.evidence,
        match.decided_by,
        match.reason,
        works,
    )


def accept(scene: Scene, songs: Sequence[ReportedRecording], work: Work) -> StaffDecision:
    made = accept_songs(songs=songs, work=work, actor=scene.staff, reason="", seen={})
    assert made is not None
    return made


# ── decisions ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_song_that_is_not_ours_leaves_the_review_and_stays_where_members_look_for_theirs(scene: Scene) -> None:
    made = leave_out_songs(songs=[scene.review], actor=scene.staff, reason="a Chinese song", seen={})
    assert made is not None
    match = standing(scene.review)
    assert (match.outcome, match.method, match.reason, match.works.count()) == (
        "none",
        "repertoire",
        "a Chinese song",
        0,
    )
    assert scene.review in ReportedRecording.objects.visible_to(scene.dalbit).without_owner()
    assert leave_out_songs(songs=[scene.review], actor=scene.staff_two, reason="", seen={}) is None, "said before"
    assert StaffDecision.objects.count() == 1


def test_equal_songs_have_the_same_letters_and_the_same_candidates(scene: Scene) -> None:
    candidates = [(scene.moon, 500), (scene.other, 400)]
    equal = [add_song(title, candidates=candidates) for title in ("月光", "《月光》", "月 光！")]
    add_song("月光", candidates=candidates[:1])  # another set of candidates
    add_song("月光曲", candidates=candidates)
    elsewhere = add_song("月光", candidates=candidates)
    ReportedRecording.objects.filter(pk=elsewhere.pk).update(artists="别人")
    found = equal_songs(scene.review, standing(scene.review))
    assert [match.recording for match in found] == equal


def test_traditional_and_simplified_titles_are_equal(scene: Scene) -> None:
    candidates = [(scene.moon, 500)]
    one, other = (add_song(title, candidates=candidates) for title in ("東風破", "东风破"))
    assert [match.recording for match in equal_songs(one, standing(one))] == [other]


def test_one_decision_settles_many_songs_in_as_many_statements_as_one(
    scene: Scene, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    songs = [add_song("月光", candidates=[(scene.moon, 500)]) for _number in range(40)]
    with django_assert_max_num_queries(BUDGET):
        made = accept(scene, songs, scene.moon)
    assert made.songs == 40
    assert {standing(song).decision for song in songs} == {made}
    with django_assert_max_num_queries(BUDGET):
        undo_decision(decision=made, actor=scene.staff)
    assert {standing(song).outcome for song in songs} == {"review"}


def test_if_one_of_several_songs_was_decided_meanwhile_none_is_changed(scene: Scene) -> None:
    other = add_song("月光", candidates=[(scene.moon, 500)])
    seen = {song.pk: standing(song).pk for song in (scene.review, other)}
    leave_out_songs(songs=[other], actor=scene.staff_two, reason="", seen={})
    with pytest.raises(MatchChanged):
        accept_songs(songs=[scene.review, other], work=scene.moon, actor=scene.staff, reason="", seen=seen)
    assert standing(scene.review).outcome == "review"


# ── several works ───────────────────────────────────────────────────────────────────────────────────────────────────────


def divide(scene: Scene, parts: Sequence[tuple[Work, Fraction]], reason: str = "", **more: Any) -> StaffDecision | None:
    return divide_songs(songs=[scene.review], works=parts, actor=scene.staff, reason=reason, seen={}, **more)


def test_a_medley_is_several_works_by_exact_parts(scene: Scene) -> None:
    made = divide(scene, [(scene.other, Fraction(1, 3)), (scene.moon, Fraction(2, 3))])
    assert made is not None
    assert (made.action, made.work) == ("divide", None)
    match = standing(scene.review)
    assert (match.outcome, match.method, match.decision) == ("accepted", "staff", made)
    parts = match.works.order_by("rank").values_list("work", "numerator", "denominator")
    assert list(parts) == [(scene.moon.pk, 2, 3), (scene.other.pk, 1, 3)], "the largest part first"
    assert divide(scene, [(scene.moon, Fraction(2, 3)), (scene.other, Fraction(1, 3))]) is None, "said before"
    assert divide(scene, [(scene.moon, Fraction(1, 2)), (scene.other, Fraction(1, 2))]) is not None


def test_a_medley_teaches_nothing(scene: Scene) -> None:
    divide(scene, [(scene.moon, Fraction(1, 2)), (scene.other, Fraction(1, 2))])
    assert not Lesson.objects.exists()
    assert not WorkTitle.objects.filter(text="月光").exists()


def test_taking_a_medley_back_gives_the_song_what_it_had(scene: Scene) -> None:
    before = told(scene.review)
    made = divide(scene, [(scene.moon, Fraction(1, 2)), (scene.other, Fraction(1, 2))])
    assert made is not None
    undo_decision(decision=made, actor=scene.staff_two)
    assert told(scene.review) == before


@pytest.mark.parametrize(
    ("moon", "other", "error"),
    [
        (Fraction(1, 2), Fraction(1, 3), PartsAreNotTheWhole),
        (Fraction(2, 3), Fraction(2, 3), PartsAreNotTheWhole),
        (Fraction(1), Fraction(0), PartsAreNotTheWhole),
        (Fraction(3, 2), Fraction(-1, 2), PartsAreNotTheWhole),
        (Fraction(1, 10_001), Fraction(10_000, 10_001), PartIsTooFine),
    ],
)
def test_parts_that_are_not_the_whole_change_nothing(
    scene: Scene, moon: Fraction, other: Fraction, error: type[Exception]
) -> None:
    with pytest.raises(error):
        divide(scene, [(scene.moon, moon), (scene.other, other)])
    with pytest.raises(PartsAreNotTheWhole):
        divide(scene, [(scene.moon, Fraction(1, 2)), (scene.moon, Fraction(1, 2))])
    assert standing(scene.review).outcome == "review"
    assert not StaffDecision.objects.exists()


def test_a_work_of_a_medley_that_nobody_proposed_needs_a_reason(scene: Scene) -> None:
    parts = [(scene.moon, Fraction(1, 2)), (scene.strange, Fraction(1, 2))]
    with pytest.raises(NoReason):
        divide(scene, parts)
    assert divide(scene, parts, "heard both") is not None


def test_the_money_of_a_medley_goes_to_its_works_by_their_parts(scene: Scene) -> None:
    divide(scene, [(scene.moon, Fraction(1, 4)), (scene.other, Fraction(3, 4))])
    distribute_all(scene)
    earnings = Earning.objects.filter(song_usage__recording=scene.review)
    won = {row["work"]: row["won"] for row in earnings.values("work").annotate(won=Sum("won_micros"))}
    assert won[scene.other.pk] == pytest.approx(3 * won[scene.moon.pk], abs=10)


def test_a_part_that_nobody_registered_keeps_its_money_and_the_others_are_paid(scene: Scene) -> None:
    made = divide(scene, [(scene.moon, Fraction(1, 3))], unregistered=Fraction(2, 3))
    assert made is not None
    assert standing(scene.review).works.values_list("work", "numerator", "denominator").get() == (scene.moon.pk, 1, 3)
    (rest,) = resting_money()
    assert (rest.unregistered_songs, rest.unregistered_micros) == (1, 4_400_000 * 2 // 3)
    result = distribute_all(scene)
    earned = Earning.objects.filter(song_usage__recording=scene.review).aggregate(
        received=Sum("source_micros"), won=Sum("won_micros")
    )
    assert abs(3 * earned["received"] - 4_400_000) < 3
    assert abs(3 * earned["won"] - 4_400_000 * RATE) < 3
    assert result.resting["CNY"] == 5_500_000 + 1_000_000 + 4_400_000 - earned["received"], "unmatched, rejected, this"
    assert check_ledger().ok


def test_the_parts_and_what_nobody_registered_make_the_whole(scene: Scene) -> None:
    for parts, unregistered in [
        ([(scene.moon, Fraction(1, 3))], Fraction(1, 3)),
        ([(scene.moon, Fraction(1))], Fraction(1, 3)),
        ([(scene.moon, Fraction(4, 3))], Fraction(-1, 3)),
        ([], Fraction(1)),
    ]:
        with pytest.raises(PartsAreNotTheWhole):
            divide(scene, parts, unregistered=unregistered)
    with pytest.raises(PartIsTooFine):
        divide(scene, [(scene.moon, 1 - Fraction(1, 10_001))], unregistered=Fraction(1, 10_001))
    assert not StaffDecision.objects.exists()
    assert divide(scene, [(scene.moon, Fraction(1, 3))], unregistered=Fraction(2, 3)) is not None
    assert divide(scene, [(scene.moon, Fraction(1, 3))], unregistered=Fraction(2, 3)) is None, "said before"
    assert divide(scene, [(scene.moon, Fraction(1, 3)), (scene.other, Fraction(2, 3))], "registered since")
    assert [rest.unregistered_micros for rest in resting_money()] == [0]


# ── the music alone ─────────────────────────────────────────────────────────────────────────────────────────────────────


def music(scene: Scene, songs: Sequence[ReportedRecording], work: Work, reason: str = "") -> StaffDecision | None:
    return accept_music(songs=songs, work=work, actor=scene.staff, reason=reason, seen={})


def test_a_song_with_other_words_is_the_music_of_the_work_and_teaches_nothing(scene: Scene) -> None:
    before = told(scene.review)
    made = music(scene, [scene.review], scene.moon)
    assert made is not None
    assert (made.action, made.work) == ("music", scene.moon)
    match = standing(scene.review)
    assert (match.outcome, match.method, match.decision) == ("accepted", "staff", made)
    assert match.works.values_list("work", "numerator", "denominator", "music_alone").get() == (
        scene.moon.pk,
        1,
        1,
        True,
    )
    assert not Lesson.objects.exists()
    assert not WorkTitle.objects.filter(text="月光").exists()
    assert music(scene, [scene.review], scene.moon) is None, "said before"
    undo_decision(decision=made, actor=scene.staff_two)
    assert told(scene.review) == before


def test_the_music_alone_and_the_whole_work_are_two_decisions(scene: Scene) -> None:
    music(scene, [scene.review], scene.moon)
    whole = accept(scene, [scene.review], scene.moon)
    assert not standing(scene.review).works.get().music_alone
    undo_decision(decision=whole, actor=scene.staff)
    assert standing(scene.review).works.get().music_alone, "what it had before"
    decide_match(recording=scene.review, works=[(scene.moon, Fraction(1))], actor=scene.staff, reason="a case")
    assert not standing(scene.review).works.get().music_alone


def test_the_music_of_a_work_that_nobody_proposed_needs_a_reason(scene: Scene) -> None:
    with pytest.raises(NoReason):
        music(scene, [scene.review], scene.strange)
    assert music(scene, [scene.review], scene.strange, "heard it") is not None


def test_the_music_of_a_merged_work_is_the_survivors(scene: Scene) -> None:
    music(scene, [scene.review], scene.moon)
    merge = merge_works(survivor=scene.other, merged=scene.moon, actor=scene.staff, reason="the same")
    assert standing(scene.review).works.values_list("work", "music_alone").get() == (scene.other.pk, True)
    undo_merge(merge=merge, actor=scene.staff)
    assert standing(scene.review).works.values_list("work", "music_alone").get() == (scene.moon.pk, True)


def test_the_money_of_the_music_goes_to_the_music_and_the_rest_is_kept(scene: Scene) -> None:
    """5/12 of both, half of it music; 4/12 of music; a publisher of neither: as 2.5 and 4 of 9 are."""
    music(scene, [scene.review], scene.moon)
    distribute_all(scene)
    earnings = Earning.objects.filter(song_usage__recording=scene.review).values("party", "state")
    won = {(row["party"], row["state"]): row["sum"] for row in earnings.annotate(sum=Sum("won_micros"))}
    whole = sum(won.values())
    parts = {
        (scene.haeon_party.pk, "payable"): Fraction(5, 24),
        (scene.jasrac_party.pk, "not_ours"): Fraction(4, 12),
        (scene.dalbit_party.pk, "payable"): Fraction(13, 72),
        (None, "suspense"): Fraction(20, 72),
    }
    assert won == {key: pytest.approx(int(part * whole), abs=3) for key, part in parts.items()}
    with pytest.raises(AlreadyDistributed):
        music(scene, [scene.review], scene.other)


# ── taking back ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_taking_back_an_acceptance_gives_the_song_what_it_had(scene: Scene) -> None:
    before = told(scene.review)
    made = accept(scene, [scene.review], scene.moon)
    undo = undo_decision(decision=made, actor=scene.staff_two)
    assert told(scene.review) == before
    assert (undo.undoes, undo.actor) == (made, scene.staff_two)
    assert Match.objects.filter(recording=scene.review).count() == 3, "nothing is overwritten"
    again = accept(scene, [scene.review], scene.other)
    undo_decision(decision=again, actor=scene.staff)
    assert told(scene.review) == before, "also the second time"


def test_taking_back_a_rejection_offers_the_work_again(scene: Scene) -> None:
    before = told(scene.review)
    made = reject_pairs(songs=[scene.review], work=scene.moon, actor=scene.staff, reason="no", seen={})
    assert made is not None
    assert RejectedPair.objects.standing().count() == 1
    undo_decision(decision=made, actor=scene.staff)
    assert told(scene.review) == before
    assert not RejectedPair.objects.standing().exists()
    assert reject_pairs(songs=[scene.review], work=scene.moon, actor=scene.staff, reason="no", seen={}) is not None
    assert RejectedPair.objects.count() == 2, "the withdrawn one stays readable"


def test_taking_back_that_a_song_is_not_ours(scene: Scene) -> None:
    before = told(scene.review)
    made = leave_out_songs(songs=[scene.review], actor=scene.staff, reason="", seen={})
    assert made is not None
    undo_decision(decision=made, actor=scene.staff)
    assert told(scene.review) == before
    assert not songs_to_match_again(scene.review)


def songs_to_match_again(song: ReportedRecording) -> bool:
    """Whether an import would match it: only a song for which nothing stands."""
    work = type("Work", (), {"payload": {"songs": [song.pk]}})()
    return songs_to_match(work).exists()


def test_a_decision_is_taken_back_once(scene: Scene) -> None:
    made = accept(scene, [scene.review], scene.moon)
    undo = undo_decision(decision=made, actor=scene.staff_two)
    with pytest.raises(AlreadyUndone) as refusal:
        undo_decision(decision=made, actor=scene.staff)
    assert "staff-two" in str(refusal.value)
    with pytest.raises(CannotBeUndone):
        undo_decision(decision=undo, actor=scene.staff)
    assert StaffDecision.objects.count() == 2


def test_what_was_decided_since_is_not_taken_back(scene: Scene) -> None:
    made = accept(scene, [scene.review], scene.moon)
    reject_pairs(songs=[scene.review], work=scene.moon, actor=scene.staff_two, reason="no", seen={})
    with pytest.raises(MatchChanged) as refusal:
        undo_decision(decision=made, actor=scene.staff)
    assert "staff-two" in str(refusal.value)
    assert standing(scene.review).outcome == "none"


def test_a_distributed_acceptance_is_not_taken_back(scene: Scene) -> None:
    song = add_song("月光", candidates=[(scene.moon, 500)])
    add_report([(song, QQ, 1, YUAN)])
    made = accept(scene, [song], scene.moon)
    distribute_all(scene)
    with pytest.raises(AlreadyDistributed):
        undo_decision(decision=made, actor=scene.staff)
    assert standing(song).outcome == "accepted"


def test_decisions_are_never_changed_or_taken_away(scene: Scene) -> None:
    made = accept(scene, [scene.review], scene.moon)
    rows = StaffDecision.objects.filter(pk=made.pk)
    with pytest.raises((ProgrammingError, InternalError)), transaction.atomic():
        rows.update(reason="another")
    with pytest.raises((ProgrammingError, InternalError)), transaction.atomic():
        connection.cursor().execute("DELETE FROM royalties_staffdecision")
    assert StaffDecision.objects.get().reason == ""
