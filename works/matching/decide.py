"""What follows from the scores: accepted only when one work stands out and two facts agree, else a person or nobody decides.

Rules, first that applies:

1. The ISRC of a registered recording: its works by their fractions; the ISWC of a work: that work. Unless title and
   performer agree wholly with other works only: then a person looks.
2. Title and performer agree with one work: accepted. Where only a part of the title agrees, or its reading, the performer
   must agree by more than a reading and no other work may compete; versions that are works of their own (cover, adaptation, medley,
   another language) are looked at.
3. A writer's IPI and the title agree with one work: accepted.
4. Title and performer agree with several works, the register knows no performer, or the artist is the writer: review.
5. The same title by somebody else is another song: none.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from works.matching.base import Candidate, Decision, Method, SongQuery
from works.matching.candidates import Found
from works.matching.score import Level, Scored, evidence_of, score
from works.names.titles import parse_title

ISRC_PERMILLE: Final = 999
ISWC_PERMILLE: Final = 998
MAX_CANDIDATES: Final = 10  # shown to a person
OWN_WORKS: Final = ("cover", "adaptation", "medley", "language:")  # versions that may be works of their own


def decide(query: SongQuery, found: Found) -> Decision:
    """The decision about one song. Depends on nothing but the arguments."""
    scored = sorted((score(query, hit) for hit in found.hits.values()), key=lambda each: (-each.permille, each.work_id))
    agreeing = [each for each in scored if each.performer.level]
    if found.by_isrc:
        return _by_identifier(query, "isrc", found.isrc, found.by_isrc, ISRC_PERMILLE, scored)
    if found.by_iswc is not None:
        return _by_identifier(query, "iswc", found.iswc, [(found.by_iswc, Fraction(1))], ISWC_PERMILLE, scored)
    if agreeing:
        return _by_name(query, agreeing)
    by_ipi = [each for each in scored if each.ipis and each.title.level >= Level.PART]
    if len(by_ipi) == 1 and by_ipi[0].title.level is Level.WHOLE:
        return _accept(query, "ipi", by_ipi[0])
    doubtful = by_ipi or [each for each in scored if each.writer.level or not each.performer_known]
    if doubtful:
        return _review(query, "ipi" if by_ipi else "title", doubtful)
    return Decision(query.key, "none", "none", 0)


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
    others = [each for each in scored if each.title.level is Level.WHOLE and each.performer.level is Level.WHOLE]
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


def _by_name(query: SongQuery, agreeing: Sequence[Scored]) -> Decision:
    competing = [each for each in agreeing if each.title.level is Level.WHOLE or not _doubts(query, each)]
    if not competing:
        return _review(query, "name", agreeing, _doubts(query, agreeing[0]))
    top = max(each.title.level for each in competing)
    best = [each for each in competing if each.title.level is top]
    if len(best) > 1:
        return _review(query, "name", agreeing)
    if top is Level.WHOLE or (len(competing) == 1 and best[0].performer.level is not Level.READING):
        return _accept(query, "name", best[0])
    return _review(query, "name", agreeing)


def _doubts(query: SongQuery, chosen: Scored) -> list[str]:
    """The remarks on one side only that may make another work of it."""
    here, there = (set(parse_title(text).versions) for text in (query.title, chosen.title.registered))
    return sorted(tag for tag in here ^ there if tag.startswith(OWN_WORKS))


def _accept(query: SongQuery, method: Method, chosen: Scored) -> Decision:
    evidence = evidence_of(chosen)
    works = ((chosen.work_id, Fraction(1)),)
    candidate = Candidate(chosen.work_id, chosen.permille, evidence)
    return Decision(query.key, "accepted", method, chosen.permille, works, (candidate,), evidence)


def _review(query: SongQuery, method: Method, scored: Sequence[Scored], doubts: Sequence[str] = ()) -> Decision:
    """Candidates, best first; what is probable of one is less so when several compete."""
    shown = scored[:MAX_CANDIDATES]
    candidates = []
    for each in shown:
        evidence: dict[str, Any] = evidence_of(each)
        if len(scored) > 1:
            evidence["rivals"] = len(scored) - 1
        if doubts:
            evidence["versions"] = list(doubts)
        candidates.append(Candidate(each.work_id, min(each.permille, 900) // len(scored), evidence))
    return Decision(
        query.key, "review", method, candidates[0].probability_permille, (), tuple(candidates), candidates[0].evidence
    )
