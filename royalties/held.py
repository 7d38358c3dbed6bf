"""Why the money of a report waits, and what to do about it: one table for pages and programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from royalties.models import Basis, Report

Reason = Report.HeldReason


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something a person may do: in words, and where. `to` is the name of a URL, perhaps with `#` and a place of that page; `#`
    and a place of the report's page; or nothing.
    """

    words: str | Promise
    to: str = ""
    of_report: bool = False  # whether the URL is about the report


@dataclass(frozen=True, kw_only=True)
class Held:
    because: str | Promise
    steps: tuple[Step, ...]


WITHDRAW: Final = Step(words=_("If the file is wrong and no other can be had, withdraw it."), to="#withdraw")
ACCEPT: Final = Step(words=_("If the file is right as it is, accept it and say why."), to="#accept")
DECLARE: Final = Step(
    words=_("Declare what the money of its lines is, and on what paper."), to="royalties:sources#basis"
)

HELD: Final[Mapping[str, Held]] = {
    Reason.NO_BASIS: Held(
        because=_("Nobody has declared what the money of its lines means for this source, family and month."),
        steps=(DECLARE,),
    ),
    Reason.BASIS_NOT_YET: Held(
        because=_("What is declared of its money is a basis that the portal cannot distribute yet."),
        steps=(
            Step(words=_("Keep it: it is distributed when the portal can do so, and nothing has to be sent again.")),
            Step(words=_("If another basis is agreed, declare it from its month on."), to="royalties:sources#basis"),
        ),
    ),
    Reason.RECORDINGS: Held(
        because=_("Its money is declared to be for recordings, and writers and publishers are not paid by it."),
        steps=(
            Step(words=_("Send it to whoever is paid for recordings: nothing of it is distributed here.")),
            Step(
                words=_("If its money is for words and music after all, declare that with the paper that says so."),
                to="royalties:sources#basis",
            ),
        ),
    ),
    Reason.NO_PRICE: Held(
        because=_(
            "Its lines count words and music apart, and no contract price is declared by which their money divides."
        ),
        steps=(
            Step(
                words=_("Declare the prices of words and of music for this source, from the month on."),
                to="royalties:sources#price",
            ),
        ),
    ),
    Reason.TRUNCATED: Held(
        because=_(
            "The last row of its sheet is filled. Spreadsheet programs stop there without a word, so lines that came after it are probably lost."
        ),
        steps=(
            Step(words=_("Ask the service for a CSV file, and send in what comes."), to="royalties:upload"),
            ACCEPT,
            WITHDRAW,
        ),
    ),
    Reason.DECLARED: Held(
        because=_("What was declared of it is not what stands in the file."),
        steps=(
            Step(
                words=_("Ask the service which of the two is right, and send in the right file."), to="royalties:upload"
            ),
            Step(words=_("If the total was typed or understood wrongly, correct it."), to="#declared"),
            ACCEPT,
            WITHDRAW,
        ),
    ),
    Reason.PARTS: Held(
        because=_("It is one of several files that are one report, and not all of them are here."),
        steps=(
            Step(
                words=_("Send in the parts that are missing; the money of all then moves together."),
                to="royalties:upload",
            ),
            Step(words=_("If they will never come, accept this part as it is and say why."), to="#accept"),
        ),
    ),
    Reason.SECOND_FILE: Held(
        because=_(
            "Another file of this source, family and month is already here, and nobody has said what this one is."
        ),
        steps=(Step(words=_("Compare the two files song by song, then say what this one is."), to="#second-file"),),
    ),
    Reason.CORRECTS_NOTHING: Held(
        because=_(
            "It is a correction, but no other file of its source, family and month counts, so there is nothing to correct."
        ),
        steps=(
            Step(words=_("When the file that it corrects is here, say so."), to="#second-file"),
            Step(words=_("If it is no correction, withdraw it and send it in again as what it is."), to="#withdraw"),
        ),
    ),
    Reason.REPLACED: Held(
        because=_("Another file has taken its place: it is kept, and its money counts for nothing."),
        steps=(Step(words=_("Nothing has to be done. Below stands which file counts in its place."), to="#standing"),),
    ),
    Reason.WITHDRAWN: Held(
        because=_("Staff have withdrawn it: it is kept, and its money counts for nothing."),
        steps=(
            Step(
                words=_("If money of its month is left without a report, send in the right file."),
                to="royalties:upload",
            ),
        ),
    ),
    Reason.ASIDE: Held(
        because=_("Staff have set it aside: it is kept, and its money counts for nothing."),
        steps=(
            Step(
                words=_("Nothing has to be done. Another file of its month counts in its place."),
                to="royalties:reports",
            ),
        ),
    ),
}


OF_BASIS: Final[Mapping[str, Held]] = {  # in place of BASIS_NOT_YET
    Basis.NAMED: Held(
        because=_(
            "Its lines name whose money they are (NAMED). It is kept for those it names and never divided again, but the portal cannot pay such money yet."
        ),
        steps=(
            Step(words=_("Look whether the parties it names are ours. Nothing has to be sent again."), to="#society"),
        ),
    ),
    Basis.USAGE: Held(
        because=_("There is no money in it: it lists uses for which nobody has been paid. Claim those that are ours."),
        steps=(
            Step(
                words=_("Look through the songs that were matched, and decide those that wait."), to="royalties:review"
            ),
            Step(words=_("Send whoever made the list your claim before its window closes."), to=""),
        ),
    ),
}


def why_held(report: Report) -> dict[str, Any] | None:
    """Why its money waits and what to do, with the address of each step; None where it does not wait."""
    held = HELD.get(report.held_reason)
    if report.held_reason == Reason.BASIS_NOT_YET:
        held = OF_BASIS.get(report.basis, held)
    if held is None:
        return None
    return {"because": held.because, "steps": [{"words": step.words, "url": _url(step, report)} for step in held.steps]}


def _url(step: Step, report: Report) -> str:
    if not step.to:
        return ""
    if step.to.startswith("#"):
        return reverse("royalties:report", args=[report.ref]) + step.to
    name, hash_mark, place = step.to.partition("#")
    return reverse(name, args=[report.ref] if step.of_report else []) + hash_mark + place
