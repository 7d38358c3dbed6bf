from __future__ import annotations

import hashlib
import json
import unicodedata
from argparse import ArgumentParser
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, no_translations

from works.names import han, pinyin

TABLE: Final = Path(pinyin.__file__).with_name("pinyin.tsv")
FIRST: Final = 0x4E00  # the unified ideographs; rarer ones stand in no name of a performer
LAST: Final = 0x9FFF


class Command(BaseCommand):
    help = "Write works/names/pinyin.tsv from pinyin_dict.json of the package pypinyin: which characters are read how, without tones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "readings", type=Path, metavar="JSON", help="code point to readings with tones, commonest first"
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        source: Path = options["readings"]
        first: dict[str, str] = defaultdict(str)
        other: dict[str, str] = defaultdict(str)
        for code, readings in sorted(
            json.loads(source.read_text(encoding="utf-8")).items(), key=lambda row: int(row[0])
        ):
            letter = chr(int(code))
            if not FIRST <= int(code) <= LAST or han.simplified_key(letter) != letter or not is_in_use(letter):
                continue
            commonest, *further = dict.fromkeys(map(without_tone, readings.split(",")))
            first[commonest] += letter
            for reading in further:
                other[reading] += letter
        digest = hashlib.sha256(source.read_bytes()).hexdigest()
        lines = [
            "# Simplified characters by their readings in pinyin without tones (ü is u). Written by `manage.py tabulate_pinyin`.",
            f"# Facts of Unihan, as collected in pinyin_dict.json of pypinyin (MIT; sha256 {digest}).",
            "syllable\tread so\tread so too",
            *(f"{syllable}\t{first[syllable]}\t{other[syllable]}" for syllable in sorted({*first, *other})),
        ]
        TABLE.write_text("\n".join([*lines, ""]), encoding="utf-8")
        self.stdout.write(f"{sum(map(len, first.values()))} characters written to {TABLE.name}.")


def without_tone(reading: str) -> str:
    """
    >>> without_tone("lǜ")
    'lu'
    """
    return "".join(letter for letter in unicodedata.normalize("NFD", reading) if letter.isascii())


def is_in_use(letter: str) -> bool:
    """Whether mainland China's encodings before Unicode had it (GBK), so that names of services may be written with it."""
    try:
        letter.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True
