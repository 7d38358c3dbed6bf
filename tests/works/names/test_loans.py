"""English in Hangul, letters and numbers by their names: the word is told from another word that sounds somewhat like it."""

from __future__ import annotations

import csv
import math
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from hypothesis import example, given, strategies as st

from works.management.commands import learn_loans
from works.names import loan_learning, loans, spoken
from works.names.loans import loan_cost
from works.names.skeleton import skeleton


@pytest.mark.parametrize(
    ("latin", "hangul"),
    [
        ("Love", "러브"),
        ("Dance", "댄스"),
        ("Beautiful", "뷰티풀"),
        ("Dynamite", "다이너마이트"),
        ("Love Letter", "러브레터"),
        ("Something", "썸띵"),
        ("Juju", "쥬쥬"),
        ("2PM", "투피엠"),
        ("BTS", "비티에스"),
        ("NCT 127", "엔시티 127"),
        ("2NE1", "투애니원"),
        ("Color TV", "컬러 티비"),
        ("GD & TOP", "지디 앤 탑"),
        ("Triple H", "트리플 H"),
    ],
)
def test_a_word_in_hangul_costs_little(latin: str, hangul: str) -> None:
    assert loan_cost(latin, hangul) < 0.5


@pytest.mark.parametrize(
    ("latin", "hangul"),
    [
        ("Love", "러버"),
        ("Fly", "피리"),
        ("Flower", "플라이"),
        ("Dance", "러브"),
        ("Growl", "으르렁"),
        ("Lies", "거짓말"),
        ("2PM", "투에이엠"),
        ("BTS", "비티오비"),
        ("Love", ""),
        ("", "러브"),
        ("!", "러브"),
    ],
)
def test_another_word_costs_more_than_the_word_itself(latin: str, hangul: str) -> None:
    same = {"Love": "러브", "Fly": "플라이", "Flower": "플라워", "Dance": "댄스", "2PM": "투피엠", "BTS": "비티에스"}
    cost = loan_cost(latin, hangul)
    assert cost > loan_cost(latin, same[latin]) if latin in same else cost > 0.5


def test_a_letter_among_the_hangul_stands_for_itself() -> None:
    assert loan_cost("Triple H", "트리플 H") < 0.3
    assert loan_cost("Triple H", "트리플 H") < loan_cost("Triple S", "트리플 H")


@given(st.text(max_size=15), st.text(max_size=15))
def test_a_cost_lies_between_0_and_1(one: str, other: str) -> None:
    assert 0 <= loan_cost(one, other) <= 1


@pytest.mark.parametrize(
    ("latin", "hangul"),
    [
        ("Love Letter", "러브레터"),
        ("Monster", "몬스터"),
        ("Good Night", "굿나잇"),
        ("Bomb", "밤"),
        ("Sunshine", "선샤인"),
        ("Boys", "보이즈"),
    ],
)
def test_the_consonants_of_a_word_and_its_hangul_are_the_same(latin: str, hangul: str) -> None:
    assert skeleton(latin) == skeleton(hangul) != ""


@pytest.mark.parametrize(
    ("digits", "names"),
    [
        ("0", {"영", "제로", "공", "오"}),
        ("2", {"이", "투"}),
        ("15", {"십오", "피프틴"}),
        ("21", {"이십일", "트웬티원", "이일"}),
        ("127", {"백이십칠", "일이칠", "원투세븐"}),
        ("1004", {"천사", "일공공사"}),
    ],
)
def test_numbers_are_said_in_korean_and_in_english(digits: str, names: set[str]) -> None:
    assert names <= set(spoken.number_names(digits))


def test_only_capitals_and_digits_are_said_by_their_names() -> None:
    assert spoken.spelled_out("2PM") == ("투피엠", "이피엠")
    assert spoken.spelled_out("B.A.P") == ("비에이피",)
    assert spoken.spelled_out("LOVE") == spoken.spelled_out("Love") == spoken.spelled_out("127") == ()


def test_steps_are_learned_from_pairs_alone() -> None:
    """A small language: a is ㅏ, n is ㄴ, m is ㅁ; nobody says so, the pairs show it."""
    spelt = [
        ("ana", "아나"),
        ("ama", "아마"),
        ("nana", "나나"),
        ("mana", "마나"),
        ("nama", "나마"),
        ("man", "만"),
        ("nan", "난"),
    ]
    pairs = [(loans.to_letters(latin), loans.to_jamo(hangul)) for latin, hangul in spelt * 8]
    learned = loan_learning.learn(pairs)
    row = loan_learning.best_row(loans.to_letters("mama"), loans.to_jamo("마마"), loans.as_table(learned.steps))
    assert "".join(letters for letters, _ in row) == "mama"
    assert all(letters and jamo for letters, jamo in row)
    costs = learned.as_costs()
    before = loan_learning._even_costs(pairs)
    assert row_cost(pairs, learned.steps) < 0.8 * row_cost(pairs, before)
    right = loans.unlikeliness("mana", loans.to_jamo("마나"), costs)
    assert right < loans.unlikeliness("mana", loans.to_jamo("나마"), costs)
    assert right < 1


def row_cost(pairs: list[loan_learning.Pair], steps: loan_learning.Steps) -> float:
    table = loans.as_table(steps)
    return sum(steps[step] for letters, jamo in pairs for step in loan_learning.best_row(letters, jamo, table))


def test_the_committed_table_says_what_it_was_learned_from() -> None:
    head = learn_loans.TABLE.read_text(encoding="utf-8").splitlines()[:4]
    assert "learn_loans" in head[0]
    assert "wikidata_person_names.tsv" in head[1]
    assert "sha256" in head[1]
    assert "Held out" in head[2]
    assert head[3] == "kind\tletters\tjamo\tcost"


def test_the_command_checks_on_words_it_did_not_learn_and_writes_only_when_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = tmp_path / "names.tsv"
    with names.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(["latin", "hangul"])
        writer.writerows([("Ana Mona", "아나 모나"), ("Nana Marie", "나나 마리"), ("Emma Nora", "엠마 노라")] * 3)
        writer.writerows([("Lena Mara", "레나 마라"), ("Romi Lara", "로미 라라"), ("Anton Nemo", "안톤 네모")])
    table = tmp_path / "costs.tsv"
    monkeypatch.setattr(learn_loans, "TABLE", table)
    monkeypatch.setattr(learn_loans, "ENGLISH_WEIGHT", 1)
    said = StringIO()
    call_command("learn_loans", names, "--check-only", stdout=said)
    assert said.getvalue().startswith("Held out ")
    assert not table.exists()
    call_command("learn_loans", names, stdout=said)
    rows = [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines()[4:]]
    assert {row[0] for row in rows} == {"step", "letter", "jamo"}
    assert all(math.isfinite(float(row[3])) and float(row[3]) >= 0 for row in rows)


@given(
    st.text(alphabet="abdegikmnorstuz12", min_size=1, max_size=6),
    st.text(alphabet="가각나단러스이일투원티1a", min_size=1, max_size=4),
)
@example("2pm", "투피엠")
@example("love", "러브")
@example("24", "이십사")
@example("1", "1스")
@example("1", "1이")
@example("11", "가11")
def test_no_row_of_steps_is_cheaper_than_the_one_found(letters: str, hangul: str) -> None:
    """Among those that are nowhere too far behind (SLACK) when a letter is taken; 2 where there is none."""
    jamo, costs = loans.to_jamo(hangul), loans.learned()
    cheapest = cheapest_row(letters, jamo, costs) / costs.alone(letters, jamo)
    assert loans.unlikeliness(letters, jamo, costs) == pytest.approx(min(2.0, cheapest))


def cheapest_row(letters: str, jamo: str, costs: loans.Costs) -> float:
    """By trying every step from every place."""
    best = {(0, 0): 0.0}
    for i in range(len(letters) + 1):
        for j in range(len(jamo) + 1):
            so_far = best.get((i, j), math.inf)
            behind = so_far - costs.alone(letters[:i], jamo[:j]) > loans.SLACK
            for a in range(i, min(i + (0 if behind else loans.MAX_LETTERS), len(letters)) + 1):
                for b in range(j, len(jamo) + 1):
                    cost = step_cost(letters[i:a], jamo[j:b], costs)
                    best[a, b] = min(best.get((a, b), math.inf), so_far + cost)
    return best[len(letters), len(jamo)]


def step_cost(letters: str, jamo: str, costs: loans.Costs) -> float:
    options = [costs.steps.get(letters, {}).get(jamo, math.inf)]
    if (letters == "") != (jamo == "") and len(letters + jamo) == 1:
        options.append(loans.UNKNOWN)
    if len(letters) == 1 and letters == jamo:
        options.append(loans.WRITTEN)
    names = spoken.LETTERS.get(letters, ()) or spoken.number_names(letters)
    if jamo and jamo in map(loans.to_jamo, names):
        options.append(loans.NAMED)
    return min(options) if letters + jamo else 0.0
