"""Two works that are one: what follows the survivor, what stays as it was, what is refused, and taking it back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import InternalError, ProgrammingError
from django.utils import timezone
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings, strategies as st

from claims.models import Case
from portal.notices.models import Notice
from royalties.checks import check_ledger
from royalties.distribution import distribute
from royalties.holds import open_hold
from royalties.merging import (
    WorkIsInACase,
    merge_works,
    repoint_stragglers,
    tell_apart,
    undo_difference,
    undo_merge,
)
from royalties.models import Earning, Match, MatchWork, RejectedPair, ReportedRecording, StaffDecision
from royalties.review import BelongsToMerge, accept_songs, leave_out_songs, reject_pairs, undo_decision
from tests.royalties.scene import (
    PAID_IN,
    QQ,
    YUAN,
    Scene,
    add_report,
    add_share,
    add_song,
    add_work,
    distribute_all,
    make_scene,
    receive_money,
)
from tests.works.build import repertoires
from works.catalogue.performers import link_performers
from works.matching import SongQuery, match
from works.matching.derive import refresh_title_keys
from works.merging import (
    ChangedSinceMerge,
    IswcsDiffer,
    MergeIsUndone,
    NameDisputeOpen,
    RecordingHoldsBoth,
    SameWork,
    SharesDiffer,
    SharesWereChanged,
    ToldApart,
    WorkIsMerged,
    seal_of,
    shares_differ,
)
from works.models import (
    ChangeLog,
    Recording,
    RecordingWork,
    Right,
    Share,
    Work,
    WorkDifference,
    WorkKey,
    WorkMerge,
    WorkPerformer,
    WorkTitle,
)
from works.naming import NewName, Speaker, add_name, dispute_name
from works.services import NewPart, replace_share

pytestmark = pytest.mark.django_db
OCTOBER = dt.date(2026, 10, 1)
WHOLE = Fraction(1)


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


@pytest.fixture
def twin(scene: Scene) -> Work:
    """달빛 아래 once more, registered by somebody else: another title, an ISWC, other shares, songs of its own."""
    twin = add_work("달빛 아래에서", "달무리")
    twin.titles.create(text="月光之下", script="Hans", kind="TT")
    Work.objects.filter(pk=twin.pk).update(iswc="T0000000010")
    twin.refresh_from_db()
    for right in (Right.PERFORMING, Right.MECHANICAL):
        add_share(twin, scene.haeon_party, Fraction(1, 2), "CA", right)
        add_share(twin, scene.stranger_party, Fraction(1, 4), "E", right)
    derive([scene.moon, scene.other, twin])
    return twin


def derive(works: Sequence[Work]) -> None:
    refresh_title_keys([work.pk for work in works])
    parts = RecordingWork.objects.filter(work__in=works).order_by("pk")
    link_performers(list(parts.values_list("work_id", "recording__performer")))


def everything() -> dict[str, list[Any]]:
    """What the register and the matches say now, row by row. Of what only grows: what stands, without numbers and times."""
    standing = Match.objects.filter(superseded_at__isnull=True)
    match_fields = ("recording", "outcome", "method", "probability_permille", "evidence", "decided_by", "reason")
    parts = ("match__recording", "work", "rank", "numerator", "denominator", "probability_permille", "evidence")
    return {
        "works": list(Work.objects.order_by("pk").values_list()),
        "titles": list(WorkTitle.objects.standing().order_by("pk").values_list()),
        "keys": sorted(WorkKey.objects.values_list("work", "key", "text")),
        "performers": sorted(WorkPerformer.objects.values_list("work", "party")),
        "repertoires": sorted(repertoires()),
        "parts": list(RecordingWork.objects.order_by("pk").values_list()),
        "shares": list(Share.objects.order_by("pk").values_list()),
        "matches": list(standing.order_by("recording").values_list(*match_fields)),
        "their works": list(
            MatchWork.objects.filter(match__in=standing).order_by("match__recording", "rank").values_list(*parts)
        ),
        "rejected": sorted(RejectedPair.objects.standing().values_list("recording", "work")),
        "earnings": list(Earning.objects.order_by("pk").values_list()),
    }


def standing(song: ReportedRecording) -> Match:
    return Match.objects.get(recording=song, superseded_at__isnull=True)


def named(song: ReportedRecording) -> list[tuple[int, Fraction]]:
    parts = standing(song).works.order_by("rank")
    return [(part.work_id, Fraction(part.numerator, part.denominator)) for part in parts]


def merge(scene: Scene, survivor: Work, merged: Work, reason: str = "the same song") -> WorkMerge:
    return merge_works(survivor=survivor, merged=merged, actor=scene.staff, reason=reason)


# ── what follows ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_names_recordings_iswc_and_songs_follow_the_survivor(scene: Scene, twin: Work) -> None:
    sure = add_song("달빛 아래에서", matched_to=[(twin, Fraction(1))])
    recordings = set(RecordingWork.objects.filter(work=twin).values_list("recording", flat=True))
    made = merge(scene, scene.moon, twin)
    scene.moon.refresh_from_db()
    twin.refresh_from_db()
    assert (twin.merged_into, twin.iswc, scene.moon.iswc) == (scene.moon, None, "T0000000010")
    titles = set(scene.moon.titles.standing().values_list("text", "kind"))
    assert titles == {("달빛 아래", "OT"), ("달빛 아래에서", "AT"), ("月光之下", "TT")}
    assert recordings <= set(RecordingWork.objects.filter(work=scene.moon).values_list("recording", flat=True))
    assert not WorkKey.objects.filter(work=twin).exists()
    assert not WorkPerformer.objects.filter(work=twin).exists()
    assert named(sure) == [(scene.moon.pk, WHOLE)]
    decision = StaffDecision.objects.get(merge=made)
    assert (decision.action, decision.work, decision.songs, decision.reason) == (
        "repoint", scene.moon, 1, "the same song",
    )  # fmt: skip
    logged = ChangeLog.objects.filter(action="work.merged").values_list("work", "actor", "reason")
    assert set(logged) == {(work.pk, scene.staff.pk, "the same song") for work in (scene.moon, twin)}


def test_the_matcher_finds_the_survivor_by_the_names_of_the_other_and_never_the_other(scene: Scene, twin: Work) -> None:
    query = SongQuery(key="1", title="달빛 아래에서", artists="달무리", isrc="", album="")
    assert [work for work, _ in match([query], {})[0].works] == [twin.pk]
    merge(scene, scene.moon, twin)
    assert [work for work, _ in match([query], {})[0].works] == [scene.moon.pk]


def test_the_names_say_from_whom_they_are(scene: Scene, twin: Work) -> None:
    merge(scene, scene.moon, twin)
    theirs = twin.titles.get(text="月光之下")
    ours = scene.moon.titles.get(text="月光之下")
    assert ours.note.endswith(twin.ref)
    for field in ("source", "said_by", "said_for", "said_at", "confirmed_at", "language", "script"):
        assert getattr(ours, field) == getattr(theirs, field), field


def test_the_shares_of_the_survivor_stand_and_those_of_the_other_count_no_more(scene: Scene, twin: Work) -> None:
    shares = list(Share.objects.order_by("pk").values_list())
    merge(scene, scene.moon, twin)
    assert list(Share.objects.order_by("pk").values_list()) == shares, "no row was touched"
    today = timezone.localdate()
    assert not Share.objects.in_force(today).filter(work=twin).exists()
    assert Share.objects.in_force(today).filter(work=scene.moon).count() == 6


def test_songs_go_by_the_shares_of_the_survivor_from_now_on_and_what_was_distributed_stays(
    scene: Scene, twin: Work
) -> None:
    paid = add_song("先", matched_to=[(twin, Fraction(1))])
    add_report([(paid, QQ, 1, 8 * YUAN)])
    distribute_all(scene)
    before = list(Earning.objects.order_by("pk").values_list())
    assert Earning.objects.filter(work=twin, party=scene.stranger_party).exists()
    merge(scene, scene.moon, twin)
    assert list(Earning.objects.order_by("pk").values_list()) == before
    result = check_ledger()
    assert result.ok, result.differences
    add_report([(paid, QQ, 1, 8 * YUAN)], period=OCTOBER)
    receive_money(scene, period=OCTOBER)
    distribute(period=PAID_IN, actor=scene.staff)
    new = Earning.objects.exclude(pk__in=[row[0] for row in before])
    assert {earning.work for earning in new} == {scene.moon}
    assert not new.filter(party=scene.stranger_party).exists()
    assert check_ledger().ok


def test_a_song_of_both_becomes_whole_and_of_two_candidates_the_better_stays(scene: Scene, twin: Work) -> None:
    half = Fraction(1, 2)
    medley = add_song("串烧", matched_to=[(scene.moon, half), (twin, half)])
    third = add_song("三首", matched_to=[(twin, Fraction(1, 3)), (scene.other, Fraction(2, 3))])
    unsure = add_song("月光", candidates=[(twin, 800), (scene.other, 700), (scene.moon, 600)])
    merge(scene, scene.moon, twin)
    assert named(medley) == [(scene.moon.pk, WHOLE)]
    assert named(third) == [(scene.moon.pk, Fraction(1, 3)), (scene.other.pk, Fraction(2, 3))]
    candidates = standing(unsure).works.order_by("rank").values_list("work", "probability_permille")
    assert list(candidates) == [(scene.moon.pk, 800), (scene.other.pk, 700)]


def test_a_song_that_is_not_the_other_is_not_the_survivor_either(scene: Scene, twin: Work) -> None:
    song = add_song("别的", candidates=[(twin, 500)])
    reject_pairs(songs=[song], work=twin, actor=scene.staff, reason="another song", seen={})
    assert not RejectedPair.objects.standing().filter(work=scene.moon).exists()
    made = merge(scene, scene.moon, twin)
    assert RejectedPair.objects.standing().filter(recording=song, work=scene.moon).exists()
    undo_merge(merge=made, actor=scene.staff)
    assert not RejectedPair.objects.standing().filter(work=scene.moon).exists()


def test_whoever_had_a_share_in_the_other_is_told(scene: Scene, twin: Work) -> None:
    made = merge(scene, scene.moon, twin)
    told = set(Notice.objects.values_list("user", flat=True))
    assert told == {scene.haeon.pk, scene.stranger.pk}
    undo_merge(merge=made, actor=scene.staff)
    assert Notice.objects.filter(user=scene.stranger).count() == 2


def test_a_song_matched_while_the_works_were_merged_follows_before_money_is_distributed(
    scene: Scene, twin: Work
) -> None:
    made = merge(scene, scene.moon, twin)
    late = add_song("迟到", matched_to=[(twin, Fraction(1))])  # what a matcher read before and wrote after
    before = named(late)
    add_report([(late, QQ, 1, YUAN)])
    distribute_all(scene)
    assert not Earning.objects.filter(work=twin).exists()
    assert Earning.objects.filter(work=scene.moon, song_usage__recording=late).exists()
    assert before == [(twin.pk, WHOLE)]
    assert standing(late).decision == StaffDecision.objects.get(merge=made), "it goes back with the merge"
    assert repoint_stragglers() == 0


def test_staff_who_name_the_merged_work_mean_the_survivor(scene: Scene, twin: Work) -> None:
    merge(scene, scene.moon, twin)
    accept_songs(songs=[scene.review], work=twin, actor=scene.staff, reason="heard it", seen={})
    assert named(scene.review) == [(scene.moon.pk, WHOLE)]


# ── taking it back ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_taking_it_back_restores_everything(scene: Scene, twin: Work) -> None:
    add_song("달빛 아래에서", matched_to=[(twin, Fraction(1))])
    add_song("串烧", matched_to=[(scene.moon, Fraction(1, 2)), (twin, Fraction(1, 2))])
    add_song("月光", candidates=[(twin, 800), (scene.moon, 600)])
    song = add_song("别的", candidates=[(twin, 500)])
    reject_pairs(songs=[song], work=twin, actor=scene.staff, reason="another song", seen={})
    distribute_all(scene)
    before = everything()
    for survivor, merged in ((scene.moon, twin), (twin, scene.moon), (scene.moon, twin)):
        made = merge(scene, survivor, merged)
        assert everything() != before
        undone = undo_merge(merge=made, actor=scene.staff_two)
        assert (undone.undone_by, StaffDecision.objects.get(undoes__merge=made).actor) == (
            scene.staff_two, scene.staff_two,
        )  # fmt: skip
        for table, rows in everything().items():
            assert rows == before[table], table
    with pytest.raises(MergeIsUndone):
        undo_merge(merge=made, actor=scene.staff)


def test_what_came_to_the_survivor_since_stays_there(scene: Scene, twin: Work) -> None:
    made = merge(scene, scene.moon, twin)
    speaker = Speaker(source="staff", user=scene.staff)
    add_name(named=scene.moon, name=NewName(text="Moonlit", kind="translated"), speaker=speaker)
    recording = Recording.objects.create(title="Moonlit", performer="별무리")
    RecordingWork.objects.create(recording=recording, work=scene.moon)
    link_performers([(scene.moon.pk, "별무리")])
    later = add_song("后来", matched_to=[(scene.moon, Fraction(1))])
    undo_merge(merge=made, actor=scene.staff)
    assert scene.moon.titles.standing().filter(text="Moonlit").exists()
    assert named(later) == [(scene.moon.pk, WHOLE)]
    assert WorkPerformer.objects.filter(work=scene.moon, party__name="별무리").exists()


def test_it_stays_merged_and_says_why_when_something_happened_since(scene: Scene, twin: Work) -> None:
    song = add_song("달빛 아래에서", matched_to=[(twin, Fraction(1))])
    made = merge(scene, scene.moon, twin)

    def refused(what: str) -> None:
        before = everything()
        with pytest.raises(ChangedSinceMerge) as error, override("en"):
            undo_merge(merge=made, actor=scene.staff)
        with override("en"):
            assert what in str(error.value.message)
        assert everything() == before

    with transaction.atomic():
        leave_out_songs(songs=[song], actor=scene.staff_two, reason="", seen={})
        refused("“달빛 아래에서” was decided anew by staff-two")
        transaction.set_rollback(True)
    with transaction.atomic():
        name = scene.moon.titles.get(text="月光之下")
        dispute_name(name=name, reason="no", speaker=Speaker(source="staff", user=scene.staff_two))
        refused("“月光之下” is disputed")
        transaction.set_rollback(True)
    with transaction.atomic():
        Work.objects.filter(pk=scene.moon.pk).update(iswc="T9999999999")
        refused("ISWC")
        transaction.set_rollback(True)
    with transaction.atomic():
        RecordingWork.objects.filter(pk__in=made.moved["parts"]).update(work=scene.other)
        refused("a recording belongs to another work")
        transaction.set_rollback(True)
    with transaction.atomic():
        merge(scene, scene.other, scene.moon)
        refused(f"was itself merged into {scene.other.ref}")
        transaction.set_rollback(True)
    add_report([(song, QQ, 1, YUAN)])
    distribute_all(scene)
    refused("was distributed by the survivor’s shares")


def test_of_works_merged_one_after_the_other_each_leads_to_the_last_and_comes_back_in_turn(
    scene: Scene, twin: Work
) -> None:
    song = add_song("달빛 아래에서", matched_to=[(twin, Fraction(1))])
    before = everything()
    first = merge(scene, scene.moon, twin)
    between = everything()
    second = merge(scene, scene.other, scene.moon)
    assert set(Work.objects.filter(merged_into=scene.other)) == {scene.moon, twin}
    assert named(song) == [(scene.other.pk, WHOLE)]
    undo_merge(merge=second, actor=scene.staff)
    assert everything() == between
    undo_merge(merge=first, actor=scene.staff)
    assert everything() == before


def test_the_decision_that_repointed_is_taken_back_with_the_merge_alone(scene: Scene, twin: Work) -> None:
    add_song("달빛 아래에서", matched_to=[(twin, Fraction(1))])
    made = merge(scene, scene.moon, twin)
    with pytest.raises(BelongsToMerge):
        undo_decision(decision=StaffDecision.objects.get(merge=made), actor=scene.staff)


# ── what is refused ─────────────────────────────────────────────────────────────────────────────────────────────────────


def refuse(error: type[Exception], scene: Scene, survivor: Work, merged: Work, reason: str = "the same") -> None:
    before = everything()
    with pytest.raises(error):
        merge(scene, survivor, merged, reason)
    assert everything() == before
    assert not WorkMerge.objects.filter(survivor=survivor, merged=merged).exists()


def test_two_iswcs_are_two_works_until_somebody_corrects_one(scene: Scene, twin: Work) -> None:
    Work.objects.filter(pk=scene.moon.pk).update(iswc="T0000000021")
    refuse(IswcsDiffer, scene, scene.moon, twin)


def test_a_recording_made_of_both_says_that_they_are_two(scene: Scene, twin: Work) -> None:
    recording = scene.moon.parts.get().recording
    RecordingWork.objects.create(recording=recording, work=twin, numerator=1, denominator=2)
    refuse(RecordingHoldsBoth, scene, scene.moon, twin)


def test_a_disputed_name_is_settled_first(scene: Scene, twin: Work) -> None:
    name = twin.titles.get(text="月光之下")
    dispute_name(name=name, reason="no", speaker=Speaker(source="staff", user=scene.staff))
    refuse(NameDisputeOpen, scene, scene.moon, twin)


def test_other_shares_need_a_reason_and_to_have_been_seen(scene: Scene, twin: Work) -> None:
    assert shares_differ(scene.moon, twin)
    refuse(SharesDiffer, scene, scene.moon, twin, reason=" ")
    seen = seal_of(twin, scene.moon)
    assert seen == seal_of(scene.moon, twin)
    share = scene.moon.shares.filter(party=scene.haeon_party).order_by("pk")[0]
    parts = [NewPart(scene.dalbit_party, "E", Fraction(5, 12))]
    replace_share(share=share, from_date=dt.date(2026, 1, 1), parts=parts, actor=None, reason="sold")
    with pytest.raises(SharesWereChanged):
        merge_works(survivor=scene.moon, merged=twin, actor=scene.staff, reason="same", seen=seen)
    made = merge_works(
        survivor=scene.moon, merged=twin, actor=scene.staff, reason="same", seen=seal_of(scene.moon, twin)
    )
    assert made.survivor == scene.moon


def test_equal_shares_need_no_reason(scene: Scene) -> None:
    twin = add_work("달빛 속에")
    for right in (Right.PERFORMING, Right.MECHANICAL):
        add_share(twin, scene.dalbit_party, Fraction(1), "E", right)
    assert not shares_differ(scene.other, twin)
    assert merge(scene, scene.other, twin, reason="").reason == ""


def test_a_merged_work_is_not_merged_again_nor_into_itself(scene: Scene, twin: Work) -> None:
    refuse(SameWork, scene, twin, twin)
    merge(scene, scene.moon, twin)
    refuse(WorkIsMerged, scene, scene.other, twin)
    refuse(WorkIsMerged, scene, twin, scene.other)


def test_a_work_in_a_case_stays_but_another_may_become_it(scene: Scene, twin: Work) -> None:
    share = twin.shares.filter(party=scene.haeon_party).order_by("pk")[0]
    case = Case.objects.create(
        kind="share", work=twin, share=share, claimant=scene.stranger.memberships.get().organisation,
        claimant_party=scene.stranger_party, from_date=dt.date(2026, 1, 1), reason="mine", opened_by=scene.stranger,
    )  # fmt: skip
    refuse(WorkIsInACase, scene, scene.moon, twin)  # its papers are being checked: no hold yet
    with transaction.atomic():
        merge(scene, twin, scene.moon)
        transaction.set_rollback(True)
    Case.objects.filter(pk=case.pk).update(state="closed", outcome="withdrawal", granted=False)
    open_hold(case_ref=case.ref, share=share, fraction=share.fraction, from_date=dt.date(2026, 1, 1))
    refuse(WorkIsInACase, scene, scene.moon, twin)


def test_works_that_are_not_the_same_are_not_merged_until_that_is_taken_back(scene: Scene, twin: Work) -> None:
    said = tell_apart(one=twin, other=scene.moon, actor=scene.staff, reason="another melody")
    assert (said.one, said.other) == (scene.moon, twin), "the older first, however it is said"
    assert tell_apart(one=scene.moon, other=twin, actor=scene.staff_two, reason="") == said
    refuse(ToldApart, scene, scene.moon, twin)
    undo_difference(difference=said, actor=scene.staff_two)
    merge(scene, scene.moon, twin)
    assert set(ChangeLog.objects.filter(work=twin).values_list("action", flat=True)) == {
        "work.told_apart", "work.difference_undone", "work.merged",
    }  # fmt: skip


def test_a_merged_work_gets_nothing_more(scene: Scene, twin: Work) -> None:
    merge(scene, scene.moon, twin)
    share = twin.shares.order_by("pk")[0]
    with pytest.raises(WorkIsMerged):
        replace_share(share=share, from_date=dt.date(2026, 1, 1), parts=[], actor=None, reason="x")
    for create in (
        lambda: add_share(twin, scene.jasrac_party, Fraction(1, 12), "C", Right.PERFORMING),
        lambda: twin.titles.create(text="x", script="Latn", kind="AT"),
        lambda: RecordingWork.objects.create(recording=scene.moon.parts.order_by("pk")[0].recording, work=twin),
    ):
        with pytest.raises(IntegrityError, match="gets nothing"), transaction.atomic():
            create()


def test_nobody_rewrites_what_was_said_of_two_works(scene: Scene, twin: Work) -> None:
    made = merge(scene, scene.moon, twin)
    for statement in (
        "UPDATE works_workmerge SET moved = '{}'",
        "DELETE FROM works_workmerge",
        "UPDATE works_workdifference SET reason = ''",
        "DELETE FROM works_workdifference",
    ):
        with (
            pytest.raises((ProgrammingError, InternalError, IntegrityError)),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    undo_merge(merge=made, actor=scene.staff)
    with pytest.raises((ProgrammingError, InternalError, IntegrityError)), transaction.atomic():
        WorkMerge.objects.filter(pk=made.pk).update(undone_at=None)


# ── for all shares ──────────────────────────────────────────────────────────────────────────────────────────────────────

PIECES = st.lists(st.integers(0, 6), min_size=3, max_size=3)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=PIECES, second=PIECES, forward=st.booleans())
def test_whatever_the_shares_they_are_compared_exactly_and_come_back(
    scene: Scene, first: list[int], second: list[int], forward: bool
) -> None:
    with transaction.atomic():
        parties = [scene.haeon_party, scene.dalbit_party, scene.jasrac_party]
        works = [add_work("짝"), add_work("짝")]
        for work, pieces in zip(works, (first, second), strict=True):
            for party, piece in zip(parties, pieces, strict=True):
                if piece:
                    add_share(work, party, Fraction(piece, 18), "C", Right.PERFORMING)
        derive(works)
        assert shares_differ(*works) is (first != second)
        before = everything()
        survivor, merged = works if forward else reversed(works)
        made = merge(scene, survivor, merged)
        kept = Share.objects.in_force(timezone.localdate()).filter(work__in=works)
        assert set(kept.values_list("work", flat=True)) <= {survivor.pk}
        assert kept.count() == survivor.shares.count()
        undo_merge(merge=made, actor=scene.staff)
        assert everything() == before
        transaction.set_rollback(True)
    assert not WorkDifference.objects.exists()
