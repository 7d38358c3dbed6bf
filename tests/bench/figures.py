"""Measurements as tables: medians, spreads, ratios of the same round, goals met or not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench.distributing import Distributed
from tests.bench.dsr import DsrRead
from tests.bench.large import Large
from tests.bench.machine import MEGABYTE
from tests.bench.matching import Matched
from tests.bench.splink_beside import Compared
from tests.bench.tables import spread, table

OURS, OURS_XLSX, COPY, CALAMINE, PEER = "Garak, CSV", "Garak, xlsx", "COPY", "calamine", "peer"
WHAT: Final = {
    COPY: "bare COPY of the CSV into an unlogged table of texts",
    OURS: "Garak: CSV in GB18030, from received file to matched lines",
    OURS_XLSX: "Garak: the same lines as xlsx",
    CALAMINE: "bare calamine read of the xlsx",
    PEER: "django-music-publisher: one exact id, nothing stored",
}
TIMES_COPY, TIMES_PEER, MEGABYTES = 4.0, 8.0, 512
BEGIN, END = "<!-- figures: written by `make bench`, never by hand -->", "<!-- end of figures -->"


@dataclass
class Figures:
    """Seconds of each round by contender; a contender left out has none, and a reason in `notes`."""

    lines: int
    machine: str
    rounds: int = 0
    sizes: str = ""
    seconds: dict[str, list[float]] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)
    distributed: list[Distributed] = field(default_factory=list)
    pages: dict[str, list[float]] = field(default_factory=dict)
    large: Large | None = None
    matched: Matched | None = None
    compared: list[Compared] = field(default_factory=list)
    dsr: DsrRead | None = None
    notes: list[str] = field(default_factory=list)

    def add(self, contender: str, seconds: float) -> None:
        self.seconds.setdefault(contender, []).append(seconds)

    def ratios(self, contender: str, other: str) -> list[float]:
        """Seconds of one over seconds of the other, round by round: a machine that slows down slows both."""
        both = zip(self.seconds.get(contender, ()), self.seconds.get(other, ()), strict=False)
        return [mine / theirs for mine, theirs in both]

    def goals(self) -> list[tuple[str, str, bool]]:
        """What was to be reached, what was measured, and whether it was met; only of what was measured."""
        found = []
        if slower := self.ratios(OURS, COPY):
            found.append((f"CSV in ≤ {TIMES_COPY:g} × COPY", f"{spread(slower)} ×", median(slower) <= TIMES_COPY))
        if faster := self.ratios(PEER, OURS):
            found.append(
                (f"CSV ≥ {TIMES_PEER:g} × as fast as the peer", f"{spread(faster)} ×", median(faster) >= TIMES_PEER)
            )
        if ours := {name: size for name, size in self.peaks.items() if name not in {CALAMINE, PEER}}:
            name, size = max(ours.items(), key=lambda item: item[1])
            found.append(
                (f"each process ≤ {MEGABYTES} MB", f"{size / MEGABYTE:.0f} MB ({name})", size <= MEGABYTES * MEGABYTE)
            )
        others: list[Large | Matched | Compared] = [each for each in (self.large, self.matched) if each]
        return found + [goal for each in [*others, *self.compared] for goal in each.goals()]

    def text(self) -> str:
        """All of it as Markdown."""
        parts = [
            f"{self._statement()}Each figure is the median of {self.rounds} interleaved rounds on one server, "
            f"with the least and the most in brackets; ratios are taken round by round. "
            f"{dt.datetime.now(tz=dt.UTC):%Y-%m-%d}, {self.machine}.",
            self._goals(), self._speeds(), self._memory(), self._distribution(), self._pages(), self.dsr.text() if self.dsr else "",
            self.large.text() if self.large else "", self.matched.text() if self.matched else "", *(each.text() for each in self.compared),
            "\n".join(f"* {note}" for note in self.notes),
        ]  # fmt: skip
        return "\n\n".join(part for part in parts if part)

    def _statement(self) -> str:
        return f"{self.lines:,} lines ({self.sizes}). " if self.sizes else ""

    def _goals(self) -> str:
        rows = [(goal, measured, "met" if met else "**not met**") for goal, measured, met in self.goals()]
        return table(("goal", "measured", ""), rows) if rows else ""

    def _speeds(self) -> str:
        rows = []
        for contender, what in WHAT.items():
            if seconds := self.seconds.get(contender):
                rate = f"{self.lines / median(seconds):,.0f}"
                ratios = self.ratios(contender, COPY)
                rows.append((what, spread(seconds, 3), rate, spread(ratios) if ratios else ""))
        return table(("", "seconds", "lines per second", "× COPY"), rows) if rows else ""

    def _memory(self) -> str:
        rows = [(name, f"{size / MEGABYTE:.0f}") for name, size in self.peaks.items()]
        return table(("process", "largest size, MB"), rows) if rows else ""

    def _distribution(self) -> str:
        if not self.distributed:
            return ""
        runs, one = self.distributed, self.distributed[0]
        rows = [
            ("GROUP BY over the lines", spread([run.group_by_seconds for run in runs], 3), ""),
            (
                f"distribution of {one.songs:,} sums of songs into {one.earnings:,} earnings",
                spread([run.seconds for run in runs], 3),
                spread([run.seconds / run.group_by_seconds for run in runs]),
            ),
        ]
        return table(("", "seconds", "× GROUP BY"), rows)

    def _pages(self) -> str:
        rows = [(page, spread([1000 * second for second in seconds], 0)) for page, seconds in self.pages.items()]
        return table(("page, through gunicorn", "milliseconds"), rows) if rows else ""


def write_into(readme: Path, figures: str) -> None:
    """Put the figures between their marks."""
    before, found, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _old, found_end, after = rest.partition(END)
    if not found or not found_end:
        raise ValueError(f"{readme} has no place for figures: {BEGIN} … {END}")
    readme.write_text(f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}", encoding="utf-8")
