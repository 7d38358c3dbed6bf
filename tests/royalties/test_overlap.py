"""Two files of one month song by song: every row of either in one of four kinds, exact, the largest difference first."""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st

from portal.lib.keyset import DamagedCursor
from royalties.models import Report, ReportedRecording
from royalties.overlap import Kind, OverlapRow, other_files, overlap_page, says_the_same, sums_of
from tests.portal.api import error_of, program, rows_of
from tests.royalties.scene import KUGOU, QQ, YUAN, Line, Scene, add_report, add_song, make_scene, signed_in

JUNE = dt.date(2026, 6, 1)


@pytest.fixture
def scene(db: None, tmp_path: Path, settings: Any) -> Scene:
    settings.MEDIA_ROOT = tmp_path
    return make_scene()


@pytest.fixture
def songs(scene: Scene) -> list[ReportedRecording]:
    return [add_song(title) for title in ("一", "=2+2", "三", "四")]


def both(songs: list[ReportedRecording]) -> tuple[Report, Report]:
    """This file and an earlier one: one song the same, one with a fen more, one only here, one only there."""
    one, two, three, four = songs
    earlier: list[Line] = [
        (one, QQ, 10, 5 * YUAN),
        (two, QQ, 10, 7 * YUAN),
        (four, QQ, 1, 3 * YUAN),
        (four, KUGOU, 1, 9),
    ]
    later: list[Line] = [(one, QQ, 10, 5 * YUAN), (two, QQ, 10, 7 * YUAN + 10_000), (three, QQ, 1, 2 * YUAN)]
    other = add_report(earlier, period=JUNE)
    return add_report(later, period=JUNE, state="held", held_reason="second_file"), other


def as_text(row: OverlapRow) -> tuple[str, str, str, int | None, int | None, int]:
    return row.title, row.service, row.kind.value, row.this_micros, row.other_micros, row.difference


def all_rows(this: Report, other: Report, *, size: int, **chosen: str) -> list[OverlapRow]:
    found: list[OverlapRow] = []
    after = ""
    while True:
        page = overlap_page(this, other, after=after, size=size, **chosen)
        found += page.rows
        after = page.more
        if not after:
            return found


def test_each_row_is_of_one_kind_and_the_largest_difference_comes_first(songs: list[ReportedRecording]) -> None:
    this, other = both(songs)
    assert [as_text(row) for row in overlap_page(this, other).rows] == [
        ("四", "qq", "only_other", None, 3 * YUAN, -3 * YUAN),
        ("三", "qq", "only_this", 2 * YUAN, None, 2 * YUAN),
        ("=2+2", "qq", "different", 7 * YUAN + 10_000, 7 * YUAN, 10_000),
        ("四", "kugou", "only_other", None, 9, -9),
        ("一", "qq", "same", 5 * YUAN, 5 * YUAN, 0),
    ]
    assert [(found.kind, found.rows, found.this_micros, found.other_micros) for found in sums_of(this, other)] == [
        (Kind.SAME, 1, 5 * YUAN, 5 * YUAN),
        (Kind.DIFFERENT, 1, 7 * YUAN + 10_000, 7 * YUAN),
        (Kind.ONLY_THIS, 1, 2 * YUAN, 0),
        (Kind.ONLY_OTHER, 2, 0, 3 * YUAN + 9),
    ]


MONEY = st.integers(-2, 2).map(lambda fen: fen * 10_000 + fen)
FILES = st.dictionaries(st.tuples(st.integers(0, 3), st.sampled_from([QQ, KUGOU])), MONEY, max_size=8)


@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mine=FILES, theirs=FILES, size=st.integers(1, 4))
def test_nothing_is_lost_or_shown_twice_however_it_is_paged(
    songs: list[ReportedRecording], mine: dict[Any, int], theirs: dict[Any, int], size: int
) -> None:
    """Beside a plain twin: a Python dictionary of each file."""
    this, other = (
        add_report([(songs[at], service, 1, micros) for (at, service), micros in said.items()], period=JUNE)
        for said in (mine, theirs)
    )
    names = {songs[at].pk: at for at in range(4)}
    found = all_rows(this, other, size=size)
    kinds = {
        key: "only_other" if key not in mine else "only_this" if key not in theirs
        else "same" if mine[key] == theirs[key] else "different"
        for key in mine.keys() | theirs.keys()
    }  # fmt: skip
    shown = {(names[row.recording_id], row.service): row for row in found}
    assert len(shown) == len(found)
    assert {key: row.kind.value for key, row in shown.items()} == kinds
    for key, row in shown.items():
        assert (row.this_micros, row.other_micros) == (mine.get(key), theirs.get(key))
        assert row.difference == mine.get(key, 0) - theirs.get(key, 0)
    distances = [row.distance for row in found]
    assert distances == sorted(distances, reverse=True)
    sums = sums_of(this, other)
    assert {found.kind.value: found.rows for found in sums if found.rows} == Counter(kinds.values())
    assert sum(found.this_micros for found in sums) == sum(mine.values())
    assert sum(found.other_micros for found in sums) == sum(theirs.values())
    assert says_the_same(this, other, sums) == (mine == theirs)


def test_filters_and_damaged_cursors(songs: list[ReportedRecording]) -> None:
    this, other = both(songs)
    assert [row.title for row in all_rows(this, other, size=1, kind="only_other")] == ["四", "四"]
    assert [row.title for row in overlap_page(this, other, service="kugou").rows] == ["四"]
    assert sum(found.rows for found in sums_of(this, other, service="kugou")) == 1
    for damaged in ("1", "1~2~qq~then", "x~2~qq~2026-06-01"):
        with pytest.raises(DamagedCursor):
            overlap_page(this, other, after=damaged)


@pytest.mark.parametrize("change", ["nothing", "amount", "uses", "lines", "rejected", "less", "more"])
def test_f23_a_file_exported_again_is_said_to_be_one(scene: Scene, songs: list[ReportedRecording], change: str) -> None:
    one, two, three, _four = songs
    lines: list[Line] = [(one, QQ, 10, 5 * YUAN), (two, QQ, 4, 7 * YUAN)]
    again: dict[str, list[Line]] = {
        "amount": [lines[0], (two, QQ, 4, 7 * YUAN + 1)],
        "uses": [lines[0], (two, QQ, 5, 7 * YUAN)],
        "lines": [lines[0], (two, QQ, 2, 3 * YUAN), (two, QQ, 2, 4 * YUAN)],
        "less": lines[:1],
        "more": [*lines, (three, QQ, 1, 1)],
    }
    refused = ("x", "amount", "", "", 1)
    other = add_report(lines, rejected=[refused], period=JUNE)
    rejected = [(*refused[:4], 2)] if change == "rejected" else [refused]
    this = add_report(again.get(change, lines), rejected=rejected, period=JUNE, state="held", held_reason="second_file")
    resend = change == "nothing"
    assert says_the_same(this, other, sums_of(this, other)) == resend
    assert [row["resend"] for row in other_files(this)] == [resend]
    sentence = f"This file says the same as {other.ref}, to the fen: it looks like a resend."
    staff = signed_in(scene.staff)
    for name, args in (("report", [this.ref]), ("overlap", [this.ref, other.ref])):
        shown = staff.get(reverse(f"royalties:{name}", args=args)).content.decode()
        assert (sentence in shown) == resend, name


# ── pages and programs ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_report_leads_to_the_page_and_the_page_to_its_songs(scene: Scene, songs: list[ReportedRecording]) -> None:
    this, other = both(songs)
    url = reverse("royalties:overlap", args=[this.ref, other.ref])
    assert url in signed_in(scene.staff).get(reverse("royalties:report", args=[this.ref])).content.decode()
    shown = signed_in(scene.auditor).get(url).content.decode()
    for words in ("CN¥0.010000", "CN¥7.010000", "-CN¥3.000000", "only in this file", 'class="picture picture-stacked"'):
        assert words in shown, words
    only = signed_in(scene.auditor).get(f"{url}?kind=only_this").content.decode()
    assert reverse("royalties:song", args=[songs[2].ref]) in only
    assert reverse("royalties:song", args=[songs[0].ref]) not in only


def test_what_cannot_be_compared_is_not_there(scene: Scene, songs: list[ReportedRecording]) -> None:
    this, other = both(songs)
    elsewhere = add_report([], source="mcsc")
    unread = add_report([], state="reading")
    for pair in ((this, this), (this, elsewhere), (this, unread), (unread, this)):
        assert (
            signed_in(scene.staff).get(reverse("royalties:overlap", args=[one.ref for one in pair])).status_code == 404
        )
    assert signed_in(scene.contact).get(reverse("royalties:overlap", args=[this.ref, other.ref])).status_code == 404


def test_the_csv_says_all_of_it_exactly_and_holds_no_formula(scene: Scene, songs: list[ReportedRecording]) -> None:
    this, other = both(songs)
    url = reverse("royalties:overlap_csv", args=[this.ref, other.ref])
    response = signed_in(scene.staff).get(url)
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.DictReader(text.splitlines()))
    assert [(row["title"], row["kind"], row["this_file"], row["other_file"], row["difference"]) for row in rows] == [
        ("四", "only_other", "", "3.000000", "-3.000000"),
        ("三", "only_this", "2.000000", "", "2.000000"),
        ("'=2+2", "different", "7.010000", "7.000000", "0.010000"),
        ("四", "only_other", "", "0.000009", "-0.000009"),
        ("一", "same", "5.000000", "5.000000", "0.000000"),
    ]
    filtered = signed_in(scene.staff).get(f"{url}?kind=same")
    assert len(b"".join(filtered.streaming_content).splitlines()) == 2  # type: ignore[attr-defined]


def test_programs_read_the_same(scene: Scene, songs: list[ReportedRecording]) -> None:
    this, other = both(songs)
    auditor = program(scene.auditor)
    url = f"/api/v1/reports/{this.ref}/overlap/{other.ref}/"
    said = auditor.get(url).json()
    assert said["looks_like_a_resend"] is False
    assert [(kind["kind"], kind["rows"], kind["difference"]["amount_micros"]) for kind in said["kinds"]] == [
        ("same", 1, 0), ("different", 1, 10_000), ("only_this", 1, 2 * YUAN), ("only_other", 2, -3 * YUAN - 9),
    ]  # fmt: skip
    rows = rows_of(auditor, f"{url}songs/?limit=2")
    assert [row["song"]["title"] for row in rows] == ["四", "三", "=2+2", "四", "一"]
    assert rows[0]["this_file"] is None
    error_of(auditor.get(f"{url}songs/?kind=other"), 400)


def test_more_songs_cost_no_more_queries(scene: Scene, songs: list[ReportedRecording]) -> None:
    this, other = both(songs)
    with CaptureQueriesContext(connection) as asked:
        overlap_page(this, other)
        sums_of(this, other)
    assert len(asked) == 2
    with CaptureQueriesContext(connection) as asked:
        other_files(this)
    assert len(asked) == 3
