"""Cases of money that need more than one room of the arithmetic: M03 and M13 of the fault table (royalties/README.md)."""

from __future__ import annotations

import threading
from fractions import Fraction

import pytest
from django.db import connection, connections

from royalties.checks import check_ledger
from royalties.distribution import distribute
from royalties.distribution.cells import freeze
from royalties.holds import open_hold
from royalties.ingest.blocks import copy_blocks
from royalties.ingest.figures import report_figures
from royalties.ingest.sums import SUM_UP
from royalties.ingest.totals import copy_totals
from royalties.ledger import account, balance
from royalties.models import Earning, Hold, LedgerAccount, Report, Source
from royalties.reports.placed import no_lines
from tests.conftest import Database
from tests.royalties.build import (
    DISTRIBUTION_MONTH,
    MONTH,
    WON,
    YUAN,
    Line,
    matched,
    money,
    one_right,
    party,
    report,
    share_of,
    song,
    tme,
    work,
)
from works.models import Party

LINES = 1_000_000
TILE = 50_000


def paid(to: Party) -> int:
    return balance(account(kind=LedgerAccount.Kind.PAYEE, currency="KRW", owner_key=f"party:{to.pk}"))


def test_m03_a_dispute_opened_while_a_run_computes_acts_from_the_next_run_on(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run keeps to what it has read; the hold is there and takes the same share's money in the next run, once."""
    one_right(tme())
    kim, lee = party("kim"), party("lee")
    half = work("half", {kim: Fraction(1, 2), lee: Fraction(1, 2)})
    report([Line("1", 100 * YUAN)], {"1": matched(half)})
    money(100 * YUAN)
    opened: list[Hold] = []

    def dispute() -> None:
        opened.append(open_hold(case_ref="K-1", share=share_of(half, kim), fraction=Fraction(1, 2), from_date=MONTH))
        connections.close_all()

    def freeze_after_a_dispute(*arguments: object) -> None:
        """The run has read shares and holds; now somebody else commits one."""
        if not opened:
            thread = threading.Thread(target=dispute)
            thread.start()
            thread.join(timeout=60)
        freeze(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("royalties.distribution.run.freeze", freeze_after_a_dispute)
    distribute(period=DISTRIBUTION_MONTH)
    assert len(opened) == 1
    assert (paid(kim), paid(lee)) == (10_000 * WON, 10_000 * WON)
    assert not Earning.objects.filter(state=Earning.State.HELD).exists()

    report([Line("1", 50 * YUAN)], {"1": matched(half)}, source=Source.objects.get(code="tme"), period=MONTH)
    money(50 * YUAN, reference="second")
    distribute(period=DISTRIBUTION_MONTH.replace(month=4))
    held = Earning.objects.get(state=Earning.State.HELD)
    assert held.hold == opened[0]
    assert held.won_micros == 5_000 * WON
    assert (paid(kim), paid(lee)) == (10_000 * WON, 15_000 * WON)
    assert check_ledger().ok


@pytest.mark.django_db
@pytest.mark.slow
def test_m13_a_million_lines_of_one_micro_are_exact() -> None:
    """Lines below any coin add up to the micro, from the lines to the payees. (With 10^7 lines: LINES above.)"""
    one_right(tme())
    kim, lee = party("kim"), party("lee")
    thirds = work("thirds", {kim: Fraction(1, 3), lee: Fraction(2, 3)})
    made = report([], {})
    recording = song("1", matched(thirds), made)
    for start in range(0, LINES, TILE):
        placed = no_lines(TILE, [("qq", MONTH.isoformat())])
        placed.recordings[:], placed.uses[:], placed.micros[:] = recording.pk, 1, 1
        copy_blocks(placed, period=MONTH, report_id=made.pk, first_line=2 + start)
        copy_totals(placed, report_id=made.pk, first_line=2 + start)
    with connection.cursor() as cursor:
        cursor.execute(SUM_UP, [made.pk, 1, 1, 0])
    Report.objects.filter(pk=made.pk).update(lines=LINES, accepted=LINES, accepted_micros=LINES)
    assert report_figures(made).money_micros == LINES
    money(LINES, "200")
    distribute(period=DISTRIBUTION_MONTH)
    won = LINES * 200
    assert paid(kim) + paid(lee) == won
    assert abs(paid(kim) - Fraction(won, 3)) < 1
    assert check_ledger().ok
