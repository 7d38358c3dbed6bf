"""Tables that no format knows: they wait, staff say what their columns mean, and the next file with these columns is read."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.utils import translation
from pytest_django import Settings

from portal.files.services import store_upload
from portal.notices.models import Notice
from royalties.ingest import work_on
from royalties.ingest.mappings import (
    ColumnsAreNotKept,
    MappingHasChanged,
    NameIsOfAFormat,
    NameIsTaken,
    Said,
    first_lines_of,
    save_mapping,
)
from royalties.ingest.receive import receive_report
from royalties.mapping_form import ColumnsForm, column_field
from royalties.models import (
    DeclaredTotal,
    FirstLines,
    Mapping,
    RejectedLine,
    Report,
    ReportedRecording,
    SocietyLine,
    SongUsage,
    Source,
    UsageLine,
)
from royalties.services import declare_basis
from royalties.tables import table_of
from works.models import Party

pytestmark = pytest.mark.django_db
SEPTEMBER = dt.date(2026, 9, 1)
HEADERS = ["정산월", "사이트", "곡명", "아티스트", "앨범명", "스트리밍", "다운로드", "정산금", "권리사정산금액"]
SONGS = [
    ["2026.09", "멜론", "밤편지", "아이유", "밤편지", "1,234", "5", "2,469,000", "1,234,500"],
    ["2026.09", "지니", "너의 의미", "아이유", "꽃갈피", "200", "", "4,000", "2,000.5"],
    ["2026.09", "QQ뮤직", "좋은 날", "아이유", "Real", "3,000", "12", "90,000", "45,000"],
]
TITLE_BLOCK = [["가락유통 정산 내역", *[""] * 8], ["정산월: 2026년 9월", *[""] * 8], [""] * 9]
TOTAL = ["합계", "", "", "", "", "4,434", "17", "2,563,000", "1,281,500.5"]


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.PORTAL_DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"
    with translation.override("en"):
        yield tmp_path


def as_csv(rows: Sequence[Sequence[str]], encoding: str = "cp949", delimiter: str = ",") -> bytes:
    def cell(text: str) -> str:
        return f'"{text}"' if delimiter in text else text

    return "".join(delimiter.join(map(cell, row)) + "\r\n" for row in rows).encode(encoding)


def korean(songs: Sequence[Sequence[str]] = SONGS, total: Sequence[str] | None = TOTAL) -> list[Sequence[str]]:
    return [*TITLE_BLOCK, HEADERS, *songs, *([total] if total else [])]


def receive(content: bytes, label: str = "2026-09_가락유통.csv", period: dt.date | None = None, source: str = "generic", **stated: Any) -> Report:  # fmt: skip
    stored = store_upload(stream=io.BytesIO(content), label=label, user=None)
    report, _ = receive_report(
        source=Source.objects.get(code=source), stored=stored, period=period, user=None, bell=False, **stated
    )
    return read(report)


def read(report: Report) -> Report:
    work_on(report.job_id or 0)
    report.refresh_from_db()
    return report


def form_of(report: Report, changes: dict[str, Any], header_line: int | None = None) -> ColumnsForm:
    """The form as a person fills it: what is proposed, and for columns by their headers what they say."""
    table = table_of(report, None, header_line)
    proposed = ColumnsForm(table)
    data = {name: proposed[name].value() for name in proposed.fields}
    data["month"] = f"{data['month']:%Y-%m}" if data["month"] else None
    for header, meaning in changes.items():
        at = next((column.at for column in table.columns if column.header == header), None)
        data[header if at is None else column_field(at)] = meaning
    return ColumnsForm(table, {name: value for name, value in data.items() if value is not None})


ANSWERS = {"정산금": "-", "권리사정산금액": "money", "name": "가락유통", "currency": "KRW"}


def map_columns(report: Report, changes: dict[str, Any], **how: Any) -> Report:
    form = form_of(report, changes, how.pop("header_line", None))
    assert form.is_valid(), form.errors
    said = form.said()
    assert said is not None
    _mapping, now = save_mapping(report=report, said=said, actor=None, bell=False, **how)
    return read(now)


def figures(report: Report) -> tuple[int, int, int, int]:
    return report.lines, report.accepted, report.rejected, int(report.accepted_micros)


# ── the file of a Korean distributor ────────────────────────────────────────────────────────────────────────────────────


def test_an_unknown_table_waits_and_its_first_lines_are_kept() -> None:
    report = receive(as_csv(korean()))
    assert (report.state, report.error_code) == ("mapping", "columns-are-unknown")
    assert (report.encoding, report.reading["why"], report.reading["delimiter"]) == ("cp949", "looks", ",")
    assert not UsageLine.objects.filter(report_id=report.pk).exists()
    assert first_lines_of(report).rows[3] == HEADERS
    assert Notice.objects.filter(url=f"/reports/{report.ref}/columns/").count() == 0  # there is no staff here
    table = table_of(report, None)
    assert table.header_line == 4
    guessed = {column.header: column.guess.meaning for column in table.columns if not column.guess.is_asked}
    assert guessed == {
        "정산월": "period", "사이트": "platform", "곡명": "title", "아티스트": "artist", "앨범명": "album", "스트리밍": "uses", "다운로드": "uses",
    }  # fmt: skip
    assert {column.header for column in table.columns if column.guess.is_asked} == {"정산금", "권리사정산금액"}


def test_a_mapped_table_is_read_and_every_line_ends_in_one_place() -> None:
    report = map_columns(receive(as_csv(korean())), ANSWERS)
    assert figures(report) == (4, 3, 1, 1_281_500_500_000)
    assert (report.family, report.period, report.currency) == ("가락유통", SEPTEMBER, "KRW")
    total = RejectedLine.objects.get(report=report)
    assert (total.line_no, total.reason, total.amount_micros) == (8, "total", 0)
    footer = DeclaredTotal.objects.get(report=report)
    assert (footer.origin, footer.line_no) == ("file", 8)
    assert footer.micros == 1_281_500_500_000
    assert report.held_reason == "no_basis"  # not "declared": the total of the file is our sum
    assert report.reading["above"] == ["가락유통 정산 내역", "정산월: 2026년 9월", ""]
    lines = UsageLine.objects.filter(report_id=report.pk).order_by("line_no")
    assert [(line.line_no, line.service, line.uses) for line in lines] == [
        (5, "other", 1239),
        (6, "other", 200),
        (7, "qq", 3012),
    ]


def test_a_total_that_is_not_our_sum_holds_the_report() -> None:
    wrong = [*TOTAL[:-1], "1,281,500.49"]
    report = map_columns(receive(as_csv(korean(total=wrong))), ANSWERS)
    assert (report.state, report.held_reason) == ("held", "declared")


def test_a_part_of_the_file_summed_up_is_no_total_of_it() -> None:
    part = ["멜론 소계", *[""] * 6, "", "1,234,500"]
    report = map_columns(receive(as_csv(korean([SONGS[0], part, *SONGS[1:]]))), ANSWERS)
    assert figures(report) == (5, 3, 2, 1_281_500_500_000)
    assert DeclaredTotal.objects.get(report=report).line_no == 9
    assert report.held_reason == "no_basis"


def test_next_months_file_is_read_without_asking_whatever_the_order_of_its_columns() -> None:
    map_columns(receive(as_csv(korean())), ANSWERS)
    order = [8, 7, 6, 5, 4, 3, 2, 1, 0]
    october = [[*row] for row in SONGS]
    for row in october:
        row[0] = "2026.10"
    shuffled = [[row[at] for at in order] + ["비고"] for row in [HEADERS, *october]]
    report = receive(as_csv(shuffled, "utf-8"), "10월.csv")
    assert (report.state, report.period) == ("held", dt.date(2026, 10, 1))
    assert figures(report) == (3, 3, 0, 1_281_500_500_000)
    assert report.reading["mapping"]["name"] == "가락유통"
    assert report.reading["new_columns"] == ["비고"]


def test_a_renamed_column_is_named_and_the_screen_starts_from_the_mapping() -> None:
    map_columns(receive(as_csv(korean())), ANSWERS)
    renamed = [*HEADERS[:-1], "권리사 최종 금액"]
    report = receive(as_csv([*TITLE_BLOCK, renamed, *SONGS]), "11.csv")
    assert (report.state, report.error_code) == ("mapping", "columns-are-missing")
    assert report.error_params == {"mapping": "가락유통", "missing": "권리사정산금액"}
    form = ColumnsForm(table_of(report, Mapping.objects.get()))
    assert [form[column_field(at)].value() for at in (0, 7)] == ["period", "-"]
    assert form["name"].value() == "가락유통"
    assert form["seen"].value() == 1


def test_a_wrong_mapping_is_mended_by_reading_the_report_again() -> None:
    wrong = map_columns(receive(as_csv(korean())), {**ANSWERS, "정산금": "money", "권리사정산금액": "-"})
    assert wrong.held_reason == "no_basis"
    right = map_columns(wrong, ANSWERS, seen=1)
    wrong.refresh_from_db()
    assert (right.reads_again, right.state, int(right.accepted_micros)) == (wrong, "held", 1_281_500_500_000)
    assert (wrong.held_reason, wrong.superseded_at is not None) == ("aside", True)
    versions = Mapping.objects.order_by("version").values_list("version", "superseded_at")
    assert [(version, at is None) for version, at in versions] == [(1, False), (2, True)]
    assert SongUsage.objects.filter(report=wrong).count() == 3  # kept as they were read


def test_the_same_mapping_again_changes_nothing() -> None:
    report = map_columns(receive(as_csv(korean())), ANSWERS)
    assert map_columns(report, ANSWERS, seen=1) == report
    assert (Mapping.objects.count(), Report.objects.count()) == (1, 1)


def test_what_waits_with_the_same_columns_begins_too() -> None:
    first, second = receive(as_csv(korean())), receive(as_csv(korean(SONGS[:1], None)), "other.csv")
    elsewhere = receive(as_csv(korean(SONGS[:2], None)), "third.csv", source="mcsc")
    map_columns(first, ANSWERS)
    second.refresh_from_db()
    elsewhere.refresh_from_db()
    assert (second.state, elsewhere.state) == ("received", "mapping")
    assert read(second).accepted == 1


def test_two_people_do_not_overwrite_each_other() -> None:
    report = receive(as_csv(korean()))
    map_columns(report, ANSWERS)
    with pytest.raises(MappingHasChanged):
        map_columns(report, {**ANSWERS, "정산금": "money", "권리사정산금액": "-"}, seen=0)
    other = receive(as_csv([["제목", "돈"], ["노래", "1"]], "utf-8"), "x.csv", period=SEPTEMBER)
    with pytest.raises(NameIsTaken):
        map_columns(other, {"제목": "title", "돈": "money", "name": "가락유통"})
    assert Mapping.objects.count() == 1


def test_names_of_formats_are_not_for_mappings() -> None:
    report = receive(as_csv(korean()))
    form = form_of(report, {**ANSWERS, "name": "song"})
    assert set(form.errors) == {"name"}
    said = form.said()
    assert said is not None
    with pytest.raises(NameIsOfAFormat):
        save_mapping(report=report, said=said, actor=None)


def test_a_report_of_a_known_format_has_no_columns_to_map() -> None:
    report = receive(as_csv([["곡명"]]), "x.csv")
    with pytest.raises(ColumnsAreNotKept):
        table_of(report, None)


# ── what the form asks ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_form_asks_beside_the_field_and_saves_nothing() -> None:
    report = receive(as_csv(korean()))
    form = form_of(report, {"name": "가락유통"})
    assert set(form.errors) == {"c7", "c8"}  # which of the two is the society's money
    form = form_of(report, {**ANSWERS, "정산금": "money"})
    assert set(form.errors) == {"c8"}
    assert "정산금" in form.errors["c8"][0]
    form = form_of(report, {**ANSWERS, "정산월": "-", "month": ""})
    assert set(form.errors) == {"month"}
    form = form_of(report, {**ANSWERS, "곡명": "-"})
    assert set(form.errors) == {"__all__"}
    assert not Mapping.objects.exists()


def test_platforms_that_nobody_knows_are_asked() -> None:
    unknown = [["2026.09", "하늘뮤직", *row[2:]] for row in SONGS]
    report = receive(as_csv(korean(unknown, None)))
    form = form_of(report, ANSWERS)
    (field,) = form.platform_fields()
    assert (field.label, bool(field.errors)) == ("하늘뮤직", True)
    read_now = map_columns(report, {**ANSWERS, field.name: "abroad"})
    assert set(RejectedLine.objects.filter(report=read_now).values_list("reason", flat=True)) == {"not_china"}
    assert int(read_now.rejected_micros) == 1_281_500_500_000  # its money is not lost


def test_columns_about_listeners_are_kept_nowhere() -> None:
    rows = [
        ["곡명", "가수", "휴대폰", "정산금액"],
        *[["노래", "가수", f"010-1234-{number:04}", "1"] for number in range(9)],
    ]
    report = receive(as_csv(rows), "p.csv", period=SEPTEMBER)
    assert "010-1234" not in str(FirstLines.objects.get(report=report).rows)
    now = map_columns(report, {"name": "p", "정산금액": "money"})
    assert now.accepted == 9
    assert now.reading["withheld"] == ["휴대폰"]
    assert "010-1234" not in str(FirstLines.objects.get(report=now).rows)


# ── ids, months, sheets ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_ids_as_floats_months_without_a_year_and_territories() -> None:
    rows = [
        ["곡번호", "곡명", "국가", "사용월", "이용횟수", "사용료"],
        ["5566.0", "가", "중국", "12월", "1", "1.5"],
        ["AB-7", "나", "CN", "1월", "1", "1.5"],
        ["1.23E+18", "다", "CN", "1월", "1", "1.5"],
        ["8", "라", "한국", "1월", "1", "1.5"],
    ]
    report = map_columns(receive(as_csv(rows), "x.csv", period=dt.date(2027, 1, 1)), {"name": "국가"})
    lines = UsageLine.objects.filter(report_id=report.pk).order_by("line_no")
    assert [line.usage_month for line in lines] == [dt.date(2026, 12, 1), dt.date(2027, 1, 1)]
    assert set(ReportedRecording.objects.values_list("song_id", flat=True)) == {"5566", "AB-7"}
    rejected = RejectedLine.objects.filter(report=report).order_by("line_no")
    assert [line.reason for line in rejected] == ["id_lost_precision", "not_china"]


def test_song_ids_of_two_distributors_are_never_one() -> None:
    rows = [["곡번호", "곡명", "사용료"], ["1", "가", "1"]]
    map_columns(receive(as_csv(rows), "a.csv", period=SEPTEMBER), {"name": "하나"})
    other = [["곡번호", "노래명", "사용료"], ["1", "나", "1"]]
    map_columns(receive(as_csv(other), "b.csv", period=SEPTEMBER), {"name": "둘"})
    assert set(ReportedRecording.objects.values_list("title", flat=True)) == {"가", "나"}


def test_a_sheet_with_a_title_block_and_short_rows() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["가락유통 2026년 9월"])
    sheet.append([])
    sheet.append(["곡명", "아티스트", "스트리밍", "권리사정산금액", "비고"])
    sheet.append(["밤편지", "아이유", 12, 3.5])
    sheet.append(["너의 의미", "아이유", 1, 1234567.25, "특이"])
    sheet.append(["합계", None, 13, 1234570.75])
    out = io.BytesIO()
    book.save(out)
    report = map_columns(receive(out.getvalue(), "정산.xlsx"), {"name": "시트"})
    assert figures(report) == (3, 2, 1, 1_234_570_750_000)
    assert report.period == SEPTEMBER
    assert report.held_reason == "no_basis"


def test_a_text_table_in_utf16_with_tabs() -> None:
    report = map_columns(receive(as_csv(korean(), "utf-16", "\t"), "2026-09.txt"), ANSWERS)
    assert figures(report) == (4, 3, 1, 1_281_500_500_000)


@pytest.mark.parametrize(
    "content", [b"hello\n", b"hello\nworld\n", b"a,b\n", b"\n\n\n", b"\xff\xfe\xfd\n1\n", b",,\n,,\n"]
)
def test_what_is_no_table_is_refused(content: bytes) -> None:
    report = receive(content, "x.csv")
    assert (report.state, report.error_code) == ("refused", "header-not-recognised")
    assert not FirstLines.objects.exists()


def test_a_crd_file_is_refused_by_name() -> None:
    lines = ["HDRSO000000118MCSC", "GRHMWN00001", "MWN0000000100000001", "MIP0000000100000002", "SPW0000", "GRT"]
    report = receive("\n".join(lines).encode(), "x.txt", source="mcsc")
    assert (report.state, report.error_code) == ("refused", "crd-not-yet")


# ── societies ───────────────────────────────────────────────────────────────────────────────────────────────────────────

SOCIETY_HEADERS = ["作品名称", "ISWC", "作品编号", "词曲作者", "权利人", "IPI号", "角色", "份额%", "使用期间", "参考号",
    "总额", "管理费", "税额", "净额", "币种"]  # fmt: skip


def society_row(
    title: str, party: str, ipi: str, gross: str, fee: str, tax: str, net: str, currency: str = "CNY"
) -> list[str]:
    return [
        title,
        "T-034.524.680-1",
        "MC0001",
        "도해온",
        party,
        ipi,
        "C",
        "50",
        "202606",
        "U-1",
        gross,
        fee,
        tax,
        net,
        currency,
    ]


NAMED = {"name": "MCSC 분배", "basis": "named", "净额": "money", "总额": "gross", "service": "other"}


def test_a_named_distribution_is_kept_as_named_and_held() -> None:
    ours = Party.objects.create(kind="writer", name="도해온", ipi_name_number="00014107338")
    person = Party.objects.create(kind="writer", name="이가람")
    rows = [
        SOCIETY_HEADERS,
        society_row("月光", "DO HAEON", "14107338", "10.00", "1.00", "0.50", "8.50"),
        society_row("月光", "이가람", "", "10.00", "1.00", "0.50", "8.50"),
        society_row("月光", "JASRAC", "", "2.00", "0", "", "2.00"),
        society_row("月光", "이가람", "", "10.00", "1.00", "0.50", "8.51"),
        society_row("月光", "이가람", "", "1.00", "0", "0", "1.00", "USD"),
    ]
    declare_basis(
        source=Source.objects.get(code="mcsc"), basis="whole", from_date=dt.date(2026, 1, 1), note="a", actor=None
    )
    report = map_columns(receive(as_csv(rows, "gb18030"), "6.csv", source="mcsc"), NAMED)
    assert (report.basis, report.state, report.held_reason) == ("named", "held", "basis_not_yet")
    assert figures(report) == (5, 3, 2, 19_000_000)
    assert dict(RejectedLine.objects.filter(report=report).values_list("line_no", "reason")) == {
        5: "does_not_add_up",
        6: "currency",
    }
    lines = SocietyLine.objects.filter(report=report).order_by("line_no")
    assert [line.party for line in lines] == [ours, person, None]
    assert [(line.gross_micros, line.fee_micros, line.tax_micros, line.net_micros) for line in lines][2] == (2_000_000, 0, 0, 2_000_000)  # fmt: skip
    assert (lines[0].share_numerator, lines[0].share_denominator, lines[0].reference) == (1, 2, "U-1")
    song = ReportedRecording.objects.get()
    assert (song.iswc, song.writers, song.song_id) == ("T0345246801", "도해온", "MC0001")


def test_two_people_of_one_name_are_nobody() -> None:
    for _twin in range(2):
        Party.objects.create(kind="writer", name="이가람")
    rows = [SOCIETY_HEADERS, society_row("月光", "이가람", "", "1.00", "0", "0", "1.00")]
    report = map_columns(receive(as_csv([*rows, rows[1]], "utf-8"), "6.csv", source="mcsc"), NAMED)
    assert set(SocietyLine.objects.filter(report=report).values_list("party", flat=True)) == {None}


def test_lines_that_name_a_party_are_never_divided() -> None:
    rows = [SOCIETY_HEADERS, *[society_row("月光", "이가람", "", "1.00", "0", "0", "1.00")] * 2]
    report = receive(as_csv(rows, "utf-8"), "6.csv", source="mcsc")
    assert set(form_of(report, {**NAMED, "basis": "claimed"}).errors) == {"basis"}


def test_a_list_of_unidentified_uses_is_matched_and_has_no_money() -> None:
    rows = [
        ["作品名", "ISWC", "表演者", "使用平台", "使用次数"],
        *[[f"无名曲{number}", "", "歌手", "QQ音乐", "7"] for number in range(3)],
    ]
    report = map_columns(receive(as_csv(rows, "gb18030"), "2026-05 使用费认领.csv", source="mcsc"), {"name": "认领"})
    assert (report.basis, report.held_reason, int(report.accepted_micros)) == ("usage", "basis_not_yet", 0)
    assert sorted(SongUsage.objects.filter(report=report).values_list("uses", "service")) == [(7, "qq")] * 3
    assert report.songs == 3


def test_said_is_what_a_mapping_holds() -> None:
    said = Said(name="x", headers=["a"], header_line=1, columns={"title": [("a", 0)]}, basis="whole")
    assert said.facts()["basis"] == "usage"
