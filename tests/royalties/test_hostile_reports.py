"""Bad input as reliability.md section 8 lists it, U01 to U08, U11, U15 to U18, U22 and M07, from bytes to lines.

Refused means: nothing of the file was taken, and the sentence says in three languages what, where, why and what to do.
"""

from __future__ import annotations

import codecs
import gzip
import io
import os
import re
import shutil
import tracemalloc
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
import xlsxwriter
from django.utils import translation
from pytest_django import Settings

from portal.files import scan, sheet_reader
from portal.files.guards import FileIsEmpty, FileIsNotAsSent, FileIsNotWhatItSays
from portal.files.models import StoredFile
from portal.files.services import store_upload
from portal.jobs.services import Work
from royalties import ingest
from royalties.ingest import work_on
from royalties.ingest.again import ReportIsSuperseded, read_report_again
from royalties.ingest.parse import work_parse
from royalties.ingest.spool import sweep_spool
from royalties.models import RejectedLine, Report, ReportedRecording, UsageLine
from royalties.reports import csv_lines, encodings, version
from royalties.reports.base import REASONS, REFUSALS, BadLine, refusal_of
from royalties.services import accept_as_is
from tests.royalties.test_ingest import (
    SEPTEMBER,
    as_csv,
    as_xlsx,
    cells,
    import_bytes,
    mixed_lines,
    receive,
    rejected_rows,
    song_rows,
)
from tests.royalties.test_tme import HEADERS

pytestmark = pytest.mark.django_db
SONG_ID, TITLE, MONEY = 2, 4, 12


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.PORTAL_DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"
    with translation.override("en"):
        yield tmp_path


def said(report: Report) -> list[str]:
    """Why it was refused, in English, Korean and Chinese."""
    sentences = []
    for language in ("en", "ko", "zh-hans"):
        with translation.override(language):
            sentences.append(refusal_of(report.error_code, report.error_params))
    return sentences


def assert_refused(report: Report, code: str, *words: str) -> None:
    """Refused with this code, nothing taken, and a sentence of its own in each language that names these words."""
    assert (report.state, report.error_code) == ("refused", code)
    assert not UsageLine.objects.filter(report_id=report.pk).exists()
    assert not RejectedLine.objects.filter(report=report).exists()
    assert not ReportedRecording.objects.filter(first_report=report).exists()
    sentences = said(report)
    assert len(set(sentences)) == 3
    for sentence in sentences:
        assert "%(" not in sentence
        assert all(word in sentence for word in words), sentence


def assert_read(report: Report, lines: int, rejected: Sequence[tuple[int, str]] = ()) -> None:
    """Every line of the file once: accepted, or rejected for these reasons under these numbers."""
    found = [(line_no, reason) for line_no, reason, _value, _micros in rejected_rows(report)]
    assert found == list(rejected)
    accepted = list(UsageLine.objects.filter(report_id=report.pk).order_by("line_no").values_list("line_no", flat=True))
    assert accepted == sorted(set(range(2, lines + 2)) - {line_no for line_no, _reason in rejected})
    assert (report.lines, report.accepted, report.rejected) == (lines, lines - len(rejected), len(rejected))


def csv_of(lines: Iterable[str], end: str = "\n") -> bytes:
    return end.join([",".join(HEADERS), *lines]).encode()


def line(song: int = 0, **changes: str) -> str:
    return ",".join(cells(song, **changes))


# ── U01 to U05: lines ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_u01_an_empty_file_is_refused_and_leaves_nothing(data_dir: Path) -> None:
    with pytest.raises(FileIsEmpty):
        receive(b"")
    assert not StoredFile.objects.exists()
    assert not list((data_dir / "files").iterdir())


def test_u01_a_header_alone_has_no_lines() -> None:
    assert_read(import_bytes(csv_of([]) + b"\n", period=SEPTEMBER), 0)


def test_u01_a_line_without_a_line_feed_at_its_end_is_a_line() -> None:
    assert_read(import_bytes(csv_of([line()])), 1)


def test_u02_a_stray_quotation_mark_costs_its_line_and_no_other() -> None:
    lines = [line(number % 10) for number in range(1000)]
    lines[498] = line(歌曲名='"밤편지')
    assert_read(import_bytes(csv_of(lines)), 1000, [(500, "quotes")])


def test_u03_a_ragged_line_is_a_rejected_line() -> None:
    lines = [line(), line() + ",more", line().rpartition(",")[0], line()[:20], line()]
    assert_read(import_bytes(csv_of(lines)), 5, [(3, "columns"), (4, "columns"), (5, "columns")])


def test_u04_a_line_break_inside_quotes_is_two_rejected_lines_and_counts_still_tile() -> None:
    lines = [line(), line(歌曲名='"밤\n편지"'), line()]
    assert_read(import_bytes(csv_of(lines)), 4, [(3, "quotes"), (4, "columns")])


def test_u05_only_line_feeds_end_lines_and_counts_are_exact() -> None:
    titles = ["a\u2028b", "a\x85b", "a\x0bb", "a\rb", "a\0b", "ab", "a\u2029b", "a\x1cb"]
    ends = ["\r\n", "\n", "\r\n", "\n", "\n", "\r\n", "\n", "\r\n"]
    body = "".join(line(歌曲名=title) + end for title, end in zip(titles, ends, strict=True))
    report = import_bytes((",".join(HEADERS) + "\r\n" + body).encode())
    assert_read(report, 8, [(5, "quotes"), (6, "unwritable")])
    raw = RejectedLine.objects.get(report=report, line_no=6).raw
    assert "a\N{SYMBOL FOR NULL}b" in raw


def test_u05_a_file_without_any_line_feed_is_no_statement() -> None:
    assert_refused(import_bytes(csv_of([line()], end="\r"), period=SEPTEMBER), "header-not-recognised")


# ── U06: long lines ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_u06_a_line_of_ten_megabytes_and_a_field_of_200_kilobytes_are_rejected_lines() -> None:
    lines = [line(), line(歌曲名="x" * 10_000_000), line(歌曲名="가" * 70_000), line()]
    report = import_bytes(csv_of(lines))
    assert_read(report, 4, [(3, "too_long"), (4, "too_long")])
    assert max(map(len, RejectedLine.objects.values_list("raw", flat=True))) < 3_000


def test_u06_long_lines_are_read_in_constant_memory(tmp_path: Path) -> None:
    """Six of them take no more memory than two: one in hand and the one before it."""

    def peak(lines: int) -> int:
        path = tmp_path / str(lines)
        path.write_bytes(csv_of([line(歌曲名="x" * 10_000_000)] * lines))
        tracemalloc.start()
        survey = csv_lines.survey(path)
        for tile in survey.tiles:
            rows = csv_lines.csv_rows(csv_lines.read_tile(path, tile), survey.encoding)
            assert all(isinstance(row, BadLine) for _raw, row in rows)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    assert peak(6) < peak(2) + 15_000_000


def test_u06_a_line_that_does_not_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_lines, "LONGEST_LINE_BYTES", 2_000_000)
    report = import_bytes(csv_of([line(), line(歌曲名="x" * 2_000_000)]))
    assert_refused(report, "line-is-endless", "3", "2 MB")


# ── U07, U08: encodings ─────────────────────────────────────────────────────────────────────────────────────────────────

LETTERS = "밤편지 夜信 𠮷"  # the last one has four bytes in GB18030


@pytest.mark.parametrize(
    ("encoding", "mark", "shown"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", codecs.BOM_UTF8, "utf-8-sig"),
        ("utf-16-le", codecs.BOM_UTF16_LE, "utf-16"),
        ("utf-16-be", codecs.BOM_UTF16_BE, "utf-16"),
        ("gb18030", b"", "gb18030"),
    ],
)
def test_u07_text_is_right_in_every_encoding(encoding: str, mark: bytes, shown: str) -> None:
    content = mark + csv_of([line(1, 歌曲名=LETTERS), line(2)]).decode().encode(encoding)
    report = import_bytes(content)
    assert_read(report, 2)
    assert report.encoding == shown
    assert ReportedRecording.objects.filter(title=LETTERS).exists()
    assert LETTERS in report.reading["preview"][0]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_u07_utf16_without_its_mark_is_known_by_its_nuls_and_a_person_may_say_otherwise(codec: str) -> None:
    content = csv_of([line(1, 歌曲名=LETTERS), line(2)]).decode().encode(codec)
    report = import_bytes(content)
    assert_read(report, 2)
    assert (report.encoding, report.reading["why"]) == ("utf-16", "nuls")
    assert str(encodings.WHY["nuls"])
    assert LETTERS in report.reading["preview"][0]
    otherwise = import_bytes(content, source="mcsc", encoding="gb18030")
    assert (otherwise.state, otherwise.accepted) == ("refused", 0)  # no header of ours: it was read as was said


def test_u07_korean_in_cp949_is_read_when_it_is_asked_for() -> None:
    report = import_bytes(english_statement("cp949"), encoding="cp949")
    assert_read(report, 3)
    assert (report.encoding, report.reading["why"]) == ("cp949", "asked")
    assert set(ReportedRecording.objects.values_list("title", flat=True)) == {"밤편지", "사랑이 지나가면", "너의 의미"}


def test_u09_an_xls_that_is_text_in_cp949_is_read_as_text() -> None:
    """As Korean programs make it: cells parted by tabs, called .xls."""
    content = english_statement("cp949").replace(b",", b"\t")
    report = import_bytes(content, "정산_9월.xls", encoding="cp949")
    assert_read(report, 3)
    assert (report.container, report.encoding) == ("xls", "cp949")
    assert set(ReportedRecording.objects.values_list("title", flat=True)) == {"밤편지", "사랑이 지나가면", "너의 의미"}


def english_statement(encoding: str) -> bytes:
    """A statement with English headers, whose letters alone tell the encoding."""
    headers = ["Period", "Platform", "Song", "Artist", "Subscription Music Service(Basic)", "License Fees - Total"]
    songs = [("밤편지", "아이유"), ("사랑이 지나가면", "이문세"), ("너의 의미", "산울림")]
    rows = [f"20260901,QQ Music,{title},{artist},1,2.50" for title, artist in songs]
    return "\n".join([",".join(headers), *rows]).encode(encoding)


def test_u07_text_that_looks_wrong_says_in_which_encoding_it_would_look_right() -> None:
    """Korean in CP949 passes for GB18030 without an error: nothing can refuse it, but a person is told."""
    report = import_bytes(english_statement("cp949"))
    assert_read(report, 3)
    assert (report.encoding, report.reading["why"], report.reading["looks_like"]) == ("gb18030", "fallback", "cp949")
    right = import_bytes(english_statement("gb18030"), source="mcsc")
    assert right.reading["looks_like"] == ""


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16-le"])
def test_u07_one_bad_letter_costs_its_line(encoding: str) -> None:
    lines = [line(number % 10, 歌曲名=f"노래 {number % 10}") for number in range(300)]
    good = csv_of(lines).decode().encode(encoding)
    at = good.index("노래".encode(encoding), len(good) // 2)
    bad = {"utf-8": b"\xff", "gb18030": b"\xff", "utf-16-le": b"\x00\xd8"}[encoding]
    mark = codecs.BOM_UTF16_LE if encoding == "utf-16-le" else b""
    report = import_bytes(mark + good[:at] + bad + good[at + len(bad) :])
    assert report.rejected == 1
    assert_read(report, 300, [(rejected_rows(report)[0][0], "undecodable")])


def test_u07_one_bad_byte_at_line_900_000_costs_its_line(tmp_path: Path) -> None:
    lines = [b"\xeb\x85\xb8\xeb\x9e\x98,1"] * 900_010
    lines[899_999] = b"\xeb\x85\xb8\xff,1"
    (tmp_path / "a").write_bytes(b"\n".join(lines))
    survey = csv_lines.survey(tmp_path / "a")
    assert survey.encoding == "utf-8"
    assert sum(tile.lines for tile in survey.tiles) == 900_009
    bad = [
        (number, row.reason)
        for tile in survey.tiles[-3:]
        for number, (_raw, row) in enumerate(
            csv_lines.csv_rows(csv_lines.read_tile(tmp_path / "a", tile), "utf-8"), tile.first_line
        )
        if isinstance(row, BadLine)
    ]
    assert bad == [(900_000, "undecodable")]


@pytest.mark.parametrize(
    ("written", "stated", "suggestion"),
    [
        ("gb18030", "utf-8", "GB18030"),
        ("utf-8", "gb18030", "UTF-8"),
        ("utf-8", "cp949", "UTF-8"),
        ("utf-8", "utf-16", "UTF-8"),
        ("utf-16", "gb18030", "UTF-16"),
        ("utf-8-sig", "gb18030", "UTF-8"),
    ],
)
def test_u08_a_stated_encoding_that_does_not_fit_is_refused_before_anything_is_taken(
    written: str, stated: str, suggestion: str
) -> None:
    content = csv_of([line(number, 歌曲名="夜信") for number in range(20)]).decode().encode(written)
    report = import_bytes(content, encoding=stated)
    assert_refused(report, "encoding-does-not-fit", suggestion)
    again = import_bytes(content)  # as suggested, or left to the portal
    assert (again.pk, again.state, again.accepted) == (report.pk, "ready", 20)


def test_u08_what_fits_both_is_read_as_stated() -> None:
    """The bytes of 夜 in GB18030 are a letter in UTF-8 too. One line of them proves nothing against what a person says."""
    report = import_bytes(
        english_statement("gb18030").split(b"\n")[0] + "\n20260901,QQ Music,夜,,1,1".encode("gb18030"),
        encoding="gb18030",
    )
    assert_read(report, 1)
    assert ReportedRecording.objects.get().title == "夜"


# ── U11: packed files ───────────────────────────────────────────────────────────────────────────────────────────────────


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return out.getvalue()


@pytest.mark.parametrize("container", ["csv.gz", "zip", "tsv", "txt", "tsv.gz"])
def test_u11_packed_and_parted_otherwise_it_is_the_same_report(container: str) -> None:
    plain = import_bytes(as_csv(mixed_lines()), source="mcsc")
    content = as_csv(mixed_lines())
    if container.startswith("tsv"):
        content = content.replace(b'"1,204.50"', b"1'204.50").replace(b",", b"\t").replace(b"'", b",")
    if container.endswith("gz"):
        content = gzip.compress(content[:1000]) + gzip.compress(content[1000:])  # two members
    if container == "zip":
        content = zipped(song_202609__csv=content)
    report = import_bytes(content, f"song_202609.{container}")
    assert (report.state, report.container) == ("ready", container)
    assert [row[1:] for row in song_rows(report)] == [row[1:] for row in song_rows(plain)]
    assert rejected_rows(report) == rejected_rows(plain)


def test_u11_a_thousandfold_is_not_unpacked_beyond_the_limit(data_dir: Path) -> None:
    content = gzip.compress(csv_of([line()]) + b"\n" * 30_000_000)
    assert len(content) < 40_000
    report = import_bytes(content, "song_1.csv.gz")
    assert_refused(report, "unpacks-to-too-much", "10 MB")
    assert not list((data_dir / "spool").iterdir())


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (gzip.compress(csv_of([line()])) + b"and more", "packing-has-more"),
        (gzip.compress(csv_of([line()])) + b"\0" * 100, "packing-has-more"),
        (gzip.compress(csv_of(line(number**3) for number in range(2000)))[:-9], "packing-is-damaged"),
        (gzip.compress(csv_of(line(number**3) for number in range(2000)))[:-8] + b"\0" * 8, "packing-is-damaged"),
    ],
)
def test_u11_what_stands_behind_or_is_missing_is_refused(content: bytes, code: str, data_dir: Path) -> None:
    report = import_bytes(content, "song_1.csv.gz")
    assert_refused(report, code)
    assert not list((data_dir / "spool").iterdir())


def test_what_killed_workers_left_of_unpacked_files_is_swept(data_dir: Path) -> None:
    done = import_bytes(csv_of([line()]))
    waiting, _new = receive(gzip.compress(csv_of([line(1)])), "song_1.csv.gz")
    stopped = import_bytes(gzip.compress(csv_of([line(2)])), "song_2.csv.gz")
    Report.objects.filter(pk=stopped.pk).update(state=Report.State.STOPPED)
    names = [f"{report.job_id}-1.table" for report in (done, waiting, stopped)]
    for name in [*names, "999999-1.jsonl", f"{done.job_id}-2.slice-0.xlsx", "something else"]:
        (data_dir / "spool" / name).write_bytes(b"")
        os.utime(data_dir / "spool" / name, (0, 0))
    (data_dir / "spool" / f"{done.job_id}-3.table").write_bytes(b"")  # just now
    assert sweep_spool() == 3
    left = {path.name for path in (data_dir / "spool").iterdir()}
    assert left == {*names[1:], "something else", f"{done.job_id}-3.table"}


# ── F19, F21: what befalls the reading ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("label", ["song_202609.csv", "song_202609.xlsx"])
def test_f19_the_lines_of_a_file_are_never_read_by_two_versions_of_the_rules(
    label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_lines, "LINES_A_CHUNK", 7)
    content = as_csv(mixed_lines()) if label.endswith("csv") else as_xlsx(mixed_lines())
    report, _new = receive(content, label)
    assert report.job_id is not None

    def read_and_renew(*chunk: Any) -> Any:
        figures = work_parse(*chunk)
        monkeypatch.setattr(version, "RULES_VERSION", "another")  # as in a worker of a new version
        return figures

    monkeypatch.setattr(ingest, "work_parse", read_and_renew)
    work_on(report.job_id)
    report.refresh_from_db()
    assert (report.state, report.error_code) == ("stopped", "rules-have-changed")
    assert len(set(said(report))) == 3
    assert UsageLine.objects.filter(report_id=report.pk).count() == 6  # of the first seven lines, one is rejected
    again = read_report_again(report=report, encoding="", actor=None, bell=False)
    assert again.job_id is not None
    work_on(again.job_id)
    again.refresh_from_db()
    assert (again.state, again.lines, again.rejected, again.reads_again) == ("ready", 60, 6, report)
    with pytest.raises(ReportIsSuperseded):
        read_report_again(report=report, encoding="", actor=None, bell=False)


def test_f19_any_change_to_what_reads_lines_is_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(Path(version.__file__).parent, tmp_path / "reports")
    monkeypatch.setattr(version, "__file__", str(tmp_path / "reports" / "version.py"))
    assert version._fingerprint() == version.RULES_VERSION
    with (tmp_path / "reports" / "lines.py").open("a") as file:
        file.write("# another rule\n")
    assert version._fingerprint() != version.RULES_VERSION


@pytest.mark.parametrize("victim", ["the one that scans", "the one that reads"])
def test_f21_a_reader_that_is_killed_costs_its_file_and_no_worker(
    victim: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the kernel does when memory runs out: kill -9, of either process, while this worker waits for it."""
    killed: list[int] = []

    def kill(_work: Work) -> None:
        for child in psutil.Process().children():
            below = child.children()
            if not killed and below and sheet_reader.__name__ in " ".join(child.cmdline()):
                unlucky = child if victim == "the one that scans" else below[0]
                killed.append(unlucky.pid)
                unlucky.kill()

    monkeypatch.setattr("portal.files.sheets.POLL_SECONDS", 0.005)
    with monkeypatch.context() as patched:
        patched.setattr(Work, "keep", kill)
        report = import_bytes(as_xlsx(mixed_lines(20_000)), "song_1.xlsx")
    assert killed
    assert_refused(report, "sheet-took-too-much")
    assert not list((data_dir / "spool").iterdir())
    assert import_bytes(as_xlsx(mixed_lines()), "song_2.xlsx").state == "ready"


# ── U15, U16: spreadsheets ──────────────────────────────────────────────────────────────────────────────────────────────


def test_u15_a_sheet_that_ends_where_sheets_end_is_held_until_somebody_accepts_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scan, "LAST_ROW", 61)  # in this process; the child reads as ever
    report = import_bytes(as_xlsx(mixed_lines()), "song_1.xlsx")
    assert (report.state, report.held_reason, report.lines) == ("held", "truncated", 60)
    assert accept_as_is(report=report, actor=None, reason="the service confirmed 60 lines").state == "ready"
    shorter = import_bytes(as_xlsx(mixed_lines()[:-1]), "song_1.xlsx", source="mcsc")
    assert shorter.held_reason != "truncated"


def numeric_ids(ids: Sequence[float | str]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADERS)
        for row, song_id in enumerate(ids, 1):
            sheet.write_row(row, 0, cells())
            sheet.write(row, SONG_ID, song_id)
    return out.getvalue()


def test_u16_a_column_of_ids_in_numeric_cells_is_refused() -> None:
    report = import_bytes(numeric_ids([7_000_000_000_005_614_571 + number for number in range(10)]), "song_1.xlsx")
    assert_refused(report, "ids-lost-precision", "中央曲库ID", "2", "7.000000000005615e+18")


@pytest.mark.parametrize("text", ["1.23E+18", "7000000000005614571.0", "7e18"])
def test_u16_so_is_one_that_a_spreadsheet_saved_as_text(text: str) -> None:
    assert_refused(import_bytes(csv_of([line(中央曲库ID=text)] * 5)), "ids-lost-precision", text)


def test_u16_so_is_one_whose_last_digits_are_all_zeros() -> None:
    lines = [line(中央曲库ID=f"70000000000{number:04d}0000") for number in range(1, 9)]
    assert_refused(import_bytes(csv_of(lines)), "ids-lost-precision", "7000000000000010000")


def test_u16_a_single_rounded_id_costs_its_line() -> None:
    report = import_bytes(numeric_ids([123_456, 7_000_000_000_005_614_571, "7000000000005614571"]), "song_1.xlsx")
    assert_read(report, 3, [(3, "id_lost_precision")])


def test_u16_days_as_serial_numbers_are_no_periods() -> None:
    report = import_bytes(csv_of([line(结算期间="46266")] * 3))
    assert_refused(report, "period-is-unknown")
    again = import_bytes(csv_of([line(结算期间="46266")] * 3), period=SEPTEMBER)
    assert_read(again, 3, [(2, "period"), (3, "period"), (4, "period")])


# ── U17: what its sender says ───────────────────────────────────────────────────────────────────────────────────────────


def test_u17_another_fingerprint_than_stated_is_refused_and_leaves_nothing(data_dir: Path) -> None:
    content = csv_of([line()])
    with pytest.raises(FileIsNotAsSent, match="cut off"):
        store_upload(stream=io.BytesIO(content), label="song_1.csv", user=None, sha256="0" * 64)
    assert not StoredFile.objects.exists()
    assert not list((data_dir / "files").iterdir())


@pytest.mark.parametrize("declared", [{"declared_lines": 61}, {"declared_micros": 1}])
def test_u17_another_count_or_sum_than_declared_holds_the_report(declared: dict[str, Any]) -> None:
    report = import_bytes(as_csv(mixed_lines()), **declared)
    assert (report.state, report.held_reason, report.lines) == ("held", "declared", 60)
    accepted = accept_as_is(report=report, actor=None, reason="the sender had counted the header")
    assert (accepted.state, accepted.accepted_as_is_reason) == ("ready", "the sender had counted the header")


def test_u17_what_was_declared_and_is_so_changes_nothing() -> None:
    plain = import_bytes(as_csv(mixed_lines()), source="mcsc")
    micros = int(plain.accepted_micros + plain.rejected_micros)
    assert import_bytes(as_csv(mixed_lines()), declared_lines=60, declared_micros=micros).state == "ready"


@pytest.mark.parametrize("label", ["song_1.xlsx", "song_1.zip"])
def test_u17_a_truncated_upload_is_refused(label: str, data_dir: Path) -> None:
    content = as_xlsx(mixed_lines()) if label.endswith("xlsx") else zipped(song_1__csv=as_csv(mixed_lines()))
    with pytest.raises(FileIsNotWhatItSays):
        receive(content[: len(content) // 2], label)
    assert not list((data_dir / "files").iterdir())


# ── U22: listeners ──────────────────────────────────────────────────────────────────────────────────────────────────────

PHONE, EMAIL, ADDRESS = "13800138000", "listener@example.com", "203.0.113.7"


def with_listeners() -> list[list[str]]:
    headers = [*HEADERS, "用户手机号", "备注", "来源"]
    rows = [[*cells(number), PHONE, EMAIL, ADDRESS] for number in range(6)]
    rows[1][MONEY] = "abc"  # a rejected line of the right width
    rows[2] = rows[2][:-1]  # one of another
    rows[3][TITLE] = '"'  # one that is no CSV
    return [headers, *rows]


@pytest.mark.parametrize("container", ["csv", "xlsx"])
def test_u22_columns_about_listeners_are_named_and_kept_nowhere(container: str) -> None:
    rows = with_listeners()
    if container == "csv":
        content = "\n".join(",".join(row) for row in rows).encode()
    else:
        out = io.BytesIO()
        with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_numbers": False}) as book:
            sheet = book.add_worksheet()
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
        content = out.getvalue()
    report = import_bytes(content, f"song_1.{container}")
    assert report.accepted == (3 if container == "csv" else 5)
    assert report.reading["withheld"] == ["用户手机号", "备注", "来源"]
    assert "专辑UPC" in report.reading["described"]
    kept = str([list(model.objects.values()) for model in (RejectedLine, ReportedRecording, Report, UsageLine)])
    for secret in (PHONE, EMAIL, ADDRESS):
        assert secret not in kept
    wrong_amount = RejectedLine.objects.get(report=report, line_no=3)
    assert wrong_amount.raw.split("\t")[-4:] == ["abc", "…", "…", "…"]


def test_u22_columns_that_count_listeners_are_none_of_them() -> None:
    rows = [[*HEADERS, "用户数", "Number of users"], [*cells(), "13800138000", "7"]]
    report = import_bytes("\n".join(",".join(row) for row in rows).encode())
    assert report.reading["withheld"] == ["用户数"]  # by what stands in it
    rows[1][-2] = "5"
    report = import_bytes("\n".join(",".join(row) for row in rows).encode(), source="mcsc")
    assert report.reading["withheld"] == []
    assert report.reading["not_taken"][-2:] == ["用户数", "Number of users"]


# ── M07: amounts ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "amount", ["1e400", "NaN", "Infinity", "１２３", "1_000", "1,234.5", "1.2.3", "٣", "+1", "0x10", " "]
)
def test_m07_what_is_no_plain_number_costs_its_line(amount: str) -> None:
    lines = [line(), line(CP分成收入=f'"{amount}"'), line()]
    report = import_bytes(csv_of(lines))
    assert_read(report, 3, [(3, "amount")])
    assert report.rejected_micros == 0


def test_m07_zero_is_an_amount_and_less_than_nothing_waits_for_a_correction() -> None:
    report = import_bytes(csv_of([line(CP分成收入="0"), line(CP分成收入="-3.20"), line(CP分成收入="-0.0000004")]))
    assert_read(report, 3, [(3, "negative_amount"), (4, "negative_amount")])
    assert [report.accepted_micros, report.rejected_micros] == [0, -3_200_000]


def test_m07_numeric_cells_beyond_any_amount_cost_their_line() -> None:
    rows = [cells(CP分成收入="1.5") for _row in range(3)]
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADERS)
        for number, row in enumerate(rows, 1):
            sheet.write_row(number, 0, row)
            sheet.write_number(number, MONEY, [1e300, 12.345678, 0][number - 1])
    report = import_bytes(out.getvalue(), "song_1.xlsx")
    assert_read(report, 3, [(2, "amount")])
    assert report.accepted_micros == 12_345_678


# ── every refusal in every language ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", REFUSALS)
def test_every_refusal_of_a_report_says_what_why_and_what_to_do_in_every_language(code: str) -> None:
    error = REFUSALS[code]
    names = re.findall(r"%\((\w+)\)", f"{error.sentence}{error.remedy}")
    params = {name: f"‹{name}›" for name in names}
    assert error.remedy
    said_in = {}
    for language in ("en", "ko", "zh-hans"):
        with translation.override(language):
            said_in[language] = refusal_of(code, params)
    assert len(set(said_in.values())) == 3
    for text in said_in.values():
        assert "%(" not in text
        assert all(value in text for value in params.values())


@pytest.mark.parametrize("language", ["ko", "zh-hans"])
def test_every_reason_of_a_rejected_line_is_said_in_every_language(language: str) -> None:
    english = {reason: str(words) for reason, words in REASONS.items()}
    with translation.override(language):
        assert not [reason for reason, words in REASONS.items() if str(words) in {"", english[reason]}]
