"""One way of writing the same title: full-width forms, invisible characters, quotes, dashes and brackets made alike."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final

from works.names import latin
from works.names.remembered import STRINGS, remembered

OPENING: Final = "([{【〔〖《〈「『﹁﹃︵⟨⟪«"
CLOSING: Final = ")]}】〕〗》〉」』﹂﹄︶⟩⟫»"
SAME: Final = {
    **dict.fromkeys(map(ord, OPENING), "("),
    **dict.fromkeys(map(ord, CLOSING), ")"),
    **dict.fromkeys(map(ord, "‘’‚‛′`´ʼ"), "'"),
    **dict.fromkeys(map(ord, "“”„‟″〝〞〟"), '"'),
    **dict.fromkeys(map(ord, "‐‑‒–—―−─⁃"), "-"),
    **dict.fromkeys(map(ord, "～〜∼˜"), "~"),
    **dict.fromkeys((0x115F, 0x1160), ""),  # Hangul fillers: letters to Unicode, nothing to the eye
    **dict.fromkeys((0xAD, 0x34F, 0x61C, 0x180E, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)), ""),
    **dict.fromkeys(map(ord, "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f\x85"), " "),
}
PLAIN: Final = re.compile(r"[ -Z\\^_a-z|~\u4e00-\u9fff가-힣]*")  # what needs nothing but its blanks squeezed
SMALL: Final = bytes(range(256)).lower()
NO_LETTERS: Final = bytes(code for code in range(128) if not chr(code).isalnum())
MAX_KEY: Final = 200  # characters; the column holds 300, an index entry 2,700 bytes


class _TidyTable(dict[int, str]):
    """What becomes of each character; learns a character when it first meets it."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        self[code] = "" if unicodedata.category(letter) in {"Cc", "Cf", "Cs"} else letter
        return self[code]


class _KeyTable(dict[int, str]):
    """What each character adds to a key: its letters and digits without case and accents, or nothing."""

    def __missing__(self, code: int) -> str:
        self[code] = "".join(
            each for each in latin.fold(chr(code)) if each.isalnum() or unicodedata.category(each).startswith("M")
        )
        return self[code]


_TIDY: Final = _TidyTable(SAME)
_KEY: Final = _KeyTable()


@remembered(STRINGS)
def tidy(text: str) -> str:
    """The text in NFKC (which also replaces the compatibility ideographs U+F900 ff.), readable, with one kind of bracket.

    >>> tidy("ＥＸＯ\\u200b　《咆哮》")
    'EXO (咆哮)'
    """
    if not PLAIN.fullmatch(text):
        text = unicodedata.normalize("NFKC", text)
        text = text.translate(_TIDY)
        if not unicodedata.is_normalized("NFKC", text):
            text = unicodedata.normalize("NFKC", text)
    elif " " not in text:
        return text
    return " ".join(text.split())


@remembered(STRINGS)
def letters(text: str) -> str:
    """Letters and digits of a tidied text, without case, accents, blanks and signs; "" when it has none.

    >>> letters("Let's (not) fall — 좋은 날!")
    'letsnotfall좋은날'
    """
    if text.isascii():
        return text.encode().translate(SMALL, NO_LETTERS).decode()
    squeezed = text.translate(_KEY)
    return squeezed if unicodedata.is_normalized("NFC", squeezed) else unicodedata.normalize("NFC", squeezed)


def shorten(key: str) -> str:
    """A key that fits its column: a long one is cut and told apart by a digest of all of it."""
    if len(key) <= MAX_KEY:
        return key
    return f"{key[:MAX_KEY]}#{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def spell_out(text: str) -> str:
    """The code points of a text that shows nothing (only invisible characters), so that it still has a name."""
    return "-".join(f"{ord(letter):04x}" for letter in unicodedata.normalize("NFKC", text))
