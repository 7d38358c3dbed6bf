from __future__ import annotations

import pytest

from claims import services
from claims.models import Case
from portal.notices.models import Notice
from royalties.models import Hold
from tests.claims.conftest import Cast, accept, everything_written, file_share
from works.models import Share


@pytest.mark.parametrize("state", ["filed", "papers_missing", "disputed"])
def test_it_closes_the_case_without_changing_hands(cast: Cast, state: str) -> None:
    case = file_share(cast)
    if state == "papers_missing":
        case = services.return_papers(case=case, text="Signature.", actor=cast.staff)
    if state == "disputed":
        case = accept(case, cast.staff)
    before = list(Share.objects.order_by("pk").values())
    case = services.withdraw_case(case=case, note="We found our mistake.", actor=cast.claim_copyright)
    assert (case.state, case.outcome, case.granted) == (Case.State.CLOSED, Case.Outcome.WITHDRAWAL, False)
    assert list(Share.objects.order_by("pk").values()) == before
    assert not Hold.objects.filter(state=Hold.State.OPEN).exists()
    assert "was withdrawn" in str(Notice.objects.filter(user=cast.haeon).latest("pk"))


@pytest.mark.parametrize("who", ["haeon", "claim_finance", "stranger", "staff", "auditor", "contact"])
def test_it_lets_only_the_claimant_withdraw(cast: Cast, who: str) -> None:
    case = accept(file_share(cast), cast.staff)
    before = everything_written()
    with pytest.raises(services.StepNotYours):
        services.withdraw_case(case=case, note="No.", actor=cast.everybody()[who])
    assert everything_written() == before


def test_it_cannot_be_done_twice(cast: Cast) -> None:
    case = file_share(cast)
    services.withdraw_case(case=case, note="A mistake.", actor=cast.claim)
    before = everything_written()
    with pytest.raises(services.CaseMovedOn):
        services.withdraw_case(case=case, note="Again.", actor=cast.claim)
    assert everything_written() == before
