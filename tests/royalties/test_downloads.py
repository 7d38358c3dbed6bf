"""A statement's earnings as a file: to the millionth, adding up to the statement, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from fractions import Fraction

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from claims import services as claims
from claims.rules import Check
from portal.accounts.models import User
from royalties.models import Statement
from royalties.review import accept_music
from tests.royalties.scene import PAID_IN, Scene, add_deduction, distribute_all, make_scene, signed_in
from works.models import Right, Share, Work


@pytest.fixture
def scene(db: None, tmp_path: object, settings: object) -> Scene:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    add_deduction()
    return make_scene()


def download(user: User, statement: Statement) -> list[dict[str, str]]:
    response = signed_in(user).get(reverse("royalties:statement_csv", args=[statement.ref]))
    assert response.status_code == 200
    assert response.headers["Content-Disposition"] == f'attachment; filename="garak-{statement.ref}.csv"'
    body = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    assert body.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(body.removeprefix("\ufeff"))))


def micros(text: str) -> int:
    return int(Decimal(text) * 1_000_000)


def test_it_adds_up_to_the_gross_of_the_statement(scene: Scene) -> None:
    distribute_all(scene)
    statement = Statement.objects.get(party=scene.haeon_party)
    rows = download(scene.haeon, statement)
    assert sum(micros(row["won"]) for row in rows) == statement.gross_micros
    assert {(row["payee"], row["title"], row["share"], row["payees_part"]) for row in rows} == {
        (scene.haeon_party.name, scene.moon.title, "5/12", "1")
    }
    assert {row["service"] for row in rows} == {"qq", "kugou"}


def test_of_a_released_hold_the_payee_s_part_adds_up(scene: Scene) -> None:
    case = claims.file_share_case(
        share=Share.objects.get(work=scene.moon, party=scene.haeon_party, right=Right.PERFORMING),
        party=scene.dalbit_party,
        fraction=Fraction(2, 12),
        from_date=scene.report.period,  # type: ignore[arg-type]
        reason="ours",
        paper=SimpleUploadedFile("a.pdf", b"%PDF-1.7 a"),
        actor=scene.dalbit,
    )
    claims.accept_papers(case=case, checks=list(Check), actor=scene.staff)
    distribute_all(scene)
    claims.close_case(
        case=case, outcome="agreement", granted=True, part=Fraction(1, 12), note="…", actor=scene.staff, period=PAID_IN
    )
    for user, party in ((scene.haeon, scene.haeon_party), (scene.dalbit, scene.dalbit_party)):
        statement = Statement.objects.get(party=party, hold__isnull=False)
        rows = download(user, statement)
        assert {row["payees_part"] for row in rows} == {"1/2"}
        assert abs(sum(micros(row["won"]) for row in rows) * Fraction(1, 2) - statement.gross_micros) < 1


def test_a_title_is_text_and_never_a_formula(scene: Scene) -> None:
    Work.objects.filter(pk=scene.moon.pk).update(title='=HYPERLINK("http://x","y")')
    distribute_all(scene)
    rows = download(scene.haeon, Statement.objects.get(party=scene.haeon_party))
    assert {row["title"] for row in rows} == {'\'=HYPERLINK("http://x","y")'}


def test_it_is_the_payee_s_alone(scene: Scene) -> None:
    distribute_all(scene)
    url = reverse("royalties:statement_csv", args=[Statement.objects.get(party=scene.haeon_party).ref])
    for name, user in scene.everybody().items():
        expected = 200 if name in {"haeon", "staff", "staff_two", "auditor"} else 404
        assert signed_in(user).get(url).status_code == expected, name


def test_the_file_says_of_which_songs_the_music_alone_is_paid(scene: Scene) -> None:
    accept_music(songs=[scene.review], work=scene.moon, actor=scene.staff, reason="", seen={})
    distribute_all(scene)
    rows = download(scene.haeon, Statement.objects.get(party=scene.haeon_party))
    said = {(row["song_as_reported"], row["share"], row["music_alone"]) for row in rows}
    assert said == {("月光之下", "5/12", ""), ("月光", "5/24", "yes")}
