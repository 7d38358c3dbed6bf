"""Why a song was taken for a work, in words: the matcher's evidence is data, people read sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

METHODS: Final[dict[str, Promise]] = {
    "isrc": _("by ISRC"),
    "iswc": _("by ISWC"),
    "name": _("by title and performer"),
    "staff": _("by staff"),
    "case": _("by the end of a case"),
}


def method_in_words(method: str) -> str:
    return str(METHODS.get(method, method))


def sentences(evidence: Mapping[str, Any]) -> list[str]:
    """What speaks for or against a candidate, one sentence a fact; facts without words yet are left out."""
    return []
