from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from claims import services
from claims.models import Case, CaseEvent
from portal.files import guards
from portal.lib.errors import DomainError
from portal.notices.models import Notice
from royalties.models import Hold
from tests.claims.conftest import Cast, add_share, everything_written, file_share, paper
from works.models import Share, Work


def test_it_files_the_claim_with_its_paper_parties_and_first_event(cast: Cast) -> None:
    case = file_share(cast)
    assert (case.state, case.fraction, case.claimant.ref) == (Case.State.FILED, Fraction(1, 12), "CLAIM")
    assert sorted(case.parties.values_list("organisation__ref", "side")) == [("CLAIM", "claimant"), ("DESK", "holder")]
    assert [each.file.label for each in case.attachments.all()] == ["contract.pdf"]
    event = case.events.get()
    assert (event.action, event.actor, event.text) == (CaseEvent.Action.FILED, cast.claim, case.reason)
    assert event.data == {"paper": "contract.pdf", "seat": "claimant", "organisation": "달빛출판"}


def test_it_holds_nothing_and_changes_no_share(cast: Cast) -> None:
    before = list(Share.objects.values())
    file_share(cast)
    assert not Hold.objects.exists()
    assert list(Share.objects.values()) == before


def test_it_tells_everybody_concerned_and_the_staff_and_nobody_else(cast: Cast) -> None:
    case = file_share(cast)
    told = {notice.user: notice for notice in Notice.objects.all()}
    parties = {cast.haeon, cast.claim, cast.claim_finance, cast.claim_copyright}
    assert set(told) == parties | {cast.staff, cast.staff_two}
    notice = told[cast.haeon]
    assert notice.url == f"/cases/{case.ref}/"
    assert "달빛출판" in str(notice)
    assert "아리랑 연가" in str(notice)


def test_it_lets_a_songwriter_and_the_copyright_role_file(cast: Cast) -> None:
    publisher_share = cast.work.shares.get(party=cast.claim_party)
    case = file_share(cast, share=publisher_share, party=cast.haeon_party, actor=cast.haeon)
    assert case.claimant.ref == "DESK"
    assert file_share(cast, actor=cast.claim_copyright).claimant.ref == "CLAIM"


def test_it_brings_the_writer_of_a_publishers_share_into_the_case(cast: Cast) -> None:
    work = Work.objects.create(title="이어진 곡", registered_by=cast.claim_party.organisation)
    writer_share = add_share(work, cast.haeon_party, Fraction(1, 2), role="CA")
    published = Share.objects.create(
        work=work,
        party=cast.stranger_party,
        role="E",
        right="performing",
        numerator=1,
        denominator=2,
        writer_share=writer_share,
    )
    case = file_share(cast, share=published, fraction=Fraction(1, 2))
    sides = set(case.parties.values_list("organisation__ref", "side"))
    assert sides == {("CLAIM", "claimant"), ("STRANGE", "holder"), ("DESK", "concerned")}


def test_it_allows_several_cases_as_long_as_they_fit_the_share(cast: Cast) -> None:
    file_share(cast, fraction=Fraction(1, 12))
    file_share(cast, fraction=Fraction(2, 12))
    refused = everything_written()
    with pytest.raises(services.MoreThanLeft):
        file_share(cast, fraction=Fraction(1, 1000))
    assert everything_written() == refused


def test_it_does_not_count_closed_cases_against_the_share(cast: Cast) -> None:
    case = file_share(cast, fraction=Fraction(3, 12))
    services.withdraw_case(case=case, note="A mistake.", actor=cast.claim)
    assert file_share(cast, fraction=Fraction(3, 12)).state == Case.State.FILED


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"fraction": Fraction(4, 12)}, services.MoreThanShare),
        ({"fraction": Fraction(0)}, services.MoreThanShare),
        ({"fraction": Fraction(1, 10**12 + 39)}, services.PartTooFine),
        ({"from_date": dt.date(1899, 12, 1)}, services.BeforeShare),
        ({"from_date": dt.date(2026, 3, 15)}, services.MidMonth),
        ({"reason": " \n"}, services.ReasonMissing),
        ({"paper": SimpleUploadedFile("run.exe", b"MZ")}, guards.FileKindNotAllowed),
        ({"paper": SimpleUploadedFile("not.pdf", b"plain words")}, guards.FileIsNotWhatItSays),
    ],
)
def test_it_refuses_and_writes_nothing(cast: Cast, changes: dict[str, object], error: type[DomainError]) -> None:
    before = everything_written()
    with pytest.raises(error):
        file_share(cast, **changes)
    assert everything_written() == before


def test_it_refuses_a_share_of_the_claimants_own(cast: Cast) -> None:
    own = cast.work.shares.get(party=cast.claim_party)
    before = everything_written()
    with pytest.raises(services.OwnShare):
        file_share(cast, share=own)
    assert everything_written() == before


def test_it_refuses_a_share_that_has_ended(cast: Cast) -> None:
    Share.objects.filter(pk=cast.share.pk).update(until_date=dt.date(2026, 2, 1))
    before = everything_written()
    with pytest.raises(services.ShareEnded):
        file_share(cast)
    assert everything_written() == before


@pytest.mark.parametrize("who", ["claim_finance", "stranger", "staff", "auditor", "contact", "haeon"])
def test_it_refuses_whoever_does_not_act_for_the_claimant(cast: Cast, who: str) -> None:
    before = everything_written()
    with pytest.raises(services.NotYourParty):
        file_share(cast, actor=cast.everybody()[who], paper=paper())
    assert everything_written() == before


def test_it_refuses_a_work_that_the_claimant_does_not_see(cast: Cast) -> None:
    before = everything_written()
    with pytest.raises(services.WorkNotSeen):
        file_share(cast, party=cast.stranger_party, actor=cast.stranger)
    assert everything_written() == before
