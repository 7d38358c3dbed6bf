"""What the other candidates of a song, and the other songs asked with it, say about a candidate; then how probable it is.

Within one artist titles are matched one to one: a work that another song surely is, is hardly this one too; and where letters say
nothing, the one work of the artist that no other song claims is likelier than each of ten.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from works.matching.base import SongQuery
from works.matching.candidates import Found, titles_of
from works.matching.compare import title_parts
from works.matching.fitted import Fitted
from works.matching.meaning import Nearest, nearest_works
from works.matching.score import FARTHEST, SURE, Scored, probability_of, score_by_artist, weigh
from works.matching.witnesses import Taken, add_told, find_witnesses, hear_witnesses

Pair = tuple[int, int]  # place of a song in the batch, and a work


def weigh_rivals(
    queries: Sequence[SongQuery],
    found: Sequence[Found],
    scored: Sequence[list[Scored]],
    taken: Taken,
    fitted: Fitted,
    *,
    with_meaning: bool,
) -> None:
    """Fill in `context`, `meaning` and `probability` of every candidate of a batch of songs, and add those that meaning finds."""
    cosines: dict[Pair, float] = {}
    if with_meaning:
        places = [place for place, its in enumerate(scored) if is_open(its) and queries[place].title.strip()]
        cosines = add_nearest(queries, found, scored, places, fitted.facts)
    add_told(queries, found, scored, taken, fitted.facts)
    add_context(queries, found, scored, taken, cosines)
    weights = fitted.with_meaning if with_meaning else fitted.without_meaning
    for candidates in scored:
        for each in candidates:
            each.probability = probability_of(weigh(each.context, weights))


def is_open(candidates: Sequence[Scored]) -> bool:
    """Whether letters leave open which work a song is."""
    return all(each.base < SURE for each in candidates)


def add_nearest(
    queries: Sequence[SongQuery],
    found: Sequence[Found],
    scored: Sequence[list[Scored]],
    places: Sequence[int],
    facts: Mapping[str, float],
) -> dict[Pair, float]:
    """Add the works of their artists that mean the same as the songs at these places; returns cosines by place and work."""
    nearest = nearest_works({place: (queries[place].title, found[place].compared) for place in places})
    nearest = [each for each in nearest if each.work_id not in found[each.place].rejected]
    known = [{each.work_id for each in candidates} for candidates in scored]
    new: list[Nearest] = [each for each in nearest if each.work_id not in known[each.place]]
    titles = titles_of({each.work_id for each in new})
    for each in new:
        query, its = queries[each.place], found[each.place]
        scored[each.place].append(
            score_by_artist(query, its, each.work_id, titles[each.work_id], each.party_ids, facts)
        )
    return {(each.place, each.work_id): each.cosine for each in nearest}


def add_context(
    queries: Sequence[SongQuery],
    found: Sequence[Found],
    scored: Sequence[Sequence[Scored]],
    taken: Taken,
    cosines: Mapping[Pair, float],
) -> None:
    """What rivals say, as features beside the candidate's own log-odds."""
    claims = _claims(queries, scored, taken)
    sure = {work_id for work_id, its in claims.items() if its[0][0] >= SURE}
    wanted = _wanted(found, scored)
    witnesses = find_witnesses(queries, scored, taken)
    closest: dict[int, list[Pair]] = defaultdict(list)
    near: dict[int, list[float]] = defaultdict(list)
    for pair in sorted(cosines, key=lambda each: (-cosines[each], each)):
        closest[pair[1]].append(pair)
        near[pair[0]].append(cosines[pair])
    for place, candidates in enumerate(scored):
        if not candidates:
            continue
        bases = sorted((each.base for each in candidates), reverse=True)
        title = _name(queries[place])
        claimed = {each.work_id: _claim(claims[each.work_id], title) for each in candidates}
        works = found[place].works
        free = len(works) - sum(_claim(claims[work_id], title) >= SURE for work_id in works & sure)
        asking = max((wanted[party_id] for party_id in found[place].compared), default=1)
        its_near = near[place]
        for each in candidates:
            other = bases[0] if each.base < bases[0] else bases[1] if len(bases) > 1 else each.base - FARTHEST
            context = {
                "base": _within(each.base),
                "ahead": _within(each.base - other),
                "taken": max(0.0, _within(claimed[each.work_id] - max(each.base, -SURE))),
            }
            if each.by_the_artist:
                context["one_of_few"] = 1 / max(1, free)
                context["crowd"] = math.log(max(1, asking) / max(1, free))
            context |= hear_witnesses(queries[place], each, witnesses)
            if (cosine := cosines.get((place, each.work_id))) is not None:
                each.meaning, each.other_works = cosine, len(works) - 1
                best_other = its_near[0] if cosine < its_near[0] else its_near[1] if len(its_near) > 1 else 0.0
                rival = next((pair for pair in closest[each.work_id] if _name(queries[pair[0]]) != title), None)
                context |= {
                    "meaning": cosine,
                    "meaning_ahead": cosine - best_other,
                    "meaning_compared": 1.0,
                }
                if rival:
                    context["meaning_wanted"] = cosine - cosines[rival]
                else:
                    context["meaning_unrivalled"] = 1.0
            each.context = context


def _within(log_odds: float) -> float:
    return max(-FARTHEST, min(FARTHEST, log_odds))


def _name(query: SongQuery) -> str:
    return title_parts(query.title)[0].letters


def _claims(
    queries: Sequence[SongQuery], scored: Sequence[Sequence[Scored]], taken: Taken
) -> Mapping[int, list[tuple[float, str]]]:
    """By work: the songs that may be it, surest first, each with its title, so that versions of one song are no rivals."""
    claims: dict[int, dict[str, float]] = defaultdict(dict)
    for work_id, songs in taken.items():
        for song in songs:
            claims[work_id][_name(song)] = FARTHEST
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


def _wanted(found: Sequence[Found], scored: Sequence[Sequence[Scored]]) -> Mapping[int, int]:
    """By artist: how many songs no work has been found for yet."""
    wanted: dict[int, int] = defaultdict(int)
    for its, candidates in zip(found, scored, strict=True):
        if is_open(candidates):
            for party_id in its.compared:
                wanted[party_id] += 1
    return wanted
