"""Songs as services write them, against a register: accepted, to review, or nobody's."""

from __future__ import annotations

import csv
import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from portal.demo.catalogue import ipi, iswc
from tests.works.build import publisher, row, send
from works.matching import Decision, SongQuery, match
from works.matching.explain import explain
from works.models import Recording, RecordingWork, Work

GOLD = Path(os.environ.get("GARAK_SHARED", "")) / "gold"


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    with override("en"):
        yield


@pytest.fixture
def register(db: None) -> dict[str, int]:
    """A small register; work numbers by their reference in the file."""
    send([
        row("good-day", "좋은 날", title_latin="Good Day", title_zh="好日子", performer="아이유", isrc="KRA012600001", iswc=iswc(1), party="작가 1"),
        row("moon", "월영", title_hanja="月影", performer="은하역 / Galaxy Station", party="작가 2"),
        row("growl", "으르렁", title_latin="Growl", performer="EXO", party="작가 3"),
        row("growl-zh", "으르렁 (Chinese Ver.)", performer="EXO", party="작가 4"),
        row("twin-1", "안부", performer="루미엘", party="작가 5"),
        row("twin-2", "안부", performer="루미엘", party="작가 6"),
        row("nameless", "첫차", party="도해온", party_latin="Do Haeon", ipi=ipi(1)),
        row("goodbye", "Goodbye", performer="루미엘", party="류가온", ipi=ipi(2)),
    ])  # fmt: skip
    return dict(Work.objects.values_list("submitter_ref", "pk"))


def ask(title: str, artists: str = "", **more: Any) -> Decision:
    return match([SongQuery("q", title, artists, **more)], {})[0]


def works(decision: Decision) -> list[int]:
    return [work_id for work_id, _ in decision.works]


ACCEPTED = [
    ("좋은 날", "아이유", "good-day"),
    ("좋은날", "아이유", "good-day"),
    ("Good Day", "아이유", "good-day"),
    ("good day", "IU (아이유)", "good-day"),
    ("好日子", "아이유", "good-day"),
    ("좋은 날 (Live)", "아이유", "good-day"),
    ("Good Day (좋은 날)", "아이유 (IU)/Loco", "good-day"),
    ("月影", "Galaxy Station", "moon"),
    ("월영 (月影)", "은하역", "moon"),
    ("으르렁(Growl) (咆哮)", "EXO (엑소)", "growl"),
    ("으르렁 (Chinese Ver.)", "EXO", "growl-zh"),
    ("ＧＲＯＷＬ", "ＥＸＯ", "growl"),
]


@pytest.mark.parametrize(("title", "artists", "ref"), ACCEPTED)
def test_title_and_performer_together_are_enough(register: dict[str, int], title: str, artists: str, ref: str) -> None:
    decision = ask(title, artists)
    assert (decision.outcome, decision.method, works(decision)) == ("accepted", "name", [register[ref]])
    assert decision.works[0][1] == Fraction(1)
    assert decision.evidence["title"]["reported"] == title
    assert len(explain(decision.evidence)) == 2


@pytest.mark.parametrize(
    ("title", "artists"),
    [
        ("좋은 날", "다른 가수"),
        ("Goodbye", "아이유"),
        ("없는 노래", "아이유"),
        ("", "아이유"),
        ("   ", ""),
        ("날", "아이유"),
        ("Goodbye", ""),
    ],
)
def test_the_same_title_by_somebody_else_is_another_song(register: dict[str, int], title: str, artists: str) -> None:
    decision = ask(title, artists)
    assert (decision.outcome, decision.works, decision.candidates, decision.probability_permille) == ("none", (), (), 0)


def test_two_works_that_fit_alike_are_for_a_person(register: dict[str, int]) -> None:
    decision = ask("안부", "루미엘")
    assert (decision.outcome, works(decision)) == ("review", [])
    assert [candidate.work_id for candidate in decision.candidates] == [register["twin-1"], register["twin-2"]]
    assert "1 other work fits as well." in explain(decision.candidates[0].evidence)


def test_a_work_without_a_known_performer_is_for_a_person(register: dict[str, int]) -> None:
    decision = ask("첫차", "새벽전차")
    assert (decision.outcome, decision.candidates[0].work_id) == ("review", register["nameless"])
    assert "The register knows no performer of this work." in explain(decision.evidence)


def test_an_artist_called_like_the_writer_is_for_a_person(register: dict[str, int]) -> None:
    plain, named = ask("첫차", "새벽전차"), ask("첫차", "Do Haeon")
    assert named.outcome == ask("Goodbye", "류가온").outcome == "review"
    assert named.probability_permille > plain.probability_permille


def test_an_ipi_of_a_writer_is_a_second_fact(register: dict[str, int]) -> None:
    assert ask("첫차", "", ipis=(ipi(1),)).outcome == "accepted"
    assert ask("Goodbye", "아이유", ipis=(ipi(1),)).outcome == "none"
    assert ask("Goodbye", "아이유", ipis=(ipi(2),)).method == "ipi"


@pytest.mark.parametrize("title", ["좋은 날 (翻唱)", "좋은 날 (日文版)", "좋은 날 (网友改编)"])
def test_a_version_that_may_be_its_own_work_is_for_a_person(register: dict[str, int], title: str) -> None:
    decision = ask(title, "아이유")
    assert (decision.outcome, decision.candidates[0].work_id) == ("review", register["good-day"])
    assert "The report calls it a version that may be a work of its own." in explain(decision.evidence)


def test_an_isrc_decides_whatever_the_title_says(register: dict[str, int]) -> None:
    decision = ask("이름이 다른 노래", "누구", isrc="KR-A01-26-00001")
    assert (decision.outcome, decision.method, works(decision)) == ("accepted", "isrc", [register["good-day"]])
    assert explain(decision.evidence)[0] == "The ISRC KRA012600001 stands in the register."


def test_an_iswc_decides_and_one_with_a_wrong_digit_does_not(register: dict[str, int]) -> None:
    assert works(ask("이름이 다른 노래", "누구", iswc=iswc(1))) == [register["good-day"]]
    wrong = iswc(1)[:-1] + str((int(iswc(1)[-1]) + 1) % 10)
    assert ask("이름이 다른 노래", "누구", iswc=wrong).outcome == "none"


def test_a_number_against_title_and_performer_is_for_a_person(register: dict[str, int]) -> None:
    decision = ask("Goodbye", "루미엘", isrc="KRA012600001")
    assert (decision.outcome, decision.method) == ("review", "isrc")
    assert [candidate.work_id for candidate in decision.candidates] == [register["good-day"], register["goodbye"]]


def test_a_medley_is_its_works_by_their_parts(register: dict[str, int]) -> None:
    recording = Recording.objects.create(isrc="KRA012600002", title="메들리", performer="루미엘")
    RecordingWork.objects.create(recording=recording, work_id=register["growl"], numerator=1, denominator=3)
    RecordingWork.objects.create(recording=recording, work_id=register["goodbye"], numerator=2, denominator=3)
    decision = ask("메들리", "루미엘", isrc="KRA012600002")
    assert dict(decision.works) == {register["growl"]: Fraction(1, 3), register["goodbye"]: Fraction(2, 3)}


def test_a_rejected_pair_is_not_offered_again(register: dict[str, int]) -> None:
    no = {"q": frozenset({register["good-day"], register["twin-1"]})}
    queries = [
        SongQuery("q", "좋은 날", "아이유"), SongQuery("q", "x", "y", isrc="KRA012600001"), SongQuery("q", "x", "y", iswc=iswc(1)),
        SongQuery("q", "안부", "루미엘"), SongQuery("other", "좋은 날", "아이유"),
    ]  # fmt: skip
    decisions = match(queries, no)
    assert [decision.outcome for decision in decisions] == ["none", "none", "none", "accepted", "accepted"]
    assert works(decisions[3]) == [register["twin-2"]]


def test_decisions_come_in_the_order_of_the_questions_and_do_not_depend_on_it(register: dict[str, int]) -> None:
    queries = [SongQuery(str(number), title, artists) for number, (title, artists, _) in enumerate(ACCEPTED)]
    forwards, backwards = match(queries, {}), match(queries[::-1], {})
    assert [decision.key for decision in forwards] == [query.key for query in queries]
    assert forwards == backwards[::-1]
    assert match([], {}) == []


def test_the_number_of_statements_does_not_grow(register: dict[str, int]) -> None:
    numbers = []
    for times in (1, 50):
        queries = [
            SongQuery(
                f"{number}", title, artists, isrc="KRA012600001" if number % 2 else "", iswc=iswc(1), ipis=(ipi(1),)
            )
            for number in range(times)
            for title, artists, _ in ACCEPTED
        ]
        with CaptureQueriesContext(connection) as statements:
            match(queries, {})
        numbers.append(len(statements))
    assert numbers[0] <= 6
    assert numbers[1] <= 6


# ── the gold data ───────────────────────────────────────────────────────────────────────────────────────────────────────

needs_gold = pytest.mark.skipif(not (GOLD / "queries.tsv").exists(), reason="GARAK_SHARED does not name the gold data")


def gold(name: str) -> list[dict[str, str]]:
    with (GOLD / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def register_songs(songs: dict[str, tuple[str, str]]) -> dict[str, int]:
    """Works by reference, each with its title and performer only."""
    _, figures = send(
        [row(ref, title, party=f"작가 {ref}", performer=artist) for ref, (title, artist) in songs.items()]
    )
    assert figures.registered == len(songs)
    return dict(Work.objects.filter(registered_by=publisher()).values_list("submitter_ref", "pk"))


@needs_gold
def test_gold_songs_are_found_and_strangers_are_not(db: None) -> None:
    catalogue = {song["work_id"]: (song["title"], song["artist"]) for song in gold("catalogue.tsv")}
    ids = register_songs(catalogue)
    own = match([SongQuery(ref, title, artist) for ref, (title, artist) in catalogue.items()], {})
    assert all(works(decision) == [ids[decision.key]] for decision in own)

    queries = gold("queries.tsv")
    started = time.perf_counter()
    decisions = match(
        [SongQuery(str(number), query["title"], query["artist"]) for number, query in enumerate(queries)], {}
    )
    seconds = time.perf_counter() - started
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for query, decision in zip(queries, decisions, strict=True):
        right = ids.get(query["work_id"])
        seen = kinds[query["kind"] if right else "not registered"]
        seen["n"] += 1
        seen[decision.outcome] += 1
        seen["right"] += right is not None and works(decision) == [right]
    print(f"\n{len(queries) / seconds:.0f} songs a second; kind, n, accepted, right, review")
    for kind, seen in sorted(kinds.items()):
        print(f"{kind:28}{seen['n']:6}{seen['accepted']:6}{seen['right']:6}{seen['review']:6}")
    accepted, right = (sum(seen[what] for seen in kinds.values()) for what in ("accepted", "right"))
    registered = sum(seen["n"] for kind, seen in kinds.items() if kind != "not registered")
    print(f"precision {right}/{accepted}, recall {right}/{registered}")
    assert set(kinds["not registered"]) <= {"n", "none", "right"}  # neither accepted nor to review
    assert right == accepted > 300


@needs_gold
def test_gold_songs_that_only_resemble_each_other_stay_apart(db: None) -> None:
    pairs = [pair for pair in gold("hard_negatives.tsv") if pair["title_a"] and pair["title_b"]]
    refs = {
        song: f"H-{number}"
        for number, song in enumerate(dict.fromkeys((pair["title_a"], pair["artist_a"]) for pair in pairs))
    }
    ids = register_songs({ref: song for song, ref in refs.items()})
    decisions = match(
        [SongQuery(str(number), pair["title_b"], pair["artist_b"]) for number, pair in enumerate(pairs)], {}
    )
    wrong = [
        pair
        for pair, decision in zip(pairs, decisions, strict=True)
        if ids[refs[pair["title_a"], pair["artist_a"]]] in works(decision)
    ]
    print(f"\n{len(wrong)} of {len(pairs)} hard negatives accepted")
    assert len(wrong) <= len(pairs) // 200
