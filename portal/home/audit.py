"""What an auditor reads first: that the ledger balances, who did what with the same money, and what changed lately."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from claims.models import Case, CaseEvent
from portal.accounts.access import Reader
from portal.accounts.models import User
from portal.changes import newest_changes
from portal.lib import wording
from royalties.ledger import balances_by_kind
from royalties.models import DistributionRun, LedgerAccount, LedgerEntry, LedgerTransaction, Pool, Remittance

SHOWN: Final = 5
CHANGES_SHOWN: Final = 6


def audit_figures(user: Reader) -> dict[str, Any]:
    """Ledger figures counted now, the last runs, who did both halves of what should be two people's, and the newest changes."""
    balances = balances_by_kind()
    sums: dict[str, int] = defaultdict(int)
    for row in balances:
        sums[row["currency"]] += row["micros"]
    return {
        "ledger": {
            "transactions": LedgerTransaction.objects.count(),
            "entries": LedgerEntry.objects.count(),
            "sums": sorted(sums.items()),
            "balances": not any(sums.values()),
        },
        "runs": list(DistributionRun.objects.visible_to(user).select_related("created_by").order_by("-id")[:SHOWN]),
        "pairs": [*_runs(user), *_differences(user), *_cases(user)],
        "changes": newest_changes(user, at_most=CHANGES_SHOWN),
    }


def _pair(what: str, url: str, first: Iterable[User | None], second: User | None) -> dict[str, Any]:
    """Who did the first half of something and who the second: two people, one, or nobody signed in for one of them."""
    people = {each.pk: each.name for each in first if each is not None}
    outcome = "unknown"
    if second is not None and people:
        outcome = "one_person" if second.pk in people else "two_people"
    return {
        "what": what,
        "url": url,
        "first": ", ".join(sorted(people.values())) or wording.MISSING,
        "second": second.name if second else wording.MISSING,
        "outcome": outcome,
    }


def _runs(user: Reader) -> list[dict[str, Any]]:
    """Who recorded the money of a distribution, and who distributed it."""
    runs = list(DistributionRun.objects.visible_to(user).select_related("created_by").order_by("-id")[:SHOWN])
    used = LedgerEntry.objects.filter(transaction__run__in=runs, account__kind=LedgerAccount.Kind.POOL)
    pools = defaultdict(set)
    for run_id, key in used.values_list("transaction__run", "account__owner_key").distinct():
        pools[run_id].add(int(key.removeprefix("pool:")))
    recorded = {
        pool.pk: pool.remittance.recorded_by
        for pool in Pool.objects.filter(pk__in=set().union(*pools.values())).select_related("remittance__recorded_by")
    }
    return [
        _pair(
            _("Money recorded, then distributed: %(month)s") % {"month": wording.month(run.period)},
            reverse("royalties:run", args=[run.ref]),
            [recorded[pk] for pk in sorted(pools[run.pk])],
            run.created_by,
        )
        for run in runs
    ]


def _differences(user: Reader) -> list[dict[str, Any]]:
    """Who recorded money that differs from its reports, and who took responsibility for the difference."""
    accepted = Remittance.objects.visible_to(user).filter(pool__accepted_difference_by__isnull=False)
    rows = accepted.select_related("source", "recorded_by", "pool__accepted_difference_by").order_by("-id")[:SHOWN]
    return [
        _pair(
            _("Money recorded, then its difference accepted: %(source)s, %(month)s")
            % {"source": each.source.name, "month": wording.month(each.period)},
            reverse("royalties:remittances"),
            [each.recorded_by],
            each.pool.accepted_difference_by,
        )
        for each in rows
    ]


def _cases(user: Reader) -> list[dict[str, Any]]:
    """Who accepted the papers of a case, and who recorded its end."""
    closed: Sequence[Case] = list(
        Case.objects.visible_to(user)
        .filter(state=Case.State.CLOSED)
        .select_related("work")
        .order_by("-closed_at")[:SHOWN]
    )
    steps = CaseEvent.objects.filter(case__in=closed).filter(
        Q(action=CaseEvent.Action.PAPERS_ACCEPTED) | Q(action=CaseEvent.Action.CLOSED)
    )
    actors: dict[tuple[int, str], User | None] = {
        (event.case_id, event.action): event.actor for event in steps.select_related("actor")
    }
    return [
        _pair(
            _("Papers accepted, then the case closed: %(case)s") % {"case": case.ref},
            reverse("claims:detail", args=[case.ref]),
            [actors.get((case.pk, CaseEvent.Action.PAPERS_ACCEPTED))],
            actors.get((case.pk, CaseEvent.Action.CLOSED)),
        )
        for case in closed
        if (case.pk, CaseEvent.Action.PAPERS_ACCEPTED) in actors
    ]
