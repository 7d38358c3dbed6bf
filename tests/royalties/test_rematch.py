"""Songs matched again: what would move is seen, applied only where nobody decided since, and given back."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest
from django.urls import reverse

from portal.jobs.models import Job
from royalties import rematch as rematching
from royalties.models import Match, Rematch, ReportedRecording
from royalties.rematch import NotInThatState, RematchUnderWay, apply_rematch, movements_of, start_rematch, undo_rematch
from royalties.review import leave_out_songs, reject_pairs
from tests.conftest import Database
from tests.royalties.scene import QQ, YUAN, Scene, add_report, add_song, make_scene, signed_in
from works.matching import Candidate, Decision, SongQuery


class Answers:
    """In the place of the matcher: every song called 月亮 is the moon by now."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def __call__(self, queries: Sequence[SongQuery], excluded: dict[str, frozenset[int]]) -> list[Decision]:
        found = []
        for query in queries:
            moon = self.scene.moon.pk
            if query.title.startswith("月亮") and moon not in excluded.get(query.key, ()):
                candidate = Candidate(
                    moon, 990, {"title": {"why": "same", "reported": "月亮", "registered": "월량", "part": ""}}
                )
                found.append(
                    Decision(
                        query.key, "accepted", "name", 990, ((moon, Fraction(1)),), (candidate,), candidate.evidence
                    )
                )
            else:
                found.append(Decision(query.key, "none", "none", 0))
        return found


@pytest.fixture
def scene(fresh_database: Database) -> Scene:
    return make_scene()


@pytest.fixture
def songs(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> list[ReportedRecording]:
    monkeypatch.setattr(rematching, "match", Answers(scene))
    made = [add_song("月亮"), add_song("月亮 2", candidates=[(scene.other, 300)]), add_song("别的")]
    add_report([(made[0], QQ, 5, 3 * YUAN), (made[0], QQ, 1, YUAN), (made[1], QQ, 1, 2 * YUAN)])
    return made


def standing(song: ReportedRecording) -> Match:
    return Match.objects.get(recording=song, superseded_at__isnull=True)


def outcomes(songs: list[ReportedRecording]) -> list[str]:
    return [standing(song).outcome for song in songs]


def work_off() -> Rematch:
    rematching.work_on(Job.objects.filter(kind=rematching.TASK).latest("pk").pk)
    assert Job.objects.filter(kind=rematching.TASK).latest("pk").state == "done"
    return Rematch.objects.latest("pk")


def test_it_shows_what_would_move_and_moves_nothing(scene: Scene, songs: list[ReportedRecording]) -> None:
    before = outcomes(songs)
    start_rematch(actor=scene.staff, bell=False)
    rematch = work_off()
    assert (rematch.state, outcomes(songs)) == ("ready", before)
    moves = {(row["before"], row["after"]): (row["songs"], row["lines"], row["money"]) for row in movements_of(rematch)}
    assert moves["none", "accepted"] == (1, 2, 4 * YUAN)
    assert moves["review", "accepted"] == (1, 1, 2 * YUAN)
    assert songs[2].pk not in rematch.songs.values_list("recording", flat=True), "nothing new about it"


def test_applied_and_taken_back(scene: Scene, songs: list[ReportedRecording]) -> None:
    start_rematch(actor=scene.staff, bell=False)
    apply_rematch(rematch=work_off(), actor=scene.staff, bell=False)
    rematch = work_off()
    assert (rematch.state, rematch.applied_by, rematch.skipped) == ("applied", scene.staff, 0)
    assert outcomes(songs) == ["accepted", "accepted", "none"]
    match = standing(songs[0])
    assert (match.works.get().work, match.decided_by, match.reason) == (scene.moon, None, rematch.ref)
    undo_rematch(rematch=rematch, actor=scene.staff_two, bell=False)
    rematch = work_off()
    assert (rematch.state, rematch.undone_by, rematch.kept) == ("undone", scene.staff_two, 0)
    assert outcomes(songs) == ["none", "review", "none"]
    assert [item.work for item in standing(songs[1]).works.all()] == [scene.other]


def test_what_people_decided_meanwhile_stays(scene: Scene, songs: list[ReportedRecording]) -> None:
    start_rematch(actor=scene.staff, bell=False)
    rematch = work_off()
    leave_out_songs(songs=[songs[0]], actor=scene.staff_two, reason="", seen={})
    apply_rematch(rematch=rematch, actor=scene.staff, bell=False)
    rematch = work_off()
    assert standing(songs[0]).method == "repertoire"
    assert standing(songs[1]).outcome == "accepted"
    skipped = rematch.skipped
    assert skipped == 1
    reject_pairs(songs=[songs[1]], work=scene.moon, actor=scene.staff, reason="no", seen={})
    undo_rematch(rematch=rematch, actor=scene.staff, bell=False)
    assert work_off().kept == 1
    assert standing(songs[1]).outcome == "none", "what was said since stays"


def test_songs_left_out_and_rejected_pairs_are_not_asked_for_again(
    scene: Scene, songs: list[ReportedRecording]
) -> None:
    leave_out_songs(songs=[songs[0]], actor=scene.staff, reason="", seen={})
    reject_pairs(songs=[songs[1]], work=scene.moon, actor=scene.staff, reason="no", seen={})
    start_rematch(actor=scene.staff, bell=False)
    moved = {(row.recording_id, row.outcome) for row in work_off().songs.all()}
    assert songs[0].pk not in {pk for pk, _outcome in moved}
    assert (songs[1].pk, "accepted") not in moved


def test_one_at_a_time_and_each_step_once(scene: Scene, songs: list[ReportedRecording]) -> None:
    start_rematch(actor=scene.staff, bell=False)
    with pytest.raises(RematchUnderWay):
        start_rematch(actor=scene.staff_two, bell=False)
    rematch = work_off()
    with pytest.raises(NotInThatState):
        undo_rematch(rematch=rematch, actor=scene.staff)
    apply_rematch(rematch=rematch, actor=scene.staff, bell=False)
    with pytest.raises(NotInThatState):
        apply_rematch(rematch=rematch, actor=scene.staff_two)


def test_the_pages_show_songs_lines_and_money_and_auditors_only_read(
    scene: Scene, songs: list[ReportedRecording]
) -> None:
    staff, auditor = signed_in(scene.staff), signed_in(scene.auditor)
    page = staff.post(reverse("royalties:rematches")).headers["Location"]
    assert "The work goes on" in staff.get(page).content.decode().replace("the work", "The work")
    rematch = work_off()
    shown = staff.get(page).content.decode()
    for text in ("CN¥4.00", "CN¥2.00", "月亮", "달빛 아래", reverse("royalties:apply_rematch", args=[rematch.ref])):
        assert text in shown
    read = auditor.get(page).content.decode()
    assert "CN¥4.00" in read
    assert "/apply/" not in read
    staff.post(reverse("royalties:apply_rematch", args=[rematch.ref]))
    work_off()
    assert reverse("royalties:undo_rematch", args=[rematch.ref]) in staff.get(page).content.decode()
