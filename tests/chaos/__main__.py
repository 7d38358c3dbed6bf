"""`make chaos`: real workers, Redis and PostgreSQL, killed, stopped, cut and filled while a file is read; then the proof."""

from __future__ import annotations

import argparse
import os
import sys
import time

import django


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000, help="of the CSV file")
    parser.add_argument("--xlsx", type=int, default=200_000, help="lines of the spreadsheet; 0 for none")
    parser.add_argument("--families", type=int, default=20_000, help="lines of a file of each family; 0 for none")
    parser.add_argument("--decisions", type=int, default=1, help="of staff about files; 0 for none")
    parser.add_argument("--mutant-lines", type=int, default=60_000, help="lines the mutants read; 0 for no mutants")
    parser.add_argument("--chunks", type=int, default=1_000, help="that a file is cut into")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the file, the order of faults and the choice of victims"
    )
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    return run(**vars(options))


def run(*, lines: int, xlsx: int, families: int, decisions: int, mutant_lines: int, chunks: int, seed: int) -> int:
    from tests.chaos import statement
    from tests.chaos.campaign import STATEMENTS, campaign, faults_of, is_caught, table
    from tests.chaos.mutants import MUTANTS
    from tests.chaos.schedules import FULL, SHORT

    began = time.monotonic()
    rows, wrong = [], []
    with campaign(seed) as chaos:
        if chaos.disk.problem:
            print(f"No disk can be filled here: {chaos.disk.problem}.")
        for name, each, statements, counts in (
            ("csv", lines, [("song", ".csv")], FULL),
            ("xlsx", xlsx, [("song", ".xlsx")], SHORT),
            ("families", families, STATEMENTS, SHORT),
        ):
            if not each:
                continue
            count = each * len(statements)
            size = -(-count // chunks)
            print(f"\n{name}: {count:,} lines in chunks of {size:,}.", flush=True)
            files = chaos.write(statements, each)
            untouched = chaos.untouched(f"{name}_untouched", files, lines=count, chunk=size)
            outcome = chaos.among_faults(name, files, counts, lines=count, chunk=size)
            problems = faults_of(outcome, untouched)
            wrong += [f"{name}: {problem}" for problem in problems]
            rows.append((f"{name}, untouched", untouched, untouched, ""))
            rows.append((f"{name}, among faults", outcome, untouched, "FAILED" if problems else "passed"))
            print("faults: " + ", ".join(f"{fault} {times}" for fault, times in sorted(outcome.faults.items())))
            print(
                "complaints of workers: " + ", ".join(f"{what} {times}" for what, times in outcome.complaints.items())
            )
            print(
                f"late attempts rolled back: {outcome.late}; workers that ended by themselves: {outcome.ended_by_themselves}",
                flush=True,
            )
        if decisions:
            untouched_, killed = chaos.decided("decided"), chaos.decided("decided_among_kills", kill=[" "])
            unlike = [table for table, rows_ in untouched_.tables.items() if killed.tables[table] != rows_]
            wrong += [f"decisions: other rows than untouched: {unlike}"] if unlike else []
            print(f"\ndecisions: {killed.kills.total()} kills, one before and one after every commit of", end=" ")
            print(f"{', '.join(killed.kills)}: {'FAILED' if unlike else 'passed'}.", flush=True)
        if mutant_lines:
            print(f"\nmutants: {mutant_lines:,} lines each.", flush=True)
            path = statement.write(chaos.folder / "song_mutants.csv", mutant_lines, seed)
            size = -(-mutant_lines // chunks)
            untouched = chaos.untouched("mutants_untouched", [path], lines=mutant_lines, chunk=size)
            for mutant in MUTANTS:
                outcome = chaos.mutant(mutant, path, lines=mutant_lines, chunk=size)
                caught = is_caught(mutant, outcome, untouched)
                wrong += [] if caught else [f"the mutant {mutant} was not seen"]
                rows.append((f"mutant {mutant}", outcome, untouched, "caught" if caught else "NOT CAUGHT"))
    print("\n" + table(rows))
    print("\n".join(["", *wrong, f"Seed {seed}; {time.monotonic() - began:.0f} s in all."]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
