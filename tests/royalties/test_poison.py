"""A line or a song that our own program fails on costs itself and nothing else, and staff hear of it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import Settings

from portal.accounts.models import Membership, Organisation, Role, User
from portal.files.services import path_of
from portal.jobs.models import Chunk
from portal.jobs.services import Stage, Work
from portal.notices.models import Notice
from royalties import ingest
from royalties.file_lines import file_lines
from royalties.ingest import poison, report_figures, work_on
from royalties.ingest.matching import songs_to_match
from royalties.ingest.spool import spool_path
from royalties.models import Match, Report, UsageLine
from tests.royalties.dsr_files import Fact, dsr_file
from tests.royalties.test_ingest import as_csv, as_xlsx, cells, import_bytes, mixed_lines, receive, rejected_rows

MARK = "독"


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.PORTAL_DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"
    with translation.override("en"):
        yield tmp_path


@pytest.fixture
def staff() -> User:
    society = Organisation.objects.create(kind=Organisation.Kind.SOCIETY, name="협회")
    user = User.objects.create_user("staff@example.org", name="직원")
    Membership.objects.create(user=user, organisation=society, role=Role.STAFF, from_date=dt.date(2020, 1, 1))
    return user


def has_mark(work: Work) -> bool:
    """Does a line of the chunk bear the mark? Looked up in the bytes, whatever the reader does with them."""
    report = Report.objects.select_related("file").get(pk=work.job.subject_id)
    spool = work.payload["spool"]
    content = (spool_path(spool) if spool else path_of(report.file)).read_bytes()
    block = content[work.payload["offset"] :][: work.payload["size"]]
    return MARK.encode() in block or json.dumps(MARK)[1:-1].encode() in block


def fails_on(is_bad: Callable[[Work], bool], stage: Stage) -> Stage:
    def prepare(work: Work) -> Any:
        if is_bad(work):
            raise KeyError("a bug in our reader")
        return stage.prepare(work)

    return replace(stage, prepare=prepare)


def break_stage(monkeypatch: pytest.MonkeyPatch, name: str, is_bad: Callable[[Work], bool]) -> None:
    whole = ingest.stages
    monkeypatch.setattr(ingest, "stages", lambda: {**whole(), name: fails_on(is_bad, whole()[name])})


def work_through_bugs(report: Report) -> None:
    """As workers do that are rung again after each failure."""
    assert report.job_id is not None
    while True:
        try:
            work_on(report.job_id)
        except KeyError:
            continue
        break
    report.refresh_from_db()


def with_marks(*at: int, count: int = 60) -> list[list[str]]:
    lines = mixed_lines(count)
    for number in at:
        lines[number] = cells(5, 歌手名=f"{MARK} 가수")
    return lines


@pytest.mark.django_db
@pytest.mark.parametrize("as_file", [as_csv, as_xlsx])
def test_a_line_our_reader_fails_on_is_rejected_and_the_others_are_read(
    monkeypatch: pytest.MonkeyPatch, staff: User, as_file: Callable[[list[list[str]]], bytes]
) -> None:
    label = "song_202609.csv" if as_file is as_csv else "song_202609.xlsx"
    lines = with_marks(41)
    break_stage(monkeypatch, "parse", has_mark)
    report, _new = receive(as_file(lines), label)
    work_through_bugs(report)
    assert (report.state, report.lines) == ("ready", 60)
    line = report.rejected_lines.get(reason="poison")
    assert (line.line_no, line.column, line.value, line.amount_micros) == (43, "", "", 0)
    assert line.raw == (("," if as_file is as_csv else "\t").join(lines[41]))
    others = import_bytes(as_file([line for at, line in enumerate(lines) if at != 41]), label)
    assert report_figures(others).accepted == UsageLine.objects.filter(report_id=report.pk).count()
    assert report_figures(others).matched_micros == report_figures(report).matched_micros
    assert report_figures(others).money_micros == report_figures(report).money_micros
    assert len(rejected_rows(report)) == len(rejected_rows(others)) + 1
    said = [str(notice) for notice in Notice.objects.filter(user=staff, url__contains=report.ref)]
    assert any("Our program failed on lines" in sentence and "rejected them: 1." in sentence for sentence in said)


@pytest.mark.django_db
def test_neighbours_that_fail_are_each_found(monkeypatch: pytest.MonkeyPatch) -> None:
    break_stage(monkeypatch, "parse", has_mark)
    report, _new = receive(as_csv(with_marks(0, 30, 31, 59)))
    work_through_bugs(report)
    assert report.state == "ready"
    assert [row[:2] for row in rejected_rows(report) if row[1] == "poison"] == [
        (2, "poison"), (32, "poison"), (33, "poison"), (61, "poison"),
    ]  # fmt: skip
    assert report.accepted + report.rejected == report.lines == 60


@pytest.mark.django_db
def test_pieces_tile_their_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cut leaves no gap and no overlap, down to the line; none of the pieces is read for it."""
    report, _new = receive(as_csv(with_marks(41)))
    break_stage(monkeypatch, "parse", has_mark)
    work_through_bugs(report)
    for chunk in Chunk.objects.filter(state="split"):
        end, line_no = chunk.payload["offset"], chunk.payload["first_line"]
        for piece in chunk.pieces.order_by("ordinal"):
            assert (piece.payload["offset"], piece.payload["first_line"]) == (end, line_no)
            assert piece.payload["lines"] == piece.units
            end, line_no = end + piece.payload["size"], line_no + piece.units
        assert end == chunk.payload["offset"] + chunk.payload["size"]
        assert line_no == chunk.payload["first_line"] + chunk.units


@pytest.mark.django_db
def test_where_many_lines_fail_the_lines_are_not_the_cause(monkeypatch: pytest.MonkeyPatch, staff: User) -> None:
    break_stage(monkeypatch, "parse", has_mark)
    report, _new = receive(as_csv(with_marks(*range(poison.MAX_POISONED + 1))))
    work_through_bugs(report)
    assert (report.state, report.error_code) == ("stopped", "too-many-lines-fail")
    assert report.rejected_lines.filter(reason="poison").count() == poison.MAX_POISONED


@pytest.mark.django_db
def test_a_song_our_matcher_fails_on_waits_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    break_stage(monkeypatch, "match", lambda work: songs_to_match(work).filter(title="노래 7").exists())
    report, _new = receive(as_csv(mixed_lines()))
    work_through_bugs(report)
    assert report.state == "ready"
    left = Match.objects.get(method="failed")
    assert (left.recording.title, left.outcome, left.works.count()) == ("노래 7", "review", 0)
    assert Match.objects.count() == report.songs


@pytest.mark.django_db
def test_staff_let_a_stopped_report_go_on(monkeypatch: pytest.MonkeyPatch, staff: User, client: Client) -> None:
    with monkeypatch.context() as broken:
        break_stage(broken, "parse", has_mark)
        report, _new = receive(as_csv(with_marks(*range(poison.MAX_POISONED + 1))))
        work_through_bugs(report)
    client.force_login(staff)
    page = reverse("royalties:report", args=[report.ref])
    assert reverse("royalties:resume_report", args=[report.ref]) in client.get(page).content.decode()
    assert client.post(reverse("royalties:resume_report", args=[report.ref])).status_code == 302
    report.refresh_from_db()
    assert (report.state, report.error_code, report.error_params) == ("reading", "", {})
    work_through_bugs(report)
    assert (report.state, report.accepted + report.rejected) == ("ready", 60)
    assert "파일의 20줄을 읽다가 실패해서" in client.get(page).content.decode()
    before = (report.finished_at, Chunk.objects.count())
    assert client.post(reverse("royalties:resume_report", args=[report.ref])).status_code == 302
    report.refresh_from_db()
    assert before == (report.finished_at, Chunk.objects.count())


@pytest.mark.django_db
def test_a_usage_of_a_ddex_report_that_fails_costs_itself_and_keeps_its_place_in_the_file(
    monkeypatch: pytest.MonkeyPatch, staff: User
) -> None:
    file = dsr_file("audio-1.1", [[Fact(title=MARK if number == 5 else "달빛")] for number in range(20)])
    break_stage(monkeypatch, "parse", has_mark)
    report, _new = receive(file.content(), file.name, source="generic")
    work_through_bugs(report)
    assert (report.state, report.held_reason, report.lines, report.accepted) == ("held", "no_basis", 20, 19)
    line = report.rejected_lines.get(reason="poison")
    assert (line.line_no, MARK in line.raw) == (7, True)
    assert file_lines(report.pk, [6, 7, 8]) == {6: 17, 7: 20, 8: 23}
