"""What speaks for and against a work, as numbers: features, and the log-odds that the fitted weights make of them.

The weights are fitted on pairs whose truth is known (`manage.py fit_matching`) and frozen in fitted.json. Features are
0 or 1 unless said otherwise, so that a weight can be read: how much a fact adds to the log-odds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from works.matching.base import SongQuery
from works.matching.candidates import WORKS_OF_A_TITLE, Found, Hit
from works.matching.compare import REMEMBERED, Agreement, best_of, compare_names, compare_titles, is_short, shared_name
from works.names.script import detect_script, same_script
from works.names.titles import parse_title

OWN_WORKS: Final = ("cover", "adaptation", "medley", "language:")  # versions that may be works of their own
FAINT: Final = 0.4  # below it a likeness of letters says nothing
SAME_ARTIST: Final = 0.5  # from here on two names may be one artist's
LONG_TITLE: Final = 24  # half syllables; from here on a title of its own says as much as it can


@dataclass
class Scored:
    """A candidate with its agreements. base: log-odds from its own facts alone; the rest comes from its rivals (rivals.py)."""

    work_id: int
    title: Agreement
    performer: Agreement
    writer: Agreement
    performer_known: bool
    ipis: tuple[str, ...]
    doubts: tuple[str, ...]
    translatable: bool  # no title of the work is in the script of the song's
    features: dict[str, float] = field(default_factory=dict)
    base: float = 0.0
    context: dict[str, float] = field(default_factory=dict)
    meaning: float | None = None
    probability: float = 0.0

    @property
    def by_the_artist(self) -> bool:
        """Whether the work is one of an artist who may be the song's."""
        return self.performer.score >= SAME_ARTIST

    @property
    def permille(self) -> int:
        return max(1, min(999, round(self.probability * 1000)))


def score(query: SongQuery, found: Found, weights: Mapping[str, float]) -> list[Scored]:
    """Every candidate of a song, in the order of their numbers, with its facts and what they weigh."""
    scored = []
    for hit in sorted(found.hits.values(), key=lambda each: each.work_id):
        one = _compare(query, hit)
        one.features = _features(query, found, hit, one)
        one.base = weigh(one.features, weights)
        scored.append(one)
    return scored


def weigh(features: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Log-odds: the sum of the features by their weights; "always" counts for every pair."""
    return weights["always"] + sum(value * weights.get(name, 0.0) for name, value in features.items())


def probability_of(log_odds: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))


def _compare(query: SongQuery, hit: Hit) -> Scored:
    title = compare_titles(query.title, hit.titles)
    if hit.performers:
        performer = best_of([shared_name(query.artists, key, text) for key, text in hit.performers])
    else:
        performer = compare_names(query.artists, hit.names) if title.score > FAINT else Agreement()
    writer = best_of([shared_name(query.artists, key, text) for key, text in hit.writers])
    doubts = own_versions(query.title, title.registered)
    known = hit.performer_known or bool(hit.performers)
    script = _script(query.title)
    translatable = not any(same_script(script, _script(text)) for text in hit.titles)
    return Scored(hit.work_id, title, performer, writer, known, tuple(hit.ipis), doubts, translatable)


@lru_cache(maxsize=REMEMBERED)
def _script(title: str) -> str:
    return detect_script(parse_title(title).main)


def own_versions(reported: str, registered: str) -> tuple[str, ...]:
    """The remarks on one side only that may make another work of it."""
    here, there = (set(parse_title(text).versions) for text in (reported, registered))
    return tuple(sorted(tag for tag in here ^ there if tag.startswith(OWN_WORKS)))


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
    if hit.performers and not performer.exact:
        facts["artist_key"] = 1.0
    if not one.performer_known:
        facts["artist_unknown"] = 1.0
    if one.writer.score:
        facts["artist_is_writer"] = 1.0
    if not performer.exact and hit.met:
        shared = min((found.common.get(key, 1) for key, _ in hit.met), default=1)
        facts["title_common"] = math.log(max(1, shared)) / math.log(WORKS_OF_A_TITLE)
    if one.doubts:
        facts["own_version"] = 1.0
    if one.ipis:
        facts["ipi"] = 1.0
    return facts


def weight_of(text: str) -> int:
    """How much a text says, in half syllables: a Latin letter 1, a syllable or a character 2."""
    return sum(1 if letter.isascii() else 2 for letter in text if letter.isalnum())


def evidence_of(scored: Scored) -> dict[str, Any]:
    """The facts for and against, as data that works.matching.explain puts in words."""
    facts: dict[str, Any] = {}
    if scored.title.score > FAINT:
        facts["title"] = scored.title.as_json()
    else:
        facts["title_differs"] = True
    if scored.by_the_artist:
        facts["performer"] = scored.performer.as_json()
    elif not scored.performer_known:
        facts["performer_unknown"] = True
    else:
        facts["performer_differs"] = True
    if scored.meaning is not None:
        facts["meaning_percent"] = round(100 * scored.meaning)
    if scored.writer.score:
        facts["writer"] = scored.writer.as_json()
    if scored.ipis:
        facts["ipis"] = list(scored.ipis)
    if scored.doubts:
        facts["versions"] = list(scored.doubts)
    return facts


def best_first(scored: Sequence[Scored]) -> list[Scored]:
    return sorted(scored, key=lambda each: (-each.probability, -each.base, each.work_id))
