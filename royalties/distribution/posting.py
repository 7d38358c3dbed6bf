"""From earnings to the ledger: a transaction per payee, and one for all that is held, in suspense or not ours."""

from __future__ import annotations

from collections import Counter, defaultdict

from royalties import payees
from royalties.distribution.released import TakenFrom, hold_key
from royalties.distribution.tables import fetch
from royalties.ledger import WON, AccountKey, NewTransaction, Posting, accounts, post_many
from royalties.models import DistributionRun, LedgerAccount, LedgerTransaction
from works.shares import CollectorKind


def post_payees(run: DistributionRun, taken: TakenFrom) -> dict[str, int]:
    """A transaction and a statement per payee, for what is new less what is taken back; their number and sums."""
    gross: defaultdict[int, dict[AccountKey, int]] = defaultdict(dict)
    for party_id, pool_id, micros in fetch(
        """
        SELECT party_id, pool_id, sum(won_micros)::bigint FROM run_earning WHERE state = 'payable' GROUP BY 1, 2 ORDER BY 1, 2
        """
    ):
        gross[party_id][pool_key(pool_id)] = micros
    for party_id, by_hold in taken.payees.items():
        gross[party_id].update(by_hold)
    statements = payees.pay(
        gross=gross,
        key=lambda party_id: f"run:{run.inputs_hash}:party:{party_id}",
        kind=LedgerTransaction.Kind.DISTRIBUTION,
        period=run.period,
        run=run,
    )
    sums = Counter({"payees": len(statements)})
    for statement in statements:
        sums["net"] += statement.net_micros
        sums["deducted"] += statement.deducted_micros
        sums["payable"] += statement.payable_micros
        sums["carried"] += statement.carried_micros
    return sums


def post_rest(run: DistributionRun, taken: TakenFrom) -> None:
    """One transaction for what is held, in suspense or not ours, an account each."""
    post_many(taken.others)
    movements: Counter[AccountKey] = Counter()
    for pool_id, state, hold_id, collector, society, micros in fetch(
        """
        SELECT pool_id, state, hold_id, collector, society_code, sum(won_micros)::bigint
        FROM run_earning WHERE state <> 'payable' GROUP BY 1, 2, 3, 4, 5
        """
    ):
        movements[pool_key(pool_id)] -= micros
        movements[resting_key(state, hold_id, CollectorKind(collector), society)] += micros
    if not any(movements.values()):
        return
    opened = accounts(dict.fromkeys(movements))
    post_many(
        [
            NewTransaction(
                key=f"run:{run.inputs_hash}:rest",
                kind=LedgerTransaction.Kind.DISTRIBUTION,
                effective_date=run.period,
                run=run,
                entries=[
                    Posting(account=opened[key], amount_micros=micros) for key, micros in sorted(movements.items())
                ],
            )
        ]
    )


def pool_key(pool_id: int) -> AccountKey:
    return (LedgerAccount.Kind.POOL.value, WON, f"pool:{pool_id}")


def resting_key(state: str, hold_id: int | None, collector: CollectorKind, society: str) -> AccountKey:
    """The account on which won rest that are not payable."""
    kinds = LedgerAccount.Kind
    if state == "held":
        return hold_key(hold_id or 0)
    if state == "suspense":
        return (kinds.SUSPENSE.value, WON, "-")
    return (kinds.NOT_OURS.value, WON, f"society:{society}" if society else collector.value)
