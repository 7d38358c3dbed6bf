"""Taking a tidied title or name apart: what stands outside its brackets and what stands in each of them."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from works.names.script import detect_script, same_script

BRACKET: Final = re.compile(r"[()]")
BETWEEN: Final = re.compile(r"\s*[;/|、]\s*")
INLINE: Final = 3  # letters: "f(x)", "(G)I-DLE" and "Mon(ster)" are words, not words with a remark


class Piece(NamedTuple):
    """A run of the text: outside all brackets, or one bracket's content with the brackets inside it."""

    text: str
    inside: bool


def split_brackets(text: str) -> list[Piece]:
    """Outer runs and outermost brackets, in order. A bracket never closed runs to the end; one never opened is a blank.

    A short bracket grown into a Latin word stays part of the word, without its brackets.
    """
    if not BRACKET.search(text):
        return [Piece(text, False)]
    pieces: list[Piece] = []
    outside, start, depth = "", 0, 0
    for found in BRACKET.finditer(text):
        at = found.start()
        if found[0] == "(":
            if depth == 0:
                outside += text[start:at]
                start = at + 1
            depth += 1
        elif depth == 0:
            outside += text[start:at] + " "
            start = at + 1
        elif depth == 1:
            content = text[start:at]
            depth, start = 0, at + 1
            if _is_inline(content, outside[-1:], text[at + 1 : at + 2]):
                outside += content
            else:
                pieces += (Piece(outside, False), Piece(content.strip(), True))
                outside = ""
        else:
            depth -= 1
    if depth:
        pieces += (Piece(outside, False), Piece(text[start:].strip(), True))
    else:
        pieces.append(Piece(outside + text[start:], False))
    return [piece for piece in pieces if piece.text.strip()]


def unwrap(text: str) -> str:
    """The text with its bracket signs taken off.

    >>> unwrap("(G)I-DLE (여자아이들)")
    'GI-DLE 여자아이들'
    """
    return " ".join(
        " ".join(piece.text if not piece.inside else unwrap(piece.text) for piece in split_brackets(text)).split()
    )


def split_scripts(text: str) -> list[str]:
    """A text cut at ; / | and 、 where the script changes there: "英雄; Kick It" is two titles, "AC/DC" one name."""
    cuts = list(BETWEEN.finditer(text))
    if not cuts:
        return [text]
    parts: list[str] = []
    start = 0
    for at, cut in enumerate(cuts):
        before = text[start : cut.start()]
        after = text[cut.end() : cuts[at + 1].start() if at + 1 < len(cuts) else len(text)]
        if before.strip() and after.strip() and not same_script(detect_script(before), detect_script(after)):
            parts.append(before.strip())
            start = cut.end()
    return [*parts, text[start:].strip()]


def _is_inline(content: str, before: str, after: str) -> bool:
    grown = _is_latin(before) or _is_latin(after)
    return grown and 0 < len(content) <= INLINE and all(map(_is_latin, content))


def _is_latin(letter: str) -> bool:
    return letter.isascii() and letter.isalpha()
