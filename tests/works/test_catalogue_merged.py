"""Catalogues that name a work which was merged into another one mean that other one, and go on meaning it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from tests.works.build import outcomes, publisher, row, send
from works.merging import absorb_work, lock_merge, lock_two, release_work
from works.models import RecordingWork, Share, ShareConflict, Work, WorkMerge, WorkTitle

pytestmark = pytest.mark.django_db
ISWC = "T-000.000.001-0"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def merge(survivor: Work, merged: Work) -> WorkMerge:
    with transaction.atomic():
        one, other = lock_two(survivor, merged)
        return absorb_work(survivor=one, merged=other, actor=None, reason="")


def work(ref: str, of: str = "PUB-A") -> Work:
    return Work.objects.get(registered_by__ref=of, submitter_ref=ref)


def test_the_same_file_sent_again_registers_nothing() -> None:
    rows = [row("A-1", title="봄밤"), row("A-2", title="봄밤에")]
    send(rows)
    merge(work("A-1"), work("A-2"))
    before = (Work.objects.count(), Share.objects.count(), WorkTitle.objects.count(), RecordingWork.objects.count())
    upload, figures = send(rows)
    assert (figures.registered, figures.duplicates, outcomes(upload)) == (0, 2, ["duplicate", "duplicate"])
    assert before == (
        Work.objects.count(),
        Share.objects.count(),
        WorkTitle.objects.count(),
        RecordingWork.objects.count(),
    )


def test_both_numbers_in_one_file_add_to_the_survivor_one_after_the_other() -> None:
    send([row("A-1", title="봄밤", share="1/2"), row("A-2", title="봄밤", share="1/2")])
    survivor, merged = work("A-1"), work("A-2")
    merge(survivor, merged)
    new = [
        row(ref, title="봄밤", share="1/2", title_latin="Spring Night", isrc=isrc, performer="달무리")
        for ref, isrc in (("A-2", "KRA012600001"), ("A-1", "KRA012600002"))
    ]
    _upload, figures = send(new)
    assert (figures.to_mend, figures.conflicts) == (0, 0)
    assert not RecordingWork.objects.filter(work=merged).exists()
    assert set(RecordingWork.objects.filter(work=survivor).values_list("recording__isrc", flat=True)) == {
        "KRA012600001", "KRA012600002",
    }  # fmt: skip
    assert not WorkTitle.objects.filter(work=merged, text="Spring Night").exists()


def test_a_share_that_does_not_fit_is_kept_as_a_claim_on_the_survivor() -> None:
    send([row("A-1", party="도해온")])
    send([row("B-1", party="이도윤")], publisher("PUB-B", "나람출판"))
    merge(work("A-1"), work("B-1", "PUB-B"))
    _upload, figures = send([row("B-1", party="이도윤")], publisher("PUB-B", "나람출판"))
    assert figures.conflicts == 1
    assert set(ShareConflict.objects.values_list("work__submitter_ref", "party__name")) == {("A-1", "이도윤")}
    assert list(work("A-1").shares.values_list("party__name", flat=True).distinct()) == ["도해온"]


def test_a_share_that_the_survivor_lacked_comes_to_it_when_its_publisher_sends_it_again() -> None:
    send([row("A-1", party="도해온", share="1/2")])
    second = publisher("PUB-B", "나람출판")
    send([row("B-1", party="이도윤", share="1/2")], second)
    merge(work("A-1"), work("B-1", "PUB-B"))
    _upload, figures = send([row("B-1", party="이도윤", share="1/2")], second)
    assert (figures.registered, figures.conflicts) == (1, 0)
    owners = set(work("A-1").shares.values_list("party__name", "numerator", "denominator"))
    assert owners == {("도해온", 1, 2), ("이도윤", 1, 2)}


def test_after_the_merge_is_undone_each_number_means_its_own_work_again() -> None:
    send([row("A-1", title="봄밤"), row("A-2", title="봄밤")])
    made = merge(work("A-1"), work("A-2"))
    with transaction.atomic():
        release_work(merge=lock_merge(made), actor=None)
    _upload, figures = send([row("A-2", title="봄밤", title_latin="Spring Night")])
    assert figures.registered == 1
    assert WorkTitle.objects.get(text="Spring Night").work == work("A-2")


def test_an_iswc_that_moved_still_finds_the_work(tmp_path: Path) -> None:
    send([row("A-1", title="봄밤")])
    send([row("B-1", title="봄밤", iswc=ISWC)], publisher("PUB-B", "나람출판"))
    merge(work("A-1"), work("B-1", "PUB-B"))
    upload, _figures = send([row("C-1", title="봄밤", iswc=ISWC)], publisher("PUB-C", "다람출판"))
    assert Work.objects.get(iswc="T0000000010") == work("A-1")
    assert "to_mend" not in outcomes(upload)
    assert Work.objects.count() == 2
