"""A DDEX report may come in several files (1of3, 2of3 …). It is one report: the money of each waits until all are here.

Which files belong together says their head by one message id, or else their name. What the reader says of a file is in
Report.reading["dsr"] (royalties/reports/dsr/reader.py).
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from royalties.models import Report


def dsr_of(report: Report) -> dict[str, Any]:
    """What is said of a DDEX file; nothing of any other."""
    said: dict[str, Any] = report.reading.get("dsr") or {}
    return said


def parts_of(report: Report) -> QuerySet[Report]:
    """The files of the same message that have been read and stand, this one among them; none for a report in one file."""
    said = dsr_of(report)
    if said.get("parts", 1) < 2:
        return Report.objects.none()
    read = (
        Q(state=Report.State.READY)
        | Q(state=Report.State.HELD) & ~Q(held_reason=Report.HeldReason.ASIDE)
        | Q(pk=report.pk)
    )
    return Report.objects.filter(
        read, source=report.source_id, superseded_at__isnull=True, reading__dsr__message=said["message"],
        reading__dsr__parts=said["parts"],
    )  # fmt: skip


def missing_parts(report: Report) -> list[int]:
    """The numbers of the files that are not here yet."""
    here = {dsr_of(part)["part"] for part in parts_of(report)}
    return [number for number in range(1, dsr_of(report).get("parts", 1) + 1) if number not in here] if here else []


def other_parts(report: Report) -> QuerySet[Report]:
    """The other files of the message: no second files of their month, but further parts of one report."""
    return parts_of(report).exclude(reading__dsr__part=dsr_of(report).get("part"))


def doubt_about_records(report: Report) -> str:
    """Why the money of a DDEX file waits: parts of its report are missing, or its footer counts otherwise than we do."""
    if missing_parts(report):
        return Report.HeldReason.PARTS
    return Report.HeldReason.DECLARED if differences(report) else ""


def differences(report: Report) -> list[dict[str, str]]:
    """Where footers differ from what was read: of this file, and of the report as a whole once all of it is here."""
    said = dsr_of(report)
    differ: list[dict[str, str]] = list(said.get("declared", []))
    if not said.get("of_report") or missing_parts(report):
        return differ
    files = [dsr_of(part) for part in parts_of(report)]
    lines = sum(file["lines"] for file in files)
    found = {
        "NumberOfLinesInReport": {lines, lines - sum(file["comments"] for file in files)},
        "NumberOfBlocksInReport": {sum(file["blocks"] for file in files)},
    }
    for what, declared in said["of_report"].items():
        if declared not in found[what]:
            differ.append({"what": what, "declared": str(declared), "found": str(max(found[what]))})
    return differ
