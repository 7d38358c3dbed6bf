"""What every family of reports has in common: where its columns stand, why a line or a whole file is not taken."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy as _

from portal.files.sheets import REFUSALS as SHEET_REFUSALS
from portal.files.unpack import REFUSALS as PACKING_REFUSALS
from portal.lib.errors import DomainError
from royalties.reports.crd import CrdNotYet

# Why a line was not taken: RejectedLine.reason → what people read.
REASONS: Final[dict[str, Promise]] = {
    "blank": _("the line is empty"),
    "columns": _("the line has more or fewer columns than the header"),
    "quotes": _("a quotation mark is opened and not closed, or a line break stands inside a cell"),
    "undecodable": _("the line holds bytes that are no letters in the encoding of the file"),
    "unwritable": _("the line holds a character that stands for nothing"),
    "too_long": _("the line is longer than a line can be"),
    "period": _("the period does not begin with a date"),
    "platform": _("the platform is not known"),
    "not_china": _("used outside China, where we have no mandate: its money is held apart and never distributed"),
    "title": _("both the title and the song id are missing"),
    "song_id": _("the song id is not a number"),
    "id_lost_precision": _("the song id lost precision: a spreadsheet has rounded it"),
    "amount": _("the amount is not a plain number"),
    "negative_amount": _("the amount is negative"),
    "uses": _("a count of uses is not a whole number"),
    "no_work_uses": _("it has money, but counts no use of words or music"),
    "record": _("records of this kind cannot be read yet"),
    "summary": _("the summary record that says where and how it was used is missing, or says two things"),
    "currency": _("the amount is in another currency than the report"),
    "block_too_long": _("the block it stands in is longer than a block can be"),
    "total": _("it is a total, and no line of a song"),
    "does_not_add_up": _("gross less fee and tax is not net"),
    "share": _("the share is neither a fraction nor a percentage"),
    "poison": _("our program failed on this line; the people who run the portal have been told"),
}
POISON: Final = "poison"
NO_MANDATE: Final = "not_china"


class BadLine(Exception):  # caught where lines are read; never reaches a person as an exception
    """A line that cannot be taken: a key of REASONS, the column's header and what stood there."""

    def __init__(self, reason: str, column: str = "", value: str = "") -> None:
        self.reason, self.column, self.value = reason, column, value
        super().__init__(reason, column, value)


class BadRecord(BadLine):
    """Of a file of records, one that its own reader could not take. `amount`: its money, as it is written."""

    def __init__(self, reason: str, column: str, value: str, amount: str) -> None:
        self.amount = amount
        super().__init__(reason, column, value)


@dataclass(frozen=True, kw_only=True)
class Written:
    """How the lines of a file are written, where a mapping says so: what is read beyond the strict rule, see mapped.py.

    `numbers`: keys of styles.NUMBER_STYLES. `totals`: words of total rows. `services`: names of platforms and what they are.
    `latest`: the first day of the month up to which "9월" is looked for. `pads`: cells missing at the end of a row are blank.
    `abroad`: nothing in the file was used in China. `society`: columns of facts for SocietyLine, keys of society.FACTS.
    """

    mapping: int
    basis: str = ""
    numbers: tuple[str, ...] = ()
    totals: tuple[str, ...] = ()
    services: tuple[tuple[str, str], ...] = ()
    latest: str = ""
    pads: bool = False
    territory: int | None = None
    abroad: bool = False
    currency: int | None = None
    currency_code: str = ""
    more_writers: tuple[int, ...] = ()
    id_space: str = ""
    society: tuple[tuple[str, int], ...] = ()

    def columns(self) -> tuple[int, ...]:
        """The columns that it reads beside those of the layout."""
        single = [at for at in (self.territory, self.currency) if at is not None]
        return (*single, *self.more_writers, *(at for _name, at in self.society))


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where things stand in the lines of a file: indexes into its columns. `headers` are as the file writes them.

    What no column says is None, and then the same for all lines: `month` in place of a period, `service` in place of a
    platform, no artist, no money. `header_line`: which line of the file the header is, as a person counts. `words` and
    `music` are those of the uses that are counted apart; without them the uses are for both. `beside`: uses that are summed
    and shown and never paid. `described`: columns that are known and not read. `file_line`: where a reader has made one line of
    several records, which line of the file it stands in. `text_ids`: ids of songs are any text.
    """

    family: str
    headers: tuple[str, ...]
    title: int
    uses: tuple[int, ...]
    period: int | None = None
    platform: int | None = None
    artist: int | None = None
    money: int | None = None
    song_id: int | None = None
    isrc: int | None = None
    album: int | None = None
    iswc: int | None = None
    writers: int | None = None
    ipis: int | None = None  # of writers
    duration: int | None = None
    until: int | None = None  # the last day, where a line is a sum for some time
    words: tuple[int, ...] = ()
    music: tuple[int, ...] = ()
    beside: tuple[int, ...] = ()
    described: tuple[int, ...] = ()
    month: str = ""  # 2026-09-01
    service: str = ""
    header_line: int = 1
    file_line: int | None = None
    text_ids: bool = False
    withheld: tuple[int, ...] = ()  # columns about listeners: nothing that stands in them is kept
    written: Written | None = None  # of a file that a mapping reads

    def named(self) -> dict[str, int]:
        """What says where, when and which song: meaning → its column, of the meanings that have one."""
        columns = {
            "period": self.period, "platform": self.platform, "title": self.title, "artist": self.artist,
            "song_id": self.song_id, "isrc": self.isrc, "album": self.album, "iswc": self.iswc, "writers": self.writers,
            "ipis": self.ipis, "duration": self.duration, "until": self.until,
        }  # fmt: skip
        return {meaning: at for meaning, at in columns.items() if at is not None}

    def counted(self) -> tuple[int, ...]:
        """The columns of numbers: uses, those beside them, and money."""
        uses = (*self.uses, *self.beside)
        return uses if self.money is None else (*uses, self.money)

    @property
    def apart(self) -> bool:
        """Whether the uses of words and of music are counted apart."""
        return bool(self.words)

    @property
    def first_line(self) -> int:
        """The first line of the file that is no header."""
        return self.header_line + 1


# ── why a whole file is not taken ───────────────────────────────────────────────────────────────────────────────────────


class HeaderNotRecognised(DomainError):
    code = "header-not-recognised"
    sentence = _("The first line of the file is not the header of a statement we know: %(missing)s is missing.")
    remedy = _("Upload the statement as it was received, with its headers in the first line of the first sheet.")


class ColumnsAreUnknown(DomainError):
    code = "columns-are-unknown"
    sentence = _("The file is a table, but its columns are not known yet. Nothing was taken from it so far.")
    remedy = _(
        "Say on the page of the report what its columns mean. Files with the same columns are then read at once."
    )


class ColumnsAreMissing(DomainError):
    code = "columns-are-missing"
    sentence = _("The file looks like “%(mapping)s”, but these columns are missing or have another name: %(missing)s.")
    remedy = _("Say which columns of this file they are.")


class HeaderIsAmbiguous(DomainError):
    code = "header-is-ambiguous"
    sentence = _("Two columns of the file have the same meaning: “%(first)s” and “%(second)s”.")
    remedy = _("Ask whoever sent the file which of the two counts, and remove the other one.")


class HeadersOfTwoFamilies(DomainError):
    code = "headers-of-two-families"
    sentence = _(
        "The file has columns of two kinds of statements: “%(first)s” and “%(second)s”. Nothing was taken from it."
    )
    remedy = _("Ask whoever sent it for a file of each kind, as the service made them.")


class CountsAreNotApart(DomainError):
    code = "counts-are-not-apart"
    sentence = _("This is a karaoke statement, but it does not count words and music apart: “%(missing)s” is missing.")
    remedy = _(
        "Ask the service for the statement with both counts. Without them its money cannot be divided between the two."
    )


class FileIsIgnored(DomainError):
    code = "file-is-ignored"
    sentence = _(
        "“%(label)s” is left out because of its name (%(kind)s): such files hold totals and contracts, not songs."
    )
    remedy = _(
        "Nothing is missing without it. If it does hold songs, call it by what it is, such as song_ or k_, and upload it again."
    )


class FamilyNotYet(DomainError):
    code = "family-not-yet"
    sentence = _("This is a statement of the family “%(family)s”, which cannot be read yet. Nothing was taken from it.")
    remedy = _("Keep the file and upload it again when the portal can read this family.")


class RecordsTookTooMuch(DomainError):
    code = "records-took-too-much"
    sentence = _("Reading the DDEX report took more memory or time than one may take, and was ended.")
    remedy = _("Ask whoever sent it to split it into several files.")


class DsrWithoutRecords(DomainError):
    code = "dsr-without-records"
    sentence = _("The file is called as a DDEX report is, but no record of one stands in it.")
    remedy = _("Check that it was downloaded completely, or give it another name if it is another table.")


class PeriodIsUnknown(DomainError):
    code = "period-is-unknown"
    sentence = _("The file does not say for which month it is.")
    remedy = _("Upload it again and state the month.")


class PeriodIsImpossible(DomainError):
    code = "period-is-impossible"
    sentence = _("A report cannot be for %(period)s.")
    remedy = _("State a month between 2000 and 2099.")


class LineIsEndless(DomainError):
    code = "line-is-endless"
    sentence = _("Line %(line)s of the file is longer than %(megabytes)s MB.")
    remedy = _("Check that the file is a table with one line for each song.")


class EncodingDoesNotFit(DomainError):
    code = "encoding-does-not-fit"
    sentence = _("The text of the file is not written in %(encoding)s, as was stated. Nothing was taken from it.")
    remedy = _("It looks like %(suggestion)s. Have it read again in that encoding, or let the portal decide.")


class IdsLostPrecision(DomainError):
    code = "ids-lost-precision"
    sentence = _(
        "The ids in column “%(column)s” have lost precision: a spreadsheet program has rounded them, as in line %(line)s “%(value)s”."
    )
    remedy = _(
        "Ask for the file as the service made it. If you must open it, import the column as text before you save it."
    )


class FileHasChanged(DomainError):
    code = "file-has-changed"
    sentence = _("The stored bytes of the file are not those that were received.")
    remedy = _("Tell the people who run the portal: a disk may be failing. The money of this report does not move.")


class RulesHaveChanged(DomainError):
    code = "rules-have-changed"
    sentence = _("The portal was renewed while the file was being read, and would read the rest of it by other rules.")
    remedy = _(
        "Have the file read again, on the page of its report. What was read so far is kept and counts for nothing."
    )


class LinesDoNotAddUp(DomainError):
    code = "lines-do-not-add-up"
    sentence = _(
        "The file has %(lines)s lines, but %(accepted)s accepted and %(rejected)s rejected lines were written."
    )
    remedy = _("Tell the people who run the portal. The money of this report does not move.")


class TooManyLinesFail(DomainError):
    code = "too-many-lines-fail"
    sentence = _("Our program failed on more than %(count)s lines of the file, so the lines are hardly the cause.")
    remedy = _("Tell the people who run the portal. When they have mended it, let the report be tried again.")


class EncodingIsUnknown(DomainError):
    code = "encoding-is-unknown"
    sentence = _("There is no encoding “%(encoding)s” here.")
    remedy = _("Use one of these, or none: %(known)s.")


class SourceIsUnknown(DomainError):
    code = "source-is-unknown"
    sentence = _("There is no source “%(code)s”.")
    remedy = _("Use one of these: %(known)s.")


REFUSALS: Final[dict[str, type[DomainError]]] = {
    **SHEET_REFUSALS,
    **PACKING_REFUSALS,
    **{
        error.code: error
        for error in (
            HeaderNotRecognised,
            HeaderIsAmbiguous,
            HeadersOfTwoFamilies,
            CountsAreNotApart,
            FileIsIgnored,
            ColumnsAreMissing,
            ColumnsAreUnknown,
            FamilyNotYet,
            RecordsTookTooMuch,
            DsrWithoutRecords,
            PeriodIsUnknown,
            PeriodIsImpossible,
            LineIsEndless,
            EncodingDoesNotFit,
            IdsLostPrecision,
            FileHasChanged,
            RulesHaveChanged,
            LinesDoNotAddUp,
            TooManyLinesFail,
            CrdNotYet,
        )
    },
}  # what Report.error_code may name, to say it again in the reader's language


def refusal_of(code: str, params: dict[str, Any]) -> str:
    """Why a report was refused or stopped, in the reader's language; a fault of ours has no sentence of its own."""
    if code in REFUSALS:
        return str(REFUSALS[code](**params))
    return gettext("Reading the file failed several times. The people who run the portal have been told.")


def header_key(text: str) -> str:
    """A header as it is compared: full-width forms made plain, blanks closed up, case ignored."""
    return " ".join(unicodedata.normalize("NFKC", text).split()).casefold()
