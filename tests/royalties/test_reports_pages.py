"""A report from the upload form over its progress to its figures, its rejected lines and a second file of its month."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from portal.files.models import StoredFile
from portal.jobs.models import Job
from royalties.models import Report, Source
from tests.royalties.scene import KUGOU, MONTH, QQ, YUAN, Scene, add_report, add_song, make_scene, signed_in

pytestmark = pytest.mark.django_db
BUDGET = 20


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


@pytest.fixture(autouse=True)
def _files_of_this_test(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def page(scene: Scene, who: str, name: str, *args: object, **query: str) -> str:
    response = signed_in(scene.everybody()[who]).get(reverse(f"royalties:{name}", args=args), query)
    assert response.status_code == 200
    return response.content.decode()


def under_way(scene: Scene, **changes: object) -> Report:
    """A report in the middle of being read."""
    report = add_report([], period=dt.date(2026, 10, 1), state=Report.State.READING)
    job = Job.objects.create(
        kind="royalties.tasks.import_report",
        subject_id=report.pk,
        state=Job.State.RUNNING,
        stage="parse",
        units_total=1000,
        units_done=250,
        heartbeat_at=timezone.now(),
    )
    Job.objects.filter(pk=job.pk).update(**changes)
    Report.objects.filter(pk=report.pk).update(job=job)
    return report


# ── bringing a file ─────────────────────────────────────────────────────────────────────────────────────────────────────


def send(scene: Scene, content: bytes = b"a,b\n1,2\n", name: str = "2026-09.csv", **fields: str) -> tuple[int, str]:
    form = {"source": "tme", "file": SimpleUploadedFile(name, content), **fields}
    response = signed_in(scene.staff).post(reverse("royalties:upload"), form, follow=True)
    return response.status_code, response.content.decode()


def test_a_file_becomes_a_report_that_waits_for_a_worker_though_the_broker_is_down(scene: Scene) -> None:
    before = Report.objects.count()
    status, shown = send(scene, period="2026-08")
    assert status == 200
    report = Report.objects.latest("id")
    assert Report.objects.count() == before + 1
    assert (report.source.code, report.period, report.state) == ("tme", dt.date(2026, 8, 1), "received")
    assert (report.file.label, report.uploaded_by) == ("2026-09.csv", scene.staff)
    assert "You may leave this page" in shown
    assert report.job is not None
    assert report.job.state == "waiting"


def test_the_same_bytes_change_nothing_and_say_so(scene: Scene) -> None:
    send(scene)
    reports, files = Report.objects.count(), StoredFile.objects.count()
    status, shown = send(scene, name="again.csv")
    assert status == 200
    assert "already here, byte for byte" in shown
    assert (Report.objects.count(), StoredFile.objects.count()) == (reports, files)


@pytest.mark.parametrize(
    ("name", "content"), [("statement.pdf", b"%PDF-1.7"), ("statement.xlsx", b"not a workbook"), ("statement.csv", b"")]
)
def test_a_file_that_is_no_table_is_refused_at_its_field(scene: Scene, name: str, content: bytes) -> None:
    before = Report.objects.count()
    status, shown = send(scene, content, name)
    assert status == 400
    assert "There is a problem" in shown
    assert Report.objects.count() == before


def test_a_month_in_other_words_is_asked_again(scene: Scene) -> None:
    status, shown = send(scene, period="September")
    assert status == 400
    assert "for example 2026-09" in shown


def test_a_fingerprint_is_64_digits_and_no_more(scene: Scene) -> None:
    status, shown = send(scene, sha256="a" * 65)
    assert status == 400
    assert "Write its 64 letters and digits." in shown


def test_who_has_brought_too_much_is_told_when_there_is_room_again(scene: Scene, settings: Settings) -> None:
    """When the oldest of her files is a day old, if that makes enough room."""
    settings.UPLOAD_DAILY_BYTES = 30
    for hours, size in ((20, 4), (10, 16), (1, 8)):
        stored = StoredFile.objects.create(label="x", sha256="0" * 64, size_bytes=size, uploaded_by=scene.staff)
        StoredFile.objects.filter(pk=stored.pk).update(created_at=timezone.now() - dt.timedelta(hours=hours))
    form = {
        "source": "tme",
        "file": SimpleUploadedFile("a.csv", b"a,b\n1,2\n"),
    }  # 8 bytes: the first file is not enough
    response = signed_in(scene.staff).post(reverse("royalties:upload"), form)
    assert response.status_code == 429
    assert 14 * 3600 - 60 < int(response.headers["Retry-After"]) <= 14 * 3600
    assert "There is room for it in 14 hours." in response.content.decode()
    assert not StoredFile.objects.filter(label="a.csv").exists()


# ── progress ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_progress_asks_for_itself_again_with_and_without_javascript(scene: Scene) -> None:
    report = under_way(scene)
    shown = page(scene, "staff", "report", report.ref)
    progress = reverse("royalties:report_progress", args=[report.ref])
    assert f'hx-get="{progress}"' in shown
    assert 'hx-trigger="every 2s"' in shown
    assert '<noscript><meta http-equiv="refresh"' in shown
    assert "250 of 1,000 lines" in shown
    fragment = page(scene, "staff", "report_progress", report.ref)
    assert f'hx-get="{progress}"' in fragment
    assert "<html" not in fragment
    assert page(scene, "staff", "report", report.ref).count("hx-get") == 1, "a reload shows the same"


def test_the_last_fragment_brings_the_figures_and_stops_asking(scene: Scene) -> None:
    fragment = page(scene, "staff", "report_progress", scene.report.ref)
    assert "hx-get" not in fragment
    assert "CN¥120.677777" in fragment
    assert 'http-equiv="refresh"' not in page(scene, "staff", "report", scene.report.ref)


def test_a_silent_worker_is_not_hidden(scene: Scene) -> None:
    report = under_way(scene, heartbeat_at=timezone.now() - dt.timedelta(minutes=5))
    assert "Nothing has been heard of the worker" in page(scene, "staff", "report", report.ref)


def test_a_refused_file_says_why_and_what_to_do(scene: Scene) -> None:
    report = add_report([], state=Report.State.REFUSED)
    Report.objects.filter(pk=report.pk).update(error_code="header-not-recognised", error_params={"missing": "歌曲名"})
    shown = page(scene, "staff", "report", report.ref)
    assert "Nothing was taken from this file" in shown
    assert "歌曲名 is missing" in shown


def test_a_stopped_report_keeps_its_money_still(scene: Scene) -> None:
    report = under_way(scene, state=Job.State.STOPPED, error_text="ValueError: secret of the house")
    Report.objects.filter(pk=report.pk).update(state=Report.State.STOPPED, error_code="quarantined")
    shown = page(scene, "staff", "report", report.ref)
    assert "its money does not move" in shown
    assert "Reading the file failed several times." in shown
    assert "secret of the house" in shown
    assert "secret of the house" not in page(scene, "contact", "report", report.ref)


# ── figures ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_money_of_a_report_stands_in_exactly_one_place(scene: Scene) -> None:
    shown = page(scene, "staff", "report", scene.report.ref)
    for text in ("CN¥120.677777", "CN¥109.777777", "CN¥4.40", "CN¥5.50", "CN¥1.00"):
        assert text in shown
    assert Decimal("109.777777") + Decimal("4.40") + Decimal("5.50") + 1 == Decimal("120.677777")


def test_the_services_contact_sees_figures_and_no_lines(scene: Scene) -> None:
    shown = page(scene, "contact", "report", scene.report.ref)
    assert "CN¥120.677777" in shown
    for name in ("report_lines", "report_rejected"):
        assert reverse(f"royalties:{name}", args=[scene.report.ref]) not in shown
    assert scene.report.sha256 not in shown


def test_rejected_lines_say_number_text_column_value_and_reason(scene: Scene) -> None:
    shown = page(scene, "auditor", "report_rejected", scene.report.ref)
    for text in ("坏行,坏钱,坏", "应结算金额", "坏钱", "the amount is not a plain number", ">8<"):
        assert text in shown


def test_text_of_a_file_is_never_markup(scene: Scene) -> None:
    report = add_report([], rejected=[("<script>alert(1)</script>", "amount", "<b>", "<i>", 0)])
    shown = page(scene, "staff", "report_rejected", report.ref)
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert" in shown


def test_a_report_without_rejected_lines_says_so(scene: Scene) -> None:
    report = add_report([(scene.matched, QQ, 1, YUAN)], period=dt.date(2026, 8, 1))
    assert "Every line of this file was taken" in page(scene, "staff", "report_rejected", report.ref)


def test_lines_stand_as_in_the_file_page_by_page(
    scene: Scene, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    song = add_song("很长的歌")
    rejected = [(f"raw {number}", "amount", "c", "v", 1) for number in range(70)]
    lines = [(song, KUGOU, number, number) for number in range(120)]
    report = add_report(lines, rejected=rejected, period=dt.date(2026, 6, 1))
    client = signed_in(scene.staff)
    for name, wanted in (("report_lines", list(range(2, 122))), ("report_rejected", list(range(122, 192)))):
        seen, after = [], ""
        while True:
            with django_assert_max_num_queries(BUDGET):
                context = client.get(reverse(f"royalties:{name}", args=[report.ref]), {"after": after}).context
            seen += [row["line"].line_no for row in context["rows"]]
            after = context["page"].more
            if not after:
                break
        assert seen == wanted


def test_the_list_shows_what_rests_and_costs_the_same(
    scene: Scene, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _number in range(60):
        add_report([(scene.unmatched, QQ, 1, 10)], period=dt.date(2026, 5, 1))
    client = signed_in(scene.staff)
    with django_assert_max_num_queries(BUDGET):
        shown = client.get(reverse("royalties:reports")).content.decode()
    assert "CN¥5.50" in shown, "all that waits for an owner"
    assert 'rel="next"' in shown
    contact = page(scene, "contact", "reports")
    assert "Money waiting for an owner" not in contact
    with django_assert_max_num_queries(BUDGET):
        client.get(reverse("royalties:report", args=[scene.report.ref]))


def test_another_sources_reports_are_not_the_contacts(scene: Scene) -> None:
    other = add_report([], source="generic")
    assert other.ref not in page(scene, "contact", "reports")
    assert other.ref in page(scene, "staff", "reports")


# ── a second file ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_staff_see_the_overlap_and_decide(scene: Scene) -> None:
    second = add_report(
        [(scene.matched, QQ, 1500, 90 * YUAN), (scene.matched, KUGOU, 1, YUAN), (add_song("新"), QQ, 1, YUAN)],
        state="held",
        held_reason="second_file",
    )
    response = signed_in(scene.staff).get(reverse("royalties:report", args=[second.ref]))
    (row,) = response.context["earlier"]
    assert row["report"] == scene.report
    assert (row["overlap"]["both"], row["overlap"]["same"]) == (2, 1)
    url = reverse("royalties:settle_report", args=[second.ref])
    assert url in response.content.decode()
    assert url not in page(scene, "auditor", "report", second.ref)
    refused = signed_in(scene.staff).post(url, {"choice": "whatever"})
    assert refused.status_code == 400
    assert Report.objects.get(pk=second.pk).held_reason == "second_file"
    unnamed = {"choice": "replacement", "reason": "as they wrote"}
    assert signed_in(scene.staff).post(url, unnamed).status_code == 400
    done = signed_in(scene.staff).post(url, {**unnamed, "earlier": [scene.report.ref]}, follow=True)
    assert done.status_code == 200
    assert Report.objects.get(pk=second.pk).state == "ready"
    assert Report.objects.get(pk=scene.report.pk).held_reason == "replaced"
    again = signed_in(scene.staff).post(url, {"choice": "aside", "reason": "as they wrote"})
    assert again.status_code == 409


def test_a_report_without_a_basis_leads_to_the_declaration(scene: Scene) -> None:
    held = add_report([], source="generic", period=MONTH, state="held", held_reason="no_basis")
    assert reverse("royalties:sources") in page(scene, "staff", "report", held.ref)
    Source.objects.filter(code="generic").update(organisation=scene.contact.memberships.get().organisation)
    assert reverse("royalties:sources") not in page(scene, "contact", "report", held.ref)
