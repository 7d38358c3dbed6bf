"""Songs asked together that say for each other which work they are; always for a person to decide."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils.translation import override

from tests.works.build import row, send
from works.matching import SongQuery, match
from works.matching.compare import Agreement, compare_within
from works.matching.decide import decide
from works.matching.explain import explain
from works.matching.fitted import fitted
from works.matching.score import Scored
from works.matching.witnesses import find_witnesses, hear_witnesses
from works.models import Work

ARTIST = Agreement(1.0, "same", "도담밴드", "도담밴드", whole=True)


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    with override("en"):
        yield


@pytest.fixture
def register(db: None) -> dict[str, int]:
    send([
        row("dawn", "푸른 새벽", performer="도담밴드", party="작가 1"),
        row("wave", "은빛 물결", performer="도담밴드", party="작가 2"),
        row("garden", "달빛 정원", performer="Lán-Q", party="작가 3"),
    ])  # fmt: skip
    return dict(Work.objects.values_list("submitter_ref", "pk"))


def outcomes(*songs: tuple[str, str], excluded: dict[str, frozenset[int]] | None = None) -> list[str]:
    queries = [SongQuery(str(place), title, artists) for place, (title, artists) in enumerate(songs)]
    return [decision.outcome for decision in match(queries, excluded or {}, with_meaning=False)]


BOTH_NAMES, OTHER_NAME = ("푸른 새벽 (Blue Dawn)", "도담밴드"), ("Blue Dawn", "도담밴드")


def test_a_song_that_bears_two_names_teaches_the_second_to_those_asked_with_it(register: dict[str, int]) -> None:
    queries = [SongQuery("1", *BOTH_NAMES), SongQuery("2", "Blue Dawn (Live)", "도담밴드")]
    first, second = match(queries, {}, with_meaning=False)
    assert (first.outcome, first.works[0][0]) == ("accepted", register["dawn"])
    assert (second.outcome, second.candidates[0].work_id) == ("review", register["dawn"])
    assert "“푸른 새벽 (Blue Dawn)”, reported too, surely is this work and bears the name of this song." in explain(
        second.evidence
    )
    assert match(queries[::-1], {}, with_meaning=False) == [second, first], "the order says nothing"
    assert outcomes(("은빛 물결 (乘风破浪)", "도담밴드"), ("乘风破浪 (Live)", "도담밴드")) == ["accepted", "review"]


def test_a_name_teaches_nobody_else(register: dict[str, int]) -> None:
    assert outcomes(OTHER_NAME) == ["none"]
    assert outcomes(BOTH_NAMES, ("Blue Dawn", "나래솔")) == ["accepted", "none"], "another artist's"
    assert outcomes(BOTH_NAMES, ("Blue", "도담밴드")) == ["accepted", "none"], "another name"
    assert outcomes(("푸른 새벽 (青)", "도담밴드"), ("青", "도담밴드")) == ["accepted", "none"], "too short to tell"
    rejected = {"1": frozenset({register["dawn"]})}
    assert outcomes(BOTH_NAMES, OTHER_NAME, excluded=rejected) == ["accepted", "none"]


def test_nothing_is_told_of_a_work_that_bears_the_name_itself(db: None) -> None:
    """Else a version that is a work of its own would win over the song, whose name it has."""
    send(
        [
            row("song", "힙", performer="도담밴드", party="작가 1"),
            row("ja", "HIP (Japanese Ver.)", performer="도담밴드", party="작가 2"),
        ]
    )
    work = Work.objects.get(submitter_ref="song")
    queries = [
        SongQuery("1", "HIP (Japanese Ver.)", "도담밴드"),
        SongQuery("2", "HIP", "도담밴드"),
        SongQuery("3", "힙 (HIP)", "도담밴드"),
    ]
    decisions = match(queries, {}, with_meaning=False)
    assert decisions[1].candidates[0].work_id == work.pk
    assert "also_called" not in decisions[1].candidates[0].evidence


def candidate(work_id: int, base: float, **more: Any) -> Scored:
    title = Agreement(registered="푸른 새벽")
    scored = Scored(work_id, title, ARTIST, Agreement(), True, (), (), ("푸른 새벽",), **more)
    scored.base = base
    return scored


def heard(title: str, artists: str, *others: tuple[str, str, int, float]) -> dict[str, float]:
    """What the others (title, artists, work, log-odds) say for work 1 being this song."""
    songs = [SongQuery("", title, artists), *(SongQuery("", its, whose) for its, whose, _, _ in others)]
    scored = [[candidate(1, -2)], *([candidate(work_id, base)] for _, _, work_id, base in others)]
    return hear_witnesses(songs[0], scored[0][0], find_witnesses(songs, scored, {}))


def test_the_same_company_is_likely_named_for_the_same_song() -> None:
    both = "도담밴드 / 幾原 リラ"
    assert heard("Blue Dawn", both, ("푸른 새벽", both, 1, 6.0))["company"] == pytest.approx(0.9975, abs=1e-4)
    in_other_order = heard("Blue Dawn", both, ("푸른 새벽", "幾原リラ、도담밴드", 1, 6.0))
    assert in_other_order["company"] > 0.99
    two_works = heard("Blue Dawn", both, ("푸른 새벽", both, 1, 6.0), ("은빛 물결", both, 2, 6.0))
    assert two_works["company"] == pytest.approx(0.4988, abs=1e-4)
    names = [(f"노래 {number}", both, 2, -1.0) for number in range(5)]
    assert heard("Blue Dawn", both, ("푸른 새벽", both, 1, 6.0), *names[:4])["company"] > 0.99
    assert heard("Blue Dawn", both, ("푸른 새벽", both, 1, 6.0), *names) == {}, "seven names are more than one song"


@pytest.mark.parametrize(
    "others",
    [
        [("푸른 새벽", "도담밴드", 1, 6.0)],  # of other artists
        [("푸른 새벽", "도담밴드 / 幾原リラ", 2, 6.0)],  # another work
        [("푸른 새벽", "도담밴드 / 幾原リラ", 1, -1.0)],  # hardly that work
        [("Blue Dawn (Live)", "도담밴드 / 幾原リラ", 1, 1.0)],  # the song itself once more
    ],
)
def test_others_say_nothing_of_a_company(others: list[tuple[str, str, int, float]]) -> None:
    assert heard("Blue Dawn", "도담밴드 / 幾原リラ", *others) == {}


def test_one_artist_under_several_names_is_no_company() -> None:
    names = "YELLOW / YELLOW黄宣 / 黃宣"
    assert heard("Blue Dawn", names, ("푸른 새벽", names, 1, 6.0)) == {}


def test_a_company_alone_never_accepts() -> None:
    frozen = fitted()
    query = SongQuery("", "Blue Dawn", "도담밴드 / 幾原リラ")
    context = {"meaning_ahead": 0.3, "meaning_wanted": 0.3, "company": 1.0}
    chosen = candidate(1, -2, meaning=0.8, other_works=5, context=context)
    chosen.probability = 0.999
    assert decide(query, [chosen], frozen).outcome == "accepted"
    del context["meaning_wanted"]  # nobody else asks for the work
    assert decide(query, [chosen], frozen).outcome == "accepted"
    chosen.sung_with = "푸른 새벽"
    decision = decide(query, [chosen], frozen)
    assert decision.outcome == "review"
    assert "“푸른 새벽”, reported too by the same artists, may be this work." in explain(decision.evidence)
    chosen.also_called = "푸른 새벽 (Blue Dawn)"
    assert decide(query, [chosen], frozen).outcome == "accepted"


def test_a_title_by_an_artist_whose_name_holds_the_other_is_for_a_person(register: dict[str, int]) -> None:
    decision = match([SongQuery("", "달빛 정원", "蓝Q-STUDIO / 나래솔")], {}, with_meaning=False)[0]
    assert (decision.outcome, decision.candidates[0].work_id) == ("review", register["garden"])
    assert decision.evidence["performer"]["why"] == "contained"
    assert outcomes(("달빛 정원", "绿Q-STUDIO")) == outcomes(("Dalbit Jeongwon", "蓝Q-STUDIO")) == ["none"]
    improbable = candidate(1, -2)
    improbable.title = Agreement(1.0, "same", "달빛 정원", "달빛 정원", whole=True)
    improbable.performer = compare_within("蓝Q-STUDIO", ["Lán-Q"])
    assert decide(SongQuery("", "달빛 정원", "蓝Q-STUDIO"), [improbable], fitted()).outcome == "review"


@pytest.mark.parametrize(
    ("reported", "registered", "holds"),
    [
        ("蓝Q-STUDIO", "Lán-Q", True),
        ("도담", "도담밴드", True),
        ("Dodam Band", "Dodam", True),
        ("Dodam", "Dodam", False),  # the same; that is said elsewhere
        ("도", "도담", False),  # too short
        ("Dod", "Dodam", False),
        ("밴드도담하나", "도담", False),  # in the middle
    ],
)
def test_a_name_holds_another_at_its_beginning_or_end(reported: str, registered: str, holds: bool) -> None:
    assert (compare_within(reported, [registered]).why == "contained") is holds
    assert (compare_within(registered, [reported]).why == "contained") is holds
