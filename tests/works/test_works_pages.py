"""The pages of the register through HTTP: what each kind of person sees of works and catalogues, and what a publisher sends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from portal.accounts.models import Membership, Organisation, Role, User
from portal.demo.catalogue import ipi, iswc
from portal.files.models import StoredFile
from portal.files.services import path_of
from portal.jobs.models import Job
from portal.jobs.services import MAX_ATTEMPTS
from portal.notices.models import Notice
from tests.works.build import as_csv, publisher, row, send
from works.catalogue import ingest
from works.models import CatalogueRow, CatalogueUpload, Party, Share, Work
from works.querysets import WorkQuerySet
from works.services import NewPart, replace_share
from works.tasks import import_catalogue

JOINED = dt.date(2026, 1, 1)


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    with override("en"):
        yield


def person(name: str, organisation: Organisation, role: str) -> User:
    user = User.objects.create_user(f"{name}@example.org", name=name, language="en")
    Membership.objects.create(user=user, organisation=organisation, role=role, from_date=JOINED)
    return user


def organisation(ref: str, kind: str) -> Organisation:
    return Organisation.objects.create(ref=ref, kind=kind, name=ref)


@pytest.fixture
def cast(db: None) -> dict[str, User]:
    """Haeon wrote “봄밤”, her publisher (three people) registered it; a stranger registered “설야”."""
    ours, strange = publisher(), publisher("PUB-B", "나루출판")
    desk = organisation("DESK", "desk")
    send([
        row("A-1", "봄밤", title_zh="春夜", title_latin="Spring Night", iswc=iswc(1), isrc="KRA012600001", performer="루미엘", ipi=ipi(1), share="6/12"),
        row("A-1", "", party="星野ひより", society="038", ipi=ipi(2), share="3/12"),
        row("A-1", "", party="하늘바라기", society="NM", share="1/12"),
        row("A-1", "", party="별무리새", society="", share="1/12"),
    ], ours)  # fmt: skip
    send([row("B-1", "설야", party="낯선이", ipi=ipi(3))], strange)
    Party.objects.filter(name="도해온").update(organisation=desk)
    society = organisation("GARAK", "society")
    return {
        "writer": person("writer", desk, Role.SONGWRITER),
        "super": person("super", ours, Role.PUBLISHER_SUPER),
        "copyright": person("copyright", ours, Role.PUBLISHER_COPYRIGHT),
        "finance": person("finance", ours, Role.PUBLISHER_FINANCE),
        "stranger": person("stranger", strange, Role.PUBLISHER_SUPER),
        "staff": person("staff", society, Role.STAFF),
        "auditor": person("auditor", society, Role.AUDITOR),
        "contact": person("contact", organisation("SVC", "service"), Role.SERVICE_CONTACT),
    }


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    client.cookies["django_language"] = "en"
    return client


def body(client: Client, url: str, status: int = 200, **data: Any) -> str:
    response = client.get(url, data)
    assert response.status_code == status
    return response.content.decode()


def titles(works: WorkQuerySet) -> list[str]:
    return list(works.order_by("title").values_list("title", flat=True))


SEEN = {
    "writer": ["봄밤"], "super": ["봄밤"], "copyright": ["봄밤"], "finance": ["봄밤"], "stranger": ["설야"],
    "staff": ["봄밤", "설야"], "auditor": ["봄밤", "설야"], "contact": [],
}  # fmt: skip


@pytest.mark.parametrize(("name", "seen"), SEEN.items())
def test_everybody_sees_the_works_that_concern_them(cast: dict[str, User], name: str, seen: list[str]) -> None:
    user = cast[name]
    assert titles(Work.objects.visible_to(user)) == seen
    assert {share.work.title for share in Share.objects.visible_to(user)} == set(seen)
    if name == "contact":
        assert Client().get(reverse("works:list")).status_code == 302
        body(client_of(user), reverse("works:list"), status=404)
        return
    page = body(client_of(user), reverse("works:list"))
    for work in Work.objects.all():
        assert (work.title in page) == (work.title in seen)
        shown = client_of(user).get(reverse("works:detail", args=[work.ref])).status_code
        assert shown == (200 if work.title in seen else 404)


def test_a_share_once_held_keeps_the_work_in_sight(cast: dict[str, User]) -> None:
    work = Work.objects.get(title="봄밤")
    heir = Party.objects.create(kind="writer", name="상속인")
    for share in work.shares.filter(party__name="도해온"):
        replace_share(
            share=share, from_date=JOINED, parts=[NewPart(heir, "CA", share.fraction)], actor=None, reason="C-1"
        )
    assert titles(Work.objects.visible_to(cast["writer"])) == ["봄밤"]


def test_parties_and_histories_follow_their_works(cast: dict[str, User]) -> None:
    names = set(Party.objects.visible_to(cast["writer"]).values_list("name", flat=True))
    assert names == {"도해온", "星野ひより", "하늘바라기", "별무리새", "루미엘"}  # who performs it too
    assert Party.objects.visible_to(cast["stranger"]).get().name == "낯선이"
    assert not Party.objects.visible_to(cast["contact"]).exists()
    assert Work.objects.get(title="봄밤").changes.visible_to(cast["stranger"]).count() == 0


@pytest.mark.parametrize(
    "text",
    [
        "봄밤",
        "春夜",
        "Spring",
        "spring night",
        "봄밤\0",
        "밤",
        iswc(1),
        "T-000.000.001-" + iswc(1)[-1],
        "KRA012600001",
        "KR-A01-26-00001",
        "A-1",
    ],
)
def test_a_work_is_found_by_any_of_its_names(cast: dict[str, User], text: str) -> None:
    page = body(client_of(cast["staff"]), reverse("works:list"), q=text)
    assert "봄밤" in page
    assert "설야" not in page


def test_a_search_without_hits_says_what_to_try(cast: dict[str, User]) -> None:
    assert "Try another script" in body(client_of(cast["super"]), reverse("works:list"), q="없는 노래")
    assert titles(Work.objects.search("%")) == []


def test_a_long_list_goes_on_from_its_cursor(cast: dict[str, User]) -> None:
    send([row(f"L-{number}", f"긴 목록 {number:03}", party=f"작가 {number}") for number in range(60)])
    client = client_of(cast["super"])
    response = client.get(reverse("works:list"))
    more = response.context["cursor"]
    assert len(response.context["rows"]) == 50
    rest = client.get(reverse("works:list"), {"after": more}).context["rows"]
    assert len(rest) == 11
    assert client.get(reverse("works:list"), {"after": "x"}).status_code == 400


def test_the_page_of_a_work_says_who_collects(cast: dict[str, User]) -> None:
    work = Work.objects.get(title="봄밤")
    page = body(client_of(cast["writer"]), reverse("works:detail", args=[work.ref]))
    for words in (
        "collected by us (KOMCA)",
        "collected by JASRAC",
        "not a member of any society",
        "not known who collects",
        "not registered",
    ):
        assert words in page
    assert page.count("<svg") >= 2
    assert '<span lang="zh-Hans">春夜</span>' in page
    assert '<span lang="ja">星野ひより</span>' in page
    assert "KRA012600001" in page
    assert "The work was registered" in page


def test_the_history_names_the_person_to_the_society_only(cast: dict[str, User]) -> None:
    work = Work.objects.get(title="봄밤")
    share = work.shares.filter(party__name="도해온", right="performing").get()
    parts = [NewPart(share.party, "C", Fraction(5, 12))]
    replace_share(share=share, from_date=JOINED, parts=parts, actor=cast["staff"], reason="C-7")
    url = reverse("works:detail", args=[work.ref])
    seen, not_seen = body(client_of(cast["auditor"]), url), body(client_of(cast["writer"]), url)
    assert "C-7" in seen
    assert "C-7" in not_seen
    history = "A share ended and was followed by others"
    assert "staff" in seen.split(history)[1]
    assert "staff" not in not_seen.split(history)[1].split("</li>")[0]


# ── catalogues ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def upload(client: Client, data: bytes, name: str = "songs.csv") -> Any:
    return client.post(reverse("works:uploads"), {"file": SimpleUploadedFile(name, data, content_type="text/csv")})


def test_a_publisher_sends_a_catalogue_and_reads_what_became_of_it(cast: dict[str, User]) -> None:
    client = client_of(cast["copyright"])
    rows = [row("A-8", "운해", party="새사람"), row("A-9", "춘우", party="새사람", share="열둘")]
    response = upload(client, as_csv(rows).encode("cp949"))
    sent = CatalogueUpload.objects.order_by("-pk")[0]
    assert response.status_code == 302
    assert response.url == reverse("works:upload", args=[sent.ref])
    assert (sent.organisation, sent.uploaded_by, sent.encoding) == (publisher(), cast["copyright"], "CP949")
    waiting = body(client, response.url)
    assert "You may leave this page" in waiting
    assert "read as CP949" in waiting
    job = Job.objects.get(subject_id=sent.pk)
    import_catalogue(job_id=job.pk)
    done = body(client, response.url)
    assert "“열둘” is not a share." in done
    assert "운해" in done
    assert Work.objects.filter(title="운해").exists()
    mend = body(client, response.url, outcome="to_mend")
    assert "춘우" in mend
    assert "운해" not in mend
    again = client.get(reverse("works:upload_progress", args=[sent.ref]), headers={"HX-Request": "true"})
    assert again.headers["HX-Refresh"] == "true"
    assert sent.ref in body(client, reverse("works:uploads"))


def test_the_task_may_run_twice(cast: dict[str, User]) -> None:
    upload(client_of(cast["super"]), as_csv([row("A-8", "운해", party="새사람")]).encode())
    job = Job.objects.latest("pk")
    import_catalogue(job_id=job.pk)
    import_catalogue(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, Work.objects.filter(title="운해").count()) == ("done", 1)


def test_an_upload_that_stops_says_so_to_its_sender_and_staff(cast: dict[str, User]) -> None:
    client = client_of(cast["super"])
    url = upload(client, as_csv([row("A-8", "운해", party="새사람")]).encode()).url
    sent = CatalogueUpload.objects.order_by("-pk")[0]
    path_of(sent.file).unlink()
    job = Job.objects.latest("pk")
    for _attempt in range(MAX_ATTEMPTS):
        with pytest.raises(FileNotFoundError):
            import_catalogue(job_id=job.pk)
    import_catalogue(job_id=job.pk)
    assert "This upload has stopped" in body(client, url)
    assert {notice.user for notice in Notice.objects.all()} == {cast["super"], cast["staff"]}
    assert sent.file.label in str(Notice.objects.all()[0])
    assert not Work.objects.filter(title="운해").exists()


def test_what_the_worker_said_of_a_stopped_upload_is_shown_to_the_society_only(cast: dict[str, User]) -> None:
    client = client_of(cast["super"])
    url = upload(client, as_csv([row("A-8", "운해", party="새사람")]).encode()).url
    Job.objects.update(state=Job.State.STOPPED, error_text="ValueError: <secret> of the house")
    said = "ValueError: &lt;secret&gt; of the house"
    assert said in body(client_of(cast["staff"]), url)
    for name in ("super", "copyright"):
        shown = body(client_of(cast[name]), url)
        assert "This upload has stopped" in shown
        assert "of the house" not in shown


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"a,b\r\n1,2\r\n", "songs.csv", "must name the columns"),
        (b"%PDF-1.7", "songs.csv", "songs.csv"),
        (b"a,b\r\n", "songs.xlsx", "songs.xlsx"),
    ],
)
def test_what_is_no_catalogue_is_refused_on_the_form(cast: dict[str, User], data: bytes, name: str, words: str) -> None:
    files, jobs = StoredFile.objects.count(), Job.objects.count()
    response = upload(client_of(cast["super"]), data, name)
    assert response.status_code == 400
    assert words in response.content.decode()
    assert (StoredFile.objects.count(), Job.objects.count()) == (files, jobs)


@pytest.mark.parametrize("name", ["finance", "staff", "auditor", "writer", "contact"])
def test_only_copyright_people_send_catalogues(cast: dict[str, User], name: str) -> None:
    before = CatalogueUpload.objects.count()
    assert upload(client_of(cast[name]), as_csv([row()]).encode()).status_code == 404
    assert CatalogueUpload.objects.count() == before


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("super", 200),
        ("finance", 200),
        ("staff", 200),
        ("auditor", 200),
        ("stranger", 404),
        ("writer", 404),
        ("contact", 404),
    ],
)
def test_uploads_are_seen_by_their_publisher_and_the_society(cast: dict[str, User], name: str, status: int) -> None:
    sent = CatalogueUpload.objects.get(organisation=publisher())
    client = client_of(cast[name])
    assert client.get(reverse("works:upload", args=[sent.ref])).status_code == status
    assert client.get(reverse("works:upload_progress", args=[sent.ref])).status_code == status
    assert (client.get(reverse("works:template")).status_code == 200) == (name not in {"writer", "contact"})
    may_send = "multipart/form-data" in client.get(reverse("works:uploads")).content.decode()
    assert may_send == (name in {"super", "stranger"})


def test_somebody_who_acts_for_two_publishers_says_for_which(cast: dict[str, User]) -> None:
    second = publisher("PUB-C", "다온출판")
    Membership.objects.create(user=cast["super"], organisation=second, role=Role.PUBLISHER_SUPER, from_date=JOINED)
    client = client_of(cast["super"])
    data = as_csv([row("C-1", "운해", party="새사람")]).encode()
    assert upload(client, data).status_code == 400
    file = SimpleUploadedFile("songs.csv", data)
    assert client.post(reverse("works:uploads"), {"file": file, "organisation": "PUB-C"}).status_code == 302
    assert CatalogueUpload.objects.filter(organisation=second).count() == 1
    file = SimpleUploadedFile("songs.csv", data)
    assert client.post(reverse("works:uploads"), {"file": file, "organisation": "PUB-B"}).status_code == 400


def test_the_template_opens_in_a_spreadsheet(cast: dict[str, User]) -> None:
    response = client_of(cast["super"]).get(reverse("works:template"))
    assert response.content.startswith(b"\xef\xbb\xbfwork_ref,")
    assert "garak-catalogue.csv" in response.headers["Content-Disposition"]


def test_what_a_file_says_is_shown_and_not_run(cast: dict[str, User]) -> None:
    sent, _ = send([row("A-8", "<script>alert(1)</script>", party="<b>x</b>", share="<i>")], publisher())
    page = body(client_of(cast["super"]), reverse("works:upload", args=[sent.ref]))
    assert "<script>alert" not in page
    assert "<b>x" not in page
    assert "&lt;script&gt;" in page
    assert CatalogueRow.objects.get(upload=sent).outcome == "to_mend"


def test_the_list_of_uploads_says_where_something_is_to_mend_and_what_could_not_be_read(cast: dict[str, User]) -> None:
    client = client_of(cast["super"])
    send([row("A-8", "운해", party="새사람", share="열둘"), row("A-9", "춘우", party="새사람")], publisher())
    refused, _ = send(b"work_ref,title,party,role,performing_share\r\n", publisher())
    CatalogueUpload.objects.filter(pk=refused.pk).update(error_code="catalogue-unreadable")
    page = body(client, reverse("works:uploads"))
    assert [(entry["upload"].rows, entry["to_mend"]) for entry in client.get(reverse("works:uploads")).context["rows"]] == [
        (0, 0), (2, 1), (4, 0),
    ]  # fmt: skip
    assert "cannot be read" in page
    shown = body(client, reverse("works:upload", args=[refused.ref]))
    assert "Nothing was taken from this file" in shown
    assert "neither UTF-8 nor the Korean CP949" in shown


def test_the_bar_moves_with_the_rows_that_are_dealt_with(
    cast: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(BaseException):
        pass

    def stop_after_the_first(*args: Any) -> None:
        if Work.objects.filter(registered_by=publisher()).count() > 2:
            raise Stopped
        add_next(*args)

    client = client_of(cast["super"])
    rows = [row(f"L-{number}", f"노래 {number}", party=f"작가 {number}") for number in range(3)]
    url = upload(client, as_csv(rows).encode()).url
    assert "The file is being read." in body(client, url)
    add_next = ingest._settle_earlier_rows
    monkeypatch.setattr(ingest, "WORKS_AT_ONCE", 1)
    monkeypatch.setattr(ingest, "_settle_earlier_rows", stop_after_the_first)
    with pytest.raises(Stopped):
        import_catalogue(job_id=Job.objects.latest("pk").pk)
    page = body(client, f"{url}progress/")
    assert "1 / 3" in page
    assert "All 3 rows have been read: 3 works. Registered so far: 1." in page
