from __future__ import annotations

import hashlib
import json
import os
from argparse import ArgumentParser
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, no_translations

from works.matching import evaluation, fitting
from works.matching.fitted import FILE, fitted

FILES: Final = ("catalogue.tsv", "queries.tsv", "artist_aliases.tsv", "hard_negatives.tsv")


class Command(BaseCommand):
    help = "Fit the matcher's weights and thresholds on $GARAK_SHARED/gold and write works/matching/fitted.json, which is committed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="print the figures and write nothing")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        if not os.environ.get("GARAK_SHARED"):
            raise CommandError("Set GARAK_SHARED to the folder that holds gold/.")
        gold = Path(os.environ["GARAK_SHARED"]) / "gold"
        start = fitted()
        groups = _groups(evaluation.read_tsv(gold / "artist_aliases.tsv"))
        songs = evaluation.read_songs(gold / "queries.tsv")
        with evaluation.scratch_register():
            numbers = evaluation.register(evaluation.read_songs(gold / "catalogue.tsv"))
            truth = [numbers.get(song.work_id) for song in songs]
            without_aliases = fitting.ask_register(songs, truth, groups, start)
            evaluation.import_aliases(gold / "artist_aliases.tsv")
            with_aliases = fitting.ask_register(songs, truth, groups, start)
            small = [fitting.ask_in_reports(songs, truth, groups, start, count) for count in fitting.REPORTS]
        with evaluation.scratch_register():
            firsts, seconds = evaluation.resembling_songs(evaluation.read_tsv(gold / "hard_negatives.tsv"))
            numbers = evaluation.register(firsts)
            resembling = fitting.ask_register(
                seconds, [None] * len(seconds), groups, start, other_than=[numbers[song.work_id] for song in seconds]
            )
        new = fitting.fit(with_aliases, [without_aliases, resembling], start, small)
        hashes = {name: hashlib.sha256((gold / name).read_bytes()).hexdigest()[:16] for name in FILES}
        text = json.dumps({**asdict(new), "about": {**new.about, "data_sha256": hashes}}, indent=2) + "\n"
        self.stdout.write(text)
        if not options["dry_run"]:
            FILE.write_text(text, encoding="utf-8")


def _groups(rows: list[dict[str, str]]) -> dict[str, str]:
    """Each name of an artist to the number of its group; one of several groups to the first."""
    groups: dict[str, str] = defaultdict(str)
    for row in rows:
        groups.setdefault(row["name"], row["artist_id"])
    return dict(groups)
