"""Catalogues as publishers send them, and the way into the register."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings

from portal.accounts.models import Organisation
from portal.jobs.services import drain
from works.catalogue.base import ParsedCatalogue
from works.catalogue.ingest import STAGES
from works.catalogue.rows import RawRow, csv_rows, detect_encoding
from works.catalogue.spreadsheet import COLUMNS, read_heading, read_rows, read_works
from works.matching.candidates import Shelf
from works.models import CatalogueRow, CatalogueUpload, Repertoire
from works.services import CatalogueFigures, catalogue_figures, receive_catalogue

Row = dict[str, str]


def row(ref: str = "A-1", title: str = "봄밤", party: str = "도해온", share: str = "1/1", **more: str) -> Row:
    """One row of the template: a work of one composer who owns all of it, but for what is said otherwise."""
    whole = {"performing_share": share, "mechanical_share": share, "role": "CA", "society": "118"}
    return {"work_ref": ref, "title": title, "party": party, **whole, **more}


def as_csv(rows: Sequence[Row], columns: Sequence[str] = COLUMNS) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def publisher(ref: str = "PUB-A", name: str = "가람출판") -> Organisation:
    return Organisation.objects.get_or_create(ref=ref, defaults={"kind": "publisher", "name": name})[0]


def read(file: Path, data: str | bytes) -> ParsedCatalogue:
    """A CSV file, written to `file` and read as a whole."""
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return parse(csv_rows(file, detect_encoding(file)[0]))


def parse(rows: Iterator[RawRow]) -> ParsedCatalogue:
    """Rows of texts, the first of them the heading, as works."""
    found = list(read_rows(rows, read_heading(next(rows, None))))
    return read_works([row for row, _ in found], defaultdict(list, {row.row_no: list(wrong) for row, wrong in found}))


def send(
    rows: Sequence[Row] | bytes, organisation: Organisation | None = None, label: str = "catalogue.csv"
) -> tuple[CatalogueUpload, CatalogueFigures]:
    """Receive the file and register it, as a worker does. MEDIA_ROOT must be a folder of the test."""
    data = rows if isinstance(rows, bytes) else as_csv(rows).encode()
    assert "pytest" in str(settings.MEDIA_ROOT)
    upload, job = receive_catalogue(
        stream=io.BytesIO(data), label=label, organisation=organisation or publisher(), user=None, bell=False
    )
    drain(job_id=job.pk, stages=STAGES)
    upload.refresh_from_db()
    return upload, catalogue_figures(upload)


def repertoires() -> set[tuple[int, str, int]]:
    """Performer, key and work, of all rows that hold any."""
    rows = Repertoire.objects.exclude(keys="").values_list("party", "keys", "works")
    shelves = [(party, Shelf.read(keys, bytes(works))) for party, keys, works in rows]
    return {
        (party, key, work) for party, shelf in shelves for key in shelf.keys.split() for work in shelf.works_with(key)
    }


def outcomes(upload: CatalogueUpload) -> list[str]:
    return list(CatalogueRow.objects.filter(upload=upload).order_by("row_no").values_list("outcome", flat=True))


def codes(upload: CatalogueUpload) -> list[list[str]]:
    """The problem codes of each row."""
    rows = CatalogueRow.objects.filter(upload=upload).order_by("row_no")
    return [[problem["code"] for problem in each.problems] for each in rows]


def only_row(upload: CatalogueUpload) -> Any:
    return CatalogueRow.objects.get(upload=upload)
