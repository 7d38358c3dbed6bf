"""The rows to mend as a file that can be mended and sent again: all rows of every work that failed, and what is wrong.

Its first column says in the reader's language what is wrong with the row; it is not one of ours, so whoever reads the file
again passes over it. Rows count anew: a sentence that names a row means that row of this file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from portal.lib.inert import write_inert
from works.catalogue.base import ParseProblem
from works.catalogue.spreadsheet import COLUMNS
from works.catalogue.template import add_catalogue_sheet, add_explanations, open_book
from works.models import CatalogueRow, CatalogueUpload

ERROR: Final = "error"
HEADING: Final = (ERROR, *COLUMNS)
ERROR_WIDTH: Final = 60
COMMENTS: Final = 1000  # a workbook with more of them opens slowly; the column says it all anyway
AMBER: Final = "#ffe7b3"
FIRST_ROW: Final = 2


@dataclass(frozen=True)
class RowToMend:
    row_no: int  # of the new file
    values: Mapping[str, str]
    problems: Sequence[ParseProblem]

    @property
    def error(self) -> str:
        return " · ".join(problem.words for problem in self.problems)


def rows_to_mend(upload: CatalogueUpload) -> Iterator[RowToMend]:
    """Work after work, each with all its rows. Two statements, however many rows there are."""
    rows = CatalogueRow.objects.filter(upload=upload, outcome=CatalogueRow.Outcome.TO_MEND).order_by(
        "work_no", "row_no"
    )
    renumbered = {row_no: place for place, row_no in enumerate(rows.values_list("row_no", flat=True), FIRST_ROW)}
    stored = rows.values_list("row_no", "values", "problems").iterator(chunk_size=5000)
    for row_no, values, problems in stored:
        found = [ParseProblem.from_json(row_no, each).renumbered(renumbered) for each in problems]
        yield RowToMend(renumbered[row_no], values, found)


def write_csv(upload: CatalogueUpload, out: BinaryIO) -> None:
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow(HEADING)
    for row in rows_to_mend(upload):
        writer.writerow([write_inert(cell) for cell in (row.error, *(row.values.get(name, "") for name in COLUMNS))])
    text.detach()


def write_xlsx(upload: CatalogueUpload, out: BinaryIO) -> None:
    """With every wrong cell in colour and, as long as there are few, its sentence beside it."""
    with open_book(out) as book:
        sheet = add_catalogue_sheet(book, HEADING, {ERROR: ERROR_WIDTH})
        sheet.freeze_panes(1, 1)
        said = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top", "font_color": "#8a1c1c"})
        plain = book.add_format({"num_format": "@", "valign": "top"})
        wrong = book.add_format({"num_format": "@", "valign": "top", "bg_color": AMBER})
        comments = 0
        for row in rows_to_mend(upload):
            place = row.row_no - 1
            sheet.write_string(place, 0, row.error, said)
            sentences = _by_column(row.problems)
            for column, name in enumerate(COLUMNS, 1):
                look = wrong if name in sentences or "" in sentences else plain
                if value := row.values.get(name, ""):
                    sheet.write_string(place, column, write_inert(value, is_text_cell=True), look)
                elif name in sentences:
                    sheet.write_blank(place, column, None, look)
                if name in sentences and comments < COMMENTS:
                    sheet.write_comment(place, column, " ".join(sentences[name]), {"x_scale": 2})
                    comments += 1
        add_explanations(book)


def _by_column(problems: Sequence[ParseProblem]) -> dict[str, list[str]]:
    """Column → sentences; "" are those about the whole row. A row in which nothing is wrong itself has none."""
    found: dict[str, list[str]] = {}
    for problem in problems:
        if problem.code != "work-has-errors":
            found.setdefault(problem.column, []).append(problem.sentence)
    return found
