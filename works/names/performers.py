"""The artists of a song taken apart: "孝敏 (효민)/Loco (로꼬)" is two people with two names each."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from works.names import brackets, clean
from works.names.remembered import OBJECTS, remembered
from works.names.script import detect_script, same_script

# a "/" between digits (LOONA 1/3) and a "&" inside a Latin word (GD&T.O.P) join nothing
JOINT: Final = re.compile(
    r"\s*(?:[,;|、]|(?<!\d)/|/(?!\d)|(?<![A-Za-z.])&|&(?![A-Za-z])"
    r"|\s(?:[x×+]|vs\.?|feat\.?|ft\.?|featuring|with)(?=\s))\s*",
    re.IGNORECASE,
)
# a sign, or a blank before such a word: written so that the engine goes from one of these characters to the next
PLAIN_NAME: Final = re.compile(r"[(,;/|、&×+\s](?:(?<!\s)|(?:x|vs\.?|feat\.?|ft\.?|featuring|with)\s)", re.IGNORECASE)
CREDIT: Final = re.compile(r"^(?:feat|ft|featuring|with|cv|vocal)\b[\s.:]*(?=\S)", re.IGNORECASE)


class Performer(NamedTuple):
    """One artist: the name, and the names in other scripts that stood in brackets behind it."""

    name: str
    aliases: tuple[str, ...] = ()


@remembered(OBJECTS)
def parse_performers(text: str) -> tuple[Performer, ...]:
    """The single artists of a joined text, in order; () for a blank one.

    >>> parse_performers("孝敏 (효민)/Loco (로꼬)")
    (Performer(name='孝敏', aliases=('효민',)), Performer(name='Loco', aliases=('로꼬',)))

    A bracket in the script of the name is an affiliation or a line-up (전우성(노을)), not a name.
    """
    whole = clean.tidy(text)
    if not whole:
        return ()
    if not PLAIN_NAME.search(whole):
        return (Performer(whole),)
    found = [performer for part in _split_joints(whole) for performer in _read_one(part)]
    return tuple(dict.fromkeys(found)) or (Performer(whole),)


def _split_joints(whole: str) -> list[str]:
    """Cut at the joints that stand outside every bracket."""
    parts: list[str] = []
    start = 0
    for joint in JOINT.finditer(whole):
        head = whole[: joint.start()]
        if head.count("(") <= head.count(")"):
            parts.append(whole[start : joint.start()])
            start = joint.end()
    parts.append(whole[start:])
    return [part.strip() for part in parts if part.strip()]


def _read_one(part: str) -> list[Performer]:
    pieces = brackets.split_brackets(part)
    name = " ".join(" ".join(piece.text for piece in pieces if not piece.inside).split())
    inner = [piece.text for piece in pieces if piece.inside]
    if not name:
        return [Performer(brackets.unwrap(part))] if inner else []
    script = detect_script(name)
    aliases: list[str] = []
    others: list[Performer] = []
    for content in inner:
        credit = CREDIT.match(content)
        if credit:
            others += parse_performers(content[credit.end() :])
            continue
        names = [brackets.unwrap(each) for each in _split_joints(content)]
        if len({detect_script(each) for each in names}) == len(names):  # several in one script are a line-up
            aliases += [each for each in names if not same_script(detect_script(each), script)]
    return [Performer(name, tuple(dict.fromkeys(aliases))), *others]
