"""A sheet of a workbook becomes a file of lines: the reader works in child processes, and only after a scan (see scan.py)."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from portal.files import scan, sheet_reader
from portal.files.copies import DiskIsFull
from portal.lib.errors import DomainError

WALL_SECONDS: Final = 600
POLL_SECONDS: Final = 0.5  # far below the shortest lease

log = logging.getLogger(__name__)


class SheetCannotBeRead(DomainError):
    code = "sheet-cannot-be-read"
    sentence = _("The spreadsheet cannot be opened.")
    remedy = _("Open it in a spreadsheet program, save it as .xlsx and upload it again.")


class SheetsAreSeveral(DomainError):
    code = "sheets-are-several"
    sentence = _(
        "The workbook has more than one sheet with something on it: also %(sheets)s. Nothing was taken from it."
    )
    remedy = _("Upload a workbook for each sheet that is a statement, with that sheet alone.")


class SheetIsMissing(DomainError):
    code = "sheet-is-missing"
    sentence = _("The workbook has no sheet “%(sheet)s”. It has these: %(sheets)s.")
    remedy = _("Give the sheet that is to be read this name and upload the workbook again.")


class SheetGoesTooFar(DomainError):
    code = "sheet-goes-too-far"
    sentence = _(
        "Cell %(cell)s of the spreadsheet lies beyond row %(row)s or column %(column)s, further than can be read."
    )
    remedy = _("Delete what stands there, even if it looks empty, save the workbook and upload it again.")


class SheetHoldsTooMuch(DomainError):
    code = "sheet-holds-too-much"
    sentence = _("The spreadsheet would unpack to more than can be read (%(part)s).")
    remedy = _("Split it into several files, or ask whoever sent it for a CSV file.")


class CellIsTooLong(DomainError):
    code = "cell-is-too-long"
    sentence = _("A cell of the spreadsheet holds more text than a spreadsheet program lets in.")
    remedy = _("Open it in a spreadsheet program, shorten the cell, save it as .xlsx and upload it again.")


class StringsAreTooMany(DomainError):
    code = "strings-are-too-many"
    sentence = _("The spreadsheet holds more than %(most)s different texts, more than can be read.")
    remedy = _("Split it into several files, or ask whoever sent it for a CSV file.")


class SheetDeclaresEntities(DomainError):
    code = "sheet-declares-entities"
    sentence = _("The spreadsheet declares abbreviations of its own (a DTD), which no spreadsheet program writes.")
    remedy = _("Do not open it. Ask whoever sent it for a fresh copy.")


class SheetHasFormulas(DomainError):
    code = "sheet-has-formulas"
    sentence = _("Cells of the spreadsheet are formulas, whose results cannot be trusted unseen: %(cells)s.")
    remedy = _("Copy everything, paste it as values only, save the workbook and upload it again.")


class SheetHasErrors(DomainError):
    code = "sheet-has-errors"
    sentence = _("Cells of the spreadsheet show an error in place of a value, such as #N/A: %(cells)s.")
    remedy = _("Put the right values there, save the workbook and upload it again.")


class ReadersDisagree(DomainError):
    code = "readers-disagree"
    sentence = _(
        "Two ways of reading the spreadsheet did not find the same numbers in column %(column)s: %(in_file)s in the file, %(as_read)s as read."
        " Nothing was taken from it."
    )
    remedy = _("Ask whoever sent it for a CSV file, and tell the people who run the portal.")


class SheetTookTooMuch(DomainError):
    code = "sheet-took-too-much"
    sentence = _("Reading the spreadsheet took more memory or time than one may take, and was ended.")
    remedy = _("Split it into several files, or ask whoever sent it for a CSV file.")


REFUSALS: Final[dict[str, type[DomainError]]] = {
    error.code: error
    for error in (
        SheetCannotBeRead,
        SheetsAreSeveral,
        SheetIsMissing,
        SheetGoesTooFar,
        SheetHoldsTooMuch,
        CellIsTooLong,
        StringsAreTooMany,
        SheetDeclaresEntities,
        SheetHasFormulas,
        SheetHasErrors,
        ReadersDisagree,
        SheetTookTooMuch,
        DiskIsFull,
    )
}


@dataclass(frozen=True)
class SpooledSheet:
    """What was read. `rows` is the number of the last filled row, and so the number of lines written."""

    sheet: str
    rows: int

    @property
    def is_full(self) -> bool:
        """It ends where a sheet ends: what came after it was probably cut off when it was saved."""
        return self.rows >= scan.LAST_ROW


def spool_sheet(
    source: Path, target: Path, *, keep: Callable[[], None], sheet: str = "", with_dates: bool = False
) -> SpooledSheet:
    """Write the rows of a sheet to `target`, a JSON list of texts on each line, in child processes with limits.

    `sheet` names the one to read; without it the first is read, and nothing may stand on others that a person sees. The first
    filled row decides the width of the rows; wider ones are given whole, a blank one is []. `with_dates`: a row with dates is
    {"cells": [texts], "dates": [places from 0]} instead. `keep` is called while the children work. Whatever ends one early is
    a file that is refused: raises a class of REFUSALS and leaves nothing.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-E", "-s", "-m", sheet_reader.__name__, str(source), str(target), sheet]
    command += [sheet_reader.WITH_DATES] if with_dates else []
    until = monotonic() + WALL_SECONDS
    try:
        with subprocess.Popen(
            command, cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as child:
            try:
                said, complaint = _wait_for(child, until, keep)
            finally:
                child.kill()
        if child.returncode not in {0, sheet_reader.REFUSED}:
            log.warning("the reader of %s ended with %s: %s", source.name, child.returncode, complaint[-500:])
            raise SheetTookTooMuch
        answer = json.loads(said)
        if child.returncode == sheet_reader.REFUSED:
            log.info("the reader of %s refused it: %s %s", source.name, answer, complaint[-500:])
            raise REFUSALS[answer["code"]](**answer["params"])
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    finally:
        for name in sheet_reader.SLICE_NAMES:
            target.with_suffix(name).unlink(missing_ok=True)
    return SpooledSheet(**answer)


def _wait_for(child: subprocess.Popen[bytes], until: float, keep: Callable[[], None]) -> tuple[bytes, bytes]:
    """What the child wrote on stdout and stderr. Raises SheetTookTooMuch when it takes too long."""
    while True:
        try:
            return child.communicate(timeout=POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if monotonic() > until:
                raise SheetTookTooMuch from None
            keep()
