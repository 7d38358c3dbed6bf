"""Findings of a DDEX report as people read them: code → sentence, with the facts that the reader noted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: Final[dict[str, Promise]] = {
    # the head
    "no-head": _(
        "The file has no head (HEAD), so it does not say what it is. Its records were read by their own versions."
    ),
    "head-late": _("The head (HEAD) is not the first record of the file."),
    "head-twice": _("A second head (HEAD) stands in the file. The first one counts."),
    "head-not-in-place": _(
        "The head is not built as the standard wants it: “%(value)s” stands where dsrf/… should. Only its profile was taken from it."
    ),
    "message-version": _("The head names the version “%(value)s”, which is not written as dsrf/…/…/…."),
    "profile-version": _(
        "There is no version %(version)s of the profile %(profile)s here. Records were read by their own versions."
    ),
    "record-of-other-profile": _("%(record)s is no record of %(profile)s. It was read by its own version."),
    "file-name": _("The name of the file is not built as DDEX wants it: %(value)s."),
    "name-differs": _("The name of the file says “%(named)s”, but %(cell)s is “%(value)s”."),
    # names of records
    "old-name": _("%(written)s is an old name of %(record)s."),
    "name-as-written": _("The record %(record)s is written “%(written)s”."),
    "unknown-record": _("%(record)s is a record of another profile or version, which is not read."),
    "no-record": _("A line begins with “%(value)s”, which is no record."),
    # cells
    "short-record": _(
        "%(record)s has %(cells)s cells in place of %(expected)s. Those that are missing count as empty."
    ),
    "long-record": _(
        "%(record)s has %(cells)s cells in place of %(expected)s. What stands behind the last one was not read."
    ),
    "id-in-text": _(
        "In %(record)s, “%(value)s” stands under %(cell)s: cells before it are missing, so those behind it have moved."
    ),
    "empty-cell": _("%(record)s says nothing under %(cell)s, although it must."),
    "bad-value": _("In %(record)s, “%(value)s” stands under %(cell)s, where it cannot."),
    "date-form": _("In %(record)s, the day under %(cell)s is written “%(value)s”, without hyphens. It was understood."),
    "no-duration": _("%(record)s gives the duration %(value)s, which is none."),
    "several-isrcs": _("A recording has several ISRCs: %(value)s. The first one counts."),
    "id-too-long": _("The id “%(value)s” of a recording is too long to be kept. The recording goes by its name."),
    # blocks
    "summary-twice": _("The summary id %(summary)s stands in several summary records."),
    "summary-late": _("A summary record stands behind usages."),
    "summary-missing": _("A usage names the summary %(summary)s, which is not in the file."),
    "no-summary": _("The file has no summary records. The territory was taken from its name: “%(territory)s”."),
    "resource-missing": _("%(record)s names a recording that its block does not have: “%(value)s”."),
    "resource-in-release-cell": _(
        "%(record)s names the recording “%(value)s” in the cell for a release. It was understood."
    ),
    "release-of-several": _(
        "“%(title)s” was sold as a whole and has several recordings. The line goes by the name of the release, to be divided by hand."
    ),
    "releases-and-sales-differ": _(
        "In a block the usages (SU) add up to %(sales)s, but those by release (RU) to %(releases)s. The usages count."
    ),
    "uses-rounded": _("A number of uses is no whole number: %(value)s. It was rounded."),
    "share-without-usage": _("An amount (LI) belongs to no usage of its block. It is a rejected line."),
    "amount-of-others": _("Amounts of %(controller)s, whom the head does not name, were not taken."),
    "block-order": _("Block %(block)s stands behind one with a higher number."),
    "block-too-long": _("Block %(block)s is longer than %(most)s records. Usages beyond are rejected lines."),
    # lines
    "blank-line": _("A line is empty, which the standard does not allow."),
    "line-too-long": _("A line is longer than a line can be."),
    "line-undecodable": _("A line holds bytes that are no letters in the encoding of the file."),
    "line-unwritable": _("A line holds a character that stands for nothing."),
    # the footer
    "no-foot": _("The file has no footer (FOOT): its end is probably missing."),
    "foot-twice": _("A second footer stands in the file. The last one counts."),
    "after-foot": _("%(record)s stands behind the footer."),
    "foot-differs": _("The footer says %(declared)s under %(cell)s, but there are %(found)s."),
}
DECLARED: Final[dict[str, Promise]] = {  # what a footer counts
    "foot": _("Footer (FOOT)"),
    "NumberOfLinesInFile": _("Lines of the file"),
    "NumberOfLinesInReport": _("Lines of all files of the report"),
    "NumberOfSummaryRecords": _("Summary records"),
    "NumberOfBlocksInFile": _("Blocks of the file"),
    "NumberOfBlocksInReport": _("Blocks of all files of the report"),
}


def sentence_of(finding: Mapping[str, Any]) -> str:
    """A finding in the reader's language."""
    sentence = SENTENCES.get(finding["code"])
    return str(finding["code"]) if sentence is None else str(sentence) % finding["params"]
