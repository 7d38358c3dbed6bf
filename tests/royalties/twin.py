"""The plain twin of royalties.distribution: the same rule, song by song, with royalties.allocation. The oracle of its tests.

It shares no code with the SQL: it reads the tables through the ORM and divides with `allocate` and `works.shares`.
"""

from __future__ import annotations

from fractions import Fraction

from royalties.allocation import allocate
from royalties.models import Hold, KaraokePrice, Match, Pool, RightSplit, SongUsage
from tests.royalties.build import OURS
from works.models import Affiliation, Share, Work
from works.shares import (
    AffiliationFact,
    Basis,
    Cell,
    HoldFact,
    ShareFact,
    apply_holds,
    divide_work,
    keep_words,
    music_parts,
    pay_side,
    side_parts,
    unknown_words,
)

CHINA = 156
Key = tuple[int, int, str, int]  # song usage, work, right, place of the cell
Row = tuple[str, int | None, int, int]  # state, party, micros received, micros of won


def expected_earnings(pool: Pool) -> dict[Key, Row]:
    """Every earning that the songs of a pool make, if all were distributed now."""
    weights = {f"rejected|{r.sha256}": max(0, int(r.rejected_micros)) for r in pool.reports.all()}
    usages = {
        song_key(usage): usage
        for usage in SongUsage.objects.filter(report__pools=pool).select_related("recording", "report")
    }
    weights |= {key: usage.amount_micros for key, usage in usages.items()}
    received, won = allocate(pool.source_micros, weights), allocate(pool.won_micros, weights)
    found: dict[Key, Row] = {}
    for key, usage in usages.items():
        match = usage.recording.matches.get(superseded_at=None)
        if match.outcome == Match.Outcome.ACCEPTED:
            found |= earnings_of(usage, match, received[key], won[key])
    return found


def song_key(usage: SongUsage) -> str:
    words = [usage.recording.key, usage.service, f"{usage.usage_month:%Y-%m}", f"{usage.amount_micros!s:0>20}"]
    return "|".join([*words, usage.report.basis, usage.report.sha256])


def earnings_of(usage: SongUsage, match: Match, received: int, won: int) -> dict[Key, Row]:
    split = RightSplit.objects.filter(source=usage.report.source, from_date__lte=usage.usage_month).latest("from_date")
    if usage.words_uses is None:
        return side_of(usage, match, split, "", received, won)
    price = KaraokePrice.objects.filter(source=usage.report.source, from_date__lte=usage.usage_month).latest(
        "from_date"
    )
    weights = {
        "words": usage.words_uses * Fraction(price.words_price),
        "music": (usage.music_uses or 0) * Fraction(price.music_price),
    }
    amounts, in_won = allocate(received, weights), allocate(won, weights)
    found: dict[Key, Row] = {}
    for side in ("words", "music"):
        found |= side_of(usage, match, split, side, amounts[side], in_won[side])
    return found


def side_of(usage: SongUsage, match: Match, split: RightSplit, side: str, received: int, won: int) -> dict[Key, Row]:
    song_hold = Hold.objects.filter(recording=usage.recording, state="open", from_date__lte=usage.usage_month).first()
    cells: dict[str, tuple[int, str, int, Cell]] = {}
    weights: dict[str, Fraction | int] = {}
    for part in match.works.select_related("work"):
        for right, of_right in split.fractions().items():
            for place, cell in enumerate(
                cells_of(part.work, right, usage, side, music_alone=part.music_alone), start=1
            ):
                key = f"{part.work_id:020d}|{right}|{place:06d}"
                cells[key] = (part.work_id, right, place, cell)
                weights[key] = Fraction(part.numerator, part.denominator) * of_right * cell.fraction
    weights["~ not a registered work"] = max(Fraction(0), 1 - sum(weights.values(), Fraction(0)))
    amounts, in_won = allocate(received, weights), allocate(won, weights)
    found: dict[Key, Row] = {}
    for key, (work_id, right, place, cell) in cells.items():
        if amounts[key] or in_won[key]:
            held = song_hold is not None and cell.state in {"payable", "suspense"}
            state = "held" if held else cell.state.value
            found[usage.pk, work_id, side + right, place] = (state, cell.party_id, amounts[key], in_won[key])
    return found


def cells_of(work: Work, right: str, usage: SongUsage, side: str, *, music_alone: bool) -> list[Cell]:
    shares = [
        ShareFact(
            s.pk, s.party_id, s.right, s.territory, s.fraction, s.from_date, s.until_date, s.role, s.writer_share_id
        )
        for s in Share.objects.filter(work=work)
    ]
    affiliations = [
        AffiliationFact(a.party_id, a.kind, a.society_id or "", a.right, a.territory, a.from_date, a.until_date)
        for a in Affiliation.objects.filter(party__shares__work=work).distinct()
    ]
    holds = [
        HoldFact(h.pk, h.share_id, Fraction(h.numerator, h.denominator))
        for h in Hold.objects.filter(work=work, state="open", from_date__lte=usage.usage_month)
    ]
    basis = Basis.CLAIMED if usage.report.basis == "claimed" else Basis.WHOLE
    divided = divide_work(
        shares, affiliations, right=right, territory=CHINA, day=usage.usage_month, basis=basis, ours=OURS
    )
    if side == "words" and music_alone:
        divided = unknown_words()
    elif side:
        parts = side_parts(shares, right, CHINA, usage.usage_month)
        divided = pay_side(divided, {share: part[side == "music"] for share, part in parts.items()})
    elif music_alone:
        divided = keep_words(divided, music_parts(shares, right, CHINA, usage.usage_month))
    return apply_holds(divided, holds)
