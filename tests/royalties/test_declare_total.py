"""What a sender declares of a report: where it is said, compared to the line and to the fen, corrected, and its history kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.urls import reverse
from hypothesis import given, strategies as st

from royalties.declared import FEN, agree_to_the_fen
from royalties.ingest import parse, plan, work_on
from royalties.models import DeclaredTotal, Report
from royalties.services import NoReason, NotToBeDeclared, TotalOfTheFile, accept_as_is, declare_total, set_aside
from tests.portal.api import error_of, program
from tests.royalties.scene import YUAN, Scene, add_report, make_scene, receive_money, signed_in
from tests.royalties.test_ingest import as_csv, cells, import_bytes, mixed_lines, receive
from tests.royalties.test_tme import HEADERS

OURS = 120_677_777  # of the scene's report
MAIL, STAFF, FILE = DeclaredTotal.Origin.MAIL, DeclaredTotal.Origin.STAFF, DeclaredTotal.Origin.FILE


@pytest.fixture
def scene(db: None, tmp_path: Path, settings: Any) -> Scene:
    settings.MEDIA_ROOT = tmp_path
    return make_scene()


def said(report: Report, *, standing: bool = True) -> list[tuple[str, int | None, int | None]]:
    rows = report.declared_totals.filter(superseded_at__isnull=standing).order_by("pk")
    return [(row.origin, row.lines, None if row.micros is None else int(row.micros)) for row in rows]


def declare(report: Report, **said: Any) -> Report:
    return declare_total(
        report=report, **{"origin": MAIL, "lines": None, "micros": None, "note": "", "actor": None, **said}
    )


# ── to the fen ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(ours=st.integers(-(10**15), 10**15), fen=st.integers(-3, 3))
def test_whole_fen_agree_with_what_rounds_or_cuts_to_them(ours: int, fen: int) -> None:
    cut, rest = divmod(ours, FEN)
    declared = (cut + fen) * FEN
    assert agree_to_the_fen(declared, ours) == (fen == 0 or (fen == 1 and rest > 0))


@given(ours=st.integers(-(10**15), 10**15), declared=st.integers(-(10**15), 10**15).filter(lambda micros: micros % FEN))
def test_who_declares_more_than_fen_is_taken_at_the_word(ours: int, declared: int) -> None:
    assert agree_to_the_fen(declared, ours) == (declared == ours)


# ── said by people ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("declared", "state"),
    [
        ({"lines": 7}, "ready"),
        ({"lines": 8}, "held"),
        ({"micros": OURS}, "ready"),
        ({"micros": 120_670_000}, "ready"),
        ({"micros": 120_680_000}, "ready"),
        ({"micros": 120_690_000}, "held"),
        ({"micros": 120_660_000}, "held"),
        ({"micros": OURS - 1}, "held"),
        ({"lines": 7, "micros": 120_690_000}, "held"),
    ],
)
def test_a_ready_report_is_held_by_a_total_that_is_another(scene: Scene, declared: Any, state: str) -> None:
    report = declare(scene.report, **declared)
    assert (report.state, report.held_reason) == (state, "declared" if state == "held" else "")
    assert Report.objects.get(pk=report.pk).state == state


def test_a_correction_lets_it_go_and_what_was_said_before_stays(scene: Scene) -> None:
    held = declare(scene.report, lines=8, micros=OURS, actor=scene.staff)
    assert held.held_reason == "declared"
    with pytest.raises(NoReason):
        declare(held, lines=7, micros=OURS)
    assert said(held) == [("mail", 8, OURS)]
    corrected = declare(held, lines=7, micros=OURS, note="their footer counts itself", actor=scene.staff_two)
    assert (corrected.state, corrected.held_reason) == ("ready", "")
    assert said(corrected) == [("mail", 7, OURS)]
    before = corrected.declared_totals.get(superseded_at__isnull=False)
    assert (before.lines, before.declared_by, before.note) == (8, scene.staff, "")
    assert corrected.declared_totals.get(superseded_at__isnull=True).declared_by == scene.staff_two


def test_each_who_says_so_is_compared_by_itself(scene: Scene) -> None:
    declare(scene.report, origin=STAFF, lines=8)
    report = declare(scene.report, origin=MAIL, lines=7)
    assert (report.held_reason, said(report)) == ("declared", [("staff", 8, None), ("mail", 7, None)])
    assert declare(report, origin=STAFF, note="a slip").state == "ready"  # taken back
    assert said(report) == [("mail", 7, None), ("staff", None, None)]


def test_the_same_again_writes_nothing(scene: Scene) -> None:
    declare(scene.report, lines=7)
    declare(scene.report, lines=7, note="once more")
    assert said(scene.report) == [("mail", 7, None)]
    assert said(scene.report, standing=False) == []


def test_what_is_declared_after_a_file_was_accepted_holds_it_again(scene: Scene) -> None:
    held = declare(scene.report, lines=8)
    accepted = accept_as_is(report=held, actor=scene.staff, reason="counted by hand")
    assert accepted.state == "ready"
    again = declare(accepted, origin=DeclaredTotal.Origin.INVOICE, lines=9)
    assert (again.state, again.held_reason) == ("held", "declared")
    assert accept_as_is(report=again, actor=scene.staff, reason="and again").state == "ready"


def test_a_report_held_for_another_reason_stays_held(scene: Scene) -> None:
    other = add_report([(scene.matched, "qq", 1, YUAN)], source="mcsc", state="held", held_reason="no_basis")
    assert declare(other, lines=1).held_reason == "no_basis"
    assert declare(other, lines=2, note="a slip").held_reason == "declared"
    assert declare(other, lines=1, note="none after all").held_reason == "no_basis"


def test_it_is_too_late_once_money_is_released_and_for_what_counts_no_more(scene: Scene) -> None:
    aside = add_report([(scene.matched, "qq", 1, YUAN)])
    set_aside(aside)
    with pytest.raises(NotToBeDeclared):
        declare(aside, lines=9)
    receive_money(scene)
    with pytest.raises(NotToBeDeclared):
        declare(scene.report, lines=9)
    with pytest.raises(TotalOfTheFile):
        declare(scene.report, origin=FILE, lines=9)
    assert not DeclaredTotal.objects.exists()


def test_the_portal_cannot_rewrite_what_was_said(scene: Scene) -> None:
    declare(scene.report, lines=7)
    for change in ("UPDATE royalties_declaredtotal SET lines = 8", "DELETE FROM royalties_declaredtotal"):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(change)


# ── said by the file ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
@pytest.mark.parametrize(("lines", "state"), [(60, "ready"), (61, "held")])
def test_a_footer_known_from_the_plan_is_compared(monkeypatch: pytest.MonkeyPatch, lines: int, state: str) -> None:
    how_it_was_read = plan._how_it_was_read
    footer = {"lines": lines, "line_no": 62}
    monkeypatch.setattr(plan, "_how_it_was_read", lambda *args: {**how_it_was_read(*args), "footer": footer})
    report = import_bytes(as_csv(mixed_lines()))
    assert (report.state, said(report)) == (state, [("file", lines, None)])
    assert report.declared_totals.get().line_no == 62


@pytest.mark.django_db
def test_a_footer_met_among_the_lines_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    report, _new = receive(as_csv(mixed_lines()), "song_202609.csv", declared_lines=60)
    work_parse = parse.work_parse
    monkeypatch.setattr(
        "royalties.ingest.work_parse", lambda *args: {**work_parse(*args), "footer": {"lines": 60, "micros": 1}}
    )
    work_on(report.job_id or 0)
    report.refresh_from_db()
    assert (report.held_reason, said(report)) == ("declared", [("staff", 60, None), ("file", 60, 1)])


# ── pages and programs ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_staff_declare_on_the_page_and_see_the_difference(scene: Scene) -> None:
    page = reverse("royalties:report", args=[scene.report.ref])
    url = reverse("royalties:declare_total", args=[scene.report.ref])
    staff = signed_in(scene.staff)
    assert url in staff.get(page).content.decode()
    assert url not in signed_in(scene.auditor).get(page).content.decode()
    form = {"declared-origin": "mail", "declared-lines": "8", "declared-micros": "120.69"}
    shown = staff.post(url, form, follow=True).content.decode()
    assert "its money waits" in shown
    for words in ("the mail it came with", "differs", "CN¥120.690000", "CN¥120.677777", "CN¥0.012223", "staff"):
        assert words in shown, words
    refused = staff.post(url, {"declared-origin": "file", "declared-lines": "7"}, follow=True)
    assert said(scene.report) == [("mail", 8, 120_690_000)]
    assert refused.status_code == 200
    staff.post(url, {**form, "declared-lines": "7", "declared-micros": "", "declared-note": "they wrote again"})
    shown = signed_in(scene.auditor).get(page).content.decode()
    assert "they wrote again" in shown
    assert "What was declared before" in shown


def test_programs_declare_and_read_it(scene: Scene) -> None:
    staff = program(scene.staff)
    url = f"/api/v1/reports/{scene.report.ref}/declared/"
    shown = staff.post(url, {"origin": "invoice", "lines": 7, "micros": OURS + FEN}, "application/json").json()
    (declared,) = shown["about_file"]["declared"]
    assert (shown["held_reason"], declared["agrees"], declared["lines_differ_by"]) == ("declared", False, 0)
    assert declared["money_differs_by"] == {"amount_micros": FEN, "currency": "CNY"}
    error = error_of(staff.post(url, {"origin": "invoice", "lines": 7}, "application/json"), 400)
    assert error["error"] == "no-reason"
    let_go = staff.post(url, {"origin": "invoice", "lines": 7, "note": "net of tax"}, "application/json").json()
    assert (let_go["state"], let_go["held_reason"]) == ("ready", None)


@pytest.mark.django_db
def test_a_file_read_again_keeps_what_people_declared() -> None:
    from royalties.ingest.again import read_report_again

    old = import_bytes(as_csv(mixed_lines()), declared_lines=61, declared_origin=MAIL)
    DeclaredTotal.objects.create(report=old, origin=FILE, lines=60)
    new = read_report_again(report=old, encoding="gb18030", actor=None, bell=False)
    assert said(new) == [("mail", 61, None)]


@pytest.mark.django_db
def test_a_refused_file_begins_anew_with_what_is_said_this_time() -> None:
    content = "\n".join(",".join(row) for row in [HEADERS, *(cells(number) for number in range(20))]).encode("gb18030")
    refused = import_bytes(content, encoding="utf-8", declared_lines=5)
    assert refused.state == "refused"
    again, is_new = receive(content, "song_202609.csv", declared_micros=3, declared_origin=MAIL)
    assert (again, is_new, said(again)) == (refused, True, [("mail", None, 3)])
    assert said(again, standing=False) == [("staff", 5, None)]
