"""From a song as reported to the works of the register: keys, candidates, score, rivals, decision.

    match(queries, excluded) -> one Decision per query, in the same order

Thousands at once: the number of SQL statements does not depend on the number of queries. Songs of one artist that are asked
together help each other, for within an artist titles are matched one to one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from works.matching.base import Candidate, Decision, SongQuery
from works.matching.candidates import find_candidates
from works.matching.decide import decide
from works.matching.fitted import fitted
from works.matching.meaning import is_available
from works.matching.rivals import weigh_rivals
from works.matching.score import score

__all__ = ["Candidate", "Decision", "SongQuery", "match"]


def match(
    queries: Sequence[SongQuery], excluded: Mapping[str, frozenset[int]], *, with_meaning: bool | None = None
) -> list[Decision]:
    """What each song is taken to be. excluded: by a query's key, the works somebody said it is not.

    with_meaning: whether titles that letters cannot tell are compared by what they mean; None where the encoder is installed.
    """
    frozen = fitted()
    found = find_candidates(queries, excluded)
    scored = [score(query, its, frozen.facts) for query, its in zip(queries, found, strict=True)]
    weigh_rivals(queries, scored, frozen, with_meaning=is_available() if with_meaning is None else with_meaning)
    return [decide(*each, frozen) for each in zip(queries, found, scored, strict=True)]
