"""The society's own work: what waits, what rests, what came in and where the last distribution went."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Count, F
from django.utils.translation import gettext as _, gettext_lazy

from claims.models import Case
from claims.querysets import held_micros
from portal.accounts.access import Reader, is_staff
from portal.home.tasks import Task, waiting
from portal.lib import svg, wording
from portal.lib.money import MICROS
from royalties.grid import grid_of
from royalties.models import DistributionRun, Pool, Remittance, Report, ReportedRecording
from royalties.reporting import OWED
from royalties.resting import resting_money, resting_won

SHOWN: Final = 5
TOTALS: Final = (
    ("payable", gettext_lazy("payable"), "good"),
    ("held", gettext_lazy("held"), "wait"),
    ("suspense", gettext_lazy("in suspense"), "bad"),
    ("not_ours", gettext_lazy("not ours"), "off"),
    ("deducted", gettext_lazy("deducted"), "more"),
    ("carried", gettext_lazy("carried over"), "rest"),
)


def society_figures(user: Reader) -> dict[str, Any]:
    """What waits for the society's staff, reports, resting money, pools that wait, disputes and the last run."""
    pools = Pool.objects.filter(remittance__in=Remittance.objects.visible_to(user)).exclude(state=Pool.State.RELEASED)
    disputed = list(
        Case.objects.visible_to(user).filter(state=Case.State.DISPUTED).select_related("work").order_by("-id")[:SHOWN]
    )
    held = held_micros([case.ref for case in disputed])
    return {
        "tasks": tasks_of_society(user),
        "reports": reports_of(user),
        "resting": resting_money(),
        "resting_won": resting_won(),
        "pools": list(
            pools.select_related("remittance__source")
            .annotate(difference=F("source_micros") - F("reported_micros"))
            .order_by("remittance__period", "id")[:SHOWN]
        ),
        "disputes": [{"case": case, "held": sorted(held.get(case.ref, {}).items())} for case in disputed],
        "run": last_run(user),
    }


def tasks_of_society(user: Reader) -> list[Task]:
    """What waits for the society's staff; auditors read the same figures."""
    cases = dict(Case.objects.visible_to(user).order_by().values_list("state").annotate(Count("id")))
    reports = dict(Report.objects.visible_to(user).order_by().values_list("state").annotate(Count("id")))
    pools = Pool.objects.filter(remittance__in=Remittance.objects.visible_to(user)).order_by()
    sums = dict(pools.values_list("state").annotate(Count("id")))
    to_review = ReportedRecording.objects.visible_to(user).without_owner("review").count()
    return waiting(
        Task(cases.get("filed", 0), _("cases whose papers are to be checked"), "claims:list", "?state=filed"),
        Task(cases.get("disputed", 0), _("disputes that hold money"), "claims:list", "?state=disputed"),
        Task(reports.get("held", 0), _("reports held until somebody decides"), "royalties:reports"),
        Task(grid_of(user).count(*OWED), _("months late or missing"), "royalties:reporting", "?show=owed"),
        Task(reports.get("mapping", 0), _("files whose columns are to be mapped"), "royalties:reports"),
        Task(reports.get("stopped", 0), _("reports whose reading has stopped"), "royalties:reports"),
        Task(sums.get("held", 0), _("sums received that differ from the reports"), "royalties:remittances"),
        Task(sums.get("waiting", 0), _("sums received that wait for their reports"), "royalties:remittances"),
        Task(
            to_review,
            _("songs to review"),
            *(("royalties:review",) if is_staff(user) else ("royalties:unmatched", "?tab=review")),
        ),
    )


def last_run(user: Reader) -> dict[str, Any] | None:
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
