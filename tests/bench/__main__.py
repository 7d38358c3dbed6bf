"""Measure everything in one run: `python -m tests.bench [--write]`.

Servers are embedded ones in a folder of their own, unless DATABASE_URL and REDIS_URL name others.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from portal.bootstrap import BASE_DIR
from portal.embedded.servers import Urls, servers

PARTS = (
    "csv", "xlsx", "copy", "calamine", "peer", "memory", "distribution", "pages", "dsr", "import-large", "matching", "splink",
)  # fmt: skip


def main(argv: Sequence[str]) -> int:
    options = _options(argv)
    data_dir = Path(os.environ.get("PORTAL_DATA_DIR", BASE_DIR / ".portal")).resolve() / "bench"
    data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    with _servers(data_dir) as urls:
        os.environ.update(
            PORTAL_DATA_DIR=str(data_dir), DATABASE_URL=urls.database, DATABASE_OWNER_URL=urls.database_owner,
            REDIS_URL=urls.redis, DJANGO_SETTINGS_MODULE="portal.settings", LOG_LEVEL="ERROR",
        )  # fmt: skip
        import django

        django.setup()
        from tests.bench import figures, run

        found = run.measure(
            data_dir=data_dir, lines=options.lines, rounds=options.rounds, parts=frozenset(options.only), say=_say,
            requests=options.requests, template=options.template, works=options.works, songs=options.songs,
            keep_register=options.keep_register, large_lines=options.large_lines, large_songs=options.large_songs,
        )  # fmt: skip
        text = found.text()
        print(text)
        if options.write:
            figures.write_into(BASE_DIR / "README.md", text)
    return 0


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="Measures imports, distributions, pages and matching."
    )
    parser.add_argument("--lines", type=int, default=500_000, help="lines of the statement (500,000)")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (5)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="measure these alone")
    parser.add_argument("--requests", type=int, default=20, help="requests of each page (20)")
    parser.add_argument(
        "--large-lines", type=int, default=2_000_000,
        help="lines of the large statement (2,000,000); others have a tenth, half and five times as many",
    )  # fmt: skip
    parser.add_argument("--large-songs", type=int, default=200_000, help="songs that it names (200,000)")
    parser.add_argument(
        "--works", type=int, default=1_000_000, help="works of the register that songs are matched to (1,000,000)"
    )
    parser.add_argument("--songs", type=int, default=40_000, help="songs matched in a round (40,000)")
    parser.add_argument(
        "--keep-register", action="store_true", help="keep that register for the next time, and use the kept one"
    )
    parser.add_argument("--template", default="", help="a migrated database to copy instead of migrating one")
    parser.add_argument("--write", action="store_true", help="put the tables into README.md")
    return parser.parse_args(argv)


@contextmanager
def _servers(data_dir: Path) -> Iterator[Urls]:
    given, redis = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
    if given and redis:
        yield Urls(database=given, database_owner=os.environ.get("DATABASE_OWNER_URL", given), redis=redis)
    else:
        with servers(data_dir) as urls:
            yield urls


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
