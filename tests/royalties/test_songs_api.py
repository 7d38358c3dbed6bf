"""Songs that wait for their owner, for programs: by money for the society, without it for the others, and two decisions."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from portal.rest.scopes import Scope
from royalties.models import DistributionRun, Earning, Match, RejectedPair, ReportedRecording
from tests.portal.api import error_of, program, rows_of
from tests.royalties.scene import (
    CANARY,
    KUGOU,
    QQ,
    YUAN,
    Scene,
    add_report,
    add_song,
    add_work,
    distribute_all,
    make_scene,
)
from works.models import Recording, Work

SONGS = "/api/v1/songs/"
KEY = {"idempotency-key": "6a4bdb0c-9d0a-4d8f-8f8e-0b6a3b7d7f01"}
HOLDERS = ["haeon", "dalbit", "finance", "copyright", "stranger"]


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


def song(scene: Scene, who: str, ref: str) -> dict[str, Any]:
    shown: dict[str, Any] = program(scene.everybody()[who]).get(f"{SONGS}{ref}/").json()
    return shown


def standing(scene: Scene) -> Match:
    return Match.objects.get(recording=scene.review, superseded_at__isnull=True)


# ── the list ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_society_sees_them_by_money(scene: Scene) -> None:
    richer = add_song("更贵的歌")
    add_report([(richer, QQ, 3, 8 * YUAN), (richer, KUGOU, 3, 1 * YUAN)])
    rows = rows_of(program(scene.auditor), f"{SONGS}?limit=1")
    assert [row["ref"] for row in rows] == [richer.ref, scene.unmatched.ref, scene.review.ref]
    assert rows[0]["reported"] == {"amount_micros": 9 * YUAN, "currency": "CNY"}
    assert (rows[0]["uses"], set(rows[0]["services"])) == (6, {"qq", "kugou"})
    assert (rows[0]["first_month"], rows[0]["last_month"]) == ("2026-09", "2026-09")
    assert [row["outcome"] for row in rows] == ["none", "none", "review"]


@pytest.mark.parametrize("who", HOLDERS)
def test_rights_holders_see_the_newest_first_and_no_money(scene: Scene, who: str) -> None:
    rows = rows_of(program(scene.everybody()[who]), SONGS)
    assert [row["ref"] for row in rows] == [scene.review.ref, scene.unmatched.ref]
    assert {(row["uses"], row["reported"]) for row in rows} == {(None, None)}
    assert rows[1]["services"] == ["qq"]


def test_a_cursor_of_the_society_is_no_key_to_its_order(scene: Scene) -> None:
    following = program(scene.staff).get(f"{SONGS}?limit=1").json()["next"]
    assert error_of(program(scene.haeon).get(following), 400)["error"] == "damaged-cursor"


def test_they_are_found_by_outcome_and_by_a_piece_of_title_or_artist(scene: Scene) -> None:
    client = program(scene.haeon)
    assert [row["ref"] for row in rows_of(client, f"{SONGS}?outcome=review")] == [scene.review.ref]
    assert [row["ref"] for row in rows_of(client, f"{SONGS}?q=无主")] == [scene.unmatched.ref]
    assert rows_of(client, f"{SONGS}?q=%25") == []
    error_of(client.get(f"{SONGS}?outcome=accepted"), 400)


def test_a_file_set_aside_does_not_bring_its_songs(scene: Scene) -> None:
    doubled = add_song("被搁置的歌")
    add_report([(doubled, QQ, 1, YUAN)], state="held", held_reason="aside")
    for who in (scene.staff, scene.haeon):
        assert doubled.ref not in {row["ref"] for row in rows_of(program(who), SONGS)}


def test_a_longer_list_asks_no_more_of_the_database(scene: Scene) -> None:
    client = program(scene.staff, Scope.ROYALTIES_READ)
    client.get(SONGS)
    with CaptureQueriesContext(connection) as few:
        client.get(SONGS)
    add_report([(add_song(f"歌 {number}"), QQ, 1, number * YUAN) for number in range(1, 20)])
    with CaptureQueriesContext(connection) as many:
        assert len(client.get(SONGS).json()["results"]) == 21
    assert len(many) == len(few)


# ── one song ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_report_says_of_the_work_and_the_recording(scene: Scene) -> None:
    said = {
        "iswc": "T0345246801",
        "writers": "도해온, 山田花",
        "ipis": "00014107338 00000000199",
        "duration_seconds": 225,
    }
    ReportedRecording.objects.filter(pk=scene.review.pk).update(**said)
    shown = song(scene, "auditor", scene.review.ref)
    assert {name: shown[name] for name in said} == {**said, "ipis": ["00014107338", "00000000199"]}


def test_the_society_sees_the_candidates_side_by_side(scene: Scene) -> None:
    Recording.objects.filter(parts__work=scene.moon).update(album="달의 노래")
    shown = song(scene, "auditor", scene.review.ref)
    assert [candidate["work"]["ref"] for candidate in shown["works"]] == [scene.moon.ref, scene.other.ref]
    first = shown["works"][0]
    assert (first["titles"], first["performers"], first["albums"]) == (["달빛 아래"], ["달무리"], ["달의 노래"])
    assert set(first["writers"]) == {"도해온", "山田花"}
    assert any("The titles are the same: “月光”" in sentence for sentence in first["evidence"])
    assert shown["usages"][0]["reported"] == {"amount_micros": 4_400_000, "currency": "CNY"}
    assert shown["usages"][0]["report"] == scene.report.ref
    assert shown["decisions"]["standing"] == standing(scene).pk
    assert [made["outcome"] for made in shown["decisions"]["history"]] == ["review"]


@pytest.mark.parametrize("who", HOLDERS)
def test_nobody_else_sees_candidates_or_money_of_a_song_without_owner(scene: Scene, who: str) -> None:
    shown = song(scene, who, scene.review.ref)
    assert (shown["works"], shown["decisions"]) == ([], None)
    (used,) = shown["usages"]
    assert used == {
        "usage_month": "2026-09",
        "service": "kugou",
        "report": None,
        "lines": None,
        "uses": None,
        "reported": None,
    }


def test_owners_see_the_money_of_a_matched_song_and_only_their_own_works(scene: Scene) -> None:
    shown = song(scene, "haeon", scene.matched.ref)
    assert sum(used["reported"]["amount_micros"] for used in shown["usages"]) == 102 * YUAN
    assert [(part["work"]["ref"], part["part"]) for part in shown["works"]] == [
        (scene.moon.ref, {"numerator": 1, "denominator": 1})
    ]
    assert shown["decisions"] is None
    error_of(program(scene.haeon).get(f"{SONGS}{scene.strange_song.ref}/"), 404)
    error_of(program(scene.haeon).get(f"{SONGS}S-NOTTHERE00/"), 404)


# ── decisions ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def decide(scene: Scene, action: str, who: str = "staff", headers: dict[str, str] | None = None, **body: Any) -> Any:
    client = program(scene.everybody()[who])
    return client.post(f"{SONGS}{scene.review.ref}/{action}/", body, "application/json", headers=headers or {})


def test_accepting_a_candidate_is_done_once(scene: Scene) -> None:
    body: dict[str, Any] = {"work": scene.moon.ref, "seen": standing(scene).pk}
    first, again = (decide(scene, "accept", headers=KEY, **body) for _time in range(2))
    assert first.status_code == 200
    assert (first.json()["outcome"], first.json()["works"][0]["work"]["ref"]) == ("accepted", scene.moon.ref)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    match = standing(scene)
    assert (match.outcome, match.decided_by, match.method) == ("accepted", scene.staff, "staff")
    assert Match.objects.filter(recording=scene.review).count() == 2
    assert scene.review.ref in {row["song"]["ref"] for row in rows_of(program(scene.haeon), "/api/v1/usage/")}


def test_rejecting_a_candidate(scene: Scene) -> None:
    shown = decide(scene, "reject", work=scene.moon.ref, reason="other words", seen=standing(scene).pk).json()
    assert [candidate["work"]["ref"] for candidate in shown["works"]] == [scene.other.ref]
    (pair,) = shown["decisions"]["rejected_works"]
    assert (pair["work"]["ref"], pair["reason"], pair["decided_by"]) == (scene.moon.ref, "other words", "staff")


@pytest.mark.parametrize(
    ("action", "body", "error"),
    [
        ("accept", {"work": "W-0000000000"}, "work-is-unknown"),
        ("accept", {}, "input-not-valid"),
        ("accept", {"work": 7}, "input-not-valid"),
        ("accept", {"work": "strange"}, "no-reason"),
        ("accept", {"work": "moon", "seen": "7"}, "input-not-valid"),
        ("reject", {"work": "moon", "reason": " "}, "no-reason"),
        ("reject", {"work": "moon"}, "input-not-valid"),
    ],
)
def test_what_is_no_decision_changes_nothing(scene: Scene, action: str, body: dict[str, Any], error: str) -> None:
    named = {"moon": scene.moon.ref, "strange": scene.strange.ref}
    body = {name: named.get(value, value) for name, value in body.items()}
    assert error_of(decide(scene, action, **body), 400)["error"] == error
    assert (standing(scene).outcome, RejectedPair.objects.count()) == ("review", 0)


def test_the_second_of_two_staff_is_told_what_changed(scene: Scene) -> None:
    seen = standing(scene).pk
    decide(scene, "accept", work=scene.moon.ref, seen=seen)
    refusal = error_of(decide(scene, "accept", who="staff_two", work=scene.other.ref, seen=seen), 409)
    assert refusal["error"] == "match-changed"
    assert "staff has decided this song in the meantime" in refusal["message"]
    assert standing(scene).works.get().work == scene.moon


def test_a_distributed_song_stays_as_it_is(scene: Scene) -> None:
    distribute_all(scene)
    assert song(scene, "staff", scene.matched.ref)["decisions"]["is_distributed"]
    body = {"work": scene.moon.ref, "reason": "x"}
    refused = program(scene.staff).post(f"{SONGS}{scene.matched.ref}/reject/", body, "application/json")
    assert error_of(refused, 409)["error"] == "already-distributed"
    assert not RejectedPair.objects.exists()


@pytest.mark.parametrize("who", ["auditor", "dalbit", "haeon", "contact"])
def test_only_staff_decide(scene: Scene, who: str) -> None:
    for action in ("accept", "reject"):
        error_of(decide(scene, action, who=who, work=scene.moon.ref, reason="x"), 404)
    assert (standing(scene).outcome, RejectedPair.objects.count()) == ("review", 0)


def test_a_strangers_words_reach_nobody_else(scene: Scene) -> None:
    add_work(f"{CANARY} 둘")
    for who in ("haeon", "dalbit", "copyright"):
        client = program(scene.everybody()[who])
        for path in (SONGS, f"{SONGS}{scene.review.ref}/", f"{SONGS}{scene.matched.ref}/"):
            assert CANARY not in client.get(path).content.decode()


def test_its_owner_reads_who_decided(scene: Scene) -> None:
    assert song(scene, "haeon", scene.matched.ref)["why_matched"]["by_person"] is False
    decide(scene, "accept", work=scene.moon.ref, reason="the same album")
    why = song(scene, "haeon", scene.review.ref)["why_matched"]
    assert (why["method"], why["by_person"], why["reason"]) == ("staff", True, "the same album")


def test_equal_songs_are_decided_at_once_and_taken_back(scene: Scene) -> None:
    twin = add_song("月光", candidates=[(scene.moon, 700), (scene.other, 600)])
    staff = program(scene.staff)
    (equal,) = rows_of(staff, f"{SONGS}{scene.review.ref}/equal/")
    assert equal["ref"] == twin.ref
    decide(scene, "accept", work=scene.moon.ref, also=[twin.ref])
    assert song(scene, "staff", twin.ref)["outcome"] == "accepted"
    (made,) = rows_of(staff, "/api/v1/decisions/")
    assert (made["action"], made["songs"], made["undone_by"]) == ("accept", 2, None)
    undone = staff.post(f"/api/v1/decisions/{made['ref']}/undo/", {}, "application/json")
    assert undone.status_code == 200
    assert song(scene, "staff", twin.ref)["outcome"] == "review"
    assert rows_of(staff, "/api/v1/decisions/")[1]["undone_by"] == undone.json()["ref"]


def test_a_song_is_the_music_of_a_work_alone(scene: Scene) -> None:
    error_of(decide(scene, "accept", work=scene.moon.ref, music_alone="yes"), 400)
    shown = decide(scene, "accept", work=scene.moon.ref, music_alone=True).json()
    assert [(each["work"]["ref"], each["music_alone"]) for each in shown["works"]] == [(scene.moon.ref, True)]
    assert song(scene, "haeon", scene.review.ref)["works"][0]["music_alone"] is True
    assert song(scene, "haeon", scene.matched.ref)["works"][0]["music_alone"] is False
    distribute_all(scene)
    run = program(scene.staff).get(f"/api/v1/runs/{DistributionRun.objects.get().ref}/").json()
    kept = Earning.objects.filter(run_share__words=True).aggregate(won=Sum("won_micros"))["won"]
    assert run["words"] == {"amount_micros": kept, "currency": "KRW"}


def test_a_song_is_left_out(scene: Scene) -> None:
    shown = decide(scene, "leave-out", reason="a Chinese song").json()
    assert (shown["outcome"], shown["decisions"]["history"][0]["method"]) == ("none", "repertoire")


def test_a_medley_is_divided_into_its_works(scene: Scene) -> None:
    def part(work: Work, numerator: int, denominator: int) -> dict[str, Any]:
        return {"work": work.ref, "part": {"numerator": numerator, "denominator": denominator}}

    wrong = decide(scene, "divide", works=[part(scene.moon, 1, 2)])
    assert error_of(wrong, 400)["error"] == "parts-are-not-the-whole"
    shown = decide(scene, "divide", works=[part(scene.moon, 1, 3), part(scene.other, 2, 3)]).json()
    assert shown["outcome"] == "accepted"
    assert [(each["work"]["ref"], each["part"]) for each in shown["works"]] == [
        (scene.other.ref, {"numerator": 2, "denominator": 3}),
        (scene.moon.ref, {"numerator": 1, "denominator": 3}),
    ]
    assert shown["unregistered"] == {"numerator": 0, "denominator": 1}
    rest = {"numerator": 1, "denominator": 2}
    shown = decide(scene, "divide", works=[part(scene.moon, 1, 2)], unregistered=rest).json()
    assert (len(shown["works"]), shown["unregistered"]) == (1, rest)
    (waiting,) = program(scene.staff).get("/api/v1/resting/").json()["reported"]
    assert (waiting["unregistered_songs"], waiting["unregistered"]["amount_micros"]) == (1, 2_200_000)
