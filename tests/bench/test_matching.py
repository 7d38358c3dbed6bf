"""What the measurement of matching is made of: the invented songs are written as they claim, and figures are counted right."""

# ruff: noqa: S311 - nothing here is secret
from __future__ import annotations

import json
import random
import subprocess
import venv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.bench import names
from tests.bench.asking import OF_ARTISTS, WAYS, Registered, _as_reported
from tests.bench.matching import Answer, Matched, _count, _count_candidates
from tests.bench.register import performers
from tests.bench.splink_beside import OURS, SPLINK, Compared, Result, Splink
from works.names import clean
from works.names.script import detect_script

SONGS = 4000


def invented(seed: str) -> list[Registered]:
    rnd = random.Random(seed)
    return [Registered(number, names.draw_title(rnd), names.draw_performer(rnd).text) for number in range(1, SONGS + 1)]


def test_songs_are_written_in_the_ways_and_shares_that_the_table_says() -> None:
    works = {work.work_id: work for work in invented("works")}
    asked = list(_as_reported(random.Random(1), list(works.values())))
    ways = Counter(song.way for song in asked)
    assert len(asked) == SONGS
    for way, share in WAYS.items():
        assert ways[way] / SONGS == pytest.approx(share, abs=0.02)
    for song in asked:
        work = works[song.work_id]
        if song.way == "as registered":
            assert (song.title, song.artists) == (work.title, work.artists)
        elif song.way in OF_ARTISTS:
            assert song.title == work.title
            assert song.artists != work.artists
        else:
            assert song.title != work.title
        if song.way in {"a second script in brackets", "a remark on the version"}:
            assert work.title in song.title
        if song.way == "Traditional for Simplified":
            assert names.other_chinese(song.title) == work.title or len(song.title) == len(work.title)


def test_the_same_seed_invents_the_same_and_another_one_other_titles() -> None:
    assert invented("works") == invented("works")
    one, other = ({work.title for work in invented(seed)} for seed in ("a", "b"))
    assert len(one & other) < len(one) / 2


def test_titles_are_of_all_scripts_and_few_of_them_are_frequent() -> None:
    rnd = random.Random(2)
    titles = [names.draw_title(rnd) for _title in range(20_000)]
    scripts = Counter(detect_script(title) for title in titles)
    assert scripts["Hang"] > scripts["Latn"] > 2000
    assert scripts["Hani"] + scripts["Hans"] + scripts["Hant"] > 1000
    shared = Counter(titles).most_common()
    assert shared[0][1] > 5
    assert sum(1 for _, count in shared if count == 1) > len(shared) * 0.8


def test_every_performer_is_one_and_few_have_many_works() -> None:
    known = performers(17_000)
    assert len({each.name.casefold() for each in known}) == len(known) == 1000
    weights = names.popularity(1000)
    sizes = sorted(after - before for before, after in zip([0.0, *weights], weights, strict=False))
    assert sizes[-1] > 10 * sizes[500]


@pytest.mark.parametrize("title", ["좋은 날", "Velora Night", "晴空长江"])
def test_one_letter_is_wrong_and_no_more(title: str) -> None:
    for seed in range(50):
        wrong = names.misspell(random.Random(seed), title)
        differing = [pair for pair in zip(title, wrong, strict=False) if pair[0] != pair[1]]
        assert abs(len(wrong) - len(title)) <= 1
        assert clean.letters(wrong)
        assert len(wrong) != len(title) or len(differing) <= 1


def test_right_works_are_counted_by_way_and_outcome() -> None:
    rnd = random.Random(3)
    asked = list(_as_reported(rnd, invented("x")[:3]))
    found = Matched(works=10, songs=3)
    _count(
        found.ways,
        asked,
        [Answer(asked[0].work_id, "accepted"), Answer(asked[1].work_id, "none"), Answer(99, "review")],
    )
    _count_candidates(found.ways, asked, [(4, True), (2, True), (0, False)])
    its = list(found.ways.values())
    assert [
        sum(each) for each in zip(*((way.shown, way.shown_right, way.accepted_right) for way in its), strict=True)
    ] == [2, 1, 1]
    assert found.completeness == pytest.approx(2 / 3)
    assert sorted(found.candidates) == [0, 2, 4]
    found.seconds = [0.0001, 0.0002, 0.0004]
    assert [met for _, _, met in found.goals()] == [True, False]


def said(**answer: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess([], 0, stdout=f"a warning\n{json.dumps(answer)}\n", stderr="")


def test_splink_is_taken_at_its_best_threshold_and_without_the_seconds_of_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Splink, "_install", lambda *_: None)
    best = [("0", "7", 9.0), ("1", "8", 5.0), ("2", "1", 4.0), ("3", "9", -3.0)]
    answer = said(register=4.0, songs=0.5, trained=30.0, predicted=1.5, best=best)
    monkeypatch.setattr(subprocess, "run", lambda *_args, **_options: answer)
    rows = [(number, "a title", "an artist") for number in range(4)]
    result, once = Splink(tmp_path).link(rows, rows, right=[7, 8, 0, 0])
    assert result == Result(precision=1.0, recall=1.0, seconds=2.0)  # above 4.0 both are right, below it two are wrong
    assert once == 34.0
    compared = Compared("invented songs", works=4, songs=4, results={OURS: Result(0.9, 0.9, 1.0), SPLINK: result})
    assert [met for _, _, met in compared.goals()] == [False, True]


def test_without_splink_the_table_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess([], 1, stdout="", stderr="…\nno network")
    monkeypatch.setattr(venv, "create", lambda *_args, **_options: None)
    monkeypatch.setattr(subprocess, "run", lambda *_args, **_options: failed)
    assert Splink(tmp_path).why_not == "it could not be installed: ['no network']"
    assert not (tmp_path / "installed").exists()
