"""Two people at the same two works: one of them is too late, and is told so."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from claims.models import Case
from claims.services import file_share_case
from portal.lib.errors import DomainError
from royalties import merging
from royalties.merging import WorkIsInACase, merge_works, tell_apart, undo_merge
from royalties.models import Match, StaffDecision
from tests.royalties.scene import Scene, add_share, add_song, add_work, make_scene
from works.merging import MergeIsUndone, ToldApart, WorkIsMerged, shares_differ
from works.models import Right, Work, WorkDifference, WorkMerge

pytestmark = pytest.mark.usefixtures("fresh_database")


@pytest.fixture(autouse=True)
def both_have_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has compared the shares waits for the other to do so too. The locks keep the other out: then the wait is given up.

    The lock of the payees, which all merges take first, is left away: the locks of the works must do.
    """
    both = threading.Barrier(2)
    really = shares_differ

    def compare_and_wait(one: Work, other: Work) -> bool:
        found = really(one, other)
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(timeout=0.7)
        return found

    monkeypatch.setattr(merging, "shares_differ", compare_and_wait)
    monkeypatch.setattr(merging, "lock_payees", lambda: None)


def at_once(*steps: Callable[[], Any]) -> tuple[list[Any], list[DomainError]]:
    """What those returned that were in time, and what the others were told."""
    barrier = threading.Barrier(len(steps))
    done: list[Any] = []
    refused: list[DomainError] = []
    broken: list[BaseException] = []

    def run(step: Callable[[], Any]) -> None:
        try:
            barrier.wait(timeout=20)
            done.append(step())
        except DomainError as error:
            refused.append(error)
        except Exception as error:  # noqa: BLE001 - shown by the test
            broken.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not broken, broken
    return done, refused


def two(scene: Scene) -> tuple[Work, Work]:
    works = add_work("꽃비"), add_work("꽃비")
    for work in works:
        add_share(work, scene.haeon_party, Fraction(1), "CA", Right.PERFORMING)
        add_song("花雨", matched_to=[(work, Fraction(1))])
    return works


def test_of_two_merges_either_way_round_one_holds() -> None:
    scene = make_scene()
    one, other = two(scene)
    done, refused = at_once(
        lambda: merge_works(survivor=one, merged=other, actor=scene.staff, reason=""),
        lambda: merge_works(survivor=other, merged=one, actor=scene.staff_two, reason=""),
    )
    assert [type(error) for error in refused] == [WorkIsMerged]
    assert WorkMerge.objects.get() == done[0]
    named = set(Match.objects.filter(superseded_at=None, recording__title="花雨").values_list("works__work", flat=True))
    assert named == {done[0].survivor.pk}


def test_of_two_merges_of_one_work_one_holds() -> None:
    scene = make_scene()
    one, other = two(scene)
    done, refused = at_once(
        lambda: merge_works(survivor=one, merged=other, actor=scene.staff, reason="same"),
        lambda: merge_works(survivor=scene.moon, merged=other, actor=scene.staff_two, reason="same"),
    )
    assert [type(error) for error in refused] == [WorkIsMerged]
    other.refresh_from_db()
    assert other.merged_into == done[0].survivor


def test_a_merge_is_taken_back_once() -> None:
    scene = make_scene()
    one, other = two(scene)
    made = merge_works(survivor=one, merged=other, actor=scene.staff, reason="")
    done, refused = at_once(
        lambda: undo_merge(merge=made, actor=scene.staff), lambda: undo_merge(merge=made, actor=scene.staff_two)
    )
    assert (len(done), [type(error) for error in refused]) == (1, [MergeIsUndone])
    assert StaffDecision.objects.filter(undoes__merge=made).count() == 1


def test_whoever_merges_and_whoever_says_that_they_differ_do_not_both_have_their_way() -> None:
    scene = make_scene()
    one, other = two(scene)
    _done, refused = at_once(
        lambda: merge_works(survivor=one, merged=other, actor=scene.staff, reason=""),
        lambda: tell_apart(one=one, other=other, actor=scene.staff_two, reason=""),
    )
    assert len(refused) == 1
    assert isinstance(refused[0], WorkIsMerged | ToldApart)
    assert WorkMerge.objects.count() + WorkDifference.objects.count() == 1


def test_a_case_filed_at_the_same_moment_keeps_its_work_or_comes_too_late(tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    scene = make_scene()
    one, other = two(scene)
    share = add_share(other, scene.stranger_party, Fraction(1), "E", Right.MECHANICAL)
    _done, refused = at_once(
        lambda: merge_works(survivor=one, merged=other, actor=scene.staff, reason="same"),
        lambda: file_share_case(
            share=other.shares.get(party=scene.haeon_party), party=share.party, fraction=Fraction(1, 2),
            from_date=dt.date(2026, 1, 1), reason="mine", actor=scene.stranger,
            paper=SimpleUploadedFile("a.pdf", b"%PDF-1.7 a"),
        ),
    )  # fmt: skip
    assert len(refused) == 1
    assert isinstance(refused[0], WorkIsInACase | WorkIsMerged)
    assert WorkMerge.objects.count() + Case.objects.count() == 1
