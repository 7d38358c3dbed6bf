"""What follows from the facts: accepted only when one work stands out and two facts agree, else a person or nobody decides.

Rules, first that applies:

1. The ISRC of a registered recording: its works by their fractions; the ISWC of a work: that work. Unless title and
   performer agree wholly with other works only: then a person looks.
2. One work, and no other, has the title and the performer letter by letter, and nothing tells two versions apart: accepted.
3. A writer's IPI and the title agree with one work: accepted.
4. The best work is probable enough to be accepted, and nothing forbids it (see `_why_not`): accepted.
5. It is probable enough to be shown: review. So is a title that agrees where the register knows no performer, or where
   the artist is called like the writer or one's name holds the performer's, and one that differs in few letters by the same artist.
6. Else none; the works that come nearest are named all the same, for whoever searches.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from works.matching.base import Candidate, Decision, Method, SongQuery
from works.matching.compare import Agreement, is_short
from works.matching.exact import Exact, Same
from works.matching.fitted import Fitted
from works.matching.meaning import script_of
from works.matching.score import FAINT, Scored, best_first, evidence_of

ISRC_PERMILLE: Final = 999
ISWC_PERMILLE: Final = 998
IPI_PERMILLE: Final = 980
MAX_CANDIDATES: Final = 10  # shown to a person
SOUNDS_ALIKE: Final = 0.5  # from here on a foreign word and its Hangul are one title, if the artist agrees
SPELT_ALIKE: Final = 0.85  # the same of letters that differ a little
NEARLY_SPELT: Final = 0.8  # from here on a person looks whether it is the same title, if the artist is the same
MEANS_THE_SAME: Final = 0.3  # cosine from which a title may be a translation of another
OTHER_WORKS: Final = 2  # of an artist, that a translation must stand out from
BY_NAME: Final = frozenset({"same", "simplified", "reading", "romanised"})


def decide_exact(query: SongQuery, exact: Exact, fitted: Fitted) -> Decision | None:
    """Rules 1 and 2; None where they say nothing."""
    if exact.by_isrc:
        return _by_identifier(query, "isrc", exact.isrc, exact.by_isrc, ISRC_PERMILLE, exact)
    if exact.by_iswc is not None:
        return _by_identifier(query, "iswc", exact.iswc, [(exact.by_iswc, Fraction(1))], ISWC_PERMILLE, exact)
    without_doubts = [each for each in exact.same if not each.doubts]
    if len(without_doubts) != 1 or is_short(without_doubts[0].title.part or without_doubts[0].title.registered):
        return None
    same, permille = without_doubts[0], round(1000 * fitted.exact)
    facts = _facts_of(same)
    chosen = (Candidate(same.work_id, permille, facts),)
    return Decision(query.key, "accepted", "name", permille, ((same.work_id, Fraction(1)),), chosen, facts)


def decide(query: SongQuery, scored: Sequence[Scored], fitted: Fitted) -> Decision:
    """The other rules, for a song of which decide_exact says nothing. Depends on nothing but the arguments."""
    ranked = best_first(scored)
    by_ipi = [each for each in ranked if each.ipis and each.title.exact]
    if len(by_ipi) == 1 and by_ipi[0].title.whole and not by_ipi[0].doubts:
        return _accept(query, "ipi", by_ipi[0], IPI_PERMILLE)
    if by_ipi:
        return _review(query, "ipi", by_ipi)
    if not ranked:
        return Decision(query.key, "none", "none", 0)
    best = ranked[0]
    enough = fitted.accept if is_one_title(best.title) else fitted.accept_translation
    if best.probability >= enough and not _why_not(query, best, ranked[1:]):
        return _accept(query, "name", best, best.permille)
    if best.probability >= fitted.review and _title_speaks(best):
        return _review(query, "name", ranked)
    doubtful = [each for each in ranked if _is_doubtful(each)]
    if doubtful:
        return _review(query, "title", doubtful)
    near = tuple(_candidate(query, each) for each in ranked[:MAX_CANDIDATES] if each.by_the_artist)
    return Decision(query.key, "none", "none", 0, (), near)


def _why_not(query: SongQuery, best: Scored, others: Sequence[Scored]) -> list[str]:
    """What forbids to accept a work, however probable it is. Only a person decides on

    a title that agrees in nothing, or is contained in another; a translation, but for what `_is_translation` says; an artist
    alone; a title of one syllable; a namesake; a version that may be a work of its own; two works that fit alike.
    """
    title, performer = best.title, best.performer
    return [
        why
        for why, holds in (
            ("title", not is_one_title(title) and not _is_translation(query, best)),
            ("short", is_short(title.part or title.registered)),
            ("artist", performer.why not in BY_NAME and performer.score < SPELT_ALIKE),
            ("version", bool(best.doubts)),
            ("rivals", is_one_title(title) and any(_fits_alike(best, each) for each in others)),
        )
        if holds
    ]


def _is_doubtful(scored: Scored) -> bool:
    """Whether a person should look, however improbable a work is."""
    if scored.title.exact:
        return bool(scored.writer.score) or not scored.performer_known or scored.performer.why == "contained"
    return scored.title.why == "spelling" and scored.title.score >= NEARLY_SPELT and scored.performer.exact


def _title_speaks(scored: Scored) -> bool:
    """Whether anything but the artist speaks for a work."""
    if scored.title.score > FAINT or scored.also_called or scored.sung_with:
        return True
    return scored.meaning is not None and scored.meaning >= MEANS_THE_SAME


def is_one_title(title: Agreement) -> bool:
    if title.why in BY_NAME:
        return True
    return title.score >= (SOUNDS_ALIKE if title.why == "loan" else SPELT_ALIKE) and title.why != "contained"


def _is_translation(query: SongQuery, scored: Scored) -> bool:
    """Whether a work is the song in another language as far as can be told without a person: by the same artist, with no title
    in the song's script that would have to agree, and the one of several works that means the same.

    Of an artist with few works any title means one of them more than the others.
    """
    script = script_of(query.title)
    return (
        scored.performer.exact
        and scored.meaning is not None
        and scored.meaning >= MEANS_THE_SAME
        and scored.other_works >= OTHER_WORKS
        and scored.context["meaning_ahead"] > 0
        and scored.context.get("meaning_wanted", 1) > 0
        and (not scored.sung_with or bool(scored.also_called))
        and all(script_of(title) != script for title in scored.titles)
    )


def _fits_alike(best: Scored, other: Scored) -> bool:
    """Whether another work's title agrees as well as the best one's, its version too, and its artist at all."""
    if other.doubts and not best.doubts:
        return False
    return other.title.score >= best.title.score - 0.02 and other.by_the_artist and other.base >= best.base - 1


def _by_identifier(
    query: SongQuery, method: Method, value: str, parts: Sequence[tuple[int, Fraction]], permille: int, exact: Exact
) -> Decision:
    works = {work_id for work_id, _ in parts}
    known = {each.work_id: _facts_of(each) for each in exact.same}
    candidates = []
    for work_id, _ in parts:
        title = exact.titles[work_id]
        facts = {"title": title.as_json()} if title.score > FAINT else {"title_differs": True}
        identifier = {"kind": method, "value": value}
        candidates.append(Candidate(work_id, permille, {"identifier": identifier, **known.get(work_id, facts)}))
    others = [each for each in exact.same if each.title.whole and each.performer.whole]
    disagrees = bool(others) and not any(each.work_id in works for each in others)
    if disagrees or sum(part for _, part in parts) > 1:
        candidates += [
            Candidate(each.work_id, 500, known[each.work_id]) for each in others if each.work_id not in works
        ]
        evidence = {**candidates[0].evidence, "identifier_disagrees": True}
        best = candidates[0]
        shown = (Candidate(best.work_id, 500, evidence), *candidates[1:MAX_CANDIDATES])
        return Decision(query.key, "review", method, 500, (), shown, evidence)
    return Decision(query.key, "accepted", method, permille, tuple(parts), tuple(candidates), candidates[0].evidence)


def _facts_of(same: Same) -> dict[str, Any]:
    facts: dict[str, Any] = {"title": same.title.as_json(), "performer": same.performer.as_json()}
    if same.doubts:
        facts["versions"] = list(same.doubts)
    return facts


def _candidate(query: SongQuery, scored: Scored, **more: Any) -> Candidate:
    return Candidate(scored.work_id, scored.permille, {**evidence_of(query, scored), **more})


def _accept(query: SongQuery, method: Method, chosen: Scored, permille: int) -> Decision:
    evidence = evidence_of(query, chosen)
    works = ((chosen.work_id, Fraction(1)),)
    return Decision(
        query.key, "accepted", method, permille, works, (Candidate(chosen.work_id, permille, evidence),), evidence
    )


def _review(query: SongQuery, method: Method, ranked: Sequence[Scored]) -> Decision:
    """Candidates, best first, each with the number of others that fit alike."""
    best = ranked[0]
    rivals = sum(_fits_alike(best, each) for each in ranked[1:])
    more = {"rivals": rivals} if rivals else {}
    candidates = tuple(_candidate(query, each, **more) for each in ranked[:MAX_CANDIDATES])
    return Decision(query.key, "review", method, best.permille, (), candidates, candidates[0].evidence)
