"""Why this amount: what a statement accounts for, what was deducted, and what every earning was before it was divided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, Final

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from portal.lib import wording
from portal.lib.keyset import day, whole
from portal.lib.money import MICROS
from royalties.models import DeductionRule, Earning, KaraokePrice, Statement
from royalties.prices import price_in_force

EARNING_KEYS: Final = (day("usage_month", descending=True), whole("id"))
SONG: Final = ("song_usage_id", "pool_id", "run_id", "takes_back")
SongKey = tuple[int, int, int, bool]  # song usage, pool, run, and whether it is taken back
RightKey = tuple[int, int, int, bool, int, str, str]  # of a song: work, right, and the words or the music of karaoke
SideKey = tuple[int, int, int, bool, str]  # of a song: words or music


def rule_text(rule: DeductionRule) -> str:
    """The rule's own words, in the reader's language."""
    texts = {"ko": rule.text_ko, "zh": rule.text_zh, "en": rule.text_en}
    return texts[wording.reading_language()]


def words_of_carried(carried_micros: int) -> tuple[str, str]:
    """What stays on a payee's account from a statement, as it is called, and why it does."""
    if carried_micros <= -MICROS:
        return _("Carried on as a debt"), _(
            "More was taken back than was earned. Nothing has to be paid back now: later money makes it up."
        )
    if carried_micros >= MICROS:
        return _("Makes up for a debt"), _(
            "More had been taken back before than was earned. So much of that is made up now."
        )
    if carried_micros < 0:
        return _("Fraction of a won"), _("Only whole won are paid. Fractions kept from earlier have filled up a won.")
    return _("Fraction of a won"), _(
        "Only whole won are paid. The fraction stays in your account and counts next time."
    )


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
    return earning.song_usage_id, earning.pool_id, earning.run_id, earning.reverses_id is not None


def right_of(earning: Earning) -> RightKey:
    return *song_of(earning), earning.work_id, earning.right, earning.run_share.part


def side_of(earning: Earning) -> SideKey:
    return *song_of(earning), earning.run_share.part


def won_of_songs(earnings: Iterable[Earning]) -> dict[SongKey, int]:
    """What the whole song of each earning made in won, in micros, for all rights and everybody.

    Whoever sees a share of a song sees what the song made (architecture.md, Tenants).
    """
    rows = _beside(earnings).values(*SONG).annotate(won=Sum("won_micros"))
    return {tuple(row[key] for key in SONG): int(row["won"]) for row in rows}


def won_of_rights(earnings: Iterable[Earning]) -> dict[RightKey, int]:
    """What the song made for the work and the right of each earning, in micros of won, for everybody."""
    keys = (*SONG, "work_id", "right", "run_share__part")
    rows = _beside(earnings).values(*keys).annotate(won=Sum("won_micros"))
    return {tuple(row[key] for key in keys): int(row["won"]) for row in rows}


def sides_of(earnings: Sequence[Earning]) -> dict[SideKey, dict[str, Any]]:
    """Of karaoke what the words or the music of each song made in won, for everybody, and the prices that cut it. Two queries."""
    cut = [earning for earning in earnings if earning.run_share.part]
    if not cut:
        return {}
    keys = (*SONG, "run_share__part")
    won = {
        tuple(row[key] for key in keys): int(row["won"])
        for row in _beside(cut).values(*keys).annotate(won=Sum("won_micros"))
    }
    sources = {earning.song_usage.report.source_id for earning in cut}
    prices = list(KaraokePrice.objects.filter(source__in=sources))
    found: dict[SideKey, dict[str, Any]] = {}
    for earning in cut:
        usage, key = earning.song_usage, side_of(earning)
        of_source = [price for price in prices if price.source_id == usage.report.source_id]
        price = price_in_force(of_source, usage.usage_month)
        found[key] = {
            "words": earning.run_share.get_part_display(),
            "won": won[key],
            "words_price": f"{price.words_price.normalize():f}" if price else "",
            "music_price": f"{price.music_price.normalize():f}" if price else "",
        }
    return found


def _beside(earnings: Iterable[Earning]) -> Any:
    """Everybody's earnings of the same songs, and whether they take back: a song may be taken back and earn anew in one run."""
    beside = Earning.objects.filter(song_usage__in={earning.song_usage_id for earning in earnings})
    return beside.annotate(takes_back=Q(reverses__isnull=False)).order_by()
