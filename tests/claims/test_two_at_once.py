from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from fractions import Fraction

import pytest
from django.db import connection

from claims import rules, services
from claims.models import Case, CaseEvent
from portal.lib.errors import DomainError
from royalties.models import Hold
from tests.claims.conftest import accept, file_share, make_cast

Outcome = Case | DomainError


def at_once(*steps: Callable[[], Case]) -> list[Outcome]:
    """Run the steps in threads that all start together; what each returned or refused, in the order given."""
    barrier = threading.Barrier(len(steps))
    results: list[Outcome | None] = [None] * len(steps)

    def run(place: int, step: Callable[[], Case]) -> None:
        try:
            barrier.wait(timeout=20)
            results[place] = step()
        except DomainError as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, step)) for place, step in enumerate(steps)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert None not in results
    return [result for result in results if result is not None]


def let_both_check_before_either_writes(monkeypatch: pytest.MonkeyPatch, check: str) -> None:
    """Whoever has checked waits for the other to check too. The lock keeps the other out: then the wait is given up."""
    both = threading.Barrier(2)
    really = getattr(rules, check)

    def check_and_wait(**given: object) -> object:
        found = really(**given)
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(timeout=0.7)
        return found

    monkeypatch.setattr(rules, check, check_and_wait)


@pytest.mark.usefixtures("fresh_database")
def test_it_lets_one_of_two_staff_close_a_case_and_tells_the_other_what_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cast = make_cast()
    case = accept(file_share(cast), cast.staff)
    let_both_check_before_either_writes(monkeypatch, "check_ending")

    def close(outcome: str, granted: bool, who: str) -> Callable[[], Case]:
        actor = cast.everybody()[who]
        return lambda: services.close_case(case=case, outcome=outcome, granted=granted, note="Letter.", actor=actor)

    results = at_once(close("agreement", True, "staff"), close("court", False, "staff_two"))
    closed = [result for result in results if isinstance(result, Case)]
    refused = [result for result in results if isinstance(result, DomainError)]
    assert len(closed) == len(refused) == 1
    assert isinstance(refused[0], services.CaseMovedOn)
    winner = CaseEvent.objects.get(case=case, action=CaseEvent.Action.CLOSED).actor
    assert winner is not None
    assert refused[0].params["who"] == winner.name
    assert Case.objects.get(pk=case.pk).granted is closed[0].granted
    assert Hold.objects.get().state == Hold.State.RELEASED
    assert cast.work.shares.filter(until_date=None).count() == (4 if closed[0].granted else 3)


@pytest.mark.usefixtures("fresh_database")
def test_it_lets_only_one_of_two_cases_take_what_is_left_of_a_share(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = make_cast()
    let_both_check_before_either_writes(monkeypatch, "check_filing")

    def file(who: str) -> Callable[[], Case]:
        return lambda: file_share(cast, fraction=Fraction(2, 12), actor=cast.everybody()[who])

    results = at_once(file("claim"), file("claim_copyright"))
    assert sorted(type(result).__name__ for result in results) == ["Case", "MoreThanLeft"]
    assert Case.objects.count() == 1


@pytest.mark.usefixtures("fresh_database")
def test_it_accepts_papers_once_when_the_claimant_withdraws_at_the_same_moment() -> None:
    cast = make_cast()
    case = file_share(cast)
    results = at_once(
        lambda: accept(case, cast.staff),
        lambda: services.withdraw_case(case=case, note="A mistake.", actor=cast.claim),
    )
    assert isinstance(results[1], Case)  # a withdrawal is possible before and after the papers are accepted
    assert Case.objects.get().state == Case.State.CLOSED
    assert not Hold.objects.filter(state=Hold.State.OPEN).exists()


@pytest.mark.usefixtures("fresh_database")
def test_it_closes_two_cases_about_one_share_at_once_without_giving_away_more_than_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cast = make_cast()
    first = accept(file_share(cast, fraction=Fraction(1, 12)), cast.staff)
    second = accept(file_share(cast, fraction=Fraction(2, 12)), cast.staff)
    let_both_check_before_either_writes(monkeypatch, "check_ending")

    def close(case: Case, who: str) -> Callable[[], Case]:
        actor = cast.everybody()[who]
        return lambda: services.close_case(case=case, outcome="court", granted=True, note="Judgment.", actor=actor)

    assert all(isinstance(result, Case) for result in at_once(close(first, "staff"), close(second, "staff_two")))
    left = cast.work.shares.standing().filter(until_date=None, role="CA")
    assert sum((share.fraction for share in left), Fraction(0)) == Fraction(3, 12)
    assert {share.party for share in left} == {cast.claim_party}
