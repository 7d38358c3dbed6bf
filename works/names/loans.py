"""English written in Hangul: 러브 is Love, 댄스 is Dance, 투피엠 is 2PM.

For the time being by consonants alone; the costs will be learned.
"""

from __future__ import annotations

from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from works.names.folded import folded


@lru_cache(maxsize=100_000)
def loan_cost(latin: str, hangul: str) -> float:
    """How badly `hangul` spells the sounds of `latin`: 0 for surely the same word, 1 for nothing in common."""
    return Levenshtein.normalized_distance(folded(latin), folded(hangul))
