"""The only doors from a request to a case, its papers, and to what a case can be filed about. Not yours: 404."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone

from claims.models import Attachment, Case, CaseParty
from claims.rules import Seat
from portal.accounts.access import Reader, is_staff, may_claim, organisation_ids, sees_everything
from portal.accounts.models import ACTING_ROLES
from royalties.models import ReportedRecording
from royalties.querysets import MONEY_ROLES
from works.access import get_work
from works.models import Party, Share, Work


def get_case(user: Reader, ref: str) -> Case:
    cases = Case.objects.visible_to(user).select_related(
        "work", "share__party", "recording", "claimant", "claimant_party", "opened_by"
    )
    return get_object_or_404(cases, ref=ref)


def get_paper(user: Reader, ref: str, uuid: UUID) -> Attachment:
    papers = get_case(user, ref).attachments.select_related("file")
    return get_object_or_404(papers, file__uuid=uuid)


def seats_of(user: Reader, case: Case) -> frozenset[Seat]:
    """From where the user may act in a case: the sides of the organisations it acts for, and the society's two seats."""
    seats = set(_sides(case, organisation_ids(user, *ACTING_ROLES)))
    if is_staff(user):
        seats.add(Seat.STAFF)
    elif sees_everything(user):
        seats.add(Seat.AUDITOR)
    return frozenset(seats)


def money_seats_of(user: Reader, case: Case) -> frozenset[Seat]:
    """From where the user may see what is held: those who see their organisation's payments, and the society."""
    society = {Seat.STAFF} if sees_everything(user) else set()
    return frozenset(society | set(_sides(case, organisation_ids(user, *MONEY_ROLES))))


def _sides(case: Case, organisations: list[int]) -> list[Seat]:
    return [Seat(side) for side in case.parties.filter(organisation__in=organisations).values_list("side", flat=True)]


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


def refs_with_money(user: Reader, cases: Sequence[Case]) -> list[str]:
    """Those of the cases whose held money the user may see: rules.sees_money for a page of them, in one query."""
    if sees_everything(user):
        return [case.ref for case in cases]
    sides = CaseParty.objects.filter(
        case__in=[case.pk for case in cases],
        organisation__in=organisation_ids(user, *MONEY_ROLES),
        side__in=(CaseParty.Side.CLAIMANT, CaseParty.Side.HOLDER),
    )
    mine = set(sides.values_list("case", flat=True))
    return [case.ref for case in cases if case.pk in mine and case.kind == Case.Kind.SHARE]


def own_works_for(user: Reader, song: ReportedRecording, *, search: str, at_most: int) -> list[tuple[Work, Party]]:
    """Works the song could be, each with the user's party in it: candidates of the matcher first, then those searched for."""
    own = own_parties(user)
    mine = Work.objects.filter(shares__in=Share.objects.in_force(timezone.localdate()).filter(party__in=own)).distinct()
    candidates = mine.filter(match_works__match__recording=song, match_works__match__superseded_at=None)
    found = {work.pk: work for work in candidates.order_by("match_works__rank", "pk")[:at_most]}
    for work in mine.search(search or song.title).order_by("title", "pk")[:at_most]:
        found.setdefault(work.pk, work)
    return [(work, _party_in(work, own)) for work in found.values()]


def _party_in(work: Work, own: Sequence[Party]) -> Party:
    today = Share.objects.in_force(timezone.localdate()).filter(work=work, party__in=own)
    return today.select_related("party__organisation").order_by("pk")[0].party
