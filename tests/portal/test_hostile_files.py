"""Files that mean harm, as reliability.md section 8 lists them: U09, U10, U12 to U14, U19 to U21, at the ground floor.

A refusal leaves nothing behind, says in three languages what, why and what to do, and costs little to reach.
"""

from __future__ import annotations

import datetime as dt
import errno
import io
import json
import os
import re
import stat
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.utils import timezone, translation
from pytest_django import Settings

from portal.accounts.models import User
from portal.files import guards, scan
from portal.files.copies import DiskIsFull
from portal.files.models import StoredFile
from portal.files.scanner import FileIsHarmful, FileWasNotScanned
from portal.files.services import path_of, store_upload, sweep_leftovers
from portal.files.sheets import REFUSALS as SHEET_REFUSALS, spool_sheet
from portal.files.unpack import REFUSALS as PACKING_REFUSALS, PackingIsDamaged, UnpacksToTooMuch, unpack_table
from portal.files.uploads import PartFile
from portal.lib.errors import DomainError
from portal.lib.inert import write_inert
from tests.conftest import ROOT, Database
from tests.portal.test_files import office
from tests.portal.test_jobs import in_threads
from tests.portal.test_sheets import refusal, spool
from tests.portal.workbooks import sheet_xml, text_row, workbook


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.MEDIA_ROOT = tmp_path / "files"
    with translation.override("en"):
        yield tmp_path / "files"


def assert_refused(
    content: bytes, label: str, error: type[DomainError], media: Path, allowed: frozenset[str] = guards.TABLES
) -> None:
    """Refused at the door: no row, no file, and a sentence of its own in each language that names the file."""
    with pytest.raises(error) as refused:
        store_upload(stream=io.BytesIO(content), label=label, user=None, allowed=allowed)
    assert not StoredFile.objects.exists()
    assert not list(media.glob("*"))
    sentences = []
    for language in ("en", "ko", "zh-hans"):
        with translation.override(language):
            sentences.append(str(refused.value))
    assert len(set(sentences)) == 3
    assert all(label in sentence and "%(" not in sentence for sentence in sentences)


# ── U09: renamed files ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "label"),
    [
        (b"MZ\x90\x00\x03\x00", "song.csv"),
        (b"\x7fELF\x02\x01", "song.txt"),
        (b"a,b\n1,2\n", "song.xlsx"),
        (b"a,b\n1,2\n", "song.zip"),
        (b"a,b\n1,2\n", "song.csv.gz"),
        (b"<html><table><tr><td>a</td></tr></table></html>", "song.csv"),
        (b"\xef\xbb\xbf \n<!DOCTYPE html>", "song.tsv"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "song.xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "song.csv"),
        (workbook(sheet_xml([])), "song.csv"),
        (workbook(sheet_xml([])), "song.csv.gz"),
        (b"%PDF-1.7", "song.csv"),
    ],
)
def test_u09_a_renamed_file_is_refused(content: bytes, label: str, media: Path) -> None:
    assert_refused(content, label, guards.FileIsNotWhatItSays, media)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content",
    [
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000),  # a workbook of the old kind
        workbook(sheet_xml([])),
        b"<html><table><tr><td>a</td></tr></table></html>",
        b"\xef\xbb\xbf\r\n<meta http-equiv=Content-Type><table>",
        "\ufeff<HTML><table>".encode("utf-16-le"),
        b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>',
        b"MZ\x90\x00\x03\x00",
        b"\x09\x08\x10\x00\x00\x06\x05\x00" + bytes(5000),  # the records of a workbook without a container
    ],
)
def test_u09_an_xls_that_is_no_text_is_refused(content: bytes, media: Path) -> None:
    assert_refused(content, "정산_9월.xls", guards.OldExcelIsNoText, media)


@pytest.mark.django_db
@pytest.mark.parametrize("encoding", ["cp949", "utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_u09_an_xls_that_is_text_is_let_in(encoding: str) -> None:
    text = "정산월\t곡명\t정산금\n202609\t밤편지\t100\n"
    assert store_upload(stream=io.BytesIO(text.encode(encoding)), label="정산_9월.xls", user=None).pk


@pytest.mark.django_db
def test_u09_a_workbook_in_a_zip_is_no_table(media: Path) -> None:
    assert_refused(zipped({"song.xlsx": workbook(sheet_xml([]))}), "song.zip", guards.ArchiveIsNoTable, media)


# ── U23: a virus scanner ────────────────────────────────────────────────────────────────────────────────────────────────

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"  # harms nobody: made to test scanners
CLAMDSCAN = """
import sys
content = sys.stdin.buffer.read()
print("stream: Eicar-Test-Signature FOUND" if b"EICAR" in content else "stream: OK")
sys.exit(1 if b"EICAR" in content else 2 if b"too large" in content else 0)
"""


@pytest.fixture
def scanner(settings: Settings, tmp_path: Path) -> Path:
    """A program that reads a file on its standard input and speaks with the exit codes of clamdscan."""
    program = tmp_path / "clamdscan.py"
    program.write_text(CLAMDSCAN)
    settings.UPLOAD_SCANNER = f"{sys.executable} {program}"
    return program


@pytest.mark.django_db
def test_u23_what_the_scanner_finds_is_refused(scanner: Path, media: Path) -> None:
    assert_refused(EICAR + b",b\n1,2\n", "song.csv", FileIsHarmful, media)
    assert_refused(b"%PDF-1.7\n" + EICAR, "proof.pdf", FileIsHarmful, media, guards.DOCUMENTS)


@pytest.mark.django_db
def test_u23_what_it_finds_clean_is_stored(scanner: Path, media: Path) -> None:
    content = b"a,b\n" + b"1,2\n" * 500_000
    stored = store_upload(stream=io.BytesIO(content), label="song.csv", user=None)
    assert path_of(stored).read_bytes() == content


@pytest.mark.django_db
@pytest.mark.parametrize(
    "command",
    [
        "/nowhere/clamdscan --no-summary -",
        f"{sys.executable} -c 'import sys; sys.exit(2)'",  # it cannot reach its daemon
        f"{sys.executable} -c 'import os; os.kill(os.getpid(), 9)'",
        f"{sys.executable} -c 'import threading; threading.Event().wait()'",  # it hangs
        "clamdscan 'a quote that does not end",
    ],
)
def test_u23_what_could_not_be_scanned_is_not_let_through(command: str, settings: Settings, media: Path) -> None:
    settings.UPLOAD_SCANNER, settings.UPLOAD_SCANNER_SECONDS = command, 1
    assert_refused(b"a,b\n1,2\n", "song.csv", FileWasNotScanned, media)
    assert FileWasNotScanned.status == 503


@pytest.mark.django_db
def test_u23_without_a_scanner_nothing_is_scanned(settings: Settings) -> None:
    assert settings.UPLOAD_SCANNER == ""
    assert store_upload(stream=io.BytesIO(EICAR), label="song.csv", user=None).pk


# ── U10: zips ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


@cache
def nested() -> bytes:
    content = zipped({"0.csv": b"0" * 1_000_000})
    for _level in range(5):
        content = zipped({f"{number}.zip": content for number in range(16)})
    return content


@cache
def overlapping() -> bytes:
    """200 entries over one packed stream of ten million bytes: two gigabytes for whoever believes the directory."""
    one = zipped({"0.csv": bytes(10_000_000)})
    directory_at = one.index(b"PK\x01\x02")
    entry = one[directory_at : one.index(b"PK\x05\x06")]
    entries = b"".join(entry.replace(b"0.csv", b"%05d" % number) for number in range(200))
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 200, 200, len(entries), directory_at, 0)
    return one[:directory_at] + entries + end


@cache
def with_many_entries() -> bytes:
    return zipped({f"{number}.csv": b"" for number in range(100_000)}, zipfile.ZIP_STORED)


def encrypted() -> bytes:
    content = bytearray(zipped({"a.csv": b"a,b\n"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def with_a_link() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("a.csv")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return out.getvalue()


@cache
def thousandfold() -> bytes:
    return zipped({"a.csv": bytes(100_000_000)})


BOMBS: dict[str, Callable[[], bytes]] = {
    "nested": nested,
    "overlapping": overlapping,
    "many-entries": with_many_entries,
    "encrypted": encrypted,
    "parent": lambda: zipped({"../../a.csv": b"a,b\n"}),
    "absolute": lambda: zipped({"/etc/a.csv": b"a,b\n"}),
    "drive": lambda: zipped({"C:\\a.csv": b"a,b\n"}),
    "link": with_a_link,
    "thousandfold": thousandfold,
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("extension", ["zip", "xlsx"])
def test_u10_an_archive_that_means_harm_is_refused(name: str, extension: str, media: Path) -> None:
    assert_refused(BOMBS[name](), f"song.{extension}", guards.ArchiveIsUnsafe, media)


@pytest.mark.slow
def test_u10_refusing_takes_less_than_a_second_and_100_megabytes(tmp_path: Path) -> None:
    """All of them looked at by a process that has a second of processor and 100 MB left when it begins."""
    for name, make in BOMBS.items():
        (tmp_path / f"{name}.zip").write_bytes(make())
    program = """
import os, resource, sys
from pathlib import Path
os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
import django
django.setup()
from portal.files import guards
used = resource.getrusage(resource.RUSAGE_SELF)
pages = int(Path("/proc/self/statm").read_text().split()[0])
resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 2,) * 2)  # whole seconds: one at least is left
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 100_000_000,) * 2)
for path in Path(sys.argv[1]).iterdir():
    try:
        guards.check_content(path, label=path.name)
    except guards.ArchiveIsUnsafe:
        print(path.stem)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert sorted(done.stdout.split()) == sorted(BOMBS)


def test_u10_a_directory_of_a_hundred_thousand_entries_is_not_even_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.zip").write_bytes(with_many_entries())
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(guards.ArchiveIsUnsafe):
        guards.check_content(tmp_path / "a.zip", label="a.zip")


@pytest.mark.parametrize("claimed", [100, 0xFFFF_FFFE])
def test_u10_what_a_directory_says_about_sizes_is_not_believed(claimed: int, tmp_path: Path) -> None:
    """A table of 30 MB in 30 KB whose directory claims other sizes: never more is written than the limit."""
    content = bytearray(zipped({"a.csv": b"a,b\n" * 7_500_000}))
    struct.pack_into("<L", content, content.index(b"PK\x01\x02") + 24, claimed)
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises((PackingIsDamaged, UnpacksToTooMuch)):
        unpack_table(tmp_path / "a.zip", tmp_path / "a.csv", keep=lambda: None)
    assert not (tmp_path / "a.csv").exists()


@pytest.mark.django_db
def test_u10_what_a_mac_adds_to_a_zip_does_no_harm(tmp_path: Path) -> None:
    content = zipped({"9月/": b"", "9月/song.csv": b"a,b\n", "__MACOSX/9月/._song.csv": b"\0\5\26\7"})
    stored = store_upload(stream=io.BytesIO(content), label="song.zip", user=None)
    assert unpack_table(path_of(stored), tmp_path / "a.csv", keep=lambda: None) == "song.csv"
    assert (tmp_path / "a.csv").read_bytes() == b"a,b\n"


# ── U12 to U14: workbooks ───────────────────────────────────────────────────────────────────────────────────────────────


def test_u12_a_cell_at_the_end_of_the_sheet_is_refused_and_the_worker_lives(tmp_path: Path) -> None:
    rows = [text_row(1, ["a"]), '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>']
    found = refusal(workbook(sheet_xml(rows)), tmp_path)
    assert (found.code, found.params["cell"]) == ("sheet-goes-too-far", "XFD1048576")
    assert spool(workbook(sheet_xml(rows[:1])), tmp_path)[1] == [["a"]]


def test_u12_the_furthest_cells_that_are_let_in_take_no_half_terabyte(tmp_path: Path) -> None:
    """A1 and ZZ1048576 span 736 million places; the reader gets them in two slices of one row each."""
    rows = [text_row(1, ["a"]), '<row r="1048576"><c r="ZZ1048576"><v>1</v></c></row>']
    (tmp_path / "a.xlsx").write_bytes(workbook(sheet_xml(rows)))
    assert spool_sheet(tmp_path / "a.xlsx", tmp_path / "a.jsonl", keep=lambda: None).is_full
    content = (tmp_path / "a.jsonl").read_bytes()
    assert (content.count(b"\n"), content[:9]) == (1_048_576, b'["a"]\n[]\n')
    assert len(json.loads(content.splitlines()[-1])) == 702


def packed(sheet: Iterable[bytes], part: str = "xl/worksheets/sheet1.xml") -> bytes:
    """A workbook with one part that is written in pieces, as little packed as is quick."""
    base = workbook(sheet_xml([text_row(1, ["a"])]))
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(base)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for entry in old.infolist():
            if entry.filename != part:
                new.writestr(entry.filename, old.read(entry))
        with new.open(part, "w") as target:
            for piece in sheet:
                target.write(piece)
    return out.getvalue()


def frame() -> tuple[bytes, bytes]:
    before, after = sheet_xml(["|"]).encode().split(b"|")
    return before, after


def cell_of_300_megabytes() -> bytes:
    before, after = frame()
    texts = (b"x" * (1 << 20) for _piece in range(300))
    return packed([before, b'<row r="1"><c r="A1" t="inlineStr"><is><t>', *texts, b"</t></is></c></row>", after])


def three_million_rows() -> bytes:
    """Of which every hundredth is written, which is legal and quick."""
    before, after = frame()
    rows = (b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (row, row) for row in range(1, 3_000_001, 100))
    return packed([before, *rows, after])


def five_million_strings() -> bytes:
    texts = (b"<si><t>a</t></si>" * 100_000 for _piece in range(50))
    return packed([b"<sst>", *texts, b"</sst>"], "xl/sharedStrings.xml")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "code"),
    [
        (cell_of_300_megabytes, "cell-is-too-long"),
        (three_million_rows, "sheet-goes-too-far"),
        (five_million_strings, "strings-are-too-many"),
    ],
)
def test_u13_a_workbook_beyond_the_limits_is_refused(make: Callable[[], bytes], code: str, tmp_path: Path) -> None:
    """The child has 1.5 GB of address space and would die of more, which is another refusal: these say what it was."""
    assert refusal(make(), tmp_path).code == code


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ({"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0"}, guards.WorkbookHasMacros),
        ({"xl/activeX/activeX1.xml": b"<a/>"}, guards.WorkbookHasMacros),
        ({"xl/externalLinks/externalLink1.xml": b"<a/>"}, guards.WorkbookHasLinks),
        ({"xl/connections.xml": b"<a/>"}, guards.WorkbookHasLinks),
        ({"xl/embeddings/inner.zip": b"PK"}, guards.ArchiveIsUnsafe),
    ],
)
def test_u14_macros_and_links_are_refused_at_the_door(
    parts: dict[str, bytes], error: type[DomainError], media: Path
) -> None:
    assert_refused(office(parts), "song.xlsx", error, media)


LAUGHS = '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("doctype", [LAUGHS, OUTSIDE, "<!DOCTYPE worksheet>"])
def test_u14_declarations_are_refused(doctype: str, tmp_path: Path) -> None:
    assert refusal(workbook(doctype + sheet_xml([text_row(1, ["&a;"])])), tmp_path).code == "sheet-declares-entities"


def test_u14_the_cached_value_of_a_formula_is_never_trusted(tmp_path: Path) -> None:
    rows = [text_row(1, ["a"])] + [f'<row r="{n}"><c r="B{n}"><f>A1*1000</f><v>5</v></c></row>' for n in range(2, 9)]
    found = refusal(workbook(sheet_xml(rows)), tmp_path)
    assert (found.code, found.params) == ("sheet-has-formulas", {"cells": "B2, B3, B4"})


# ── U19, U20: names and cells ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("../../x.csv", "x.csv"),
        ("..\\..\\x.csv", "x.csv"),
        ("/etc/passwd/x.csv", "x.csv"),
        ("a\0b.csv", "ab.csv"),
        ("보고서\u202evsc.csv", "보고서vsc.csv"),
        ("\u2067x\u2069\u200b.csv", "x.csv"),
        ("x" * 4096 + ".csv", "x" * 196 + ".csv"),
        ("CON.csv", "CON.csv"),
        ("NUL.csv", "NUL.csv"),
        ("🎵.csv", "🎵.csv"),
        (".csv.csv", ".csv.csv"),
        ("a\r\nContent-Type: x.csv", "aContent-Type: x.csv"),
    ],
)
def test_u19_a_name_is_a_label_and_never_a_path(name: str, label: str, media: Path) -> None:
    stored = store_upload(stream=io.BytesIO(b"a,b\n"), label=name, user=None)
    assert stored.label == label
    assert [path.name for path in media.iterdir()] == [str(stored.uuid)]
    assert path_of(stored).resolve().parent == media.resolve()


FORMULAS = [
    '=HYPERLINK("http://x")',
    "＝cmd|' /C calc'!A0",
    "-1+1",
    "+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "－1",
    "＋1",
    "＠x",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_u20_text_that_begins_like_a_formula_is_written_so_that_it_is_none(text: str) -> None:
    assert write_inert(text) == f"'{text}"


def test_u20_whatever_writes_tables_makes_them_inert() -> None:
    """Each module that writes CSV or XLSX for people asks portal.lib.inert. The demo's statements are for our own reader."""
    writers = [
        path
        for room in ("portal", "works", "royalties", "claims")
        for path in (ROOT / room).rglob("*.py")
        if "demo" not in path.parts and ("csv.writer(" in (text := path.read_text()) or "write_string(" in text)
    ]
    assert writers
    silent = [
        path.name for path in writers if "portal.lib.inert" not in path.read_text() and path.name != "template.py"
    ]
    assert silent == []


# ── U21: uploads that do not end, or all at once ────────────────────────────────────────────────────────────────────────


def form(content: bytes, cut: int = 0) -> HttpRequest:
    """A request with a file, of which the last `cut` bytes never came."""
    body = encode_multipart(BOUNDARY, {"file": SimpleUploadedFile("song.csv", content)})
    request = RequestFactory().generic("POST", "/", body[: len(body) - cut], MULTIPART_CONTENT)
    request.META["CONTENT_LENGTH"] = str(len(body))
    return request


def test_u21_an_upload_cut_off_on_the_way_is_no_file_and_leaves_none(media: Path) -> None:
    content = b"a,b\n1,2\n" * 100_000
    for cut in (5, 50, 400_000):
        request = form(content, cut)
        assert not request.FILES
        del request
        assert not list(media.glob("*"))


@pytest.mark.django_db
def test_u21_a_connection_lost_while_storing_leaves_nothing(media: Path) -> None:
    class Lost(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 2_000_000:
                raise ConnectionResetError
            return super().read(size)

    with pytest.raises(ConnectionResetError):
        store_upload(stream=Lost(b"a,b\n" * 1_000_000), label="song.csv", user=None)
    assert not list(media.iterdir())
    assert not StoredFile.objects.exists()


@pytest.mark.django_db
def test_u21_a_form_fills_the_disk_no_further_than_one_file_may(settings: Settings, media: Path) -> None:
    settings.UPLOAD_MAX_BYTES = 1_000_000
    request = form(b"a,b\n" * 1_000_000)
    upload = request.FILES["file"]
    assert isinstance(upload, UploadedFile)
    assert upload.size == 1_000_001
    assert [path.stat().st_size for path in media.iterdir()] == [1_000_001]
    with pytest.raises(guards.FileIsTooLarge):
        store_upload(stream=upload, label="song.csv", user=None)
    upload.close()
    assert not list(media.iterdir())


@pytest.mark.django_db
def test_a_form_for_which_the_disk_has_no_room_is_answered_and_leaves_nothing(
    media: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: PartFile, _data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    client.force_login(User.objects.create_user("staff@example.org", name="직원", language="ko"))
    monkeypatch.setattr(PartFile, "write", full, raising=False)
    answer = client.post("/reports/new/", {"file": SimpleUploadedFile("song.csv", b"a,b\n")})
    assert answer.status_code == 503
    with translation.override("ko"):
        assert DiskIsFull().message in answer.content.decode()
    assert not list(media.iterdir())


@pytest.mark.slow
def test_u21_a_hundred_at_once_keep_the_quota_and_leave_no_orphan(
    fresh_database: Database, settings: Settings, media: Path
) -> None:
    settings.UPLOAD_DAILY_BYTES = 37_500
    user = User.objects.create_user("staff@example.org", name="직원")
    other = User.objects.create_user("other@example.org", name="직원 2")
    refused: list[str] = []

    def bring_ten() -> None:
        for _file in range(10):
            try:
                store_upload(stream=io.BytesIO(b"a" * 1000), label="song.csv", user=user)
            except guards.QuotaIsUsedUp as refusal:
                refused.append(refusal.code)

    in_threads(10, bring_ten)
    assert (StoredFile.objects.count(), len(refused)) == (37, 63)
    assert {path.name for path in media.iterdir()} == {str(stored.uuid) for stored in StoredFile.objects.all()}
    store_upload(stream=io.BytesIO(b"a" * 1000), label="song.csv", user=other)  # everybody has her own
    StoredFile.objects.update(created_at=timezone.now() - dt.timedelta(days=2))
    store_upload(stream=io.BytesIO(b"a" * 1000), label="song.csv", user=user)  # and tomorrow is another day


@pytest.mark.django_db
def test_u21_what_killed_uploads_left_is_swept_after_a_day(media: Path) -> None:
    stored = store_upload(stream=io.BytesIO(b"a"), label="song.csv", user=None)
    orphan = "0c2f8f8e-7c1e-4e0e-9d57-000000000000"
    for name in ("old.part", orphan, "young.part", "kept.txt"):
        (media / name).write_bytes(b"a")
    long_ago = timezone.now().timestamp() - 90_000
    for name in ("old.part", orphan, "kept.txt", str(stored.uuid)):
        os.utime(media / name, (long_ago, long_ago))
    assert sweep_leftovers() == 2
    assert {path.name for path in media.iterdir()} == {"young.part", "kept.txt", str(stored.uuid)}


# ── every refusal in every language ─────────────────────────────────────────────────────────────────────────────────────

DOOR = [
    each
    for each in vars(guards).values()
    if isinstance(each, type) and issubclass(each, DomainError) and each.code != "error"
]


@pytest.mark.parametrize("error", [*DOOR, *SHEET_REFUSALS.values(), *PACKING_REFUSALS.values()])
def test_every_refusal_of_a_file_says_what_why_and_what_to_do_in_every_language(error: type[DomainError]) -> None:
    names = {name for words in (error.sentence, error.remedy) for name in re.findall(r"%\((\w+)\)", str(words))}
    params = {name: f"‹{name}›" for name in names}
    said = {}
    for language in ("en", "ko", "zh-hans"):
        with translation.override(language):
            said[language] = (str(error.sentence) % params, str(error.remedy) % params)
    for language in ("ko", "zh-hans"):
        assert all(own and own != english for own, english in zip(said[language], said["en"], strict=True))
        assert "%(" not in "".join(said[language])


@pytest.mark.parametrize("language", ["ko", "zh-hans"])
def test_what_is_unsafe_about_an_archive_is_said_in_every_language(language: str, tmp_path: Path) -> None:
    for name, make in BOMBS.items():
        (tmp_path / "a.zip").write_bytes(make())
        with pytest.raises(guards.ArchiveIsUnsafe) as refused:
            guards.check_content(tmp_path / "a.zip", label="a.zip")
        english = str(refused.value.params["reason"])
        with translation.override(language):
            assert str(refused.value.params["reason"]) not in {"", english}, name
    assert scan.LAST_ROW == 1_048_576


def test_the_limits_in_the_readme_are_those_of_the_code(settings: Settings) -> None:
    rows = re.findall(r"\| ([\w,]+) \| `(?:(\w+)\.)?(\w+)`", (ROOT / "portal/files/README.md").read_text())
    assert len(rows) == 19
    for value, module, name in rows:
        found = getattr(import_module(f"portal.files.{module}") if module else settings, name)
        assert value == (found if isinstance(found, str) else f"{found:,}"), name
