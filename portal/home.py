"""What each role finds on its home page, read through the rooms' own querysets: nobody sees here what is not hers elsewhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

from django.db.models import Count, F, Q, Sum
from django.utils.translation import gettext as _, gettext_lazy

from claims.models import Case
from claims.querysets import held_micros
from portal.accounts.access import Reader, organisation_ids, roles_of
from portal.accounts.models import PUBLISHER_ROLES
from portal.lib import svg, wording
from portal.lib.money import MICROS
from portal.notices.access import notices_of
from royalties.access import sees_money
from royalties.models import (
    DistributionRun,
    Earning,
    Hold,
    Pool,
    Remittance,
    Report,
    ReportedRecording,
    SongUsage,
    Statement,
)
from royalties.resting import resting_money, resting_won
from works.models import CatalogueRow, CatalogueUpload, Work

MONTHS_DRAWN: Final = 12
SHOWN: Final = 5
TOTALS: Final = (
    ("payable", gettext_lazy("payable"), "good"),
    ("held", gettext_lazy("held"), "wait"),
    ("suspense", gettext_lazy("in suspense"), "bad"),
    ("not_ours", gettext_lazy("not ours"), "off"),
    ("deducted", gettext_lazy("deducted"), "more"),
    ("carried", gettext_lazy("carried over"), "rest"),
)


def payments_of(user: Reader) -> dict[str, Any]:
    """The newest distribution month of one's parties, the months before it, and what earned most."""
    statements = Statement.objects.visible_to(user).select_related("party")
    newest = statements.order_by("-period").values_list("period", flat=True).first()
    if newest is None:
        return {"period": None, "works": Work.objects.visible_to(user).count()}
    current = list(statements.filter(period=newest).order_by("id"))
    months = _months(user)
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
        "songs": _best_songs(user, current),
    }


def _months(user: Reader) -> list[dict[str, Any]]:
    rows = (
        Statement.objects.visible_to(user)
        .order_by("-period")
        .values("period")
        .annotate(payable=Sum("payable_micros"))[:MONTHS_DRAWN]
    )
    return [{"period": row["period"], "payable": int(row["payable"])} for row in reversed(list(rows))]


def _best_songs(user: Reader, statements: Sequence[Statement]) -> list[dict[str, Any]]:
    """The works that brought most in these statements, before deductions."""
    runs = {statement.run_id for statement in statements if statement.run_id is not None}
    holds = {statement.hold_id for statement in statements if statement.hold_id is not None}
    rows = (
        Earning.objects.visible_to(user)
        .filter(Q(run__in=runs, state=Earning.State.PAYABLE) | Q(hold__in=holds))
        .order_by()
        .values("work__ref", "work__title")
        .annotate(won=Sum("won_micros"))
        .order_by("-won", "work__ref")[:SHOWN]
    )
    return [{"ref": row["work__ref"], "title": row["work__title"], "won": int(row["won"])} for row in rows]


def held_of(user: Reader) -> dict[str, Any]:
    """One's own money that waits for an open dispute, by work and case."""
    rows = (
        Earning.objects.visible_to(user)
        .filter(state=Earning.State.HELD, hold__state=Hold.State.OPEN)
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


def tasks_of_publisher(user: Reader) -> list[dict[str, Any]]:
    """What waits for a publisher, each with its number and the page where it is done. Nothing to do is left out."""
    rows = CatalogueRow.objects.filter(upload__in=CatalogueUpload.objects.visible_to(user))
    outcomes = dict(rows.order_by().values_list("outcome").annotate(Count("id")))
    cases = Case.objects.visible_to(user)
    own = organisation_ids(user, *PUBLISHER_ROLES)
    tasks = [
        (outcomes.get("to_mend", 0), _("rows of your catalogue to mend"), "works:uploads"),
        (outcomes.get("conflict", 0), _("rows whose shares conflict with others"), "works:uploads"),
        (
            cases.filter(state=Case.State.PAPERS_MISSING, claimant__in=own).count(),
            _("cases whose papers you need to complete"),
            "claims:list",
        ),
        (cases.open().exclude(claimant__in=own).count(), _("open cases about your shares"), "claims:list"),
        (
            ReportedRecording.objects.visible_to(user).without_owner().count(),
            _("songs without an owner: is one of them yours?"),
            "royalties:unmatched",
        ),
    ]
    return [{"number": number, "label": label, "url_name": name} for number, label, name in tasks if number]


def usage_of(user: Reader) -> dict[str, Any]:
    """The newest month in which one's works were used, summed as reported."""
    rows = SongUsage.objects.visible_to(user).counted()
    rows = rows.filter(recording__matches__superseded_at__isnull=True, recording__matches__outcome="accepted")
    newest = rows.order_by("-usage_month").values_list("usage_month", flat=True).first()
    if newest is None:
        return {"month": None, "sums": []}
    sums = (
        rows.filter(usage_month=newest)
        .order_by()
        .values("report__currency")
        .annotate(uses=Sum("uses"), money=Sum("amount_micros"), songs=Count("recording", distinct=True))
        .order_by("report__currency")
    )
    return {"month": newest, "sums": list(sums)}


def uploads_of(user: Reader) -> list[CatalogueUpload]:
    uploads = CatalogueUpload.objects.visible_to(user).select_related("file")
    to_mend = Count("row_set", filter=Q(row_set__outcome="to_mend"))
    return list(uploads.annotate(to_mend=to_mend).order_by("-id")[:SHOWN])


def tasks_of_society(user: Reader) -> list[dict[str, Any]]:
    """What waits for the society's staff; auditors read the same figures."""
    cases = dict(Case.objects.visible_to(user).order_by().values_list("state").annotate(Count("id")))
    reports = dict(Report.objects.visible_to(user).order_by().values_list("state").annotate(Count("id")))
    waiting = dict(
        Pool.objects.filter(remittance__in=_remittances(user)).order_by().values_list("state").annotate(Count("id"))
    )
    tasks = [
        (cases.get("filed", 0), _("cases whose papers are to be checked"), "claims:list"),
        (cases.get("disputed", 0), _("disputes that hold money"), "claims:list"),
        (reports.get("held", 0), _("reports held until somebody decides"), "royalties:reports"),
        (reports.get("stopped", 0), _("reports whose reading has stopped"), "royalties:reports"),
        (waiting.get("held", 0), _("sums received that differ from the reports"), "royalties:remittances"),
        (waiting.get("waiting", 0), _("sums received that wait for their reports"), "royalties:remittances"),
        (
            ReportedRecording.objects.visible_to(user).without_owner("review").count(),
            _("songs to review"),
            "royalties:unmatched",
        ),
    ]
    return [{"number": number, "label": label, "url_name": name} for number, label, name in tasks if number]


def _remittances(user: Reader) -> Any:
    return Remittance.objects.visible_to(user)


def society_figures(user: Reader) -> dict[str, Any]:
    """Reports, resting money, pools that wait, disputes and the last run."""
    pools = Pool.objects.filter(remittance__in=_remittances(user)).exclude(state=Pool.State.RELEASED)
    disputed = list(
        Case.objects.visible_to(user).filter(state=Case.State.DISPUTED).select_related("work").order_by("-id")[:SHOWN]
    )
    held = held_micros([case.ref for case in disputed])
    return {
        "reports": reports_of(user),
        "resting": resting_money(),
        "resting_won": resting_won(),
        "pools": list(
            pools.select_related("remittance__source")
            .annotate(difference=F("source_micros") - F("reported_micros"))
            .order_by("remittance__period", "id")[:SHOWN]
        ),
        "disputes": [{"case": case, "held": sorted(held.get(case.ref, {}).items())} for case in disputed],
        "run": _last_run(user),
    }


def _last_run(user: Reader) -> dict[str, Any] | None:
    run = DistributionRun.objects.visible_to(user).order_by("-id").first()
    if run is None:
        return None
    rows = [
        {"code": code, "label": label, "tone": tone, "sums": sorted(_sums(run.totals.get(code, {})).items())}
        for code, label, tone in TOTALS
        if code in run.totals
    ]
    parts = [
        svg.Part(
            label=str(row["label"]), value=micros // MICROS, text=wording.money(micros, currency), kind=str(row["tone"])
        )
        for row in rows
        for currency, micros in row["sums"]
        if currency == "KRW" and micros > 0
    ]
    return {"run": run, "rows": rows, "parts": parts}


def _sums(written: dict[str, str]) -> dict[str, int]:
    return {currency: int(micros) for currency, micros in written.items()}


def reports_of(user: Reader) -> list[Report]:
    rows = Report.objects.visible_to(user).select_related("source").order_by("-id")
    return list(rows.annotate(money=F("accepted_micros") + F("rejected_micros"))[: 2 * SHOWN])


def reports_by_period(user: Reader) -> list[tuple[dt.date | None, list[Report]]]:
    """A service's own reports, newest period first."""
    rows = (
        Report.objects.visible_to(user)
        .select_related("source")
        .order_by(F("period").desc(nulls_first=True), "-id")[:100]
    )
    return [(period, list(reports)) for period, reports in groupby(rows, key=lambda report: report.period)]


def home_of(user: Reader) -> dict[str, Any]:
    """Which sections the page has, and what stands in each."""
    roles = roles_of(user)
    context: dict[str, Any] = {"unread": list(notices_of(user).filter(read_at__isnull=True)[:3])}
    if roles & {"staff", "auditor"}:
        return {**context, "section": "society", "tasks": tasks_of_society(user), **society_figures(user)}
    if roles & PUBLISHER_ROLES:
        context |= {"section": "publisher", "tasks": tasks_of_publisher(user), "usage": usage_of(user)}
        context |= {"uploads": uploads_of(user)}
        if sees_money(user):
            context |= {"payments": payments_of(user), "held": held_of(user)}
        return context
    if "songwriter" in roles:
        return {**context, "section": "songwriter", "payments": payments_of(user), "held": held_of(user)}
    if "service_contact" in roles:
        return {**context, "section": "contact", "periods": reports_by_period(user)}
    return {**context, "section": "nobody"}
