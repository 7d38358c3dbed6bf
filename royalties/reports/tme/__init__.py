"""The statements of Tencent Music: which family a file is of, by its headers in Chinese or English.

One header means different things in two families, so columns are looked up by family and header, never by header alone. No
real statement of works is public: the headers are those that an importer of recording statements reads (standards.md 9).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from royalties.reports.base import FileIsIgnored, HeadersOfTwoFamilies, Layout, header_key
from royalties.reports.tme import aiting, guarantee, k, mv, single, song
from royalties.reports.tme.family import NOT_CHINA, PLATFORMS, Family

__all__ = ["FAMILIES", "NOT_CHINA", "PLATFORMS", "recognise"]

FAMILIES: Final[tuple[Family, ...]] = (song.FAMILY, k.FAMILY, single.FAMILY, aiting.FAMILY, mv.FAMILY)
HINTS: Final = {header_key(aiting.PLATFORM_ID): aiting.FAMILY}  # a column that may stand in any raw download

# Files of the same sender that hold no songs, by how their names begin or what stands in them (standards.md 9.1).
IGNORED_BEGINNINGS: Final = ("bill",)
IGNORED_ANYWHERE: Final = ("数专", "digital_album", "音乐汇总单", "合同收入")


def recognise(headers: Sequence[str], *names: str) -> Layout:
    """Where the columns of a file stand, from its header; its names (file, sheet) help only where the headers leave it open.

    Raises HeaderNotRecognised, CountsAreNotApart, HeaderIsAmbiguous, HeadersOfTwoFamilies, and FileIsIgnored by name.
    """
    keys = [header_key(name) for name in names]
    for name, key in zip(names, keys, strict=True):
        ignored = [mark for mark in IGNORED_BEGINNINGS if key.startswith(mark)]
        ignored += [mark for mark in IGNORED_ANYWHERE if mark in key]
        if ignored:
            raise FileIsIgnored(label=name, kind=ignored[0])
    told = {family.code: (family, family.telling(headers)) for family in FAMILIES}
    found = [(family, telling) for family, telling in told.values() if telling]
    if len(found) > 1:
        (_, first), (_, second) = found[:2]
        raise HeadersOfTwoFamilies(first=first[0], second=second[0])
    if found:
        return found[0][0].layout(headers)
    if guarantee.is_one(headers, keys):
        return guarantee.layout(headers)
    return _hinted(headers, keys).layout(headers)


def _hinted(headers: Sequence[str], names: Sequence[str]) -> Family:
    """The family of a file whose headers tell none: by a column, or by its name, or songs."""
    for header in headers:
        if header_key(header) in HINTS:
            return HINTS[header_key(header)]
    for name in names:
        for family in FAMILIES:
            if name.startswith(family.beginnings):
                return family
    return song.FAMILY
