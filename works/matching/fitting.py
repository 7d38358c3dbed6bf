"""The weights and thresholds of the matcher, fitted on songs whose truth is known: two small logistic regressions.

The first weighs a candidate's own facts, the second those beside its rivals. What is reported of them comes from a
cross-validation by artist: no artist's songs are judged by weights that they helped to fit.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from works.matching import taken_works
from works.matching.base import SongQuery
from works.matching.candidates import Found, find_candidates
from works.matching.decide import decide, decide_exact, is_one_title
from works.matching.evaluation import Song, f1, in_reports
from works.matching.exact import find_exact
from works.matching.fitted import Fitted
from works.matching.rivals import Pair, add_context, add_nearest, is_open
from works.matching.score import Scored, probability_of, score, weigh
from works.matching.witnesses import Taken, add_told
from works.names.performers import parse_performers

FOLDS: Final = 5
RIDGE: Final = 1.0  # how strongly weights are held to 0
ROUNDS: Final = 40
REPORTS: Final = (4, 50)  # in so many the songs are asked once more
ACCEPT_PRECISION: Final = 0.995  # of accepted songs, in the cross-validation
TRANSLATION_PRECISION: Final = 0.99  # of those accepted because the artist is the same and the title means the same
SET_BY_HAND: Final = {
    "artist_unknown": 2.0,
    "artist_is_writer": 3.0,
    "ipi": 6.0,
    "album": 2.0,
    "duration": 1.5,
}  # facts of which the gold data hold none
ACCEPT_AT_LEAST: Final = 0.5  # nothing less likely than not is accepted, whatever precision was reached below
F1_TO_SPEND: Final = 0.005  # what the highest F1 may be lowered by, to show more songs to a person
FEWEST_ACCEPTED: Final = 50
WRONGLY_ACCEPTED: Final = (
    0.002  # of all songs asked of the other registers, those that only resemble a registered one among them
)


@dataclass
class Asked:
    """Songs asked of one register. Those decided word by word: `exact`, by place the work each was taken to be, and its
    candidates, whose facts are examples all the same. Of the others all that was found. truth: which work each song is (None:
    none of them).

    Of songs that only resemble a registered one, `other_than` names that work; whether they are a third one is not known.
    """

    queries: Sequence[SongQuery]
    truth: Sequence[int | None]
    folds: Sequence[int]
    exact: Mapping[int, int]
    scored_exact: Sequence[list[Scored]]
    places: Sequence[int]  # of the others
    found: Sequence[Found]
    scored: Sequence[list[Scored]]
    taken: Taken
    cosines: Mapping[Pair, float]
    other_than: Sequence[int] = ()

    def is_known(self, place: int, work_id: int) -> bool:
        """Whether the truth of this pair is known."""
        return not self.other_than or work_id == self.other_than[place]

    @property
    def open_queries(self) -> list[SongQuery]:
        return [self.queries[place] for place in self.places]


def ask_register(
    songs: Sequence[Song],
    truth: Sequence[int | None],
    groups: Mapping[str, str],
    start: Fitted,
    other_than: Sequence[int] = (),
) -> Asked:
    """Find and compare the candidates of songs, in the register Django is connected to. groups: artists' names to one of them."""
    queries = [SongQuery(str(place), song.title, song.artist) for place, song in enumerate(songs)]
    decisions = [decide_exact(*each, start) for each in zip(queries, find_exact(queries, {}), strict=True)]
    exact = {place: its.works[0][0] for place, its in enumerate(decisions) if its is not None}
    places = [place for place in range(len(songs)) if place not in exact]
    decided, left = [queries[place] for place in exact], [queries[place] for place in places]
    scored_exact = [score(*each, start.facts) for each in zip(decided, find_candidates(decided, {}), strict=True)]
    found = find_candidates(left, {})
    scored = [score(query, its, start.facts) for query, its in zip(left, found, strict=True)]
    asked = [at for at, query in enumerate(left) if query.title.strip()]
    cosines = add_nearest(
        left, found, scored, asked, start.facts
    )  # of all: while weights change nobody knows which stay open
    folds = [_fold(song, groups) for song in songs]
    taken = taken_works(queries, decisions)
    add_told(left, found, scored, taken, start.facts)
    return Asked(queries, truth, folds, exact, scored_exact, places, found, scored, taken, cosines, other_than)


def _fold(song: Song, groups: Mapping[str, str]) -> int:
    """The same for all songs of an artist, whatever the name."""
    names = [name for each in parse_performers(song.artist) for name in (each.name, *each.aliases)]
    group = next((groups[name] for name in names if name in groups), names[0] if names else "")
    return zlib.crc32(group.casefold().encode()) % FOLDS


def ask_in_reports(
    songs: Sequence[Song], truth: Sequence[int | None], groups: Mapping[str, str], start: Fitted, count: int
) -> list[Asked]:
    """The same songs in so many reports, each asked by itself: the fewer of an artist are asked together, the less they say of each
    other, and the less may follow from that nothing was said.
    """
    return [
        ask_register([songs[place] for place in places], [truth[place] for place in places], groups, start)
        for places in in_reports(songs, count)
    ]


def fit(
    main: Asked, others: Sequence[Asked], start: Fitted, in_small_reports: Sequence[Sequence[Asked]] = ()
) -> Fitted:
    """Weights on all songs; thresholds and figures from a cross-validation by artist, of the songs of `main`.

    in_small_reports: these songs once more, in 4 and in 50 reports. What is accepted must be right as often in any of them.
    """
    every = [main, *(each for its in in_small_reports for each in its), *others]
    judged: list[Judged] = []
    apart: list[list[Judged]] = [[] for _ in in_small_reports]
    elsewhere: list[list[Judged]] = [[] for _ in others]
    for fold in range(FOLDS):
        weights = _fit_weights(every, start, leave_out=fold)
        judged += _judge(main, weights, fold)
        for found, its in zip(apart, in_small_reports, strict=True):
            for each in its:
                found += _judge(each, weights, fold)
        for found, each in zip(elsewhere, others, strict=True):
            found += _judge(each, weights, fold)
    registered = sum(truth is not None for truth in main.truth)
    review = _lowest_review(judged, registered=registered)
    thresholds = []
    for by_meaning, precision in ((False, ACCEPT_PRECISION), (True, TRANSLATION_PRECISION)):
        lowest = [_lowest_accept(_found_by(its, by_meaning=by_meaning), precision) for its in (judged, *apart)]
        few = [
            _few_wrong(_found_by(its, by_meaning=by_meaning), len(each.queries))
            for its, each in zip(elsewhere, others, strict=True)
        ]
        thresholds.append(max(ACCEPT_AT_LEAST, review, *lowest, *few))
    accept, accept_translation = thresholds
    final = _fit_weights(every, start, leave_out=None)
    exact, exact_n = _precision_of_exact([main, *others])
    about = {
        "songs": len(main.queries),
        "exact": exact_n,
        "cross_validated": _figures(judged, review, thresholds, registered=registered),
        "cross_validated_in_reports": {
            str(len(its)): _figures(found, review, thresholds, registered=registered)
            for found, its in zip(apart, in_small_reports, strict=True)
        },
    }
    return replace(final, review=review, accept=accept, accept_translation=accept_translation, exact=exact, about=about)


def _precision_of_exact(asked: Sequence[Asked]) -> tuple[float, int]:
    """How often a song decided word by word is that work as if half a song more were right and half a one wrong, and of how many."""
    known = [
        work_id == each.truth[place]
        for each in asked
        for place, work_id in each.exact.items()
        if each.is_known(place, work_id)
    ]
    return round((sum(known) + 0.5) / (len(known) + 1), 4), len(known)


@dataclass(frozen=True)
class Judged:
    """A song judged by weights that it did not help to fit: how probable its best work is, and whether that is right.

    may_be_accepted: whether no rule forbids to accept it without a person. by_meaning: its title only means the same.
    """

    probability: float
    right: bool
    may_be_accepted: bool
    by_meaning: bool


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
    for at, candidates in enumerate(asked.scored):
        for each in candidates:
            each.base, each.meaning = weigh(each.features, facts), None
        if is_open(candidates):
            still_open.add(at)
    cosines = {pair: cosine for pair, cosine in asked.cosines.items() if pair[0] in still_open} if with_meaning else {}
    scored = [
        [each for each in its if not each.by_meaning_alone or (at, each.work_id) in cosines]
        for at, its in enumerate(asked.scored)
    ]
    for its in asked.scored:
        for each in its:
            each.context = {}
    add_context(asked.open_queries, asked.found, scored, asked.taken, cosines)


def _examples(asked: Sequence[Asked], what: str, leave_out: int | None) -> tuple[list[Mapping[str, float]], list[int]]:
    """Pairs of a song and a candidate as features, each with 1 where it is the right one."""
    rows: list[Mapping[str, float]] = []
    labels: list[int] = []
    for each in asked:
        all_scored = (*zip(each.exact, each.scored_exact, strict=True), *zip(each.places, each.scored, strict=True))
        for place, candidates in all_scored:
            if each.folds[place] != leave_out:
                known = [
                    candidate
                    for candidate in candidates
                    if each.is_known(place, candidate.work_id) and getattr(candidate, what)
                ]
                rows += [getattr(candidate, what) for candidate in known]
                labels += [int(candidate.work_id == each.truth[place]) for candidate in known]
    return rows, labels


def _judge(asked: Asked, weights: Fitted, fold: int) -> list[Judged]:
    _weigh_again(asked, weights.facts, with_meaning=True)
    open_thresholds = replace(weights, review=0.0, accept=0.0, accept_translation=0.0)
    judged = [
        Judged(1.0, work_id == asked.truth[place], may_be_accepted=True, by_meaning=False)
        for place, work_id in asked.exact.items()
        if asked.folds[place] == fold and asked.is_known(place, work_id)
    ]
    for place, candidates in zip(asked.places, asked.scored, strict=True):
        if asked.folds[place] != fold:
            continue
        candidates = [each for each in candidates if each.context]
        for each in candidates:
            each.probability = probability_of(weigh(each.context, weights.with_meaning))
        decision = decide(asked.queries[place], candidates, open_thresholds)
        if decision.outcome != "none":
            best = decision.candidates[0]
            if not asked.is_known(place, best.work_id):
                continue
            its = next(each for each in candidates if each.work_id == best.work_id)
            right, accepted = best.work_id == asked.truth[place], decision.outcome == "accepted"
            judged.append(Judged(its.probability, right, accepted, not is_one_title(its.title)))
    return judged


def _lowest_review(judged: Sequence[Judged], *, registered: int) -> float:
    """The lowest threshold whose F1 is almost the highest: of thresholds that can hardly be told apart the one that shows most, because
    to look at a song costs a person a minute, and to miss one costs its money.
    """
    ordered = sorted(judged, key=lambda each: -each.probability)
    reached, right = [0.0], 0
    for number, each in enumerate(ordered, 1):
        right += each.right
        reached.append(f1(right / number, right / registered))
    enough = max(reached) - F1_TO_SPEND
    shown = max(number for number, its in enumerate(reached) if its >= enough)
    return round(ordered[shown - 1].probability - 0.0005, 3) if shown else 1.0


def _found_by(judged: Sequence[Judged], *, by_meaning: bool) -> list[Judged]:
    return [each for each in judged if each.by_meaning == by_meaning]


def _lowest_accept(judged: Sequence[Judged], precision: float) -> float:
    """The lowest threshold above which the accepted songs are right as often as this."""
    threshold, right = 1.0, 0
    ordered = sorted((each for each in judged if each.may_be_accepted), key=lambda each: -each.probability)
    for number, each in enumerate(ordered, 1):
        right += each.right
        if number >= FEWEST_ACCEPTED and right / number >= precision:
            threshold = each.probability
    return round(threshold - 0.0005, 3)


def _few_wrong(judged: Sequence[Judged], songs: int) -> float:
    """The lowest threshold above which no more of the songs are wrongly accepted than WRONGLY_ACCEPTED allows."""
    wrong = sorted((each.probability for each in judged if each.may_be_accepted and not each.right), reverse=True)
    allowed = int(songs * WRONGLY_ACCEPTED)
    return round(wrong[allowed] + 0.0005, 3) if len(wrong) > allowed else 0.0


def _figures(judged: Sequence[Judged], review: float, accept: Sequence[float], *, registered: int) -> dict[str, float]:
    shown = [each for each in judged if each.probability >= review]
    accepted = [each for each in judged if each.may_be_accepted and each.probability >= accept[each.by_meaning]]
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
