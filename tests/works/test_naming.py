"""Names are added, disputed, settled and withdrawn; nothing is overwritten, and songs are found by what stands."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils.translation import override

from portal.accounts.models import User
from portal.notices.models import Notice
from tests.royalties.scene import Scene, make_scene
from works.catalogue.performers import link_performers
from works.matching.derive import refresh_party_keys, refresh_title_keys
from works.models import ChangeLog, NameDispute, Party, PartyKey, PartyName, Recording, RecordingWork, Work, WorkTitle
from works.naming import (
    AnyName,
    Named,
    NameHasEnded,
    NameIsBlank,
    NameIsDisputed,
    NameIsItsOwn,
    NameIsNotDisputed,
    NameIsTooLong,
    NameStands,
    NameWasTakenAway,
    NewName,
    ReasonIsMissing,
    SettlerTookPart,
    Speaker,
    add_name,
    add_names,
    dispute_name,
    settle_dispute,
    withdraw_name,
)


@pytest.fixture
def scene(db: None) -> Any:
    with override("en"):
        scene = make_scene()
        link_performers([(scene.moon.pk, "달무리"), (scene.other.pk, "달무리")])
        refresh_title_keys([scene.moon.pk, scene.other.pk, scene.strange.pk])
        yield scene


def speaker(user: User, source: str = "publisher") -> Speaker:
    return Speaker(source=source, user=user, organisation=user.memberships.get().organisation)


def say(named: Named, text: str, user: User, source: str = "publisher", kind: str = "translated") -> AnyName:
    return add_name(named=named, name=NewName(text=text, kind=kind), speaker=speaker(user, source))


def state_of(name: AnyName) -> str:
    return str(type(name).objects.with_state().get(pk=name.pk).state)


def titles_of(work: Work) -> set[str]:
    return {text for (text,) in work.keys.values_list("text").distinct()}


def performer() -> Party:
    return Party.objects.get(name="달무리")


# ── add ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_name_says_who_said_it_when_and_how_sure(scene: Scene) -> None:
    name = say(scene.moon, "月光之下", scene.dalbit)
    assert isinstance(name, WorkTitle)
    assert (name.text, name.script, name.kind, name.source) == ("月光之下", "Hani", "TT", "publisher")
    assert (name.said_by, name.said_for) == (scene.dalbit, scene.dalbit.memberships.get().organisation)
    assert name.said_at is not None
    assert state_of(name) == "stated"
    change = ChangeLog.objects.get(work=scene.moon, action="name.added")
    assert (change.actor, change.data["titles"]) == (scene.dalbit, ["月光之下"])


def test_what_the_society_says_is_confirmed_with_that(scene: Scene) -> None:
    assert state_of(say(scene.moon, "Under the Moon", scene.staff, "staff")) == "confirmed"


def test_songs_are_found_by_a_new_name_at_once(scene: Scene) -> None:
    say(scene.moon, "月光之下", scene.dalbit)
    assert "月光之下" in titles_of(scene.moon)
    say(performer(), "月晕", scene.dalbit)
    assert PartyKey.objects.filter(party=performer(), text="月晕").exists()
    assert ChangeLog.objects.filter(party=performer(), action="name.added", data__titles=["月晕"]).exists()


def test_a_title_of_a_recording_finds_the_work_that_it_is_whole(scene: Scene) -> None:
    recording = Recording.objects.get(parts__work=scene.moon)
    say(recording, "Moon (Live)", scene.dalbit)
    assert "Moon (Live)" in titles_of(scene.moon)


def test_a_title_of_a_medley_finds_none_of_its_works(scene: Scene) -> None:
    medley = Recording.objects.create(title="메들리", performer="달무리")
    for work in (scene.moon, scene.other):
        RecordingWork.objects.create(recording=medley, work=work, numerator=1, denominator=2)
    say(medley, "组曲", scene.dalbit)
    assert "组曲" not in titles_of(scene.moon) | titles_of(scene.other)


def test_a_name_that_stands_is_not_added_again(scene: Scene) -> None:
    say(scene.moon, "月光之下", scene.dalbit)
    with pytest.raises(NameStands):
        say(scene.moon, " 月光之下 ", scene.haeon, "member")
    assert scene.moon.titles.filter(text="月光之下").count() == 1


@pytest.mark.parametrize(
    ("text", "wrong"), [("  ", NameIsBlank), ("\u200b\x00", NameIsBlank), ("가" * 301, NameIsTooLong)]
)
def test_a_name_that_is_none_is_refused(scene: Scene, text: str, wrong: type[Exception]) -> None:
    before = WorkTitle.objects.count()
    with pytest.raises(wrong):
        say(scene.moon, text, scene.dalbit)
    assert WorkTitle.objects.count() == before


def test_many_names_take_a_constant_number_of_statements(scene: Scene, django_assert_max_num_queries: Any) -> None:
    names: list[tuple[Named, NewName]] = [
        (work, NewName(text=f"Name {number}", kind="alternative"))
        for number in range(200)
        for work in (scene.moon, scene.other)
    ]
    with django_assert_max_num_queries(14):
        assert len(add_names(names=[*names, *names], speaker=speaker(scene.staff, "staff"))) == 400


# ── dispute and settle ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_disputed_name_is_matched_by_until_staff_decide(scene: Scene) -> None:
    name = say(scene.moon, "月光之下", scene.dalbit)
    dispute = dispute_name(name=name, reason="다른 곡이에요", speaker=speaker(scene.haeon, "member"))
    assert state_of(name) == "disputed"
    assert "月光之下" in titles_of(scene.moon)
    assert (dispute.opened_by, dispute.opened_for, dispute.outcome) == (
        scene.haeon, scene.haeon.memberships.get().organisation, "",
    )  # fmt: skip
    told = set(Notice.objects.values_list("user__name", flat=True))
    assert told == {"staff", "staff-two", "dalbit"}


def test_staff_keep_a_name_and_that_confirms_it(scene: Scene) -> None:
    name = say(scene.moon, "月光之下", scene.dalbit)
    dispute_name(name=name, reason="다른 곡이에요", speaker=speaker(scene.haeon, "member"))
    settle_dispute(name=name, keep=True, reason="음반에 있어요", actor=scene.staff)
    assert state_of(name) == "confirmed"
    dispute = NameDispute.objects.get()
    assert (dispute.outcome, dispute.settled_by, dispute.settle_reason) == ("kept", scene.staff, "음반에 있어요")
    assert set(Notice.objects.filter(params__reason="음반에 있어요").values_list("user__name", flat=True)) == {
        "haeon",
        "dalbit",
    }
    with pytest.raises(NameIsNotDisputed):
        settle_dispute(name=name, keep=False, reason="아니요", actor=scene.staff_two)
    assert state_of(name) == "confirmed"


def test_staff_take_a_name_away_and_no_song_is_found_by_it(scene: Scene) -> None:
    name = say(scene.moon, "月光之下", scene.dalbit)
    dispute_name(name=name, reason="다른 곡이에요", speaker=speaker(scene.haeon, "member"))
    settle_dispute(name=name, keep=False, reason="다른 곡이에요", actor=scene.staff)
    assert state_of(name) == "ended"
    assert "月光之下" not in titles_of(scene.moon)
    assert "달빛 아래" in titles_of(scene.moon)
    assert scene.moon.titles.filter(text="月光之下").exists()  # remembered


def test_what_was_taken_away_comes_back_by_the_society_alone(scene: Scene) -> None:
    name = say(scene.moon, "月光之下", scene.dalbit)
    dispute_name(name=name, reason="다른 곡이에요", speaker=speaker(scene.haeon, "member"))
    settle_dispute(name=name, keep=False, reason="다른 곡이에요", actor=scene.staff)
    with pytest.raises(NameWasTakenAway):
        say(scene.moon, "月光之下", scene.dalbit)
    assert not scene.moon.titles.standing().filter(text="月光之下").exists()
    assert say(scene.moon, "月光之下", scene.staff, "staff").number != name.number


def test_a_catalogue_does_not_bring_back_a_performers_name_that_was_taken_away(scene: Scene) -> None:
    link_performers([(scene.moon.pk, "달무리 (Moonring)")])
    name = PartyName.objects.get(text="Moonring")
    withdraw_name(name=name, reason="다른 그룹이에요", actor=scene.staff)
    link_performers([(scene.other.pk, "달무리 (Moonring)")])
    assert not PartyName.objects.standing().filter(text="Moonring").exists()
    assert not PartyKey.objects.filter(text="Moonring").exists()


def test_one_dispute_at_a_time(scene: Scene) -> None:
    name = say(scene.moon, "月光之下", scene.dalbit)
    dispute_name(name=name, reason="다른 곡이에요", speaker=speaker(scene.haeon, "member"))
    with pytest.raises(NameIsDisputed):
        dispute_name(name=name, reason="또 다른 이유", speaker=speaker(scene.staff, "staff"))
    assert NameDispute.objects.count() == 1


def test_whoever_took_part_does_not_settle(scene: Scene) -> None:
    said, disputed = say(scene.moon, "A", scene.staff, "staff"), say(scene.moon, "B", scene.dalbit)
    dispute_name(name=said, reason="아니에요", speaker=speaker(scene.dalbit))
    dispute_name(name=disputed, reason="아니에요", speaker=speaker(scene.staff, "staff"))
    for name in (said, disputed):
        with pytest.raises(SettlerTookPart):
            settle_dispute(name=name, keep=True, reason="맞아요", actor=scene.staff)
        assert state_of(name) == "disputed"
        settle_dispute(name=name, keep=True, reason="맞아요", actor=scene.staff_two)


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_reason_is_needed(scene: Scene, reason: str) -> None:
    name = say(scene.moon, "月光之下", scene.dalbit)
    with pytest.raises(ReasonIsMissing):
        dispute_name(name=name, reason=reason, speaker=speaker(scene.haeon, "member"))
    with pytest.raises(ReasonIsMissing):
        withdraw_name(name=name, reason=reason, actor=scene.dalbit)
    assert state_of(name) == "stated"


# ── withdraw ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_withdrawn_name_ends_with_its_dispute_and_may_be_said_again(scene: Scene) -> None:
    name = say(scene.moon, "月光之下", scene.dalbit)
    dispute_name(name=name, reason="다른 곡이에요", speaker=speaker(scene.haeon, "member"))
    withdraw_name(name=name, reason="잘못 적었어요", actor=scene.dalbit)
    assert state_of(name) == "ended"
    assert NameDispute.objects.get().outcome == "withdrawn"
    with pytest.raises(NameHasEnded):
        withdraw_name(name=name, reason="다시", actor=scene.dalbit)
    assert state_of(say(scene.moon, "月光之下", scene.dalbit)) == "stated"


def test_keys_that_another_name_gives_too_stay(scene: Scene) -> None:
    say(scene.moon, "Moonlight", scene.dalbit)
    other = say(scene.moon, "MOONLIGHT", scene.dalbit)
    withdraw_name(name=other, reason="같은 이름이에요", actor=scene.dalbit)
    assert "Moonlight" in titles_of(scene.moon)


@pytest.mark.parametrize("of", ["work", "party"])
def test_the_name_it_goes_by_stays(scene: Scene, of: str) -> None:
    name: AnyName = scene.moon.titles.get() if of == "work" else PartyName.objects.get(text="달무리")
    with pytest.raises(NameIsItsOwn):
        withdraw_name(name=name, reason="싫어요", actor=scene.staff)
    assert state_of(name) == "stated"


def test_keys_made_anew_are_those_that_stood(scene: Scene) -> None:
    """The keys that follow each change are those that a rebuild makes."""
    kept, gone = say(scene.moon, "月光之下", scene.dalbit), say(performer(), "月晕", scene.dalbit)
    withdraw_name(name=gone, reason="아니에요", actor=scene.dalbit)
    before = set(scene.moon.keys.values_list("key")) | set(performer().keys.values_list("key"))
    refresh_title_keys([scene.moon.pk])
    refresh_party_keys([performer().pk])
    assert set(scene.moon.keys.values_list("key")) | set(performer().keys.values_list("key")) == before
    assert kept.text in titles_of(scene.moon)


# ── whoever writes ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE works_worktitle SET text = 'x'",
        "UPDATE works_worktitle SET said_for_id = NULL, ended_at = now()",
        "DELETE FROM works_worktitle",
        "UPDATE works_partyname SET party_id = party_id + 1",
        "DELETE FROM works_namedispute",
    ],
)
def test_the_database_refuses_to_overwrite_a_name(scene: Scene, statement: str) -> None:
    name = say(scene.moon, "月光之下", scene.dalbit)
    dispute_name(name=name, reason="다른 곡이에요", speaker=speaker(scene.haeon, "member"))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert state_of(name) == "disputed"
