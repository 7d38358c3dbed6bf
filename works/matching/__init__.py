"""From a song as reported to the works of the register: keys, candidates, score, decision.

    match(queries, excluded) -> one Decision per query, in the same order

Thousands at once: the number of SQL statements does not depend on the number of queries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from works.matching.base import Candidate, Decision, SongQuery
from works.matching.candidates import find_candidates
from works.matching.decide import decide

__all__ = ["Candidate", "Decision", "SongQuery", "match"]


def match(queries: Sequence[SongQuery], excluded: Mapping[str, frozenset[int]]) -> list[Decision]:
    """What each song is taken to be. excluded: by a query's key, the works somebody said it is not."""
    found = find_candidates(queries, excluded)
    return [decide(query, its) for query, its in zip(queries, found, strict=True)]
