"""Who reaches which page of reports and money: for everybody else it does not exist, and a stranger's words never show."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from royalties.models import (
    DistributionRun,
    Earning,
    Match,
    Remittance,
    Report,
    ReportedRecording,
    SongUsage,
    Source,
    SourceProfile,
    Statement,
)
from tests.royalties.scene import CANARY, Scene, distribute_all, make_scene, signed_in

pytestmark = pytest.mark.django_db

SOCIETY = {"staff", "staff_two", "auditor"}
PUBLISHER = {"dalbit", "finance", "copyright"}
HOLDERS = PUBLISHER | {"haeon", "stranger", "strange_writer"}
PAID = {"haeon", "dalbit", "finance", "stranger", "strange_writer"}


@pytest.fixture
def scene(db: None) -> Scene:
    made = make_scene()
    distribute_all(made)
    return made


def pages(scene: Scene) -> dict[str, tuple[str, set[str]]]:
    """Every page with an address, and who reaches it."""
    statement = Statement.objects.get(party=scene.haeon_party)
    earning = Earning.objects.filter(party=scene.haeon_party).order_by("id")[0]
    run, song = DistributionRun.objects.get(), scene.matched
    report = [scene.report.ref]
    return {
        "reports": (reverse("royalties:reports"), SOCIETY | {"contact"}),
        "upload": (reverse("royalties:upload"), {"staff", "staff_two"}),
        "report": (reverse("royalties:report", args=report), SOCIETY | {"contact"}),
        "report_progress": (reverse("royalties:report_progress", args=report), SOCIETY | {"contact"}),
        "report_rejected": (reverse("royalties:report_rejected", args=report), SOCIETY),
        "report_lines": (reverse("royalties:report_lines", args=report), SOCIETY),
        "unmatched": (reverse("royalties:unmatched"), SOCIETY | HOLDERS),
        "unmatched_song": (reverse("royalties:song", args=[scene.unmatched.ref]), SOCIETY | HOLDERS),
        "matched_song": (reverse("royalties:song", args=[song.ref]), SOCIETY | PUBLISHER | {"haeon"}),
        "strange_song": (
            reverse("royalties:song", args=[scene.strange_song.ref]),
            SOCIETY | {"stranger"},
        ),
        "usage": (reverse("royalties:usage"), SOCIETY | HOLDERS),
        "work": (reverse("royalties:work", args=[scene.moon.ref]), SOCIETY | PUBLISHER | {"haeon"}),
        "strange_work": (reverse("royalties:work", args=[scene.strange.ref]), SOCIETY | {"stranger"}),
        "statements": (reverse("royalties:statements"), SOCIETY | PAID),
        "statement": (reverse("royalties:statement", args=[statement.ref]), SOCIETY | {"haeon"}),
        "statement_song": (
            reverse("royalties:statement_song", args=[statement.ref, scene.moon.ref]),
            SOCIETY | {"haeon"},
        ),
        "earning_lines": (
            reverse("royalties:earning_lines", args=[statement.ref, earning.pk]),
            SOCIETY | {"haeon"},
        ),
        "remittances": (reverse("royalties:remittances"), SOCIETY),
        "runs": (reverse("royalties:runs"), SOCIETY),
        "run": (reverse("royalties:run", args=[run.ref]), SOCIETY),
        "sources": (reverse("royalties:sources"), SOCIETY),
    }


def test_every_page_is_there_for_its_readers_and_for_nobody_else(scene: Scene) -> None:
    for name, (url, readers) in pages(scene).items():
        for who, user in scene.everybody().items():
            response = signed_in(user).get(url)
            assert response.status_code == (200 if who in readers else 404), (name, who)


def test_somebody_not_signed_in_is_sent_to_the_sign_in(scene: Scene) -> None:
    for name, (url, _readers) in pages(scene).items():
        response = Client().get(url)
        assert response.status_code == 302, name
        assert response["Location"].startswith(reverse("account_login")), name


def test_a_strangers_words_are_on_no_page_of_others(scene: Scene) -> None:
    for name, (url, readers) in pages(scene).items():
        for who in readers - SOCIETY - {"stranger", "strange_writer"}:
            page = signed_in(scene.everybody()[who]).get(url).content.decode()
            assert CANARY not in page, (name, who)
            assert "7,777,777" not in page, (name, who)
            assert "7.777777" not in page, (name, who)


def test_the_society_does_see_them(scene: Scene) -> None:
    staff = signed_in(scene.staff)
    for name in ("usage", "run", "report_lines"):
        assert CANARY in staff.get(pages(scene)[name][0]).content.decode(), name


def state_of_everything() -> list[int]:
    tables = (Report, Match, Remittance, DistributionRun, SourceProfile, Statement)
    return [table.objects.count() for table in tables]


def test_only_staff_change_anything(scene: Scene) -> None:
    forms = {
        reverse("royalties:upload"): {},
        reverse("royalties:settle_report", args=[scene.report.ref]): {"choice": "aside"},
        reverse("royalties:accept_match", args=[scene.review.ref]): {"work": scene.moon.ref, "reason": "x"},
        reverse("royalties:reject_match", args=[scene.review.ref]): {"work": scene.moon.ref, "reason": "x"},
        reverse("royalties:remittances"): {"source": "tme", "period": "2026-08", "amount_micros": "1"},
        reverse("royalties:accept_difference", args=[Remittance.objects.get().ref]): {"reason": "x"},
        reverse("royalties:runs"): {"period": "2026-12"},
        reverse("royalties:sources"): {"source": "tme", "basis": "claimed", "from_date": "2026-10", "note": "x"},
    }
    before = state_of_everything()
    for url, form in forms.items():
        for who, user in scene.everybody().items():
            if who not in {"staff", "staff_two"}:
                assert signed_in(user).post(url, form).status_code == 404, (url, who)
    assert state_of_everything() == before


def test_changes_are_not_made_by_following_a_link(scene: Scene) -> None:
    staff = signed_in(scene.staff)
    for name, args in (
        ("settle_report", [scene.report.ref]),
        ("accept_match", [scene.review.ref]),
        ("reject_match", [scene.review.ref]),
        ("accept_difference", [Remittance.objects.get().ref]),
    ):
        assert staff.get(reverse(f"royalties:{name}", args=args)).status_code == 405, name


# ── what each question to the database answers ──────────────────────────────────────────────────────────────────────────


def test_rows_visible_to_each(scene: Scene) -> None:
    everybody = scene.everybody()
    nobody: set[str] = set()

    def readers(rows: object) -> set[str]:
        model = type(rows)
        return {
            who
            for who, user in everybody.items()
            if model.objects.visible_to(user).filter(pk=rows.pk).exists()  # type: ignore[attr-defined]
        }

    assert readers(scene.report) == SOCIETY | {"contact"}
    assert readers(Remittance.objects.get()) == SOCIETY
    assert readers(DistributionRun.objects.get()) == SOCIETY
    assert readers(Source.objects.get(code="tme")) == SOCIETY
    assert readers(scene.unmatched) == SOCIETY | HOLDERS
    assert readers(scene.review) == SOCIETY | HOLDERS
    assert readers(scene.matched) == SOCIETY | PUBLISHER | {"haeon"}
    assert readers(SongUsage.objects.filter(recording=scene.matched)[0]) == SOCIETY | PUBLISHER | {"haeon"}
    assert readers(SongUsage.objects.get(recording=scene.unmatched)) == SOCIETY
    assert readers(Statement.objects.get(party=scene.haeon_party)) == SOCIETY | {"haeon"}
    assert readers(Statement.objects.get(party=scene.dalbit_party)) == SOCIETY | {"dalbit", "finance"}
    assert readers(Earning.objects.filter(party=scene.dalbit_party)[0]) == SOCIETY | {"dalbit", "finance"}
    assert readers(Earning.objects.filter(party=scene.jasrac_party)[0]) == SOCIETY
    assert nobody == readers(ReportedRecording())


def test_another_services_contact_sees_no_report(scene: Scene) -> None:
    Source.objects.filter(code="tme").update(organisation=None)
    assert signed_in(scene.contact).get(reverse("royalties:report", args=[scene.report.ref])).status_code == 404


def test_a_membership_that_has_ended_opens_nothing(scene: Scene) -> None:
    scene.haeon.memberships.update(until_date="2026-02-01")
    for name, (url, _readers) in pages(scene).items():
        assert signed_in(scene.haeon).get(url).status_code == 404, name
