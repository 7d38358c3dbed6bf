"""Sources × months: whose report is here, late or missing, by its source's own calendar and in days of Seoul."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.home.society import tasks_of_society
from royalties.calendars import CalendarRunsOn, CalendarWasDue, NotADueDay, declare_calendar
from royalties.grid import files_of_no_month, grid_of
from royalties.models import Report, ReportingCalendar, Source
from royalties.reporting import State
from royalties.services import NoReason
from tests.portal.api import error_of, program
from tests.royalties.scene import QQ, YUAN, Scene, add_report, make_scene, signed_in

TODAY = dt.datetime(2026, 11, 23, 3, tzinfo=dt.UTC)  # noon in Seoul
JUNE = dt.date(2026, 6, 1)


@pytest.fixture
def scene(db: None, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """On the 23rd of November; tme's report of September is there."""
    settings.MEDIA_ROOT = tmp_path
    it_is(monkeypatch, TODAY)
    made = make_scene()
    arrived(made.report, dt.datetime(2026, 10, 31, tzinfo=dt.UTC))
    return made


def it_is(monkeypatch: pytest.MonkeyPatch, now: dt.datetime) -> None:
    monkeypatch.setattr(timezone, "now", lambda: now)


def arrived(report: Report, at: dt.datetime) -> Report:
    Report.objects.filter(pk=report.pk).update(created_at=at)
    return report


def declare(code: str = "tme", **said: Any) -> ReportingCalendar:
    given = {"family": "song", "from_date": JUNE, "kind": "days_after", "number": 30, "missing_after": 30}
    return declare_calendar(
        source=Source.objects.get(code=code), **{**given, "note": "contract", "actor": None, **said}
    )


def states(scene: Scene, **asked: Any) -> dict[tuple[str, str], dict[str, str]]:
    """Source and family → month → state, of the cells that say something."""
    return {
        (row.source.code, row.family): {
            f"{month:%m}": cell.state.value for month, cell in row.cells if cell.state != State.NOT_EXPECTED
        }
        for row in grid_of(scene.staff, **asked).rows
    }


# ── the grid ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_month_says_what_it_has_come_to(scene: Scene) -> None:
    declare()
    declare("mcsc", family="", kind="day_of_next", number=10, from_date=dt.date(2026, 9, 1))
    found = states(scene)
    assert found["tme", "song"] == {
        "11": "not_yet",
        "10": "not_yet",  # until the 30th of November
        "09": "received",
        "08": "missing",  # due on the 30th of September, and late until the 30th of October
        "07": "received",  # the scene's oldest
        "06": "missing",
    }
    assert found["mcsc", ""] == {"11": "not_yet", "10": "late", "09": "missing"}


def test_a_day_ends_in_seoul(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of October the report is due on the 30th of November: in Seoul that day ends at 15:00 UTC."""
    declare()
    midnight = dt.datetime(2026, 11, 30, 15, tzinfo=dt.UTC)
    for now, state in ((midnight - dt.timedelta(seconds=1), "not_yet"), (midnight, "late")):
        it_is(monkeypatch, now)
        assert states(scene)["tme", "song"]["10"] == state
    it_is(monkeypatch, TODAY)
    arrived(scene.report, dt.datetime(2026, 10, 30, 15, tzinfo=dt.UTC))  # of September: due on the 30th of October
    (row,) = grid_of(scene.staff, source=Source.objects.get(code="tme")).rows
    assert dict(row.cells)[dt.date(2026, 9, 1)].days_late == 1


def test_held_and_refused_files_stand_in_their_cell(scene: Scene) -> None:
    declare()
    second = add_report([(scene.matched, QQ, 1, YUAN)], state="held", held_reason="second_file")
    aside = add_report([], period=dt.date(2026, 8, 1), state="held", held_reason="aside")
    refused = add_report([], period=dt.date(2026, 6, 1), state="refused")
    Report.objects.filter(pk=refused.pk).update(family="")
    nowhere = add_report([], state="refused", source="mcsc")
    Report.objects.filter(pk=nowhere.pk).update(family="", period=None)
    assert states(scene)["tme", "song"] | {"10": "", "11": ""} == {
        "06": "missing", "07": "received", "08": "missing", "09": "held", "10": "", "11": "",
    }  # fmt: skip
    grid = grid_of(scene.staff)
    cells = {month: [one.ref for one in cell.arrivals] for month, cell in grid.rows[0].cells}
    assert cells[dt.date(2026, 9, 1)] == [scene.report.ref, second.ref]
    assert (cells[dt.date(2026, 8, 1)], cells[JUNE]) == ([aside.ref], [refused.ref])
    assert [report.ref for report in files_of_no_month(scene.staff)] == [nowhere.ref]


@pytest.mark.parametrize("reason", Report.HeldReason.values)
def test_a_held_file_counts_unless_it_stands_no_more(scene: Scene, reason: str) -> None:
    declare("mcsc", family="", from_date=dt.date(2026, 9, 1))
    add_report([(scene.matched, QQ, 1, YUAN)], state="held", held_reason=reason, source="mcsc")
    gone = reason in {"aside", "replaced", "withdrawn"}
    assert states(scene)["mcsc", ""]["09"] == ("late" if gone else "held")


def test_every_state_of_a_report_means_something_for_its_month(scene: Scene) -> None:
    declare("mcsc", family="", from_date=dt.date(2026, 1, 1))
    found = {}
    for at, state in enumerate(Report.State, 1):
        add_report([], period=dt.date(2026, at, 1), state=state, source="mcsc")
    for month, cell in grid_of(scene.staff, source=Source.objects.get(code="mcsc")).rows[0].cells:
        found[month.month] = cell.arrivals[0].what.value if cell.arrivals else ""
    assert {state: found[at] for at, state in enumerate(Report.State, 1)} == {
        "received": "under_way", "reading": "under_way", "matching": "under_way", "ready": "received",
        "held": "held", "mapping": "held", "refused": "refused", "stopped": "stopped",
    }  # fmt: skip
    shown = signed_in(scene.staff).get(reverse("royalties:reporting")).content.decode()
    assert "its columns are not known yet" in shown


def test_what_no_calendar_speaks_of_is_shown_and_never_owed(scene: Scene) -> None:
    add_report([(scene.matched, QQ, 1, YUAN)], source="mcsc")
    assert states(scene) == {
        ("mcsc", "song"): {"09": "received"},
        ("tme", "song"): {"07": "received", "09": "received"},
    }


def test_filters_choose_months_sources_and_rows(scene: Scene) -> None:
    declare()
    declare("mcsc", family="", from_date=dt.date(2026, 11, 1))
    assert list(states(scene, only=(State.LATE, State.MISSING))) == [("tme", "song")]
    assert list(states(scene, source=Source.objects.get(code="mcsc"))) == [("mcsc", "")]
    assert states(scene, until=dt.date(2026, 8, 1), span=2)["tme", "song"] == {"08": "missing", "07": "received"}


def test_more_cells_cost_no_more_queries(scene: Scene) -> None:
    declare()

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            grid_of(scene.staff)
        return len(asked)

    queries()  # who asks is remembered
    before = queries()
    for month in range(1, 9):
        add_report([], period=dt.date(2026, month, 1), source="mcsc")
    declare("mcsc", family="single")
    assert queries() == before


# ── the calendar ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_later_calendar_follows_and_changes_nothing_that_was_due(scene: Scene) -> None:
    first = declare()
    before = states(scene)["tme", "song"]
    assert declare() == first, "the same again changes nothing"
    with pytest.raises(CalendarRunsOn):
        declare(number=60)
    with pytest.raises(CalendarWasDue, match="2026-09-30"):
        declare(from_date=dt.date(2026, 8, 1), number=60)
    declare(from_date=dt.date(2026, 10, 1), number=20)
    after = states(scene)["tme", "song"]
    assert after.pop("10") == "late"
    assert {**after, "10": "not_yet"} == before
    declare(from_date=dt.date(2026, 11, 1), kind="ended", number=None)
    assert "11" not in states(scene)["tme", "song"]
    assert ReportingCalendar.objects.count() == 3


@pytest.mark.parametrize(
    ("kind", "number"), [("days_after", 0), ("days_after", 367), ("day_of_next", 32), ("days_after", None)]
)
def test_impossible_days_are_refused(scene: Scene, kind: str, number: int | None) -> None:
    with pytest.raises(NotADueDay):
        declare(kind=kind, number=number)
    with pytest.raises(NoReason):
        declare(note=" ")
    assert not ReportingCalendar.objects.exists()


def test_the_portal_cannot_rewrite_a_calendar(scene: Scene) -> None:
    declare()
    for change in ("UPDATE royalties_reportingcalendar SET number = 8", "DELETE FROM royalties_reportingcalendar"):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(change)


# ── pages and programs ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_page_leads_to_each_report_and_to_the_upload_of_what_is_owed(scene: Scene) -> None:
    declare()
    held = add_report([(scene.matched, QQ, 1, YUAN)], period=JUNE, state="held", held_reason="no_basis")
    shown = signed_in(scene.staff).get(reverse("royalties:reporting")).content.decode()
    upload = f"{reverse('royalties:upload')}?source=tme&amp;period=2026-08"
    for words in (reverse("royalties:report", args=[held.ref]), upload, "missing", "nobody has declared", "MCSC"):
        assert words in shown, words
    form = signed_in(scene.staff).get(reverse("royalties:upload") + "?source=tme&period=2026-08").content.decode()
    assert '<option value="tme" selected>' in form
    assert 'value="2026-08"' in form
    assert upload not in signed_in(scene.auditor).get(reverse("royalties:reporting")).content.decode()
    for query in ("?show=owed", "?source=nobody", "?until=2026-99&span=7", "?source=mcsc&show=attention"):
        assert signed_in(scene.auditor).get(reverse("royalties:reporting") + query).status_code == 200


def test_staff_are_told_of_months_that_are_late_or_missing(scene: Scene) -> None:
    declare()
    tasks = {task.url_name: task.number for task in tasks_of_society(scene.staff)}
    assert tasks["royalties:reporting"] == 2  # June and August


def test_staff_declare_a_calendar_on_the_page_of_sources(scene: Scene) -> None:
    form = {
        "declare": "calendar", "calendar-source": "mcsc", "calendar-family": "", "calendar-from_date": "2026-09",
        "calendar-kind": "day_of_next", "calendar-number": "20", "calendar-missing_after": "10", "calendar-note": "letter",
    }  # fmt: skip
    staff, url = signed_in(scene.staff), reverse("royalties:sources")
    shown = staff.post(url, form, follow=True).content.decode()
    assert "on day 20 of the following month" in shown
    assert "missing after 10 more days" in shown
    refused = staff.post(url, {**form, "calendar-number": "21"})
    assert refused.status_code == 400
    assert "is declared already" in refused.content.decode()
    assert ReportingCalendar.objects.get().declared_by == scene.staff


def test_programs_read_months_and_declare_calendars(scene: Scene) -> None:
    staff = program(scene.staff)
    given = {"family": "song", "from_month": "2026-06", "kind": "days_after", "number": 30, "note": "contract"}
    said = staff.post("/api/v1/sources/tme/calendars/", given, "application/json")
    assert said.status_code == 201
    assert said.json()["calendars"][0] == {**given, "missing_after": 30, "declared_by": "staff"}
    error = error_of(staff.post("/api/v1/sources/tme/calendars/", {**given, "number": 31}, "application/json"), 409)
    assert error["error"] == "calendar-runs-on"
    (row,) = program(scene.auditor).get("/api/v1/months/?source=tme&months=3").json()["sources"]
    assert [(cell["month"], cell["state"]) for cell in row["months"]] == [
        ("2026-11", "not_yet"),
        ("2026-10", "not_yet"),
        ("2026-09", "received"),
    ]
    received = row["months"][2]
    assert (received["due"], received["days_late"]) == ("2026-10-30", 1)
    assert received["reports"] == [
        {"report": scene.report.ref, "state": "received", "held_reason": None, "received_on": "2026-10-31"}
    ]
    error_of(staff.get("/api/v1/months/?source=nobody"), 400)
