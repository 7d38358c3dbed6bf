"""Traditional to Simplified Chinese, by the dictionaries of OpenCC (Apache-2.0) as a table instead of a tree walk."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources
from typing import Final

from works.names.remembered import STRINGS, remembered

HAN: Final = re.compile("[々〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")


def has_han(text: str) -> bool:
    return HAN.search(text) is not None


@remembered(STRINGS)
def to_simplified(text: str) -> str:
    """What OpenCC's t2s makes of it: phrases first, then characters.

    >>> to_simplified("無限的我")
    '无限的我'
    """
    pattern, phrases = _phrases()
    table = simplified_table()
    parts: list[str] = []
    end = 0
    for found in pattern.finditer(text):
        parts += (text[end : found.start()].translate(table), phrases[found[0]])
        end = found.end()
    parts.append(text[end:].translate(table))
    return "".join(parts)


def simplified_key(text: str) -> str:
    """The simplified form for keys: characters that a phrase would keep (乾坤) are simplified too, on both sides alike.

    So are the forms that only Japan writes (楽園): Korean acts sing there too.
    """
    return to_simplified(text).translate(_key_table())


@lru_cache(maxsize=1)
def simplified_table() -> dict[int, str]:
    """Traditional character to its (first) simplified one, for str.translate."""
    return {ord(han): options[0] for han, options in read_dictionary("TSCharacters.txt").items() if han != options[0]}


@lru_cache(maxsize=1)
def _key_table() -> dict[int, str]:
    simplified = simplified_table()
    japanese = {
        form: traditional.translate(simplified)
        for traditional, forms in read_dictionary("JPVariants.txt").items()
        for form in forms
        if form != traditional and not _is_chinese(form)
    }
    return {**{ord(form): plain for form, plain in japanese.items()}, **simplified}


def _is_chinese(character: str) -> bool:
    """Whether mainland China uses it (GB 2312): 芸 is a character of its own there."""
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(maxsize=1)
def traditional_forms() -> dict[str, tuple[str, ...]]:
    """Simplified character to the traditional ones it may stand for, most usual first."""
    return {han: options for han, options in read_dictionary("STCharacters.txt").items() if options != (han,)}


def read_dictionary(name: str) -> dict[str, tuple[str, ...]]:
    """A dictionary of the installed OpenCC: text to its possible replacements."""
    lines = (resources.files("opencc") / "dictionary" / name).read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines if line.strip())
    return {source: tuple(targets.split(" ")) for source, targets in pairs}


@lru_cache(maxsize=1)
def _phrases() -> tuple[re.Pattern[str], dict[str, str]]:
    phrases = {source: targets[0] for source, targets in read_dictionary("TSPhrases.txt").items()}
    longest_first = sorted(phrases, key=lambda source: (-len(source), source))
    # the look-ahead lets the engine skip quickly: most titles hold none of these first characters
    starts = "".join(sorted({source[0] for source in phrases}))
    return re.compile(f"(?=[{starts}])(?:{'|'.join(longest_first)})"), phrases
