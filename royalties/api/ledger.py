"""The ledger as it stands, for those who check it: balances, movements, and every identity recomputed."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import Sum
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.lib.keyset import whole
from portal.rest.api import ApiView
from portal.rest.fields import Money
from portal.rest.paging import PageQuery
from royalties.access import get_movement
from royalties.api.fields import NEWEST_FIRST, SOCIETY, money, name_of
from royalties.checks import CHECKS, WORDS, Difference, check_ledger
from royalties.ledger import balances_by_kind
from royalties.models import LedgerAccount, LedgerEntry, LedgerTransaction
from works.api import PartyOut


class Balance(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=LedgerAccount.Kind.choices)
    accounts = serializers.IntegerField()
    balance = Money(help_text=_("More than 0 is owed or kept, less is at the bank or exchanged."))


class Balances(serializers.Serializer[Any]):
    balances = Balance(many=True)
    sums = Money(many=True, help_text=_("Of all of them, in each currency: 0."))


class MovementRow(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    key = serializers.CharField()
    kind = serializers.ChoiceField(choices=LedgerTransaction.Kind.choices)
    effective_date = serializers.DateField()
    note = serializers.CharField(allow_blank=True)
    run = serializers.CharField(allow_null=True, help_text=_("The ref of its distribution."))
    written_at = serializers.DateTimeField()


class MovementOut(MovementRow):
    created_by = serializers.CharField(allow_null=True, help_text=_("Who made the distribution."))
    reverses = serializers.IntegerField(allow_null=True, help_text=_("The number of the movement it takes back."))
    sums = Money(many=True, help_text=_("Of its entries, in each currency: 0."))


class EntryOut(serializers.Serializer[Any]):
    account = serializers.ChoiceField(choices=LedgerAccount.Kind.choices)
    owner = serializers.CharField(help_text=_("Whose account of this kind it is."))
    party = PartyOut(allow_null=True)
    amount = Money()


class DifferenceOut(serializers.Serializer[Difference]):
    where = serializers.CharField(allow_blank=True)
    expected = serializers.CharField(allow_blank=True)
    found = serializers.CharField(allow_blank=True)


class CheckOut(serializers.Serializer[Any]):
    check = serializers.CharField(help_text=_("A code that is the same in every language."))
    message = serializers.CharField(help_text=_("What must be true."))
    differences = DifferenceOut(many=True)


class LedgerCheckOut(serializers.Serializer[Any]):
    ok = serializers.BooleanField(help_text=_("Nothing differs."))
    transactions = serializers.IntegerField()
    entries = serializers.IntegerField()
    checked_at = serializers.DateTimeField()
    checks = CheckOut(many=True)


class Ledger(ApiView):
    needs = {"GET": SOCIETY}

    @extend_schema(
        operation_id="read_ledger", summary=_("What rests on the accounts of the ledger, by kind"), responses=Balances
    )
    def get(self, request: Request) -> Response:
        sums: dict[str, int] = defaultdict(int)
        balances = []
        for row in balances_by_kind():
            sums[row["currency"]] += row["micros"]
            balances.append({**row, "balance": money(row["micros"], row["currency"])})
        found = {"balances": balances, "sums": [money(micros, currency) for currency, micros in sorted(sums.items())]}
        return Response(Balances(found).data)


class Movements(ApiView):
    needs = {"GET": SOCIETY}
    query_input = PageQuery
    keys = NEWEST_FIRST

    @extend_schema(
        operation_id="list_movements",
        summary=_("The movements of the ledger, newest first"),
        responses=MovementRow(many=True),
    )
    def get(self, request: Request) -> Response:
        page = self.page_of(request, LedgerTransaction.objects.select_related("run"))
        return self.answer_page(request, page, MovementRow([row_of(row) for row in page.rows], many=True).data)


class MovementDetail(ApiView):
    needs = {"GET": SOCIETY}

    @extend_schema(operation_id="read_movement", summary=_("One movement of the ledger"), responses=MovementOut)
    def get(self, request: Request, number: int) -> Response:
        movement = get_movement(request.user, number)
        sums = LedgerEntry.objects.filter(transaction=movement).order_by("currency").values_list("currency")
        found = {
            **row_of(movement),
            "created_by": name_of(movement.run.created_by) if movement.run else None,
            "reverses": movement.reverses_id,
            "sums": [money(micros, currency) for currency, micros in sums.annotate(micros=Sum("amount_micros"))],
        }
        return Response(MovementOut(found).data)


class MovementEntries(ApiView):
    needs = {"GET": SOCIETY}
    query_input = PageQuery
    keys = (whole("id"),)

    @extend_schema(
        operation_id="list_movement_entries",
        summary=_("The entries of a movement: in each currency they sum to zero"),
        responses=EntryOut(many=True),
    )
    def get(self, request: Request, number: int) -> Response:
        entries = LedgerEntry.objects.filter(transaction=get_movement(request.user, number))
        page = self.page_of(request, entries.select_related("account__party"))
        rows = [
            {
                "account": entry.account.kind,
                "owner": entry.account.owner_key,
                "party": entry.account.party,
                "amount": money(entry.amount_micros, entry.currency),
            }
            for entry in page.rows
        ]
        return self.answer_page(request, page, EntryOut(rows, many=True).data)


class LedgerCheck(ApiView):
    needs = {"GET": SOCIETY}

    @extend_schema(
        operation_id="check_ledger",
        summary=_("Recompute every balance and every identity now, and name what differs"),
        responses=LedgerCheckOut,
    )
    def get(self, request: Request) -> Response:
        result = check_ledger()
        differences: dict[str, list[Difference]] = defaultdict(list)
        for difference in result.differences:
            differences[difference.check].append(difference)
        found = {
            "ok": result.ok,
            "transactions": result.transactions,
            "entries": result.entries,
            "checked_at": timezone.now(),
            "checks": [
                {"check": name, "message": str(WORDS.get(name, name)), "differences": differences[name]}
                for name in CHECKS
            ],
        }
        return Response(LedgerCheckOut(found).data)


def row_of(movement: LedgerTransaction) -> dict[str, Any]:
    return {
        "number": movement.pk,
        "key": movement.key,
        "kind": movement.kind,
        "effective_date": movement.effective_date,
        "note": movement.note,
        "run": movement.run.ref if movement.run else None,
        "written_at": movement.created_at,
    }


urlpatterns: list[URLPattern] = [
    path("ledger/", Ledger.as_view(), name="ledger"),
    path("ledger/check/", LedgerCheck.as_view(), name="ledger_check"),
    path("ledger/movements/", Movements.as_view(), name="movements"),
    path("ledger/movements/<int:number>/", MovementDetail.as_view(), name="movement"),
    path("ledger/movements/<int:number>/entries/", MovementEntries.as_view(), name="movement_entries"),
]
