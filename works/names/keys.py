"""The exact keys a title or a performer is looked up by: equal keys mean "perhaps the same", never "the same".

A key begins with how it was made, so that two kinds never meet by accident:

* `k:` letters and digits, case, accents and signs removed, Traditional Chinese in simplified form;
* `h:` the same read in Hangul: what is Hangul already, or each Korean reading of the Han characters (a set);
* `s:` the signs themselves, for a title without a letter or digit ("!!!", "♡").
"""

from __future__ import annotations

from dataclasses import dataclass

from works.names import brackets, clean, han, hangul, hanja
from works.names.performers import parse_performers
from works.names.script import KANA
from works.names.titles import parse_title

MAX_TEXT = 300  # characters of the text kept beside a key; its column is as wide


@dataclass(frozen=True)
class Key:
    """A key, the part of the title or name that gave it, and what was done to it.

    why: same (as written) · bracket (a part outside or inside brackets) · joined (one of several artists) · simplified
    (Traditional characters replaced) · reading (Han read in Hangul). The last two win over the others.
    """

    key: str
    text: str
    why: str


def title_keys(text: str) -> list[Key]:
    """Keys of a title: of the whole, of its name without brackets, and of its names in other scripts.

    Never empty for a text that is not blank; the same for NFC and NFD; the order is fixed. Remarks on the version give
    no key of their own (see works.names.titles for the facts).

    >>> [key.key for key in title_keys("전야 (前夜) (Live)")]
    ['k:전야前夜live', 'k:전야前夜', 'k:전야', 'h:전야', 'k:前夜']
    """
    title = parse_title(text)
    found: dict[str, Key] = {}
    mixed = bool(title.aliases)
    _add_keys(found, title.whole, "same", read=not mixed)
    if title.untagged != title.whole:
        _add_keys(found, title.untagged, "bracket", read=not mixed)
    for part in (title.main, *title.aliases):
        if part != title.whole:
            _add_keys(found, part, "bracket")
    return list(found.values()) or _sign_keys(text)


def performer_keys(text: str) -> list[Key]:
    """Keys of a performer: of the whole text, and of each artist in it under each of their names.

    Never empty for a text that is not blank; the same for NFC and NFD; the order is fixed.

    >>> [key.key for key in performer_keys("BIGBANG (빅뱅)")]
    ['k:bigbang빅뱅', 'k:bigbang', 'k:빅뱅', 'h:빅뱅']
    """
    performers = parse_performers(text)
    whole = clean.tidy(text)
    found: dict[str, Key] = {}
    alone = len(performers) == 1 and not performers[0].aliases
    _add_keys(found, whole, "same", read=alone)
    why = "joined" if len(performers) > 1 else "bracket"
    for performer in performers:
        if performer.name != whole:
            _add_keys(found, performer.name, why)
        for alias in performer.aliases:
            _add_keys(found, alias, "bracket")
    return list(found.values()) or _sign_keys(text)


def _add_keys(found: dict[str, Key], part: str, why: str, *, read: bool = True) -> None:
    """Add the keys of one part; a text of several names in a row is not read, for its names are read one by one."""
    written = clean.letters(part)
    if not written:
        return
    shown = part[:MAX_TEXT]
    if part.isascii():
        _add(found, "k:" + written, shown, why)
        return
    chinese = han.has_han(written)
    plain = han.simplified_key(written) if chinese else written
    _add(found, "k:" + plain, shown, why if plain == written else "simplified")
    if not read:
        return
    if not chinese:
        if hangul.has_hangul(written):
            _add(found, "h:" + written, shown, why)
    elif not KANA.search(written):
        for reading in hanja.readings(written):
            _add(found, "h:" + reading, shown, "reading")


def _add(found: dict[str, Key], key: str, text: str, why: str) -> None:
    key = clean.shorten(key)
    if key not in found:
        found[key] = Key(key, text, why)


def _sign_keys(text: str) -> list[Key]:
    """The one key of a text without letters: its signs, or the code points of what shows nothing; [] for a blank."""
    tidied = clean.tidy(text)
    name = brackets.unwrap(tidied) or tidied
    if not name:
        if not text.strip():
            return []
        name = clean.spell_out(text)
    return [Key(clean.shorten("s:" + name.casefold()), name[:MAX_TEXT], "same")]
