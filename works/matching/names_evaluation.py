"""How well two names of one person or group are told to be one, measured on pairs whose truth is known.

Two figures for each kind of pair: recall, and how often the names of two different people of that kind pass as one; half
of those strangers share the beginning of their name, which in Korea is the surname.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from works.names.alike import alike
from works.names.performers import parse_performers

TAKEN_FOR_ONE: Final = 0.7  # the score of works.names.alike from which two names are one
STRANGERS: Final = 5  # pairs of different people for each true pair, and as many with the same surname

Pair = tuple[str, str]


@dataclass(frozen=True)
class NamesOfAKind:
    """recall: share of the true pairs found. wrong, wrong_same_surname: shares of strangers taken for one."""

    n: int
    recall: float
    strangers: int
    wrong: float
    wrong_same_surname: float

    def as_json(self) -> dict[str, Any]:
        return {name: round(value, 5) for name, value in vars(self).items()}


def evaluate_names(path: Path) -> dict[str, NamesOfAKind]:
    """The figures by kind of a TSV file with name_a, name_b and kind; the same strangers are drawn each time."""
    pairs: dict[str, list[Pair]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            pairs[row["kind"]].append((row["name_a"], row["name_b"]))
    return {kind: _figures(its) for kind, its in sorted(pairs.items())}


def names_agree(one: str, other: str) -> bool:
    """Whether any name of the one is a name of the other; brackets and joined artists are taken apart."""
    return any(alike(here, there).score >= TAKEN_FOR_ONE for here in _names(one) for there in _names(other))


def print_names(figures: dict[str, NamesOfAKind]) -> list[str]:
    """The lines of a table."""
    lines = [f"{'names':<22}{'pairs':>7}{'recall':>9}{'strangers':>11}{'wrong':>9}{'same surname':>14}"]
    lines += [
        f"{kind:<22}{its.n:>7}{its.recall:>9.1%}{its.strangers:>11}{its.wrong:>9.2%}{its.wrong_same_surname:>14.2%}"
        for kind, its in figures.items()
    ]
    return lines


def _figures(pairs: list[Pair]) -> NamesOfAKind:
    strangers, namesakes = _strangers(pairs)
    return NamesOfAKind(
        len(pairs), _share(pairs), len(strangers) + len(namesakes), _share(strangers), _share(namesakes)
    )


def _share(pairs: list[Pair]) -> float:
    return sum(names_agree(*pair) for pair in pairs) / len(pairs) if pairs else 0.0


def _strangers(pairs: list[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Names of different people: drawn at random, and drawn among those whose second name begins alike."""
    draw = Random(4)  # noqa: S311 - the same each time, not secret
    known: dict[str, set[str]] = defaultdict(set)
    alike_begun: dict[str, list[Pair]] = defaultdict(list)
    for one, other in pairs:
        known[one.casefold()].add(other.casefold())
        known[other.casefold()].add(one.casefold())
        alike_begun[other[:1]].append((one, other))
    strangers: list[Pair] = []
    namesakes: list[Pair] = []
    for one, other in pairs:
        for found, among in ((strangers, pairs), (namesakes, alike_begun[other[:1]])):
            for _ in range(STRANGERS):
                another, its = draw.choice(among)
                same = its.casefold() in known[one.casefold()] or another.casefold() == one.casefold()
                if not same and its.casefold() != other.casefold():
                    found.append((one, its))
    return strangers, namesakes


def _names(text: str) -> tuple[str, ...]:
    """The text itself, for a comma may stand behind a surname, and each name it holds."""
    return (text, *(name for each in parse_performers(text) for name in (each.name, *each.aliases)))
