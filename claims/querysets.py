"""Which cases somebody sees, and what is held for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Self

from django.db.models import QuerySet, Sum

from portal.accounts.access import Reader, organisation_ids, sees_everything
from portal.accounts.models import PUBLISHER_ROLES, WRITER_ROLES
from royalties.holds import NOBODY
from royalties.models import Earning, Hold, LedgerAccount, LedgerEntry
from works.models import Party

if TYPE_CHECKING:
    from claims import models

READING_ROLES: Final = (*sorted(WRITER_ROLES), *sorted(PUBLISHER_ROLES))


class CaseQuerySet(QuerySet["models.Case"]):
    def visible_to(self, user: Reader) -> Self:
        """The society sees every case, a rights-holder the cases its organisation is in."""
        if sees_everything(user):
            return self
        mine = organisation_ids(user, *READING_ROLES)
        return self.filter(parties__organisation__in=mine).distinct()

    def open(self) -> Self:
        return self.exclude(state="closed")


def released_micros(case: models.Case) -> list[tuple[str, int]]:
    """Party → won that it got, before deductions, when the case ended: as written down at the release.

    What nobody has registered of the work is named by where it rests. Nothing while the case is open.
    """
    if case.state != case.State.CLOSED:
        return []
    decisions = Hold.objects.filter(case_ref=case.ref, state=Hold.State.RELEASED).values_list("decision", flat=True)
    sums: dict[str, int] = defaultdict(int)
    for decision in decisions:
        for part in decision["parts"]:
            sums[part["party"]] += int(part["won_micros"])
    names = dict(Party.objects.filter(ref__in=sums).values_list("ref", "name"))
    names[NOBODY] = str(Earning.State.SUSPENSE.label)
    return sorted((names[ref], micros) for ref, micros in sums.items() if micros)


def held_micros(case_refs: Iterable[str]) -> dict[str, dict[str, int]]:
    """Case → currency → what lies on the accounts of its holds now. Two queries, whatever the number of cases."""
    cases = {f"hold:{pk}": ref for pk, ref in Hold.objects.filter(case_ref__in=case_refs).values_list("pk", "case_ref")}
    sums = (
        LedgerEntry.objects.filter(account__kind=LedgerAccount.Kind.HOLD, account__owner_key__in=cases)
        .values("account__owner_key", "currency")
        .annotate(micros=Sum("amount_micros"))
        .order_by("currency")
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in sums:
        money = found[cases[row["account__owner_key"]]]
        money[row["currency"]] = money.get(row["currency"], 0) + int(row["micros"])
    return dict(found)
