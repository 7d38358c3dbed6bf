"""What payees get: from gross to net by the rules in force, their ledger transactions and their statements.

Distributions and releases of held money end here, so that both deduct alike.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q, Sum

from portal.lib.money import MICROS, whole_units
from portal.lib.refs import new_ref
from royalties.ledger import WON, AccountKey, NewTransaction, Posting, accounts, balances, payee_key, post_many
from royalties.models import (
    DeductionRule,
    DistributionRun,
    Hold,
    LedgerAccount,
    LedgerTransaction,
    Statement,
    StatementDeduction,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One deduction on the way from gross to net."""

    rule: DeductionRule
    base_micros: int
    amount_micros: int


def rules_in_force(period: dt.date) -> list[DeductionRule]:
    """The deductions of a distribution month in their order; of one kind, the one that began last."""
    standing = (
        DeductionRule.objects.filter(from_date__lte=period)
        .filter(Q(until_date__isnull=True) | Q(until_date__gt=period))
        .order_by("from_date")
    )
    by_kind = {rule.kind: rule for rule in standing}
    return sorted(by_kind.values(), key=lambda rule: (rule.position, rule.kind))


def deduct(gross_micros: int, rules: Sequence[DeductionRule]) -> list[Step]:
    """The steps from gross to net. Each is rounded down to the micro, so that what does not divide stays with the payee.

    No step takes more than is left. A rate of 0 is a step of 0, which the statement shows; no rule is no step. Of a gross
    below zero everything is the opposite of what it would be of its opposite.
    """
    steps: list[Step] = []
    sign = -1 if gross_micros < 0 else 1
    whole = left = abs(gross_micros)
    for rule in rules:
        base = whole if rule.base == DeductionRule.Base.GROSS else left
        amount = min(left, base * rule.numerator // rule.denominator)
        steps.append(Step(rule=rule, base_micros=sign * base, amount_micros=sign * amount))
        left -= amount
    return steps


def pay(
    *,
    gross: Mapping[int, Mapping[AccountKey, int]],
    key: Callable[[int], str],
    kind: LedgerTransaction.Kind,
    period: dt.date,
    run: DistributionRun | None = None,
    hold: Hold | None = None,
    note: str = "",
) -> list[Statement]:
    """Post one transaction and write one statement per payee. `gross`: party id → account it comes from → micros of won.

    Amounts may be less than nothing, and so may a payee's sum: then nothing is payable, and the debt on the account is made up
    by what follows. What was payable once stays so. A payee for whom no money moves gets neither. The caller holds
    ledger.lock_payees() and an open database transaction, and calls once: for a run or a hold there is one statement per
    party.
    """
    rules = rules_in_force(period)
    sums = {party_id: sum(sources.values()) for party_id, sources in sorted(gross.items()) if any(sources.values())}
    deduction_keys: dict[AccountKey, int | None] = {_deduction_key(rule): None for rule in rules}
    source_keys: dict[AccountKey, int | None] = {source: None for party_id in sums for source in gross[party_id]}
    payee_keys: dict[AccountKey, int | None] = {payee_key(party_id): party_id for party_id in sums}
    opened = accounts(deduction_keys | source_keys | payee_keys)
    before = balances(opened[key_of_payee] for key_of_payee in payee_keys)
    paid = _payable_so_far(sums)
    statements: list[tuple[str, Statement, list[Step]]] = []
    movements: list[NewTransaction] = []
    for party_id, gross_micros in sums.items():
        payee = opened[payee_key(party_id)]
        steps = deduct(gross_micros, rules)
        deducted = sum(step.amount_micros for step in steps)
        net = gross_micros - deducted
        payable = max(0, whole_units(before[payee.pk] + net) * MICROS - paid.get(party_id, 0))
        statement = Statement(
            ref=new_ref("T"),
            run=run,
            hold=hold,
            party_id=party_id,
            period=period,
            currency=WON,
            gross_micros=gross_micros,
            deducted_micros=deducted,
            net_micros=net,
            payable_micros=payable,
            carried_micros=net - payable,
        )
        movements.append(
            NewTransaction(
                key=key(party_id),
                kind=kind,
                effective_date=period,
                run=run,
                note=note,
                entries=[
                    *(
                        Posting(account=opened[source], amount_micros=-micros)
                        for source, micros in sorted(gross[party_id].items())
                    ),
                    *(
                        Posting(account=opened[_deduction_key(step.rule)], amount_micros=step.amount_micros)
                        for step in steps
                    ),
                    Posting(account=payee, amount_micros=net),
                ],
            )
        )
        statements.append((key(party_id), statement, steps))
    posted = post_many(movements)
    for movement_key, statement, _ in statements:
        statement.transaction = posted[movement_key]
    written = Statement.objects.bulk_create([statement for _, statement, _ in statements], batch_size=2000)
    StatementDeduction.objects.bulk_create(
        [
            StatementDeduction(
                statement=statement, rule=step.rule, base_micros=step.base_micros, amount_micros=step.amount_micros
            )
            for _, statement, steps in statements
            for step in steps
        ],
        batch_size=2000,
    )
    return written


def _payable_so_far(party_ids: Iterable[int]) -> dict[int, int]:
    """Party id → what its statements made payable, in micros."""
    sums = Statement.objects.filter(party_id__in=list(party_ids)).order_by().values("party_id")
    return {row["party_id"]: int(row["micros"]) for row in sums.annotate(micros=Sum("payable_micros"))}


def _deduction_key(rule: DeductionRule) -> AccountKey:
    return (LedgerAccount.Kind.DEDUCTION.value, WON, rule.kind)
