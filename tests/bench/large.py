"""A large month: two million lines in GB18030 that name 200,000 songs, known ones or new ones; and how time and memory grow.

Songs are known as they mostly are: an earlier month of the same service has named each of them, and they were matched then, to
a register of as many works (tests/bench/register.py). They are written as services write them (tests/bench/asking.py). Each
measured import begins with a copy of that database, or of the register alone where all songs are new. The time of deciding
these is told apart; it is measured for itself in tests/bench/matching.py.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import inspect
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

import psycopg

from tests.bench import asking, names, register, statement
from tests.bench.contenders import copy_csv, read_with_calamine
from tests.bench.databases import Database, copied_database, portal_on
from tests.bench.imports import forget_uploads, import_file, import_month
from tests.bench.machine import MEGABYTE
from tests.bench.tables import spread, table

TIMES_COPY_KNOWN, TIMES_COPY_NEW, TIMES_ONE_WORKER, TIMES_A_TENTH, TIMES_CALAMINE = 2.5, 4.0, 0.75, 11.0, 5.0
MEGABYTES, GROWTH = 512, 1.2
MONTH_BEFORE: Final = dt.date(2026, 8, 1)
WARM_UP_LINES: Final = 100_000


@dataclass
class Large:
    """Seconds of each round. `scaled`: lines → seconds and the sizes of processes, with known songs, watched, once."""

    lines: int
    songs: int
    copy: list[float] = field(default_factory=list)
    known: list[float] = field(default_factory=list)
    by_one: list[float] = field(default_factory=list)
    new: list[float] = field(default_factory=list)  # without deciding
    deciding: list[float] = field(default_factory=list)
    xlsx: list[float] = field(default_factory=list)
    calamine: list[float] = field(default_factory=list)
    scaled: dict[int, tuple[float, dict[str, int]]] = field(default_factory=dict)

    @property
    def few(self) -> int:
        return self.lines // 10

    @property
    def tenth(self) -> int:
        return self.lines // 2

    @property
    def many(self) -> int:
        return self.lines * 5

    def largest(self, lines: int) -> int:
        return max(self.scaled[lines][1].values())

    def goals(self) -> list[tuple[str, str, bool]]:
        if not self.known:
            return []
        found = [
            _goal(f"{self.songs:,} songs known: CSV in", _ratios(self.known, self.copy), TIMES_COPY_KNOWN, "COPY"),
            _goal(
                f"{self.songs:,} songs new, deciding apart: CSV in",
                _ratios(self.new, self.copy),
                TIMES_COPY_NEW,
                "COPY",
            ),
            _goal("two workers", _ratios(self.known, self.by_one), TIMES_ONE_WORKER, "one", 2),
            _goal(f"xlsx of {self.few:,} lines", _ratios(self.xlsx, self.calamine), TIMES_CALAMINE, "calamine"),
        ]
        if self.scaled:
            longer = self.scaled[self.many][0] / self.scaled[self.tenth][0]
            larger = self.largest(self.many) / self.largest(self.few)
            size = max(map(self.largest, self.scaled))
            found += [
                _goal(f"{self.many:,} lines", [longer], TIMES_A_TENTH, f"{self.tenth:,}"),
                _goal(f"memory of {self.many:,} lines", [larger], GROWTH, f"{self.few:,}", 2),
                (
                    f"each process ≤ {MEGABYTES} MB, large files",
                    f"{size / MEGABYTE:.0f} MB",
                    size <= MEGABYTES * MEGABYTE,
                ),
            ]
        return found

    def text(self) -> str:
        """The tables as Markdown."""
        if not self.known:
            return ""
        rows = [
            ("bare COPY of the CSV", *self._row(self.copy)),
            ("Garak: songs known", *self._row(self.known)),
            ("Garak: songs known, one worker", *self._row(self.by_one)),
            ("Garak: songs new, without deciding them", *self._row(self.new)),
            (f"deciding them, {self.songs / median(self.deciding):,.0f} songs per second", *self._row(self.deciding)),
        ]
        sheets = [
            ("bare calamine read", spread(self.calamine, 2), "1.0"),
            ("Garak: xlsx, songs known", spread(self.xlsx, 2), spread(_ratios(self.xlsx, self.calamine))),
        ]
        parts = [
            f"A large month: {self.lines:,} lines of {self.songs:,} songs, against a register of {self.songs:,} invented works.",
            table(("", "seconds", "lines per second", "× COPY"), rows),
            f"The same as xlsx, {self.few:,} lines:",
            table(("", "seconds", "× calamine"), sheets),
        ]
        if self.scaled:
            processes = list(next(iter(self.scaled.values()))[1])
            grown = [
                (f"{lines:,}", f"{seconds:.1f}", f"{lines / seconds:,.0f}",
                 *(f"{sizes.get(process, 0) / MEGABYTE:.0f}" for process in processes))
                for lines, (seconds, sizes) in self.scaled.items()
            ]  # fmt: skip
            parts += [
                "Songs known, processes watched (MB), once each:",
                table(("lines", "seconds", "lines per second", *processes), grown),
            ]
        return "\n\n".join(parts)

    def _row(self, seconds: list[float]) -> tuple[str, str, str]:
        return spread(seconds, 2), f"{self.lines / median(seconds):,.0f}", spread(_ratios(seconds, self.copy))


def _ratios(mine: list[float], theirs: list[float]) -> list[float]:
    return [one / other for one, other in zip(mine, theirs, strict=True)]


def _goal(what: str, ratios: list[float], most: float, beside: str, decimals: int = 1) -> tuple[str, str, bool]:
    return f"{what} ≤ {most:g} × {beside}", f"{spread(ratios, decimals)} ×", median(ratios) <= most


def measure_large(
    found: Large,
    server: Database,
    data_dir: Path,
    *,
    rounds: int,
    keep: bool,
    template: str,
    say: Callable[[str], None],
) -> None:
    """Measure against a register of as many works as songs, from two databases that are made once."""
    with register.register_of(server, found.songs, keep=keep, template=template, say=say) as (works, _seconds):
        with portal_on(works):
            played = tracks(found.songs)
        files = _files(data_dir, found, played, say)
        say(f"Making {found.songs:,} songs known")
        with copied_database(works) as known:
            import_month(known, files["month before"], MONTH_BEFORE)
            with psycopg.connect(known.owner_url, autocommit=True) as owner:
                owner.execute("VACUUM (ANALYZE)")  # as PostgreSQL does in the month between
            for number in range(1, rounds + 1):
                _measure_round(found, works, known, files)
                say(
                    f"Round {number}: COPY {found.copy[-1]:.2f} s, known {found.known[-1]:.2f}, by one worker {found.by_one[-1]:.2f}, "
                    f"new {found.new[-1]:.2f} and deciding {found.deciding[-1]:.2f}, xlsx {found.xlsx[-1]:.2f}, calamine {found.calamine[-1]:.2f}"
                )
            for lines in (found.few, found.tenth, found.many):
                peaks: dict[str, int] = {}
                with copied_database(known) as database:
                    seconds = import_file(database, files[str(lines)], files["warm-up"], peaks).seconds
                forget_uploads()
                found.scaled[lines] = seconds, peaks
                say(f"{lines:,} lines: {seconds:.1f} s, {found.largest(lines) / MEGABYTE:.0f} MB")


def tracks(songs: int) -> list[statement.Track]:
    """Songs as a service writes them, half of them of the register that Django is connected to."""
    asked = asking.songs_to_ask(songs, "large")
    random.Random("large").shuffle(asked)  # noqa: S311  # nothing secret
    return [
        statement.Track(str(7_500_000_000_000_000_000 + number * 7919), "", song.title, song.artists)
        for number, song in enumerate(asked)
    ]


def _measure_round(found: Large, works: Database, known: Database, files: dict[str, Path]) -> None:
    file, warm_up = files["large"], files["warm-up"]
    found.copy.append(copy_csv(works.named("postgres").owner_url, file, found.lines))
    for seconds, workers in ((found.known, 2), (found.by_one, 1)):
        with copied_database(known) as database:
            seconds.append(import_file(database, file, warm_up, workers=workers).seconds)
        forget_uploads()
    with copied_database(works) as database:
        imported = import_file(database, file, warm_up)
    forget_uploads()
    found.new.append(imported.seconds - imported.deciding)
    found.deciding.append(imported.deciding)
    with copied_database(known) as database:
        found.xlsx.append(import_file(database, files["xlsx"], warm_up).seconds)
    forget_uploads()
    found.calamine.append(read_with_calamine(files["xlsx"], found.few).seconds)


def _files(data_dir: Path, found: Large, played: list[statement.Track], say: Callable[[str], None]) -> dict[str, Path]:
    """The statements, made once, as long as their makers stay the same."""
    makers = "".join(map(inspect.getsource, (statement, asking, names, register)))
    digest = hashlib.sha256(makers.encode()).hexdigest()[:12]
    folder = data_dir / "statements" / f"{digest}-{found.lines}-{found.songs}"
    folder.mkdir(parents=True, exist_ok=True)
    of_lines = {"large": found.lines, **{str(lines): lines for lines in (found.few, found.tenth, found.many)}}
    made: dict[str, Path] = {}
    for name, lines in {"month before": found.songs, **of_lines}.items():
        made[name] = folder / f"song-{name.replace(' ', '-')}.csv"
        if not made[name].exists():
            say(f"Writing {lines:,} lines of csv")
            order = played[::-1] if name == "month before" else played  # other bytes, or it were the same report
            statement.write_csv(lines, folder / "song-new.csv", order)
            (folder / "song-new.csv").replace(made[name])
    made["xlsx"] = folder / "song-few.xlsx"
    if not made["xlsx"].exists():
        say(f"Writing {found.few:,} lines of xlsx")
        statement.write_xlsx(found.few, folder / "song-new.xlsx", played[: max(statement.songs_of(found.few), 8)])
        (folder / "song-new.xlsx").replace(made["xlsx"])
    made["warm-up"] = folder / "song-warm-up.csv"
    statement.write_csv(min(WARM_UP_LINES, found.lines), made["warm-up"])
    return made
