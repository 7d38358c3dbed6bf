"""What staff decide: each decision once, by one person at a time, and never against money that has gone its way."""

from __future__ import annotations

import datetime as dt
import threading
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import connection, transaction

from portal.accounts.models import User
from royalties.distribution import distribute
from royalties.models import (
    Earning,
    Match,
    MatchWork,
    RejectedPair,
    Report,
    ReportedRecording,
    RightSplit,
    Source,
    SourceProfile,
)
from royalties.money_in import record_remittance
from royalties.review import reject_pairs
from royalties.services import (
    LARGEST_PART,
    AlreadyDistributed,
    BasisAlreadyDeclared,
    MatchChanged,
    NoReason,
    NotADivision,
    PartsAreNotTheWhole,
    RightsAlreadyDeclared,
    RightsAlreadyUsed,
    decide_match,
    declare_basis,
    declare_rights,
)
from royalties.standing import NotASecondFile, settle_second_file
from tests.royalties.scene import (
    EVIDENCE,
    MONTH,
    PAID_IN,
    QQ,
    YUAN,
    Scene,
    add_report,
    add_song,
    distribute_all,
    make_scene,
    receive_money,
)
from works.models import Work

WHOLE = Fraction(1)


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


def standing(song: ReportedRecording) -> Match:
    return Match.objects.get(recording=song, superseded_at__isnull=True)


def named(match: Match) -> dict[int, tuple[int, int]]:
    return {item.work_id: (item.numerator, item.denominator) for item in match.works.all()}


def reject_match(
    *, recording: ReportedRecording, work: Work, actor: User, reason: str, seen: int | None = None
) -> Match:
    reject_pairs(songs=[recording], work=work, actor=actor, reason=reason, seen={recording.pk: seen} if seen else {})
    return standing(recording)


# ── accept ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_accepting_a_candidate_supersedes_the_review_and_keeps_it(scene: Scene) -> None:
    before = standing(scene.review)
    match = decide_match(recording=scene.review, works=[(scene.moon, WHOLE)], actor=scene.staff, reason="")
    before.refresh_from_db()
    assert before.superseded_at is not None
    assert (match.outcome, match.method, match.decided_by) == ("accepted", "staff", scene.staff)
    assert named(match) == {scene.moon.pk: (1, 1)}
    assert MatchWork.objects.get(match=match).evidence == EVIDENCE, "what spoke for it stays with it"
    assert standing(scene.review) == match


def test_accepting_twice_changes_nothing(scene: Scene) -> None:
    first = decide_match(recording=scene.review, works=[(scene.moon, WHOLE)], actor=scene.staff, reason="")
    again = decide_match(recording=scene.review, works=[(scene.moon, WHOLE)], actor=scene.staff_two, reason="", seen=1)
    assert again == first
    assert Match.objects.filter(recording=scene.review).count() == 2


def test_a_work_nobody_proposed_needs_a_reason(scene: Scene) -> None:
    with pytest.raises(NoReason):
        decide_match(recording=scene.unmatched, works=[(scene.moon, WHOLE)], actor=scene.staff, reason=" ")
    assert standing(scene.unmatched).outcome == "none"
    match = decide_match(recording=scene.unmatched, works=[(scene.moon, WHOLE)], actor=scene.staff, reason="known")
    assert match.reason == "known"


def test_parts_of_a_medley_make_the_song(scene: Scene) -> None:
    parts = [(scene.moon, Fraction(1, 3)), (scene.other, Fraction(2, 3))]
    match = decide_match(recording=scene.review, works=parts, actor=scene.staff, reason="a medley")
    assert named(match) == {scene.moon.pk: (1, 3), scene.other.pk: (2, 3)}


@pytest.mark.parametrize(
    "parts", [[], [Fraction(1, 2)], [Fraction(2, 3), Fraction(2, 3)], [Fraction(3, 2), Fraction(-1, 2)]]
)
def test_parts_that_are_not_the_whole_are_refused(scene: Scene, parts: list[Fraction]) -> None:
    works = list(zip([scene.moon, scene.other], parts, strict=False))
    with pytest.raises(PartsAreNotTheWhole):
        decide_match(recording=scene.review, works=works, actor=scene.staff, reason="x")
    assert standing(scene.review).outcome == "review"


def test_the_second_of_two_people_is_told_what_changed(scene: Scene) -> None:
    seen = standing(scene.review).pk
    first = decide_match(recording=scene.review, works=[(scene.moon, WHOLE)], actor=scene.staff, reason="", seen=seen)
    with pytest.raises(MatchChanged) as refusal:
        decide_match(recording=scene.review, works=[(scene.other, WHOLE)], actor=scene.staff_two, reason="x", seen=seen)
    assert scene.staff.name in str(refusal.value)
    assert standing(scene.review) == first


def test_a_distributed_song_keeps_its_match(scene: Scene) -> None:
    distribute_all(scene)
    before = standing(scene.matched)
    with pytest.raises(AlreadyDistributed) as refusal:
        decide_match(recording=scene.matched, works=[(scene.other, WHOLE)], actor=scene.staff, reason="x")
    assert scene.matched.title in str(refusal.value)
    with pytest.raises(AlreadyDistributed):
        reject_match(recording=scene.matched, work=scene.moon, actor=scene.staff, reason="x")
    assert standing(scene.matched) == before
    assert not RejectedPair.objects.exists()


def test_a_song_that_rests_after_a_distribution_can_still_be_matched(scene: Scene) -> None:
    distribute_all(scene)
    decide_match(recording=scene.unmatched, works=[(scene.moon, WHOLE)], actor=scene.staff, reason="found")
    assert standing(scene.unmatched).outcome == "accepted"


# ── reject ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_rejecting_a_candidate_leaves_the_others_to_review(scene: Scene) -> None:
    match = reject_match(recording=scene.review, work=scene.moon, actor=scene.staff, reason="other composer")
    assert match.outcome == "review"
    assert [(item.work_id, item.rank, item.probability_permille) for item in match.works.all()] == [
        (scene.other.pk, 1, 600)
    ]
    assert RejectedPair.objects.get().work == scene.moon


def test_rejecting_the_last_candidate_leaves_the_song_unmatched(scene: Scene) -> None:
    reject_match(recording=scene.review, work=scene.moon, actor=scene.staff, reason="no")
    match = reject_match(recording=scene.review, work=scene.other, actor=scene.staff, reason="no")
    assert (match.outcome, match.works.count()) == ("none", 0)


def test_rejecting_twice_changes_nothing(scene: Scene) -> None:
    first = reject_match(recording=scene.review, work=scene.moon, actor=scene.staff, reason="no")
    again = reject_match(recording=scene.review, work=scene.moon, actor=scene.staff_two, reason="no!", seen=1)
    assert again == first
    assert RejectedPair.objects.count() == 1


def test_rejecting_a_match_takes_it_back(scene: Scene) -> None:
    match = reject_match(recording=scene.matched, work=scene.moon, actor=scene.staff, reason="another song")
    assert match.outcome == "none"


def test_rejecting_needs_a_reason(scene: Scene) -> None:
    with pytest.raises(NoReason):
        reject_match(recording=scene.review, work=scene.moon, actor=scene.staff, reason="")
    assert not RejectedPair.objects.exists()


# ── basis ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def declare(basis: str = "whole", *, source: str = "generic", from_date: dt.date = MONTH) -> SourceProfile:
    return declare_basis(
        source=Source.objects.get(code=source), basis=basis, from_date=from_date, note="contract 7", actor=None
    )


def test_a_declared_basis_frees_the_reports_that_waited_for_it(scene: Scene) -> None:
    held = add_report([], source="generic", state="held", held_reason="no_basis")
    earlier = add_report([], source="generic", period=dt.date(2026, 8, 1), state="held", held_reason="no_basis")
    declare("claimed")
    held.refresh_from_db()
    earlier.refresh_from_db()
    assert (held.state, held.held_reason, held.basis) == ("ready", "", "claimed")
    assert (earlier.state, earlier.held_reason, earlier.basis) == ("held", "no_basis", "")


@pytest.mark.parametrize("basis", ["named", "lump", "usage"])
def test_a_basis_that_cannot_be_distributed_yet_holds_the_report_and_says_so(scene: Scene, basis: str) -> None:
    held = add_report([], source="generic", state="held", held_reason="no_basis")
    declare(basis)
    held.refresh_from_db()
    assert (held.state, held.held_reason, held.basis) == ("held", "basis_not_yet", basis)


def test_a_distributed_report_keeps_the_basis_it_was_paid_by(scene: Scene) -> None:
    later = add_report([], period=dt.date(2026, 10, 1))
    distribute_all(scene)
    declare("claimed", source="tme")
    scene.report.refresh_from_db()
    later.refresh_from_db()
    assert (scene.report.basis, later.basis) == ("whole", "claimed")


def test_declaring_the_same_again_changes_nothing_and_another_basis_is_refused(scene: Scene) -> None:
    first = declare("whole")
    assert declare("whole") == first
    with pytest.raises(BasisAlreadyDeclared):
        declare("claimed")
    assert SourceProfile.objects.filter(source__code="generic").count() == 1


def test_a_declaration_for_a_family_wins_over_one_for_all_files(scene: Scene) -> None:
    held = add_report([], source="generic", state="held", held_reason="no_basis")
    declare("claimed")
    declare_basis(
        source=held.source, family="song", basis="whole", from_date=MONTH, note="contract 8", actor=scene.staff
    )
    held.refresh_from_db()
    assert held.basis == "whole"


# ── rights ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def divide(*parts: int, source: str = "generic", from_date: dt.date = MONTH) -> RightSplit:
    performing, mechanical, synchronisation = parts
    return declare_rights(
        source=Source.objects.get(code=source),
        from_date=from_date,
        performing=performing,
        mechanical=mechanical,
        synchronisation=synchronisation,
        actor=None,
    )


def divisions() -> list[tuple[str, dt.date, int, int, int, int]]:
    return list(
        RightSplit.objects.order_by("pk").values_list(
            "source__code", "from_date", "performing", "mechanical", "synchronisation", "denominator"
        )
    )


def test_a_division_is_written_down_once_and_a_later_month_may_have_another(scene: Scene) -> None:
    before = divisions()
    first = divide(1, 1, 0, from_date=dt.date(2026, 9, 17))
    assert divide(1, 1, 0) == first
    assert divide(2, 2, 0) == first
    divide(5, 4, 3, from_date=PAID_IN)
    assert divisions() == [*before, ("generic", MONTH, 1, 1, 0, 2), ("generic", PAID_IN, 5, 4, 3, 12)]
    assert first.fractions() == {"performing": Fraction(1, 2), "mechanical": Fraction(1, 2)}


def test_another_division_of_the_same_month_is_refused(scene: Scene) -> None:
    divide(1, 1, 0)
    before = divisions()
    with pytest.raises(RightsAlreadyDeclared) as refused:
        divide(1, 0, 0)
    assert refused.value.status == 409
    assert {"2026-09", "1 : 1 : 0"} <= set(refused.value.params.values())
    assert divisions() == before


@pytest.mark.parametrize("parts", [(0, 0, 0), (2, -1, 0), (-1, 1, 1), (1, 1, LARGEST_PART + 1)])
def test_parts_that_divide_nothing_are_refused(scene: Scene, parts: tuple[int, int, int]) -> None:
    before = divisions()
    with pytest.raises(NotADivision):
        divide(*parts)
    assert divisions() == before


def test_what_has_been_distributed_is_not_divided_otherwise(scene: Scene) -> None:
    distribute_all(scene)
    before = divisions()
    for month in (MONTH, dt.date(2026, 8, 1)):
        with pytest.raises(RightsAlreadyUsed) as refused:
            divide(1, 0, 0, source="tme", from_date=month)
        assert refused.value.status == 409
        assert refused.value.params["last"] == "2026-09"
    assert divisions() == before
    divide(1, 0, 0, source="tme", from_date=dt.date(2026, 10, 1))
    divide(1, 0, 0)  # another source's money has gone nowhere
    assert len(divisions()) == len(before) + 2


def test_money_of_any_source_goes_through_once_basis_and_rights_are_declared(scene: Scene) -> None:
    report = add_report([(scene.matched, QQ, 1, 12 * YUAN)], source="generic", state="held", held_reason="no_basis")
    record_remittance(
        source=report.source,
        period=MONTH,
        amount_micros=12 * YUAN,
        currency="CNY",
        rate=Decimal(200),
        rate_date=dt.date(2026, 11, 11),
    )
    assert distribute(period=PAID_IN).state == "nothing_new"
    declare("claimed")
    assert [problem.code for problem in distribute(period=PAID_IN).problems] == ["rights-not-declared"]
    assert not Earning.objects.exists()
    divide(3, 1, 0)
    result = distribute(period=PAID_IN)
    assert result.state == "distributed"
    assert not result.problems
    earned = Earning.objects.filter(song_usage__report=report, source_micros__gt=0)
    assert set(earned.values_list("run_share__party", "right", "source_micros")) == {
        (scene.haeon_party.pk, "performing", 5_625_000),
        (scene.haeon_party.pk, "mechanical", 1_875_000),
        (scene.dalbit_party.pk, "performing", 3_375_000),
        (scene.dalbit_party.pk, "mechanical", 1_125_000),
    }


# ── a second file of a month ────────────────────────────────────────────────────────────────────────────────────────────


def second_file(scene: Scene) -> Report:
    return add_report([(scene.matched, QQ, 1, YUAN)], state="held", held_reason="second_file")


def settle(second: Report, choice: str, scene: Scene) -> None:
    earlier = [scene.report] if choice == "replacement" else []
    settle_second_file(report=second, choice=choice, actor=scene.staff, reason="as they wrote", earlier=earlier)


def test_a_supplement_counts_beside_the_earlier_file(scene: Scene) -> None:
    second = second_file(scene)
    settle(second, "supplement", scene)
    second.refresh_from_db()
    scene.report.refresh_from_db()
    assert (second.state, second.held_reason, scene.report.state) == ("ready", "", "ready")


def test_a_replacement_sets_the_earlier_file_aside(scene: Scene) -> None:
    second = second_file(scene)
    settle(second, "replacement", scene)
    second.refresh_from_db()
    scene.report.refresh_from_db()
    assert (second.state, scene.report.state, scene.report.held_reason) == ("ready", "held", "replaced")


def test_a_replacement_mends_money_that_did_not_agree_with_the_earlier_file(scene: Scene) -> None:
    second = second_file(scene)
    reported = int(scene.report.accepted_micros + scene.report.rejected_micros)
    pool = receive_money(scene, extra_micros=YUAN - reported).pool
    pool.refresh_from_db()
    assert (pool.state, list(pool.reports.all())) == ("held", [scene.report])
    settle(second, "replacement", scene)
    pool.refresh_from_db()
    assert (pool.state, list(pool.reports.all())) == ("released", [second])


def test_setting_aside_leaves_the_earlier_file_alone(scene: Scene) -> None:
    second = second_file(scene)
    settle(second, "aside", scene)
    second.refresh_from_db()
    assert (second.state, second.held_reason) == ("held", "aside")
    with pytest.raises(NotASecondFile):
        settle(second, "supplement", scene)


def test_a_new_song_of_a_supplement_is_seen(scene: Scene) -> None:
    song = add_song("第二")
    second = add_report([(song, QQ, 1, YUAN)], state="held", held_reason="second_file")
    settle(second, "supplement", scene)
    assert song in type(song).objects.visible_to(scene.haeon)


# ── two people at once ──────────────────────────────────────────────────────────────────────────────────────────────────


def somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def test_of_two_people_deciding_at_once_the_second_waits_and_is_told(fresh_database: object) -> None:
    scene = make_scene()
    seen = standing(scene.review).pk
    refusals: list[MatchChanged] = []

    def second_person() -> None:
        try:
            works = [(scene.other, WHOLE)]
            decide_match(recording=scene.review, works=works, actor=scene.staff_two, reason="", seen=seen)
        except MatchChanged as refusal:
            refusals.append(refusal)
        finally:
            connection.close()

    thread = threading.Thread(target=second_person)
    with transaction.atomic():
        first = decide_match(
            recording=scene.review, works=[(scene.moon, WHOLE)], actor=scene.staff, reason="", seen=seen
        )
        thread.start()
        pause = threading.Event()
        while not somebody_waits_for_a_lock() and thread.is_alive():
            pause.wait(0.02)
        assert thread.is_alive(), "the second person waits for the first"
    thread.join(timeout=20)
    assert len(refusals) == 1
    assert standing(scene.review) == first
    assert Match.objects.filter(recording=scene.review).count() == 2
