"""The only doors from a request to a case, its papers, and to what a case can be filed about. Not yours: 404."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from claims import rules
from claims.models import Attachment, Case, CaseParty
from claims.querysets import READING_ROLES, held_micros
from claims.rules import Action, Kind, Seat
from claims.shares import numbered_shares
from portal.accounts.access import Reader, is_staff, may_claim, organisation_ids, sees_everything
from portal.accounts.models import ACTING_ROLES, Role
from portal.lib.errors import DomainError
from royalties.models import ReportedRecording
from royalties.querysets import MONEY_ROLES
from works.access import get_work
from works.models import Party, Share, Work
from works.querysets import WorkQuerySet

READERS: Final = (*READING_ROLES, Role.STAFF, Role.AUDITOR)
WORKS_OFFERED: Final = 20


class NotAmongYours(DomainError):
    code = "not-among-yours"
    status = 404
    sentence = _("Nothing of yours has the reference %(ref)s.")
    remedy = _("Ask first for what is yours, and use a reference from there.")


class NoSuchShare(DomainError):
    code = "no-such-share"
    status = 404
    sentence = _("“%(work)s” has no share with the number %(number)s that can be disputed.")
    remedy = _("Ask first which shares of the work can be disputed.")


def get_case(user: Reader, ref: str) -> Case:
    cases = Case.objects.visible_to(user).select_related(
        "work", "share__party", "recording", "claimant", "claimant_party", "opened_by"
    )
    return get_object_or_404(cases, ref=ref)


def get_case_to_act_in(user: Reader, ref: str, action: Action) -> Case:
    """A case in which the user may take this step at some time; whether that is now, the service says."""
    case = get_case(user, ref)
    if not rules.may_ever(action, seats_of(user, case)):
        raise Http404
    return case


def get_paper(user: Reader, ref: str, uuid: UUID) -> Attachment:
    papers = get_case(user, ref).attachments.select_related("file")
    return get_object_or_404(papers, file__uuid=uuid)


def seats_of(user: Reader, case: Case) -> frozenset[Seat]:
    """From where the user may act in a case: the sides of the organisations it acts for, and the society's two seats."""
    sides = case.parties.filter(organisation__in=organisation_ids(user, *ACTING_ROLES))
    seats = {Seat(side) for side in sides.values_list("side", flat=True)}
    if is_staff(user):
        seats.add(Seat.STAFF)
    elif sees_everything(user):
        seats.add(Seat.AUDITOR)
    return frozenset(seats)


def get_work_to_dispute(user: Reader, ref: str) -> Work:
    if not may_claim(user):
        raise Http404
    return get_work(user, ref)


def get_song_to_claim(user: Reader, ref: str) -> ReportedRecording:
    """A song that nobody is known to own: its standing match is none or to review."""
    if not may_claim(user):
        raise Http404
    return get_object_or_404(ReportedRecording.objects.without_owner(), ref=ref)


def own_parties(user: Reader) -> list[Party]:
    """The parties the user acts for: those who could own what it claims."""
    parties = Party.objects.filter(organisation__in=organisation_ids(user, *ACTING_ROLES))
    return list(parties.select_related("organisation").order_by("name", "id"))


def get_own_party(own: Sequence[Party], ref: str) -> Party:
    """The one of this ref among one's own. Raises NotAmongYours."""
    for party in own:
        if party.ref == ref:
            return party
    raise NotAmongYours(ref=ref)


def disputable_shares(work: Work, own: Sequence[Party]) -> dict[int, Share]:
    """The shares of others that stand, by their number: whoever acts for several does not set them against each other."""
    return {number: share for number, share in numbered_shares(work).items() if share.party not in own}


def get_share_to_dispute(work: Work, own: Sequence[Party], number: int) -> Share:
    """Raises NoSuchShare for a share that is one's own, that has ended or that never was."""
    shares = disputable_shares(work, own)
    if number not in shares:
        raise NoSuchShare(number=number, work=work.title)
    return shares[number]


def held_of(user: Reader, cases: Sequence[Case]) -> dict[str, list[tuple[str, int]]]:
    """Case → what is held of it now, as currency and micros; only of those whose money the user may see (rules.sees_money).

    A party sees it through the roles that read its organisation's payments. Three queries, whatever the number of cases.
    """
    seats: dict[int, set[Seat]] = defaultdict(set)
    if sees_everything(user):
        seats |= {case.pk: {Seat.STAFF} for case in cases}
    else:
        parties = CaseParty.objects.filter(
            case__in=[case.pk for case in cases], organisation__in=organisation_ids(user, *MONEY_ROLES)
        )
        for case_id, side in parties.values_list("case", "side"):
            seats[case_id].add(Seat(side))
    seen = [case.ref for case in cases if rules.sees_money(Kind(case.kind), seats[case.pk])]
    held = held_micros(seen)
    return {ref: [(currency, micros) for currency, micros in held.get(ref, {}).items() if micros] for ref in seen}


def own_works_for(user: Reader, song: ReportedRecording, *, search: str) -> list[tuple[Work, Party]]:
    """Works the song could be, each with the user's party in it: candidates of the matcher first, then those searched for."""
    own = own_parties(user)
    mine = _works_of(own)
    candidates = mine.filter(match_works__match__recording=song, match_works__match__superseded_at=None)
    found = {work.pk: work for work in candidates.order_by("match_works__rank", "pk")[:WORKS_OFFERED]}
    for work in mine.search(search or song.title).order_by("title", "pk")[:WORKS_OFFERED]:
        found.setdefault(work.pk, work)
    return [(work, _party_in(work, own)) for work in found.values()]


def get_own_work(user: Reader, ref: str) -> tuple[Work, Party]:
    """A work in which a party of the user has a share today, with that party. Raises NotAmongYours for any other."""
    own = own_parties(user)
    work = _works_of(own).filter(ref=ref).first()
    if work is None:
        raise NotAmongYours(ref=ref)
    return work, _party_in(work, own)


def _works_of(own: Sequence[Party]) -> WorkQuerySet:
    shares = Share.objects.in_force(timezone.localdate()).filter(party__in=own)
    return Work.objects.filter(shares__in=shares).distinct()


def _party_in(work: Work, own: Sequence[Party]) -> Party:
    today = Share.objects.in_force(timezone.localdate()).filter(work=work, party__in=own)
    return today.select_related("party__organisation").order_by("pk")[0].party
