"""Files of the register that pages and programs download."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import Final

from django.http import FileResponse, HttpResponse

from works.catalogue.mending import write_csv, write_xlsx
from works.catalogue.template import csv_template, xlsx_template
from works.models import CatalogueUpload

CSV: Final = "text/csv; charset=utf-8"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TEMPLATES: Final = {"csv": (csv_template, CSV), "xlsx": (xlsx_template, XLSX)}
TO_MEND: Final = {"csv": (write_csv, CSV), "xlsx": (write_xlsx, XLSX)}


def template_file(extension: str) -> HttpResponse:
    """The empty template of a catalogue, csv or xlsx."""
    make, content_type = TEMPLATES[extension]
    response = HttpResponse(make(), content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="garak-catalogue.{extension}"'
    return response


def file_of_rows_to_mend(upload: CatalogueUpload, extension: str) -> FileResponse:
    """The rows to mend of an upload, csv or xlsx."""
    write, content_type = TO_MEND[extension]
    file = TemporaryFile()  # noqa: SIM115 - the response closes it
    write(upload, file)
    file.seek(0)
    name = f"{upload.ref}-to-mend.{extension}"
    return FileResponse(file, as_attachment=True, filename=name, content_type=content_type)
