"""What a DDEX report is made of, for the page of the report: its records, its parts, and what is irregular in it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from royalties.models import Report
from royalties.parts import differences, dsr_of, missing_parts, parts_of
from royalties.reports.dsr.reader import BLANK, COMMENT, UNREAD
from royalties.reports.dsr.sentences import DECLARED, sentence_of


def records_context(shown: Report) -> dict[str, Any]:
    """Nothing of a report that is no DDEX report."""
    said = dsr_of(shown)
    if not said:
        return {}
    names = {COMMENT: _("comments"), BLANK: _("empty lines"), UNREAD: _("lines that are no records")}
    return {
        **said,
        "summaries": [{**summary, "usages": _count(summary["usages"])} for summary in said["summaries"]],
        "findings": [{**finding, "sentence": sentence_of(finding)} for finding in said["findings"]],
        "records": [(names.get(name, name), count) for name, count in said["records"].items()],
        "differences": [{**found, "name": DECLARED[found["what"]]} for found in differences(shown)],
        "other_parts": sorted(parts_of(shown), key=lambda part: int(dsr_of(part)["part"])),
        "missing": ", ".join(_("part %(part)s") % {"part": part} for part in missing_parts(shown)),
    }


def _count(text: str) -> str:
    """A number as it is written, with commas where it is a whole one."""
    return f"{int(text):,}" if text.isdecimal() else text
