"""What speaks for and against a work, as numbers: features, and the log-odds that the fitted weights make of them.

The weights are fitted on pairs whose truth is known (`manage.py fit_matching`) and frozen in fitted.json. Features are
0 or 1 unless said otherwise, so that a weight can be read: how much a fact adds to the log-odds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from works.matching.base import SongQuery
from works.matching.candidates import WORKS_OF_A_TITLE, Found, Hit
from works.matching.compare import (
    NO_AGREEMENT,
    SAME_NAME,
    Agreement,
    best_of,
    compare_titles,
    is_short,
    shared_name,
)
from works.matching.exact import own_versions
from works.matching.releases import compare_albums, evidence_of_release, same_duration

FAINT: Final = 0.4  # below it a likeness of letters says nothing
SURE: Final = 2.0  # log-odds from which a song counts as found, and its work as taken
FARTHEST: Final = 6.0  # log-odds; further apart says no more
LONG_TITLE: Final = 24  # half syllables; from here on a title of its own says as much as it can


@dataclass(slots=True)
class Scored:
    """A candidate with its agreements. base: log-odds from its own facts alone; the rest comes from its rivals (rivals.py)."""

    work_id: int
    title: Agreement
    performer: Agreement
    writer: Agreement
    performer_known: bool
    ipis: tuple[str, ...]
    doubts: tuple[str, ...]
    titles: tuple[str, ...]  # of the work
    album: Agreement = NO_AGREEMENT
    duration_seconds: int | None = None  # of a recording of the work, where it is the song's
    by_meaning_alone: bool = False  # its titles were not compared by letters: they share nothing with the song's
    features: dict[str, float] = field(default_factory=dict)
    base: float = 0.0
    context: dict[str, float] = field(default_factory=dict)
    meaning: float | None = None
    also_called: str = ""  # the title of a song asked too that surely is this work and bears the song's name
    sung_with: str = ""  # the title of one by the same artists that may be this work
    other_works: int = 0  # of the artist, compared by meaning too
    probability: float = 0.0

    @property
    def by_the_artist(self) -> bool:
        """Whether the work is one of an artist who may be the song's."""
        return self.performer.score >= SAME_NAME

    @property
    def permille(self) -> int:
        return max(1, min(999, round(self.probability * 1000)))


def score(query: SongQuery, found: Found, weights: Mapping[str, float]) -> list[Scored]:
    """The candidates of a song, in the order of their numbers, with their facts and what these weigh.

    A work that only shares a title with the song and is known to be another artist's is none, unless one artist's name holds the
    other's.
    """
    scored = []
    for hit in sorted(found.hits.values(), key=lambda each: each.work_id):
        performer = _performer(query, hit)
        if hit.named_within and not compare_titles(query.title, hit.titles).exact:
            continue
        one = _compare(query, hit, performer)
        one.features = _features(query, found, hit, one)
        one.base = weigh(one.features, weights)
        scored.append(one)
    return scored


def weigh(features: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Log-odds: the sum of the features by their weights; "always" counts for every pair."""
    return weights["always"] + sum(value * weights.get(name, 0.0) for name, value in features.items())


def probability_of(log_odds: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))


def _performer(query: SongQuery, hit: Hit) -> Agreement:
    if hit.performers:
        return best_of([shared_name(query.artists, key, text) for key, text in hit.performers])
    return hit.performer


def _compare(query: SongQuery, hit: Hit, performer: Agreement) -> Scored:
    title = compare_titles(query.title, hit.titles)
    called_so = hit.writers if not hit.performers else []
    writer = best_of([shared_name(query.artists, key, text) for key, text in called_so])
    doubts = own_versions(query.title, title.registered)
    known = hit.performer_known or bool(hit.performers)
    one = Scored(hit.work_id, title, performer, writer, known, tuple(hit.ipis), doubts, tuple(hit.titles))
    if hit.releases:
        one.album, one.duration_seconds = compare_albums(query, hit.releases), same_duration(query, hit.releases)
    return one


def score_by_artist(
    query: SongQuery,
    found: Found,
    work_id: int,
    titles: Sequence[str],
    party_ids: Sequence[int],
    weights: Mapping[str, float],
) -> Scored:
    """A work of these parties, of which nothing else speaks for the song."""
    hit = Hit(work_id, list(titles), performers=[found.artists[party_id] for party_id in party_ids])
    performer = best_of([shared_name(query.artists, key, text) for key, text in hit.performers])
    title = Agreement(reported=query.title, registered=titles[0])
    doubts = own_versions(query.title, titles[0])
    one = Scored(work_id, title, performer, NO_AGREEMENT, True, (), doubts, tuple(titles), by_meaning_alone=True)
    one.features = _features(query, found, hit, one)
    one.base = weigh(one.features, weights)
    return one


def _features(query: SongQuery, found: Found, hit: Hit, one: Scored) -> dict[str, float]:
    title, performer = one.title, one.performer
    facts: dict[str, float] = {}
    if title.exact:
        facts["title_whole" if title.whole else "title_part"] = 1.0
        facts["title_long"] = min(weight_of(title.part), LONG_TITLE) / LONG_TITLE
    elif title.why in {"reading", "romanised"}:
        facts[f"title_{title.why}"] = 1.0
    elif title.score > FAINT:
        facts[f"title_{title.why}"] = (title.score - FAINT) / (1 - FAINT)
    if title.score > FAINT and is_short(title.part or title.registered):
        facts["title_short"] = 1.0
    if performer.exact:
        facts["artist_whole" if performer.whole else "artist_part"] = 1.0
    elif performer.why in {"reading", "romanised"}:
        facts[f"artist_{performer.why}"] = 1.0
    elif performer.score > FAINT:
        facts["artist_alike"] = (performer.score - FAINT) / (1 - FAINT)
    elif performer.why == "contained":
        facts["artist_contained"] = 1.0
    if hit.performers and not performer.exact:
        facts["artist_key"] = 1.0
    if not one.performer_known:
        facts["artist_unknown"] = 1.0
    if one.writer.score:
        facts["artist_is_writer"] = 1.0
    if not performer.exact and hit.met:
        shared = min((found.common[key] for key in hit.met if key in found.common), default=1)
        facts["title_common"] = math.log(shared) / math.log(WORKS_OF_A_TITLE)
    if one.doubts:
        facts["own_version"] = 1.0
    if one.ipis:
        facts["ipi"] = 1.0
    if one.album.score:
        facts["album"] = 1.0
    if one.duration_seconds is not None:
        facts["duration"] = 1.0
    return facts


def weight_of(text: str) -> int:
    """How much a text says, in half syllables: a Latin letter 1, a syllable or a character 2."""
    return sum(1 if letter.isascii() else 2 for letter in text if letter.isalnum())


def evidence_of(query: SongQuery, scored: Scored) -> dict[str, Any]:
    """The facts for and against, as data that works.matching.explain puts in words."""
    facts: dict[str, Any] = {}
    if scored.title.score > FAINT:
        facts["title"] = scored.title.as_json()
    else:
        facts["title_differs"] = True
    if scored.by_the_artist or scored.performer.why == "contained":
        facts["performer"] = scored.performer.as_json()
    elif not scored.performer_known:
        facts["performer_unknown"] = True
    else:
        facts["performer_differs"] = True
    if scored.meaning is not None:
        facts["meaning_percent"] = round(100 * scored.meaning)
    if scored.also_called:
        facts["also_called"] = scored.also_called
    if scored.sung_with:
        facts["sung_with"] = scored.sung_with
    facts |= evidence_of_release(query, scored.album, scored.duration_seconds)
    if scored.writer.score:
        facts["writer"] = scored.writer.as_json()
    if scored.ipis:
        facts["ipis"] = list(scored.ipis)
    if scored.doubts:
        facts["versions"] = list(scored.doubts)
    return facts


def best_first(scored: Sequence[Scored]) -> list[Scored]:
    return sorted(scored, key=lambda each: (-each.probability, -each.base, each.work_id))
