"""The mapping screen and its mirror for programs: the guess, a look before saving, what is wrong beside its field."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import Settings

from portal.notices.models import Notice
from portal.rest.scopes import Scope
from portal.rest.tokens import issue_token
from royalties.ingest.mappings import mapping_of
from royalties.mapping_form import ColumnsForm, column_field
from royalties.models import FirstLines, Mapping, Report
from royalties.tables import table_of
from tests.royalties.scene import Scene, make_scene, signed_in
from tests.royalties.test_mapped_reports import (
    ANSWERS,
    HEADERS,
    NAMED,
    SOCIETY_HEADERS,
    SONGS,
    TITLE_BLOCK,
    as_csv,
    korean,
    map_columns,
    read,
    receive,
    society_row,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.PORTAL_DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"
    with translation.override("en"):
        yield tmp_path


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


def url(report: Report) -> str:
    return reverse("royalties:columns", args=[report.ref])


def shown(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def filled(report: Report, changes: dict[str, Any]) -> dict[str, Any]:
    """What a browser sends of the page, with these columns and fields changed."""
    table = table_of(report, mapping_of(report))
    form = ColumnsForm(table)
    data = {name: form[name].value() for name in form.fields}
    data["month"] = f"{data['month']:%Y-%m}" if data["month"] else ""
    places = {column.header: column_field(column.at) for column in table.columns}
    data |= {places.get(name, name): value for name, value in changes.items()}
    data["before"] = table.before.name if table.before else ""
    return {name: value for name, value in data.items() if value is not None}


def test_staff_are_told_and_led_to_the_screen(scene: Scene) -> None:
    report = receive(as_csv(korean()))
    assert Notice.objects.filter(user=scene.staff, url=url(report)).exists()
    page = shown(signed_in(scene.staff), reverse("royalties:report", args=[report.ref]))
    assert f'href="{url(report)}"' in page
    assert "its columns are not known yet" in page


def test_the_screen_shows_the_first_lines_the_guess_and_what_is_asked(scene: Scene) -> None:
    report = receive(as_csv(korean()))
    page = shown(signed_in(scene.staff), url(report))
    assert "가락유통 정산 내역" in page  # what stands above the header
    assert "CP949" in page
    assert "For 2 columns the header does not say enough" in page
    assert "may be: money for the society (net) · share" in page
    assert "Of the first 4 lines 3 would be taken and 1 rejected" in page
    assert "it is a total, and no line of a song" in page


def test_to_look_saves_nothing_and_needs_no_javascript(scene: Scene) -> None:
    report = receive(as_csv(korean()))
    response = signed_in(scene.staff).post(url(report), filled(report, {**ANSWERS, "action": "look"}))
    page = response.content.decode()
    assert response.status_code == 200
    assert "₩1,281,500.500000" in page
    report.refresh_from_db()
    assert (report.state, Mapping.objects.count()) == ("mapping", 0)


def test_what_is_wrong_stands_beside_its_field_and_nothing_changes(scene: Scene) -> None:
    report = receive(as_csv(korean()))
    response = signed_in(scene.staff).post(url(report), filled(report, {"action": "save", "name": ""}))
    page = response.content.decode()
    assert response.status_code == 400
    assert page.count('id="id_c7_error"') == page.count('id="id_c8_error"') == page.count('id="id_name_error"') == 1
    assert Mapping.objects.count() == 0


def test_saving_begins_the_report_at_once(scene: Scene) -> None:
    report = receive(as_csv(korean()))
    response = signed_in(scene.staff).post(url(report), filled(report, {**ANSWERS, "action": "save"}), follow=True)
    assert "Version 1 of “가락유통” is saved." in response.content.decode()
    report.refresh_from_db()
    assert report.state == "received"
    assert read(report).accepted == 3
    page = shown(signed_in(scene.staff), reverse("royalties:report", args=[report.ref]))
    assert "as “가락유통” says, version 1" in page
    assert "정산월: 2026년 9월" in page
    assert Mapping.objects.get().made_by == scene.staff


def test_somebody_elses_version_is_not_overwritten(scene: Scene) -> None:
    report = map_columns(receive(as_csv(korean())), ANSWERS)
    sent = filled(report, {"action": "save", "정산금": "money", "권리사정산금액": "-"})
    Mapping.objects.update(version=2)  # somebody was faster
    response = signed_in(scene.staff).post(url(report), sent)
    assert response.status_code == 409
    assert "has saved version 2" in response.content.decode()
    assert Mapping.objects.count() == 1


def test_another_line_may_be_the_header(scene: Scene) -> None:
    report = receive(as_csv([["곡명", "금액"], ["노래 이름", "받을 돈"], ["가", "1"], ["나", "2"]], "utf-8"))
    page = shown(signed_in(scene.staff), url(report) + "?header_line=2")
    assert '<option value="2" selected>' in page
    assert 'name="header_line" value="2"' in page
    assert "받을 돈" in page


@pytest.mark.parametrize("line", ["0", "-1", "99999", "x", "２"])
def test_a_line_that_is_none_is_as_if_it_was_not_said(scene: Scene, line: str) -> None:
    report = receive(as_csv(korean()))
    assert '<option value="4" selected>' in shown(signed_in(scene.staff), url(report) + f"?header_line={line}")


def test_a_renamed_column_is_said_and_the_rest_is_filled_in(scene: Scene) -> None:
    map_columns(receive(as_csv(korean())), ANSWERS)
    renamed = [*HEADERS[:-1], "권리사 최종 금액"]
    report = receive(as_csv([*TITLE_BLOCK, renamed, *SONGS]), "11.csv")
    page = shown(signed_in(scene.staff), url(report))
    assert "The file looks like “가락유통”" in page
    assert "권리사정산금액" in page
    answered = filled(report, {"action": "save", "권리사 최종 금액": "money", "currency": "KRW"})
    assert signed_in(scene.staff).post(url(report), answered).status_code == 302
    assert read(Report.objects.get(pk=report.pk)).accepted == 3
    assert Mapping.objects.filter(superseded_at=None).get().version == 2


def test_text_of_a_file_is_never_markup(scene: Scene) -> None:
    rows = [["곡명", "<script>x</script>"], ["<b>노래</b>", "1"], ["나", "2"]]
    page = shown(signed_in(scene.staff), url(receive(as_csv(rows, "utf-8"))))
    assert "<script>x" not in page
    assert "<b>노래" not in page


def test_a_report_of_a_known_format_says_so(scene: Scene) -> None:
    assert "are not to be mapped" in shown(signed_in(scene.staff), url(scene.report))
    assert signed_in(scene.staff).post(url(scene.report), {"action": "save"}).status_code == 409


def test_a_distribution_shows_its_sums_and_why_it_waits(scene: Scene) -> None:
    rows = [SOCIETY_HEADERS, *[society_row("月光", "도해온", "", "10.00", "1.00", "0.50", "8.50")] * 2]
    report = map_columns(receive(as_csv(rows, "utf-8"), "6.csv", source="mcsc"), NAMED)
    page = shown(signed_in(scene.staff), reverse("royalties:report", args=[report.ref]))
    for words in ("CN¥20.000000", "CN¥2.000000", "CN¥1.000000", "CN¥17.000000", "never divided again"):
        assert words in page
    assert "2 lines name whose money they are; on 2 of them" in page


def test_a_list_without_money_says_claim_these(scene: Scene) -> None:
    rows = [["作品名", "表演者", "使用次数"], ["无名曲", "歌手", "7"], ["无名曲二", "歌手", "7"]]
    report = map_columns(receive(as_csv(rows, "utf-8"), "2026-05 认领.csv", source="mcsc"), {"name": "认领"})
    page = shown(signed_in(scene.staff), reverse("royalties:report", args=[report.ref]))
    assert "There is no money in it" in page


# ── for programs ────────────────────────────────────────────────────────────────────────────────────────────────────────


def program(scene: Scene) -> Client:
    scopes = [Scope.ROYALTIES_READ, Scope.ROYALTIES_WRITE]
    until = timezone.localdate() + dt.timedelta(days=2)
    _token, secret = issue_token(user=scene.staff, name="x", scopes=scopes, until_date=until)
    return Client(headers={"authorization": f"Bearer {secret}", "accept-language": "en"})


SAID: dict[str, Any] = {
    "name": "가락유통",
    "columns": ["period", "platform", "title", "artist", "album", "uses", "uses", None, "money"],
    "currency": "KRW",
    "numbers": ["grouped", "blank"],
    "totals": ["합계"],
    "platforms": [{"name": "멜론", "service": "other"}, {"name": "지니", "service": "other"}],
}


def test_a_program_reads_the_guess(scene: Scene) -> None:
    report = receive(as_csv(korean()))
    found = program(scene).get(reverse("api:report_columns", args=[report.ref])).json()
    assert found["header_line"] == 4
    assert [column["meaning"] for column in found["columns"]] == [*SAID["columns"][:7], None, None]
    assert [column["asked"] for column in found["columns"]][-2:] == [True, True]
    assert found["platforms"][0] == {"name": "멜론", "service": "other"}
    assert (found["tried"]["accepted"], found["tried"]["rejected"]) == (3, 1)


def test_a_program_saves_a_mapping(scene: Scene) -> None:
    report = receive(as_csv(korean()))
    address = reverse("api:report_columns", args=[report.ref])
    response = program(scene).post(address, SAID, content_type="application/json")
    assert response.status_code == 200, response.json()
    assert response.json()["state"] == "received"
    assert read(Report.objects.get(pk=report.pk)).accepted == 3


def test_a_program_is_told_which_field_is_wrong(scene: Scene) -> None:
    report = receive(as_csv(korean()))
    address = reverse("api:report_columns", args=[report.ref])
    wrong = {**SAID, "columns": ["period", "platform", None, "artist", "album", "uses", "uses", "money", "money"]}
    response = program(scene).post(address, wrong, content_type="application/json")
    assert response.status_code == 400
    said = response.json()
    assert said["error"] == "columns-do-not-fit"
    assert "columns: This is already column “정산금”. Only one can be." in said["message"]
    assert "columns: Say which column is the title of the song or work." in said["message"]
    assert Mapping.objects.count() == 0
    assert FirstLines.objects.count() == 1
