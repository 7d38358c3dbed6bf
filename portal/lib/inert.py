"""Texts that no spreadsheet program takes for a formula, and the way back, so that what was sent out comes in again exactly.

A cell that begins with = + - @ (or their full-width forms, a tab or a line end) gets an apostrophe in front in a CSV file.
A text that begins with apostrophes and then such a sign gets one more, wherever it is written: so whoever reads can take
one away, and 'Cause stays 'Cause.
"""

from __future__ import annotations

import re
from typing import Final

SIGNS: Final = "=+\\-@\\t\\r\\n＝＋－＠"
NEEDS_APOSTROPHE: Final = re.compile(f"'*[{SIGNS}]")
HAS_APOSTROPHE: Final = re.compile(f"'+[{SIGNS}]")


def write_inert(text: str, *, is_text_cell: bool = False) -> str:
    """As it may stand in a file. `is_text_cell`: the cell is written as a text (in XLSX), which is no formula by itself."""
    pattern = HAS_APOSTROPHE if is_text_cell else NEEDS_APOSTROPHE
    return f"'{text}" if pattern.match(text) else text


def read_inert(text: str) -> str:
    """What write_inert was given.

    >>> read_inert("'=SUM"), read_inert("''=SUM"), read_inert("'Cause"), read_inert("=SUM")
    ('=SUM', "'=SUM", "'Cause", '=SUM')
    """
    return text[1:] if HAS_APOSTROPHE.match(text) else text
