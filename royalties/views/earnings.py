"""What a rights-holder reads: usage of the works, and every won from the payment back to the lines of the file."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from portal.accounts.access import may_claim, only
from portal.lib import svg, wording
from portal.lib.keyset import day, page_of, whole
from portal.lib.money import MICROS
from royalties.access import PAID, RIGHTS_HOLDERS, SOCIETY, get_earning_of, get_statement, sees_money
from royalties.file_lines import file_lines
from royalties.forms import UsageFilterForm
from royalties.models import (
    Earning,
    Service,
    SongUsage,
    Statement,
    UsageLine,
)
from royalties.querysets import LINE_KEYS, EarningQuerySet, SongUsageQuerySet
from royalties.songs import works_of
from royalties.usage import MONTH_KEYS, songs_of, won_of_cells
from royalties.why import (
    EARNING_KEYS,
    held_by_case,
    release_of,
    right_of,
    rule_text,
    side_of,
    sides_of,
    song_of,
    won_of_rights,
    won_of_songs,
    words_of_carried,
)
from works.access import get_work
from works.models import Right

NEWEST_MONTHS: Final = 12
SONGS_SHOWN: Final = 50
SONGS_A_PAGE: Final = 20  # a payment is read on a phone


@require_GET
@only(*RIGHTS_HOLDERS, *SOCIETY)
def usage(request: HttpRequest) -> HttpResponse:
    """The matched usage of one's works, by song, service and month."""
    form = UsageFilterForm(request.GET or None)
    rows = SongUsage.objects.visible_to(request.user).counted().matched()
    if form.is_bound and form.is_valid():
        rows = _filtered(rows, form.cleaned_data)
    page = page_of(
        rows.select_related("recording", "report"),
        keys=(day("usage_month", descending=True), whole("amount_micros", descending=True), whole("id")),
        after=request.GET.get("after", ""),
    )
    works = works_of(request.user, [row.recording_id for row in page.rows])
    context = {
        "form": form,
        "page": page,
        "rows": [{"usage": row, "works": works.get(row.recording_id, [])} for row in page.rows],
        "services": [{**row, "name": Service(row["service"]).label} for row in rows.by_service()],
    }
    return render(request, "royalties/usage.html", context)


def _filtered(rows: SongUsageQuerySet, chosen: dict[str, Any]) -> SongUsageQuerySet:
    if chosen["service"]:
        rows = rows.filter(service=chosen["service"])
    if chosen["month"]:
        rows = rows.filter(usage_month=chosen["month"])
    if chosen["q"]:
        rows = rows.titled(chosen["q"])
    return rows


@require_GET
@only(*RIGHTS_HOLDERS, *SOCIETY)
def work(request: HttpRequest, ref: str) -> HttpResponse:
    """Usage and money of one work, by service and month."""
    shown = get_work(request.user, ref)
    page = page_of(
        SongUsage.objects.of_work(shown).counted().by_month(),
        keys=MONTH_KEYS,
        after=request.GET.get("after", ""),
    )
    money = sees_money(request.user)
    own = Earning.objects.visible_to(request.user).filter(work=shown) if money else Earning.objects.none()
    won = won_of_cells(own, [row["usage_month"] for row in page.rows])
    context = {
        "work": shown,
        "page": page,
        "rows": [
            {
                **row,
                "name": Service(row["service"]).label,
                "payable": won.get((row["usage_month"], row["service"]), {}).get("payable"),
                "held": won.get((row["usage_month"], row["service"]), {}).get("held"),
            }
            for row in page.rows
        ],
        "money": money,
        "by_state": _by_state(own),
        "payable_words": Earning.State.PAYABLE.label,
        "may_claim": may_claim(request.user),
        "songs": songs_of(shown)[:SONGS_SHOWN],
    }
    return render(request, "royalties/work.html", context)


def _by_state(own: EarningQuerySet) -> list[dict[str, Any]]:
    sums = own.won_by_state()
    return [{"words": state.label, "won": sums[state]} for state in Earning.State if state in sums]


# ── payments ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@require_GET
@only(*PAID)
def statements(request: HttpRequest) -> HttpResponse:
    """The payments by distribution month."""
    rows = Statement.objects.visible_to(request.user)
    page = page_of(
        rows.select_related("party", "run", "hold"),
        keys=(day("period", descending=True), whole("id", descending=True)),
        after=request.GET.get("after", ""),
    )
    months = rows.order_by("-period").values("period").annotate(payable=Sum("payable_micros"))[:NEWEST_MONTHS]
    context = {
        "page": page,
        "parties": rows.order_by().values("party").distinct().count(),
        "bars": [
            svg.Bar(
                label=wording.short_month(row["period"]),
                value=int(row["payable"]),
                text=wording.money(row["payable"], "KRW"),
                strong=place == 0,
            )
            for place, row in enumerate(months)
        ][::-1],
    }
    return render(request, "royalties/statements.html", context)


@require_GET
@only(*PAID)
def statement(request: HttpRequest, ref: str) -> HttpResponse:
    """Why this amount: from gross to whole won, then by song and service, and what is held."""
    shown = get_statement(request.user, ref)
    deductions = list(shown.deductions.select_related("rule").order_by("rule__position", "id"))
    accounted = Earning.objects.of_statement(shown)
    page = page_of(
        accounted.by_work(),
        keys=(whole("won", descending=True), whole("work_id")),
        after=request.GET.get("after", ""),
        size=SONGS_A_PAGE,
    )
    context = {
        "statement": shown,
        "steps": _steps(shown, deductions),
        "deductions": [
            {
                "step": step,
                "taken": -step.amount_micros,
                "text": rule_text(step.rule),
                "rate": Fraction(step.rule.numerator, step.rule.denominator),
            }
            for step in deductions
        ],
        "carried": -shown.carried_micros,
        "carried_words": words_of_carried(shown.carried_micros),
        "release": release_of(shown),
        "page": page,
        "services": [
            {"name": Service(row["song_usage__service"]).label, "won": int(row["won"])}
            for row in accounted.by_service()
        ],
        "held": held_by_case(shown),
    }
    return render(request, "royalties/statement.html", context)


def _steps(shown: Statement, deductions: Sequence[Any]) -> list[svg.Step]:
    """Gross, each deduction, net, what stays in the account as a fraction, and the whole won that are paid.

    The picture shows whole won; every millionth stands in the table below it.
    """

    def amount(micros: int) -> str:
        written = wording.money if abs(micros) >= MICROS else wording.exact_money
        return written(micros, shown.currency)

    steps = [svg.Step(label=_("Royalties"), value=shown.gross_micros, text=amount(shown.gross_micros), kind="total")]
    for step in deductions:
        taken = -step.amount_micros
        steps.append(svg.Step(label=step.rule.get_kind_display(), value=taken, text=amount(taken)))
    steps.append(svg.Step(label=_("Net"), value=shown.net_micros, text=amount(shown.net_micros), kind="total"))
    carried = -shown.carried_micros
    steps.append(svg.Step(label=words_of_carried(shown.carried_micros)[0], value=carried, text=amount(carried)))
    paid = wording.money(shown.payable_micros, shown.currency)
    steps.append(svg.Step(label=_("Paid"), value=shown.payable_micros, text=paid, kind="total"))
    return steps


@require_GET
@only(*PAID)
def statement_song(request: HttpRequest, ref: str, work_ref: str) -> HttpResponse:
    """One song of a statement: what was reported, the rate, the song's won and the share's, earning by earning."""
    shown = get_statement(request.user, ref)
    earnings = Earning.objects.of_statement(shown).filter(work__ref=work_ref)
    page = page_of(
        earnings.with_origin(),
        keys=EARNING_KEYS,
        after=request.GET.get("after", ""),
    )
    if not page.rows:
        raise Http404
    of_songs, of_rights, of_sides = won_of_songs(page.rows), won_of_rights(page.rows), sides_of(page.rows)
    context = {
        "statement": shown,
        "work": page.rows[0].work,
        "page": page,
        "rows": [
            {
                "earning": earning,
                "rate": f"{earning.pool.remittance.rate.normalize():f}",
                "song_won": of_songs[song_of(earning)],
                "side": of_sides.get(side_of(earning)),
                "right_won": of_rights[right_of(earning)],
                "right": Right(earning.right).label,
                "fraction": Fraction(int(earning.run_share.numerator), int(earning.run_share.denominator)),
            }
            for earning in page.rows
        ],
        "total": earnings.aggregate(won=Sum("won_micros"))["won"],
    }
    return render(request, "royalties/statement_song.html", context)


@require_GET
@only(*PAID)
def earning_lines(request: HttpRequest, ref: str, earning_id: int) -> HttpResponse:
    """The rows of the service's file behind one earning."""
    shown = get_statement(request.user, ref)
    earning = get_earning_of(shown, earning_id)
    used = earning.song_usage
    page = page_of(UsageLine.objects.summed_in(used), keys=LINE_KEYS, after=request.GET.get("after", ""))
    numbers = file_lines(used.report_id, [line.line_no for line in page.rows])
    context = {
        "rows": [{"line": line, "number": numbers[line.line_no]} for line in page.rows],
        "statement": shown,
        "earning": earning,
        "usage": used,
        "work": earning.work,
        "page": page,
    }
    return render(request, "royalties/earning_lines.html", context)
