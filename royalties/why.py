"""Why this amount: what a statement accounts for, what was deducted, and what every earning was before it was divided."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Final

from django.db.models import Sum

from portal.lib import wording
from portal.lib.keyset import day, whole
from royalties.models import DeductionRule, Earning, Statement

EARNING_KEYS: Final = (day("usage_month", descending=True), whole("id"))
SongKey = tuple[int, int]  # song usage, pool
RightKey = tuple[int, int, int, str]  # song usage, pool, work, right


def rule_text(rule: DeductionRule) -> str:
    """The rule's own words, in the reader's language."""
    texts = {"ko": rule.text_ko, "zh": rule.text_zh, "en": rule.text_en}
    return texts[wording.reading_language()]


def release_of(statement: Statement) -> dict[str, Any] | None:
    """What a released hold had kept, and which part of it this payee got; the hold's own record of how it ended."""
    if statement.hold is None:
        return None
    parts = {part["party"]: part for part in statement.hold.decision["parts"]}
    part = parts[statement.party.ref]
    return {
        "case_ref": statement.hold.case_ref,
        "held": int(statement.hold.decision["won_micros"]),
        "fraction": Fraction(part["numerator"], part["denominator"]),
        "won": int(part["won_micros"]),
    }


def held_by_case(statement: Statement) -> list[dict[str, Any]]:
    """What the same run kept back from this party: by hold, with the case that disputes it and how it ended."""
    rows = (
        Earning.objects.held_from(statement)
        .order_by()
        .values("hold", "hold__case_ref", "hold__state", "work__ref", "work__title")
        .annotate(won=Sum("won_micros"))
        .order_by("-won")
    )
    held = list(rows)
    paid = Statement.objects.filter(hold__in={row["hold"] for row in held}, party=statement.party_id)
    refs = dict(paid.values_list("hold_id", "ref"))
    return [{**row, "statement_ref": refs.get(row["hold"], "")} for row in held]


def song_of(earning: Earning) -> SongKey:
    return earning.song_usage_id, earning.pool_id


def right_of(earning: Earning) -> RightKey:
    return earning.song_usage_id, earning.pool_id, earning.work_id, earning.right


def won_of_songs(earnings: Iterable[Earning]) -> dict[SongKey, int]:
    """What the whole song of each earning made in won, in micros, for all rights and everybody.

    Whoever sees a share of a song sees what the song made (architecture.md, Tenants).
    """
    rows = _beside(earnings).values("song_usage_id", "pool_id").annotate(won=Sum("won_micros"))
    return {(row["song_usage_id"], row["pool_id"]): int(row["won"]) for row in rows}


def won_of_rights(earnings: Iterable[Earning]) -> dict[RightKey, int]:
    """What the song made for the work and the right of each earning, in micros of won, for everybody."""
    rows = _beside(earnings).values("song_usage_id", "pool_id", "work_id", "right").annotate(won=Sum("won_micros"))
    return {(row["song_usage_id"], row["pool_id"], row["work_id"], row["right"]): int(row["won"]) for row in rows}


def _beside(earnings: Iterable[Earning]) -> Any:
    """Everybody's earnings of the same songs."""
    return Earning.objects.filter(song_usage__in={earning.song_usage_id for earning in earnings}).order_by()
