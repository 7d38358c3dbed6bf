"""The ledger as it stands, for those who check it: balances, movements, and every identity recomputed. Nothing changes here."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from portal.accounts.access import only
from portal.lib.keyset import page_of, whole
from royalties.access import SOCIETY
from royalties.checks import CHECKS, Difference, check_ledger
from royalties.ledger import balances_by_kind
from royalties.models import LedgerEntry, LedgerTransaction

CHECKED: Final[dict[str, Promise]] = {  # royalties.checks, as an auditor reads it
    "report_figures": _("Lines and money of a report are those of its accepted and rejected lines"),
    "song_usage_is_its_lines": _("What a song was used is the sum of its lines"),
    "reported": _("Reported = matched + to review + unmatched + rejected"),
    "transaction_balances": _("Every movement sums to zero in each currency"),
    "transaction_has_entries": _("Every movement has entries"),
    "entry_has_the_currency_of_its_account": _("Every entry is in the currency of its account"),
    "reversal_negates": _("A reversal takes back exactly what it reverses"),
    "pool_figures": _("Money received is what was recorded and exchanged at the stated rate"),
    "bank": _("The bank account holds what was received"),
    "cells_make_whole": _("The shares a distribution used make exactly one whole"),
    "earning_is_of_its_cell": _("Every earning belongs to a share of that distribution"),
    "earning_follows_its_cell": _("Every earning goes where its share says"),
    "song_earns_its_amount": _("The shares of a song earn together what the song was reported with"),
    "payable_is_posted": _("What is payable stands on the payees’ accounts"),
    "rest_is_posted": _("What is held, in suspense or not ours stands on those accounts"),
    "run_totals": _("A distribution’s totals are those of its rows"),
    "distributed": _("Distributed = payable + held + in suspense + not ours + deducted + carried over"),
    "statement_figures": _("A statement’s figures are those of its earnings"),
    "deduction_follows_its_rule": _("Every deduction follows its rule"),
    "deduction_is_posted": _("What is deducted stands on the deduction accounts"),
    "whole_won": _("Only whole won are paid, and every fraction is kept"),
    "payee_has_a_statement": _("Whoever is paid has a statement"),
    "hold_balance": _("What is held is what the open disputes hold"),
}


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
    shown = get_object_or_404(LedgerTransaction.objects.select_related("run__created_by", "reverses"), pk=number)
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
    rows = [{"words": CHECKED.get(name, name), "differences": found.get(name, [])} for name in CHECKS]
    return render(request, "royalties/ledger_check.html", {"result": result, "rows": rows, "at": timezone.now()})
