"""A share that ends and others that follow it."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest

from portal.accounts.models import User
from tests.works.build import publisher
from works.models import ChangeLog, Party, Right, Share, Work
from works.services import (
    NewPart,
    PartsExceedTheShare,
    ShareEndsBeforeItBegins,
    ShareHasEnded,
    replace_share,
)

MARCH = dt.date(2026, 3, 1)


@pytest.fixture
def haeon(db: None) -> Party:
    return Party.objects.create(name="도해온", kind=Party.Kind.WRITER)


@pytest.fixture
def firm(db: None) -> Party:
    return Party.objects.create(name="가람출판", kind=Party.Kind.PUBLISHER, organisation=publisher())


def a_work(haeon: Party, firm: Party) -> Work:
    """Haeon's 8/12 and her publisher's 4/12, in both rights."""
    work = Work.objects.create(title="봄밤", registered_by=publisher())
    for right in (Right.PERFORMING, Right.MECHANICAL):
        share = Share.objects.create(work=work, party=haeon, role="CA", right=right, numerator=2, denominator=3)
        Share.objects.create(
            work=work, party=firm, role="E", right=right, numerator=1, denominator=3, writer_share=share
        )
    return work


def performing(work: Work, party: Party) -> Share:
    return work.shares.get(party=party, right="performing", until_date=None)


def test_a_share_ends_and_others_follow(haeon: Party, firm: Party) -> None:
    work = a_work(haeon, firm)
    old = performing(work, haeon)
    actor = User.objects.create_user("staff@example.org", name="Staff")
    claimant = Party.objects.create(name="류가온", kind=Party.Kind.WRITER)
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
