"""Shares: which stand, who collects them, how an amount divides, and what a dispute holds back."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given, strategies as st

from works.shares import (
    WORLD,
    AffiliationFact,
    Basis,
    Cell,
    CellState,
    Collector,
    CollectorKind,
    Excess,
    HoldFact,
    ShareFact,
    SharesExceedWhole,
    apply_holds,
    collector,
    divide_work,
    find_excess,
    in_force,
    keep_words,
    music_parts,
    total,
)

OURS, JASRAC = "080", "038"
CHINA, KOREA = 156, 410
SINCE_EVER = dt.date(1900, 1, 1)
DAY = dt.date(2026, 3, 1)
SONGWRITER, PUBLISHER, STRANGER = 1, 2, 3


def share(share_id: int, party_id: int, twelfths: int, *, whole: int = 12, **changes: Any) -> ShareFact:
    fact = ShareFact(share_id, party_id, "performing", WORLD, Fraction(twelfths, whole), SINCE_EVER, None, "CA")
    return replace(fact, **changes)


def member(party_id: int, society: str = OURS, **changes: Any) -> AffiliationFact:
    fact = AffiliationFact(party_id, "society" if society else "non_member", society, "", WORLD, SINCE_EVER, None)
    return replace(fact, **changes)


def divide(shares: list[ShareFact], affiliations: list[AffiliationFact], basis: Basis = Basis.WHOLE) -> list[Cell]:
    return divide_work(shares, affiliations, right="performing", territory=CHINA, day=DAY, basis=basis, ours=OURS)


def parts(cells: list[Cell]) -> list[tuple[int | None, Fraction, str]]:
    return [(cell.share_id, cell.fraction, str(cell.state)) for cell in cells]


# what stands


def test_a_share_stands_from_its_first_day_until_the_day_before_its_end() -> None:
    spring = share(1, SONGWRITER, 12, from_date=dt.date(2026, 1, 1), until_date=dt.date(2026, 4, 1))
    standing = [
        day
        for day in (
            dt.date(2025, 12, 31),
            dt.date(2026, 1, 1),
            dt.date(2026, 3, 31),
            dt.date(2026, 4, 1),
        )
        if spring.stands_on(day)
    ]
    assert standing == [dt.date(2026, 1, 1), dt.date(2026, 3, 31)]


def test_a_share_in_the_world_stands_everywhere_and_one_of_a_territory_only_there() -> None:
    shares = [
        share(2, PUBLISHER, 6, territory=CHINA),
        share(1, SONGWRITER, 6),
        share(3, STRANGER, 1, right="mechanical"),
    ]
    assert [fact.share_id for fact in in_force(shares, "performing", CHINA, DAY)] == [1, 2]
    assert [fact.share_id for fact in in_force(shares, "performing", KOREA, DAY)] == [1]
    assert [fact.share_id for fact in in_force(shares, "performing", WORLD, DAY)] == [1]


def test_twelfths_add_up_exactly() -> None:
    assert total([share(1, 1, 5), share(2, 2, 5), share(3, 3, 2)]) == 1
    assert total([share(at, at, 1, whole=3) for at in range(3)]) == 1
    assert total([]) == 0


def test_an_excess_is_found_on_the_day_and_in_the_territory_where_it_begins() -> None:
    later = dt.date(2026, 7, 1)
    shares = [share(1, 1, 8), share(2, 2, 5, territory=CHINA, from_date=later)]
    assert find_excess(shares) == Excess("performing", CHINA, later, Fraction(13, 12))


@pytest.mark.parametrize(
    "changes",
    [
        {"until_date": dt.date(2026, 7, 1)},
        {"right": "mechanical"},
        {"fraction": Fraction(7, 12)},
        {"from_date": DAY, "until_date": DAY},
    ],
)
def test_shares_that_follow_each_other_or_are_of_two_rights_do_not_exceed(changes: dict[str, Any]) -> None:
    shares = [share(1, 1, 8, **changes), share(2, 2, 5, territory=CHINA, from_date=dt.date(2026, 7, 1))]
    assert find_excess(shares) is None


def test_shares_of_two_territories_do_not_exceed_each_other() -> None:
    assert find_excess([share(1, 1, 12, territory=CHINA), share(2, 2, 12, territory=KOREA)]) is None


# who collects


def test_a_party_without_a_row_is_unknown_and_not_a_non_member() -> None:
    assert collector(SONGWRITER, "performing", CHINA, DAY, [member(PUBLISHER)], OURS) == Collector(
        CollectorKind.UNKNOWN
    )
    assert collector(SONGWRITER, "performing", CHINA, DAY, [member(SONGWRITER, "")], OURS) == Collector(
        CollectorKind.NON_MEMBER
    )


def test_the_narrower_row_wins_whatever_the_order() -> None:
    rows = [
        member(SONGWRITER),
        member(SONGWRITER, JASRAC, territory=CHINA),
        member(SONGWRITER, "", right="mechanical"),
        member(SONGWRITER, "", right="mechanical", territory=KOREA, kind="public_domain"),
    ]
    for affiliations in (rows, rows[::-1]):
        assert collector(SONGWRITER, "performing", KOREA, DAY, affiliations, OURS) == Collector(
            CollectorKind.OURS, OURS
        )
        assert collector(SONGWRITER, "performing", CHINA, DAY, affiliations, OURS) == Collector(
            CollectorKind.OTHER_SOCIETY, JASRAC
        )
        assert collector(SONGWRITER, "mechanical", CHINA, DAY, affiliations, OURS) == Collector(
            CollectorKind.NON_MEMBER
        )
        assert collector(SONGWRITER, "mechanical", KOREA, DAY, affiliations, OURS) == Collector(
            CollectorKind.PUBLIC_DOMAIN
        )


def test_an_affiliation_counts_only_on_its_days() -> None:
    moved = [member(SONGWRITER, until_date=DAY), member(SONGWRITER, JASRAC, from_date=DAY)]
    assert (
        collector(SONGWRITER, "performing", CHINA, DAY - dt.timedelta(days=1), moved, OURS).kind is CollectorKind.OURS
    )
    assert collector(SONGWRITER, "performing", CHINA, DAY, moved, OURS) == Collector(
        CollectorKind.OTHER_SOCIETY, JASRAC
    )


# dividing


def test_half_ours_and_half_of_another_society_divides_by_basis() -> None:
    shares, rows = ([share(1, SONGWRITER, 6), share(2, STRANGER, 6)], [member(SONGWRITER), member(STRANGER, JASRAC)])
    half = Fraction(1, 2)
    assert divide(shares, rows, Basis.WHOLE) == [
        Cell(1, SONGWRITER, CollectorKind.OURS, OURS, half, half, CellState.PAYABLE),
        Cell(
            2,
            STRANGER,
            CollectorKind.OTHER_SOCIETY,
            JASRAC,
            half,
            half,
            CellState.NOT_OURS,
        ),
    ]
    assert divide(shares, rows, Basis.CLAIMED) == [
        Cell(
            1,
            SONGWRITER,
            CollectorKind.OURS,
            OURS,
            Fraction(1),
            half,
            CellState.PAYABLE,
        )
    ]


def test_the_whole_leaves_unknown_owners_and_the_unregistered_rest_in_suspense() -> None:
    shares = [share(4, 14, 2), share(3, 13, 1), share(2, 12, 3), share(1, 11, 4)]
    rows = [member(11), member(12, ""), member(13, "", kind="public_domain")]
    assert parts(divide(shares, rows)) == [
        (1, Fraction(4, 12), "payable"),
        (2, Fraction(3, 12), "not_ours"),
        (3, Fraction(1, 12), "not_ours"),
        (4, Fraction(2, 12), "suspense"),
        (None, Fraction(2, 12), "suspense"),
    ]


def test_a_claim_divides_in_the_proportion_of_our_shares() -> None:
    shares, rows = ([share(1, 1, 5), share(2, 2, 2), share(3, 3, 5)], [member(1), member(2), member(3, JASRAC)])
    assert parts(divide(shares, rows, Basis.CLAIMED)) == [
        (1, Fraction(5, 7), "payable"),
        (2, Fraction(2, 7), "payable"),
    ]


@pytest.mark.parametrize("shares", [[], [share(1, STRANGER, 12)]])
def test_a_claim_without_a_share_of_ours_is_suspense(shares: list[ShareFact]) -> None:
    assert parts(divide(shares, [member(STRANGER, JASRAC)], Basis.CLAIMED)) == [(None, Fraction(1), "suspense")]


def test_a_work_nobody_registered_is_all_suspense() -> None:
    assert parts(divide([], [])) == [(None, Fraction(1), "suspense")]


def test_shares_above_the_whole_are_refused() -> None:
    with pytest.raises(SharesExceedWhole):
        divide([share(1, 1, 7), share(2, 2, 6)], [])


# holds


def test_a_disputed_part_of_a_share_is_held_and_the_rest_is_paid() -> None:
    cells = divide([share(1, SONGWRITER, 6), share(2, STRANGER, 6)], [member(SONGWRITER), member(STRANGER, JASRAC)])
    assert parts(apply_holds(cells, [HoldFact(7, 1, Fraction(2, 12))])) == [
        (1, Fraction(4, 12), "payable"),
        (1, Fraction(2, 12), "held"),
        (2, Fraction(6, 12), "not_ours"),
    ]


def test_in_a_claim_the_held_part_grows_with_the_cell() -> None:
    shares, rows = ([share(1, SONGWRITER, 6), share(2, STRANGER, 6)], [member(SONGWRITER), member(STRANGER, JASRAC)])
    held = apply_holds(divide(shares, rows, Basis.CLAIMED), [HoldFact(7, 1, Fraction(2, 12))])
    assert parts(held) == [(1, Fraction(2, 3), "payable"), (1, Fraction(1, 3), "held")]
    assert [cell.of_work for cell in held] == [Fraction(4, 12), Fraction(2, 12)]


def test_holds_never_take_more_than_there_is() -> None:
    cells = divide([share(1, SONGWRITER, 6), share(2, PUBLISHER, 6)], [member(SONGWRITER), member(PUBLISHER)])
    holds = [HoldFact(9, 1, Fraction(1)), HoldFact(8, 1, Fraction(4, 12)), HoldFact(10, 1, Fraction(1, 12))]
    held = apply_holds(cells, holds)
    assert [(cell.share_id, cell.fraction, str(cell.state), cell.hold_id) for cell in held] == [
        (1, Fraction(4, 12), "held", 8),
        (1, Fraction(2, 12), "held", 9),
        (2, Fraction(6, 12), "payable", None),
    ]


def test_a_hold_on_the_song_takes_from_what_is_payable_or_in_suspense_but_not_from_others() -> None:
    cells = divide([share(1, SONGWRITER, 6), share(2, STRANGER, 4)], [member(SONGWRITER), member(STRANGER, JASRAC)])
    assert parts(apply_holds(cells, [HoldFact(1, None, Fraction(1))])) == [
        (1, Fraction(6, 12), "held"),
        (2, Fraction(4, 12), "not_ours"),
        (None, Fraction(2, 12), "held"),
    ]
    assert parts(apply_holds(cells, [HoldFact(1, None, Fraction(1, 2))])) == [
        (1, Fraction(3, 12), "payable"),
        (1, Fraction(3, 12), "held"),
        (2, Fraction(4, 12), "not_ours"),
        (None, Fraction(1, 12), "suspense"),
        (None, Fraction(1, 12), "held"),
    ]


def test_a_hold_on_a_share_that_is_not_payable_holds_nothing() -> None:
    cells = divide([share(1, SONGWRITER, 6), share(2, STRANGER, 6)], [member(STRANGER, JASRAC)])
    assert (
        apply_holds(
            cells,
            [
                HoldFact(1, 1, Fraction(1)),
                HoldFact(2, 2, Fraction(1)),
                HoldFact(3, 99, Fraction(1)),
            ],
        )
        == cells
    )


# whatever the register holds


@st.composite
def registers(draw: st.DrawFn) -> tuple[list[ShareFact], list[AffiliationFact]]:
    weights = draw(st.lists(st.integers(1, 40), max_size=6))
    whole = max(1, sum(weights) + draw(st.integers(0, 10)))
    shares = [share(at, draw(st.integers(1, 4)), weight, whole=whole) for at, weight in enumerate(weights, 1)]
    societies = draw(st.dictionaries(st.integers(1, 4), st.sampled_from([OURS, OURS, JASRAC, ""]), max_size=4))
    return shares, [member(party_id, society) for party_id, society in societies.items()]


HOLDS = st.lists(
    st.tuples(
        st.sampled_from([None, 1, 2, 3]),
        st.fractions(min_value=0, max_value=1, max_denominator=24),
    ),
    max_size=4,
).map(lambda drawn: [HoldFact(at, share_id, fraction) for at, (share_id, fraction) in enumerate(drawn)])


@given(registers(), st.sampled_from(Basis), HOLDS)
def test_nothing_is_lost_and_nothing_is_made(
    register: tuple[list[ShareFact], list[AffiliationFact]],
    basis: Basis,
    holds: list[HoldFact],
) -> None:
    cells = divide(*register, basis)
    assert sum(cell.fraction for cell in cells) == 1
    held = apply_holds(cells, holds)
    assert sum(cell.fraction for cell in held) == 1
    assert sum(cell.of_work for cell in held) == sum(cell.of_work for cell in cells)
    assert all(cell.fraction > 0 and (cell.state is CellState.HELD) == (cell.hold_id is not None) for cell in held)
    if basis is Basis.WHOLE:
        assert all(cell.fraction == cell.of_work for cell in held)


@given(registers(), st.sampled_from(Basis), HOLDS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(
    register: tuple[list[ShareFact], list[AffiliationFact]],
    basis: Basis,
    holds: list[HoldFact],
    random: Random,
) -> None:
    shares, affiliations = register
    expected = apply_holds(divide(shares, affiliations, basis), holds)
    for rows in (shares, affiliations, holds):
        random.shuffle(rows)
    assert apply_holds(divide(shares, affiliations, basis), holds) == expected


# the music alone


def music(shares: list[ShareFact]) -> dict[int, Fraction]:
    return music_parts(shares, "performing", CHINA, DAY)


def test_a_share_is_for_the_music_as_far_as_its_role_says() -> None:
    roles = ["C", "AR", "SR", "CA", "A", "SA", "TR", "AD"]
    shares = [share(at, at, 1, role=role) for at, role in enumerate(roles, start=1)]
    assert list(music(shares).values()) == [1, 1, 1, Fraction(1, 2), 0, 0, 0, 0]


def test_a_publisher_follows_his_writer_and_without_one_all_writers() -> None:
    shares = [
        share(1, 1, 4, role="C"),
        share(2, 2, 2, role="A"),
        share(3, 3, 2, role="E", follows=1),
        share(4, 4, 2, role="SE", follows=2),
        share(5, 5, 2, role="E"),
    ]
    assert music(shares) == {1: 1, 2: 0, 3: 1, 4: 0, 5: Fraction(2, 3)}
    assert music([share(5, 5, 12, role="E")]) == {5: 0}, "nobody knows what it is for"
    assert music([share(1, 1, 0, role="C"), share(5, 5, 12, role="E")]) == {1: 1, 5: 0}, (
        "nor when the writers have nothing"
    )


def test_a_writer_whose_share_has_ended_still_says_what_his_publisher_has() -> None:
    shares = [share(1, 1, 6, role="A", until_date=dt.date(2026, 1, 1)), share(2, 2, 6, role="E", follows=1)]
    assert music([*shares, share(3, 3, 6, role="C")]) == {2: 0, 3: 1}


def test_the_words_are_kept_whoever_collects_them_and_the_unregistered_rest_stays() -> None:
    shares = [share(1, SONGWRITER, 4, role="CA"), share(2, STRANGER, 4, role="A"), share(3, PUBLISHER, 2, role="C")]
    cells = divide(shares, [member(SONGWRITER), member(STRANGER, JASRAC), member(PUBLISHER, JASRAC)])
    assert parts(keep_words(cells, music(shares))) == [
        (1, Fraction(2, 12), "payable"),
        (3, Fraction(2, 12), "not_ours"),
        (None, Fraction(2, 12), "suspense"),
        (None, Fraction(6, 12), "suspense"),
    ]


def test_of_music_without_words_nothing_is_kept() -> None:
    shares = [share(1, SONGWRITER, 12, role="C")]
    cells = divide(shares, [member(SONGWRITER)])
    assert keep_words(cells, music(shares)) == cells


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["C", "A", "CA", "AR", "AD", "E", "SE"]),
            st.integers(1, 4),
            st.sampled_from([OURS, JASRAC, ""]),
            st.integers(0, 6),
        ),
        max_size=6,
    ),
    basis=st.sampled_from(Basis),
)
def test_keeping_the_words_loses_nothing_and_pays_nobody_more(
    rows: list[tuple[str, int, str, int]], basis: Basis
) -> None:
    whole = max(1, sum(part for _role, part, _society, _follows in rows))
    shares = [
        share(at, at, part, whole=whole, role=role, follows=follows or None)
        for at, (role, part, _society, follows) in enumerate(rows, start=1)
    ]
    cells = divide(shares, [member(at, society) for at, (_r, _p, society, _f) in enumerate(rows, start=1)], basis)
    kept = keep_words(cells, music(shares))
    assert sum(cell.fraction for cell in kept) == sum(cell.fraction for cell in cells) == 1
    assert sum(cell.of_work for cell in kept) == sum(cell.of_work for cell in cells)
    before = {cell.share_id: cell.fraction for cell in cells if cell.share_id}
    authors = {fact.share_id for fact in shares if fact.role in {"A", "AD"}}
    for cell in kept:
        assert cell.fraction > 0
        assert cell.share_id not in authors
        assert cell.share_id is None or cell.fraction <= before[cell.share_id]
        assert not cell.words or (cell.state, cell.party_id) == (CellState.SUSPENSE, None)
