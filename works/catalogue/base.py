"""What every catalogue format is read into, and the sentences that say what is wrong with a row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, ClassVar, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.files import sheets
from portal.lib.errors import DomainError

WRITER_ROLES: Final = frozenset({"C", "A", "CA", "AR", "AD", "SR", "SA", "TR"})
PUBLISHER_ROLES: Final = frozenset({"E", "SE", "AM"})
NON_MEMBER: Final = "NM"
PUBLIC_DOMAIN: Final = "PD"
POISON: Final = "our-failure"  # the code of a work that ends every worker who takes it
SHEET: Final = "catalogue"  # what the template calls its sheet; of a workbook that has it, no other is looked at


# What a problem code means to a person: what, why, what to do. Placeholders: `value` is the cell, `column` its heading;
# the others are the problem's own params.
ERRORS: Final[Mapping[str, str | Promise]] = {
    "row-unreadable": _(
        "This row cannot be taken apart: a quotation mark is not closed, or stands inside a cell. "
        "Correct the quotation marks."
    ),
    "row-too-long": _(
        "This row is longer than any row of a catalogue: a line end is missing, or it is no row at all. Correct the row."
    ),
    "too-many-cells": _(
        "This row has %(cells)s cells, but the heading names %(columns)s. "
        "Put quotation marks around a cell that holds a comma."
    ),
    "digits-lost": _(
        "Excel has taken the number in %(column)s for an amount and shortened it to “%(value)s”. Format the column as "
        "text, then write the number again."
    ),
    "text-is-a-date": _(
        "Excel has turned the text in %(column)s into a date or a time: “%(value)s”. Format the column as text, then "
        "write it again."
    ),
    "value-missing": _("The column %(column)s is empty, but every work needs it. Fill it in."),
    "too-long": _("The text in %(column)s is longer than %(limit)s characters. Shorten it."),
    "unprintable": _("The text in %(column)s holds characters that cannot be printed. Type it again."),
    "differs-within-work": _(
        "The rows of this work do not agree: %(column)s is “%(value)s” here and “%(first)s” in row %(first_row)s. "
        "Write the same in both, or leave it empty here."
    ),
    "work-has-errors": _(
        "Nothing is wrong with this row itself, but the work is not registered until all its rows are right. "
        "Mend row %(rows)s."
    ),
    "role-unknown": _("“%(value)s” is not a role. Use one of %(roles)s."),
    "share-missing": _("The party has no share. Fill in performing_share or mechanical_share; write 0 for no share."),
    "share-unreadable": _(
        "“%(value)s” is not a share. Write a fraction such as 5/12, or an exact percentage with its sign, "
        "such as 41.5%%."
    ),
    "share-is-a-date": _(
        "Excel has turned this share into a date: “%(value)s”. Format the column as text, then write the share again, "
        "such as 5/12."
    ),
    "share-is-a-number": _(
        "“%(value)s” is a number, and nobody can tell whether it is a percentage or a part of one. Format the column as "
        "text, then write the share as a fraction such as 5/12, or with its sign, such as 41.5%%."
    ),
    "sum-over-whole": _(
        "The shares in %(column)s add up to %(total)s of the work, which is more than the whole. Correct the shares."
    ),
    "party-twice": _(
        "“%(value)s” already stands in row %(first_row)s with the same role. Put its whole share into one row."
    ),
    "party-ambiguous": _(
        "Your works know more than one “%(value)s”. Add the IPI name number, so that the right one is paid."
    ),
    "iswc-malformed": _(
        "“%(value)s” is not an ISWC. It is T and ten digits, such as T-034.524.680-1. Correct it, or leave it empty."
    ),
    "iswc-differs": _(
        "This work is registered with the ISWC %(registered)s. Correct the ISWC, or give the other work its own "
        "number in work_ref."
    ),
    "iswc-of-another-work": _(
        "The ISWC “%(value)s” belongs to another work, “%(title)s”. Correct the ISWC or the number in work_ref."
    ),
    "isrc-malformed": _(
        "“%(value)s” is not an ISRC. It has twelve characters, such as KRA012600001. Correct it, or leave it empty."
    ),
    "ipi-malformed": _("“%(value)s” is not an IPI name number. It has eleven digits. Correct it, or leave it empty."),
    "publisher-of-nobody": _(
        "No writer of this work is called “%(value)s”. Write the name of the writer as it stands in the column party."
    ),
    "publisher-of-by-writer": _(
        "Only a publisher's row names a writer in publisher_of. Leave it empty, or correct the role."
    ),
    "territory-unknown": _(
        "“%(value)s” is not a territory. Use a TIS code such as 410, or leave it empty for the world."
    ),
    "duration-malformed": _(
        "“%(value)s” is not how long a recording lasts. Write minutes and seconds such as 3:45, in a column formatted as text."
    ),
    "recording-missing": _(
        "“%(value)s” belongs to a recording, and none stands in this row or above it. Write its performer or its ISRC."
    ),
    "date-malformed": _("“%(value)s” is not a date. Write it as 2026-03-01."),
    "share-conflict": _(
        "This share does not fit beside the shares that are registered: the sum would exceed the whole, or the party's "
        "share would change. What is registered stays, and your claim is kept for a case."
    ),
    POISON: _(
        "Our program failed on this work, so it is not registered. Nothing has to be wrong with the row: we have been told, "
        "and you can send it again when we have mended the program."
    ),
    "work-has-conflicts": _(
        "This share is not in conflict itself, but the work stays as it is registered because of row %(rows)s."
    ),
}
# These do not keep a work from the register.
WARNINGS: Final[Mapping[str, str | Promise]] = {
    "iswc-check-digit": _(
        "The last digit of the ISWC “%(value)s” does not fit the others. The work is registered; please check the number."
    ),
    "ipi-check-digit": _(
        "The last digits of the IPI “%(value)s” do not fit the others. The party is registered; please check the number."
    ),
    "isrc-of-another-work": _(
        "The ISRC “%(value)s” belongs to a recording of another work. This work is registered without the recording; "
        "please check the number."
    ),
    "name-differs": _(
        "The IPI belongs to “%(registered)s”, not to “%(value)s”. The share is registered for “%(registered)s”; "
        "please check the number."
    ),
    "society-unknown": _(
        "The society “%(value)s” is not known here, so it stays unknown who collects for this party. "
        "Use the society's CISAC code, or ask us to add it."
    ),
    "society-differs": _(
        "The register says that “%(registered)s” collects for this party, and that stays so. Tell us if it has changed."
    ),
}


class CatalogueUnreadable(DomainError):
    code = "catalogue-unreadable"
    sentence = _("This file cannot be read as a catalogue: its letters are neither UTF-8 nor the Korean CP949.")
    remedy = _("Save it again as “CSV UTF-8” and send it once more.")


class CatalogueEncodingWrong(DomainError):
    code = "catalogue-encoding-wrong"
    sentence = _("Not all letters of this file are written as %(encoding)s.")
    remedy = _("Choose another way of writing, or let the portal decide.")


class CatalogueHeadingWrong(DomainError):
    code = "catalogue-heading-wrong"
    sentence = _("The first line of the file must name the columns; these are missing: %(missing)s.")
    remedy = _("Start from the template, which has the right first line.")


class CatalogueColumnTwice(DomainError):
    code = "catalogue-column-twice"
    sentence = _("The first line of the file names the column %(column)s twice.")
    remedy = _("Remove or rename one of them.")


class CatalogueSheetsAreSeveral(DomainError):
    code = "catalogue-sheets-are-several"
    sentence = _(
        "The workbook has more than one sheet with something on it: also %(sheets)s. Nothing was taken from it."
    )
    remedy = _("Put all rows on one sheet and call it “%(sheet)s”; then the others are not looked at.")


class CatalogueSheetIsFull(DomainError):
    code = "catalogue-sheet-is-full"
    sentence = _("The sheet ends in the last row that a spreadsheet can have, so rows were probably cut off.")
    remedy = _("Split the catalogue into several files and send them one after the other.")


# What CatalogueUpload.error_code may name, to say it again in the reader's language.
REFUSALS: Final[Mapping[str, type[DomainError]]] = {
    **sheets.REFUSALS,
    **{
        refusal.code: refusal
        for refusal in (
            CatalogueUnreadable,
            CatalogueEncodingWrong,
            CatalogueHeadingWrong,
            CatalogueColumnTwice,
            CatalogueSheetsAreSeveral,
            CatalogueSheetIsFull,
        )
    },
}


@dataclass(frozen=True, kw_only=True)
class ParseProblem:
    """What is wrong with one cell. `row_no` counts lines of the file, the heading being 1."""

    row_no: int
    column: str
    value: str
    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def is_warning(self) -> bool:
        return self.code in WARNINGS

    @property
    def sentence(self) -> str:
        """In the reader's language."""
        sentence = WARNINGS.get(self.code) or ERRORS[self.code]
        return str(sentence) % {"column": self.column, "value": self.value, **self.params}

    @property
    def words(self) -> str:
        """The sentence with its column, and with the value where the sentence does not name it."""
        sentence = self.sentence
        value = f"“{self.value}”" if self.value and self.value not in sentence else ""
        about = " ".join(part for part in (self.column, value) if part)
        return f"{about}: {sentence}" if about else sentence

    def renumbered(self, rows: Mapping[int, int]) -> ParseProblem:
        """The same problem in a file in which rows have other numbers (old → new); those it lacks are left out."""
        params = dict(self.params)
        if "first_row" in params:
            params["first_row"] = rows.get(int(params["first_row"]), params["first_row"])
        if "rows" in params:
            numbers = [int(number) for number in str(params["rows"]).split(", ")]
            params["rows"] = ", ".join(str(rows[number]) for number in numbers if number in rows)
        return replace(self, row_no=rows.get(self.row_no, self.row_no), params=params)

    def as_json(self) -> dict[str, Any]:
        return {"column": self.column, "value": self.value, "code": self.code, "params": dict(self.params)}

    @classmethod
    def from_json(cls, row_no: int, stored: Mapping[str, Any]) -> ParseProblem:
        return cls(
            row_no=row_no, column=stored["column"], value=stored["value"], code=stored["code"], params=stored["params"]
        )


@dataclass(frozen=True, kw_only=True)
class ParsedTitle:
    """kind: a value of WorkTitle.Kind; language: BCP 47, or "" when the title does not tell."""

    text: str
    kind: str
    script: str
    language: str


@dataclass(frozen=True, kw_only=True)
class ParsedRecording:
    """album: "" and duration_seconds: None where the file does not say."""

    row_no: int
    isrc: str
    performer: str
    album: str = ""
    duration_seconds: int | None = None


@dataclass(frozen=True, kw_only=True)
class ParsedShare:
    """One party of a work and what it owns of each right. An absent share is 0. society: as written."""

    row_no: int
    party: str
    party_latin: str
    party_hanja: str
    ipi: str
    role: str
    society: str
    performing: Fraction
    mechanical: Fraction
    publisher_of: str
    territory: int
    from_date: dt.date

    WRITER: ClassVar[str] = "writer"
    PUBLISHER: ClassVar[str] = "publisher"

    @property
    def kind(self) -> str:
        """The kind of party that holds this role (a value of Party.Kind)."""
        return self.PUBLISHER if self.role in PUBLISHER_ROLES else self.WRITER


@dataclass(frozen=True, kw_only=True)
class ParsedWork:
    """A work without an error. `row_nos` are all its rows; its problems, if any, are warnings."""

    work_ref: str
    row_nos: tuple[int, ...]
    titles: tuple[ParsedTitle, ...]  # the original one first
    iswc: str
    recordings: tuple[ParsedRecording, ...]
    shares: tuple[ParsedShare, ...]

    @property
    def title(self) -> str:
        return self.titles[0].text


@dataclass(frozen=True, kw_only=True)
class ParsedRow:
    """A row as it stood in the file."""

    row_no: int
    work_ref: str
    values: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ParsedCatalogue:
    """Rows of a file, all those of each of its works: the works that can be registered, and what is wrong, by row."""

    rows: tuple[ParsedRow, ...]
    works: tuple[ParsedWork, ...]
    problems: Mapping[int, tuple[ParseProblem, ...]]
