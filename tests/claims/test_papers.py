from __future__ import annotations

from fractions import Fraction

import pytest

from claims import services
from claims.models import Case, CaseEvent
from claims.rules import Check
from portal.notices.models import Notice
from royalties.models import Hold
from tests.claims.conftest import FROM, Cast, accept, everything_written, file_share, file_song, paper
from works.models import SINCE_EVER


def test_it_returns_papers_with_what_is_missing(cast: Cast) -> None:
    case = services.return_papers(case=file_share(cast), text="The signature is missing.", actor=cast.staff)
    assert case.state == Case.State.PAPERS_MISSING
    last = case.events.last()
    assert last is not None
    assert (last.action, last.text, last.data["seat"]) == ("papers_returned", "The signature is missing.", "staff")
    assert not Hold.objects.exists()


def test_it_puts_the_case_before_staff_again_when_the_claimant_adds_a_paper(cast: Cast) -> None:
    case = services.return_papers(case=file_share(cast), text="Signature.", actor=cast.staff)
    case = services.add_paper(case=case, paper=paper("signed.pdf"), text="Now signed.", actor=cast.claim_copyright)
    assert case.state == Case.State.FILED
    assert case.attachments.count() == 2
    assert Notice.objects.filter(user=cast.staff, sentence__contains="added the paper").exists()


def test_it_leaves_the_case_with_the_claimant_when_the_holder_adds_a_paper(cast: Cast) -> None:
    case = services.return_papers(case=file_share(cast), text="Signature.", actor=cast.staff)
    case = services.add_paper(case=case, paper=paper("mine.pdf"), actor=cast.haeon)
    assert case.state == Case.State.PAPERS_MISSING


def test_it_holds_exactly_the_disputed_part_once_the_papers_are_accepted(cast: Cast) -> None:
    case = accept(file_share(cast), cast.staff)
    assert case.state == Case.State.DISPUTED
    hold = Hold.objects.get()
    assert (hold.case_ref, hold.share, hold.state) == (case.ref, cast.share, Hold.State.OPEN)
    assert Fraction(hold.numerator, hold.denominator) == Fraction(1, 12)
    assert hold.from_date == FROM
    event = case.events.get(action=CaseEvent.Action.PAPERS_ACCEPTED)
    assert event.data["checks"] == sorted(Check)


def test_it_holds_the_whole_of_an_unmatched_song(cast: Cast) -> None:
    case = accept(file_song(cast), cast.staff)
    hold = Hold.objects.get()
    assert (hold.case_ref, hold.recording, hold.share) == (case.ref, cast.song, None)
    assert (hold.numerator, hold.denominator, hold.from_date) == (1, 1, SINCE_EVER)


@pytest.mark.parametrize("missing", list(Check))
def test_it_does_not_accept_papers_with_a_check_missing(cast: Cast, missing: Check) -> None:
    case = file_share(cast)
    before = everything_written()
    with pytest.raises(services.ChecksMissing):
        services.accept_papers(case=case, checks=set(Check) - {missing}, actor=cast.staff)
    assert everything_written() == before


def test_it_does_not_accept_papers_it_has_returned(cast: Cast) -> None:
    case = services.return_papers(case=file_share(cast), text="Signature.", actor=cast.staff)
    before = everything_written()
    with pytest.raises(services.CaseMovedOn) as refusal:
        accept(case, cast.staff_two)
    assert "staff" in str(refusal.value)
    assert "papers returned" in str(refusal.value)
    assert everything_written() == before


@pytest.mark.parametrize(
    "who", ["haeon", "claim", "claim_finance", "claim_copyright", "stranger", "auditor", "contact"]
)
def test_it_lets_only_staff_check_papers(cast: Cast, who: str) -> None:
    case = file_share(cast)
    before = everything_written()
    actor = cast.everybody()[who]
    with pytest.raises(services.StepNotYours):
        accept(case, actor)
    with pytest.raises(services.StepNotYours):
        services.return_papers(case=case, text="No.", actor=actor)
    assert everything_written() == before


@pytest.mark.parametrize("who", ["claim_finance", "stranger", "auditor", "contact"])
def test_it_lets_only_the_parties_and_staff_add_papers_and_write(cast: Cast, who: str) -> None:
    case = file_share(cast)
    before = everything_written()
    actor = cast.everybody()[who]
    with pytest.raises(services.StepNotYours):
        services.add_paper(case=case, paper=paper(), actor=actor)
    with pytest.raises(services.StepNotYours):
        services.add_message(case=case, text="Hello.", actor=actor)
    assert everything_written() == before


def test_it_shows_a_message_to_everybody_in_the_case(cast: Cast) -> None:
    case = services.add_message(case=file_share(cast), text="We wrote the words together.", actor=cast.haeon)
    last = case.events.last()
    assert last is not None
    assert (last.action, last.text, last.data["seat"]) == ("message", "We wrote the words together.", "holder")
    assert Notice.objects.filter(user=cast.claim, sentence__contains="wrote a message").exists()


def test_it_refuses_an_empty_message(cast: Cast) -> None:
    case = file_share(cast)
    before = everything_written()
    with pytest.raises(services.ReasonMissing):
        services.add_message(case=case, text="  ", actor=cast.haeon)
    assert everything_written() == before


def test_it_keeps_the_history_from_being_changed(cast: Cast) -> None:
    from django.db import DatabaseError, transaction

    file_share(cast)
    for change in (lambda: CaseEvent.objects.update(text="other"), lambda: CaseEvent.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert CaseEvent.objects.get().text.startswith("The contract")
