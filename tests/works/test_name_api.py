"""The name bank for programs: the same names, deeds and refusals as on the pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from portal.accounts.models import Organisation
from portal.jobs.models import Job
from portal.jobs.services import drain
from royalties.merging import merge_works
from tests.portal.api import error_of, program, rows_of
from tests.royalties.scene import CANARY, Scene, make_scene
from works.catalogue.performers import link_performers
from works.models import NameDispute, Party, PartyName, Recording, RecordingTitle, WorkTitle
from works.name_imports import STAGES
from works.naming import NewName, Speaker, add_name

NAMES = "/api/v1/names/"
JSON = "application/json"


@pytest.fixture
def scene(db: None, tmp_path: Path, settings: Any) -> Scene:
    settings.MEDIA_ROOT = tmp_path
    scene = make_scene()
    link_performers([(scene.moon.pk, "달무리")])
    return scene


def test_a_name_is_added_read_disputed_and_settled(scene: Scene) -> None:
    member, publisher, staff = program(scene.haeon), program(scene.dalbit), program(scene.staff)
    asked = {"text": "月光之下", "kind": "translated", "language": "zh", "note": "앨범 표지"}
    added = publisher.post(f"/api/v1/works/{scene.moon.ref}/names/", asked, JSON)
    assert added.status_code == 201
    name = added.json()
    assert (name["of"], name["ref"], name["text"], name["script"], name["kind"], name["state"], name["source"]) == (
        "work", scene.moon.ref, "月光之下", "Hani", "translated", "stated", "publisher",
    )  # fmt: skip
    assert (name["said_for"]["ref"], name["said_by"]) == ("PUB-DALBIT", "dalbit")
    url = f"{NAMES}{name['number']}/"
    assert member.get(url).json()["said_by"] is None
    assert member.post(f"{url}dispute/", {"reason": "다른 곡이에요"}, JSON).json()["state"] == "disputed"
    assert error_of(member.post(f"{url}dispute/", {"reason": "또"}, JSON), 409)["error"] == "name-is-disputed"
    (dispute,) = rows_of(staff, "/api/v1/name-disputes/")
    assert (dispute["name"]["number"], dispute["reason"], dispute["opened_for"]["ref"]) == (
        name["number"], "다른 곡이에요", "DESK-HAEON",
    )  # fmt: skip
    assert member.post(f"{url}settle/", {"decision": "end", "reason": "-"}, JSON).status_code == 404
    settled = staff.post(f"{url}settle/", {"decision": "end", "reason": "다른 곡이 맞아요"}, JSON).json()
    assert (settled["state"], settled["disputes"][0]["outcome"]) == ("ended", "ended")
    assert rows_of(staff, "/api/v1/name-disputes/") == []
    assert rows_of(staff, "/api/v1/name-disputes/?state=settled")[0]["settle_reason"] == "다른 곡이 맞아요"


def test_a_list_is_filtered_as_on_the_page(scene: Scene) -> None:
    publisher = program(scene.dalbit)
    for text in ("月光之下", "Under the Moon"):
        publisher.post(f"/api/v1/works/{scene.moon.ref}/names/", {"text": text, "kind": "translated"}, JSON)
    texts = [name["text"] for name in rows_of(publisher, NAMES)]
    assert texts[:2] == ["Under the Moon", "月光之下"]
    assert not any(CANARY in text for text in texts)
    assert [name["text"] for name in rows_of(publisher, f"{NAMES}?script=Latn")] == ["Under the Moon"]
    assert [name["text"] for name in rows_of(publisher, f"{NAMES}?of=party")] == ["달무리"]
    assert publisher.get(f"{NAMES}?state=sure").status_code == 400


def test_a_recording_and_a_performer_are_named_too(scene: Scene) -> None:
    Recording.objects.filter(parts__work=scene.moon).update(isrc="KRA012600001")
    performer = Party.objects.get(name="달무리")
    client = program(scene.dalbit)
    named = {"text": "Moon (Live)", "kind": "service", "isrc": "KR-A01-26-00001"}
    assert client.post(f"/api/v1/works/{scene.moon.ref}/names/", named, JSON).json()["of"] == "recording"
    assert RecordingTitle.objects.get().text == "Moon (Live)"
    assert client.post(f"/api/v1/works/{scene.other.ref}/names/", named, JSON).status_code == 404
    client.post(f"/api/v1/parties/{performer.ref}/names/", {"text": "月晕", "kind": "stage"}, JSON)
    assert [name["text"] for name in client.get(f"/api/v1/parties/{performer.ref}/").json()["names"]] == [
        "달무리",
        "月晕",
    ]


def test_a_file_goes_out_and_in(scene: Scene) -> None:
    client = program(scene.dalbit)
    data = f"of,ref,text,kind\nwork,{scene.moon.ref},月光之下,translated\nwork,W-NONE,x,translated\n"
    sent = client.post(f"{NAMES}import/", {"file": SimpleUploadedFile("names.csv", data.encode())})
    assert (sent.status_code, sent.json()["state"], sent.json()["rows"]) == (201, "waiting", 2)
    url = f"{NAMES}import/{sent.json()['ref']}/"
    drain(job_id=Job.objects.get().pk, stages=STAGES)
    found = client.get(url).json()
    assert (found["state"], found["added"], found["wrong"]) == ("done", 1, 1)
    assert rows_of(client, f"{NAMES}import/") == [found]
    (wrong,) = rows_of(client, f"{url}to-mend/")
    assert (wrong["row_no"], wrong["values"]["ref"]) == (3, "W-NONE")
    assert [(each["column"], each["error"]) for each in wrong["problems"]] == [("ref", "ref-unknown")]
    error_of(program(scene.stranger).get(url), 404)
    out = b"".join(client.get(f"{NAMES}export/?of=work").streaming_content).decode()  # type: ignore[attr-defined]
    assert "月光之下" in out


@pytest.mark.parametrize("who", ["stranger", "strange_writer", "finance", "auditor", "contact"])
def test_nobody_else_changes_a_name(scene: Scene, who: str) -> None:
    added = program(scene.dalbit).post(
        f"/api/v1/works/{scene.moon.ref}/names/", {"text": "月光之下", "kind": "translated"}, JSON
    )
    client, url = program(getattr(scene, who)), f"{NAMES}{added.json()['number']}/"
    before = (WorkTitle.objects.count(), PartyName.objects.count())
    for address, sent in (
        (f"/api/v1/works/{scene.moon.ref}/names/", {"text": "假", "kind": "original"}),
        (f"/api/v1/parties/{scene.haeon_party.ref}/names/", {"text": "假", "kind": "original"}),
        (f"{url}dispute/", {"reason": "-"}),
        (f"{url}withdraw/", {"reason": "-"}),
        (f"{url}settle/", {"reason": "-", "decision": "end"}),
    ):
        assert client.post(address, sent, JSON).status_code == 404, address
    assert (WorkTitle.objects.count(), PartyName.objects.count()) == before
    assert NameDispute.objects.count() == 0


def test_a_write_sent_again_is_answered_to_whoever_may_still_see_the_name(scene: Scene) -> None:
    """The role is still there, for another publisher: the work is not."""
    client, url = program(scene.stranger), f"/api/v1/works/{scene.strange.ref}/names/"
    asked, key = {"text": "月光之下", "kind": "translated"}, {"idempotency-key": "k"}
    first = client.post(url, asked, JSON, headers=key)
    assert (first.status_code, client.post(url, asked, JSON, headers=key).json()) == (201, first.json())
    seat = scene.stranger.memberships.get()
    other = Organisation.objects.create(ref="PUB-B", kind="publisher", name="나래출판")
    scene.stranger.memberships.create(organisation=other, role=seat.role, from_date=seat.from_date)
    seat.until_date = timezone.localdate()
    seat.save()
    error_of(client.post(url, asked, JSON, headers=key), 404)


def test_after_a_merge_each_name_stands_once_with_where_it_came_from(scene: Scene) -> None:
    add_name(named=scene.other, name=NewName(text="月光之中", kind="translated"), speaker=Speaker(source="staff"))
    merge_works(survivor=scene.moon, merged=scene.other, actor=scene.staff, reason="-")
    (found,) = rows_of(program(scene.dalbit), f"{NAMES}?q=月光之中")
    assert (found["ref"], found["came_from"]) == (scene.moon.ref, scene.other.ref)
    assert program(scene.dalbit).get(f"{NAMES}{found['number']}/").json()["came_from"] == scene.other.ref
    (found,) = rows_of(program(scene.haeon), f"{NAMES}?q=月光之中")
    assert (found["ref"], found["came_from"]) == (scene.moon.ref, None), "she never saw the other work"
    (found,) = rows_of(program(scene.dalbit), f"{NAMES}?q=달빛 아래")
    assert found["came_from"] is None
