"""English written in Hangul: 러브 is Love, 댄스 is Dance, 투피엠 is 2PM.

A Latin text is turned into the sounds of a Hangul one step by step, letters into jamo, by the cheapest row of steps. What
a step costs was learned from person names of all nations and a list of English words (works.names.loan_learning); the
names of letters and numbers are steps too. The cost of the row is held against what the two texts would cost if they had
nothing to do with each other, so that long and short words are judged alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from math import inf
from string import ascii_lowercase, digits
from typing import Final, NamedTuple

from rapidfuzz.distance import Levenshtein

from works.names import clean, hangul, latin, spoken
from works.names.skeleton import skeleton

Table = Mapping[str, Mapping[str, float]]  # letters to the jamo they become and what that costs

OTHERS: Final = re.compile("[^a-z0-9]+")
SAID: Final = {"&": "and", "%": "percent", "+": "plus", "@": "at"}
NUMBER: Final = re.compile("[0-9]{2,}")
SIGNS: Final = re.compile("[&%+@]")
# what a Korean ear does not tell apart in a foreign word: tense consonants, ㅐ and ㅔ, the codas that all sound like ㅅ
ALIKE: Final = {
    **{
        hangul.initial_jamo(tense): hangul.initial_jamo(lax)
        for tense, lax in zip("ㄲㄸㅃㅆㅉ", "ㄱㄷㅂㅅㅈ", strict=True)
    },
    **{hangul.vowel_jamo(one): hangul.vowel_jamo(other) for one, other in zip("ㅐㅒㅙㅚㅢ", "ㅔㅖㅞㅞㅣ", strict=True)},
    **{
        hangul.coda_jamo(one): hangul.coda_jamo(other)
        for one, other in zip("ㅆㄷㅌㅈㅊㄲㅋㅍ", "ㅅㅅㅅㅅㅅㄱㄱㅂ", strict=True)
    },
    hangul.initial_jamo("ㅇ"): "",
}
SOUNDS: Final = str.maketrans(ALIKE)
# 쥬 sounds like 주
PALATAL: Final = re.compile(
    f"(?<=[{''.join(map(hangul.initial_jamo, 'ㅈㅊ'))}])[{''.join(map(hangul.vowel_jamo, 'ㅑㅕㅛㅠㅖ'))}]"
)
PLAIN: Final = {
    hangul.vowel_jamo(one): hangul.vowel_jamo(other) for one, other in zip("ㅑㅕㅛㅠㅖ", "ㅏㅓㅗㅜㅔ", strict=True)
}

MAX_LETTERS: Final = 4  # of a step
UNKNOWN: Final = 9.0  # nats for a letter or a jamo that no step explains
NAMED: Final = 5.0  # nats for a letter or a number that is said by its name
UNPAIRED: Final = 3.0  # nats more for a letter without a sound or a sound without a letter
SILENT: Final = frozenset("eh")  # but not for these letters
FILLER: Final = hangul.vowel_jamo("ㅡ")  # nor for the vowel that only keeps consonants apart
WRITTEN: Final = 3.0  # nats for a letter or digit that stands among the Hangul as it is
SURE: Final = 0.45  # the share of the unrelated cost below which two words are surely the same
DOUBTFUL: Final = 0.85  # the share at which as many pairs are the same word as are not
CONSONANTS_ALIKE: Final = (
    0.34  # pairs whose consonants are less alike than this are not looked at (1 in 50 is the same word)
)
SLACK: Final = 10.0  # nats a row of steps may be behind before it is given up


class Step(NamedTuple):
    """What some letters may become, each with what it costs more than letters and jamo cost on their own.

    silent: nothing; inf where that is no step. sounds: jamo, by the first of them.
    """

    silent: float
    sounds: Mapping[str, Sequence[tuple[str, float]]]


@dataclass(frozen=True, eq=False)
class Costs:
    """steps: letters to jamo; letters, jamo: what one of them costs by itself, in an unrelated text."""

    steps: Table
    letters: Mapping[str, float]
    jamo: Mapping[str, float]

    def alone(self, letters: str, jamo: str) -> float:
        """What both cost if they have nothing to do with each other."""
        return sum([self.letters.get(each, UNKNOWN) for each in letters]) + sum(
            [self.jamo.get(each, UNKNOWN) for each in jamo]
        )

    @cached_property
    def known(self) -> dict[str, Step]:
        """By their letters: those that were learned, what these begin with, and each single letter and digit."""
        beginnings = {letters[:end] for letters in self.steps for end in range(1, len(letters) + 1)}
        return {letters: self.step(letters) for letters in {*ascii_lowercase, *digits, *beginnings}}

    @cached_property
    def added(self) -> dict[str, list[tuple[str, float]]]:
        """Jamo that no letter stands for, by the first of them, with what they cost more than on their own."""
        no_letter = self.steps.get("", {})
        costs = {**no_letter} | {jamo: min(UNKNOWN, no_letter.get(jamo, UNKNOWN)) for jamo in self.jamo}
        added: dict[str, list[tuple[str, float]]] = defaultdict(list)
        for jamo, cost in costs.items():
            added[jamo[0]].append((jamo, cost - self.alone("", jamo)))
        return dict(added)

    def with_numbers(self, letters: str) -> dict[str, Step]:
        """Those known, and the numbers in the letters; each is worked out once, and there are 11,100."""
        for number in NUMBER.findall(letters):
            for start in range(len(number)):
                for end in range(start + 2, min(start + MAX_LETTERS, len(number)) + 1):
                    if number[start:end] not in self.known:
                        self.known[number[start:end]] = self.step(number[start:end])
        return self.known

    def step(self, letters: str) -> Step:
        """What letters become, as learned; a letter and a number also become their names, and a letter itself or nothing."""
        found = dict(self.steps.get(letters, {}))
        single = len(letters) == 1
        more = [(name, NAMED) for name in _names(letters)] if single or letters.isdigit() else []
        if single:
            more += [(letters, WRITTEN), ("", UNKNOWN)]
        for jamo, cost in more:
            found[jamo] = min(cost, found.get(jamo, inf))
        beyond = {jamo: cost - self.alone(letters, jamo) for jamo, cost in found.items()}
        silent = beyond.pop("", inf)
        sounds: dict[str, list[tuple[str, float]]] = defaultdict(list)
        for jamo, cost in beyond.items():
            sounds[jamo[0]].append((jamo, cost))
        return Step(silent, dict(sounds))


def to_letters(folded: str) -> str:
    """Latin letters and digits of a text without case and accents; "&" is said "and"."""
    return OTHERS.sub("", SIGNS.sub(lambda sign: SAID[sign[0]], folded))


def to_jamo(letters: str) -> str:
    """The sounds of a text of which works.names.clean.letters has left letters and digits only: jamo, initials and codas told
    apart, those that sound alike made alike.
    """
    return letters.translate(_JAMO)


class _JamoTable(dict[int, str]):
    """The sounds of each character; learns a character when it first meets it."""

    def __missing__(self, code: int) -> str:
        jamo = unicodedata.normalize("NFD", chr(code)).translate(SOUNDS)
        self[code] = PALATAL.sub(lambda vowel: PLAIN[vowel[0]], jamo)
        return self[code]


_JAMO: Final = _JamoTable()


def loan_cost(roman: str, hangul: str) -> float:
    """How badly `hangul` spells the sounds of `roman`: 0 for surely the same word, 0.5 for as likely as not, 1 for another.

    >>> loan_cost("Dance", "댄스") < 0.2, loan_cost("Dance", "러브")
    (True, 1.0)
    """
    if are_far(skeleton(roman), skeleton(hangul)):
        return 1.0
    return cost_between(to_letters(latin.fold(clean.tidy(roman))), to_jamo(clean.letters(clean.tidy(hangul))))


def are_far(consonants: str, others: str) -> bool:
    """Whether a text in Latin letters and one in Hangul share too few consonants (works.names.skeleton) to be looked at."""
    return consonants.isalpha() and Levenshtein.normalized_similarity(consonants, others) < CONSONANTS_ALIKE


def cost_between(letters: str, jamo: str) -> float:
    """The cost of what to_letters and to_jamo make of two texts."""
    if not letters or not jamo:
        return 1.0
    return cost_of(unlikeliness(letters, jamo, learned()))


def cost_of(share: float) -> float:
    """The share of the unrelated cost on a scale from 0 (surely the same word) over 0.5 (as likely as not) to 1."""
    return round(min(1.0, max(0.0, (share - SURE) / (DOUBTFUL - SURE) / 2)), 3)


def unlikeliness(letters: str, jamo: str, costs: Costs) -> float:
    """The cost of the cheapest row of steps as a share of the cost of both texts on their own; 2.0 when given up."""
    known = costs.known if letters.isalpha() else costs.with_numbers(letters)
    heads = [*jamo, ""]
    added = [
        (at, at + len(said), more)
        for at, first in enumerate(jamo)
        for said, more in costs.added.get(first, ((first, 0.0),))
        if jamo.startswith(said, at)
    ]
    # for each place in both texts: how much more the cheapest row of steps until there costs than the texts until there
    best = [[inf] * (len(jamo) + 1) for _ in range(len(letters) + 1)]
    best[0][0] = 0.0
    farthest = 0  # place in the letters that a step leads to
    for place, row in enumerate(best):
        for at, further, extra in added:
            cost = row[at] + extra
            if cost < row[further]:
                row[further] = cost
        reached = [(at, cost) for at, cost in enumerate(row) if cost <= SLACK]
        if not reached:
            if place >= farthest:
                break
            continue
        for end in range(place + 1, min(place + MAX_LETTERS, len(letters)) + 1):
            step = known.get(letters[place:end])
            if step is None:
                break
            farthest = max(farthest, end)
            _take(step, reached, jamo, heads, best[end])
    more = best[-1][-1]
    return 2.0 if more == inf else min(2.0, 1 + more / costs.alone(letters, jamo))


def _take(step: Step, reached: list[tuple[int, float]], jamo: str, heads: list[str], there: list[float]) -> None:
    """Take a step from each place that is reached in the jamo."""
    silent, sounds = step
    for at, so_far in reached:
        cost = so_far + silent
        if cost < there[at]:
            there[at] = cost
        for said, more in sounds.get(heads[at], ()):
            if jamo.startswith(said, at):
                cost, further = so_far + more, at + len(said)
                if cost < there[further]:
                    there[further] = cost


def _names(step: str) -> tuple[str, ...]:
    """How a letter or a number is said, in sounds; () for other steps."""
    return tuple(dict.fromkeys(map(to_jamo, spoken.LETTERS.get(step, ()) or spoken.number_names(step))))


def as_table(steps: Mapping[tuple[str, str], float]) -> dict[str, dict[str, float]]:
    """Steps by their letters."""
    table: dict[str, dict[str, float]] = {}
    for (letters, jamo), cost in steps.items():
        table.setdefault(letters, {})[jamo] = cost
    return table


def to_judge(steps: Mapping[tuple[str, str], float]) -> dict[str, dict[str, float]]:
    """Steps by their letters, for telling words apart: those that leave a sound out or add one cost more than was learned.

    Names of all nations are full of silent letters; among Love, Lovely and Lover they are what makes the difference.
    """
    return as_table(
        {
            (letters, jamo): cost + (0 if (letters and jamo) or letters in SILENT or jamo == FILLER else UNPAIRED)
            for (letters, jamo), cost in steps.items()
        }
    )


@lru_cache(maxsize=1)
def learned() -> Costs:
    """The committed costs (loan_costs.tsv, written by `manage.py learn_loans`)."""
    lines = (resources.files("works.names") / "loan_costs.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")][1:]
    found: dict[str, dict[tuple[str, str], float]] = {"step": {}, "letter": {}, "jamo": {}}
    for kind, letters, jamo, cost in rows:
        found[kind][letters, jamo] = float(cost)
    return Costs(
        to_judge(found["step"]),
        {letters: cost for (letters, _), cost in found["letter"].items()},
        {jamo: cost for (_, jamo), cost in found["jamo"].items()},
    )
