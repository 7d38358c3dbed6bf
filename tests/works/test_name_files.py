"""The name bank as a file: what goes out comes in again, errors are told by row and column, and the same file twice changes nothing."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import HealthCheck, example, given, settings as hypothesis, strategies as st

from portal.accounts.models import User
from portal.files.models import StoredFile
from portal.jobs.models import Job
from portal.jobs.services import drain
from portal.lib.errors import DomainError
from portal.notices.models import Notice
from tests.royalties.scene import Scene, add_work, make_scene
from works import name_imports
from works.catalogue.performers import link_performers
from works.models import ChangeLog, NamesUpload, Party, PartyName, Recording, RecordingTitle, WorkTitle
from works.name_files import (
    COLUMNS,
    NameProblem,
    NamesFileTooLong,
    NamesFileUnreadable,
    NamesHeadingWrong,
    file_of_names,
    file_of_rows_to_mend,
    problems_of,
)
from works.name_imports import ROWS_AT_ONCE, STAGES, receive_names
from works.naming import NewName, Speaker, add_name, add_names, tidy_name, withdraw_name

TABLES = (WorkTitle, PartyName, RecordingTitle)


@pytest.fixture
def scene(db: None, tmp_path: Path, settings: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    with override("en"):
        scene = make_scene()
        link_performers([(scene.moon.pk, "달무리")])
        yield scene


def row(of: str, ref: str, text: str, kind: str = "translated", **more: str) -> dict[str, str]:
    return {"of": of, "ref": ref, "text": text, "kind": kind, **more}


@dataclass
class Result:
    """What became of a file."""

    upload: NamesUpload
    problems: list[NameProblem]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.upload, name)


def send(rows: list[dict[str, str]] | bytes, user: User, label: str = "names.csv") -> Result:
    data = rows if isinstance(rows, bytes) else as_csv(rows)
    upload, job = receive_names(stream=io.BytesIO(data), label=label, user=user, bell=False)
    drain(job_id=job.pk, stages=STAGES)
    upload.refresh_from_db()
    assert upload.finished_at is not None
    assert upload.rows == upload.added + upload.known + upload.ended + upload.wrong
    return Result(upload, [problem for row in upload.row_set.order_by("row_no") for problem in problems_of(row)])


def as_csv(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def exported() -> bytes:
    names = [table.objects.all() for table in TABLES]
    return b"".join(file_of_names(names).streaming_content)  # type: ignore[arg-type]


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def counts() -> list[int]:
    return [table.objects.count() for table in (*TABLES, ChangeLog)]


def test_names_of_works_people_and_recordings_come_in(scene: Scene) -> None:
    Recording.objects.filter(parts__work=scene.moon).update(isrc="KRA012600001")
    performer = Party.objects.get(name="달무리")
    result = send([
        row("work", scene.moon.ref, "月光之下", language="zh", note="https://example.com/1"),
        row("party", performer.ref, "月晕", "stage"),
        row("recording", "KR-A01-26-00001", "Moonlight (Live)", "service", script="Latn"),
    ], scene.dalbit)  # fmt: skip
    assert (result.rows, result.added, result.known, result.problems) == (3, 3, 0, [])
    title = WorkTitle.objects.get(text="月光之下")
    assert (title.source, title.said_by, title.said_for, title.note) == (
        "file", scene.dalbit, scene.dalbit.memberships.get().organisation, "https://example.com/1",
    )  # fmt: skip
    assert title.file == StoredFile.objects.get(label="names.csv")
    assert PartyName.objects.get(text="月晕").kind == "stage"
    assert RecordingTitle.objects.get().recording.isrc == "KRA012600001"


def test_a_recording_without_an_isrc_goes_out_and_comes_in_by_its_number(scene: Scene) -> None:
    recording = Recording.objects.get(parts__work=scene.moon, isrc=None)
    assert send([row("recording", recording.ref, "Moonlight (Live)")], scene.dalbit).added == 1
    out = next(each for each in rows_of(exported()) if each["of"] == "recording")
    assert out["ref"] == f"REC-{recording.pk}"
    again = send([row("recording", out["ref"].lower(), "Moonlight (Inst.)")], scene.dalbit)
    assert (again.added, again.problems) == (1, [])
    strange = Recording.objects.get(parts__work=scene.strange)
    assert [problem.code for problem in send([row("recording", strange.ref, "x")], scene.dalbit).problems] == [
        "ref-unknown"
    ]


def test_the_same_file_twice_changes_nothing(scene: Scene) -> None:
    rows = [row("work", scene.moon.ref, "月光之下"), row("work", scene.moon.ref, "Under the Moon")]
    send(rows, scene.dalbit)
    before = counts()
    result = send(rows, scene.dalbit)
    assert (result.added, result.known) == (0, 2)
    assert counts() == before


def test_what_goes_out_comes_in_again(scene: Scene) -> None:
    """Into a register without these names; withdrawn ones stay out."""
    speaker = Speaker(source="staff", user=scene.staff, organisation=scene.staff.memberships.get().organisation)
    for text in ("=1+1", "'Cause", 'a,"b"', "月光之下", "＠밤"):
        add_name(named=scene.moon, name=NewName(text=text, kind="alternative", note="+82"), speaker=speaker)
    gone = add_name(named=scene.moon, name=NewName(text="잘못", kind="alternative"), speaker=speaker)
    withdraw_name(name=gone, reason="-", actor=scene.staff)
    data = exported()
    assert {each["text"][:1] for each in rows_of(data)}.isdisjoint("=+@＠-")
    before = sorted(scene.moon.titles.standing().values_list("text", "kind", "script", "note"))
    fresh = add_work("빈 곡")
    moved = [{**each, "ref": fresh.ref} for each in rows_of(data) if each["ref"] == scene.moon.ref]
    result = send(as_csv(moved), scene.staff)
    assert (result.added, result.ended, result.problems) == (len(before), 1, [])
    assert sorted(fresh.titles.standing().exclude(text="빈 곡").values_list("text", "kind", "script", "note")) == before


@pytest.mark.parametrize(
    ("changed", "column", "code"),
    [
        ({"of": "song"}, "of", "of-unknown"),
        ({"ref": ""}, "ref", "ref-missing"),
        ({"ref": "W-NONE"}, "ref", "ref-unknown"),
        ({"text": " "}, "text", "text-missing"),
        ({"text": "가" * 301}, "text", "text-too-long"),
        ({"kind": "stage"}, "kind", "kind-unknown"),  # no kind of title
        ({"script": "Latin"}, "script", "script-unknown"),
        ({"language": "한국어"}, "language", "language-malformed"),
    ],
)
def test_an_error_is_told_by_row_and_column_and_keeps_no_other_row_back(
    scene: Scene, changed: dict[str, str], column: str, code: str
) -> None:
    wrong = row("work", scene.moon.ref, "月光之下") | changed
    result = send([row("work", scene.moon.ref, "Moon"), wrong, row("work", scene.moon.ref, "Luna")], scene.dalbit)
    assert [(problem.row_no, problem.column, problem.code) for problem in result.problems] == [(3, column, code)]
    assert result.problems[0].sentence
    assert (result.added, result.wrong) == (2, 1)


def test_nobody_names_what_is_not_hers_and_does_not_learn_that_it_is_there(scene: Scene) -> None:
    rows = [
        row("work", scene.strange.ref, "假名"),
        row("work", "W-NONE", "假名"),
        row("party", scene.jasrac_party.ref, "花"),
    ]
    before = counts()
    result = send(rows, scene.dalbit)
    assert [problem.code for problem in result.problems] == ["ref-unknown"] * 3
    assert counts() == before
    assert send(rows[:1], scene.staff).added == 1


def test_a_name_that_was_taken_away_is_told(scene: Scene) -> None:
    from works.naming import dispute_name, settle_dispute

    send([row("work", scene.moon.ref, "假名")], scene.dalbit)
    name = WorkTitle.objects.get(text="假名")
    member = Speaker(source="member", user=scene.haeon, organisation=scene.haeon.memberships.get().organisation)
    dispute_name(name=name, reason="아니에요", speaker=member)
    settle_dispute(name=name, keep=False, reason="아니에요", actor=scene.staff)
    result = send([row("work", scene.moon.ref, "假名")], scene.dalbit)
    assert [(problem.row_no, problem.code) for problem in result.problems] == [(2, "taken-away")]


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"\xff\xfe\x00bad", NamesFileUnreadable),
        (b"of,ref,text\nwork,W-1,x\n", NamesHeadingWrong),
        (b"of,ref,text,kind,text\nwork,W-1,x,y,z\n", NamesHeadingWrong),
        (b"of,ref,text,kind\n" + b"work,W-1,x,original\n" * 20_001, NamesFileTooLong),
        (b"", DomainError),
        (b"%PDF-1.7", DomainError),
    ],
)
def test_a_file_that_is_none_leaves_nothing(scene: Scene, data: bytes, refusal: type[DomainError]) -> None:
    before = counts()
    files = StoredFile.objects.count()
    with pytest.raises(refusal):
        send(data, scene.dalbit)
    assert counts() == before
    assert (StoredFile.objects.count(), NamesUpload.objects.count(), Job.objects.count()) == (files, 0, 0)


def test_ragged_rows_and_open_quotes_are_rows_to_mend(scene: Scene) -> None:
    data = f'of,ref,text,kind\nwork\n"work,{scene.moon.ref}\nwork,{scene.moon.ref},Moon,original\n'.encode()
    result = send(data, scene.dalbit)
    assert (result.added, {problem.row_no for problem in result.problems}) == (1, {2, 3})


@hypothesis(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(text=st.text(min_size=1, max_size=40))
@example(text="\0")
def test_any_name_goes_out_and_comes_in_as_it_is(scene: Scene, text: str) -> None:
    work = add_work("x")
    result = send([row("work", work.ref, text.replace("\r", " "))], scene.staff)
    texts = set(work.titles.values_list("text", flat=True))
    if result.problems:
        assert texts == {"x"}
        return
    (written,) = [each for each in rows_of(exported()) if each["ref"] == work.ref and each["text"] != "x"] or [
        {"text": "x"}
    ]
    again = add_work("x")
    assert send([row("work", again.ref, written["text"])], scene.staff).problems == []
    assert set(again.titles.values_list("text", flat=True)) == texts
    assert all(each == tidy_name(each, 300) for each in texts)


def test_a_long_file_is_dealt_with_in_runs_of_rows_and_says_how_far_it_is(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.jobs.services.ring", lambda *_job, **_times: True)  # another worker takes over
    rows = [row("work", scene.moon.ref, f"Moon {number}") for number in range(2 * ROWS_AT_ONCE + 1)]
    rows[ROWS_AT_ONCE + 7] = row("work", "W-NONE", "x")
    rows[-1] = rows[0]
    upload, job = receive_names(stream=io.BytesIO(as_csv(rows)), label="a.csv", user=scene.dalbit, bell=False)
    drain(job_id=job.pk, stages=STAGES, seconds=0)
    job.refresh_from_db()
    upload.refresh_from_db()
    assert (job.state, job.units_done, job.units_total) == ("running", ROWS_AT_ONCE, len(rows))
    assert (upload.added, upload.finished_at) == (ROWS_AT_ONCE, None)
    drain(job_id=job.pk, stages=STAGES)
    upload.refresh_from_db()
    assert (upload.added, upload.known, upload.wrong) == (len(rows) - 2, 1, 1), "the last row says what the first said"
    assert upload.row_set.get().row_no == ROWS_AT_ONCE + 9
    assert upload.finished_at is not None


def test_an_empty_file_of_names_is_done_at_once(scene: Scene) -> None:
    result = send([], scene.dalbit)
    assert (result.rows, result.added, result.problems) == (0, 0, [])


def test_rows_to_mend_come_out_as_a_file_that_is_mended_and_sent_again(scene: Scene) -> None:
    rows = [
        row("work", scene.moon.ref, "Moon"),
        row("work", "W-NONE", "=Luna", note="once"),
        row("song", scene.moon.ref, "Lune", "no-kind"),
    ]
    first = send(rows, scene.dalbit)
    assert (first.added, first.wrong) == (1, 2)
    out = b"".join(file_of_rows_to_mend(first.upload).streaming_content)  # type: ignore[arg-type]
    assert b",=Luna" not in out, "no formula"
    back = rows_of(out)
    assert [each["error"] != "" for each in back] == [True, True]
    assert [each["text"].lstrip("'") for each in back] == ["=Luna", "Lune"]
    back[0]["ref"] = scene.moon.ref
    back[1] |= {"of": "work", "kind": "translated"}
    text = io.StringIO()
    writer = csv.DictWriter(text, list(back[0]))
    writer.writeheader()
    writer.writerows(back)
    second = send(text.getvalue().encode(), scene.dalbit)
    assert (second.added, second.problems) == (2, [])
    assert scene.moon.titles.get(text="=Luna").note == "once"


def test_what_she_may_name_is_asked_when_the_names_are_added(scene: Scene) -> None:
    data = as_csv([row("work", scene.moon.ref, "Moon")])
    upload, job = receive_names(stream=io.BytesIO(data), label="a.csv", user=scene.copyright, bell=False)
    scene.copyright.memberships.all().delete()
    drain(job_id=job.pk, stages=STAGES)
    upload.refresh_from_db()
    assert (upload.added, upload.wrong) == (0, 1)


def test_a_row_our_program_fails_on_is_left_out_and_the_others_are_added(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row("work", scene.moon.ref, f"Moon {number}") for number in range(40)]

    def failing(*, names: Any, speaker: Speaker) -> Any:
        if any(name.text in {"Moon 3", "Moon 39"} for _named, name in names):
            raise KeyError("a bug")
        return add_names(names=names, speaker=speaker)

    monkeypatch.setattr(name_imports, "add_names", failing)
    upload, job = receive_names(stream=io.BytesIO(as_csv(rows)), label="a.csv", user=scene.dalbit, bell=False)
    for _attempt in range(100):
        try:
            drain(job_id=job.pk, stages=STAGES)
        except KeyError:
            continue
        break
    upload.refresh_from_db()
    assert (upload.added, upload.wrong, upload.finished_at is not None) == (38, 2, True)
    left = upload.row_set.order_by("row_no")
    assert [(each.row_no, each.values["text"], problems_of(each)[0].code) for each in left] == [
        (5, "Moon 3", "our-failure"), (41, "Moon 39", "our-failure"),
    ]  # fmt: skip
    assert all("Our program failed" in problems_of(each)[0].sentence for each in left)
    assert Notice.objects.filter(user=scene.staff).count() == 2
