"""The weights and thresholds of the matcher, fitted on songs whose truth is known: two small logistic regressions.

The first weighs a candidate's own facts, the second those beside its rivals. What is reported of them comes from a
cross-validation by artist: no artist's songs are judged by weights that they helped to fit. numpy is needed here alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from works.matching.base import SongQuery
from works.matching.candidates import Found, find_candidates
from works.matching.decide import decide
from works.matching.evaluation import Song, f1
from works.matching.fitted import Fitted
from works.matching.rivals import SURE, Pair, add_context, compare_meanings
from works.matching.score import Scored, probability_of, score, weigh
from works.names.performers import parse_performers

FOLDS: Final = 5
RIDGE: Final = 1.0  # how strongly weights are held to 0
ROUNDS: Final = 40
ACCEPT_PRECISION: Final = 0.995  # of accepted songs, in the cross-validation
SET_BY_HAND: Final = {
    "artist_unknown": 2.0,
    "artist_is_writer": 3.0,
    "ipi": 6.0,
}  # facts of which the gold data hold none
ACCEPT_AT_LEAST: Final = 0.5  # nothing less likely than not is accepted, whatever precision was reached below
FEWEST_ACCEPTED: Final = 50
WRONGLY_ACCEPTED: Final = (
    0.002  # of all songs asked of the other registers, those that only resemble a registered one among them
)


@dataclass
class Asked:
    """Songs asked of one register, with all that was found, and which work each is (None: none of them).

    Of songs that only resemble a registered one, `other_than` names that work; whether they are a third one is not known.
    """

    queries: Sequence[SongQuery]
    found: Sequence[Found]
    scored: Sequence[list[Scored]]
    truth: Sequence[int | None]
    folds: Sequence[int]
    cosines: Mapping[Pair, float]
    other_than: Sequence[int] = ()

    def is_known(self, place: int, work_id: int) -> bool:
        """Whether the truth of this pair is known."""
        return not self.other_than or work_id == self.other_than[place]


def ask_register(
    songs: Sequence[Song],
    truth: Sequence[int | None],
    groups: Mapping[str, str],
    start: Fitted,
    other_than: Sequence[int] = (),
) -> Asked:
    """Find and compare the candidates of songs, in the register Django is connected to. groups: artists' names to one of them."""
    queries = [SongQuery(str(place), song.title, song.artist) for place, song in enumerate(songs)]
    found = find_candidates(queries, {})
    scored = [score(query, its, start.facts) for query, its in zip(queries, found, strict=True)]
    for candidates in scored:  # all pairs are compared, for while weights change nobody knows which letters leave open
        for each in candidates:
            each.base = -1.0
    cosines = compare_meanings(queries, scored)
    return Asked(queries, found, scored, truth, [_fold(song, groups) for song in songs], cosines, other_than)


def _fold(song: Song, groups: Mapping[str, str]) -> int:
    """The same for all songs of an artist, whatever the name."""
    names = [name for each in parse_performers(song.artist) for name in (each.name, *each.aliases)]
    group = next((groups[name] for name in names if name in groups), names[0] if names else "")
    return zlib.crc32(group.casefold().encode()) % FOLDS


def fit(main: Asked, others: Sequence[Asked], start: Fitted) -> Fitted:
    """Weights on all songs; thresholds and figures from a cross-validation by artist, of the songs of `main`."""
    judged: list[Judged] = []
    elsewhere: list[list[Judged]] = [[] for _ in others]
    for fold in range(FOLDS):
        weights = _fit_weights([main, *others], start, leave_out=fold)
        judged += _judge(main, weights, fold)
        for its, each in zip(elsewhere, others, strict=True):
            its += _judge(each, weights, fold)
    review = _best_review(judged, registered=sum(truth is not None for truth in main.truth))
    accept = max(
        ACCEPT_AT_LEAST,
        review,
        _lowest_accept(judged),
        *(_few_wrong(its, len(each.queries)) for its, each in zip(elsewhere, others, strict=True)),
    )
    final = _fit_weights([main, *others], start, leave_out=None)
    about = {
        "songs": len(main.queries),
        "cross_validated": _figures(judged, review, accept, registered=sum(truth is not None for truth in main.truth)),
    }
    return replace(final, review=review, accept=accept, about=about)


@dataclass(frozen=True)
class Judged:
    """A song judged by weights that it did not help to fit: how probable its best work is, and whether that is right.

    may_be_accepted: whether no rule forbids to accept it without a person.
    """

    probability: float
    right: bool
    may_be_accepted: bool


def _fit_weights(asked: Sequence[Asked], start: Fitted, *, leave_out: int | None) -> Fitted:
    facts = {**SET_BY_HAND, **logistic(*_examples(asked, "features", leave_out))}
    found: dict[str, dict[str, float]] = {}
    for name, with_meaning in (("with_meaning", True), ("without_meaning", False)):
        for each in asked:
            _weigh_again(each, facts, with_meaning=with_meaning)
        found[name] = logistic(*_examples(asked, "context", leave_out))
    return replace(start, facts=facts, with_meaning=found["with_meaning"], without_meaning=found["without_meaning"])


def _weigh_again(asked: Asked, facts: Mapping[str, float], *, with_meaning: bool) -> None:
    still_open = set()
    for place, candidates in enumerate(asked.scored):
        for each in candidates:
            each.base, each.meaning = weigh(each.features, facts), None
        if all(each.base < SURE for each in candidates):
            still_open.add(place)
    cosines = {pair: cosine for pair, cosine in asked.cosines.items() if pair[0] in still_open} if with_meaning else {}
    add_context(asked.queries, asked.scored, cosines)


def _examples(asked: Sequence[Asked], what: str, leave_out: int | None) -> tuple[list[Mapping[str, float]], list[int]]:
    """Pairs of a song and a candidate as features, each with 1 where it is the right one."""
    rows: list[Mapping[str, float]] = []
    labels: list[int] = []
    for each in asked:
        for place, (candidates, truth, fold) in enumerate(zip(each.scored, each.truth, each.folds, strict=True)):
            if fold != leave_out:
                known = [candidate for candidate in candidates if each.is_known(place, candidate.work_id)]
                rows += [getattr(candidate, what) for candidate in known]
                labels += [int(candidate.work_id == truth) for candidate in known]
    return rows, labels


def _judge(asked: Asked, weights: Fitted, fold: int) -> list[Judged]:
    _weigh_again(asked, weights.facts, with_meaning=True)
    open_thresholds = replace(weights, review=0.0, accept=0.0)
    judged = []
    for place, (query, found, candidates, truth) in enumerate(
        zip(asked.queries, asked.found, asked.scored, asked.truth, strict=True)
    ):
        if asked.folds[place] != fold:
            continue
        for each in candidates:
            each.probability = probability_of(weigh(each.context, weights.with_meaning))
        decision = decide(query, found, candidates, open_thresholds)
        if decision.outcome != "none":
            best = decision.candidates[0]
            if not asked.is_known(place, best.work_id):
                continue
            probability = next(each.probability for each in candidates if each.work_id == best.work_id)
            judged.append(Judged(probability, best.work_id == truth, decision.outcome == "accepted"))
    return judged


def _best_review(judged: Sequence[Judged], *, registered: int) -> float:
    """The threshold with the highest F1."""
    best, threshold, right = 0.0, 1.0, 0
    ordered = sorted(judged, key=lambda each: -each.probability)
    for number, each in enumerate(ordered, 1):
        right += each.right
        reached = f1(right / number, right / registered)
        if reached > best:
            best, threshold = reached, each.probability
    return round(threshold - 0.0005, 3)


def _lowest_accept(judged: Sequence[Judged]) -> float:
    """The lowest threshold above which the accepted songs are right as often as ACCEPT_PRECISION asks."""
    threshold, right = 1.0, 0
    ordered = sorted((each for each in judged if each.may_be_accepted), key=lambda each: -each.probability)
    for number, each in enumerate(ordered, 1):
        right += each.right
        if number >= FEWEST_ACCEPTED and right / number >= ACCEPT_PRECISION:
            threshold = each.probability
    return round(threshold - 0.0005, 3)


def _few_wrong(judged: Sequence[Judged], songs: int) -> float:
    """The lowest threshold above which no more of the songs are wrongly accepted than WRONGLY_ACCEPTED allows."""
    wrong = sorted((each.probability for each in judged if each.may_be_accepted and not each.right), reverse=True)
    allowed = int(songs * WRONGLY_ACCEPTED)
    return round(wrong[allowed] + 0.0005, 3) if len(wrong) > allowed else 0.0


def _figures(judged: Sequence[Judged], review: float, accept: float, *, registered: int) -> dict[str, float]:
    shown = [each for each in judged if each.probability >= review]
    accepted = [each for each in judged if each.may_be_accepted and each.probability >= accept]
    right, sure = sum(each.right for each in shown), sum(each.right for each in accepted)
    precision, recall = right / max(1, len(shown)), right / registered
    return {
        "f1": round(f1(precision, recall), 4), "precision": round(precision, 4), "recall": round(recall, 4),
        "auto_precision": round(sure / max(1, len(accepted)), 4), "auto_recall": round(sure / registered, 4),
    }  # fmt: skip


def logistic(rows: Sequence[Mapping[str, float]], labels: Sequence[int]) -> dict[str, float]:
    """Weights of a logistic regression by Newton's method, with a ridge on all but "always"."""
    import numpy as np

    names = ["always", *sorted({name for row in rows for name in row})]
    column = {name: at for at, name in enumerate(names)}
    x = np.zeros((len(rows), len(names)))
    x[:, 0] = 1.0
    for at, row in enumerate(rows):
        for name, value in row.items():
            x[at, column[name]] = value
    y = np.asarray(labels, dtype=float)
    ridge = np.full(len(names), RIDGE)
    ridge[0] = 1e-6
    weights = np.zeros(len(names))
    for _ in range(ROUNDS):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        gradient = x.T @ (p - y) + ridge * weights
        hessian = (x * (p * (1 - p))[:, None]).T @ x + np.diag(ridge + 1e-9)
        step = np.linalg.solve(hessian, gradient)
        weights -= step
        if np.abs(step).max() < 1e-8:
            break
    return {name: round(float(weights[at]), 3) for name, at in column.items()}
