from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, no_translations

from portal.lib.errors import DomainError
from portal.lib.terminal import fail, open_file
from works.matching import evaluation
from works.matching.meaning import is_available
from works.matching.names_evaluation import evaluate_names, print_names

LINE: Final = "{:<28}{:>6}{:>9}{:>9}{:>9}   {}"


class Command(BaseCommand):
    help = (
        "Measure the matcher: registers a catalogue in a database of its own, asks for songs through the code path of reports, and "
        "prints what was found at the frozen thresholds, and how well names are told to be one. Without --catalogue and --queries it takes the files in "
        "$GARAK_SHARED/gold. With --json the last line is one object."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--catalogue", type=Path, metavar="TSV", help="work_id, title, artist")
        parser.add_argument(
            "--queries", type=Path, metavar="TSV", help="title, artist, work_id (empty: not registered), kind"
        )
        parser.add_argument("--aliases", type=Path, metavar="TSV", help="artist_id, name: imported as names of artists")
        parser.add_argument(
            "--hard-negatives", type=Path, metavar="TSV", help="title_a, artist_a, title_b, artist_b, kind"
        )
        parser.add_argument(
            "--names", type=Path, metavar="TSV", help="name_a, name_b, kind: names of one person or group"
        )
        parser.add_argument(
            "--reports", type=int, default=1, metavar="N", help="ask for the songs in so many reports, not in one"
        )
        parser.add_argument("--without-aliases", action="store_true", help="import no names of artists")
        parser.add_argument("--without-meaning", action="store_true", help="compare nothing by meaning")
        parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        files = self._files(options)
        try:
            for path in files.values():
                with open_file(path):
                    pass
        except DomainError as error:
            fail(self, error.code, str(error), as_json=options["json"])
        with_meaning = is_available() and not options["without_meaning"]
        answer: dict[str, Any] = {"with_aliases": "aliases" in files, "with_meaning": with_meaning}
        with evaluation.scratch_register():
            numbers = evaluation.register(evaluation.read_songs(files["catalogue"]))
            if "aliases" in files:
                evaluation.import_aliases(files["aliases"])
            songs = evaluation.read_songs(files["queries"])
            answer |= evaluation.summary(
                evaluation.measure(songs, numbers, with_meaning=with_meaning, reports=max(1, options["reports"]))
            )
        if "hard_negatives" in files:
            with evaluation.scratch_register():
                rows = evaluation.read_tsv(files["hard_negatives"])
                answer["hard_negatives"] = evaluation.measure_hard_negatives(rows, with_meaning=with_meaning)
        names = evaluate_names(files["names"]) if "names" in files else {}
        answer["names"] = {kind: its.as_json() for kind, its in names.items()}
        self._print(answer)
        if names:
            self.stdout.write("\n".join(["", *print_names(names)]))
        if options["json"]:
            self.stdout.write(json.dumps(answer, ensure_ascii=False))

    def _files(self, options: dict[str, Any]) -> dict[str, Path]:
        """The files to measure with, by what they are."""
        given = {
            name: options[name]
            for name in ("catalogue", "queries", "aliases", "hard_negatives", "names")
            if options[name]
        }
        if not {"catalogue", "queries"} & given.keys():
            if not os.environ.get("GARAK_SHARED"):
                raise CommandError(
                    "Name the files (--catalogue, --queries), or set GARAK_SHARED to the folder that holds gold/."
                )
            gold = Path(os.environ["GARAK_SHARED"]) / "gold"
            names = {
                "catalogue": "catalogue",
                "queries": "queries",
                "aliases": "artist_aliases",
                "hard_negatives": "hard_negatives",
                "names": "names",
            }
            given = {**{what: gold / f"{name}.tsv" for what, name in names.items()}, **given}
        if not {"catalogue", "queries"} <= given.keys():
            raise CommandError("Name both --catalogue and --queries.")
        if options["without_aliases"]:
            given.pop("aliases", None)
        return given

    def _print(self, answer: dict[str, Any]) -> None:
        say = self.stdout.write
        say(
            f"{answer['queries']:,} songs, {answer['registered']:,} of them registered; names of artists "
            f"{'imported' if answer['with_aliases'] else 'not imported'}; titles "
            f"{'also' if answer['with_meaning'] else 'not'} compared by meaning"
        )
        say(
            f"to review or accepted (from {answer['review_threshold']:.3f}): F1 {answer['f1']:.3f}, "
            f"precision {answer['precision']:.3f}, recall {answer['recall']:.3f}"
        )
        say(
            f"accepted (from {answer['accept_threshold']:.3f}): {answer['auto_accepted']:,}, "
            f"precision {answer['auto_precision']:.4f}, recall {answer['auto_recall']:.3f}"
        )
        say(f"right work among the first five: {answer['top5']:.3f} of {answer['top5_of']:,} whose artist is known")
        say(f"{answer['queries_per_second']:,} songs a second")
        say("")
        say(LINE.format("kind, at review", "n", "recall", "low", "high", "precision"))
        for kind, its in answer["kinds"].items():
            shares = [f"{its[name]:.3f}" for name in ("recall", "recall_low", "recall_high", "precision")]
            say(LINE.format(kind, its["n"], *shares[:3], shares[3]))
        if hard := answer.get("hard_negatives"):
            say("")
            say(
                f"{hard['n']:,} songs that resemble a registered one: {hard['accepted']} accepted for it "
                f"({100 * hard['rate']:.2f} %), {hard['shown_for_review']} shown for review"
            )
