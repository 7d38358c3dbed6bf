"""Finding by a piece of a text as people type it: part of a word, initials (초성), Hangul on English keys, any Chinese script.

One place for pages, API and the rooms above: rows_with(...) gives the numbers of the rows to look among, from an index over
every one and two letters in a row (garak_pairs, in the migration); how texts are compared stands there too.
"""

from __future__ import annotations

from typing import Final

from django.db.models.expressions import RawSQL

from works.keyboard import typed_in_english
from works.names import clean, han

MOST_LETTERS: Final = 100
NEEDLE: Final = "garak_letters(%s)"


def rows_with(
    table: str, column: str, words: str, text: str, *, searched: str | None = None, only: str = "true"
) -> RawSQL:
    """The values of `column` of the table's rows whose `words` (an SQL expression) hold the text, however it is written.

    `searched`: where garak_searched(words) is stored, if it is; `only`: a further condition. A text without letters
    finds nothing. The names are ours, never a visitor's.
    """
    needles = ways_to_write(text)
    searched = searched or f"garak_searched({words})"
    found = (
        f"SELECT {column} FROM {table} WHERE {only} AND garak_pairs({searched}) @> garak_pairs({NEEDLE})"  # noqa: S608 our names
        f" AND {NEEDLE} <> '' AND {searched} LIKE '%%' || {NEEDLE} || '%%'"
    )
    statement = " UNION ".join([found] * len(needles)) or f"SELECT {column} FROM {table} WHERE false"  # noqa: S608
    return RawSQL(statement, [needle for needle in needles for _place in range(3)])  # noqa: S611 values are parameters


def ways_to_write(text: str) -> tuple[str, ...]:
    """The text, and what else its letters may stand for: the other Chinese script, the Hangul of the same keys.

    >>> ways_to_write("whgdms skf")
    ('whgdms skf', '좋은 날')
    """
    wanted = " ".join(text.replace("\0", " ").split())[:MOST_LETTERS]
    ways = [wanted]
    if han.has_han(wanted):
        ways += [han.to_simplified(wanted), _traditional(wanted)]
    if wanted.isascii():
        ways.append(typed_in_english(wanted))
    return tuple(dict.fromkeys(way for way in ways if clean.letters(clean.tidy(way))))


def _traditional(text: str) -> str:
    """Each character in the traditional form it stands for most often."""
    forms = han.traditional_forms()
    return "".join(forms.get(letter, (letter,))[0] for letter in text)
