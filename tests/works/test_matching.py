"""Songs as services write them, against a register: accepted, to review, or nobody's."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from portal.demo.catalogue import ipi, iswc
from tests.works.build import row, send
from works.catalogue.performers import add_performer_names
from works.matching import Decision, SongQuery, match
from works.matching.derive import rebuild_keys, refresh_title_keys
from works.matching.explain import explain
from works.models import Party, PartyKey, Recording, RecordingWork, Work, WorkKey, WorkTitle


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
        ("Goodbye", "다른 가수"),
        ("없는 노래", "아이유"),
        ("", "아이유"),
        ("   ", ""),
        ("날", "다른 가수"),
        ("Goodbye", ""),
    ],
)
def test_the_same_title_by_somebody_else_is_another_song(register: dict[str, int], title: str, artists: str) -> None:
    decision = ask(title, artists)
    assert (decision.outcome, decision.works, decision.probability_permille) == ("none", (), 0)


def test_two_works_that_fit_alike_are_for_a_person(register: dict[str, int]) -> None:
    decision = ask("안부", "루미엘")
    assert (decision.outcome, works(decision)) == ("review", [])
    assert [candidate.work_id for candidate in decision.candidates[:2]] == [register["twin-1"], register["twin-2"]]
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
    assert ask("Goodbye", "다른 가수", ipis=(ipi(1),)).outcome == "none"
    assert ask("Goodbye", "아이유", ipis=(ipi(2),)).method == "ipi"


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("좋은 날 (翻唱)", "The report calls it a version that may be a work of its own."),
        ("좋은 날 (日文版)", "One of the two is a version in another language, so its words may be another work."),
        ("좋은 날 (网友改编)", "One of the two is an adaptation or has new words, so it may be another work."),
        ("좋은 날 (Medley)", "One of the two is a medley of several works."),
    ],
)
def test_a_version_that_may_be_its_own_work_is_for_a_person(register: dict[str, int], title: str, said: str) -> None:
    decision = ask(title, "아이유")
    assert (decision.outcome, decision.candidates[0].work_id) == ("review", register["good-day"])
    assert said in explain(decision.evidence)


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
    for times in (1, 2, 50):
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
    assert numbers[1] == numbers[2] <= 14


@pytest.mark.parametrize(
    ("title", "artists", "ref"),
    [
        ("날", "아이유", "good-day"),  # contained
        ("좋은 나", "아이유", "good-day"),  # a letter less
        ("Die Sonne", "아이유", "good-day"),  # nothing but the artist
    ],
)
def test_nothing_but_a_whole_title_by_its_artist_is_accepted(
    register: dict[str, int], title: str, artists: str, ref: str
) -> None:
    decision = ask(title, artists)
    assert decision.outcome != "accepted"
    assert decision.candidates[0].work_id == register[ref]


@pytest.mark.parametrize(
    ("title", "artists", "ref"),
    [("Joheun Nal", "아이유", "good-day"), ("Eureureong", "EXO", "growl"), ("그로울", "EXO", "growl")],
)
def test_letters_of_another_script_are_one_title(register: dict[str, int], title: str, artists: str, ref: str) -> None:
    decision = ask(title, artists)
    assert (decision.outcome, works(decision)) == ("accepted", [register[ref]])
    assert len(explain(decision.evidence)) >= 2


def test_a_name_of_an_artist_reaches_all_her_works(register: dict[str, int]) -> None:
    assert ask("Goodbye", "鹿美尔").outcome == "none"
    party = Party.objects.get(name="루미엘", kind="performer")
    add_performer_names([(party.pk, "鹿美尔")])
    assert works(ask("Goodbye", "鹿美尔")) == [register["goodbye"]]
    assert {candidate.work_id for candidate in ask("안부", "鹿美尔").candidates} >= {
        register["twin-1"],
        register["twin-2"],
    }


def test_a_title_of_one_syllable_is_for_a_person(db: None) -> None:
    send(
        [row("some", "썸", performer="루미엘", party="작가 1"), row("two", "봄비", performer="루미엘", party="작가 2")]
    )
    assert ask("썸", "루미엘").outcome == "review"
    assert ask("봄비", "루미엘").outcome == "accepted"


def test_an_alias_never_lowers_the_rank_of_its_own_work(register: dict[str, int]) -> None:
    def rank() -> int:
        shown = [candidate.work_id for candidate in ask("Hello and Good Bye", "루미엘").candidates]
        return shown.index(register["goodbye"])

    before = rank()
    WorkTitle.objects.create(work_id=register["goodbye"], text="Hello & Goodbye", script="Latn", kind="AT")
    refresh_title_keys([register["goodbye"]])
    assert rank() <= before


def test_songs_of_one_artist_are_matched_one_to_one(db: None) -> None:
    """The second song is like both works, but the first one is surely the first."""
    send(
        [
            row("a", "Love Rain", performer="루미엘", party="작가 1"),
            row("b", "Love Train", performer="루미엘", party="작가 2"),
        ]
    )
    ids = dict(Work.objects.values_list("submitter_ref", "pk"))
    queries = [SongQuery("1", "Love Rain", "루미엘"), SongQuery("2", "Love Traim", "루미엘")]
    first, second = match(queries, {})
    assert (first.outcome, works(first)) == ("accepted", [ids["a"]])
    assert (second.outcome, second.candidates[0].work_id) == ("review", ids["b"])


def test_without_the_encoder_letters_decide(register: dict[str, int]) -> None:
    queries = [SongQuery("1", "좋은 날", "아이유"), SongQuery("2", "Die Sonne", "아이유")]
    decisions = match(queries, {}, with_meaning=False)
    assert [decision.outcome for decision in decisions] == ["accepted", "none"]
    assert not any("meaning_percent" in each.evidence for each in decisions[1].candidates)


def test_derived_keys_can_be_rebuilt(register: dict[str, int]) -> None:
    kept = [
        set(PartyKey.objects.values_list("party", "key", "text")),
        set(WorkKey.objects.values_list("work", "key", "text")),
    ]
    PartyKey.objects.filter(key__startswith="k:").delete()
    WorkKey.objects.all().delete()
    PartyKey.objects.create(party=Party.objects.all()[0], key="k:nobody", text="nobody")
    rebuild_keys()
    assert kept == [
        set(PartyKey.objects.values_list("party", "key", "text")), set(WorkKey.objects.values_list("work", "key", "text"))
    ]  # fmt: skip
