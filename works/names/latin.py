"""Latin letters without accents, for comparing: "Beyoncé" and "BEYONCE" are one name."""

from __future__ import annotations

import unicodedata
from typing import Final

# letters that Unicode does not take apart into a base and an accent
LETTERS: Final = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t"}


def fold(text: str) -> str:
    """Case and accents removed. Only the general combining accents go; Japanese voicing marks and vowel signs stay.

    >>> fold("Škoda ØYA Straße が")
    'skoda oya strasse が'
    """
    if text.isascii():
        return text.lower()
    bare = _without_accents(_without_accents(text).casefold())
    return unicodedata.normalize("NFC", "".join(LETTERS.get(letter, letter) for letter in bare))


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not "\u0300" <= letter <= "\u036f")
