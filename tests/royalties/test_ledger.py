"""The ledger moves money once, balances, and only grows: L1, L5, L6 and L7 of the house's invariants."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable

import psycopg
import pytest
from django.db import IntegrityError, ProgrammingError, connection, connections, transaction

from royalties.ledger import (
    AlreadyReversed,
    DoesNotBalance,
    NewTransaction,
    Posting,
    SameKeyOtherInput,
    account,
    accounts,
    balance,
    balances,
    post,
    post_many,
    reverse,
)
from royalties.models import LedgerAccount, LedgerEntry, LedgerTransaction
from tests.conftest import Database

DAY = dt.date(2026, 3, 1)
KINDS = LedgerAccount.Kind
RECEIVED = LedgerTransaction.Kind.REMITTANCE


def bank(currency: str = "CNY") -> LedgerAccount:
    return account(kind=KINDS.BANK, currency=currency)


def pool(currency: str = "CNY") -> LedgerAccount:
    return account(kind=KINDS.POOL, currency=currency, owner_key="pool:1")


def receive(key: str = "remittance:a", micros: int = 100) -> LedgerTransaction:
    return post(
        key=key,
        kind=RECEIVED,
        effective_date=DAY,
        entries=[
            Posting(account=bank(), amount_micros=-micros),
            Posting(account=pool(), amount_micros=micros),
        ],
    )


def check_balance_now() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def sums_per_currency() -> list[tuple[str, int]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT currency, sum(amount_micros)::bigint FROM royalties_ledgerentry GROUP BY 1 ORDER BY 1")
        return list(cursor.fetchall())


@pytest.mark.django_db
def test_posting_moves_money_and_balances() -> None:
    receive()
    check_balance_now()
    assert balance(bank()) == -100
    assert balance(pool()) == 100
    assert balances([bank(), pool(), bank("KRW")]) == {bank().pk: -100, pool().pk: 100, bank("KRW").pk: 0}
    assert sums_per_currency() == [("CNY", 0)]


@pytest.mark.django_db
def test_an_exchange_is_four_entries_of_which_each_currency_sums_to_zero() -> None:
    exchange = {currency: account(kind=KINDS.EXCHANGE, currency=currency) for currency in ("CNY", "KRW")}
    post(
        key="exchange:a",
        kind=LedgerTransaction.Kind.EXCHANGE,
        effective_date=DAY,
        entries=[
            Posting(account=pool(), amount_micros=-100),
            Posting(account=exchange["CNY"], amount_micros=100),
            Posting(account=exchange["KRW"], amount_micros=-19_000),
            Posting(account=pool("KRW"), amount_micros=19_000),
        ],
    )
    check_balance_now()
    assert sums_per_currency() == [("CNY", 0), ("KRW", 0)]
    assert balance(pool("KRW")) == 19_000


@pytest.mark.django_db
def test_the_same_key_and_input_is_the_same_transaction() -> None:
    first = receive()
    again = receive()
    assert again.pk == first.pk
    assert LedgerTransaction.objects.count() == 1
    assert LedgerEntry.objects.count() == 2


@pytest.mark.django_db
def test_the_same_key_with_other_input_is_refused_and_nothing_is_written() -> None:
    receive(micros=100)
    with pytest.raises(SameKeyOtherInput) as raised:
        receive(micros=101)
    assert raised.value.status == 409
    assert "remittance:a" in str(raised.value)
    assert balance(pool()) == 100
    assert LedgerTransaction.objects.count() == 1


@pytest.mark.django_db
def test_many_are_posted_at_once_and_all_or_nothing() -> None:
    receive("one", 1)
    batch = [
        NewTransaction(
            key=key,
            kind=RECEIVED,
            effective_date=DAY,
            entries=[Posting(account=bank(), amount_micros=-micros), Posting(account=pool(), amount_micros=micros)],
        )
        for key, micros in [("three", 3), ("one", 1), ("two", 2)]
    ]
    found = post_many(batch)
    check_balance_now()
    assert sorted(found) == ["one", "three", "two"]
    assert balance(pool()) == 6
    with pytest.raises(SameKeyOtherInput):
        post_many(
            [
                NewTransaction(key="four", kind=RECEIVED, effective_date=DAY, entries=batch[0].entries),
                NewTransaction(key="one", kind=RECEIVED, effective_date=DAY, entries=batch[0].entries),
            ]
        )
    assert not LedgerTransaction.objects.filter(key="four").exists()
    assert balance(pool()) == 6


@pytest.mark.django_db
def test_what_does_not_balance_is_a_bug_of_the_caller() -> None:
    with pytest.raises(DoesNotBalance):
        post(key="x", kind=RECEIVED, effective_date=DAY, entries=[Posting(account=bank(), amount_micros=1)])
    with pytest.raises(DoesNotBalance):
        post(key="x", kind=RECEIVED, effective_date=DAY, entries=[])
    crossed = [Posting(account=bank("CNY"), amount_micros=-1), Posting(account=bank("KRW"), amount_micros=1)]
    with pytest.raises(DoesNotBalance):
        post(key="x", kind=RECEIVED, effective_date=DAY, entries=crossed)
    assert not LedgerTransaction.objects.exists()


@pytest.mark.django_db
def test_accounts_are_opened_once() -> None:
    assert accounts({}) == {}
    assert bank().pk == bank().pk
    assert LedgerAccount.objects.filter(kind=KINDS.BANK).count() == 1


# ── what the database refuses, whoever writes ─────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_unbalanced_entries_are_refused() -> None:
    posted = receive()
    with pytest.raises(IntegrityError, match="do not balance"), transaction.atomic():
        LedgerEntry.objects.create(transaction=posted, account=bank(), currency="CNY", amount_micros=5)
    assert balance(bank()) == -100


@pytest.mark.django_db
def test_a_balance_checked_early_does_not_let_further_entries_in() -> None:
    posted = receive()
    check_balance_now()
    with pytest.raises(IntegrityError, match="do not balance"), transaction.atomic():
        LedgerEntry.objects.create(transaction=posted, account=bank(), currency="CNY", amount_micros=7)
    assert sums_per_currency() == [("CNY", 0)]


@pytest.mark.django_db
def test_a_temporary_table_does_not_stand_in_for_the_entries() -> None:
    LedgerTransaction.objects.create(key="bare", input_hash="", kind=RECEIVED, effective_date=DAY)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE royalties_ledgerentry (LIKE royalties_ledgerentry)")
        cursor.execute(
            "INSERT INTO pg_temp.royalties_ledgerentry (transaction_id, currency, amount_micros, id, account_id) "
            "SELECT id, 'CNY', 1, 1, 1 FROM royalties_ledgertransaction UNION SELECT id, 'CNY', -1, 2, 1 FROM royalties_ledgertransaction"
        )
    with pytest.raises(IntegrityError, match="has no entries"):
        check_balance_now()


@pytest.mark.django_db
def test_a_transaction_without_entries_is_refused_at_commit() -> None:
    LedgerTransaction.objects.create(key="bare", input_hash="", kind=RECEIVED, effective_date=DAY)
    with pytest.raises(IntegrityError, match="has no entries"):
        check_balance_now()


@pytest.mark.django_db
def test_an_entry_of_zero_or_of_another_currency_is_refused() -> None:
    bare = receive()
    with pytest.raises(IntegrityError, match="entry_moves_something"), transaction.atomic():
        LedgerEntry.objects.create(transaction=bare, account=bank(), currency="CNY", amount_micros=0)
    with pytest.raises(IntegrityError, match="currency of its account"), transaction.atomic():
        LedgerEntry.objects.create(transaction=bare, account=bank(), currency="KRW", amount_micros=1)


def test_late_entries_are_refused(fresh_database: Database) -> None:
    posted = receive()
    with pytest.raises(IntegrityError, match="only together with their ledger transaction"):
        LedgerEntry.objects.bulk_create(
            [
                LedgerEntry(transaction=posted, account=bank(), currency="CNY", amount_micros=-1),
                LedgerEntry(transaction=posted, account=pool(), currency="CNY", amount_micros=1),
            ]
        )
    assert balance(pool()) == 100


TABLES = ["ledgeraccount", "ledgertransaction", "ledgerentry"]
CHANGES = ["UPDATE royalties_{} SET id = id", "DELETE FROM royalties_{}", "TRUNCATE royalties_{} CASCADE"]


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", CHANGES)
def test_the_portal_may_not_change_or_remove_rows(change: str, table: str) -> None:
    receive()
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change.format(table))
    assert balance(pool()) == 100


def test_not_even_the_owner_changes_or_removes_rows(fresh_database: Database) -> None:
    receive()
    with psycopg.connect(fresh_database.owner_url, autocommit=True) as owner:
        for change in CHANGES:
            for table in TABLES:
                with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
                    owner.execute(change.format(table))
    assert balance(pool()) == 100


# ── reversal ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_a_reversal_and_its_reversal_give_every_balance_back() -> None:
    first = receive()
    back = reverse(transaction=first, key="reversal:a", effective_date=DAY, note="paid twice")
    assert (balance(bank()), balance(pool())) == (0, 0)
    again = reverse(transaction=back, key="reversal:b", effective_date=DAY)
    check_balance_now()
    assert (balance(bank()), balance(pool())) == (-100, 100)
    assert back.reverses_id == first.pk
    assert again.reverses_id == back.pk


@pytest.mark.django_db
def test_a_transaction_is_reversed_once() -> None:
    first = receive()
    back = reverse(transaction=first, key="reversal:a", effective_date=DAY)
    assert reverse(transaction=first, key="reversal:a", effective_date=DAY).pk == back.pk
    with pytest.raises(AlreadyReversed):
        reverse(transaction=first, key="reversal:b", effective_date=DAY)
    assert LedgerTransaction.objects.count() == 2


# ── races ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def in_threads(count: int, act: Callable[[], object]) -> list[object]:
    """What `count` threads got, each its result or its exception, all starting at once."""
    start = threading.Barrier(count)
    results: list[object] = []

    def one() -> None:
        start.wait(timeout=30)
        try:
            results.append(act())
        except (AlreadyReversed, SameKeyOtherInput) as error:
            results.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def test_threads_with_one_key_have_one_effect(fresh_database: Database) -> None:
    bank(), pool()
    results = in_threads(8, lambda: receive().pk)
    assert len(results) == 8
    assert len(set(results)) == 1
    assert balance(pool()) == 100


def test_threads_that_reverse_under_their_own_keys_do_it_once(fresh_database: Database) -> None:
    first = receive()
    keys = iter(range(8))
    lock = threading.Lock()

    def act() -> object:
        with lock:
            number = next(keys)
        return reverse(transaction=first, key=f"reversal:{number}", effective_date=DAY).pk

    results = in_threads(8, act)
    assert sum(isinstance(result, AlreadyReversed) for result in results) == 7
    assert (balance(bank()), balance(pool())) == (0, 0)
    assert LedgerTransaction.objects.count() == 2
