"""Every irregularity that the reader of DDEX reports can note has a sentence, with the facts that it is noted with."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from royalties.reports.dsr import blocks, reader
from royalties.reports.dsr.sentences import DECLARED, SENTENCES, sentence_of

NOTED_BY = {"note", "line_note", "add"}


def noted() -> dict[str, set[str]]:
    """Code → the facts with which the code of the reader notes it."""
    found: dict[str, set[str]] = {}
    for module in (reader, blocks):
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in NOTED_BY:
                found[str(node.args[0].value)] = {str(keyword.arg) for keyword in node.keywords}
    return found


NOTED = noted() | {f"line-{what}": set() for what in ("too-long", "undecodable", "unwritable")}


def test_no_sentence_is_without_an_irregularity_and_none_is_missing() -> None:
    assert NOTED.keys() == SENTENCES.keys()
    assert {"foot", "NumberOfLinesInFile", "NumberOfBlocksInReport"} <= DECLARED.keys()


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_a_sentence_says_nothing_that_is_not_noted(code: str) -> None:
    assert set(re.findall(r"%\((\w+)\)s", str(SENTENCES[code]))) <= NOTED[code]
    assert "%(" not in sentence_of({"code": code, "params": dict.fromkeys(NOTED[code], "x")})
