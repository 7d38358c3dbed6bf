"""Sources × months, for people: what came in, what is late or missing, and what is held and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from portal.accounts.access import is_staff, only
from portal.lib import wording
from royalties.access import SOCIETY, sources_of
from royalties.forms import GridForm
from royalties.grid import ATTENTION, SPAN, Grid, Row, files_of_no_month, grid_of
from royalties.models import Report
from royalties.reporting import OWED, Arrived, Cell, State

STATES: Final[dict[str, str | Promise]] = {
    State.RECEIVED: gettext_lazy("received"),
    State.HELD: gettext_lazy("held"),
    State.STOPPED: gettext_lazy("stopped"),
    State.UNDER_WAY: gettext_lazy("being read"),
    State.LATE: gettext_lazy("late"),
    State.MISSING: gettext_lazy("missing"),
    State.NOT_YET: gettext_lazy("not due yet"),
    Arrived.REFUSED: gettext_lazy("refused"),
    Arrived.ASIDE: gettext_lazy("set aside"),
}
LEGEND: Final[dict[str, str | Promise]] = {
    State.RECEIVED: gettext_lazy("It is read, and its money counts."),
    State.HELD: gettext_lazy("It is read, and its money waits for somebody’s decision."),
    State.LATE: gettext_lazy("By its source’s calendar it should be here."),
    State.MISSING: gettext_lazy("It is late for longer than the calendar allows: ask the service."),
    State.NOT_YET: gettext_lazy("It has until the day that is named."),
    Arrived.REFUSED: gettext_lazy("A file came and could not be read: the month is still owed."),
    Arrived.ASIDE: gettext_lazy("A file came that counts for nothing: withdrawn, replaced or set aside."),
}
SHOWN: Final = {"owed": OWED, "attention": ATTENTION}


@require_GET
@only(*SOCIETY)
def months(request: HttpRequest) -> HttpResponse:
    """Sources × months: what came in, what is late or missing, and what is held and why."""
    form = GridForm(request.GET)
    form.is_valid()
    asked = form.cleaned_data
    grid = grid_of(
        request.user,
        until=asked.get("until"),
        span=asked.get("span") or SPAN,
        source=asked.get("source"),
        only=SHOWN.get(asked.get("show") or "", ()),
    )
    staff = is_staff(request.user)
    expected = {row.source.pk for row in grid.rows if row.rules}
    shown = _months_that_say_something(grid)
    context = {
        "form": form,
        "grid": grid,
        "nowhere": files_of_no_month(request.user, asked.get("source")),
        "months": shown,
        "rows": [
            {"row": row, "cells": [_cell(grid, row, month, cell) for month, cell in row.cells[: len(shown)]]}
            for row in grid.rows
        ],
        "figures": [
            (STATES[state], grid.count(state)) for state in (State.RECEIVED, State.HELD, State.LATE, State.MISSING)
        ],
        "legend": [
            ("ready" if code == State.RECEIVED else code, STATES[code], words) for code, words in LEGEND.items()
        ],
        "undeclared": []
        if asked.get("show") or asked.get("source")
        else [source for source in sources_of(request.user).order_by("name") if source.pk not in expected],
        "staff": staff,
    }
    return render(request, "royalties/months.html", context)


def _months_that_say_something(grid: Grid) -> Sequence[dt.date]:
    """The newest, down to the oldest of which something is expected or here."""
    said = [month for row in grid.rows for month, cell in row.cells if cell.arrivals or cell.due]
    return [month for month in grid.months if not said or month >= min(said)]


def _cell(grid: Grid, row: Row, month: dt.date, cell: Cell) -> dict[str, Any]:
    """A cell in words: its state, the files that came, what is still owed, and where staff send in what is owed."""
    arrived = [(arrival, grid.reports[arrival.ref]) for arrival in reversed(cell.arrivals)]
    counts = cell.state.value in {arrival.what.value for arrival, _report in arrived}
    upload = f"{reverse('royalties:upload')}?{urlencode({'source': row.source.code, 'period': f'{month:%Y-%m}'})}"
    return {
        "month": month,
        "state": "" if counts or cell.state == State.NOT_EXPECTED else cell.state.value,
        "word": STATES.get(cell.state, ""),
        "files": [
            {
                "report": report,
                "state": "ready" if arrival.what == Arrived.RECEIVED else arrival.what.value,
                "word": STATES[arrival.what.value],
                "why": _why(report) if arrival.what in {Arrived.HELD, Arrived.ASIDE} else "",
            }
            for arrival, report in arrived
        ],
        "said": _said(cell),
        "upload": upload if cell.state in {*OWED, State.NOT_YET} else "",
    }


def _why(report: Report) -> str:
    return report.held_because or report.get_state_display()


def _said(cell: Cell) -> str:
    """When it is or was due, as far as that says something."""
    if cell.due is None:
        return ""
    if cell.state == State.NOT_YET:
        return _("until %(day)s") % {"day": wording.day(cell.due)}
    if cell.state in OWED:
        return _("since %(day)s") % {"day": wording.day(cell.due)}
    if cell.days_late:
        words = ngettext("%(count)s day late", "%(count)s days late", cell.days_late)
        return words % {"count": wording.count(cell.days_late)}
    return ""
