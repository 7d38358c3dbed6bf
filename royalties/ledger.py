"""The ledger: the only writer of its rows. Double entry, append only, each currency of a transaction sums to zero.

A transaction has a natural key, so that doing it again does nothing, and a hash of its input, so that doing something
else under the same key is refused. The database keeps what must never break (0002_rules): balance at commit, no change,
no removal, no entry added later. A correction is a further transaction.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import OperationalError, connection
from django.db.models import Count, Sum
from django.db.transaction import atomic
from django.utils.translation import gettext_lazy as _
from psycopg.errors import LockNotAvailable

from portal.lib.errors import DomainError
from royalties.models import DistributionRun, LedgerAccount, LedgerEntry, LedgerTransaction
from works.models import Party

WON: Final = "KRW"
PAYEES_LOCK: Final = 0x67_61_72_01  # advisory: who writes to payees' accounts, one at a time


class SameKeyOtherInput(DomainError):
    code = "same-key-other-input"
    status = 409
    sentence = _("A movement of money with the key %(key)s is already in the ledger, with other figures.")
    remedy = _("Nothing was written. Compare the two before you go on; a correction is a movement of its own.")


class AlreadyReversed(DomainError):
    code = "already-reversed"
    status = 409
    sentence = _("The movement of money %(key)s has already been reversed.")
    remedy = _("Nothing was written. The reversal itself can be reversed.")


class PayeesBusy(DomainError):
    code = "payees-busy"
    status = 409
    sentence = _("Money is being distributed just now.")
    remedy = _("Nothing was written. Try again when the distribution has ended.")


class DoesNotBalance(ValueError):
    """The entries of a transaction do not sum to zero, or there are none: a bug of the caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One signed amount, in micros, that will be an entry on an account. Zero amounts make no entry."""

    account: LedgerAccount
    amount_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTransaction:
    """A balanced movement that is to be in the ledger once."""

    key: str
    kind: LedgerTransaction.Kind
    effective_date: dt.date
    entries: Sequence[Posting]
    run: DistributionRun | None = None
    reverses: LedgerTransaction | None = None
    note: str = ""

    def input_hash(self) -> str:
        """What makes two transactions of one key the same: everything but the run's and the rows' numbers."""
        facts = {
            "kind": self.kind.value,
            "effective_date": self.effective_date.isoformat(),
            "note": self.note,
            "reverses": self.reverses.key if self.reverses else None,
            "entries": sorted(
                (entry.account.kind, entry.account.owner_key, entry.account.currency, entry.amount_micros)
                for entry in self.entries
                if entry.amount_micros != 0
            ),
        }
        return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()


AccountKey = tuple[str, str, str]  # kind, currency, owner_key


def account(
    *, kind: LedgerAccount.Kind, currency: str, owner_key: str = "-", party: Party | None = None
) -> LedgerAccount:
    """The account of this name, opened if there is none yet."""
    key = (kind.value, currency, owner_key)
    return accounts({key: party.pk if party else None})[key]


def payee_key(party_id: int) -> AccountKey:
    return (LedgerAccount.Kind.PAYEE.value, WON, f"party:{party_id}")


def accounts(wanted: Mapping[AccountKey, int | None]) -> dict[AccountKey, LedgerAccount]:
    """Accounts by name, opened where there are none yet. The value is the id of the party an account belongs to."""
    keys = sorted(wanted)
    if not keys:
        return {}
    columns = [[key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys]]
    with atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO royalties_ledgeraccount (kind, currency, owner_key, party_id)
            SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[])
            ON CONFLICT ON CONSTRAINT account_is_unique DO NOTHING
            """,
            [*columns, [wanted[key] for key in keys]],
        )
        found = LedgerAccount.objects.raw(
            """
            SELECT a.* FROM royalties_ledgeraccount a
            JOIN unnest(%s::text[], %s::text[], %s::text[]) AS w (kind, currency, owner_key)
                USING (kind, currency, owner_key)
            """,
            columns,
        )
        return {(row.kind, row.currency, row.owner_key): row for row in found}


def post(
    *,
    key: str,
    kind: LedgerTransaction.Kind,
    effective_date: dt.date,
    entries: Sequence[Posting],
    run: DistributionRun | None = None,
    note: str = "",
) -> LedgerTransaction:
    """Move money once. The same key with the same input returns what is there and writes nothing.

    Raises SameKeyOtherInput, and DoesNotBalance where a currency does not sum to zero.
    """
    new = NewTransaction(key=key, kind=kind, effective_date=effective_date, entries=entries, run=run, note=note)
    return post_many([new])[key]


def reverse(*, transaction: LedgerTransaction, key: str, effective_date: dt.date, note: str = "") -> LedgerTransaction:
    """Negate the stored entries of a transaction, once. Raises AlreadyReversed for a second reversal under another key."""
    stored = transaction.entries.select_related("account").order_by("id")
    new = NewTransaction(
        key=key,
        kind=LedgerTransaction.Kind.REVERSAL,
        effective_date=effective_date,
        entries=[Posting(account=entry.account, amount_micros=-entry.amount_micros) for entry in stored],
        reverses=transaction,
        note=note,
    )
    return post_many([new])[key]


@atomic
def post_many(new: Sequence[NewTransaction]) -> dict[str, LedgerTransaction]:
    """Move money, many times at once: one INSERT per table. All or nothing; key → transaction, as post() for each."""
    by_key = {item.key: item for item in sorted(new, key=lambda item: item.key)}
    if len(by_key) != len(new):
        raise ValueError("two transactions have one key")
    for item in by_key.values():
        _require_balance(item)
    hashes = {key: item.input_hash() for key, item in by_key.items()}
    written = _insert_transactions(by_key, hashes)
    _insert_entries(by_key, written)
    found = {row.key: row for row in LedgerTransaction.objects.filter(key__in=by_key)}
    for key, item in by_key.items():
        if key not in found and item.reverses is not None:
            raise AlreadyReversed(key=item.reverses.key)
        if found[key].input_hash != hashes[key]:
            raise SameKeyOtherInput(key=key)
    return found


def balance(of: LedgerAccount) -> int:
    """What rests on an account, in micros, from its entries."""
    return int(LedgerEntry.objects.filter(account=of).aggregate(sum=Sum("amount_micros"))["sum"] or 0)


def balances(of: Iterable[LedgerAccount]) -> dict[int, int]:
    """Account id → what rests on it, in micros; accounts without entries have 0."""
    found = dict.fromkeys((item.pk for item in of), 0)
    sums = (
        LedgerEntry.objects.filter(account_id__in=list(found))
        .values("account_id")
        .annotate(sum=Sum("amount_micros"))
        .values_list("account_id", "sum")
    )
    return found | {account_id: int(micros) for account_id, micros in sums}


def balances_by_kind() -> list[dict[str, Any]]:
    """What rests on all accounts of a kind, in micros: `kind`, `currency`, `accounts`, `micros`. Each currency sums to zero."""
    rows = (
        LedgerEntry.objects.order_by("account__kind", "currency")
        .values("account__kind", "currency")
        .annotate(accounts=Count("account", distinct=True), micros=Sum("amount_micros"))
    )
    return [
        {
            "kind": LedgerAccount.Kind(row["account__kind"]),
            "currency": row["currency"],
            "accounts": row["accounts"],
            "micros": int(row["micros"]),
        }
        for row in rows
    ]


def lock_payees() -> None:
    """Wait for whoever is posting to payees, until the end of this transaction: whole won are counted from balances.

    Raises PayeesBusy when that takes longer than the lock timeout of the connection.
    """
    try:
        with atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PAYEES_LOCK])
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise PayeesBusy from error
        raise


def payees_are_free() -> bool:
    """lock_payees() without waiting: False while money is being distributed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [PAYEES_LOCK])
        return bool(cursor.fetchone()[0])


def _require_balance(new: NewTransaction) -> None:
    sums: defaultdict[str, int] = defaultdict(int)
    for entry in new.entries:
        sums[entry.account.currency] += entry.amount_micros
    if any(sums.values()) or not any(entry.amount_micros for entry in new.entries):
        raise DoesNotBalance(f"{new.key}: {dict(sums)}")


def _insert_transactions(by_key: Mapping[str, NewTransaction], hashes: Mapping[str, str]) -> dict[str, int]:
    """Key → id of those that were not there. A concurrent writer of the same key is waited for, then found."""
    items = list(by_key.values())
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO royalties_ledgertransaction
                (key, input_hash, kind, run_id, reverses_id, effective_date, note, created_at)
            SELECT *, clock_timestamp()
            FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::date[], %s::text[])
            ON CONFLICT DO NOTHING
            RETURNING key, id
            """,
            [
                [item.key for item in items],
                [hashes[item.key] for item in items],
                [item.kind.value for item in items],
                [item.run.pk if item.run else None for item in items],
                [item.reverses.pk if item.reverses else None for item in items],
                [item.effective_date for item in items],
                [item.note for item in items],
            ],
        )
        return dict(cursor.fetchall())


def _insert_entries(by_key: Mapping[str, NewTransaction], written: Mapping[str, int]) -> None:
    rows = [
        (written[key], entry.account.pk, entry.account.currency, entry.amount_micros)
        for key, item in by_key.items()
        if key in written
        for entry in item.entries
        if entry.amount_micros != 0
    ]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO royalties_ledgerentry (transaction_id, account_id, currency, amount_micros)
            SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[])
            """,
            [list(column) for column in zip(*rows, strict=True)],
        )
