"""A title of a song taken apart: its name, its names in other scripts, who is featured, and which version it is."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from works.names import brackets, clean, versions
from works.names.remembered import OBJECTS, remembered
from works.names.script import detect_script, same_script

PLAIN_TITLE: Final = re.compile(
    r"[(;/|、+]|\s-|-\s|[^\x00-\x7f]-|\b(?:feat|ft|featuring|inst|instrumental|ver|version)\b|伴奏|版|반주|버전|버젼|메들리",
    re.IGNORECASE,
)
# in small letters, what stands in every title that PLAIN_TITLE finds, found in a fraction of the time
HINTS: Final = re.compile(r"[(;/|、+版-]|伴奏|반주|버전|버젼|메들리|feat|ft|nst|ver")
MEDLEY: Final = re.compile(r"(?<=\S)\s+\+\s*(?=\S)|(?<=\S)\+\s+(?=\S)")


class Title(NamedTuple):
    """What a title says. All texts are tidied; `names` are the parts that each name the song.

    whole: the title as it stands; untagged: without remarks on version and guests; main: without any bracket;
    aliases: the names in another script than the main one; versions: facts such as "live" or "language:ja", for whoever
    decides; featured: guests as written; songs: those of a medley, each with its own brackets.
    """

    whole: str
    untagged: str
    main: str
    aliases: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    featured: tuple[str, ...] = ()
    songs: tuple[str, ...] = ()


@remembered(OBJECTS)
def parse_title(text: str) -> Title:
    """Read a title as services write it.

    >>> title = parse_title("咆哮(Growl) (Chinese Ver.)")
    >>> title.main, title.aliases, title.versions
    ('咆哮', ('Growl',), ('version', 'language:zh'))

    A medley ("A + B (a) + C (b)") has no aliases: each bracket names another song of it.
    """
    whole = clean.tidy(text)
    if not HINTS.search(whole.casefold()) or not PLAIN_TITLE.search(whole):
        return Title(whole, whole, whole)
    tags: list[str] = []
    featured: list[str] = []
    body = _cut_dash(whole, tags)
    guest = versions.FEATURED.search(body)
    rest = ""
    if guest and body.count("(", 0, guest.start()) == body.count(")", 0, guest.start()):
        body, rest = body[: guest.start()], body[guest.end() :]
        pieces = brackets.split_brackets(rest)
        featured.append(" ".join(piece.text.strip() for piece in pieces if not piece.inside))
        for piece in pieces:
            if piece.inside:
                tags += versions.version_tags(piece.text)
    kept = [
        piece
        for piece in brackets.split_brackets(body)
        if not (piece.inside and _is_remark(piece.text, tags, featured))
    ]
    outside = " ".join(" ".join(piece.text for piece in kept if not piece.inside).split())
    outside = _cut_end(outside, tags)
    inner = [piece.text for piece in kept if piece.inside]
    if inner and (
        not outside or (found := versions.version_tags(outside))
    ):  # "《英雄》主题曲": the bracket is the name
        if outside:
            tags += found
        outside, inner = brackets.unwrap(inner[0]), inner[1:]
    if not outside:  # nothing but remarks: then they are the name
        return Title(whole, whole, whole, (), _once(tags), _once(featured))
    if MEDLEY.search(outside):
        joined = "".join(f" ({piece.text}) " if piece.inside else piece.text for piece in kept)
        songs = _once([" ".join(song.split()) for song in MEDLEY.split(joined)])
        return Title(whole, _untagged(outside, inner), outside, (), _once([*tags, "medley"]), _once(featured), songs)
    main, *others = brackets.split_scripts(outside)
    names = [name for content in inner for name in _names_in(content, tags, featured)]
    script = detect_script(main)
    aliases = [name for name in (*others, *names) if not same_script(detect_script(name), script)]
    return Title(whole, _untagged(outside, inner), main, _once(aliases), _once(tags), _once(featured))


def _names_in(content: str, tags: list[str], featured: list[str]) -> list[str]:
    """The names a bracket holds: its own parts, and those in the brackets inside it."""
    names: list[str] = []
    pieces = brackets.split_brackets(content)
    outer = " ".join(piece.text.strip() for piece in pieces if not piece.inside)
    if outer:
        names += brackets.split_scripts(outer)
    for piece in pieces:
        if piece.inside and not _is_remark(piece.text, tags, featured):
            names += _names_in(piece.text, tags, featured)
    return names


def _is_remark(content: str, tags: list[str], featured: list[str]) -> bool:
    """Whether a bracket only names guests or the version; notes which."""
    credit = versions.CREDIT.match(content)
    if credit:
        if not versions.PRODUCED.match(content):
            featured.append(content[credit.end() :])
        return True
    found = versions.version_tags(content)
    tags += found
    return bool(found)


def _cut_dash(whole: str, tags: list[str]) -> str:
    """The title without " - 伴奏" at its end."""
    for dash in versions.AFTER_A_DASH.finditer(whole):
        head = whole[: dash.start()]
        if head.strip() and head.count("(") == head.count(")"):
            found = versions.version_tags(whole[dash.end() :])
            if found:
                tags += found
                return head
    return whole


def _cut_end(outside: str, tags: list[str]) -> str:
    end = versions.AT_THE_END.search(outside)
    if not end:
        return outside
    tags += versions.version_tags(end[0])
    return outside[: end.start()]


def _untagged(outside: str, inner: list[str]) -> str:
    return " ".join((outside, *map(brackets.unwrap, inner)))


def _once(texts: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))
