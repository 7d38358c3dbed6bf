"""What every command of ours does alike: it speaks English, as Django's own do, and says a foreseen failure as a sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NoReturn

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext_lazy as _

from portal.lib.errors import DomainError


class FileCannotBeOpened(DomainError):
    code = "file-cannot-be-opened"
    sentence = _("“%(path)s” cannot be opened: %(reason)s.")
    remedy = _("Check the name and that you may read the file.")


@contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file somebody named. Raises FileCannotBeOpened."""
    try:
        stream = path.open("rb")
    except OSError as error:
        raise FileCannotBeOpened(path=path, reason=error.strerror) from error
    with stream:
        yield stream


def fail(command: BaseCommand, code: str, message: str, *, as_json: bool) -> NoReturn:
    """End a command with status 1; with `as_json` its last line is an object with error and message."""
    if as_json:
        command.stdout.write(json.dumps({"error": code, "message": message}, ensure_ascii=False))
    raise CommandError(message)
