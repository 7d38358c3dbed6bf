"""The exact keys a title or a performer is looked up by: equal keys mean "perhaps the same", never "the same".

A key begins with how it was made, so that two kinds never meet by accident:

* `k:` letters and digits, case, accents and signs removed, Traditional Chinese in simplified form;
* `h:` the same read in Hangul: what is Hangul already, or each Korean reading of the Han characters (a set);
* `s:` the signs themselves, for a title without a letter or digit ("!!!", "♡");
* `r:` how it sounds, the same for Hangul and each romanisation of it (works.names.folded);
* `c:` the consonants alone, the same for an English word and its Hangul (works.names.skeleton);
* `p:` a performer's name in pinyin, of Han or as written.

The first three stand for the text, the others only for its sound: those of many works or people share one.
"""

from __future__ import annotations

from typing import NamedTuple

from works.names import brackets, clean, folded, han, hangul, hanja, pinyin, roman, skeleton, spoken
from works.names.performers import Performer, parse_performers
from works.names.remembered import STRINGS, remembered
from works.names.script import KANA
from works.names.titles import Title, parse_title

MAX_TEXT = 300  # characters of the text kept beside a key; its column is as wide
MAX_SOUNDED = 120  # letters; nobody says a longer name, and to fold a hostile one of 60,000 takes minutes
MAX_READINGS = 4  # of Han whose sound gives a key
SHORTEST_SOUND = 3  # letters of a folded key: shorter ones are shared by hundreds
SHORTEST_SKELETON = 4


Found = dict[str, tuple[str, str]]  # keys, each with the text and the why of the Key


class Key(NamedTuple):
    """A key, the part of the title or name that gave it, and what was done to it.

    why: same (as written) · bracket (a part outside or inside brackets) · joined (one of several artists) · simplified
    (Traditional characters replaced) · reading (Han read in Hangul) · spelled (letters and numbers said by their names) ·
    sound (r: and c:) · pinyin. Those after joined win over the others.
    """

    key: str
    text: str
    why: str

    @property
    def exact(self) -> bool:
        """Whether it stands for the text itself (k: h: s:), not only for how it sounds."""
        return self.key[0] in "khs"


def title_keys(text: str) -> list[Key]:
    """Keys of a title: of the whole, of its name without brackets, and of its names in other scripts.

    Never empty for a text that is not blank; the same for NFC and NFD; the order is fixed. Remarks on the version give
    no key of their own (see works.names.titles for the facts).

    >>> [key.key for key in title_keys("전야 (前夜) (Live)")]
    ['k:전야前夜live', 'k:전야前夜', 'k:전야', 'h:전야', 'k:前夜', 'r:cOnA']
    """
    title = parse_title(text)
    found: Found = {}
    for part, why, read in _title_parts(title):
        _add_keys(found, part, why, read=read)
    for part in (title.main, *title.aliases):
        _add_sounds(found, part)
    return _keys(found) or _sign_keys(text)


def written_title_keys(text: str) -> list[str]:
    """Those of title_keys that stand for the letters as written (k: s:), made in a fraction of the time.

    >>> written_title_keys("전야 (前夜) (Live)")
    ['k:전야前夜live', 'k:전야前夜', 'k:전야', 'k:前夜']
    """
    return _written_keys(text, _title_parts(parse_title(text)))


def _title_parts(title: Title) -> list[tuple[str, str, bool]]:
    """The texts of a title, how each came about, and whether it may be read: not where it is several names in a row."""
    mixed = bool(title.aliases)
    parts = [(title.whole, "same", not mixed)]
    if title.untagged != title.whole:
        parts.append((title.untagged, "bracket", not mixed))
    return parts + [(part, "bracket", True) for part in (title.main, *title.aliases) if part != title.whole]


def performer_keys(text: str) -> list[Key]:
    """Keys of a performer: of the whole text, and of each artist in it under each of their names.

    Never empty for a text that is not blank; the same for NFC and NFD; the order is fixed.

    >>> [key.key for key in performer_keys("BIGBANG (빅뱅)")]
    ['k:bigbang빅뱅', 'k:bigbang', 'k:빅뱅', 'h:빅뱅', 'c:pkpn', 'r:pEkpAn', 'r:pEkpEn']
    """
    performers = parse_performers(text)
    found: Found = {}
    for part, why, read in _performer_parts(text, performers):
        _add_keys(found, part, why, read=read)
    for performer in performers:
        for name in (performer.name, *performer.aliases):
            _add_sounds(found, name)
            _add_person(found, name)
    return _keys(found) or _sign_keys(text)


def written_performer_keys(text: str) -> list[str]:
    """Those of performer_keys that stand for the letters as written (k: s:)."""
    return _written_keys(text, _performer_parts(text, parse_performers(text)))


def _performer_parts(text: str, performers: tuple[Performer, ...]) -> list[tuple[str, str, bool]]:
    whole = clean.tidy(text)
    parts = [(whole, "same", len(performers) == 1 and not performers[0].aliases)]
    why = "joined" if len(performers) > 1 else "bracket"
    for performer in performers:
        if performer.name != whole:
            parts.append((performer.name, why, True))
        parts += [(alias, "bracket", True) for alias in performer.aliases]
    return parts


def _written_keys(text: str, parts: list[tuple[str, str, bool]]) -> list[str]:
    letters = [_letters(part)[1] for part, _, _ in parts]
    return list(dict.fromkeys([clean.shorten("k:" + its) for its in letters if its])) or [
        key.key for key in _sign_keys(text)
    ]


def _add_keys(found: Found, part: str, why: str, *, read: bool = True) -> None:
    """Add the keys of one part; a text of several names in a row is not read, for its names are read one by one."""
    written, plain = _letters(part)
    if not written:
        return
    shown = part[:MAX_TEXT]
    _add(found, "k:" + plain, shown, why if plain == written else "simplified")
    if not read or written.isascii():
        return
    if not han.has_han(written):
        if hangul.has_hangul(written):
            _add(found, "h:" + written, shown, why)
    elif not KANA.search(written):
        for reading in hanja.readings(written):
            _add(found, "h:" + reading, shown, "reading")


@remembered(STRINGS)
def _letters(part: str) -> tuple[str, str]:
    """The letters of a part as written, "" where there are none, and in Simplified characters."""
    written = clean.letters(part)
    if written.isascii() or not han.has_han(written):
        return written, written
    return written, han.simplified_key(written)


def _add_sounds(found: Found, part: str) -> None:
    """Add the keys of how one name sounds, and how its letters and numbers are said."""
    letters = clean.letters(part)
    shown = part[:MAX_TEXT]
    if not letters or letters.isdigit() or len(letters) > MAX_SOUNDED:
        return
    if not letters.isascii() and han.has_han(letters):
        ways = () if KANA.search(letters) else hanja.readings(letters)[:MAX_READINGS]
    else:
        ways = (letters,)
        consonants = skeleton.strip(letters)
        if len(consonants) >= SHORTEST_SKELETON:
            _add(found, "c:" + consonants, shown, "sound")
        for said in spoken.spelled_out(part):
            _add(found, "h:" + said, shown, "spelled")
    for way in ways:
        sound = folded.fold_letters(way)
        if len(sound) >= SHORTEST_SOUND:
            _add(found, "r:" + sound, shown, "sound")


def _add_person(found: Found, name: str) -> None:
    """Add the keys of a person's name: in pinyin, and with a surname that stands last put first."""
    shown = name[:MAX_TEXT]
    if len(name) > MAX_SOUNDED:
        return
    if name.isascii() and " " in name:
        words = name.split()
        if len(words) <= roman.MOST_WORDS and words[-1].casefold() in roman.SURNAME_WORDS:
            sound = folded.fold_letters(clean.letters("".join((words[-1], *words[:-1]))))
            _add(found, "r:" + sound, shown, "sound")
    elif name.isascii():
        return
    for spelt in pinyin.pinyin_keys(name):
        _add(found, "p:" + spelt, shown, "pinyin")


def _add(found: Found, key: str, text: str, why: str) -> None:
    found.setdefault(key if len(key) <= clean.MAX_KEY else clean.shorten(key), (text, why))


def _keys(found: Found) -> list[Key]:
    return [Key(key, text, why) for key, (text, why) in found.items()]


def _sign_keys(text: str) -> list[Key]:
    """The one key of a text without letters: its signs, or the code points of what shows nothing; [] for a blank."""
    tidied = clean.tidy(text)
    name = brackets.unwrap(tidied) or tidied
    if not name:
        if not text.strip():
            return []
        name = clean.spell_out(text)
    return [Key(clean.shorten("s:" + name.casefold()), name[:MAX_TEXT], "same")]
