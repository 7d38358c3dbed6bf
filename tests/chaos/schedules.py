"""Which faults befall a run, and when: by progress, never by the clock."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Final

from tests.chaos.supervisor import Step

# How often each fault befalls the import of a million lines (reliability.md section 8 asks for twenty kills, four stops).
FULL: Final[Mapping[str, int]] = {
    "child_killed": 20,
    "worker_killed": 16,
    "main_process_killed": 4,
    "killed_after_commit": 4,
    "killed_before_ack": 4,
    "killed_before_bell": 4,
    "redis_killed": 3,
    "redis_flushed": 3,
    "redis_absent": 2,
    "postgres_stopped": 4,
    "paused_past_the_lease": 3,
    "bell_tripled": 10,
    "cut_before_commit": 4,
    "cut_after_commit": 4,
    "deadlock": 2,
    "lock_not_got": 2,
    "disk_full": 2,
    "clock_forward": 2,
    "clock_back": 2,
}
SHORT: Final[Mapping[str, int]] = {
    **dict.fromkeys(FULL, 1), "child_killed": 3, "cut_before_commit": 2, "cut_after_commit": 2, "main_process_killed": 0,
}  # fmt: skip
FOR_MUTANTS: Final[Mapping[str, int]] = {"child_killed": 2, "killed_after_commit": 3, "worker_killed": 1}
OTHER_STAGES: Final = (
    Step(0.0, "child_killed", "plan"),
    Step(1.0, "child_killed", "match"),
    Step(1.0, "worker_killed", "match"),
    Step(1.0, "child_killed", "finish"),
)


def schedule(counts: Mapping[str, int], seed: int, *, disk: bool, other_stages: bool = True) -> list[Step]:
    """These faults in an order drawn from the seed, spread over the reading of the lines; and kills in the other stages."""
    faults = [fault for fault, count in counts.items() for _time in range(count) if disk or fault != "disk_full"]
    random.Random(seed).shuffle(faults)  # noqa: S311 it makes an order, not a secret
    steps = [Step(0.02 + 0.9 * number / len(faults), fault) for number, fault in enumerate(faults)]
    return [*OTHER_STAGES[:1], *steps, *OTHER_STAGES[1:]] if other_stages else steps
