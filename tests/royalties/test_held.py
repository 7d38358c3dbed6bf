"""A held report says why and what to do; one under way how fast it goes and how long it still takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import translation

from portal.jobs.models import Chunk, Job
from portal.lib.wording import HANGUL
from royalties.held import HELD, why_held
from royalties.models import Report
from royalties.progress import Progress, done_in_words, left_in_words
from tests.portal.api import program
from tests.portal.test_pace import seconds_ago
from tests.royalties.scene import QQ, YUAN, Scene, add_report, make_scene, signed_in


@pytest.fixture
def scene(db: None, tmp_path: Path, settings: Any) -> Scene:
    settings.MEDIA_ROOT = tmp_path
    return make_scene()


def held(scene: Scene, reason: str) -> Report:
    """Of a month of which another report is here."""
    add_report([(scene.matched, QQ, 1, YUAN)], source="mcsc")
    return add_report([(scene.matched, QQ, 1, YUAN)], source="mcsc", state="held", held_reason=reason)


# ── why, and what to do ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_reason_has_its_sentence_and_a_next_step() -> None:
    assert set(HELD) == set(Report.HeldReason.values)
    for reason, said in HELD.items():
        assert str(said.because).endswith("."), reason
        assert said.steps, reason
        assert all(str(step.words).endswith(".") for step in said.steps), reason


@pytest.mark.parametrize("language", ["ko", "zh-hans"])
def test_in_the_language_of_whoever_reads(language: str) -> None:
    with translation.override(language):
        for said in HELD.values():
            for words in (said.because, *(step.words for step in said.steps)):
                assert bool(HANGUL.search(str(words))) == (language == "ko"), words


@pytest.mark.parametrize("reason", Report.HeldReason.values)
def test_each_step_leads_somewhere_and_each_place_is_on_the_page(scene: Scene, reason: str) -> None:
    report = held(scene, reason)
    staff = signed_in(scene.staff)
    page = staff.get(reverse("royalties:report", args=[report.ref])).content.decode()
    assert str(HELD[reason].because) in page
    found = why_held(report)
    assert found is not None
    for step in found["steps"]:
        assert str(step["words"]) in page
        url, _hash, place = step["url"].partition("#")
        if url:
            shown = staff.get(url)
            assert shown.status_code == 200
            assert f'id="{place}"' in shown.content.decode() or not place, place


def test_an_auditor_reads_it_and_is_led_to_no_form(scene: Scene) -> None:
    report = held(scene, "truncated")
    page = signed_in(scene.auditor).get(reverse("royalties:report", args=[report.ref])).content.decode()
    assert str(HELD["truncated"].because) in page
    assert reverse("royalties:upload") not in page
    contact = signed_in(scene.contact).get(reverse("royalties:report", args=[scene.report.ref])).content.decode()
    assert "Why its money waits" not in contact


def test_programs_are_told_too(scene: Scene) -> None:
    url = f"/api/v1/reports/{held(scene, 'no_basis').ref}/"
    said = program(scene.auditor).get(url).json()["why_held"]
    assert said == {"because": str(HELD["no_basis"].because), "what_to_do": [str(HELD["no_basis"].steps[0].words)]}
    assert program(scene.auditor).get(f"/api/v1/reports/{scene.report.ref}/").json()["why_held"] is None


# ── how fast, and how long ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (1, "less than a minute left in this step"),
        (59, "less than a minute left in this step"),
        (60, "about 1 minute left in this step"),
        (61, "about 2 minutes left in this step"),
        (3600, "about 60 minutes left in this step"),
        (3601, "about 61 minutes left in this step"),
        (3 * 3600 + 1, "about 4 hours left in this step"),
    ],
)
def test_the_time_left_is_rounded_up(seconds: int | None, said: str) -> None:
    with translation.override("en"):
        assert left_in_words(seconds) == said


def test_what_is_counted_has_its_name() -> None:
    def words(**facts: Any) -> str:
        given = {"stage": "parse", "units": "lines", "done": 1200, "total": 2_000_000, "per_second": None}
        return done_in_words(Progress(**{**given, "seconds_left": None, "silent_since": None, **facts}))

    with translation.override("en"):
        assert words() == "1,200 of 2,000,000 lines"
        assert words(per_second=150_000) == "1,200 of 2,000,000 lines, about 150,000 a second"
        assert words(units="songs", per_second=9000) == "1,200 of 2,000,000 songs, about 9,000 a second"
        assert words(units=None) == ""


@pytest.mark.parametrize("ago", [10, 200])
def test_the_page_and_programs_say_pace_and_time_left(scene: Scene, ago: int) -> None:
    """Two chunks of 100,000 lines took 20 seconds; when nothing is heard for long, no time is promised."""
    report = add_report([], state="reading", source="mcsc")
    job = Job.objects.create(
        kind="royalties.tasks.import_report", subject_id=report.pk, stage="parse", state="running",
        units_total=2_000_000, units_done=200_000, heartbeat_at=seconds_ago(ago),
    )  # fmt: skip
    Report.objects.filter(pk=report.pk).update(job=job)
    for number, (stage, units, seconds) in enumerate([("plan", 1, 20), ("parse", 100_000, 10), ("parse", 100_000, 0)]):
        Chunk.objects.create(
            job=job, stage=stage, ordinal=number, units=units, state="done", done_at=seconds_ago(ago + seconds)
        )
    shown = signed_in(scene.staff).get(reverse("royalties:report_progress", args=[report.ref])).content.decode()
    said = program(scene.staff).get(f"/api/v1/reports/{report.ref}/").json()["progress"]
    assert "200,000 of 2,000,000 lines, about 10,000 a second" in shown
    assert (said["units"], said["per_second"]) == ("lines", 10_000)
    if ago == 10:
        assert "about 3 minutes left in this step" in shown
        assert said["seconds_left"] == 170
    else:
        assert "left in this step" not in shown
        assert said["seconds_left"] is None
        assert "Nothing has been heard of the worker" in shown


def test_a_report_that_waits_for_its_worker_promises_nothing(scene: Scene) -> None:
    report = add_report([], state="received", source="mcsc")
    job = Job.objects.create(kind="royalties.tasks.import_report", subject_id=report.pk, stage="plan", units_total=1)
    Report.objects.filter(pk=report.pk).update(job=job)
    shown = signed_in(scene.staff).get(reverse("royalties:report_progress", args=[report.ref])).content.decode()
    assert "0 / 1" in shown
    assert "left in this step" not in shown
