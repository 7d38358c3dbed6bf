"""A pool that covers corrections is divided in SQL as royalties.allocation does in Python: signed weights, floors, exact sums."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from royalties.allocation import allocate
from royalties.distribution.amounts import POOL_AMOUNTS
from royalties.distribution.tables import fetch
from royalties.models import SongUsage
from tests.royalties.build import Line, matched, money, one_right, party, report, tme, work
from tests.royalties.twin import song_key


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(6))
def test_weights_below_zero_are_divided_as_in_python(seed: int) -> None:
    rnd = random.Random(seed)  # noqa: S311  # nothing secret
    one_right(tme())
    owner = party("kim")
    songs = {str(name): matched(work(f"w{name}", {owner: Fraction(1)})) for name in range(8)}
    used = [Line(name, rnd.randrange(10**6, 10 ** rnd.randrange(7, 10))) for name in songs]
    report(used, songs, rejected=[rnd.randrange(1, 10**6)])
    report([Line(str(name), -rnd.randrange(1, 10 ** rnd.randrange(1, 6))) for name in range(4)], songs)
    pool = money(rnd.randrange(1, 10**9), "187.3331")
    found = {
        usage: (int(received), int(won))
        for _pool, usage, received, won in fetch(POOL_AMOUNTS, {"pools": [pool.pk]})
        if usage is not None
    }
    usages = {song_key(usage): usage for usage in SongUsage.objects.select_related("recording", "report")}
    rejected = {
        f"rejected|{one.sha256}": int(one.rejected_micros) for one in pool.reports.filter(rejected_micros__gt=0)
    }
    weights = {**rejected, **{key: usage.amount_micros for key, usage in usages.items()}}
    assert min(weights.values()) < 0
    received, won = allocate(pool.source_micros, weights), allocate(pool.won_micros, weights)
    assert found == {usage.pk: (received[key], won[key]) for key, usage in usages.items()}
    assert (sum(received.values()), sum(won.values())) == (pool.source_micros, pool.won_micros)
