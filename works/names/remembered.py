"""What was worked out of a text, kept for the next time it is asked for: a report names the same artist thousands of times.

functools.lru_cache lets go of one text for each new one, which costs more than many of these functions do: of a report that nobody sent
before nearly all texts are new. Here all go at once, when there are too many.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

Value = TypeVar("Value")

STRINGS: Final = 40_000  # that one function remembers
OBJECTS: Final = 10_000


class _Remembered(dict[str, Value], Generic[Value]):
    """The values of texts; works out that of a text when it first meets it."""

    def __init__(self, most: int, work_out: Callable[[str], Value]) -> None:
        super().__init__()
        self.most = most
        self.work_out = work_out

    def __missing__(self, text: str) -> Value:
        found = self.work_out(text)
        if len(self) >= self.most:
            self.clear()
        self[text] = found
        return found


def remembered(most: int) -> Callable[[Callable[[str], Value]], Callable[[str], Value]]:
    """A decorator for a function of one text: remembers what it returned for so many."""
    return lambda work_out: _Remembered(most, work_out).__getitem__
