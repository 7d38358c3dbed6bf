"""Splink 5 on the songs that Garak was asked: `python splink_link.py register.tsv songs.tsv`, in an environment of its own (splink.txt).

register.tsv: work, title, artists; a work of several titles has a row for each. songs.tsv: song, title, artists. Prints one JSON object:
the seconds of reading the register, of reading the songs, of training and of predicting, and of each song that got one its best work with
the match weight.

What a careful user of Splink would do: texts without case, marks and remarks, in Latin letters (anyascii); what stands in brackets as
a column of its own; blocking by equal titles, equal artists and brackets that name them; Jaro-Winkler and Levenshtein levels, with
term frequencies; u by random sampling, m by expectation maximisation, blocked once by title and once by artist.
"""

from __future__ import annotations

import csv
import json
import re
import sys
import time
import unicodedata
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import splink.comparison_library as cl
from anyascii import anyascii
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

REMARK = re.compile(
    r"[(\[]?\b(?:live|inst|acoustic ver|remastered \d+|ost|feat)\b[^)\]]*[)\]]?|[(\[](?:伴奏|现场|DJ版|片段)[)\]]",
    re.IGNORECASE,
)
BRACKET = re.compile(r"[(\[（【](.*?)[)\]）】]")
COLUMNS = ("unique_id", "title", "title_other", "artist", "artist_other")
LEAST = 1e-6  # probability; no best F1 lies below it
SETTINGS = SettingsCreator(
    link_type="link_only",
    comparisons=[
        cl.JaroWinklerAtThresholds("title", [0.95, 0.88, 0.8]).configure(term_frequency_adjustments=True),
        cl.LevenshteinAtThresholds("title_other", [1, 3]),
        cl.JaroWinklerAtThresholds("artist", [0.95, 0.88, 0.8]).configure(term_frequency_adjustments=True),
        cl.LevenshteinAtThresholds("artist_other", [1, 3]),
    ],
    blocking_rules_to_generate_predictions=[
        block_on("title"),
        block_on("artist"),
        "l.title = r.title_other",
        "l.title_other = r.title",
        "l.artist = r.artist_other",
        "l.artist_other = r.artist",
    ],
    retain_matching_columns=False,
)


def main(register: Path, songs: Path) -> None:
    api = DuckDBAPI()
    times = [time.perf_counter()]
    tables = []
    for name, path in (("a_register", register), ("b_songs", songs)):
        columns = dict(zip(COLUMNS, zip(*_read(path), strict=True), strict=True))
        tables.append(api.register(pa.table(columns), dataset_display_name=name))
        times.append(time.perf_counter())
    linker = Linker(tables, SETTINGS, log_level="ERROR")
    linker.training.estimate_probability_two_random_records_match([block_on("title", "artist")], recall=0.6)
    linker.training.estimate_u_using_random_sampling(max_pairs=5e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("title"), record_sample_proportion=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("artist"), record_sample_proportion=1)
    times.append(time.perf_counter())
    found = linker.inference.predict(threshold_match_probability=LEAST)
    best = found.query_sql(
        f"""
        SELECT unique_id_r AS song, arg_max(unique_id_l, match_weight) AS work, max(match_weight) AS weight
        FROM {found.physical_name} GROUP BY unique_id_r"""
    )
    times.append(time.perf_counter())
    of_register, of_songs, trained, predicted = (after - before for before, after in pairwise(times))
    answer = {
        "register": of_register,
        "songs": of_songs,
        "trained": trained,
        "predicted": predicted,
        "best": [
            (row["song"].split("|")[0], row["work"].split("|")[0], row["weight"]) for row in best.as_record_list()
        ],
    }
    print(json.dumps(answer))


def _read(path: Path) -> list[tuple[str | None, ...]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            (f"{key}|{place}", *_parts(REMARK.sub(" ", title)), *_parts(artists))
            for place, (key, title, artists) in enumerate(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        ]


def _parts(text: str) -> tuple[str | None, str | None]:
    """What stands outside of brackets, and within the first ones."""
    inside = BRACKET.search(text)
    outside, other = _plain(BRACKET.sub(" ", text)), _plain(inside[1]) if inside else ""
    return outside or other or _plain(text) or None, other or None


def _plain(text: str) -> str:
    return " ".join(re.findall("[0-9a-z]+", anyascii(unicodedata.normalize("NFKC", text)).lower()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
