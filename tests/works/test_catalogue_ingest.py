"""A catalogue on its way: stored row by row, registered some works at a time, and the same whatever the pieces are."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils.translation import override

from portal.accounts.models import Membership, Organisation, Role, User
from portal.demo.catalogue import PUBLISHERS, ipi, iswc, write_catalogue
from portal.jobs.models import Chunk, Job
from portal.jobs.services import drain
from portal.notices.models import Notice
from tests.conftest import Database
from tests.works.build import as_csv, outcomes, publisher, row, send
from works.catalogue import ingest
from works.catalogue.register import CatalogueRegistration
from works.management.commands import import_catalogue as command
from works.models import CatalogueRow, CatalogueUpload, Work
from works.services import catalogue_figures, receive_catalogue

NATURAL_KEYS = {  # what the register holds, said without the numbers that a sequence gave
    "parties": "SELECT kind, name, ipi_name_number FROM works_party",
    "names": "SELECT p.name, n.text, n.kind FROM works_partyname n JOIN works_party p ON p.id = party_id",
    "affiliations": "SELECT p.name, a.kind, society_id FROM works_affiliation a JOIN works_party p ON p.id = party_id",
    "works": "SELECT title, iswc, submitter_ref, o.ref FROM works_work w JOIN accounts_organisation o ON o.id = registered_by_id",
    "titles": "SELECT w.title, t.text, t.kind FROM works_worktitle t JOIN works_work w ON w.id = work_id",
    "keys": "SELECT w.title, key FROM works_workkey k JOIN works_work w ON w.id = work_id",
    "keys of names": "SELECT p.kind, p.name, key FROM works_partykey k JOIN works_party p ON p.id = party_id",
    "performers": "SELECT w.title, p.name FROM works_workperformer f JOIN works_work w ON w.id = work_id"
    " JOIN works_party p ON p.id = party_id",
    "recordings": "SELECT w.title, isrc, performer FROM works_recording r JOIN works_recordingwork p ON r.id = recording_id"
    " JOIN works_work w ON w.id = work_id",
    "shares": "SELECT w.title, p.name, p.ipi_name_number, role, \"right\", s.territory, numerator, denominator, from_date, until_date"
    " FROM works_share s JOIN works_work w ON w.id = work_id JOIN works_party p ON p.id = party_id",
    "conflicts": "SELECT w.title, p.name, \"right\", numerator, denominator, o.ref FROM works_shareconflict c"
    " JOIN accounts_organisation o ON o.id = claimant_id JOIN works_work w ON w.id = work_id JOIN works_party p ON p.id = party_id",
    "history": "SELECT w.title, action FROM works_changelog c JOIN works_work w ON w.id = work_id",
    "rows": "SELECT upload_id - (SELECT min(id) FROM works_catalogueupload), row_no, outcome, problems::text, w.title"
    " FROM works_cataloguerow r LEFT JOIN works_work w ON w.id = work_id",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.MEDIA_ROOT = settings.PORTAL_DATA_DIR = tmp_path
    with override("en"):
        yield


def register() -> dict[str, Counter[tuple[Any, ...]]]:
    with connection.cursor() as cursor:
        found = {}
        for name, query in NATURAL_KEYS.items():
            cursor.execute(query)
            found[name] = Counter(cursor.fetchall())
        return found


# Works whose outcome hangs on another work of the file: by IPI, by name, by ISWC, by ISRC, or by a row that stands apart.
BEFORE = [row("A-1", "옛노래", party="김민수"), row("A-2", "옛바람", party="정다솔", ipi=ipi(7))]
TANGLED = [
    row("T-01", "첫눈", party="도해온", share="1/2"),  # the IPI of this name stands below
    row("T-02", "둘째눈", party="김민수", share="1/2"),  # his IPI reaches the party of A-1 below
    row("T-03", "셋째눈", party="류가온"),
    row("T-04", "넷째눈", party="도해온", ipi=ipi(1)),
    row("A-1", "옛노래", party="김민수", ipi=ipi(2)),
    row("T-05", "다섯째눈", party="정다솔"),
    row("T-06", "여섯째눈", party="서마루", ipi=ipi(3)),
    row("T-07", "일곱째눈", party="서마루", ipi=ipi(4)),
    row("T-08", "여덟째눈", party="서마루"),  # two people of this name
    row("T-09", "아홉째눈", party="남빛솔", iswc=iswc(1)),
    row("T-10", "열째눈", party="남빛솔", iswc=iswc(1)),  # the same work by its ISWC
    row("T-11", "열한째눈", party="한도담", isrc="KRA012600001", performer="루미엘"),
    row("T-12", "열두째눈", party="한도담", isrc="KRA012600001", performer="루미엘"),  # the recording of another work
    row("B-1", "남의노래", party="한새봄", share="1/4", iswc=iswc(9)),  # of another publisher: extended
    row("T-13", "열셋째눈", party="한새봄"),
    row("T-14", "열넷째눈", party="구름결", share="3/2"),  # to mend, and the only row with this name's IPI
    row("T-15", "열다섯째눈", party="새벽이슬", ipi=ipi(5), share="오"),
    row("T-16", "열여섯째눈", party="새벽이슬"),
    row("T-01", "", party="류가온", share="1/2"),  # far from the rest of its work
    row("T-02", "", party="도해온", share="1/2"),
]


@pytest.mark.parametrize("at_once", [1, 3])
def test_what_is_registered_does_not_depend_on_how_many_works_are_taken_at_once(
    db: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, at_once: int
) -> None:
    def everything() -> dict[str, Counter[tuple[Any, ...]]]:
        before = transaction.savepoint()
        send(BEFORE)
        send([row("B-1", "남의노래", party="먼데이", share="1/4", iswc=iswc(9))], publisher("PUB-B", "나루출판"))
        send(TANGLED)
        for firm in PUBLISHERS:
            send(write_catalogue(firm, tmp_path).read_bytes(), publisher(firm.ref, firm.name))
        send(TANGLED)
        found = register()
        transaction.savepoint_rollback(before)
        return found

    whole = everything()
    monkeypatch.setattr(ingest, "WORKS_AT_ONCE", at_once)
    assert everything() == whole
    parties = [whole["parties"][("writer", name, number)] for name, number in (
        ("김민수", ipi(2)), ("김민수", None),  # the IPI reached the party that had none, whichever row came first
        ("도해온", ipi(1)), ("한새봄", None),
        ("새벽이슬", ipi(5)),  # although the row that says so has to be mended
    )]  # fmt: skip
    assert parties == [1, 0, 1, 1, 1]
    ended = Counter(outcome for _upload, _row, outcome, _problems, _title in whole["rows"].elements())
    assert all(ended[outcome] for outcome in ("registered", "duplicate", "conflict", "to_mend", "sent_again"))


def received(number: int) -> tuple[CatalogueUpload, Job]:
    """A file of so many works, each of one row, that nobody has read yet."""
    data = as_csv([row(f"N-{place}", f"노래 {place}", party=f"작가 {place}") for place in range(number)])
    return receive_catalogue(
        stream=BytesIO(data.encode()), label="a.csv", organisation=publisher(), user=None, bell=False
    )


def test_a_worker_that_dies_between_two_chunks_leaves_what_the_next_goes_on_from(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    end_rows = ingest._end_rows

    def die_in_the_third(*args: Any) -> None:
        end_rows(*args)
        if CatalogueRow.objects.filter(outcome="registered").count() == 6:
            raise Killed

    upload, job = received(7)
    monkeypatch.setattr(ingest, "WORKS_AT_ONCE", 2)
    monkeypatch.setattr(ingest, "_end_rows", die_in_the_third)
    with pytest.raises(Killed):
        drain(job_id=job.pk, stages=ingest.STAGES)
    upload.refresh_from_db()
    job.refresh_from_db()
    assert (job.stage, job.units_done, upload.rows, upload.works, upload.registered) == ("works", 4, 7, 7, 4)
    figures = catalogue_figures(upload)
    assert (figures.rows, figures.registered, figures.waiting) == (7, 4, 3)
    monkeypatch.setattr(ingest, "_end_rows", end_rows)
    drain(job_id=job.pk, stages=ingest.STAGES)
    upload.refresh_from_db()
    assert (catalogue_figures(upload).registered, upload.registered, Work.objects.count()) == (7, 7, 7)
    assert upload.finished_at is not None
    assert set(Chunk.objects.filter(job=job, stage="works").values_list("units", flat=True)) == {2, 1}


class FailsOn:
    """A bug of ours that shows in some works, wherever they stand."""

    def __init__(self, *titles: str) -> None:
        self.titles = titles

    def break_registering(self, monkeypatch: pytest.MonkeyPatch) -> None:
        register_all = CatalogueRegistration.register

        def register(registration: Any, catalogue: Any) -> None:
            register_all(registration, catalogue)
            if {work.title for work in catalogue.works} & set(self.titles):
                raise KeyError("a bug in our program")

        monkeypatch.setattr(CatalogueRegistration, "register", register)


def drain_through_bugs(job: Job) -> None:
    """As workers do that are rung again after each failure."""
    while True:
        try:
            drain(job_id=job.pk, stages=ingest.STAGES)
        except KeyError:
            continue
        return


@pytest.mark.parametrize("at_once", [50, 7])
def test_works_our_program_fails_on_are_left_out_and_the_others_are_registered(
    db: None, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    society = Organisation.objects.create(kind=Organisation.Kind.SOCIETY, name="협회")
    staff = User.objects.create_user("staff@example.org", name="직원")
    Membership.objects.create(user=staff, organisation=society, role=Role.STAFF, from_date=dt.date(2020, 1, 1))
    monkeypatch.setattr(ingest, "WORKS_AT_ONCE", at_once)
    FailsOn("노래 0", "노래 6", "노래 31", "노래 49").break_registering(monkeypatch)
    upload, job = received(50)
    drain_through_bugs(job)
    job.refresh_from_db()
    upload.refresh_from_db()
    assert (job.state, upload.registered, upload.finished_at is not None) == ("done", 46, True)
    left_out = CatalogueRow.objects.filter(upload=upload, outcome="to_mend").order_by("row_no")
    assert [(row.row_no, row.problems[0]["code"]) for row in left_out] == [
        (2, "our-failure"), (8, "our-failure"), (33, "our-failure"), (51, "our-failure"),
    ]  # fmt: skip
    assert not CatalogueRow.objects.filter(upload=upload, outcome="waiting").exists()
    assert Work.objects.count() == 46
    said = [str(notice) for notice in Notice.objects.filter(user=staff)]
    assert sum("left it out" in sentence for sentence in said) == 4


def test_what_was_left_out_is_registered_when_it_is_sent_again(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        FailsOn("노래 3").break_registering(patch)
        upload, job = received(5)
        drain_through_bugs(job)
    again, job = received(5)
    drain(job_id=job.pk, stages=ingest.STAGES)
    assert (catalogue_figures(upload).to_mend, catalogue_figures(upload).sent_again) == (0, 1)
    assert (catalogue_figures(again).registered, Work.objects.count()) == (1, 5)


def test_nobody_takes_a_chunk_over_however_long_its_file_is(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """The lease has long ended while the rows are stored: the lock of the transaction holds the chunk."""
    settings.JOB_LEASE_SECONDS = 0
    upload, job = received(3)
    store_rows, came = ingest._store_rows, []

    def meanwhile(*args: Any) -> None:
        with ThreadPoolExecutor(1) as another_worker:
            another_worker.submit(drain_elsewhere, job.pk).result()
        came.append(Job.objects.get(pk=job.pk).state)
        store_rows(*args)

    monkeypatch.setattr(ingest, "_store_rows", meanwhile)
    drain(job_id=job.pk, stages=ingest.STAGES)
    assert came == ["waiting"]
    assert Chunk.objects.get(job=job, stage="read").attempt == 1
    assert catalogue_figures(upload).registered == 3


def drain_elsewhere(job_id: int) -> None:
    """As another worker would, on a connection of its own."""
    try:
        drain(job_id=job_id, stages=ingest.STAGES)
    finally:
        connection.close()


def test_the_command_waits_for_a_worker_that_took_the_file_first(
    db: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The chunk is leased elsewhere; it comes free while the command waits, and the command finishes the work."""
    file = tmp_path / "a.csv"
    file.write_text(as_csv([row()]), encoding="utf-8")
    waited = []

    def lease_ends(_seconds: float) -> None:
        waited.append(Chunk.objects.exclude(state="done").update(lease_until=None))

    def taken(*args: Any, **options: Any) -> Any:
        upload, job = receive_catalogue(*args, **options)
        job.chunks.update(lease_until="2100-01-01T00:00Z", attempt=1)
        return upload, job

    monkeypatch.setattr(command, "sleep", lease_ends)
    monkeypatch.setattr(command, "receive_catalogue", taken)
    out = StringIO()
    call_command("import_catalogue", file, publisher="PUB-A", json=True, stdout=out)
    assert waited == [1]
    assert json.loads(out.getvalue().splitlines()[-1])["registered"] == 1


def test_rows_of_a_work_may_stand_far_apart(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "WORKS_AT_ONCE", 1)
    apart = [row("A-1", "봄", share="1/2"), row("A-2", "여름"), row("A-1", "", party="류가온", share="1/2")]
    upload, figures = send(apart)
    assert (figures.registered, outcomes(upload)) == (2, ["registered"] * 3)
    assert Work.objects.get(title="봄").shares.count() == 4


def test_a_later_file_tells_how_the_rows_to_mend_ended(db: None) -> None:
    first, _ = send([row("A-1", share="열둘"), row("A-2", "여름"), row("A-3", "가을", share="둘")])
    others, _ = send([row("A-1", share="열둘")], publisher("PUB-B", "나루출판"))
    second, figures = send([row("A-1"), row("A-3", "가을", share="셋")])
    assert outcomes(first) == ["sent_again", "registered", "sent_again"]
    assert outcomes(second) == ["registered", "to_mend"]
    assert outcomes(others) == ["to_mend"]  # somebody else's A-1
    assert set(CatalogueRow.objects.filter(upload=first).values_list("sent_again_in", flat=True)) == {second.pk, None}
    assert figures.rows == figures.registered + figures.to_mend
    assert catalogue_figures(first).sent_again == 2
