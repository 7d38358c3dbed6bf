"""A confirmed line teaches title and artist as names, and taking it back takes them back, unless another line says the same."""

from __future__ import annotations

import pytest

from royalties.models import ReportedRecording, StaffDecision
from royalties.review import accept_songs, undo_decision
from tests.royalties.scene import Scene, add_song, make_scene
from works.matching import SongQuery, match
from works.memory import names_in, titles_in
from works.models import Party, PartyName, Work, WorkPerformer, WorkTitle

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(db: None) -> Scene:
    scene = make_scene()
    moon = Party.objects.create(kind=Party.Kind.PERFORMER, name="달무리")
    WorkPerformer.objects.create(work=scene.moon, party=moon)
    return scene


def accept(scene: Scene, song: ReportedRecording) -> StaffDecision:
    made = accept_songs(songs=[song], work=scene.moon, actor=scene.staff, reason="known", seen={})
    assert made is not None
    return made


def titles(work: Work) -> set[str]:
    return set(WorkTitle.objects.standing().filter(work=work).values_list("text", flat=True))


def names() -> set[str]:
    return set(PartyName.objects.standing().filter(party__name="달무리").values_list("text", flat=True))


def test_it_teaches_title_and_artist_and_another_song_is_found_by_them(scene: Scene) -> None:
    query = SongQuery(key="x", title="月亮下面", artists="月晕")
    (before,) = match([query], {})
    assert scene.moon.pk not in [candidate.work_id for candidate in before.candidates]
    accept(scene, add_song("月亮下面 (Live)"))
    assert titles(scene.moon) == {"달빛 아래", "月亮下面"}, "a remark on the version is no name"
    assert names() == {"月晕"}
    learnt = WorkTitle.objects.get(work=scene.moon, text="月亮下面")
    assert (learnt.source, learnt.kind, learnt.confirmed_by) == ("service", "SV", scene.staff)
    (after,) = match([query], {})
    assert after.candidates[0].work_id == scene.moon.pk


def test_taking_it_back_forgets_what_nobody_else_says(scene: Scene) -> None:
    one, other = (accept(scene, add_song("月亮下面")) for _time in range(2))
    undo_decision(decision=one, actor=scene.staff)
    assert "月亮下面" in titles(scene.moon), "the other line still says so"
    undo_decision(decision=other, actor=scene.staff)
    assert titles(scene.moon) == {"달빛 아래"}
    assert names() == set()
    assert not scene.moon.keys.filter(text="月亮下面").exists()


def test_what_was_registered_is_never_forgotten(scene: Scene) -> None:
    undo_decision(decision=accept(scene, add_song("달빛 아래")), actor=scene.staff)
    assert titles(scene.moon) == {"달빛 아래"}


def test_of_two_artists_or_of_a_medley_nothing_is_learnt() -> None:
    assert names_in("孝敏 (효민)/Loco (로꼬)") == ()
    assert names_in("EXO (엑소)") == ("EXO", "엑소")
    assert titles_in("서곡 + 영웅 (英雄)") == ()
    assert titles_in("으르렁(Growl) (咆哮)") == ("으르렁", "Growl", "咆哮")
