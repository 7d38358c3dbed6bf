"""What a rights-holder reads: usage of the works, and every won from the payment back to the lines of the file."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from django.db.models import Count, F, Q, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from portal.accounts.access import may_claim, only
from portal.lib import svg, wording
from portal.lib.keyset import Key, day, page_of, whole
from portal.lib.money import MICROS
from royalties.access import PAID, RIGHTS_HOLDERS, SOCIETY, get_earning_of, get_statement, sees_money
from royalties.forms import UsageFilterForm
from royalties.models import (
    DeductionRule,
    Earning,
    MatchWork,
    Service,
    SongUsage,
    Statement,
    UsageLine,
)
from royalties.querysets import EarningQuerySet, SongUsageQuerySet
from works.access import get_work
from works.models import Right, Work

NEWEST_MONTHS: Final = 12
SONGS_SHOWN: Final = 50
SONGS_A_PAGE: Final = 20  # a payment is read on a phone


@require_GET
@only(*RIGHTS_HOLDERS, *SOCIETY)
def usage(request: HttpRequest) -> HttpResponse:
    """The matched usage of one's works, by song, service and month."""
    form = UsageFilterForm(request.GET or None)
    rows = SongUsage.objects.visible_to(request.user).counted()
    rows = rows.filter(recording__matches__superseded_at__isnull=True, recording__matches__outcome="accepted")
    if form.is_bound and form.is_valid():
        rows = _filtered(rows, form.cleaned_data)
    page = page_of(
        rows.select_related("recording", "report"),
        keys=(day("usage_month", descending=True), whole("amount_micros", descending=True), whole("id")),
        after=request.GET.get("after", ""),
    )
    works = _works_of(request, [row.recording_id for row in page.rows])
    context = {
        "form": form,
        "page": page,
        "rows": [{"usage": row, "works": works.get(row.recording_id, [])} for row in page.rows],
        "services": _by_service(rows),
    }
    return render(request, "royalties/usage.html", context)


def _filtered(rows: SongUsageQuerySet, chosen: dict[str, Any]) -> SongUsageQuerySet:
    if chosen["service"]:
        rows = rows.filter(service=chosen["service"])
    if chosen["month"]:
        rows = rows.filter(usage_month=chosen["month"])
    if chosen["q"]:
        titled = MatchWork.objects.filter(match__superseded_at__isnull=True, work__titles__text__icontains=chosen["q"])
        rows = rows.filter(
            Q(recording__title__icontains=chosen["q"]) | Q(recording__in=titled.values("match__recording_id"))
        )
    return rows


def _works_of(request: HttpRequest, recordings: Sequence[int]) -> dict[int, list[Work]]:
    """Recording id → the works it is, as far as the reader sees them."""
    found: dict[int, list[Work]] = {}
    parts = MatchWork.objects.filter(
        match__recording__in=recordings,
        match__superseded_at__isnull=True,
        match__outcome="accepted",
        work__in=Work.objects.visible_to(request.user),
    )
    for part in parts.select_related("match", "work").order_by("rank"):
        found.setdefault(part.match.recording_id, []).append(part.work)
    return found


def _by_service(rows: QuerySet[SongUsage]) -> list[dict[str, Any]]:
    sums = rows.order_by().values("service", "report__currency").annotate(uses=Sum("uses"), amount=Sum("amount_micros"))
    return [{**row, "name": Service(row["service"]).label} for row in sums.order_by("-amount")]


@require_GET
@only(*RIGHTS_HOLDERS, *SOCIETY)
def work(request: HttpRequest, ref: str) -> HttpResponse:
    """Usage and money of one work, by service and month."""
    shown = get_work(request.user, ref)
    rows = SongUsage.objects.of_work(shown).counted()
    months = (
        rows.order_by()
        .values("usage_month", "service", "report__currency")
        .annotate(uses=Sum("uses"), amount=Sum("amount_micros"))
    )
    page = page_of(
        months,
        keys=(
            day("usage_month", descending=True),
            Key(name="service", read=str),
            Key(name="report__currency", read=str),
        ),
        after=request.GET.get("after", ""),
    )
    money = sees_money(request.user)
    own = Earning.objects.visible_to(request.user).filter(work=shown) if money else Earning.objects.none()
    won = _won_of_cells(own, [row["usage_month"] for row in page.rows])
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
        "songs": _songs_of(shown),
    }
    return render(request, "royalties/work.html", context)


def _by_state(own: EarningQuerySet) -> list[dict[str, Any]]:
    sums = own.won_by_state()
    return [{"words": state.label, "won": sums[state]} for state in Earning.State if state in sums]


def _won_of_cells(own: QuerySet[Earning], months: Sequence[Any]) -> dict[tuple[Any, str], dict[str, int]]:
    """(usage month, service) → won by state, of the reader's own parties."""
    rows = (
        own.filter(song_usage__usage_month__in=set(months))
        .order_by()
        .values("song_usage__usage_month", "song_usage__service", "state")
        .annotate(won=Sum("won_micros"))
    )
    found: dict[tuple[Any, str], dict[str, int]] = {}
    for row in rows:
        cell = found.setdefault((row["song_usage__usage_month"], row["song_usage__service"]), {})
        cell[row["state"]] = int(row["won"])
    return found


def _songs_of(shown: Work) -> list[MatchWork]:
    """The reported songs that are this work, newest decision first."""
    parts = MatchWork.objects.filter(work=shown, match__superseded_at__isnull=True, match__outcome="accepted")
    return list(parts.select_related("match__recording").order_by("-match_id")[:SONGS_SHOWN])


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
        accounted.order_by()
        .values("work_id", "work__ref", "work__title")
        .annotate(won=Sum("won_micros"), songs=Count("song_usage__recording", distinct=True)),
        keys=(whole("won", descending=True), whole("work_id")),
        after=request.GET.get("after", ""),
        size=SONGS_A_PAGE,
    )
    services = accounted.order_by().values("song_usage__service").annotate(won=Sum("won_micros")).order_by("-won")
    context = {
        "statement": shown,
        "steps": _steps(shown, deductions),
        "deductions": [
            {
                "step": step,
                "taken": -step.amount_micros,
                "text": _rule_text(step.rule),
                "rate": Fraction(step.rule.numerator, step.rule.denominator),
            }
            for step in deductions
        ],
        "carried": -shown.carried_micros,
        "release": _release(shown),
        "page": page,
        "services": [{"name": Service(row["song_usage__service"]).label, "won": int(row["won"])} for row in services],
        "held": _held_by_case(shown),
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
    steps.append(svg.Step(label=_("Fraction of a won"), value=carried, text=amount(carried)))
    paid = wording.money(shown.payable_micros, shown.currency)
    steps.append(svg.Step(label=_("Paid"), value=shown.payable_micros, text=paid, kind="total"))
    return steps


def _rule_text(rule: DeductionRule) -> str:
    """The rule's own words, in the reader's language."""
    texts = {"ko": rule.text_ko, "zh": rule.text_zh, "en": rule.text_en}
    return texts[wording.reading_language()]


def _release(shown: Statement) -> dict[str, Any] | None:
    """What a released hold had kept, and which part of it this payee got; the hold's own record of how it ended."""
    if shown.hold is None:
        return None
    parts = {part["party"]: part for part in shown.hold.decision["parts"]}
    part = parts[shown.party.ref]
    return {
        "held": int(shown.hold.decision["won_micros"]),
        "fraction": Fraction(part["numerator"], part["denominator"]),
        "won": int(part["won_micros"]),
    }


def _held_by_case(shown: Statement) -> list[dict[str, Any]]:
    """What the same run kept back from this party: by hold, with the case that disputes it and how it ended."""
    rows = (
        Earning.objects.held_from(shown)
        .order_by()
        .values("hold", "hold__case_ref", "hold__state", "work__ref", "work__title")
        .annotate(won=Sum("won_micros"))
        .order_by("-won")
    )
    held = list(rows)
    paid = Statement.objects.filter(hold__in={row["hold"] for row in held}, party=shown.party_id)
    refs = dict(paid.values_list("hold_id", "ref"))
    return [{**row, "statement_ref": refs.get(row["hold"], "")} for row in held]


@require_GET
@only(*PAID)
def statement_song(request: HttpRequest, ref: str, work_ref: str) -> HttpResponse:
    """One song of a statement: what was reported, the rate, the song's won and the share's, earning by earning."""
    shown = get_statement(request.user, ref)
    earnings = Earning.objects.of_statement(shown).filter(work__ref=work_ref)
    page = page_of(
        earnings.select_related(
            "work", "song_usage__recording", "song_usage__report", "run_share__share", "pool__remittance", "party"
        ).annotate(usage_month=F("song_usage__usage_month")),
        keys=(day("usage_month", descending=True), whole("id")),
        after=request.GET.get("after", ""),
    )
    if not page.rows:
        raise Http404
    won = _won_of_songs(page.rows)
    context = {
        "statement": shown,
        "work": page.rows[0].work,
        "page": page,
        "rows": [
            {
                "earning": earning,
                "rate": f"{earning.pool.remittance.rate.normalize():f}",
                "song_won": won[earning.song_usage_id, earning.pool_id, None],
                "right_won": won[earning.song_usage_id, earning.pool_id, earning.right],
                "right": Right(earning.right).label,
                "fraction": Fraction(int(earning.run_share.numerator), int(earning.run_share.denominator)),
            }
            for earning in page.rows
        ],
        "total": earnings.aggregate(won=Sum("won_micros"))["won"],
    }
    return render(request, "royalties/statement_song.html", context)


def _won_of_songs(earnings: Sequence[Earning]) -> dict[tuple[int, int, str | None], int]:
    """(song usage, pool, right) → the won of the whole song for that right; right None → for all rights.

    Everybody's earnings are summed: whoever sees a share of a song sees what the song made (architecture.md, Tenants).
    """
    rows = (
        Earning.objects.filter(song_usage__in={earning.song_usage_id for earning in earnings})
        .order_by()
        .values("song_usage_id", "pool_id", "right", "work_id")
        .annotate(won=Sum("won_micros"))
    )
    works = {earning.work_id for earning in earnings}
    found: dict[tuple[int, int, str | None], int] = {}
    for row in rows:
        key = row["song_usage_id"], row["pool_id"], None
        found[key] = found.get(key, 0) + int(row["won"])
        if row["work_id"] in works:
            found[row["song_usage_id"], row["pool_id"], row["right"]] = int(row["won"])
    return found


@require_GET
@only(*PAID)
def earning_lines(request: HttpRequest, ref: str, earning_id: int) -> HttpResponse:
    """The rows of the service's file behind one earning."""
    shown = get_statement(request.user, ref)
    earning = get_earning_of(shown, earning_id)
    used = earning.song_usage
    lines = UsageLine.objects.of_report(used.report).filter(
        recording_id=used.recording_id,
        service=used.service,
        usage_month=used.usage_month,
    )
    page = page_of(lines, keys=(whole("line_no"),), after=request.GET.get("after", ""))
    context = {
        "statement": shown,
        "earning": earning,
        "usage": used,
        "work": earning.work,
        "page": page,
    }
    return render(request, "royalties/earning_lines.html", context)
