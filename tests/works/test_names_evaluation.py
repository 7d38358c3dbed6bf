"""Names measured by kind: pairs of one person found, pairs of strangers taken for one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from works.matching.names_evaluation import evaluate_names, names_agree, print_names

LATIN = [
    ("Lee Ji-eun", "이지은"),
    ("Kim Tae-woo", "김태우"),
    ("Kim Bum-soo", "김범수"),
    ("Park Hyo-shin", "박효신"),
    ("Kim Ye-rim", "박수영"),
]
# one person under two spellings: neither is a stranger
SPELT = [("김범수", "Kim Bum-soo"), ("김범수", "Gim Beomsu"), ("김 범수", "Kim, Bum-soo")]
HAN = [("李知恩", "이지은"), ("朴孝信", "박효신")]


def write(path: Path) -> Path:
    rows = [
        (*pair, kind)
        for kind, pairs in (("hangul-latin", LATIN), ("hangul-han", HAN), ("spelt", SPELT))
        for pair in pairs
    ]
    lines = ["name_a\tname_b\tkind\tsource", *("\t".join((*row, "invented")) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_what_is_found_and_who_is_mistaken_is_counted_by_kind(tmp_path: Path) -> None:
    figures = evaluate_names(write(tmp_path / "names.tsv"))
    assert list(figures) == ["hangul-han", "hangul-latin", "spelt"]
    assert (figures["hangul-han"].n, figures["hangul-han"].recall) == (2, 1.0)
    assert (figures["hangul-latin"].n, figures["hangul-latin"].recall) == (5, 0.8)  # the last two are two people
    assert figures["hangul-latin"].strangers > 10
    assert figures["hangul-latin"].namesakes > 5
    assert figures["hangul-latin"].wrong == figures["hangul-latin"].wrong_namesakes == 0
    assert (figures["spelt"].strangers, figures["spelt"].wrong) == (0, 0)
    table = print_names(figures)
    assert len(table) == 4
    assert "80.00% (37.55%–96.38%)" in table[2]
    said = figures["hangul-latin"].as_json()
    assert (said["n"], said["found"], said["recall"], said["recall_low"]) == (5, 4, 0.8, 0.37553)


def test_the_same_strangers_are_drawn_each_time(tmp_path: Path) -> None:
    source = write(tmp_path / "names.tsv")
    assert evaluate_names(source) == evaluate_names(source)


def test_a_bracket_or_a_comma_does_not_hide_a_name() -> None:
    assert names_agree("EXO (엑소)", "엑소")
    assert names_agree("LEE, Ji-eun", "이지은")
    assert not names_agree("EXO (엑소)", "빅뱅")


def test_the_gold_names_are_found_as_often_as_promised() -> None:
    shared = os.environ.get("GARAK_SHARED")
    if not shared:
        pytest.skip("GARAK_SHARED is not set: the gold names are not looked at")
    figures = evaluate_names(Path(shared) / "gold" / "names.tsv")
    assert figures["hangul-han"].recall >= 0.99
    assert figures["hangul-latin"].recall >= 0.96
    assert figures["hangul-latin"].wrong <= 0.001
    assert figures["hangul-latin"].wrong_namesakes <= 0.01
