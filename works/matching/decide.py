"""What follows from the probabilities: accepted only when one work stands out and two facts agree, else a person or nobody decides.

Rules, first that applies:

1. The ISRC of a registered recording: its works by their fractions; the ISWC of a work: that work. Unless title and
   performer agree wholly with other works only: then a person looks.
2. A writer's IPI and the title agree with one work: accepted.
3. The best work is probable enough to be accepted, and nothing forbids it (see `_why_not`): accepted.
4. It is probable enough to be shown: review. So is a title that agrees where the register knows no performer, or where
   the artist is called like the writer.
5. Else none; the works that come nearest are named all the same, for whoever searches.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from works.matching.base import Candidate, Decision, Method, SongQuery
from works.matching.candidates import Found
from works.matching.compare import Agreement, is_short
from works.matching.fitted import Fitted
from works.matching.score import FAINT, Scored, best_first, evidence_of

ISRC_PERMILLE: Final = 999
ISWC_PERMILLE: Final = 998
IPI_PERMILLE: Final = 980
MAX_CANDIDATES: Final = 10  # shown to a person
SOUNDS_ALIKE: Final = 0.5  # from here on a foreign word and its Hangul are one title, if the artist agrees
SPELT_ALIKE: Final = 0.85  # the same of letters that differ a little
MEANS_THE_SAME: Final = 0.3  # cosine from which a title may be a translation of another
BY_NAME: Final = frozenset({"same", "simplified", "reading", "romanised"})


def decide(query: SongQuery, found: Found, scored: Sequence[Scored], fitted: Fitted) -> Decision:
    """The decision about one song. Depends on nothing but the arguments."""
    ranked = best_first(scored)
    if found.by_isrc:
        return _by_identifier(query, "isrc", found.isrc, found.by_isrc, ISRC_PERMILLE, ranked)
    if found.by_iswc is not None:
        return _by_identifier(query, "iswc", found.iswc, [(found.by_iswc, Fraction(1))], ISWC_PERMILLE, ranked)
    by_ipi = [each for each in ranked if each.ipis and each.title.exact]
    if len(by_ipi) == 1 and by_ipi[0].title.whole and not by_ipi[0].doubts:
        return _accept(query, "ipi", by_ipi[0], IPI_PERMILLE)
    if by_ipi:
        return _review(query, "ipi", by_ipi)
    if not ranked:
        return Decision(query.key, "none", "none", 0)
    best = ranked[0]
    if best.probability >= fitted.accept and not _why_not(best, ranked[1:]):
        return _accept(query, "name", best, best.permille)
    if best.probability >= fitted.review and _title_speaks(best):
        return _review(query, "name", ranked)
    doubtful = [each for each in ranked if each.title.exact and (each.writer.score or not each.performer_known)]
    if doubtful:
        return _review(query, "title", doubtful)
    near = tuple(_candidate(each) for each in ranked[:MAX_CANDIDATES] if each.by_the_artist)
    return Decision(query.key, "none", "none", 0, (), near)


def _why_not(best: Scored, others: Sequence[Scored]) -> list[str]:
    """What forbids to accept a work, however probable it is. Only a person decides on

    a title that agrees in nothing, or is contained in another; a translation, unless the artist is the same by name, no other work
    of the artist comes near, and no other song is nearer to this one; an artist alone; a title of one syllable; a namesake; a
    version that may be a work of its own; two works that fit alike.
    """
    title, performer = best.title, best.performer
    return [
        why
        for why, holds in (
            ("title", not _is_one_title(title) and not _is_translation(best)),
            ("short", is_short(title.part or title.registered)),
            ("artist", performer.why not in BY_NAME and performer.score < SPELT_ALIKE),
            ("version", bool(best.doubts)),
            ("rivals", any(_fits_alike(best, each) for each in others)),
        )
        if holds
    ]


def _title_speaks(scored: Scored) -> bool:
    """Whether anything but the artist speaks for a work."""
    return scored.title.score > FAINT or (scored.meaning is not None and scored.meaning >= MEANS_THE_SAME)


def _is_one_title(title: Agreement) -> bool:
    if title.why in BY_NAME:
        return True
    return title.score >= (SOUNDS_ALIKE if title.why == "loan" else SPELT_ALIKE) and title.why != "contained"


def _is_translation(scored: Scored) -> bool:
    return (
        scored.translatable
        and scored.performer.exact
        and scored.meaning is not None
        and scored.meaning >= MEANS_THE_SAME
        and scored.context["meaning_ahead"] > 0
        and scored.context["meaning_wanted"] > 0
    )


def _fits_alike(best: Scored, other: Scored) -> bool:
    """Whether another work's title agrees as well as the best one's, its version too, and its artist at all."""
    if other.doubts and not best.doubts:
        return False
    return other.title.score >= best.title.score - 0.02 and other.by_the_artist and other.base >= best.base - 1


def _by_identifier(
    query: SongQuery,
    method: Method,
    value: str,
    parts: Sequence[tuple[int, Fraction]],
    permille: int,
    scored: Sequence[Scored],
) -> Decision:
    works = {work_id for work_id, _ in parts}
    known = {each.work_id: evidence_of(each) for each in scored}
    candidates = [
        Candidate(work_id, permille, {"identifier": {"kind": method, "value": value}, **known.get(work_id, {})})
        for work_id, _ in parts
    ]
    others = [
        each
        for each in scored
        if each.title.exact and each.title.whole and each.performer.exact and each.performer.whole
    ]
    disagrees = bool(others) and not any(each.work_id in works for each in others)
    if disagrees or sum(part for _, part in parts) > 1:
        candidates += [
            Candidate(each.work_id, each.permille, evidence_of(each)) for each in others if each.work_id not in works
        ]
        evidence = {**candidates[0].evidence, "identifier_disagrees": True}
        best = candidates[0]
        shown = (Candidate(best.work_id, 500, evidence), *candidates[1:MAX_CANDIDATES])
        return Decision(query.key, "review", method, 500, (), shown, evidence)
    return Decision(query.key, "accepted", method, permille, tuple(parts), tuple(candidates), candidates[0].evidence)


def _candidate(scored: Scored, **more: Any) -> Candidate:
    return Candidate(scored.work_id, scored.permille, {**evidence_of(scored), **more})


def _accept(query: SongQuery, method: Method, chosen: Scored, permille: int) -> Decision:
    evidence = evidence_of(chosen)
    works = ((chosen.work_id, Fraction(1)),)
    return Decision(
        query.key, "accepted", method, permille, works, (Candidate(chosen.work_id, permille, evidence),), evidence
    )


def _review(query: SongQuery, method: Method, ranked: Sequence[Scored]) -> Decision:
    """Candidates, best first, each with the number of others that fit alike."""
    best = ranked[0]
    rivals = sum(_fits_alike(best, each) for each in ranked[1:])
    more = {"rivals": rivals} if rivals else {}
    candidates = tuple(_candidate(each, **more) for each in ranked[:MAX_CANDIDATES])
    return Decision(query.key, "review", method, best.permille, (), candidates, candidates[0].evidence)
