"""Accepted lines at their places among all the lines of a tile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Kind = tuple[str, str]  # where a song was used, and the first day of the month in which: "qq", "2026-09-01"

NOT_HERE: Final = 0  # the recording of a line that was not accepted: its place is empty


@dataclass(frozen=True, slots=True)
class PlacedLines:
    """Arrays as long as the tile has lines. `kinds` are places in `said`; micros are millionths.

    `words` and `music`: of the uses, where they are counted apart.
    """

    said: list[Kind]
    recordings: Numbers
    kinds: Numbers
    uses: Numbers
    micros: Numbers
    words: Numbers | None = None
    music: Numbers | None = None


def no_lines(count: int, said: list[Kind], *, apart: bool = False) -> PlacedLines:
    """So many places, all empty."""
    return PlacedLines(said, *(np.zeros(count, np.int64) for _ in range(6 if apart else 4)))
