"""Divide a whole number so that the parts add up to it again: the largest remainder method, exact."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction


class NothingToDivideOver(ValueError):
    """There is an amount but no weight to divide it by: the weights add up to nothing, or to less."""


def allocate(total: int, weights: Mapping[str, Fraction | int]) -> dict[str, int]:
    """Divide `total` (micros) in proportion to the weights; the parts add up to it exactly.

    >>> allocate(1_000_000, {"a": Fraction(5, 12), "b": Fraction(5, 12), "c": Fraction(2, 12)})
    {'a': 416667, 'b': 416667, 'c': 166666}

    Every part is the exact quota rounded down or up. The micros left over after rounding down go one by one to the
    largest remainders, and between equal remainders to the smaller key (by code point): so neither the order of the
    weights nor chance decides. A weight of zero gets nothing. A negative total gives the negated parts of the positive
    one, so that a reversal cancels to the micro. A weight may be negative, as the lines of a correction are: its part is less
    than nothing, or nothing. royalties.distribution does the same in SQL.

    Raises NothingToDivideOver where weights add up to less than 0, or to 0 and the total is another.
    """
    exact = {key: Fraction(weight) for key, weight in weights.items()}
    denominator = math.lcm(*(weight.denominator for weight in exact.values()))
    scaled = {key: int(weight * denominator) for key, weight in exact.items()}
    whole = sum(scaled.values())
    if whole <= 0:
        if whole < 0 or total != 0:
            raise NothingToDivideOver(f"{total} over weights that add up to {whole}")
        return dict.fromkeys(weights, 0)
    sign = -1 if total < 0 else 1
    quotas = {key: divmod(abs(total) * weight, whole) for key, weight in scaled.items()}
    left = abs(total) - sum(quota for quota, _ in quotas.values())
    by_remainder = sorted(quotas, key=lambda key: (-quotas[key][1], key))
    one_more = frozenset(by_remainder[:left])
    return {key: sign * (quota + (key in one_more)) for key, (quota, _) in quotas.items()}
