"""A file read again in another encoding while its money has not moved: nothing is lost, and the wrong reading counts for nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation
from pytest_django import Settings

from portal.accounts.models import User
from portal.files.models import StoredFile
from portal.jobs.models import Job
from royalties.ingest import work_on
from royalties.ingest.again import (
    ReportIsPaid,
    ReportIsSuperseded,
    ReportIsUnderWay,
    SheetSaysItself,
    read_report_again,
)
from royalties.models import Match, Pool, Report, ReportedRecording, Source, UsageLine
from royalties.money_in import accept_difference, record_remittance
from royalties.reports.base import EncodingIsUnknown
from royalties.services import NoReason, NotInDoubt, accept_as_is, decide_match
from tests.conftest import Database
from tests.portal.test_jobs import in_threads
from tests.royalties.scene import Scene, make_scene, signed_in
from tests.royalties.test_hostile_reports import english_statement
from tests.royalties.test_ingest import SEPTEMBER, as_csv, as_xlsx, cells, import_bytes, mixed_lines, receive
from works.models import Work

SONGS = {"밤편지", "사랑이 지나가면", "너의 의미"}


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.PORTAL_DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"
    with translation.override("en"):
        yield tmp_path


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


def read_again(report: Report, encoding: str) -> Report:
    again = read_report_again(report=report, encoding=encoding, actor=None, bell=False)
    work_on(again.job_id or 0)
    again.refresh_from_db()
    report.refresh_from_db()
    return again


def titles(report: Report) -> set[str]:
    return set(ReportedRecording.objects.filter(usages__report=report).values_list("title", flat=True))


def money_for(report: Report, micros: int) -> Pool:
    return record_remittance(
        source=Source.objects.get(pk=report.source_id),
        period=SEPTEMBER,
        amount_micros=micros,
        currency="CNY",
        rate=Decimal(190),
        rate_date=dt.date(2026, 11, 1),
    ).pool


@pytest.mark.django_db
def test_the_text_is_right_and_nothing_is_counted_twice() -> None:
    wrong = import_bytes(english_statement("cp949"))
    assert not titles(wrong) & SONGS
    right = read_again(wrong, "cp949")
    assert (right.state, right.accepted, right.encoding, right.reads_again) == ("ready", 3, "cp949", wrong)
    assert titles(right) == SONGS
    assert (wrong.state, wrong.held_reason, wrong.superseded_at is None) == ("held", "aside", False)
    assert UsageLine.objects.filter(report_id=wrong.pk).count() == 3  # kept as they were read
    assert right.accepted_micros == wrong.accepted_micros
    assert StoredFile.objects.count() == 1
    again, is_new = receive(english_statement("cp949"))
    assert (again, is_new) == (right, False)  # the same bytes are the report that stands


@pytest.mark.django_db
def test_songs_with_an_id_get_their_names_and_matches_from_the_new_reading() -> None:
    wrong = import_bytes(as_csv([cells(number) for number in range(5)], "gb18030"))
    Report.objects.update(encoding="cp949")  # as if it had been
    ReportedRecording.objects.update(title="亂碼")
    decided = ReportedRecording.objects.get(song_id="7000000000000000001")
    actor = User.objects.create_user("staff@example.org", name="직원")
    work = Work.objects.create(title="노래 1")
    decide_match(recording=decided, works=[(work, Fraction(1))], actor=actor, reason="heard it")
    by_matcher = set(Match.objects.filter(superseded_at=None, decided_by=None).values_list("pk", flat=True))
    right = read_again(wrong, "gb18030")
    assert titles(right) == {f"노래 {number}" for number in range(5)}
    assert set(right.first_songs.values_list("title", flat=True)) == titles(right)
    assert not Match.objects.filter(pk__in=by_matcher, superseded_at=None).exists()
    assert Match.objects.get(recording=decided, superseded_at=None).decided_by == actor
    assert Match.objects.filter(superseded_at=None).count() == 5


@pytest.mark.django_db
def test_in_the_encoding_it_was_read_in_nothing_changes() -> None:
    report = import_bytes(english_statement("gb18030"))
    for encoding in ("", "gb18030"):
        assert read_report_again(report=report, encoding=encoding, actor=None) == report
    assert Report.objects.count() == Job.objects.count() == 1


@pytest.mark.django_db
def test_a_refused_file_begins_anew_as_the_same_report() -> None:
    content = as_csv([cells(1)], "gb18030")
    refused = import_bytes(content, encoding="utf-8")
    assert refused.error_code == "encoding-does-not-fit"
    right = read_again(refused, "gb18030")
    assert (right.pk, right.state, right.accepted) == (refused.pk, "ready", 1)


@pytest.mark.django_db
def test_money_follows_the_new_reading_until_it_is_released() -> None:
    wrong = import_bytes(english_statement("cp949"))
    pool = money_for(wrong, 8_000_000)
    assert (pool.state, list(pool.reports.all())) == ("held", [wrong])
    right = read_report_again(report=wrong, encoding="cp949", actor=None, bell=False)
    pool.refresh_from_db()
    assert (pool.state, pool.reports.count()) == ("waiting", 0)  # nobody can release it by the wrong reading meanwhile
    work_on(right.job_id or 0)
    right.refresh_from_db()
    assert list(pool.reports.all()) == [right]
    accept_difference(pool=pool, actor=User.objects.create_user("staff@example.org", name="직원"), reason="a fee")
    with pytest.raises(ReportIsPaid):
        read_report_again(report=right, encoding="gb18030", actor=None)
    right.refresh_from_db()
    assert (right.state, right.superseded_at) == ("ready", None)
    assert list(pool.reports.all()) == [right]


@pytest.mark.django_db
def test_what_cannot_be_read_again_says_why() -> None:
    waiting, _new = receive(english_statement("cp949"))
    with pytest.raises(ReportIsUnderWay):
        read_report_again(report=waiting, encoding="cp949", actor=None)
    with pytest.raises(EncodingIsUnknown, match="utf-7"):
        read_report_again(report=waiting, encoding="utf-7", actor=None)
    sheet = import_bytes(as_xlsx(mixed_lines()), "song_1.xlsx")
    with pytest.raises(SheetSaysItself):
        read_report_again(report=sheet, encoding="cp949", actor=None)
    wrong = import_bytes(english_statement("cp949"), source="mcsc")
    right = read_again(wrong, "cp949")
    with pytest.raises(ReportIsSuperseded, match=right.ref):
        read_report_again(report=wrong, encoding="utf-8", actor=None)


@pytest.mark.slow
def test_two_people_at_once_make_one_new_report(fresh_database: Database) -> None:
    wrong = import_bytes(english_statement("cp949"))
    answers: list[str] = []

    def ask() -> None:
        try:
            answers.append(read_report_again(report=wrong, encoding="cp949", actor=None, bell=False).ref)
        except ReportIsSuperseded as refusal:
            answers.append(refusal.code)

    in_threads(4, ask)
    assert answers.count("report-is-superseded") == len(answers) - 1 == 3
    assert Report.objects.count() == 2


# ── accepting a file as it is ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_a_file_in_doubt_is_accepted_once_with_a_reason() -> None:
    report = import_bytes(as_csv(mixed_lines()), declared_lines=7)
    with pytest.raises(NoReason):
        accept_as_is(report=report, actor=None, reason=" ")
    assert Report.objects.get(pk=report.pk).held_reason == "declared"
    pool = money_for(report, 1_000_000)
    assert (pool.state, pool.reports.count()) == ("waiting", 0)  # no money moves by a file in doubt
    assert accept_as_is(report=report, actor=None, reason="counted by hand").state == "ready"
    pool.refresh_from_db()
    assert (pool.state, pool.reports.count()) == ("held", 1)
    with pytest.raises(NotInDoubt):
        accept_as_is(report=report, actor=None, reason="again")


@pytest.mark.django_db
def test_an_accepted_file_of_a_known_month_is_still_a_second_file() -> None:
    import_bytes(as_csv([cells(1)]))
    second = import_bytes(as_csv([cells(2)]), declared_lines=7)
    assert second.held_reason == "declared"
    assert accept_as_is(report=second, actor=None, reason="counted").held_reason == "second_file"


# ── the pages ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_page_shows_the_first_lines_and_lets_staff_choose(scene: Scene) -> None:
    report = import_bytes(english_statement("cp949"), source="mcsc")
    url = reverse("royalties:report", args=[report.ref])
    shown = signed_in(scene.staff).get(url).content.decode()
    assert "The letters may be wrong" in shown
    assert "much more like CP949" in shown
    assert "its lines are not UTF-8" in shown
    assert reverse("royalties:read_again", args=[report.ref]) in shown
    assert reverse("royalties:read_again", args=[report.ref]) not in signed_in(scene.auditor).get(url).content.decode()
    again = signed_in(scene.staff).post(reverse("royalties:read_again", args=[report.ref]), {"encoding": "cp949"})
    right = Report.objects.latest("id")
    assert again["Location"] == reverse("royalties:report", args=[right.ref])
    work_on(right.job_id or 0)
    shown = signed_in(scene.staff).get(again["Location"]).content.decode()
    assert "밤편지" in shown
    assert "somebody stated it" in shown
    assert report.ref in shown
    assert right.ref in signed_in(scene.staff).get(url).content.decode()
    listed = signed_in(scene.staff).get(reverse("royalties:reports")).content.decode()
    assert "its file was read again" in listed


def test_the_page_of_a_file_in_doubt_asks_for_the_decision(scene: Scene) -> None:
    report = import_bytes(as_csv(mixed_lines()), declared_lines=7, declared_micros=5, source="mcsc")
    url = reverse("royalties:report", args=[report.ref])
    shown = signed_in(scene.staff).get(url).content.decode()
    assert "What was declared and what the file says" in shown
    assert "CN¥0.000005" in shown
    accept = reverse("royalties:accept_report", args=[report.ref])
    assert accept not in signed_in(scene.auditor).get(url).content.decode()
    assert signed_in(scene.staff).post(accept, {"reason": ""}).status_code == 400
    assert Report.objects.get(pk=report.pk).held_reason == "declared"
    signed_in(scene.staff).post(accept, {"reason": "counted by hand"})
    assert Report.objects.get(pk=report.pk).held_reason == "no_basis"
    assert "counted by hand" in signed_in(scene.staff).get(url).content.decode()


def test_the_upload_form_takes_what_its_sender_says(scene: Scene) -> None:
    content = as_csv(mixed_lines())
    form = {
        "source": "tme",
        "encoding": "utf-8",
        "declared_lines": "61",
        "declared_micros": "12.5",
        "sha256": hashlib.sha256(content).hexdigest().upper(),
        "file": SimpleUploadedFile("song_1.csv", content),
    }
    assert signed_in(scene.staff).post(reverse("royalties:upload"), form).status_code == 302
    report = Report.objects.latest("id")
    declared = report.declared_totals.get()
    assert [report.encoding_asked, declared.lines, declared.micros] == ["utf-8", 61, 12_500_000]
    wrong = {**form, "sha256": "0" * 64, "file": SimpleUploadedFile("song_1.csv", content + b"\n")}
    refused = signed_in(scene.staff).post(reverse("royalties:upload"), wrong)
    assert refused.status_code == 400
    assert "is not the file its sender means" in refused.content.decode()
    assert Report.objects.latest("id") == report
