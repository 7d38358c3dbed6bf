"""Works that may be one, for programs: found by money, compared, merged or told apart, and taken back."""

from __future__ import annotations

from fractions import Fraction

import pytest

from portal.rest.scopes import Scope
from royalties.duplicates import find
from tests.portal.api import error_of, program, rows_of
from tests.royalties.scene import Scene, add_share, add_work, make_scene
from tests.royalties.test_merging import derive
from works.models import Right, Work, WorkDifference, WorkMerge

LIST = "/api/v1/duplicates/"


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


@pytest.fixture
def twin(scene: Scene) -> Work:
    twin = add_work("달빛 아래")
    add_share(twin, scene.haeon_party, Fraction(1, 2), "CA", Right.PERFORMING)
    derive([scene.moon, twin])
    find()
    return twin


def keyed(number: int) -> dict[str, str]:
    return {"idempotency-key": f"6a4bdb0c-9d0a-4d8f-8f8e-0b6a3b7d7f{number:02}"}


def test_the_society_reads_the_pairs_and_compares_two(scene: Scene, twin: Work) -> None:
    auditor = program(scene.auditor)
    assert [(row["one"]["ref"], row["other"]["ref"], row["shared"]) for row in rows_of(auditor, LIST)] == [
        (scene.moon.ref, twin.ref, "performer")
    ]
    shown = auditor.get(f"{LIST}{scene.moon.ref}/{twin.ref}/").json()
    assert shown["one"]["money"][0]["reported"]["amount_micros"] == 102_000_000
    held = {(row["right"], row["party"]): row for row in shown["shares"]}
    assert held["performing", "도해온"]["differs"] is True
    assert held["performing", "도해온"]["one"][0]["share"] == {"numerator": 5, "denominator": 12}
    assert held["mechanical", "도해온"]["other"] == []
    for who in ("haeon", "dalbit", "contact"):
        assert program(scene.everybody()[who]).get(LIST).status_code == 404


def test_staff_merge_once_and_take_it_back(scene: Scene, twin: Work) -> None:
    staff = program(scene.staff)
    pair = f"{LIST}{scene.moon.ref}/{twin.ref}/"
    seen = staff.get(pair).json()["seen"]
    given = {"survivor": scene.moon.ref, "seen": seen}
    wrong = error_of(staff.post(f"{pair}merge/", given, "application/json", headers=keyed(1)), 409)
    assert wrong["error"] == "shares-differ"
    for bad, error, status in (
        ({"seen": "0"}, "shares-were-changed", 409),
        ({"survivor": "W-X"}, "neither-of-them", 400),
    ):
        answer = staff.post(
            f"{pair}merge/", {**given, "reason": "same", **bad}, "application/json", headers=keyed(2 + status % 7)
        )
        assert error_of(answer, status)["error"] == error
    made = [
        staff.post(f"{pair}merge/", {**given, "reason": "same"}, "application/json", headers=keyed(9)) for _ in range(2)
    ]
    assert made[0].json() == made[1].json(), "sent twice, done once"
    assert WorkMerge.objects.count() == 1
    assert program(scene.haeon).get(f"/api/v1/works/{twin.ref}/").json()["merged_into"] == scene.moon.ref
    undone = staff.post(f"/api/v1/merges/{made[0].json()['ref']}/undo/", {}, "application/json", headers=keyed(10))
    assert undone.json()["undone_by"] == "staff"
    assert rows_of(staff, "/api/v1/merges/") == [undone.json()]
    assert program(scene.haeon).get(f"/api/v1/works/{twin.ref}/").json()["merged_into"] is None


def test_staff_tell_works_apart_and_take_it_back(scene: Scene, twin: Work) -> None:
    staff = program(scene.staff)
    pair = f"{LIST}{scene.moon.ref}/{twin.ref}/"
    said = staff.post(f"{pair}different/", {"reason": "no"}, "application/json", headers=keyed(11)).json()
    assert rows_of(staff, LIST) == []
    assert rows_of(staff, "/api/v1/differences/") == [said]
    staff.post(f"/api/v1/differences/{said['ref']}/undo/", {}, "application/json", headers=keyed(12))
    assert WorkDifference.objects.get().undone_by == scene.staff
    assert len(rows_of(staff, LIST)) == 1


def test_reading_is_not_enough_to_merge(scene: Scene, twin: Work) -> None:
    reader = program(scene.staff, Scope.ROYALTIES_READ)
    pair = f"{LIST}{scene.moon.ref}/{twin.ref}/"
    answer = reader.post(f"{pair}different/", {}, "application/json", headers=keyed(13))
    assert answer.status_code == 403
    assert not WorkDifference.objects.exists()
