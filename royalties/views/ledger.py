"""The ledger as it stands, for those who check it: balances, movements, and every identity recomputed. Nothing changes here."""

from __future__ import annotations

from collections import defaultdict

from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal.accounts.access import only
from portal.lib.keyset import page_of, whole
from royalties.access import SOCIETY, get_movement
from royalties.checks import CHECKS, WORDS, Difference, check_ledger
from royalties.ledger import balances_by_kind
from royalties.models import LedgerEntry, LedgerTransaction


@require_GET
@only(*SOCIETY)
def ledger(request: HttpRequest) -> HttpResponse:
    """What rests where, and every movement, newest first."""
    balances = balances_by_kind()
    sums: dict[str, int] = defaultdict(int)
    for row in balances:
        sums[row["currency"]] += row["micros"]
    page = page_of(
        LedgerTransaction.objects.select_related("run", "statement__party"),
        keys=(whole("id", descending=True),),
        after=request.GET.get("after", ""),
    )
    context = {"balances": balances, "sums": sorted(sums.items()), "page": page}
    return render(request, "royalties/ledger.html", context)


@require_GET
@only(*SOCIETY)
def movement(request: HttpRequest, number: int) -> HttpResponse:
    """One movement with its entries, and their sum per currency."""
    shown = get_movement(request.user, number)
    entries = LedgerEntry.objects.filter(transaction=shown)
    sums = entries.order_by("currency").values_list("currency").annotate(micros=Sum("amount_micros"))
    page = page_of(entries.select_related("account__party"), keys=(whole("id"),), after=request.GET.get("after", ""))
    context = {"movement": shown, "page": page, "sums": list(sums)}
    return render(request, "royalties/movement.html", context)


@require_GET
@only(*SOCIETY)
def check(request: HttpRequest) -> HttpResponse:
    """Recompute every balance and every identity now, as the command check_ledger does."""
    result = check_ledger()
    found: dict[str, list[Difference]] = defaultdict(list)
    for difference in result.differences:
        found[difference.check].append(difference)
    rows = [{"words": WORDS.get(name, name), "differences": found.get(name, [])} for name in CHECKS]
    return render(request, "royalties/ledger_check.html", {"result": result, "rows": rows, "at": timezone.now()})
