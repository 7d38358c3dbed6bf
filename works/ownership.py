"""Who owns a work today and who collects for them in China: the figures of the share ring and its table."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.access import Reader, rights_holders_of
from portal.accounts.models import Organisation
from portal.lib.svg import Slice
from works.models import CHINA, Affiliation, Right, Share, Society, Work
from works.services import share_fact
from works.shares import WHOLE, AffiliationFact, Collector, CollectorKind, collector, in_force

RING_KIND: Final = {
    CollectorKind.OURS: "ours",
    CollectorKind.OTHER_SOCIETY: "other",
    CollectorKind.NON_MEMBER: "none",
    CollectorKind.PUBLIC_DOMAIN: "none",
    CollectorKind.UNKNOWN: "unknown",
}


@dataclass(frozen=True)
class OwnedPart:
    """A share in force, and in words who collects it."""

    share: Share
    collector: Collector
    collector_words: str


@dataclass(frozen=True)
class OwnShare:
    """What one rights-holder holds of one right of a work."""

    holder: Organisation
    right: str
    share: Fraction


@dataclass(frozen=True)
class RightOwned:
    """One right of a work: its parts, what nobody registered, and the slices of its ring."""

    right: str
    label: str
    parts: Sequence[OwnedPart]
    missing: Fraction
    slices: Sequence[Slice]
    description: str


def rights_owned(work: Work, day: dt.date) -> list[RightOwned]:
    """Each right that has shares in force in China on a day. Four statements."""
    shares = {share.pk: share for share in work.shares.select_related("party", "writer_share__party").order_by("pk")}
    affiliations = affiliation_facts({share.party_id for share in shares.values()})
    societies = dict(Society.objects.values_list("code", "name"))
    facts = [share_fact(share) for share in shares.values()]
    found = []
    for right in Right:
        standing = in_force(facts, right, CHINA, day)
        parts = []
        for fact in standing:
            who = collector(fact.party_id, right, CHINA, day, affiliations, settings.SOCIETY_CODE)
            parts.append(OwnedPart(shares[fact.share_id], who, _in_words(who, societies)))
        if parts:
            found.append(_right_owned(right, parts))
    return found


def own_shares(user: Reader, works: Iterable[Work]) -> dict[int, list[OwnShare]]:
    """Work → what each rights-holder that the reader acts for holds of it today, per right."""
    holders = {holder.pk: holder for holder in rights_holders_of(user)}
    sums: dict[tuple[int, int, str], Fraction] = defaultdict(Fraction)
    shares = Share.objects.in_force(timezone.localdate()).filter(work__in=works, party__organisation__in=holders)
    rows = shares.order_by("party__organisation", "right").values_list(
        "work", "party__organisation", "right", "numerator", "denominator"
    )
    for work_id, holder_id, right, numerator, denominator in rows:
        sums[work_id, holder_id, right] += Fraction(numerator, denominator)
    found: dict[int, list[OwnShare]] = defaultdict(list)
    for (work_id, holder_id, right), share in sums.items():
        found[work_id].append(OwnShare(holders[holder_id], right, share))
    return found


def affiliation_facts(parties: set[int]) -> list[AffiliationFact]:
    rows = Affiliation.objects.filter(party__in=parties).order_by("pk")
    return [
        AffiliationFact(
            row.party_id, row.kind, row.society_id or "", row.right, row.territory, row.from_date, row.until_date
        )
        for row in rows
    ]


def _right_owned(right: Right, parts: Sequence[OwnedPart]) -> RightOwned:
    slices = [
        Slice(f"{part.share.party.name} · {part.collector_words}", part.share.fraction, RING_KIND[part.collector.kind])
        for part in parts
    ]
    ours = sum((part.share.fraction for part in parts if part.collector.kind is CollectorKind.OURS), Fraction(0))
    missing = WHOLE - sum((part.share.fraction for part in parts), Fraction(0))
    description = _("%(ours)s of the work is collected by us, %(missing)s is not registered.") % {
        "ours": ours,
        "missing": missing,
    }
    return RightOwned(right, str(right.label), parts, missing, slices, description)


def _in_words(who: Collector, societies: dict[str, str]) -> str:
    if who.kind is CollectorKind.OURS:
        return _("collected by us (%(society)s)") % {"society": societies.get(who.society, who.society)}
    if who.kind is CollectorKind.OTHER_SOCIETY:
        return _("collected by %(society)s") % {"society": societies.get(who.society, who.society)}
    return {
        CollectorKind.NON_MEMBER: _("not a member of any society"),
        CollectorKind.PUBLIC_DOMAIN: _("public domain"),
        CollectorKind.UNKNOWN: _("not known who collects"),
    }[who.kind]
