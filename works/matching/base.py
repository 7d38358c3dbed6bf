"""What is asked of the matcher and what it answers. Royalties knows songs and money, the matcher only works."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

Outcome = Literal["accepted", "review", "none"]
Method = Literal["isrc", "iswc", "name", "ipi", "title", "none"]


@dataclass(frozen=True)
class SongQuery:
    """A song as reported. `key` is the asker's own, returned in the decision; artists are one joined text."""

    key: str
    title: str
    artists: str
    isrc: str = ""
    iswc: str = ""
    ipis: tuple[str, ...] = ()
    album: str = ""
    duration_seconds: int | None = None


@dataclass(frozen=True)
class Candidate:
    """A work the song may be, with the facts that speak for and against it (works.matching.explain puts them in words)."""

    work_id: int
    probability_permille: int
    evidence: dict[str, Any]


@dataclass(frozen=True)
class Decision:
    """works: the parts of an accepted song. candidates: the works of an accepted song, or those to review, best first."""

    key: str
    outcome: Outcome
    method: Method
    probability_permille: int
    works: tuple[tuple[int, Fraction], ...] = ()
    candidates: tuple[Candidate, ...] = ()
    evidence: dict[str, Any] = field(default_factory=dict)
