"""The page of what people changed: every room's record in one list, newest first, none twice and none lost."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone, translation

from claims import services as claims
from portal.accounts.models import Role, User
from portal.accounts.services import appoint_delegate, end_delegate
from portal.changes import KINDS, page_of_changes
from portal.lib.keyset import DamagedCursor
from royalties.calendars import declare_calendar
from royalties.review import reject_pairs
from royalties.services import declare_total
from tests.royalties.scene import MONTH, Scene, add_report, distribute_all, make_scene, signed_in
from works.models import ChangeLog


@pytest.fixture
def scene(db: None, tmp_path: Path, settings: Any) -> Scene:
    settings.MEDIA_ROOT = tmp_path
    made = make_scene()
    distribute_all(made)
    return made


def changes(user: User, kind: str = "") -> list[str]:
    with translation.override("en"):
        return [f"{each.who}: {each.what}" for each in page_of_changes(user, kind=kind, after="")[0]]


def test_every_kind_of_decision_stands_in_it_with_who_did_it(scene: Scene) -> None:
    claims.file_unmatched_case(
        recording=scene.unmatched,
        work=scene.moon,
        party=scene.dalbit_party,
        reason="ours",
        paper=SimpleUploadedFile("a.pdf", b"%PDF-1.7 a"),
        actor=scene.dalbit,
    )
    reject_pairs(songs=[scene.review], work=scene.other, actor=scene.staff, reason="another writer", seen={})
    person = User.objects.create_user("manager@garak.example", name="manager")
    desk = scene.haeon.memberships.get(role=Role.SONGWRITER).organisation
    made = appoint_delegate(desk=desk, email=person.email, last_date=timezone.localdate(), actor=scene.haeon)
    end_delegate(membership=made, actor=scene.staff_two)
    ChangeLog.objects.create(work=scene.moon, action="share.replaced", actor=scene.staff, reason="K-1")
    assert changes(scene.auditor)[:6] == [
        "staff: A share ended and was followed by others",
        "staff-two: A role was taken back: delegate of a songwriter",
        "haeon: A role was given: delegate of a songwriter",
        "staff: In the review: it is not this work",
        "dalbit: In a case: filed",
        "staff: Money was distributed",
    ]
    assert "staff: Money received was recorded" in changes(scene.auditor)


def test_what_is_declared_of_reports_stands_in_it(scene: Scene) -> None:
    source = scene.report.source
    declare_calendar(
        source=source, family="song", from_date=MONTH, kind="days_after", number=45, missing_after=30, note="contract 4",
        actor=scene.staff,
    )  # fmt: skip
    report = add_report([(scene.matched, "qq", 1, 1_000_000)], source="mcsc")
    declare_total(report=report, origin="mail", lines=2, micros=None, note="their mail", actor=scene.staff_two)
    assert changes(scene.auditor, "files")[:3] == [
        "staff-two: It was declared what a report should hold",
        "–: A report was brought",
        "staff: It was declared when a source’s reports are due",
    ]


def test_a_kind_shows_its_own_alone(scene: Scene) -> None:
    assert set(changes(scene.auditor, "money")) >= {
        "staff: Money was distributed",
        "staff: Money received was recorded",
    }
    assert not [line for line in changes(scene.auditor, "people") if "role" not in line]
    whole = sum(len(changes(scene.auditor, kind)) for kind in KINDS)
    assert whole == len(changes(scene.auditor))


def test_works_of_a_catalogue_stand_in_the_register_only(scene: Scene) -> None:
    ChangeLog.objects.create(work=scene.moon, action="work.registered", actor=scene.dalbit, reason="C-1")
    assert "dalbit: The work was registered" in changes(scene.auditor, "register")
    assert "dalbit: The work was registered" not in changes(scene.auditor)


def test_pages_follow_each_other_without_a_gap_or_a_double(scene: Scene) -> None:
    for number in range(7):
        ChangeLog.objects.create(work=scene.moon, action="share.replaced", actor=scene.staff, reason=f"K-{number}")
    one_page = page_of_changes(scene.auditor, kind="", after="", size=1000)
    assert one_page[1] == ""
    found, after = [], ""
    while True:
        shown, after = page_of_changes(scene.auditor, kind="", after=after, size=3)
        found += shown
        if not after:
            break
        assert len(shown) == 3
    assert found == one_page[0]
    times = [each.at for each in found]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("after", ["x", "1", "1~2~3", "9" * 30 + "~0" * 10, "~" * 10, "-1" + "~0" * 10])
def test_a_damaged_cursor_is_said_to_be_one(scene: Scene, after: str) -> None:
    with pytest.raises(DamagedCursor):
        page_of_changes(scene.auditor, kind="", after=after)
    assert signed_in(scene.auditor).get(reverse("changes"), {"after": after}).status_code == 400


def test_who_does_not_see_everything_reads_none_of_it(scene: Scene) -> None:
    for name, user in scene.everybody().items():
        shown = page_of_changes(user, kind="", after="")[0]
        assert bool(shown) == (name in {"staff", "staff_two", "auditor"}), name


def test_moments_are_read_back_from_the_cursor_to_the_microsecond(scene: Scene) -> None:
    person = User.objects.create_user("manager@garak.example", name="manager")
    desk = scene.haeon.memberships.get(role=Role.SONGWRITER).organisation
    today = timezone.localdate()
    for _again in range(3):
        made = appoint_delegate(
            desk=desk, email=person.email, last_date=today + dt.timedelta(days=1), actor=scene.haeon
        )
        end_delegate(membership=made, actor=scene.haeon)
    found, after = [], ""
    while True:
        shown, after = page_of_changes(scene.auditor, kind="people", after=after, size=1)
        found += [each for each in shown if each.what.startswith("A role was taken back")]
        if not after:
            break
    assert len(found) == 3
