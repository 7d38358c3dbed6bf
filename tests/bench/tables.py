"""Figures as text: medians with their spread, and tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median


def spread(values: Sequence[float], decimals: int = 1) -> str:
    """The median, and the least and the most where there are several."""
    middle = f"{median(values):.{decimals}f}"
    return f"{middle} ({min(values):.{decimals}f}–{max(values):.{decimals}f})" if len(values) > 1 else middle


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
