"""Beat without a clock on the wall: it counts the seconds between two calls and nothing else.

Celery's own schedulers compare the time of day with that of the last call. When the clock is set back by an hour they call
nothing for an hour, and the sweep is what finds work that was forgotten.
"""

from __future__ import annotations

from time import monotonic

from celery.beat import Scheduler

from portal.jobs.keeper import Keeper


class Metronome(Scheduler):
    """Calls every task of CELERY_BEAT_SCHEDULE once per its number of seconds, beginning one interval after its start."""

    keeper: Keeper | None = None

    def setup_schedule(self) -> None:
        self.merge_inplace(self.app.conf.beat_schedule)
        self.seconds = {name: float(task["schedule"]) for name, task in self.app.conf.beat_schedule.items()}
        self.due_at = {name: monotonic() + seconds for name, seconds in self.seconds.items()}
        self.keeper = Keeper()
        self.keeper.start()

    def close(self) -> None:
        if self.keeper is not None:
            self.keeper.stop()
        super().close()

    def tick(self) -> float:  # type: ignore[override]  # beat gives no arguments
        """Call what is due; how many seconds are left until the next call."""
        for name, entry in self.schedule.items():
            if monotonic() >= self.due_at[name]:
                self.apply_entry(entry, producer=self.producer)
                self.due_at[name] = monotonic() + self.seconds[name]
        return max(0.0, min(self.due_at.values()) - monotonic())
