"""The body of a request, as long as its header Content-Length says it is.

When a connection breaks, gunicorn and Django give what has arrived as if that were all: a form whose file is cut short, or a
beginning of JSON that is valid itself. The only place that knows better is the one that counts the bytes.
"""

from __future__ import annotations

from io import RawIOBase
from typing import BinaryIO

from django.utils.translation import gettext_lazy as _

from portal.lib.errors import DomainError


class BodyCutOff(DomainError):
    code = "body-cut-off"
    sentence = _("The request was cut off on its way: of %(promised)s bytes, %(arrived)s arrived. Nothing was stored.")
    remedy = _("Check the connection and send it again.")


class WholeBody(RawIOBase):
    """Reads `stream`, and raises BodyCutOff where it ends before `promised` bytes."""

    def __init__(self, stream: BinaryIO, *, promised: int) -> None:
        self.stream = stream
        self.promised = promised
        self.arrived = 0
        self.is_cut_off = False

    def read(self, size: int | None = -1, /) -> bytes:
        asked = self._room(size)
        try:
            data = self.stream.read(asked)
        except OSError as error:  # the connection is gone
            raise self._cut_off() from error
        self.arrived += len(data)
        if len(data) < asked:
            raise self._cut_off()
        return data

    def readline(self, size: int | None = -1, /) -> bytes:
        asked = self._room(size)
        try:
            line = self.stream.readline(asked)
        except OSError as error:
            raise self._cut_off() from error
        self.arrived += len(line)
        if len(line) < asked and not line.endswith(b"\n"):
            raise self._cut_off()
        return line

    def _room(self, size: int | None) -> int:
        """How many bytes a call gets, unless the stream ends before its time."""
        left = self.promised - self.arrived
        return left if size is None or size < 0 else min(size, left)

    def _cut_off(self) -> BodyCutOff:
        self.is_cut_off = True
        return BodyCutOff(promised=self.promised, arrived=self.arrived)
