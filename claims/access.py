"""The only doors from a request to a case, its papers, and to what a case can be filed about. Not yours: 404."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from claims.models import Attachment, Case
from claims.rules import Seat
from portal.accounts.access import Reader, is_staff, organisation_ids, roles_of, sees_everything
from portal.accounts.models import Role, User
from royalties.models import ReportedRecording
from royalties.querysets import MONEY_ROLES
from works.access import get_work
from works.models import Party, Work

ACTING_ROLES: Final = (Role.SONGWRITER, Role.PUBLISHER_SUPER, Role.PUBLISHER_COPYRIGHT)


def signed_in(request: HttpRequest) -> User:
    """The person behind the request; LoginRequiredMiddleware has sent everybody else to the sign-in."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def may_file(user: Reader) -> bool:
    """Whoever acts for a rights-holder. The society files nothing: it never takes a side."""
    return bool(roles_of(user) & set(ACTING_ROLES))


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
    if not may_file(user):
        raise Http404
    return get_work(user, ref)


def get_song_to_claim(user: Reader, ref: str) -> ReportedRecording:
    """A song that nobody is known to own: its standing match is none or to review."""
    if not may_file(user):
        raise Http404
    return get_object_or_404(ReportedRecording.objects.without_owner(), ref=ref)


def own_parties(user: Reader) -> list[Party]:
    """The parties the user acts for: those who could own what it claims."""
    parties = Party.objects.filter(organisation__in=organisation_ids(user, *ACTING_ROLES))
    return list(parties.select_related("organisation").order_by("name", "id"))
