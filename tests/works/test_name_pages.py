"""The pages of the name bank: who may add, dispute, settle and withdraw what, and what each page says."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from portal.accounts.models import User
from portal.jobs.models import Job
from portal.jobs.services import drain
from royalties.merging import merge_works, undo_merge
from tests.royalties.scene import CANARY, Scene, add_work, make_scene, signed_in
from works.catalogue.performers import link_performers
from works.models import (
    NameDispute,
    NamesUpload,
    Party,
    PartyName,
    Recording,
    RecordingTitle,
    Work,
    WorkMerge,
    WorkTitle,
)
from works.name_imports import STAGES
from works.naming import AnyName, NewName, Speaker, add_name, add_names, withdraw_name
from works.search import rows_with
from works.views import NAMES_SHOWN

NAME = {"text": "月光之下", "kind": "translated", "script": "", "language": "zh", "note": "앨범 표지"}


@pytest.fixture
def scene(db: None, tmp_path: Path, settings: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    with override("en"):
        scene = make_scene()
        link_performers([(scene.moon.pk, "달무리"), (scene.strange.pk, "그림자")])
        yield scene


def client_of(user: User) -> Client:
    client = signed_in(user)
    client.cookies["django_language"] = "en"
    return client


def body(client: Client, name: str, *args: Any, **query: str) -> str:
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def said(scene: Scene, text: str = "月光之下") -> AnyName:
    speaker = Speaker(source="publisher", user=scene.dalbit, organisation=scene.dalbit.memberships.get().organisation)
    return add_name(named=scene.moon, name=NewName(text=text, kind="translated", note="앨범 표지"), speaker=speaker)


# ── who may add to what ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("who", "moon", "other", "performer", "own", "jasrac"),
    [
        ("haeon", True, False, True, "haeon_party", False),  # other is Dalbit's alone
        ("dalbit", True, True, True, "dalbit_party", False),
        ("copyright", True, True, True, "dalbit_party", False),
        ("finance", False, False, False, "", False),
        ("stranger", False, False, False, "stranger_party", False),
        ("strange_writer", False, False, False, "", False),
        ("auditor", False, False, False, "", False),
        ("contact", False, False, False, "", False),
        ("staff", True, True, True, "haeon_party", True),
    ],
)
def test_everybody_names_her_own_and_staff_all(
    scene: Scene, who: str, moon: bool, other: bool, performer: bool, own: str, jasrac: bool
) -> None:
    client = client_of(getattr(scene, who))
    asked = [
        (reverse("works:add_name", args=[scene.moon.ref]), moon, WorkTitle),
        (reverse("works:add_name", args=[scene.other.ref]), other, WorkTitle),
        (reverse("works:add_party_name", args=[Party.objects.get(name="달무리").ref]), performer, PartyName),
        (reverse("works:add_party_name", args=[scene.jasrac_party.ref]), jasrac, PartyName),
    ]
    if own:
        asked.append((reverse("works:add_party_name", args=[getattr(scene, own).ref]), True, PartyName))
    for url, may, table in asked:
        before = table.objects.count()
        response = client.post(url, NAME)
        assert response.status_code == (302 if may else 404), url
        assert table.objects.count() == before + may, url


def test_the_form_is_shown_to_those_who_may_add(scene: Scene) -> None:
    for who, may in (("haeon", True), ("dalbit", True), ("finance", False), ("auditor", False), ("staff", True)):
        page = body(client_of(getattr(scene, who)), "works:detail", scene.moon.ref)
        assert (reverse("works:add_name", args=[scene.moon.ref]) in page) is may, who


def test_a_name_for_a_recording_goes_to_the_recording(scene: Scene) -> None:
    recording = Recording.objects.get(parts__work=scene.moon)
    client_of(scene.dalbit).post(reverse("works:add_name", args=[scene.moon.ref]), {**NAME, "recording": recording.pk})
    assert recording.titles.get().text == "月光之下"
    assert "of a recording" in body(client_of(scene.dalbit), "works:detail", scene.moon.ref)
    strange = Recording.objects.get(parts__work=scene.strange)
    response = client_of(scene.dalbit).post(
        reverse("works:add_name", args=[scene.moon.ref]), {**NAME, "recording": strange.pk}
    )
    assert (response.status_code, strange.titles.count()) == (400, 0)


@pytest.mark.parametrize("wrong", [{"text": " "}, {"kind": "song"}, {"text": "달빛 아래"}, {"script": "x"}])
def test_a_refused_name_comes_back_with_its_form(scene: Scene, wrong: dict[str, str]) -> None:
    before = WorkTitle.objects.count()
    response = client_of(scene.dalbit).post(reverse("works:add_name", args=[scene.moon.ref]), NAME | wrong)
    assert response.status_code == 400
    assert "앨범 표지" in response.content.decode()  # what was typed is kept
    assert WorkTitle.objects.count() == before


# ── a name ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_name_says_who_said_it_and_the_person_to_her_own_side_alone(scene: Scene) -> None:
    name = said(scene)
    for who, sees in (("dalbit", True), ("staff", True), ("haeon", False)):
        page = body(client_of(getattr(scene, who)), "works:name", name.number)
        assert "PUB-DALBIT" in page
        assert "앨범 표지" in page
        assert ("· dalbit" in " ".join(page.split())) is sees, who


def test_a_dispute_and_its_end(scene: Scene) -> None:
    name = said(scene)
    haeon, staff = client_of(scene.haeon), client_of(scene.staff)
    assert "This name is wrong" in body(haeon, "works:name", name.number)
    haeon.post(reverse("works:dispute_name", args=[name.number]), {"dispute-reason": "다른 곡이에요"})
    both = body(staff, "works:disputes")
    assert all(words in both for words in ("PUB-DALBIT", "앨범 표지", "DESK-HAEON", "다른 곡이에요", "Look and decide"))
    assert "Look and decide" not in body(haeon, "works:disputes")
    assert "Decide the dispute" not in body(haeon, "works:name", name.number)
    response = staff.post(
        reverse("works:settle_dispute", args=[name.number]), {"decision": "end", "reason": "다른 곡이 맞아요"}
    )
    assert response.status_code == 302
    ended = body(client_of(scene.dalbit), "works:name", name.number)
    assert "다른 곡이 맞아요" in ended
    assert "withdrawn" in ended
    assert "月光之下" not in body(haeon, "works:names")
    assert "月光之下" in body(haeon, "works:names", state="ended")
    assert "다른 곡이 맞아요" in body(haeon, "works:disputes", tab="settled")


@pytest.mark.parametrize(
    ("who", "dispute", "withdraw"),
    [
        ("haeon", 302, 404), ("dalbit", 302, 302), ("copyright", 302, 302), ("finance", 404, 404),
        ("stranger", 404, 404), ("strange_writer", 404, 404), ("staff", 302, 302), ("auditor", 404, 404), ("contact", 404, 404),
    ],
)  # fmt: skip
def test_who_may_dispute_and_withdraw(scene: Scene, who: str, dispute: int, withdraw: int) -> None:
    client = client_of(getattr(scene, who))
    for url, expected, reason in (("dispute_name", dispute, "dispute"), ("withdraw_name", withdraw, "withdraw")):
        name = said(scene, f"月{url}")
        response = client.post(reverse(f"works:{url}", args=[name.number]), {f"{reason}-reason": "이유"})
        assert response.status_code == expected, url
    assert NameDispute.objects.count() == (dispute == 302)
    assert WorkTitle.objects.filter(ended_at__isnull=False).count() == (withdraw == 302)


@pytest.mark.parametrize("url", ["dispute_name", "withdraw_name", "settle_dispute"])
def test_without_a_reason_the_page_says_so(scene: Scene, url: str) -> None:
    name = said(scene)
    response = client_of(scene.staff).post(reverse(f"works:{url}", args=[name.number]), {})
    assert response.status_code == 400
    assert "There is a problem" in response.content.decode()
    assert type(name).objects.with_state().get(pk=name.pk).state == "stated"


@pytest.mark.parametrize("number", ["T", "X1", "T0", "T-1", "T１", "T99999999999999999999999", "P1x"])
def test_a_number_that_is_none_is_not_there(scene: Scene, number: str) -> None:
    assert client_of(scene.staff).get(f"/works/names/{number}/").status_code == 404


# ── the bank ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_bank_is_searched_and_filtered(scene: Scene) -> None:
    said(scene), said(scene, "Under the Moon")
    client = client_of(scene.dalbit)
    everything = body(client, "works:names")
    assert all(text in everything for text in ("月光之下", "Under the Moon", "달빛 아래"))
    assert CANARY not in everything
    assert "月光之下" in body(client, "works:names", q="光之")
    assert "月光之下" in body(client, "works:names", q=scene.moon.ref.lower())
    assert "月光之下" not in body(client, "works:names", q="Under")
    assert "月光之下" not in body(client, "works:names", script="Latn")
    assert "月光之下" not in body(client, "works:names", kind="original")
    assert "No name that you may see" in body(client, "works:names", state="confirmed")
    assert "달무리" in body(client, "works:names", of="party")
    assert "그림자" not in body(client, "works:names", of="party")
    assert "No names here yet" in body(client, "works:names", of="recording")


@pytest.mark.parametrize(
    ("of", "typed", "name"),
    [
        ("work", "ㄷㅂㅇㄹ", "달빛 아래"),
        ("work", "ekfqlc dkfo", "달빛 아래"),
        ("work", unicodedata.normalize("NFD", "빛아"), "달빛 아래"),
        ("work", "天空向日", "天空向日葵"),
        ("work", "陽光", "阳光"),
        ("party", "ㄷㅁㄹ", "달무리"),
        ("party", "ekfanfl", "달무리"),
        ("recording", "ㅅㅎㅂㅈ", "실황 버전"),
    ],
)
def test_the_bank_finds_what_people_type(scene: Scene, of: str, typed: str, name: str) -> None:
    """Initials, Hangul on English keys, the letters of a Mac, the other Chinese script, two letters from the middle."""
    said(scene, "天空向日葵"), said(scene, "阳光")
    recording = Recording.objects.get(parts__work=scene.moon)
    add_name(named=recording, name=NewName(text="실황 버전", kind="alternative"), speaker=Speaker(source="staff"))
    page = client_of(scene.dalbit).get(reverse("works:names"), {"of": of, "q": typed})
    assert [row["name"].text for row in page.context["rows"]] == [name]


@pytest.mark.parametrize("model", [WorkTitle, PartyName, RecordingTitle])
def test_a_piece_of_a_name_is_looked_up_in_an_index(db: None, model: type[Any]) -> None:
    looked_up = rows_with(model._meta.db_table, "id", "text", "무리")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {looked_up.sql}", looked_up.params)
        assert "_by_two_letters" in str(cursor.fetchall())


@pytest.mark.parametrize("typed", ["달빛 아", "ㄷㅁㄹ", "REC-{pk}", "rec-{pk}"])
def test_a_recording_without_an_isrc_and_without_a_further_name_is_found(scene: Scene, typed: str) -> None:
    recording = Recording.objects.get(parts__work=scene.moon)
    assert recording.isrc is None
    hidden = Recording.objects.get(parts__work=scene.strange)
    page = body(client_of(scene.haeon), "works:names", of="recording", q=typed.format(pk=recording.pk))
    assert f"REC-{recording.pk}" in page
    assert reverse("works:detail", args=[scene.moon.ref]) in page
    assert CANARY not in body(client_of(scene.haeon), "works:names", of="recording", q=f"REC-{hidden.pk}")


def test_the_file_holds_what_the_list_shows(scene: Scene) -> None:
    said(scene), said(scene, "Under the Moon")
    client = client_of(scene.dalbit)
    text = b"".join(client.get(reverse("works:names_csv"), {"of": "work", "script": "Latn"}).streaming_content).decode()  # type: ignore[attr-defined]
    assert "Under the Moon" in text
    assert "月光之下" not in text
    whole = b"".join(client.get(reverse("works:names_csv")).streaming_content).decode()  # type: ignore[attr-defined]
    assert "달무리" in whole
    assert CANARY not in whole


def test_a_file_of_names_tells_what_became_of_each_row(scene: Scene) -> None:
    data = f"of,ref,text,kind\nwork,{scene.moon.ref},月光之下,translated\nwork,{scene.strange.ref},假名,translated\n"
    client = client_of(scene.dalbit)
    for added in ("1", "0"):
        file = SimpleUploadedFile("names.csv", data.encode())
        sent = client.post(reverse("works:names_import"), {"file": file})
        upload = NamesUpload.objects.latest("pk")
        assert sent.headers["Location"] == reverse("works:names_upload", args=[upload.ref])
        progress = reverse("works:names_upload_progress", args=[upload.ref])
        waiting = client.get(sent.headers["Location"]).content.decode()
        assert progress in waiting
        assert "0 / 2" in waiting
        drain(job_id=Job.objects.get(subject_id=upload.pk).pk, stages=STAGES)
        assert client.get(progress, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
        page = client.get(sent.headers["Location"]).content.decode()
        assert f"<dt>Names added</dt><dd>{added}</dd>" in page
        assert "There is no “" in page
        to_mend = client.get(reverse("works:names_to_mend", args=[upload.ref]))
        assert scene.strange.ref in b"".join(to_mend.streaming_content).decode()  # type: ignore[attr-defined]
        assert upload.ref in client.get(reverse("works:names_import")).content.decode()
    for name in ("stranger", "haeon"):
        other = client_of(getattr(scene, name))
        assert other.get(sent.headers["Location"]).status_code == 404
        assert upload.ref not in other.get(reverse("works:names_import")).content.decode()
    bad = client.post(reverse("works:names_import"), {"file": SimpleUploadedFile("names.csv", b"a,b\n")})
    assert bad.status_code == 400
    assert "must name the columns" in bad.content.decode()


def test_a_party_shows_its_names_and_the_works_one_sees(scene: Scene) -> None:
    page = body(client_of(scene.haeon), "works:party", scene.dalbit_party.ref)
    assert "달빛 아래" in page
    assert "달빛 속에" not in page  # Dalbit's other work is not Haeon's to see
    assert client_of(scene.haeon).get(reverse("works:party", args=[scene.stranger_party.ref])).status_code == 404


def test_a_work_with_many_names_shows_some_and_leads_to_the_bank(scene: Scene) -> None:
    speaker = Speaker(source="staff")
    names = [
        (scene.moon, NewName(text=f"또 다른 이름 {number}", kind="alternative")) for number in range(NAMES_SHOWN + 2)
    ]
    add_names(names=names, speaker=speaker)
    response = client_of(scene.haeon).get(reverse("works:detail", args=[scene.moon.ref]))
    page = response.content.decode()
    assert len(response.context["names"]) == NAMES_SHOWN
    assert "3 more names" in page
    assert f"?q={scene.moon.ref}" in page


def merged(scene: Scene) -> WorkMerge:
    """The work that Dalbit alone has becomes Haeon's and Dalbit's."""
    add_name(named=scene.other, name=NewName(text="月光之中", kind="translated"), speaker=Speaker(source="staff"))
    return merge_works(survivor=scene.moon, merged=scene.other, actor=scene.staff, reason="같은 곡")


def listed(user: User, **query: str) -> list[tuple[str, str, Work | None]]:
    rows = client_of(user).get(reverse("works:names"), query).context["rows"]
    return [(row["name"].text, row["name"].work.ref, row["came_from"]) for row in rows]


def test_after_a_merge_each_name_stands_once_with_where_it_came_from(scene: Scene) -> None:
    merge = merged(scene)
    name = scene.moon.titles.get(text="月光之中")
    for user in (scene.staff, scene.dalbit):
        assert [row for row in listed(user) if row[0] == "月光之中"] == [("月光之中", scene.moon.ref, scene.other)]
        assert [row[2] for row in listed(user) if row[0] == "달빛 아래"] == [None]
        assert listed(user, q=scene.other.ref) == [
            ("月光之中", scene.other.ref, None), ("달빛 속에", scene.other.ref, None),
        ], "asked for by its number"  # fmt: skip
    assert f"from the merged work {scene.other.ref}" in body(client_of(scene.dalbit), "works:names")
    assert "Came with" in body(client_of(scene.dalbit), "works:name", name.number)
    file = client_of(scene.staff).get(reverse("works:names_csv"), {"of": "work"})
    assert b"".join(file.streaming_content).decode().count("月光之中") == 1  # type: ignore[attr-defined]
    undo_merge(merge=merge, actor=scene.staff)
    assert [row for row in listed(scene.staff) if row[0] == "月光之中"] == [("月光之中", scene.other.ref, None)]


def test_whoever_sees_only_one_of_two_merged_works_sees_its_names_and_nothing_of_the_other(scene: Scene) -> None:
    merged(scene)
    assert [row for row in listed(scene.haeon) if row[0] == "月光之中"] == [("月光之中", scene.moon.ref, None)]
    assert "from the merged work" not in body(client_of(scene.haeon), "works:names")
    other = add_work("별")
    Work.objects.filter(pk=other.pk).update(registered_by=scene.stranger.memberships.get().organisation)
    add_name(named=other, name=NewName(text="星星", kind="translated"), speaker=Speaker(source="staff"))
    merge_works(survivor=scene.moon, merged=other, actor=scene.staff, reason="같은 곡")
    assert ("星星", other.ref, None) in listed(scene.stranger), "she does not see what it became"
    assert [row[1] for row in listed(scene.staff) if row[0] == "星星"] == [scene.moon.ref]


def test_a_name_of_a_merged_work_that_had_ended_before_stays_among_the_ended(scene: Scene) -> None:
    name = add_name(named=scene.other, name=NewName(text="错", kind="translated"), speaker=Speaker(source="staff"))
    withdraw_name(name=name, reason="-", actor=scene.staff)
    merged(scene)
    assert [row[:2] for row in listed(scene.staff, state="ended")] == [("错", scene.other.ref)]
