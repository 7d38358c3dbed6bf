"""The empty template, as CSV and as a spreadsheet that explains itself in the reader's language."""

from __future__ import annotations

import io
from typing import Any, BinaryIO, Final

import xlsxwriter
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy
from xlsxwriter.utility import xl_col_to_name

from works.catalogue.base import SHEET
from works.catalogue.spreadsheet import COLUMNS, REQUIRED, SHARE_COLUMNS
from works.models import Share

LAST_ROW: Final = 1_048_575  # of a sheet, counted from 0
INK: Final = "#1f2933"
GROUND: Final = "#e6eef5"

# What a column holds, and an example; read in the reader's language.
EXPLAINED: Final[dict[str, tuple[Promise, str]]] = {
    "work_ref": (gettext_lazy("Your own number of the work. All rows of one work have the same number."), "A-0001"),
    "title": (gettext_lazy("The original title. It may stand in the first row of the work only."), "청풍명월"),
    "title_hanja": (gettext_lazy("The title in Hanja, if it has one."), "淸風明月"),
    "title_zh": (gettext_lazy("The title as services in China show it."), "清风明月"),
    "title_latin": (gettext_lazy("The title in Latin letters."), "Clear Wind, Bright Moon"),
    "iswc": (gettext_lazy("The ISWC of the work, if it has one."), "T-034.524.680-1"),
    "isrc": (gettext_lazy("The ISRC of a recording of the work. Further recordings go into its other rows."), "KRA012600001"),
    "performer": (gettext_lazy("Who performs on the recording."), "은하역"),
    "album": (gettext_lazy("The album or single the recording is on. It tells songs of one title and one artist apart."), "은하의 계절"),
    "duration": (gettext_lazy("How long the recording lasts, in minutes and seconds."), "3:45"),
    "party": (gettext_lazy("Whose share this row is about: one writer or one publisher."), "도해온"),
    "party_latin": (gettext_lazy("The same name in Latin letters."), "Do Haeon"),
    "party_hanja": (gettext_lazy("The same name in Hanja."), "都海溫"),
    "ipi": (gettext_lazy("The IPI name number, eleven digits. It makes sure that the right person is paid."), "00014107338"),
    "role": (gettext_lazy("What the party did for the work; choose from the list."), "C"),
    "society": (
        gettext_lazy("Who collects for the party: code or name of a society, NM for nobody, PD for public domain. Empty if unknown."),
        "118",
    ),
    "performing_share": (
        gettext_lazy("The party's part of the performing right: a fraction, or a percentage with its sign; 0 for none. Together at most the whole."),
        "5/12",
    ),
    "mechanical_share": (gettext_lazy("The same for the mechanical right."), "41.5%"),
    "publisher_of": (gettext_lazy("For a publisher: the writer whose share it publishes, written as in the column party."), "도해온"),
    "territory": (gettext_lazy("Where the share holds: a TIS code, such as 410 for Korea. Empty for the world."), "2136"),
    "from_date": (gettext_lazy("From which day the share holds. Empty if it has always held."), "2026-03-01"),
}  # fmt: skip
WIDTHS: Final = {"title": 28, "title_latin": 28, "party": 20, "performer": 20, "publisher_of": 20}
USUAL_WIDTH: Final = 16
EXAMPLE: Final = (
    {"work_ref": "A-0001", "title": "청풍명월", "title_zh": "清风明月", "party": "도해온", "role": "C", "society": "118",
     "performing_share": "5/12", "mechanical_share": "5/12"},
    {"work_ref": "A-0001", "party": "류가온", "role": "A", "society": "118", "performing_share": "5/12", "mechanical_share": "5/12"},
    {"work_ref": "A-0001", "party": "가람출판", "role": "E", "society": "118", "performing_share": "2/12", "mechanical_share": "2/12",
     "publisher_of": "도해온"},
)  # fmt: skip


def csv_template() -> bytes:
    """The heading, with the mark that makes spreadsheet programs read it as UTF-8."""
    return ("\ufeff" + ",".join(COLUMNS) + "\r\n").encode()


def xlsx_template() -> bytes:
    """The heading on the sheet that is read, and beside it a sheet that explains the columns."""
    out = io.BytesIO()
    with open_book(out) as book:
        add_catalogue_sheet(book, COLUMNS)
        add_explanations(book)
    return out.getvalue()


def open_book(out: BinaryIO) -> xlsxwriter.Workbook:
    """A workbook written row by row, in which every text stays a text."""
    return xlsxwriter.Workbook(
        out,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
            "default_date_format": "yyyy-mm-dd",
        },
    )


def add_catalogue_sheet(
    book: xlsxwriter.Workbook, columns: tuple[str, ...], widths: dict[str, int] | None = None
) -> Any:
    """The sheet that is read, with its heading. Every cell is a text, so that 5/12 stays a share and 007 keeps its zeros."""
    sheet = book.add_worksheet(SHEET)
    text = book.add_format({"num_format": "@"})
    heading = book.add_format({"bold": True, "num_format": "@", "font_color": INK, "bg_color": GROUND, "bottom": 1})
    for place, column in enumerate(columns):
        sheet.set_column(place, place, (widths or {}).get(column, WIDTHS.get(column, USUAL_WIDTH)), text)
        sheet.write_string(0, place, column, heading)
    sheet.freeze_panes(1, 0)
    sheet.ignore_errors({"number_stored_as_text": f"A1:{xl_col_to_name(len(columns) - 1)}{LAST_ROW + 1}"})
    role = columns.index("role")
    sheet.data_validation(
        1, role, LAST_ROW, role,
        {
            "validate": "list", "source": list(Share.Role.values), "ignore_blank": True,
            "error_title": "role", "error_message": _("Choose a role from the list."),
        },
    )  # fmt: skip
    return sheet


def add_explanations(book: xlsxwriter.Workbook) -> None:
    """What each column holds, the roles, and one work as an example, in the reader's language."""
    sheet = book.add_worksheet(_("Explanations"))
    bold = book.add_format({"bold": True, "font_color": INK, "bg_color": GROUND, "bottom": 1, "valign": "top"})
    plain = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 20)
    sheet.set_column(1, 1, 18)
    sheet.set_column(2, 2, 70)
    sheet.set_column(3, len(COLUMNS) - 1, 24)
    table: list[tuple[list[str], Any]] = [([_("Column"), _("Needed?"), _("What it holds"), _("Example")], bold)]
    table += [([name, _needed(name), str(words), example], plain) for name, (words, example) in EXPLAINED.items()]
    table += [([], plain), ([_("Role"), "", _("Meaning")], bold)]
    table += [([str(role.value), "", str(role.label)], plain) for role in Share.Role]
    table += [
        ([], plain),
        ([_("Example"), "", _("One work, whose three parties share it")], bold),
        (list(COLUMNS), bold),
    ]
    table += [([values.get(column, "") for column in COLUMNS], plain) for values in EXAMPLE]
    for row_no, (cells, look) in enumerate(table):
        for place, cell in enumerate(cells):
            sheet.write_string(row_no, place, cell, look)


def _needed(column: str) -> str:
    if column in REQUIRED:
        return _("yes")
    return _("one of the two") if column in SHARE_COLUMNS.values() else _("no")
