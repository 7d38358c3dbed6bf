"""Django has no thousand separator for Simplified Chinese and groups by four; statements are read in thousands."""

from __future__ import annotations

THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
