"""The parts add up to the whole, always."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings, strategies as st

from royalties.allocation import NothingToDivideOver, allocate

TWELFTHS = {"kim": Fraction(5, 12), "lee": Fraction(5, 12), "park": Fraction(2, 12)}
fractions = st.builds(Fraction, st.integers(0, 1000), st.integers(1, 1000))
weight_maps = st.dictionaries(
    st.text(max_size=5), st.one_of(fractions, st.integers(0, 10**15)), min_size=1, max_size=12
).filter(lambda weights: any(weights.values()))
totals = st.integers(-(10**18), 10**18)


@given(totals, weight_maps)
@settings(max_examples=300)
def test_parts_add_up_and_lie_next_to_the_exact_quota(total: int, weights: dict[str, Fraction | int]) -> None:
    parts = allocate(total, weights)
    whole = sum(weights.values(), Fraction(0))
    assert list(parts) == list(weights)
    assert sum(parts.values()) == total
    assert all(abs(Fraction(total) * weights[key] / whole - part) < 1 for key, part in parts.items())
    assert all(parts[key] == 0 for key, weight in weights.items() if weight == 0)


@given(totals, weight_maps, st.randoms(use_true_random=False))
@settings(max_examples=150)
def test_order_does_not_matter(total: int, weights: dict[str, Fraction | int], random: object) -> None:
    shuffled = list(weights.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert allocate(total, dict(shuffled)) == allocate(total, weights)


@given(totals, weight_maps)
@settings(max_examples=150)
def test_a_negative_total_mirrors_the_positive_one(total: int, weights: dict[str, Fraction | int]) -> None:
    assert allocate(-total, weights) == {key: -part for key, part in allocate(total, weights).items()}


signed_maps = st.dictionaries(
    st.text(max_size=5), st.one_of(fractions, st.integers(-(10**12), 10**15)), min_size=1, max_size=12
).filter(lambda weights: sum(weights.values()) > 0)


@given(totals, signed_maps)
@settings(max_examples=300)
def test_signed_weights_add_up_and_lie_next_to_the_exact_quota(total: int, weights: dict[str, Fraction | int]) -> None:
    parts = allocate(total, weights)
    whole = sum(weights.values(), Fraction(0))
    assert sum(parts.values()) == total
    assert all(abs(Fraction(total) * weights[key] / whole - part) < 1 for key, part in parts.items())
    assert all(parts[key] == 0 for key, weight in weights.items() if weight == 0)
    assert all(parts[key] * weight * total >= 0 for key, weight in weights.items())


@given(totals, weight_maps, st.integers(1, 10**6))
@settings(max_examples=150)
def test_only_proportions_matter(total: int, weights: dict[str, Fraction | int], factor: int) -> None:
    assert allocate(total, {key: weight * factor for key, weight in weights.items()}) == allocate(total, weights)


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        pytest.param(1_000_000, [416_667, 416_667, 166_666], id="1 won"),
        pytest.param(400_000, [166_667, 166_667, 66_666], id="0.4 won"),
        pytest.param(10**15, [416_666_666_666_667, 416_666_666_666_667, 166_666_666_666_666], id="10^15 micro-won"),
        pytest.param(0, [0, 0, 0], id="nothing"),
        pytest.param(1, [1, 0, 0], id="one micro goes to the first of the largest"),
        pytest.param(-1_000_000, [-416_667, -416_667, -166_666], id="a won taken back"),
    ],
)
def test_twelfths_split_without_loss(total: int, expected: list[int]) -> None:
    assert list(allocate(total, TWELFTHS).values()) == expected


def test_thirds_of_a_million_lose_nothing() -> None:
    third = Fraction(1, 3)
    parts = allocate(1_000_000_000_000, {"a": third, "b": third, "c": third})
    assert parts == {"a": 333_333_333_334, "b": 333_333_333_333, "c": 333_333_333_333}
    assert sum(parts.values()) == 1_000_000_000_000


def test_many_equal_parts_are_equal() -> None:
    parts = allocate(10**6, {f"{number:07d}": 1 for number in range(10**5)})
    assert set(parts.values()) == {10}


@pytest.mark.parametrize("weights", [{}, {"a": 0}, {"a": 1, "b": -2}, {"a": 1, "b": -1}])
def test_nothing_to_divide_over_is_refused(weights: dict[str, int]) -> None:
    with pytest.raises(NothingToDivideOver):
        allocate(1, weights)


def test_nothing_over_nothing_is_nothing() -> None:
    assert allocate(0, {}) == {}
    assert allocate(0, {"a": 0}) == {"a": 0}
