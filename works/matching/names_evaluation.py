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

from works.matching.evaluation import wilson
from works.names.alike import alike
from works.names.clean import letters
from works.names.performers import parse_performers

TAKEN_FOR_ONE: Final = 0.7  # the score of works.names.alike from which two names are one
STRANGERS: Final = 5  # pairs of different people for each true pair, and as many with the same surname

Pair = tuple[str, str]


@dataclass(frozen=True)
class NamesOfAKind:
    """Numbers of pairs. found: of the n true ones those told to be one. mistaken: strangers taken for one; so of namesakes, who are
    strangers that share the beginning of the name.
    """

    n: int
    found: int
    strangers: int
    mistaken: int
    namesakes: int
    mistaken_namesakes: int

    @property
    def recall(self) -> float:
        return _share(self.found, self.n)

    @property
    def wrong(self) -> float:
        return _share(self.mistaken, self.strangers)

    @property
    def wrong_namesakes(self) -> float:
        return _share(self.mistaken_namesakes, self.namesakes)

    def as_json(self) -> dict[str, Any]:
        """The numbers, and the shares with their 95 % intervals."""
        shares: dict[str, float] = {}
        for name, part, whole in (
            ("recall", self.found, self.n),
            ("wrong", self.mistaken, self.strangers),
            ("wrong_namesakes", self.mistaken_namesakes, self.namesakes),
        ):
            low, high = wilson(part, whole)
            shares |= {name: _share(part, whole), f"{name}_low": low, f"{name}_high": high}
        return {**vars(self), **{name: round(share, 5) for name, share in shares.items()}}


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
    """The lines of a table: shares, each with its 95 % interval."""
    shares = ("recall", "strangers taken for one", "namesakes taken for one")
    lines = [f"{'names':<22}{'n':>7}" + "".join(f"{name:>26}" for name in shares)]
    for kind, its in figures.items():
        parts = ((its.found, its.n), (its.mistaken, its.strangers), (its.mistaken_namesakes, its.namesakes))
        lines.append(f"{kind:<22}{its.n:>7}" + "".join(f"{_with_interval(*part):>26}" for part in parts))
    return lines


def _with_interval(part: int, whole: int) -> str:
    if not whole:
        return "-"
    low, high = wilson(part, whole)
    return f"{_share(part, whole):.2%} ({low:.2%}–{high:.2%})"


def _figures(pairs: list[Pair]) -> NamesOfAKind:
    strangers, namesakes = _strangers(pairs)
    return NamesOfAKind(
        len(pairs), _agreeing(pairs), len(strangers), _agreeing(strangers), len(namesakes), _agreeing(namesakes)
    )


def _agreeing(pairs: list[Pair]) -> int:
    return sum(names_agree(*pair) for pair in pairs)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _strangers(pairs: list[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Names of different people: drawn at random, and drawn among those whose second name begins alike."""
    draw = Random(4)  # noqa: S311 - the same each time, not secret
    known: dict[str, set[str]] = defaultdict(set)
    alike_begun: dict[str, list[Pair]] = defaultdict(list)
    for one, other in pairs:
        known[letters(one)].add(letters(other))
        known[letters(other)].add(letters(one))
        alike_begun[other[:1]].append((one, other))
    strangers: list[Pair] = []
    namesakes: list[Pair] = []
    for one, other in pairs:
        for found, among in ((strangers, pairs), (namesakes, alike_begun[other[:1]])):
            for _ in range(STRANGERS):
                another, its = draw.choice(among)
                same = letters(its) in known[letters(one)] or letters(another) == letters(one)
                if not same and letters(its) != letters(other):
                    found.append((one, its))
    return strangers, namesakes


def _names(text: str) -> tuple[str, ...]:
    """The text itself, for a comma may stand behind a surname, and each name it holds."""
    return (text, *(name for each in parse_performers(text) for name in (each.name, *each.aliases)))
