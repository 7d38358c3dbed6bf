"""What songs are looked up in stays in step with the names, titles and performers it is made of."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import override

from tests.royalties.scene import Scene, add_work, make_scene
from tests.works.build import repertoires, row, send
from works.catalogue.performers import link_performers
from works.matching import SongQuery, derive
from works.matching.candidates import find_candidates
from works.matching.derive import (
    add_performed_keys,
    rebuild_keys,
    refresh_party_keys,
    refresh_repertoires,
    refresh_title_keys,
)
from works.merging import absorb_work, lock_merge, release_work
from works.models import Party, PartyKey, PerformedKey, Repertoire, Work, WorkKey, WorkPerformer
from works.naming import NewName, Speaker, add_name, withdraw_name


@pytest.fixture
def register(db: None, tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    send([
        row("river", "강물 위의 노래", performer="소라별", party="소라별"),
        row("sea", "바다로 가는 길", performer="소라별, 해온달", party="작가 2"),
    ])  # fmt: skip


@pytest.fixture
def scene(db: None) -> Any:
    with override("en"):
        yield make_scene()


def assert_in_step() -> None:
    assert repertoires() == set(PerformedKey.objects.values_list("party", "key", "work"))


def titles_by(performer: str) -> set[tuple[str, str]]:
    """Titles of the works and letters of the keys that stand in the performer's row."""
    titles = dict(Work.objects.values_list("pk", "title"))
    party = Party.objects.get(name=performer, kind=Party.Kind.PERFORMER).pk
    return {(titles[work], key[2:]) for its, key, work in repertoires() if its == party and key.startswith("k:")}


def test_a_key_says_the_kind_of_its_party(register: None) -> None:
    def wrong() -> bool:
        return PartyKey.objects.exclude(kind=F("party__kind")).exists()

    kinds = set(PartyKey.objects.filter(key="k:소라별").values_list("kind", flat=True))
    assert kinds == {Party.Kind.PERFORMER, Party.Kind.WRITER}
    assert not wrong()
    for party in Party.objects.all():
        PartyKey.objects.filter(party=party).delete()
        refresh_party_keys([party.pk])
    assert PartyKey.objects.exists()
    assert not wrong()
    PartyKey.objects.all().delete()
    rebuild_keys()
    assert not wrong()


def test_a_catalogue_fills_the_rows_of_performers(register: None) -> None:
    assert titles_by("소라별") == {("강물 위의 노래", "강물위의노래"), ("바다로 가는 길", "바다로가는길")}
    assert titles_by("해온달") == {("바다로 가는 길", "바다로가는길")}
    send([row("hill", "언덕 너머", performer="해온달", party="작가 3")])
    assert titles_by("해온달") == {("바다로 가는 길", "바다로가는길"), ("언덕 너머", "언덕너머")}
    assert_in_step()


def test_titles_that_come_and_go_come_and_go_there(scene: Scene) -> None:
    link_performers([(scene.moon.pk, "달무리"), (scene.other.pk, "달무리, 별무리")])
    refresh_title_keys([scene.moon.pk, scene.other.pk])
    before = repertoires()
    speaker = Speaker(source="publisher", user=scene.dalbit, organisation=scene.dalbit.memberships.get().organisation)
    name = add_name(named=scene.moon, name=NewName(text="Moonlit", kind="translated"), speaker=speaker)
    assert (scene.moon.title, "moonlit") in titles_by("달무리")
    assert_in_step()
    withdraw_name(name=name, reason="not so", actor=scene.dalbit)
    assert repertoires() == before
    link_performers([(scene.moon.pk, "별무리")])
    assert {title for title, _ in titles_by("별무리")} == {scene.moon.title, scene.other.title}
    assert_in_step()


def test_works_that_become_one_and_part_again_do_so_there(scene: Scene) -> None:
    link_performers([(scene.moon.pk, "달무리"), (scene.other.pk, "별무리")])
    refresh_title_keys([scene.moon.pk, scene.other.pk])
    before = repertoires()
    merge = absorb_work(survivor=scene.moon, merged=scene.other, actor=scene.staff, reason="the same")
    assert {work for _, _, work in repertoires()} == {scene.moon.pk}
    assert {title for title, _ in titles_by("별무리")} == {scene.moon.title}
    assert_in_step()
    release_work(merge=lock_merge(merge), actor=scene.staff)
    assert repertoires() == before
    assert_in_step()


def test_what_stands_there_wrongly_is_made_anew(register: None) -> None:
    before = repertoires()
    Repertoire.objects.filter(party__name="소라별").update(keys="k:nobody", works=bytes(4))
    Repertoire.objects.filter(party__name="해온달").delete()
    rebuild_keys()
    assert repertoires() == before != set()


def test_songs_of_an_artist_with_too_many_titles_are_found_by_their_keys(
    register: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    song, near = SongQuery("1", "바다로 가는 길", "소라별"), SongQuery("2", "바다로 가는 김", "소라별")
    sea = Work.objects.get(title="바다로 가는 길").pk
    assert [sea in each.hits for each in find_candidates([song, near], {})] == [True, True]
    monkeypatch.setattr(derive, "KEYS_OF_AN_ARTIST", 3)
    rebuild_keys()
    assert repertoires() == set()
    found = find_candidates([song, near], {})
    assert [list(each.hits) for each in found] == [[sea], []]
    assert found[0].hits[sea].performers == [("k:소라별", "소라별")]


def test_of_two_who_add_works_of_one_performer_at_once_neither_is_lost(fresh_database: object) -> None:
    link_performers([(add_work(title).pk, "달무리") for title in ("꽃비", "봄밤", "별밤")])
    works = list(Work.objects.order_by("pk").values_list("pk", flat=True))
    WorkKey.objects.bulk_create(WorkKey(work_id=work, key=f"k:{work}", text="x") for work in works)
    assert WorkPerformer.objects.count() == 3
    add_performed_keys(works[:1])

    def add_the_second() -> None:
        add_performed_keys(works[2:])
        connection.close()

    second = threading.Thread(target=add_the_second)
    with transaction.atomic():
        refresh_repertoires(WorkPerformer.objects.values_list("party", flat=True).distinct())
        second.start()
        _wait_until_somebody_waits()
        add_performed_keys(works[1:2])
    second.join(timeout=20)
    assert {work for _, _, work in repertoires()} == set(works)
    assert_in_step()


def _wait_until_somebody_waits() -> None:
    with connection.cursor() as cursor:
        for _ in range(20_000):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    pytest.fail("Nobody waited for the first.")
