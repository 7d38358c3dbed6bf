"""Money received: a remittance, its pool, one exchange into won, and the reports it pays for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.lib.errors import DomainError
from portal.lib.money import MAX_MICROS, convert_micros, format_units
from royalties.ledger import WON, Posting, account, payees_are_free, post
from royalties.models import Earning, ExchangeRun, LedgerAccount, LedgerTransaction, Pool, Remittance, Report, Source

MONEY_IN_LOCK: Final = 0x67_61_72_02  # advisory: money comes in one remittance at a time, and a report is paid by one
RATE_PLACES: Final = Decimal("1e-10")  # what the column keeps
FAR_OFF: Final = 10  # a rate this many times another one is a slip of the point


class AmountNotUsable(DomainError):
    code = "amount-not-usable"
    sentence = _("An amount of %(micros)s millionths cannot be recorded, in the currency received or in won.")
    remedy = _("It must be more than 0 and at most 10^18 millionths of a unit: 1 yuan is 1000000.")


class RateNotUsable(DomainError):
    code = "rate-not-usable"
    sentence = _("“%(rate)s” is not a usable exchange rate: it must be more than 0, with at most ten decimals.")
    remedy = _("Write how many won one unit of the currency was worth, as on the bank's paper.")


class RateFarOff(DomainError):
    code = "rate-far-off"
    sentence = _("The rate %(rate)s is ten times off the last one of %(currency)s, %(last)s of %(date)s.")
    remedy = _("Nothing was recorded. Compare the rate with the bank's paper; look for a slipped decimal point.")


class OtherCurrency(DomainError):
    code = "other-currency"
    sentence = _("The reports of %(source)s for %(period)s are in %(expected)s, the money is in %(currency)s.")
    remedy = _("Nothing was recorded. Check the currency of the remittance and of the reports.")


class ReferenceTaken(DomainError):
    code = "reference-taken"
    status = 409
    sentence = _("A remittance with the reference %(reference)s is already recorded, with other figures.")
    remedy = _("Nothing was recorded. If it is other money, give it a reference of its own.")


class NoDifferenceToAccept(DomainError):
    code = "no-difference-to-accept"
    status = 409
    sentence = _("The pool of %(reference)s is not held because of a difference: it is %(state)s.")
    remedy = _("Open it again and look at what has changed.")


class NothingReported(DomainError):
    code = "nothing-reported"
    sentence = _("The reports of %(reference)s add up to nothing, so its money cannot be divided by them.")
    remedy = _("Ask the source for a report with amounts.")


class ReasonMissing(DomainError):
    code = "reason-missing"
    sentence = _("A difference is accepted with a reason only.")
    remedy = _("Say in a few words why the money is not what was reported.")


@transaction.atomic
def record_remittance(
    *,
    source: Source,
    period: dt.date,
    amount_micros: int,
    currency: str,
    rate: Decimal,
    rate_date: dt.date,
    reference: str | None = None,
    actor: User | None = None,
    rate_source: str = "",
    received_date: dt.date | None = None,
) -> Remittance:
    """Record money of a source for its reports of a month, and exchange it into won at the exact rate, once.

    The bank's reference names it; without one there is one remittance per source, period and currency. The same again
    returns what is there; other figures under the same reference raise ReferenceTaken. A rate ten times off the last
    one of the currency is refused (reliability M06). `received_date` is the day of the rate where none is given. The won
    amount is rounded half to even, to the micro. Reports of the month that are ready are attached at once.
    """
    period = period.replace(day=1)
    reference = reference or f"{source.code}:{period:%Y-%m}:{currency}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MONEY_IN_LOCK])
    recorded = Remittance.objects.select_related("pool").filter(reference=reference).first()
    if recorded is not None:
        same = (recorded.source_id, recorded.period, recorded.amount_micros, recorded.currency) == (
            source.pk,
            period,
            amount_micros,
            currency,
        )
        if not same or (recorded.rate, recorded.rate_date) != (rate, rate_date):
            raise ReferenceTaken(reference=reference)
        return recorded
    won_micros = _require_usable(
        source=source,
        period=period,
        amount_micros=amount_micros,
        currency=currency,
        rate=rate,
    )
    remittance = Remittance.objects.create(
        source=source,
        period=period,
        amount_micros=amount_micros,
        currency=currency,
        rate=rate,
        rate_date=rate_date,
        rate_source=rate_source,
        reference=reference,
        received_date=received_date or rate_date,
        recorded_by=actor,
    )
    pool = Pool.objects.create(
        remittance=remittance, currency=currency, source_micros=amount_micros, won_micros=won_micros
    )
    _post_money_in(pool)
    attach_reports(pool=pool)
    pool.refresh_from_db()
    return remittance


@transaction.atomic
def attach_reports(*, pool: Pool) -> Pool:
    """Give a pool that waits or is held the ready reports of its source and month that no other pool pays for.

    No report: it waits. Their money, accepted and rejected, is exactly what was received: it is released. Otherwise it is
    held, to the last fen, until somebody accepts the difference (reliability M12); so it is when the rejected lines of
    a report add up to less than nothing, because then the others would get more than was received. Of a pool that has paid
    already, what is held is the difference to what it pays for (_reports_of).
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MONEY_IN_LOCK])
    locked = Pool.objects.select_for_update(of=("self",), no_key=True).select_related("remittance").get(pk=pool.pk)
    if locked.state == Pool.State.RELEASED:
        return locked
    ready = Report.objects.filter(
        source_id=locked.remittance.source_id,
        period=locked.remittance.period,
        currency=locked.currency,
        state=Report.State.READY,
    )
    free = list(ready.exclude(pools__in=Pool.objects.exclude(pk=locked.pk)).order_by("pk"))
    reports = _reports_of(locked, free)
    left_behind = None
    if money_of(reports) != locked.source_micros:
        reports, left_behind = _brought_its_own_money(locked, ready) or (reports, None)
    locked.reports.set(reports)
    locked.reported_micros = money_of(reports)
    if not reports:
        locked.state = Pool.State.WAITING
    elif locked.reported_micros == locked.source_micros and all(report.rejected_micros >= 0 for report in reports):
        locked.state = Pool.State.RELEASED
    else:
        locked.state = Pool.State.HELD
    locked.save(update_fields=["reported_micros", "state"])
    if left_behind is not None:
        attach_reports(pool=left_behind)
    return locked


def attach_waiting() -> None:
    """Look again for the reports of every pool that is not released, oldest first; released ones take up corrections."""
    for pool in Pool.objects.exclude(state=Pool.State.RELEASED).order_by("pk"):
        attach_reports(pool=pool)
    take_up_corrections()


@transaction.atomic
def take_up_corrections() -> None:
    """Let every correction without money of its own change how the money is divided that paid for what it corrects.

    While money is being distributed it is left for the next look: the run has already read what would change under it.
    """
    waiting = Report.objects.filter(kind=Report.Kind.CORRECTION, state=Report.State.READY, pools__isnull=True)
    pools = Pool.objects.filter(state=Pool.State.RELEASED, reports__concerned_by__in=waiting).distinct().order_by("pk")
    if pools.exists() and payees_are_free():
        for pool in pools:
            look_again(pool=pool)


@transaction.atomic
def look_again(*, pool: Pool, without: Sequence[Report] = ()) -> Pool:
    """Open a pool again because its reports have changed: the next run divides it anew and posts the difference.

    A difference that was accepted was another one, so it is to be accepted again. The caller holds lock_payees().
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MONEY_IN_LOCK])
    locked = Pool.objects.select_for_update(of=("self",), no_key=True).get(pk=pool.pk)
    locked.reports.remove(*without)
    locked.to_divide_again = locked.to_divide_again or locked.earnings.exists()
    locked.state = Pool.State.WAITING
    locked.accepted_difference_by, locked.accepted_difference_reason = None, ""
    locked.save(update_fields=["state", "to_divide_again", "accepted_difference_by", "accepted_difference_reason"])
    return attach_reports(pool=locked)


def money_of(reports: Iterable[Report]) -> Decimal:
    """What reports add up to, in micros of their currency: accepted and rejected."""
    return sum((report.accepted_micros + report.rejected_micros for report in reports), Decimal(0))


def _reports_of(pool: Pool, free: Sequence[Report]) -> Sequence[Report]:
    """The reports that a pool pays for, of those that no other one pays for.

    A pool that has paid keeps to its reports, and to what replaces or corrects them; others join only where the money is
    then exactly theirs. So a supplement that waits for its own money does not stand in the way of a replacement.
    """
    if not pool.earnings.exists():
        return free
    earned = Earning.objects.filter(pool=pool, song_usage__report=OuterRef("pk"))
    its_own = Report.objects.filter(Q(pools=pool) | Exists(earned))
    following = set(Report.objects.filter(concerns__in=its_own).values_list("pk", flat=True))
    paid = set(
        Report.objects.filter(Exists(earned.standing()), pk__in=[report.pk for report in free]).values_list(
            "pk", flat=True
        )
    )
    current = set(pool.reports.values_list("pk", flat=True))
    kept = [report for report in free if report.pk in current | following]
    keeps = any(report.pk in paid | following for report in kept)
    return kept if keeps and money_of(free) != pool.source_micros else free


def _brought_its_own_money(pool: Pool, ready: QuerySet[Report]) -> tuple[list[Report], Pool] | None:
    """A report that another pool is short of or has too much, where this pool holds exactly its money; and that other pool."""
    unpaid = ready.exclude(Exists(Earning.objects.filter(song_usage__report=OuterRef("pk"))))
    held = unpaid.filter(pools__state=Pool.State.HELD).exclude(pools=pool)
    exact = [report for report in held if money_of([report]) == pool.source_micros]
    if len(exact) != 1:
        return None
    other = exact[0].pools.get()
    other.reports.remove(exact[0])
    return exact, other


@transaction.atomic
def accept_difference(*, pool: Pool, actor: User, reason: str) -> Pool:
    """Release a held pool although its money is not what was reported: it is divided in the proportions reported."""
    locked = Pool.objects.select_for_update(of=("self",), no_key=True).select_related("remittance").get(pk=pool.pk)
    if not reason.strip():
        raise ReasonMissing
    if locked.state != Pool.State.HELD:
        raise NoDifferenceToAccept(reference=locked.remittance.reference, state=locked.get_state_display())
    weights = (report.accepted_micros + max(report.rejected_micros, Decimal(0)) for report in locked.reports.all())
    if sum(weights, Decimal(0)) <= 0:
        raise NothingReported(reference=locked.remittance.reference)
    locked.state = Pool.State.RELEASED
    locked.accepted_difference_by = actor
    locked.accepted_difference_reason = reason.strip()
    locked.save(update_fields=["state", "accepted_difference_by", "accepted_difference_reason"])
    return locked


def _require_usable(*, source: Source, period: dt.date, amount_micros: int, currency: str, rate: Decimal) -> int:
    """The won amount, in micros, of a remittance that can be recorded."""
    if not 0 < amount_micros <= MAX_MICROS:
        raise AmountNotUsable(micros=amount_micros)
    if not rate.is_finite() or rate <= 0 or rate >= 10**10 or rate != rate.quantize(RATE_PLACES):
        raise RateNotUsable(rate=rate)
    if currency == WON and rate != 1:
        raise RateNotUsable(rate=rate)
    won_micros = convert_micros(amount_micros, rate)
    if not 0 < won_micros <= MAX_MICROS:
        raise AmountNotUsable(micros=won_micros)
    last = Remittance.objects.filter(currency=currency).order_by("-rate_date", "-pk").first()
    if last is not None and not last.rate / FAR_OFF < rate < last.rate * FAR_OFF:
        raise RateFarOff(rate=rate, currency=currency, last=f"{last.rate.normalize():f}", date=last.rate_date)
    reported = Report.objects.filter(source=source, period=period, state=Report.State.READY)
    currencies = set(reported.values_list("currency", flat=True)) or {source.currency}
    if currency not in currencies:
        raise OtherCurrency(
            source=source.name, period=f"{period:%Y-%m}", expected=", ".join(sorted(currencies)), currency=currency
        )
    return won_micros


def _post_money_in(pool: Pool) -> None:
    """Bank to pool in the currency received, then the exchange: one transaction, four entries."""
    remittance = pool.remittance
    kinds = LedgerAccount.Kind
    owner = f"pool:{pool.pk}"
    received = account(kind=kinds.POOL, currency=pool.currency, owner_key=owner)
    post(
        key=f"remittance:{remittance.reference}",
        kind=LedgerTransaction.Kind.REMITTANCE,
        effective_date=remittance.received_date,
        entries=[
            Posting(
                account=account(kind=kinds.BANK, currency=pool.currency),
                amount_micros=-pool.source_micros,
            ),
            Posting(account=received, amount_micros=pool.source_micros),
        ],
    )
    exchange = post(
        key=f"exchange:{remittance.reference}",
        kind=LedgerTransaction.Kind.EXCHANGE,
        effective_date=remittance.rate_date,
        note=f"{format_units(pool.source_micros, pool.currency, 6)} × {remittance.rate:f}",
        entries=[
            Posting(account=received, amount_micros=-pool.source_micros),
            Posting(
                account=account(kind=kinds.EXCHANGE, currency=pool.currency),
                amount_micros=pool.source_micros,
            ),
            Posting(
                account=account(kind=kinds.EXCHANGE, currency=WON),
                amount_micros=-pool.won_micros,
            ),
            Posting(
                account=account(kind=kinds.POOL, currency=WON, owner_key=owner),
                amount_micros=pool.won_micros,
            ),
        ],
    )
    ExchangeRun.objects.create(
        pool=pool,
        rate=remittance.rate,
        rate_date=remittance.rate_date,
        from_micros=pool.source_micros,
        to_micros=pool.won_micros,
        transaction=exchange,
    )
