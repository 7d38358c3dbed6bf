from __future__ import annotations

from fractions import Fraction

import pytest

from claims import services
from claims.models import Case
from portal.notices.models import Notice
from royalties.models import Hold, Match
from tests.claims.conftest import Cast, add_share, add_song, everything_written, file_song
from works.models import Work


def test_it_files_the_claim_on_the_whole_song_with_the_other_owners_concerned(cast: Cast) -> None:
    case = file_song(cast)
    assert (case.kind, case.state, case.fraction) == (Case.Kind.UNMATCHED, Case.State.FILED, Fraction(1))
    sides = set(case.parties.values_list("organisation__ref", "side"))
    assert sides == {("CLAIM", "claimant"), ("DESK", "concerned")}
    assert cast.haeon in {notice.user for notice in Notice.objects.all()}
    assert cast.stranger not in {notice.user for notice in Notice.objects.all()}


def test_it_leaves_the_song_as_it_is_and_holds_nothing(cast: Cast) -> None:
    before = list(Match.objects.values())
    file_song(cast)
    assert list(Match.objects.values()) == before
    assert not Hold.objects.exists()


def test_it_takes_a_song_to_review(cast: Cast) -> None:
    song = add_song("아리랑", outcome=Match.Outcome.REVIEW, work=cast.work)
    assert file_song(cast, recording=song).recording == song


def test_it_refuses_a_song_that_has_an_owner(cast: Cast) -> None:
    song = add_song("아리랑", outcome=Match.Outcome.ACCEPTED, work=cast.work)
    before = everything_written()
    with pytest.raises(services.SongHasOwner):
        file_song(cast, recording=song)
    assert everything_written() == before


def test_it_refuses_a_second_case_of_the_same_claimant(cast: Cast) -> None:
    first = file_song(cast)
    before = everything_written()
    with pytest.raises(services.SongAlreadyClaimed) as refusal:
        file_song(cast, actor=cast.claim_copyright)
    assert first.ref in str(refusal.value)
    assert everything_written() == before


def test_it_allows_another_claimant_beside_the_first(cast: Cast) -> None:
    file_song(cast)
    work = Work.objects.create(title="달빛 약속")
    add_share(work, cast.stranger_party, Fraction(1), role="CA")
    case = file_song(cast, work=work, party=cast.stranger_party, actor=cast.stranger)
    assert set(case.parties.values_list("organisation__ref", flat=True)) == {"STRANGE"}


def test_it_refuses_a_work_in_which_the_claimant_has_no_share(cast: Cast) -> None:
    work = Work.objects.create(title="남의 곡", registered_by=cast.claim_party.organisation)
    add_share(work, cast.stranger_party, Fraction(1), role="CA")
    before = everything_written()
    with pytest.raises(services.NotYourWork):
        file_song(cast, work=work)
    assert everything_written() == before


@pytest.mark.parametrize("who", ["claim_finance", "stranger", "staff", "auditor", "contact", "haeon"])
def test_it_refuses_whoever_does_not_act_for_the_claimant(cast: Cast, who: str) -> None:
    before = everything_written()
    with pytest.raises(services.NotYourParty):
        file_song(cast, actor=cast.everybody()[who])
    assert everything_written() == before
