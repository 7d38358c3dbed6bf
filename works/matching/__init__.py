"""From a song as reported to the works of the register: what stands there word by word, then candidates, score, rivals, decision.

    match(queries, excluded) -> one Decision per query, in the same order

Thousands at once: the number of SQL statements does not depend on the number of queries. Songs of one artist that are asked
together help each other, for within an artist titles are matched one to one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from works.matching.base import Candidate, Decision, SongQuery
from works.matching.candidates import find_candidates
from works.matching.decide import decide, decide_exact
from works.matching.exact import find_exact
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
    exact = find_exact(queries, excluded)
    decisions = [decide_exact(query, its, frozen) for query, its in zip(queries, exact, strict=True)]
    taken = taken_works(queries, decisions)
    places = [place for place, decision in enumerate(decisions) if decision is None]
    left = [queries[place] for place in places]
    found = find_candidates(left, excluded)
    scored = [score(query, its, frozen.facts) for query, its in zip(left, found, strict=True)]
    weigh_rivals(
        left, found, scored, taken, frozen, with_meaning=is_available() if with_meaning is None else with_meaning
    )
    for place, query, its in zip(places, left, scored, strict=True):
        decisions[place] = decide(query, its, frozen)
    return [decision for decision in decisions if decision is not None]


def taken_works(queries: Sequence[SongQuery], decisions: Sequence[Decision | None]) -> dict[int, list[SongQuery]]:
    """Works that songs are, decided word by word, with these songs."""
    taken: dict[int, list[SongQuery]] = defaultdict(list)
    for query, decision in zip(queries, decisions, strict=True):
        if decision is not None:
            for work_id, _ in decision.works:
                taken[work_id].append(query)
    return taken
