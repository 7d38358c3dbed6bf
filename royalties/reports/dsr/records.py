"""The records of DDEX DSR flat files, by their versions: which cells they have, what these mean, and what may stand in them.

Facts of the standard are in cells.csv (a cell a line; `mandatory` is M, O, or C where a rule decides; `*` may hold several values) and
profiles.csv (which records a profile has). Source: the XSDs of the profiles, and part 8 version 1.4 for the current record versions.
A record is read by its own version and never by the profile. Imports nothing of Django: the reader is a program of its own.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

HERE: Final = Path(__file__).parent
OLD_NAMES: Final = {"FHEA": "HEAD", "FFOO": "FOOT"}
WITHOUT_POINT: Final = re.compile(r"([A-Z]{2}\d{2})(\d{2})")  # RE0101, as some XSDs have it
NAME: Final = re.compile(r"[A-Z]{2}\d{2}(\.\d{2})?|HEAD|FOOT|SRFO")
PROFILE_READ: Final = {
    "basicaudioprofile": "dsr-audio",
    "ugcprofile": "dsr-ugc",
    "royaltyreportingprofile": "dsr-royalty",
}  # profile → family of the report
OTHER_FAMILY: Final = "dsr"

# Kinds of records of other profiles: they are counted and named. Those that say how often something was used cost their line.
NAMED_ONLY: Final = {
    "RE03": "releases of audio-visual works", "RE04": "releases of audio-visual works", "AS03": "audio-visual works", "AS04": "other resources",
    "AS05": "programmes", "AS06": "programmes", "CU01": "cues", "CU02": "cues", "ML01": "links of a master list", "LC01": "licensors’ claims",
    "RC01": "rights controllers", "ST01": "usages by sub-transaction", "DE01": "deductions", "SY06": "summaries of audio-visual use",
    "SY08": "summaries of broadcasts", "SY10": "summaries of finances", "SY11": "summaries of a master list",
    "SU04": "usages of audio-visual works", "SU05": "broadcasts", "SU06": "broadcasts", "SR04": "usages of audio-visual works",
    "SR05": "usages of audio-visual works", "SR07": "lines of a master list", "SR08": "finances of record companies",
}  # fmt: skip
USAGE_KINDS: Final = ("SU", "RU", "SR")

# What the cells of a kind of record mean: of several names a version has one.
MEANINGS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "HEAD": {},
    "SY": {
        "id": ("SummaryRecordId",),
        "model": ("CommercialModel", "CommercialModelType"),
        "use": ("UseType",),
        "territory": ("Territory",),
        "service": ("ServiceDescription",),
        "usages": ("Usages", "TotalUsages"),
        "currency": ("CurrencyOfReporting", "Currency"),
        "revenue": ("NetRevenue",),
        "controller": ("RightsController",),
    },
    "RE": {
        "ref": ("ReleaseReference",),
        "id": ("DspReleaseId", "DspSubReleaseId"),
        "artist": ("DisplayArtistName", "ReleaseDisplayArtistName"),
        "title": ("Title", "ReleaseTitle"),
        "subtitle": ("SubTitle", "ReleaseSubTitle"),
        "resources": ("UsedResources",),
    },
    "AS": {
        "ref": ("ResourceReference",),
        "id": ("DspResourceId",),
        "isrc": ("ISRC", "ResourceISRC"),
        "title": ("Title", "ResourceTitle"),
        "subtitle": ("SubTitle", "ResourceSubTitle"),
        "artist": ("DisplayArtistName", "ResourceDisplayArtistName"),
        "duration": ("Duration", "ResourceDuration"),
        "iswc": ("ISWC", "MusicalWorkISWC"),
        "writers": ("ComposerAuthor", "MusicalWorkComposerAuthorName"),
    },
    "MW": {
        "ref": ("ResourceReference",),
        "iswc": ("ISWC", "MusicalWorkISWC"),
        "title": ("Title", "MusicalWorkTitle"),
        "writers": ("ComposerAuthor", "MusicalWorkComposerAuthorName"),
    },
    "SU": {
        "summary": ("SummaryRecordId",),
        "release": ("TransactedRelease", "TransactedReleaseReference"),
        "resource": ("TransactedResource", "TransactedResourceReference", "ParentResourceReference"),
        "id": ("DspResourceId", "DspReleaseId"),
        "uses": ("Usages", "NumberOfStreams"),
        "returns": ("Returns",),
        "start": ("ValidityPeriodStart",),
        "use": ("UseType",),
        "transaction": ("SalesTransactionId",),
    },
    "LI": {
        "summary": ("SummaryRecordId",),
        "transaction": ("ParentSalesTransactionId",),
        "controller": ("RightsController", "RightsControllerName"),
        "controller_id": ("RightsControllerPartyId",),
        "amount": ("AllocatedAmount",),
    },
    "SR": {
        "summary": ("SummaryRecordId",),
        "id": ("DspResourceId",),
        "isrc": ("ISRC",),
        "title": ("ResourceTitle",),
        "subtitle": ("ResourceSubTitle",),
        "artist": ("ResourceDisplayArtistName",),
        "duration": ("Duration",),
        "work_title": ("WorkTitle", "MusicalWorkTitle"),
        "iswc": ("ISWC",),
        "writers": ("ComposerAuthor", "ComposerAuthorName"),
        "album": ("ReleaseTitle",),
        "uses": ("NumberOfStreams", "Downloads", "Usages"),
        "returns": ("Returns",),
        "start": ("ValidityPeriodStart",),
        "use": ("UseType",),
        "controller": ("RightsController", "RightsControllerName"),
        "controller_id": ("RightsControllerPartyId",),
        "amount": ("AllocatedAmount",),
    },
    "FOOT": {},
}
MEANINGS["RU"] = {
    meaning: names for meaning, names in MEANINGS["SU"].items() if meaning != "id"
}  # its ids are of releases
MEANINGS["SRFO"] = MEANINGS["FOOT"]

PATTERNS: Final = {
    "integer": r"-?\d+",
    "decimal": r"[+-]?(\d+(\.\d*)?|\.\d+)",
    "boolean": "true|false|0|1",
    "date": r"\d{4}(-\d{2}(-\d{2})?)?",
    "datetime": r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})?",
    "duration": r"P(?=.)(\d+Y)?(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?",
    "isrc": r"[A-Za-z]{2}[A-Za-z0-9]{3}\d{7}",
    "iswc": r"T\d{10}",
    "icpn": r"\d{12,14}",
    "party": r"PADPIDA[a-zA-Z0-9]+",
    "id": r".*::.*",
}
ESCAPED: Final = re.compile(r"\\([|\\])")
PARTS: Final = re.compile(r"(?:[^|\\]|\\.|\\$)*", re.DOTALL)  # a value, with what is escaped in it


class Cell(NamedTuple):
    name: str
    mandatory: bool
    multi: bool
    type: str


class Check(NamedTuple):
    """What must stand in a cell, if anything does."""

    at: int
    name: str
    type: str
    multi: bool
    fits: Callable[[str], object]


@dataclass(frozen=True)
class Record:
    """A version of a record. `at`: meaning → index of its cell. `needed`: cells that may not be blank."""

    name: str
    kind: str
    cells: tuple[Cell, ...]
    at: dict[str, int]
    checks: tuple[Check, ...]
    needed: tuple[int, ...]

    @property
    def width(self) -> int:
        return len(self.cells)


@dataclass(frozen=True)
class Profile:
    name: str
    version: str
    is_read: bool
    records: frozenset[str]


@cache
def records() -> dict[str, Record]:
    """Name of a record, as the standard writes it → what it is."""
    found: dict[str, list[Cell]] = {}
    with (HERE / "cells.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            cell = Cell(row["name"], row["mandatory"] == "M", row["multi"] == "*", row["type"])
            found.setdefault(row["record"], []).append(cell)
    return {name: _record(name, tuple(cells)) for name, cells in found.items()}


@cache
def profiles() -> list[Profile]:
    with (HERE / "profiles.csv").open(encoding="utf-8", newline="") as file:
        return [
            Profile(row["profile"], row["version"], row["read"] == "yes", frozenset(row["records"].split()))
            for row in csv.DictReader(file)
        ]


def kind_of(name: str) -> str:
    """HEAD, FOOT and SRFO are kinds of their own; of the others the first two letters are."""
    return name if name in {"HEAD", "FOOT", "SRFO"} else name[:2]


def standard_name(written: str) -> str:
    """The name of a record as the standard writes it: SY0201 is SY02.01, FHEA is HEAD."""
    name = written.strip().upper()
    without_point = WITHOUT_POINT.fullmatch(name)
    return f"{without_point[1]}.{without_point[2]}" if without_point else OLD_NAMES.get(name, name)


def family_of(profile: str) -> str:
    """The family of reports that a profile is; nothing for one that is known and not read. SRB: in single records."""
    name = profile.strip().casefold().removesuffix("srb")
    if name in PROFILE_READ:
        return PROFILE_READ[name]
    known = {item.name.casefold().removesuffix("srb") for item in profiles()}
    return "" if name in known else OTHER_FAMILY


def records_of(profile: str, version: str) -> frozenset[str]:
    """The records that a version of a profile has; none if there is no such version."""
    name = profile.strip().casefold().removesuffix("srb")
    for item in profiles():
        if (item.name.casefold().removesuffix("srb"), item.version) == (name, version.strip()):
            return item.records
    return frozenset()


def plain(cell: str) -> str:
    r"""The text of a cell: \| is a bar and \\ a backslash; any other backslash stands for itself."""
    return ESCAPED.sub(r"\1", cell) if "\\" in cell else cell


def values(cell: str) -> list[str]:
    r"""The values of a cell, parted by bars that no backslash stands before.

    >>> values(r"a|b\|c||d\\")
    ['a', 'b|c', '', 'd\\']
    """
    if "\\" not in cell:
        return cell.split("|")
    found, start = [], 0
    while True:
        value = PARTS.match(cell, start)
        end = value.end() if value else start
        found.append(plain(cell[start:end]))
        if end >= len(cell):
            return found
        start = end + 1


def _record(name: str, cells: tuple[Cell, ...]) -> Record:
    kind = kind_of(name)
    places = {cell.name: at for at, cell in enumerate(cells)}
    at = {
        meaning: next(places[written] for written in names if written in places)
        for meaning, names in MEANINGS[kind].items()
        if any(written in places for written in names)
    }
    checks = tuple(
        Check(place, cell.name, cell.type, cell.multi, re.compile(PATTERNS[cell.type], re.ASCII).fullmatch)
        for place, cell in enumerate(cells)
        if cell.type in PATTERNS
    )
    return Record(name, kind, cells, at, checks, tuple(place for place, cell in enumerate(cells) if cell.mandatory))
