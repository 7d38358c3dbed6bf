"""The exact keys of titles and names, remembered: a report names the same artist thousands of times."""

from __future__ import annotations

from works.names.keys import Key, performer_keys, title_keys, written_performer_keys, written_title_keys
from works.names.remembered import OBJECTS, remembered


@remembered(OBJECTS)
def keys_of_title(text: str) -> tuple[Key, ...]:
    return tuple(title_keys(text))


@remembered(OBJECTS)
def keys_of_name(text: str) -> tuple[Key, ...]:
    """For performers, writers and publishers alike."""
    return tuple(performer_keys(text))


def written_keys_of_title(text: str) -> list[str]:
    """Those that stand for the letters as written."""
    return written_title_keys(text)


@remembered(OBJECTS)
def written_keys_of_name(text: str) -> tuple[str, ...]:
    return tuple(written_performer_keys(text))
