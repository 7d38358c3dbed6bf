"""Invariants U1 to U3 of reliability.md section 4, by drawing files: any bytes end in a known way, and every line once."""

from __future__ import annotations

import csv
import gzip
import io
import random
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.utils import translation
from hypothesis import HealthCheck, assume, given, settings, strategies as st
from pytest_django import Settings

from portal.lib.errors import DomainError
from royalties.ingest.reading import Reading
from royalties.models import Report
from royalties.reports import csv_lines, encodings
from tests.royalties.test_ingest import SEPTEMBER, as_csv, as_xlsx, import_bytes, mixed_lines

ENDED = {"ready", "held", "refused", "mapping"}
PLAIN = as_csv(mixed_lines(40))
SHEET = as_xlsx(mixed_lines(40))
FILES = {
    "song_1.csv": [PLAIN, PLAIN.decode().encode("gb18030"), PLAIN.decode().encode("utf-16")],
    "song_1.tsv": [PLAIN.replace(b",", b"\t")],
    "song_1.csv.gz": [gzip.compress(PLAIN)],
    "song_1.xlsx": [SHEET],
}


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.PORTAL_DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"
    with translation.override("en"):
        yield tmp_path


def spoil(content: bytes, seed: int) -> bytes:
    """The same bytes with some changed, taken out, put in or doubled, or the end cut off."""
    rnd = random.Random(seed)  # noqa: S311  # nothing secret
    spoilt = bytearray(content)
    for _change in range(rnd.choice([1, 1, 2, 5, 30])):
        at = rnd.randrange(len(spoilt) + 1)
        piece = rnd.choice([b"", b"\0", b'"', b"\n", b"\r", b",", b"\xff", b"\xe2\x80\xa8", rnd.randbytes(3)])
        spoilt[at : at + rnd.choice([0, 1, 1, 4])] = piece
    if rnd.random() < 0.2:
        del spoilt[rnd.randrange(len(spoilt) + 1) :]
    return bytes(spoilt)


def assert_it_ends(content: bytes, label: str) -> None:
    """Refused at the door with a sentence, or a report that is read or refused and accounts for each of its lines."""
    before = Report.objects.count()
    try:
        report = import_bytes(content, label, period=SEPTEMBER)
    except DomainError:
        assert Report.objects.count() == before
        return
    assert report.state in ENDED, (report.error_code, report.job and report.job.error_text)
    if report.state not in {"refused", "mapping"}:
        with connection.cursor() as cursor:
            cursor.execute(LINE_NUMBERS, {"report": report.pk})
            assert cursor.fetchone() == (list(range(2, report.lines + 2)),)


LINE_NUMBERS = """
    SELECT coalesce(array_agg(line_no ORDER BY line_no), '{}') FROM (
        SELECT line_no FROM royalties_usageline WHERE report_id = %(report)s
        UNION ALL SELECT line_no FROM royalties_rejectedline WHERE report_id = %(report)s) AS lines"""
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.django_db
@QUICK
@given(st.sampled_from([label for label in FILES if "xlsx" not in label]), st.integers(0, 2**32))
def test_a_spoilt_table_ends_in_a_known_way_with_each_line_once(label: str, seed: int) -> None:
    assert_it_ends(spoil(random.Random(seed).choice(FILES[label]), seed), label)  # noqa: S311  # nothing secret


@pytest.mark.django_db
@QUICK
@given(st.binary(max_size=300), st.sampled_from([*FILES, "song_1.zip"]))
def test_any_bytes_at_all_end_in_a_known_way(content: bytes, label: str) -> None:
    assert_it_ends(content, label)


@pytest.mark.slow
@pytest.mark.django_db
@settings(QUICK, max_examples=25)
@given(st.integers(0, 2**32))
def test_a_spoilt_workbook_ends_in_a_known_way_with_each_line_once(seed: int) -> None:
    """One of its parts is spoilt and packed again, so that the damage is in the XML and not in the packing."""
    rnd = random.Random(seed)  # noqa: S311  # nothing secret
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(SHEET)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        spoilt = rnd.choice(
            ["xl/worksheets/sheet1.xml"] * 3 + ["xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml"]
        )
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, spoil(content, seed) if name == spoilt else content)
    assert_it_ends(out.getvalue(), "song_1.xlsx")


# ── what is written is read ─────────────────────────────────────────────────────────────────────────────────────────────

LETTERS = {
    "utf-8": st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"),
    "utf-8-sig": st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"),
    "utf-16": st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"),
    "gb18030": st.sampled_from('夜信月亮歌曲酷狗音乐中国韩国编号,"\t;| ab𠮷가나다밤편지'),
    "cp949": st.sampled_from('밤편지사랑이지나가면너의의미아이유,"\t;| ab月光'),
    "cp950": st.sampled_from('夜信月亮歌曲音樂中國韓國編號,"\t;| ab'),
}


def is_utf8(content: bytes) -> bool:
    """夜 alone is, also in GB18030: such a text is told apart by nobody."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


@settings(max_examples=150, deadline=None)
@given(
    st.data(), st.sampled_from(sorted(LETTERS)), st.sampled_from(csv_lines.DELIMITERS), st.sampled_from(["\n", "\r\n"])
)
def test_what_is_written_in_any_dialect_and_encoding_is_read(
    data: st.DataObject, encoding: str, delimiter: str, end: str
) -> None:
    cell = st.text(LETTERS[encoding], max_size=12)
    rows = data.draw(st.lists(st.lists(cell, min_size=3, max_size=3), min_size=1, max_size=12))
    telling = [text for text in map("".join, rows) if not text.isascii()]
    assume(encoding.startswith("utf") or sum(is_utf8(text.encode(encoding)) for text in telling) * 2 <= len(telling))
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows([["a", "b", "c"], *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a")
        path.write_bytes(out.getvalue().encode(encoding))
        known = ""
        codec, _why = encodings.utf16_of(path)
        if codec:
            encodings.write_utf8(path, Path(folder, "b"), codec, keep=lambda: None)
            path, known = Path(folder, "b"), "utf-8"
        asked = "" if encoding in {"utf-8", "utf-8-sig", "utf-16"} else encoding
        survey = csv_lines.survey(path, known=known, asked=asked)
        reading = Reading(path=path, encoding=survey.encoding, delimiter=delimiter, label="a.csv")
        assert csv_lines.choose_delimiter(survey.header) == delimiter
        assert reading.split(survey.header) == ["a", "b", "c"]
        read = [row for tile in survey.tiles for _raw, row in reading.rows(csv_lines.read_tile(path, tile))]
    assert read == rows
