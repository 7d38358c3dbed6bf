"""What everybody in a case is told: one sentence for each step, kept in English and read in the reader's language."""

from __future__ import annotations

from typing import Final

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_noop

from claims.models import Case
from claims.rules import Outcome
from portal.accounts.models import Membership, Organisation, Role, User
from portal.notices.services import notify

FILED_SHARE: Final = gettext_noop("%(claimant)s disputes %(part)s of “%(work)s”, held by %(holder)s. Case %(case)s.")
FILED_SONG: Final = gettext_noop("%(claimant)s says that the unmatched song “%(song)s” is “%(work)s”. Case %(case)s.")
PAPER_ADDED: Final = gettext_noop("%(who)s added the paper “%(paper)s” to case %(case)s about “%(work)s”.")
PAPER_ADDED_FOR: Final = gettext_noop(
    "%(who)s, for %(writer)s, added the paper “%(paper)s” to case %(case)s about “%(work)s”."
)
MESSAGE: Final = gettext_noop("%(who)s wrote a message in case %(case)s about “%(work)s”.")
MESSAGE_FOR: Final = gettext_noop("%(who)s, for %(writer)s, wrote a message in case %(case)s about “%(work)s”.")
RETURNED: Final = gettext_noop(
    "The papers in case %(case)s about “%(work)s” are not complete. The case says what is missing."
)
ACCEPTED_SHARE: Final = gettext_noop(
    "The papers in case %(case)s are complete. From %(date)s on, %(part)s of “%(work)s” is held; the rest is paid."
)
ACCEPTED_SONG: Final = gettext_noop("The papers in case %(case)s are complete. Money for the song “%(song)s” is held.")
FOLLOWED: Final = gettext_noop(
    "After another decision, the share of “%(work)s” that case %(case)s disputes is now %(share)s of the work."
)
CLOSED: Final = {
    (Outcome.AGREEMENT, True): gettext_noop(
        "Case %(case)s about “%(work)s” ended by agreement, in favour of %(claimant)s."
    ),
    (Outcome.AGREEMENT, False): gettext_noop(
        "Case %(case)s about “%(work)s” ended by agreement. Nothing changes hands."
    ),
    (Outcome.COURT, True): gettext_noop(
        "Case %(case)s about “%(work)s” ended by a court decision, in favour of %(claimant)s."
    ),
    (Outcome.COURT, False): gettext_noop(
        "Case %(case)s about “%(work)s” ended by a court decision. Nothing changes hands."
    ),
    (Outcome.SILENCE, True): gettext_noop(
        "Case %(case)s about “%(work)s” ended because the other side did not answer, in favour of %(claimant)s."
    ),
    (Outcome.SILENCE, False): gettext_noop(
        "Case %(case)s about “%(work)s” ended because the claimant did not answer. Nothing changes hands."
    ),
    (Outcome.WITHDRAWAL, False): gettext_noop("Case %(case)s about “%(work)s” was withdrawn. Nothing changes hands."),
}


def filed(case: Case) -> None:
    _tell(case, FILED_SHARE if case.share else FILED_SONG)


def paper_added(case: Case, *, actor: User, label: str, on_behalf_of: Organisation | None = None) -> None:
    if on_behalf_of is None:
        _tell(case, PAPER_ADDED, who=actor.name, paper=label)
    else:
        _tell(case, PAPER_ADDED_FOR, who=actor.name, writer=on_behalf_of.name, paper=label)


def message(case: Case, *, actor: User, on_behalf_of: Organisation | None = None) -> None:
    if on_behalf_of is None:
        _tell(case, MESSAGE, who=actor.name)
    else:
        _tell(case, MESSAGE_FOR, who=actor.name, writer=on_behalf_of.name)


def papers_returned(case: Case) -> None:
    _tell(case, RETURNED)


def papers_accepted(case: Case) -> None:
    _tell(case, ACCEPTED_SHARE if case.share else ACCEPTED_SONG)


def share_followed(case: Case) -> None:
    _tell(case, FOLLOWED)


def closed(case: Case) -> None:
    _tell(case, CLOSED[Outcome(case.outcome), bool(case.granted)])


def _tell(case: Case, sentence: str, **more: str) -> None:
    params = {
        "case": case.ref,
        "work": case.work.title,
        "claimant": case.claimant_party.name,
        "part": str(case.fraction),
        "date": f"{case.from_date:%Y-%m}",
        "share": str(case.share.fraction) if case.share else "",
        "holder": case.share.party.name if case.share else "",
        "song": case.recording.title if case.recording else "",
        **more,
    }
    notify(users=audience(case), sentence=sentence, params=params, url=reverse("claims:detail", args=[case.ref]))


def audience(case: Case) -> list[User]:
    """Everybody who acts for an organisation of the case, and all staff."""
    told = Membership.objects.in_force().filter(
        Q(organisation__in=case.parties.values("organisation")) | Q(role=Role.STAFF)
    )
    return list(User.objects.filter(is_active=True, pk__in=told.values("user")).order_by("pk"))
