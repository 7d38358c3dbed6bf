from __future__ import annotations

import csv
import hashlib
from argparse import ArgumentParser
from importlib import resources
from pathlib import Path
from random import Random
from typing import Any, Final

from django.core.management.base import BaseCommand, no_translations

from works.names import loan_learning, loans

TABLE: Final = Path(loans.__file__).with_name("loan_costs.tsv")
HELD_OUT: Final = 10  # one in so many words is not learned from, when the learning is checked
CHECKED: Final = 2000  # words
ENGLISH_WEIGHT: Final = 25  # titles are mostly English: its few hundred words count for a fifth of all


class Command(BaseCommand):
    help = (
        "Learn what it costs to write Latin letters as Hangul from names in both scripts (TSV: latin, hangul) and the list of English words, "
        "check it on words held out, and write works/names/loan_costs.tsv."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", type=Path, metavar="TSV", help="person names of all nations: latin, hangul")
        parser.add_argument("--check-only", action="store_true", help="print the check and leave the table as it is")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        source: Path = options["names"]
        pairs = loan_learning.word_pairs(read_names(source))
        english = loan_learning.word_pairs(read_english()) * ENGLISH_WEIGHT
        held_out = [pair for pair in pairs if is_held_out(pair)]
        learned = loan_learning.learn([pair for pair in pairs if not is_held_out(pair)] + english)
        check = describe_check(held_out, learned.as_costs())
        self.stdout.write(check)
        if options["check_only"]:
            return
        learned = loan_learning.learn(pairs + english)
        digest = hashlib.sha256(source.read_bytes()).hexdigest()
        about = [
            "What it costs, in nats, to write Latin letters as Hangul. Written by `manage.py learn_loans`; read by works.names.loans.",
            f"Learned from {source.name} (COLING 2018 transliteration data, CC0; sha256 {digest}) and english_words.tsv.",
            check,
        ]
        TABLE.write_text(loan_learning.write_table(learned, about), encoding="utf-8")
        self.stdout.write(f"{len(learned.steps)} steps written to {TABLE.name}.")


def read_names(source: Path) -> list[tuple[str, str]]:
    with source.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(row["latin"], row["hangul"]) for row in rows]


def read_english() -> list[tuple[str, str]]:
    """The listed English words with each of their usual spellings in Hangul."""
    lines = (resources.files("works.names") / "english_words.tsv").read_text(encoding="utf-8").splitlines()
    listed = (line.split("\t") for line in lines[1:])
    return [(english, spelt) for english, hangul in listed for spelt in hangul.split(" ")]


def is_held_out(pair: loan_learning.Pair) -> bool:
    """By the letters alone, so that no word is learned in one Hangul spelling and checked in another."""
    return hashlib.sha256(pair[0].encode()).digest()[0] % HELD_OUT == 0


def describe_check(held_out: list[loan_learning.Pair], costs: loans.Costs) -> str:
    """How many held-out words are told from others: at the share where a cost of 0.5 lies, and 0.25."""
    chosen = held_out[:]
    Random(1).shuffle(chosen)  # noqa: S311 - the same words each time, not secret ones
    chosen = chosen[:CHECKED]
    right = [loans.cost_of(loans.unlikeliness(letters, jamo, costs)) for letters, jamo in chosen]
    wrong = [
        loans.cost_of(loans.unlikeliness(letters, other, costs))
        for (letters, jamo), (_, other) in zip(chosen, chosen[1:] + chosen[:1], strict=True)
        if jamo != other
    ]
    found = ", ".join(
        f"below {limit}: {share_below(right, limit):.1%} of the same word, {share_below(wrong, limit):.2%} of another"
        for limit in (0.25, 0.5)
    )
    return f"Held out {len(right)} words; cost {found}."


def share_below(costs: list[float], limit: float) -> float:
    return sum(cost < limit for cost in costs) / len(costs)
