"""The command that scripts outside the project call: its keys, its last line, its exit status."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from portal.files.models import StoredFile
from portal.jobs.models import Chunk, Job
from portal.jobs.services import create_job
from royalties.models import Report, Source
from royalties.services import declare_basis
from tests.royalties.test_ingest import as_csv, as_xlsx, cells, mixed_lines

KEYS = ["report", "state", "lines", "accepted", "rejected", "songs", "new_songs", "matched_lines", "review_lines",
        "unmatched_lines", "money_micros", "matched_micros", "review_micros", "unmatched_micros", "rejected_micros",
        "currency", "seconds"]  # fmt: skip

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.PORTAL_DATA_DIR, settings.MEDIA_ROOT = tmp_path / "data", tmp_path / "data/files"
    return tmp_path


def run(path: Path, **options: Any) -> list[str]:
    out = io.StringIO()
    call_command("import_report", str(path), stdout=out, **{"source": "tme", **options})
    return out.getvalue().splitlines()


def write(folder: Path, content: bytes, name: str = "song_202609.csv") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def test_prints_the_figures_as_its_last_line(folder: Path) -> None:
    found = json.loads(run(write(folder, as_csv(mixed_lines())), json=True)[-1])
    assert set(KEYS) <= found.keys()
    assert all(type(found[key]) is int for key in KEYS[2:15])
    assert (found["state"], found["lines"], found["accepted"], found["rejected"]) == ("ready", 60, 54, 6)
    assert (found["songs"], found["new_songs"], found["unmatched_lines"], found["currency"]) == (9, 9, 54, "CNY")
    parts = ("matched_micros", "review_micros", "unmatched_micros", "rejected_micros")
    assert sum(found[part] for part in parts) == found["money_micros"]
    report = Report.objects.get(ref=found["report"])
    assert found["money_micros"] == report.accepted_micros + report.rejected_micros
    assert "duplicate" not in found


def test_the_same_bytes_again_say_so_and_change_nothing(folder: Path) -> None:
    path = write(folder, as_xlsx(mixed_lines()), "song_202609.xlsx")
    first = json.loads(run(path, json=True)[-1])
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM royalties_usageline")
        before = cursor.fetchone()
        *words, last = run(path, json=True)
        cursor.execute("SELECT count(*) FROM royalties_usageline")
        assert cursor.fetchone() == before
    again = json.loads(last)
    assert again.pop("duplicate") is True
    assert {**again, "seconds": 0} == {**first, "seconds": 0}
    assert words == [f"These bytes are here already, as report {first['report']}: nothing was changed."]
    assert (Report.objects.count(), StoredFile.objects.count(), Job.objects.count()) == (1, 1, 1)


def test_the_period_can_be_stated(folder: Path) -> None:
    path = write(folder, as_csv([cells(结算期间="2026")]))
    assert json.loads(run(path, json=True, period="2026-08")[-1])["period"] == "2026-08"


def test_words_for_people(folder: Path) -> None:
    lines = run(write(folder, as_csv([cells(1)])))
    assert lines[0].endswith(" ready · WHOLE: for the whole of the work")
    assert "  money: CN¥12.345678" in lines


@pytest.mark.parametrize(
    ("name", "content", "options", "code", "words"),
    [
        ("song_1.csv", b"a,b\n", {}, "header-not-recognised", "结算期间"),
        ("song_1.csv", as_csv([]), {}, "period-is-unknown", "month"),
        ("song_1.csv", as_csv([]), {"period": "2026-13"}, "period-is-no-month", "2026-13"),
        ("song_1.csv", as_csv([]), {"period": "1999-01"}, "period-is-impossible", "1999"),
        ("song_1.csv", as_csv([]), {"source": "nobody"}, "source-is-unknown", "generic, mcsc, tme, youtube"),
        ("song_1.doc", b"a", {}, "file-kind-not-allowed", ".csv, .csv.gz"),
        ("song_1.xlsx", b"a,b", {}, "file-is-not-what-it-says", ".xlsx"),
        ("", b"", {}, "file-cannot-be-opened", "opened"),
    ],
)  # fmt: skip
def test_a_failure_is_one_sentence_and_one_code(
    name: str, content: bytes, options: dict[str, str], code: str, words: str, folder: Path
) -> None:
    path = write(folder, content, name) if name else folder / "not there.csv"
    out = io.StringIO()
    with pytest.raises(CommandError) as failure:
        call_command("import_report", str(path), stdout=out, json=True, **{"source": "tme", **options})
    last = json.loads(out.getvalue().splitlines()[-1])
    assert last == {"error": code, "message": str(failure.value)}
    assert words in str(failure.value)
    assert failure.value.returncode == 1


def test_a_refused_file_fails_again_when_it_comes_again(folder: Path) -> None:
    path = write(folder, b"a,b\n")
    for _time in range(2):
        with pytest.raises(CommandError):
            run(path)
    assert Report.objects.count() == 1


def test_waits_for_a_worker_that_has_taken_a_chunk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker holds the only chunk and dies; the command waits, and does the work when the lease has ended."""

    def create_and_lease(**given: Any) -> Job:
        job = create_job(**given)
        Chunk.objects.filter(job=job).update(attempt=1, lease_until="2999-01-01T00:00Z")
        return job

    waits: list[float] = []

    def end_the_lease(seconds: float) -> None:
        waits.append(seconds)
        Chunk.objects.update(lease_until="2000-01-01T00:00Z")

    monkeypatch.setattr("royalties.ingest.receive.create_job", create_and_lease)
    monkeypatch.setattr("time.sleep", end_the_lease)
    assert json.loads(run(write(folder, as_csv(mixed_lines())), json=True)[-1])["lines"] == 60
    assert len(waits) == 1


@pytest.mark.parametrize("basis", ["named", "lump", "usage"])
def test_a_basis_that_cannot_be_distributed_yet_is_named(basis: str, folder: Path) -> None:
    source = Source.objects.get(code="generic")
    declare_basis(source=source, basis=basis, from_date=dt.date(2026, 9, 1), note="Contract 7", actor=None)
    path = write(folder, as_csv(mixed_lines()))
    found = json.loads(run(path, source="generic", json=True)[-1])
    assert (found["state"], found["held_reason"], found["basis"]) == ("held", "basis_not_yet", basis)
    said = run(path, source="generic")[1]
    assert "cannot be distributed yet" in said
    assert basis.upper() in said
