"""A disk without room. It passes when somebody makes room, so it is no fault of whatever was being written."""

from __future__ import annotations

import errno
from typing import Final

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_full(error: BaseException) -> bool:
    """Does the system say that there is no room, or none for this user?"""
    return isinstance(error, OSError) and error.errno in NO_ROOM
