"""Catalogues as publishers send them, and the way into the register."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from portal.accounts.models import Organisation
from portal.files.services import store_upload
from works.catalogue.spreadsheet import COLUMNS
from works.models import CatalogueRow, CatalogueUpload
from works.services import CatalogueFigures, import_catalogue

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


def send(
    rows: Sequence[Row] | bytes, organisation: Organisation | None = None
) -> tuple[CatalogueUpload, CatalogueFigures]:
    """Store the file and register it in this transaction. MEDIA_ROOT must be a folder of the test."""
    data = rows if isinstance(rows, bytes) else as_csv(rows).encode()
    assert "pytest" in str(settings.MEDIA_ROOT)
    sender = organisation or publisher()
    stored = store_upload(stream=io.BytesIO(data), label="catalogue.csv", user=None)
    upload = CatalogueUpload.objects.create(organisation=sender, file=stored)
    return upload, import_catalogue(upload=upload)


def outcomes(upload: CatalogueUpload) -> list[str]:
    return list(CatalogueRow.objects.filter(upload=upload).order_by("row_no").values_list("outcome", flat=True))


def codes(upload: CatalogueUpload) -> list[list[str]]:
    """The problem codes of each row."""
    rows = CatalogueRow.objects.filter(upload=upload).order_by("row_no")
    return [[problem["code"] for problem in each.problems] for each in rows]


def only_row(upload: CatalogueUpload) -> Any:
    return CatalogueRow.objects.get(upload=upload)
