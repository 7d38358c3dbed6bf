"""The shares of a work as a dispute sees them: by number to choose one, and with the disputed part as a piece of its own."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from django.utils import timezone

from claims.models import Case
from works.models import Party, Share, Work


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of the work that one party owns today; of the disputed share, what is disputed and what is not are two."""

    party: Party
    part: Fraction
    is_of_disputed_share: bool
    is_disputed: bool


def numbered_shares(work: Work) -> dict[int, Share]:
    """The shares that stand, by their number in the order they were ever made: it never changes, because none is deleted."""
    made = work.shares.select_related("party__organisation").order_by("pk")
    return {number: share for number, share in enumerate(made, start=1) if share.until_date is None}


def pieces_today(case: Case) -> list[Piece]:
    """Who owns the right of the disputed share today. Empty for a song, and once the case is closed."""
    if case.share is None or case.state == Case.State.CLOSED:
        return []
    in_force = case.work.shares.in_force(timezone.localdate()).filter(right=case.share.right)
    pieces: list[Piece] = []
    for share in in_force.select_related("party").order_by("pk"):
        of_disputed = share.pk == case.share_id
        parts = (
            [(share.fraction - case.fraction, False), (case.fraction, True)]
            if of_disputed
            else [(share.fraction, False)]
        )
        pieces += [
            Piece(party=share.party, part=part, is_of_disputed_share=of_disputed, is_disputed=is_disputed)
            for part, is_disputed in parts
            if part
        ]
    return pieces
