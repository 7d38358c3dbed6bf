"""The register for programs: the same works, shares and catalogues as on the pages."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.accounts.models import Membership, Organisation, Role
from portal.jobs.models import Job
from portal.rest.scopes import Scope
from tests.portal.api import error_of, program, rows_of
from tests.royalties.scene import Scene, add_work, make_scene, signed_in
from tests.works.build import as_csv, row
from works.models import CatalogueUpload, WorkTitle
from works.tasks import import_catalogue

WORKS, CATALOGUES = "/api/v1/works/", "/api/v1/catalogues/"


@pytest.fixture
def scene(db: None, tmp_path: Path, settings: Any) -> Scene:
    settings.MEDIA_ROOT = settings.PORTAL_DATA_DIR = tmp_path
    return make_scene()


# ── works ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_list_holds_what_the_page_holds(scene: Scene) -> None:
    rows = {work["ref"]: work for work in rows_of(program(scene.haeon), WORKS)}
    assert set(rows) == {scene.moon.ref}
    moon = rows[scene.moon.ref]
    assert moon["title"] == "달빛 아래"
    assert moon["performers"] == ["달무리"]
    assert {
        (held["right"], held["share"]["numerator"], held["share"]["denominator"]) for held in moon["own_shares"]
    } == {
        ("performing", 5, 12),
        ("mechanical", 5, 12),
    }


def test_the_society_sees_all_of_it(scene: Scene) -> None:
    assert len(rows_of(program(scene.auditor), WORKS)) == 3


def test_pages_follow_each_other_without_gap_or_repetition(scene: Scene) -> None:
    for number in range(7):
        add_work(f"노래 {number}")
    refs = [work["ref"] for work in rows_of(program(scene.staff), f"{WORKS}?limit=3")]
    assert len(refs) == len(set(refs)) == 10


def test_the_next_page_keeps_the_question(scene: Scene) -> None:
    for number in range(3):
        add_work(f"달빛 {number}")
    following = program(scene.staff).get(f"{WORKS}?q=달빛&limit=2").json()["next"]
    assert following.startswith("http://testserver/api/v1/works/?")
    assert "limit=2" in following
    assert {work["title"][:2] for work in rows_of(program(scene.staff), following)} == {"달빛"}


@pytest.mark.parametrize("asked", ["月光", "T-034.524.680-1", "달빛 아래"])
def test_a_search_finds_a_title_in_any_script_and_a_number(scene: Scene, asked: str) -> None:
    WorkTitle.objects.create(work=scene.moon, text="月光", script="Hans", kind=WorkTitle.Kind.TRANSLATED)
    scene.moon.iswc = "T0345246801"
    scene.moon.save()
    found = program(scene.staff).get(WORKS, {"q": asked}).json()["results"]
    assert [work["ref"] for work in found] == [scene.moon.ref]


def test_one_work_says_who_owns_it_and_who_collects(scene: Scene) -> None:
    work = program(scene.dalbit).get(f"{WORKS}{scene.moon.ref}/").json()
    assert [title["text"] for title in work["titles"]] == ["달빛 아래"]
    assert [right["right"] for right in work["rights"]] == ["performing", "mechanical"]
    performing = work["rights"][0]
    assert performing["missing"] == {"numerator": 0, "denominator": 1}
    parts = {part["share"]["party"]["name"]: part for part in performing["parts"]}
    assert parts["도해온"]["share"]["share"] == {"numerator": 5, "denominator": 12}
    assert parts["도해온"]["collector"] == "ours"
    assert (parts["山田花"]["collector"], parts["山田花"]["collector_society"]) == ("other_society", "038")
    assert parts["도해온"]["share"]["from_date"] == "1900-01-01"


def test_a_longer_list_asks_no_more_of_the_database(scene: Scene) -> None:
    client = program(scene.staff, Scope.WORKS_READ)
    client.get(WORKS)
    with CaptureQueriesContext(connection) as few:
        client.get(WORKS)
    for number in range(10):
        add_work(f"노래 {number}")
    with CaptureQueriesContext(connection) as many:
        client.get(WORKS)
    assert len(many) == len(few)


# ── catalogues ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def send(client: Client, data: bytes, *, name: str = "카탈로그.csv", **fields: str) -> Any:
    return client.post(CATALOGUES, {"file": SimpleUploadedFile(name, data), **fields})


GOOD = row("A-1", "봄밤", "도해온")
BAD = row("A-2", "여름밤", "도해온", share="3/2")


def test_a_catalogue_is_sent_watched_and_read(scene: Scene) -> None:
    client = program(scene.dalbit)
    sent = send(client, as_csv([GOOD, BAD]).encode())
    assert sent.status_code == 201
    upload = sent.json()
    assert (upload["state"], upload["figures"], upload["encoding"]) == ("waiting", None, "UTF-8")
    assert (upload["file_name"], upload["organisation"]["ref"]) == ("카탈로그.csv", "PUB-DALBIT")

    import_catalogue(Job.objects.get().pk)
    done = client.get(f"{CATALOGUES}{upload['ref']}/").json()
    assert done["state"] == "done"
    assert done["figures"] == {
        "rows": 2, "to_mend": 1, "sent_again": 0, "waiting": 0, "registered": 1, "duplicates": 0, "conflicts": 0
    }  # fmt: skip
    assert (done["error"], done["message"]) == ("", "")

    good, bad = rows_of(client, f"{CATALOGUES}{upload['ref']}/rows/")
    assert good["outcome"] == "registered"
    assert client.get(f"{WORKS}{good['work_ref']}/").json()["title"] == "봄밤"
    assert (bad["row_no"], bad["outcome"], bad["work_ref"]) == (3, "to_mend", None)
    assert bad["problems"][0]["error"] == "share-unreadable"
    assert "3/2" in bad["problems"][0]["message"]
    assert bad["values"]["title"] == "여름밤"
    assert rows_of(client, f"{CATALOGUES}{upload['ref']}/rows/?outcome=to_mend") == [bad]
    assert [listed["ref"] for listed in rows_of(client, CATALOGUES)] == [upload["ref"]]


def test_a_stopped_catalogue_says_so(scene: Scene) -> None:
    client = program(scene.dalbit)
    ref = send(client, as_csv([GOOD]).encode()).json()["ref"]
    Job.objects.update(state=Job.State.STOPPED)
    assert client.get(f"{CATALOGUES}{ref}/").json()["state"] == "stopped"


def test_a_refused_spreadsheet_says_why(scene: Scene) -> None:
    client = program(scene.dalbit)
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet().write_row(0, 0, ["title", "party"])
    ref = send(client, out.getvalue(), name="catalogue.xlsx").json()["ref"]
    import_catalogue(Job.objects.get().pk)
    refused = client.get(f"{CATALOGUES}{ref}/").json()
    assert (refused["state"], refused["error"]) == ("stopped", "catalogue-heading-wrong")
    assert "work_ref, role, performing_share" in refused["message"]


def test_no_catalogue_leaves_nothing_behind(scene: Scene, tmp_path: Path) -> None:
    assert error_of(send(program(scene.dalbit), b"a,b\r\n"), 400)["error"] == "catalogue-heading-wrong"
    assert not CatalogueUpload.objects.exists()


@pytest.mark.parametrize("missing", ["file", "both"])
def test_a_file_is_needed(scene: Scene, missing: str) -> None:
    fields = {"organisation": "PUB-DALBIT"} if missing == "file" else {}
    body = error_of(program(scene.dalbit).post(CATALOGUES, fields), 400)
    assert [wrong["field"] for wrong in body["fields"]] == ["file"]


def test_for_somebody_else_is_not_there(scene: Scene) -> None:
    error_of(send(program(scene.dalbit), as_csv([GOOD]).encode(), organisation="PUB-STRANGE"), 404)
    assert not CatalogueUpload.objects.exists()


def test_who_acts_for_several_names_one(scene: Scene) -> None:
    second = Organisation.objects.get(ref="PUB-STRANGE")
    Membership.objects.create(
        user=scene.dalbit, organisation=second, role=Role.PUBLISHER_SUPER, from_date=dt.date(2026, 1, 1)
    )
    client = program(scene.dalbit)
    body = error_of(send(client, as_csv([GOOD]).encode()), 400)
    assert body["error"] == "publisher-not-named"
    assert "PUB-DALBIT, PUB-STRANGE" in body["remedy"]
    named = send(client, as_csv([GOOD]).encode(), organisation="PUB-STRANGE").json()
    assert named["organisation"]["ref"] == "PUB-STRANGE"


@pytest.mark.parametrize(("extension", "begins"), [("csv", "\ufeffwork_ref,".encode()), ("xlsx", b"PK")])
def test_the_template_is_the_pages(scene: Scene, extension: str, begins: bytes) -> None:
    response = program(scene.finance, Scope.WORKS_READ).get(f"{CATALOGUES}template/?format={extension}")
    assert response.content.startswith(begins)
    page = signed_in(scene.finance).get(f"/works/catalogue/template.{extension}")
    assert response.headers["Content-Disposition"] == page.headers["Content-Disposition"]


def test_the_rows_to_mend_come_as_a_file_to_send_again(scene: Scene) -> None:
    client = program(scene.dalbit)
    ref = send(client, as_csv([GOOD, BAD]).encode()).json()["ref"]
    import_catalogue(Job.objects.get().pk)
    sheet = client.get(f"{CATALOGUES}{ref}/to-mend/").getvalue().decode("utf-8-sig")
    assert "여름밤" in sheet
    assert "봄밤" not in sheet
    mended = sheet.replace("3/2", "1/2")
    again = send(client, mended.encode()).json()["ref"]
    import_catalogue(Job.objects.latest("pk").pk)
    assert client.get(f"{CATALOGUES}{again}/").json()["figures"]["registered"] == 1


def test_a_work_tells_what_changed(scene: Scene) -> None:
    ref = send(program(scene.dalbit), as_csv([GOOD]).encode()).json()["ref"]
    import_catalogue(Job.objects.get().pk)
    work = rows_of(program(scene.dalbit), f"{CATALOGUES}{ref}/rows/")[0]["work_ref"]
    (change,) = program(scene.dalbit).get(f"{WORKS}{work}/").json()["changes"]
    assert (change["action"], change["actor"], change["reason"]) == ("work.registered", None, ref)
    (for_staff,) = program(scene.staff).get(f"{WORKS}{work}/").json()["changes"]
    assert for_staff["actor"] == "dalbit"
