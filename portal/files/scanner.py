"""A virus scanner, where one is set (UPLOAD_SCANNER): every file passes it before it is stored.

The scanner is a program that reads the file on its standard input and says by its exit status what it found, as
`clamdscan --no-summary -` does: 0 is clean, 1 is harmful, anything else means that it could not look. Whatever is not
clean is not let in: a scanner that is absent, hangs or fails refuses uploads, and says so.
"""

from __future__ import annotations

import logging
import shlex
import subprocess
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from portal.lib.errors import DomainError, Passing

CLEAN, HARMFUL = 0, 1
SAID_CHARACTERS: Final = 500

log = logging.getLogger(__name__)


class FileIsHarmful(DomainError):
    code = "file-is-harmful"
    sentence = _("The virus scanner found something harmful in “%(label)s”, so it was not stored.")
    remedy = _("Do not open it. Tell whoever sent it, and ask them for a clean copy.")


class FileWasNotScanned(Passing):
    code = "file-was-not-scanned"
    sentence = _("“%(label)s” could not be looked at by the virus scanner, so it was not stored.")
    remedy = _("Try again in a few minutes; if that does not help, tell the society that the scanner does not work.")


def scan_file(path: Path, *, label: str) -> None:
    """Raise FileIsHarmful or FileWasNotScanned, unless no scanner is set or it finds nothing."""
    if not settings.UPLOAD_SCANNER:
        return
    try:
        with path.open("rb") as file:
            done = subprocess.run(
                shlex.split(settings.UPLOAD_SCANNER),
                stdin=file,
                capture_output=True,
                timeout=settings.UPLOAD_SCANNER_SECONDS,
                check=False,
            )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        log.error("the virus scanner could not look at %s: %s", path.name, error)
        raise FileWasNotScanned(label=label) from error
    said = (done.stdout + done.stderr).decode(errors="backslashreplace")[-SAID_CHARACTERS:]
    if done.returncode == HARMFUL:
        log.warning("the virus scanner found something in %s: %s", path.name, said)
        raise FileIsHarmful(label=label)
    if done.returncode != CLEAN:
        log.error("the virus scanner could not look at %s and ended with %s: %s", path.name, done.returncode, said)
        raise FileWasNotScanned(label=label)
