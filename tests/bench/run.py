"""The order of the measurements: everything once a round, so that a slow minute of the machine hits all alike."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import psycopg
from django.core.management import call_command

from portal.demo import society
from portal.demo.catalogue import PUBLISHERS
from tests.bench import statement
from tests.bench.contenders import Peer, copy_csv, read_with_calamine
from tests.bench.databases import Database, copied_database, migrated_database, portal_on
from tests.bench.distributing import distribute_once
from tests.bench.dsr import measure_dsr
from tests.bench.figures import CALAMINE, COPY, OURS, OURS_XLSX, PEER, Figures
from tests.bench.imports import forget_uploads, import_file
from tests.bench.large import Large, measure_large
from tests.bench.machine import MEGABYTE, describe
from tests.bench.matching import measure_matching
from tests.bench.pages import time_pages
from tests.bench.register import register_of
from tests.bench.splink_beside import Splink, compare_with_splink
from works.tasks import keep_vectors

QUIET: Final = 0.5  # processes in the minute before, on average
WARM_UP_LINES: Final = 100_000  # so that both workers have a chunk of each kind
OF_A_STATEMENT: Final = frozenset({"csv", "xlsx", "copy", "calamine", "peer", "memory", "distribution", "pages"})
SONGS_BESIDE_SPLINK: Final = 10_000
OURS_KIND, XLSX_KIND = "csv", "xlsx"


def measure(
    *,
    data_dir: Path,
    lines: int,
    rounds: int,
    parts: frozenset[str],
    say: Callable[[str], None],
    requests: int,
    works: int,
    songs: int,
    large_lines: int,
    large_songs: int,
    keep_register: bool = False,
    template: str = "",
) -> Figures:
    """Measure the parts asked for, and say on the way what is under way. `requests` of each page; `template`: a migrated database to begin with."""
    server = Database(os.environ["DATABASE_URL"], os.environ["DATABASE_OWNER_URL"])
    found = Figures(lines=lines, machine=describe(server.owner_url), rounds=rounds)
    say(found.machine)
    if (busy := os.getloadavg()[0]) > QUIET:
        found.notes.append(
            f"The machine was not idle: {busy:.1f} other processes ran on it when the measurement began."
        )
    if parts & OF_A_STATEMENT:
        _measure_statement(found, server, data_dir, parts, template, requests, say)
    if "dsr" in parts:
        found.dsr = measure_dsr(data_dir, rounds, say)
    if parts & {"import-large"}:
        found.large = Large(lines=large_lines, songs=large_songs)
        measure_large(found.large, server, data_dir, rounds=rounds, keep=keep_register, template=template, say=say)
    if parts & {"matching", "splink"}:
        with register_of(server, works, keep=keep_register, template=template, say=say) as (register, seconds):
            if "matching" in parts:
                found.matched = measure_matching(register, works=works, songs=songs, rounds=rounds, say=say)
                found.matched.register_seconds = seconds
            if "splink" in parts:
                splink = Splink(data_dir / "splink")
                if splink.why_not:
                    found.notes.append(f"Splink was not measured: {splink.why_not}.")
                else:
                    found.compared = compare_with_splink(
                        server, register, splink, songs=min(songs, SONGS_BESIDE_SPLINK), template=template, say=say
                    )
    return found


def _measure_statement(
    found: Figures,
    server: Database,
    data_dir: Path,
    parts: frozenset[str],
    template: str,
    requests: int,
    say: Callable[[str], None],
) -> None:
    """Imports of one statement beside the contenders, then what is done with an imported one."""
    files = _files(data_dir, found.lines, with_xlsx=bool(parts & {"xlsx", "calamine", "memory"}), say=say)
    found.sizes = ", ".join(
        f"{files[kind].stat().st_size / MEGABYTE:.0f} MB as {kind}" for kind in ("csv", "xlsx") if kind in files
    )
    peer = Peer(data_dir / "peer") if "peer" in parts else None
    if peer is not None and peer.why_not:
        found.notes.append(f"The peer was not measured: {peer.why_not}.")
        peer = None
    with ExitStack() as kept:
        register = kept.enter_context(migrated_database(server, template))
        say("Registering the works")
        _fill_register(register, data_dir, found.lines)
        if "memory" in parts:
            _watch_memory(found, register, files, say)
        for number in range(1, found.rounds + 1):
            _measure_round(found, register, files, parts, peer)
            say(f"Round {number}: " + ", ".join(f"{name} {all_of[-1]:.2f} s" for name, all_of in found.seconds.items()))
        if parts & {"distribution", "pages"}:
            _measure_the_rest(found, register, files, parts, requests, say)


def _watch_memory(found: Figures, register: Database, files: dict[str, Path], say: Callable[[str], None]) -> None:
    for kind, name in ((OURS_KIND, OURS), (XLSX_KIND, OURS_XLSX)):
        say(f"Watching the memory of {name}")
        peaks: dict[str, int] = {}
        with copied_database(register) as database:
            import_file(database, files[kind], files["warm-up"], peaks)
        forget_uploads()
        found.peaks.update({f"{process}, {name}": size for process, size in peaks.items()})


def _measure_round(
    found: Figures, register: Database, files: dict[str, Path], parts: frozenset[str], peer: Peer | None
) -> None:
    if "copy" in parts:
        found.add(COPY, copy_csv(register.named("postgres").owner_url, files["csv"], found.lines))
    for kind, name in ((OURS_KIND, OURS), (XLSX_KIND, OURS_XLSX)):
        if kind in parts:
            with copied_database(register) as database:
                found.add(name, import_file(database, files[kind], files["warm-up"]).seconds)
            forget_uploads()
    if "calamine" in parts:
        read = read_with_calamine(files["xlsx"], found.lines)
        found.add(CALAMINE, read.seconds)
        found.peaks[CALAMINE] = max(found.peaks.get(CALAMINE, 0), read.peak_bytes)
    if peer is not None:
        calculated = peer.calculate(found.lines, len(statement.works(statement.songs_of(found.lines))))
        found.add(PEER, calculated.seconds)
        found.peaks[PEER] = max(found.peaks.get(PEER, 0), calculated.peak_bytes)


def _measure_the_rest(
    found: Figures,
    register: Database,
    files: dict[str, Path],
    parts: frozenset[str],
    requests: int,
    say: Callable[[str], None],
) -> None:
    """Distributions of one imported report, each in a copy; then the pages of the last one."""
    times = found.rounds if "distribution" in parts else 1
    with copied_database(register) as imported:
        import_file(imported, files["csv"], files["warm-up"])
        for number in range(1, times + 1):
            with copied_database(imported) as database:
                run = distribute_once(database)
                if "distribution" in parts:
                    found.distributed.append(run)
                say(f"Distribution {number}: {run.seconds:.2f} s, GROUP BY {run.group_by_seconds:.2f} s")
                if "pages" in parts and number == times:
                    found.pages = time_pages(database, requests)


def _files(data_dir: Path, lines: int, *, with_xlsx: bool, say: Callable[[str], None]) -> dict[str, Path]:
    """The statement in both containers, and a short one; made once, as long as the maker stays the same."""
    digest = hashlib.sha256(Path(statement.__file__).read_bytes()).hexdigest()[:12]
    folder = data_dir / "statements" / f"{digest}-{lines}"
    wanted = {"csv": statement.write_csv, **({"xlsx": statement.write_xlsx} if with_xlsx else {})}
    found: dict[str, Path] = {}
    folder.mkdir(parents=True, exist_ok=True)
    for kind, write in wanted.items():
        found[kind] = folder / f"song_202609.{kind}"
        if not found[kind].exists():
            say(f"Writing {lines:,} lines of {kind}")
            new = folder / f"new.{kind}"
            write(lines, new)
            new.replace(found[kind])
    found["warm-up"] = folder / "song_202608.csv"
    statement.write_csv(min(WARM_UP_LINES, lines), found["warm-up"])
    return found


def _fill_register(database: Database, data_dir: Path, lines: int) -> None:
    """The demo's people and catalogues, and a register of the size of the statement."""
    folder = data_dir / "register"
    folder.mkdir(exist_ok=True)
    catalogue = folder / "bench.csv"
    statement.write_catalogue(statement.songs_of(lines), catalogue)
    with portal_on(database):
        society.make_society(folder)
        call_command("import_catalogue", str(catalogue), publisher=PUBLISHERS[1].ref, verbosity=0)
        keep_vectors()  # as beat does within minutes
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute(
            "VACUUM (ANALYZE)"
        )  # as PostgreSQL does within minutes; else it does so while the first import is measured
