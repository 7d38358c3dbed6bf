"""Single changes of the register: a work, its titles, a party, a share that others follow."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import pytest

from portal.accounts.models import User
from portal.demo.catalogue import ipi, iswc
from tests.works.build import publisher
from works.matching import SongQuery, match
from works.models import ChangeLog, Party, Recording, Share, Work
from works.services import (
    IdentifierIsMalformed,
    NewOwner,
    NewPart,
    NewRecording,
    PartsExceedTheShare,
    RecordingIsOfAnotherWork,
    ShareEndsBeforeItBegins,
    ShareHasEnded,
    SharesExceedTheWhole,
    WorkIsRegistered,
    add_titles,
    find_or_add_party,
    register_work,
    replace_share,
)

MARCH = dt.date(2026, 3, 1)


@pytest.fixture
def haeon(db: None) -> Party:
    return find_or_add_party(name="도해온", kind="writer", ipi=ipi(1), names=["Do Haeon"], society="118")


@pytest.fixture
def firm(db: None) -> Party:
    return find_or_add_party(name="가람출판", kind="publisher", organisation=publisher())


def a_work(haeon: Party, firm: Party, **more: Any) -> Work:
    owners = [
        NewOwner(party=haeon, role="CA", fraction=Fraction(8, 12)),
        NewOwner(party=firm, role="E", fraction=Fraction(4, 12), publisher_of=haeon),
    ]
    values: dict[str, Any] = {"title": "봄밤", "owners": owners, "reason": "test", "registered_by": publisher(), **more}
    return register_work(**values)


def performing(work: Work, party: Party) -> Share:
    return work.shares.get(party=party, right="performing", until_date=None)


def test_a_registered_work_is_found_by_its_names(haeon: Party, firm: Party) -> None:
    recordings = [NewRecording(performer="루미엘", isrc="KR-A01-26-00001")]
    work = a_work(
        haeon, firm, titles=["Spring Night"], iswc="T-900.000.001-" + iswc(900000001)[-1], recordings=recordings
    )
    assert (work.iswc, work.registered_by) == (iswc(900000001), publisher())
    assert Recording.objects.get().isrc == "KRA012600001"
    assert [decision.outcome for decision in match([SongQuery("1", "Spring Night", "루미엘")], {})] == ["accepted"]
    assert performing(work, firm).writer_share == performing(work, haeon)
    assert set(work.shares.values_list("right", flat=True)) == {"performing", "mechanical"}
    assert work.changes.get().action == "work.registered"


@pytest.mark.parametrize(
    ("more", "failure"),
    [
        ({"iswc": iswc(7)}, WorkIsRegistered),
        ({"submitter_ref": "A-1"}, WorkIsRegistered),
        ({"recordings": [NewRecording(performer="x", isrc="KRA012600001")]}, RecordingIsOfAnotherWork),
        ({"iswc": "T-1"}, IdentifierIsMalformed),
    ],
)
def test_a_work_is_registered_once(haeon: Party, firm: Party, more: dict[str, Any], failure: type[Exception]) -> None:
    a_work(
        haeon, firm, iswc=iswc(7), submitter_ref="A-1", recordings=[NewRecording(performer="x", isrc="KRA012600001")]
    )
    with pytest.raises(failure):
        a_work(haeon, firm, **more)
    assert Work.objects.count() == 1


def test_more_than_the_whole_is_not_registered(haeon: Party, firm: Party) -> None:
    owners = [
        NewOwner(party=haeon, role="CA", fraction=Fraction(8, 12)),
        NewOwner(party=firm, role="E", fraction=Fraction(5, 12)),
    ]
    with pytest.raises(SharesExceedTheWhole) as refusal:
        a_work(haeon, firm, owners=owners)
    assert refusal.value.params == {"total": "13/12"}
    assert not Work.objects.exists()


def test_titles_are_added_once_with_their_keys(haeon: Party, firm: Party) -> None:
    work = a_work(haeon, firm, recordings=[NewRecording(performer="루미엘")])
    added = add_titles(work=work, titles=["春夜", "봄밤", "春夜"], actor=None, reason="member wrote")
    assert [title.text for title in added] == ["春夜"]
    assert add_titles(work=work, titles=["春夜"], actor=None, reason="again") == []
    assert match([SongQuery("1", "春夜", "루미엘")], {})[0].works == ((work.pk, Fraction(1)),)
    assert work.changes.count() == 2


def test_a_party_is_found_by_ipi_or_within_its_organisation(haeon: Party, firm: Party) -> None:
    assert find_or_add_party(name="다른 이름", kind="writer", ipi=ipi(1)) == haeon
    assert find_or_add_party(name="가람출판", kind="publisher", organisation=publisher()) == firm
    assert find_or_add_party(name="도해온", kind="writer") != haeon
    with pytest.raises(IdentifierIsMalformed):
        find_or_add_party(name="x", kind="writer", ipi="12.5")
    assert haeon.affiliations.get().society_id == "118"
    assert set(haeon.names.values_list("text", flat=True)) == {"도해온", "Do Haeon", "다른 이름"}


def test_a_share_ends_and_others_follow(haeon: Party, firm: Party) -> None:
    work = a_work(haeon, firm)
    old = performing(work, haeon)
    actor = User.objects.create_user("staff@example.org", name="Staff")
    claimant = find_or_add_party(name="류가온", kind="writer")
    parts = [NewPart(haeon, "CA", Fraction(5, 12)), NewPart(claimant, "CA", Fraction(3, 12))]
    made = replace_share(share=old, from_date=MARCH, parts=parts, actor=actor, reason="C-1")
    old.refresh_from_db()
    assert (old.until_date, old.end_reason, old.fraction) == (MARCH, "C-1", Fraction(8, 12))
    assert [(share.party, share.fraction, share.from_date, share.reason) for share in made] == [
        (haeon, Fraction(5, 12), MARCH, "C-1"), (claimant, Fraction(3, 12), MARCH, "C-1"),
    ]  # fmt: skip
    day_before = set(work.shares.in_force(MARCH - dt.timedelta(days=1)).filter(right="performing"))
    assert day_before == {old, performing(work, firm)}
    assert set(work.shares.in_force(MARCH).filter(right="performing")) == {*made, performing(work, firm)}
    change = work.changes.get(action="share.replaced")
    assert (change.actor, change.reason, change.data["fraction"], change.data["from_date"]) == (
        actor,
        "C-1",
        "2/3",
        "2026-03-01",
    )
    assert [part["fraction"] for part in change.data["parts"]] == ["5/12", "1/4"]


def test_a_share_may_be_followed_by_less_or_by_nothing(haeon: Party, firm: Party) -> None:
    work = a_work(haeon, firm)
    assert replace_share(share=performing(work, haeon), from_date=MARCH, parts=[], actor=None, reason="C-1") == []
    follower = replace_share(
        share=performing(work, firm),
        from_date=MARCH,
        parts=[NewPart(firm, "E", Fraction(1, 12))],
        actor=None,
        reason="C-2",
    )
    assert follower[0].writer_share is not None


def test_what_cannot_follow_is_refused_and_changes_nothing(haeon: Party, firm: Party) -> None:
    work = a_work(haeon, firm)
    share = work.shares.get(party=firm, right="mechanical")
    dated = replace_share(
        share=share, from_date=MARCH, parts=[NewPart(firm, "E", Fraction(4, 12))], actor=None, reason="C-0"
    )[0]
    before = list(work.shares.order_by("pk").values())
    changes = ChangeLog.objects.count()
    for old, day, fraction, failure in [
        (share, MARCH, Fraction(1, 12), ShareHasEnded),
        (dated, MARCH - dt.timedelta(days=1), Fraction(1, 12), ShareEndsBeforeItBegins),
        (dated, MARCH, Fraction(5, 12), PartsExceedTheShare),
    ]:
        with pytest.raises(failure):
            replace_share(share=old, from_date=day, parts=[NewPart(firm, "E", fraction)], actor=None, reason="C-1")
    assert (list(work.shares.order_by("pk").values()), ChangeLog.objects.count()) == (before, changes)


def test_a_share_replaced_on_its_first_day_never_was(haeon: Party, firm: Party) -> None:
    work = a_work(haeon, firm)
    share = performing(work, haeon)
    replace_share(
        share=share, from_date=share.from_date, parts=[NewPart(haeon, "C", share.fraction)], actor=None, reason="C-1"
    )
    assert share not in work.shares.standing()
    assert work.shares.in_force(MARCH).filter(right="performing").count() == 2
