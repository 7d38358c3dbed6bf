"""The table of faults in royalties/README.md names, for each case, a test that exists or says why there is none yet."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
ROW: Final = re.compile(r"^\| ([FUM]\d\d) \| (.+?) \| (.+?) \|$", re.MULTILINE)
TEST: Final = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
CASES: Final = [
    f"{letter}{number:02}" for letter, last in (("F", 23), ("U", 24), ("M", 15)) for number in range(1, last + 1)
]


def rows() -> list[tuple[str, str, str]]:
    return ROW.findall((ROOT / "royalties" / "README.md").read_text(encoding="utf-8"))


def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_case_has_one_row() -> None:
    assert [case for case, _what, _shown in rows()] == CASES


def test_every_row_names_a_test_that_exists_or_says_why_not() -> None:
    wrong = []
    for case, _what, shown in rows():
        named = TEST.findall(shown)
        if not named and "not yet, because " not in shown:
            wrong.append(f"{case}: neither a test nor a reason")
        wrong += [f"{case}: there is no {path}::{name}" for path, name in named if name not in functions_of(path)]
    assert not wrong
