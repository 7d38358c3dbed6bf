"""Learning how letters become jamo from pairs of one name in both scripts, by expectation-maximisation.

A pair is explained as a row of steps; a step turns up to four Latin letters into up to three jamo. First the short steps
are learned (soft counts over all rows), then frequent runs of two of them become steps of their own (ight is 아이트), and
the counts of the best rows are taken. The cost of a step is minus the logarithm of how often it is taken.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from rapidfuzz.distance import Levenshtein

from works.names import clean, loans
from works.names.folded import folded
from works.names.latin import fold

Pair = tuple[str, str]  # letters of one word in lower case, its jamo
Steps = dict[Pair, float]  # letters and jamo of a step to its cost

SHORT: Final = ((1, 1), (2, 1), (1, 2), (2, 2), (1, 0), (0, 1), (3, 1))  # letters and jamo of the steps learned first
LONGEST: Final = (4, 4)
MEET_AT_LEAST: Final = 0.4  # how alike the folded keys of a pair are at least; else it is two different words
ROUNDS: Final = 6
SELDOM: Final = 3.0  # a step taken less often is forgotten
RUN_OFTEN: Final = 15  # a run of steps must have been seen this often to become a step
BREAK: Final = re.compile(r"[\s\-]+")


def word_pairs(names: Iterable[tuple[str, str]]) -> list[Pair]:
    """Words of names that say the same in both scripts, distinct, in the order of the names.

    Names of unequal numbers of words are left out, as are words that no step explains (given name and surname swapped).
    """
    found: dict[Pair, None] = {}
    for latin, hangul in names:
        here, there = BREAK.split(latin.strip()), BREAK.split(hangul.strip())
        if len(here) != len(there):
            continue
        for one, other in zip(here, there, strict=True):
            letters, jamo = loans.to_letters(fold(clean.tidy(one))), loans.to_jamo(clean.letters(clean.tidy(other)))
            if letters and jamo and Levenshtein.normalized_similarity(folded(one), folded(other)) >= MEET_AT_LEAST:
                found[letters, jamo] = None
    return list(found)


def learn_steps(pairs: Sequence[Pair]) -> Steps:
    """The steps and their costs (natural logarithms), from word pairs."""
    costs = _even_costs(pairs)
    for _ in range(ROUNDS):
        counts: dict[Pair, float] = defaultdict(float)
        for letters, jamo in pairs:
            _count_softly(letters, jamo, costs, counts)
        costs = _costs(counts)
    for _ in range(2):
        costs = _costs(_count_best(pairs, costs, join=True))
    return _costs(_count_best(pairs, costs, join=False))


def _even_costs(pairs: Sequence[Pair]) -> Steps:
    """To begin with, a step is as probable as how often its letters and jamo stand at the same place of a pair."""
    counts: dict[Pair, float] = defaultdict(float)
    for letters, jamo in pairs:
        for at in range(len(letters) + 1):
            near = at * len(jamo) / len(letters)
            for start in range(max(0, int(near) - 1), min(len(jamo), int(near) + 2) + 1):
                for wide, tall in SHORT:
                    if at + wide <= len(letters) and start + tall <= len(jamo):
                        counts[letters[at : at + wide], jamo[start : start + tall]] += 1 / (wide + tall) ** 2
    return _costs(counts)


def _count_softly(letters: str, jamo: str, costs: Steps, counts: dict[Pair, float]) -> None:
    """Add how often each step is expected in a pair, over all rows of steps (forward and backward sums)."""
    wide, tall = len(letters), len(jamo)
    before = [[0.0] * (tall + 1) for _ in range(wide + 1)]
    before[0][0] = 1.0
    taken: list[tuple[int, int, int, int, Pair, float]] = []
    for i in range(wide + 1):
        for j in range(tall + 1):
            reached = before[i][j]
            if not reached:
                continue
            for a, b in SHORT:
                if i + a <= wide and j + b <= tall:
                    step = (letters[i : i + a], jamo[j : j + b])
                    cost = costs.get(step)
                    if cost is not None:
                        probability = math.exp(-cost)
                        before[i + a][j + b] += reached * probability
                        taken.append((i, j, i + a, j + b, step, probability))
    whole = before[wide][tall]
    if not whole:
        return
    after = [[0.0] * (tall + 1) for _ in range(wide + 1)]
    after[wide][tall] = 1.0
    for i, j, k, m, _, probability in sorted(taken, key=lambda each: each[:2], reverse=True):
        after[i][j] += probability * after[k][m]
    for i, j, k, m, step, probability in taken:
        share = before[i][j] * probability * after[k][m] / whole
        if share > 1e-6:
            counts[step] += share


def _count_best(pairs: Sequence[Pair], costs: Steps, *, join: bool) -> dict[Pair, float]:
    """How often each step stands in the best rows; with join, runs of two steps that stand there often count too."""
    counts: Counter[Pair] = Counter()
    runs: Counter[tuple[Pair, Pair]] = Counter()
    table = loans.as_table(costs)
    for letters, jamo in pairs:
        row = best_row(letters, jamo, table)
        counts.update(row)
        if join:
            runs.update(pairwise(row))
    total = sum(counts.values())
    found: dict[Pair, float] = dict(counts)
    for (one, other), times in runs.items():
        joined = (one[0] + other[0], one[1] + other[1])
        by_chance = counts[one] * counts[other] / total
        if (
            times >= RUN_OFTEN
            and times > 3 * by_chance
            and len(joined[0]) <= LONGEST[0]
            and len(joined[1]) <= LONGEST[1]
        ):
            found[joined] = found.get(joined, 0.0) + times
    return found


def best_row(letters: str, jamo: str, table: loans.Table) -> list[Pair]:
    """The cheapest row of steps from letters to jamo; [] when there is none."""
    best: dict[tuple[int, int], tuple[float, tuple[int, int]]] = {(0, 0): (0.0, (0, 0))}
    for i in range(len(letters) + 1):
        for j in range(len(jamo) + 1):
            if (i, j) not in best:
                continue
            so_far = best[i, j][0]
            for a in range(min(LONGEST[0], len(letters) - i) + 1):
                spoken = table.get(letters[i : i + a])
                if spoken is None:
                    continue
                for b in range(min(LONGEST[1], len(jamo) - j) + 1):
                    cost = spoken.get(jamo[j : j + b])
                    if cost is None:
                        continue
                    there = (i + a, j + b)
                    if there not in best or so_far + cost < best[there][0]:
                        best[there] = (so_far + cost, (i, j))
    at = (len(letters), len(jamo))
    if at not in best:
        return []
    row: list[Pair] = []
    while at != (0, 0):
        start = best[at][1]
        row.append((letters[start[0] : at[0]], jamo[start[1] : at[1]]))
        at = start
    return row[::-1]


def _costs(counts: dict[Pair, float]) -> Steps:
    kept = {step: count for step, count in counts.items() if count >= SELDOM and step != ("", "")}
    total = sum(kept.values())
    return {step: math.log(total / count) for step, count in kept.items()}


class Learned(NamedTuple):
    """What was learned, in nats: a step; a letter or a jamo by itself, in a text that has nothing to do with another."""

    steps: Steps
    letters: dict[str, float]
    jamo: dict[str, float]

    def as_costs(self) -> loans.Costs:
        return loans.Costs(loans.to_judge(self.steps), self.letters, self.jamo)


def learn(pairs: Sequence[Pair]) -> Learned:
    letters = Counter(letter for word, _ in pairs for letter in word)
    jamo = Counter(each for _, word in pairs for each in word)
    return Learned(learn_steps(pairs), _alone(letters), _alone(jamo))


def _alone(counts: Counter[str]) -> dict[str, float]:
    total = counts.total()
    return {each: math.log(total / count) for each, count in sorted(counts.items())}


def write_table(learned: Learned, about: Sequence[str]) -> str:
    """The text of loan_costs.tsv: what it was learned from, then a line for each cost, cheapest steps first."""
    rows = [("step", *step, cost) for step, cost in sorted(learned.steps.items(), key=lambda each: (each[1], each[0]))]
    rows += [("letter", letter, "", cost) for letter, cost in learned.letters.items()]
    rows += [("jamo", "", jamo, cost) for jamo, cost in learned.jamo.items()]
    lines = [f"{kind}\t{letters}\t{jamo}\t{cost:.2f}" for kind, letters, jamo, cost in rows]
    return "\n".join([*(f"# {line}" for line in about), "kind\tletters\tjamo\tcost", *lines, ""])
