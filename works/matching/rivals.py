"""What the other candidates of a song, and the other songs of its artist, say about a candidate; then how probable it is.

Within one artist titles are matched one to one: a work that another song surely is, is hardly this one too; and where letters say
nothing, the one work of the artist that no other song claims is likelier than each of ten.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from works.matching.base import SongQuery
from works.matching.compare import title_parts
from works.matching.fitted import Fitted
from works.matching.meaning import compare_by_meaning
from works.matching.score import Scored, probability_of, weigh

SURE: Final = 2.0  # log-odds from which a song counts as found, and its work as taken
FARTHEST: Final = 6.0  # log-odds; further apart says no more
COMPARED_BY_MEANING: Final = 200  # works of an artist

Pair = tuple[int, int]  # place of a song in the batch, and a work


def weigh_rivals(
    queries: Sequence[SongQuery], scored: Sequence[Sequence[Scored]], fitted: Fitted, *, with_meaning: bool
) -> None:
    """Fill in `context`, `meaning` and `probability` of every candidate of a batch of songs."""
    add_context(queries, scored, compare_meanings(queries, scored) if with_meaning else {})
    weights = fitted.with_meaning if with_meaning else fitted.without_meaning
    for candidates in scored:
        for each in candidates:
            each.probability = probability_of(weigh(each.context, weights))


def compare_meanings(queries: Sequence[SongQuery], scored: Sequence[Sequence[Scored]]) -> dict[Pair, float]:
    """Cosines of the songs that letters left open with the works of their artists, by place of the song and work."""
    pairs = []
    for place, candidates in enumerate(scored):
        if queries[place].title.strip() and all(each.base < SURE for each in candidates):
            its = sorted((each for each in candidates if each.by_the_artist), key=lambda each: -each.base)
            pairs += [(place, each.work_id) for each in its[:COMPARED_BY_MEANING]]
    return compare_by_meaning([query.title for query in queries], pairs)


def add_context(
    queries: Sequence[SongQuery], scored: Sequence[Sequence[Scored]], cosines: Mapping[Pair, float]
) -> None:
    """What rivals say, as features beside the candidate's own log-odds."""
    claims = _claims(queries, scored)
    wanted = _wanted(scored)
    closest: dict[int, list[Pair]] = defaultdict(list)
    for pair, _ in sorted(cosines.items(), key=lambda each: (-each[1], each[0])):
        closest[pair[1]].append(pair)
    for place, candidates in enumerate(scored):
        bases = sorted((each.base for each in candidates), reverse=True)
        title = _name(queries[place])
        claimed = {each.work_id: _claim(claims[each.work_id], title) for each in candidates}
        its = [each for each in candidates if each.by_the_artist]
        free = sum(1 for each in its if claimed[each.work_id] < SURE)
        near = sorted((cosines.get((place, each.work_id), 0.0) for each in its), reverse=True)
        for each in candidates:
            other = bases[0] if each.base < bases[0] else bases[1] if len(bases) > 1 else each.base - FARTHEST
            context = {
                "base": _within(each.base),
                "ahead": _within(each.base - other),
                "taken": max(0.0, _within(claimed[each.work_id] - max(each.base, -SURE))),
            }
            if each.by_the_artist:
                context["one_of_few"] = 1 / max(1, free)
                context["crowd"] = math.log(wanted[each.work_id] / max(1, free))
            if (cosine := cosines.get((place, each.work_id))) is not None:
                each.meaning = cosine
                best_other = near[0] if cosine < near[0] else near[1] if len(near) > 1 else 0.0
                rival = next((pair for pair in closest[each.work_id] if _name(queries[pair[0]]) != title), None)
                context |= {
                    "meaning": cosine,
                    "meaning_ahead": cosine - best_other,
                    "meaning_wanted": cosine - (cosines[rival] if rival else 0.0),
                    "meaning_compared": 1.0,
                    "meaning_of_one_script": 0.0 if each.translatable else cosine,
                }
            each.context = context


def _within(log_odds: float) -> float:
    return max(-FARTHEST, min(FARTHEST, log_odds))


def _name(query: SongQuery) -> str:
    return title_parts(query.title)[0].letters


def _claims(queries: Sequence[SongQuery], scored: Sequence[Sequence[Scored]]) -> dict[int, list[tuple[float, str]]]:
    """By work: the songs that may be it, surest first, each with its title, so that versions of one song are no rivals."""
    claims: dict[int, dict[str, float]] = defaultdict(dict)
    for query, candidates in zip(queries, scored, strict=True):
        title = _name(query)
        for each in candidates:
            if each.base > claims[each.work_id].get(title, -math.inf):
                claims[each.work_id][title] = each.base
    return {
        work_id: sorted(((base, title) for title, base in its.items()), reverse=True)[:2]
        for work_id, its in claims.items()
    }


def _claim(claims: Sequence[tuple[float, str]], title: str) -> float:
    """How surely a song of another title is the work."""
    return next((base for base, other in claims if other != title), -math.inf)


def _wanted(scored: Sequence[Sequence[Scored]]) -> Mapping[int, int]:
    """By work: how many songs of its artist no work has been found for yet."""
    wanted: dict[int, int] = defaultdict(int)
    for candidates in scored:
        if all(each.base < SURE for each in candidates):
            for each in candidates:
                if each.by_the_artist:
                    wanted[each.work_id] += 1
    return defaultdict(lambda: 1, wanted)
