"""Workers on several machines share nothing but PostgreSQL, Redis and a bucket: files and what they were unpacked to."""

from __future__ import annotations

import gzip
import html
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation
from pytest_django import Settings

from portal.files.copies import SPOOL, StorageIsAway
from portal.jobs.models import Chunk, Job
from portal.jobs.services import drain
from royalties import ingest
from royalties.ingest import spool as spools, work_on
from royalties.ingest.spool import sweep_spool
from royalties.models import Report, UsageLine
from royalties.reports import csv_lines
from tests.buckets import ABucket, a_bucket
from tests.conftest import ROOT, Database
from tests.royalties.scene import make_scene
from tests.royalties.test_ingest import as_csv, as_xlsx, mixed_lines, receive
from tests.royalties.test_reports_pages import send

LINES = 400


@pytest.fixture
def bucket(settings: Settings, tmp_path: Path) -> Iterator[ABucket]:
    with a_bucket() as found, translation.override("en"):
        found.use(settings, tmp_path / "first")
        yield found


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_lines, "LINES_A_CHUNK", 50)


def zipped(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("song_202609.csv", content)
    return out.getvalue()


FILES = {
    "song_202609.csv": lambda: as_csv(mixed_lines(LINES), "gb18030"),
    "song_202609.zip": lambda: zipped(as_csv(mixed_lines(LINES), "utf-16")),
    "song_202609.xlsx": lambda: as_xlsx(mixed_lines(LINES)),
}


@pytest.mark.slow
@pytest.mark.parametrize("label", FILES)
def test_two_machines_import_a_file_together(
    label: str, bucket: ABucket, fresh_database: Database, tmp_path: Path
) -> None:
    report, _new = receive(FILES[label](), label)
    took = tmp_path / "took"
    took.mkdir()
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.royalties.machine", name, other, str(took), str(report.job_id)],
            cwd=ROOT,
            env={**os.environ, **bucket.environment, "PORTAL_DATA_DIR": str(tmp_path / name)},
        )
        for name, other in (("one", "two"), ("two", "one"))
    ]
    try:
        assert [worker.wait(timeout=120) for worker in workers] == [0, 0]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    report.refresh_from_db()
    assert (report.state, report.lines, report.rejected) == ("ready", LINES, LINES // 10)
    by = [{int(path.name.partition("-")[2]) for path in took.glob(f"{name}-*")} for name in ("one", "two")]
    assert all(by), "each has taken chunks"
    assert by[0] | by[1] == set(range(LINES // 50))
    for name in ("one", "two"):
        assert (tmp_path / name / "files" / str(report.file.uuid)).exists() or label != "song_202609.csv"
    assert bucket.names() == {f"files/{report.file.uuid}"}  # what was spooled is gone


def planned(label: str) -> Report:
    """A report whose lines nobody has read yet."""
    report, _new = receive(FILES[label](), label)
    assert report.job_id is not None
    drain(job_id=report.job_id, stages={"plan": ingest.stages()["plan"]})
    assert Job.objects.get(pk=report.job_id).stage == "parse"
    return report


def spool_name(report: Report) -> str:
    (name,) = {chunk.payload["spool"] for chunk in Chunk.objects.filter(job=report.job_id, stage="parse")}
    return str(name)


def tries(report: Report) -> set[tuple[str, int, int]]:
    """State, failures and refusals of the chunks that somebody took."""
    taken = Chunk.objects.filter(job=report.job_id, stage="parse", attempt__gt=0)
    return set(taken.values_list("state", "failures", "refusals"))


def let_leases_end() -> None:
    Chunk.objects.filter(state="todo").update(lease_until="2000-01-01T00:00Z")


@pytest.mark.django_db
@pytest.mark.parametrize("spoilt", ["in the bucket", "on this machine"])
def test_a_worker_that_is_given_other_bytes_finds_out_and_reads_none_of_them(
    spoilt: str, bucket: ABucket, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    report = planned("song_202609.xlsx")
    bucket.use(settings, tmp_path / "second")
    name = spool_name(report)
    right = bucket.read(f"{SPOOL}/{name}")
    wrong = right.replace(b"0", b"9")
    copy = tmp_path / "second" / SPOOL / name
    if spoilt == "in the bucket":
        bucket.write(f"{SPOOL}/{name}", wrong)
    else:
        copy.parent.mkdir(parents=True)
        copy.write_bytes(wrong)
    assert report.job_id is not None
    work_on(report.job_id)
    assert tries(report) == {("todo", 0, 1)} or spoilt != "in the bucket"
    assert "other bytes" in caplog.text
    assert UsageLine.objects.count() == 0 or spoilt != "in the bucket"
    bucket.write(f"{SPOOL}/{name}", right)
    let_leases_end()
    work_on(report.job_id)
    report.refresh_from_db()
    assert (report.state, report.lines, report.rejected) == ("ready", LINES, LINES // 10)


@pytest.mark.django_db
def test_a_storage_that_is_away_for_a_while_costs_a_lease_and_no_line(
    bucket: ABucket, settings: Settings, tmp_path: Path
) -> None:
    report = planned("song_202609.zip")
    assert report.job_id is not None
    bucket.use(settings, tmp_path / "second", endpoint="http://127.0.0.1:1")
    work_on(report.job_id)
    assert tries(report) == {("todo", 0, 1)}
    assert all(lease is not None for lease in waiting_leases(report))
    bucket.use(settings, tmp_path / "second")
    let_leases_end()
    work_on(report.job_id)
    report.refresh_from_db()
    assert (report.state, report.lines) == ("ready", LINES)


def waiting_leases(report: Report) -> list[object]:
    return list(
        Chunk.objects.filter(job=report.job_id, stage="parse", attempt__gt=0).values_list("lease_until", flat=True)
    )


@pytest.mark.django_db
def test_somebody_who_uploads_while_the_storage_is_away_is_told(
    bucket: ABucket, settings: Settings, tmp_path: Path
) -> None:
    scene = make_scene()
    before = Report.objects.count()
    bucket.use(settings, tmp_path / "first", endpoint="http://127.0.0.1:1")
    status, shown = send(scene)
    assert status == 503
    with translation.override(scene.staff.language):
        assert StorageIsAway().message in html.unescape(shown)
    assert Report.objects.count() == before


@pytest.mark.django_db
def test_what_killed_workers_left_in_the_bucket_is_swept(bucket: ABucket, monkeypatch: pytest.MonkeyPatch) -> None:
    report = planned("song_202609.xlsx")
    done = planned("song_202609.zip")
    left = f"{SPOOL}/{spool_name(done)}"
    content = bucket.read(left)
    assert done.job_id is not None
    work_on(done.job_id)
    bucket.write(left, content)  # as if whoever finished it had died before
    assert sweep_spool() == 0  # too young
    monkeypatch.setattr(spools, "LEFT_SECONDS", -60)
    assert sweep_spool() == 1
    assert {name for name in bucket.names() if name.startswith(SPOOL)} == {f"{SPOOL}/{spool_name(report)}"}


@pytest.mark.django_db
def test_with_a_folder_alone_a_spooled_file_keeps_its_name_and_is_not_read_again(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PORTAL_DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"

    def never(*_args: object, **_more: object) -> str:
        raise AssertionError("a file is read once more than is needed")

    monkeypatch.setattr("portal.files.copies.fingerprint", never)
    report, _new = receive(gzip.compress(as_csv(mixed_lines(LINES))), "song_202609.csv.gz")
    assert report.job_id is not None
    drain(job_id=report.job_id, stages={"plan": ingest.stages()["plan"]})
    assert spool_name(report) == f"{report.job_id}-1.table"
    work_on(report.job_id)
    report.refresh_from_db()
    assert report.state == "ready"
