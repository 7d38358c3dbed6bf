"""Reports for programs: sent, watched, read line by line and settled, as on their pages."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.files.models import StoredFile
from portal.jobs.models import Job
from portal.rest.scopes import Scope
from royalties.ingest import work_on
from royalties.models import Report
from tests.portal.api import error_of, program, rows_of
from tests.royalties.scene import KUGOU, MONTH, QQ, YUAN, Scene, add_report, add_song, make_scene, receive_money

REPORTS = "/api/v1/reports/"
KEY = {"idempotency-key": "0b0d6f6e-4f3e-4f0e-9a53-9d3c0a2f7b55"}
TABLE = (
    "结算期间,平台,中央曲库ID,歌曲名,歌手名,基本包月收入分成-使用量,CP分成收入\r\n"
    "20260801,QQ音乐,11,春天,甲,10,1.5\r\n"
    "20260801,QQ音乐,12,夏天,乙,x,2.5\r\n"
).encode()


@pytest.fixture
def scene(db: None, tmp_path: Path, settings: Any) -> Scene:
    settings.MEDIA_ROOT = tmp_path
    return make_scene()


def send(client: Client, data: bytes = TABLE, *, name: str = "八月.csv", keyed: bool = False, **fields: Any) -> Any:
    form = {"source": "tme", "file": SimpleUploadedFile(name, data), **fields}
    return client.post(REPORTS, form, headers=KEY if keyed else {})


def state_of_everything() -> tuple[int, ...]:
    return Report.objects.count(), StoredFile.objects.count(), Job.objects.count()


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_list_is_the_pages(scene: Scene) -> None:
    later = add_report(
        [(scene.matched, QQ, 1, YUAN)], period=dt.date(2026, 10, 1), state="held", held_reason="no_basis"
    )
    rows = rows_of(program(scene.auditor), f"{REPORTS}?limit=1")
    assert [row["ref"] for row in rows] == list(Report.objects.order_by("-id").values_list("ref", flat=True))
    newest, oldest = rows[0], next(row for row in rows if row["ref"] == scene.report.ref)
    assert (newest["ref"], newest["state"], newest["held_reason"]) == (later.ref, "held", "no_basis")
    assert (oldest["period"], oldest["source"]) == ("2026-09", "tme")
    assert oldest["reported"] == {"amount_micros": 120_677_777, "currency": "CNY"}
    assert (oldest["lines"], oldest["rejected"], oldest["held_reason"]) == (7, 1, None)


def test_every_line_and_every_fen_of_a_report_is_in_one_place(scene: Scene) -> None:
    shown = program(scene.staff).get(f"{REPORTS}{scene.report.ref}/").json()
    figures = shown["figures"]
    parts = [figures[name] for name in ("matched", "review", "unmatched", "rejected")]
    assert [part["lines"] for part in parts] == [4, 1, 1, 1]
    assert [part["money"]["amount_micros"] for part in parts] == [109_777_777, 4_400_000, 5_500_000, 1_000_000]
    assert figures["reported"]["lines"] == sum(part["lines"] for part in parts)
    assert figures["reported"]["money"]["amount_micros"] == sum(part["money"]["amount_micros"] for part in parts)
    assert (figures["songs"], shown["progress"], shown["refusal"]) == (4, None, None)
    assert shown["about_file"]["paid_by"] == []


def test_a_report_names_the_money_that_pays_for_it(scene: Scene) -> None:
    remittance = receive_money(scene)
    shown = program(scene.staff).get(f"{REPORTS}{scene.report.ref}/").json()
    assert shown["about_file"]["paid_by"] == [{"remittance": remittance.ref, "state": "released"}]


def test_a_services_contact_reads_figures_and_nothing_of_the_society(scene: Scene) -> None:
    contact = program(scene.contact)
    shown = contact.get(f"{REPORTS}{scene.report.ref}/").json()
    assert shown["figures"]["unmatched"]["money"]["amount_micros"] == 5_500_000
    assert shown["about_file"] is None
    for inner in ("lines/", "rejected/"):
        error_of(contact.get(f"{REPORTS}{scene.report.ref}/{inner}"), 404)
    Report.objects.update(source=3)
    assert rows_of(contact, REPORTS) == []
    error_of(contact.get(f"{REPORTS}{scene.report.ref}/"), 404)


def test_the_lines_as_they_stand_in_the_file(scene: Scene) -> None:
    lines = rows_of(program(scene.auditor), f"{REPORTS}{scene.report.ref}/lines/?limit=2")
    assert [line["line_no"] for line in lines] == [2, 3, 4, 5, 6, 7]
    assert lines[0] == {
        "line_no": 2,
        "song": {"ref": scene.matched.ref, "title": "月光之下", "artists": scene.matched.artists},
        "service": "qq",
        "usage_month": "2026-09",
        "uses": 1000,
        "amount": {"amount_micros": 60 * YUAN, "currency": "CNY"},
    }


def test_a_rejected_line_says_why(scene: Scene) -> None:
    (line,) = rows_of(program(scene.auditor), f"{REPORTS}{scene.report.ref}/rejected/")
    assert (line["line_no"], line["reason"], line["column"], line["value"]) == (8, "amount", "应结算金额", "坏钱")
    assert line["message"] == "the amount is not a plain number"
    assert line["amount"] == {"amount_micros": 1_000_000, "currency": "CNY"}
    assert line["raw"] == "坏行,坏钱,坏"


def under_way(**changes: Any) -> Report:
    report = add_report([], period=dt.date(2026, 10, 1), state=Report.State.READING)
    job = Job.objects.create(
        kind="royalties.tasks.import_report",
        subject_id=report.pk,
        state=Job.State.RUNNING,
        stage="parse",
        units_total=1000,
        units_done=250,
        **{"heartbeat_at": timezone.now(), **changes},
    )
    Report.objects.filter(pk=report.pk).update(job=job)
    return report


def test_how_far_it_is(scene: Scene) -> None:
    shown = program(scene.contact).get(f"{REPORTS}{under_way().ref}/").json()
    assert shown["progress"] == {
        "stage": "parse",
        "units": "lines",
        "done": 250,
        "total": 1000,
        "per_second": None,
        "seconds_left": None,
        "silent_since": None,
    }
    assert shown["figures"] is None


def test_a_silent_worker_is_not_hidden(scene: Scene) -> None:
    report = under_way(heartbeat_at=timezone.now() - dt.timedelta(minutes=5))
    shown = program(scene.staff).get(f"{REPORTS}{report.ref}/").json()
    assert shown["progress"]["silent_since"] is not None


def test_a_refused_file_says_why_to_both_and_a_stopped_one_to_the_society(scene: Scene) -> None:
    report = under_way()
    why = {"error_code": "header-not-recognised", "error_params": {"missing": "歌曲名"}}
    Report.objects.filter(pk=report.pk).update(state="refused", **why)
    for who in (scene.staff, scene.contact):
        refusal = program(who).get(f"{REPORTS}{report.ref}/").json()["refusal"]
        assert refusal["error"] == "header-not-recognised"
        assert "歌曲名 is missing" in refusal["message"]
    Report.objects.filter(pk=report.pk).update(state="stopped")
    Job.objects.update(state="stopped", error_text="Traceback of a worker")
    shown = program(scene.staff).get(f"{REPORTS}{report.ref}/").json()
    assert (shown["refusal"]["error"], shown["about_file"]["worker_said"]) == (
        "header-not-recognised",
        "Traceback of a worker",
    )
    assert program(scene.contact).get(f"{REPORTS}{report.ref}/").json()["refusal"] is None


@pytest.mark.parametrize("inner", ["", "lines/"])
def test_a_longer_list_asks_no_more_of_the_database(scene: Scene, inner: str) -> None:
    client = program(scene.staff, Scope.ROYALTIES_READ)

    def cost(path: str) -> int:
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    few = cost(f"{REPORTS}{scene.report.ref}/lines/" if inner else REPORTS)
    songs = [add_song(f"歌 {number}") for number in range(20)]
    long = add_report([(song, KUGOU, 1, YUAN) for song in songs], period=dt.date(2026, 7, 1))
    for month in range(1, 7):
        add_report([(songs[0], QQ, 1, YUAN)], period=dt.date(2026, month, 1))
    assert cost(f"{REPORTS}{long.ref}/lines/" if inner else REPORTS) == few


# ── sending ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_report_is_sent_watched_and_read(scene: Scene) -> None:
    client = program(scene.staff)
    sent = send(client)
    assert sent.status_code == 201, sent.content
    report = sent.json()
    assert (report["state"], report["file_name"], report["period"]) == ("received", "八月.csv", None)
    assert report["progress"]["stage"] == "plan"
    assert report["about_file"]["uploaded_by"] == scene.staff.name

    work_on(Job.objects.latest("pk").pk)
    done = client.get(f"{REPORTS}{report['ref']}/").json()
    assert (done["state"], done["period"], done["finished_at"] is not None) == ("ready", "2026-08", True)
    assert done["figures"]["reported"] == {"lines": 2, "money": {"amount_micros": 4_000_000, "currency": "CNY"}}
    assert [line["amount"]["amount_micros"] for line in rows_of(client, f"{REPORTS}{report['ref']}/lines/")] == [
        1_500_000
    ]
    assert [line["reason"] for line in rows_of(client, f"{REPORTS}{report['ref']}/rejected/")] == ["uses"]


def test_the_same_bytes_are_the_same_report(scene: Scene) -> None:
    client = program(scene.staff)
    first = send(client)
    before = state_of_everything()
    again = send(client, name="again.csv", period="2026-08")
    assert (again.status_code, again.json()["ref"]) == (200, first.json()["ref"])
    assert state_of_everything() == before


def test_sent_again_with_its_key_it_is_answered_alike(scene: Scene) -> None:
    client = program(scene.staff)
    first, again = send(client, keyed=True), send(client, keyed=True)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"source": "nobody"}, "source-is-unknown"),
        ({"period": "2026-13"}, "input-not-valid"),
        ({"period": "1999-01"}, "input-not-valid"),
        ({"data": b""}, "input-not-valid"),
        ({"data": b"%PDF-1.7", "name": "statement.pdf"}, "file-kind-not-allowed"),
        ({"surprise": "x"}, "input-not-valid"),
    ],
)
def test_what_is_no_report_leaves_nothing_behind(scene: Scene, changes: dict[str, Any], error: str) -> None:
    before = state_of_everything()
    assert error_of(send(program(scene.staff), **changes), 400)["error"] == error
    assert state_of_everything() == before


def test_who_has_brought_too_much_is_told_when_to_come_again(scene: Scene, settings: Any) -> None:
    settings.UPLOAD_DAILY_BYTES = 1
    response = send(program(scene.staff))
    assert error_of(response, 429)["error"] == "quota-is-used-up"
    assert response.headers["Retry-After"] == "86400"  # as long as a day: alone it is more than a day's worth


@pytest.mark.parametrize("who", ["auditor", "contact", "dalbit", "haeon"])
def test_only_staff_send_reports(scene: Scene, who: str) -> None:
    before = state_of_everything()
    error_of(send(program(scene.everybody()[who])), 404)
    assert state_of_everything() == before


def test_reading_is_no_permission_to_write(scene: Scene) -> None:
    before = state_of_everything()
    assert error_of(send(program(scene.staff, Scope.ROYALTIES_READ)), 403)["error"] == "scope-missing"
    assert state_of_everything() == before


# ── deciding ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def second_file(scene: Scene) -> Report:
    return add_report(
        [(scene.matched, QQ, 1500, 90 * YUAN), (scene.unmatched, QQ, 50, 5_000_000)],
        period=MONTH,
        state="held",
        held_reason="second_file",
    )


def test_a_second_file_is_shown_beside_the_first_and_settled(scene: Scene) -> None:
    client, second = program(scene.staff), second_file(scene)
    (other,) = client.get(f"{REPORTS}{second.ref}/").json()["about_file"]["other_files"]
    assert (other["ref"], other["rows_in_both"], other["rows_with_the_same_amount"]) == (scene.report.ref, 2, 1)
    body = {"choice": "supplement", "reason": "as they wrote"}
    settled = client.post(f"{REPORTS}{second.ref}/settle/", body, "application/json", headers=KEY)
    assert (settled.status_code, settled.json()["state"], settled.json()["held_reason"]) == (200, "ready", None)
    again = client.post(f"{REPORTS}{second.ref}/settle/", body, "application/json", headers=KEY)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (settled.json(), "true")
    refused = client.post(f"{REPORTS}{second.ref}/settle/", {**body, "choice": "aside"}, "application/json")
    assert error_of(refused, 409)["error"] == "not-a-second-file"


def test_a_decision_that_there_is_none_changes_nothing(scene: Scene) -> None:
    second = second_file(scene)
    for body in ({}, {"choice": "whatever"}, {"choice": "aside"}, {"choice": "aside", "reason": "x", "and": "more"}):
        error_of(program(scene.staff).post(f"{REPORTS}{second.ref}/settle/", body, "application/json"), 400)
    second.refresh_from_db()
    assert second.held_reason == "second_file"


def test_a_stopped_report_goes_on(scene: Scene) -> None:
    client = program(scene.staff)
    ref = send(client).json()["ref"]
    Report.objects.filter(ref=ref).update(state="stopped", error_code="file-has-changed")
    Job.objects.update(state="stopped")
    assert client.post(f"{REPORTS}{ref}/resume/", content_type="application/json").json()["state"] == "received"
    again = client.post(f"{REPORTS}{scene.report.ref}/resume/", content_type="application/json")
    assert again.json()["state"] == "ready", "nothing to resume"


def test_how_a_file_was_read_is_shown_and_can_be_changed(scene: Scene) -> None:
    client = program(scene.staff)
    ref = send(client, TABLE.decode().replace("QQ音乐", "QQ").encode("gb18030"), encoding="cp949").json()["ref"]
    assert client.get(f"{REPORTS}{ref}/").json()["about_file"]["reading"] is None
    Job.objects.update(state="stopped")
    Report.objects.filter(ref=ref).update(state="stopped")
    error_of(client.post(f"{REPORTS}{ref}/read-again/", {"encoding": "latin-1"}, "application/json"), 400)
    shown = client.post(f"{REPORTS}{ref}/read-again/", {"encoding": "gb18030"}, "application/json").json()
    assert shown["about_file"]["reads_again"] == ref
    assert client.get(f"{REPORTS}{ref}/").json()["about_file"]["read_again_as"] == shown["ref"]
    work_on(Job.objects.latest("pk").pk)
    reading = client.get(f"{REPORTS}{shown['ref']}/").json()["about_file"]["reading"]
    assert (reading["encoding"], reading["encoding_because"], reading["delimiter"]) == (
        "GB18030",
        "somebody stated it",
        ",",
    )
    assert reading["columns"][:2] == ["结算期间", "平台"]
    assert reading["preview"][0][3] == "春天"


def test_a_file_that_is_not_what_was_declared_is_held_until_staff_accept_it(scene: Scene) -> None:
    client = program(scene.staff)
    ref = send(client, declared_lines="3", declared_micros="4000000").json()["ref"]
    work_on(Job.objects.latest("pk").pk)
    held = client.get(f"{REPORTS}{ref}/").json()
    assert (held["state"], held["held_reason"]) == ("held", "declared")
    (declared,) = held["about_file"]["declared"]
    assert (declared["origin"], declared["lines"], declared["lines_differ_by"]) == ("staff", 3, 1)
    assert declared["money"] == {"amount_micros": 4_000_000, "currency": "CNY"}
    assert (declared["money_differs_by"]["amount_micros"], declared["agrees"], declared["by"]) == (0, False, "staff")
    path = f"{REPORTS}{ref}/accept/"
    assert error_of(client.post(path, {"reason": ""}, "application/json"), 400)["error"] == "no-reason"
    accepted = client.post(path, {"reason": "their footer counts itself"}, "application/json").json()
    assert accepted["state"] == "ready"
    assert accepted["about_file"]["accepted_as_is"] == {"by": "staff", "reason": "their footer counts itself"}
    refused = client.post(path, {"reason": "again"}, "application/json")
    assert error_of(refused, 409)["error"] == "not-in-doubt"


def test_bytes_that_are_not_as_sent_are_refused(scene: Scene) -> None:
    before = state_of_everything()
    client = program(scene.staff)
    assert error_of(send(client, sha256="0" * 64), 400)["error"] == "file-is-not-as-sent"
    assert error_of(send(client, sha256="0" * 65), 400)["error"] == "input-not-valid"
    assert state_of_everything() == before
