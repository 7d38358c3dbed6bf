"""DDEX reports from file to lines: the samples, what is not China, parts that belong together, and what their footers say."""

from __future__ import annotations

import datetime as dt
import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from pytest_django import Settings

from royalties.file_lines import file_lines
from royalties.ingest import reading, report_figures
from royalties.models import Report, ReportedRecording, Source, UsageLine
from royalties.parts import differences, missing_parts
from royalties.reports.dsr.spool import spool_dsr
from royalties.services import accept_as_is, declare_basis
from tests.royalties.dsr_files import FORMS, DsrFile, Fact, dsr_file
from tests.royalties.test_ingest import import_bytes, rejected_rows, song_rows

SAMPLES = Path(os.environ.get("GARAK_SHARED", "/nowhere")) / "standards/samples/ddexnet-dsrf"
YOUTUBE = "DSR_TEST_YouTube_AdSupport-music_2015-Q4_IS_1of1_20160121T150926.tsv"
TOY = "DSR_PADPIDA2014999999Z_PADPIDA2014111801Y_AdSupport_2015-02_AU_{}.tsv"
MICROS = 1_000_000
SOME_DAY = dt.date(2020, 1, 1)

needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="GARAK_SHARED does not hold standards/samples/ddexnet-dsrf"
)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.PORTAL_DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"
    with translation.override("en"):
        yield tmp_path


def import_dsr(file: DsrFile, **given: Any) -> Report:
    return import_bytes(file.content(), file.name, **{"source": "generic", **given})


def codes(report: Report) -> list[tuple[str, int, int]]:
    return [(found["code"], found["line"], found["count"]) for found in report.reading["dsr"]["findings"]]


# ── samples ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@needs_samples
def test_the_irregular_sample_ends_with_each_irregularity_named() -> None:
    report = import_bytes((SAMPLES / YOUTUBE).read_bytes(), YOUTUBE, source="youtube")
    said = report.reading["dsr"]
    assert (report.state, report.family, report.currency) == ("held", "dsr-ugc", "USD")
    assert str(report.period) == "2015-10-01"
    assert (said["lines"], said["rows"], said["described"], said["blocks"]) == (35, 6, 29, 3)
    assert said["records"] == {
        "#": 8, "AS01": 3, "FOOT": 1, "HEAD": 1, "LI01.01": 6, "MW01.01": 3, "RU01": 3, "SU03.01": 6, "SY02.01": 4,
    }  # fmt: skip
    assert codes(report) == [
        ("message-version", 1, 1),
        ("record-of-other-profile", 10, 1),
        ("summary-twice", 11, 3),
        ("no-duration", 14, 3),
        ("record-of-other-profile", 15, 1),
        ("short-record", 15, 3),
        ("releases-and-sales-differ", 16, 3),
        ("record-of-other-profile", 17, 1),
        ("date-form", 17, 6),
        ("date-form", 17, 6),
        ("resource-in-release-cell", 17, 6),
        ("record-of-other-profile", 18, 1),
        ("id-in-text", 20, 1),
    ]
    assert said["declared"] == []
    # Iceland is not China: six lines at the places of their SU03.01, each with its own amount.
    assert rejected_rows(report) == [
        (line, "not_china", "IS", int(amount * 100) * MICROS // 100)
        for line, amount in zip(range(2, 8), (125.23, 0, 30.32, 20.98, 10.86, 11.49), strict=True)
    ]
    assert file_lines(report.pk, range(2, 8)) == {2: 17, 3: 22, 4: 27, 5: 29, 6: 31, 7: 33}
    second = report.rejected_lines.get(line_no=3)
    assert second.raw.split("\t") == [
        "20151001", "IS", "A726198037646795", "USUV71101875", "All I Want Is You Audio Only", "Justin Bieber", "", "T9109247316", "",
        "", "AdvertisementSupportedModel", "Stream", "1", "0.0", "2045", "SU03.01", "22",
    ]  # fmt: skip
    summary = said["summaries"][0]
    assert (summary["territory"], summary["lines"], summary["uses"], summary["money"]) == ("IS", 6, 10_210, "198.88")
    assert report_figures(report).money_micros == 198_880_000


@needs_samples
@pytest.mark.parametrize(
    ("name", "profile", "first", "head", "part"),
    [
        (TOY.format("1of1_20140617T092522"), "UgcProfile", "short-record", (1, 6), (1, 1)),
        (TOY.format("1of1_20150723T092522"), "UgcProfile", "short-record", (1, 4), (1, 1)),
        (TOY.format("1of2_20150723T092522"), "UgcProfile", "short-record", (1, 4), (1, 2)),
        (TOY.format("2of2_20150723T092522"), "UgcProfile", "short-record", (1, 4), (2, 2)),
    ],
)
def test_toy_samples_say_what_they_are_and_have_no_usage(
    name: str, profile: str, first: str, head: tuple[int, int], part: tuple[int, int]
) -> None:
    report = import_bytes((SAMPLES / name).read_bytes(), name, source="generic")
    said = report.reading["dsr"]
    assert (report.state, str(report.period), report.lines) == ("held", "2015-02-01", 0)
    assert (said["profile"], said["part"], said["parts"], said["lines"], said["comments"]) == (profile, *part, 7, 2)
    assert said["records"] == {"#": 2, "AS02": 1, "FOOT": 1, "HEAD": 1, "RE01": 1, "SY03": 1}
    found = said["findings"][0]
    assert (found["code"], found["line"], int(found["params"]["cells"])) == (first, *head)
    assert codes(report)[-10:][:0] + [
        code for code in codes(report) if code[0] in {"head-not-in-place", "profile-version"}
    ] == [("head-not-in-place", 1, 1), ("profile-version", 1, 1)]
    assert said["declared"] == [{"what": "NumberOfLinesInFile", "declared": "123", "found": "7"}]
    assert missing_parts(report) == ([] if part[1] == 1 else [3 - part[0]])
    assert report.held_reason == ("declared" if part[1] == 1 else "parts")


@needs_samples
@pytest.mark.parametrize("name", ["test_file_parser.tsv", "test_file_parser.tsv.gz"])
def test_old_names_are_known_packed_or_not(name: str) -> None:
    content = (SAMPLES / name).read_bytes()
    assert import_bytes(content, name, source="generic").error_code == "period-is-unknown"
    report = import_bytes(content, name, source="youtube", period=dt.date(2016, 9, 1))
    said = report.reading["dsr"]
    assert (report.state, report.held_reason, report.lines, report.family) == ("held", "declared", 0, "dsr")
    assert [(code, line) for code, line, _count in codes(report) if code in {"old-name", "file-name"}] == [
        ("file-name", 1), ("old-name", 3), ("old-name", 7),
    ]  # fmt: skip
    assert said["records"] == {"#": 2, "AS02": 1, "FOOT": 1, "HEAD": 1, "RE01": 1, "SY03": 1}


# ── lines ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_line_says_all_that_its_block_does() -> None:
    stream = Fact(shares=(("GARAK", "1.25"),), uses="70")
    report = import_dsr(
        dsr_file("royalty-1.0.1", [[stream, Fact(shares=(("GARAK", "0.75"),), uses="30", start="2026-08-03")]])
    )
    assert (report.family, report.currency, report.lines, report.rejected) == ("dsr-royalty", "CNY", 2, 0)
    assert [row[2:] for row in song_rows(report)] == [
        ("other", dt.date(2026, 8, 1), 1, 30, 750_000),
        ("other", dt.date(2026, 9, 1), 1, 70, 1_250_000),
    ]
    assert report.period == dt.date(2026, 9, 1)
    song = ReportedRecording.objects.get(first_report=report)
    said = (song.song_id, song.title, song.artists, song.isrc, song.iswc, song.writers, song.duration_seconds)
    assert said == ("R-1", "달빛", "해온", "KRA301500001", "T0345246801", "KIM HAEON", 225)
    assert list(UsageLine.objects.of_report(report).values_list("line_no", flat=True)) == [2, 3]
    assert file_lines(report.pk, [2, 3]) == {2: 4, 3: 6}  # HEAD, SY07, AS02.01, SU03.01, LI01.01, SU03.01 …
    assert report.reading["dsr"]["described"] == report.reading["dsr"]["lines"] - 2


def test_a_report_without_amounts_is_usage_and_waits_for_its_basis() -> None:
    file = dsr_file("audio-1.2", [[Fact(song_id=f"R-{number}", uses=str(number))] for number in range(1, 4)])
    report = import_dsr(file)
    assert (report.state, report.held_reason, int(report.accepted_micros)) == ("held", "no_basis", 0)
    assert [row[5:] for row in song_rows(report)] == [(1, 0), (2, 0), (3, 0)]
    assert not report.reading["dsr"]["has_money"]
    assert report.currency == "CNY"


def test_what_is_not_china_or_not_clear_is_rejected_with_its_money() -> None:
    file = DsrFile(form=FORMS["ugc-1.2"])
    file.head()
    for summary_id, territory, currency in (
        ("S1", "CN", "CNY"),
        ("S2", "KR", "CNY"),
        ("S3", "CN", "USD"),
        ("S4", "CN-31", "CNY"),
    ):
        file.summary(summary_id, territory=territory, currency=currency)
    file.summary("S5", territory="CN")
    file.summary("S5", territory="JP")
    file.block([Fact(summary=f"S{number}", shares=(("GARAK", "2.5"),)) for number in (1, 2, 3, 4, 5, 6)])
    file.foot()
    report = import_dsr(file)
    assert (report.lines, report.accepted, int(report.accepted_micros)) == (6, 2, 5_000_000)
    assert rejected_rows(report) == [
        (3, "not_china", "KR", 2_500_000),
        (4, "currency", "USD", 0),
        (6, "summary", "S5", 2_500_000),
        (7, "summary", "S6", 2_500_000),
    ]


def test_records_of_other_profiles_are_named_and_cost_their_lines() -> None:
    file = DsrFile(form=FORMS["audio-1.1"])
    file.head()
    file.summary()
    file.block([Fact()])
    file.lines += ["SU04.01\t2\tS1\tU1", "RE03\t2\tA1\tx", "SU02.07\t2\tS1\tU1\tA1\tR1\ttrue\t5", "hello\tworld"]
    file.foot(NumberOfBlocksInFile="1")
    report = import_dsr(file)
    assert [(line, reason, value) for line, reason, value, _money in rejected_rows(report)] == [
        (2, "record", "SU04.01"), (3, "record", "SU02.07"), (4, "record", "hello"),
    ]  # fmt: skip
    assert file_lines(report.pk, [2, 3, 4, 5]) == {2: 6, 3: 8, 4: 9, 5: 5}
    named = {found["params"].get("record") for found in report.reading["dsr"]["findings"]}
    assert {"SU04.01", "RE03", "SU02.07"} <= named


@pytest.mark.parametrize(
    "profile",
    [
        "AudioVisualProfile",
        "RadioBroadcastProfile",
        "MasterListProfile",
        "FinancialReportingToRecordCompaniesProfileSRB",
    ],
)
def test_other_profiles_are_refused_by_name(profile: str) -> None:
    file = DsrFile(form=FORMS["audio-1.1"])
    file.head()
    file.lines[0] = file.lines[0].replace("BasicAudioProfile", profile)
    report = import_dsr(file)
    assert (report.state, report.error_code, report.error_params) == ("refused", "family-not-yet", {"family": profile})


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_line_ends_packing_and_encoding_make_no_difference(line_end: str, packed: bool) -> None:
    file = dsr_file("audio-1.2-single", [[Fact(title="달|빛\\", uses="7")]])
    plain = song_rows(import_dsr(file))
    content = file.content(line_end=line_end)
    again = import_bytes(gzip.compress(content) if packed else content, file.name + ".gz" * packed, source="youtube")
    assert [row[1:] for row in song_rows(again)] == [row[1:] for row in plain]
    assert plain[0][1] == "달|빛\\"


def test_letters_of_another_encoding_are_read_when_somebody_says_so() -> None:
    file = dsr_file("audio-1.2-single", [[Fact(title="月光", uses="7")]])
    content = file.content().decode().encode("gb18030")
    wrong = import_bytes(content, file.name, source="generic")
    assert [(reason, line) for line, reason, _value, _money in rejected_rows(wrong)] == [("undecodable", 2)]
    right = import_bytes(content, file.name, source="youtube", encoding="gb18030")
    assert [row[1] for row in song_rows(right)] == ["月光"]


def test_a_packed_report_that_unpacks_to_far_too_much_is_refused() -> None:
    report = import_bytes(gzip.compress(b"HEAD\tdsrf/1/2/3\n" + bytes(50_000_000)), "DSR_A_B.tsv.gz", source="generic")
    assert (report.state, report.error_code) == ("refused", "unpacks-to-too-much")


def test_usages_that_were_lost_on_the_way_stop_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    def lose_one(source: Path, target: Path, **given: Any) -> dict[str, Any]:
        said = spool_dsr(source, target, **given)
        target.write_bytes(b"".join(target.read_bytes().splitlines(keepends=True)[:-1]))
        return said

    monkeypatch.setattr(reading, "spool_dsr", lose_one)
    report = import_dsr(dsr_file("audio-1.1", [[Fact(), Fact(start="2026-08-01")]]))
    assert (report.state, report.error_code) == ("stopped", "lines-do-not-add-up")


# ── parts and footers ───────────────────────────────────────────────────────────────────────────────────────────────────


def part(number: int, parts: int = 3, **foot: str) -> DsrFile:
    file = DsrFile(form=FORMS["royalty-1.0.1"], part=number, parts=parts)
    file.head()
    file.summary()
    file.block([Fact(song_id=f"R-{number}", shares=(("GARAK", "1"),))])
    file.foot(**{"NumberOfLinesInReport": "", "NumberOfBlocksInReport": "", **foot})
    return file


def test_all_parts_wait_until_the_last_is_here_and_then_go_together() -> None:
    declare_basis(
        source=Source.objects.get(code="generic"), family="", basis="whole", from_date=SOME_DAY, note="계약", actor=None
    )
    first, last = import_dsr(part(1)), import_dsr(part(3, NumberOfLinesInReport="18", NumberOfBlocksInReport="3"))
    assert [(report.state, report.held_reason) for report in (first, last)] == [("held", "parts")] * 2
    assert missing_parts(first) == missing_parts(last) == [2]
    second = import_dsr(part(2))
    assert states(first, second, last) == ["ready"] * 3
    assert missing_parts(first) == []


def test_a_report_whose_last_footer_counts_otherwise_is_held_when_it_is_complete() -> None:
    declare_basis(
        source=Source.objects.get(code="generic"), family="", basis="whole", from_date=SOME_DAY, note="계약", actor=None
    )
    last = import_dsr(part(2, 2, NumberOfLinesInReport="99", NumberOfBlocksInReport="2"))
    first = import_dsr(part(1, 2))
    assert states(first, last) == ["ready", "declared"]
    assert differences(last) == [{"what": "NumberOfLinesInReport", "declared": "99", "found": "12"}]


def test_parts_of_other_messages_and_of_other_sources_do_not_count() -> None:
    first = import_dsr(part(1, 2))
    other = part(2, 2)
    other.lines[0] = other.lines[0].replace("\tM1\t", "\tM2\t")
    import_dsr(other)
    import_dsr(part(2, 2), source="youtube")
    first.refresh_from_db()
    assert (first.held_reason, missing_parts(first)) == ("parts", [2])


@pytest.mark.parametrize(
    "cell", ["NumberOfLinesInFile", "NumberOfLinesInReport", "NumberOfSummaryRecords", "NumberOfBlocksInFile"]
)
def test_a_footer_that_counts_otherwise_holds_the_report_until_somebody_accepts_it(cell: str) -> None:
    declare_basis(
        source=Source.objects.get(code="generic"), family="", basis="whole", from_date=SOME_DAY, note="계약", actor=None
    )
    file = DsrFile(form=FORMS["royalty-1.0.1"])
    file.head()
    file.summary()
    file.block([Fact(shares=(("GARAK", "1"),))])
    file.foot(**{cell: "77"})
    report = import_dsr(file)
    assert (report.state, report.held_reason, report.accepted) == ("held", "declared", 1)
    assert [(found["what"], found["declared"]) for found in report.reading["dsr"]["declared"]] == [(cell, "77")]
    accept_as_is(report=report, actor=None, reason="보낸 곳에 확인함")
    assert states(report) == ["ready"]


def test_without_a_footer_the_end_is_missing_and_the_report_is_held() -> None:
    file = dsr_file("royalty-1.0.1", [[Fact(shares=(("GARAK", "1"),))]])
    file.lines.pop()
    report = import_dsr(file)
    assert (report.state, report.held_reason, report.accepted) == ("held", "declared", 1)
    assert [code for code, _line, _count in codes(report)][-1] == "no-foot"


def declare_whole() -> None:
    source = Source.objects.get(code="generic")
    declare_basis(source=source, family="", basis="whole", from_date=SOME_DAY, note="계약", actor=None)


def states(*reports: Report) -> list[str]:
    """ready, or why not."""
    for report in reports:
        report.refresh_from_db()
    return [report.held_reason or report.state for report in reports]
