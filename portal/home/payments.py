"""Money of rights-holders: the newest distribution month, where it came from, and what waits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from django.db.models import Q, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from claims.models import Case
from portal.accounts.access import Reader
from portal.lib import svg, wording
from portal.lib.money import MICROS
from royalties.models import DeductionRule, Earning, Hold, Service, Statement, StatementDeduction
from royalties.querysets import StatementQuerySet
from royalties.why import words_of_carried
from works.models import Share, Work

MONTHS_DRAWN: Final = 12
SHOWN: Final = 5
STATEMENTS_SHOWN: Final = 6


def payments_of(user: Reader, holders: Collection[int]) -> dict[str, Any]:
    """The newest distribution month of these organisations, the months before it, and what earned most."""
    statements = _statements(user, holders).select_related("party")
    newest = statements.order_by("-period").values_list("period", flat=True).first()
    if newest is None:
        shares = Share.objects.filter(party__organisation__in=holders)
        works = Work.objects.visible_to(user).filter(Q(registered_by__in=holders) | Q(pk__in=shares.values("work")))
        return {"period": None, "works": works.count()}
    current = list(statements.filter(period=newest).order_by("id"))
    months = _months(statements)
    before = next((row["payable"] for row in reversed(months) if row["period"] < newest), None)
    payable = sum(statement.payable_micros for statement in current)
    return {
        "period": newest,
        "statements": current,
        "payable": payable,
        "change": None if before is None else payable - before,
        "bars": [
            svg.Bar(
                label=wording.short_month(row["period"]),
                value=max(row["payable"], 0) // MICROS,
                text=wording.short_money(row["payable"], "KRW"),
                strong=row["period"] == newest,
            )
            for row in months
        ],
        "songs": _best_songs(user, holders, current),
    }


def statements_of(user: Reader, holders: Collection[int]) -> list[Statement]:
    """The newest payments, each to be opened or taken away as a file."""
    return list(_statements(user, holders).select_related("party").order_by("-period", "-id")[:STATEMENTS_SHOWN])


def earned_of(user: Reader, holders: Collection[int]) -> dict[str, Any]:
    """The newest distribution month from gross to paid, and by the service that was listened on."""
    statements = _statements(user, holders)
    newest = statements.order_by("-period").values_list("period", flat=True).first()
    if newest is None:
        return {"period": None}
    current = list(statements.filter(period=newest))
    runs = [statement.run_id for statement in current if statement.run_id is not None]
    services = (
        Earning.objects.visible_to(user)
        .filter(party__organisation__in=holders, run__in=runs, state=Earning.State.PAYABLE)
        .order_by()
        .values("song_usage__service")
        .annotate(won=Sum("won_micros"))
        .order_by("-won", "song_usage__service")
    )
    return {
        "period": newest,
        "steps": _steps(current),
        "services": [{"name": Service(row["song_usage__service"]).label, "won": int(row["won"])} for row in services],
        "released": sum(statement.gross_micros for statement in current if statement.hold_id is not None),
        "gross": sum(statement.gross_micros for statement in current),
    }


def held_of(user: Reader, holders: Collection[int]) -> dict[str, Any]:
    """These organisations' own money that waits for an open dispute, by work and case."""
    rows = (
        Earning.objects.visible_to(user)
        .filter(party__organisation__in=holders, state=Earning.State.HELD, hold__state=Hold.State.OPEN)
        .order_by()
        .values("work__ref", "work__title", "hold__case_ref")
        .annotate(won=Sum("won_micros"))
        .order_by("-won", "work__ref")
    )
    found = [
        {
            "work_ref": row["work__ref"],
            "title": row["work__title"],
            "case_ref": row["hold__case_ref"],
            "won": int(row["won"]),
        }
        for row in rows
    ]
    own_cases = set(
        Case.objects.visible_to(user).filter(ref__in=[row["case_ref"] for row in found]).values_list("ref", flat=True)
    )
    for row in found:
        row["sees_case"] = row["case_ref"] in own_cases
    return {"rows": found[:SHOWN], "won": sum(row["won"] for row in found), "count": len(found)}


def _statements(user: Reader, holders: Collection[int]) -> StatementQuerySet:
    return Statement.objects.visible_to(user).filter(party__organisation__in=holders)


def _months(statements: StatementQuerySet) -> list[dict[str, Any]]:
    rows = statements.order_by("-period").values("period").annotate(payable=Sum("payable_micros"))[:MONTHS_DRAWN]
    return [{"period": row["period"], "payable": int(row["payable"])} for row in reversed(list(rows))]


def _best_songs(user: Reader, holders: Collection[int], statements: Sequence[Statement]) -> list[dict[str, Any]]:
    """The works that brought most in these statements, before deductions."""
    runs = {statement.run_id for statement in statements if statement.run_id is not None}
    holds = {statement.hold_id for statement in statements if statement.hold_id is not None}
    rows = (
        Earning.objects.visible_to(user)
        .filter(party__organisation__in=holders)
        .filter(Q(run__in=runs, state=Earning.State.PAYABLE) | Q(hold__in=holds))
        .order_by()
        .values("work__ref", "work__title")
        .annotate(won=Sum("won_micros"))
        .order_by("-won", "work__ref")[:SHOWN]
    )
    return [{"ref": row["work__ref"], "title": row["work__title"], "won": int(row["won"])} for row in rows]


def _steps(statements: Sequence[Statement]) -> list[svg.Step]:
    """From gross to paid, summed over the statements: what the single statement's page draws for one."""
    deducted = (
        StatementDeduction.objects.filter(statement__in=statements)
        .values("rule__kind")
        .annotate(micros=Sum("amount_micros"))
        .order_by("rule__kind")
    )
    steps = [_step(_("Royalties"), sum(each.gross_micros for each in statements), "total")]
    steps += [_step(DeductionRule.Kind(row["rule__kind"]).label, -int(row["micros"]), "change") for row in deducted]
    carried = sum(each.carried_micros for each in statements)
    steps.append(_step(words_of_carried(carried)[0], -carried, "change"))
    return [*steps, _step(_("Paid"), sum(each.payable_micros for each in statements), "total")]


def _step(label: str | Promise, micros: int, kind: str) -> svg.Step:
    """Its amount in won, in millionths where it is less than one."""
    written = wording.money if abs(micros) >= MICROS else wording.exact_money
    return svg.Step(label=str(label), value=micros, text=written(micros, "KRW"), kind=kind)
