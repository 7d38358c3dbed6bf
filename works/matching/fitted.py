"""The frozen result of `manage.py fit_matching`: weights, thresholds, what they were fitted on, and what they reached there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).with_name("fitted.json")


@dataclass(frozen=True)
class Fitted:
    """facts: weights of a candidate's own facts (score.py). with_meaning, without_meaning: weights beside its rivals
    (rivals.py). review, accept: the probabilities from which a song is shown to a person, and is accepted. accept_translation: the
    same for a title that only means the same. exact: how often a work that alone has the title and the performer letter by
    letter is the right one.
    """

    facts: Mapping[str, float]
    with_meaning: Mapping[str, float]
    without_meaning: Mapping[str, float]
    review: float
    accept: float
    accept_translation: float
    exact: float
    about: Mapping[str, Any]


@lru_cache(maxsize=1)
def fitted() -> Fitted:
    return Fitted(**json.loads(FILE.read_text(encoding="utf-8")))
