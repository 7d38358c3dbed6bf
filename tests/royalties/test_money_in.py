"""Money received: recorded once, exchanged once, released only when it is what was reported."""

from __future__ import annotations

import datetime as dt
import json
import re
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from royalties.ledger import account, balance
from royalties.models import ExchangeRun, LedgerAccount, LedgerEntry, Pool, Remittance, Report
from royalties.money_in import (
    AmountNotUsable,
    NoDifferenceToAccept,
    NothingReported,
    OtherCurrency,
    RateFarOff,
    RateNotUsable,
    ReasonMissing,
    ReferenceTaken,
    accept_difference,
    attach_reports,
    record_remittance,
)
from tests.royalties.build import MONTH, UNMATCHED, YUAN, Line, check_now, money, report, staff, tme

pytestmark = pytest.mark.django_db
KINDS = LedgerAccount.Kind


def a_report(micros: int = 100 * YUAN, rejected: tuple[int, ...] = ()) -> Report:
    return report([Line("1", micros)], {"1": UNMATCHED}, rejected=rejected)


def pool_balances(pool: Pool) -> tuple[int, int]:
    key = f"pool:{pool.pk}"
    return (
        balance(account(kind=KINDS.POOL, currency="CNY", owner_key=key)),
        balance(account(kind=KINDS.POOL, currency="KRW", owner_key=key)),
    )


def test_money_goes_from_the_bank_through_one_exchange_into_the_pool() -> None:
    a_report()
    pool = money(100 * YUAN, "190.5")
    check_now()
    assert pool_balances(pool) == (0, 19_050_000_000)
    assert balance(account(kind=KINDS.BANK, currency="CNY")) == -100 * YUAN
    assert balance(account(kind=KINDS.EXCHANGE, currency="CNY")) == 100 * YUAN
    assert balance(account(kind=KINDS.EXCHANGE, currency="KRW")) == -19_050_000_000
    exchange = ExchangeRun.objects.get(pool=pool)
    assert exchange.transaction.entries.count() == 4
    assert (exchange.from_micros, exchange.to_micros, exchange.rate) == (100 * YUAN, 19_050_000_000, Decimal("190.5"))


def test_the_won_are_rounded_half_to_even_once() -> None:
    assert money(1, "2.5").won_micros == 2
    assert money(3, "2.5", reference="b").won_micros == 8


def test_the_same_remittance_again_is_the_one_that_is_there() -> None:
    first = money(100 * YUAN)
    assert money(100 * YUAN).pk == first.pk
    assert LedgerEntry.objects.count() == 6
    with pytest.raises(ReferenceTaken) as raised:
        money(100 * YUAN + 1)
    assert raised.value.status == 409
    assert Remittance.objects.get().reference == "tme:2026-01:CNY"
    assert LedgerEntry.objects.count() == 6


def test_money_of_another_reference_is_other_money() -> None:
    a_report()
    first, second = money(100 * YUAN), money(100 * YUAN, reference="KEB-2")
    assert first.state == Pool.State.RELEASED
    assert second.state == Pool.State.WAITING  # a report is paid once


@pytest.mark.parametrize("rate", ["0", "-1", "NaN", "Infinity", "1e30", "190.12345678901"])
def test_an_unusable_rate_is_refused(rate: str) -> None:
    with pytest.raises(RateNotUsable):
        money(100, rate)
    assert not Remittance.objects.exists()
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize("rate", ["1905", "19.05", "2000", "1"])
def test_a_rate_ten_times_off_the_last_one_is_refused(rate: str) -> None:
    money(100 * YUAN, "190.5")
    with pytest.raises(RateFarOff, match=r"190\.5"):
        money(100 * YUAN, rate, reference="next")
    assert Remittance.objects.count() == 1


@pytest.mark.parametrize("rate", ["1904", "19.06"])
def test_a_rate_less_than_ten_times_off_is_taken(rate: str) -> None:
    money(100 * YUAN, "190.5")
    assert money(100 * YUAN, rate, reference="next").won_micros


@pytest.mark.parametrize("micros", [0, -5, 10**18 + 1])
def test_an_amount_that_is_none_is_refused(micros: int) -> None:
    with pytest.raises(AmountNotUsable):
        money(micros)


def test_an_amount_worth_less_than_a_micro_won_is_refused() -> None:
    with pytest.raises(AmountNotUsable):
        money(1, "0.1")


def test_another_currency_than_the_reports_is_refused() -> None:
    a_report()
    with pytest.raises(OtherCurrency):
        record_remittance(
            source=tme(), period=MONTH, amount_micros=1, currency="USD", rate=Decimal(1400), rate_date=MONTH
        )
    assert not Remittance.objects.exists()


def test_without_a_report_it_waits_and_takes_it_when_it_is_ready() -> None:
    pool = money(100 * YUAN)
    assert pool.state == Pool.State.WAITING
    one = a_report()
    Report.objects.filter(pk=one.pk).update(state=Report.State.MATCHING)
    assert attach_reports(pool=pool).state == Pool.State.WAITING
    Report.objects.filter(pk=one.pk).update(state=Report.State.READY)
    assert attach_reports(pool=pool).state == Pool.State.RELEASED


def test_rejected_money_belongs_to_what_was_reported() -> None:
    a_report(95 * YUAN, rejected=(5 * YUAN,))
    pool = money(100 * YUAN)
    assert pool.state == Pool.State.RELEASED
    assert pool.reported_micros == 100 * YUAN


def test_one_fen_of_difference_holds_the_pool_until_it_is_accepted() -> None:
    a_report(100 * YUAN)
    pool = money(100 * YUAN - 10_000)
    assert pool.state == Pool.State.HELD
    assert pool.reported_micros - pool.source_micros == 10_000
    with pytest.raises(ReasonMissing):
        accept_difference(pool=pool, actor=staff(), reason=" ")
    accepted = accept_difference(pool=pool, actor=staff(), reason="bank charge")
    assert (accepted.state, accepted.accepted_difference_reason) == (Pool.State.RELEASED, "bank charge")
    with pytest.raises(NoDifferenceToAccept):
        accept_difference(pool=pool, actor=staff(), reason="again")


def test_a_held_pool_is_released_when_the_missing_report_comes() -> None:
    a_report(60 * YUAN)
    pool = money(100 * YUAN)
    assert pool.state == Pool.State.HELD
    a_report(40 * YUAN)
    assert attach_reports(pool=pool).state == Pool.State.RELEASED
    assert pool.reports.count() == 2


def test_rejected_lines_below_nothing_hold_the_pool() -> None:
    a_report(100 * YUAN, rejected=(-5 * YUAN,))
    assert money(95 * YUAN).state == Pool.State.HELD


def test_a_difference_to_nothing_cannot_be_accepted() -> None:
    a_report(0)
    pool = money(100 * YUAN)
    with pytest.raises(NothingReported):
        accept_difference(pool=pool, actor=staff(), reason="why not")
    pool.refresh_from_db()
    assert pool.state == Pool.State.HELD


def test_the_command_records_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    a_report()
    words = ["--source=tme", "--period=2026-01", "--amount-micros=100000000", "--currency=CNY", "--rate=190.5"]
    call_command("record_remittance", *words, "--rate-date=2026-02-20", "--json")
    last = capsys.readouterr().out.splitlines()[-1]
    assert '"state": "released"' in last
    assert '"won_micros": 19050000000' in last
    assert Remittance.objects.get().received_date == dt.date(2026, 2, 20)


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ("--source=nobody", "source-is-unknown", "There is no source “nobody”"),
        ("--rate=1900", "rate-far-off", "the last one of CNY, 190 of 2026-02-20"),
        ("--rate=0", "rate-not-usable", "not a usable exchange rate"),
        ("--currency=USD", "other-currency", "the money is in USD"),
        ("--amount-micros=0", "amount-not-usable", "cannot be recorded"),
        ("--reference=a", "reference-taken", "with other figures"),
    ],
)
def test_the_command_refuses_in_one_sentence(
    change: str, code: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    a_report()
    words = ["--source=tme", "--period=2026-01", "--amount-micros=100000000", "--currency=CNY", "--rate=190"]
    words += ["--rate-date=2026-02-20", "--json"]
    call_command("record_remittance", *words, "--reference=a")
    capsys.readouterr()
    with translation.override("ko"), pytest.raises(CommandError, match=re.escape(said)) as refused:
        call_command("record_remittance", *words, "--amount-micros=100000001", "--reference=b", change)
    assert json.loads(capsys.readouterr().out) == {"error": code, "message": str(refused.value)}
    assert Remittance.objects.count() == 1


@pytest.mark.parametrize("rate", ["NaN", "1_90", "１９０", "1e2"])
def test_the_command_takes_a_rate_by_its_pattern(rate: str) -> None:
    words = ["--source=tme", "--period=2026-01", "--amount-micros=100000000", "--currency=CNY", f"--rate={rate}"]
    with pytest.raises(CommandError, match=f"--rate: {rate} is not a number such as 190.25"):
        call_command("record_remittance", *words, "--rate-date=2026-02-20")
    assert not Remittance.objects.exists()
