"""The shares of the works in play, with their collectors and open holds, frozen as RunShare rows."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from portal.lib.errors import DomainError
from royalties.distribution.songs import RULE_OF_BASIS
from royalties.distribution.tables import copy_rows, execute, fetch
from royalties.models import DistributionRun, Hold
from royalties.prices import WORDS
from works.models import CHINA, Affiliation, Share, Work
from works.shares import (
    AffiliationFact,
    Cell,
    HoldFact,
    ShareFact,
    SharesExceedWhole,
    apply_holds,
    divide_work,
    keep_words,
    music_parts,
    pay_side,
    side_parts,
    unknown_words,
)


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """What shares are frozen for."""

    work_id: int
    right: str
    usage_month: dt.date
    basis: str
    music_alone: bool
    part: str  # words or music, where each has money of its own


Cells = dict[Place, list[Cell]]


class WorkExceedsWhole(DomainError):
    code = "work-exceeds-whole"
    sentence = _("The shares of “%(title)s” (%(work)s) add up to more than the whole in %(month)s, so its songs wait.")
    remedy = _("Correct the shares of the work, then distribute again.")


def read_holds() -> list[Hold]:
    return list(Hold.objects.filter(state=Hold.State.OPEN).order_by("pk"))


PARTS = """
CREATE TEMPORARY TABLE run_part ON COMMIT DROP AS
SELECT s.shape, w.work_id, r."right", s.usage_month, s.basis, w.music_alone, part,
    concat_ws('|', w.work_id, r."right", s.usage_month, s.basis, w.music_alone, part) AS place,
    w.numerator * r.numerator AS numerator, w.denominator * r.denominator AS denominator
FROM (SELECT DISTINCT shape, match_id, source_id, usage_month, basis, words_weight IS NOT NULL AS is_cut FROM run_song) s
CROSS JOIN LATERAL unnest(CASE WHEN s.is_cut THEN ARRAY['words', 'music'] ELSE ARRAY[''] END) AS part
JOIN royalties_matchwork w USING (match_id)
JOIN run_right r USING (source_id, usage_month);
ANALYZE run_part
"""


def divide_works(holds: Sequence[Hold]) -> tuple[Cells, list[DomainError]]:
    """The cells of every place in play. A work above the whole is left out with its songs of that month (L9)."""
    execute(PARTS)
    places = [
        Place(*row)
        for row in fetch('SELECT DISTINCT work_id, "right", usage_month, basis, music_alone, part FROM run_part')
    ]
    shares = _read_shares({place.work_id for place in places})
    affiliations = read_affiliations({share.party_id for of_work in shares.values() for share in of_work})
    disputed: defaultdict[int, list[Hold]] = defaultdict(list)
    for hold in holds:
        disputed[hold.share_id or 0].append(hold)
    cells: Cells = {}
    problems: list[DomainError] = []
    for place in sorted(places):
        of_work = shares[place.work_id]
        parties = {share.party_id for share in of_work}
        try:
            divided = divide_work(
                of_work,
                [row for party_id in sorted(parties) for row in affiliations[party_id]],
                right=place.right,
                territory=CHINA,
                day=place.usage_month,
                basis=RULE_OF_BASIS[place.basis],
                ours=settings.SOCIETY_CODE,
            )
        except SharesExceedWhole:
            problems.append(_leave_out_work(place))
            continue
        if place.part:
            divided = _side_of(place, divided, of_work)
        elif place.music_alone:
            divided = keep_words(divided, music_parts(of_work, place.right, CHINA, place.usage_month))
        facts = [
            HoldFact(hold.pk, hold.share_id, Fraction(hold.numerator, hold.denominator))
            for share in of_work
            for hold in disputed[share.share_id]
            if is_held_in(hold, place.usage_month)
        ]
        cells[place] = apply_holds(divided, facts)
    return cells, problems


def _side_of(place: Place, divided: Sequence[Cell], of_work: Sequence[ShareFact]) -> list[Cell]:
    """The cells of the words, or of the music, of karaoke."""
    if place.part == WORDS and place.music_alone:
        return unknown_words()
    parts = side_parts(of_work, place.right, CHINA, place.usage_month)
    return pay_side(
        divided, {share: words if place.part == WORDS else music for share, (words, music) in parts.items()}
    )


def is_held_in(hold: Hold, usage_month: dt.date) -> bool:
    """Whether a hold takes the money of a usage month: the month of its first day and every later one."""
    return hold.from_date.replace(day=1) <= usage_month


def read_affiliations(party_ids: Iterable[int]) -> dict[int, list[AffiliationFact]]:
    """Party id → the rows that say who collects for it."""
    found: defaultdict[int, list[AffiliationFact]] = defaultdict(list)
    for row in Affiliation.objects.filter(party_id__in=list(party_ids)).order_by("pk"):
        found[row.party_id].append(
            AffiliationFact(
                row.party_id, row.kind, row.society_id or "", row.right, row.territory, row.from_date, row.until_date
            )
        )
    return found


def _read_shares(work_ids: Iterable[int]) -> defaultdict[int, list[ShareFact]]:
    found: defaultdict[int, list[ShareFact]] = defaultdict(list)
    for row in Share.objects.filter(work_id__in=list(work_ids)).order_by("pk").iterator(chunk_size=10_000):
        found[row.work_id].append(
            ShareFact(
                row.pk,
                row.party_id,
                row.right,
                row.territory,
                row.fraction,
                row.from_date,
                row.until_date,
                row.role,
                row.writer_share_id,
            )
        )
    return found


def _leave_out_work(place: Place) -> DomainError:
    execute(
        """
        DELETE FROM run_song USING royalties_matchwork w
        WHERE w.match_id = run_song.match_id AND w.work_id = %s AND run_song.usage_month = %s
        """,
        [place.work_id, place.usage_month],
    )
    work = Work.objects.get(pk=place.work_id)
    return WorkExceedsWhole(title=work.title, work=work.ref, month=f"{place.usage_month:%Y-%m}")


def freeze(run: DistributionRun, cells: Cells) -> None:
    columns = (
        "run_id", "work_id", '"right"', "usage_month", "basis", "position", "share_id", "party_id", "state", "collector",
        "society_code", "hold_id", "numerator", "denominator", "music_alone", "words", "part",
    )  # fmt: skip
    copy_rows("royalties_runshare", columns, frozen_rows(run.pk, cells))
    execute(
        """
        CREATE TEMPORARY TABLE run_share ON COMMIT DROP AS
        SELECT id, concat_ws('|', work_id, "right", usage_month, basis, music_alone, part) AS place, position, party_id, state, hold_id,
            collector, society_code, numerator, denominator
        FROM royalties_runshare WHERE run_id = %s
        """,
        [run.pk],
    )
    execute("ANALYZE run_share")


def frozen_rows(run_id: int, cells: Cells) -> Iterable[tuple[Any, ...]]:
    for place, of_place in cells.items():
        for position, cell in enumerate(of_place, start=1):
            yield (
                run_id, place.work_id, place.right, place.usage_month, place.basis, position, cell.share_id, cell.party_id,
                cell.state.value, cell.kind.value, cell.society, cell.hold_id, cell.fraction.numerator,
                cell.fraction.denominator, place.music_alone, cell.words, place.part,
            )  # fmt: skip
