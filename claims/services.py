"""Every step of a case, one function each: what was done, the history, the notices, and what changes in the rooms below.

Each is one transaction that locks the work (as the register does when shares change) and then the case. Whoever comes
second therefore sees what the first one did, and is told so instead of doing it again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from claims import announcements, rules
from claims.access import seats_of
from claims.models import Attachment, Case, CaseEvent, CaseParty
from claims.rules import Action, Check, Outcome, Seat, State, Wrong
from portal.accounts.access import acts_as_delegate, organisation_ids
from portal.accounts.models import ACTING_ROLES, Organisation, User
from portal.files.guards import DOCUMENTS
from portal.files.services import store_upload
from portal.lib import wording
from portal.lib.errors import DomainError, NotAllowed
from royalties.holds import open_hold, release_hold
from royalties.models import Earning, Hold, ReportedRecording
from royalties.services import decide_match
from works.merging import require_standing
from works.models import SINCE_EVER, Party, Share, Work
from works.services import NewPart, replace_share

PartsOfMoney = list[tuple[Party | None, Fraction]]  # None: what nobody has registered


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a case ended, as staff record it. `part` (of the work) is for an agreement on less than was disputed."""

    outcome: Outcome
    granted: bool
    note: str
    part: Fraction | None
    period: dt.date

    def moved(self, disputed: Fraction) -> Fraction:
        """The part of the work that goes to the claimant."""
        if not self.granted:
            return Fraction(0)
        return disputed if self.part is None else self.part


class NotYourParty(NotAllowed):
    code = "not-your-party"
    sentence = _("You do not act for %(party)s.")
    remedy = _("Choose a party of your own organisation.")


class WorkNotSeen(NotAllowed):
    code = "work-not-seen"
    sentence = _("You can only file a case about a work that you see in your catalogue.")
    remedy = _("Register your share in the work first, or ask the society.")


class OwnShare(DomainError):
    code = "own-share"
    sentence = _("This share already belongs to your organisation.")
    remedy = _("Choose another share of the work.")


class ShareEnded(DomainError):
    code = "share-ended"
    status = 409
    sentence = _("This share ended on %(date)s.")
    remedy = _("Open the work again and choose the share that stands today.")


class MoreThanShare(DomainError):
    code = "more-than-share"
    sentence = _("You dispute %(disputed)s of the work, but the share is only %(share)s.")
    remedy = _("Enter a part of the work above zero and not larger than the share.")


class MoreThanLeft(DomainError):
    code = "more-than-left"
    status = 409
    sentence = _(
        "Open cases already dispute %(taken)s of this share of %(share)s. Your %(disputed)s does not fit beside them."
    )
    remedy = _("Dispute a smaller part, or wait until an open case is closed.")


class BeforeShare(DomainError):
    code = "before-share"
    sentence = _("The share began on %(date)s. A claim on it cannot begin earlier.")
    remedy = _("Choose a later month.")


class MidMonth(DomainError):
    code = "mid-month"
    sentence = _("A claim begins with a month, because usage is reported by the month.")
    remedy = _("Choose the first month of which the usage is yours.")


class PartTooFine(DomainError):
    code = "part-too-fine"
    sentence = _("What %(part)s leaves of this share of %(share)s cannot be written as an exact fraction.")
    remedy = _("Name the part with a smaller denominator, such as twelfths.")


class SongHasOwner(DomainError):
    code = "song-has-owner"
    status = 409
    sentence = _("This song has been matched to a work in the meantime.")
    remedy = _("If the match is wrong, tell the society, which can take it back.")


class SongAlreadyClaimed(DomainError):
    code = "song-already-claimed"
    status = 409
    sentence = _("Your organisation already has an open case about this song: %(case)s.")
    remedy = _("Add your papers to that case.")


class NotYourWork(NotAllowed):
    code = "not-your-work"
    sentence = _("%(party)s has no share in “%(work)s” today.")
    remedy = _("Choose a work in which you have a share.")


class ReasonMissing(DomainError):
    code = "reason-missing"
    sentence = _("A text is missing.")
    remedy = _("Write what the others need to know.")


class ChecksMissing(DomainError):
    code = "checks-missing"
    sentence = _("The papers are complete only if all four checks are ticked: dates, territory, works, signatures.")
    remedy = _("Tick the missing ones, or return the papers and say what is missing.")


class StepNotYours(NotAllowed):
    code = "step-not-yours"
    sentence = _("You cannot do this in this case.")
    remedy = _("Open the case to see what you can do.")


class CaseMovedOn(DomainError):
    code = "case-moved-on"
    status = 409
    sentence = _("This cannot be done now. Case %(case)s is “%(state)s” since %(who)s did this at %(when)s: %(what)s.")
    remedy = _("Open the case again to see what changed.")


class OutcomeNotNow(DomainError):
    code = "outcome-not-now"
    status = 409
    sentence = _("A case whose papers are not complete can only end by withdrawal.")
    remedy = _("Accept the papers first, or record a withdrawal.")


class WithdrawnAndGranted(DomainError):
    code = "withdrawn-and-granted"
    sentence = _("A withdrawn claim gives the claimant nothing.")
    remedy = _("Record an agreement if the present holder gave way.")


class PartWithoutAgreement(DomainError):
    code = "part-without-agreement"
    sentence = _("Only an agreement that gives something to the claimant can name another part than the one disputed.")
    remedy = _("Leave the part empty, or record an agreement.")


class PartOutOfRange(DomainError):
    code = "part-out-of-range"
    sentence = _("The agreed part must be above zero and not larger than the disputed %(disputed)s.")
    remedy = _("Enter a smaller part of the work.")


class PartOfSong(DomainError):
    code = "part-of-song"
    sentence = _("A song goes to a work as a whole.")
    remedy = _("Leave the part empty.")


# ── filing ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def file_share_case(
    *,
    share: Share,
    party: Party,
    fraction: Fraction,
    from_date: dt.date,
    reason: str,
    paper: UploadedFile[Any],
    actor: User,
) -> Case:
    """Dispute a part of a share: from a day on it would belong to `party`. Nothing is held until the papers are accepted.

    `fraction` is of the work. Raises a DomainError where the part does not fit the share or what open cases left of it.
    """
    claimant = _own_organisation(party, actor)
    work = _lock_work(share.work_id)
    require_standing(work)
    share = Share.objects.select_related("party", "writer_share__party").get(pk=share.pk)
    if not Work.objects.visible_to(actor).filter(pk=work.pk).exists():
        raise WorkNotSeen
    if share.party.organisation_id == claimant.pk:
        raise OwnShare
    _check_share(share, fraction, from_date)
    case = Case(
        kind=Case.Kind.SHARE, work=work, share=share, from_date=from_date, claimant=claimant, claimant_party=party
    )
    case.numerator, case.denominator = fraction.numerator, fraction.denominator
    linked = [share.writer_share.party] if share.writer_share else []
    linked += [each.party for each in share.publisher_shares.filter(until_date=None).select_related("party")]
    return _file(case, holders=[share.party], concerned=linked, reason=reason, paper=paper, actor=actor)


@transaction.atomic
def file_unmatched_case(
    *, recording: ReportedRecording, work: Work, party: Party, reason: str, paper: UploadedFile[Any], actor: User
) -> Case:
    """Say that a song without an owner is a recording of this work, in which `party` has a share today."""
    claimant = _own_organisation(party, actor)
    work = _lock_work(work.pk)
    require_standing(work)
    recording = ReportedRecording.objects.select_for_update(no_key=True).get(pk=recording.pk)
    if not ReportedRecording.objects.without_owner().filter(pk=recording.pk).exists():
        raise SongHasOwner
    twin = Case.objects.open().filter(recording=recording, claimant=claimant).first()
    if twin is not None:
        raise SongAlreadyClaimed(case=twin.ref)
    owners = [share.party for share in _standing_shares(work)]
    if party not in owners:
        raise NotYourWork(party=party.name, work=work.title)
    case = Case(kind=Case.Kind.UNMATCHED, work=work, recording=recording, from_date=SINCE_EVER)
    case.claimant, case.claimant_party = claimant, party
    return _file(case, holders=[], concerned=owners, reason=reason, paper=paper, actor=actor)


def _file(
    case: Case,
    *,
    holders: Iterable[Party],
    concerned: Iterable[Party],
    reason: str,
    paper: UploadedFile[Any],
    actor: User,
) -> Case:
    case.opened_by, case.reason = actor, _text(reason)
    case.save()
    sides: dict[int, str] = {case.claimant_id: CaseParty.Side.CLAIMANT}
    for side, parties in ((CaseParty.Side.HOLDER, holders), (CaseParty.Side.CONCERNED, concerned)):
        for party in parties:
            if party.organisation_id is not None:
                sides.setdefault(party.organisation_id, side)
    CaseParty.objects.bulk_create(
        CaseParty(case=case, organisation_id=organisation_id, side=side) for organisation_id, side in sides.items()
    )
    label = _attach(case, paper, actor)
    _record(case, CaseEvent.Action.FILED, actor, text=case.reason, data={"paper": label})
    announcements.filed(case)
    return case


# ── papers and messages ─────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def add_paper(*, case: Case, paper: UploadedFile[Any], actor: User, text: str = "") -> Case:
    """Put a paper into the case. The claimant's, where papers were missing, puts the case back before staff."""
    case, seats, state = _take_step(case, Action.ADD_PAPER, actor)
    label = _attach(case, paper, actor)
    _move(case, state)
    _record(case, CaseEvent.Action.PAPERS_ADDED, actor, seats=seats, text=text.strip(), data={"paper": label})
    announcements.paper_added(case, actor=actor, label=label, on_behalf_of=_on_behalf_of(case, actor))
    return case


@transaction.atomic
def add_message(*, case: Case, text: str, actor: User) -> Case:
    """Say something to everybody in the case."""
    case, seats, _state = _take_step(case, Action.MESSAGE, actor)
    _record(case, CaseEvent.Action.MESSAGE, actor, seats=seats, text=_text(text))
    announcements.message(case, actor=actor, on_behalf_of=_on_behalf_of(case, actor))
    return case


@transaction.atomic
def return_papers(*, case: Case, text: str, actor: User) -> Case:
    """Staff: the papers are not complete, and why."""
    case, seats, state = _take_step(case, Action.RETURN_PAPERS, actor)
    text = _text(text)
    _move(case, state)
    _record(case, CaseEvent.Action.PAPERS_RETURNED, actor, seats=seats, text=text)
    announcements.papers_returned(case)
    return case


@transaction.atomic
def accept_papers(*, case: Case, checks: Collection[str], actor: User) -> Case:
    """Staff: the papers are complete in form. From now on the disputed part is held, and only that part."""
    case, seats, state = _take_step(case, Action.ACCEPT_PAPERS, actor)
    if set(checks) != set(Check):
        raise ChecksMissing
    if case.share is not None:
        _check_share_stands(case.share)
        open_hold(case_ref=case.ref, share=case.share, fraction=case.fraction, from_date=case.from_date)
    else:
        open_hold(case_ref=case.ref, recording=case.recording, fraction=case.fraction, from_date=case.from_date)
    _move(case, state)
    _record(case, CaseEvent.Action.PAPERS_ACCEPTED, actor, seats=seats, data={"checks": sorted(Check)})
    announcements.papers_accepted(case)
    return case


# ── the end ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def close_case(
    *,
    case: Case,
    outcome: str,
    granted: bool,
    note: str,
    actor: User,
    part: Fraction | None = None,
    period: dt.date | None = None,
) -> Case:
    """Staff record how the case ended; the share or match follows, and what was held goes to whom the ending says.

    `part` (of the work, at most the disputed one) is for an agreement on less. `period` is the distribution month of
    the released money, by default the present one.
    """
    case, seats, _state = _take_step(case, Action.CLOSE, actor)
    ending = Ending(outcome=Outcome(outcome), granted=granted, note=_text(note), part=part, period=_month(period))
    return _close(case, ending, actor, seats)


@transaction.atomic
def withdraw_case(*, case: Case, note: str, actor: User, period: dt.date | None = None) -> Case:
    """The claimant takes the claim back: nothing changes hands, and what was held goes to the present holder."""
    case, seats, _state = _take_step(case, Action.WITHDRAW, actor)
    ending = Ending(outcome=Outcome.WITHDRAWAL, granted=False, note=_text(note), part=None, period=_month(period))
    return _close(case, ending, actor, seats)


def _close(case: Case, ending: Ending, actor: User, seats: Collection[Seat]) -> Case:
    wrong = rules.check_ending(
        kind=rules.Kind(case.kind),
        state=State(case.state),
        outcome=ending.outcome,
        granted=ending.granted,
        disputed=case.fraction,
        part=ending.part,
    )
    if wrong is not None:
        raise ENDING_ERRORS[wrong](disputed=str(case.fraction))
    data: dict[str, Any] = {"outcome": ending.outcome, "granted": ending.granted}
    if case.share is not None:
        data |= _end_share(case, case.share, ending, actor)
    elif case.recording is not None:
        _end_song(case, case.recording, ending, actor)
    case.outcome, case.granted, case.outcome_note = ending.outcome, ending.granted, ending.note
    case.closed_at = timezone.now()
    _move(case, State.CLOSED)
    _record(case, CaseEvent.Action.CLOSED, actor, seats=seats, text=ending.note, data=data)
    announcements.closed(case)
    return case


def _end_share(case: Case, share: Share, ending: Ending, actor: User) -> dict[str, Any]:
    """The register first, then the money: whoever owns the part from now on gets what was held of it."""
    settlement = rules.settle(share=share.fraction, disputed=case.fraction, granted=ending.moved(case.fraction))
    data: dict[str, Any] = {"part": str(settlement.to_claimant)}
    if settlement.to_claimant:
        _check_share_stands(share)
        if rules.too_fine(share.fraction, settlement.to_claimant, *_open_parts(share)):
            raise PartTooFine(part=str(settlement.to_claimant), share=str(share.fraction))
        from_date = max(case.from_date, share.from_date)
        parts = [NewPart(case.claimant_party, share.role, settlement.to_claimant)]
        if settlement.to_holder:
            parts.insert(0, NewPart(share.party, share.role, settlement.to_holder))
        made = replace_share(share=share, from_date=from_date, parts=parts, actor=actor, reason=case.ref)
        for rest in made:
            if rest.party_id == share.party_id:
                _take_open_cases_along(case, share, rest, actor)
        data |= {"before": str(share.fraction), "after": str(settlement.to_holder), "from_date": from_date.isoformat()}
    money: PartsOfMoney = [
        (case.claimant_party, settlement.held_to_claimant),
        (share.party, settlement.held_to_holder),
    ]
    parts_of_money = [(party, part) for party, part in money if part]
    _release(case, lambda _hold: parts_of_money, ending, actor)
    return data


def _take_open_cases_along(case: Case, old: Share, rest: Share, actor: User) -> None:
    """Other open cases on the share that has just been followed now dispute what is left of it, and so do their holds."""
    others = Case.objects.select_for_update(of=("self",)).filter(share=old).exclude(pk=case.pk)
    for other in others.exclude(state=State.CLOSED).select_related("work", "claimant_party").order_by("pk"):
        other.share = rest
        other.save(update_fields=["share"])
        if other.state == State.DISPUTED:
            from_date = max(other.from_date, rest.from_date)
            open_hold(case_ref=other.ref, share=rest, fraction=other.fraction, from_date=from_date)
        data = {"followed": True, "before": str(old.fraction), "after": str(rest.fraction), "seat": Seat.STAFF}
        CaseEvent.objects.create(case=other, action=CaseEvent.Action.MESSAGE, actor=actor, data=data)
        announcements.share_followed(other)


def _end_song(case: Case, recording: ReportedRecording, ending: Ending, actor: User) -> None:
    """The song becomes the claimant's work, or stays what it is. A song without a match has no money on its hold yet."""
    if ending.granted:
        works = [(case.work, Fraction(1))]
        decide_match(recording=recording, works=works, actor=actor, reason=case.ref, method="case")
    _release(case, lambda hold: _earned_under(hold, case.claimant_party), ending, actor)


def _release(case: Case, parts_of: Callable[[Hold], PartsOfMoney], ending: Ending, actor: User) -> None:
    for hold in Hold.objects.filter(case_ref=case.ref, state=Hold.State.OPEN).order_by("pk"):
        release_hold(hold=hold, parts=parts_of(hold), period=ending.period, actor=actor, outcome=ending.outcome)


def _earned_under(hold: Hold, nobody_else: Party) -> PartsOfMoney:
    """Whose money lies on a song's hold, as parts of the whole. There is some only if the song was matched meanwhile."""
    sums: dict[Party | None, int] = {}
    for earning in Earning.objects.filter(hold=hold).exclude(won_micros=0).select_related("party"):
        sums[earning.party] = sums.get(earning.party, 0) + earning.won_micros
    whole = sum(sums.values())
    if not whole:
        return [(nobody_else, Fraction(1))]
    return [(party, Fraction(won, whole)) for party, won in sums.items()]


# ── what the steps share ────────────────────────────────────────────────────────────────────────────────────────────────

ENDING_ERRORS: dict[Wrong, type[DomainError]] = {
    Wrong.OUTCOME_NOT_NOW: OutcomeNotNow,
    Wrong.WITHDRAWN_AND_GRANTED: WithdrawnAndGranted,
    Wrong.PART_WITHOUT_AGREEMENT: PartWithoutAgreement,
    Wrong.PART_OUT_OF_RANGE: PartOutOfRange,
    Wrong.PART_OF_A_SONG: PartOfSong,
}


def _lock_work(work_id: int) -> Work:
    return Work.objects.select_for_update(no_key=True).get(pk=work_id)


def _take_step(case: Case, action: Action, actor: User) -> tuple[Case, frozenset[Seat], State]:
    """The case, locked and read afresh, with the actor's seats and the state the action leads to.

    Raises StepNotYours if it is never theirs to do, CaseMovedOn if it is, but no longer in the state the case is in.
    """
    _lock_work(case.work_id)
    fresh = (
        Case.objects.select_for_update(of=("self",))
        .select_related("work", "share__party", "recording", "claimant", "claimant_party")
        .get(pk=case.pk)
    )
    seats = seats_of(actor, fresh)
    if not rules.may_ever(action, seats):
        raise StepNotYours
    state = rules.next_state(State(fresh.state), action, seats)
    if state is None:
        raise moved_on(fresh)
    return fresh, seats, state


def moved_on(case: Case) -> CaseMovedOn:
    """Says who did what, and when, in a case that is no longer in the state somebody thought."""
    last = case.events.exclude(action=CaseEvent.Action.MESSAGE).select_related("actor").last()
    return CaseMovedOn(
        case=case.ref,
        state=case.get_state_display(),
        who=(last.who if last else "") or wording.MISSING,
        when=wording.moment(last.created_at if last else None),
        what=last.get_action_display() if last else wording.MISSING,
    )


def _move(case: Case, state: State) -> None:
    case.state = state
    case.save()


def _record(
    case: Case,
    action: CaseEvent.Action,
    actor: User,
    *,
    seats: Collection[Seat] = (Seat.CLAIMANT,),
    text: str = "",
    data: dict[str, Any] | None = None,
) -> None:
    """One further line of the history, with the seat and organisation the actor had at that moment, and for whom she acted."""
    seat = next(seat for seat in Seat if seat in seats)
    who = {"seat": seat, "organisation": _organisation_in(case, actor).name}
    if (writer := _on_behalf_of(case, actor)) is not None:
        who["on_behalf_of"] = writer.name
    CaseEvent.objects.create(case=case, action=action, actor=actor, text=text, data={**(data or {}), **who})


def _organisation_in(case: Case, actor: User) -> Organisation:
    """For whom the actor acts here: an organisation of the case, or the society."""
    mine = organisation_ids(actor)
    side = case.parties.filter(organisation__in=mine).select_related("organisation").order_by("pk").first()
    if side is not None:
        return side.organisation
    return Organisation.objects.filter(pk__in=mine).order_by("pk")[0]


def _on_behalf_of(case: Case, actor: User) -> Organisation | None:
    """Whom a delegate acts for here; nobody when people act for themselves or for where they work."""
    organisation = _organisation_in(case, actor)
    return organisation if acts_as_delegate(actor, organisation) else None


def _attach(case: Case, paper: UploadedFile[Any], actor: User) -> str:
    stored = store_upload(stream=paper, label=paper.name or "", user=actor, allowed=DOCUMENTS)
    Attachment.objects.create(case=case, file=stored, added_by=actor, on_behalf_of=_on_behalf_of(case, actor))
    return stored.label


def _own_organisation(party: Party, actor: User) -> Organisation:
    if party.organisation is None or party.organisation_id not in organisation_ids(actor, *ACTING_ROLES):
        raise NotYourParty(party=party.name)
    return party.organisation


def _standing_shares(work: Work) -> list[Share]:
    return list(work.shares.in_force(timezone.localdate()).select_related("party").order_by("pk"))


def _check_share_stands(share: Share) -> None:
    if share.until_date is not None:
        raise ShareEnded(date=wording.day(share.until_date))


def _check_share(share: Share, disputed: Fraction, from_date: dt.date) -> None:
    _check_share_stands(share)
    open_parts = _open_parts(share)
    wrong = rules.check_filing(
        share=share.fraction,
        share_from=share.from_date,
        disputed=disputed,
        from_date=from_date,
        open_parts=open_parts,
    )
    if wrong is Wrong.MORE_THAN_SHARE:
        raise MoreThanShare(disputed=str(disputed), share=str(share.fraction))
    if wrong is Wrong.MORE_THAN_LEFT:
        taken = sum(open_parts, Fraction(0))
        raise MoreThanLeft(taken=str(taken), share=str(share.fraction), disputed=str(disputed))
    if wrong is Wrong.TOO_FINE:
        raise PartTooFine(part=str(disputed), share=str(share.fraction))
    if wrong is Wrong.BEFORE_SHARE:
        raise BeforeShare(date=wording.day(share.from_date))
    if wrong is Wrong.MID_MONTH:
        raise MidMonth


def _open_parts(share: Share) -> list[Fraction]:
    return [case.fraction for case in Case.objects.open().filter(share=share)]


def _text(text: str) -> str:
    if not text.strip():
        raise ReasonMissing
    return text.strip()


def _month(period: dt.date | None) -> dt.date:
    return (period or timezone.localdate()).replace(day=1)
