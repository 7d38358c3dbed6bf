"""What is irregular in a DSR file: a code with its facts where it is found, a sentence where people read it.

The reader counts, and keeps the first line of each; it imports nothing of Django, so the sentences are in sentences.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

MOST_A_CODE: Final = 12  # different findings of one code that are kept; more are counted
LETTERS_KEPT: Final = 80  # of a value


@dataclass
class Findings:
    """Findings by code and what they are about, in the order in which they were met."""

    found: dict[tuple[str, ...], dict[str, Any]] = field(default_factory=dict)
    of_code: dict[str, int] = field(default_factory=dict)
    more: dict[str, int] = field(default_factory=dict)

    def add(self, code: str, line: int, *about: str, **params: Any) -> None:
        """`about` makes findings differ, such as a record and a cell; `params` are the facts of the first one, for the sentence."""
        key = (code, *about)
        standing = self.found.get(key)
        if standing is not None:
            standing["count"] += 1
        elif self.of_code.get(code, 0) >= MOST_A_CODE:
            self.more[code] = self.more.get(code, 0) + 1
        else:
            self.of_code[code] = self.of_code.get(code, 0) + 1
            facts = {name: _short(value) for name, value in params.items()}
            self.found[key] = {"code": code, "params": facts, "line": line, "count": 1}

    def as_json(self) -> list[dict[str, Any]]:
        """In the order of the file. `more`: how often this was found of something else that is not listed."""
        listed = sorted(self.found.values(), key=lambda finding: finding["line"])
        return [{**finding, "more": self.more.get(finding["code"], 0)} for finding in listed]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LETTERS_KEPT else text[:LETTERS_KEPT] + "…"


Note = Callable[..., None]
