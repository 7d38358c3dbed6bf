"""Which script a title or a name is written in, as ISO 15924 codes (the values of works.models.Script)."""

from __future__ import annotations

import re
from typing import Final

from works.names import han, hangul

KANA: Final = re.compile("[\u3041-\u3096\u30a1-\u30fa\u31f0-\u31ff\uff66-\uff9d]")
LATIN: Final = re.compile("[A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff]")
HAN_SCRIPTS: Final = frozenset({"Hani", "Hans", "Hant"})


def detect_script(text: str) -> str:
    """Hang, Hani, Hans, Hant, Latn, Jpan or Zyyy: the script most of the text is in.

    Any kana makes it Jpan, unless Hangul outweighs it. A syllable of Hangul or a Han character weighs as much as two
    Latin letters. Han is Hans or Hant when a character in it is only that, else Hani (Hanja and Chinese look the same).
    """
    if text.isascii():
        return "Latn" if LATIN.search(text) else "Zyyy"
    latin, kana = len(LATIN.findall(text)), len(KANA.findall(text))
    korean, chinese = len(hangul.HANGUL.findall(text)), len(han.HAN.findall(text))
    if not (latin or kana or korean or chinese):
        return "Zyyy"
    if latin > 2 * (kana + korean + chinese):
        return "Latn"
    if korean >= kana + chinese:
        return "Hang"
    if kana:
        return "Jpan"
    return _detect_han(text)


def has_latin(text: str) -> bool:
    return LATIN.search(text) is not None


def same_script(one: str, other: str) -> bool:
    """Whether two codes are of one family: Hani, Hans and Hant are."""
    return one == other or (one in HAN_SCRIPTS and other in HAN_SCRIPTS)


def _detect_han(text: str) -> str:
    if han.to_simplified(text) != text:
        return "Hant"
    forms = han.traditional_forms()
    if any(letter not in forms.get(letter, (letter,)) for letter in text):
        return "Hans"
    return "Hani"
