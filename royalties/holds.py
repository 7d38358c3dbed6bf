"""Disputed money waits on the account of its hold, and leaves it once, when the case has ended.

A hold belongs to royalties; the case is an opaque reference. Earnings stay as they were written: a released one is known
by the state of its hold.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction

from django.conf import settings
from django.db.models import Sum
from django.db.transaction import atomic
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.lib.errors import DomainError
from royalties.allocation import allocate
from royalties.distribution import read_affiliations, resting_key
from royalties.ledger import (
    WON,
    AccountKey,
    NewTransaction,
    Posting,
    account,
    accounts,
    balance,
    lock_payees,
    post_many,
)
from royalties.models import Earning, Hold, LedgerAccount, LedgerTransaction, ReportedRecording, Statement
from royalties.payees import pay
from works.models import CHINA, Party, Share
from works.shares import AffiliationFact, CellState, Collector, CollectorKind, collector

WHOLE = Fraction(1)
NOBODY = ""  # in a hold's decision, beside the references of parties


class HoldTooLarge(DomainError):
    code = "hold-too-large"
    sentence = _("A hold takes more than nothing and at most what is disputed: %(fraction)s is not within %(limit)s.")
    remedy = _("Dispute at most the share as it stands.")


class AlreadyHeld(DomainError):
    code = "already-held"
    status = 409
    sentence = _("Case %(case)s already holds this, in another way.")
    remedy = _("Open the case again and look at what has changed.")


class AlreadyReleased(DomainError):
    code = "already-released"
    status = 409
    sentence = _("What case %(case)s held has already been released.")
    remedy = _("Nothing was paid again. Open the case and look at how it ended.")


class PartsDoNotMakeWhole(DomainError):
    code = "parts-do-not-make-whole"
    sentence = _("Held money is released to parties whose parts add up to 1, not to %(sum)s.")
    remedy = _("Give every party its part of what was held.")


@atomic
def open_hold(
    *,
    case_ref: str,
    fraction: Fraction = WHOLE,
    from_date: dt.date,
    share: Share | None = None,
    recording: ReportedRecording | None = None,
) -> Hold:
    """Hold a fraction of a work (of the work, not of the share), from the usage month of a day on.

    It acts in the distributions that begin after it. A song without a sure match is held whole, whatever the fraction:
    nobody knows yet of which work it would be a part. The same again returns the hold that is there. Raises
    HoldTooLarge, and AlreadyHeld where the case holds the same share or song by another fraction or from another day.
    """
    if share is not None and recording is None:
        Share.objects.select_for_update(no_key=True).get(pk=share.pk)
        limit = share.fraction
    elif recording is not None and share is None:
        ReportedRecording.objects.select_for_update(no_key=True).get(pk=recording.pk)
        limit, fraction = WHOLE, WHOLE
    else:
        raise ValueError("a hold is on a share or on a song")
    if not 0 < fraction <= limit:
        raise HoldTooLarge(fraction=fraction, limit=limit)
    held = Hold.objects.filter(case_ref=case_ref, share=share, recording=recording).first()
    if held is None:
        return Hold.objects.create(
            case_ref=case_ref,
            work=share.work if share else None,
            share=share,
            recording=recording,
            right=share.right if share else "",
            territory=share.territory if share else None,
            numerator=fraction.numerator,
            denominator=fraction.denominator,
            from_date=from_date,
        )
    if held.state != Hold.State.OPEN or (Fraction(held.numerator, held.denominator), held.from_date) != (
        fraction,
        from_date,
    ):
        raise AlreadyHeld(case=case_ref)
    return held


@atomic
def release_hold(
    *,
    hold: Hold,
    parts: Sequence[tuple[Party | None, Fraction]],
    period: dt.date,
    actor: User | None,
    outcome: str,
) -> list[Statement]:
    """Give what rests on a hold's account to the parties by their parts of it, once; their statements.

    The amount is divided by largest remainder, ties by the parties' references. What we collect for a party is paid to
    it, with the deductions of the distribution month `period`; what another society collects becomes not ours, and what
    nobody is known to collect goes to suspense, each judged in the usage month in which it was earned. The part of
    nobody (None: what nobody has registered of a work) goes to suspense. A hold on which nothing rests is released
    without a statement. Raises PartsDoNotMakeWhole, AlreadyReleased for a second release, and PayeesBusy while money is
    being distributed.
    """
    period = period.replace(day=1)
    fractions: defaultdict[str, Fraction] = defaultdict(Fraction)
    for party, part in parts:
        fractions[_name(party)] += part
    if sum(fractions.values()) != WHOLE or any(part < 0 for part in fractions.values()):
        raise PartsDoNotMakeWhole(sum=sum(fractions.values()))
    lock_payees()
    locked = Hold.objects.select_for_update().get(pk=hold.pk)
    if locked.state != Hold.State.OPEN:
        raise AlreadyReleased(case=locked.case_ref)
    source = (LedgerAccount.Kind.HOLD.value, WON, f"hold:{locked.pk}")
    held = balance(account(kind=LedgerAccount.Kind.HOLD, currency=WON, owner_key=source[2]))
    amounts = allocate(held, fractions)
    statements = _post(locked, {party: amounts[_name(party)] for party, _ in parts}, source, period)
    locked.state = Hold.State.RELEASED
    locked.released_at = timezone.now()
    locked.decision = {
        "outcome": outcome,
        "actor": actor.pk if actor else None,
        "period": period.isoformat(),
        "won_micros": str(held),
        "parts": [
            {
                "party": ref,
                "numerator": part.numerator,
                "denominator": part.denominator,
                "won_micros": str(amounts[ref]),
            }
            for ref, part in sorted(fractions.items())
        ],
    }
    locked.save(update_fields=["state", "released_at", "decision"])
    hold.refresh_from_db()
    return statements


def _name(party: Party | None) -> str:
    return NOBODY if party is None else party.ref


def _post(hold: Hold, amounts: Mapping[Party | None, int], source: AccountKey, period: dt.date) -> list[Statement]:
    """One transaction and statement per payee, and one transaction for what is not paid to anybody."""
    affiliations = read_affiliations(party.pk for party in amounts if party is not None)
    earned = list(
        Earning.objects.filter(hold=hold, state=Earning.State.HELD)
        .values_list("right", "song_usage__usage_month")
        .annotate(micros=Sum("won_micros"))
        .order_by("right", "song_usage__usage_month")
    )
    gross: Counter[int] = Counter()
    elsewhere: Counter[AccountKey] = Counter()
    for party, amount in amounts.items():
        if party is None:
            elsewhere[resting_key(CellState.SUSPENSE.value, None, CollectorKind.UNKNOWN, "")] += amount
            continue
        for found, micros in _by_collector(party, amount, earned, affiliations[party.pk]).items():
            if found.kind is CollectorKind.OURS:
                gross[party.pk] += micros
            else:
                state = CellState.SUSPENSE if found.kind is CollectorKind.UNKNOWN else CellState.NOT_OURS
                elsewhere[resting_key(state.value, None, found.kind, found.society)] += micros
    if any(elsewhere.values()):
        opened = accounts(dict.fromkeys([source, *elsewhere]))
        post_many(
            [
                NewTransaction(
                    key=f"release:hold:{hold.pk}:rest",
                    kind=LedgerTransaction.Kind.RELEASE,
                    effective_date=period,
                    note=hold.case_ref,
                    entries=[
                        Posting(account=opened[source], amount_micros=-sum(elsewhere.values())),
                        *(Posting(account=opened[key], amount_micros=micros) for key, micros in elsewhere.items()),
                    ],
                )
            ]
        )
    return pay(
        gross={party_id: {source: micros} for party_id, micros in gross.items()},
        key=lambda party_id: f"release:hold:{hold.pk}:party:{party_id}",
        kind=LedgerTransaction.Kind.RELEASE,
        period=period,
        hold=hold,
        note=hold.case_ref,
    )


def _by_collector(
    party: Party, amount: int, earned: Sequence[tuple[str, dt.date, int]], affiliations: Sequence[AffiliationFact]
) -> dict[Collector, int]:
    """Whoever collects for a party → the part of its amount, in proportion to what was earned while they did.

    Where corrections make the sum less than nothing, everything is the opposite of what it would be of its opposite.
    """
    weights: Counter[Collector] = Counter()
    for right, month, micros in earned:
        weights[collector(party.pk, right, CHINA, month, affiliations, settings.SOCIETY_CODE)] += micros
    if sum(weights.values()) < 0:
        weights = Counter({found: -micros for found, micros in weights.items()})
    names = {f"{found.kind.value}:{found.society}": found for found in weights}
    shares = allocate(amount, {name: weights[found] for name, found in names.items()})
    return {names[name]: micros for name, micros in shares.items()}
