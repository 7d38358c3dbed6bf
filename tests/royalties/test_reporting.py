"""Which month a source owes a report of and what it has come to: the rule alone, as a table and as properties."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, strategies as st

from royalties.reporting import (
    COUNTING,
    Arrival,
    Arrived,
    Cell,
    Kind,
    Rule,
    State,
    due_day,
    judge,
    month_after,
    rule_of,
)

SEPTEMBER = dt.date(2026, 9, 1)
SONG = Rule(from_month=dt.date(2026, 1, 1), kind=Kind.DAYS_AFTER, number=45, missing_after=30)  # due 14 November
MONTHS = st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)).map(lambda day: day.replace(day=1))
DAYS = st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31))
RULES = st.builds(
    Rule,
    from_month=MONTHS,
    kind=st.sampled_from(Kind),
    number=st.integers(1, 31),
    missing_after=st.integers(0, 366),
)
ARRIVALS = st.lists(st.builds(Arrival, ref=st.just("R-1"), what=st.sampled_from(Arrived), on=DAYS), max_size=4)


def on(month: int, day: int) -> dt.date:
    return dt.date(2026, month, day)


def came(what: Arrived, day: dt.date, ref: str = "R-1") -> Arrival:
    return Arrival(ref=ref, what=what, on=day)


@pytest.mark.parametrize(
    ("kind", "number", "month", "due"),
    [
        (Kind.DAYS_AFTER, 1, SEPTEMBER, on(10, 1)),
        (Kind.DAYS_AFTER, 31, SEPTEMBER, on(10, 31)),
        (Kind.DAYS_AFTER, 45, SEPTEMBER, on(11, 14)),
        (Kind.DAYS_AFTER, 45, dt.date(2026, 12, 1), dt.date(2027, 2, 14)),
        (Kind.DAY_OF_NEXT, 15, SEPTEMBER, on(10, 15)),
        (Kind.DAY_OF_NEXT, 31, SEPTEMBER, on(10, 31)),
        (Kind.DAY_OF_NEXT, 31, dt.date(2026, 10, 1), on(11, 30)),
        (Kind.DAY_OF_NEXT, 31, dt.date(2028, 1, 1), dt.date(2028, 2, 29)),
        (Kind.DAY_OF_NEXT, 5, dt.date(2026, 12, 1), dt.date(2027, 1, 5)),
    ],
)
def test_when_it_is_due(kind: Kind, number: int, month: dt.date, due: dt.date) -> None:
    assert due_day(Rule(from_month=SEPTEMBER, kind=kind, number=number), month) == due


@pytest.mark.parametrize(
    ("arrivals", "today", "state", "days_late"),
    [
        ([], on(11, 14), State.NOT_YET, 0),
        ([], on(11, 15), State.LATE, 1),
        ([], on(12, 14), State.LATE, 30),
        ([], on(12, 15), State.MISSING, 31),
        ([came(Arrived.RECEIVED, on(11, 14))], on(12, 31), State.RECEIVED, 0),
        ([came(Arrived.RECEIVED, on(11, 17))], on(12, 31), State.RECEIVED, 3),
        ([came(Arrived.HELD, on(11, 14))], on(12, 31), State.HELD, 0),
        ([came(Arrived.RECEIVED, on(11, 1)), came(Arrived.HELD, on(11, 20))], on(12, 31), State.HELD, 0),
        ([came(Arrived.UNDER_WAY, on(11, 20)), came(Arrived.STOPPED, on(11, 21))], on(12, 31), State.STOPPED, 6),
        # what counts for nothing leaves the month owed
        ([came(Arrived.REFUSED, on(10, 1))], on(11, 14), State.NOT_YET, 0),
        ([came(Arrived.REFUSED, on(10, 1))], on(11, 15), State.LATE, 1),
        ([came(Arrived.ASIDE, on(10, 1))], on(12, 15), State.MISSING, 31),
        ([came(Arrived.REFUSED, on(10, 1)), came(Arrived.RECEIVED, on(11, 16))], on(12, 1), State.RECEIVED, 2),
    ],
)
def test_what_a_month_has_come_to(arrivals: list[Arrival], today: dt.date, state: State, days_late: int) -> None:
    found = judge(SEPTEMBER, SONG, arrivals, today)
    assert (found.state, found.days_late, found.due) == (state, days_late, on(11, 14))
    assert set(found.arrivals) == set(arrivals)


def test_without_a_rule_nothing_is_owed_and_what_came_is_shown() -> None:
    arrival = came(Arrived.REFUSED, on(10, 1))
    assert judge(SEPTEMBER, None, [], on(12, 31)) == Cell(state=State.NOT_EXPECTED, due=None, days_late=0, arrivals=())
    assert judge(SEPTEMBER, None, [arrival], on(12, 31)).arrivals == (arrival,)
    assert judge(SEPTEMBER, None, [came(Arrived.RECEIVED, on(10, 1))], on(12, 31)).state == State.RECEIVED


def test_a_rule_holds_from_its_month_on_until_the_next_one() -> None:
    later = Rule(from_month=dt.date(2026, 7, 1), kind=Kind.DAY_OF_NEXT, number=20)
    end = Rule(from_month=dt.date(2026, 11, 1), kind=Kind.ENDED)
    rules = [end, SONG, later]
    found = {month: rule_of(rules, dt.date(2026, month, 1)) for month in range(1, 13)}
    assert rule_of(rules, dt.date(2025, 12, 1)) is None
    assert [found[month] for month in (1, 6, 7, 10, 11, 12)] == [SONG, SONG, later, later, None, None]


@given(rules=st.lists(RULES, max_size=5, unique_by=lambda rule: rule.from_month), month=MONTHS)
def test_no_later_rule_reaches_back(rules: list[Rule], month: dt.date) -> None:
    before = [rule for rule in rules if rule.from_month <= month]
    assert rule_of(rules, month) == rule_of(before, month)


@given(rule=RULES.filter(lambda rule: rule.kind != Kind.ENDED), month=MONTHS)
def test_it_is_due_after_the_month_and_later_months_no_earlier(rule: Rule, month: dt.date) -> None:
    assert month_after(month) <= due_day(rule, month) < due_day(rule, month_after(month))


@given(month=MONTHS, rule=st.none() | RULES.filter(lambda rule: rule.kind != Kind.ENDED), arrivals=ARRIVALS, today=DAYS)
def test_a_month_is_owed_exactly_while_nothing_that_counts_is_here(
    month: dt.date, rule: Rule | None, arrivals: list[Arrival], today: dt.date
) -> None:
    cell = judge(month, rule, arrivals, today)
    counts = [arrival for arrival in arrivals if arrival.what in COUNTING]
    assert (cell.state.value in {what.value for what in COUNTING}) == bool(counts)
    assert len(cell.arrivals) == len(arrivals), "nothing that came is left out"
    assert cell.days_late >= 0
    if not counts and rule is not None:
        over = (today - due_day(rule, month)).days
        owed = State.NOT_YET if over <= 0 else State.LATE if over <= rule.missing_after else State.MISSING
        assert (cell.state, cell.days_late) == (owed, max(over, 0))


@given(month=MONTHS, rule=RULES.filter(lambda rule: rule.kind != Kind.ENDED), days=st.tuples(DAYS, DAYS))
def test_time_alone_only_makes_it_worse(month: dt.date, rule: Rule, days: tuple[dt.date, dt.date]) -> None:
    order = [State.NOT_YET, State.LATE, State.MISSING]
    earlier, later = (order.index(judge(month, rule, [], day).state) for day in sorted(days))
    assert earlier <= later
