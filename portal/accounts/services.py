"""A songwriter lets somebody act for her until a date, and takes it back at once. Nobody else's roles change here."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _, gettext_noop

from portal.accounts.access import is_staff, memberships_in_force
from portal.accounts.models import Membership, Organisation, Role, User
from portal.lib import wording
from portal.lib.errors import DomainError, NotAllowed
from portal.notices.services import notify

YEARS_AT_MOST: Final = 2  # then she is asked again: nobody acts for somebody who has forgotten it
# Those on the other side of the table: the society decides and audits, a service pays.
NEVER_DELEGATES: Final = (Role.STAFF, Role.AUDITOR, Role.SERVICE_CONTACT)

APPOINTED: Final = gettext_noop("%(delegate)s acts for %(writer)s until %(date)s. Appointed by %(who)s.")
ENDED: Final = gettext_noop("%(delegate)s no longer acts for %(writer)s. Ended by %(who)s.")


class NotYourDesk(NotAllowed):
    code = "not-your-desk"
    sentence = _("Only the songwriter herself, or the society on her written mandate, lets somebody act for her.")
    remedy = _("Ask the songwriter to do it.")


class NobodyToAppoint(DomainError):
    """One answer for an address nobody has and for a person who may not: this form is no directory of accounts."""

    code = "nobody-to-appoint"
    sentence = _("Nobody with the address %(email)s can act for a songwriter here.")
    remedy = _("Check the address. If the person has no account yet, ask the society to open one.")


class ActsAlready(DomainError):
    code = "acts-already"
    status = 409
    sentence = _("%(name)s already acts for %(writer)s.")
    remedy = _("To change the date, end it first and appoint the person again.")


class EndOutOfRange(DomainError):
    code = "end-out-of-range"
    sentence = _("The last day must be between %(first)s and %(last)s.")
    remedy = _("Choose a day in that range. You can appoint the person again afterwards.")


class MandateMissing(DomainError):
    code = "mandate-missing"
    sentence = _("The written mandate is not named.")
    remedy = _("Name the paper and its date: the songwriter reads it.")


class EndedAlready(DomainError):
    code = "ended-already"
    status = 409
    sentence = _("%(name)s has not acted for %(writer)s since %(date)s.")
    remedy = _("Nothing more is needed.")


def last_day_allowed(today: dt.date) -> dt.date:
    """The same day two years on (28 February after a 29th)."""
    try:
        return today.replace(year=today.year + YEARS_AT_MOST)
    except ValueError:
        return today.replace(year=today.year + YEARS_AT_MOST, day=28)


@transaction.atomic
def appoint_delegate(
    *, desk: Organisation, email: str, last_date: dt.date, actor: User, mandate: str = ""
) -> Membership:
    """From today until the end of `last_date` the person with this address acts for the desk's songwriter.

    Staff name the songwriter's written mandate. Raises NotYourDesk, NobodyToAppoint, ActsAlready, EndOutOfRange or
    MandateMissing; then nothing has changed.
    """
    desk = Organisation.objects.select_for_update(no_key=True).get(pk=desk.pk)  # two appointments wait for each other
    herself = _has_role(actor, desk, Role.SONGWRITER)
    if desk.kind != Organisation.Kind.DESK or not (herself or is_staff(actor)):
        raise NotYourDesk
    mandate = mandate.strip()
    if not herself and not mandate:
        raise MandateMissing
    today = timezone.localdate()
    if not today <= last_date <= last_day_allowed(today):
        raise EndOutOfRange(first=wording.day(today), last=wording.day(last_day_allowed(today)))
    person = _person_to_appoint(email)
    if Membership.objects.in_force().filter(user=person, organisation=desk).exists():
        raise ActsAlready(name=person.name, writer=desk.name)
    membership = Membership.objects.create(
        user=person,
        organisation=desk,
        role=Role.DELEGATE,
        from_date=today,
        until_date=last_date + dt.timedelta(days=1),
        appointed_by=actor,
        mandate=mandate,
    )
    _tell(membership, APPOINTED, actor, date=last_date.isoformat())
    return membership


@transaction.atomic
def end_delegate(*, membership: Membership, actor: User) -> Membership:
    """From this moment the delegate acts no longer. The songwriter, the delegate herself and staff may end it.

    Raises NotYourDesk, or EndedAlready when it is no longer in force.
    """
    found = Membership.objects.select_for_update(of=("self",)).select_related("organisation", "user")
    membership = found.get(pk=membership.pk, role=Role.DELEGATE)
    desk = membership.organisation
    if not (_has_role(actor, desk, Role.SONGWRITER) or membership.user_id == actor.pk or is_staff(actor)):
        raise NotYourDesk
    today = timezone.localdate()
    if membership.until_date is None or membership.until_date <= today:
        raise EndedAlready(name=membership.user.name, writer=desk.name, date=wording.day(membership.until_date))
    membership.until_date, membership.ended_by, membership.ended_at = today, actor, timezone.now()
    membership.save(update_fields=["until_date", "ended_by", "ended_at"])
    _tell(membership, ENDED, actor)
    return membership


def _has_role(user: User, organisation: Organisation, role: Role) -> bool:
    return memberships_in_force(user).filter(organisation=organisation, role=role).exists()


def _person_to_appoint(email: str) -> User:
    person = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if person is None or memberships_in_force(person).filter(role__in=NEVER_DELEGATES).exists():
        raise NobodyToAppoint(email=email.strip())
    return person


def _tell(membership: Membership, sentence: str, actor: User, **more: Any) -> None:
    """The desk's songwriter and the delegate, whoever of them did it: nobody gains or loses a say unnoticed."""
    writers = Membership.objects.in_force().filter(organisation=membership.organisation_id, role=Role.SONGWRITER)
    params = {"delegate": membership.user.name, "writer": membership.organisation.name, "who": actor.name, **more}
    people = User.objects.filter(pk__in=writers.values("user"))
    notify(users=people, sentence=sentence, params=params, url=reverse("delegates"))
    notify(users=[membership.user], sentence=sentence, params=params, url=reverse("home"))  # hers, also when it is over
