"""Album and duration: the second fact that tells namesakes apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from tests.works.build import read, row, send
from works.durations import read_duration, write_duration
from works.matching import Decision, SongQuery, match
from works.matching.explain import explain
from works.models import CatalogueRow, ChangeLog, Recording, RecordingWork, Work

SPRING = {"performer": "루미엘", "album": "봄의 정원 (Spring Garden)", "duration": "3:45"}
WINTER = {"performer": "루미엘", "album": "겨울 바다", "duration": "4:10"}


@pytest.fixture(autouse=True)
def media(db: None, tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def twins() -> dict[str, int]:
    """Two works of one title and one performer, and a third that the register knows less of."""
    send([
        row("spring", "안부", party="작가 1", **SPRING),
        row("winter", "안부", party="작가 2", **WINTER),
        row("other", "안녕", party="작가 3", performer="루미엘"),
    ])  # fmt: skip
    return dict(Work.objects.values_list("submitter_ref", "pk"))


def ask(title: str = "안부", artists: str = "루미엘", **more: Any) -> Decision:
    return match([SongQuery("q", title, artists, **more)], {})[0]


@pytest.mark.parametrize(
    ("known", "ref"),
    [
        ({"album": "봄의 정원"}, "spring"),
        ({"album": "Spring Garden"}, "spring"),
        ({"album": "Gyeoul Bada"}, "winter"),
        ({"duration_seconds": 223}, "spring"),
        ({"duration_seconds": 250}, "winter"),
        ({"album": "겨울 바다", "duration_seconds": 250}, "winter"),
    ],
)
def test_an_album_or_a_duration_tells_namesakes_apart(twins: dict[str, int], known: dict[str, Any], ref: str) -> None:
    decision = ask(**known)
    assert (decision.outcome, [work_id for work_id, _ in decision.works]) == ("accepted", [twins[ref]])


@pytest.mark.parametrize(
    "known",
    [{}, {"album": "여름밤"}, {"duration_seconds": 300}, {"duration_seconds": 228}, {"album": "봄의 정원", "duration_seconds": 250}],
)  # fmt: skip
def test_one_that_agrees_with_neither_or_with_both_leaves_it_to_a_person(
    twins: dict[str, int], known: dict[str, Any]
) -> None:
    decision = ask(**known)
    assert decision.outcome == "review"
    assert {each.work_id for each in decision.candidates} == {twins["spring"], twins["winter"]}


def test_neither_makes_another_artist_s_or_another_title_s_song_hers(twins: dict[str, int]) -> None:
    assert ask("안부", "해온달", album="봄의 정원", duration_seconds=225).outcome != "accepted"
    assert ask("안개꽃", album="봄의 정원", duration_seconds=225).outcome != "accepted"


def test_the_evidence_says_it(twins: dict[str, int]) -> None:
    with translation.override("en"):
        said = explain(ask(album="봄의 정원", duration_seconds=224).evidence)
    assert "The album is the same: “봄의 정원” and “봄의 정원 (Spring Garden)”." in said
    assert "Both last equally long: 3:44 and 3:45." in said


def test_of_a_medley_the_album_is_nobody_s(twins: dict[str, int]) -> None:
    part = RecordingWork.objects.get(work=twins["spring"])
    RecordingWork.objects.filter(pk=part.pk).update(numerator=1, denominator=2)
    assert ask(album="봄의 정원").outcome == "review"


# ── in catalogues ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_they_belong_to_the_recording_of_their_row_or_the_one_above(tmp_path: Path) -> None:
    found = read(
        tmp_path / "catalogue.csv",
        "work_ref,title,party,role,performing_share,performer,isrc,album,duration\n"
        "A-1,봄밤,도해온,C,1/2,은하역,KRA012600001,,\n"
        "A-1,,류가온,A,1/2,,,봄의 정원,3:45\n"
        "A-1,,가람출판,E,0,루미엘,,겨울 바다,1:02:03\n",
    )
    assert [(each.isrc, each.album, each.duration_seconds) for each in found.works[0].recordings] == [
        ("KRA012600001", "봄의 정원", 225),
        ("", "겨울 바다", 3723),
    ]


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("duration", "225", "duration-malformed"),
        ("duration", "03:45:00", "duration-malformed"),  # what Excel makes of 3:45
        ("duration", "3:75", "duration-malformed"),
        ("duration", "0:00", "duration-malformed"),
        ("album", "가" * 301, "too-long"),
    ],
)
def test_a_wrong_value_is_said_and_nothing_is_registered(column: str, value: str, code: str) -> None:
    upload, _ = send([row("A-1", "봄밤", **{"performer": "루미엘", column: value})])
    [stored] = CatalogueRow.objects.filter(upload=upload)
    assert [(each["column"], each["code"]) for each in stored.problems] == [(column, code)]
    assert not Work.objects.exists()


def test_without_a_recording_they_belong_nowhere() -> None:
    upload, _ = send([row("A-1", "봄밤", album="봄의 정원")])
    [stored] = CatalogueRow.objects.filter(upload=upload)
    assert [(each["column"], each["code"]) for each in stored.problems] == [("album", "recording-missing")]


def test_a_later_file_adds_what_the_register_does_not_say_and_changes_nothing_else() -> None:
    send(
        [
            row("A-1", "봄밤", performer="루미엘"),
            row("A-2", "첫차", performer="루미엘", isrc="KRA012600002", album="봄의 정원"),
        ]
    )
    _, first = send([
        row("A-1", "봄밤", performer="루미엘", album="겨울 바다", duration="3:45"),
        row("A-2", "첫차", performer="루미엘", isrc="KRA012600002", album="여름밤", duration="4:10"),
    ])  # fmt: skip
    recordings = Recording.objects.order_by("pk")
    assert [(each.title, each.album, each.duration) for each in recordings] == [
        ("봄밤", "겨울 바다", "3:45"),
        ("첫차", "봄의 정원", "4:10"),
    ]
    assert first.registered == 2
    assert ChangeLog.objects.filter(action="work.extended").count() == 2
    _, again = send([row("A-1", "봄밤", performer="루미엘", album="여름밤", duration="5:00")], label="again.csv")
    assert again.duplicates == 1
    assert recordings[0].album == "겨울 바다"


def test_without_an_isrc_nothing_is_added_to_recordings_that_have_one() -> None:
    """A performer may have several of a work, and the file does not say which it means."""
    send([
        row("A-1", "봄밤", performer="루미엘", isrc="KRA012600001"),
        row("A-1", "봄밤", performer="루미엘", isrc="KRA012600002", party="류가온", share="0"),
    ])  # fmt: skip
    _, figures = send([row("A-1", "봄밤", performer="루미엘", album="겨울 바다", duration="3:45")])
    assert figures.duplicates == 1
    assert {(each.album, each.duration_seconds) for each in Recording.objects.all()} == {("", None)}
    send([row("A-1", "봄밤", performer="루미엘", isrc="KRA012600002", album="겨울 바다")])
    assert [each.album for each in Recording.objects.order_by("isrc")] == ["", "겨울 바다"]


@pytest.mark.parametrize("seconds", [1, 59, 60, 225, 3599, 3600, 3 * 3600 - 1])
def test_a_duration_is_read_as_it_is_written(seconds: int) -> None:
    assert read_duration(write_duration(seconds)) == seconds
