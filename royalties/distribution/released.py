"""Held money whose earning is taken back after the hold was released: it comes back from whoever it went to.

The account of the hold lends itself as the way: recipients → hold → pool. Every recipient gives back in proportion to what it got.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from royalties.allocation import allocate
from royalties.distribution.tables import fetch
from royalties.ledger import WON, AccountKey, NewTransaction, Posting, accounts, payee_key
from royalties.models import DistributionRun, Hold, LedgerAccount, LedgerEntry, LedgerTransaction, Statement
from works.models import Party


@dataclass
class TakenFrom:
    """From payees, to be netted with what they get, by hold; from other accounts, in transactions of their own."""

    payees: dict[int, Counter[AccountKey]] = field(default_factory=dict)
    others: list[NewTransaction] = field(default_factory=list)
    moved: Counter[str] = field(default_factory=Counter)  # state of a run's totals → micros of won

    def _take(
        self, run: DistributionRun, hold: Hold, amounts: dict[AccountKey, int], parties: dict[AccountKey, int]
    ) -> None:
        way = hold_key(hold.pk)
        rest = {key: micros for key, micros in amounts.items() if key not in parties and micros}
        for key, party_id in parties.items():
            if amounts[key]:
                self.payees.setdefault(party_id, Counter())[way] -= amounts[key]
        for key, micros in rest.items():
            self.moved[key[0]] -= micros
        self.moved["held"] += sum(amounts.values())
        if rest:
            opened = accounts(dict.fromkeys([way, *rest]))
            entries = [Posting(account=opened[key], amount_micros=-micros) for key, micros in rest.items()]
            self.others.append(
                NewTransaction(
                    key=f"run:{run.inputs_hash}:hold:{hold.pk}",
                    kind=LedgerTransaction.Kind.RELEASE,
                    effective_date=run.period,
                    run=run,
                    note=hold.case_ref,
                    entries=[*entries, Posting(account=opened[way], amount_micros=sum(rest.values()))],
                )
            )


def hold_key(hold_id: int) -> AccountKey:
    return (LedgerAccount.Kind.HOLD.value, WON, f"hold:{hold_id}")


def take_from_recipients(run: DistributionRun) -> TakenFrom:
    """What of this run's reversals had been held and was released, and from whom it is taken."""
    taken = TakenFrom()
    wanted = fetch(
        """
        SELECT e.hold_id, -sum(e.won_micros)::bigint FROM run_earning e JOIN royalties_hold h ON h.id = e.hold_id
        WHERE e.reverses_id IS NOT NULL AND h.state = 'released' GROUP BY 1 ORDER BY 1
        """
    )
    holds = Hold.objects.in_bulk([hold_id for hold_id, _micros in wanted])
    for hold_id, micros in wanted:
        hold = holds[hold_id]
        went, parties = _went_to(hold)
        before = _taken_before(run, hold)
        first, then = allocate(before, went), allocate(before + micros, went)
        by_key = {_key(name): then[name] - first[name] for name in went}
        taken._take(run, hold, by_key, {_key(name): party_id for name, party_id in parties.items()})
    return taken


def _went_to(hold: Hold) -> tuple[dict[str, int], dict[str, int]]:
    """Account → what it got of the hold, in micros or, where all of it came to nothing, in parts; and whose account it is."""
    paid = {_name(payee_key(s.party_id)): s for s in Statement.objects.filter(hold=hold).order_by("party_id")}
    parties = {name: statement.party_id for name, statement in paid.items()}
    went = {name: statement.gross_micros for name, statement in paid.items()}
    rest = LedgerEntry.objects.filter(transaction__key=f"release:hold:{hold.pk}:rest").select_related("account")
    for entry in rest.exclude(account__kind=LedgerAccount.Kind.HOLD):
        went[_name((entry.account.kind, entry.account.currency, entry.account.owner_key))] = entry.amount_micros
    if sum(went.values()) < 0:
        went = {name: -micros for name, micros in went.items()}
    if sum(went.values()):
        return went, parties
    suspense = (LedgerAccount.Kind.SUSPENSE.value, WON, "-")
    found = Party.objects.in_bulk([part["party"] for part in hold.decision["parts"]], field_name="ref")
    went, parties = {}, {}
    for part in hold.decision["parts"]:
        party = found.get(part["party"])
        name = _name(payee_key(party.pk) if party else suspense)
        went[name] = went.get(name, 0) + part["numerator"] * 10**12 // part["denominator"]
        if party:
            parties[name] = party.pk
    return went, parties


def _taken_before(run: DistributionRun, hold: Hold) -> int:
    """What runs before this one took back of a released hold: it was released with all that stood then."""
    earned = fetch(
        "SELECT coalesce(sum(won_micros), 0)::bigint FROM royalties_earning WHERE hold_id = %s AND run_id <> %s",
        [hold.pk, run.pk],
    )
    return int(hold.decision["won_micros"]) - int(earned[0][0])


def _name(key: AccountKey) -> str:
    return "|".join(key)


def _key(name: str) -> AccountKey:
    kind, currency, owner = name.split("|")
    return (kind, currency, owner)
