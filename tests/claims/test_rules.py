from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest

from claims import models, rules
from claims.rules import Action, Kind, Outcome, Seat, State, Wrong

DAY = dt.date(2026, 3, 1)


def test_it_speaks_of_the_states_kinds_and_outcomes_of_the_table() -> None:
    assert set(State) == set(models.Case.State.values)
    assert set(Kind) == set(models.Case.Kind.values)
    assert set(Outcome) == set(models.Case.Outcome.values)
    assert set(models.CaseParty.Side.values) < set(Seat)


def test_it_lets_nobody_do_anything_in_a_closed_case() -> None:
    assert rules.actions(State.CLOSED, list(Seat)) == []


def test_it_lets_an_auditor_do_nothing_at_all() -> None:
    assert [rules.actions(state, [Seat.AUDITOR]) for state in State] == [[], [], [], []]


def test_it_lets_only_staff_check_papers_and_close() -> None:
    for action in (Action.RETURN_PAPERS, Action.ACCEPT_PAPERS, Action.CLOSE):
        assert [seat for seat in Seat if rules.may_ever(action, [seat])] == [Seat.STAFF]


def test_it_lets_only_the_claimant_withdraw() -> None:
    assert [seat for seat in Seat if rules.may_ever(Action.WITHDRAW, [seat])] == [Seat.CLAIMANT]


def test_it_puts_a_case_back_before_staff_only_with_the_claimants_paper() -> None:
    step = (State.PAPERS_MISSING, Action.ADD_PAPER)
    assert rules.next_state(*step, [Seat.CLAIMANT]) == State.FILED
    assert rules.next_state(*step, [Seat.HOLDER]) == State.PAPERS_MISSING


def test_it_accepts_papers_only_when_they_lie_before_staff() -> None:
    reached = {state: rules.next_state(state, Action.ACCEPT_PAPERS, [Seat.STAFF]) for state in State}
    assert reached == {
        State.FILED: State.DISPUTED,
        State.PAPERS_MISSING: None,
        State.DISPUTED: None,
        State.CLOSED: None,
    }


@pytest.mark.parametrize(
    ("disputed", "taken", "from_date", "wrong"),
    [
        (Fraction(1, 12), [], DAY, None),
        (Fraction(3, 12), [], DAY, None),
        (Fraction(0), [], DAY, Wrong.MORE_THAN_SHARE),
        (Fraction(-1, 12), [], DAY, Wrong.MORE_THAN_SHARE),
        (Fraction(4, 12), [], DAY, Wrong.MORE_THAN_SHARE),
        (Fraction(1, 12), [Fraction(1, 12), Fraction(1, 12)], DAY, None),
        (Fraction(2, 12), [Fraction(1, 12), Fraction(1, 12)], DAY, Wrong.MORE_THAN_LEFT),
        (Fraction(1, 12), [], dt.date(2026, 1, 1), None),
        (Fraction(1, 12), [], dt.date(2025, 12, 1), Wrong.BEFORE_SHARE),
        (Fraction(1, 12), [], dt.date(2026, 3, 15), Wrong.MID_MONTH),
    ],
)
def test_it_checks_what_is_disputed(
    disputed: Fraction, taken: list[Fraction], from_date: dt.date, wrong: Wrong | None
) -> None:
    found = rules.check_filing(
        share=Fraction(3, 12),
        share_from=dt.date(2026, 1, 1),
        disputed=disputed,
        from_date=from_date,
        open_parts=taken,
    )
    assert found == wrong


@pytest.mark.parametrize(
    ("state", "outcome", "granted", "part", "wrong"),
    [
        (State.DISPUTED, Outcome.AGREEMENT, True, None, None),
        (State.DISPUTED, Outcome.AGREEMENT, True, Fraction(1, 24), None),
        (State.DISPUTED, Outcome.AGREEMENT, True, Fraction(1, 12), None),
        (State.DISPUTED, Outcome.AGREEMENT, True, Fraction(1, 6), Wrong.PART_OUT_OF_RANGE),
        (State.DISPUTED, Outcome.AGREEMENT, True, Fraction(0), Wrong.PART_OUT_OF_RANGE),
        (State.DISPUTED, Outcome.AGREEMENT, False, Fraction(1, 24), Wrong.PART_WITHOUT_AGREEMENT),
        (State.DISPUTED, Outcome.COURT, True, Fraction(1, 24), Wrong.PART_WITHOUT_AGREEMENT),
        (State.DISPUTED, Outcome.SILENCE, True, None, None),
        (State.DISPUTED, Outcome.WITHDRAWAL, False, None, None),
        (State.DISPUTED, Outcome.WITHDRAWAL, True, None, Wrong.WITHDRAWN_AND_GRANTED),
        (State.FILED, Outcome.WITHDRAWAL, False, None, None),
        (State.FILED, Outcome.AGREEMENT, True, None, Wrong.OUTCOME_NOT_NOW),
        (State.PAPERS_MISSING, Outcome.SILENCE, False, None, Wrong.OUTCOME_NOT_NOW),
        (State.CLOSED, Outcome.WITHDRAWAL, False, None, Wrong.OUTCOME_NOT_NOW),
    ],
)
def test_it_checks_how_a_case_ends(
    state: State, outcome: Outcome, granted: bool, part: Fraction | None, wrong: Wrong | None
) -> None:
    found = rules.check_ending(
        kind=Kind.SHARE, state=state, outcome=outcome, granted=granted, disputed=Fraction(1, 12), part=part
    )
    assert found == wrong


def test_it_gives_no_part_of_a_song() -> None:
    given = {"state": State.DISPUTED, "outcome": Outcome.AGREEMENT, "granted": True, "disputed": Fraction(1)}
    assert rules.check_ending(kind=Kind.UNMATCHED, part=Fraction(1, 2), **given) == Wrong.PART_OF_A_SONG  # type: ignore[arg-type]
    assert rules.check_ending(kind=Kind.UNMATCHED, part=None, **given) is None  # type: ignore[arg-type]


def test_it_keeps_out_parts_whose_rest_could_not_be_written_down() -> None:
    def found(share: Fraction, disputed: Fraction, *taken: Fraction) -> Wrong | None:
        return rules.check_filing(share=share, share_from=DAY, disputed=disputed, from_date=DAY, open_parts=taken)

    percent, prime = Fraction(12_345_678, 10**8), Fraction(1, 999_983)
    assert found(percent, Fraction(1, 12)) is None
    assert found(Fraction(1, 4), prime, Fraction(1, 12)) is None
    assert found(percent, prime) == Wrong.TOO_FINE
    assert found(Fraction(1, 4), prime, Fraction(1, 999_979)) == Wrong.TOO_FINE


@pytest.mark.parametrize("granted", [Fraction(0), Fraction(1, 24), Fraction(1, 36), Fraction(1, 12)])
def test_it_divides_share_and_held_money_without_loss(granted: Fraction) -> None:
    settled = rules.settle(share=Fraction(3, 12), disputed=Fraction(1, 12), granted=granted)
    assert settled.to_claimant + settled.to_holder == Fraction(3, 12)
    assert settled.held_to_claimant + settled.held_to_holder == 1
    assert settled.held_to_claimant == granted * 12


def test_it_shows_the_money_of_an_unmatched_song_to_the_society_only() -> None:
    assert [seat for seat in Seat if rules.sees_money(Kind.UNMATCHED, [seat])] == [Seat.STAFF, Seat.AUDITOR]


def test_it_shows_the_held_money_of_a_share_to_both_sides_but_not_to_the_concerned() -> None:
    seen = [seat for seat in Seat if rules.sees_money(Kind.SHARE, [seat])]
    assert seen == [Seat.CLAIMANT, Seat.HOLDER, Seat.STAFF, Seat.AUDITOR]
