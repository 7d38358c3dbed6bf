"""How well songs are matched: on a small made-up set always, on the gold data where GARAK_SHARED names them."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from portal.lib.scratch import create_database
from tests.conftest import Database, _name
from works.matching import evaluation
from works.matching.evaluation import Song, f1, measure, register, summary, wilson
from works.matching.fitted import fitted
from works.models import Work

GOLD = Path(os.environ.get("GARAK_SHARED", "")) / "gold"
needs_gold = pytest.mark.skipif(not (GOLD / "queries.tsv").exists(), reason="GARAK_SHARED does not name the gold data")

REGISTERED = [
    Song("푸른 새벽", "도담밴드", "1"),
    Song("은빛 물결", "도담밴드", "2"),
    Song("스타라이트", "나래솔", "3"),
    Song("달맞이꽃", "나래솔", "4"),
]
ASKED = [
    Song("푸른 새벽 (Live)", "도담밴드", "1", "version-suffix"),
    Song("Eunbit Mulgyeol", "도담밴드", "2", "hangul-latin"),
    Song("Starlight", "나래솔", "3", "english-in-hangul"),
    Song("Evening Primrose", "Nobody", "4", "english-translation"),
    Song("푸른 새벽", "Somebody Else"),
]


def test_songs_are_counted_by_outcome_and_kind(db: None) -> None:
    numbers = register(REGISTERED)
    found = measure(ASKED, numbers, with_meaning=False)
    answer = summary(found)
    assert (answer["queries"], answer["registered"]) == (5, 4)
    assert (found.accepted.answered, found.accepted.right) == (3, 3)
    assert (answer["precision"], answer["recall"]) == (1.0, 0.75)
    assert {kind: its["recall"] for kind, its in answer["kinds"].items()} == {
        "english-in-hangul": 1.0, "english-translation": 0.0, "hangul-latin": 1.0, "version-suffix": 1.0,
    }  # fmt: skip
    assert (found.first.n, found.first.right) == (3, 3), "of the song by Nobody the artist is not known"


def test_intervals_and_means() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = wilson(9, 10)
    assert (round(low, 3), round(high, 3)) == (0.596, 0.982)  # Wilson 1927, as published tables have it
    assert f1(0.0, 0.0) == 0.0
    assert f1(0.5, 1.0) == pytest.approx(2 / 3)


def test_what_is_frozen_says_what_it_was_fitted_on() -> None:
    frozen = fitted()
    assert 0 < frozen.review <= frozen.accept < 1
    assert frozen.accept >= 0.5
    assert set(frozen.about["data_sha256"]) == {
        "catalogue.tsv", "queries.tsv", "artist_aliases.tsv", "hard_negatives.tsv"
    }  # fmt: skip
    assert frozen.about["cross_validated"]["auto_precision"] >= 0.99
    in_small_reports = frozen.about["cross_validated_in_reports"]
    assert {name: its["auto_precision"] >= 0.99 for name, its in in_small_reports.items()} == {"4": True, "50": True}


def write(path: Path, heading: Sequence[str], rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t", lineterminator="\n").writerows([heading, *rows])
    return path


def run(*args: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("evaluate_matching", *args, "--json", stdout=out)
    print(out.getvalue())
    answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return answer


@pytest.fixture
def migrated_once(fresh_database: Database, template_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Registers are copies of the database of the tests, in which the same migrations have run: they take seconds each time."""

    def make_copy(server: str, name: str) -> None:
        create_database(template_database.owner_url, name, template=_name(template_database))

    monkeypatch.setattr(evaluation, "make_migrated", make_copy)


def test_the_command_makes_registers_of_its_own(fresh_database: Database, tmp_path: Path) -> None:
    catalogue = write(tmp_path / "c.tsv", ["work_id", "title", "artist"], [["1", "푸른 새벽", "도담밴드"]])
    queries = write(
        tmp_path / "q.tsv", ["title", "artist", "work_id", "kind"], [["푸른 새벽", "도담밴드", "1", "same"]]
    )
    assert run("--catalogue", str(catalogue), "--queries", str(queries))["recall"] == 1.0
    assert not Work.objects.exists()  # of the society's own


@pytest.mark.usefixtures("migrated_once")
def test_the_command_measures_given_files(tmp_path: Path) -> None:
    catalogue = write(
        tmp_path / "c.tsv",
        ["work_id", "title", "artist"],
        [[song.work_id, song.title, song.artist] for song in REGISTERED],
    )
    queries = write(
        tmp_path / "q.tsv",
        ["title", "artist", "work_id", "kind"],
        [[song.title, song.artist, song.work_id, song.kind] for song in ASKED],
    )
    aliases = write(tmp_path / "a.tsv", ["artist_id", "name"], [["A1", "나래솔"], ["A1", "Nobody"]])
    hard = write(
        tmp_path / "h.tsv",
        ["title_a", "artist_a", "title_b", "artist_b", "kind"],
        [["푸른 새벽", "도담밴드", "푸른 새벽", "Zephyr Quartet", "same-title-different-artist"]],
    )
    files = ["--catalogue", str(catalogue), "--queries", str(queries)]
    plain = run(*files)
    assert (plain["recall"], plain["with_aliases"]) == (0.75, False)
    names = write(tmp_path / "n.tsv", ["name_a", "name_b", "kind"], [["이지은", "Lee Ji-eun", "hangul-latin"]])
    known = run(*files, "--aliases", str(aliases), "--hard-negatives", str(hard), "--names", str(names))
    assert plain["names"] == {}
    assert (known["names"]["hangul-latin"]["n"], known["names"]["hangul-latin"]["recall"]) == (1, 1.0)
    assert (known["recall"], known["precision"], known["auto_precision"]) == (1.0, 1.0, 1.0)
    assert known["hard_negatives"] == {"n": 1, "accepted": 0, "rate": 0.0, "shown_for_review": 0}
    assert known["queries_per_second"] > 0
    with pytest.raises(CommandError, match="Name both"):
        run("--catalogue", str(catalogue))
    with pytest.raises(CommandError, match="cannot be opened"):
        run("--catalogue", str(catalogue), "--queries", str(tmp_path / "none.tsv"))


@needs_gold
@pytest.mark.slow
@pytest.mark.usefixtures("migrated_once")
def test_gold_songs_are_found_as_often_as_promised() -> None:
    answer = run()
    assert answer["f1"] >= 0.80
    assert answer["auto_precision"] >= 0.99
    assert answer["auto_recall"] >= 0.55
    assert answer["top5"] >= 0.93
    assert answer["hard_negatives"]["rate"] <= 0.003
    recall = {kind: its["recall"] for kind, its in answer["kinds"].items()}
    assert recall["hangul-latin"] >= 0.97
    assert recall["mixed-string"] >= 0.95
    assert recall["hangul-latin-loose"] >= 0.85
    assert recall["english-in-hangul"] >= 0.85
    assert recall["version-suffix"] >= 0.97
    assert recall["trad-simp"] >= 0.98
    assert answer["names"]["hangul-han"]["recall"] >= 0.99
    assert answer["names"]["hangul-latin"]["recall"] >= 0.96


@needs_gold
@pytest.mark.slow
@pytest.mark.usefixtures("migrated_once")
def test_gold_songs_are_found_without_the_names_of_their_artists() -> None:
    assert run("--without-aliases")["f1"] >= 0.60


@needs_gold
@pytest.mark.slow
@pytest.mark.usefixtures("migrated_once")
def test_gold_songs_are_accepted_as_precisely_where_few_are_asked_together() -> None:
    answer = run("--reports", "50")
    assert answer["auto_precision"] >= 0.99
    assert answer["auto_recall"] >= 0.50
    assert answer["f1"] >= 0.80
