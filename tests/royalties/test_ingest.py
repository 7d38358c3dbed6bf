"""From bytes to matched songs: every line once, whatever the encoding, the order, the number of workers or a failure."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import psycopg
import pytest
import xlsxwriter
from django.db import OperationalError, connection
from django.utils import translation
from pytest_django import Settings

from portal.accounts.models import Membership, Organisation, Role, User
from portal.files.models import StoredFile
from portal.files.services import path_of, store_upload
from portal.jobs.models import Chunk, Job
from portal.jobs.services import drain
from portal.notices.models import Notice
from royalties import ingest
from royalties.ingest import matching, parse, receive_report, report_figures, sums, work_on
from royalties.ingest.songs import SHARE_LOCKS, resolve_songs
from royalties.models import (
    Match,
    MatchWork,
    RejectedLine,
    RejectedPair,
    Report,
    ReportedRecording,
    SongUsage,
    Source,
    SourceProfile,
    UsageLine,
)
from royalties.reports import csv_lines
from royalties.reports.base import PeriodIsImpossible, refusal_of
from royalties.reports.lines import Rejected, Song
from tests.conftest import Database
from tests.portal.test_jobs import in_threads
from tests.royalties.test_tme import GOOD, HEADERS
from works.matching import Candidate, Decision, SongQuery
from works.models import Work

SEPTEMBER = dt.date(2026, 9, 1)
Cells = Sequence[str]


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.PORTAL_DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"
    with translation.override("en"):
        yield tmp_path


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_lines, "LINES_A_CHUNK", 7)
    monkeypatch.setattr(sums, "SONGS_A_CHUNK", 3)


def cells(song: int = 0, **changes: str) -> list[str]:
    """A good line of a song, with other cells by header."""
    song_id = str(7_000_000_000_000_000_000 + song)
    plain = {"中央曲库ID": song_id, "歌曲ISRC": "", "歌曲名": f"노래 {song}", "歌手名": "가수", **changes}
    return [plain.get(header, cell) for header, cell in zip(HEADERS, GOOD, strict=True)]


def mixed_lines(count: int = 60) -> list[list[str]]:
    """Lines of ten songs on four platforms; one in ten cannot be taken."""
    rnd = random.Random(4)  # noqa: S311  # nothing secret
    bad = [{"CP分成收入": "1,204.50"}, {"结算期间": "2026"}, {"平台": "全民K歌国际版"}, {"CP分成收入": "-3.20"}]
    found = []
    for number in range(count):
        money = {
            "CP分成收入": f"{rnd.randrange(10**8) / 10**6:.6f}",
            "平台": ["QQ音乐", "酷狗", "酷我", "全民K歌"][number % 4],
        }
        found.append(cells(number % 10, **{**money, **(bad[number // 10 % 4] if number % 10 == 3 else {})}))
    return found


def as_csv(lines: Sequence[Cells], encoding: str = "utf-8") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([HEADERS, *lines])
    return out.getvalue().encode(encoding)


def as_xlsx(lines: Sequence[Cells]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for row, line in enumerate([HEADERS, *lines]):
            for column, cell in enumerate(line):
                if row and column >= 8 and cell.replace(".", "", 1).isdigit():
                    sheet.write_number(row, column, float(cell))
                else:
                    sheet.write_string(row, column, cell)
    return out.getvalue()


def receive(content: bytes, label: str = "song_202609.csv", **given: Any) -> tuple[Report, bool]:
    stored = store_upload(stream=io.BytesIO(content), label=label, user=None)
    source = Source.objects.get(code=given.pop("source", "tme"))
    return receive_report(source=source, stored=stored, **{"period": None, "user": None, "bell": False, **given})


def import_bytes(content: bytes, label: str = "song_202609.csv", **given: Any) -> Report:
    report, _new = receive(content, label, **given)
    assert report.job_id is not None
    work_on(report.job_id)
    return Report.objects.get(pk=report.pk)


def song_rows(report: Report) -> list[Any]:
    rows = SongUsage.objects.filter(report=report).order_by("recording__key", "service", "usage_month")
    return list(
        rows.values_list(
            "recording__key", "recording__title", "service", "usage_month", "lines", "uses", "amount_micros"
        )
    )


def rejected_rows(report: Report) -> list[Any]:
    return list(report.rejected_lines.order_by("line_no").values_list("line_no", "reason", "value", "amount_micros"))


# ── receiving ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_the_same_bytes_again_change_nothing(data_dir: Path) -> None:
    report = import_bytes(as_csv(mixed_lines()))
    before = (StoredFile.objects.count(), Job.objects.count(), UsageLine.objects.count(), Notice.objects.count())
    again, is_new = receive(as_csv(mixed_lines()), "another name.csv", period=dt.date(2026, 1, 1))
    assert (again, is_new) == (report, False)
    assert again.period == SEPTEMBER
    assert before == (
        StoredFile.objects.count(),
        Job.objects.count(),
        UsageLine.objects.count(),
        Notice.objects.count(),
    )


@pytest.mark.django_db
def test_the_same_bytes_of_another_source_are_another_report() -> None:
    first, _new = receive(as_csv(mixed_lines()))
    second, is_new = receive(as_csv(mixed_lines()), source="mcsc")
    assert is_new
    assert first != second


@pytest.mark.slow
def test_ten_at_once_make_one_report(fresh_database: Database, data_dir: Path) -> None:
    answers: list[tuple[Report, bool]] = []
    in_threads(10, lambda: answers.append(receive(as_csv(mixed_lines()))))
    assert len({report.pk for report, _new in answers}) == 1
    assert [new for _report, new in answers].count(True) == 1
    assert Report.objects.count() == Job.objects.count() == StoredFile.objects.count() == 1
    assert len(list((data_dir / "files").iterdir())) == 1  # the other nine copies are gone
    assert path_of(answers[0][0].file).exists()


@pytest.mark.django_db
def test_an_impossible_month_is_refused_at_once() -> None:
    with pytest.raises(PeriodIsImpossible):
        receive(as_csv(mixed_lines()), period=dt.date(1999, 12, 31))
    assert not Report.objects.exists()


# ── every line ends in one place ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_every_line_is_accepted_or_rejected_with_its_money(small_chunks: None) -> None:
    lines = mixed_lines()
    report = import_bytes(as_csv(lines))
    assert (report.state, report.lines, report.accepted, report.rejected) == ("ready", 60, 54, 6)
    assert (report.container, report.encoding, report.family, report.period) == ("csv", "utf-8", "song", SEPTEMBER)
    assert (report.basis, report.currency, report.held_reason) == ("whole", "CNY", "")
    numbers = set(UsageLine.objects.values_list("line_no", flat=True)) | {row[0] for row in rejected_rows(report)}
    assert numbers == set(range(2, 62))
    assert [row[:2] for row in rejected_rows(report)] == [
        (5, "amount"), (15, "period"), (25, "not_china"), (35, "negative_amount"), (45, "amount"), (55, "period"),
    ]  # fmt: skip
    readable = [Decimal(line[12]) for line in lines if "," not in line[12]]
    assert report.accepted_micros + report.rejected_micros == int(sum(readable) * 10**6)
    assert sum(row[6] for row in song_rows(report)) == report.accepted_micros
    assert (report.songs, report.new_songs) == (9, 9)  # the bad lines were all of the tenth
    assert Chunk.objects.filter(job=report.job, stage="parse").count() == 9
    assert not Chunk.objects.exclude(state="done").exists()


@pytest.mark.django_db
def test_figures_are_the_first_identity() -> None:
    report = import_bytes(as_csv(mixed_lines()))
    songs = list(ReportedRecording.objects.order_by("key"))
    Match.objects.filter(recording=songs[0]).update(outcome="accepted")
    Match.objects.filter(recording=songs[1]).update(outcome="review")
    figures = report_figures(report)
    assert (figures.lines, figures.accepted, figures.rejected, figures.songs) == (60, 54, 6, 9)
    assert (figures.matched_lines, figures.review_lines, figures.unmatched_lines) == (6, 6, 42)
    parts = (figures.matched_micros, figures.review_micros, figures.unmatched_micros, figures.rejected_micros)
    assert sum(parts) == figures.money_micros == report.accepted_micros + report.rejected_micros
    assert all(part != 0 for part in parts)


@pytest.mark.django_db
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "xlsx"])
def test_encodings_and_containers_make_no_difference(encoding: str, small_chunks: None, data_dir: Path) -> None:
    plain = import_bytes(as_csv(mixed_lines()))
    lines = mixed_lines()
    content = as_xlsx(lines) if encoding == "xlsx" else as_csv(lines, encoding)
    other = import_bytes(content, "song_202609.xlsx" if encoding == "xlsx" else "song_202609.csv", source="mcsc")
    assert (other.encoding, other.container) == (("", "xlsx") if encoding == "xlsx" else (encoding, "csv"))
    assert [row[1:] for row in song_rows(other)] == [row[1:] for row in song_rows(plain)]
    assert rejected_rows(other) == rejected_rows(plain)
    assert other.state == "held"  # nobody has declared what MCSC's money means
    assert other.held_reason == "no_basis"


@pytest.mark.django_db
def test_ids_in_numeric_cells_are_exact_or_rejected() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADERS)
        for row, song_id in enumerate([123_456, 7_000_000_000_005_614_571, "7000000000005614571"], 1):
            sheet.write_row(row, 0, cells())
            sheet.write(row, 2, song_id)
    report = import_bytes(out.getvalue(), "song_1.xlsx")
    assert set(ReportedRecording.objects.values_list("song_id", flat=True)) == {"123456", "7000000000005614571"}
    assert rejected_rows(report) == [(3, "id_lost_precision", "7.000000000005615e+18", 12_345_678)]


@pytest.mark.django_db
def test_lost_decimals_are_counted(small_chunks: None) -> None:
    amounts = ["0.1234565"] * 8 + ["0.0000014", "1.5"]
    report = import_bytes(as_csv([cells(CP分成收入=amount) for amount in amounts]))
    assert report.rounded_lines == 9
    assert report.rounding_remainder == 8 * Decimal("0.5") + Decimal("0.4")
    assert report.accepted_micros == 8 * 123_456 + 1 + 1_500_000


@pytest.mark.django_db
def test_a_header_alone_is_a_report_of_no_lines() -> None:
    report = import_bytes(as_csv([]), period=SEPTEMBER)
    assert (report.state, report.lines, report.songs) == ("ready", 0, 0)
    without = import_bytes(as_csv([]) + b"\r\n")
    assert (without.state, without.error_code) == ("refused", "period-is-unknown")


@pytest.mark.django_db
def test_the_month_stated_wins_and_lines_keep_their_own(small_chunks: None) -> None:
    report = import_bytes(as_csv([cells(结算期间="20260801"), cells(结算期间="20260701")]), period=dt.date(2026, 9, 30))
    assert report.period == SEPTEMBER
    assert sorted(str(row[3]) for row in song_rows(report)) == ["2026-07-01", "2026-08-01"]


# ── songs ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_known_songs_are_found_again() -> None:
    import_bytes(as_csv([cells(1), cells(2)]))
    october = import_bytes(as_csv([cells(2, 歌曲名="다른 이름"), cells(3)]), period=dt.date(2026, 10, 1))
    assert (october.songs, october.new_songs) == (2, 1)
    assert sorted(ReportedRecording.objects.values_list("title", flat=True)) == ["노래 1", "노래 2", "노래 3"]
    assert Match.objects.count() == 3


@pytest.mark.django_db
def test_a_song_named_differently_gets_one_name_whatever_the_order(small_chunks: None) -> None:
    titles = ["나", "가", "", "다", "라", "마", "바", "사", "아", "자"]
    lines = [cells(1, 歌曲名=title) for title in titles]
    for source, order in (("tme", lines), ("mcsc", lines[::-1])):
        import_bytes(as_csv(order), source=source)
    assert set(ReportedRecording.objects.values_list("key", "title")) == {
        (f"{space}:id:7000000000000000001", "가") for space in ("tme", "mcsc")
    }


@pytest.mark.slow
def test_a_worker_begins_with_the_songs_of_its_turn(fresh_database: Database) -> None:
    songs = [Song(str(7_000_000_000_000_000_001 + number), f"노래 {number}", "가수", "", "") for number in range(40)]
    report, _ = receive(as_csv([cells(1)]))
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
    with psycopg.connect(fresh_database.owner_url) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s, %s)", [SHARE_LOCKS[1], report.pk])  # as if it made this share
        with pytest.raises(OperationalError):
            resolve_songs(report, songs, turn=1)
        assert not ReportedRecording.objects.exists()
        with pytest.raises(OperationalError):
            resolve_songs(report, songs, turn=2)
        assert 0 < ReportedRecording.objects.count() < 40
    assert set(resolve_songs(report, songs, turn=3)) == set(ReportedRecording.objects.values_list("pk", flat=True))
    assert ReportedRecording.objects.count() == 40


@pytest.mark.slow
def test_order_chunks_and_workers_leave_no_trace(fresh_database: Database, small_chunks: None) -> None:
    """The same lines in another order, in small chunks, by three workers at once: the same songs and sums."""
    titles = ["나", "가", "다"]
    lines = [cells(n % 20, 歌曲名=f"{titles[n % 3]} {n % 20}", CP分成收入=f"0.{n:06d}") for n in range(300)]
    one = import_bytes(as_csv(lines))
    shuffled = list(lines)
    random.Random(1).shuffle(shuffled)  # noqa: S311  # nothing secret
    report, _new = receive(as_csv(shuffled), source="mcsc")
    in_threads(3, lambda: work_on(report.job_id or 0))
    report.refresh_from_db()
    assert Job.objects.get(subject_id=report.pk).state == "done"
    assert [row[1:] for row in song_rows(report)] == [row[1:] for row in song_rows(one)]
    assert (report.lines, report.accepted, report.accepted_micros) == (300, 300, one.accepted_micros)


# ── matching ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_lines_may_be_summed_up_before_their_songs_are_matched(small_chunks: None) -> None:
    report, _ = receive(as_csv(mixed_lines()))
    without_matching = {name: stage for name, stage in ingest.stages().items() if name != "match"}
    drain(job_id=report.job_id or 0, stages=without_matching)  # as if another worker took long to match
    job = Job.objects.get(pk=report.job_id or 0)
    assert (job.stage, job.units_done, job.units_total) == ("match", 0, 9)
    assert SongUsage.objects.filter(report=report).exists()
    assert not Match.objects.filter(recording__first_report=report).exists()
    work_on(job.pk)
    job.refresh_from_db()
    assert (job.stage, job.state) == ("finish", Job.State.DONE)
    assert Match.objects.filter(recording__first_report=report).count() == 9
    assert [row[1:] for row in song_rows(report)] == [
        row[1:] for row in song_rows(import_bytes(as_csv(mixed_lines()), source="mcsc"))
    ]


@pytest.mark.django_db
def test_a_job_of_the_version_that_summed_up_first_is_matched_before_it_is_finished(small_chunks: None) -> None:
    report, _ = receive(as_csv(mixed_lines()))
    known = {name: stage for name, stage in ingest.stages().items() if name != "match"}
    drain(job_id=report.job_id or 0, stages={name: known[name] for name in ("plan", "parse")})
    Job.objects.filter(pk=report.job_id or 0).update(stage="sum")  # as the version before left it
    drain(job_id=report.job_id or 0, stages=known)
    assert Job.objects.get(pk=report.job_id or 0).stage == "match"
    work_on(report.job_id or 0)
    assert Job.objects.get(pk=report.job_id or 0).state == Job.State.DONE
    assert Match.objects.filter(recording__first_report=report).count() == 9


def works(count: int) -> list[Work]:
    return [Work.objects.create(title=f"곡 {number}") for number in range(count)]


@pytest.mark.django_db
def test_decisions_are_written_with_parts_candidates_and_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = works(2)
    asked: list[SongQuery] = []
    forbidden: dict[str, frozenset[int]] = {}

    def match(queries: Sequence[SongQuery], excluded: dict[str, frozenset[int]]) -> list[Decision]:
        asked.extend(queries)
        forbidden.update(excluded)
        candidates = (Candidate(second.pk, 700, {"title": "same"}), Candidate(first.pk, 600, {}))
        halves = ((first.pk, Fraction(1, 2)), (second.pk, Fraction(1, 2)))
        return [
            Decision(queries[0].key, "accepted", "isrc", 1000, halves, (), {"isrc": "KRA012600001"}),
            Decision(queries[1].key, "review", "name", 700, (), candidates, {}),
            Decision(queries[2].key, "none", "name", 0, (), (), {}),
        ]

    monkeypatch.setattr(matching, "match", match)
    song = ReportedRecording.objects.create(
        key="tme:id:7000000000000000001", id_space="tme", title="노래 1", first_report=receive(b"x,y\n")[0]
    )
    RejectedPair.objects.create(recording=song, work=first, reason="no")
    import_bytes(as_csv([cells(1, 歌曲ISRC="kr-a01-26-00001", 专辑名="앨범"), cells(2, 歌曲ISRC="bad"), cells(3)]))
    assert [(query.key[-1], query.title, query.isrc) for query in asked] == [
        ("1", "노래 1", ""), ("2", "노래 2", ""), ("3", "노래 3", ""),
    ]  # fmt: skip
    assert forbidden == {song.key: frozenset({first.pk})}
    found = Match.objects.order_by("recording_id")
    assert list(found.values_list("outcome", "method", "probability_permille", "evidence")) == [
        ("accepted", "isrc", 1000, {"isrc": "KRA012600001"}), ("review", "name", 700, {}), ("none", "name", 0, {}),
    ]  # fmt: skip
    assert list(
        MatchWork.objects.order_by("match__recording_id", "rank").values_list(
            "work_id", "rank", "numerator", "denominator", "probability_permille", "evidence"
        )
    ) == [
        (first.pk, 1, 1, 2, 1000, {}),
        (second.pk, 2, 1, 2, 1000, {}),
        (second.pk, 1, 1, 1, 700, {"title": "same"}),
        (first.pk, 2, 1, 1, 600, {}),
    ]


@pytest.mark.django_db
def test_what_lines_say_of_work_and_recording_is_kept_in_its_form_and_asked_with() -> None:
    report, _new = receive(b"x,y\n")
    named = Song("", "노래", "", "", "", "T-034.524.680-1", "도해온", "00014107338; x, 199", "PT3M45.4S")
    unclear = Song("", "노래", "", "", "", "T-1", "", "x", "3 minutes")
    with_artist = Song("7", "노래", "가수", "", "", "", "도해온", "", "3:45")
    songs = [named, unclear, with_artist]
    numbers = dict(zip(songs, resolve_songs(report, songs), strict=True))
    assert len(set(numbers.values())) == 3

    def asked(song: Song) -> SongQuery:
        facts = ReportedRecording.objects.values_list(*matching.ASKED_WITH).get(pk=numbers[song])
        return matching.as_query(*facts)

    query = asked(named)
    assert (query.iswc, query.ipis, query.duration_seconds) == ("T0345246801", ("00014107338", "00000000199"), 225)
    assert query.artists == "도해온", "writers stand in where no artist is named"
    assert (asked(unclear).iswc, asked(unclear).ipis, asked(unclear).duration_seconds) == ("", (), None)
    assert (asked(with_artist).artists, asked(with_artist).duration_seconds) == ("가수", 225)


@pytest.mark.django_db
def test_a_song_said_in_more_ways_keeps_the_first_in_the_order_of_letters() -> None:
    report, _new = receive(b"x,y\n")
    later = Song("7", "노래", "가수", "", "", "T0345246801", "b")
    first = Song("7", "노래", "가수", "", "", "T0345246801", "a", "199", "3:45")
    [number] = resolve_songs(report, [later])
    assert resolve_songs(report, [first]) == [number]
    song = ReportedRecording.objects.get(pk=number)
    assert (song.writers, song.ipis, song.duration_seconds) == ("a", "00000000199", 225)


@pytest.mark.django_db
def test_a_decision_made_meanwhile_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    (work,) = works(1)

    def match(queries: Sequence[SongQuery], excluded: Any) -> list[Decision]:
        songs = ReportedRecording.objects.in_bulk([query.key for query in queries], field_name="key")
        for query in queries[:1]:
            Match.objects.create(recording=songs[query.key], outcome="none", method="staff", probability_permille=0)
        whole = ((work.pk, Fraction(1)),)
        return [Decision(query.key, "accepted", "name", 900, whole, (), {}) for query in queries]

    monkeypatch.setattr(matching, "match", match)
    report = import_bytes(as_csv([cells(1), cells(2)]))
    assert report.state == "ready"
    assert list(Match.objects.order_by("recording__key").values_list("method", flat=True)) == ["staff", "name"]
    assert MatchWork.objects.count() == 1


# ── failures ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_a_failure_after_the_lines_are_written_leaves_none_of_them(
    monkeypatch: pytest.MonkeyPatch, small_chunks: None
) -> None:
    copy_rejected = parse.copy_rejected
    failures = iter([True, True, False])

    def fail_at_first(report: Report, lines: Any) -> None:
        copy_rejected(report, lines)
        if next(failures, False):
            assert UsageLine.objects.exists()
            raise OperationalError("connection lost")

    monkeypatch.setattr(parse, "copy_rejected", fail_at_first)
    report = import_bytes(as_csv(mixed_lines()))
    assert (report.state, report.lines, report.accepted) == ("ready", 60, 54)
    assert sum(Chunk.objects.values_list("attempt", flat=True)) == Chunk.objects.count() + 2


@pytest.mark.django_db
def test_a_chunk_that_always_fails_stops_the_report_and_staff_hear_of_it(
    monkeypatch: pytest.MonkeyPatch, small_chunks: None
) -> None:
    society = Organisation.objects.create(kind=Organisation.Kind.SOCIETY, name="협회")
    staff = User.objects.create_user("staff@example.org", name="직원")
    Membership.objects.create(user=staff, organisation=society, role=Role.STAFF, from_date=dt.date(2020, 1, 1))
    gone = User.objects.create_user("gone@example.org", name="전 직원")
    Membership.objects.create(
        user=gone, organisation=society, role=Role.STAFF, from_date=dt.date(2020, 1, 1), until_date=dt.date(2021, 1, 1)
    )

    def fail(report: Report, lines: Any) -> None:
        raise OperationalError("connection lost")

    monkeypatch.setattr(parse, "copy_rejected", fail)
    report = import_bytes(as_csv(mixed_lines()))
    assert (report.state, report.error_code) == ("stopped", "quarantined")
    assert not UsageLine.objects.exists()
    assert not RejectedLine.objects.exists()
    assert "failed several times" in refusal_of(report.error_code, report.error_params)
    notices = Notice.objects.all()
    assert [(notice.user, str(notice)) for notice in notices] == [
        (staff, f"Reading report {report.ref} of Tencent Music has stopped.")
    ]


@pytest.mark.django_db
def test_lines_that_do_not_add_up_stop_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mutant: a worker that loses a rejected line. The proof at the end must see it."""
    copy_rejected = parse.copy_rejected
    monkeypatch.setattr(parse, "copy_rejected", lambda report, lines: copy_rejected(report, lines[1:]))
    report = import_bytes(as_csv(mixed_lines()))
    assert (report.state, report.error_code) == ("stopped", "lines-do-not-add-up")
    assert report.error_params == {"lines": "60", "accepted": "54", "rejected": "5"}
    assert not SongUsage.objects.counted().exists()


@pytest.mark.django_db
def test_a_line_on_both_sides_for_one_on_none_stops_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mutant whose counts are right: a rejected line gets the number of an accepted one."""
    copy_rejected = parse.copy_rejected

    def misnumber(report: Report, lines: Sequence[Rejected]) -> None:
        rejected = {line.line_no for line in lines}
        accepted = next(number for number in range(10, 50) if number not in rejected)
        at = next(at for at, line in enumerate(lines) if 2 < line.line_no < 61)
        copy_rejected(report, [*lines[:at], lines[at]._replace(line_no=accepted), *lines[at + 1 :]])

    monkeypatch.setattr(parse, "copy_rejected", misnumber)
    report = import_bytes(as_csv(mixed_lines()))
    assert (report.state, report.error_code) == ("stopped", "lines-do-not-add-up")
    assert report.error_params == {"lines": "60", "accepted": "54", "rejected": "6"}


@pytest.mark.django_db
def test_bytes_that_changed_on_disk_stop_the_report(small_chunks: None) -> None:
    report, _new = receive(as_csv(mixed_lines()))
    path = path_of(report.file)
    plan_only = {name: stage for name, stage in ingest.stages().items() if name == "plan"}
    drain(job_id=report.job_id or 0, stages=plan_only)  # a worker that knows no other stage
    path.write_bytes(path.read_bytes().replace(b"0", b"1"))
    work_on(report.job_id or 0)
    report.refresh_from_db()
    assert (report.state, report.error_code) == ("stopped", "file-has-changed")
    assert not UsageLine.objects.exists()


# ── what becomes of the whole file ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_a_statement_without_a_count_it_needs_is_refused_and_leaves_nothing() -> None:
    content = "结算期间,平台,歌曲名,歌手名,按次分成-词使用量,CP分成收入\n20260901,全民K歌,가,나,1,1\n".encode()
    report = import_bytes(content, "k_202609.csv")
    assert (report.state, report.error_code, report.family) == ("refused", "counts-are-not-apart", "")
    assert "按次分成-曲使用量" in refusal_of(report.error_code, report.error_params)
    assert not ReportedRecording.objects.exists()
    assert Job.objects.get(subject_id=report.pk).state == "stopped"


@pytest.mark.django_db
def test_a_refused_file_may_be_tried_again_with_its_month() -> None:
    lines = [cells(结算期间="2026")]
    assert import_bytes(as_csv(lines)).error_code == "period-is-unknown"
    report, is_new = receive(as_csv(lines), period=SEPTEMBER)
    assert is_new
    work_on(report.job_id or 0)
    report.refresh_from_db()
    assert (report.state, report.error_code, report.rejected) == ("ready", "", 1)
    assert Report.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("content", [b"a;b\n", "곡명,가수\n".encode("cp949"), b"\xff\xff\xff\n", b"\n\n"])
def test_what_is_no_statement_is_refused(content: bytes) -> None:
    assert import_bytes(content).error_code == "header-not-recognised"


@pytest.mark.django_db
def test_a_second_file_of_a_month_is_held_until_somebody_says_what_it_is() -> None:
    first = import_bytes(as_csv([cells(1)]))
    second = import_bytes(as_csv([cells(2)]))
    october = import_bytes(as_csv([cells(3)]), period=dt.date(2026, 10, 1))
    assert [(report.state, report.held_reason) for report in (first, second, october)] == [
        ("ready", ""), ("held", "second_file"), ("ready", ""),
    ]  # fmt: skip
    Report.objects.filter(pk__in=[first.pk, second.pk]).update(state="held", held_reason="aside")
    assert import_bytes(as_csv([cells(4)])).state == "ready"


@pytest.mark.slow
def test_two_files_of_a_month_at_once_are_not_both_ready(fresh_database: Database) -> None:
    reports = [receive(as_csv([cells(number)]))[0] for number in range(4)]
    waiting = iter(reports)
    in_threads(4, lambda: work_on(next(waiting).job_id or 0))
    assert sorted(Report.objects.values_list("state", flat=True)) == ["held", "held", "held", "ready"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("family", "basis", "state", "reason"),
    [("song", "claimed", "ready", ""), ("song", "named", "held", "basis_not_yet"), ("k", "named", "ready", "")],
)
def test_the_basis_in_force_decides_whether_money_may_move(family: str, basis: str, state: str, reason: str) -> None:
    tme = Source.objects.get(code="tme")
    SourceProfile.objects.create(source=tme, family=family, basis=basis, from_date=dt.date(2026, 9, 1), note="paper")
    SourceProfile.objects.create(source=tme, family=family, basis="usage", from_date=dt.date(2026, 10, 1), note="later")
    report = import_bytes(as_csv([cells(1)]))
    assert (report.state, report.held_reason) == (state, reason)
    assert report.basis == (basis if family == "song" else "whole")


@pytest.mark.django_db
def test_whoever_brought_the_file_hears_how_it_ended() -> None:
    user = User.objects.create_user("staff@example.org", name="직원")
    report = import_bytes(as_csv([cells(1)]), user=user)
    (notice,) = Notice.objects.filter(user=user)
    assert str(notice) == f"Report {report.ref} of Tencent Music has been read: 1 lines accepted, 0 rejected."
    assert notice.url == f"/reports/{report.ref}/"


@pytest.mark.django_db
def test_the_spooled_sheet_is_removed(data_dir: Path, django_capture_on_commit_callbacks: Callable[..., Any]) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        import_bytes(as_xlsx(mixed_lines()), "song_1.xlsx")
    assert not list((data_dir / "spool").iterdir())


@pytest.mark.django_db
def test_the_number_of_statements_does_not_grow_with_the_lines(
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    with django_assert_max_num_queries(165):
        import_bytes(as_csv([cells(number) for number in range(2000)]))
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(accepted) FROM royalties_lineblock_2026_09")
        assert cursor.fetchone() == (2000,)
