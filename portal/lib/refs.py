"""Public references (W-7F3K2M9QAB): what stands in URLs and letters instead of primary keys."""

from __future__ import annotations

import secrets
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U to misread
DIGITS: Final = 10  # 50 bits: a million works collide with a chance below 1 in 2,000, and the database refuses a twin
DIGIT_OF_BYTE: Final = (ALPHABET * 8).encode()  # each digit for eight of the 256


def new_ref(prefix: str) -> str:
    """A fresh reference such as "W-7F3K2M9QAB"; unguessable, but never a substitute for asking access.py."""
    return f"{prefix}-{secrets.token_bytes(DIGITS).translate(DIGIT_OF_BYTE).decode()}"
